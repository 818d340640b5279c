//! `log --where`: commits with a change that passes a condition.
//!
//! What change sets keep answers where it can: rows know the change, not the fields of its record.
//! Only where they leave it open, the commit is compared with its first parent again.

use crate::base::ObjectId;
use crate::dataset::Where;
use crate::dataset::r#where::{Given, Possible};
use crate::diff::{self, EVENT_NAMES, Event, EventSink, Options};
use crate::object::changes::{ChangeSet, DatasetChanges, Row, RowChange, RowKey};
use crate::object::{self, Commit, Scorecard};
use crate::record::Type;
use crate::repo::Repo;

use super::super::condition;
use super::super::error::Error;
use super::super::lookup::KeyFields;
use super::super::rows;

/// Fails where a name is a field of no data set in any of the commits.
pub(super) fn check(
    repo: &Repo,
    condition: &Where,
    commits: &[(ObjectId, Commit)],
) -> Result<(), Error> {
    let mut fields = commits
        .iter()
        .map(|(_, commit)| -> Result<Vec<String>, Error> {
            let card: Scorecard = object::get(&repo.store, &commit.scorecard)?;
            let mut out = Vec::new();
            for score in &card.datasets {
                out.extend(condition::sealed_fields(&repo.store, score)?);
            }
            Ok(out)
        });
    condition::check_among(condition, &EVENT_NAMES, &mut fields)
}

/// Returns whether a commit has such a change against its first parent.
pub(super) fn passes(
    repo: &Repo,
    commit: &Commit,
    changes: &ChangeSet,
    asked: &dyn Fn(&str) -> bool,
    condition: &Where,
) -> Result<bool, Error> {
    let mut open: Vec<&str> = Vec::new();
    for dataset in &changes.datasets {
        if asked(&dataset.name) && could_pass(dataset, condition) {
            open.push(&dataset.name);
        }
    }
    let mut kinds = Vec::new();
    for dataset in changes.datasets.iter().filter(|d| d.rows && asked(&d.name)) {
        if let Some(fields) = KeyFields::of(repo, commit, &dataset.name)? {
            kinds.push((dataset.name.as_str(), fields));
        }
    }
    let mut found = false;
    rows::kept(repo, changes, &mut |row| {
        let of_row = kinds.iter().find(|(name, _)| *name == row.dataset);
        if let Some((name, fields)) = of_row {
            let possible = of_change(condition, &row, fields);
            found = possible.is_true();
            if possible.may_be_true() && !open.contains(name) {
                open.push(name);
            }
        }
        !found
    })?;
    if found || open.is_empty() {
        return Ok(found);
    }
    let mut counted = Counted(false);
    let options = Options {
        filter: Some(condition),
        ..Options::STAT
    };
    rows::compared(
        repo,
        commit,
        &|name| open.contains(&name),
        options,
        &mut counted,
    )?;
    Ok(counted.0)
}

/// Returns whether changes that the rows of a data set do not tell could pass: cells, and all
/// where the body keeps no rows.
fn could_pass(dataset: &DatasetChanges, condition: &Where) -> bool {
    let records = &dataset.records;
    let may = |change: &str, count: u64| {
        let given = |at: usize| {
            let name = &condition.names()[at];
            match name.text.as_str() {
                "change" if !name.quoted => Given::Value(Type::String, change.to_owned().into()),
                "cause" if !name.quoted && change != "label" => Given::Null,
                _ => Given::Unknown,
            }
        };
        count > 0 && condition.possible(&given).may_be_true()
    };
    may("cell", records.modified)
        || (!dataset.rows
            && (may("label", dataset.labels.transitions.len() as u64)
                || may("added", records.added)
                || may("removed", records.removed)))
}

/// Returns what the row of a change set says of a condition.
fn of_change(condition: &Where, row: &Row, fields: &KeyFields) -> Possible {
    let label = match &row.change {
        RowChange::Label(label) => Some(label),
        RowChange::Added | RowChange::Removed => None,
    };
    let kind = label.map_or(Type::String, |label| fields.kind(&label.field));
    let given = |at: usize| {
        let name = &condition.names()[at];
        match name.text.as_str() {
            _ if name.quoted => Given::Unknown,
            "from" => value(kind, label.and_then(|label| label.from.as_deref())),
            "to" => value(kind, label.and_then(|label| label.to.as_deref())),
            "change" => Given::text(Some(match &row.change {
                RowChange::Label(_) => "label",
                RowChange::Added => "added",
                RowChange::Removed => "removed",
            })),
            "cause" => Given::text(label.map(|label| label.cause.name())),
            "field" => Given::text(label.map(|label| label.field.as_str())),
            // Where there is no such role, it is a field of the record.
            "annotator" => match label.and_then(|label| label.annotator.as_deref()) {
                Some(annotator) => Given::text(Some(annotator)),
                None => Given::Unknown,
            },
            "key" => match &row.key {
                RowKey::Key(parts) => diff::key_parts_given(parts, fields.key_kind()),
                RowKey::Content(_, ordinal) => {
                    Given::Value(Type::String, format!("#{ordinal}").into())
                }
            },
            _ => Given::Unknown,
        }
    };
    condition.possible(&given)
}

fn value(kind: Type, text: Option<&str>) -> Given<'_> {
    text.map_or(Given::Null, |text| Given::Value(kind, text.into()))
}

/// Hears whether anything was counted.
struct Counted(bool);

impl EventSink for Counted {
    fn event(&mut self, event: Event) -> Result<(), diff::Error> {
        if let Event::Summary(summary) = event {
            self.0 |= summary.counts_anything();
        }
        Ok(())
    }
}

const _: () = assert!(EVENT_NAMES.len() == 7, "a new name must be known here too");
