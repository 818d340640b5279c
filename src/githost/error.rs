//! What can go wrong with git.

/// Why git did not answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It could not be started.
    #[error("git cannot be started")]
    Start {
        /// Why not.
        #[source]
        error: std::io::Error,
    },
    /// It ended with an error.
    #[error("git {arguments}: {stderr}")]
    Refused {
        /// What it was asked.
        arguments: String,
        /// What it said.
        stderr: String,
    },
    /// A path of the repository is no UTF-8.
    #[error("git names a path that is not UTF-8")]
    NotText,
    /// A directory whose name cannot stand in a line of text.
    #[error("{} cannot be told to hooks: its name is not UTF-8, or has a line end in it", path.display())]
    Unsaid {
        /// The directory, relative to the root of the worktree.
        path: std::path::PathBuf,
    },
    /// The directory of hooks is none: git runs no hooks.
    #[error("git runs no hooks here: core.hooksPath is {}", path.display())]
    HooksOff {
        /// What it is.
        path: std::path::PathBuf,
    },
    /// Something that dver cannot take part in stands where a hook, or what was one, belongs.
    #[error("{} is in the way of a hook", path.display())]
    HookInTheWay {
        /// The path.
        path: std::path::PathBuf,
    },
    /// The machine failed.
    #[error(transparent)]
    Io(#[from] crate::base::IoError),
    /// The lock file is none.
    #[error("{path} is no lock file: {why}", path = super::LOCK)]
    Lock {
        /// What is wrong.
        why: &'static str,
    },
}
