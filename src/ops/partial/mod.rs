//! Some of the changes between two versions, applied to the files of one of them: what `restore
//! --where` takes back and `add --where` stages.
//!
//! Invariant: besides the chosen values and records every byte of a file stays as it is, and the
//! new file reads by the same layout; where that cannot be had, nothing is written at all. The
//! older version's files are changed towards the newer one, or the newer one's towards the older.

mod chosen;
mod records;
mod verbs;

use std::collections::BTreeSet;

use crate::base::RepoPath;
use crate::base::progress::Progress;
use crate::dataset::{Table, Where};
use crate::diff::{Options, Side};
use crate::object::{FileEntry, ObjectSource};
use crate::record::Format;
use crate::repo::Repo;

use super::assess::{self, Version};
use super::condition;
use super::diff::narrow;
use super::error::Error;
use super::follow::Measuring;
use super::rewritten::{self, Made};
use chosen::{Chooser, Chosen};
pub(super) use records::fetch;
pub use verbs::{PartialReport, add_where, restore_where};

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
    rewritten::make(
        repo,
        source,
        (base, other),
        (base_entries, other_entries),
        drafts,
        made,
    )
}
