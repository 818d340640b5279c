//! Records: values and their types, fields and roles, dialects, encodings, and the formats.
//!
//! Invariant: parsing never fails. What does not parse is still a record, with a problem, and
//! every byte of a file belongs to exactly one record or header. Nothing here reads files.

mod batch;
mod csv;
mod detect;
mod dialect;
mod encoding;
mod ends;
mod format;
mod frame;
mod guess;
mod jsonl;
mod layout;
mod npy;
pub mod rewrite;
mod schema;
mod set;
mod value;

pub use batch::{Batch, Problem, RecordRef, Span};
pub use dialect::{DeclaredDialect, Dialect, Newline};
pub use encoding::Encoding;
pub use ends::{QUOTE_LIMIT, RecordEnds};
pub use format::{Format, sniff_format};
pub use frame::FrameOrder;
pub use jsonl::UNPARSABLE;
pub use layout::{HEAD_BYTES, Layout};
pub use npy::Npy;
pub use schema::{Role, Roles, quote_name, split_name};
pub use set::{listed, separated};
pub use value::{Cell, CellKind, Type, canonical, is_normalized, normalized};

#[cfg(test)]
mod tests;
