//! Naive Bayes without counting again: sums of features by class add up, so a coalition is the
//! older version's sums with those of its players, and only features that these touch are looked
//! at anew. For sparse features; normal distributions of dense ones are fitted by `refit`.

use std::collections::BTreeMap;

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::super::cause::Cause;
use super::super::versions::{Entry, Game};
use super::Engine;
use super::refit::asked;
use crate::base::elementary::ln;
use crate::learn::{NaiveBayes, Rows, decide};

/// What some training records add up to.
#[derive(Clone, Default)]
struct Sums {
    /// Records by class.
    records: Vec<i64>,
    /// All features by class.
    totals: Vec<f64>,
    /// By feature: in how many records it is, and its sum by class.
    features: BTreeMap<u32, (i64, Vec<f64>)>,
}

impl Sums {
    fn new(classes: usize) -> Self {
        Self {
            records: vec![0; classes],
            totals: vec![0.0; classes],
            features: BTreeMap::new(),
        }
    }

    /// Adds a record, or takes one away with the sign -1.
    fn add(&mut self, rows: &Rows, (class, row): (u32, u32), sign: i64) {
        let (class, classes) = (class as usize, self.records.len());
        self.records[class] += sign;
        let (columns, values) = rows.sparse(row as usize);
        for (column, value) in columns.iter().zip(values) {
            let value = value * sign as f64;
            let of = self.features.entry(*column);
            let of = of.or_insert_with(|| (0, vec![0.0; classes]));
            of.0 += sign;
            of.1[class] += value;
            self.totals[class] += value;
        }
    }
}

/// What each question has of a feature.
type Postings = FxHashMap<u32, Vec<(u32, f64)>>;

/// Naive Bayes for all coalitions.
pub(in crate::attribute) struct Counted {
    base: Sums,
    players: Vec<Sums>,
    postings: Postings,
    /// For each question and class the sum of value * ln(s + 1) over the features that are seen.
    logs: Vec<f64>,
    /// For each question the sum of the values of the features that are seen.
    seen: Vec<f64>,
    /// How many features are seen.
    features: i64,
}

impl Counted {
    /// Counts; `None` where records have dense features.
    pub(in crate::attribute) fn new(game: &Game<'_>) -> Option<Self> {
        let rows = &game.versions.rows;
        if rows.width() > 0 {
            return None;
        }
        let classes = game.versions.classes;
        let mut base = Sums::new(classes);
        let mut players = vec![Sums::new(classes); game.players.len()];
        for Entry {
            from, to, player, ..
        } in &game.train
        {
            if let Some(state) = from {
                base.add(rows, *state, 1);
            }
            if let Some(sums) = player.and_then(|player| players.get_mut(player as usize)) {
                from.iter().for_each(|state| sums.add(rows, *state, -1));
                to.iter().for_each(|state| sums.add(rows, *state, 1));
            }
        }
        let questions = asked(game);
        let mut postings = Postings::default();
        let (mut logs, mut seen) = (vec![0.0; questions.len() * classes], Vec::new());
        for question in 0..questions.len() {
            let (columns, values) = questions.sparse(question);
            let mut all = 0.0;
            for (column, value) in columns.iter().zip(values) {
                let places = postings.entry(*column).or_default();
                places.push((question as u32, *value));
                if let Some((_, sums)) = base.features.get(column) {
                    all += value;
                    let logs = &mut logs[question * classes..(question + 1) * classes];
                    for (log, sum) in logs.iter_mut().zip(sums) {
                        *log += value * smoothed(*sum);
                    }
                }
            }
            seen.push(all);
        }
        Some(Self {
            features: base.features.len() as i64,
            base,
            players,
            postings,
            logs,
            seen,
        })
    }
}

fn smoothed(sum: f64) -> f64 {
    ln(sum.max(0.0) + NaiveBayes::SMOOTHING)
}

impl Engine for Counted {
    fn answers(&self, applied: &[bool]) -> Vec<u32> {
        let classes = self.base.records.len();
        let mut records = self.base.records.clone();
        let mut totals = self.base.totals.clone();
        let mut touched: BTreeMap<u32, (i64, Vec<f64>)> = BTreeMap::new();
        for (sums, _) in (self.players.iter().zip(applied)).filter(|(_, applied)| **applied) {
            let pairs = records.iter_mut().zip(&sums.records);
            pairs.for_each(|(all, more)| *all += more);
            let pairs = totals.iter_mut().zip(&sums.totals);
            pairs.for_each(|(all, more)| *all += more);
            for (column, (count, more)) in &sums.features {
                let of = touched.entry(*column);
                let of = of.or_insert_with(|| (0, vec![0.0; classes]));
                of.0 += count;
                of.1.iter_mut()
                    .zip(more)
                    .for_each(|(all, more)| *all += more);
            }
        }
        let known: Vec<u32> = (0u32..)
            .zip(&records)
            .filter(|(_, count)| **count > 0)
            .map(|(class, _)| class)
            .collect();
        if let [] | [_] = known.as_slice() {
            return vec![known.first().copied().unwrap_or(0); self.seen.len()];
        }
        let (mut logs, mut seen, mut features) =
            (self.logs.clone(), self.seen.clone(), self.features);
        for (column, (count, more)) in touched {
            let old = self.base.features.get(&column);
            let was = old.map_or(0, |(count, _)| *count);
            let (there, is_there) = (was > 0, was + count > 0);
            features += i64::from(is_there) - i64::from(there);
            let change: Vec<f64> = (0..classes)
                .map(|class| {
                    let before = old.map_or(0.0, |(_, sums)| sums[class]);
                    let of = |there: bool, sum: f64| if there { smoothed(sum) } else { 0.0 };
                    of(is_there, before + more[class]) - of(there, before)
                })
                .collect();
            for (question, value) in self.postings.get(&column).into_iter().flatten() {
                let at = *question as usize;
                let own = &mut logs[at * classes..(at + 1) * classes];
                let pairs = own.iter_mut().zip(&change);
                pairs.for_each(|(log, change)| *log += value * change);
                seen[at] += value * (f64::from(u8::from(is_there)) - f64::from(u8::from(there)));
            }
        }
        let all: i64 = records.iter().sum();
        let fixed: Vec<(usize, f64, f64)> = (known.iter())
            .map(|class| {
                let class = *class as usize;
                let prior = ln(records[class] as f64 / all as f64);
                let of_all = totals[class].max(0.0) + NaiveBayes::SMOOTHING * features as f64;
                // Without features there is nothing to divide.
                let of_all = if features > 0 { ln(of_all) } else { 0.0 };
                (class, prior, of_all)
            })
            .collect();
        (seen.par_iter().enumerate().with_min_len(256))
            .map(|(question, seen)| {
                let own = &logs[question * classes..(question + 1) * classes];
                let scores: Vec<f64> = (fixed.iter())
                    .map(|(class, prior, of_all)| prior + own[*class] - seen * of_all)
                    .collect();
                let at = decide(&scores, None).class as usize;
                known.get(at).copied().unwrap_or(0)
            })
            .collect()
    }

    fn movers(&self, _question: u32) -> Option<&[u32]> {
        None
    }

    fn answer(&self, _question: u32, _applied: &dyn Fn(u32) -> bool) -> u32 {
        u32::MAX
    }

    fn thrift(&self, _cause: Cause) -> u64 {
        32
    }
}
