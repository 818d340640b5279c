//! Data sets: which files hold records, what their fields are for, and how to read them.
//!
//! Invariant: a declaration never changes how a file is stored; it only says how it is read. What
//! is inferred carries its evidence.

pub mod cutter;
mod declaration;
mod error;
mod images;
pub mod infer;
mod pattern;
mod table;
mod units;
pub mod r#where;

pub use cutter::Cutter;
pub use declaration::{Declaration, Declarations};
pub use error::Error;
pub use images::{IMAGE, PATH, is_extension as is_image_extension};
pub use pattern::{BadPattern, PathPattern, escape};
pub use table::{Part, Table, Unit};
pub use r#where::{Where, WhereError};

#[cfg(test)]
mod tests;
