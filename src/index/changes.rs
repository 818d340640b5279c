//! Rows of change sets: which label of which record became what, in which commit.
//!
//! Change sets of more rows than the index takes are listed in `change_sets` with `complete = 0`;
//! who asks about labels reads the bodies of those too.

use rusqlite::types::Value;
use rusqlite::{Row as SqlRow, params, params_from_iter};

use crate::base::ObjectId;
use crate::object::changes::{Cause, LabelChange, Row, RowChange, RowKey};

use super::commits::{id, parsed, signed};
use super::error::Error;
use super::open::Index;
use super::write::Transaction;

/// One row of a commit's change set.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ChangeRow {
    /// The commit.
    pub commit: ObjectId,
    /// Against which parent, counted from 1.
    pub parent: u32,
    /// What changed.
    pub row: Row,
}

/// A commit's change set as the index knows it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ChangeSetRow {
    /// The commit.
    pub commit: ObjectId,
    /// Against which parent, counted from 1.
    pub parent: u32,
    /// The head of the change set.
    pub id: ObjectId,
    /// The tree of its rows, where it has any.
    pub body: Option<ObjectId>,
    /// Whether all its rows stand in the index.
    pub complete: bool,
}

/// Which rows are asked for: all that is given must hold.
#[derive(Clone, Debug, Default)]
pub struct ChangeFilter {
    /// Of this commit.
    pub commit: Option<ObjectId>,
    /// Against this parent.
    pub parent: Option<u32>,
    /// Of this data set.
    pub dataset: Option<String>,
    /// Of this record.
    pub key: Option<RowKey>,
    /// Of this label field.
    pub field: Option<String>,
    /// From this label.
    pub from: Option<String>,
    /// To this label.
    pub to: Option<String>,
    /// By this annotator, as the data say after the change.
    pub annotator: Option<String>,
    /// Label changes only, without added and removed records.
    pub labels_only: bool,
}

impl ChangeFilter {
    /// Returns the condition and its parameters.
    fn condition(&self) -> (String, Vec<Value>) {
        let mut terms = vec!["1".to_owned()];
        let mut values = Vec::new();
        let mut equal = |column: &str, value: Option<Value>| {
            if let Some(value) = value {
                values.push(value);
                terms.push(format!("{column} = ?{}", values.len()));
            }
        };
        let text = |value: &Option<String>| value.clone().map(Value::Text);
        equal(
            "commit_rows.id",
            self.commit.map(|id| Value::Text(id.to_string())),
        );
        equal(
            "parent",
            self.parent.map(|parent| Value::Integer(parent.into())),
        );
        equal("dataset", text(&self.dataset));
        if let Some(key) = &self.key {
            let (key, record) = key_columns(key);
            equal("key", Some(Value::Text(key)));
            equal("record", record.map(Value::Text));
        }
        equal("field", text(&self.field));
        equal("from_value", text(&self.from));
        equal("to_value", text(&self.to));
        equal("annotator", text(&self.annotator));
        if self.labels_only {
            equal("change", Some(Value::Text("label".into())));
        }
        (terms.join(" AND "), values)
    }
}

/// Returns the columns `key` and `record`.
fn key_columns(key: &RowKey) -> (String, Option<String>) {
    match key {
        RowKey::Key(parts) => {
            let json = serde_json::to_string(parts).expect("a list of strings serialises");
            (json, None)
        }
        RowKey::Content(id, ordinal) => (format!("[\"#{ordinal}\"]"), Some(id.to_string())),
    }
}

fn key(row: &SqlRow<'_>, key: usize, record: usize) -> rusqlite::Result<RowKey> {
    let parts: Vec<Option<String>> = parsed(row, key, |text| serde_json::from_str(text).ok())?;
    let record: Option<String> = row.get(record)?;
    let Some(record) = record else {
        return Ok(RowKey::Key(parts));
    };
    let ordinal = parts
        .first()
        .and_then(|part| part.as_deref())
        .and_then(|part| part.strip_prefix('#'))
        .and_then(|part| part.parse().ok());
    match (record.parse(), ordinal) {
        (Ok(id), Some(ordinal)) => Ok(RowKey::Content(id, ordinal)),
        _ => Err(rusqlite::Error::InvalidColumnType(
            key,
            "key".into(),
            rusqlite::types::Type::Text,
        )),
    }
}

fn change_row(row: &SqlRow<'_>) -> rusqlite::Result<ChangeRow> {
    let change = match row.get_ref(5)?.as_str()? {
        "added" => RowChange::Added,
        "removed" => RowChange::Removed,
        _ => RowChange::Label(LabelChange {
            field: row.get(6)?,
            from: row.get(7)?,
            to: row.get(8)?,
            cause: parsed(row, 9, Cause::from_name)?,
            annotator_before: row.get(10)?,
            annotator: row.get(11)?,
            source: row.get(12)?,
            reason: row.get(13)?,
            guideline: row.get(14)?,
        }),
    };
    let dataset: String = row.get(2)?;
    let place: i64 = row.get(15)?;
    Ok(ChangeRow {
        commit: id(row, 0)?,
        parent: row.get(1)?,
        row: Row::new(
            &dataset,
            (key(row, 3, 4)?, place.unsigned_abs()),
            row.get(16)?,
            change,
        ),
    })
}

impl Index {
    /// Returns the rows that match, the oldest commit first, each commit's in its own order.
    pub fn changes(&self, filter: &ChangeFilter) -> Result<Vec<ChangeRow>, Error> {
        let (condition, values) = filter.condition();
        let find = || -> rusqlite::Result<Vec<_>> {
            self.connection
                .prepare_cached(&format!(
                    "SELECT commit_rows.id, parent, dataset, key, record, change, field,
                     from_value, to_value, cause, annotator_before, annotator, c.source, c.reason,
                     guideline, place, split FROM label_change_rows AS c
                     JOIN commit_rows ON commit_rows.number = commit_number WHERE {condition}
                     ORDER BY generation, commit_rows.id, parent, c.number"
                ))?
                .query_map(params_from_iter(values), change_row)?
                .collect()
        };
        find().map_err(self.error())
    }

    /// Returns the commits that have a row that matches, by id.
    pub fn commits_changing(&self, filter: &ChangeFilter) -> Result<Vec<ObjectId>, Error> {
        let (condition, values) = filter.condition();
        let find = || -> rusqlite::Result<Vec<_>> {
            self.connection
                .prepare_cached(&format!(
                    "SELECT DISTINCT commit_rows.id FROM label_change_rows
                     JOIN commit_rows ON commit_rows.number = commit_number WHERE {condition}
                     ORDER BY commit_rows.id"
                ))?
                .query_map(params_from_iter(values), |row| id(row, 0))?
                .collect()
        };
        find().map_err(self.error())
    }

    /// Returns the change sets of a commit, or of all commits.
    pub fn change_sets(&self, commit: Option<&ObjectId>) -> Result<Vec<ChangeSetRow>, Error> {
        let find = || -> rusqlite::Result<Vec<_>> {
            self.connection
                .prepare_cached(
                    "SELECT commit_id, parent, id, body, complete FROM change_sets
                     WHERE ?1 IS NULL OR commit_id = ?1 ORDER BY commit_id, parent",
                )?
                .query_map([commit.map(ObjectId::to_string)], |row| {
                    let body = row.get_ref(3)?.as_str_or_null()?;
                    Ok(ChangeSetRow {
                        commit: id(row, 0)?,
                        parent: row.get(1)?,
                        id: id(row, 2)?,
                        body: body.and_then(|text| text.parse().ok()),
                        complete: row.get(4)?,
                    })
                })?
                .collect()
        };
        find().map_err(self.error())
    }
}

impl Transaction<'_> {
    /// Puts a commit's change set against one parent.
    pub fn put_change_set(&self, row: &ChangeSetRow) -> Result<(), Error> {
        self.execute(
            "INSERT OR REPLACE INTO change_sets VALUES (?1,?2,?3,?4,?5)",
            params![
                row.commit.to_string(),
                row.parent,
                row.id.to_string(),
                row.body.map(|id| id.to_string()),
                row.complete,
            ],
        )
    }

    /// Puts the rows of a commit's change set against one parent (counted from 1), replacing
    /// those that are there; the commit itself must have been put. Returns how many.
    pub fn put_changes<E: From<Error>>(
        &self,
        commit: &ObjectId,
        parent: u32,
        rows: impl IntoIterator<Item = Result<Row, E>>,
    ) -> Result<u64, E> {
        let commit_number: i64 = self
            .inner
            .prepare_cached("SELECT number FROM commit_rows WHERE id = ?1")
            .and_then(|mut statement| statement.query_row([commit.to_string()], |row| row.get(0)))
            .map_err(self.error())?;
        self.execute(
            "DELETE FROM label_change_rows WHERE commit_number = ?1 AND parent = ?2",
            params![commit_number, parent],
        )?;
        let mut insert = self
            .inner
            .prepare_cached(
                "INSERT INTO label_change_rows
                 VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18)",
            )
            .map_err(self.error())?;
        let mut count = 0u64;
        for row in rows {
            let row = row?;
            let (key, record) = key_columns(&row.key);
            let (change, label) = match &row.change {
                RowChange::Added => ("added", None),
                RowChange::Removed => ("removed", None),
                RowChange::Label(label) => ("label", Some(label)),
            };
            let text =
                |pick: fn(&LabelChange) -> &Option<String>| label.and_then(|l| pick(l).as_deref());
            insert
                .execute(params![
                    commit_number,
                    parent,
                    signed(count),
                    row.dataset,
                    key,
                    record,
                    signed(row.place),
                    row.split,
                    change,
                    label.map(|label| label.field.as_str()),
                    text(|label| &label.from),
                    text(|label| &label.to),
                    label.map(|label| label.cause.name()),
                    text(|label| &label.annotator_before),
                    text(|label| &label.annotator),
                    text(|label| &label.source),
                    text(|label| &label.reason),
                    text(|label| &label.guideline),
                ])
                .map_err(self.error())?;
            count += 1;
        }
        Ok(count)
    }
}
