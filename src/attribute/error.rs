//! What keeps a change from being attributed.

/// Why there is no attribution.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No test record is in both versions.
    #[error("no test record is in both versions")]
    NoCommonTest,
    /// The score has no value where only some of the changes are made.
    #[error("the score is undefined where only some of the changes are made")]
    Undefined,
    /// There are more groups of changes than models can be fitted for.
    #[error("{groups} groups of changes need at least {least} models, and {most} are allowed")]
    TooManyGroups {
        /// How many groups there are.
        groups: usize,
        /// How many models have to be fitted at least.
        least: u64,
        /// How many may be.
        most: u64,
    },
    /// So many training records came or went that neighbours cannot be explained one by one.
    #[error("too many training records came or went to explain neighbours one by one")]
    TooMuchChanged,
    /// What was given is no pair of versions.
    #[error("the two versions do not fit together: {what}")]
    Inconsistent {
        /// What is wrong.
        what: String,
    },
    /// The parts do not add up to the change: a defect, never an answer.
    #[error("the parts differ from the change by {residual:e}")]
    DoesNotAddUp {
        /// By how much.
        residual: f64,
    },
}
