//! Bootstrap intervals: items, or groups of items, drawn anew with replacement.
//!
//! Invariant: a function of the units and nothing else. Draws come from a counter, not from a
//! stream: number and replicate give the draw, on any number of threads.

use std::collections::BTreeMap;

use rayon::prelude::*;

use crate::base::draws::draw;

use super::coefficient::Named;
use super::pairs::PairTable;
use super::state::Coincidences;

/// How often all units are drawn anew.
pub const REPLICATES: u64 = 1000;
/// The seed of all draws.
const SEED: u64 = 0x6476_6572_2061_6772;

/// The middle 95 % of the replicates.
pub type Interval = (f64, f64);

/// Returns the intervals of the coefficients that `compute` gives for the state of drawn units, in
/// its order; `None` where fewer than half of the replicates have the coefficient.
pub fn intervals(
    units: &[&Coincidences],
    compute: impl Fn(&Coincidences) -> Vec<Named> + Sync,
) -> Vec<Option<Interval>> {
    // Cells of ratings and of pairs are told apart by their third part.
    const RATINGS: u32 = u32::MAX;
    let cells = units.iter().map(|unit| {
        let pairs = unit.pairs().iter().map(|(&cell, &n)| (cell, n));
        let ratings = unit
            .ratings()
            .iter()
            .map(|(&(m, k), &n)| ((m, k, RATINGS), n));
        pairs.chain(ratings).collect()
    });
    replicate(cells.collect(), |cells| {
        let (ratings, pairs): (Vec<_>, Vec<_>) =
            cells.into_iter().partition(|((_, _, l), _)| *l == RATINGS);
        let ratings = ratings.into_iter().map(|((m, k, _), n)| ((m, k), n));
        compute(&Coincidences::from_cells(pairs, ratings))
    })
}

/// Does the same for the tables of two annotators.
pub fn pair_intervals(
    units: &[&PairTable],
    compute: impl Fn(&PairTable) -> Vec<Named> + Sync,
) -> Vec<Option<Interval>> {
    let cells = units
        .iter()
        .map(|unit| unit.0.iter().map(|(&cell, &n)| (cell, n)).collect());
    replicate(cells.collect(), |cells| {
        compute(&PairTable(cells.into_iter().collect()))
    })
}

fn replicate<C: Ord + Copy + Send + Sync>(
    units: Vec<Vec<(C, u64)>>,
    compute: impl Fn(Vec<(C, u64)>) -> Vec<Named> + Sync,
) -> Vec<Option<Interval>> {
    let mut numbers: BTreeMap<C, usize> = BTreeMap::new();
    units.iter().flatten().for_each(|(cell, _)| {
        numbers.insert(*cell, 0);
    });
    numbers
        .values_mut()
        .enumerate()
        .for_each(|(at, number)| *number = at);
    let known: Vec<C> = numbers.keys().copied().collect();
    let dense: Vec<Vec<(usize, u64)>> = units
        .iter()
        .map(|unit| unit.iter().map(|(cell, n)| (numbers[cell], *n)).collect())
        .collect();
    let one = |replicate: u64| {
        let mut sums = vec![0_u64; known.len()];
        for at in 0..dense.len() as u64 {
            for &(cell, n) in &dense[draw(SEED, replicate, at, dense.len())] {
                sums[cell] = sums[cell].wrapping_add(n);
            }
        }
        let cells = known.iter().copied().zip(sums).filter(|(_, n)| *n > 0);
        compute(cells.collect())
    };
    if dense.is_empty() {
        return compute(Vec::new()).into_iter().map(|_| None).collect();
    }
    let drawn: Vec<Vec<Named>> = (0..REPLICATES).into_par_iter().map(one).collect();
    let count = drawn.first().map_or(0, Vec::len);
    (0..count)
        .map(|at| {
            let values = drawn.iter().filter_map(|named| named.get(at)?.1.ok());
            middle(values.collect())
        })
        .collect()
}

/// Returns the middle 95 % of the values.
fn middle(mut values: Vec<f64>) -> Option<Interval> {
    if (values.len() as u64) < REPLICATES / 2 {
        return None;
    }
    values.sort_unstable_by(f64::total_cmp);
    let last = values.len() - 1;
    let low = last * 25 / 1000;
    Some((values[low], values[last - low]))
}
