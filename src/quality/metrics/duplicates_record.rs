//! `duplicates_record`: records that are equal in all fields.

use crate::quality::metric::{Definition, Value};

pub(super) const METRIC: Definition = Definition {
    name: "duplicates_record",
    version: 1,
    unit: "records",
    formula: "the sum over groups of records with equal text in all fields of (size - 1)",
    sealed: true,
    rank: 2,
    compute: |subject| {
        let duplicates = subject.duplicates.map(|duplicates| duplicates.record);
        vec![Value::count_or(duplicates, "not counted")]
    },
};
