//! `fsck --restore-head`: finds the operation that a lost or torn `head` named.
//!
//! Invariant: only what dver wrote as an operation can become the latest. An object has no kind,
//! so a file that somebody versions may read as an operation, with any number and any state in it.
//! What is the content of a file in any snapshot is therefore no candidate. A true latest
//! operation cannot be one: its id is not known before its state is, which holds all contents.

use std::collections::BTreeMap;
use std::path::Path;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::base::ObjectId;
use crate::base::lock::FileLock;
use crate::history::reach::{self, Need, Role};
use crate::object::{self, Commit, Operation, Refs, View};
use crate::refs::{self, Current, HeadFile};
use crate::repo;
use crate::store::Store;

use super::error::{Error, HeadCandidate};
use super::fsck::stored_operations;

/// What `--restore-head` did.
#[derive(Clone, Debug)]
pub struct Restored {
    /// The operation that `head` names.
    pub id: ObjectId,
    /// What it is.
    pub operation: Operation,
    /// Whether `head` named it already.
    pub was_sound: bool,
}

/// Finds the latest operation whose state and past are complete and makes `head` name it; with
/// `chosen`, that one of them. A `head` whose state can be read stays as it is.
pub fn restore_head(
    root: &Path,
    chosen: Option<ObjectId>,
    who: &str,
    waiting: &mut dyn FnMut(&str),
) -> Result<Restored, Error> {
    let dir = repo::directory_of(root);
    repo::check_version(&dir)?;
    let who = format!("dver fsck of {who} (process {})", std::process::id());
    let _lock = FileLock::acquire(&dir.join("lock"), &who, waiting)?;
    let store = Store::open(&dir.join("packs"))?;
    let head = HeadFile::new(&dir);
    let named = head.read().and_then(|id| Current::read(&store, id));
    if let Ok(current) = named {
        return Ok(Restored {
            id: current.id,
            operation: current.operation,
            was_sound: true,
        });
    }
    let found = Found::read(&store)?;
    let id = match chosen {
        Some(id) => found.check(&store, id)?,
        None => found.latest(&store, &dir)?,
    };
    head.write(&id)?;
    let operation = object::get(&store, &id)?;
    Ok(Restored {
        id,
        operation,
        was_sound: false,
    })
}

/// Everything in the packs that reads as an operation.
struct Found {
    operations: BTreeMap<ObjectId, Operation>,
    /// Those of them that are contents of files.
    contents: FxHashSet<ObjectId>,
}

impl Found {
    fn read(store: &Store) -> Result<Self, Error> {
        let mut found = Self {
            operations: stored_operations(store)?,
            contents: FxHashSet::default(),
        };
        found.find_contents(store);
        Ok(found)
    }

    /// Finds the operations that are contents of files, or chunks of them, in any snapshot that
    /// any of the operations names. What cannot be read names nothing.
    fn find_contents(&mut self, store: &Store) {
        let roots = self.operations.values();
        let mut open: Vec<Need> = roots
            .flat_map(|o| reach::of_operation(o.view, o.wrote.as_ref()))
            .collect();
        let mut seen: FxHashSet<(ObjectId, Role)> = FxHashSet::default();
        while let Some(need) = open.pop() {
            if need.is_leaf() {
                if self.operations.contains_key(&need.id) {
                    self.contents.insert(need.id);
                }
            } else if seen.insert((need.id, need.role)) {
                open.extend(reach::needs(store, &need).unwrap_or_default());
            }
        }
    }

    /// Returns whether each operation leads back to the first one, number by number.
    fn chained(&self) -> FxHashMap<ObjectId, bool> {
        let mut known: FxHashMap<ObjectId, bool> = FxHashMap::default();
        for id in self.operations.keys() {
            let mut path = Vec::new();
            let mut at = *id;
            let whole = loop {
                if let Some(whole) = known.get(&at) {
                    break *whole;
                }
                let Some(operation) = self.operations.get(&at) else {
                    break false;
                };
                path.push(at);
                let Some(previous) = operation.previous else {
                    break operation.seq == 1;
                };
                let before = self.operations.get(&previous).map(|o| o.seq);
                if before.and_then(|seq| seq.checked_add(1)) != Some(operation.seq) {
                    break false;
                }
                at = previous;
            };
            known.extend(path.into_iter().map(|id| (id, whole)));
        }
        known
    }

    fn latest(&self, store: &Store, dir: &Path) -> Result<ObjectId, Error> {
        let chained = self.chained();
        let is_candidate = |(id, operation): &(&ObjectId, &Operation)| {
            !self.contents.contains(id) && has_state(store, operation)
        };
        let (whole, torn): (Vec<_>, Vec<_>) = (self.operations.iter())
            .filter(is_candidate)
            .partition(|(id, _)| chained.get(id).is_some_and(|whole| *whole));
        // Where not one past is complete, people have to say which incomplete one they take.
        let is_torn = whole.is_empty();
        let candidates = if is_torn { torn } else { whole };
        let highest = candidates.iter().map(|(_, o)| o.seq).max();
        let mut latest: Vec<HeadCandidate> = candidates
            .into_iter()
            .filter(|(_, operation)| Some(operation.seq) == highest)
            .map(|(id, operation)| HeadCandidate {
                id: *id,
                seq: operation.seq,
                time: operation.time,
                verb: operation.verb.clone(),
            })
            .collect();
        match latest.as_slice() {
            [] => {
                let path = dir.join("head");
                Err(refs::Error::DamagedHead { path }.into())
            }
            [one] if !is_torn => Ok(one.id),
            _ => {
                latest.sort_by_key(|candidate| (candidate.time, candidate.id));
                Err(Error::AmbiguousHead { candidates: latest })
            }
        }
    }

    /// Checks an operation that people chose.
    fn check(&self, store: &Store, id: ObjectId) -> Result<ObjectId, Error> {
        let reason = match self.operations.get(&id) {
            None => "no pack holds an operation of that id",
            Some(_) if self.contents.contains(&id) => "it is the content of a file",
            Some(operation) if !has_state(store, operation) => "its state cannot be read",
            Some(_) => return Ok(id),
        };
        Err(Error::NoHead { id, reason })
    }
}

/// Returns whether the state after an operation can be read.
fn has_state(store: &Store, operation: &Operation) -> bool {
    let read = |view: &View| -> Result<bool, object::Error> {
        let refs = Refs::read(store, &view.refs)?;
        let mut commits = refs.0.values();
        Ok(commits.all(|tip| object::get::<Commit>(store, tip).is_ok()))
    };
    object::get::<View>(store, &operation.view)
        .and_then(|view| read(&view))
        .unwrap_or(false)
}
