//! Bootstrap intervals: test records, or groups of them, drawn anew with replacement, as many as
//! there are.
//!
//! Invariant: a function of the units and nothing else, on any number of threads.

use rayon::prelude::*;

use crate::base::draws::draw;

/// How often all units are drawn anew.
pub const REPLICATES: u64 = 1_000;
/// The seed of all draws.
const SEED: u64 = 0x6476_6572_2065_7661;

/// Returns for each number that `compute` makes of drawn units its middle values, `level` of them
/// all; `None` where fewer than half of the replicates have the number.
///
/// `compute` gets the places of the drawn units, each as often as it was drawn, and must always
/// return equally many numbers.
pub fn bootstrap(
    units: usize,
    level: f64,
    compute: impl Fn(&[u32]) -> Vec<Option<f64>> + Sync,
) -> Vec<Option<(f64, f64)>> {
    if units == 0 {
        return compute(&[]).into_iter().map(|_| None).collect();
    }
    let one = |drawn: &mut Vec<u32>, replicate: u64| {
        drawn.clear();
        let numbers = 0..units as u64;
        drawn.extend(numbers.map(|number| draw(SEED, replicate, number, units) as u32));
        compute(drawn)
    };
    let found: Vec<Vec<Option<f64>>> = (0..REPLICATES)
        .into_par_iter()
        .map_init(Vec::new, one)
        .collect();
    let count = found.first().map_or(0, Vec::len);
    (0..count)
        .map(|at| {
            let values = found.iter().filter_map(|numbers| *numbers.get(at)?);
            middle(values.collect(), level)
        })
        .collect()
}

fn middle(mut values: Vec<f64>, level: f64) -> Option<(f64, f64)> {
    if (values.len() as u64) < REPLICATES / 2 {
        return None;
    }
    values.sort_unstable_by(f64::total_cmp);
    let last = values.len() - 1;
    let out = ((1.0 - level) / 2.0 * last as f64 + 1e-9).floor() as usize;
    Some((values[out.min(last)], values[last - out.min(last)]))
}
