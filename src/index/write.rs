//! The one way to change the index: a transaction, tagged with the operation it reflects.

use std::path::PathBuf;

use rusqlite::{Connection, Params, TransactionBehavior, params};

use crate::base::{ObjectId, fsio};

use super::error::Error;
use super::open::{self, Index, Storage};

/// Changes that become visible together. Dropped before [`Transaction::commit`], they are gone.
pub struct Transaction<'a> {
    pub(super) inner: rusqlite::Transaction<'a>,
    path: PathBuf,
    storage: Storage,
}

impl Index {
    /// Begins to change the index, waiting for another process that does.
    pub fn transaction(&mut self) -> Result<Transaction<'_>, Error> {
        let path = self.path.clone();
        let storage = self.storage();
        let inner = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(|source| Error::Sqlite {
                path: path.clone(),
                source,
            })?;
        Ok(Transaction {
            inner,
            path,
            storage,
        })
    }
}

impl Transaction<'_> {
    /// Returns the operation that the rows reflect: it may have changed while waiting.
    pub fn operation(&self) -> Result<Option<ObjectId>, Error> {
        open::operation(&self.inner).map_err(self.error())
    }

    /// Says which operation the rows reflect now.
    pub fn set_operation(&self, operation: &ObjectId) -> Result<(), Error> {
        self.execute(
            "INSERT OR REPLACE INTO meta VALUES ('operation', ?1)",
            params![operation.to_string()],
        )
    }

    /// Removes every row but the stat cache, to build the index anew.
    pub fn clear(&self) -> Result<(), Error> {
        for table in [
            "meta",
            "label_change_rows",
            "commit_rows",
            "parents",
            "commit_datasets",
            "change_sets",
            "schema_changes",
            "metrics",
            "evaluations",
            "scores",
        ] {
            self.execute(&format!("DELETE FROM {table}"), [])?;
        }
        Ok(())
    }

    /// Makes the changes visible.
    pub fn commit(self) -> Result<(), Error> {
        if self.storage == Storage::File {
            fsio::step("commit the index", &self.path)?;
        }
        let path = self.path;
        self.inner.commit().map_err(|source| Error::Sqlite {
            path: path.clone(),
            source,
        })?;
        if self.storage == Storage::File {
            fsio::step("leave the index", &path)?;
        }
        Ok(())
    }

    pub(super) fn connection(&self) -> &Connection {
        &self.inner
    }

    pub(super) fn execute(&self, sql: &str, parameters: impl Params) -> Result<(), Error> {
        self.inner
            .prepare_cached(sql)
            .and_then(|mut statement| statement.execute(parameters))
            .map(|_| ())
            .map_err(self.error())
    }

    pub(super) fn error(&self) -> impl Fn(rusqlite::Error) -> Error + '_ {
        |source| Error::Sqlite {
            path: self.path.clone(),
            source,
        }
    }
}
