//! Rows of the stat cache: what a working file looked like when its content was hashed.
//!
//! Whether a row still speaks for the file is decided by `worktree`, not here.

use rusqlite::{Row, params};

use crate::base::{ObjectId, RepoPath};
use crate::object::EntryKind;

use super::error::Error;
use super::open::Index;
use super::write::Transaction;

/// One working file as of the moment it was hashed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct StatRow {
    /// What it is.
    pub kind: EntryKind,
    /// Its size in bytes.
    pub size: u64,
    /// Its modification time in nanoseconds since 1970.
    pub mtime_ns: i64,
    /// Its status change time in nanoseconds since 1970; 0 where the system has none.
    pub ctime_ns: i64,
    /// Its inode; 0 where the system has none.
    pub inode: u64,
    /// Its permission bits; 0 where the system has none.
    pub mode: u32,
    /// The BLAKE3 of its content.
    pub content: ObjectId,
    /// The file system's time just before the file was read, in nanoseconds since 1970.
    pub cached_at: i64,
}

fn kind_number(kind: EntryKind) -> i64 {
    match kind {
        EntryKind::File => 0,
        EntryKind::Executable => 1,
        EntryKind::Symlink => 2,
    }
}

/// Reads a row; `None` where it holds what was never written, which then is as if not cached.
fn read(row: &Row<'_>) -> rusqlite::Result<Option<(RepoPath, StatRow)>> {
    let Ok(path) = RepoPath::new(row.get_ref(0)?.as_blob()?) else {
        return Ok(None);
    };
    let kind = match row.get::<_, i64>(6)? {
        0 => EntryKind::File,
        1 => EntryKind::Executable,
        2 => EntryKind::Symlink,
        _ => return Ok(None),
    };
    let Some(content) = ObjectId::from_slice(row.get_ref(7)?.as_blob()?) else {
        return Ok(None);
    };
    let stat = StatRow {
        kind,
        size: row.get::<_, i64>(1)?.cast_unsigned(),
        mtime_ns: row.get(2)?,
        ctime_ns: row.get(3)?,
        inode: row.get::<_, i64>(4)?.cast_unsigned(),
        mode: row.get(5)?,
        content,
        cached_at: row.get(8)?,
    };
    Ok(Some((path, stat)))
}

const COLUMNS: &str = "path, size, mtime_ns, ctime_ns, inode, mode, kind, content, cached_at";

impl Index {
    /// Returns all rows of the stat cache, in order of paths.
    pub fn stats(&self) -> Result<Vec<(RepoPath, StatRow)>, Error> {
        let mut statement = self
            .connection
            .prepare_cached(&format!("SELECT {COLUMNS} FROM stat_cache ORDER BY path"))
            .map_err(self.error())?;
        let rows = statement.query_map([], read).map_err(self.error())?;
        rows.filter_map(Result::transpose)
            .collect::<rusqlite::Result<_>>()
            .map_err(self.error())
    }
}

impl Transaction<'_> {
    /// Puts a row into the stat cache, replacing the one of that path.
    pub fn put_stat(&self, path: &RepoPath, stat: &StatRow) -> Result<(), Error> {
        self.execute(
            "INSERT OR REPLACE INTO stat_cache VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9)",
            params![
                path.as_bytes(),
                stat.size.cast_signed(),
                stat.mtime_ns,
                stat.ctime_ns,
                stat.inode.cast_signed(),
                stat.mode,
                kind_number(stat.kind),
                stat.content.as_bytes(),
                stat.cached_at,
            ],
        )
    }

    /// Takes a path out of the stat cache.
    pub fn remove_stat(&self, path: &RepoPath) -> Result<(), Error> {
        self.execute(
            "DELETE FROM stat_cache WHERE path = ?1",
            params![path.as_bytes()],
        )
    }
}
