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
    /// The lock file is none.
    #[error("{path} is no lock file: {why}", path = super::LOCK)]
    Lock {
        /// What is wrong.
        why: &'static str,
    },
}
