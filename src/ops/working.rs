//! The working files as a version: readable like a commit, without storing anything.

use std::collections::BTreeSet;

use crate::base::RepoPath;
use crate::base::fsio;
use crate::base::progress::Progress;
use crate::dataset::Declarations;
use crate::object::FileEntry;
use crate::repo::Repo;
use crate::worktree::{Overlay, Scan, StatCache, WorkFile};

use super::assess::Version;
use super::declare;
use super::error::Error;
use super::stage;

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
    let declarations = declarations(repo, staged);
    let mut changed: Vec<WorkFile> = found
        .modified
        .iter()
        .map(|modified| modified.after.file.clone())
        .collect();
    changed.extend(joining(found, &declarations).cloned());
    let source = stage::with_ingest(repo, staged, &declarations, progress, |options| {
        Overlay::open(&repo.store, &repo.root, options, &changed, cache)
    })?;
    let mut gone: BTreeSet<&RepoPath> = found.deleted.iter().map(|entry| &entry.path).collect();
    gone.extend(found.modified.iter().map(|modified| &modified.before.path));
    let kept = staged.iter().filter(|entry| !gone.contains(&entry.path));
    let mut entries: Vec<FileEntry> = kept.chain(source.entries()).cloned().collect();
    entries.sort_by(|a, b| a.path.cmp(&b.path));
    let version = Version::of_entries(&source, entries)?;
    Ok(Working { source, version })
}

/// Returns what the dver.toml in the worktree declares; what is staged where that does not read.
pub(super) fn declarations(repo: &Repo, staged: &[FileEntry]) -> Declarations {
    let written = fsio::read_if_exists(&declare::file().to_path(&repo.root));
    let parsed = written
        .ok()
        .flatten()
        .map(|bytes| Declarations::parse(&bytes));
    match parsed {
        Some(Ok(declarations)) => declarations,
        _ => Declarations::read(&repo.store, staged).unwrap_or_default(),
    }
}

/// Returns the files that are not versioned yet but stand where a data set has its files: its
/// declaration says that they belong to it.
pub(super) fn joining<'a>(
    found: &'a Scan,
    declarations: &'a Declarations,
) -> impl Iterator<Item = &'a WorkFile> {
    let new = found.untracked.iter().map(|new| &new.file);
    new.filter(|file| declarations.covering(&file.path).is_some())
}
