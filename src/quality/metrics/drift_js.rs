//! `drift_js`: the Jensen-Shannon distance of two distributions of values.

use crate::quality::drift::Pair;
use crate::quality::metric::Definition;

/// Of these only the numbers between splits: those since another version need that version.
pub(in crate::quality) const METRIC: Definition = Definition {
    name: "drift_js",
    version: 1,
    unit: "distance",
    formula: "the square root of (KL(p, m) + KL(q, m)) / 2 to base 2, m = (p + q) / 2, p \
              the shares in the reference",
    sealed: false,
    rank: 6,
    compute: |subject| subject.between_splits(Pair::js),
};
