//! Whether two evaluations can be compared, in words.

use crate::object::Evaluation;

/// How two evaluations of one definition compare.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Comparable {
    /// The test records and their labels are the same.
    Yes,
    /// The test records are the same, and some labels are not.
    LabelsChanged,
    /// Other test records.
    DifferentTest,
}

impl Comparable {
    /// Returns the word for machines.
    pub fn name(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::LabelsChanged => "labels_changed",
            Self::DifferentTest => "different_test",
        }
    }
}

/// Tells how two evaluations compare; `None` where they are not of one definition.
pub fn comparable(older: &Evaluation, newer: &Evaluation) -> Option<Comparable> {
    if older.definition != newer.definition {
        return None;
    }
    let (old, new) = (&older.test, &newer.test);
    Some(
        match (old.records, &old.inputs) == (new.records, &new.inputs) {
            false => Comparable::DifferentTest,
            true if old.labels == new.labels => Comparable::Yes,
            true => Comparable::LabelsChanged,
        },
    )
}
