//! `null_keys`: records without a whole key.

use crate::quality::metric::{Definition, Value};

pub(super) const METRIC: Definition = Definition {
    name: "null_keys",
    version: 1,
    unit: "records",
    formula: "the number of records in which a field of the key is null",
    sealed: true,
    rank: 1,
    compute: |subject| vec![Value::count_or(subject.null_keys, "no key")],
};
