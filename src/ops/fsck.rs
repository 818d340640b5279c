//! `fsck`: checks that everything the history needs is there and sound. It never deletes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use rustc_hash::FxHashSet;

use crate::base::progress::Progress;
use crate::base::{Hasher, ObjectId, RepoPath, fsio};
use crate::history::reach::{self, Need, Role};
use crate::object::{self, Content, FileEntry, ObjectSource as _, Operation};
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
    pub repair: String,
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
/// Objects that are checked at once.
const BATCH: usize = 1024;
/// What helps where the bytes are nowhere in this repository.
const CLONE: &str = "copy the packs of another clone into .dver/packs";

/// Checks all that the operations reach; with `full` every byte of every pack too.
///
/// Takes the worktree's root and not an opened repository: what it is to find may well be the
/// reason why the repository does not open.
pub fn fsck(root: &Path, full: bool, progress: &dyn Progress) -> Result<FsckReport, Error> {
    let dir = repo::directory_of(root);
    repo::check_version(&dir)?;
    let store = Store::open(&dir.join("packs"))?;
    let mut check = Check::new(&store, root, progress);
    check.packs(full)?;
    progress.begin_counting("following the history", "objects", None);
    let whole = match HeadFile::new(&dir).read() {
        Ok(latest) => check.operations(latest)?,
        Err(e @ refs::Error::DamagedHead { .. }) => {
            check.finding(
                "head",
                e.to_string(),
                "`dver fsck --restore-head`".to_owned(),
            );
            false
        }
        Err(e) => return Err(e.into()),
    };
    if !whole {
        check.every_operation()?;
    }
    progress.end();
    check.leaves()?;
    if full {
        check.contents()?;
    }
    check.tell_needs()?;
    check.tell_repairs();
    Ok(check.report)
}

struct Check<'a> {
    store: &'a Store,
    root: &'a Path,
    progress: &'a dyn Progress,
    seen: FxHashSet<(ObjectId, Role)>,
    /// Objects that need nothing, still to be checked.
    leaves: Vec<Need>,
    /// Contents with a manifest.
    large: Vec<Need>,
    /// Commits, in the order in which they were met.
    commits: Vec<ObjectId>,
    /// Which finding an object has.
    bad: BTreeMap<ObjectId, usize>,
    /// What was needed at the time, for each finding that has an object.
    needs: BTreeMap<usize, Need>,
    /// Findings about files of packs, and whether the pack could be opened.
    packs: Vec<(usize, PathBuf, bool)>,
    report: FsckReport,
}

impl<'a> Check<'a> {
    fn new(store: &'a Store, root: &'a Path, progress: &'a dyn Progress) -> Self {
        Self {
            store,
            root,
            progress,
            seen: FxHashSet::default(),
            leaves: Vec::new(),
            large: Vec::new(),
            commits: Vec::new(),
            bad: BTreeMap::new(),
            needs: BTreeMap::new(),
            packs: Vec::new(),
            report: FsckReport::default(),
        }
    }

    fn finding(&mut self, kind: &'static str, reason: String, repair: String) -> usize {
        self.report.damaged.push(Finding {
            id: None,
            kind,
            reason,
            needed_by: Vec::new(),
            repair,
        });
        self.report.damaged.len() - 1
    }

    fn bad(&mut self, need: Need, error: object::Error) -> Result<(), Error> {
        if let object::Error::Io(e) = error {
            return Err(e.into()); // the machine failed; that is no damage
        }
        if self.bad.contains_key(&need.id) {
            return Ok(());
        }
        let at = self.finding(need.role.name(), error.to_string(), CLONE.to_owned());
        self.report.damaged[at].id = Some(need.id);
        self.bad.insert(need.id, at);
        self.needs.insert(at, need);
        Ok(())
    }

    fn packs(&mut self, full: bool) -> Result<(), Error> {
        let progress = self.progress;
        for (path, reason) in self.store.damaged() {
            let at = self.finding(
                "pack",
                format!("{}: {reason}", path.display()),
                String::new(),
            );
            self.packs.push((at, path, false));
        }
        if !full {
            return Ok(());
        }
        let packs = self.store.list_packs();
        let total = packs.iter().map(|pack| pack.size).sum();
        progress.begin("checking packs", Some(total));
        for pack in packs {
            for damage in self.store.verify_telling(&pack.path, progress)?.damage {
                let reason = format!("{}: {}", pack.path.display(), damage.kind);
                let at = self.finding("pack", reason, String::new());
                self.packs.push((at, pack.path.clone(), true));
            }
        }
        progress.end();
        Ok(())
    }

    /// Checks the operations from the latest to the first, and what those name that have not
    /// expired; returns whether all could be read.
    fn operations(&mut self, latest: ObjectId) -> Result<bool, Error> {
        let mut next = Some(latest);
        let mut expired = None;
        let mut whole = true;
        while let Some(id) = next {
            self.report.objects += 1;
            let operation: Operation = match object::get(self.store, &id) {
                Ok(operation) => operation,
                Err(e) => {
                    self.bad(Need::new(Role::Operation, id), e)?;
                    return Ok(false);
                }
            };
            expired = expired.max(operation.expired);
            if expired.is_none_or(|last| operation.seq > last) {
                whole &= self.operation(&operation)?;
            }
            next = operation.previous;
        }
        Ok(whole)
    }

    /// Checks the operations that packs still hold. Where the chain is broken, what lies behind
    /// the break is found by no other way.
    fn every_operation(&mut self) -> Result<(), Error> {
        let mut found = stored_operations(self.store)?;
        let expired = found
            .values()
            .filter_map(|operation| operation.expired)
            .max();
        found.retain(|_, operation| expired.is_none_or(|last| operation.seq > last));
        for operation in found.into_values() {
            self.operation(&operation)?;
        }
        Ok(())
    }

    /// Checks what one operation names; returns whether its view could be read.
    fn operation(&mut self, operation: &Operation) -> Result<bool, Error> {
        self.walk(reach::of_operation(
            operation.view,
            operation.wrote.as_ref(),
        ))?;
        Ok(!self.bad.contains_key(&operation.view))
    }

    /// Reads everything that is needed but the leaves, which it collects.
    fn walk(&mut self, needs: Vec<Need>) -> Result<(), Error> {
        let mut open = needs;
        open.reverse();
        while let Some(need) = open.pop() {
            if !self.seen.insert((need.id, need.role)) {
                continue;
            }
            self.report.objects += u64::from(need.is_object());
            self.progress.advance(1);
            if need.is_leaf() {
                self.leaves.push(need);
                continue;
            }
            match reach::needs(self.store, &need) {
                Ok(more) => {
                    open.extend(more.into_iter().rev());
                    match need.role {
                        Role::Commit => self.commits.push(need.id),
                        Role::Content => self.large.push(need),
                        _ => {}
                    }
                }
                Err(e) => self.bad(need, e)?,
            }
        }
        Ok(())
    }

    /// Reads and hashes the objects that need nothing.
    fn leaves(&mut self) -> Result<(), Error> {
        let progress = self.progress;
        let leaves = std::mem::take(&mut self.leaves);
        progress.begin_counting("checking objects", "objects", Some(leaves.len() as u64));
        for batch in leaves.chunks(BATCH) {
            let look = |need: &Need| self.store.get(&need.id).map(drop);
            let results: Vec<Result<(), object::Error>> = batch.par_iter().map(look).collect();
            progress.advance(batch.len() as u64);
            for (need, result) in batch.iter().zip(results) {
                if let Err(e) = result {
                    self.bad(need.clone(), e)?;
                }
            }
        }
        progress.end();
        Ok(())
    }

    /// Hashes the contents that have a manifest, whole.
    fn contents(&mut self) -> Result<(), Error> {
        let progress = self.progress;
        let large = std::mem::take(&mut self.large);
        let total = large.iter().map(Need::size).sum();
        progress.begin("checking contents", Some(total));
        for need in large {
            let told: Result<(), object::Error> = Content::open(self.store, &need.id, need.size())
                .and_then(|content| {
                    content.copy(self.store, &mut |part| {
                        progress.advance(part.len() as u64);
                        Ok(())
                    })
                });
            match told {
                Ok(()) => {}
                // A chunk that cannot be had has its own finding.
                Err(e) if lost(&e).is_some_and(|id| self.bad.contains_key(&id)) => {}
                Err(object::Error::DamagedPack { .. }) if !self.bad.is_empty() => {}
                Err(e) => self.bad(need, e)?,
            }
        }
        progress.end();
        Ok(())
    }

    /// Finds out which commits need what is damaged, and at which paths.
    fn tell_needs(&mut self) -> Result<(), Error> {
        if self.bad.is_empty() {
            return Ok(());
        }
        let mut commits = std::mem::take(&mut self.commits);
        let damaged = |(at, need): (&usize, &Need)| (need.role == Role::Commit).then_some(*at);
        let damaged: Vec<usize> = self.needs.iter().filter_map(damaged).collect();
        for at in damaged {
            let id = self.needs[&at].id;
            self.report.damaged[at].needed_by.push((id, None));
        }
        let mut sound = FxHashSet::default();
        for commit in commits.drain(..) {
            let need = Need::new(Role::Commit, commit);
            let needs = match reach::needs(self.store, &need) {
                Ok(needs) => needs,
                Err(_) => continue, // it was read a moment ago
            };
            // Parents have findings of their own.
            for need in needs.iter().filter(|need| need.role != Role::Commit) {
                self.blame(need, commit, None, &mut sound);
            }
        }
        Ok(())
    }

    /// Notes that a commit needs what is damaged below `need`; returns whether something is.
    fn blame(
        &mut self,
        need: &Need,
        commit: ObjectId,
        path: Option<&RepoPath>,
        sound: &mut FxHashSet<(ObjectId, Role)>,
    ) -> bool {
        let path = need.path.as_ref().or(path);
        if let Some(at) = self.bad.get(&need.id) {
            let needed_by = &mut self.report.damaged[*at].needed_by;
            let known = needed_by
                .iter()
                .any(|(c, p)| *c == commit && p.as_ref() == path);
            if !known && needed_by.len() < MAX_NEEDED_BY {
                needed_by.push((commit, path.cloned()));
            }
            return true;
        }
        if need.is_leaf() || sound.contains(&(need.id, need.role)) {
            return false;
        }
        let below = reach::needs(self.store, need).unwrap_or_default();
        let mut damaged = false;
        for below in &below {
            damaged |= self.blame(below, commit, path, sound);
        }
        if !damaged {
            sound.insert((need.id, need.role));
        }
        damaged
    }

    /// Says what would repair each finding.
    fn tell_repairs(&mut self) {
        let lost = !self.bad.is_empty();
        for (at, path, opened) in &self.packs {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            self.report.damaged[*at].repair = match (lost, opened) {
                (true, _) => format!("copy {name} from another clone or a backup into .dver/packs"),
                (false, true) => "`dver gc --all`: it packs all that is needed anew".to_owned(),
                // Everything was found without it.
                (false, false) => format!("nothing needs it: delete .dver/packs/{name}"),
            };
        }
        let mut repairs = Vec::new();
        for (at, need) in &self.needs {
            if !matches!(
                need.role,
                Role::Content | Role::Manifest | Role::Chunk | Role::Chunks
            ) {
                continue;
            }
            let finding = &self.report.damaged[*at];
            let paths = finding.needed_by.iter().filter_map(|(commit, path)| {
                let path = path.as_ref()?;
                let snapshot = object::get::<object::Commit>(self.store, commit).ok()?;
                object::Snapshot::find(self.store, &snapshot.snapshot, path).ok()?
            });
            let mut entries: Vec<FileEntry> = paths.collect();
            entries.dedup_by(|a, b| a.same_file(b) && a.path == b.path);
            let here = entries.iter().find(|entry| self.stands(entry));
            repairs.push((*at, match (here, entries.first()) {
                (Some(entry), _) => format!("`dver add --again {}`", entry.path),
                (None, Some(entry)) => format!(
                    "bring back a file whose BLAKE3 is {} and `dver add --again` it; or {CLONE}",
                    entry.content
                ),
                (None, None) => CLONE.to_owned(),
            }));
        }
        for (at, repair) in repairs {
            self.report.damaged[at].repair = repair;
        }
    }

    /// Returns whether the working file is what the entry says.
    fn stands(&self, entry: &FileEntry) -> bool {
        let path = entry.path.to_path(self.root);
        let Ok(file) = fsio::open_plain(&path) else {
            return false;
        };
        if file.metadata().map_or(0, |m| m.len()) != entry.size {
            return false;
        }
        let mut hasher = Hasher::new();
        let mut buffer = vec![0; 1 << 16];
        let mut offset = 0;
        while offset < entry.size {
            let count = buffer.len().min((entry.size - offset) as usize);
            if fsio::read_exact_at(&file, &path, offset, &mut buffer[..count]).is_err() {
                return false;
            }
            hasher.update(&buffer[..count]);
            offset += count as u64;
        }
        hasher.id() == entry.content
    }
}

/// Returns everything in the packs that reads as an operation.
pub(super) fn stored_operations(store: &Store) -> Result<BTreeMap<ObjectId, Operation>, Error> {
    let mut found = BTreeMap::new();
    store.walk(MAX_OPERATION, &mut |id, bytes| {
        if let Ok(operation) = object::decode::<Operation>(id, bytes) {
            found.insert(*id, operation);
        }
        Ok(())
    })?;
    // A flipped bit makes another operation, which nobody wrote: no table lists its id.
    found.retain(|id, _| store.contains(id).unwrap_or(false));
    Ok(found)
}

fn lost(error: &object::Error) -> Option<ObjectId> {
    match error {
        object::Error::Missing(id) | object::Error::Corrupt { id, .. } => Some(*id),
        _ => None,
    }
}
