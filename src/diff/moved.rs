//! Moved records: matched ones that are out of order.
//!
//! `moved` is the number of matched records minus the heaviest increasing subsequence of their
//! pairs of places. A run of neighbours on both sides weighs as one element: whatever increasing
//! subsequence holds a part of it can hold all of it, so how runs are cut does not matter.

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

/// Returns how many of the runs' records stand outside of the heaviest increasing subsequence.
pub(crate) fn moved(mut runs: Vec<Run>) -> u64 {
    runs.sort_unstable();
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

/// Returns the weight of the heaviest subsequence with increasing newer places; a Fenwick tree
/// over the ranks of newer places holds the heaviest that ends at or below each rank.
fn heaviest(runs: &[Run]) -> u64 {
    if runs.windows(2).all(|pair| pair[0].after < pair[1].after) {
        return runs.iter().map(|run| run.records).sum();
    }
    let mut places: Vec<u64> = runs.iter().map(|run| run.after).collect();
    places.sort_unstable();
    let mut tree = vec![0u64; places.len() + 1];
    let mut best = 0;
    for run in runs {
        let rank = places.partition_point(|&place| place < run.after);
        let mut weight = 0;
        let mut at = rank;
        while at > 0 {
            weight = weight.max(tree[at]);
            at &= at - 1;
        }
        weight += run.records;
        best = best.max(weight);
        let mut at = rank + 1;
        while at < tree.len() {
            tree[at] = tree[at].max(weight);
            at += at & at.wrapping_neg();
        }
    }
    best
}
