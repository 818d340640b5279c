//! Paths as people give them: relative to where they stand, absolute, with `..`.

use std::path::{Component, Path, PathBuf};

use crate::base::RepoPath;

use super::error::Error;

/// Returns the path below the worktree's root that `given` names from `directory`; `None` for the
/// root itself.
///
/// Works on names alone: symbolic links inside the worktree are versioned, not followed.
pub fn inside(root: &Path, directory: &Path, given: &Path) -> Result<Option<RepoPath>, Error> {
    let outside = || Error::Outside {
        path: given.to_owned(),
        root: root.to_owned(),
    };
    let mut plain = PathBuf::new();
    for part in directory.join(given).components() {
        match part {
            Component::ParentDir => {
                plain.pop();
            }
            Component::CurDir => {}
            other => plain.push(other),
        }
    }
    let relative = plain.strip_prefix(root).map_err(|_| outside())?;
    if relative.as_os_str().is_empty() {
        return Ok(None);
    }
    RepoPath::from_path(relative)
        .map(Some)
        .map_err(|_| outside())
}

/// Returns the paths below the root that all of `given` name, as prefixes for
/// [`RepoPath::is_within`]: the root is the empty prefix.
pub fn prefixes(root: &Path, directory: &Path, given: &[PathBuf]) -> Result<Vec<Vec<u8>>, Error> {
    let prefix = |path: &PathBuf| {
        inside(root, directory, path).map(|path| {
            path.map(|path| path.as_bytes().to_vec())
                .unwrap_or_default()
        })
    };
    given.iter().map(prefix).collect()
}
