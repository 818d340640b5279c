//! `pii`: records whose text holds personal data.

use crate::quality::metric::{Definition, Value};

pub(super) const METRIC: Definition = Definition {
    name: "pii",
    version: 1,
    unit: "records",
    formula: "the number of records whose text holds what looks like personal data of the \
              kind that the class names",
    sealed: false,
    rank: 3,
    compute: |subject| {
        let counts = subject.state.texts.iter().flat_map(|text| {
            let counts = text.pii.iter();
            counts.map(|(class, records)| Value::count(*records).field(&text.field).class(class))
        });
        counts.collect()
    },
};
