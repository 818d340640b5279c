//! `label_cardinality`: how many classes a record's set has on average, per label field of sets.

use crate::quality::metric::{Definition, Value};
use crate::quality::score::TOO_MANY;

pub(super) const METRIC: Definition = Definition {
    name: "label_cardinality",
    version: 1,
    unit: "labels",
    formula: "the sum over classes of the records of the class / records with a label",
    sealed: false,
    rank: 6,
    compute: |subject| {
        let sets = subject.labels.iter().filter(|label| label.sets);
        sets.map(|label| {
            let value = match (label.total(), label.records) {
                (None, _) => Value::undefined(TOO_MANY),
                (Some(_), 0) => Value::undefined("no labels"),
                (Some(total), records) => Value::ratio(total, records),
            };
            value.field(&label.field)
        })
        .collect()
    },
};
