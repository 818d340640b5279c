//! Working files as objects, without storing them: what lets an engine compare uncommitted work.
//!
//! Files are cut once, in memory bounded by their manifests: of a chunk only its place is kept,
//! and its bytes are read from the file when asked for. Invariant: bytes given were checked
//! against the id, so a file that changes meanwhile gives an error and never other bytes.

use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::Path;

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use crate::base::{IoError, ObjectId, RepoPath, fsio};
use crate::object::{self, FileEntry, MemoryStore, ObjectSink, ObjectSource, SnapshotBuilder};

use super::cache::StatCache;
use super::error::{Error, Finding};
use super::ingest::{Ingest, Ingested, Keep, Piece, take};
use super::stat::WorkFile;

/// Where the bytes of a chunk stand.
struct Place {
    file: u32,
    length: u32,
    offset: u64,
}

/// Keeps places instead of bytes.
#[derive(Default)]
struct Places {
    files: Vec<RepoPath>,
    places: FxHashMap<ObjectId, Place>,
    /// Nodes of manifests, targets of links, and what the caller puts.
    objects: MemoryStore,
}

impl Places {
    /// Returns the number of a file; pieces of one file come together.
    fn file(&mut self, path: &RepoPath) -> u32 {
        if self.files.last() != Some(path) {
            self.files.push(path.clone());
        }
        self.files.len() as u32 - 1
    }
}

impl Keep for Places {
    fn pieces(&mut self, pieces: &[Piece<'_>]) -> Result<Vec<ObjectId>, object::Error> {
        let ids: Vec<ObjectId> = pieces
            .par_iter()
            .map(|piece| ObjectId::of(piece.bytes))
            .collect();
        for (piece, id) in pieces.iter().zip(&ids) {
            if piece.is_link || piece.bytes.is_empty() {
                self.objects.put(piece.bytes)?;
                continue;
            }
            let place = Place {
                file: self.file(piece.path),
                length: piece.bytes.len() as u32, // a cutter never emits 4 GiB
                offset: piece.offset,
            };
            self.places.entry(*id).or_insert(place);
        }
        Ok(ids)
    }

    fn sink(&mut self) -> &mut dyn ObjectSink {
        &mut self.objects
    }
}

/// A source of objects in which working files are, over another source.
pub struct Overlay<'a> {
    base: &'a dyn ObjectSource,
    root: &'a Path,
    places: Places,
    entries: Vec<FileEntry>,
    findings: Vec<Finding>,
}

impl<'a> Overlay<'a> {
    /// Reads working files, as taking them into a store would, and keeps where their chunks are.
    ///
    /// `base` becomes the source below; `options.root` must be `root`.
    pub fn open(
        base: &'a dyn ObjectSource,
        root: &'a Path,
        options: &Ingest<'_>,
        files: &[WorkFile],
        cache: &mut StatCache,
    ) -> Result<Self, Error> {
        let mut places = Places::default();
        let Ingested { entries, findings } = take(options, files, cache, &mut places)?;
        Ok(Self {
            base,
            root,
            places,
            entries,
            findings,
        })
    }

    /// Returns the entries of the files that could be read, in order of paths.
    pub fn entries(&self) -> &[FileEntry] {
        &self.entries
    }

    /// Returns the entry of a file, where it could be read.
    pub fn entry(&self, path: &RepoPath) -> Option<&FileEntry> {
        let at = self.entries.binary_search_by(|e| e.path.cmp(path)).ok()?;
        self.entries.get(at)
    }

    /// Returns what could not be read, and notes on what was.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// Returns the id of a snapshot in this overlay: `snapshot` without the paths in `removed`,
    /// with the overlay's own files in the place of what stood there.
    pub fn snapshot(
        &mut self,
        snapshot: &ObjectId,
        removed: &[RepoPath],
    ) -> Result<ObjectId, object::Error> {
        let mut builder = SnapshotBuilder::from_snapshot(self, snapshot)?;
        for path in removed {
            builder.remove(path);
        }
        for entry in &self.entries {
            builder.put(entry.clone());
        }
        builder.finish(&mut self.places.objects)
    }

    fn read(&self, place: &Place, id: &ObjectId) -> Result<Vec<u8>, IoError> {
        let path = self.places.files[place.file as usize].to_path(self.root);
        let mut bytes = vec![0; place.length as usize];
        let mut read = || {
            let mut file = fsio::open_plain(&path)?;
            file.seek(SeekFrom::Start(place.offset))
                .and_then(|_| file.read_exact(&mut bytes))
                .map_err(|e| IoError::new("read", &path, e))
        };
        read()?;
        if ObjectId::of(&bytes) != *id {
            let changed = io::Error::other("it changed since it was read first");
            return Err(IoError::new("read", &path, changed));
        }
        Ok(bytes)
    }
}

impl ObjectSource for Overlay<'_> {
    fn get(&self, id: &ObjectId) -> Result<Vec<u8>, object::Error> {
        match self.places.objects.get(id) {
            Err(object::Error::Missing(_)) => {}
            found => return found,
        }
        let Some(place) = self.places.places.get(id) else {
            return self.base.get(id);
        };
        match self.read(place, id) {
            Ok(bytes) => Ok(bytes),
            // A chunk that did not change since the last version is in the store as well.
            Err(e) => match self.base.get(id) {
                Err(object::Error::Missing(_)) => Err(e.into()),
                found => found,
            },
        }
    }

    fn contains(&self, id: &ObjectId) -> Result<bool, object::Error> {
        Ok(self.places.places.contains_key(id)
            || self.places.objects.contains(id)?
            || self.base.contains(id)?)
    }

    fn manifest_of(&self, content: &ObjectId) -> Result<Option<ObjectId>, object::Error> {
        match self.places.objects.manifest_of(content)? {
            Some(manifest) => Ok(Some(manifest)),
            None => self.base.manifest_of(content),
        }
    }
}

impl ObjectSink for Overlay<'_> {
    fn put(&mut self, bytes: &[u8]) -> Result<ObjectId, object::Error> {
        self.places.objects.put(bytes)
    }

    fn put_manifest(&mut self, content: ObjectId, manifest: ObjectId) -> Result<(), object::Error> {
        self.places.objects.put_manifest(content, manifest)
    }
}
