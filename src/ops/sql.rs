//! `sql`: read-only SQL over the index.

use crate::index::SqlTable;
use crate::repo::Repo;

use super::error::Error;

/// Runs one read-only statement.
pub fn sql(repo: &Repo, query: &str) -> Result<SqlTable, Error> {
    Ok(repo.index.read_only_sql(query)?)
}
