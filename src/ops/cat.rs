//! `cat` and `cat-object`: bytes of a version, bytes of an object.

use std::path::Path;

use crate::base::progress::Progress;
use crate::base::{ObjectId, RepoPath};
use crate::object::{Content, FileEntry, ObjectSource as _, Snapshot};
use crate::repo::{GIT_PREFIX, Repo};

use super::error::Error;
use super::paths;

/// Finds the entry that `REV:PATH` names; the path is relative to the worktree's root, or to
/// `directory` where it begins with `./`.
pub fn find(repo: &Repo, spec: &str, directory: &Path) -> Result<(ObjectId, FileEntry), Error> {
    // A revision of git has a colon of its own.
    let colon = match spec.strip_prefix(GIT_PREFIX) {
        Some(rest) => rest.find(':').map(|at| at + GIT_PREFIX.len()),
        None => spec.find(':'),
    };
    let (revision, path) = colon
        .map(|at| (&spec[..at], &spec[at + 1..]))
        .ok_or_else(|| {
            Error::Usage(format!(
                "`{spec}` is not of the form REV:PATH, such as `HEAD:labels.csv`"
            ))
        })?;
    let (id, commit) = repo.commit(if revision.is_empty() {
        "HEAD"
    } else {
        revision
    })?;
    let missing = || Error::NoSuchPath {
        path: spec.to_owned(),
    };
    let path = match path.strip_prefix("./") {
        Some(_) => paths::inside(&repo.root, directory, Path::new(path))?.ok_or_else(missing)?,
        None => RepoPath::new(path.as_bytes()).map_err(|_| missing())?,
    };
    let entry = Snapshot::find(&repo.store, &commit.snapshot, &path)?;
    entry.map(|entry| (id, entry)).ok_or_else(missing)
}

/// Gives an entry's bytes in order; they were checked against its content id at the end.
pub fn cat<E: From<Error>>(
    repo: &Repo,
    entry: &FileEntry,
    progress: &dyn Progress,
    out: &mut dyn FnMut(&[u8]) -> Result<(), E>,
) -> Result<(), E> {
    let content =
        Content::open(&repo.store, &entry.content, entry.size).map_err(|e| E::from(e.into()))?;
    enum Stop<E> {
        Object(crate::object::Error),
        Output(E),
    }
    impl<E> From<crate::object::Error> for Stop<E> {
        fn from(e: crate::object::Error) -> Self {
            Self::Object(e)
        }
    }
    progress.begin(&format!("reading {}", entry.path), Some(entry.size));
    let result = content.copy(&repo.store, &mut |bytes| {
        progress.advance(bytes.len() as u64);
        out(bytes).map_err(Stop::Output)
    });
    progress.end();
    result.map_err(|stop| match stop {
        Stop::Object(e) => E::from(e.into()),
        Stop::Output(e) => e,
    })
}

/// Returns the bytes of an object: what `b3sum` hashes to its id.
pub fn cat_object(repo: &Repo, id: &str) -> Result<Vec<u8>, Error> {
    let full = id.parse::<ObjectId>();
    let id = match full {
        Ok(id) => id,
        // A prefix is looked up among commits, the objects that people have ids of.
        Err(_) => repo.resolve(id)?,
    };
    // An id that was asked for is not one that something needs: its absence is no damage.
    if !repo.has(&id)? {
        return Err(Error::NoSuchObject { id });
    }
    Ok(repo.store.get(&id)?)
}
