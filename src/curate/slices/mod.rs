//! Slices: conjunctions of `field = value` in which a model errs more often than elsewhere.
//!
//! SliceLine (Sagadeeva and Boehm 2021). Of a slice S with n_S records and e_S errors, among n
//! records with e errors: score = a ((e_S / n_S) / (e / n) - 1) - (1 - a) (n / n_S - 1).
//! Invariant: the answer is exact: no conjunction up to the given length that is left out scores
//! higher. Counts are integers; slices stand in one order on any number of threads.

mod search;
#[cfg(test)]
mod tests;

use std::cmp::Ordering;

/// The code of a record that has no value in a field.
pub const NONE: u32 = u32::MAX;
/// Slices whose bound is below the least score by less than this are looked at: rounding of bounds
/// must not decide.
const SLACK: f64 = 1e-9;

/// Records as slices see them.
#[derive(Clone, Copy, Debug)]
pub struct Coded<'a> {
    /// For each field the code of each record's value; [`NONE`] where no predicate shall hold.
    pub fields: &'a [Vec<u32>],
    /// How wrong the model was about each record: 0 or 1, or any other integer.
    pub errors: &'a [u32],
}

/// What slices are wanted.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Wanted {
    /// The weight of the error rate, above 0 and at most 1; the rest is that of the size.
    pub alpha: f64,
    /// The least number of records.
    pub least: u64,
    /// At most so many predicates.
    pub predicates: usize,
    /// At most so many slices.
    pub most: usize,
}

/// A slice.
#[derive(Clone, PartialEq, Debug)]
pub struct Slice {
    /// Fields and codes, ascending.
    pub predicates: Vec<(usize, u32)>,
    /// How many records it has.
    pub records: u64,
    /// The sum of their errors.
    pub errors: u64,
    /// Its score, above 0.
    pub score: f64,
}

/// Slices, with what it took to find them.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Slices {
    /// The best ones: by score, then the larger, then the shorter, then by predicates.
    pub slices: Vec<Slice>,
    /// For each number of predicates how many slices were counted.
    pub counted: Vec<usize>,
    /// And how many a bound left out.
    pub pruned: Vec<usize>,
}

/// Finds the best slices with a score above 0. One with as many records as a shorter slice of
/// its predicates holds the same records and is left out.
pub fn find_slices(coded: Coded<'_>, wanted: Wanted) -> Slices {
    search::Search::new(coded, wanted).run()
}

/// Sizes and errors of all records, and how they weigh.
#[derive(Clone, Copy, Debug)]
struct Scale {
    records: u64,
    mean: f64,
    alpha: f64,
    least: u64,
}

/// Size, errors and the largest error of a slice, or bounds of them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct Counts {
    records: u64,
    errors: u64,
    largest: u32,
}

impl Scale {
    fn score(&self, counts: Counts) -> f64 {
        let (n, own) = (self.records as f64, counts.records as f64);
        let rate = counts.errors as f64 / own;
        self.alpha * (rate / self.mean - 1.0) - (1.0 - self.alpha) * (n / own - 1.0)
    }

    /// Returns what no slice with at most these counts scores above.
    ///
    /// A slice of s records has at most min(s * largest, errors) errors. The score with these rises
    /// with s up to errors / largest; from there on it rises or falls all the way to the largest s.
    fn bound(&self, counts: Counts) -> f64 {
        let largest = f64::from(counts.largest.max(1));
        let (least, most) = (self.least.max(1) as f64, counts.records as f64);
        let errors = counts.errors as f64;
        let score = |size: f64| {
            let rate = (size * largest).min(errors) / size;
            let n = self.records as f64;
            self.alpha * (rate / self.mean - 1.0) - (1.0 - self.alpha) * (n / size - 1.0)
        };
        let middle = (errors / largest).max(least).min(most);
        score(least.min(most)).max(score(middle)).max(score(most))
    }
}

/// Orders slices from the best on.
fn ranked(a: &Slice, b: &Slice) -> Ordering {
    b.score
        .total_cmp(&a.score)
        .then(b.records.cmp(&a.records))
        .then(a.predicates.len().cmp(&b.predicates.len()))
        .then_with(|| a.predicates.cmp(&b.predicates))
}
