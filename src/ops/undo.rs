//! `undo`: takes back the last visible operation, and the files that it wrote.
//!
//! Undo is an operation itself, so undoing it does again what was undone.

use std::collections::BTreeMap;

use crate::base::progress::Progress;
use crate::base::{ObjectId, RepoPath};
use crate::object::{self, Operation, Snapshot, SnapshotChange, View};
use crate::refs::{Chain, Current};
use crate::repo::Repo;
use crate::worktree::StatCache;

use super::error::Error;
use super::files::{self, Writing};
use super::transaction;

/// What was taken back.
#[derive(Clone, Debug)]
pub struct Undone {
    /// The operation.
    pub id: ObjectId,
    /// What it was.
    pub operation: Operation,
    /// How many files were brought back.
    pub files: usize,
}

/// Takes back the last visible operation with the hidden ones after it.
pub fn undo(
    repo: &mut Repo,
    progress: &dyn Progress,
    waiting: &mut dyn FnMut(&str),
) -> Result<Undone, Error> {
    let locked = transaction::lock(repo, "undo", waiting)?;
    let mut writes = Vec::new();
    let mut found = None;
    for operation in Chain::from(&repo.store, repo.current.id) {
        let (id, operation) = operation?;
        writes.extend(operation.wrote.clone());
        if !operation.hidden {
            found = Some((id, operation));
            break;
        }
    }
    let (id, operation) = found.ok_or(Error::NothingToUndo)?;
    check_own(repo, &operation)?;
    let previous = operation.previous.ok_or(Error::NothingToUndo)?;
    let before = state_before(repo, previous, &operation)?;
    // Newest first: what an older operation found at a path wins.
    let mut paths: BTreeMap<RepoPath, SnapshotChange> = BTreeMap::new();
    for written in &writes {
        for (path, entry) in Snapshot::map(&repo.store, &written.after)? {
            let change = SnapshotChange {
                before: Some(entry),
                after: None,
            };
            paths.entry(path).or_insert(change).after = None;
        }
        for (path, entry) in Snapshot::map(&repo.store, &written.before)? {
            let change = SnapshotChange {
                before: None,
                after: None,
            };
            paths.entry(path).or_insert(change).after = Some(entry);
        }
    }
    let changes: Vec<SnapshotChange> = paths.into_values().collect();
    let count = changes.len();
    let mut cache = StatCache::load(&repo.index, &repo.dir.join("tmp"))?;
    let writing = Writing {
        verb: "undo",
        revisions: vec![id.to_string()],
        changes,
        force: true,
    };
    // What was said of a commit stays, unless it is this operation that said it.
    let said = Current::read(&repo.store, id)?.view.attachments;
    let takes_back = said != before.view.attachments;
    let view = before.view;
    let refs = before.refs;
    files::write(
        repo,
        &locked,
        writing,
        &mut cache,
        progress,
        |_, _, draft| {
            draft.view = View {
                attachments: match takes_back {
                    true => view.attachments,
                    false => draft.view.attachments,
                },
                ..view
            };
            draft.refs = refs;
            Ok(())
        },
    )?;
    Ok(Undone {
        id,
        operation,
        files: count,
    })
}

/// Refuses where the operation, or a hidden one after it, changed what another worktree stands on:
/// its files are not here.
fn check_own(repo: &Repo, visible: &Operation) -> Result<(), Error> {
    if repo.current.view.worktrees.len() < 2 {
        return Ok(());
    }
    // One more than those that are taken back: what the first of a checkout's two changed.
    let mut newer: Option<View> = None;
    for operation in Chain::from(&repo.store, repo.current.id) {
        let (_, operation) = operation?;
        if repo.current.operation.has_expired(operation.seq) {
            break;
        }
        let older: View = object::get(&repo.store, &operation.view)?;
        if let Some(newer) = &newer {
            let differs = |name: &String| {
                *name != repo.worktree && older.worktrees.get(name) != newer.worktrees.get(name)
            };
            if newer.worktrees.keys().any(differs) {
                return Err(Error::OfAnotherWorktree {
                    verb: visible.verb.clone(),
                });
            }
        }
        let ends = operation.seq < visible.seq
            && older
                .worktrees
                .values()
                .all(|state| state.pending.is_none());
        if ends {
            break;
        }
        newer = Some(older);
    }
    Ok(())
}

/// Returns the state before an operation. A checkout is two operations: the first, hidden one set
/// `pending`, and the state before it is meant.
fn state_before(
    repo: &Repo,
    mut previous: ObjectId,
    operation: &Operation,
) -> Result<Current, Error> {
    let latest = &repo.current.operation;
    if latest.has_expired(operation.seq.saturating_sub(1)) {
        return Err(Error::Expired {
            seq: operation.seq.saturating_sub(1),
        });
    }
    loop {
        let current = Current::read(&repo.store, previous)?;
        let is_pending = current
            .view
            .worktrees
            .values()
            .any(|state| state.pending.is_some());
        if !is_pending {
            return Ok(current);
        }
        previous = current.operation.previous.ok_or(Error::NothingToUndo)?;
        if current.operation.seq >= operation.seq {
            return Err(Error::NothingToUndo);
        }
    }
}
