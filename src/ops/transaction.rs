//! The one way to change a repository: lock, write objects, make them durable, move `head`.
//!
//! Invariant: until `head` is moved nothing has happened; afterwards everything has. What a verb
//! writes before (objects, even files of a checkout) is either invisible or journalled.

use crate::base::ObjectId;
use crate::base::lock::FileLock;
use crate::object::{Attachments, Refs, View, WorktreeState, Written};
use crate::refs::{self, Change, HeadFile};
use crate::repo::Repo;
use crate::store::{self, PackWriter};

use super::beside_git;
use super::error::Error;

/// Packs of about one size are merged when there are more packs than this.
const MOST_PACKS: usize = 12;

/// The state that a verb may change.
pub(super) struct Draft {
    /// Branches and tags.
    pub refs: Refs,
    /// Everything else.
    pub view: View,
    /// The attachments, where the verb has read them to add some.
    pub attachments: Option<Attachments>,
    worktree: String,
}

impl Draft {
    /// Returns this worktree's state.
    pub(super) fn worktree(&mut self) -> Result<&mut WorktreeState, Error> {
        let name = &self.worktree;
        let missing = || crate::repo::Error::NoWorktree { name: name.clone() };
        Ok(self.view.worktrees.get_mut(name).ok_or_else(missing)?)
    }
}

/// What the operation will say of itself.
pub(super) struct Note {
    /// The command.
    pub verb: &'static str,
    /// What it is about.
    pub revisions: Vec<String>,
    /// Whether the log leaves it out.
    pub hidden: bool,
    /// The files that it wrote.
    pub wrote: Option<Written>,
}

impl Note {
    /// Returns a visible note that wrote no files.
    pub(super) fn new(verb: &'static str, revisions: Vec<String>) -> Self {
        Self {
            verb,
            revisions,
            hidden: false,
            wrote: None,
        }
    }

    /// Hides it from the log.
    pub(super) fn hidden(mut self) -> Self {
        self.hidden = true;
        self
    }

    /// Names the files that it wrote.
    pub(super) fn wrote(mut self, wrote: Option<Written>) -> Self {
        self.wrote = wrote;
        self
    }
}

/// Holds the writers' lock; the state was read again after it was taken.
pub(super) struct Locked {
    _lock: FileLock,
}

/// Takes the lock, telling `waiting` whom it waits for, and refuses while a checkout is pending.
pub(super) fn lock(
    repo: &mut Repo,
    verb: &str,
    waiting: &mut dyn FnMut(&str),
) -> Result<Locked, Error> {
    let locked = lock_even_pending(repo, verb, waiting)?;
    match repo.pending() {
        Some(pending) => Err(Error::Pending {
            verb: pending.verb.clone(),
        }),
        None => Ok(locked),
    }
}

/// Takes the lock for a verb that ends or gives up a pending checkout.
pub(super) fn lock_even_pending(
    repo: &mut Repo,
    verb: &str,
    waiting: &mut dyn FnMut(&str),
) -> Result<Locked, Error> {
    let who = format!(
        "dver {verb} of {} (process {})",
        repo.actor.name(),
        std::process::id()
    );
    let lock = FileLock::acquire(&repo.dir.join("lock"), &who, waiting)?;
    store::remove_leftovers(&repo.dir.join("tmp"))?;
    repo.refresh()?;
    Ok(Locked { _lock: lock })
}

/// Runs `body` with a writer and a draft of the state. With a note, what it wrote becomes durable
/// and the draft becomes the state; without one, nothing happened.
pub(super) fn write<T>(
    repo: &mut Repo,
    _locked: &Locked,
    body: impl FnOnce(&Repo, &mut PackWriter<'_>, &mut Draft) -> Result<(T, Option<Note>), Error>,
) -> Result<T, Error> {
    let before = beside_git::standing(repo)?;
    let mut draft = Draft {
        refs: repo.current.refs.clone(),
        view: repo.current.view.clone(),
        attachments: None,
        worktree: repo.worktree.clone(),
    };
    let mut writer = repo.store.begin(&repo.dir.join("tmp"))?;
    let (value, note) = body(repo, &mut writer, &mut draft)?;
    let Some(note) = note else { return Ok(value) };
    if let Some(attachments) = draft.attachments.take() {
        draft.view.attachments = attachments.write(&mut writer)?;
    }
    let change = Change {
        verb: note.verb.to_owned(),
        revisions: note.revisions,
        hidden: note.hidden,
        wrote: note.wrote,
        user: repo.actor.name().to_owned(),
        time: repo.actor.now(),
        expired: None,
    };
    let (id, _) = refs::record(
        &mut writer,
        Some(&repo.current),
        draft.view,
        &draft.refs,
        change,
    )?;
    writer.commit()?;
    advance(repo, id)?;
    beside_git::follow(repo, &before)?;
    // Many small packs make every lookup dearer. The command is done: upkeep that fails is no
    // failure of it, and the next one tries again.
    if let Some(plan) = repo.store.plan_merge(MOST_PACKS) {
        let _ = repo.store.apply_merge(&plan, &repo.dir.join("tmp"));
    }
    Ok(value)
}

/// Makes `operation` the latest and lets the index follow.
fn advance(repo: &mut Repo, operation: ObjectId) -> Result<(), Error> {
    HeadFile::new(&repo.dir).write(&operation)?;
    repo.store.rescan()?;
    repo.stand_on(operation)?;
    repo.catch_up()?;
    Ok(())
}
