//! Fitting to the classes that there are examples of.

use super::decision::{Prediction, decide};
use super::examples::Examples;
use super::rows::Rows;
use super::{Learner, Model};

/// Fits a learner to those classes alone that have examples. So no other class is ever predicted,
/// and a class that only test records or another version have changes no prediction.
///
/// Without examples the first class is predicted, and all are equally likely.
pub fn fit_seen(learner: &dyn Learner, train: &Examples) -> Box<dyn Model> {
    let counts = train.counts();
    let seen: Vec<u32> = (0u32..)
        .zip(&counts)
        .filter(|(_, count)| **count > 0)
        .map(|(class, _)| class)
        .collect();
    if seen.is_empty() {
        return Box::new(Constant(train.classes().max(1)));
    }
    if seen.len() == counts.len() {
        return learner.fit(train);
    }
    Box::new(Seen {
        model: learner.fit(&train.compacted(&seen)),
        classes: counts.len(),
        seen,
    })
}

struct Constant(usize);

impl Model for Constant {
    fn predict(&self, _rows: &Rows, _row: usize) -> Prediction {
        decide(&vec![0.0; self.0], Some(vec![1.0 / self.0 as f64; self.0]))
    }
}

struct Seen {
    model: Box<dyn Model>,
    /// The classes that the model knows, by its own numbers.
    seen: Vec<u32>,
    classes: usize,
}

impl Seen {
    fn widened(&self, mut told: Prediction) -> Prediction {
        told.class = self.seen.get(told.class as usize).copied().unwrap_or(0);
        told.probabilities = told.probabilities.map(|own| {
            let mut all = vec![0.0; self.classes];
            for (class, p) in self.seen.iter().zip(own) {
                all[*class as usize] = p;
            }
            all
        });
        told
    }
}

impl Model for Seen {
    fn predict(&self, rows: &Rows, row: usize) -> Prediction {
        self.widened(self.model.predict(rows, row))
    }

    fn predict_all(&self, rows: &Rows) -> Vec<Prediction> {
        let all = self.model.predict_all(rows).into_iter();
        all.map(|told| self.widened(told)).collect()
    }
}
