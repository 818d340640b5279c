//! Compares the working files with a snapshot.
//!
//! Invariant: what is said to be unchanged was proved so, by its hash now or by a stat that could
//! not stay the same otherwise.

use std::io::Read as _;
use std::path::Path;

use rayon::prelude::*;
use rustc_hash::FxHashSet;

use crate::base::progress::Progress;
use crate::base::{Hasher, IoError, ObjectId, RepoPath, fsio};
use crate::object::{EntryKind, FileEntry};

use super::cache::StatCache;
use super::error::{Error, Finding, Problem};
use super::stat::{Found, Stat, WorkFile, is_beyond_symlink, look, same_kind};
use super::walk::{Walked, walk};

/// A working file with its content, where that is known without reading it again.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WorkEntry {
    /// The file.
    pub file: WorkFile,
    /// The BLAKE3 of its content.
    pub content: Option<ObjectId>,
}

impl WorkEntry {
    /// Returns the entry that a snapshot would have of it, where its content is known.
    pub fn entry(&self) -> Option<FileEntry> {
        Some(FileEntry {
            path: self.file.path.clone(),
            kind: self.file.stat.kind,
            size: self.file.stat.size,
            content: self.content?,
        })
    }
}

/// A file that differs from its entry.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Modified {
    /// The entry in the snapshot.
    pub before: FileEntry,
    /// The working file.
    pub after: WorkEntry,
}

/// How the working files differ from a snapshot; all lists in order of paths.
#[derive(Debug, Default)]
pub struct Scan {
    /// Files that differ from their entries.
    pub modified: Vec<Modified>,
    /// Entries without a file.
    pub deleted: Vec<FileEntry>,
    /// Files without an entry that no rule leaves out.
    pub untracked: Vec<WorkEntry>,
    /// Files that are as their entries say.
    pub unchanged: Vec<WorkFile>,
    /// What could not be looked at, and why.
    pub findings: Vec<Finding>,
}

impl Scan {
    /// Returns whether no file of the snapshot was changed or deleted.
    pub fn is_clean(&self) -> bool {
        self.modified.is_empty() && self.deleted.is_empty()
    }
}

/// Compares the working files with the entries of a snapshot, which are in order of paths.
///
/// With paths in `within`, only those that are one of them or lie below one.
pub fn scan(
    root: &Path,
    entries: &[FileEntry],
    within: &[RepoPath],
    cache: &mut StatCache,
    progress: &dyn Progress,
) -> Result<Scan, Error> {
    let walked = walk(root, within)?;
    scan_walked(walked, root, entries, within, cache, progress)
}

/// Does the same with the files that a walk of the same `root` and `within` found.
pub fn scan_walked(
    walked: Walked,
    root: &Path,
    entries: &[FileEntry],
    within: &[RepoPath],
    cache: &mut StatCache,
    progress: &dyn Progress,
) -> Result<Scan, Error> {
    let Walked { files, findings } = walked;
    let mut scan = Scan {
        findings,
        ..Scan::default()
    };
    // Usually every path that the cache knows is there. Only where some are not, they are sought.
    if within.is_empty() && files.iter().filter(|f| cache.knows(&f.path)).count() < cache.len() {
        let tracked = |path: &RepoPath| entries.binary_search_by(|e| e.path.cmp(path)).is_ok();
        // The cache has no order: two searches for each of its paths took longer than the walk.
        let walked: FxHashSet<&RepoPath> = files.iter().map(|file| &file.path).collect();
        cache.retain(|path| walked.contains(path) || tracked(path));
    }
    let mut to_hash = Vec::new();
    let mut files = files.into_iter().peekable();
    let wanted = |entry: &&FileEntry| {
        within.is_empty()
            || within
                .iter()
                .any(|dir| entry.path.is_within(dir.as_bytes()))
    };
    for entry in entries.iter().filter(wanted) {
        while let Some(file) = files.next_if(|file| file.path < entry.path) {
            scan.untracked.push(known(file, cache));
        }
        let file = match files.next_if(|file| file.path == entry.path) {
            Some(file) => Some(file),
            // A rule may leave out a path that a snapshot has: it stays tracked, as in git.
            None => match left_out(root, &entry.path) {
                Ok(file) => file,
                // Nobody can tell whether it changed, so it is told, and not called deleted.
                Err(e) => {
                    scan.findings.push(Finding {
                        path: entry.path.clone(),
                        problem: e.into(),
                    });
                    continue;
                }
            },
        };
        let Some(file) = file else {
            scan.deleted.push(entry.clone());
            continue;
        };
        let after = known(file, cache);
        let same_shape =
            same_kind(entry.kind, after.file.stat.kind) && entry.size == after.file.stat.size;
        match after.content {
            Some(content) if same_shape && content == entry.content => {
                scan.unchanged.push(after.file);
            }
            None if same_shape => to_hash.push((entry, after.file)),
            _ => scan.modified.push(Modified {
                before: entry.clone(),
                after,
            }),
        }
    }
    scan.untracked.extend(files.map(|file| known(file, cache)));
    compare_contents(root, to_hash, cache, progress, &mut scan);
    scan.modified
        .sort_by(|a, b| a.before.path.cmp(&b.before.path));
    scan.unchanged.sort_by(|a, b| a.path.cmp(&b.path));
    scan.findings.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(scan)
}

fn known(file: WorkFile, cache: &StatCache) -> WorkEntry {
    let content = cache.content(&file);
    WorkEntry { file, content }
}

/// Looks at a path of the snapshot that the walk did not bring.
fn left_out(root: &Path, path: &RepoPath) -> Result<Option<WorkFile>, IoError> {
    if is_beyond_symlink(root, path)? {
        return Ok(None);
    }
    Ok(match look(&path.to_path(root))? {
        Found::File(stat) => Some(WorkFile {
            path: path.clone(),
            stat,
        }),
        Found::Nothing | Found::Directory | Found::Special(_) => None,
    })
}

/// Hashes files whose stat does not tell whether they are as their entries say.
fn compare_contents(
    root: &Path,
    to_hash: Vec<(&FileEntry, WorkFile)>,
    cache: &mut StatCache,
    progress: &dyn Progress,
    scan: &mut Scan,
) {
    if to_hash.is_empty() {
        return;
    }
    let total = to_hash.iter().map(|(entry, _)| entry.size).sum();
    progress.begin("comparing files", Some(total));
    let hashed: Vec<_> = to_hash
        .into_par_iter()
        .map(|(entry, file)| {
            let hashed = hash(root, &file, progress);
            (entry, file, hashed)
        })
        .collect();
    progress.end();
    for (entry, file, hashed) in hashed {
        let content = match hashed {
            Ok(Some(content)) => {
                cache.remember(&file.path, &file.stat, content);
                if content == entry.content {
                    scan.unchanged.push(file);
                    continue;
                }
                Some(content)
            }
            // It moved while it was read, so it is not as it was; what it is shows the next time.
            Ok(None) => None,
            // Nobody can tell whether it changed: that is told, and nothing else.
            Err(e) => {
                scan.findings.push(Finding {
                    path: file.path,
                    problem: Problem::Unreadable(e),
                });
                continue;
            }
        };
        scan.modified.push(Modified {
            before: entry.clone(),
            after: WorkEntry { file, content },
        });
    }
}

const BLOCK: usize = 1 << 20;

/// Returns the content of a file; `None` where it is not what its stat says, before or after.
pub(super) fn hash(
    root: &Path,
    file: &WorkFile,
    progress: &dyn Progress,
) -> Result<Option<ObjectId>, IoError> {
    let place = file.path.to_path(root);
    if file.stat.kind == EntryKind::Symlink {
        let target = read_link(&place)?;
        progress.advance(file.stat.size);
        return Ok(same(&place, &file.stat)?.then(|| ObjectId::of(&target)));
    }
    let mut open = fsio::open_plain(&place)?;
    let mut hasher = Hasher::new();
    let mut buffer = vec![0; usize::try_from(file.stat.size).map_or(BLOCK, |s| s.clamp(1, BLOCK))];
    // Many files keep all cores busy by themselves; one large file does not.
    let parallel = file.stat.size > 8 * BLOCK as u64;
    let mut left = file.stat.size;
    while left > 0 {
        let want = usize::try_from(left).map_or(buffer.len(), |left| left.min(buffer.len()));
        let count = open
            .read(&mut buffer[..want])
            .map_err(|e| IoError::new("read", &place, e))?;
        if count == 0 {
            return Ok(None);
        }
        if parallel {
            hasher.update_parallel(&buffer[..count]);
        } else {
            hasher.update(&buffer[..count]);
        }
        progress.advance(count as u64);
        left -= count as u64;
    }
    Ok(same(&place, &file.stat)?.then(|| hasher.id()))
}

/// Returns whether the path still has this stat.
pub(super) fn same(place: &Path, stat: &Stat) -> Result<bool, IoError> {
    Ok(look(place)? == Found::File(*stat))
}

/// Reads the target of a symbolic link as the bytes of its content.
pub(super) fn read_link(place: &Path) -> Result<Vec<u8>, IoError> {
    let target = std::fs::read_link(place).map_err(|e| IoError::new("read", place, e))?;
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStringExt as _;
        Ok(target.into_os_string().into_vec())
    }
    #[cfg(not(unix))]
    Ok(target.to_string_lossy().replace('\\', "/").into_bytes())
}
