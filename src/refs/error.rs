//! What can go wrong with refs.

use std::path::PathBuf;

use crate::base::IoError;
use crate::object;

/// A view, operation or name that cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// `head` is missing or does not hold an id.
    #[error("{} does not name an operation", path.display())]
    DamagedHead {
        /// The file.
        path: PathBuf,
    },
    /// A name that no branch or tag may have.
    #[error("`{name}` cannot be the name of a branch or tag: {reason}")]
    BadName {
        /// The name.
        name: String,
        /// Why not.
        reason: &'static str,
    },
    /// An object is missing or damaged.
    #[error(transparent)]
    Object(#[from] object::Error),
    /// The machine failed.
    #[error(transparent)]
    Io(#[from] IoError),
}
