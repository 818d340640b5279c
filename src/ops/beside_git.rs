//! What a repository in a git worktree keeps there: `dver.lock`, by which a git commit names its
//! data, and a block in .gitignore, which keeps the data out of git.
//!
//! Invariant: `dver.lock` follows HEAD in the one transaction of every verb, and in nothing else:
//! where git moved the file, it says what git wants, and stays.

use std::collections::BTreeSet;

use crate::base::{ObjectId, RepoPath, fsio};
use crate::dataset::Declarations;
use crate::githost::{self, Conflict, Git, Hooks, LOCK, Lock, Place, block};
use crate::history;
use crate::object::Head;
use crate::refs::check_branch_name;
use crate::repo::Repo;

use super::declare;
use super::error::Error;
use super::hook::is_taken;
use super::review::Standoff;

/// The file of git's that keeps data out of it.
const IGNORE: &str = ".gitignore";
/// No lock file is larger.
const MOST_BYTES: u64 = 64 * 1024;

/// What a worktree stands on: where it is the same, nothing beside git has to change.
#[derive(PartialEq, Eq)]
pub(super) struct Standing {
    head: Option<ObjectId>,
    stage: Option<ObjectId>,
}

/// Returns what the worktree stands on.
pub(super) fn standing(repo: &Repo) -> Result<Standing, Error> {
    let state = repo.state()?;
    Ok(Standing {
        head: head(repo)?,
        stage: state.stage,
    })
}

/// Returns the commit at HEAD, unread.
pub(super) fn head(repo: &Repo) -> Result<Option<ObjectId>, Error> {
    Ok(match &repo.state()?.head {
        Head::Branch(name) => repo.current.refs.branch(name),
        Head::Commit(id) => Some(*id),
    })
}

/// Returns the git worktree that the repository keeps a lock for.
pub(super) fn place(repo: &Repo) -> Option<Place> {
    repo.local
        .git
        .lock
        .then(|| Place::around(&repo.root))
        .flatten()
}

/// Returns the branch that a commit goes to instead of the current one, where hooks let data follow
/// git: that of git's name, if there is none yet or HEAD, on no branch, goes on from it.
pub(super) fn branch_to_commit_on(repo: &Repo) -> Result<Option<String>, Error> {
    if repo.local.git.hooks.is_none() {
        return Ok(None);
    }
    let place = place(repo).filter(|place| place.under_way().is_none());
    let name = place.and_then(|place| place.branch());
    let name = name.filter(|name| check_branch_name(name).is_ok() && !is_taken(repo, name));
    let Some(name) = name else {
        return Ok(None);
    };
    let goes_on = match (repo.current.refs.branch(&name), repo.branch()?, head(repo)?) {
        (None, _, _) => true,
        (Some(tip), None, Some(head)) => history::is_ancestor(&repo.store, &tip, &head)?,
        _ => false,
    };
    Ok(goes_on.then_some(name))
}

/// Lets the lock and .gitignore follow what a transaction made true.
pub(super) fn follow(repo: &Repo, before: &Standing) -> Result<(), Error> {
    let now = standing(repo)?;
    if now == *before || place(repo).is_none() {
        return Ok(());
    }
    let moved = now.head != before.head;
    let kept = (|| {
        if moved {
            write_lock(repo)?;
        }
        write_ignored(repo)
    })();
    kept.map_err(|source| match source {
        Error::Io(source) => Error::NotKept { source },
        other => other,
    })
}

/// Writes the lock for HEAD; without a commit there is none.
pub(super) fn write_lock(repo: &Repo) -> Result<(), Error> {
    let path = repo.root.join(LOCK);
    let Some(commit) = head(repo)? else {
        if path.exists() {
            fsio::remove(&path)?;
        }
        return Ok(());
    };
    let text = Lock { commit }.to_text();
    // git may have written it with the line ends of its system: that is no other lock.
    let written = fsio::read_if_exists(&path)?;
    let is_same = |written: &Vec<u8>| {
        let lines = written.trim_ascii_end();
        lines == text.trim_ascii_end().as_bytes() && written.len() <= text.len() + 1
    };
    if !written.as_ref().is_some_and(is_same) {
        write(repo, LOCK, text.as_bytes())?;
    }
    Ok(())
}

/// Reads the lock in the worktree; `None` where there is none.
pub(super) fn read_lock(repo: &Repo) -> Result<Option<Lock>, Error> {
    let path = repo.root.join(LOCK);
    if !path.is_file() {
        return Ok(None);
    }
    let text = fsio::read_bounded(&path, MOST_BYTES)?;
    Ok(Some(Lock::parse(&text)?))
}

/// Writes the block of .gitignore that names the files of the declared data sets. A dver.toml that
/// does not read changes nothing.
pub(super) fn write_ignored(repo: &Repo) -> Result<(), Error> {
    let declared = fsio::read_if_exists(&declare::file().to_path(&repo.root))?;
    let Ok(declarations) = Declarations::parse(&declared.unwrap_or_default()) else {
        return Ok(());
    };
    let path = repo.root.join(IGNORE);
    let old = fsio::read_if_exists(&path)?;
    let new = match (ignored(&declarations), &old) {
        (Some(block), _) => Some(block::with(old.as_deref(), &block)),
        (None, Some(text)) => block::without(text),
        (None, None) => None,
    };
    match new {
        _ if new == old => Ok(()),
        Some(new) => write(repo, IGNORE, &new),
        None => Ok(fsio::remove(&path)?),
    }
}

/// Returns the block that names the files of data sets; `None` where none is declared.
fn ignored(declarations: &Declarations) -> Option<String> {
    let patterns = declarations.patterns();
    let lines: BTreeSet<String> = patterns.filter_map(|p| p.gitignore()).collect();
    if lines.is_empty() {
        return None;
    }
    let mut text = String::new();
    for line in &lines {
        text.push_str(&format!("{line}\n"));
    }
    // A pattern such as `*` covers these too, and git must see them.
    for name in ["dver.toml", LOCK, IGNORE] {
        let path = RepoPath::new(name).ok()?;
        if declarations.patterns().any(|p| p.covers(&path)) {
            text.push_str(&format!("!/{name}\n"));
        }
    }
    let what = "the data sets of dver.toml, which dver versions";
    Some(block::block(what, &text))
}

fn write(repo: &Repo, name: &str, bytes: &[u8]) -> Result<(), Error> {
    let scratch = repo.dir.join("tmp");
    Ok(fsio::rewrite(Some(&scratch), &repo.root.join(name), bytes)?)
}

/// Leaves out of new files those that are git's: tracked or ignored there and of no data set.
pub(super) fn retain_data<T>(
    repo: &Repo,
    declarations: &Declarations,
    new: &mut Vec<T>,
    path: impl Fn(&T) -> &RepoPath,
) -> Result<(), Error> {
    let is_data = |file: &T| declarations.covering(path(file)).is_some();
    if place(repo).is_none() || new.iter().all(is_data) {
        return Ok(());
    }
    let Some(git) = Git::find(&repo.root)? else {
        return Ok(());
    };
    let free = git.untracked(&repo.root)?;
    let is_free =
        |path: &RepoPath| free.contains(path.as_bytes()) && !path.file_name().starts_with(b".git");
    new.retain(|file| is_data(file) || is_free(path(file)));
    Ok(())
}

/// Returns the files of data sets that git tracks all the same.
pub(super) fn tracked_data(
    repo: &Repo,
    declarations: &Declarations,
) -> Result<Vec<RepoPath>, Error> {
    if place(repo).is_none() || declarations.patterns().next().is_none() {
        return Ok(Vec::new());
    }
    let Some(git) = Git::find(&repo.root)? else {
        return Ok(Vec::new());
    };
    let tracked = git.tracked(&repo.root)?;
    let paths = tracked
        .into_iter()
        .filter_map(|path| RepoPath::new(path).ok());
    Ok(paths
        .filter(|path| declarations.covering(path).is_some())
        .collect())
}

/// Returns the hooks that were installed and have lost dver's part: others write them anew.
fn lost_hooks(repo: &Repo) -> Result<Vec<&'static str>, Error> {
    if repo.local.git.hooks.is_none() {
        return Ok(Vec::new());
    }
    let Some(git) = Git::find(&repo.root)? else {
        return Ok(Vec::new());
    };
    let states = Hooks::find(&git)?.states()?;
    let lost = states.into_iter().filter(|hook| !hook.installed);
    Ok(lost.map(|hook| hook.name).collect())
}

/// What the lock says, against HEAD.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LockState {
    /// The commit that it names.
    pub commit: ObjectId,
    /// Whether that is the one at HEAD.
    pub agrees: bool,
}

/// How a repository stands to git around it.
#[derive(Debug, Default)]
pub struct BesideGit {
    /// What `dver.lock` says; `None` where there is none, or none that reads.
    pub lock: Option<LockState>,
    /// Whether there should be one.
    pub missing: bool,
    /// Why it does not read.
    pub problem: Option<githost::Error>,
    /// The versions that stand against each other, where git left a conflict in it.
    pub conflict: Option<Standoff>,
    /// Files of data sets that git tracks all the same.
    pub tracked: Vec<RepoPath>,
    /// Hooks that were installed and have lost dver's part.
    pub lost_hooks: Vec<&'static str>,
}

/// Reads the conflict that git left in the lock; `None` where it left none.
pub(super) fn read_conflict(repo: &Repo) -> Result<Option<Conflict>, Error> {
    let path = repo.root.join(LOCK);
    match path.is_file() {
        true => Ok(Conflict::parse(&fsio::read_bounded(&path, MOST_BYTES)?)),
        false => Ok(None),
    }
}

/// Looks at lock and tracked data.
pub(super) fn look(repo: &Repo, declarations: &Declarations) -> Result<BesideGit, Error> {
    if place(repo).is_none() {
        return Ok(BesideGit::default());
    }
    let head = head(repo)?;
    let mut beside = BesideGit {
        tracked: tracked_data(repo, declarations)?,
        lost_hooks: lost_hooks(repo)?,
        ..BesideGit::default()
    };
    match read_lock(repo) {
        Ok(Some(Lock { commit })) => {
            let agrees = head == Some(commit);
            beside.lock = Some(LockState { commit, agrees });
        }
        Ok(None) => beside.missing = head.is_some(),
        Err(Error::Git(problem)) => beside.problem = Some(problem),
        Err(e) => return Err(e),
    }
    Ok(beside)
}
