//! Right predictions of a model while labels of its training records change one by one.

use crate::config::EvaluationConfig;
use crate::learn::{Examples, Learner, Neighbours, vote};

use super::correct;

/// A model that is kept up to date.
pub(super) enum Engine<'a> {
    /// Neighbours do not change with labels: only the votes that a record takes part in.
    Votes {
        labels: Vec<u32>,
        truths: &'a [u32],
        /// The nearest examples of each test record.
        nearest: Vec<Vec<u32>>,
        /// The test records among whose nearest an example is.
        near: Vec<Vec<u32>>,
        right: Vec<bool>,
    },
    /// Fitted again whenever it is asked.
    Refit {
        learner: &'a dyn Learner,
        train: &'a Examples,
        test: &'a Examples,
        labels: Vec<u32>,
        refits: u64,
    },
}

impl<'a> Engine<'a> {
    pub(super) fn new(
        config: &EvaluationConfig,
        learner: &'a dyn Learner,
        train: &'a Examples,
        test: &'a Examples,
        neighbours: usize,
    ) -> Self {
        let labels = train.labels().to_vec();
        if config.model != "knn" {
            return Self::Refit {
                learner,
                train,
                test,
                labels,
                refits: 0,
            };
        }
        let found = Neighbours::new(train.rows()).of_all(test.rows(), neighbours.max(1));
        let nearest: Vec<Vec<u32>> = found
            .into_iter()
            .map(|found| found.into_iter().map(|(_, at)| at).collect())
            .collect();
        let mut near = vec![Vec::new(); train.len()];
        for (test, nearest) in (0u32..).zip(&nearest) {
            nearest.iter().for_each(|at| near[*at as usize].push(test));
        }
        let mut engine = Self::Votes {
            right: vec![false; test.len()],
            truths: test.labels(),
            labels,
            nearest,
            near,
        };
        engine.vote_again((0..test.len() as u32).collect());
        engine
    }

    fn vote_again(&mut self, tests: Vec<u32>) {
        let Self::Votes {
            labels,
            truths,
            nearest,
            right,
            ..
        } = self
        else {
            return;
        };
        for test in tests {
            let test = test as usize;
            let voters = nearest[test].iter().map(|at| labels[*at as usize]);
            right[test] = vote(voters) == truths[test];
        }
    }

    /// Gives an example another class.
    pub(super) fn set(&mut self, at: usize, label: u32) {
        match self {
            Self::Refit { labels, .. } => labels[at] = label,
            Self::Votes { labels, near, .. } => {
                labels[at] = label;
                let tests = near[at].clone();
                self.vote_again(tests);
            }
        }
    }

    /// Counts the right predictions.
    pub(super) fn correct(&mut self) -> u64 {
        match self {
            Self::Votes { right, .. } => right.iter().filter(|right| **right).count() as u64,
            Self::Refit {
                learner,
                train,
                test,
                labels,
                refits,
            } => {
                *refits += 1;
                correct(*learner, &train.relabelled(labels.clone()), test)
            }
        }
    }

    /// Returns how often a model was fitted; `None` where none had to be.
    pub(super) fn refits(&self) -> Option<u64> {
        match self {
            Self::Votes { .. } => None,
            Self::Refit { refits, .. } => Some(*refits),
        }
    }
}
