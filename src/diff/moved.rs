//! Moved records: matched ones that are out of order.
//!
//! `moved` is the number of matched records minus the heaviest increasing subsequence of their
//! pairs of places. A run of neighbours on both sides weighs as one element: whatever increasing
//! subsequence holds a part of it can hold all of it, so how runs are cut does not matter.

use std::collections::BTreeMap;

use rayon::slice::ParallelSliceMut as _;

/// Records that are neighbours on both sides.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Run {
    /// The first place in the older version.
    pub(crate) before: u64,
    /// The first place in the newer version.
    pub(crate) after: u64,
    /// How many records.
    pub(crate) records: u64,
}

/// Appends a run, joining it to the last one where they are neighbours.
pub(crate) fn push(runs: &mut Vec<Run>, run: Run) {
    match runs.last_mut() {
        Some(last)
            if last.before + last.records == run.before
                && last.after + last.records == run.after =>
        {
            last.records += run.records;
        }
        _ => runs.push(run),
    }
}

/// Returns how many of the runs' records stand outside of the heaviest increasing subsequence.
pub(crate) fn moved(mut runs: Vec<Run>) -> u64 {
    runs.par_sort_unstable();
    runs.dedup_by(|next, run| {
        let joins =
            run.before + run.records == next.before && run.after + run.records == next.after;
        if joins {
            run.records += next.records;
        }
        joins
    });
    let total: u64 = runs.iter().map(|run| run.records).sum();
    total - heaviest(&runs)
}

/// Returns the weight of the heaviest subsequence with increasing newer places.
///
/// `best` maps a newer place to the heaviest subsequence that ends at or before it, and holds only
/// places at which that grows; it is small for shuffled records and touched at its end for sorted
/// ones.
fn heaviest(runs: &[Run]) -> u64 {
    let mut best: BTreeMap<u64, u64> = BTreeMap::new();
    for run in runs {
        let below = best.range(..run.after).next_back();
        let weight = below.map_or(0, |(_, weight)| *weight) + run.records;
        while let Some((&place, &known)) = best.range(run.after..).next() {
            if known > weight {
                break;
            }
            best.remove(&place);
        }
        best.insert(run.after, weight);
    }
    best.last_key_value().map_or(0, |(_, weight)| *weight)
}
