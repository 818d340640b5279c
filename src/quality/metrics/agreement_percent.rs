//! `agreement_percent`: share of pairs of ratings that agree.

use crate::quality::metric::Definition;

pub(super) const METRIC: Definition = Definition {
    name: "agreement_percent",
    version: 1,
    unit: "ratio",
    formula: "the share of pairs of ratings of one item that have the same class, mean \
              over items",
    sealed: false,
    rank: 2,
    compute: |subject| subject.agreement("agreement_percent"),
};
