//! Evaluations: scores from integer counts, what makes two of them comparable, and how sure a
//! change is. Formulas: docs/evaluation.md.
//!
//! Invariant: all scores are functions of a confusion matrix and of calibration bins, both of
//! integers that add up; floats are made last, in one order. Knows no files and no learners.

mod calibration;
mod compare;
mod confusion;
mod digest;
mod interval;
mod score;
#[cfg(test)]
mod tests;

pub use calibration::Calibration;
pub use compare::{Comparable, comparable};
pub use confusion::Confusion;
pub use digest::Digest;
pub use interval::{interval_of_shares, mcnemar, wilson};
pub use score::{METRICS_VERSION, Score, ratios, scores};
