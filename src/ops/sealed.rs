//! What sealed change sets tell of two versions, so that the data need not be opened.
//!
//! Invariant: what is told here is what comparing the data tells; of what is not, nothing is told.

use std::cell::OnceCell;
use std::collections::BTreeMap;

use crate::base::ObjectId;
use crate::dataset::Declaration;
use crate::diff::{self, Ends, Options, Step, Told};
use crate::object::changes::{ChangeSet, Row};
use crate::object::{self, Commit, Snapshot};
use crate::profile::Facts;
use crate::record::Format;
use crate::repo::Repo;

use super::assess::Version;
use super::declare;
use super::error::Error;
use super::rows;

/// Longer ranges are not composed: reading their change sets would cost more than the data.
const MOST_COMMITS: usize = 256;
/// Nor are ranges with more rows than this.
pub(super) const MOST_ROWS: u64 = 1_000_000;

/// A change set of a range.
pub(super) struct Link {
    /// Its head.
    pub changes: ChangeSet,
    rows: OnceCell<Vec<Row>>,
}

impl Link {
    /// Returns the rows that its body keeps, read at most once.
    pub(super) fn rows(&self, repo: &Repo) -> Result<&[Row], Error> {
        if let Some(rows) = self.rows.get() {
            return Ok(rows);
        }
        let mut all = Vec::new();
        rows::kept(repo, &self.changes, &mut |row| {
            all.push(row);
            true
        })?;
        Ok(self.rows.get_or_init(|| all))
    }
}

/// Returns for each data set that changed between two commits what the change sets between them,
/// as [`line`] gives them, tell of it.
pub(super) fn between(
    repo: &Repo,
    line: &[Link],
    (before, after): (&Version, &Version),
    options: Options<'_>,
) -> Result<BTreeMap<String, Told>, Error> {
    let mut told = BTreeMap::new();
    if line.is_empty() {
        return Ok(told);
    }
    let neighbours = line.len() == 1;
    if !neighbours && !same_declarations(repo, line)? {
        return Ok(told);
    }
    for declaration in &after.declarations.datasets {
        let name = &declaration.name;
        let Some(older) = before.declarations.get(name) else {
            continue;
        };
        if !neighbours && (declaration != older || declaration.format == Format::Images) {
            continue; // images are ordered by path, and change it with their label
        }
        let wants_rows = diff::wants_rows(options, &declaration.roles);
        let Some(steps) = steps(repo, line, name, wants_rows || !neighbours)? else {
            continue;
        };
        let step = match neighbours {
            true => steps.into_iter().next(),
            false => diff::compose(steps),
        };
        let Some(step) = step else {
            continue;
        };
        if let Some(events) = events(repo, before, (after, declaration), step, options)? {
            told.insert(name.clone(), events);
        }
    }
    Ok(told)
}

fn events(
    repo: &Repo,
    before: &Version,
    (after, declaration): (&Version, &Declaration),
    step: Step,
    options: Options<'_>,
) -> Result<Option<Told>, Error> {
    let name = &declaration.name;
    let (Some(old), Some(new)) = (before.score(name), after.score(name)) else {
        return Ok(None);
    };
    let Some(first) = after.covered(declaration).first().map(|entry| &entry.path) else {
        return Ok(None);
    };
    let ends = Ends {
        before: &Facts::read(&repo.store, old)?,
        after: &Facts::read(&repo.store, new)?,
        roles: &declaration.roles,
        label_kind: &declaration.label_kind,
        format: declaration.format,
        first,
    };
    Ok(Told::new(step, ends, options))
}

/// Returns the change sets that lead from a commit to a later one, the oldest first; none where
/// it is no ancestor along first parents, or too far away.
pub(super) fn line(repo: &Repo, older: &ObjectId, newer: &ObjectId) -> Result<Vec<Link>, Error> {
    let mut line = Vec::new();
    let mut at = *newer;
    while line.len() < MOST_COMMITS {
        let commit: Commit = object::get(&repo.store, &at)?;
        // Of a merge any parent is a neighbour; a range follows the first.
        let parents = commit.parents.iter().zip(&commit.changes);
        let found = match line.is_empty() {
            true => parents.clone().find(|(parent, _)| *parent == older),
            false => None,
        };
        let Some((parent, changes)) = found.or_else(|| parents.clone().next()) else {
            break;
        };
        line.push(*changes);
        if parent == older {
            let link = |id: &ObjectId| {
                let (changes, rows) = (object::get(&repo.store, id)?, OnceCell::new());
                Ok(Link { changes, rows })
            };
            return line.iter().rev().map(link).collect();
        }
        at = *parent;
    }
    Ok(Vec::new())
}

/// Returns whether all versions have the same dver.toml.
fn same_declarations(repo: &Repo, line: &[Link]) -> Result<bool, Error> {
    let file = declare::file();
    let mut known = None;
    let sets = line.iter().map(|link| &link.changes);
    for snapshot in sets.flat_map(|set| [set.before, Some(set.after)]) {
        let Some(snapshot) = snapshot else {
            return Ok(false);
        };
        let entry = Snapshot::find(&repo.store, &snapshot, &file)?;
        let content = entry.map(|entry| entry.content);
        if content != *known.get_or_insert(content) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Returns what each change set says of a data set, where it changed; `None` where one does not
/// hold all.
fn steps(
    repo: &Repo,
    line: &[Link],
    name: &str,
    wants_rows: bool,
) -> Result<Option<Vec<Step>>, Error> {
    let of = |set: &ChangeSet| set.datasets.iter().find(|d| d.name == name).cloned();
    let mut rest = MOST_ROWS;
    let mut steps = Vec::new();
    for link in line {
        let Some(changes) = of(&link.changes) else {
            continue;
        };
        let count = diff::rows_of(&changes);
        if wants_rows && count > 0 && !changes.rows {
            return Ok(None);
        }
        let Some(left) = rest.checked_sub(count) else {
            return Ok(None);
        };
        rest = left;
        let mut rows = Vec::new();
        if wants_rows {
            let own = link.rows(repo)?.iter().filter(|row| row.dataset == name);
            rows.extend(own.cloned());
        }
        steps.push(Step { changes, rows });
    }
    Ok(Some(steps))
}
