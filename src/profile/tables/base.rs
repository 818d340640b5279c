//! The base of tables: their sorted rows in one file of the local cache.
//!
//! Layout: mark and version; the partitions of the tables in any order; a foot: for each partition
//! of each table offset, length and checksum, then the print of the grouping, the count of tables
//! and the checksum of the foot. A file that does not read as it should is no base: build anew.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

use crate::base::fsio::{self, NewFile};
use crate::base::varint::Reader;

use super::collect::PARTITIONS;
use super::partition::{self, Partition};
use super::{Grouping, Row};

const HEAD: &[u8] = b"dver table 4\n";
const ENTRY: usize = 24;
/// The end of the foot: print of the grouping, count of tables, checksum.
const END: usize = 16 + 8 + 8;
/// More tables than this are not read.
const MOST_TABLES: u64 = 1 << 12;
/// A larger partition is not read: its table would have billions of rows.
const MAX_PARTITION: u64 = 1 << 32;

/// Why tables cannot be used. They are then built anew.
#[derive(Debug)]
pub struct Unusable;

#[derive(Clone, Copy, Debug, Default)]
struct Entry {
    offset: u64,
    length: u64,
    checksum: u64,
}

/// An open base.
#[derive(Clone, Debug)]
pub(super) struct Base(Arc<Open>);

#[derive(Debug)]
struct Open {
    file: File,
    path: PathBuf,
    name: u128,
    grouping: u128,
    entries: Vec<Entry>,
}

/// Returns the file name of a base.
pub fn file_name(name: u128) -> String {
    format!("{name:032x}")
}

impl Base {
    /// Opens the base of that name in a directory.
    pub(super) fn open(dir: &Path, name: u128) -> Result<Self, Unusable> {
        let path = dir.join(file_name(name));
        let file = fsio::open(&path).map_err(|_| Unusable)?;
        let size = file.metadata().map_err(|_| Unusable)?.len();
        let mut end = [0; END];
        let start = size.checked_sub(END as u64).ok_or(Unusable)?;
        fsio::read_exact_at(&file, &path, start, &mut end).map_err(|_| Unusable)?;
        let tables = end.as_chunks::<8>().0.get(2).copied();
        let tables = tables
            .map(u64::from_le_bytes)
            .filter(|count| *count <= MOST_TABLES);
        let foot = foot_of(tables.ok_or(Unusable)? as usize);
        let start = size.checked_sub(foot as u64).ok_or(Unusable)?;
        let mut foot = vec![0; foot];
        fsio::read_exact_at(&file, &path, start, &mut foot).map_err(|_| Unusable)?;
        if xxh3_128(&foot) != name {
            return Err(Unusable);
        }
        let (entries, grouping) = read_foot(&foot, start).ok_or(Unusable)?;
        Ok(Self(Arc::new(Open {
            file,
            path,
            name,
            grouping,
            entries,
        })))
    }

    /// Returns the name, which is a checksum of all.
    pub(super) fn name(&self) -> u128 {
        self.0.name
    }

    /// Returns the print of the grouping that made the rows.
    pub(super) fn grouping(&self) -> u128 {
        self.0.grouping
    }

    /// Returns how many tables there are.
    pub(super) fn tables(&self) -> usize {
        self.0.entries.len() / PARTITIONS
    }

    /// Returns how many bytes the rows take.
    pub(super) fn bytes(&self) -> u64 {
        self.0.entries.iter().map(|entry| entry.length).sum()
    }

    /// Reads the bytes of a partition.
    pub(super) fn partition(&self, table: usize, partition: usize) -> Result<Vec<u8>, Unusable> {
        let entry = self.0.entries[table * PARTITIONS + partition];
        let mut bytes = vec![0; entry.length as usize];
        fsio::read_exact_at(&self.0.file, &self.0.path, entry.offset, &mut bytes)
            .map_err(|_| Unusable)?;
        if xxh3_64(&bytes) != entry.checksum {
            return Err(Unusable);
        }
        Ok(bytes)
    }

    /// Reads the rows of a partition.
    pub(super) fn rows(&self, table: usize, partition: usize) -> Result<Vec<Row>, Unusable> {
        let bytes = self.partition(table, partition)?;
        let partition = Partition::open(partition as u8, &bytes).map_err(|_| Unusable)?;
        partition.rows().map_err(|_| Unusable)
    }
}

fn foot_of(tables: usize) -> usize {
    tables * PARTITIONS * ENTRY + END
}

fn read_foot(foot: &[u8], end: u64) -> Option<(Vec<Entry>, u128)> {
    let mut reader = Reader::new(foot);
    let mut word = || Some(u64::from_le_bytes(reader.array("a number").ok()?));
    let count = (foot.len() - END) / ENTRY;
    let mut entries = Vec::with_capacity(count);
    for _ in 0..count {
        let entry = Entry {
            offset: word()?,
            length: word()?,
            checksum: word()?,
        };
        let inside = entry.offset.checked_add(entry.length)? <= end;
        if !inside || entry.length > MAX_PARTITION {
            return None;
        }
        entries.push(entry);
    }
    let grouping = u128::from(word()?) | u128::from(word()?) << 64;
    word()?;
    let checksum = word()?;
    (checksum == xxh3_64(&foot[..foot.len() - 8])).then_some((entries, grouping))
}

/// Writes a base; partitions come from any thread, in any order.
pub(super) struct Writer {
    state: Mutex<(NewFile, Vec<Entry>)>,
    grouping: u128,
}

impl Writer {
    /// Begins a file at a temporary path.
    pub(super) fn create(temporary: &Path, grouping: &Grouping) -> Result<Self, Unusable> {
        Self::of_tables(temporary, grouping.print(), grouping.kinds().len())
    }

    /// Begins a file for so many tables.
    pub(super) fn of_tables(
        temporary: &Path,
        grouping: u128,
        tables: usize,
    ) -> Result<Self, Unusable> {
        let mut file = NewFile::create(temporary).map_err(|_| Unusable)?;
        file.write(HEAD).map_err(|_| Unusable)?;
        let entries = vec![Entry::default(); tables * PARTITIONS];
        Ok(Self {
            state: Mutex::new((file, entries)),
            grouping,
        })
    }

    /// Writes the sorted rows of a partition.
    pub(super) fn put(&self, table: usize, at: usize, rows: &[Row]) -> Result<(), Unusable> {
        let bytes = partition::encode(rows);
        let checksum = xxh3_64(&bytes);
        let mut state = self.state.lock().map_err(|_| Unusable)?;
        let (file, entries) = &mut *state;
        entries[table * PARTITIONS + at] = Entry {
            offset: file.len(),
            length: bytes.len() as u64,
            checksum,
        };
        file.write(&bytes).map_err(|_| Unusable)
    }

    /// Gives the file its name in the directory and opens it. Nothing is synced: after a crash
    /// the checksums tell what is missing.
    pub(super) fn finish(self, dir: &Path) -> Result<Base, Unusable> {
        let (mut file, entries) = self.state.into_inner().map_err(|_| Unusable)?;
        let mut foot = Vec::with_capacity(entries.len() * ENTRY + END);
        for entry in &entries {
            for word in [entry.offset, entry.length, entry.checksum] {
                foot.extend_from_slice(&word.to_le_bytes());
            }
        }
        foot.extend_from_slice(&self.grouping.to_le_bytes());
        foot.extend_from_slice(&((entries.len() / PARTITIONS) as u64).to_le_bytes());
        foot.extend_from_slice(&xxh3_64(&foot).to_le_bytes());
        let name = xxh3_128(&foot);
        file.write(&foot).map_err(|_| Unusable)?;
        fsio::create_dir_all(dir).map_err(|_| Unusable)?;
        file.persist(&dir.join(file_name(name)))
            .map_err(|_| Unusable)?;
        Base::open(dir, name)
    }
}
