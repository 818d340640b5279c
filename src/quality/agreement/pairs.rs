//! The table of two annotators: how often one said this class where the other said that.

use std::collections::BTreeMap;

use super::state::Coincidences;

/// Counts of items by the classes that two annotators gave, the first annotator's first. A group
/// element as [`Coincidences`] is.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct PairTable(pub BTreeMap<(u32, u32), u64>);

impl PairTable {
    /// Builds a table from rows of counts.
    pub fn from_rows<const N: usize>(rows: &[[u64; N]]) -> Self {
        let mut table = Self::default();
        for (k, row) in (0..).zip(rows) {
            for (l, &count) in (0..).zip(row) {
                table.add(k, l, count);
            }
        }
        table
    }

    /// Adds items with these two classes.
    pub fn add(&mut self, first: u32, second: u32, items: u64) {
        if items > 0 {
            *self.0.entry((first, second)).or_insert(0) += items;
        }
    }

    /// Adds the items of another table.
    pub fn merge(&mut self, other: &Self) {
        other.0.iter().for_each(|(&(k, l), &n)| self.add(k, l, n));
    }

    /// Returns how many items there are.
    pub fn total(&self) -> u64 {
        self.0.values().sum()
    }

    /// Returns how often each annotator gave each class.
    pub(super) fn margins(&self) -> [BTreeMap<u32, u64>; 2] {
        let mut margins = [BTreeMap::new(), BTreeMap::new()];
        for (&(k, l), &n) in &self.0 {
            *margins[0].entry(k).or_insert(0) += n;
            *margins[1].entry(l).or_insert(0) += n;
        }
        margins
    }

    /// Returns the share of items on which both agree; 0 of no items.
    pub(super) fn agreement(&self) -> f64 {
        let same: u64 = self
            .0
            .iter()
            .filter(|((k, l), _)| k == l)
            .map(|(_, n)| n)
            .sum();
        same as f64 / self.total().max(1) as f64
    }

    /// Returns the state of the same items, each with its two ratings.
    pub fn coincidences(&self) -> Coincidences {
        let ratings = self
            .0
            .iter()
            .flat_map(|(&(k, l), &n)| [((2, k), n), ((2, l), n)]);
        let pairs = self
            .0
            .iter()
            .flat_map(|(&(k, l), &n)| [((2, k, l), n), ((2, l, k), n)]);
        Coincidences::from_cells(pairs, ratings)
    }
}
