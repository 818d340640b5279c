//! What training records are worth to the k nearest neighbours, averaged over test records.
//!
//! Invariant: a value is a function of the examples in their canonical order and of the test
//! records in theirs; sums have one order on any number of threads. Of records at one distance
//! the earlier example is the nearer one, as in the learner. Formulas: docs/curation.md.

mod games;
#[cfg(test)]
mod tests;

use std::ops::Range;

use rayon::prelude::*;

use crate::learn::{Examples, Neighbours, Rows};
pub use games::{knn_shapley, leave_one_out, soft_knn_shapley, threshold_knn_shapley};

/// So many test records are valued before their values are added up: the memory is this times the
/// number of examples.
const WAVE: usize = 64;
/// So many are compared with the examples while these are in the cache.
const QUERIES: usize = 8;
/// So many sums are one thread's work.
const SUMS: usize = 4096;

/// What a record is valued by.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Valuation {
    /// Shapley values of matches among the K nearest (Jia et al. 2019).
    KnnShapley,
    /// Shapley values of the share of matches among the K nearest (Wang and Jia 2023).
    SoftKnnShapley,
    /// Shapley values of the share of matches within a distance (Wang et al. 2023).
    ThresholdKnnShapley,
    /// The accuracy with a record less that without it.
    LeaveOneOut,
}

impl Valuation {
    /// Returns the name that options and methods use.
    pub fn name(self) -> &'static str {
        match self {
            Self::KnnShapley => "knn-shapley",
            Self::SoftKnnShapley => "soft-knn-shapley",
            Self::ThresholdKnnShapley => "threshold-knn-shapley",
            Self::LeaveOneOut => "leave-one-out",
        }
    }
}

/// Values of examples.
#[derive(Clone, PartialEq, Debug)]
pub struct Values {
    /// For each example its mean value over the test records, in the order of the examples.
    pub values: Vec<f64>,
    /// The distance within which records are neighbours, where that is what counts.
    pub within: Option<f64>,
}

/// Values examples by test records and their classes; a class that no example has matches none.
/// `neighbours` is K. Without `within`, the distance is the median over the test records of that
/// to the K-th nearest (of fewer, to the farthest). Without test records all values are 0.
pub fn values(
    train: &Examples,
    (rows, labels): (&Rows, &[u32]),
    method: Valuation,
    neighbours: usize,
    within: Option<f64>,
) -> Values {
    let search = Neighbours::new(train.rows());
    let tests = rows.len().min(labels.len());
    let (k, classes) = (neighbours.max(1), train.classes());
    let of_ranks = |matches: &dyn Fn(&[bool]) -> Vec<f64>, test: usize, far: &[f64]| {
        let order = ranked(far);
        let own = |at: &u32| train.labels()[*at as usize] == labels[test];
        let found = matches(&order.iter().map(own).collect::<Vec<bool>>());
        let mut out = vec![0.0; far.len()];
        order
            .iter()
            .zip(found)
            .for_each(|(at, value)| out[*at as usize] = value);
        out
    };
    let of_distances = |of_test: &(dyn Fn(usize, &[f64]) -> Vec<f64> + Sync)| {
        summed(train.len(), tests, &|queries: Range<usize>| {
            let far = search.distances(rows, queries.clone());
            let pairs = queries.zip(&far);
            pairs.map(|(test, far)| of_test(test, far)).collect()
        })
    };
    let mut used = None;
    let sums = match method {
        Valuation::KnnShapley => {
            of_distances(&|test, far| of_ranks(&|matches| knn_shapley(matches, k), test, far))
        }
        Valuation::SoftKnnShapley => of_distances(&|test, far| {
            of_ranks(&|matches| soft_knn_shapley(matches, k, classes), test, far)
        }),
        Valuation::ThresholdKnnShapley => {
            let within = within.unwrap_or_else(|| typical(&search, rows, k));
            used = Some(within);
            of_distances(&|test, far| {
                let near = |far: f64| far.sqrt() <= within;
                let own = |at: usize| train.labels()[at] == labels[test];
                let inside = far.iter().filter(|far| near(**far)).count();
                let matching = (0..far.len())
                    .filter(|at| near(far[*at]) && own(*at))
                    .count();
                let (of_match, of_other) = threshold_knn_shapley(inside, matching, classes);
                let value = |at: usize| match near(far[at]) {
                    true if own(at) => of_match,
                    true => of_other,
                    false => 0.0,
                };
                (0..far.len()).map(value).collect()
            })
        }
        Valuation::LeaveOneOut => {
            let mut sums = vec![0i64; train.len()];
            let nearest = search.of_all(rows, k + 1);
            for (found, truth) in nearest.iter().zip(labels) {
                let classes: Vec<u32> = found
                    .iter()
                    .map(|(_, at)| train.labels()[*at as usize])
                    .collect();
                let costs = leave_one_out(&classes, *truth, k);
                for ((_, at), cost) in found.iter().zip(costs) {
                    sums[*at as usize] += i64::from(cost);
                }
            }
            sums.into_iter().map(|sum| sum as f64).collect()
        }
    };
    let mean = |sum: f64| sum / tests.max(1) as f64;
    Values {
        values: sums.into_iter().map(mean).collect(),
        within: used,
    }
}

/// Returns places by squared distance, of equals the first.
fn ranked(far: &[f64]) -> Vec<u32> {
    // Distances are not negative, so their bits have their order.
    let mut keys: Vec<(u64, u32)> = far.iter().map(|far| far.to_bits()).zip(0..).collect();
    keys.sort_unstable();
    keys.into_iter().map(|(_, at)| at).collect()
}

/// Adds up what each test record gives to each example, in the order of the test records.
fn summed(
    examples: usize,
    tests: usize,
    of_some: &(dyn Fn(Range<usize>) -> Vec<Vec<f64>> + Sync),
) -> Vec<f64> {
    let mut sums = vec![0.0; examples];
    for start in (0..tests).step_by(WAVE) {
        let wave = start..(start + WAVE).min(tests);
        let starts: Vec<usize> = wave.clone().step_by(QUERIES).collect();
        let found: Vec<Vec<Vec<f64>>> = starts
            .par_iter()
            .map(|&at| of_some(at..(at + QUERIES).min(wave.end)))
            .collect();
        sums.par_chunks_mut(SUMS)
            .enumerate()
            .for_each(|(at, sums)| {
                for values in found.iter().flatten() {
                    let values = &values[at * SUMS..];
                    sums.iter_mut().zip(values).for_each(|(sum, v)| *sum += v);
                }
            });
    }
    sums
}

/// Returns the lower median of the distances to the K-th nearest.
fn typical(search: &Neighbours, rows: &Rows, k: usize) -> f64 {
    let nearest = search.of_all(rows, k);
    let mut far: Vec<f64> = nearest
        .iter()
        .filter_map(|found| found.last())
        .map(|(far, _)| far.sqrt())
        .collect();
    far.sort_by(f64::total_cmp);
    far.get(far.len().saturating_sub(1) / 2)
        .copied()
        .unwrap_or(0.0)
}
