//! Naive Bayes: multinomial for the sparse features, which count things, and Gaussian for the
//! dense ones.
//!
//! ln p(class) + sum over sparse features of value * ln((s + 1) / (S + d)), with s the class's sum
//! of the feature, S that of all features, d the number of features seen, + sum over dense ones of
//! the logarithm of the class's normal density, whose variance has 1e-9 of the largest added.

use rustc_hash::FxHashMap;

use super::decision::{Prediction, decide};
use super::examples::Examples;
use super::logistic::softmax;
use super::rows::Rows;
use super::{Learner, Model};
use crate::base::elementary::ln;

/// What is added to variances, as a share of the largest variance of a feature over all classes.
const VARIANCE_SHARE: f64 = 1e-9;

/// Counts features by class.
#[derive(Clone, Copy, Debug, Default)]
pub struct NaiveBayes;

impl NaiveBayes {
    /// What is added to the sum of each sparse feature in each class.
    pub const SMOOTHING: f64 = 1.0;
}

struct Bayes {
    /// ln p(class); negative infinity of a class without examples.
    priors: Vec<f64>,
    /// For each sparse feature the logarithm of its share in each class.
    shares: FxHashMap<u32, Vec<f64>>,
    /// For each class and dense feature: mean, variance, and -1/2 ln(2 pi variance).
    normals: Vec<Vec<[f64; 3]>>,
}

impl Learner for NaiveBayes {
    fn name(&self) -> &'static str {
        "naive-bayes"
    }

    fn fit(&self, train: &Examples) -> Box<dyn Model> {
        let classes = train.classes().max(1);
        let rows = train.rows();
        let mut sums: FxHashMap<u32, Vec<f64>> = FxHashMap::default();
        let mut totals = vec![0.0; classes];
        for (row, &label) in train.labels().iter().enumerate() {
            let (columns, values) = rows.sparse(row);
            for (column, value) in columns.iter().zip(values) {
                sums.entry(*column).or_insert_with(|| vec![0.0; classes])[label as usize] += value;
                totals[label as usize] += value;
            }
        }
        let features = sums.len() as f64;
        for sums in sums.values_mut() {
            for (sum, total) in sums.iter_mut().zip(&totals) {
                *sum =
                    ln((*sum + NaiveBayes::SMOOTHING) / (total + NaiveBayes::SMOOTHING * features));
            }
        }
        let total = train.len().max(1) as f64;
        let prior = |count: u64| match count {
            0 => f64::NEG_INFINITY,
            _ => ln(count as f64 / total),
        };
        Box::new(Bayes {
            priors: train.counts().into_iter().map(prior).collect(),
            shares: sums,
            normals: normals(train, classes),
        })
    }
}

/// Returns the normal distribution of each dense feature in each class.
fn normals(train: &Examples, classes: usize) -> Vec<Vec<[f64; 3]>> {
    let (rows, width) = (train.rows(), train.rows().width());
    let all = classes; // behind the classes, all examples together
    let moments = |of: &dyn Fn(usize) -> bool| -> Vec<[f64; 2]> {
        let chosen = || (0..train.len()).filter(|&row| of(row));
        let count = chosen().count().max(1) as f64;
        let mut means = vec![0.0; width];
        for row in chosen() {
            means
                .iter_mut()
                .zip(rows.dense(row))
                .for_each(|(m, x)| *m += x);
        }
        means.iter_mut().for_each(|mean| *mean /= count);
        let mut variances = vec![0.0; width];
        for row in chosen() {
            for ((variance, x), mean) in variances.iter_mut().zip(rows.dense(row)).zip(&means) {
                *variance += (x - mean) * (x - mean);
            }
        }
        means
            .into_iter()
            .zip(variances)
            .map(|(m, v)| [m, v / count])
            .collect()
    };
    if width == 0 {
        return vec![Vec::new(); classes];
    }
    let of_class =
        |class: usize| moments(&|row| class == all || train.labels()[row] as usize == class);
    let largest = of_class(all).iter().map(|m| m[1]).fold(0.0, f64::max);
    let added = (largest * VARIANCE_SHARE).max(f64::MIN_POSITIVE);
    let normal = |[mean, variance]: [f64; 2]| {
        let variance = variance + added;
        [mean, variance, -0.5 * ln(std::f64::consts::TAU * variance)]
    };
    (0..classes)
        .map(|class| of_class(class).into_iter().map(normal).collect())
        .collect()
}

impl Model for Bayes {
    fn predict(&self, rows: &Rows, row: usize) -> Prediction {
        let mut scores = self.priors.clone();
        if scores.iter().all(|score| *score == f64::NEG_INFINITY) {
            scores.fill(0.0); // no examples
        }
        let (columns, values) = rows.sparse(row);
        for (column, value) in columns.iter().zip(values) {
            if let Some(shares) = self.shares.get(column) {
                scores
                    .iter_mut()
                    .zip(shares)
                    .for_each(|(score, share)| *score += value * share);
            }
        }
        for (score, normals) in scores.iter_mut().zip(&self.normals) {
            for (x, [mean, variance, constant]) in rows.dense(row).iter().zip(normals) {
                *score += constant - (x - mean) * (x - mean) / (2.0 * variance);
            }
        }
        let probabilities = softmax(&scores);
        decide(&scores, Some(probabilities))
    }
}
