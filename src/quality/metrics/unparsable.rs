//! `unparsable`: records that do not parse as their format wants.

use crate::quality::metric::{Definition, Value};

pub(super) const METRIC: Definition = Definition {
    name: "unparsable",
    version: 1,
    unit: "records",
    formula: "the number of records with a problem: ragged, invalid encoding, quote or JSON",
    sealed: true,
    rank: 1,
    compute: |subject| vec![Value::count(subject.state.problems.values().sum())],
};
