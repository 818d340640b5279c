//! What can go wrong when a repository is opened.

use std::path::PathBuf;

use crate::base::{IoError, ObjectId};
use crate::config;
use crate::history;
use crate::index;
use crate::object;
use crate::refs;

/// A repository that cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Neither the directory nor one above it holds a repository.
    #[error("{} is not inside a dver repository", start.display())]
    NotARepository {
        /// Where the search began.
        start: PathBuf,
        /// A lock file that is there all the same: git was cloned, and the data are elsewhere.
        lock: Option<PathBuf>,
    },
    /// The view knows no worktree of that name.
    #[error("the repository has no worktree named `{name}`")]
    NoWorktree {
        /// The name.
        name: String,
    },
    /// The repository is of another format.
    #[error(transparent)]
    Version(#[from] super::VersionError),
    /// Settings that do not parse.
    #[error(transparent)]
    Config(#[from] config::Error),
    /// The index failed.
    #[error(transparent)]
    Index(#[from] index::Error),
    /// `head` names an operation whose state is missing or damaged.
    #[error("the state that head names, operation {}, cannot be read", id.short())]
    NoState {
        /// What `head` names.
        id: ObjectId,
        /// What is the matter with it.
        source: object::Error,
    },
    /// The state cannot be read.
    #[error(transparent)]
    Refs(#[from] refs::Error),
    /// A revision names nothing.
    #[error(transparent)]
    History(#[from] history::Error),
    /// A revision of git names nothing here.
    #[error(transparent)]
    Git(#[from] super::GitError),
    /// An object is missing or damaged.
    #[error(transparent)]
    Object(#[from] object::Error),
    /// The machine failed.
    #[error(transparent)]
    Io(#[from] IoError),
}
