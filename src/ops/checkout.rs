//! `switch`, `checkout`, `reset` and `restore`: go to versions, or bring files of them back.

use crate::base::progress::Progress;
use crate::base::{ObjectId, RepoPath};
use crate::history;
use crate::object::{Commit, FileEntry, Head, SnapshotChange};
use crate::refs::check_branch_name;
use crate::repo::Repo;
use crate::worktree::{StatCache, scan};

use super::beside_git;
use super::error::Error;
use super::files::{self, Writing};
use super::hook::is_taken;
use super::stage;
use super::transaction;

/// Where to go.
#[derive(Clone, Debug)]
pub enum Destination {
    /// A branch that exists.
    Branch(String),
    /// A new branch at a revision; without one, where HEAD stands.
    NewBranch(String, Option<String>),
    /// A branch that is to stand on a commit: a new one, or one that the commit goes on from.
    Forward(String, ObjectId),
    /// A commit, without a branch.
    Commit(String),
}

/// Goes to a version: its files, its stage, HEAD. Work that is not committed stops it, unless
/// `force` (then it is stored first and `undo` brings it back).
pub fn checkout(
    repo: &mut Repo,
    verb: &'static str,
    destination: &Destination,
    force: bool,
    progress: &dyn Progress,
    waiting: &mut dyn FnMut(&str),
) -> Result<Option<ObjectId>, Error> {
    let locked = transaction::lock(repo, verb, waiting)?;
    let (head, commit) = resolve(repo, destination)?;
    // Whoever moved the branch there would change what the files here are compared with.
    if let Head::Branch(name) = &head
        && is_taken(repo, name)
    {
        return Err(Error::BranchTaken { name: name.clone() });
    }
    let snapshot = match commit {
        Some(id) => Some(crate::object::get::<Commit>(&repo.store, &id)?.snapshot),
        None => None,
    };
    let before = repo.head_snapshot()?;
    let staged = stage::entries(repo)?;
    // From one branch without a commit to another there is no version to bring files to.
    let keeps_work = commit.is_none() || (!force && snapshot == before);
    let to = match keeps_work {
        true => staged.clone(),
        false => stage::snapshot_entries(repo, snapshot.as_ref())?,
    };
    let mut cache = StatCache::load(&repo.index, &repo.dir.join("tmp"))?;
    let changes = match force && !keeps_work {
        // Everything is brought to the version, changed files too.
        true => forced(repo, &staged, &to, &mut cache, progress)?,
        false => files::changes(&staged, &to),
    };
    if !force && !keeps_work && repo.state()?.stage.is_some() {
        // Staged work is uncommitted too: it would silently leave the stage.
        let base = stage::snapshot_entries(repo, before.as_ref())?;
        let staged = files::changes(&base, &staged);
        let paths = staged
            .iter()
            .filter_map(|change| change.path().cloned())
            .collect();
        return Err(Error::InTheWay { paths });
    }
    let name = match &head {
        Head::Branch(name) => name.clone(),
        Head::Commit(id) => id.to_string(),
    };
    let writing = Writing {
        verb,
        revisions: vec![name],
        changes,
        force,
    };
    let creates = matches!(
        destination,
        Destination::NewBranch(..) | Destination::Forward(..)
    );
    files::write(
        repo,
        &locked,
        writing,
        &mut cache,
        progress,
        |_, _, draft| {
            if let (true, Head::Branch(name), Some(commit)) = (creates, &head, commit) {
                draft.refs.0.insert(format!("heads/{name}"), commit);
            }
            let state = draft.worktree()?;
            state.head = head.clone();
            if !keeps_work {
                state.stage = None;
            }
            Ok(())
        },
    )?;
    Ok(commit)
}

fn resolve(repo: &Repo, destination: &Destination) -> Result<(Head, Option<ObjectId>), Error> {
    match destination {
        Destination::Branch(name) => {
            let missing = || Error::NoSuchRef {
                kind: "branch",
                name: name.clone(),
            };
            let commit = repo.current.refs.branch(name);
            if commit.is_none() && repo.branch()? != Some(name) {
                return Err(missing());
            }
            Ok((Head::Branch(name.clone()), commit))
        }
        Destination::NewBranch(name, at) => {
            check_branch_name(name)?;
            if repo.current.refs.branch(name).is_some() {
                return Err(Error::Exists {
                    kind: "branch",
                    name: name.clone(),
                });
            }
            let commit = match at {
                Some(at) => Some(repo.resolve(at)?),
                None => repo.head_commit()?.map(|(id, _)| id),
            };
            Ok((Head::Branch(name.clone()), commit))
        }
        Destination::Forward(name, id) => {
            check_branch_name(name)?;
            if repo.branch()? == Some(name)
                && let Some(tip) = repo.current.refs.branch(name)
                && !history::is_ancestor(&repo.store, &tip, id)?
            {
                return Err(Error::Diverged {
                    branch: name.clone(),
                    theirs: id.to_string(),
                    ours: history::log(&repo.store, &[tip], &[*id], None)?.len(),
                });
            }
            Ok((Head::Branch(name.clone()), Some(*id)))
        }
        Destination::Commit(revision) => {
            let id = repo.resolve(revision)?;
            Ok((Head::Commit(id), Some(id)))
        }
    }
}

/// Returns changes that bring every path to what `to` says, whatever stands there.
fn forced(
    repo: &Repo,
    staged: &[FileEntry],
    to: &[FileEntry],
    cache: &mut StatCache,
    progress: &dyn Progress,
) -> Result<Vec<SnapshotChange>, Error> {
    let found = scan(&repo.root, to, &[], cache, progress)?;
    let back = found
        .modified
        .into_iter()
        .map(|modified| modified.before)
        .chain(found.deleted);
    let mut changes: Vec<SnapshotChange> = back.map(files::bring_back).collect();
    // Staged files that the version does not have go; files that were never staged stay.
    changes.extend(gone(staged, to));
    changes.sort_by(|a, b| a.path().cmp(&b.path()));
    Ok(changes)
}

/// Returns the removal of entries that only the first list has.
fn gone(from: &[FileEntry], to: &[FileEntry]) -> impl Iterator<Item = SnapshotChange> {
    files::changes(from, to)
        .into_iter()
        .filter(|change| change.after.is_none())
}

/// Finishes a checkout that was interrupted, or goes back to where it began.
pub fn resume(
    repo: &mut Repo,
    forward: bool,
    progress: &dyn Progress,
    waiting: &mut dyn FnMut(&str),
) -> Result<(), Error> {
    let locked = transaction::lock_even_pending(repo, "checkout", waiting)?;
    let mut cache = StatCache::load(&repo.index, &repo.dir.join("tmp"))?;
    files::resume(repo, &locked, forward, &mut cache, progress)?;
    Ok(())
}

/// How much `reset` moves besides the branch.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ResetMode {
    /// Nothing: what was staged or committed since is staged.
    Soft,
    /// The stage.
    Mixed,
    /// The stage and the files (changed ones are stored first).
    Hard,
}

/// Moves the branch (or HEAD) to a revision.
pub fn reset(
    repo: &mut Repo,
    revision: &str,
    mode: ResetMode,
    progress: &dyn Progress,
    waiting: &mut dyn FnMut(&str),
) -> Result<ObjectId, Error> {
    let locked = transaction::lock(repo, "reset", waiting)?;
    let (id, commit) = repo.commit(revision)?;
    let head = match repo.branch()? {
        Some(name) => Head::Branch(name.to_owned()),
        None => Head::Commit(id),
    };
    let staged = repo.stage_snapshot()?;
    let stage = match mode {
        ResetMode::Soft => staged.filter(|staged| *staged != commit.snapshot),
        ResetMode::Mixed | ResetMode::Hard => None,
    };
    let mut cache = StatCache::load(&repo.index, &repo.dir.join("tmp"))?;
    let changes = match mode {
        ResetMode::Soft | ResetMode::Mixed => Vec::new(),
        ResetMode::Hard => {
            let to = stage::snapshot_entries(repo, Some(&commit.snapshot))?;
            forced(repo, &stage::entries(repo)?, &to, &mut cache, progress)?
        }
    };
    let revisions = vec![id.to_string()];
    let writing = Writing {
        verb: "reset",
        revisions,
        changes,
        force: true,
    };
    files::write(
        repo,
        &locked,
        writing,
        &mut cache,
        progress,
        |_, _, draft| {
            if let Head::Branch(name) = &head {
                draft.refs.0.insert(format!("heads/{name}"), id);
            }
            let state = draft.worktree()?;
            state.head = head.clone();
            state.stage = stage;
            Ok(())
        },
    )?;
    // Where HEAD did not move but git moved the lock, `reset` says that HEAD is right.
    if beside_git::place(repo).is_some() {
        beside_git::write_lock(repo)?;
    }
    Ok(id)
}

/// What to restore.
#[derive(Clone, Debug, Default)]
pub struct RestoreOptions {
    /// Files and directories.
    pub within: Vec<RepoPath>,
    /// In the stage.
    pub staged: bool,
    /// In the worktree.
    pub worktree: bool,
    /// From this revision [default: the stage for files, HEAD for the stage].
    pub source: Option<String>,
}

/// Brings files back, in the worktree, the stage or both; what it overwrites is stored first.
pub fn restore(
    repo: &mut Repo,
    options: &RestoreOptions,
    progress: &dyn Progress,
    waiting: &mut dyn FnMut(&str),
) -> Result<Vec<RepoPath>, Error> {
    let locked = transaction::lock(repo, "restore", waiting)?;
    let source = match (&options.source, options.staged) {
        (Some(revision), _) => Some(repo.commit(revision)?.1.snapshot),
        (None, true) => repo.head_snapshot()?,
        (None, false) => repo.stage_snapshot()?,
    };
    let chosen = |entry: &FileEntry| stage::is_within(&entry.path, &options.within);
    let mut from = stage::snapshot_entries(repo, source.as_ref())?;
    let staged = stage::entries(repo)?;
    let known = from.iter().chain(&staged).map(|entry| &entry.path);
    stage::check_paths(&options.within, known)?;
    from.retain(chosen);
    let staged_chosen: Vec<FileEntry> = staged.iter().filter(|e| chosen(e)).cloned().collect();
    let mut cache = StatCache::load(&repo.index, &repo.dir.join("tmp"))?;
    let mut builder = stage::builder(repo)?;
    let staged_changes = files::changes(&staged_chosen, &from);
    let mut paths = Vec::new();
    if options.staged {
        for change in &staged_changes {
            match (&change.after, &change.before) {
                (Some(entry), _) => builder.put(entry.clone()),
                (None, Some(entry)) => drop(builder.remove(&entry.path)),
                (None, None) => {}
            }
            paths.extend(change.path().cloned());
        }
    }
    let mut changes = Vec::new();
    if options.worktree {
        let found = scan(&repo.root, &from, &options.within, &mut cache, progress)?;
        let back = found.modified.into_iter().map(|modified| modified.before);
        changes.extend(back.chain(found.deleted).map(files::bring_back));
        changes.extend(gone(&staged_chosen, &from));
        changes.sort_by(|a, b| a.path().cmp(&b.path()));
    }
    let revisions = options.within.iter().map(RepoPath::to_string).collect();
    let writing = Writing {
        verb: "restore",
        revisions,
        changes,
        force: true,
    };
    let wrote = files::write(
        repo,
        &locked,
        writing,
        &mut cache,
        progress,
        |repo, writer, draft| stage::set(repo, draft, builder, writer).map(|_| ()),
    )?;
    paths.extend(wrote);
    paths.sort();
    paths.dedup();
    Ok(paths)
}

/// Returns the commit that going elsewhere would leave without a name: HEAD stands on it and on no
/// branch, and no branch or tag reaches it.
pub fn leaves_commits_behind(repo: &Repo) -> Result<Option<ObjectId>, Error> {
    let Head::Commit(id) = &repo.state()?.head else {
        return Ok(None);
    };
    let tips: Vec<ObjectId> = repo.current.refs.0.values().copied().collect();
    let reached = history::ancestors(&repo.store, &tips)?.contains_key(id);
    Ok((!reached).then_some(*id))
}
