//! Which rows may be among the nearest, told by distances in single precision.
//!
//! Invariant: every row that is among the nearest by exact distances is among the candidates, ties
//! included. Rough distances are off by no more than [`Rough::error`]; the k-th smallest of them
//! and twice that error bound the rough distance of every row that is truly among the k nearest. So
//! how these sums are rounded, or in which order they are made, decides nothing.

use std::ops::Range;

use super::rows::Rows;
use super::solve::dot;

/// Rows side by side in a block, and rows that are compared with a block at once.
const LANES: usize = 8;
const TOGETHER: usize = 4;
/// How many blocks are looked at before the next rows: they stay in the cache.
const TILE: usize = 64;
/// More candidates than this for each neighbour tell nothing: distances are too much alike.
const MOST_EACH: usize = 64;

/// Rows in single precision, around their mean.
pub(super) struct Rough {
    width: usize,
    /// Block by block, column by column, one number of each row.
    blocks: Vec<[f32; LANES]>,
    /// The squared lengths of the rows, block by block; infinite where a block has no such row.
    squares: Vec<[f32; LANES]>,
    mean: Vec<f64>,
    /// The greatest squared length.
    longest: f64,
}

/// The candidates of one row.
#[derive(Clone)]
struct Best {
    /// The smallest distances so far, ascending.
    smallest: Vec<f32>,
    found: Vec<(f32, u32)>,
    slack: f32,
    too_many: bool,
}

impl Best {
    fn limit(&self, most: usize) -> f32 {
        match self.smallest.get(most - 1) {
            Some(last) => last + self.slack,
            None => f32::INFINITY,
        }
    }

    fn see(&mut self, far: f32, at: u32, most: usize) {
        let place = self.smallest.partition_point(|old| *old <= far);
        if place < most {
            self.smallest.truncate(most - 1);
            self.smallest.insert(place, far);
        }
        self.found.push((far, at));
        if self.found.len() > 2 * MOST_EACH * most {
            let limit = self.limit(most);
            self.found.retain(|(far, _)| *far <= limit);
            self.too_many = self.found.len() > MOST_EACH * most;
        }
    }
}

impl Rough {
    /// Prepares rows without a sparse part; `None` where that is not worth it, or where numbers do
    /// not fit into single precision.
    pub(super) fn new(rows: &Rows) -> Option<Self> {
        let (width, count) = (rows.width(), rows.len());
        if width < 4 || count < 4 * LANES {
            return None;
        }
        let mut mean = vec![0.0; width];
        for row in 0..count {
            mean.iter_mut()
                .zip(rows.dense(row))
                .for_each(|(m, x)| *m += x);
        }
        mean.iter_mut().for_each(|m| *m /= count as f64);
        let blocks_of = count.div_ceil(LANES);
        let mut out = Self {
            blocks: vec![[0.0; LANES]; blocks_of * width],
            squares: vec![[f32::INFINITY; LANES]; blocks_of],
            longest: 0.0,
            width,
            mean,
        };
        for row in 0..count {
            let (block, lane) = (row / LANES, row % LANES);
            let centred = out.centred(rows.dense(row));
            let square = dot(&centred, &centred);
            out.longest = out.longest.max(square);
            out.squares[block][lane] = square as f32;
            for (at, x) in centred.iter().enumerate() {
                out.blocks[block * width + at][lane] = *x as f32;
            }
        }
        (out.longest < 1e30).then_some(out)
    }

    fn centred(&self, row: &[f64]) -> Vec<f64> {
        row.iter().zip(&self.mean).map(|(x, m)| x - m).collect()
    }

    /// Returns how far a rough squared distance of a row with this squared length may be off: each
    /// of `width` products is rounded in both factors, in itself and in each sum, relative to 2^-24,
    /// and so are the squared lengths. It is taken eight times as large.
    fn error(&self, square: f64) -> f64 {
        (self.width as f64 + 8.0) * (square + self.longest) * f64::from(f32::EPSILON) * 4.0
            + f64::from(f32::MIN_POSITIVE)
    }

    /// Returns for each of some rows the places of all rows that may be among its `most` nearest,
    /// ascending; `None` where too many may.
    pub(super) fn candidates(
        &self,
        rows: &Rows,
        queries: Range<usize>,
        most: usize,
    ) -> Vec<Option<Vec<u32>>> {
        let width = self.width;
        let centred: Vec<Vec<f64>> = queries.map(|row| self.centred(rows.dense(row))).collect();
        let squares: Vec<f64> = centred.iter().map(|row| dot(row, row)).collect();
        let mut best: Vec<Best> = (squares.iter())
            .map(|square| Best {
                smallest: Vec::with_capacity(most + 1),
                found: Vec::new(),
                slack: (2.0 * self.error(*square)) as f32,
                too_many: square.is_nan() || *square >= 1e30,
            })
            .collect();
        // Rows that are compared together, number by number.
        let groups: Vec<Vec<[f32; TOGETHER]>> = (centred.chunks(TOGETHER))
            .map(|group| {
                let number = |at: usize| {
                    std::array::from_fn(|row| group.get(row).map_or(0.0, |row| row[at] as f32))
                };
                (0..width).map(number).collect()
            })
            .collect();
        for tile in (0..self.squares.len()).step_by(TILE) {
            let tile = tile..(tile + TILE).min(self.squares.len());
            for (group, best) in groups.iter().zip(best.chunks_mut(TOGETHER)) {
                for block in tile.clone() {
                    let numbers = &self.blocks[block * width..(block + 1) * width];
                    let products = products(group, numbers);
                    for (best, products) in best.iter_mut().zip(&products) {
                        let limit = best.limit(most);
                        // The row's own square is the same for all, and is left out.
                        let far: [f32; LANES] = std::array::from_fn(|lane| {
                            self.squares[block][lane] - 2.0 * products[lane]
                        });
                        if far.iter().all(|far| *far > limit) || best.too_many {
                            continue;
                        }
                        for (lane, far) in far.into_iter().enumerate() {
                            if far <= best.limit(most) && far < f32::INFINITY {
                                best.see(far, (block * LANES + lane) as u32, most);
                            }
                        }
                    }
                }
            }
        }
        let of = |best: Best| {
            let limit = best.limit(most);
            let found = best.found.iter().filter(|(far, _)| *far <= limit);
            let mut found: Vec<u32> = found.map(|(_, at)| *at).collect();
            found.sort_unstable();
            (!best.too_many).then_some(found)
        };
        best.into_iter().map(of).collect()
    }
}

/// Returns the inner products of some rows with those of a block.
#[inline]
fn products(group: &[[f32; TOGETHER]], block: &[[f32; LANES]]) -> [[f32; LANES]; TOGETHER] {
    let mut sums = [[0.0f32; LANES]; TOGETHER];
    for (own, other) in group.iter().zip(block) {
        for row in 0..TOGETHER {
            for lane in 0..LANES {
                sums[row][lane] += own[row] * other[lane];
            }
        }
    }
    sums
}
