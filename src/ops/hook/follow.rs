//! Brings the data to where `dver.lock` says: after git went to another commit, or when asked to.
//!
//! Invariant: work that is in no version stops it, and stays. Commits stay on their branches: where
//! the branch of git's name has others, HEAD stands on none.

use std::collections::BTreeSet;

use crate::base::progress::Progress;
use crate::base::{ObjectId, RepoPath, fsio};
use crate::githost::{Git, Lock, Place};
use crate::history;
use crate::object::{self, Commit, Content, Head, Snapshot};
use crate::refs::check_branch_name;
use crate::repo::Repo;
use crate::worktree::{Found, look};

use super::super::beside_git;
use super::super::checkout::{self, Destination, RestoreOptions};
use super::super::declare;
use super::super::error::Error;
use super::super::remote;
use super::super::stage;

/// No dver.toml is larger.
const MOST_BYTES: u64 = 16 * 1024 * 1024;

/// What following the lock came to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Followed {
    /// There is no lock, or HEAD is where it says.
    Nothing,
    /// The data was brought to the lock.
    Moved {
        /// The commit.
        commit: ObjectId,
        /// The branch that HEAD stands on.
        branch: Option<String>,
        /// From which remote the commit came.
        fetched: Option<String>,
    },
}

/// Returns whether nothing is to do, by names alone: there is no lock, or HEAD is where it says and
/// on the branch of git's name, if there is one for it.
pub fn is_followed(repo: &Repo, place: &Place) -> Result<bool, Error> {
    let lock = match beside_git::read_lock(repo) {
        Ok(Some(lock)) => lock,
        Ok(None) => return Ok(true),
        // Marks of a conflict: git stopped, and so does this.
        Err(Error::Git(_)) => return Ok(true),
        Err(e) => return Err(e),
    };
    if beside_git::head(repo)? != Some(lock.commit) || declared(repo)?.is_some_and(|d| has_crlf(&d))
    {
        return Ok(false);
    }
    Ok(match place.branch() {
        Some(name) => {
            repo.current.refs.branch(&name) != Some(lock.commit)
                || repo.branch()? == Some(&name)
                || is_taken(repo, &name)
        }
        None => true,
    })
}

/// Brings back versioned files that git has taken away because it tracked them at the commit `from`
/// and does not at `to`: that they are missing is nobody's change. Returns them.
pub fn bring_back(
    repo: &mut Repo,
    git: &Git,
    (from, to): (&str, &str),
    progress: &dyn Progress,
    waiting: &mut dyn FnMut(&str),
) -> Result<Vec<RepoPath>, Error> {
    // A commit that knows nothing of the data has let go of lock and dver.toml.
    if !matches!(beside_git::read_lock(repo), Ok(Some(_))) {
        return Ok(Vec::new());
    }
    let gone = git.let_go(from, to)?;
    let Some(root) = git.lock_path(&repo.root).filter(|_| !gone.is_empty()) else {
        return Ok(Vec::new());
    };
    let prefix = RepoPath::from_path(&root).ok();
    let prefix = prefix.as_ref().map_or(&b""[..], RepoPath::parent);
    let below = |path: Vec<u8>| match prefix {
        b"" => RepoPath::new(path).ok(),
        prefix => RepoPath::new(path.strip_prefix(prefix)?.strip_prefix(b"/")?).ok(),
    };
    let gone: BTreeSet<RepoPath> = gone.into_iter().filter_map(below).collect();
    let mut within: Vec<RepoPath> = Vec::new();
    for entry in stage::entries(repo)? {
        let path = entry.path.to_path(&repo.root);
        let is_gone = gone.contains(&entry.path) && entry.path != declare::file();
        if is_gone && matches!(look(&path), Ok(Found::Nothing)) {
            within.push(entry.path);
        }
    }
    if within.is_empty() {
        return Ok(within);
    }
    let options = RestoreOptions {
        within,
        worktree: true,
        ..RestoreOptions::default()
    };
    checkout::restore(repo, &options, progress, waiting)
}

/// Brings the data to the commit that the lock in the worktree names. It is fetched first where it
/// is not here.
pub fn follow(
    repo: &mut Repo,
    place: Option<&Place>,
    progress: &dyn Progress,
    waiting: &mut dyn FnMut(&str),
) -> Result<Followed, Error> {
    let Some(Lock { commit }) = beside_git::read_lock(repo)? else {
        return Ok(Followed::Nothing);
    };
    let branch = place.and_then(Place::branch);
    let branch = branch.filter(|name| check_branch_name(name).is_ok());
    if beside_git::head(repo)? == Some(commit) {
        settle_line_ends(repo, place, commit)?;
        // Data and git are at one; only the branch to go on with may be another.
        if let Some(name) = branch
            && repo.current.refs.branch(&name) == Some(commit)
            && repo.branch()? != Some(&name)
            && !is_taken(repo, &name)
        {
            let to = Destination::Branch(name);
            checkout::checkout(repo, "switch", &to, false, progress, waiting)?;
        }
        return Ok(Followed::Nothing);
    }
    let mut fetched = None;
    if !repo.has(&commit)? {
        if repo.local.remotes.is_empty() {
            return Err(Error::LockedElsewhere {
                commit,
                remote: None,
            });
        }
        let report = remote::fetch(repo, None, progress, waiting)?;
        if !repo.has(&commit)? {
            return Err(Error::LockedElsewhere {
                commit,
                remote: Some(report.remote),
            });
        }
        fetched = Some(report.remote);
    }
    settle_line_ends(repo, place, commit)?;
    let to = destination(repo, branch, commit)?;
    checkout::checkout(repo, "checkout", &to, false, progress, waiting)?;
    Ok(Followed::Moved {
        commit,
        branch: repo.branch()?.map(str::to_owned),
        fetched,
    })
}

/// Returns the bytes of dver.toml in a version.
fn declared_in(repo: &Repo, commit: ObjectId) -> Result<Option<Vec<u8>>, Error> {
    let commit: Commit = object::get(&repo.store, &commit)?;
    let Some(entry) = Snapshot::find(&repo.store, &commit.snapshot, &declare::file())? else {
        return Ok(None);
    };
    let content = Content::open(&repo.store, &entry.content, entry.size)?;
    Ok(content.read(&repo.store, MOST_BYTES)?)
}

/// Returns whether dver.toml in the worktree is that of a version.
pub(super) fn is_declared_in(repo: &Repo, commit: ObjectId) -> Result<bool, Error> {
    Ok(repo.has(&commit)? && declared(repo)? == declared_in(repo, commit)?)
}

/// Returns the bytes of dver.toml in the worktree.
fn declared(repo: &Repo) -> Result<Option<Vec<u8>>, Error> {
    Ok(fsio::read_if_exists(&declare::file().to_path(&repo.root))?)
}

fn has_crlf(text: &[u8]) -> bool {
    memchr::memmem::find(text, b"\r\n").is_some()
}

/// Gives dver.toml the line ends that it has in a version, where they are all that differs: git may
/// have written it with those of its system, which is nobody's change.
fn settle_line_ends(repo: &Repo, place: Option<&Place>, commit: ObjectId) -> Result<(), Error> {
    let Some(written) = declared(repo)? else {
        return Ok(());
    };
    let Some(wanted) = declared_in(repo, commit)? else {
        return Ok(());
    };
    let plain = |text: &[u8]| -> Vec<u8> {
        let mut lines = text.split(|&byte| byte == b'\n').peekable();
        let mut out = Vec::with_capacity(text.len());
        while let Some(line) = lines.next() {
            let ends = lines.peek().is_some();
            out.extend_from_slice(line.strip_suffix(b"\r").filter(|_| ends).unwrap_or(line));
            out.extend_from_slice(if ends { b"\n" } else { b"" });
        }
        out
    };
    if written != wanted && plain(&written) == plain(&wanted) {
        let path = declare::file().to_path(&repo.root);
        fsio::rewrite(None, &path, &wanted)?;
        if let Some(place) = place {
            Git::at(place).look_again(&path, &plain(&wanted))?;
        }
    }
    Ok(())
}

/// Chooses where to stand: on the branch of git's name, where that loses none of its commits.
fn destination(
    repo: &Repo,
    branch: Option<String>,
    commit: ObjectId,
) -> Result<Destination, Error> {
    let Some(name) = branch.filter(|name| !is_taken(repo, name)) else {
        return Ok(Destination::Commit(commit.to_string()));
    };
    Ok(match repo.current.refs.branch(&name) {
        Some(tip) if tip == commit => Destination::Branch(name),
        Some(tip) if !history::is_ancestor(&repo.store, &tip, &commit)? => {
            Destination::Commit(commit.to_string())
        }
        _ => Destination::Forward(name, commit),
    })
}

/// Returns whether another worktree stands on the branch.
pub(in super::super) fn is_taken(repo: &Repo, branch: &str) -> bool {
    let others = repo.current.view.worktrees.iter();
    others
        .filter(|(name, _)| **name != repo.worktree)
        .any(|(_, state)| matches!(&state.head, Head::Branch(name) if name == branch))
}
