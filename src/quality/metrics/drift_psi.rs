//! `drift_psi`: the population stability index of two distributions of values.

use crate::quality::drift::Pair;
use crate::quality::metric::Definition;

/// Of these only the numbers between splits: those since another version need that version.
pub(in crate::quality) const METRIC: Definition = Definition {
    name: "drift_psi",
    version: 1,
    unit: "index",
    formula: "sum over values of (q - p) ln(q / p), p the shares in the reference, shares \
              below 0.0001 taken for that, then scaled to 1",
    sealed: false,
    rank: 6,
    compute: |subject| subject.between_splits(Pair::psi),
};
