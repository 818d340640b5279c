//! What can go wrong in a worktree: errors that end a command, and findings about one path that
//! do not.

use std::path::PathBuf;

use crate::base::{IoError, RepoPath};
use crate::index;
use crate::object;

/// A failure that ends the command.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The machine failed.
    #[error(transparent)]
    Io(#[from] IoError),
    /// An object cannot be had or kept.
    #[error(transparent)]
    Object(#[from] object::Error),
    /// The index failed.
    #[error(transparent)]
    Index(#[from] index::Error),
    /// The worktree's root is no directory.
    #[error("{} is not a directory", .0.display())]
    NoWorktree(PathBuf),
    /// Files that are in no snapshot, or not in the one they are compared with, stand in the way.
    #[error("{} paths hold work that would be lost, first `{}`", .0.len(), first(.0))]
    InTheWay(Vec<RepoPath>),
}

fn first(paths: &[RepoPath]) -> String {
    paths.first().map(ToString::to_string).unwrap_or_default()
}

/// Something about one path that is told, while the others go on.
#[derive(Debug)]
pub struct Finding {
    /// The path.
    pub path: RepoPath,
    /// What is the matter with it.
    pub problem: Problem,
}

/// What can be the matter with a path.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// It cannot be read or written.
    #[error(transparent)]
    Unreadable(#[from] IoError),
    /// It is a pipe, a socket or a device, which has no content to keep.
    #[error("it is a {0}, which cannot be versioned")]
    Special(&'static str),
    /// It changed while it was read, twice.
    #[error("it changed while it was read")]
    Changed,
    /// It grew while it was read; the part that stood there at first is the version.
    #[error("it grew while it was read; its first {read} bytes are the version")]
    Grown {
        /// How many bytes are the version.
        read: u64,
    },
    /// Nothing stands there any more.
    #[error("it is gone")]
    Gone,
    /// It is a directory.
    #[error("it is a directory")]
    Directory,
    /// A line of a `.dverignore` does not read.
    #[error("a pattern cannot be read: {0}")]
    BadPattern(String),
}

impl Problem {
    /// Returns whether the path was taken all the same, so that this is only a note.
    pub fn is_note(&self) -> bool {
        match self {
            Self::Grown { .. } | Self::BadPattern(_) => true,
            Self::Unreadable(_)
            | Self::Special(_)
            | Self::Changed
            | Self::Gone
            | Self::Directory => false,
        }
    }
}
