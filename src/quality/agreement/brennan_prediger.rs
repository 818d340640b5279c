//! Brennan and Prediger's coefficient: chance chooses among all classes alike.

use super::coefficient::{Coefficient, Undefined, beyond_chance};
use super::percent::percent;
use super::state::Coincidences;

/// Returns the coefficient for a choice among so many classes.
pub fn brennan_prediger(state: &Coincidences, classes: u32) -> Coefficient {
    let observed = percent(state)?;
    if classes < 2 {
        return Err(Undefined::OneClass);
    }
    Ok(beyond_chance(observed, 1.0 / f64::from(classes)))
}
