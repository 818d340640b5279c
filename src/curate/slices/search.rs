//! The search for slices, level by level: slices of L predicates are made of those of L - 1.
//!
//! A slice has at most the records and the errors of each slice with one predicate less. Where
//! the bound from these is below what is found already, it is not counted, and neither is any
//! longer one: its bound is no higher.

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::{Coded, Counts, NONE, SLACK, Scale, Slice, Slices, Wanted, ranked};

/// So many candidates are counted before the least score is set anew.
const BATCH: usize = 512;

/// A predicate with the records for which it holds.
struct Basic {
    field: usize,
    code: u32,
    records: Vec<u32>,
}

pub(super) struct Search<'a> {
    coded: Coded<'a>,
    wanted: Wanted,
    scale: Scale,
    basics: Vec<Basic>,
    found: Slices,
}

/// Places of basic predicates, ascending.
type Members = Vec<u32>;

impl<'a> Search<'a> {
    pub(super) fn new(coded: Coded<'a>, wanted: Wanted) -> Self {
        let records = coded.errors.len() as u64;
        let errors: u64 = coded.errors.iter().map(|error| u64::from(*error)).sum();
        let scale = Scale {
            records,
            mean: errors as f64 / records.max(1) as f64,
            alpha: wanted.alpha,
            least: wanted.least.max(1),
        };
        Self {
            coded,
            wanted,
            scale,
            basics: Vec::new(),
            found: Slices::default(),
        }
    }

    pub(super) fn run(mut self) -> Slices {
        if self.scale.mean == 0.0 || self.wanted.most == 0 || self.wanted.predicates == 0 {
            return self.found;
        }
        let mut level = self.first();
        for _ in 1..self.wanted.predicates {
            if level.len() < 2 {
                break;
            }
            level = self.next(&level);
        }
        self.found
    }

    /// Returns the slices of one predicate that longer ones can be made of.
    fn first(&mut self) -> Vec<(Members, Counts)> {
        let coded = self.coded;
        let of_field = |field: usize| -> Vec<Basic> {
            let mut by_code: FxHashMap<u32, Vec<u32>> = FxHashMap::default();
            for (at, code) in (0u32..).zip(&coded.fields[field]) {
                if *code != NONE && (at as usize) < coded.errors.len() {
                    by_code.entry(*code).or_default().push(at);
                }
            }
            let mut basics: Vec<Basic> = by_code
                .into_iter()
                .map(|(code, records)| Basic {
                    field,
                    code,
                    records,
                })
                .collect();
            basics.sort_by_key(|basic| basic.code);
            basics
        };
        let fields: Vec<Vec<Basic>> = (0..coded.fields.len())
            .into_par_iter()
            .map(of_field)
            .collect();
        let all = fields.into_iter().flatten();
        let (mut counted, mut kept) = (0, Vec::new());
        for basic in all {
            counted += 1;
            let counts = self.counts(&basic.records);
            if self.is_slice(counts) && counts.records < self.scale.records {
                kept.push(counts);
                self.basics.push(basic);
            }
        }
        let members = |at: usize| vec![at as u32];
        self.take(
            kept.iter()
                .enumerate()
                .map(|(at, counts)| (members(at), *counts)),
        );
        let least = self.least();
        let level = kept.into_iter().enumerate();
        let level: Vec<(Members, Counts)> = level
            .filter(|(_, counts)| self.scale.bound(*counts) >= least)
            .map(|(at, counts)| (members(at), counts))
            .collect();
        self.found.counted.push(counted);
        self.found.pruned.push(0);
        level
    }

    /// Counts the slices of one predicate more, the most promising first.
    fn next(&mut self, level: &[(Members, Counts)]) -> Vec<(Members, Counts)> {
        let mut candidates = self.candidates(level);
        let total = candidates.len();
        candidates.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        let (mut kept, mut counted) = (Vec::new(), 0);
        for batch in candidates.chunks(BATCH) {
            let least = self.least();
            let batch = &batch[..batch.partition_point(|candidate| candidate.1 >= least)];
            if batch.is_empty() {
                break;
            }
            let counts: Vec<Counts> = batch
                .par_iter()
                .map(|(members, ..)| self.count(members))
                .collect();
            counted += batch.len();
            let new: Vec<(Members, Counts)> = batch
                .iter()
                .zip(counts)
                .filter(|((_, _, parents), counts)| {
                    self.is_slice(*counts) && counts.records < *parents
                })
                .map(|((members, ..), counts)| (members.clone(), counts))
                .collect();
            self.take(new.iter().cloned());
            kept.extend(new);
        }
        self.found.counted.push(counted);
        self.found.pruned.push(total - counted);
        let least = self.least();
        kept.retain(|(_, counts)| self.scale.bound(*counts) >= least);
        // In the order of their members, so that those with a common beginning stand together.
        kept.sort_by(|a, b| a.0.cmp(&b.0));
        kept
    }

    /// Joins slices that differ in their last predicate alone; all others of one predicate less
    /// must be there too. Returns members, bound, and the records of the smallest of these.
    fn candidates(&self, level: &[(Members, Counts)]) -> Vec<(Members, f64, u64)> {
        let known: FxHashMap<&[u32], Counts> = level
            .iter()
            .map(|(members, counts)| (members.as_slice(), *counts))
            .collect();
        let of_first = |at: usize| {
            let (members, counts) = &level[at];
            let (last, shared) = members.split_last()?;
            let rest = level[at + 1..].iter();
            let rest = rest.take_while(|(other, _)| other[..shared.len()] == *shared);
            let field = self.basics[*last as usize].field;
            let joined = rest.filter_map(|(other, others)| {
                let new = *other.last()?;
                if self.basics[new as usize].field == field {
                    return None;
                }
                let mut joined = members.clone();
                joined.push(new);
                let mut bound = smaller(*counts, *others);
                let mut parent = Vec::with_capacity(members.len());
                for left_out in 0..shared.len() {
                    parent.clear();
                    let others = joined.iter().enumerate();
                    parent.extend(others.filter(|(at, _)| *at != left_out).map(|(_, m)| *m));
                    bound = smaller(bound, *known.get(parent.as_slice())?);
                }
                if bound.records < self.scale.least {
                    return None;
                }
                Some((joined, self.scale.bound(bound), bound.records))
            });
            Some(joined.collect::<Vec<_>>())
        };
        let all = (0..level.len()).into_par_iter().filter_map(of_first);
        all.collect::<Vec<_>>().into_iter().flatten().collect()
    }

    fn counts(&self, records: &[u32]) -> Counts {
        let mut counts = Counts::default();
        records.iter().for_each(|at| self.add(&mut counts, *at));
        counts
    }

    fn add(&self, counts: &mut Counts, record: u32) {
        let error = self.coded.errors[record as usize];
        counts.records += 1;
        counts.errors += u64::from(error);
        counts.largest = counts.largest.max(error);
    }

    /// Counts the records for which all predicates hold: those of the rarest, looked up in the
    /// other fields.
    fn count(&self, members: &[u32]) -> Counts {
        let basics = || members.iter().map(|at| &self.basics[*at as usize]);
        let mut counts = Counts::default();
        let Some(rarest) = basics().min_by_key(|basic| basic.records.len()) else {
            return counts;
        };
        let others: Vec<(&[u32], u32)> = basics()
            .filter(|basic| basic.field != rarest.field)
            .map(|basic| (self.coded.fields[basic.field].as_slice(), basic.code))
            .collect();
        for &at in &rarest.records {
            if others
                .iter()
                .all(|(codes, code)| codes[at as usize] == *code)
            {
                self.add(&mut counts, at);
            }
        }
        counts
    }

    fn is_slice(&self, counts: Counts) -> bool {
        counts.records >= self.scale.least && counts.errors > 0
    }

    /// Returns the score below which a slice is of no use any more.
    fn least(&self) -> f64 {
        let last = self.found.slices.get(self.wanted.most - 1);
        last.map_or(0.0, |slice| slice.score) - SLACK
    }

    /// Keeps the best of what is known and new.
    fn take(&mut self, new: impl Iterator<Item = (Members, Counts)>) {
        let told = new.filter_map(|(members, counts)| {
            let score = self.scale.score(counts);
            let predicate = |at: &u32| {
                (
                    self.basics[*at as usize].field,
                    self.basics[*at as usize].code,
                )
            };
            (score > 0.0).then(|| Slice {
                predicates: members.iter().map(predicate).collect(),
                records: counts.records,
                errors: counts.errors,
                score,
            })
        });
        let told: Vec<Slice> = told.collect();
        self.found.slices.extend(told);
        self.found.slices.sort_by(ranked);
        self.found.slices.truncate(self.wanted.most);
    }
}

fn smaller(a: Counts, b: Counts) -> Counts {
    Counts {
        records: a.records.min(b.records),
        errors: a.errors.min(b.errors),
        largest: a.largest.min(b.largest),
    }
}
