//! `clone`: a new repository with everything that a remote has.

use std::path::{Path, PathBuf};

use crate::base::progress::Progress;
use crate::base::{ObjectId, fsio};
use crate::remote::{self, Directory, Remote as _};
use crate::repo::{Actor, Repo};

use super::super::checkout::{self, Destination};
use super::super::error::Error;
use super::super::init;
use super::DEFAULT;
use super::fetch::{Fetched, fetch};

/// What a clone made.
#[derive(Clone, Debug)]
pub struct Cloned {
    /// The worktree.
    pub root: PathBuf,
    /// What was fetched.
    pub fetched: Fetched,
    /// The branch that it stands on, and its commit.
    pub branch: Option<(String, ObjectId)>,
}

/// Clones a remote into a directory that is not there or empty.
///
/// Where it is stopped, the directory is a repository that `pull` completes.
pub fn clone(
    from: &Path,
    root: &Path,
    branch: Option<&str>,
    actor: Actor,
    progress: &dyn Progress,
    waiting: &mut dyn FnMut(&str),
) -> Result<Cloned, Error> {
    // Asked first, so that a wrong address leaves nothing behind.
    let head = Directory::new(from).head()?;
    let head = head.ok_or_else(|| remote::Error::NotARemote {
        path: from.to_owned(),
        reason: "nothing was pushed there",
    })?;
    let first = || {
        let mut heads = head.refs.0.keys();
        heads.find_map(|full| full.strip_prefix("heads/"))
    };
    let main = || {
        head.refs
            .branch(init::FIRST_BRANCH)
            .map(|_| init::FIRST_BRANCH)
    };
    let branch = branch.or_else(main).or_else(first).map(str::to_owned);
    let tip = branch.as_ref().map(|branch| {
        let missing = || Error::NoRemoteBranch {
            remote: from.display().to_string(),
            branch: branch.clone(),
        };
        Ok((
            branch.clone(),
            head.refs.branch(branch).ok_or_else(missing)?,
        ))
    });
    let tip = tip.transpose().map_err(|e: Error| e)?;
    if std::fs::read_dir(root).is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(Error::NotEmpty {
            path: root.to_owned(),
        });
    }
    fsio::create_dir_all(root)?;
    init::init(root, &actor)?;
    let mut repo = Repo::open(root, actor)?;
    super::add(&mut repo, DEFAULT, from, waiting)?;
    let fetched = fetch(&mut repo, Some(DEFAULT), progress, waiting)?;
    if let Some((branch, tip)) = &tip {
        let to = Destination::Forward(branch.clone(), *tip);
        checkout::checkout(&mut repo, "clone", &to, false, progress, waiting)?;
    }
    Ok(Cloned {
        root: root.to_owned(),
        fetched,
        branch: tip,
    })
}
