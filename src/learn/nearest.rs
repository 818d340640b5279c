//! The k nearest neighbours, found by comparing with all examples.
//!
//! Distances are Euclidean. Examples at one distance stand in the order of their ids; of classes
//! with as many votes, that of the nearest neighbour among theirs wins.

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::decision::Prediction;
use super::examples::Examples;
use super::rough::Rough;
use super::rows::Rows;
use super::solve::{distance, dot};
use super::{Learner, Model};

/// How many rows are compared with examples while these are in the cache.
const QUERIES: usize = 64;

/// Lets the nearest examples vote.
#[derive(Clone, Copy, Debug)]
pub struct Nearest {
    /// How many.
    pub neighbours: usize,
}

impl Default for Nearest {
    fn default() -> Self {
        Self { neighbours: 5 }
    }
}

/// Examples that neighbours are looked for among.
pub struct Neighbours {
    rows: Rows,
    squares: Vec<f64>,
    /// For each sparse column the rows that have it, ascending, with their values.
    postings: FxHashMap<u32, Vec<(u32, f64)>>,
    /// Finds candidates, where there is nothing but a dense part.
    rough: Option<Rough>,
}

impl Neighbours {
    /// Prepares rows for searching.
    pub fn new(rows: &Rows) -> Self {
        let mut postings: FxHashMap<u32, Vec<(u32, f64)>> = FxHashMap::default();
        for row in 0..rows.len() {
            let (columns, values) = rows.sparse(row);
            for (column, value) in columns.iter().zip(values) {
                postings
                    .entry(*column)
                    .or_default()
                    .push((row as u32, *value));
            }
        }
        let square = |row: usize| dot(rows.sparse(row).1, rows.sparse(row).1);
        Self {
            squares: (0..rows.len()).map(square).collect(),
            rough: postings.is_empty().then(|| Rough::new(rows)).flatten(),
            rows: rows.clone(),
            postings,
        }
    }

    #[cfg(test)]
    pub(super) fn is_rough(&self) -> bool {
        self.rough.is_some()
    }

    /// Returns for each of `rows` its `most` nearest: squared distance and place, nearest first.
    pub fn of_all(&self, rows: &Rows, most: usize) -> Vec<Vec<(f64, u32)>> {
        let starts: Vec<usize> = (0..rows.len()).step_by(QUERIES).collect();
        let blocks: Vec<Vec<Vec<(f64, u32)>>> = starts
            .par_iter()
            .map(|&start| self.of_some(rows, start..(start + QUERIES).min(rows.len()), most))
            .collect();
        blocks.into_iter().flatten().collect()
    }

    /// Returns for each of `rows` those not farther than its limit, a squared distance: squared
    /// distance and place, nearest first.
    pub fn within(&self, rows: &Rows, limits: &[f64]) -> Vec<Vec<(f64, u32)>> {
        let all = (0..rows.len()).into_par_iter().with_min_len(4);
        all.map_init(Vec::new, |products, row| {
            let limit = limits.get(row).copied().unwrap_or(f64::NEG_INFINITY);
            let products = self.sparse_products(rows, row, products);
            let own = dot(rows.sparse(row).1, rows.sparse(row).1);
            let far = |at: usize| (self.distance(rows, row, own, products, at), at as u32);
            let mut found: Vec<(f64, u32)> = (0..self.rows.len())
                .map(far)
                .filter(|(far, _)| *far <= limit)
                .collect();
            found.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            found
        })
        .collect()
    }

    /// Returns the squared distance of a row, whose sparse part has the square `own`.
    fn distance(
        &self,
        rows: &Rows,
        row: usize,
        own: f64,
        products: Option<&[f64]>,
        at: usize,
    ) -> f64 {
        let dense = distance(rows.dense(row), self.rows.dense(at));
        dense
            + match products {
                Some(products) => (own + self.squares[at] - 2.0 * products[at]).max(0.0),
                None => own + self.squares[at],
            }
    }

    fn of_some(
        &self,
        rows: &Rows,
        queries: std::ops::Range<usize>,
        most: usize,
    ) -> Vec<Vec<(f64, u32)>> {
        let rough = self.rough.as_ref().filter(|_| most > 0);
        let candidates = match rough {
            Some(rough) => rough.candidates(rows, queries.clone(), most),
            None => vec![None; queries.len()],
        };
        let mut products = Vec::new();
        let found = queries.zip(candidates).map(|(row, candidates)| {
            let own = dot(rows.sparse(row).1, rows.sparse(row).1);
            let mut found: Vec<(f64, u32)> = Vec::new();
            if let Some(candidates) = candidates {
                for at in candidates {
                    let far = self.distance(rows, row, own, None, at as usize);
                    insert(&mut found, (far, at), most);
                }
                return found;
            }
            let products = self.sparse_products(rows, row, &mut products);
            for at in 0..self.rows.len() {
                let far = self.distance(rows, row, own, products, at);
                insert(&mut found, (far, at as u32), most);
            }
            found
        });
        found.collect()
    }

    /// Returns for each of some queries its squared distance to every example, in their order.
    pub fn distances(&self, rows: &Rows, queries: std::ops::Range<usize>) -> Vec<Vec<f64>> {
        let mut products = Vec::new();
        let of_row = |row: usize| {
            let products = self.sparse_products(rows, row, &mut products);
            let own = dot(rows.sparse(row).1, rows.sparse(row).1);
            (0..self.rows.len())
                .map(|at| self.distance(rows, row, own, products, at))
                .collect()
        };
        queries.map(of_row).collect()
    }

    /// Returns the inner products of the sparse part with all examples; `None` where all are 0.
    fn sparse_products<'a>(
        &self,
        rows: &Rows,
        row: usize,
        products: &'a mut Vec<f64>,
    ) -> Option<&'a [f64]> {
        let (columns, values) = rows.sparse(row);
        if columns.is_empty() || self.postings.is_empty() {
            return None;
        }
        products.clear();
        products.resize(self.rows.len(), 0.0);
        for (column, value) in columns.iter().zip(values) {
            for (at, other) in self.postings.get(column).into_iter().flatten() {
                products[*at as usize] += value * other;
            }
        }
        Some(products)
    }
}

/// Returns the class with most votes; of classes with as many, that of the nearest neighbour among
/// theirs. `classes` are those of the neighbours, nearest first; without any it is the first class.
pub fn vote(classes: impl Iterator<Item = u32> + Clone) -> u32 {
    let votes = |class: u32| classes.clone().filter(|other| *other == class).count();
    let mut best = (0, 0);
    for class in classes.clone() {
        let votes = votes(class);
        if votes > best.1 {
            best = (class, votes);
        }
    }
    best.0
}

/// Keeps the nearest in order; of equals the one that came first.
fn insert(found: &mut Vec<(f64, u32)>, new: (f64, u32), most: usize) {
    if found.len() == most {
        match found.last() {
            Some(last) if new.0 < last.0 => {}
            _ => return,
        }
        found.pop();
    }
    let at = found.partition_point(|old| old.0 <= new.0);
    found.insert(at, new);
}

struct Voters {
    neighbours: Neighbours,
    labels: Vec<u32>,
    classes: usize,
    most: usize,
}

impl Voters {
    fn vote(&self, nearest: &[(f64, u32)]) -> Prediction {
        let mut votes = vec![0u32; self.classes.max(1)];
        let classes = nearest.iter().map(|(_, at)| self.labels[*at as usize]);
        (classes.clone()).for_each(|class| votes[class as usize] += 1);
        let most = votes.iter().copied().max().unwrap_or(0);
        let class = vote(classes);
        let others = votes
            .iter()
            .enumerate()
            .filter(|(at, _)| *at != class as usize);
        let next = others.map(|(_, votes)| *votes).max().unwrap_or(0);
        let share = |votes: u32| f64::from(votes) / nearest.len().max(1) as f64;
        Prediction {
            class,
            margin: share(most - next),
            close: most == next && votes.len() > 1,
            probabilities: Some(votes.iter().map(|votes| share(*votes)).collect()),
        }
    }
}

impl Learner for Nearest {
    fn name(&self) -> &'static str {
        "knn"
    }

    fn fit(&self, train: &Examples) -> Box<dyn Model> {
        Box::new(Voters {
            neighbours: Neighbours::new(train.rows()),
            labels: train.labels().to_vec(),
            classes: train.classes(),
            most: self.neighbours.max(1),
        })
    }
}

impl Model for Voters {
    fn predict(&self, rows: &Rows, row: usize) -> Prediction {
        let nearest = self.neighbours.of_some(rows, row..row + 1, self.most);
        self.vote(nearest.first().map_or(&[], Vec::as_slice))
    }

    fn predict_all(&self, rows: &Rows) -> Vec<Prediction> {
        let all = self.neighbours.of_all(rows, self.most);
        all.iter().map(|nearest| self.vote(nearest)).collect()
    }
}
