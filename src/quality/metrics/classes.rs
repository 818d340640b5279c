//! `classes`: how many classes have records, per label field.

use crate::quality::metric::{Definition, Value};
use crate::quality::score::TOO_MANY;

pub(super) const METRIC: Definition = Definition {
    name: "classes",
    version: 2,
    unit: "classes",
    formula: "the number of distinct labels that are not null",
    sealed: true,
    rank: 3,
    compute: |subject| {
        let labels = subject.labels.iter();
        labels
            .map(|label| {
                let count = label.observed().map(|classes| classes.count() as u64);
                Value::count_or(count, TOO_MANY).field(&label.field)
            })
            .collect()
    },
};
