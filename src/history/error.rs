//! What can go wrong with revisions.

use crate::object;
use crate::refs;

/// A revision that names nothing, or too much.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No branch, tag or commit has that name.
    #[error("`{text}` names no commit")]
    Unknown {
        /// What was asked for.
        text: String,
        /// Names that are close to it.
        nearest: Vec<String>,
    },
    /// A prefix that several commits share.
    #[error("`{text}` is the beginning of {count} commit ids")]
    Ambiguous {
        /// What was asked for.
        text: String,
        /// How many commits begin so.
        count: usize,
    },
    /// Something like `main~x`.
    #[error("`{text}` is not a revision: {reason}")]
    Syntax {
        /// What was asked for.
        text: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// `REV~N` or `REV^N` beyond the first commit.
    #[error("`{text}` goes beyond {}, which has no parent {number}", commit.short())]
    NoParent {
        /// What was asked for.
        text: String,
        /// The commit without the parent.
        commit: crate::base::ObjectId,
        /// Which parent, counted from 1.
        number: usize,
    },
    /// HEAD stands on a branch without a commit.
    #[error("the branch `{branch}` has no commit yet")]
    Unborn {
        /// The branch.
        branch: String,
    },
    /// `@{N}` of an operation whose state gc has let go of.
    #[error("`{text}` is operation {seq}, which has expired: gc has let go of the state after it")]
    Expired {
        /// What was asked for.
        text: String,
        /// The operation's number.
        seq: u64,
    },
    /// The chain of operations cannot be read.
    #[error(transparent)]
    Refs(#[from] refs::Error),
    /// An object is missing or damaged.
    #[error(transparent)]
    Object(#[from] object::Error),
}
