//! Records far from all others: the mean distance to the nearest neighbours.
//!
//! d is the mean Euclidean distance to the k nearest other records. Far is d > Q3 + (1/t - 1) IQR
//! of all d, with t = 0.37037 as in cleanlab; the score exp(-d t / median d) is lower the farther.

use super::spread::quantile;
use crate::base::elementary::exp;
use crate::learn::{Neighbours, Rows};

/// cleanlab's threshold: 1 / 2.7.
const THRESHOLD: f64 = 0.37037;

/// A record that is far.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Far {
    /// Its place among the rows.
    pub at: usize,
    /// exp(-d t / median d).
    pub score: f64,
    /// The mean distance to its neighbours.
    pub distance: f64,
}

/// Returns the rows that are far from their `neighbours` nearest.
pub fn far(rows: &Rows, neighbours: usize) -> Vec<Far> {
    let all = Neighbours::new(rows).of_all(rows, neighbours + 1);
    let mean = |(at, found): (usize, &Vec<(f64, u32)>)| {
        let others = found.iter().filter(|(_, other)| *other as usize != at);
        let others: Vec<f64> = others.take(neighbours).map(|(far, _)| far.sqrt()).collect();
        others.iter().sum::<f64>() / others.len().max(1) as f64
    };
    let distances: Vec<f64> = all.iter().enumerate().map(mean).collect();
    let mut sorted = distances.clone();
    sorted.sort_by(f64::total_cmp);
    let [low, middle, high] = [0.25, 0.5, 0.75].map(|share| quantile(&sorted, share));
    let fence = high + (1.0 / THRESHOLD - 1.0) * (high - low);
    let scored = |(at, distance): (usize, &f64)| Far {
        at,
        score: exp(-distance * THRESHOLD / middle.max(f64::MIN_POSITIVE)),
        distance: *distance,
    };
    let all = distances.iter().enumerate().map(scored);
    all.filter(|one| one.distance > fence && one.distance > 0.0)
        .collect()
}
