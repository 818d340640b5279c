//! `reindex`: derives the index anew.

use crate::base::progress::Progress;
use crate::repo::Repo;

use super::error::Error;

/// Throws the index away and derives it from the objects; returns how many commits it holds.
pub fn reindex(repo: &mut Repo, progress: &dyn Progress) -> Result<u64, Error> {
    repo.rebuild_index(progress)?;
    Ok(repo.index.commits()?.len() as u64)
}
