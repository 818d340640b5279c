//! The matrix that linear learners work on: the columns that examples have, the dense part, and a
//! constant, by rows and by columns.

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::rows::Rows;

/// Which place each feature has among the columns of a design.
#[derive(Clone, Debug)]
pub(super) struct Places {
    hashed: FxHashMap<u32, u32>,
    /// The place of the first dense column; the constant comes after the last.
    dense: usize,
    width: usize,
}

impl Places {
    /// Gives places to the columns that occur in the rows, in ascending order.
    pub(super) fn of(rows: &Rows) -> Self {
        let mut columns: Vec<u32> = (0..rows.len())
            .flat_map(|row| rows.sparse(row).0.iter().copied())
            .collect();
        columns.sort_unstable();
        columns.dedup();
        let dense = columns.len();
        Self {
            hashed: (0u32..)
                .zip(columns)
                .map(|(at, column)| (column, at))
                .collect(),
            dense,
            width: rows.width(),
        }
    }

    /// Returns how many columns there are.
    pub(super) fn count(&self) -> usize {
        self.dense + self.width + 1
    }

    /// Returns the place of the constant.
    pub(super) fn constant(&self) -> usize {
        self.dense + self.width
    }

    /// Calls `each` with place and value of all features of a row that have a place, ascending.
    pub(super) fn each(&self, rows: &Rows, row: usize, mut each: impl FnMut(usize, f64)) {
        let (columns, values) = rows.sparse(row);
        for (column, value) in columns.iter().zip(values) {
            if let Some(&place) = self.hashed.get(column) {
                each(place as usize, *value);
            }
        }
        for (at, value) in rows.dense(row).iter().take(self.width).enumerate() {
            each(self.dense + at, *value);
        }
        each(self.constant(), 1.0);
    }
}

/// One way of storing the matrix: lines of places and values.
#[derive(Clone, Debug, Default)]
struct Lines {
    starts: Vec<usize>,
    places: Vec<u32>,
    values: Vec<f64>,
}

impl Lines {
    fn line(&self, at: usize) -> impl Iterator<Item = (usize, f64)> + '_ {
        let range = self.starts[at]..self.starts[at + 1];
        let places = self.places[range.clone()].iter();
        places
            .map(|p| *p as usize)
            .zip(self.values[range].iter().copied())
    }

    /// Returns for each line the sum of `width` numbers of each place times the value.
    fn times(&self, numbers: &[f64], width: usize) -> Vec<f64> {
        // Few classes are the rule, and loops of a known length take half the time.
        match width {
            1 => self.times_of::<1>(numbers),
            2 => self.times_of::<2>(numbers),
            3 => self.times_of::<3>(numbers),
            4 => self.times_of::<4>(numbers),
            5 => self.times_of::<5>(numbers),
            6 => self.times_of::<6>(numbers),
            8 => self.times_of::<8>(numbers),
            10 => self.times_of::<10>(numbers),
            _ => self.times_of_any(numbers, width),
        }
    }

    fn times_of<const WIDTH: usize>(&self, numbers: &[f64]) -> Vec<f64> {
        let numbers = numbers.as_chunks::<WIDTH>().0;
        let lines = (0..self.starts.len() - 1).into_par_iter().with_min_len(256);
        let sums: Vec<[f64; WIDTH]> = lines
            .map(|at| {
                let mut sums = [0.0; WIDTH];
                for (place, value) in self.line(at) {
                    let numbers = &numbers[place];
                    (0..WIDTH).for_each(|side| sums[side] += value * numbers[side]);
                }
                sums
            })
            .collect();
        sums.into_flattened()
    }

    fn times_of_any(&self, numbers: &[f64], width: usize) -> Vec<f64> {
        let mut out = vec![0.0; (self.starts.len() - 1) * width];
        let lines = out.par_chunks_exact_mut(width).with_min_len(64);
        lines.enumerate().for_each(|(at, sums)| {
            for (place, value) in self.line(at) {
                let numbers = &numbers[place * width..(place + 1) * width];
                let pairs = sums.iter_mut().zip(numbers);
                pairs.for_each(|(sum, number)| *sum += value * number);
            }
        });
        out
    }

    /// Returns the inner products of all lines, as a full matrix; `other` is the same matrix the
    /// other way round.
    fn gram(&self, other: &Self) -> Vec<f64> {
        let size = self.starts.len() - 1;
        let mut out = vec![0.0; size * size];
        out.par_chunks_exact_mut(size.max(1))
            .enumerate()
            .for_each(|(at, sums)| {
                for (place, value) in self.line(at) {
                    for (across, more) in other.line(place) {
                        sums[across] += value * more;
                    }
                }
            });
        out
    }
}

/// A matrix by rows and by columns.
pub(super) struct Design {
    by_row: Lines,
    by_column: Lines,
}

impl Design {
    pub(super) fn new(places: &Places, rows: &Rows) -> Self {
        let mut by_row = Lines {
            starts: vec![0],
            ..Lines::default()
        };
        let mut counts = vec![0usize; places.count()];
        for row in 0..rows.len() {
            places.each(rows, row, |place, value| {
                by_row.places.push(place as u32);
                by_row.values.push(value);
                counts[place] += 1;
            });
            by_row.starts.push(by_row.places.len());
        }
        let mut starts = vec![0];
        for count in counts {
            starts.push(starts[starts.len() - 1] + count);
        }
        let mut next = starts.clone();
        let (mut of_row, mut values) =
            (vec![0; by_row.places.len()], vec![0.0; by_row.places.len()]);
        for row in 0..rows.len() {
            for (place, value) in by_row.line(row) {
                (of_row[next[place]], values[next[place]]) = (row as u32, value);
                next[place] += 1;
            }
        }
        Self {
            by_row,
            by_column: Lines {
                starts,
                places: of_row,
                values,
            },
        }
    }

    pub(super) fn rows(&self) -> usize {
        self.by_row.starts.len() - 1
    }

    pub(super) fn columns(&self) -> usize {
        self.by_column.starts.len() - 1
    }

    /// Multiplies with `width` numbers a column.
    pub(super) fn times(&self, weights: &[f64], width: usize) -> Vec<f64> {
        self.by_row.times(weights, width)
    }

    /// Multiplies the transposed matrix with `width` numbers a row.
    pub(super) fn transposed_times(&self, numbers: &[f64], width: usize) -> Vec<f64> {
        self.by_column.times(numbers, width)
    }

    /// Returns the inner products of all rows.
    pub(super) fn row_gram(&self) -> Vec<f64> {
        self.by_row.gram(&self.by_column)
    }

    /// Returns the inner products of all columns.
    pub(super) fn column_gram(&self) -> Vec<f64> {
        self.by_column.gram(&self.by_row)
    }
}
