//! `duplicates_key`: records whose key another record has.

use crate::quality::metric::{Definition, Value};

pub(super) const METRIC: Definition = Definition {
    name: "duplicates_key",
    version: 1,
    unit: "records",
    formula: "the sum over keys of (records with the key - 1); null keys do not count",
    sealed: true,
    rank: 1,
    compute: |subject| {
        let duplicates = subject.duplicates.and_then(|duplicates| duplicates.key);
        vec![Value::count_or(duplicates, "no key")]
    },
};
