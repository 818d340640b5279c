//! `entropy`: how evenly the labels are spread over classes, in bits, per label field.

use crate::base::elementary::log2;
use crate::quality::metric::{Definition, Value};

pub(super) const METRIC: Definition = Definition {
    name: "entropy",
    version: 2,
    unit: "bits",
    formula: "-sum over classes of p log2 p, with p = records of the class / their sum over classes",
    sealed: false,
    rank: 5,
    compute: |subject| {
        let labels = subject.labels.iter();
        labels
            .map(|label| label.value(|classes, total| Value::real(entropy(classes, total))))
            .collect()
    },
};

/// Adds up in the order of the classes.
pub(super) fn entropy(classes: &[(String, u64)], total: u64) -> f64 {
    let mut sum = 0.0;
    for (_, count) in classes.iter().filter(|(_, count)| *count > 0) {
        let p = *count as f64 / total as f64;
        sum -= p * log2(p);
    }
    sum + 0.0 // -0.0 becomes 0.0
}
