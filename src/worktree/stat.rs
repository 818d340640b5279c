//! What a path in the worktree is, as `lstat` says.

use std::fs::{self, Metadata};
use std::io;
use std::path::Path;

use crate::base::{IoError, RepoPath};
use crate::object::EntryKind;

/// What `lstat` says of a file or a symbolic link.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stat {
    /// What it is.
    pub kind: EntryKind,
    /// Its size in bytes.
    pub size: u64,
    /// Its modification time in nanoseconds since 1970.
    pub mtime_ns: i64,
    /// Its status change time in nanoseconds since 1970; 0 where the system has none.
    pub ctime_ns: i64,
    /// Its inode; 0 where the system has none.
    pub inode: u64,
    /// Its permission bits; 0 where the system has none.
    pub mode: u32,
}

/// A file or symbolic link in the worktree.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WorkFile {
    /// Where it stands.
    pub path: RepoPath,
    /// What it is.
    pub stat: Stat,
}

/// What stands at a path.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Found {
    /// Nothing.
    Nothing,
    /// A file or a symbolic link.
    File(Stat),
    /// A directory.
    Directory,
    /// A pipe, a socket or a device: its name.
    Special(&'static str),
}

/// Looks at a path without following a symbolic link at its end.
pub fn look(path: &Path) -> Result<Found, IoError> {
    match fs::symlink_metadata(path) {
        Ok(metadata) => Ok(Found::from_metadata(&metadata)),
        // ENOTDIR: a file stands where a directory of the path was; so nothing is at the path.
        Err(e)
            if matches!(
                e.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
            ) =>
        {
            Ok(Found::Nothing)
        }
        Err(e) => Err(IoError::new("look at", path, e)),
    }
}

impl Found {
    /// Reads what `lstat` or `fstat` said.
    pub(super) fn from_metadata(metadata: &Metadata) -> Self {
        let kind = metadata.file_type();
        if kind.is_dir() {
            return Self::Directory;
        }
        let kind = if kind.is_symlink() {
            EntryKind::Symlink
        } else if !kind.is_file() {
            return Self::Special(special(metadata));
        } else if is_executable(metadata) {
            EntryKind::Executable
        } else {
            EntryKind::File
        };
        Self::File(stat(kind, metadata))
    }
}

/// Whether this system keeps an executable bit; where it does not, snapshots keep theirs.
pub(super) const KEEPS_MODE: bool = cfg!(unix);

#[cfg(unix)]
fn is_executable(metadata: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    metadata.mode() & 0o100 != 0
}

#[cfg(not(unix))]
fn is_executable(_metadata: &Metadata) -> bool {
    false
}

#[cfg(unix)]
fn stat(kind: EntryKind, metadata: &Metadata) -> Stat {
    use std::os::unix::fs::MetadataExt as _;
    // Wrapping is fine: these only ever are compared for being the same, but for the racy rule,
    // where a time 292 years away counts as racy or not, and either way is rehashed when it moves.
    let nanoseconds =
        |seconds: i64, rest: i64| seconds.wrapping_mul(1_000_000_000).wrapping_add(rest);
    Stat {
        kind,
        size: metadata.size(),
        mtime_ns: nanoseconds(metadata.mtime(), metadata.mtime_nsec()),
        ctime_ns: nanoseconds(metadata.ctime(), metadata.ctime_nsec()),
        inode: metadata.ino(),
        mode: metadata.mode() & 0o7777,
    }
}

#[cfg(not(unix))]
fn stat(kind: EntryKind, metadata: &Metadata) -> Stat {
    let mtime_ns = metadata
        .modified()
        .ok()
        .and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok())
        .and_then(|since| i64::try_from(since.as_nanos()).ok())
        .unwrap_or(i64::MAX); // always racy: hashed whenever it matters
    Stat {
        kind,
        size: metadata.len(),
        mtime_ns,
        ctime_ns: 0,
        inode: 0,
        mode: 0,
    }
}

#[cfg(unix)]
fn special(metadata: &Metadata) -> &'static str {
    use std::os::unix::fs::FileTypeExt as _;
    let kind = metadata.file_type();
    if kind.is_fifo() {
        "pipe"
    } else if kind.is_socket() {
        "socket"
    } else {
        "device"
    }
}

#[cfg(not(unix))]
fn special(_metadata: &Metadata) -> &'static str {
    "special file"
}

/// Returns whether two kinds are the same as far as this system can tell.
pub(super) fn same_kind(a: EntryKind, b: EntryKind) -> bool {
    a == b || (!KEEPS_MODE && a != EntryKind::Symlink && b != EntryKind::Symlink)
}

/// Returns whether a directory of the path is none: then the path is not inside the worktree.
pub fn is_beyond_symlink(root: &Path, path: &RepoPath) -> Result<bool, IoError> {
    let bytes = path.as_bytes();
    for (at, _) in bytes.iter().enumerate().filter(|(_, b)| **b == b'/') {
        let Ok(directory) = RepoPath::new(&bytes[..at]) else {
            return Ok(true);
        };
        match look(&directory.to_path(root))? {
            Found::Directory => {}
            Found::Nothing => return Ok(false),
            Found::File(_) | Found::Special(_) => return Ok(true),
        }
    }
    Ok(false)
}
