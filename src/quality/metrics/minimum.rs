//! `minimum`: the least number of a field, per field of numbers.

use crate::quality::metric::Definition;

pub(super) const METRIC: Definition = Definition {
    name: "minimum",
    version: 1,
    unit: "the field's",
    formula: "the least number of the field; above 1,024 values between the bounds of its bin",
    sealed: false,
    rank: 22,
    compute: |subject| subject.quantile(0.0),
};
