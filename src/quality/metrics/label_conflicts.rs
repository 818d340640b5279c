//! `label_conflicts`: records of equal content with different labels.

use crate::quality::metric::{Definition, Value};

pub(super) const METRIC: Definition = Definition {
    name: "label_conflicts",
    version: 1,
    unit: "records",
    formula: "the number of records in groups of equal content (and equal item and annotator \
              where declared) with more than one label that is not null",
    sealed: true,
    rank: 1,
    compute: |subject| {
        let conflicts = subject.duplicates.and_then(|d| d.label_conflicts);
        let note = match subject.labels.is_empty() {
            true => "no label fields",
            false => "no content fields",
        };
        vec![Value::count_or(conflicts, note)]
    },
};
