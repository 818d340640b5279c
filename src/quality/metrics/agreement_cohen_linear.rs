//! `agreement_cohen_linear`: weighted kappa, by places.

use crate::quality::metric::Definition;

pub(super) const METRIC: Definition = Definition {
    name: "agreement_cohen_linear",
    version: 1,
    unit: "ratio",
    formula: "1 - observed / expected disagreement of two annotators, which weighs as much as the \
              classes lie apart in their order",
    sealed: false,
    rank: 2,
    compute: |subject| subject.agreement_of_pairs("agreement_cohen_linear"),
};
