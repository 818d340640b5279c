//! Operations: the hash chain of acts on a repository. Layout: docs/format.md, "Operation".

use serde::{Deserialize, Serialize};

use crate::base::{ObjectId, Timestamp};

use super::json::Kind;

/// One act on the repository; `head` names the latest.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Operation {
    /// One more than the operation before it; the first is 1.
    pub seq: u64,
    /// The operation before it.
    pub previous: Option<ObjectId>,
    /// The whole mutable state after it.
    pub view: ObjectId,
    /// When.
    pub time: Timestamp,
    /// Who, as `Name <mail>`.
    pub user: String,
    /// The command, such as `commit`.
    pub verb: String,
    /// What it was about: commits, branches, paths.
    pub revisions: Vec<String>,
    /// Whether the log leaves it out and `undo` passes over it (staging).
    pub hidden: bool,
    /// The files that it wrote into the worktree.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wrote: Option<Written>,
    /// gc has let go of what the operations up to this number name: they stand in the log, their
    /// states need not be there any more. Taken over from the operation before, or raised by gc.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expired: Option<u64>,
}

impl Operation {
    /// Returns whether, from this operation on, the state after operation `seq` may be gone.
    pub fn has_expired(&self, seq: u64) -> bool {
        self.expired.is_some_and(|last| seq <= last)
    }
}

/// What an operation did to the worktree's files.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Written {
    /// A snapshot of the paths it touched as they were before, whether committed or not.
    pub before: ObjectId,
    /// A snapshot of the same paths as it left them.
    pub after: ObjectId,
}

impl Kind for Operation {
    const KIND: &'static str = "operation 1";
}
