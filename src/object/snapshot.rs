//! Snapshots: the sorted map path -> file entry of one version.
//!
//! Invariant: nothing of how contents are stored enters a snapshot: the same files give the same
//! snapshot id in every repository.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::base::varint::{self, Malformed, Reader};
use crate::base::{ObjectId, RepoPath};

use super::error::Error;
use super::source::{ObjectSink, ObjectSource};
use super::tree::{self, Builder, Difference, Entry, Outline, Totals};

/// What a path is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EntryKind {
    /// A regular file.
    File,
    /// A regular file that its owner may execute.
    Executable,
    /// A symbolic link; its content is the target.
    Symlink,
}

/// One path of a snapshot.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FileEntry {
    /// Where it stands.
    pub path: RepoPath,
    /// What it is.
    pub kind: EntryKind,
    /// The size of its content in bytes.
    pub size: u64,
    /// The BLAKE3 of its whole content.
    pub content: ObjectId,
}

impl FileEntry {
    /// Returns whether both are the same file but for the path.
    pub fn same_file(&self, other: &Self) -> bool {
        (self.kind, self.size, self.content) == (other.kind, other.size, other.content)
    }
}

impl Entry for FileEntry {
    const KIND: u8 = 1;

    fn encode(&self, out: &mut Vec<u8>) {
        varint::write_bytes(out, self.path.as_bytes());
        out.push(match self.kind {
            EntryKind::File => 0,
            EntryKind::Executable => 1,
            EntryKind::Symlink => 2,
        });
        varint::write(out, self.size);
        out.extend_from_slice(self.content.as_bytes());
    }

    fn decode(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let path = RepoPath::new(reader.bytes("a path")?)
            .map_err(|_| reader.malformed("a path inside the worktree"))?;
        let kind = match reader.byte("the kind of a file")? {
            0 => EntryKind::File,
            1 => EntryKind::Executable,
            2 => EntryKind::Symlink,
            _ => return Err(reader.malformed("the kind of a file")),
        };
        let size = reader.varint()?;
        Ok(Self {
            path,
            kind,
            size,
            content: ObjectId(reader.array("a content id")?),
        })
    }

    fn key(&self) -> &[u8] {
        self.path.as_bytes()
    }

    fn cut_hash(&self) -> u64 {
        tree::cut_hash(self.path.as_bytes())
    }

    fn totals(&self) -> Totals {
        Totals {
            bytes: self.size,
            ..Totals::default()
        }
    }
}

/// What happened to one path between two snapshots.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SnapshotChange {
    /// The entry in the older snapshot.
    pub before: Option<FileEntry>,
    /// The entry in the newer snapshot.
    pub after: Option<FileEntry>,
}

impl SnapshotChange {
    /// Returns the path that changed.
    pub fn path(&self) -> Option<&RepoPath> {
        self.after
            .as_ref()
            .or(self.before.as_ref())
            .map(|entry| &entry.path)
    }
}

/// Reads snapshots.
pub struct Snapshot;

impl Snapshot {
    /// Writes the empty snapshot and returns its id.
    pub fn empty(sink: &mut dyn ObjectSink) -> Result<ObjectId, Error> {
        SnapshotBuilder::new().finish(sink)
    }

    /// Returns all entries in order of paths.
    pub fn entries(source: &dyn ObjectSource, id: &ObjectId) -> Result<Vec<FileEntry>, Error> {
        tree::read_all(source, id)
    }

    /// Returns all entries as a map.
    pub fn map(
        source: &dyn ObjectSource,
        id: &ObjectId,
    ) -> Result<BTreeMap<RepoPath, FileEntry>, Error> {
        let walker = tree::Walker::<FileEntry>::open(source, id)?;
        walker
            .map(|entry| entry.map(|entry| (entry.path.clone(), entry)))
            .collect()
    }

    /// Returns the entry at a path.
    pub fn find(
        source: &dyn ObjectSource,
        id: &ObjectId,
        path: &RepoPath,
    ) -> Result<Option<FileEntry>, Error> {
        tree::find(source, id, path.as_bytes())
    }

    /// Returns the paths that differ, in order, reading only what differs.
    pub fn changes(
        source: &dyn ObjectSource,
        before: &ObjectId,
        after: &ObjectId,
    ) -> Result<Vec<SnapshotChange>, Error> {
        let differences = tree::differences::<FileEntry>(source, before, after)?;
        let change = |difference| match difference {
            Difference::Removed(a) => SnapshotChange {
                before: Some(a),
                after: None,
            },
            Difference::Added(b) => SnapshotChange {
                before: None,
                after: Some(b),
            },
            Difference::Changed(a, b) => SnapshotChange {
                before: Some(a),
                after: Some(b),
            },
        };
        Ok(differences.into_iter().map(change).collect())
    }
}

/// Collects entries in any order and writes them as a snapshot.
#[derive(Default, Clone, Debug)]
pub struct SnapshotBuilder {
    entries: BTreeMap<RepoPath, FileEntry>,
    before: Outline,
}

impl SnapshotBuilder {
    /// Returns a builder without entries.
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns a builder with the entries of a snapshot.
    pub fn from_snapshot(source: &dyn ObjectSource, id: &ObjectId) -> Result<Self, Error> {
        let root = tree::read_node::<FileEntry>(source, id)?;
        Ok(Self {
            entries: Snapshot::map(source, id)?,
            before: Outline::read(source, id, root)?,
        })
    }

    /// Puts an entry, replacing the one at its path.
    ///
    /// A file takes the place of a directory of that name and the other way round, as in a
    /// worktree: entries below or above the path go.
    pub fn put(&mut self, entry: FileEntry) {
        let mut below = entry.path.as_bytes().to_vec();
        below.push(b'/');
        let hidden: Vec<RepoPath> = self
            .entries
            .range(entry.path.clone()..)
            .skip_while(|(path, _)| **path == entry.path)
            .map(|(path, _)| path)
            // Between `a` and `a/b` stand only paths that begin with `a` and a byte below `/`.
            .take_while(|path| {
                path.as_bytes() < below.as_slice() || path.as_bytes().starts_with(&below)
            })
            .filter(|path| path.as_bytes().starts_with(&below))
            .cloned()
            .collect();
        for path in hidden {
            self.entries.remove(&path);
        }
        let bytes = entry.path.as_bytes();
        for at in bytes
            .iter()
            .enumerate()
            .filter(|(_, b)| **b == b'/')
            .map(|(at, _)| at)
        {
            if let Ok(above) = RepoPath::new(&bytes[..at]) {
                self.entries.remove(&above);
            }
        }
        self.entries.insert(entry.path.clone(), entry);
    }

    /// Takes out the entry at a path.
    pub fn remove(&mut self, path: &RepoPath) -> Option<FileEntry> {
        self.entries.remove(path)
    }

    /// Returns the entries.
    pub fn entries(&self) -> &BTreeMap<RepoPath, FileEntry> {
        &self.entries
    }

    /// Writes the snapshot and returns its id.
    pub fn finish(self, sink: &mut dyn ObjectSink) -> Result<ObjectId, Error> {
        let mut builder = Builder::near(self.before);
        for entry in self.entries.into_values() {
            builder.push(entry, sink)?;
        }
        builder.finish_into(sink)
    }
}
