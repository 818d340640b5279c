//! Files for what does not fit in memory: one without a name, and a directory of them.
//!
//! Invariant: nothing durable is in them. A file without a name is gone when it is closed, whatever
//! ends the process; a directory is where a process ends by itself.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::fsio::{self, IoError};

/// Bytes outside of memory.
#[derive(Debug)]
pub struct ScratchFile {
    file: File,
    length: u64,
}

/// What errors call it.
const NAME: &str = "temporary file";

impl ScratchFile {
    /// Creates an empty one in the system's temporary directory.
    pub fn create() -> Result<Self, IoError> {
        let file = tempfile::tempfile().map_err(|e| IoError::new("create", Path::new(NAME), e))?;
        Ok(Self { file, length: 0 })
    }

    /// Returns how many bytes were appended.
    pub fn len(&self) -> u64 {
        self.length
    }

    /// Returns whether it holds nothing.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Appends bytes.
    pub fn append(&mut self, bytes: &[u8]) -> Result<(), IoError> {
        let written = self.file.write_all(bytes);
        written.map_err(|e| IoError::new("write", Path::new(NAME), e))?;
        self.length += bytes.len() as u64;
        Ok(())
    }

    /// Reads bytes that were appended.
    pub fn read_at(&self, start: u64, out: &mut [u8]) -> Result<(), IoError> {
        fsio::read_exact_at(&self.file, Path::new(NAME), start, out)
    }
}

/// A directory for files that are needed for a while.
#[derive(Debug)]
pub struct ScratchDir(tempfile::TempDir);

impl ScratchDir {
    /// Creates an empty one in the system's temporary directory; it is removed when dropped.
    pub fn create() -> Result<Self, IoError> {
        let dir = tempfile::tempdir();
        dir.map(Self)
            .map_err(|e| IoError::new("create", Path::new("temporary directory"), e))
    }

    /// Returns where it is.
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Writes a new file in it and returns its path.
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<PathBuf, IoError> {
        let path = self.0.path().join(name);
        let written = fsio::create_new(&path)?.write_all(bytes);
        written.map_err(|e| IoError::new("write", &path, e))?;
        Ok(path)
    }
}
