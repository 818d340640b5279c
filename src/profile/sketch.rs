//! A sketch of how many distinct values there are, from which values can be taken away again.
//!
//! A value belongs to one cell: its level is i with probability 2^-(i+1), its place in the level
//! is even. A cell holds the sum, mod 2^32, of the values' prints times their counts, so that it
//! is zero when all that was added is gone. (A cell of values that are there is zero by chance once
//! in 2^32.) Which cells are not zero tells how many values there are: docs/quality.md, "distinct".
//!
//! Invariant: a group; the cells depend on the multiset of values alone.

/// Cells of a level.
const WIDTH: usize = 512;
/// Levels: enough for 2^40 values.
const LEVELS: usize = 32;

/// The cells, level by level.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Sketch(Box<[u32]>);

impl Default for Sketch {
    fn default() -> Self {
        Self(vec![0; LEVELS * WIDTH].into_boxed_slice())
    }
}

impl std::fmt::Debug for Sketch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Sketch").field(&self.filled()).finish()
    }
}

impl Sketch {
    /// What the cells take in a cache.
    pub(super) const BYTES: usize = LEVELS * WIDTH * size_of::<u32>();

    /// Adds `count` of a value by its hash.
    #[inline]
    pub(super) fn add(&mut self, hash: u128, count: i64) {
        let (high, low) = ((hash >> 64) as u32, hash as u64);
        let level = (low >> 9).trailing_zeros().min(LEVELS as u32 - 1) as usize;
        let cell = level * WIDTH + (low as usize) % WIDTH;
        if let Some(cell) = self.0.get_mut(cell) {
            *cell = cell.wrapping_add((high | 1).wrapping_mul(count as u32));
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        for (cell, more) in self.0.iter_mut().zip(&other.0) {
            *cell = cell.wrapping_add(*more);
        }
    }

    /// Returns how many cells of each level are not zero, without the empty levels at the end.
    pub(super) fn filled(&self) -> Vec<u64> {
        let level = |cells: &[u32]| cells.iter().filter(|cell| **cell != 0).count() as u64;
        let mut filled: Vec<u64> = self.0.chunks(WIDTH).map(level).collect();
        let last = filled.iter().rposition(|count| *count != 0);
        filled.truncate(last.map_or(0, |last| last + 1));
        filled
    }

    /// Returns the cells, for a cache.
    pub(super) fn cells(&self) -> &[u32] {
        &self.0
    }

    /// Returns the sketch of these cells; `None` where they are not as many.
    pub(super) fn of_cells(cells: Vec<u32>) -> Option<Self> {
        (cells.len() == LEVELS * WIDTH).then(|| Self(cells.into_boxed_slice()))
    }
}
