//! The class of most examples: what other learners must beat.

use super::decision::{Prediction, decide};
use super::examples::Examples;
use super::rows::Rows;
use super::{Learner, Model};

/// Predicts the most frequent class, of equals the first.
#[derive(Clone, Copy, Debug, Default)]
pub struct Majority;

struct Shares(Vec<f64>);

impl Learner for Majority {
    fn name(&self) -> &'static str {
        "majority"
    }

    fn fit(&self, train: &Examples) -> Box<dyn Model> {
        let total = train.len().max(1) as f64;
        let share = |count: u64| count as f64 / total;
        Box::new(Shares(train.counts().into_iter().map(share).collect()))
    }
}

impl Model for Shares {
    fn predict(&self, _rows: &Rows, _row: usize) -> Prediction {
        decide(&self.0, Some(self.0.clone()))
    }
}
