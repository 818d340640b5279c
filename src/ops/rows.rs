//! The rows of a commit's change set: those that its body keeps, and those that only the two
//! versions tell, with the same answer and in the same order.

use std::collections::BTreeMap;

use crate::base::progress::Quiet;
use crate::diff::{self, Event, EventSink, Options};
use crate::object::changes::{ChangeSet, DatasetChanges, Row};
use crate::object::tree::{Entry as _, Walker};
use crate::object::{self, Commit};
use crate::repo::Repo;

use super::assess::{self, Version};
use super::error::Error;
use super::follow::Measuring;

/// Calls `each` with every row that the body of a change set keeps, in order, until it says no.
pub(super) fn kept(
    repo: &Repo,
    changes: &ChangeSet,
    each: &mut dyn FnMut(Row) -> bool,
) -> Result<(), Error> {
    let Some(body) = changes.body else {
        return Ok(());
    };
    for row in Walker::<Row>::open(&repo.store, &body)? {
        if !each(row?) {
            break;
        }
    }
    Ok(())
}

/// Compares a commit with its first parent again and calls `each` with the rows of the data sets
/// that are `wanted`, in the order of events.
pub(super) fn computed(
    repo: &Repo,
    commit: &Commit,
    wanted: &dyn Fn(&str) -> bool,
    each: &mut dyn FnMut(Row),
) -> Result<(), Error> {
    compared(repo, commit, wanted, Options::DEFAULT, &mut Rows(each))
}

/// Compares a commit with its first parent again, in the data sets that are `wanted`.
pub(super) fn compared(
    repo: &Repo,
    commit: &Commit,
    wanted: &dyn Fn(&str) -> bool,
    options: Options<'_>,
    sink: &mut dyn EventSink,
) -> Result<(), Error> {
    let mut before = match commit.parents.first() {
        Some(parent) => Some(Version::of_commit(
            &repo.store,
            &object::get(&repo.store, parent)?,
        )?),
        None => None,
    };
    let mut after = Version::of_commit(&repo.store, commit)?;
    for version in before.iter_mut().chain([&mut after]) {
        let datasets = &mut version.declarations.datasets;
        datasets.retain(|dataset| wanted(&dataset.name));
    }
    let measuring = Measuring::of(repo);
    let assessed = assess::measure(&repo.store, before.as_ref(), &after, &measuring, &Quiet)?;
    assess::compare(
        &repo.store,
        before.as_ref(),
        &after,
        &assessed,
        options,
        sink,
        &Quiet,
    )?;
    Ok(())
}

struct Rows<'a>(&'a mut dyn FnMut(Row));

impl EventSink for Rows<'_> {
    fn event(&mut self, event: Event) -> Result<(), diff::Error> {
        if let Some(row) = diff::row(event) {
            (self.0)(row);
        }
        Ok(())
    }
}

/// Returns the first `most` rows of a commit against its first parent. Where the body keeps none
/// of a data set that both versions have, they are computed again; those of a data set that is new
/// are not told one by one.
pub(super) fn first(
    repo: &Repo,
    commit: &Commit,
    changes: &ChangeSet,
    most: usize,
) -> Result<Vec<Row>, Error> {
    let lacking = |name: &str| changes.datasets.iter().any(|d| d.name == name && lacks(d));
    let mut rows: BTreeMap<(Vec<u8>, usize), Row> = BTreeMap::new();
    let mut count = 0;
    let mut take = |row: Row| {
        rows.insert((row.key().to_vec(), count), row);
        count += 1;
        if rows.len() > most {
            rows.pop_last();
        }
    };
    let mut left = most;
    kept(repo, changes, &mut |row| {
        let more = left > 0;
        left = left.saturating_sub(1);
        if more {
            take(row);
        }
        more
    })?;
    if changes.datasets.iter().any(lacks) {
        computed(repo, commit, &lacking, &mut take)?;
    }
    Ok(rows.into_values().collect())
}

/// Returns whether the body keeps no rows of a data set that both versions have.
fn lacks(dataset: &DatasetChanges) -> bool {
    !dataset.rows && dataset.records.before > 0
}
