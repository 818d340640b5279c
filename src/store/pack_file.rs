//! A pack being written: a temporary file that becomes a pack by a rename.
//!
//! Invariant: every byte is hashed on its way out, so the pack's id costs no second reading.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::base::fsio::NewFile;
use crate::base::{Hasher, IoError, ObjectId, fsio};

use super::frame;
use super::pack::{HEADER, PackId};
use super::table::{self, Locator};

/// Bytes gathered before they go to the file.
const BUFFER: usize = 1 << 20;

/// What the names of unfinished packs begin and end with.
const PREFIX: &str = "pack-";
const SUFFIX: &str = ".new";

/// Removes the unfinished packs that crashed writers left in `tmp_dir`.
///
/// Only for a process that holds the writers' lock and is not writing yet.
pub fn remove_leftovers(tmp_dir: &Path) -> Result<(), IoError> {
    let error = |e| IoError::new("list", tmp_dir, e);
    let entries = match std::fs::read_dir(tmp_dir) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        entries => entries.map_err(error)?,
    };
    for entry in entries {
        let name = entry.map_err(error)?.file_name();
        let is_ours = |name: &str| name.starts_with(PREFIX) && name.ends_with(SUFFIX);
        if name.to_str().is_some_and(is_ours) {
            fsio::remove(&tmp_dir.join(name))?;
        }
    }
    Ok(())
}

/// An unfinished pack.
pub(super) struct PackFile {
    file: NewFile,
    buffer: Vec<u8>,
    hasher: Hasher,
    objects: Vec<(ObjectId, Locator)>,
    raw_bytes: u64,
    id_bytes: u8,
    effort: u8,
}

impl PackFile {
    /// Creates a file in `tmp_dir` whose table will keep `id_bytes` bytes of each id.
    pub(super) fn create(tmp_dir: &Path, id_bytes: u8) -> Result<Self, IoError> {
        // Unique among the writers of this process; other processes have other process ids.
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        fsio::create_dir_all(tmp_dir)?;
        let name = format!("{PREFIX}{}-{count}{SUFFIX}", std::process::id());
        Ok(Self {
            file: NewFile::create(&tmp_dir.join(name))?,
            buffer: HEADER.to_vec(),
            hasher: Hasher::new(),
            objects: Vec::new(),
            raw_bytes: 0,
            id_bytes,
            effort: 0,
        })
    }

    /// Notes in the pack how hard its writer tried ([`super::table::Trailer::effort`]).
    pub(super) fn with_effort(mut self, effort: u8) -> Self {
        self.effort = effort;
        self
    }

    /// Returns how long the file is, with what is still in the buffer.
    pub(super) fn len(&self) -> u64 {
        self.file.len() + self.buffer.len() as u64
    }

    /// Returns how many objects it holds.
    pub(super) fn objects(&self) -> usize {
        self.objects.len()
    }

    /// Appends a frame with the objects `ids` and returns where it begins.
    pub(super) fn append(
        &mut self,
        frame: &[u8],
        ids: &[ObjectId],
        raw_bytes: u64,
    ) -> Result<u64, IoError> {
        let offset = self.len();
        self.buffer.extend_from_slice(frame);
        self.raw_bytes += raw_bytes;
        let members = ids.iter().zip(0u16..);
        self.objects
            .extend(members.map(|(&id, member)| (id, Locator { offset, member })));
        if self.buffer.len() >= BUFFER {
            self.flush()?;
        }
        Ok(offset)
    }

    fn flush(&mut self) -> Result<(), IoError> {
        self.hasher.update(&self.buffer);
        self.file.write(&self.buffer)?;
        self.buffer.clear();
        Ok(())
    }

    /// Reads back `size` bytes at `offset`, which were appended before.
    pub(super) fn read(&self, offset: u64, size: usize) -> Result<Vec<u8>, IoError> {
        // A frame is flushed as a whole, so it is either in the file or in the buffer.
        match offset.checked_sub(self.file.len()) {
            Some(at) => Ok(self.buffer[at as usize..][..size].to_vec()),
            None => {
                let mut bytes = vec![0; size];
                self.file.read_at(offset, &mut bytes)?;
                Ok(bytes)
            }
        }
    }

    /// Writes the table and makes the file durable, still under its temporary name.
    pub(super) fn finish(&mut self, contents: &[(ObjectId, ObjectId)]) -> Result<PackId, IoError> {
        self.buffer.push(frame::END);
        let offset = self.len();
        let mut objects = std::mem::take(&mut self.objects);
        let table = table::encode(
            offset,
            &mut objects,
            contents,
            self.raw_bytes,
            self.id_bytes,
            self.effort,
        );
        self.buffer.extend_from_slice(&table);
        self.flush()?;
        self.file.sync()?;
        Ok(self.hasher.id())
    }

    /// Gives the finished file its final name in `dir` and returns it.
    pub(super) fn persist(self, id: &PackId, dir: &Path) -> Result<PathBuf, IoError> {
        let path = dir.join(format!("{id}.pack"));
        self.file.persist(&path)?;
        Ok(path)
    }
}
