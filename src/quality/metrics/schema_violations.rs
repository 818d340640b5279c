//! `schema_violations`: records that break what dver.toml holds their fields to.

use crate::quality::metric::{Definition, Value};

pub(super) const METRIC: Definition = Definition {
    name: "schema_violations",
    version: 1,
    unit: "records",
    formula: "the number of records that break a rule, by field and rule; without field \
              and class their sum, in which a record counts once for each rule that it \
              breaks",
    sealed: true,
    rank: 1,
    compute: |subject| {
        let violations = &subject.state.violations;
        if violations.is_empty() {
            return Vec::new();
        }
        let sum: Option<u64> = violations.iter().map(|rule| rule.records).sum();
        let unknown = "the field that is referred to is not there";
        let mut values = vec![Value::count_or(sum, unknown)];
        values.extend(violations.iter().map(|rule| {
            let value = Value::count_or(rule.records, unknown);
            value.field(&rule.field).class(&rule.rule)
        }));
        values
    },
};
