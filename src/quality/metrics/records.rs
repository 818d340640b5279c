//! `records`: how many records there are.

use crate::quality::metric::{Definition, Value};

pub(super) const METRIC: Definition = Definition {
    name: "records",
    version: 1,
    unit: "records",
    formula: "the number of records, those that do not parse included",
    sealed: true,
    rank: 0,
    compute: |subject| vec![Value::count(subject.state.records)],
};
