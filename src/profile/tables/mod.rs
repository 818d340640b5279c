//! Tables: what groups of equal records there are, by key, by content and, where that is declared,
//! by group, by item and by fields that shall be unique.
//!
//! A table is a multiset of `Row`s. Values are hashed in their field's one spelling, so a
//! table belongs to the types of its fields ([`Grouping`]): when one changes, it is built anew.
//! Hashes of groups have 80 bits: at a billion records, two groups meet once in a million tables.

mod base;
mod collect;
mod grouping;
mod kept;
mod once;
mod ordinals;
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
pub use once::keys_stand_once;
#[cfg(test)]
pub use tally::count;
pub use tally::{Duplicates, Leakage, Ratings, count_and_keep};

/// One record in a table: 80 bits of its group, 48 bits of its subgroup, and its value.
///
/// By key: the key, 0, and 47 bits of the record; where the key is null the record, 1, and 0.
/// By content: the content, item and annotator, and the label (0 where it has none) in 56 bits
/// with the number of the split (0 where it has none) in 8.
/// By group: the group, 0, and the number of the split. By item: the item, the annotator, and the
/// number of the class. By a unique field: its value, 0, 0.
pub(super) type Row = [u64; 3];

/// What the groups of a table are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// Records of one key.
    Key,
    /// Records of one content.
    Content,
    /// Records that belong together: role `group`.
    Group,
    /// Ratings of one item: roles `item`, `annotator` and the first label.
    Item,
    /// Records of one value of a field that is declared unique, by the number of the field.
    Unique(u16),
}

/// How many bits of a value the number of a split takes.
const SPLIT_BITS: u32 = 8;

/// How many bits tell records of one key apart. Every pair of them counts: with 30 bits, 120,000
/// records of one key made eight duplicates that are none. 47 are all that a [`KeyRow`] has room for.
const RECORD: u32 = 47;

/// A row of the table by key in two thirds of the memory: group, whether the key is null, record.
/// They sort as the rows do.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub(super) struct KeyRow(u128);

/// The bits of a group.
const GROUP: u128 = !0 << 48;
/// The bit of a null key.
const NULL: u128 = 1 << 47;

impl KeyRow {
    fn new(group: u128, record: u64) -> Self {
        Self(group & GROUP | u128::from(record))
    }

    fn null(group: u128) -> Self {
        Self(group & GROUP | NULL)
    }

    fn partition(self) -> u8 {
        (self.0 >> 120) as u8
    }

    fn row(self) -> Row {
        let Self(bits) = self;
        let null = u64::from(bits & NULL != 0);
        let group = (bits & GROUP) as u64;
        let record = (bits & (NULL - 1)) as u64;
        [(bits >> 64) as u64, group | null, record]
    }
}

/// Returns the group of a row, without the subgroup.
fn group(row: &Row) -> (u64, u64) {
    (row[0], row[1] >> 48)
}
