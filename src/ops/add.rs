//! `add`: stores the content of working files and stages them.

use std::collections::BTreeSet;

use rustc_hash::FxHashMap;

use crate::base::progress::Progress;
use crate::base::{ObjectId, RepoPath};
use crate::dataset::Declarations;
use crate::dataset::infer::Inference;
use crate::object::{FileEntry, Snapshot};
use crate::repo::Repo;
use crate::store::PackWriter;
use crate::worktree::{self, Finding, Scan, StatCache, WorkFile, ingest, missing};

use super::beside_git;
use super::declare;
use super::error::Error;
use super::files;
use super::stage;
use super::transaction::{self, Note};
use super::working::{self, Looked};

/// What to add.
#[derive(Clone, Debug, Default)]
pub struct AddOptions {
    /// Files and directories; everything where there are none.
    pub within: Vec<RepoPath>,
    /// Whether tables that no data set covers may be declared.
    pub declare: bool,
    /// Only files that are versioned already, and new files of declared data sets.
    pub only_known: bool,
    /// Whether files are read and stored that seem unchanged: repairs lost or damaged contents.
    pub again: bool,
}

/// What was staged.
#[derive(Debug, Default)]
pub struct AddReport {
    /// Files that are new or changed.
    pub stored: Vec<FileEntry>,
    /// Files that are gone.
    pub removed: Vec<RepoPath>,
    /// What could not be taken, and notes on what was.
    pub findings: Vec<Finding>,
    /// What was found out about tables: declared data sets, and hints.
    pub inference: Inference,
}

/// Stores and stages. Files that cannot be taken are findings; the others are staged.
pub fn add(
    repo: &mut Repo,
    options: &AddOptions,
    progress: &dyn Progress,
    waiting: &mut dyn FnMut(&str),
) -> Result<AddReport, Error> {
    let locked = transaction::lock(repo, "add", waiting)?;
    let Looked {
        staged,
        mut cache,
        mut found,
    } = working::look(repo, &options.within, progress)?;
    if options.within.is_empty() && !options.only_known {
        let declarations = working::declarations(repo, &staged);
        beside_git::retain_data(repo, &declarations, &mut found.untracked, |new| {
            &new.file.path
        })?;
    }
    let report = transaction::write(repo, &locked, |repo, writer, draft| {
        check_paths(options, &staged, &found)?;
        let mut builder = stage::builder(repo)?;
        let mut report = AddReport::default();
        let known_before: Vec<FileEntry> = staged;
        let declarations = working::declarations(repo, &known_before);
        let files = to_read(options, &found, &declarations);
        let origins = origins(repo, options, &known_before, &found, &files)?;
        report.findings = found.findings;
        for entry in found.deleted {
            builder.remove(&entry.path);
            report.removed.push(entry.path);
        }
        if !options.again {
            vouch(writer, &known_before, &files)?;
            let contents: BTreeSet<&ObjectId> = origins.values().collect();
            for content in contents {
                writer.vouch_content(content)?;
            }
        }
        let before = stage::Before {
            entries: &known_before,
            origins: Some(&origins),
        };
        let taken = stage::with_ingest(repo, before, &declarations, progress, |ingesting| {
            ingest(ingesting, &files, &mut cache, writer)
        })?;
        report.findings.extend(taken.findings);
        for entry in &taken.entries {
            builder.put(entry.clone());
        }
        report.stored = taken.entries.clone();
        if taken.entries.iter().any(|e| e.path == declare::file()) {
            // One that does not read would stop the commit, and every `add` after this one.
            let entries: Vec<FileEntry> = builder.entries().values().cloned().collect();
            Declarations::read(writer, &entries)?;
        }
        let mut wrote = None;
        if options.declare {
            (report.inference, wrote) = declare::found(
                repo,
                writer,
                &mut builder,
                &taken.entries,
                &mut cache,
                progress,
            )?;
        }
        let changed = stage::set(repo, draft, builder, writer)?;
        let paths = options.within.iter().map(RepoPath::to_string).collect();
        let heals = options.again && !writer.is_empty();
        let note = Note::new("add", paths).hidden().wrote(wrote);
        Ok((report, (changed || heals).then_some(note)))
    })?;
    stage::remember(repo, &mut cache);
    Ok(report)
}

/// Each path that was given must name a working file or a staged entry.
fn check_paths(options: &AddOptions, staged: &[FileEntry], found: &Scan) -> Result<(), Error> {
    let working = found.unchanged.iter().map(|file| &file.path);
    let known = staged
        .iter()
        .map(|entry| &entry.path)
        .chain(working)
        .chain(found.untracked.iter().map(|new| &new.file.path))
        .chain(found.findings.iter().map(|finding| &finding.path));
    stage::check_paths(&options.within, known)
}

fn to_read(options: &AddOptions, found: &Scan, declarations: &Declarations) -> Vec<WorkFile> {
    let changed = found.modified.iter().map(|modified| &modified.after.file);
    let mut files: Vec<WorkFile> = changed.cloned().collect();
    if options.again {
        files.extend(found.unchanged.iter().cloned());
    }
    if options.only_known {
        // A file that moved to another class directory is no file to lose.
        files.extend(working::joining(found, declarations).cloned());
    } else {
        files.extend(found.untracked.iter().map(|new| new.file.clone()));
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
}

/// Returns the contents that files without a version before are likely to come from: of files
/// that are gone, whether that is staged or not.
fn origins(
    repo: &Repo,
    options: &AddOptions,
    staged: &[FileEntry],
    found: &Scan,
    files: &[WorkFile],
) -> Result<FxHashMap<RepoPath, ObjectId>, Error> {
    let head = repo.head_snapshot()?;
    if staged.is_empty() && head.is_none() {
        return Ok(FxHashMap::default());
    }
    let is_new = |file: &&WorkFile| files::find(staged, &file.path).is_none();
    let new: Vec<WorkFile> = files.iter().filter(is_new).cloned().collect();
    if new.is_empty() {
        return Ok(FxHashMap::default());
    }
    let mut gone = found.deleted.clone();
    if !options.within.is_empty() {
        let outside = |entry: &&FileEntry| !stage::is_within(&entry.path, &options.within);
        gone.extend(missing(&repo.root, staged.iter().filter(outside), &new));
    }
    if let (Some(head), Some(stage)) = (head, repo.state()?.stage) {
        let changes = Snapshot::changes(&repo.store, &head, &stage)?;
        let removed = changes.into_iter().filter(|change| change.after.is_none());
        gone.extend(removed.filter_map(|change| change.before));
    }
    Ok(worktree::origins(&repo.root, &repo.store, &gone, &new))
}

/// Reads files into the store, cut as their versions before were.
pub(super) fn take(
    repo: &Repo,
    writer: &mut PackWriter<'_>,
    declarations: &Declarations,
    before: &[FileEntry],
    files: &[WorkFile],
    cache: &mut StatCache,
    progress: &dyn Progress,
) -> Result<worktree::Ingested, Error> {
    vouch(writer, before, files)?;
    Ok(stage::with_ingest(
        repo,
        stage::Before::of(before),
        declarations,
        progress,
        |options| ingest(options, files, cache, writer),
    )?)
}

/// Chunks of the version before are known by their full ids, which spares comparing bytes.
fn vouch(
    writer: &mut PackWriter<'_>,
    before: &[FileEntry],
    files: &[WorkFile],
) -> Result<(), Error> {
    for file in files {
        if let Some(entry) = files::find(before, &file.path) {
            writer.vouch_content(&entry.content)?;
        }
    }
    Ok(())
}
