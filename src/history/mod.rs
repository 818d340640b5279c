//! History: what revisions mean, and walks over commits.
//!
//! Invariant: reads objects and names only; knows neither files nor the index's tables.

mod error;
pub mod reach;
mod revision;
mod walk;

pub use error::Error;
pub use revision::{Names, split_range};
pub use walk::{ancestors, is_ancestor, log, merge_base};

#[cfg(test)]
mod tests;
