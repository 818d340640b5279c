//! What can be unclear about the analyses of a version.

use crate::base::ObjectId;

/// Which analysis, or which count of one, is meant is not clear.
#[derive(Debug, thiserror::Error)]
pub enum Unclear {
    /// No analysis, or several where one is meant.
    #[error("{}", words(.found, .known))]
    NotOne {
        /// Kinds and ids of those that are meant.
        found: Vec<(String, ObjectId)>,
        /// Of all that the version has.
        known: Vec<(String, ObjectId)>,
    },
    /// No commit has an analysis with that count.
    #[error("no analysis `{kind}` with that count is attached to these versions")]
    NoSuchCount {
        /// What was looked for.
        kind: String,
        /// The counts that there are.
        known: Vec<String>,
    },
}

fn words(found: &[(String, ObjectId)], known: &[(String, ObjectId)]) -> &'static str {
    match (found, known) {
        ([], []) => "no analysis is attached to the version",
        ([], _) => "no such analysis is attached to the version",
        _ => "several analyses are attached to the version, and a work list is of one",
    }
}
