//! Opens the index file, replaces one that cannot be used, and falls back to memory.
//!
//! Invariant: opening never fails because of what the file holds or where it lies. The worst case
//! is an empty index in memory, which its owner then rebuilds from objects.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::types::ToSqlOutput;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::base::{ObjectId, fsio};

use super::error::Error;
use super::schema::{APPLICATION_ID, SCHEMA_VERSION, TABLES};

/// Where the rows live.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Storage {
    /// In the index file, as usual.
    File,
    /// In memory, because the file cannot be written here: what is added is gone afterwards.
    Memory,
}

/// The open index.
pub struct Index {
    pub(super) connection: Connection,
    pub(super) path: PathBuf,
    storage: Storage,
    replaced: Option<PathBuf>,
}

/// Why the file at the path cannot be taken as it is.
enum Unusable {
    /// It is no index, or a damaged one.
    Foreign,
    /// It is an index of another version of dver, or not yet one at all.
    Other,
    /// It cannot be written, or WAL does not work there.
    ReadOnly,
    /// Another process is making it or going over to WAL, which SQLite's own waiting leaves out.
    Busy,
    /// SQLite failed otherwise.
    Failed(rusqlite::Error),
}

impl From<rusqlite::Error> for Unusable {
    fn from(e: rusqlite::Error) -> Self {
        match e.sqlite_error_code() {
            Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => Self::Foreign,
            Some(
                ErrorCode::CannotOpen
                | ErrorCode::ReadOnly
                | ErrorCode::PermissionDenied
                | ErrorCode::FileLockingProtocolFailed
                | ErrorCode::NoLargeFileSupport
                | ErrorCode::SystemIoFailure
                | ErrorCode::DiskFull,
            ) => Self::ReadOnly,
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy,
            _ => Self::Failed(e),
        }
    }
}

/// How long another process may be busy with the file, and how often it is asked again.
const PATIENCE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(10);

impl Index {
    /// Opens the index at `path`, making it where it is missing.
    ///
    /// A file that is damaged or no index is renamed to `<path>.damaged`. Where the file or its
    /// directory cannot be written, its rows are copied to memory: see [`Index::storage`].
    pub fn open(path: &Path) -> Result<Self, Error> {
        let mut replaced = None;
        let mut waited = Duration::ZERO;
        // Twice, because what another process does between our steps can spoil the first try.
        let mut tries = 0;
        while tries < 2 {
            tries += 1;
            match open_file(path) {
                Ok(connection) => {
                    return Ok(Self {
                        connection,
                        path: path.to_owned(),
                        storage: Storage::File,
                        replaced,
                    });
                }
                Err(Unusable::ReadOnly) => break,
                Err(Unusable::Busy) if waited < PATIENCE => {
                    std::thread::sleep(PAUSE);
                    waited += PAUSE;
                    tries -= 1;
                }
                Err(Unusable::Busy) => break,
                Err(Unusable::Foreign) => match set_aside(path) {
                    Ok(aside) => replaced = Some(aside),
                    Err(_) => break, // it cannot be moved, so it cannot be replaced either
                },
                Err(Unusable::Other) => {
                    if delete(path).is_err() {
                        break;
                    }
                }
                Err(Unusable::Failed(source)) => {
                    return Err(Error::Sqlite {
                        path: path.to_owned(),
                        source,
                    });
                }
            }
        }
        let mut index = Self::copied(path)?;
        index.replaced = replaced;
        Ok(index)
    }

    /// Returns an index in memory with the rows of the file, where it can be read.
    pub(super) fn copied(path: &Path) -> Result<Self, Error> {
        let index = Self::in_memory()?;
        match copy_rows(&index.connection, path) {
            Ok(()) => Ok(index),
            Err(_) => Self::in_memory(), // half a copy is no index
        }
    }

    /// Returns an empty index in memory.
    pub fn in_memory() -> Result<Self, Error> {
        let path = PathBuf::from(":memory:");
        let connection = Connection::open_in_memory()
            .and_then(|connection| {
                connection.execute_batch(TABLES)?;
                Ok(connection)
            })
            .map_err(|source| Error::Sqlite {
                path: path.clone(),
                source,
            })?;
        Ok(Self {
            connection,
            path,
            storage: Storage::Memory,
            replaced: None,
        })
    }

    /// Throws the rows away and starts again with an empty index at the same place.
    pub fn recreate(self) -> Result<Self, Error> {
        if self.storage == Storage::Memory {
            return Self::in_memory();
        }
        let Self {
            connection, path, ..
        } = self;
        drop(connection);
        delete(&path)?;
        Self::open(&path)
    }

    /// Returns where the rows live.
    pub fn storage(&self) -> Storage {
        self.storage
    }

    /// Returns where a file went that stood in the index's place and was none.
    pub fn replaced(&self) -> Option<&Path> {
        self.replaced.as_deref()
    }

    /// Returns the operation that the rows reflect; `None` in a new index.
    pub fn operation(&self) -> Result<Option<ObjectId>, Error> {
        operation(&self.connection).map_err(self.error())
    }

    /// Turns SQLite's errors into this index's.
    pub(super) fn error(&self) -> impl Fn(rusqlite::Error) -> Error + '_ {
        |source| Error::Sqlite {
            path: self.path.clone(),
            source,
        }
    }
}

pub(super) fn operation(connection: &Connection) -> rusqlite::Result<Option<ObjectId>> {
    let mut statement =
        connection.prepare_cached("SELECT value FROM meta WHERE name = 'operation'")?;
    let mut rows = statement.query([])?;
    match rows.next()? {
        // Text that is no id means an operation that no repository has: the rows are rebuilt.
        Some(row) => Ok(row.get::<_, String>(0)?.parse().ok()),
        None => Ok(None),
    }
}

fn open_file(path: &Path) -> Result<Connection, Unusable> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(PATIENCE)?;
    let mode: String =
        connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    if !mode.eq_ignore_ascii_case("wal") || connection.is_readonly("main")? {
        return Err(Unusable::ReadOnly);
    }
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.pragma_update(None, "cache_size", -16_000)?;
    connection.set_prepared_statement_cache_capacity(64);
    let number = |connection: &Connection, name: &str| {
        connection.pragma_query_value(None, name, |row| row.get::<_, i32>(0))
    };
    match (
        number(&connection, "application_id")?,
        number(&connection, "user_version")?,
    ) {
        (APPLICATION_ID, SCHEMA_VERSION) => return Ok(connection),
        (APPLICATION_ID, _) => return Err(Unusable::Other),
        _ => {}
    }
    let transaction =
        connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    // Another process may have made the tables while this one waited for the lock.
    if number(&transaction, "application_id")? != APPLICATION_ID {
        let tables: i64 =
            transaction.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
        if tables > 0 {
            return Err(Unusable::Foreign);
        }
        transaction.execute_batch(TABLES)?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", SCHEMA_VERSION)?;
    }
    transaction.commit()?;
    Ok(connection)
}

/// Copies the rows of an index that can be read but not written.
fn copy_rows(connection: &Connection, path: &Path) -> rusqlite::Result<()> {
    // Opened on its own first: ATTACH would take the flags of a connection that may write.
    let source = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let number = |name: &str| source.pragma_query_value(None, name, |row| row.get::<_, i32>(0));
    if (number("application_id")?, number("user_version")?) != (APPLICATION_ID, SCHEMA_VERSION) {
        return Err(rusqlite::Error::InvalidQuery);
    }
    // One read transaction, so that the tables fit each other.
    let source = source.unchecked_transaction()?;
    let copy = connection.unchecked_transaction()?;
    let mut names =
        source.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY rowid")?;
    let names: Vec<String> = names
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    for name in names.iter().filter(|name| !name.starts_with("sqlite_")) {
        let mut read = source.prepare(&format!("SELECT * FROM \"{name}\""))?;
        let columns = read.column_count();
        let marks = vec!["?"; columns].join(",");
        let mut write = copy.prepare(&format!("INSERT INTO \"{name}\" VALUES ({marks})"))?;
        let mut rows = read.query([])?;
        while let Some(row) = rows.next()? {
            for column in 0..columns {
                let value = ToSqlOutput::Borrowed(row.get_ref(column)?);
                write.raw_bind_parameter(column + 1, value)?;
            }
            write.raw_execute()?;
        }
    }
    copy.commit()
}

/// The files that SQLite keeps beside the index.
fn beside(path: &Path) -> [PathBuf; 2] {
    ["-wal", "-shm"].map(|suffix| suffixed(path, suffix))
}

fn suffixed(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(suffix);
    path.with_file_name(name)
}

fn set_aside(path: &Path) -> Result<PathBuf, Error> {
    let aside = suffixed(path, ".damaged");
    fsio::rename(path, &aside)?;
    for file in beside(path) {
        fsio::remove(&file)?;
    }
    Ok(aside)
}

fn delete(path: &Path) -> Result<(), Error> {
    // The log goes first: a log without its file is ignored, a file with a foreign log is not.
    for file in beside(path) {
        fsio::remove(&file)?;
    }
    Ok(fsio::remove(path)?)
}
