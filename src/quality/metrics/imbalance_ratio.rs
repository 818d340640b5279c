//! `imbalance_ratio`: the largest class against the smallest, per label field.

use crate::quality::metric::{Definition, Value};

pub(super) const METRIC: Definition = Definition {
    name: "imbalance_ratio",
    version: 2,
    unit: "ratio",
    formula: "records of the largest class / records of the smallest class",
    sealed: true,
    rank: 5,
    compute: |subject| {
        let labels = subject.labels.iter();
        labels
            .map(|label| {
                label.value(|classes, _| {
                    let counts = || classes.iter().map(|(_, count)| *count);
                    match (counts().max(), counts().min()) {
                        (Some(largest), Some(smallest)) if smallest > 0 => {
                            Value::ratio(largest, smallest)
                        }
                        _ => Value::undefined("a declared class has no records"),
                    }
                })
            })
            .collect()
    },
};
