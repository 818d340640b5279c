//! `effective_classes`: how many equally large classes have the same entropy, per label field.

use super::entropy::entropy;
use crate::base::elementary::exp2;
use crate::quality::metric::{Definition, Value};

pub(super) const METRIC: Definition = Definition {
    name: "effective_classes",
    version: 2,
    unit: "classes",
    formula: "2^entropy",
    sealed: false,
    rank: 7,
    compute: |subject| {
        let labels = subject.labels.iter();
        labels
            .map(|label| label.value(|classes, total| Value::real(exp2(entropy(classes, total)))))
            .collect()
    },
};
