//! Cohen's kappa of two annotators, plain and weighted.

use super::coefficient::{Coefficient, Undefined, beyond_chance};
use super::pairs::PairTable;

/// How much a disagreement weighs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Weights {
    /// All alike.
    Unweighted,
    /// As much as the classes lie apart in their order.
    Linear,
    /// As the square of that.
    Quadratic,
}

/// Returns kappa.
pub fn cohen(pairs: &PairTable, weights: Weights) -> Coefficient {
    let total = pairs.total() as f64;
    if total == 0.0 {
        return Err(Undefined::NothingCompared);
    }
    let [first, second] = pairs.margins();
    if weights == Weights::Unweighted {
        let mut chance = 0.0;
        for (class, &of_first) in &first {
            let of_second = second.get(class).copied().unwrap_or(0);
            chance += (of_first as f64 / total) * (of_second as f64 / total);
        }
        if first.len() == 1 && first.keys().eq(second.keys()) {
            return Err(Undefined::OneClass);
        }
        return Ok(beyond_chance(pairs.agreement(), chance));
    }
    // The scale of the weights cancels, so that how many classes there are does not matter.
    let weight = |k: u32, l: u32| {
        let apart = f64::from(k.abs_diff(l));
        if weights == Weights::Linear {
            apart
        } else {
            apart * apart
        }
    };
    let mut observed = 0.0;
    for (&(k, l), &n) in &pairs.0 {
        observed += weight(k, l) * n as f64;
    }
    let mut expected = 0.0;
    for (&k, &of_first) in &first {
        for (&l, &of_second) in &second {
            expected += weight(k, l) * (of_first as f64 * of_second as f64 / total);
        }
    }
    if expected == 0.0 {
        return Err(Undefined::OneClass);
    }
    Ok(1.0 - observed / expected)
}
