//! Applies a plan: removes files, then writes each whole, then makes all of it durable at once.
//!
//! Invariants: a file appears under its name by rename, with all its bytes, whose hash was checked
//! while they were written. A file that is no longer what the plan saw is left alone and told.
//! Stopping anywhere and planning again ends in the same state.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;
use walkdir::WalkDir;

use crate::base::fsio::{self, NewFile};
use crate::base::progress::Progress;
use crate::base::{Hasher, IoError, RepoPath};
use crate::object::{self, Content, EntryKind, FileEntry, ObjectSource};

use super::cache::StatCache;
use super::error::{Error, Finding, Problem};
use super::ignore_rules::TEMPORARY;
use super::plan::{Plan, WriteAction};
use super::stat::{Found, Stat, is_beyond_symlink, look};

/// How many bytes of a content are fetched at a time.
const BATCH: u64 = 4 << 20;

/// What a checkout did.
#[derive(Debug, Default)]
pub struct Applied {
    /// Files that were written, in order of paths.
    pub written: Vec<RepoPath>,
    /// Files that were removed, in order of paths.
    pub removed: Vec<RepoPath>,
    /// Paths that were left as they were, because they changed since the plan was made.
    pub findings: Vec<Finding>,
}

impl Plan {
    /// Carries the plan out. `scratch` is a directory for temporary files.
    ///
    /// Fails with [`Error::InTheWay`], before anything is touched, where the plan has conflicts.
    pub fn apply(
        &self,
        root: &Path,
        scratch: &Path,
        source: &dyn ObjectSource,
        cache: &mut StatCache,
        progress: &dyn Progress,
    ) -> Result<Applied, Error> {
        if !self.conflicts.is_empty() {
            let paths = self.conflicts.iter().map(|c| c.path.clone()).collect();
            return Err(Error::InTheWay(paths));
        }
        let applying = Applying {
            root,
            scratch,
            source,
            progress,
        };
        let mut applied = Applied::default();
        let total = self.write.iter().map(|action| action.entry.size).sum();
        progress.begin("writing files", Some(total));
        for file in &self.remove {
            if applying.remove(&file.path, &file.stat)? {
                cache.forget(&file.path);
                applied.removed.push(file.path.clone());
            } else {
                applied.findings.push(moved(&file.path));
            }
        }
        applying.remove_empty_directories(&applied.removed)?;
        applying.create_directories(&self.write)?;
        let written = self
            .write
            .par_iter()
            .map(|action| applying.write(action))
            .collect::<Result<Vec<_>, Error>>()?;
        if !(self.write.is_empty() && self.remove.is_empty()) {
            fsio::sync_filesystem(root)?;
        }
        progress.end();
        cache.advance(scratch);
        for (action, written) in self.write.iter().zip(written) {
            let path = &action.entry.path;
            match written {
                Some(stat) => {
                    cache.remember(path, &stat, action.entry.content);
                    applied.written.push(path.clone());
                }
                None => applied.findings.push(moved(path)),
            }
        }
        Ok(applied)
    }
}

fn moved(path: &RepoPath) -> Finding {
    Finding {
        path: path.clone(),
        problem: Problem::Changed,
    }
}

struct Applying<'a> {
    root: &'a Path,
    scratch: &'a Path,
    source: &'a dyn ObjectSource,
    progress: &'a dyn Progress,
}

impl Applying<'_> {
    /// Removes a file; returns whether it is gone.
    fn remove(&self, path: &RepoPath, stat: &Stat) -> Result<bool, Error> {
        let place = path.to_path(self.root);
        match look(&place)? {
            Found::Nothing => {}
            Found::File(now) if now == *stat => fsio::remove(&place)?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Removes the directories that removals left empty.
    fn remove_empty_directories(&self, removed: &[RepoPath]) -> Result<(), Error> {
        // The deepest first: of two sorted paths the one above comes first.
        let mut last: Option<RepoPath> = None;
        for path in removed.iter().rev() {
            let mut above = RepoPath::new(path.parent()).ok();
            if above == last {
                continue; // the same directory as of the path before
            }
            last.clone_from(&above);
            while let Some(directory) = above {
                if !fsio::remove_dir_if_empty(&directory.to_path(self.root))? {
                    break;
                }
                above = RepoPath::new(directory.parent()).ok();
            }
        }
        Ok(())
    }

    fn create_directories(&self, write: &[WriteAction]) -> Result<(), Error> {
        let mut last: &[u8] = b"";
        for action in write {
            let parent = action.entry.path.parent();
            if parent == last {
                continue;
            }
            last = parent;
            // Through a link that came meanwhile, files would be written outside the worktree.
            if is_beyond_symlink(self.root, &action.entry.path)? {
                return Err(Error::InTheWay(vec![action.entry.path.clone()]));
            }
            if let Ok(directory) = RepoPath::new(parent) {
                fsio::create_dir_all(&directory.to_path(self.root))?;
            }
        }
        Ok(())
    }

    /// Writes a file; `None` where what stands there is not what the plan saw.
    fn write(&self, action: &WriteAction) -> Result<Option<Stat>, Error> {
        let entry = &action.entry;
        let place = entry.path.to_path(self.root);
        match (look(&place)?, action.over) {
            (Found::Nothing, _) => {}
            (Found::File(now), Some(over)) if now == over => {}
            (Found::Directory, None) => {
                if !remove_empty_tree(&place)? {
                    return Ok(None);
                }
            }
            _ => return Ok(None),
        }
        let temporary = self.scratch.join(temporary_name("checkout-"));
        match self.write_as(&temporary, &place, entry) {
            // The worktree is on another file system than the repository.
            Err(Error::Io(e)) if e.source.kind() == io::ErrorKind::CrossesDevices => {
                let beside = place.with_file_name(temporary_name(TEMPORARY));
                self.write_as(&beside, &place, entry)?;
            }
            written => written?,
        }
        match look(&place)? {
            Found::File(stat) => Ok(Some(stat)),
            _ => Ok(None),
        }
    }

    fn write_as(&self, temporary: &Path, place: &Path, entry: &FileEntry) -> Result<(), Error> {
        if entry.kind == EntryKind::Symlink {
            let content = Content::open(self.source, &entry.content, entry.size)?;
            let target = content.read(self.source, Content::MAX_WHOLE)?;
            let target = target.filter(|target| target.len() as u64 == entry.size);
            let target = target.ok_or_else(|| wrong_size(entry))?;
            fsio::symlink(&target, temporary)?;
            return fsio::rename(temporary, place).map_err(|e| {
                let _ = fsio::remove(temporary); // the rename's failure is the one to tell
                e.into()
            });
        }
        let mut file = NewFile::create(temporary)?;
        self.write_content(&mut file, entry)?;
        if entry.kind == EntryKind::Executable {
            make_executable(&file)?;
        }
        Ok(file.persist(place)?)
    }

    fn write_content(&self, file: &mut NewFile, entry: &FileEntry) -> Result<(), Error> {
        let content = Content::open(self.source, &entry.content, entry.size)?;
        let Some(manifest) = content.manifest else {
            let bytes = self.source.get(&entry.content)?;
            if bytes.len() as u64 != entry.size {
                return Err(wrong_size(entry));
            }
            file.write(&bytes)?;
            self.progress.advance(entry.size);
            return Ok(());
        };
        let mut hasher = Hasher::new();
        let mut rest = manifest.chunks.as_slice();
        while !rest.is_empty() {
            let mut bytes = 0u64;
            let fits = |chunk: &&object::ChunkEntry| {
                bytes += u64::from(chunk.length);
                bytes <= BATCH
            };
            let count = rest.iter().take_while(fits).count().max(1);
            let (batch, after) = rest.split_at(count);
            rest = after;
            let chunks = batch
                .par_iter()
                .map(|chunk| self.source.get(&chunk.id))
                .collect::<Result<Vec<_>, _>>()?;
            for chunk in &chunks {
                hasher.update(chunk);
                file.write(chunk)?;
                self.progress.advance(chunk.len() as u64);
            }
        }
        if hasher.id() != entry.content || file.len() != entry.size {
            let reason = "its chunks do not hash to the content";
            return Err(object::Error::corrupt(entry.content, reason).into());
        }
        Ok(())
    }
}

fn wrong_size(entry: &FileEntry) -> Error {
    object::Error::corrupt(entry.content, "its size is not what the snapshot says").into()
}

/// Returns a name that no other writer of this process or another has.
fn temporary_name(prefix: &str) -> PathBuf {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("{prefix}{}-{count}", std::process::id()).into()
}

/// Removes a directory in which are only directories; returns whether it is gone.
fn remove_empty_tree(place: &Path) -> Result<bool, Error> {
    for found in WalkDir::new(place).contents_first(true).follow_links(false) {
        match found {
            Ok(found) if found.file_type().is_dir() => {
                fsio::remove_dir_if_empty(found.path())?;
            }
            Ok(_) => return Ok(false),
            Err(e) => {
                let at = e.path().unwrap_or(place).to_owned();
                return Err(IoError::new("read", &at, e.into()).into());
            }
        }
    }
    Ok(look(place)? == Found::Nothing)
}

#[cfg(unix)]
fn make_executable(file: &NewFile) -> Result<(), IoError> {
    use std::os::unix::fs::PermissionsExt as _;
    let error = |e| IoError::new("change the mode of", file.path(), e);
    let mut permissions = file.file().metadata().map_err(error)?.permissions();
    // Who may read may execute: what the umask took away stays away.
    let mode = permissions.mode();
    permissions.set_mode(mode | ((mode & 0o444) >> 2));
    file.file().set_permissions(permissions).map_err(error)
}

#[cfg(not(unix))]
fn make_executable(_file: &NewFile) -> Result<(), IoError> {
    Ok(())
}
