//! Scott's pi of two annotators: chance chooses by the shares of both together.

use super::coefficient::{Coefficient, Undefined, beyond_chance};
use super::pairs::PairTable;

/// Returns pi.
pub fn scott(pairs: &PairTable) -> Coefficient {
    let total = pairs.total();
    if total == 0 {
        return Err(Undefined::NothingCompared);
    }
    let [mut both, second] = pairs.margins();
    for (class, n) in second {
        *both.entry(class).or_insert(0) += n;
    }
    if both.len() < 2 {
        return Err(Undefined::OneClass);
    }
    let mut chance = 0.0;
    for &ratings in both.values() {
        let share = ratings as f64 / (2 * total) as f64;
        chance += share * share;
    }
    Ok(beyond_chance(pairs.agreement(), chance))
}
