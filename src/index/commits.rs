//! Rows of commits: themselves, their parents, data sets, schema changes and metrics.

use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use crate::base::{ObjectId, Timestamp};
use crate::object::changes::SchemaChange;
use crate::object::{Commit, Int, MetricResult};

use super::error::Error;
use super::open::Index;
use super::write::Transaction;

/// A commit without what its change sets and scorecard hold.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CommitRow {
    /// The commit.
    pub id: ObjectId,
    /// One more than the highest generation of its parents; 1 for a first commit.
    pub generation: u64,
    /// Its parents, in order.
    pub parents: Vec<ObjectId>,
    /// Who made it, as `Name <mail>`.
    pub author: String,
    /// When.
    pub time: Timestamp,
    /// What its author says about it.
    pub message: String,
    /// Its files.
    pub snapshot: ObjectId,
    /// Its sealed quality result.
    pub scorecard: ObjectId,
    /// Why the labels changed.
    pub reason: Option<String>,
    /// What made the changes.
    pub source: Option<String>,
}

/// What a commit did to one data set, against its first parent.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct DatasetRow {
    /// The data set.
    pub dataset: String,
    /// How many records it has.
    pub records: u64,
    /// Records added.
    pub added: u64,
    /// Records removed.
    pub removed: u64,
    /// Records with a changed field.
    pub modified: u64,
    /// Labels changed.
    pub relabelled: u64,
    /// Labels whose class was renamed.
    pub renamed: u64,
    /// Schema and vocabulary changes.
    pub schema_changes: u64,
}

/// A schema or vocabulary change of one commit.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SchemaChangeRow {
    /// The commit.
    pub commit: ObjectId,
    /// Against which parent, counted from 1.
    pub parent: u32,
    /// The data set.
    pub dataset: String,
    /// The change.
    pub change: SchemaChange,
}

/// A sealed number of one commit.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MetricRow {
    /// The commit.
    pub commit: ObjectId,
    /// The data set.
    pub dataset: String,
    /// The metric with its value.
    pub result: MetricResult,
}

/// An integer as SQLite holds it: INTEGER where it fits, its decimal text beyond.
pub(super) struct Number(pub(super) Int);

impl ToSql for Number {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match i64::try_from(self.0.0) {
            Ok(value) => value.into(),
            Err(_) => self.0.0.to_string().into(),
        })
    }
}

fn number(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Int>> {
    let invalid = |kind| rusqlite::Error::InvalidColumnType(column, "number".into(), kind);
    match row.get_ref(column)? {
        ValueRef::Null => Ok(None),
        ValueRef::Integer(value) => Ok(Some(Int::from(value))),
        value => match value.as_str().ok().and_then(|text| text.parse().ok()) {
            Some(value) => Ok(Some(Int(value))),
            None => Err(invalid(value.data_type())),
        },
    }
}

/// Reads a column that holds text with a meaning: an id, a time, JSON.
pub(super) fn parsed<T>(
    row: &Row<'_>,
    column: usize,
    parse: impl FnOnce(&str) -> Option<T>,
) -> rusqlite::Result<T> {
    let value = row.get_ref(column)?;
    value
        .as_str()
        .ok()
        .and_then(parse)
        .ok_or_else(|| rusqlite::Error::InvalidColumnType(column, "text".into(), value.data_type()))
}

pub(super) fn id(row: &Row<'_>, column: usize) -> rusqlite::Result<ObjectId> {
    parsed(row, column, |text| text.parse().ok())
}

/// Reads a count. SQLite's integers are signed; a negative one was never written.
fn count(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    let value: i64 = row.get(column)?;
    u64::try_from(value).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(column, value))
}

/// A count as SQLite holds it. Nothing that can be counted on a disk reaches 2^63.
pub(super) fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

const COMMIT: &str =
    "id, generation, author, time, message, snapshot, scorecard, reason, source FROM commit_rows";

fn commit_row(row: &Row<'_>) -> rusqlite::Result<CommitRow> {
    Ok(CommitRow {
        id: id(row, 0)?,
        generation: count(row, 1)?,
        parents: Vec::new(),
        author: row.get(2)?,
        time: parsed(row, 3, Timestamp::parse)?,
        message: row.get(4)?,
        snapshot: id(row, 5)?,
        scorecard: id(row, 6)?,
        reason: row.get(7)?,
        source: row.get(8)?,
    })
}

fn parents(connection: &Connection, commit: &ObjectId) -> rusqlite::Result<Vec<ObjectId>> {
    connection
        .prepare_cached("SELECT parent FROM parents WHERE commit_id = ?1 ORDER BY number")?
        .query_map([commit.to_string()], |row| id(row, 0))?
        .collect()
}

fn find(connection: &Connection, commit: &ObjectId) -> rusqlite::Result<Option<CommitRow>> {
    let found = connection
        .prepare_cached(&format!("SELECT {COMMIT} WHERE id = ?1"))?
        .query_row([commit.to_string()], commit_row)
        .optional()?;
    let Some(mut found) = found else {
        return Ok(None);
    };
    found.parents = parents(connection, commit)?;
    Ok(Some(found))
}

impl Index {
    /// Returns the row of a commit.
    pub fn commit(&self, commit: &ObjectId) -> Result<Option<CommitRow>, Error> {
        find(&self.connection, commit).map_err(self.error())
    }

    /// Returns the commits whose id begins with `prefix`, at most `most` of them, by id.
    pub fn commits_with_prefix(&self, prefix: &str, most: usize) -> Result<Vec<ObjectId>, Error> {
        // Hex digits only: `g` is then above every id that begins with the prefix.
        if !prefix
            .bytes()
            .all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
        {
            return Ok(Vec::new());
        }
        let find = || -> rusqlite::Result<Vec<_>> {
            self.connection
                .prepare_cached(
                    "SELECT id FROM commit_rows WHERE id >= ?1 AND id < ?2 ORDER BY id LIMIT ?3",
                )?
                .query_map(
                    params![prefix, format!("{prefix}g"), signed(most as u64)],
                    |row| id(row, 0),
                )?
                .collect()
        };
        find().map_err(self.error())
    }

    /// Returns all commits, newest first: by time, then generation, then id.
    pub fn commits(&self) -> Result<Vec<CommitRow>, Error> {
        let find = || -> rusqlite::Result<Vec<_>> {
            let mut commits = self
                .connection
                .prepare_cached(&format!(
                    "SELECT {COMMIT} ORDER BY time DESC, generation DESC, id"
                ))?
                .query_map([], commit_row)?
                .collect::<rusqlite::Result<Vec<_>>>()?;
            for commit in &mut commits {
                commit.parents = parents(&self.connection, &commit.id)?;
            }
            Ok(commits)
        };
        find().map_err(self.error())
    }

    /// Returns the commits that name this one as a parent, by id.
    pub fn children(&self, commit: &ObjectId) -> Result<Vec<ObjectId>, Error> {
        let find = || -> rusqlite::Result<Vec<_>> {
            self.connection
                .prepare_cached(
                    "SELECT DISTINCT commit_id FROM parents WHERE parent = ?1 ORDER BY commit_id",
                )?
                .query_map([commit.to_string()], |row| id(row, 0))?
                .collect()
        };
        find().map_err(self.error())
    }

    /// Returns what a commit did to its data sets, by name.
    pub fn datasets(&self, commit: &ObjectId) -> Result<Vec<DatasetRow>, Error> {
        let find = || -> rusqlite::Result<Vec<_>> {
            self.connection
                .prepare_cached(
                    "SELECT dataset, records, added, removed, modified, relabelled, renamed,
                     schema_changes FROM commit_datasets WHERE commit_id = ?1 ORDER BY dataset",
                )?
                .query_map([commit.to_string()], |row| {
                    Ok(DatasetRow {
                        dataset: row.get(0)?,
                        records: count(row, 1)?,
                        added: count(row, 2)?,
                        removed: count(row, 3)?,
                        modified: count(row, 4)?,
                        relabelled: count(row, 5)?,
                        renamed: count(row, 6)?,
                        schema_changes: count(row, 7)?,
                    })
                })?
                .collect()
        };
        find().map_err(self.error())
    }

    /// Returns the schema changes of a commit, or of all commits, by data set.
    pub fn schema_changes(&self, commit: Option<&ObjectId>) -> Result<Vec<SchemaChangeRow>, Error> {
        let find = || -> rusqlite::Result<Vec<_>> {
            self.connection
                .prepare_cached(
                    "SELECT commit_id, parent, dataset, change, field, from_value, to_value,
                     count, evidence, verdict FROM schema_changes
                     WHERE ?1 IS NULL OR commit_id = ?1
                     ORDER BY commit_id, parent, dataset, number",
                )?
                .query_map([commit.map(ObjectId::to_string)], |row| {
                    let json = |column| parsed(row, column, |text| serde_json::from_str(text).ok());
                    Ok(SchemaChangeRow {
                        commit: id(row, 0)?,
                        parent: row.get(1)?,
                        dataset: row.get(2)?,
                        change: SchemaChange {
                            change: row.get(3)?,
                            field: row.get(4)?,
                            from: json(5)?,
                            to: json(6)?,
                            count: row.get::<_, Option<i64>>(7)?.map(i64::cast_unsigned),
                            evidence: row.get(8)?,
                            verdict: row.get(9)?,
                        },
                    })
                })?
                .collect()
        };
        find().map_err(self.error())
    }

    /// Returns the sealed numbers of a commit, by data set, in the scorecard's order.
    pub fn metrics(&self, commit: &ObjectId) -> Result<Vec<MetricRow>, Error> {
        let find = || -> rusqlite::Result<Vec<_>> {
            self.connection
                .prepare_cached(
                    "SELECT dataset, name, field, class, num, den, version, note FROM metrics
                     WHERE commit_id = ?1 ORDER BY dataset, number",
                )?
                .query_map([commit.to_string()], |row| {
                    Ok(MetricRow {
                        commit: *commit,
                        dataset: row.get(0)?,
                        result: MetricResult {
                            name: row.get(1)?,
                            field: row.get(2)?,
                            class: row.get(3)?,
                            num: number(row, 4)?,
                            den: number(row, 5)?.unwrap_or_default(),
                            version: row.get(6)?,
                            note: row.get(7)?,
                        },
                    })
                })?
                .collect()
        };
        find().map_err(self.error())
    }
}

impl Transaction<'_> {
    /// Returns the row of a commit.
    pub fn find_commit(&self, commit: &ObjectId) -> Result<Option<CommitRow>, Error> {
        find(self.connection(), commit).map_err(self.error())
    }

    /// Puts a commit; one that is there already stays as it is.
    pub fn put_commit(
        &self,
        commit_id: &ObjectId,
        commit: &Commit,
        generation: u64,
    ) -> Result<(), Error> {
        let id = commit_id.to_string();
        self.execute(
            "INSERT OR IGNORE INTO commit_rows (id, generation, author, time, message, snapshot,
             scorecard, reason, source) VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9)",
            params![
                id,
                signed(generation),
                commit.author,
                commit.time.to_string(),
                commit.message,
                commit.snapshot.to_string(),
                commit.scorecard.to_string(),
                commit.reason,
                commit.source,
            ],
        )?;
        for (number, parent) in (1u32..).zip(&commit.parents) {
            self.execute(
                "INSERT OR IGNORE INTO parents VALUES (?1,?2,?3)",
                params![id, number, parent.to_string()],
            )?;
        }
        Ok(())
    }

    /// Puts what a commit did to one data set.
    pub fn put_dataset(&self, commit: &ObjectId, row: &DatasetRow) -> Result<(), Error> {
        self.execute(
            "INSERT OR REPLACE INTO commit_datasets VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9)",
            params![
                commit.to_string(),
                row.dataset,
                signed(row.records),
                signed(row.added),
                signed(row.removed),
                signed(row.modified),
                signed(row.relabelled),
                signed(row.renamed),
                signed(row.schema_changes),
            ],
        )
    }

    /// Puts the schema changes of one data set against one parent (counted from 1).
    pub fn put_schema_changes(
        &self,
        commit: &ObjectId,
        parent: u32,
        dataset: &str,
        changes: &[SchemaChange],
    ) -> Result<(), Error> {
        for (number, change) in (0i64..).zip(changes) {
            self.execute(
                "INSERT OR REPLACE INTO schema_changes VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11)",
                params![
                    commit.to_string(),
                    parent,
                    dataset,
                    number,
                    change.change,
                    change.field,
                    change.from.to_string(),
                    change.to.to_string(),
                    change.count.map(signed),
                    change.evidence,
                    change.verdict,
                ],
            )?;
        }
        Ok(())
    }

    /// Puts the sealed numbers of one data set, in the scorecard's order.
    pub fn put_metrics(
        &self,
        commit: &ObjectId,
        dataset: &str,
        results: &[MetricResult],
    ) -> Result<(), Error> {
        for (number, result) in (0i64..).zip(results) {
            self.execute(
                "INSERT OR REPLACE INTO metrics VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10)",
                params![
                    commit.to_string(),
                    dataset,
                    number,
                    result.name,
                    result.field,
                    result.class,
                    result.num.map(Number),
                    Number(result.den),
                    result.version,
                    result.note,
                ],
            )?;
        }
        Ok(())
    }
}
