//! Paths inside a worktree: bytes with `/` between the parts, never leaving the worktree.

use std::ffi::OsStr;
use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::text::Text;

/// A path relative to the worktree's root, as snapshots hold it.
///
/// Invariant: not empty, and no part is empty, `.`, `..` or `.dver`, nor holds NUL: joining it to
/// the worktree's root cannot leave the worktree or reach into the repository.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RepoPath(Vec<u8>);

/// Bytes that are no path inside a worktree.
#[derive(Debug, Clone, thiserror::Error)]
#[error("`{}` is not a path inside the worktree", String::from_utf8_lossy(.0))]
pub struct BadPath(pub Vec<u8>);

impl RepoPath {
    /// Checks `bytes` and takes them as a path.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Result<Self, BadPath> {
        let bytes = bytes.into();
        let bad = |part: &[u8]| matches!(part, b"" | b"." | b".." | b".dver") || part.contains(&0);
        if bytes.split(|&b| b == b'/').any(bad) || (cfg!(windows) && bytes.contains(&b'\\')) {
            return Err(BadPath(bytes));
        }
        Ok(Self(bytes))
    }

    /// Takes a relative [`Path`] whose parts are plain names.
    pub fn from_path(path: &Path) -> Result<Self, BadPath> {
        let mut bytes = Vec::with_capacity(path.as_os_str().len());
        for part in path.components() {
            if !bytes.is_empty() {
                bytes.push(b'/');
            }
            bytes.extend_from_slice(os_bytes(part.as_os_str()).as_ref());
        }
        Self::new(bytes)
    }

    /// Returns the path of an entry of a directory: of the root where `parent` is `None`.
    pub fn below(parent: Option<&Self>, name: &OsStr) -> Result<Self, BadPath> {
        let name = os_bytes(name);
        let mut bytes = Vec::with_capacity(parent.map_or(0, |p| p.0.len() + 1) + name.len());
        if let Some(parent) = parent {
            bytes.extend_from_slice(&parent.0);
            bytes.push(b'/');
        }
        bytes.extend_from_slice(&name);
        Self::new(bytes)
    }

    /// Returns the bytes of the path.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Returns the path where it is UTF-8.
    pub fn as_str(&self) -> Option<&str> {
        std::str::from_utf8(&self.0).ok()
    }

    /// Returns the last part.
    pub fn file_name(&self) -> &[u8] {
        self.0.rsplit(|&b| b == b'/').next().unwrap_or(&self.0)
    }

    /// Returns the directory part, without the last `/`; empty at the root.
    pub fn parent(&self) -> &[u8] {
        self.0
            .iter()
            .rposition(|&b| b == b'/')
            .map_or(b"".as_slice(), |at| &self.0[..at])
    }

    /// Returns the extension of the last part in lower case, without the dot.
    pub fn extension(&self) -> Option<String> {
        let name = self.file_name();
        let dot = name.iter().rposition(|&b| b == b'.').filter(|&at| at > 0)?;
        Some(String::from_utf8_lossy(&name[dot + 1..]).to_ascii_lowercase())
    }

    /// Returns whether the path is `dir` or lies below it; everything lies below the empty `dir`.
    pub fn is_within(&self, dir: &[u8]) -> bool {
        dir.is_empty()
            || self.0 == dir
            || (self.0.starts_with(dir) && self.0.get(dir.len()) == Some(&b'/'))
    }

    /// Returns the place of the path below `root`.
    pub fn to_path(&self, root: &Path) -> PathBuf {
        let mut path = root.to_path_buf();
        for part in self.0.split(|&b| b == b'/') {
            path.push(os_str(part));
        }
        path
    }
}

#[cfg(unix)]
fn os_bytes(text: &OsStr) -> std::borrow::Cow<'_, [u8]> {
    use std::os::unix::ffi::OsStrExt as _;
    std::borrow::Cow::Borrowed(text.as_bytes())
}

#[cfg(unix)]
fn os_str(bytes: &[u8]) -> std::borrow::Cow<'_, OsStr> {
    use std::os::unix::ffi::OsStrExt as _;
    std::borrow::Cow::Borrowed(OsStr::from_bytes(bytes))
}

#[cfg(not(unix))]
fn os_bytes(text: &OsStr) -> std::borrow::Cow<'_, [u8]> {
    std::borrow::Cow::Owned(text.to_string_lossy().into_owned().into_bytes())
}

#[cfg(not(unix))]
fn os_str(bytes: &[u8]) -> std::borrow::Cow<'_, OsStr> {
    std::borrow::Cow::Owned(String::from_utf8_lossy(bytes).into_owned().into())
}

impl fmt::Display for RepoPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A newline in a name would forge a line of output; quote it as git does.
        let text = String::from_utf8_lossy(&self.0);
        if text.chars().any(char::is_control) {
            write!(f, "{text:?}")
        } else {
            f.write_str(&text)
        }
    }
}

impl fmt::Debug for RepoPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", String::from_utf8_lossy(&self.0))
    }
}

impl Serialize for RepoPath {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Text(self.0.clone()).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for RepoPath {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(Text::deserialize(deserializer)?.0).map_err(serde::de::Error::custom)
    }
}
