//! Reads one working file exactly as it stood when it was opened.
//!
//! Invariant: the bytes given are one version of the file: the same stat before and after, or a
//! file that only grew, of which they are the front. Everything else is tried once more and then
//! given up, so that no version ever mixes two states of a file.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use crate::base::{IoError, RepoPath, fsio};
use crate::object::EntryKind;

use super::error::Problem;
use super::scan::read_link;
use super::stat::{Found, Stat, look};

/// What became of reading a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Ending {
    /// It stands as it stood.
    Same,
    /// It only grew.
    Grown,
    /// It is another one now.
    Moved,
}

/// A working file that is open at its first byte.
pub(super) enum Open {
    /// A file, with its stat as of now.
    File(File, Stat),
    /// A symbolic link, with its target.
    Link(Vec<u8>, Stat),
}

/// Opens a working file.
pub(super) fn open(root: &Path, path: &RepoPath) -> Result<Open, Problem> {
    let place = path.to_path(root);
    match look(&place)? {
        Found::Nothing => Err(Problem::Gone),
        Found::Directory => Err(Problem::Directory),
        Found::Special(kind) => Err(Problem::Special(kind)),
        Found::File(stat) if stat.kind == EntryKind::Symlink => {
            Ok(Open::Link(read_link(&place)?, stat))
        }
        Found::File(_) => {
            let file = fsio::open_plain(&place)?;
            let metadata = file
                .metadata()
                .map_err(|e| IoError::new("look at", &place, e))?;
            match Found::from_metadata(&metadata) {
                Found::File(stat) => Ok(Open::File(file, stat)),
                Found::Special(kind) => Err(Problem::Special(kind)),
                Found::Nothing | Found::Directory => Err(Problem::Changed),
            }
        }
    }
}

/// Fills the buffer from the file; returns less than its length only at the end.
pub(super) fn fill(file: &mut File, buffer: &mut [u8], place: &Path) -> Result<usize, IoError> {
    let mut filled = 0;
    while filled < buffer.len() {
        match file.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(IoError::new("read", place, e)),
        }
    }
    Ok(filled)
}

/// Tells what became of a file while it was read.
pub(super) fn ending(place: &Path, before: &Stat) -> Result<Ending, IoError> {
    Ok(match look(place)? {
        Found::File(after) if after == *before => Ending::Same,
        Found::File(after)
            if before.kind != EntryKind::Symlink
                && (after.kind, after.inode, after.mode)
                    == (before.kind, before.inode, before.mode)
                && after.size > before.size =>
        {
            Ending::Grown
        }
        _ => Ending::Moved,
    })
}
