//! Records: values and their types, fields and roles, dialects, encodings, and the formats.
//!
//! Invariant: parsing never fails. What does not parse is still a record, with a problem, and
//! every byte of a file belongs to exactly one record or header. Nothing here reads files.

mod batch;
mod schema;
mod value;

pub use batch::{Batch, Problem, RecordRef};
pub use schema::{Role, Roles, quote_name, split_name};
pub use value::{Cell, CellKind, Type, canonical, normalized};

#[cfg(test)]
mod tests;
