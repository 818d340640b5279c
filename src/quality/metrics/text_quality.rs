//! `text_quality`: records whose text has a defect.

use crate::quality::metric::{Definition, Value};

pub(super) const METRIC: Definition = Definition {
    name: "text_quality",
    version: 1,
    unit: "records",
    formula: "the number of records whose text has the defect that the class names",
    sealed: false,
    rank: 3,
    compute: |subject| {
        let counts = subject.state.texts.iter().flat_map(|text| {
            let counts = text.defects.iter();
            counts.map(|(class, records)| Value::count(*records).field(&text.field).class(class))
        });
        counts.collect()
    },
};
