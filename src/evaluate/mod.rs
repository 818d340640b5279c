//! Evaluations: scores from integer counts, what makes two of them comparable, and how sure a
//! change is. Formulas: docs/evaluation.md.
//!
//! Invariant: all scores are functions of a confusion matrix and of calibration bins, both of
//! integers that add up; floats are made last, in one order. Knows no files and no learners.

mod bootstrap;
mod calibration;
mod compare;
mod confusion;
mod counts;
mod digest;
mod interval;
mod score;
#[cfg(test)]
mod tests;

pub use bootstrap::{REPLICATES, bootstrap};
pub use calibration::Calibration;
pub use compare::{Comparable, comparable};
pub use confusion::Confusion;
pub use counts::Counts;
pub use digest::Digest;
pub use interval::{
    LEVEL, interval_of_shares, mcnemar, normal_quantile, paired_interval, wilson, wilson_at,
};
pub use score::{METRICS_VERSION, NAMES, Score, ratios, scores};
