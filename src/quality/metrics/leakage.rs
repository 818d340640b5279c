//! `leakage`: records of one split whose content or group is in another.

use crate::quality::metric::{Definition, Value};
use crate::record::Role;

pub(super) const METRIC: Definition = Definition {
    name: "leakage",
    version: 1,
    unit: "records",
    formula: "the number of records of one split whose content is in another, too (field: \
              that of the split), or whose group is (field: that of the group); class: \
              `one<-other`",
    sealed: true,
    rank: 1,
    compute: |subject| {
        if !subject.has(Role::Split) {
            return Vec::new();
        }
        let leakage = subject.duplicates.and_then(|d| d.leakage.as_ref());
        let Some(leakage) = leakage else {
            return vec![Value::undefined(
                "no content fields, or more than 16 splits",
            )];
        };
        let value = |leak: &crate::profile::Leakage| {
            let pair = format!("{}<-{}", leak.split, leak.from);
            Value::count(leak.records).field(&leak.field).class(&pair)
        };
        leakage.iter().map(value).collect()
    },
};
