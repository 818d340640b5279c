//! Some of the changes between two versions, applied to the files of one of them: what `restore
//! --where` takes back and `add --where` stages.
//!
//! Invariant: besides the chosen values and records every byte of a file stays as it is, and the
//! new file reads by the same layout; where that cannot be had, nothing is written at all. The
//! older version's files are changed towards the newer one, or the newer one's towards the older.

mod chosen;
mod file;
mod records;
mod verbs;

use std::collections::{BTreeMap, BTreeSet};

use crate::base::RepoPath;
use crate::base::fsio::NewFile;
use crate::base::progress::{Progress, Quiet};
use crate::dataset::{Declaration, Declarations, Table, Where};
use crate::diff::{Options, Side};
use crate::object::{FileEntry, ObjectSink, ObjectSource};
use crate::record::Format;
use crate::repo::Repo;
use crate::worktree::{Found, Ingest, Ingested, Overlay, StatCache, WorkFile, ingest, look};

use super::assess::{self, Version};
use super::condition;
use super::diff::narrow;
use super::error::Error;
use super::files;
use super::follow::Measuring;
use chosen::{Chooser, Chosen};
use file::Draft;
pub use verbs::{PartialReport, add_where, restore_where};

/// A file as it is after the chosen changes.
pub(super) struct Made {
    /// Where it stands.
    pub path: RepoPath,
    /// What it becomes; `None` where it goes.
    pub entry: Option<FileEntry>,
    /// How many changes were carried over into it.
    pub changes: u64,
    /// Its bytes, until they are stored; removed with it.
    held: Option<Held>,
}

/// New bytes of a file in the repository's directory for temporary files.
struct Held {
    name: RepoPath,
    _file: NewFile,
}

/// Which changes to carry over, and to which side.
pub(super) struct Wanted<'a> {
    /// The side whose files change.
    pub base: Side,
    /// Only files at or below these.
    pub within: &'a [RepoPath],
    /// Which changes.
    pub condition: &'a Where,
}

/// Makes the files of one version with the chosen changes towards the other one.
pub(super) fn make(
    repo: &Repo,
    source: &dyn ObjectSource,
    (mut before, mut after): (Version, Version),
    wanted: &Wanted<'_>,
    progress: &dyn Progress,
) -> Result<Vec<Made>, Error> {
    condition::check(source, wanted.condition, &[&before, &after])?;
    check_paths(wanted.within, &before, &after)?;
    narrow(Some(&mut before), &mut after, wanted.within);
    let measuring = Measuring::of(repo);
    let assessed = assess::measure(source, Some(&before), &after, &measuring, progress)?;
    let mut chooser = Chooser::new(wanted.base);
    let options = Options {
        cells: true,
        filter: Some(wanted.condition),
        ..Options::DEFAULT
    };
    assess::compare(
        source,
        Some(&before),
        &after,
        &assessed,
        options,
        &mut chooser,
        progress,
    )?;
    let mut made = Vec::new();
    for (name, chosen) in chooser.finish() {
        let open = |version: &Version| -> Result<Option<Table>, Error> {
            let Some(declaration) = version.declarations.get(&name) else {
                return Ok(None);
            };
            Ok(Some(Table::open(source, &version.entries, declaration)?))
        };
        let newer = assessed.get(&name).map(|assessed| assessed.table.clone());
        let (old, new) = (open(&before)?, newer);
        let empty = |of: &Table| Table {
            parts: Vec::new(),
            ..of.clone()
        };
        let (old, new) = match (old, new) {
            (Some(old), Some(new)) => (old, new),
            (Some(old), None) => {
                let new = empty(&old);
                (old, new)
            }
            (None, Some(new)) => (empty(&new), new),
            (None, None) => continue,
        };
        let (base, other, entries) = match wanted.base {
            Side::Before => (old, new, (&before.entries, &after.entries)),
            Side::After => (new, old, (&after.entries, &before.entries)),
        };
        dataset(repo, source, (&base, &other), entries, &chosen, &mut made)?;
    }
    made.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(made)
}

/// Each path must have records in one of the versions.
fn check_paths(within: &[RepoPath], before: &Version, after: &Version) -> Result<(), Error> {
    let mut open: BTreeSet<&RepoPath> = within.iter().collect();
    for version in [before, after] {
        for entry in &version.entries {
            let at = |path: &&RepoPath| entry.path.is_within(path.as_bytes());
            if open.iter().any(at) && version.declarations.covering(&entry.path).is_some() {
                open.retain(|path| !at(path));
            }
        }
    }
    match open.is_empty() {
        true => Ok(()),
        false => Err(Error::NoRecords {
            paths: open.into_iter().cloned().collect(),
        }),
    }
}

/// Makes the files of one data set.
fn dataset(
    repo: &Repo,
    source: &dyn ObjectSource,
    (base, other): (&Table, &Table),
    (base_entries, other_entries): (&Vec<FileEntry>, &Vec<FileEntry>),
    chosen: &Chosen,
    made: &mut Vec<Made>,
) -> Result<(), Error> {
    if base.declaration.format == Format::Images || other.declaration.format == Format::Images {
        let part = base.parts.iter().chain(&other.parts).next();
        let Some(part) = part else { return Ok(()) };
        return Err(Error::NotCarriedOver {
            path: part.path.clone(),
            key: chosen.first_key(),
            reason: "the records are images: name their files instead".to_owned(),
        });
    }
    let drafts = records::drafts(source, (base, other), chosen)?;
    for (path, draft) in drafts {
        let find = |entries: &[FileEntry]| files::find(entries, &path).cloned();
        let (old, like) = (find(base_entries), find(other_entries));
        let changes = draft.changes();
        if like.is_none() && draft.takes_all(base) {
            // A file that the other version does not have, and nothing of it is left.
            made.push(Made {
                path,
                entry: None,
                changes,
                held: None,
            });
            continue;
        }
        let name = RepoPath::new(format!("rewritten-{}", made.len()))
            .map_err(|_| Error::ReadsOtherwise { path: path.clone() })?;
        let tmp = repo.dir.join("tmp");
        let mut file = NewFile::create(&name.to_path(&tmp))?;
        draft.write(source, (base, other), &mut file)?;
        let entry = read_back(
            repo,
            source,
            (base, other),
            &path,
            &draft,
            &name,
            old.as_ref(),
        )?;
        let kind = old
            .as_ref()
            .or(like.as_ref())
            .map_or(entry.kind, |entry| entry.kind);
        made.push(Made {
            path,
            entry: Some(FileEntry { kind, ..entry }),
            changes,
            held: Some(Held { name, _file: file }),
        });
    }
    Ok(())
}

/// Reads the new bytes as the file that they will be, and checks that they read as they must.
fn read_back(
    repo: &Repo,
    source: &dyn ObjectSource,
    (base, other): (&Table, &Table),
    path: &RepoPath,
    draft: &Draft,
    name: &RepoPath,
    old: Option<&FileEntry>,
) -> Result<FileEntry, Error> {
    let tmp = repo.dir.join("tmp");
    let declaration = &base.declaration;
    let files = [work_file(&tmp, name)?];
    let overlay = with_held(
        (&tmp, source),
        &|_| old.map(|entry| entry.content),
        &|_| Some(declaration.clone()),
        |options| Overlay::open(source, &tmp, options, &files, &mut StatCache::none()),
    )?;
    let otherwise = || Error::ReadsOtherwise { path: path.clone() };
    let entry = overlay.entries().first().ok_or_else(otherwise)?.clone();
    let entry = FileEntry {
        path: path.clone(),
        ..entry
    };
    let table = Table::open(&overlay, std::slice::from_ref(&entry), declaration)?;
    let part = table.parts.first().ok_or_else(otherwise)?;
    if !draft.reads_so(part, base, other) {
        return Err(otherwise());
    }
    Ok(entry)
}

/// Stores the bytes of files that were made; their entries name them.
pub(super) fn store(
    repo: &Repo,
    made: &[Made],
    before: &[FileEntry],
    declarations: &Declarations,
    sink: &mut dyn ObjectSink,
) -> Result<(), Error> {
    let tmp = repo.dir.join("tmp");
    let mut names: BTreeMap<&RepoPath, &RepoPath> = BTreeMap::new();
    let mut files = Vec::new();
    for one in made {
        if let Some(held) = &one.held {
            names.insert(&held.name, &one.path);
            files.push(work_file(&tmp, &held.name)?);
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    let previous = |name: &RepoPath| {
        let path = names.get(name)?;
        Some(files::find(before, path)?.content)
    };
    let declared = |name: &RepoPath| declarations.covering(names.get(name)?).cloned();
    let Ingested { findings, .. } =
        with_held((&tmp, &repo.store), &previous, &declared, |options| {
            ingest(options, &files, &mut StatCache::none(), sink)
        })?;
    match findings
        .into_iter()
        .find(|finding| !finding.problem.is_note())
    {
        None => Ok(()),
        Some(finding) => Err(Error::NotWritten {
            paths: vec![(finding.path, finding.problem.to_string())],
        }),
    }
}

fn work_file(tmp: &std::path::Path, name: &RepoPath) -> Result<WorkFile, Error> {
    match look(&name.to_path(tmp))? {
        Found::File(stat) => Ok(WorkFile {
            path: name.clone(),
            stat,
        }),
        _ => Err(Error::NoSuchPath {
            path: name.to_string(),
        }),
    }
}

/// Calls `run` with what reading held bytes needs.
fn with_held<T>(
    (tmp, source): (&std::path::Path, &dyn ObjectSource),
    previous: &(dyn Fn(&RepoPath) -> Option<crate::base::ObjectId> + Sync),
    declared: &(dyn Fn(&RepoPath) -> Option<Declaration> + Sync),
    run: impl FnOnce(&Ingest<'_>) -> T,
) -> T {
    let declared = |name: &RepoPath| {
        let declaration = declared(name)?;
        Some((declaration.format, declaration.dialect))
    };
    run(&Ingest {
        root: tmp,
        source,
        previous,
        declared: &declared,
        progress: &Quiet,
    })
}

/// Returns the entries with the made files in the place of what stood there.
pub(super) fn stage_made(builder: &mut crate::object::SnapshotBuilder, made: &[Made]) {
    for one in made {
        match &one.entry {
            Some(entry) => builder.put(entry.clone()),
            None => drop(builder.remove(&one.path)),
        }
    }
}
