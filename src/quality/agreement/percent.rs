//! Percent agreement: the share of pairs of ratings that agree, averaged over items.

use super::coefficient::{Coefficient, Undefined};
use super::state::Coincidences;

/// Returns the mean, over items with at least two ratings, of the share of pairs of ratings that
/// have the same class.
pub fn percent(state: &Coincidences) -> Coefficient {
    let items = state.compared();
    if items == 0 {
        return Err(Undefined::NothingCompared);
    }
    let mut sum = 0.0;
    for (m, agreeing) in state.agreeing() {
        sum += agreeing as f64 / (f64::from(m) * f64::from(m - 1));
    }
    Ok(sum / items as f64)
}
