//! `agreement_ac1`: Gwet's AC1.

use crate::quality::metric::Definition;

pub(super) const METRIC: Definition = Definition {
    name: "agreement_ac1",
    version: 1,
    unit: "ratio",
    formula: "(observed - chance agreement) / (1 - chance), with the chance of Gwet's AC1",
    sealed: false,
    rank: 2,
    compute: |subject| subject.agreement("agreement_ac1"),
};
