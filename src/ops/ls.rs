//! `ls`: the entries of a version.

use crate::object::{FileEntry, Snapshot};
use crate::repo::Repo;

use super::error::Error;

/// Returns the files of a revision, or the staged ones, that lie at or below one of the paths
/// (all without paths).
pub fn ls(repo: &Repo, revision: Option<&str>, below: &[Vec<u8>]) -> Result<Vec<FileEntry>, Error> {
    let snapshot = match revision {
        Some(revision) => Some(repo.commit(revision)?.1.snapshot),
        None => repo.stage_snapshot()?,
    };
    let Some(snapshot) = snapshot else {
        return Ok(Vec::new());
    };
    let mut entries = Snapshot::entries(&repo.store, &snapshot)?;
    entries.retain(|e| below.is_empty() || below.iter().any(|dir| e.path.is_within(dir)));
    Ok(entries)
}
