//! Values and the machine: ids, paths, durable file I/O, mapped files, locks, time, progress.
//!
//! Invariant: nothing here knows what a repository is. Every byte that must survive a crash is
//! written through [`fsio`], whose named steps are what crash and fault tests stop at.

mod blake;
pub mod clock;
pub mod draws;
pub mod elementary;
pub mod fault;
pub mod fsio;
pub mod id;
pub mod lock;
pub mod mmap;
pub mod nearest;
pub mod path;
pub mod process;
pub mod progress;
pub mod scratch;
pub mod sha256;
pub mod sum;
pub mod text;
pub mod varint;

pub use clock::{Clock, Timestamp};
pub use fsio::IoError;
pub use id::{Hasher, ObjectId};
pub use nearest::nearest;
pub use path::RepoPath;
pub use scratch::{ScratchDir, ScratchFile};
pub use text::Text;

#[cfg(test)]
mod tests;
