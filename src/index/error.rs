//! What can go wrong with the index.

use std::path::PathBuf;

use crate::base::IoError;

/// A question that the index could not answer, or rows that it could not take.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// SQLite failed.
    #[error("the index {} failed", path.display())]
    Sqlite {
        /// The index file; `:memory:` where it has none.
        path: PathBuf,
        /// What SQLite said.
        source: rusqlite::Error,
    },
    /// A row says what no writer of this index wrote.
    #[error("the index {} is damaged: {what}", path.display())]
    Damaged {
        /// The index file.
        path: PathBuf,
        /// What is wrong.
        what: &'static str,
    },
    /// A query is not one statement that only reads.
    #[error("the query is not a single statement that only reads")]
    NotReadOnly,
    /// A query does not compile or run.
    #[error("the query failed: {message}")]
    Query {
        /// What SQLite said.
        message: String,
    },
    /// The machine failed.
    #[error(transparent)]
    Io(#[from] IoError),
}

impl Error {
    /// Returns whether the index file itself is bad, so that recreating it helps.
    pub fn is_damaged(&self) -> bool {
        use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase, SchemaChanged, TypeMismatch};
        match self {
            Self::Damaged { .. } => true,
            Self::Sqlite { source, .. } => match source {
                rusqlite::Error::SqliteFailure(e, message) => {
                    matches!(
                        e.code,
                        DatabaseCorrupt | NotADatabase | SchemaChanged | TypeMismatch
                    ) || message.as_deref().is_some_and(|m| {
                        m.starts_with("no such table") || m.starts_with("no such column")
                    })
                }
                rusqlite::Error::SqlInputError { msg, .. } => {
                    msg.starts_with("no such table") || msg.starts_with("no such column")
                }
                rusqlite::Error::FromSqlConversionFailure(..)
                | rusqlite::Error::IntegralValueOutOfRange(..)
                | rusqlite::Error::InvalidColumnType(..)
                | rusqlite::Error::Utf8Error(..) => true,
                _ => false,
            },
            _ => false,
        }
    }
}
