//! `duplicates_content`: records whose content another record has.

use crate::quality::metric::{Definition, Value};

pub(super) const METRIC: Definition = Definition {
    name: "duplicates_content",
    version: 1,
    unit: "records",
    formula: "the sum over groups of records with equal feature, text and image fields of \
              (size - 1); records in which all of these are null do not count",
    sealed: true,
    rank: 2,
    compute: |subject| {
        let duplicates = subject.duplicates.and_then(|duplicates| duplicates.content);
        vec![Value::count_or(duplicates, "no content fields")]
    },
};
