//! Tables: what groups of equal records there are, by key and by content.
//!
//! A table is a multiset of `Row`s. Values are hashed in their field's one spelling, so a
//! table belongs to the types of its fields ([`Grouping`]): when one changes, it is built anew.
//! Hashes of groups have 80 bits: at a billion records, two groups meet once in a million tables.

mod base;
mod collect;
mod grouping;
mod kept;
mod partition;
mod signed;
mod tally;
#[cfg(test)]
mod tests;

pub use base::{Unusable, file_name};
pub use collect::Collector;
pub use grouping::Grouping;
#[cfg(test)]
pub(super) use grouping::{Spelling, write_value};
pub use kept::{Place, Tables};
#[cfg(test)]
pub use tally::count;
pub use tally::{Duplicates, count_and_keep};

/// One record in a table: 80 bits of its group, 48 bits of its subgroup, and its value.
///
/// By key: the key, 1 where the key is null (then the group is the record), and 48 bits of the
/// record.
/// By content: the content, item and annotator, and the label (0 where it has none).
pub(super) type Row = [u64; 3];

/// Returns the group of a row, without the subgroup.
fn group(row: &Row) -> (u64, u64) {
    (row[0], row[1] >> 48)
}
