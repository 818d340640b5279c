//! What can go wrong with an object.

use crate::base::varint::Malformed;
use crate::base::{IoError, ObjectId};

/// An object that cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No pack holds the object.
    #[error("object {} is not in the store", .0.short())]
    Missing(ObjectId),
    /// The object's bytes do not decode, or do not hash to its id.
    #[error("object {} is damaged: {reason}", id.short())]
    Corrupt {
        /// The object.
        id: ObjectId,
        /// What is wrong with it.
        reason: String,
    },
    /// The object is sound but of another kind than the field that refers to it says.
    #[error("object {} is no `{expected}`", id.short())]
    WrongKind {
        /// The object.
        id: ObjectId,
        /// The kind and version that was expected.
        expected: &'static str,
    },
    /// An object is larger than a store keeps in one piece.
    #[error("an object of {size} bytes is larger than the {most} bytes that a store keeps in one")]
    TooLarge {
        /// Its size in bytes.
        size: u64,
        /// The largest size in bytes.
        most: u64,
    },
    /// A pack file is damaged as a whole.
    #[error("{} is damaged: {reason}", path.display())]
    DamagedPack {
        /// The pack file.
        path: std::path::PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The machine failed.
    #[error(transparent)]
    Io(#[from] IoError),
}

impl Error {
    /// Builds [`Error::Corrupt`].
    pub fn corrupt(id: ObjectId, reason: impl Into<String>) -> Self {
        Self::Corrupt {
            id,
            reason: reason.into(),
        }
    }

    /// Builds [`Error::Corrupt`] from a decoder's complaint.
    pub fn malformed(id: ObjectId) -> impl Fn(Malformed) -> Self {
        move |e| Self::corrupt(id, e.to_string())
    }
}
