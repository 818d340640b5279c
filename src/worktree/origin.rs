//! From which file that is gone a new one comes: what its chunks may build on.
//!
//! A file that moved and changed has no version before at its path. Only hints come from here: a
//! wrong one costs bytes, never correctness. Invariant: a function of the files, of what is gone
//! and of nothing else, and cheap: the beginnings of a bounded number of files are read.

use std::cmp::Reverse;
use std::path::Path;

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::base::{ObjectId, RepoPath};
use crate::object::{self, Content, EntryKind, FileEntry, Manifest, ObjectSource};

use super::read::{self, Open};
use super::stat::{Found, WorkFile, look};

/// How many files, and how many of what is gone, are looked at: the largest.
const MOST: usize = 256;
/// How many paths are looked at to find what is gone.
const LOOKS: usize = 1024;
/// Smaller files are not worth the look.
const LEAST: u64 = 1024;
/// How many bytes a beginning has.
const BEGINNING: usize = 64 * 1024;
/// One of two sizes is at most so many times the other.
const SIZES: u64 = 2;
/// At least one of so many marks of a new file's beginning must be in the other's.
const SHARE: usize = 8;

/// Returns the contents that new files are likely to come from, by path.
pub fn origins(
    root: &Path,
    source: &dyn ObjectSource,
    gone: &[FileEntry],
    new: &[WorkFile],
) -> FxHashMap<RepoPath, ObjectId> {
    let mut gone: Vec<&FileEntry> = gone.iter().filter(|entry| entry.size >= LEAST).collect();
    gone.sort_by(|a, b| (b.size, &a.path).cmp(&(a.size, &b.path)));
    gone.truncate(MOST);
    let mut new: Vec<&WorkFile> = new.iter().filter(|file| file.stat.size >= LEAST).collect();
    new.sort_by(|a, b| (b.stat.size, &a.path).cmp(&(a.stat.size, &b.path)));
    new.truncate(MOST);
    new.retain(|file| gone.iter().any(|entry| may_be(entry, file)));
    gone.retain(|entry| new.iter().any(|file| may_be(entry, file)));
    if new.is_empty() {
        return FxHashMap::default();
    }
    let marks = Marks::new();
    let gone: Vec<(&FileEntry, Beginning)> = gone
        .into_par_iter()
        // What cannot be read here is reported by whoever needs it.
        .filter_map(|entry| Some((entry, marks.of(&stored(source, entry).ok()?))))
        .collect();
    new.into_par_iter()
        .filter_map(|file| {
            let own = marks.of(&working(root, file)?);
            let alike = gone.iter().filter(|(entry, _)| may_be(entry, file));
            let rated = alike.filter_map(|(entry, beginning)| {
                let far = entry.size.abs_diff(file.stat.size);
                Some((Reverse(own.likeness(beginning)?), far, *entry))
            });
            let best = rated.min_by(|a, b| (a.0, a.1, &a.2.path).cmp(&(b.0, b.1, &b.2.path)))?;
            Some((file.path.clone(), best.2.content))
        })
        .collect()
}

/// Returns those of the entries that new files may come from and that are in the worktree no more.
pub fn missing<'a>(
    root: &Path,
    entries: impl Iterator<Item = &'a FileEntry>,
    new: &[WorkFile],
) -> Vec<FileEntry> {
    let mut sizes: FxHashMap<Option<String>, (u64, u64)> = FxHashMap::default();
    for file in new.iter().filter(|file| file.stat.size >= LEAST) {
        let range = sizes
            .entry(file.path.extension())
            .or_insert((u64::MAX, u64::MIN));
        let (least, most) = (file.stat.size / SIZES, file.stat.size.saturating_mul(SIZES));
        *range = (range.0.min(least), range.1.max(most));
    }
    let all = sizes
        .values()
        .fold((u64::MAX, 0), |all: (u64, u64), range| {
            (all.0.min(range.0), all.1.max(range.1))
        });
    let within = |size: u64, (least, most): (u64, u64)| least <= size && size <= most;
    let mut found: Vec<&FileEntry> = entries
        .filter(|entry| within(entry.size, all)) // first what is cheap
        .filter(|entry| {
            let range = sizes.get(&entry.path.extension());
            range.is_some_and(|range| within(entry.size, *range))
        })
        .collect();
    found.sort_by(|a, b| (b.size, &a.path).cmp(&(a.size, &b.path)));
    found.truncate(LOOKS);
    let is_gone =
        |entry: &&FileEntry| matches!(look(&entry.path.to_path(root)), Ok(Found::Nothing));
    found.into_iter().filter(is_gone).cloned().collect()
}

/// Returns whether what is gone may be where a file comes from, as names and sizes tell.
fn may_be(entry: &FileEntry, file: &WorkFile) -> bool {
    let (a, b) = (entry.size, file.stat.size);
    entry.path.extension() == file.path.extension()
        && entry.kind != EntryKind::Symlink
        && file.stat.kind != EntryKind::Symlink
        && a.max(b) / SIZES <= a.min(b)
}

/// Reads the beginning of a content.
fn stored(source: &dyn ObjectSource, entry: &FileEntry) -> Result<Vec<u8>, object::Error> {
    let mut bytes = Vec::new();
    if entry.size <= Content::MAX_WHOLE {
        return source.get(&entry.content);
    }
    if let Some(manifest) = source.manifest_of(&entry.content)? {
        for chunk in Manifest::walk(source, &manifest)? {
            bytes.extend_from_slice(&source.get(&chunk?.id)?);
            if bytes.len() >= BEGINNING {
                break;
            }
        }
    }
    bytes.truncate(BEGINNING);
    Ok(bytes)
}

/// Reads the beginning of a working file; one that does not read is told when it is taken.
fn working(root: &Path, file: &WorkFile) -> Option<Vec<u8>> {
    let Ok(Open::File(mut open, stat)) = read::open(root, &file.path) else {
        return None;
    };
    let length = usize::try_from(stat.size).map_or(BEGINNING, |size| size.min(BEGINNING));
    let mut bytes = vec![0; length];
    let found = read::fill(&mut open, &mut bytes, &file.path.to_path(root)).ok()?;
    bytes.truncate(found);
    Some(bytes)
}

/// What tells the beginnings of files apart.
struct Beginning {
    /// Hashes of some runs of 32 bytes, chosen by what is in them: edits leave most of them.
    marks: FxHashSet<u32>,
    /// The first line, where there is one: a table's header.
    line: Option<ObjectId>,
}

impl Beginning {
    /// Returns how much of this beginning the other has; `None` where that is too little.
    fn likeness(&self, other: &Self) -> Option<(usize, bool)> {
        let shared = self.marks.intersection(&other.marks).count();
        let same_line = self.line.is_some() && self.line == other.line;
        let enough = same_line || (shared > 0 && shared * SHARE >= self.marks.len());
        enough.then_some((shared, same_line))
    }
}

/// Finds the marks of beginnings.
struct Marks([u32; 256]);

impl Marks {
    fn new() -> Self {
        Self(std::array::from_fn(|byte| {
            let [a, b, c, d, ..] = ObjectId::of(&[byte as u8]).0;
            u32::from_le_bytes([a, b, c, d])
        }))
    }

    fn of(&self, bytes: &[u8]) -> Beginning {
        let mut hash = 0u32;
        let mut marks = FxHashSet::default();
        for &byte in bytes {
            // Each step shifts one bit, so 32 bytes back there is nothing left of a byte.
            hash = (hash << 1).wrapping_add(self.0[usize::from(byte)]);
            if hash >> 26 == 0 {
                marks.insert(hash);
            }
        }
        let line = memchr::memchr(b'\n', bytes).map(|end| ObjectId::of(&bytes[..end]));
        Beginning { marks, line }
    }
}
