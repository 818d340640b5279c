//! `text_script`: records by the script of their text.

use crate::quality::metric::{Definition, Value};

pub(super) const METRIC: Definition = Definition {
    name: "text_script",
    version: 1,
    unit: "records",
    formula: "the number of records most letters of whose text are in the script that the \
              class names",
    sealed: false,
    rank: 4,
    compute: |subject| {
        let counts = subject.state.texts.iter().flat_map(|text| {
            let counts = text.scripts.iter();
            counts.map(|(class, records)| Value::count(*records).field(&text.field).class(class))
        });
        counts.collect()
    },
};
