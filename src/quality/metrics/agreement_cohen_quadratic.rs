//! `agreement_cohen_quadratic`: weighted kappa, by squares.

use crate::quality::metric::Definition;

pub(super) const METRIC: Definition = Definition {
    name: "agreement_cohen_quadratic",
    version: 1,
    unit: "ratio",
    formula: "1 - observed / expected disagreement of two annotators, which weighs the square of how \
              far the classes lie apart in their order",
    sealed: false,
    rank: 2,
    compute: |subject| subject.agreement_of_pairs("agreement_cohen_quadratic"),
};
