//! `fsck`: checks that everything the history needs is there and sound. It never deletes.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;

use crate::base::{ObjectId, RepoPath};
use crate::object::changes::{ChangeSet, Row};
use crate::object::tree::{Entry, Walker};
use crate::object::{
    self, Attachment, Commit, Content, FileEntry, Joint, ObjectSource as _, Operation, Refs,
    Schema, Scorecard, State, Values, View,
};
use crate::refs::{self, HeadFile};
use crate::repo;
use crate::store::Store;

use super::error::Error;

/// Something damaged, and who needs it.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The object, where its whole id is known.
    pub id: Option<ObjectId>,
    /// What it is: `chunk`, `commit`, `pack` ...
    pub kind: &'static str,
    /// What is wrong.
    pub reason: String,
    /// The commits that need it, with the path where it belongs to one.
    pub needed_by: Vec<(ObjectId, Option<RepoPath>)>,
    /// What may repair it.
    pub repair: &'static str,
}

/// What was checked, and what was found.
#[derive(Debug, Default)]
pub struct FsckReport {
    /// How many objects were checked.
    pub objects: u64,
    /// What is damaged.
    pub damaged: Vec<Finding>,
}

/// The largest object that is looked at for an operation, in bytes.
const MAX_OPERATION: u64 = 1 << 20;
/// The most commits that a finding names.
const MAX_NEEDED_BY: usize = 20;

/// Checks all that the operations reach; with `full` every byte of every pack too.
///
/// Takes the worktree's root and not an opened repository: what it is to find may well be the
/// reason why the repository does not open.
pub fn fsck(root: &Path, full: bool) -> Result<FsckReport, Error> {
    let dir = root.join(repo::DIRECTORY);
    repo::check_version(&dir)?;
    let store = Store::open(&dir.join("packs"))?;
    let mut check = Check::new(&store, full);
    for (path, reason) in store.damaged() {
        check.pack(&path, reason);
    }
    if full {
        for pack in store.list_packs() {
            let report = store.verify(&pack.path)?;
            check.report.objects += report.objects;
            for damage in report.damage {
                check.pack(&pack.path, damage.kind.to_string());
            }
        }
    }
    let whole = match HeadFile::new(&dir).read() {
        Ok(latest) => check.operations(latest),
        Err(e @ refs::Error::DamagedHead { .. }) => {
            check.head(e.to_string());
            false
        }
        Err(e) => return Err(e.into()),
    };
    if !whole {
        check.every_operation()?;
    }
    Ok(check.report)
}

struct Check<'a> {
    store: &'a Store,
    full: bool,
    seen: HashSet<ObjectId>,
    /// What is wrong with a tree or content that was checked before, so that it is said again for
    /// the next commit that needs it.
    bad: HashMap<ObjectId, usize>,
    report: FsckReport,
}

type Need<'a> = Option<(ObjectId, Option<&'a RepoPath>)>;

impl<'a> Check<'a> {
    fn new(store: &'a Store, full: bool) -> Self {
        Self {
            store,
            full,
            seen: HashSet::new(),
            bad: HashMap::new(),
            report: FsckReport::default(),
        }
    }

    fn pack(&mut self, path: &Path, reason: String) {
        self.report.damaged.push(Finding {
            id: None,
            kind: "pack",
            reason: format!("{}: {reason}", path.display()),
            needed_by: Vec::new(),
            repair: "copy the pack of that name from another clone or a backup into .dver/packs",
        });
    }

    fn head(&mut self, reason: String) {
        self.report.damaged.push(Finding {
            id: None,
            kind: "head",
            reason,
            needed_by: Vec::new(),
            repair: "`dver fsck --restore-head`",
        });
    }

    /// Notes that something is wrong, or that one more commit needs what is known to be wrong.
    fn note(&mut self, id: ObjectId, kind: &'static str, reason: String, need: Need<'_>) {
        let at = *self.bad.entry(id).or_insert_with(|| {
            self.report.damaged.push(Finding {
                id: Some(id),
                kind,
                reason,
                needed_by: Vec::new(),
                repair: repair(kind),
            });
            self.report.damaged.len() - 1
        });
        let needed_by = &mut self.report.damaged[at].needed_by;
        if let Some((commit, path)) = need
            && needed_by.len() < MAX_NEEDED_BY
            && !needed_by
                .iter()
                .any(|(known, p)| *known == commit && p.as_ref() == path)
        {
            needed_by.push((commit, path.cloned()));
        }
    }

    /// Reads a metadata object once; `None` where it was read before or is damaged.
    fn object<T: object::Kind>(
        &mut self,
        id: &ObjectId,
        kind: &'static str,
        need: Need<'_>,
    ) -> Option<T> {
        if self.bad.contains_key(id) {
            self.note(*id, kind, String::new(), need);
            return None;
        }
        if !self.seen.insert(*id) {
            return None;
        }
        self.report.objects += 1;
        match object::get::<T>(self.store, id) {
            Ok(value) => Some(value),
            Err(e) => {
                self.note(*id, kind, e.to_string(), need);
                None
            }
        }
    }

    /// Checks the operations from the latest to the first; returns whether all could be read.
    fn operations(&mut self, latest: ObjectId) -> bool {
        let mut whole = true;
        let mut next = Some(latest);
        while let Some(id) = next {
            let Some(operation) = self.object::<Operation>(&id, "operation", None) else {
                return false;
            };
            whole &= self.operation(&operation);
            next = operation.previous;
        }
        whole
    }

    /// Checks the operations that packs still hold. Where the chain is broken, what lies behind
    /// the break is found by no other way.
    fn every_operation(&mut self) -> Result<(), Error> {
        let mut found = Vec::new();
        self.store.walk(MAX_OPERATION, &mut |id, bytes| {
            found.extend(object::decode::<Operation>(id, bytes).map(|operation| (*id, operation)));
            Ok(())
        })?;
        for (id, operation) in found {
            if self.seen.insert(id) {
                self.report.objects += 1;
                self.operation(&operation);
            }
        }
        Ok(())
    }

    /// Checks what one operation names; returns whether its state could be read.
    fn operation(&mut self, operation: &Operation) -> bool {
        let whole = match self.object::<View>(&operation.view, "view", None) {
            Some(view) => self.view(&view),
            None => !self.bad.contains_key(&operation.view), // else it was read before
        };
        if let Some(written) = &operation.wrote {
            self.snapshot(&written.before, None);
            self.snapshot(&written.after, None);
        }
        whole
    }

    fn view(&mut self, view: &View) -> bool {
        let refs = Refs::read(self.store, &view.refs);
        let whole = refs.is_ok();
        match refs {
            Ok(refs) => refs.0.values().for_each(|tip| self.commits(*tip)),
            Err(e) => self.note(view.refs, "refs", e.to_string(), None),
        }
        if let Some(attachments) = &view.attachments {
            self.tree::<Attachment>(attachments, "attachments", None);
        }
        for state in view.worktrees.values() {
            if let object::Head::Commit(id) = &state.head {
                self.commits(*id);
            }
            state
                .stage
                .iter()
                .for_each(|stage| self.snapshot(stage, None));
            if let Some(pending) = &state.pending {
                self.snapshot(&pending.from, None);
                self.snapshot(&pending.to, None);
            }
        }
        whole
    }

    fn commits(&mut self, tip: ObjectId) {
        let mut open = vec![tip];
        while let Some(id) = open.pop() {
            let need = Some((id, None));
            let Some(commit) = self.object::<Commit>(&id, "commit", need) else {
                continue;
            };
            self.snapshot(&commit.snapshot, Some(id));
            for changes in &commit.changes {
                let Some(head) = self.object::<ChangeSet>(changes, "change set", need) else {
                    continue;
                };
                head.body
                    .iter()
                    .for_each(|body| self.tree::<Row>(body, "change set", need));
            }
            if let Some(card) = self.object::<Scorecard>(&commit.scorecard, "scorecard", need) {
                self.scorecard(&card, need);
            }
            open.extend(commit.parents);
        }
    }

    fn scorecard(&mut self, card: &Scorecard, need: Need<'_>) {
        for score in &card.datasets {
            self.object::<Schema>(&score.schema, "schema", need);
            let Some(state) = self.object::<State>(&score.state, "state", need) else {
                continue;
            };
            for values in state
                .fields
                .iter()
                .filter_map(|field| field.values.as_ref())
            {
                self.object::<Values>(values, "values", need);
            }
            for joint in &state.joint {
                self.object::<Joint>(joint, "joint table", need);
            }
        }
    }

    fn tree<E: Entry>(&mut self, root: &ObjectId, kind: &'static str, need: Need<'_>) {
        if self.bad.contains_key(root) {
            self.note(*root, kind, String::new(), need);
        } else if self.seen.insert(*root) {
            self.report.objects += 1;
            let all = Walker::<E>::open(self.store, root)
                .and_then(|mut walker| walker.try_for_each(|entry| entry.map(drop)));
            if let Err(e) = all {
                self.note(*root, kind, e.to_string(), need);
            }
        }
    }

    fn snapshot(&mut self, root: &ObjectId, commit: Option<ObjectId>) {
        let need = commit.map(|id| (id, None));
        if self.bad.contains_key(root) {
            self.note(*root, "snapshot", String::new(), need);
            return;
        }
        // A snapshot that was read before is walked again only where something is damaged, to
        // name this commit too.
        if !self.seen.insert(*root) && self.bad.is_empty() {
            return;
        }
        self.report.objects += 1;
        let walker = match Walker::<FileEntry>::open(self.store, root) {
            Ok(walker) => walker,
            Err(e) => return self.note(*root, "snapshot", e.to_string(), need),
        };
        for entry in walker {
            match entry {
                Ok(entry) => self.content(&entry, commit),
                Err(e) => return self.note(*root, "snapshot", e.to_string(), need),
            }
        }
    }

    fn content(&mut self, entry: &FileEntry, commit: Option<ObjectId>) {
        let need = commit.map(|id| (id, Some(&entry.path)));
        if self.bad.contains_key(&entry.content) {
            return self.note(entry.content, "content", String::new(), need);
        }
        if !self.seen.insert(entry.content) {
            return;
        }
        let content = match Content::open(self.store, &entry.content, entry.size) {
            Ok(content) => content,
            Err(e) => return self.note(entry.content, "content", e.to_string(), need),
        };
        let mut checked = 0;
        let result = if self.full {
            // Reads, hashes and compares every byte of the content.
            content.copy::<object::Error>(self.store, &mut |_| Ok(()))
        } else {
            content.chunks().iter().try_for_each(|chunk| {
                checked += 1;
                match self.store.contains(&chunk.id)? {
                    true => Ok(()),
                    false => Err(object::Error::Missing(chunk.id)),
                }
            })
        };
        self.report.objects += checked;
        if let Err(e) = result {
            self.note(entry.content, "content", e.to_string(), need);
        }
    }
}

fn repair(kind: &'static str) -> &'static str {
    match kind {
        "content" | "snapshot" => {
            "`dver add` of a file with these bytes stores it again; or copy the packs of another \
             clone into .dver/packs"
        }
        _ => "copy the packs of another clone into .dver/packs",
    }
}

/// Finds the latest operation whose state is complete and makes `head` name it. For a repository
/// whose `head` is lost or torn; returns the operation.
pub fn restore_head(root: &Path) -> Result<(ObjectId, Operation), Error> {
    let dir = root.join(repo::DIRECTORY);
    let store = Store::open(&dir.join("packs"))?;
    let mut found: BTreeMap<u64, Vec<(ObjectId, Operation)>> = BTreeMap::new();
    store.walk(MAX_OPERATION, &mut |id, bytes| {
        if let Ok(operation) = object::decode::<Operation>(id, bytes) {
            found
                .entry(operation.seq)
                .or_default()
                .push((*id, operation));
        }
        Ok(())
    })?;
    for (id, operation) in found.into_values().rev().flatten() {
        if is_complete(&store, &id) {
            HeadFile::new(&dir).write(&id)?;
            return Ok((id, operation));
        }
    }
    Err(refs::Error::DamagedHead {
        path: dir.join("head"),
    }
    .into())
}

/// Returns whether an operation's view and all operations before it can be read.
fn is_complete(store: &Store, id: &ObjectId) -> bool {
    let mut next = Some(*id);
    while let Some(id) = next {
        let Ok(operation) = object::get::<Operation>(store, &id) else {
            return false;
        };
        let Ok(view) = object::get::<View>(store, &operation.view) else {
            return false;
        };
        let Ok(refs) = Refs::read(store, &view.refs) else {
            return false;
        };
        let commits = |tip: &ObjectId| object::get::<Commit>(store, tip).is_ok();
        if !refs.0.values().all(commits) {
            return false;
        }
        next = operation.previous;
    }
    true
}
