//! Revisions of git: `git:REV` is the dver commit that `dver.lock` names in a git commit.

use std::path::PathBuf;

use crate::base::ObjectId;
use crate::githost::{self, Git, Lock};
use crate::object::ObjectSource as _;

use super::Repo;

/// What a revision of git begins with.
pub const GIT_PREFIX: &str = "git:";

/// A revision of git that names no version here.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// There is no git repository around the data, or no git.
    #[error("`git:{revision}` needs a git repository, and {} is in none", root.display())]
    NoRepository {
        /// What git was to be asked.
        revision: String,
        /// The root of the dver worktree.
        root: PathBuf,
    },
    /// Git knows no such commit.
    #[error("`git:{revision}`: git knows no commit `{revision}`{}",
        if *shallow { "; its history is cut off here (a shallow clone)" } else { "" })]
    Unknown {
        /// What git was asked.
        revision: String,
        /// Whether git's history is cut off, so that the commit may be elsewhere.
        shallow: bool,
    },
    /// The git commit has no lock file.
    #[error("`git:{revision}`: the git commit {} has no {}", short(commit), path.display())]
    NoLock {
        /// What git was asked.
        revision: String,
        /// The full id of the git commit.
        commit: String,
        /// Where the lock file would be.
        path: PathBuf,
    },
    /// The git commit's lock file is none.
    #[error(
        "`git:{revision}`: the git commit {} names no version of the data",
        short(commit)
    )]
    Lock {
        /// What git was asked.
        revision: String,
        /// The full id of the git commit.
        commit: String,
        /// What is wrong with the file.
        source: githost::Error,
    },
    /// The version that the git commit names is not in this repository.
    #[error(
        "`git:{revision}`: the git commit {} names version {}, which is not here",
        short(commit),
        data.short()
    )]
    NotHere {
        /// What git was asked.
        revision: String,
        /// The full id of the git commit.
        commit: String,
        /// The dver commit.
        data: ObjectId,
    },
    /// Git could not be asked.
    #[error(transparent)]
    Git(#[from] githost::Error),
}

/// Returns the beginning of the id of a git commit, for people.
pub fn short(commit: &str) -> &str {
    commit.get(..12).unwrap_or(commit)
}

impl Repo {
    /// Returns the git worktree that the data are in.
    pub fn git(&self) -> Result<Option<Git>, githost::Error> {
        Git::find(&self.root)
    }

    /// Returns the dver commit that the lock file of a git commit names; `revision` is git's.
    pub(super) fn locked_at(&self, revision: &str) -> Result<ObjectId, super::Error> {
        let asked = || revision.to_owned();
        let no_repository = || GitError::NoRepository {
            revision: asked(),
            root: self.root.clone(),
        };
        let git = self.git().map_err(GitError::from)?;
        let git = git.ok_or_else(no_repository)?;
        let path = git.lock_path(&self.root).ok_or_else(no_repository)?;
        let found = git.resolve(revision).map_err(GitError::from)?;
        let Some(commit) = found else {
            return Err(GitError::Unknown {
                revision: asked(),
                shallow: git.is_shallow().map_err(GitError::from)?,
            }
            .into());
        };
        let data = match git.lock_at(&commit, &path) {
            Ok(Some(Lock { commit })) => commit,
            Ok(None) => {
                return Err(GitError::NoLock {
                    revision: asked(),
                    commit,
                    path,
                }
                .into());
            }
            Err(source @ githost::Error::Lock { .. }) => {
                return Err(GitError::Lock {
                    revision: asked(),
                    commit,
                    source,
                }
                .into());
            }
            Err(e) => return Err(GitError::Git(e).into()),
        };
        if !self.store.contains(&data)? {
            return Err(GitError::NotHere {
                revision: asked(),
                commit,
                data,
            }
            .into());
        }
        Ok(data)
    }
}
