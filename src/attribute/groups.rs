//! The lower game: the groups of one cause, averaged over the coalitions of the other causes
//! (Owen values), by the cheapest way that is exact, else by random orders.

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::causes::Causes;
use super::counters::{Without, rates};
use super::error::Error;
use super::play::{Play, Sheet};
use super::shapley::{Random, of_table};
use super::tally::Tally;

/// How a number was found.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Method {
    /// By a formula, or over the few changes that each test record sees.
    Exact,
    /// Over all coalitions.
    Enumerated,
    /// By random orders; a standard error is given.
    Sampled,
    /// Along the commits between.
    Path,
}

impl Method {
    /// Returns the word for people and machines.
    pub fn name(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Enumerated => "enumerated",
            Self::Sampled => "sampled",
            Self::Path => "path",
        }
    }
}

/// The parts of one cause.
pub(super) struct Parts {
    /// By player of the cause, with the variance of what was sampled.
    pub(super) tallies: Vec<(Tally, f64)>,
    pub(super) method: Method,
}

/// More players than this at one test record are sampled.
const MOST_AT_ONE: usize = 12;
/// How many pairs of orders are drawn there.
const PAIRS_AT_ONE: u64 = 256;
/// The most counters of coalitions that are held at once.
const MOST_COUNTS: u64 = 128 << 20;
/// How many pairs of orders are drawn at least and at most.
const PAIRS: (u64, u64) = (2, 500);

/// Splits a cause over its players; `most` is how many models may be fitted for it.
pub(super) fn split(
    play: &Play<'_>,
    causes: &Causes,
    cause: usize,
    most: u64,
) -> Result<Parts, Error> {
    let (what, range) = &causes.all[cause];
    if what.only_tests() {
        match by_counters(play, causes, cause) {
            Ok(tallies) => {
                return Ok(Parts {
                    tallies: tallies.into_iter().map(|tally| (tally, 0.0)).collect(),
                    method: Method::Exact,
                });
            }
            Err(Without::Undefined) => return Err(Error::Undefined),
            Err(Without::TooLarge) => return sampled(play, causes, cause, most),
        }
    }
    let same_denominator = play.metric.counts_records()
        || play.metric.counts_truths() && *what != super::Cause::Vocabulary;
    let seen = (0..play.game.questions.len() as u32).all(|q| play.engine.movers(q).is_some());
    if same_denominator && seen {
        return Ok(locally(play, causes, cause));
    }
    let groups = range.len() as u32;
    let coalitions = 1u64.checked_shl(groups).filter(|_| groups < 24);
    let train_sides = trained_others(causes, cause);
    let affordable = coalitions.is_some_and(|coalitions| {
        coalitions * train_sides <= most.saturating_mul(play.engine.thrift(causes.all[cause].0))
            && coalitions * play.live.len() as u64 <= MOST_COUNTS
    });
    match affordable {
        true => enumerated(play, causes, cause),
        false => sampled(play, causes, cause, most),
    }
}

/// Returns how many coalitions of other causes ask for models of their own.
fn trained_others(causes: &Causes, cause: usize) -> u64 {
    let mut train_sides: Vec<usize> = (causes.others(cause).into_iter())
        .map(|(others, _)| {
            let bits = (0..causes.all.len()).filter(|at| causes.all[*at].0.trains());
            bits.map(|at| others & (1 << at)).sum()
        })
        .collect();
    train_sides.sort_unstable();
    train_sides.dedup();
    train_sides.len() as u64
}

/// Test records that change: the model stands still, and each adds its own integers.
fn by_counters(play: &Play<'_>, causes: &Causes, cause: usize) -> Result<Vec<Tally>, Without> {
    let range = causes.all[cause].1.clone();
    let own: Vec<(usize, usize)> = (play.game.test.iter().enumerate())
        .filter_map(|(at, entry)| Some((at, entry.player? as usize)))
        .filter(|(_, player)| range.contains(player))
        .collect();
    let mut shares = vec![0.0; own.len()];
    for (others, weight) in causes.others(cause) {
        let (without, with) = (causes.applied(others), causes.applied(others | 1 << cause));
        let answers = play.answers(&without);
        let added: Vec<(i64, i64)> = (own.iter())
            .map(|&(at, _)| {
                let (old, new) = (
                    play.counts(at, &without, &answers),
                    play.counts(at, &with, &answers),
                );
                (new.0 - old.0, new.1 - old.1)
            })
            .collect();
        let mut players = vec![(0, 0); range.len()];
        for ((num, den), (_, player)) in added.iter().zip(&own) {
            players[player - range.start].0 += num;
            players[player - range.start].1 += den;
        }
        let base = &causes.sheets[others];
        let rates = rates((base.num, base.den), &players)?;
        for ((share, (num, den)), (_, player)) in shares.iter_mut().zip(added).zip(&own) {
            let rate = rates[player - range.start];
            *share += weight * (num as f64 * rate.per_num - den as f64 * rate.per_den);
        }
    }
    let mut out = vec![Tally::default(); range.len()];
    for (share, (_, player)) in shares.into_iter().zip(own) {
        out[player - range.start].add(share);
    }
    Ok(out)
}

/// Scores whose denominator the cause does not touch are sums over the test records, and only the
/// players that a test record sees play at it.
fn locally(play: &Play<'_>, causes: &Causes, cause: usize) -> Parts {
    let range = causes.all[cause].1.clone();
    let others = causes.others(cause);
    let cause_of: Vec<usize> = (causes.all.iter().enumerate())
        .flat_map(|(at, (_, range))| range.clone().map(move |_| at))
        .collect();
    let found: Vec<Vec<(usize, f64, f64)>> = (play.live.par_iter())
        .map(|&at| {
            let at = at as usize;
            let entry = &play.game.test[at];
            let movers = play.game.asked[at].iter().flatten();
            let movers = movers.filter_map(|question| play.engine.movers(*question));
            let mut seen: Vec<u32> = movers.flatten().copied().chain(entry.player).collect();
            seen.sort_unstable();
            seen.dedup();
            let relevant: usize = (0..causes.all.len())
                .filter(|at| seen.iter().any(|player| cause_of[*player as usize] == *at))
                .map(|at| 1 << at)
                .sum();
            seen.retain(|player| range.contains(&(*player as usize)));
            if seen.is_empty() {
                return Vec::new();
            }
            let mut known: FxHashMap<usize, Vec<(f64, f64)>> = FxHashMap::default();
            let mut sums = vec![(0.0, 0.0); seen.len()];
            for &(others, weight) in &others {
                let values = known.entry(others & relevant).or_insert_with(|| {
                    let value =
                        |inside: &dyn Fn(u32) -> bool| {
                            one_record(play, at, &|player| match range.contains(&(player as usize))
                            {
                                true => inside(player),
                                false => others & (1 << cause_of[player as usize]) != 0,
                            })
                        };
                    at_one(&seen, &value, at as u64)
                });
                let weight = weight / causes.sheets[others].den as f64;
                for (sum, (value, variance)) in sums.iter_mut().zip(values.iter()) {
                    sum.0 += weight * value;
                    // The same draws stand behind all weights, so errors add up before squaring.
                    sum.1 += weight * variance.sqrt();
                }
            }
            let players = seen.iter().map(|player| *player as usize - range.start);
            (players.zip(sums))
                .map(|(player, (share, error))| (player, share, error * error))
                .collect()
        })
        .collect();
    let mut out = vec![(Tally::default(), 0.0); range.len()];
    let mut method = Method::Exact;
    for (player, share, variance) in found.into_iter().flatten() {
        out[player].0.add(share);
        out[player].1 += variance;
        if variance > 0.0 {
            method = Method::Sampled;
        }
    }
    Parts {
        tallies: out,
        method,
    }
}

/// Returns what one test record adds to the numerator.
fn one_record(play: &Play<'_>, at: usize, applied: &dyn Fn(u32) -> bool) -> f64 {
    let entry = &play.game.test[at];
    let newer = entry.player.is_some_and(applied);
    let state = if newer { entry.to } else { entry.from };
    match (state, play.game.asked[at][usize::from(newer)]) {
        (Some((truth, _)), Some(question)) => {
            let said = play.engine.answer(question, applied);
            play.metric.of(truth, said).0 as f64
        }
        _ => 0.0,
    }
}

/// The value of a coalition, given by which players are in it.
type Value<'v> = dyn Fn(&dyn Fn(u32) -> bool) -> f64 + 'v;

/// Returns the Shapley values of the players that one test record sees, with the variances of
/// those that were sampled.
fn at_one(seen: &[u32], value: &Value<'_>, stream: u64) -> Vec<(f64, f64)> {
    let place = |player: u32| seen.binary_search(&player).ok();
    if seen.len() <= MOST_AT_ONE {
        let table: Vec<f64> = (0..1usize << seen.len())
            .map(|all| value(&|player| place(player).is_some_and(|at| all & (1 << at) != 0)))
            .collect();
        let values = of_table(&table, seen.len()).into_iter();
        return values.map(|value| (value, 0.0)).collect();
    }
    let mut random = Random::new(1, stream);
    let mut sums = vec![(0.0, 0.0); seen.len()];
    for _ in 0..PAIRS_AT_ONE {
        let order = random.order(seen.len());
        let mut pair = vec![0.0; seen.len()];
        let back: Vec<usize> = order.iter().rev().copied().collect();
        for order in [order, back] {
            let mut inside = vec![false; seen.len()];
            let mut before = value(&|_| false);
            for at in order {
                inside[at] = true;
                let after = value(&|player| place(player).is_some_and(|at| inside[at]));
                pair[at] += 0.5 * (after - before);
                before = after;
            }
        }
        for (sum, one) in sums.iter_mut().zip(pair) {
            sum.0 += one;
            sum.1 += one * one;
        }
    }
    let count = PAIRS_AT_ONE as f64;
    let mean = |(sum, squares): (f64, f64)| (sum / count, variance(sum, squares, PAIRS_AT_ONE));
    sums.into_iter().map(mean).collect()
}

/// Returns the variance of the mean of some numbers.
fn variance(sum: f64, squares: f64, count: u64) -> f64 {
    let n = count as f64;
    ((squares - sum * sum / n) / (n * (n - 1.0).max(1.0))).max(0.0)
}

/// All coalitions of the groups.
fn enumerated(play: &Play<'_>, causes: &Causes, cause: usize) -> Result<Parts, Error> {
    let range = causes.all[cause].1.clone();
    let groups = range.len();
    let weights = super::Given::All.weights(groups);
    let mut shares = vec![vec![0.0; play.live.len()]; groups];
    for (others, weight) in causes.others(cause) {
        let mut applied = causes.applied(others);
        let sheets: Vec<Sheet> = (0..1usize << groups)
            .map(|inside| {
                (0..groups).for_each(|at| applied[range.start + at] = inside & (1 << at) != 0);
                play.sheet(&applied)
            })
            .collect::<Result<_, _>>()?;
        shares
            .par_iter_mut()
            .enumerate()
            .for_each(|(group, shares)| {
                for inside in (0..sheets.len()).filter(|inside| inside & (1 << group) == 0) {
                    let weight = weight * weights[inside.count_ones() as usize];
                    let with = &sheets[inside | 1 << group];
                    play.step(&sheets[inside], with, weight, shares);
                }
            });
    }
    let tallies = shares.iter().map(|shares| (Tally::of(shares), 0.0));
    Ok(Parts {
        tallies: tallies.collect(),
        method: Method::Enumerated,
    })
}

/// Random orders of the groups and the same orders backwards. In each the steps add up to the
/// cause, so the parts do; how far each may be off is its standard error.
fn sampled(play: &Play<'_>, causes: &Causes, cause: usize, most: u64) -> Result<Parts, Error> {
    let range = causes.all[cause].1.clone();
    let groups = range.len();
    let others = causes.others(cause);
    let a_pair = match causes.all[cause].0.trains() {
        true => 2 * groups as u64 * trained_others(causes, cause),
        false => 1,
    };
    let allowed = most.saturating_mul(play.engine.thrift(causes.all[cause].0));
    let steps = 2 * groups as u64 * others.len() as u64 * play.live.len().max(1) as u64;
    let pairs = (allowed / a_pair.max(1)).min(4_000_000_000 / steps.max(1));
    let pairs = pairs.min(PAIRS.1);
    if pairs < PAIRS.0 {
        return Err(Error::TooManyGroups {
            groups,
            least: PAIRS.0 * a_pair / play.engine.thrift(causes.all[cause].0),
            most,
        });
    }
    let mut random = Random::new(2, cause as u64);
    let mut shares: Vec<FxHashMap<u32, f64>> = vec![FxHashMap::default(); groups];
    let mut sums = vec![(0.0, 0.0); groups];
    let mut scratch = vec![0.0; play.live.len()];
    for _ in 0..pairs {
        let order = random.order(groups);
        let back: Vec<usize> = order.iter().rev().copied().collect();
        let mut pair = vec![0.0; groups];
        for order in [order, back] {
            for &(others, weight) in &others {
                let mut applied = causes.applied(others);
                let mut before = causes.sheets[others].clone();
                for &group in &order {
                    applied[range.start + group] = true;
                    let after = play.sheet(&applied)?;
                    play.step(&before, &after, 0.5 * weight, &mut scratch);
                    for (at, share) in scratch.iter_mut().enumerate().filter(|(_, s)| **s != 0.0) {
                        pair[group] += *share;
                        *shares[group].entry(at as u32).or_default() += *share / pairs as f64;
                        *share = 0.0;
                    }
                    before = after;
                }
            }
        }
        for (sum, one) in sums.iter_mut().zip(pair) {
            sum.0 += one;
            sum.1 += one * one;
        }
    }
    let tallies = shares
        .into_iter()
        .zip(sums)
        .map(|(shares, (sum, squares))| {
            let mut shares: Vec<(u32, f64)> = shares.into_iter().collect();
            shares.sort_unstable_by_key(|(at, _)| *at);
            let shares: Vec<f64> = shares.into_iter().map(|(_, share)| share).collect();
            (Tally::of(&shares), variance(sum, squares, pairs))
        });
    Ok(Parts {
        tallies: tallies.collect(),
        method: Method::Sampled,
    })
}
