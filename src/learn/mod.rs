//! Learners: feature maps and small classifiers of fixed arithmetic.
//!
//! Invariant: the same bits on any number of threads and any processor. Sums have one order, which
//! is that of columns and of the records' ids, never that in which records came; nothing is fused;
//! exponentials and logarithms are those of `base::elementary`. Knows no files and no data sets.

mod bayes;
mod decision;
mod design;
mod examples;
pub mod features;
mod folds;
mod linear;
mod logistic;
mod majority;
mod nearest;
mod ridge;
mod rough;
mod rows;
mod seen;
mod solve;
#[cfg(test)]
mod tests;

pub use bayes::NaiveBayes;
pub use decision::{CLOSE, Prediction, decide};
pub use examples::Examples;
pub use features::{Encoding, FeatureMap};
pub use folds::{fold_of, id_of, out_of_fold, part_of};
pub use logistic::Logistic;
pub use majority::Majority;
pub use nearest::{Nearest, Neighbours, vote};
pub use ridge::Ridge;
pub use rows::Rows;
pub use seen::fit_seen;

use rayon::prelude::*;

/// Learns from examples.
pub trait Learner: Sync {
    /// Returns the name that declarations use.
    fn name(&self) -> &'static str;

    /// Fits a model. Where there are no examples, it predicts the first class.
    fn fit(&self, train: &Examples) -> Box<dyn Model>;
}

/// Predicts classes.
pub trait Model: Send + Sync {
    /// Predicts the class of one row.
    fn predict(&self, rows: &Rows, row: usize) -> Prediction;

    /// Predicts the classes of all rows, in their order.
    fn predict_all(&self, rows: &Rows) -> Vec<Prediction> {
        let all = (0..rows.len()).into_par_iter().with_min_len(16);
        all.map(|row| self.predict(rows, row)).collect()
    }
}
