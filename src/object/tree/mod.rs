//! Prolly trees: ordered sequences cut into nodes by a hash of their entries' keys.
//!
//! Invariant: a tree is a pure function of its entries, whatever its history, so equal trees have
//! equal ids and equal subtrees can be skipped by id. Layout: docs/format.md, "Trees".

mod build;
mod node;
mod outline;
mod walk;

pub use build::{Builder, Built};
pub use node::{ChildRef, Entry, MAX_ENTRIES, MIN_ENTRIES, Node, Totals};
pub use outline::Outline;
pub use walk::{Difference, Walker, differences, find, read_all, read_node};

use xxhash_rust::xxh3::xxh3_64;

/// Returns the hash of a key that decides where nodes end.
pub fn cut_hash(key: &[u8]) -> u64 {
    xxh3_64(key)
}
