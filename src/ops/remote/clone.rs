//! `clone`: a new repository with everything that a remote has.

use std::path::{Path, PathBuf};

use crate::base::progress::Progress;
use crate::base::{IoError, ObjectId, fsio};
use crate::githost::{LOCK, Place};
use crate::object::Head;
use crate::refs::check_branch_name;
use crate::remote::{self, Directory, Remote as _};
use crate::repo::{self, Actor, Home, Repo};

use super::super::checkout::{self, Destination};
use super::super::error::Error;
use super::super::hook;
use super::super::init;
use super::super::transaction::{self, Note};
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

/// Clones a remote into a directory that is not there, empty, or what a clone of the same remote
/// left that was stopped before it had files.
///
/// A directory of a git worktree with a lock file and no data yet is taken too: git was cloned, and
/// this brings the data that the lock names.
///
/// Where it is stopped, the same clone goes on; and as soon as the directory is a repository with
/// the remote, `pull` does too.
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
    let place = place_of_lock(root);
    if place.is_some() && branch.is_some() {
        let message = "dver.lock says which version to go to: leave --branch away".to_owned();
        return Err(Error::Usage(message));
    }
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
    let branch = tip.as_ref().map(|(branch, _)| branch.as_str());
    let branch = branch.filter(|_| place.is_none());
    let mut repo = begin((from, branch), root, actor, waiting)?;
    let fetched = fetch(&mut repo, Some(DEFAULT), progress, waiting)?;
    if place.is_some() {
        hook::follow(&mut repo, place.as_ref(), progress, waiting)?;
        let head = repo.head_commit()?.map(|(id, _)| id);
        let name = repo.branch()?.map(str::to_owned);
        return Ok(Cloned {
            root: root.to_owned(),
            fetched,
            branch: name.zip(head),
        });
    }
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

/// Returns the git worktree around a directory with a lock file.
fn place_of_lock(root: &Path) -> Option<Place> {
    let is_there = root.join(LOCK).is_file();
    is_there.then(|| Place::around(root)).flatten()
}

/// Makes the repository with its remote, or takes over one that another clone began.
fn begin(
    (from, branch): (&Path, Option<&str>),
    root: &Path,
    actor: Actor,
    waiting: &mut dyn FnMut(&str),
) -> Result<Repo, Error> {
    let not_empty = || Error::NotEmpty {
        path: root.to_owned(),
    };
    let home = Home::of(root);
    let beside_code = place_of_lock(root).is_some();
    if let Ok(entries) = std::fs::read_dir(root)
        && !beside_code
    {
        for entry in entries {
            let name = entry
                .map_err(|e| IoError::new("list", root, e))?
                .file_name();
            if name != repo::DIRECTORY {
                return Err(not_empty());
            }
        }
    }
    fsio::create_dir_all(root)?;
    let begun = home.dir.join("VERSION").is_file();
    if !begun {
        init::init(root, &actor)?;
    }
    let mut repo = Repo::open(root, actor)?;
    let is_fresh = repo.current.refs.0.is_empty() && repo.head_commit()?.is_none();
    let knows = match repo.local.remotes.get(DEFAULT) {
        None if is_fresh && repo.local.remotes.is_empty() => false,
        Some(address) if is_fresh && Path::new(address) == from => true,
        _ => return Err(not_empty()),
    };
    if let Some(branch) = branch {
        stand_on(&mut repo, branch, waiting)?;
    }
    // The remote comes last: with it `pull` goes on, on the branch that was meant.
    if !knows {
        super::add(&mut repo, DEFAULT, from, waiting)?;
    }
    Ok(repo)
}

/// Lets an empty repository stand on the branch that is to come, so that `pull` asks for it.
fn stand_on(repo: &mut Repo, branch: &str, waiting: &mut dyn FnMut(&str)) -> Result<(), Error> {
    check_branch_name(branch)?;
    if repo.branch()? == Some(branch) {
        return Ok(());
    }
    let locked = transaction::lock(repo, "clone", waiting)?;
    transaction::write(repo, &locked, |_, _, draft| {
        draft.worktree()?.head = Head::Branch(branch.to_owned());
        let note = Note::new("clone", vec![branch.to_owned()]).hidden();
        Ok(((), Some(note)))
    })
}
