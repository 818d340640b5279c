//! `reindex`: derives the index anew.

use crate::repo::Repo;

use super::error::Error;

/// Throws the index away and derives it from the objects; returns how many commits it holds.
pub fn reindex(repo: &mut Repo) -> Result<u64, Error> {
    repo.rebuild_index()?;
    Ok(repo.index.commits()?.len() as u64)
}
