//! What a coefficient is: a number, or the reason why there is none; and which ones there are.

use super::krippendorff::Distance;
use super::pairs::PairTable;
use super::state::Coincidences;
use super::{Weights, ac1, alpha, brennan_prediger, cohen, fleiss, percent, scott};

/// A number, or why it is undefined.
pub type Coefficient = Result<f64, Undefined>;

/// A coefficient with the name of its metric.
pub type Named = (&'static str, Coefficient);

/// Why a coefficient is undefined.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Undefined {
    /// Nothing to compare.
    #[error("no item has two ratings")]
    NothingCompared,
    /// Agreement by chance is certain, so that nothing can exceed it.
    #[error("all ratings have one class")]
    OneClass,
    /// Fleiss' kappa is defined for a constant number of ratings.
    #[error("items have different numbers of ratings")]
    UnequalRatings,
    /// Cohen's and Scott's coefficients compare two annotators.
    #[error("it compares exactly two annotators; --by pair gives it for each pair")]
    NotTwoAnnotators,
    /// A distance over so many classes is not computed.
    #[error("more than 2,048 classes")]
    TooManyClasses,
    /// Ratios of values exist from 0 on.
    #[error("a ratio scale has no values below 0")]
    Negative,
}

/// Computes the coefficients of any number of annotators. `classes` is how many classes there are
/// to choose from, those that nobody chose included.
pub fn coefficients(state: &Coincidences, classes: u32, distance: Distance<'_>) -> Vec<Named> {
    vec![
        ("agreement_percent", percent(state)),
        ("agreement_alpha", alpha(state, distance)),
        ("agreement_fleiss", fleiss(state)),
        ("agreement_ac1", ac1(state, classes)),
        (
            "agreement_brennan_prediger",
            brennan_prediger(state, classes),
        ),
    ]
}

/// Computes the coefficients of two annotators; the weighted ones where classes have an order.
pub fn pair_coefficients(pairs: &PairTable, ordered: bool) -> Vec<Named> {
    let mut out = vec![
        ("agreement_cohen", cohen(pairs, Weights::Unweighted)),
        ("agreement_scott", scott(pairs)),
    ];
    if ordered {
        out.push(("agreement_cohen_linear", cohen(pairs, Weights::Linear)));
        out.push((
            "agreement_cohen_quadratic",
            cohen(pairs, Weights::Quadratic),
        ));
    }
    out
}

/// Returns how far observed agreement exceeds that by chance, as a share of what is possible.
pub(super) fn beyond_chance(observed: f64, chance: f64) -> f64 {
    (observed - chance) / (1.0 - chance)
}
