//! The working files as a version: readable like a commit, without storing anything.

use std::collections::BTreeSet;
use std::thread;

use crate::base::RepoPath;
use crate::base::fsio;
use crate::base::progress::Progress;
use crate::dataset::Declarations;
use crate::object::FileEntry;
use crate::repo::Repo;
use crate::worktree::{Overlay, Scan, StatCache, WorkFile, scan_walked, walk};

use super::assess::Version;
use super::declare;
use super::error::Error;
use super::stage;

/// What stands in the worktree, against what is staged.
pub(super) struct Looked {
    /// The staged entries.
    pub staged: Vec<FileEntry>,
    /// What is known of working files.
    pub cache: StatCache,
    /// How they differ.
    pub found: Scan,
}

/// Compares the working files with the staged ones. With many files, walking takes as long as
/// reading what is known of them: both happen at once.
pub(super) fn look(
    repo: &Repo,
    within: &[RepoPath],
    progress: &dyn Progress,
) -> Result<Looked, Error> {
    let root = &repo.root;
    let (walked, staged, cache) = thread::scope(|scope| {
        let walking = scope.spawn(|| walk(root, within));
        let staged = stage::entries(repo);
        let cache = StatCache::load(&repo.index, &repo.dir.join("tmp"));
        let walked = match walking.join() {
            Ok(walked) => walked,
            Err(panic) => std::panic::resume_unwind(panic),
        };
        Ok::<_, Error>((walked?, staged?, cache?))
    })?;
    let mut cache = cache;
    let found = scan_walked(walked, root, &staged, within, &mut cache, progress)?;
    Ok(Looked {
        staged,
        cache,
        found,
    })
}

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
    let before = stage::Before::of(staged);
    let source = stage::with_ingest(repo, before, &declarations, progress, |options| {
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
