//! The working files as a version: readable like a commit, without storing anything.

use crate::base::progress::Progress;
use crate::base::{ObjectId, RepoPath};
use crate::dataset::Declarations;
use crate::object::FileEntry;
use crate::repo::Repo;
use crate::worktree::{Ingest, Overlay, Scan, StatCache, WorkFile};

use super::assess::Version;
use super::error::Error;

/// The working files with what reads them.
pub(super) struct Working<'a> {
    /// Reads the working files and everything in the store.
    pub source: Overlay<'a>,
    /// The versioned working files.
    pub version: Version,
}

/// Opens the versioned working files: those that a scan against the staged entries found
/// unchanged, changed, or (of data sets) new.
pub(super) fn open<'a>(
    repo: &'a Repo,
    staged: &[FileEntry],
    found: &Scan,
    cache: &mut StatCache,
    progress: &dyn Progress,
) -> Result<Working<'a>, Error> {
    let declared_now = Declarations::read(&repo.store, staged).unwrap_or_default();
    let previous = |path: &RepoPath| -> Option<ObjectId> {
        let at = staged.binary_search_by(|entry| entry.path.cmp(path)).ok()?;
        Some(staged[at].content)
    };
    let declared = |path: &RepoPath| {
        let declaration = declared_now.covering(path)?;
        Some((declaration.format, declaration.dialect.clone()))
    };
    let options = Ingest {
        root: &repo.root,
        source: &repo.store,
        previous: &previous,
        declared: &declared,
        progress,
    };
    let changed: Vec<WorkFile> = found
        .modified
        .iter()
        .map(|modified| modified.after.file.clone())
        .collect();
    let source = Overlay::open(&repo.store, &repo.root, &options, &changed, cache)?;
    let mut entries: Vec<FileEntry> = staged
        .iter()
        .filter(|entry| {
            let is = |other: &RepoPath| *other == entry.path;
            !found.deleted.iter().any(|gone| is(&gone.path))
                && !found
                    .modified
                    .iter()
                    .any(|modified| is(&modified.before.path))
        })
        .cloned()
        .collect();
    entries.extend(source.entries().iter().cloned());
    entries.sort_by(|a, b| a.path.cmp(&b.path));
    let version = Version::of_entries(&source, entries)?;
    Ok(Working { source, version })
}
