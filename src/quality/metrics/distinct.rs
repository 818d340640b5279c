//! `distinct`: how many values there are, per field.

use crate::quality::metric::{Definition, Value};
use crate::quality::score::TOO_MANY;

pub(super) const METRIC: Definition = Definition {
    name: "distinct",
    version: 1,
    unit: "values",
    formula: "the number of distinct values that are not null, in the spelling of the field's type",
    sealed: false,
    rank: 7,
    compute: |subject| {
        let fields = subject.state.fields.iter();
        fields
            .map(|field| Value::count_or(field.distinct, TOO_MANY).field(&field.name))
            .collect()
    },
};
