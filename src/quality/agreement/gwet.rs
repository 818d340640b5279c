//! Gwet's AC1: chance agreement from how undecided the shares of classes are.

use super::coefficient::{Coefficient, Undefined, beyond_chance};
use super::percent::percent;
use super::state::Coincidences;

/// Returns AC1. The mean shares of classes count items with one rating, too.
pub fn ac1(state: &Coincidences, classes: u32) -> Coefficient {
    let observed = percent(state)?;
    if classes < 2 {
        return Err(Undefined::OneClass);
    }
    let items = state.items() as f64;
    let mut shares = std::collections::BTreeMap::new();
    for (&(m, class), &ratings) in state.ratings() {
        *shares.entry(class).or_insert(0.0) += ratings as f64 / f64::from(m);
    }
    let mut undecided = 0.0;
    for sum in shares.values() {
        let share: f64 = sum / items;
        undecided += share * (1.0 - share);
    }
    Ok(beyond_chance(observed, undecided / f64::from(classes - 1)))
}
