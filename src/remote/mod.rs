//! Remotes: where clones meet. A remote has refs and packs and no worktree.
//!
//! Invariant: what a head names is durable before the head names it, and a head is replaced only
//! by whoever saw it last. So a remote is always of one state or of the next.

mod directory;
mod error;
mod head;

pub use directory::Directory;
pub use error::Error;
pub use head::Head;

use crate::base::lock::FileLock;
use crate::store::{PackWriter, Store};

/// Holds a remote's lock until it is dropped.
pub struct Held {
    _lock: FileLock,
}

/// Somewhere packs can be put and a head be moved: a directory now, a bucket later.
pub trait Remote {
    /// Returns the words by which people know it.
    fn address(&self) -> String;

    /// Reads which commits its branches and tags name; `None` where nothing was pushed yet.
    fn head(&self) -> Result<Option<Head>, Error>;

    /// Makes it ready for packs and keeps other pushers waiting, telling `waiting` whom for.
    fn lock(&mut self, who: &str, waiting: &mut dyn FnMut(&str)) -> Result<Held, Error>;

    /// Returns its packs, to be read; what comes from them was checked against its id.
    fn store(&self) -> Result<&Store, Error>;

    /// Begins a pack, which is durable and among the packs when it was committed.
    fn begin(&self, held: &Held) -> Result<PackWriter<'_>, Error>;

    /// Replaces the head where it still is `seen`, and returns whether it was.
    fn swap(&self, held: &Held, seen: Option<&Head>, new: &Head) -> Result<bool, Error>;

    /// Merges packs where there are more than `most`. That it fails loses nothing.
    fn tidy(&self, held: &Held, most: usize) -> Result<(), Error>;
}

#[cfg(test)]
mod tests;
