//! `classes_empty`: how many declared classes have no record, per label field.

use crate::quality::metric::{Definition, Value};
use crate::quality::score::TOO_MANY;

pub(super) const METRIC: Definition = Definition {
    name: "classes_empty",
    version: 2,
    unit: "classes",
    formula: "the number of declared classes that no record has",
    sealed: true,
    rank: 3,
    compute: |subject| {
        let labels = subject.labels.iter();
        labels
            .map(|label| {
                let empty = |classes: &Vec<(String, u64)>| {
                    classes.iter().filter(|(_, count)| *count == 0).count() as u64
                };
                let count = label.classes.as_ref().map(empty);
                Value::count_or(count, TOO_MANY).field(&label.field)
            })
            .collect()
    },
};
