//! What the verbs that stage share: the entries to start from, and what to write into the view.

use std::collections::HashSet;

use rustc_hash::FxHashMap;

use crate::base::progress::Progress;
use crate::base::{ObjectId, RepoPath};
use crate::dataset::Declarations;
use crate::object::{FileEntry, ObjectSink, Snapshot, SnapshotBuilder};
use crate::repo::Repo;
use crate::worktree::{Ingest, StatCache};

use super::error::Error;
use super::files;
use super::transaction::Draft;

/// Returns the staged entries, which are HEAD's where nothing is staged.
pub(super) fn entries(repo: &Repo) -> Result<Vec<FileEntry>, Error> {
    snapshot_entries(repo, repo.stage_snapshot()?.as_ref())
}

/// Returns the entries of a snapshot; none of none.
pub(super) fn snapshot_entries(
    repo: &Repo,
    snapshot: Option<&ObjectId>,
) -> Result<Vec<FileEntry>, Error> {
    match snapshot {
        Some(id) => Ok(Snapshot::entries(&repo.store, id)?),
        None => Ok(Vec::new()),
    }
}

/// Returns a builder with the staged entries.
pub(super) fn builder(repo: &Repo) -> Result<SnapshotBuilder, Error> {
    Ok(match repo.stage_snapshot()? {
        Some(id) => SnapshotBuilder::from_snapshot(&repo.store, &id)?,
        None => SnapshotBuilder::new(),
    })
}

/// Writes the entries as the stage; returns whether that changed it.
///
/// A stage equal to HEAD is written as no stage, so that one state has one spelling.
pub(super) fn set(
    repo: &Repo,
    draft: &mut Draft,
    builder: SnapshotBuilder,
    sink: &mut dyn ObjectSink,
) -> Result<bool, Error> {
    let head = repo.head_snapshot()?;
    let is_empty = builder.entries().is_empty();
    let snapshot = builder.finish(sink)?;
    let stage = match head {
        Some(head) if head == snapshot => None,
        None if is_empty => None,
        _ => Some(snapshot),
    };
    let state = draft.worktree()?;
    let changed = state.stage != stage;
    state.stage = stage;
    Ok(changed)
}

/// Returns whether the path is one of the given ones or lies below one; everything does where
/// none is given.
pub(super) fn is_within(path: &RepoPath, within: &[RepoPath]) -> bool {
    within.is_empty() || within.iter().any(|dir| path.is_within(dir.as_bytes()))
}

/// Checks that each given path names something among these, or is a directory above one.
pub(super) fn check_paths<'a>(
    within: &[RepoPath],
    known: impl Iterator<Item = &'a RepoPath>,
) -> Result<(), Error> {
    if within.is_empty() {
        return Ok(());
    }
    // Every path and every directory above one, so that each argument is one look.
    let mut names: HashSet<&[u8]> = HashSet::new();
    for path in known {
        let mut name = path.as_bytes();
        while names.insert(name)
            && let Some(slash) = memchr::memrchr(b'/', name)
        {
            name = &name[..slash];
        }
    }
    match within.iter().find(|dir| !names.contains(dir.as_bytes())) {
        None => Ok(()),
        Some(dir) => Err(Error::NoSuchPath {
            path: dir.to_string(),
        }),
    }
}

/// Keeps what the command learnt of working files. It is done by now: what cannot be kept is found
/// out again by the next one.
pub(super) fn remember(repo: &mut Repo, cache: &mut StatCache) {
    if let Err(failure) = cache.save(&mut repo.index) {
        (repo.actor.notice)(&failure);
    }
}

/// The versions before of files: what they are cut like and may build on.
#[derive(Clone, Copy)]
pub(super) struct Before<'a> {
    /// What stood at the same paths, in order of paths.
    pub entries: &'a [FileEntry],
    /// Where files without one may come from.
    pub origins: Option<&'a FxHashMap<RepoPath, ObjectId>>,
}

impl<'a> Before<'a> {
    /// Returns what stood at the same paths and nothing else.
    pub(super) fn of(entries: &'a [FileEntry]) -> Self {
        Self {
            entries,
            origins: None,
        }
    }
}

/// Calls `run` with what reading working files needs: each path is cut as its version before was,
/// and read as the declarations say.
pub(super) fn with_ingest<T>(
    repo: &Repo,
    before: Before<'_>,
    declarations: &Declarations,
    progress: &dyn Progress,
    run: impl FnOnce(&Ingest<'_>) -> T,
) -> T {
    let previous = |path: &RepoPath| -> Option<ObjectId> {
        match files::find(before.entries, path) {
            Some(entry) => Some(entry.content),
            None => before.origins?.get(path).copied(),
        }
    };
    let declared = |path: &RepoPath| {
        let declaration = declarations.covering(path)?;
        Some((declaration.format, declaration.dialect.clone()))
    };
    run(&Ingest {
        root: &repo.root,
        source: &repo.store,
        previous: &previous,
        declared: &declared,
        progress,
    })
}
