//! The state of agreement: how often two ratings of one item have these two classes.
//!
//! Invariant: an abelian group. Items can be added, removed, merged and retracted in any order; the
//! state of a set of items is the same bits whichever way it came about. Counts wrap, so that a
//! removal before its addition is exact, too. Cells that are 0 are absent.
//!
//! For an item with `m` ratings of which `c[k]` are of class `k`, the cell `(m, k, l)` grows by
//! `c[k] * c[l]`, less `c[k]` where `k = l`: the ordered pairs of ratings of different records.

use std::collections::BTreeMap;

/// Coincidences of ratings by the number of ratings that their items have.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Coincidences {
    pairs: BTreeMap<(u32, u32, u32), u64>,
    ratings: BTreeMap<(u32, u32), u64>,
}

impl Coincidences {
    /// Builds the state that these cells describe: ordered pairs by (m, k, l), and ratings by
    /// (m, k), items with one rating included.
    pub fn from_cells(
        pairs: impl IntoIterator<Item = ((u32, u32, u32), u64)>,
        ratings: impl IntoIterator<Item = ((u32, u32), u64)>,
    ) -> Self {
        let mut state = Self::default();
        pairs
            .into_iter()
            .for_each(|(cell, n)| grow(&mut state.pairs, cell, n));
        ratings
            .into_iter()
            .for_each(|(cell, n)| grow(&mut state.ratings, cell, n));
        state
    }

    /// Builds the state that a sealed state sums up: rows of m, two classes `k <= l`, and the sum
    /// over the items of m ratings of c[k] (c[l] - [k = l]), of c[k] where m is 1.
    pub fn from_sums(sums: &[(u32, u16, u16, u64)]) -> Self {
        let mut state = Self::default();
        for &(m, k, l, sum) in sums {
            let (k, l) = (u32::from(k), u32::from(l));
            if m < 2 {
                grow(&mut state.ratings, (m, k), sum);
                continue;
            }
            grow(&mut state.pairs, (m, k, l), sum);
            if k != l {
                grow(&mut state.pairs, (m, l, k), sum);
            }
        }
        // Each rating of a class stands in a pair with each other rating of its item.
        let mut rows: BTreeMap<(u32, u32), u64> = BTreeMap::new();
        for (&(m, k, _), &pairs) in &state.pairs {
            let row = rows.entry((m, k)).or_insert(0);
            *row = row.wrapping_add(pairs);
        }
        for (cell, row) in rows {
            grow(&mut state.ratings, cell, row / u64::from(cell.0 - 1));
        }
        state
    }

    /// Adds an item: each class with the number of ratings that have it.
    pub fn add_item(&mut self, counts: &[(u32, u32)]) {
        self.item(counts, |cell, n| *cell = cell.wrapping_add(n));
    }

    /// Takes an item away again.
    pub fn remove_item(&mut self, counts: &[(u32, u32)]) {
        self.item(counts, |cell, n| *cell = cell.wrapping_sub(n));
    }

    fn item(&mut self, counts: &[(u32, u32)], change: impl Fn(&mut u64, u64)) {
        let m = counts.iter().fold(0_u32, |m, (_, n)| m.saturating_add(*n));
        for &(k, of_k) in counts {
            update(&mut self.ratings, (m, k), |cell| {
                change(cell, u64::from(of_k))
            });
            for &(l, of_l) in counts {
                let same = if k == l { u64::from(of_k) } else { 0 };
                let pairs = u64::from(of_k) * u64::from(of_l) - same;
                update(&mut self.pairs, (m, k, l), |cell| change(cell, pairs));
            }
        }
    }

    /// Adds the items of another set.
    pub fn merge(&mut self, other: &Self) {
        for (&cell, &n) in &other.pairs {
            grow(&mut self.pairs, cell, n);
        }
        for (&cell, &n) in &other.ratings {
            grow(&mut self.ratings, cell, n);
        }
    }

    /// Takes the items of another set away.
    pub fn retract(&mut self, other: &Self) {
        for (&cell, &n) in &other.pairs {
            grow(&mut self.pairs, cell, n.wrapping_neg());
        }
        for (&cell, &n) in &other.ratings {
            grow(&mut self.ratings, cell, n.wrapping_neg());
        }
    }

    /// Returns the state of the question whether a rating has this class: class 1 against 0.
    pub fn against_rest(&self, class: u32) -> Self {
        let side = |other: u32| u32::from(other == class);
        let pairs = self
            .pairs
            .iter()
            .map(|(&(m, k, l), &n)| ((m, side(k), side(l)), n));
        let ratings = self.ratings.iter().map(|(&(m, k), &n)| ((m, side(k)), n));
        Self::from_cells(pairs, ratings)
    }

    /// Returns the ordered pairs of ratings by (m, k, l), in that order.
    pub fn pairs(&self) -> &BTreeMap<(u32, u32, u32), u64> {
        &self.pairs
    }

    /// Returns the ratings by (m, k), in that order.
    pub fn ratings(&self) -> &BTreeMap<(u32, u32), u64> {
        &self.ratings
    }

    /// Returns how many items have how many ratings, in ascending order of that number.
    pub fn sizes(&self) -> BTreeMap<u32, u64> {
        let mut ratings: BTreeMap<u32, u64> = BTreeMap::new();
        for (&(m, _), &n) in &self.ratings {
            grow(&mut ratings, m, n);
        }
        let items = ratings.into_iter().filter(|(m, _)| *m > 0);
        items.map(|(m, n)| (m, n / u64::from(m))).collect()
    }

    /// Returns how many items have a rating.
    pub fn items(&self) -> u64 {
        self.sizes().values().sum()
    }

    /// Returns how many items have at least two ratings: those that can agree.
    pub fn compared(&self) -> u64 {
        self.sizes().range(2..).map(|(_, items)| items).sum()
    }

    /// Returns how many ratings there are.
    pub fn total(&self) -> u64 {
        self.ratings.values().sum()
    }

    /// Returns how many ratings each class has, among items with at least `least` ratings.
    pub(super) fn classes(&self, least: u32) -> BTreeMap<u32, u64> {
        let mut classes = BTreeMap::new();
        for (&(_, k), &n) in self.ratings.range((least, 0)..) {
            grow(&mut classes, k, n);
        }
        classes
    }

    /// Returns how many ordered pairs agree, by the number of ratings of their items.
    pub(super) fn agreeing(&self) -> BTreeMap<u32, u64> {
        let mut agreeing = BTreeMap::new();
        for (&(m, k, l), &n) in &self.pairs {
            if k == l {
                grow(&mut agreeing, m, n);
            }
        }
        agreeing
    }
}

fn grow<K: Ord>(cells: &mut BTreeMap<K, u64>, cell: K, n: u64) {
    update(cells, cell, |count| *count = count.wrapping_add(n));
}

/// Changes a cell and lets go of it where it became 0, so that equal states are equal bits.
fn update<K: Ord>(cells: &mut BTreeMap<K, u64>, cell: K, change: impl FnOnce(&mut u64)) {
    use std::collections::btree_map::Entry;
    match cells.entry(cell) {
        Entry::Occupied(mut entry) => {
            change(entry.get_mut());
            if *entry.get() == 0 {
                entry.remove();
            }
        }
        Entry::Vacant(entry) => {
            let mut count = 0;
            change(&mut count);
            if count != 0 {
                entry.insert(count);
            }
        }
    }
}
