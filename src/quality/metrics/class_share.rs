//! `class_share`: the share of the labelled records that a class has, per label field and class.

use crate::quality::metric::{Definition, Value};
use crate::quality::score::TOO_MANY;

pub(super) const METRIC: Definition = Definition {
    name: "class_share",
    version: 2,
    unit: "share",
    formula: "records of the class / records with a label",
    sealed: false,
    rank: 6,
    compute: |subject| {
        let mut shares = Vec::new();
        for label in &subject.labels {
            let Some(classes) = &label.classes else {
                shares.push(Value::undefined(TOO_MANY).field(&label.field));
                continue;
            };
            shares.extend(classes.iter().map(|(class, count)| {
                let value = match label.records {
                    0 => Value::undefined("no labels"),
                    total => Value::ratio(*count, total),
                };
                value.field(&label.field).class(class)
            }));
        }
        shares
    },
};
