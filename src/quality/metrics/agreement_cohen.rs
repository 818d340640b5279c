//! `agreement_cohen`: Cohen's kappa of two annotators.

use crate::quality::metric::Definition;

pub(super) const METRIC: Definition = Definition {
    name: "agreement_cohen",
    version: 1,
    unit: "ratio",
    formula: "(observed - chance agreement) / (1 - chance) of two annotators, on the records that both \
              rated (Cohen)",
    sealed: false,
    rank: 2,
    compute: |subject| subject.agreement_of_pairs("agreement_cohen"),
};
