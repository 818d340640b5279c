//! `log -S VALUE`: commits after which another number of records has the value in some field.
//!
//! For labels of kept records the sealed counts of transitions answer; for everything else the
//! records in which the versions differ are read, before and after.

use std::collections::BTreeMap;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::dataset::Table;
use crate::dataset::r#where::equals_text;
use crate::diff::{self, Side};
use crate::object::changes::{ChangeSet, DatasetChanges};
use crate::object::{self, Commit};
use crate::record::{Batch, Type};
use crate::repo::Repo;

use super::super::assess::Version;
use super::super::error::Error;
use super::super::lookup::KeyFields;

/// Returns whether the commit changed how many records have the value, field by field.
pub(super) fn changes_count(
    repo: &Repo,
    commit: &Commit,
    changes: &ChangeSet,
    asked: &dyn Fn(&str) -> bool,
    value: &str,
) -> Result<bool, Error> {
    let mut open = Vec::new();
    for dataset in changes.datasets.iter().filter(|d| asked(&d.name)) {
        let Some(fields) = KeyFields::of(repo, commit, &dataset.name)? else {
            continue;
        };
        if by_transitions(dataset, &fields, value) {
            return Ok(true);
        }
        open.push((dataset.name.as_str(), fields));
    }
    if open.is_empty() {
        return Ok(false);
    }
    let before = match commit.parents.first() {
        Some(parent) => {
            let parent: Commit = object::get(&repo.store, parent)?;
            Some(Version::of_snapshot(&repo.store, parent.snapshot)?)
        }
        None => None,
    };
    let after = Version::of_snapshot(&repo.store, commit.snapshot)?;
    for (name, fields) in open {
        let table = |version: &Version| -> Result<Option<Table>, Error> {
            let Some(declaration) = version.declarations.get(name) else {
                return Ok(None);
            };
            Ok(Some(Table::open(
                &repo.store,
                &version.entries,
                declaration,
            )?))
        };
        let nothing = |of: &Table| Table {
            parts: Vec::new(),
            ..of.clone()
        };
        let old = before.as_ref().map(table).transpose()?.flatten();
        let (old, new) = match (old, table(&after)?) {
            (Some(old), Some(new)) => (old, new),
            (Some(old), None) => {
                let new = nothing(&old);
                (old, new)
            }
            (None, Some(new)) => (nothing(&new), new),
            (None, None) => continue,
        };
        if by_records(repo, &old, &new, &fields, value)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Returns whether relabelling alone changed a count; without added and removed records the
/// transitions say by how much.
fn by_transitions(dataset: &DatasetChanges, fields: &KeyFields, value: &str) -> bool {
    if dataset.records.added + dataset.records.removed > 0 {
        return false;
    }
    let mut net: BTreeMap<&str, i64> = BTreeMap::new();
    for t in &dataset.labels.transitions {
        let is = |text: &Option<crate::base::Text>| {
            let text = text.as_ref().and_then(|text| text.as_str());
            i64::from(text.is_some_and(|text| equals_text(fields.kind(&t.field), text, value)))
        };
        let count = i64::try_from(t.count).unwrap_or(i64::MAX);
        let change = (is(&t.to) - is(&t.from)) * count;
        *net.entry(&t.field).or_default() += change;
    }
    net.values().any(|change| *change != 0)
}

fn by_records(
    repo: &Repo,
    old: &Table,
    new: &Table,
    fields: &KeyFields,
    value: &str,
) -> Result<bool, Error> {
    type Counts = FxHashMap<Arc<str>, i64>;
    let visit = |counts: &mut Counts, side: Side, batch: &Batch| {
        let sign = match side {
            Side::Before => -1,
            Side::After => 1,
        };
        for (at, name) in batch.fields().iter().enumerate() {
            let kind = fields.kind(name);
            let equal = |text: &str| match kind {
                Type::String => is_text(text, value),
                kind => equals_text(kind, text, value),
            };
            let cells = batch.records().filter_map(|record| record.cell(at));
            let found = cells.filter(|cell| equal(cell.text)).count();
            if found > 0 {
                *counts.entry(name.clone()).or_default() += sign * found as i64;
            }
        }
    };
    let most = u64::MAX;
    let seen = diff::changed_records(&repo.store, old, new, most, &Counts::default, &visit)?;
    let mut all = Counts::default();
    for (name, count) in seen.into_iter().flat_map(|(counts, _)| counts).flatten() {
        *all.entry(name).or_default() += count;
    }
    Ok(all.values().any(|count| *count != 0))
}

/// Most texts are other texts of ASCII: that needs no normal form.
fn is_text(text: &str, value: &str) -> bool {
    text == value
        || (!(text.is_ascii() && value.is_ascii()) && equals_text(Type::String, text, value))
}
