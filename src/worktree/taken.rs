//! Contents that were just taken, read from the working files instead of the store.
//!
//! What was compressed a moment ago costs more to decompress than to read again. Invariant: bytes
//! given were checked against the id; where the file has changed meanwhile, the store's are given.

use std::fs::File;
use std::path::{Path, PathBuf};

use rustc_hash::FxHashMap;

use crate::base::{ObjectId, fsio};
use crate::object::{Error, FileEntry, Manifest, ObjectSource};

/// Files below this size are left to the store.
const LARGE: u64 = 1 << 20;
/// How many files are held open.
const MOST: usize = 64;

/// A source over another that reads chunks of large working files from there.
pub struct Taken<'a> {
    base: &'a dyn ObjectSource,
    files: Vec<(PathBuf, File)>,
    /// Number of the file, length, offset.
    places: FxHashMap<ObjectId, (u32, u32, u64)>,
}

impl<'a> Taken<'a> {
    /// Opens the largest of the files, whose contents `base` holds.
    pub fn open<'b>(
        base: &'a dyn ObjectSource,
        root: &Path,
        entries: impl Iterator<Item = &'b FileEntry>,
    ) -> Self {
        let mut taken = Self {
            base,
            files: Vec::new(),
            places: FxHashMap::default(),
        };
        let mut large: Vec<&FileEntry> = entries.filter(|entry| entry.size >= LARGE).collect();
        large.sort_by_key(|entry| std::cmp::Reverse(entry.size));
        for entry in large.into_iter().take(MOST) {
            // What does not work here is read from the store.
            let _ = taken.add(root, entry);
        }
        taken
    }

    fn add(&mut self, root: &Path, entry: &FileEntry) -> Result<(), Error> {
        let Some(manifest) = self.base.manifest_of(&entry.content)? else {
            return Ok(());
        };
        let path = entry.path.to_path(root);
        let file = fsio::open_plain(&path)?;
        let number = self.files.len() as u32; // at most MOST
        let mut offset = 0;
        for chunk in Manifest::read(self.base, &manifest)?.chunks {
            self.places.insert(chunk.id, (number, chunk.length, offset));
            offset += u64::from(chunk.length);
        }
        self.files.push((path, file));
        Ok(())
    }

    fn read(&self, id: &ObjectId) -> Option<Vec<u8>> {
        let &(number, length, offset) = self.places.get(id)?;
        let (path, file) = self.files.get(number as usize)?;
        let mut bytes = vec![0; length as usize];
        fsio::read_exact_at(file, path, offset, &mut bytes).ok()?;
        (ObjectId::of(&bytes) == *id).then_some(bytes)
    }
}

impl ObjectSource for Taken<'_> {
    fn get(&self, id: &ObjectId) -> Result<Vec<u8>, Error> {
        match self.read(id) {
            Some(bytes) => Ok(bytes),
            None => self.base.get(id),
        }
    }

    fn contains(&self, id: &ObjectId) -> Result<bool, Error> {
        self.base.contains(id)
    }

    fn manifest_of(&self, content: &ObjectId) -> Result<Option<ObjectId>, Error> {
        self.base.manifest_of(content)
    }
}
