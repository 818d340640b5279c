//! The file `head`: the id of the latest operation.

use std::path::{Path, PathBuf};

use crate::base::{ObjectId, fsio};

use super::error::Error;

/// The name of the worktree that a repository is made with.
pub const MAIN_WORKTREE: &str = "main";

/// The commit point of a repository.
#[derive(Clone, Debug)]
pub struct Head {
    path: PathBuf,
}

impl Head {
    /// Returns the commit point of the repository in `dir`.
    pub fn new(dir: &Path) -> Self {
        Self {
            path: dir.join("head"),
        }
    }

    /// Reads the id of the latest operation.
    pub fn read(&self) -> Result<ObjectId, Error> {
        let damaged = || Error::DamagedHead {
            path: self.path.clone(),
        };
        let bytes = fsio::read_if_exists(&self.path)?.ok_or_else(damaged)?;
        let text = std::str::from_utf8(&bytes).map_err(|_| damaged())?;
        text.strip_suffix('\n')
            .unwrap_or(text)
            .parse()
            .map_err(|_| damaged())
    }

    /// Makes `operation` the latest: from here on it has happened.
    pub fn write(&self, operation: &ObjectId) -> Result<(), Error> {
        Ok(fsio::write_durable(
            &self.path,
            format!("{operation}\n").as_bytes(),
        )?)
    }
}
