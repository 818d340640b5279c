//! Curation: which records a person should look at, ranked.
//!
//! Invariant: rankings are functions of hashes, numbers, probabilities and texts; nothing here
//! reads a file. Of equals the first by place comes first, so that an answer has one order.
//! Formulas, sources and examples: docs/find.md and docs/curation.md.

pub mod choosing;
mod confident;
mod far;
pub mod groups;
mod shingles;
pub mod slices;
mod spread;
#[cfg(test)]
mod tests;
pub mod valuation;

pub use confident::{Confident, Prune, Score};
pub use far::{Far, far};
pub use groups::{Grouped, Member, Repeated, Spelling, repeated, short};
pub use shingles::{Bands, NearPair, Shingled, near_duplicates};
pub use spread::{Spread, Strayed, stray};
