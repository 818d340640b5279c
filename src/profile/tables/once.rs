//! Whether each record has a key of its own, asked of rows that need not be kept.

use rayon::prelude::*;

use super::collect::{Collected, Collector, PARTITIONS};
use super::{KeyRow, NULL};

/// Returns whether every record has a whole key that no other has: among `all`, and among `all`
/// without `less` and with `more`. The rows must be those of keys alone, by one grouping.
///
/// Keys are told apart by 80 bits of their hash: two that meet are taken for one key.
pub fn keys_stand_once(
    all: &[Collector<'_>],
    less: &[&Collector<'_>],
    more: &[&Collector<'_>],
) -> bool {
    let in_order = |rows: &[KeyRow]| rows.windows(2).all(|pair| pair[0] < pair[1]);
    (0..PARTITIONS).into_par_iter().all(|partition| {
        let all = Collected::keys(all.iter(), partition);
        let less = Collected::keys(less.iter().copied(), partition);
        let more = Collected::keys(more.iter().copied(), partition);
        let whole = |rows: &[KeyRow]| rows.iter().all(|row| row.0 & NULL == 0);
        let stays =
            |row: &KeyRow| all.binary_search(row).is_ok() && less.binary_search(row).is_err();
        whole(&all) && whole(&more) && in_order(&all) && in_order(&more) && !more.iter().any(stays)
    })
}
