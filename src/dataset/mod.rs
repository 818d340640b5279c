//! Data sets: which files hold records, what their fields are for, and how to read them.
//!
//! Invariant: a declaration never changes how a file is stored; it only says how it is read. What
//! is inferred carries its evidence.

pub mod cutter;
mod pattern;

pub use cutter::Cutter;
pub use pattern::{BadPattern, PathPattern, escape};

#[cfg(test)]
mod tests;
