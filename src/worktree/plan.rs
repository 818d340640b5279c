//! Plans a checkout: what to write, what to remove, and what stands in the way.
//!
//! Invariant: a path is written or removed without leave only where its file is what the older
//! snapshot says or is not there. Files that are already as the newer one says are left alone, so
//! that planning again after a crash plans only the rest. Cost follows the changed paths.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use rayon::prelude::*;
use rustc_hash::FxHashMap;
use walkdir::WalkDir;

use crate::base::progress::Progress;
use crate::base::{IoError, ObjectId, RepoPath};
use crate::object::{FileEntry, ObjectSource, Snapshot, SnapshotChange};

use super::cache::StatCache;
use super::error::Error;
use super::ignore_rules::is_reserved;
use super::scan::hash;
use super::stat::{Found, Stat, WorkFile, look, same_kind};

/// A file to write.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WriteAction {
    /// The file as it shall be.
    pub entry: FileEntry,
    /// What stands there when the plan is made; it is not overwritten once it is another.
    pub over: Option<Stat>,
}

/// Why a path stands in the way.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Reason {
    /// It holds changes to a file of the older snapshot.
    Modified,
    /// It is in neither snapshot.
    Untracked,
    /// It is a pipe, a socket or a device.
    Special(&'static str),
    /// It belongs to a repository: `.dver` and `.git` are never written.
    Reserved,
    /// This file system cannot tell it from another path that is written, too.
    SameName(RepoPath),
}

/// A path that stands in the way of a checkout.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Conflict {
    /// The path.
    pub path: RepoPath,
    /// Why.
    pub reason: Reason,
    /// What stands there; `None` where no file does.
    pub stat: Option<Stat>,
    /// Whether the plan writes or removes the very path, rather than one above or below it.
    planned: bool,
}

impl Conflict {
    /// Returns whether leave to overwrite resolves it.
    fn yields(&self) -> bool {
        matches!(self.reason, Reason::Modified | Reason::Untracked) && self.stat.is_some()
    }
}

/// What a checkout does; lists in order of paths.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Plan {
    /// Files to write.
    pub write: Vec<WriteAction>,
    /// Files to remove, before anything is written.
    pub remove: Vec<WorkFile>,
    /// What stands in the way; a plan with any is not applied.
    pub conflicts: Vec<Conflict>,
}

impl Plan {
    /// Returns whether there is nothing to do and nothing in the way.
    pub fn is_empty(&self) -> bool {
        self.write.is_empty() && self.remove.is_empty() && self.conflicts.is_empty()
    }

    /// Returns the files in the way that [`Plan::overwrite`] would take: what must be kept first.
    pub fn at_stake(&self) -> Vec<WorkFile> {
        let stakes = self.conflicts.iter().filter(|conflict| conflict.yields());
        let file = |conflict: &Conflict| {
            Some(WorkFile {
                path: conflict.path.clone(),
                stat: conflict.stat?,
            })
        };
        stakes.filter_map(file).collect()
    }

    /// Gives leave to overwrite and remove the files in the way. Conflicts that no leave resolves
    /// stay.
    pub fn overwrite(&mut self) {
        for file in self.at_stake() {
            let planned = |conflict: &Conflict| conflict.path == file.path && conflict.planned;
            if !self.conflicts.iter().any(planned) {
                self.remove.push(file);
            }
        }
        self.remove.sort_by(|a, b| a.path.cmp(&b.path));
        self.remove.dedup_by(|a, b| a.path == b.path);
        self.conflicts.retain(|conflict| !conflict.yields());
    }
}

/// Plans to turn the files of snapshot `from` into those of snapshot `to`.
pub fn plan(
    root: &Path,
    source: &dyn ObjectSource,
    from: &ObjectId,
    to: &ObjectId,
    cache: &mut StatCache,
    progress: &dyn Progress,
) -> Result<Plan, Error> {
    let changes = Snapshot::changes(source, from, to)?;
    plan_changes(root, &changes, cache, progress)
}

/// Plans to make these changes, each of another path, in order of paths.
///
/// A change whose two sides are the same restores the file.
pub fn plan_changes(
    root: &Path,
    changes: &[SnapshotChange],
    cache: &mut StatCache,
    progress: &dyn Progress,
) -> Result<Plan, Error> {
    let mut ways = Ways::new(root);
    let mut places = Vec::with_capacity(changes.len());
    for change in changes {
        if let Some(path) = change.path() {
            places.push((path, change, ways.look(path)?));
        }
    }
    let contents = contents(root, &places, cache, progress)?;
    let mut planning = Planning {
        root,
        plan: Plan::default(),
        conflicts: BTreeMap::new(),
        removed: BTreeSet::new(),
        removed_names: FxHashMap::default(),
    };
    let places = places.into_iter().zip(contents);
    let (writes, removals): (Vec<_>, Vec<_>) =
        places.partition(|((_, change, _), _)| change.after.is_some());
    for ((path, change, place), content) in removals {
        planning.remove(path, change, &place, content);
    }
    for ((path, change, place), content) in writes {
        planning.write(path, change, place, content)?;
    }
    planning.find_same_names()?;
    let mut plan = planning.plan;
    plan.conflicts = planning.conflicts.into_values().collect();
    Ok(plan)
}

/// What stands at a path, or on the way to it.
enum Place {
    Here(Found),
    /// A file or special file stands where a directory of the path must be.
    Blocked(RepoPath, Found),
}

/// Looks at paths, each directory of them once.
struct Ways<'a> {
    root: &'a Path,
    directories: FxHashMap<Vec<u8>, Found>,
}

impl<'a> Ways<'a> {
    fn new(root: &'a Path) -> Self {
        Self {
            root,
            directories: FxHashMap::default(),
        }
    }

    fn look(&mut self, path: &RepoPath) -> Result<Place, IoError> {
        let bytes = path.as_bytes();
        for (at, _) in bytes.iter().enumerate().filter(|(_, b)| **b == b'/') {
            let Ok(above) = RepoPath::new(&bytes[..at]) else {
                continue; // every front of a path up to a `/` is a path
            };
            let found = match self.directories.get(above.as_bytes()) {
                Some(found) => *found,
                None => {
                    let found = look(&above.to_path(self.root))?;
                    self.directories.insert(above.as_bytes().to_vec(), found);
                    found
                }
            };
            match found {
                Found::Directory => {}
                Found::Nothing => return Ok(Place::Here(Found::Nothing)),
                Found::File(_) | Found::Special(_) => return Ok(Place::Blocked(above, found)),
            }
        }
        Ok(Place::Here(look(&path.to_path(self.root))?))
    }
}

fn same_shape(entry: &FileEntry, stat: &Stat) -> bool {
    same_kind(entry.kind, stat.kind) && entry.size == stat.size
}

/// Returns the contents of the files that could be one side of their change.
fn contents(
    root: &Path,
    places: &[(&RepoPath, &SnapshotChange, Place)],
    cache: &mut StatCache,
    progress: &dyn Progress,
) -> Result<Vec<Option<ObjectId>>, IoError> {
    let file = |(path, change, place): &(&RepoPath, &SnapshotChange, Place)| {
        let Place::Here(Found::File(stat)) = place else {
            return None;
        };
        let sides = [&change.before, &change.after];
        let could_be = sides.into_iter().flatten().any(|e| same_shape(e, stat));
        could_be.then(|| WorkFile {
            path: (*path).clone(),
            stat: *stat,
        })
    };
    let files: Vec<Option<WorkFile>> = places.iter().map(file).collect();
    let unknown = files
        .iter()
        .flatten()
        .filter(|f| cache.content(f).is_none());
    let total: u64 = unknown.map(|file| file.stat.size).sum();
    if total > 0 {
        progress.begin("comparing files", Some(total));
    }
    let found: Vec<_> = files
        .par_iter()
        .map(|file| {
            let Some(file) = file else { return Ok(None) };
            match cache.content(file) {
                Some(content) => Ok(Some((file, content, false))),
                None => {
                    let content = hash(root, file, progress)?;
                    Ok(content.map(|content| (file, content, true)))
                }
            }
        })
        .collect::<Result<_, IoError>>()?;
    progress.end();
    let mut out = Vec::with_capacity(found.len());
    for found in found {
        if let Some((file, content, true)) = found {
            cache.remember(&file.path, &file.stat, content);
        }
        out.push(found.map(|(_, content, _)| content));
    }
    Ok(out)
}

struct Planning<'a> {
    root: &'a Path,
    plan: Plan,
    conflicts: BTreeMap<RepoPath, Conflict>,
    /// Paths that the plan removes.
    removed: BTreeSet<RepoPath>,
    /// Their names without case, with their inodes.
    removed_names: FxHashMap<Vec<u8>, u64>,
}

impl Planning<'_> {
    fn conflict(&mut self, path: RepoPath, reason: Reason, stat: Option<Stat>, planned: bool) {
        let conflict = Conflict {
            path: path.clone(),
            reason,
            stat,
            planned,
        };
        self.conflicts.insert(path, conflict);
    }

    fn remove(
        &mut self,
        path: &RepoPath,
        change: &SnapshotChange,
        place: &Place,
        content: Option<ObjectId>,
    ) {
        // A directory in the file's place is work of another path, and no concern of this one.
        let Place::Here(Found::File(stat)) = place else {
            return;
        };
        if !is(change.before.as_ref(), stat, content) {
            self.conflict(path.clone(), Reason::Modified, Some(*stat), true);
        }
        self.removed.insert(path.clone());
        self.removed_names.insert(folded(path), stat.inode);
        self.plan.remove.push(WorkFile {
            path: path.clone(),
            stat: *stat,
        });
    }

    fn write(
        &mut self,
        path: &RepoPath,
        change: &SnapshotChange,
        place: Place,
        content: Option<ObjectId>,
    ) -> Result<(), Error> {
        let Some(entry) = &change.after else {
            return Ok(());
        };
        if path.as_bytes().split(|&b| b == b'/').any(is_reserved) {
            self.conflict(path.clone(), Reason::Reserved, None, true);
            return Ok(());
        }
        let mut over = None;
        match place {
            Place::Here(Found::Nothing) => {}
            // Where case is ignored, a path that goes and one that comes can be one file.
            Place::Here(Found::File(stat))
                if stat.inode != 0
                    && self.removed_names.get(&folded(path)) == Some(&stat.inode) => {}
            Place::Here(Found::File(stat)) => {
                if is(Some(entry), &stat, content) {
                    return Ok(());
                }
                if !is(change.before.as_ref(), &stat, content) {
                    let reason = match change.before {
                        Some(_) => Reason::Modified,
                        None => Reason::Untracked,
                    };
                    self.conflict(path.clone(), reason, Some(stat), true);
                }
                over = Some(stat);
            }
            Place::Here(Found::Directory) => self.clear_directory(path)?,
            Place::Here(Found::Special(kind)) => {
                self.conflict(path.clone(), Reason::Special(kind), None, true);
            }
            Place::Blocked(above, _) if self.removed.contains(&above) => {}
            Place::Blocked(above, Found::File(stat)) => {
                self.conflict(above, Reason::Untracked, Some(stat), false);
            }
            Place::Blocked(above, Found::Special(kind)) => {
                self.conflict(above, Reason::Special(kind), None, false);
            }
            Place::Blocked(..) => {}
        }
        self.plan.write.push(WriteAction {
            entry: entry.clone(),
            over,
        });
        Ok(())
    }

    /// Notes what stands in a directory that must make room for a file.
    fn clear_directory(&mut self, path: &RepoPath) -> Result<(), Error> {
        let place = path.to_path(self.root);
        for found in WalkDir::new(&place).follow_links(false) {
            let found = found.map_err(|e| {
                let at = e.path().unwrap_or(&place).to_owned();
                IoError::new("read", &at, e.into())
            })?;
            if found.file_type().is_dir() {
                continue;
            }
            let relative = found.path().strip_prefix(self.root).unwrap_or(found.path());
            let Ok(inside) = RepoPath::from_path(relative) else {
                // A repository lives in there.
                self.conflict(path.clone(), Reason::Reserved, None, true);
                continue;
            };
            if self.removed.contains(&inside) {
                continue;
            }
            match look(found.path())? {
                Found::File(stat) => {
                    self.conflict(inside, Reason::Untracked, Some(stat), false);
                }
                Found::Special(kind) => {
                    self.conflict(inside, Reason::Special(kind), None, false);
                }
                Found::Nothing | Found::Directory => {}
            }
        }
        Ok(())
    }

    /// Finds paths that this file system would write into one file.
    fn find_same_names(&mut self) -> Result<(), IoError> {
        let mut names: FxHashMap<Vec<u8>, &RepoPath> = FxHashMap::default();
        let mut same = Vec::new();
        for action in &self.plan.write {
            let path = &action.entry.path;
            if let Some(first) = names.insert(folded(path), path) {
                same.push((path.clone(), first.clone()));
            }
        }
        if same.is_empty() || !ignores_case(self.root)? {
            return Ok(());
        }
        for (path, first) in same {
            self.conflict(path, Reason::SameName(first), None, true);
        }
        Ok(())
    }
}

/// Returns whether the file is what the entry says.
fn is(entry: Option<&FileEntry>, stat: &Stat, content: Option<ObjectId>) -> bool {
    entry.is_some_and(|entry| same_shape(entry, stat) && content == Some(entry.content))
}

/// Returns a path without case, as file systems that ignore it compare names.
fn folded(path: &RepoPath) -> Vec<u8> {
    match path.as_str() {
        Some(text) => text.to_lowercase().into_bytes(),
        None => path.as_bytes().to_ascii_lowercase(),
    }
}

/// Returns whether the file system of the worktree ignores case.
fn ignores_case(root: &Path) -> Result<bool, IoError> {
    // `.dver` stands at the root of every worktree and is never a link to `.DVER`.
    let [name, other] = [".dver", ".DVER"].map(|name| std::fs::metadata(root.join(name)));
    Ok(name.is_ok() && other.is_ok() && look(&root.join(".DVER"))? == Found::Directory)
}
