//! Agreement between annotators: one coefficient family a file, over one integer state.
//!
//! Invariant: [`Coincidences`] is a group element, so states of parts merge to the state of the
//! whole and what was added can be taken away, bit for bit. Coefficients are floats derived from it
//! in one fixed order. Definitions, sources and worked examples: docs/agreement.md.

mod bootstrap;
mod brennan_prediger;
mod coefficient;
mod cohen;
mod fleiss;
mod gwet;
mod krippendorff;
mod pairs;
mod percent;
mod read;
mod scale;
mod scott;
mod sealed;
mod state;
mod tally;
mod vocabulary;

pub use bootstrap::{Interval, REPLICATES, intervals, pair_intervals};
pub use brennan_prediger::brennan_prediger;
pub use coefficient::{Coefficient, Named, Undefined, coefficients, pair_coefficients};
pub use cohen::{Weights, cohen};
pub use fleiss::fleiss;
pub use gwet::ac1;
pub use krippendorff::{Distance, alpha};
pub use pairs::PairTable;
pub use percent::percent;
pub use read::{Items, Question, Rating, Ratings, Shape, read, read_items};
pub use scale::Scale;
pub use scott::scott;
pub use sealed::{Sealed, seal_long, seal_wide};
pub use state::Coincidences;
pub use tally::{Stratum, Tally};

#[cfg(test)]
mod examples;
#[cfg(test)]
mod tests;
