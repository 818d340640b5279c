//! `distinct`: how many values there are, per field.

use crate::quality::estimate;
use crate::quality::metric::{Definition, Value};
use crate::quality::score::TOO_MANY;

pub(super) const METRIC: Definition = Definition {
    name: "distinct",
    version: 2,
    unit: "values",
    formula: "the number of distinct values that are not null, in the spelling of the field's type; above 65,536 an estimate, in the spelling of the records",
    sealed: false,
    rank: 7,
    compute: |subject| {
        let fields = subject.state.fields.iter();
        fields
            .map(|field| {
                let value = match (field.distinct, &field.sketch) {
                    (None, Some(filled)) => estimate::distinct(filled),
                    (count, _) => Value::count_or(count, TOO_MANY),
                };
                value.field(&field.name)
            })
            .collect()
    },
};
