//! Krippendorff's alpha: any number of annotators, missing ratings, four scales.
//!
//! The sums over coincidences `o[k,l] = sum over m of S[m][k,l] / (m - 1)` never form the matrix:
//! its row sums are the whole numbers of ratings of each class among items with two or more.

use std::collections::BTreeMap;

use super::coefficient::{Coefficient, Undefined};
use super::state::Coincidences;

/// Distances that are no question of equal or not are summed over at most so many classes.
const MOST_CLASSES: usize = 2048;

/// How far two classes lie apart. Classes are numbered in their order.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Distance<'a> {
    /// 1 where they differ.
    Nominal,
    /// The square of how many ratings lie between them.
    Ordinal,
    /// The square of the difference of their values.
    Interval(&'a [f64]),
    /// The square of the difference as a share of the sum.
    Ratio(&'a [f64]),
}

/// Returns alpha.
pub fn alpha(state: &Coincidences, distance: Distance<'_>) -> Coefficient {
    if state.compared() == 0 {
        return Err(Undefined::NothingCompared);
    }
    let classes = state.classes(2);
    if classes.len() < 2 {
        return Err(Undefined::OneClass);
    }
    if classes.len() > MOST_CLASSES && distance != Distance::Nominal {
        return Err(Undefined::TooManyClasses);
    }
    if let Distance::Ratio(values) = distance
        && values.iter().any(|value| *value < 0.0)
    {
        return Err(Undefined::Negative);
    }
    let apart = Apart::new(&classes, distance);
    let mut observed = 0.0;
    let mut of_size = (0, 0.0);
    for (&(m, k, l), &pairs) in state.pairs() {
        if m != of_size.0 {
            observed += of_size.1;
            of_size = (m, 0.0);
        }
        if k != l {
            of_size.1 += pairs as f64 * apart.distance(k, l) / f64::from(m - 1);
        }
    }
    observed += of_size.1;
    let total: u64 = classes.values().sum();
    let mut expected = 0.0;
    for (&k, &of_k) in &classes {
        for (&l, &of_l) in classes.range(k + 1..) {
            expected += 2.0 * (of_k as f64 * of_l as f64) * apart.distance(k, l);
        }
    }
    if expected == 0.0 {
        return Err(Undefined::OneClass);
    }
    Ok(1.0 - (total - 1) as f64 * observed / expected)
}

/// The distances under one set of ratings.
struct Apart<'a> {
    distance: Distance<'a>,
    /// Of ordinal scales: twice the ratings below the middle of each class.
    middles: BTreeMap<u32, u64>,
}

impl<'a> Apart<'a> {
    fn new(classes: &BTreeMap<u32, u64>, distance: Distance<'a>) -> Self {
        let mut below = 0;
        let mut middles = BTreeMap::new();
        if distance == Distance::Ordinal {
            for (&class, &ratings) in classes {
                middles.insert(class, 2 * below + ratings);
                below += ratings;
            }
        }
        Self { distance, middles }
    }

    fn distance(&self, k: u32, l: u32) -> f64 {
        let value = |values: &[f64], class: u32| values.get(class as usize).copied().unwrap_or(0.0);
        let apart = match self.distance {
            Distance::Nominal => 1.0,
            Distance::Ordinal => {
                let middle = |class: &u32| self.middles.get(class).copied().unwrap_or(0);
                middle(&k).abs_diff(middle(&l)) as f64 / 2.0
            }
            Distance::Interval(values) => value(values, k) - value(values, l),
            Distance::Ratio(values) => {
                let (a, b) = (value(values, k), value(values, l));
                (a - b) / (a + b)
            }
        };
        apart * apart
    }
}
