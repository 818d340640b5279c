//! What was measured of sealed states, kept locally so that the next measurement costs the change.
//!
//! Invariant: derived and deletable at any moment. A file that is damaged, of another version or
//! of other records is no memory; nothing here fails a command. Nothing is synced.
//!
//! Layout: `profiles/<state id>`: mark and version, a print of the data set's name, the name of
//! the tables' base (0: none), compressed: the length of the profile, the profile, the tables; and
//! a checksum of it all. `tables/<name>`: bases (profile::tables).

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::base::varint::{self, Reader};
use crate::base::{ObjectId, fsio};
use crate::object::State;
use crate::profile::tables::{Place, Tables, file_name};
use crate::profile::{Profile, hex_of};
use crate::store;

use super::measure::Measured;

const HEAD: &[u8] = b"dver measure 3\n";
/// Head, print of the name, name of the base.
const START: usize = HEAD.len() + 8 + 16;
const SUM: usize = 8;
/// Larger files are not read.
const MAX_BYTES: u64 = 1 << 30;
/// States of fewer records are measured anew as fast as they are read back.
const LEAST: u64 = 4096;
/// Tables of fewer records are counted anew.
const LEAST_ROWS: u64 = 1 << 16;
/// How many states of a data set are kept.
const STATES: usize = 4;
/// What the states of a data set take, unless the newest takes more by itself.
const BYTES: u64 = 512 << 10;
/// How many states are kept in all.
const ALL_STATES: usize = 256;

/// The directory of what was measured.
#[derive(Clone, Debug)]
pub struct Memory {
    profiles: PathBuf,
    tables: PathBuf,
    temporary: PathBuf,
}

/// What is known of a sealed state.
#[derive(Clone, Debug)]
pub struct Known {
    pub(super) profile: Profile,
    pub(super) tables: Option<Tables>,
}

impl Known {
    /// Takes what was measured.
    pub fn of(measured: Measured) -> Self {
        Self {
            profile: measured.profile,
            tables: measured.tables,
        }
    }
}

/// Returns the print of a data set's name.
fn print(name: &str) -> [u8; 8] {
    let mut print = [0; 8];
    print.copy_from_slice(&ObjectId::of(name.as_bytes()).as_bytes()[..8]);
    print
}

impl Memory {
    /// Opens the memory in a cache directory; `temporary` is a directory for unfinished files.
    pub fn new(cache: &Path, temporary: &Path) -> Self {
        let unfinished = format!("measured-{}", std::process::id());
        Self {
            profiles: cache.join("profiles"),
            tables: cache.join("tables"),
            temporary: temporary.join(unfinished),
        }
    }

    /// Returns where tables are kept.
    pub(super) fn place(&self) -> Place<'_> {
        Place {
            dir: &self.tables,
            temporary: &self.temporary,
            least: LEAST_ROWS,
        }
    }

    /// Returns what is known of a sealed state, where it is whole and of that state's records.
    pub fn recall(&self, id: &ObjectId, state: &State) -> Option<Known> {
        let known = self.read(&self.profiles.join(id.to_string()))?;
        let same = known.profile.records() == state.records
            && hex_of(&known.profile.digest()) == state.digest;
        same.then_some(known)
    }

    /// Reads a file, where it is whole; without tables where their base is not.
    fn read(&self, path: &Path) -> Option<Known> {
        let bytes = fsio::read_bounded(path, MAX_BYTES).ok()?;
        let (body, sum) = bytes.split_at_checked(bytes.len().checked_sub(SUM)?)?;
        if checksum(body) != sum {
            return None;
        }
        let mut reader = Reader::new(body);
        if reader.take(HEAD.len(), "the mark").ok()? != HEAD {
            return None;
        }
        reader.take(8 + 16, "names").ok()?;
        let bytes = store::decompressed(reader.rest())?;
        let mut reader = Reader::new(&bytes);
        let profile = Profile::decode(reader.bytes("a profile").ok()?).ok()?;
        let tables = reader.rest();
        let tables = match tables.is_empty() {
            true => None,
            false => Tables::decode(tables, &self.tables).ok(),
        };
        Some(Known { profile, tables })
    }

    /// Keeps what was measured of a state, and lets older states of the data set go.
    pub fn keep(&self, id: &ObjectId, measured: &Measured) {
        let path = self.profiles.join(id.to_string());
        if measured.profile.records() < LEAST {
            return;
        }
        let kept = self.read(&path);
        if kept.is_some_and(|kept| kept.tables.is_some() || measured.tables.is_none()) {
            // The same records in another order: tables that were counted anew are not needed.
            return self.prune();
        }
        let base = measured.tables.as_ref().map_or(0, Tables::base);
        let mut bytes = HEAD.to_vec();
        bytes.extend_from_slice(&print(&measured.name));
        bytes.extend_from_slice(&base.to_le_bytes());
        let mut body = Vec::new();
        varint::write_bytes(&mut body, &measured.profile.encode());
        if let Some(tables) = &measured.tables {
            body.extend_from_slice(&tables.encode());
        }
        bytes.extend_from_slice(&store::compressed(&body));
        bytes.extend_from_slice(&checksum(&bytes));
        // What cannot be kept is measured again.
        if self.write(&path, &bytes).is_ok() {
            self.prune();
        }
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> Result<(), fsio::IoError> {
        fsio::create_dir_all(&self.profiles)?;
        let mut file = fsio::NewFile::create(&self.temporary)?;
        file.write(bytes)?;
        file.persist(path)
    }

    /// Lets go of all states but these: they hold values of records, and nothing of those is to
    /// outlive the records.
    pub fn keep_only(&self, stays: &dyn Fn(&ObjectId) -> bool) {
        for (_, path, _) in files(&self.profiles) {
            let name = path.file_name().and_then(|name| name.to_str());
            let id = name.and_then(|name| name.parse().ok());
            if !id.is_some_and(|id| stays(&id)) {
                forget(&path);
            }
        }
        self.prune();
    }

    /// Removes all but the newest states of each data set, and the bases that none of them uses.
    fn prune(&self) {
        let mut states = files(&self.profiles);
        states.sort_by(|a, b| b.cmp(a));
        let mut kept: Vec<([u8; 8], u128, u64)> = Vec::new();
        for (_, path, bytes) in states {
            let start = start(&path);
            let stays = start.is_some_and(|(name, base)| {
                let same = kept.iter().filter(|(other, ..)| *other == name);
                // One base for a data set: they are large.
                let other_base = same.clone().any(|(_, other, _)| *other != base);
                let taken: u64 = same.clone().map(|(.., bytes)| bytes).sum();
                let fits = taken == 0 || taken + bytes <= BYTES;
                kept.len() < ALL_STATES && same.count() < STATES && fits && !other_base
            });
            match start {
                Some((name, base)) if stays => kept.push((name, base, bytes)),
                _ => forget(&path),
            }
        }
        let bases: HashSet<String> = kept.iter().map(|(_, base, _)| file_name(*base)).collect();
        for (_, path, _) in files(&self.tables) {
            let name = path.file_name().and_then(|name| name.to_str());
            if !name.is_some_and(|name| bases.contains(name)) {
                forget(&path);
            }
        }
    }
}

fn forget(path: &Path) {
    let _ = fsio::remove(path); // it is tried again the next time
}

fn checksum(bytes: &[u8]) -> [u8; SUM] {
    let mut sum = [0; SUM];
    sum.copy_from_slice(&ObjectId::of(bytes).as_bytes()[..SUM]);
    sum
}

/// Reads whose state a file holds: the print of the data set and the base.
fn start(path: &Path) -> Option<([u8; 8], u128)> {
    let file = fsio::open(path).ok()?;
    let mut bytes = [0; START];
    fsio::read_exact_at(&file, path, 0, &mut bytes).ok()?;
    let mut reader = Reader::new(&bytes);
    if reader.take(HEAD.len(), "the mark").ok()? != HEAD {
        return None;
    }
    let name = reader.array("a print").ok()?;
    Some((name, u128::from_le_bytes(reader.array("a name").ok()?)))
}

/// Returns the files of a directory: when they were written, and their sizes.
fn files(dir: &Path) -> Vec<(SystemTime, PathBuf, u64)> {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    let file = |entry: fs::DirEntry| {
        let metadata = entry.metadata();
        let time = metadata.as_ref().ok().and_then(|m| m.modified().ok());
        let bytes = metadata.map_or(0, |m| m.len());
        (time.unwrap_or(SystemTime::UNIX_EPOCH), entry.path(), bytes)
    };
    entries.map(file).collect()
}
