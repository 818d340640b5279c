//! `log`: commits, newest first.

use crate::base::ObjectId;
use crate::history::{self, split_range};
use crate::object::{Commit, Snapshot};
use crate::repo::Repo;

use super::error::Error;

/// Which commits to show.
#[derive(Clone, Debug, Default)]
pub struct LogOptions {
    /// At most this many.
    pub most: Option<usize>,
    /// `A..B` (in B, not in A), a revision, or HEAD where it is `None`.
    pub revisions: Option<String>,
    /// Only commits that changed a file at or below one of these paths.
    pub below: Vec<Vec<u8>>,
}

/// Returns the commits that the options ask for; none in a repository without commits.
pub fn log(repo: &Repo, options: &LogOptions) -> Result<Vec<(ObjectId, Commit)>, Error> {
    let (tips, without) = match options.revisions.as_deref() {
        None => match repo.head_commit()? {
            None => return Ok(Vec::new()),
            Some((id, _)) => (vec![id], Vec::new()),
        },
        Some(text) => match split_range(text) {
            Some((a, b)) => (vec![repo.resolve(b)?], vec![repo.resolve(a)?]),
            None => (vec![repo.resolve(text)?], Vec::new()),
        },
    };
    let most = if options.below.is_empty() {
        options.most
    } else {
        None
    };
    let mut commits = history::log(&repo.store, &tips, &without, most)?;
    if !options.below.is_empty() {
        let mut kept = Vec::new();
        for (id, commit) in commits {
            if options.most.is_some_and(|most| kept.len() >= most) {
                break;
            }
            if touches(repo, &commit, &options.below)? {
                kept.push((id, commit));
            }
        }
        commits = kept;
    }
    Ok(commits)
}

/// Returns whether a commit changed a file at or below one of the paths, against its first parent.
fn touches(repo: &Repo, commit: &Commit, below: &[Vec<u8>]) -> Result<bool, Error> {
    let within = |path: &crate::base::RepoPath| below.iter().any(|dir| path.is_within(dir));
    let Some(parent) = commit.parents.first() else {
        let entries = Snapshot::entries(&repo.store, &commit.snapshot)?;
        return Ok(entries.iter().any(|entry| within(&entry.path)));
    };
    let parent: Commit = crate::object::get(&repo.store, parent)?;
    let changes = Snapshot::changes(&repo.store, &parent.snapshot, &commit.snapshot)?;
    Ok(changes
        .iter()
        .filter_map(|change| change.path())
        .any(within))
}
