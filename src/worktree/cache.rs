//! The stat cache: which content a working file has, as long as its stat is the same.
//!
//! Invariant: a row speaks for a file only where the file could not have changed unseen. Times
//! have a granularity, so a file written in the very tick in which it was hashed may change once
//! more without its stat showing it: such a row is not believed (git's racy-time rule).

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use rustc_hash::FxHashMap;

use crate::base::{ObjectId, RepoPath};
use crate::index::{Index, StatRow};

use super::error::Error;
use super::stat::{Found, Stat, WorkFile, look};

/// The rows, as one command reads and changes them.
#[derive(Debug, Default)]
pub struct StatCache {
    rows: FxHashMap<RepoPath, StatRow>,
    /// The file system's time; `None` where it cannot be had, and then nothing is remembered.
    now: Option<i64>,
    /// What changed: a new row, or `None` for one to be removed.
    changed: BTreeMap<RepoPath, Option<StatRow>>,
}

impl StatCache {
    /// Reads the rows of the index.
    ///
    /// `scratch` is a directory on the worktree's file system: its clock is told by a file made
    /// there, because the machine's clock is finer and, over a network, another one.
    pub fn load(index: &Index, scratch: &Path) -> Result<Self, Error> {
        Ok(Self {
            rows: index.stats()?.into_iter().collect(),
            now: filesystem_time(scratch),
            changed: BTreeMap::new(),
        })
    }

    /// Returns a cache that knows nothing and remembers nothing.
    pub fn none() -> Self {
        Self::default()
    }

    /// Takes the file system's time anew, for files that this process wrote itself: it knows what
    /// is in them until now.
    pub fn advance(&mut self, scratch: &Path) {
        self.now = filesystem_time(scratch);
    }

    /// Returns the content of a file, where it cannot have changed since it was hashed.
    pub fn content(&self, file: &WorkFile) -> Option<ObjectId> {
        let row = self.rows.get(&file.path)?;
        let same = *row == new_row(&file.stat, row.content, row.cached_at);
        (same && !is_racy(&file.stat, row.cached_at)).then_some(row.content)
    }

    /// Returns how many paths it knows.
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Returns whether it knows a path, whatever became of the file.
    pub(super) fn knows(&self, path: &RepoPath) -> bool {
        self.rows.contains_key(path)
    }

    /// Notes the content of a file that had this stat before and after it was read.
    pub fn remember(&mut self, path: &RepoPath, stat: &Stat, content: ObjectId) {
        let Some(now) = self.now else { return };
        if is_racy(stat, now) {
            return self.forget(path);
        }
        let row = new_row(stat, content, now);
        self.rows.insert(path.clone(), row);
        self.changed.insert(path.clone(), Some(row));
    }

    /// Drops what is known of a path.
    pub fn forget(&mut self, path: &RepoPath) {
        if self.rows.remove(path).is_some() {
            self.changed.insert(path.clone(), None);
        }
    }

    /// Drops what is known of paths that `keep` does not want, such as those that are gone.
    pub(super) fn retain(&mut self, keep: impl Fn(&RepoPath) -> bool) {
        let gone: Vec<RepoPath> = self
            .rows
            .keys()
            .filter(|path| !keep(path))
            .cloned()
            .collect();
        for path in gone {
            self.forget(&path);
        }
    }

    /// Writes what changed to the index, in a transaction of its own.
    pub fn save(&mut self, index: &mut Index) -> Result<(), Error> {
        if self.changed.is_empty() {
            return Ok(());
        }
        let transaction = index.transaction()?;
        for (path, row) in &self.changed {
            match row {
                Some(row) => transaction.put_stat(path, row)?,
                None => transaction.remove_stat(path)?,
            }
        }
        transaction.commit()?;
        self.changed.clear();
        Ok(())
    }
}

/// Returns whether a file with this stat may change after `cached_at` and keep the stat.
fn is_racy(stat: &Stat, cached_at: i64) -> bool {
    stat.mtime_ns >= cached_at || stat.ctime_ns >= cached_at
}

fn new_row(stat: &Stat, content: ObjectId, cached_at: i64) -> StatRow {
    StatRow {
        kind: stat.kind,
        size: stat.size,
        mtime_ns: stat.mtime_ns,
        ctime_ns: stat.ctime_ns,
        inode: stat.inode,
        mode: stat.mode,
        content,
        cached_at,
    }
}

/// Returns the time that the file system gives to a file made now; `None` where none can be made.
pub fn filesystem_time(scratch: &Path) -> Option<i64> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let path = scratch.join(format!("time-{}-{count}", std::process::id()));
    let made = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .open(&path);
    let found = made.is_ok().then(|| look(&path));
    #[allow(clippy::disallowed_methods)] // nothing durable: the file only told the time
    let _ = std::fs::remove_file(&path);
    match found {
        Some(Ok(Found::File(stat))) => Some(stat.mtime_ns),
        _ => None,
    }
}
