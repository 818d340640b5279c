//! What can go wrong with a remote.

use std::path::PathBuf;

use crate::base::IoError;
use crate::object;

/// A remote that cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nothing was pushed there yet, or it is something else.
    #[error("{} is no remote: {reason}", path.display())]
    NotARemote {
        /// The directory.
        path: PathBuf,
        /// Why not.
        reason: &'static str,
    },
    /// A head that this dver cannot read.
    #[error("the head of the remote, {}, is damaged: {reason}", path.display())]
    DamagedHead {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// An object is missing or damaged.
    #[error(transparent)]
    Object(#[from] object::Error),
    /// The machine failed.
    #[error(transparent)]
    Io(#[from] IoError),
}
