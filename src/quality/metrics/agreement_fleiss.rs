//! `agreement_fleiss`: Fleiss' kappa.

use crate::quality::metric::Definition;

pub(super) const METRIC: Definition = Definition {
    name: "agreement_fleiss",
    version: 1,
    unit: "ratio",
    formula: "(observed - chance agreement) / (1 - chance), of items with equally many \
              ratings (Fleiss)",
    sealed: false,
    rank: 2,
    compute: |subject| subject.agreement("agreement_fleiss"),
};
