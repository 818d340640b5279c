//! Before git commits: is the data in a version, and does git commit the lock that names it?

use std::collections::BTreeSet;
use std::path::Path;

use crate::base::progress::Progress;
use crate::base::{ObjectId, RepoPath, fsio};
use crate::dataset::Declarations;
use crate::githost::{Git, LOCK, Lock};
use crate::object::FileEntry;
use crate::repo::Repo;

use super::super::add::{self, AddOptions};
use super::super::beside_git;
use super::super::commit::{self, CommitOptions, Outcome};
use super::super::declare;
use super::super::error::Error;
use super::super::stage;
use super::super::status::PathChange;
use super::super::working;
use super::calm::Watch;
use super::follow::is_declared_in;
use crate::diff::FileStatus;

/// Below this many files each is looked at by itself; beyond, their directories are walked.
const FEW: usize = 200;

/// What looking found.
#[derive(Debug)]
pub struct Looked {
    /// Versioned files, and new ones of data sets, that no version has as they are; files that are
    /// staged too.
    pub changed: Vec<PathChange>,
    /// The commit at HEAD.
    pub head: Option<ObjectId>,
    /// What `dver.lock` names.
    pub lock: Option<ObjectId>,
}

/// Looks at the versioned files, and at nothing else of the worktree.
pub fn look(repo: &mut Repo, progress: &dyn Progress) -> Result<Looked, Error> {
    if let Some(pending) = repo.pending() {
        return Err(Error::Pending {
            verb: pending.verb.clone(),
        });
    }
    let entries = stage::entries(repo)?;
    let head = beside_git::head(repo)?;
    let lock = match beside_git::read_lock(repo) {
        Ok(lock) => lock.map(|Lock { commit }| commit),
        // git stops by itself at a conflict; what else stands there, `status` tells.
        Err(Error::Git(_)) => None,
        Err(e) => return Err(e),
    };
    if entries.is_empty() && repo.state()?.stage.is_none() || is_without_data(repo, &entries, lock)
    {
        return Ok(Looked {
            changed: Vec::new(),
            head,
            lock,
        });
    }
    let declarations = working::declarations(repo, &entries);
    let within = places(&entries, &declarations);
    let watch = Watch::begin(repo, &entries, &declarations);
    let mut looked = working::look(repo, &within, progress)?;
    stage::remember(repo, &mut looked.cache);
    let found = &looked.found;
    let change = |path: &RepoPath, status| PathChange {
        path: path.clone(),
        status,
        from: None,
    };
    let modified = found.modified.iter();
    let modified = modified.map(|file| change(&file.before.path, FileStatus::Modified));
    let deleted = found.deleted.iter();
    let deleted = deleted.map(|entry| change(&entry.path, FileStatus::Removed));
    let new = working::joining(found, &declarations);
    let new = new.map(|file| change(&file.path, FileStatus::Added));
    let mut changed: Vec<PathChange> = modified.chain(deleted).chain(new).collect();
    if repo.state()?.stage.is_some() {
        let known: BTreeSet<RepoPath> = changed.iter().map(|c| c.path.clone()).collect();
        let committed = stage::snapshot_entries(repo, repo.head_snapshot()?.as_ref())?;
        for staged in super::super::files::changes(&committed, &entries) {
            let status = match (&staged.before, &staged.after) {
                (None, _) => FileStatus::Added,
                (_, None) => FileStatus::Removed,
                _ => FileStatus::Modified,
            };
            changed.extend(
                staged
                    .path()
                    .filter(|path| !known.contains(path))
                    .map(|path| change(path, status)),
            );
        }
    }
    changed.sort_by(|a, b| a.path.cmp(&b.path));
    // Where git went back, or what is not staged is put aside while hooks run, dver.toml is that of
    // the version that the lock names.
    let declared = declare::file();
    if let Some(lock) = lock.filter(|lock| Some(*lock) != head)
        && changed.iter().any(|change| change.path == declared)
        && is_declared_in(repo, lock)?
    {
        changed.retain(|change| change.path != declared);
    }
    if let Some(watch) = watch.filter(|_| changed.is_empty() && head.is_some() && lock == head) {
        watch.note(repo);
    }
    Ok(Looked {
        changed,
        head,
        lock,
    })
}

/// Returns whether git stands at a commit that knows nothing of the data: one from before it, or of
/// a branch without it. What is missing there was not removed.
fn is_without_data(repo: &Repo, entries: &[FileEntry], lock: Option<ObjectId>) -> bool {
    let declared = declare::file();
    let gone = |name: &Path| !repo.root.join(name).exists();
    lock.is_none()
        && gone(Path::new(LOCK))
        && gone(&declared.to_path(Path::new("")))
        && entries.iter().any(|entry| entry.path == declared)
}

/// Returns the files, or directories, that versioned files and new ones of data sets are in; none
/// where that is the whole worktree.
fn places(entries: &[FileEntry], declarations: &Declarations) -> Vec<RepoPath> {
    let mut places: BTreeSet<Vec<u8>> = declarations
        .patterns()
        .map(|pattern| pattern.place().to_vec())
        .collect();
    let outside: Vec<&FileEntry> = entries
        .iter()
        .filter(|entry| !places.iter().any(|place| entry.path.is_within(place)))
        .collect();
    let few = outside.len() <= FEW;
    for entry in outside {
        places.insert(match few {
            true => entry.path.as_bytes().to_vec(),
            false => entry.path.parent().to_vec(),
        });
    }
    if places.contains(b"".as_slice()) {
        return Vec::new();
    }
    let paths = places
        .into_iter()
        .filter_map(|place| RepoPath::new(place).ok());
    paths.collect()
}

/// What git's index holds of the lock.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Staged {
    /// Whether files were staged that are all that is: git has looked before its hook ran, and
    /// takes that for nothing to commit.
    pub alone: bool,
    /// Whether the commit leaves the lock as the one before it has it.
    pub unmoved: bool,
}

/// How git's index stands to the worktree and to git's last commit.
pub(super) struct Indexed {
    /// Whether it holds lock and dver.toml as they are written, as far as they are there.
    pub same: bool,
    /// Whether it has the lock as the last commit has it.
    pub unmoved: bool,
}

/// Asks git once for all that hooks want to know of its index.
pub(super) fn indexed(root: &Path, git: &Git) -> Result<Indexed, Error> {
    let declared = declare::file().to_string();
    let names = [LOCK, declared.as_str()];
    let mut asked = Vec::new();
    for name in names {
        asked.push(format!(":{}", git.relative(&root.join(name))?));
    }
    asked.push(format!("HEAD:{}", git.relative(&root.join(LOCK))?));
    let blobs = git.blobs(&asked)?;
    let blob = |at: usize| blobs.get(at).and_then(Option::as_deref);
    let mut same = true;
    for (at, name) in names.iter().enumerate() {
        let written = fsio::read_if_exists(&root.join(name))?;
        same &= written.is_none() || written.as_deref() == blob(at);
    }
    Ok(Indexed {
        same,
        unmoved: blob(0) == blob(2),
    })
}

/// Lets git commit the lock, and the dver.toml of the version that it names, where the worktree has
/// others than git's index; not where only paths are committed.
pub fn stage_lock(repo: &Repo, git: &Git, paths_only: bool) -> Result<Staged, Error> {
    let indexed = indexed(&repo.root, git)?;
    let staged = Staged {
        alone: false,
        unmoved: indexed.unmoved,
    };
    let head = beside_git::head(repo)?;
    let locked = beside_git::read_lock(repo)?.map(|lock| lock.commit);
    if indexed.same || paths_only || head.is_none() || locked != head {
        return Ok(staged);
    }
    // Bytes that differ may be the same to git: its line ends.
    let declared = declare::file().to_string();
    let stale = git.differing(&repo.root, &[LOCK, declared.as_str()])?;
    if stale.is_empty() {
        return Ok(staged);
    }
    let alone = git.nothing_staged()?;
    git.stage(&repo.root, &stale)?;
    Ok(Staged {
        alone,
        unmoved: false,
    })
}

/// Commits the data along with git's commit: versioned files and new ones of data sets.
pub fn commit_along(
    repo: &mut Repo,
    message: &str,
    progress: &dyn Progress,
    waiting: &mut dyn FnMut(&str),
) -> Result<Outcome, Error> {
    let staged = repo.state()?.stage;
    let options = AddOptions {
        within: Vec::new(),
        declare: false,
        only_known: true,
        again: false,
    };
    let report = add::add(repo, &options, progress, waiting)?;
    let lost: Vec<(RepoPath, String)> = report
        .findings
        .iter()
        .filter(|finding| !finding.problem.is_note())
        .map(|finding| (finding.path.clone(), finding.problem.to_string()))
        .collect();
    if !lost.is_empty() {
        return Err(Error::Unstaged { paths: lost });
    }
    let options = CommitOptions {
        message: Some(message.to_owned()),
        ..CommitOptions::default()
    };
    let outcome = commit::commit(repo, &options, progress, waiting)?;
    if let Outcome::Refused(_) = &outcome {
        // What was staged for this commit alone goes again: a refusal leaves all as it was.
        commit::restage(repo, staged, waiting)?;
    }
    Ok(outcome)
}
