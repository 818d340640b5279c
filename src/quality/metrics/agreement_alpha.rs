//! `agreement_alpha`: Krippendorff's alpha.

use crate::quality::metric::Definition;

pub(super) const METRIC: Definition = Definition {
    name: "agreement_alpha",
    version: 2,
    unit: "ratio",
    formula: "1 - observed / expected disagreement of ratings of one item, on the \
              declared scale (Krippendorff)",
    sealed: false,
    rank: 2,
    compute: |subject| subject.agreement("agreement_alpha"),
};
