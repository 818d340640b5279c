//! Tests of the worktree.

// Tests write files on purpose.
#![allow(clippy::disallowed_methods)]

mod checkout;
mod deltas;
mod ingest;
mod overlay;
mod scan;
mod walk;

use std::fs;
use std::path::Path;

use crate::base::RepoPath;

/// A directory with files, gone when dropped.
pub(super) struct Files(tempfile::TempDir);

impl Files {
    pub(super) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(super) fn root(&self) -> &Path {
        self.0.path()
    }

    pub(super) fn write(&self, path: &str, bytes: impl AsRef<[u8]>) {
        let place = self.root().join(path);
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        fs::write(place, bytes).unwrap();
    }

    pub(super) fn remove(&self, path: &str) {
        fs::remove_file(self.root().join(path)).unwrap();
    }
}

pub(super) fn path(text: &str) -> RepoPath {
    RepoPath::new(text).unwrap()
}
