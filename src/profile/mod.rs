//! Profiles: additive integer statistics of sets of records.
//!
//! Invariant: a profile is a group element. Records can be added and removed in any order, on any
//! split and number of threads, and the sealed result is bit for bit that of a recount; where an
//! incremental profile cannot know a sealed number, [`Profile::needs_recount`] says so.
//! Definitions: docs/quality.md, "States".

mod codec;
mod counter;
mod facts;
mod field;
mod numbers;
mod raters;
mod records;
mod rules;
mod seal;
mod sketch;
mod survey;
pub mod tables;
mod text;

pub use facts::{Facts, FieldFacts};
pub use numbers::Bin;
pub use raters::{Rated, RatedCell};
pub use records::{Profile, hash_records};
pub use rules::{BadRule, Reference, Rule, Rules};
pub use seal::{SEALED_VALUES, hex_of};
pub use survey::Survey;
pub use tables::{Duplicates, Leakage, Ratings};
pub use text::{Defect, Look, Pii, Script, look_at};

#[cfg(test)]
mod tests;
