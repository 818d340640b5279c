//! The index: what SQLite can answer fast about objects that the packs hold. Tables: docs/index.md.
//!
//! Invariant: wholly derived. Every row follows from objects (or, for the stat cache, from files),
//! and the operation that the rows reflect is written in the transaction that wrote them. Deleting
//! the file loses nothing, so a file that is damaged, foreign or of another version is replaced.

mod changes;
mod commits;
mod error;
mod evaluations;
mod open;
mod query;
mod schema;
mod stats;
mod write;

pub use changes::{ChangeFilter, ChangeRow, ChangeSetRow};
pub use commits::{CommitRow, DatasetRow, MetricRow, SchemaChangeRow};
pub use error::Error;
pub use open::{Index, Storage};
pub use query::{SqlTable, SqlValue};
pub use schema::SCHEMA_VERSION;
pub use stats::StatRow;
pub use write::Transaction;

#[cfg(test)]
mod tests;
