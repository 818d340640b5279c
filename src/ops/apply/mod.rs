//! `apply`: labels of a work list, written into the working files.
//!
//! Invariant: a label is written only where the file still says what the list was made from, as
//! far as the list tells that; what is not written is listed. Besides those labels no byte of a
//! file changes.

mod images;
mod label;
mod list;
mod plan;
mod report;
mod search;
mod targets;

use std::collections::BTreeMap;

use crate::base::RepoPath;
use crate::base::progress::Progress;
use crate::dataset::{Declarations, Table};
use crate::object::{FileEntry, SnapshotChange};
use crate::repo::Repo;
use crate::store::PackWriter;
use crate::worktree::{Found, StatCache, WorkFile, look};

use super::add;
use super::error::Error;
use super::files::{self, Writing};
use super::rewritten::{self, Made};
use super::transaction;
use super::working::{self, Looked};
use list::{Columns, Entry};
pub use report::{Refused, Report, Why};

/// A work list and what to do with it.
#[derive(Clone, Debug, Default)]
pub struct ApplyOptions {
    /// What the list is called.
    pub name: String,
    /// Its bytes.
    pub list: Vec<u8>,
    /// Only this data set.
    pub dataset: Option<String>,
    /// The columns with the key, of a list with columns of people's own.
    pub key: Vec<String>,
    /// The label field, and the column with its new values.
    pub set: Option<String>,
    /// Why labels change.
    pub reason: Option<String>,
    /// Whether to write nothing and only tell.
    pub dry_run: bool,
}

/// Writes the labels of a list into the working files. What is overwritten is stored first.
pub fn apply(
    repo: &mut Repo,
    options: &ApplyOptions,
    progress: &dyn Progress,
    waiting: &mut dyn FnMut(&str),
) -> Result<Report, Error> {
    if options.dry_run {
        return Ok(plan(repo, options, false, progress)?.report);
    }
    let locked = transaction::lock(repo, "apply", waiting)?;
    let Planned {
        report,
        made,
        mut moves,
        staged,
        mut cache,
        declarations,
    } = plan(repo, options, true, progress)?;
    let mut changes: Vec<SnapshotChange> = made
        .iter()
        .map(|one| SnapshotChange {
            before: files::find(&staged, &one.path).cloned(),
            after: one.entry.clone(),
        })
        .collect();
    moves.sort_by(|a, b| a.to.cmp(&b.to));
    for one in &moves {
        changes.push(SnapshotChange {
            before: Some(one.from.clone()),
            after: None,
        });
        changes.push(SnapshotChange {
            before: None,
            after: Some(FileEntry {
                path: one.to.clone(),
                ..one.from.clone()
            }),
        });
    }
    changes.sort_by(|a, b| a.path().cmp(&b.path()));
    if changes.is_empty() {
        return Ok(report);
    }
    let writing = Writing {
        verb: "apply",
        revisions: vec![options.name.clone()],
        changes,
        force: true,
    };
    // Files that move are stored as well: those that are in no version yet have no other copy.
    let mut known = StatCache::none();
    let moving = working_files(repo, moves.iter().map(|one| &one.from.path))?;
    files::write(
        repo,
        &locked,
        writing,
        &mut cache,
        progress,
        |repo, writer, _| {
            rewritten::store(repo, &made, &staged, &declarations, writer)?;
            store_moving(repo, writer, (&moving, &staged), &mut known, progress)
        },
    )?;
    Ok(report)
}

fn working_files<'a>(
    repo: &Repo,
    paths: impl Iterator<Item = &'a RepoPath>,
) -> Result<Vec<WorkFile>, Error> {
    let mut files = Vec::new();
    for path in paths {
        match look(&path.to_path(&repo.root))? {
            Found::File(stat) => files.push(WorkFile {
                path: path.clone(),
                stat,
            }),
            _ => {
                return Err(Error::NoSuchPath {
                    path: path.to_string(),
                });
            }
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

fn store_moving(
    repo: &Repo,
    writer: &mut PackWriter<'_>,
    (moving, staged): (&[WorkFile], &[FileEntry]),
    cache: &mut StatCache,
    progress: &dyn Progress,
) -> Result<(), Error> {
    if moving.is_empty() {
        return Ok(());
    }
    let declarations = Declarations::default();
    let taken = add::take(repo, writer, &declarations, staged, moving, cache, progress)?;
    let lost = taken.findings.into_iter();
    let lost: Vec<(RepoPath, String)> = lost
        .filter(|finding| !finding.problem.is_note())
        .map(|finding| (finding.path, finding.problem.to_string()))
        .collect();
    match lost.is_empty() {
        true => Ok(()),
        false => Err(Error::NotWritten { paths: lost }),
    }
}

/// What a list comes to.
struct Planned {
    report: Report,
    made: Vec<Made>,
    moves: Vec<images::Move>,
    staged: Vec<FileEntry>,
    cache: StatCache,
    declarations: Declarations,
}

/// Reads the list, decides each entry and, where that is asked for, makes the new files.
fn plan(
    repo: &Repo,
    options: &ApplyOptions,
    make: bool,
    progress: &dyn Progress,
) -> Result<Planned, Error> {
    let Looked {
        staged,
        mut cache,
        found,
    } = working::look(repo, &[], progress)?;
    let working = working::open(repo, &staged, &found, &mut cache, progress)?;
    let version = &working.version;
    let declarations = &version.declarations;
    let is_own = std::cell::Cell::new(false);
    let entries = list::read(&options.name, &options.list, &|| {
        is_own.set(true);
        columns(options, declarations)
    })?;
    if !is_own.get() && !entries.is_empty() && (!options.key.is_empty() || options.set.is_some()) {
        return Err(Error::Usage(
            "the list names its keys and labels itself: --key and --set are for other lists"
                .to_owned(),
        ));
    }
    let mut report = Report::default();
    let (mut made, mut moves) = (Vec::new(), Vec::new());
    for (name, wanted) in by_dataset(entries, options, declarations, &mut report)? {
        let Some(declaration) = declarations.get(&name) else {
            return Err(no_such(name, declarations));
        };
        let source = &working.source;
        let planned = plan::dataset(
            source,
            &version.entries,
            declaration,
            wanted,
            options.reason.as_deref(),
            &mut report,
        )?;
        report.files.extend(planned.drafts.keys().cloned());
        report
            .files
            .extend(planned.moves.iter().map(|one| one.to.clone()));
        moves.extend(planned.moves);
        if make {
            let nothing = Table {
                parts: Vec::new(),
                ..planned.table.clone()
            };
            let tables = (&planned.table, &nothing);
            let entries = (version.entries.as_slice(), &[][..]);
            rewritten::make(repo, source, tables, entries, planned.drafts, &mut made)?;
        }
    }
    report.refused.sort_by_key(|refused| refused.at);
    report.files.sort();
    made.sort_by(|a, b| a.path.cmp(&b.path));
    let declarations = declarations.clone();
    drop(working);
    Ok(Planned {
        report,
        made,
        moves,
        staged,
        cache,
        declarations,
    })
}

/// Sorts the entries by data set.
fn by_dataset(
    entries: Vec<Entry>,
    options: &ApplyOptions,
    declarations: &Declarations,
    report: &mut Report,
) -> Result<BTreeMap<String, Vec<(usize, Entry)>>, Error> {
    let mut by: BTreeMap<String, Vec<(usize, Entry)>> = BTreeMap::new();
    for (at, entry) in entries.into_iter().enumerate() {
        let named = entry.dataset.as_ref();
        let other = named.is_some_and(|name| options.dataset.as_ref().is_some_and(|d| d != name));
        if other {
            report.left_out += 1;
            continue;
        }
        let name = match named {
            Some(name) => name.clone(),
            None => one_dataset(options, declarations)?,
        };
        by.entry(name).or_default().push((at, entry));
    }
    Ok(by)
}

fn no_such(name: String, declarations: &Declarations) -> Error {
    let known = declarations.names().map(str::to_owned).collect();
    Error::NoSuchDataset { name, known }
}

/// Returns the data set that is meant where the list names none.
fn one_dataset(options: &ApplyOptions, declarations: &Declarations) -> Result<String, Error> {
    let mut names = declarations.names();
    match (&options.dataset, names.next(), names.next()) {
        (Some(name), _, _) => Ok(name.clone()),
        (None, Some(name), None) => Ok(name.to_owned()),
        (None, None, _) => Err(no_such(String::new(), declarations)),
        (None, Some(_), Some(_)) => Err(Error::Usage(
            "the list names no data set, and there are several: add --dataset NAME".to_owned(),
        )),
    }
}

/// Returns the columns of a list that dver did not make.
fn columns(options: &ApplyOptions, declarations: &Declarations) -> Result<Columns, Error> {
    let dataset = one_dataset(options, declarations)?;
    let Some(declaration) = declarations.get(&dataset) else {
        return Err(no_such(dataset, declarations));
    };
    let roles = &declaration.roles;
    let key = match options.key.is_empty() {
        true => roles.key().to_vec(),
        false => options.key.clone(),
    };
    if key.is_empty() || key.len() != roles.key().len() {
        let count = roles.key().len();
        return Err(Error::Usage(format!(
            "the key of `{dataset}` has {count} fields: name as many columns of the list with --key"
        )));
    }
    let label = match (&options.set, roles.labels()) {
        (Some(set), _) => set.clone(),
        (None, [label]) => label.clone(),
        (None, labels) => {
            return Err(Error::Usage(format!(
                "`{dataset}` has {} label fields: name the one to set with --set",
                labels.len()
            )));
        }
    };
    Ok(Columns {
        dataset,
        key,
        label,
    })
}
