//! `median`: the least number that is not less than half of the numbers of a field, per field of numbers.

use crate::quality::metric::Definition;

pub(super) const METRIC: Definition = Definition {
    name: "median",
    version: 1,
    unit: "the field's",
    formula: "the least number that is not less than half of the numbers of the field; above 1,024 values between the bounds of its bin",
    sealed: false,
    rank: 23,
    compute: |subject| subject.quantile(0.5),
};
