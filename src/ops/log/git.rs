//! From a version to the git commits that brought it into git.

use std::collections::BTreeMap;

use crate::base::ObjectId;
use crate::githost::{Locked, Reach};
use crate::repo::Repo;

use super::super::error::Error;

/// For versions of the data, the git commits that made `dver.lock` name them, the oldest first.
pub type GitCommits = BTreeMap<ObjectId, Vec<Locked>>;

/// Asks git which of its commits, on any branch or tag, brought which version.
pub fn git_commits(repo: &Repo) -> Result<GitCommits, Error> {
    let no_git = || Error::NoGit {
        path: repo.root.clone(),
    };
    let git = repo.git()?.ok_or_else(no_git)?;
    let path = git.lock_path(&repo.root).ok_or_else(no_git)?;
    let mut out = GitCommits::new();
    for locked in git.locked(&path, Reach::Branches)? {
        out.entry(locked.data).or_default().push(locked);
    }
    Ok(out)
}
