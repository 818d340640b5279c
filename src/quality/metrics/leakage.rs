//! `leakage`: records of one split whose content or group is in another.

use crate::quality::metric::{Definition, Value};

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
        let leakage = subject.duplicates.and_then(|d| d.leakage.as_ref());
        let Some(leakage) = leakage else {
            return vec![Value::undefined(
                "no field has the role split, or it has more than 16 values",
            )];
        };
        let value = |leak: &crate::profile::Leakage| {
            let pair = format!("{}<-{}", leak.split, leak.from);
            Value::count(leak.records).field(&leak.field).class(&pair)
        };
        leakage.iter().map(value).collect()
    },
};
