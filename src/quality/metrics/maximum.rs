//! `maximum`: the greatest number of a field, per field of numbers.

use crate::quality::metric::Definition;

pub(super) const METRIC: Definition = Definition {
    name: "maximum",
    version: 1,
    unit: "the field's",
    formula: "the greatest number of the field; above 1,024 values between the bounds of its bin",
    sealed: false,
    rank: 24,
    compute: |subject| subject.quantile(1.0),
};
