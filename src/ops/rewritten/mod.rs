//! Files made anew with records replaced, left out or put in: what `restore --where`, `add --where`
//! and `apply` write.
//!
//! Invariant: besides the named records every byte of a file stays as it is, and the new file
//! reads by the same layout; where that cannot be had, nothing is written at all.

mod draft;

use std::collections::BTreeMap;

use crate::base::RepoPath;
use crate::base::fsio::NewFile;
use crate::base::progress::Quiet;
use crate::dataset::{Declaration, Declarations, Table};
use crate::object::{FileEntry, ObjectSink, ObjectSource};
use crate::repo::Repo;
use crate::worktree::{Found, Ingest, Ingested, Overlay, StatCache, WorkFile, ingest, look};

use super::error::Error;
use super::files;
pub(super) use draft::{Draft, Step};

/// A file as it is after the changes.
pub(super) struct Made {
    /// Where it stands.
    pub path: RepoPath,
    /// What it becomes; `None` where it goes.
    pub entry: Option<FileEntry>,
    /// How many changes it has.
    pub changes: u64,
    /// Its bytes, until they are stored; removed with it.
    held: Option<Held>,
}

/// New bytes of a file in the repository's directory for temporary files.
struct Held {
    name: RepoPath,
    _file: NewFile,
}

/// Makes the files of one data set: those of `base` with what the drafts say, which may take
/// records of files of `other`. Adds them to `made`.
pub(super) fn make(
    repo: &Repo,
    source: &dyn ObjectSource,
    (base, other): (&Table, &Table),
    (base_entries, other_entries): (&[FileEntry], &[FileEntry]),
    drafts: BTreeMap<RepoPath, Draft>,
    made: &mut Vec<Made>,
) -> Result<(), Error> {
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
