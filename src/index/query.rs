//! Queries that others write, and the dump that tests compare.
//!
//! Invariant: a query can read the index and nothing else. It runs on a connection of its own that
//! was opened read-only, must be one statement that SQLite itself calls read-only, and must begin
//! with a word that reads: ATTACH counts as read-only for SQLite, yet it opens other files.

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};

use super::error::Error;
use super::open::{Index, Storage};
use super::schema::DERIVED;

/// A value in the answer to a query.
#[derive(Clone, PartialEq, Debug)]
pub enum SqlValue {
    /// NULL.
    Null,
    /// An integer.
    Integer(i64),
    /// A floating point number.
    Real(f64),
    /// Text; bytes that are no UTF-8 are a blob.
    Text(String),
    /// Bytes.
    Blob(Vec<u8>),
}

impl From<ValueRef<'_>> for SqlValue {
    fn from(value: ValueRef<'_>) -> Self {
        match value {
            ValueRef::Null => Self::Null,
            ValueRef::Integer(value) => Self::Integer(value),
            ValueRef::Real(value) => Self::Real(value),
            ValueRef::Text(bytes) => match std::str::from_utf8(bytes) {
                Ok(text) => Self::Text(text.to_owned()),
                Err(_) => Self::Blob(bytes.to_owned()),
            },
            ValueRef::Blob(bytes) => Self::Blob(bytes.to_owned()),
        }
    }
}

/// The answer to a query.
#[derive(Clone, PartialEq, Debug)]
pub struct SqlTable {
    /// The names of the columns.
    pub columns: Vec<String>,
    /// The rows.
    pub rows: Vec<Vec<SqlValue>>,
}

/// Returns whether the statement begins with a word that only reads.
fn begins_as_a_reader(sql: &str) -> bool {
    let mut rest = sql;
    loop {
        rest = rest.trim_start();
        if let Some(comment) = rest.strip_prefix("--") {
            rest = comment.split_once('\n').map_or("", |(_, after)| after);
        } else if let Some(comment) = rest.strip_prefix("/*") {
            rest = comment.split_once("*/").map_or("", |(_, after)| after);
        } else {
            break;
        }
    }
    let word = rest
        .split(|c: char| !c.is_ascii_alphabetic())
        .next()
        .unwrap_or_default();
    ["SELECT", "WITH", "VALUES", "EXPLAIN"]
        .iter()
        .any(|reader| reader.eq_ignore_ascii_case(word))
}

fn run(connection: &Connection, sql: &str) -> Result<SqlTable, Error> {
    let failed = |e: rusqlite::Error| match e {
        rusqlite::Error::MultipleStatement => Error::NotReadOnly,
        e => Error::Query {
            message: e.to_string(),
        },
    };
    let mut statement = connection.prepare(sql).map_err(failed)?;
    if !statement.readonly() {
        return Err(Error::NotReadOnly);
    }
    let columns: Vec<String> = statement.column_names().map(str::to_owned).collect();
    let mut rows = Vec::new();
    let mut found = statement.query([]).map_err(failed)?;
    while let Some(row) = found.next().map_err(failed)? {
        let values = (0..columns.len()).map(|column| row.get_ref(column).map(SqlValue::from));
        rows.push(values.collect::<rusqlite::Result<_>>().map_err(failed)?);
    }
    Ok(SqlTable { columns, rows })
}

impl Index {
    /// Answers a query of one statement that only reads.
    pub fn read_only_sql(&self, sql: &str) -> Result<SqlTable, Error> {
        if !begins_as_a_reader(sql) {
            return Err(Error::NotReadOnly);
        }
        if self.storage() == Storage::Memory {
            self.connection
                .pragma_update(None, "query_only", true)
                .map_err(self.error())?;
            let answer = run(&self.connection, sql);
            self.connection
                .pragma_update(None, "query_only", false)
                .map_err(self.error())?;
            return answer;
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.path, flags).map_err(self.error())?;
        connection
            .pragma_update(None, "query_only", true)
            .map_err(self.error())?;
        run(&connection, sql)
    }

    /// Returns every derived table as text, rows sorted: equal for equal indexes, however they
    /// came about. The stat cache is left out.
    pub fn dump(&self) -> Result<String, Error> {
        let mut out = String::new();
        for table in DERIVED {
            let answer = run(&self.connection, &format!("SELECT * FROM {table}"))?;
            out.push_str(&format!("{table} {:?}\n", answer.columns));
            let mut lines: Vec<String> = answer
                .rows
                .iter()
                .map(|row| format!("  {row:?}\n"))
                .collect();
            lines.sort_unstable();
            out.extend(lines);
        }
        Ok(out)
    }
}
