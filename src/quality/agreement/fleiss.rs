//! Fleiss' kappa: a constant number of ratings an item, whoever gave them.

use super::coefficient::{Coefficient, Undefined, beyond_chance};
use super::percent::percent;
use super::state::Coincidences;

/// Returns Fleiss' kappa; undefined where items have different numbers of ratings.
pub fn fleiss(state: &Coincidences) -> Coefficient {
    if state.compared() == 0 {
        return Err(Undefined::NothingCompared);
    }
    if state.sizes().len() > 1 {
        return Err(Undefined::UnequalRatings);
    }
    let classes = state.classes(2);
    if classes.len() < 2 {
        return Err(Undefined::OneClass);
    }
    let total = state.total() as f64;
    let mut chance = 0.0;
    for &ratings in classes.values() {
        let share = ratings as f64 / total;
        chance += share * share;
    }
    Ok(beyond_chance(percent(state)?, chance))
}
