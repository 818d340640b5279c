//! The file `VERSION`: the format of the repository and the features it needs.
//!
//! Layout: docs/format.md, "VERSION". A required feature that this program does not know makes
//! the repository unreadable for it, and the error names the feature; an optional one does not.

use std::path::{Path, PathBuf};

use crate::base::{IoError, fsio};

const FIRST_LINE: &str = "dver repository format 1";
/// Features that this program can read.
const KNOWN: &[&str] = &[];
const MAX_SIZE: u64 = 64 * 1024;

/// Why a repository cannot be opened by this program.
#[derive(Debug, thiserror::Error)]
pub enum VersionError {
    /// The repository's format is not this program's.
    #[error("{} says `{found}`; this dver reads `{FIRST_LINE}`", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// Its first line.
        found: String,
    },
    /// The repository needs features that this program does not know.
    #[error("the repository needs {}, which this dver does not know", features.join(", "))]
    Features {
        /// Their names.
        features: Vec<String>,
    },
    /// The file cannot be read or written.
    #[error(transparent)]
    Io(#[from] IoError),
}

/// Writes the file into a new repository.
pub(super) fn write(dir: &Path) -> Result<(), VersionError> {
    Ok(fsio::write_durable(
        &dir.join("VERSION"),
        format!("{FIRST_LINE}\n").as_bytes(),
    )?)
}

/// Checks that this program can read the repository.
pub(super) fn check(dir: &Path) -> Result<(), VersionError> {
    let path = dir.join("VERSION");
    let text = String::from_utf8_lossy(&fsio::read_bounded(&path, MAX_SIZE)?).into_owned();
    let mut lines = text.lines();
    let first = lines.next().unwrap_or_default();
    if first != FIRST_LINE {
        return Err(VersionError::Format {
            path,
            found: first.to_owned(),
        });
    }
    let features: Vec<String> = lines
        .filter_map(|line| line.strip_prefix("required "))
        .map(str::trim)
        .filter(|name| !KNOWN.contains(name))
        .map(str::to_owned)
        .collect();
    if features.is_empty() {
        Ok(())
    } else {
        Err(VersionError::Features { features })
    }
}
