//! That nothing has changed since a hook last looked, told by `lstat` alone: no pack and no index is
//! opened, for git waits.
//!
//! Invariant: a note speaks only for what it holds: the latest operation, every file that looking
//! would read, and every directory in which a new file would be found. Where that is much, or out of
//! the ordinary, there is no note, and the hook looks.

use std::collections::BTreeSet;
use std::fs::Metadata;
use std::path::{Path, PathBuf};

use crate::base::{ObjectId, fsio};
use crate::dataset::Declarations;
use crate::githost::{Git, LOCK};
use crate::object::FileEntry;
use crate::repo::{Home, Repo};
use crate::worktree::filesystem_time;

use super::super::declare;
use super::super::error::Error;
use super::pre_commit::indexed;

/// The first line of a note.
const FIRST: &str = "dver calm 1";
/// A note of more files would take as long as looking.
const MOST_ROWS: usize = 256;
/// No note is larger.
const MOST_BYTES: u64 = 256 * 1024;

/// What of a path must be the same.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum What {
    /// What it is, with its size and times; or that there is nothing.
    Stat,
    /// The same of a file in the repository's directory.
    Own,
    /// That it is a directory, and no link to one.
    Directory,
}

impl What {
    fn letter(self) -> char {
        match self {
            Self::Stat => 's',
            Self::Own => 'o',
            Self::Directory => 'd',
        }
    }
}

/// What a note is going to hold, seen before anything was looked at.
pub(super) struct Watch {
    now: i64,
    rows: Vec<(What, String, Seen)>,
}

/// What `lstat` says of a path, as text, and the latest of its times.
struct Seen {
    text: String,
    latest: i64,
}

impl Watch {
    /// Sees all that looking will read; `None` where that is too much, or cannot be noted.
    pub(super) fn begin(
        repo: &Repo,
        entries: &[FileEntry],
        declarations: &Declarations,
    ) -> Option<Self> {
        if entries.is_empty() || entries.len() > MOST_ROWS {
            return None;
        }
        // Before the first `lstat`: what is written later than this may change unseen.
        let now = filesystem_time(&repo.dir.join("tmp"))?;
        let mut paths: BTreeSet<(What, String)> = BTreeSet::new();
        let mut directories: BTreeSet<Vec<u8>> = BTreeSet::from([Vec::new()]);
        for entry in entries {
            paths.insert((What::Stat, entry.path.as_str()?.to_owned()));
            directories.insert(entry.path.parent().to_vec());
        }
        for pattern in declarations.patterns() {
            let place = pattern.lists()?;
            let path = String::from_utf8(place.to_vec()).ok()?;
            paths.insert((What::Stat, path));
            let above = place.iter().rposition(|&byte| byte == b'/').unwrap_or(0);
            directories.insert(place.get(..above)?.to_vec());
        }
        for directory in directories {
            let mut path = String::from_utf8(directory).ok()?;
            let name = |path: &str, name: &str| match path {
                "" => name.to_owned(),
                path => format!("{path}/{name}"),
            };
            loop {
                paths.insert((What::Stat, name(&path, ".dverignore")));
                if path.is_empty() {
                    break;
                }
                paths.insert((What::Directory, path.clone()));
                path = path
                    .rsplit_once('/')
                    .map_or("", |(above, _)| above)
                    .to_owned();
            }
        }
        let declared = declare::file().to_string();
        paths.extend([LOCK.to_owned(), declared].map(|name| (What::Stat, name)));
        paths.extend(["VERSION", "config.toml"].map(|name| (What::Own, name.to_owned())));
        let places = (repo.root.as_path(), repo.dir.as_path());
        let rows = paths.into_iter().map(|(what, path)| {
            let seen = see(places, what, &path)?;
            (!path.contains(['\n', '\t'])).then_some((what, path, seen))
        });
        let rows: Vec<(What, String, Seen)> = rows.collect::<Option<_>>()?;
        (rows.len() <= 2 * MOST_ROWS).then_some(Self { now, rows })
    }

    /// Notes that looking found nothing. What cannot be noted is looked at again.
    pub(super) fn note(&self, repo: &Repo) {
        let mut text = format!("{FIRST}\n{}\n", repo.current.id);
        for (what, path, seen) in &self.rows {
            // What was written in this very tick may change once more, and look the same.
            if seen.latest >= self.now {
                return;
            }
            text.push_str(&format!("{}\t{}\t{path}\n", what.letter(), seen.text));
        }
        let _ = fsio::write_passing(&file(&repo.dir, &repo.worktree), text.as_bytes());
    }
}

/// Returns whether git's commit leaves the lock as it is, where nothing has changed since a hook
/// last looked and found nothing; `None` where that is not known.
pub fn calm(home: &Home, git: &Git) -> Result<Option<bool>, Error> {
    if !is_calm(home).unwrap_or(false) {
        return Ok(None);
    }
    let indexed = indexed(&home.root, git)?;
    Ok(indexed.same.then_some(indexed.unmoved))
}

fn is_calm(home: &Home) -> Option<bool> {
    let bytes = fsio::read_bounded(&file(&home.dir, &home.worktree), MOST_BYTES).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let mut lines = text.lines();
    let head = fsio::read_bounded(&home.dir.join("head"), 256).ok()?;
    if lines.next()? != FIRST || lines.next()?.as_bytes() != head.trim_ascii_end() {
        return None;
    }
    let places = (home.root.as_path(), home.dir.as_path());
    for line in lines {
        let mut parts = line.splitn(3, '\t');
        let (what, text, path) = (parts.next()?, parts.next()?, parts.next()?);
        let what = [What::Stat, What::Own, What::Directory]
            .into_iter()
            .find(|kind| what.chars().eq([kind.letter()]))?;
        if see(places, what, path)?.text != text {
            return Some(false);
        }
    }
    Some(true)
}

/// The note of a worktree; several share a repository.
fn file(dir: &Path, worktree: &str) -> PathBuf {
    let name = ObjectId::of(worktree.as_bytes()).short();
    dir.join("cache").join(format!("calm-{name}"))
}

/// Looks at a path below the worktree's root, or in the repository's directory.
fn see((root, dir): (&Path, &Path), what: What, path: &str) -> Option<Seen> {
    let path = match what {
        What::Own => dir.join(path),
        What::Stat | What::Directory => root.join(path),
    };
    let metadata = match path.symlink_metadata() {
        Ok(metadata) => metadata,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
            return Some(Seen {
                text: "-".to_owned(),
                latest: i64::MIN,
            });
        }
        Err(_) => return None,
    };
    match what {
        What::Directory => Some(Seen {
            text: if metadata.is_dir() {
                "directory"
            } else {
                "other"
            }
            .to_owned(),
            latest: i64::MIN,
        }),
        What::Stat | What::Own => stat(&metadata),
    }
}

#[cfg(unix)]
fn stat(metadata: &Metadata) -> Option<Seen> {
    use std::os::unix::fs::MetadataExt as _;
    let time = |seconds: i64, rest: i64| seconds.checked_mul(1_000_000_000)?.checked_add(rest);
    let changed = time(metadata.ctime(), metadata.ctime_nsec())?;
    let modified = time(metadata.mtime(), metadata.mtime_nsec())?;
    let (mode, inode, size) = (metadata.mode(), metadata.ino(), metadata.size());
    Some(Seen {
        text: format!("{mode:o} {inode} {size} {modified} {changed}"),
        latest: changed.max(modified),
    })
}

/// Where the system tells less of a file, a change might look the same.
#[cfg(not(unix))]
fn stat(_metadata: &Metadata) -> Option<Seen> {
    None
}
