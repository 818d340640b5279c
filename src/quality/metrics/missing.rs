//! `missing`: the share of records without a value, per field.

use crate::quality::metric::{Definition, Value};
use crate::quality::score::nulls;

pub(super) const METRIC: Definition = Definition {
    name: "missing",
    version: 1,
    unit: "share",
    formula: "records in which the field is null / records",
    sealed: false,
    rank: 4,
    compute: |subject| {
        let fields = subject.state.fields.iter();
        fields
            .map(|field| {
                let value = match subject.state.records {
                    0 => Value::undefined("no records"),
                    records => Value::ratio(nulls(field), records),
                };
                value.field(&field.name)
            })
            .collect()
    },
};
