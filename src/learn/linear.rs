//! Linear models: a score for each class is a weighted sum of features.

use super::Model;
use super::decision::{Prediction, decide};
use super::design::Places;
use super::rows::Rows;

/// Weights with the places of their features, `classes` for each.
pub(super) struct Linear {
    pub(super) places: Places,
    pub(super) weights: Vec<f64>,
    pub(super) classes: usize,
    /// Makes probabilities of scores, where the learner has them.
    pub(super) link: Option<Link>,
}

/// Makes probabilities of the scores of all classes.
pub(super) type Link = fn(&[f64]) -> Vec<f64>;

impl Linear {
    /// Returns the score of each class.
    pub(super) fn scores(&self, rows: &Rows, row: usize) -> Vec<f64> {
        let mut scores = vec![0.0; self.classes];
        self.places.each(rows, row, |place, value| {
            let weights = &self.weights[place * self.classes..(place + 1) * self.classes];
            scores
                .iter_mut()
                .zip(weights)
                .for_each(|(score, w)| *score += value * w);
        });
        scores
    }
}

impl Model for Linear {
    fn predict(&self, rows: &Rows, row: usize) -> Prediction {
        let scores = self.scores(rows, row);
        decide(&scores, self.link.map(|link| link(&scores)))
    }
}
