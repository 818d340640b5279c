//! The ridge classifier: least squares on one-hot classes.
//!
//! W = argmin |XW - Y|^2 + penalty |W|^2 = (X'X + penalty I)^-1 X'Y = X' (XX' + penalty I)^-1 Y.
//! The smaller of the two systems is solved: directly up to [`DIRECT`] unknowns, beyond by
//! conjugate gradients to a residual of 1e-11. A constant feature stands for the intercept.

use rayon::prelude::*;

use super::design::{Design, Places};
use super::examples::Examples;
use super::linear::Linear;
use super::rows::Rows;
use super::solve::{conjugate_gradients, factorise, substitute};
use super::{Learner, Model};

/// The largest system that is factorised.
const DIRECT: usize = 1024;

/// Least squares with a penalty on the weights.
#[derive(Clone, Copy, Debug)]
pub struct Ridge {
    /// How much squared weights cost.
    pub penalty: f64,
}

impl Default for Ridge {
    fn default() -> Self {
        Self { penalty: 1.0 }
    }
}

impl Ridge {
    pub(super) fn solve(&self, design: &Design, labels: &[u32], classes: usize) -> Vec<f64> {
        let mut targets = vec![0.0; labels.len() * classes];
        for (row, &label) in labels.iter().enumerate() {
            targets[row * classes + label as usize] = 1.0;
        }
        self.solve_for(design, targets, classes)
    }

    /// Returns what is said of `asked` after learning `width` numbers of each row of `train`, which
    /// stand row by row. It is linear in these numbers: what a change of them adds can be learnt
    /// by itself.
    pub fn responses(
        &self,
        train: &Rows,
        targets: Vec<f64>,
        width: usize,
        asked: &Rows,
    ) -> Vec<f64> {
        let places = Places::of(train);
        let design = Design::new(&places, train);
        let model = Linear {
            weights: self.solve_for(&design, targets, width),
            places,
            classes: width,
            link: None,
        };
        let rows = (0..asked.len()).into_par_iter().with_min_len(64);
        let scores: Vec<Vec<f64>> = rows.map(|row| model.scores(asked, row)).collect();
        scores.concat()
    }

    fn solve_for(&self, design: &Design, targets: Vec<f64>, classes: usize) -> Vec<f64> {
        let (rows, columns) = (design.rows(), design.columns());
        let primal = columns <= rows;
        if rows.min(columns) <= DIRECT {
            let (mut matrix, size, mut right) = match primal {
                true => {
                    let right = design.transposed_times(&targets, classes);
                    (design.column_gram(), columns, right)
                }
                false => (design.row_gram(), rows, targets),
            };
            (0..size).for_each(|at| matrix[at * size + at] += self.penalty);
            factorise(&mut matrix, size);
            substitute(&matrix, size, &mut right, classes);
            return match primal {
                true => right,
                false => design.transposed_times(&right, classes),
            };
        }
        let penalised = |mut product: Vec<f64>, numbers: &[f64]| {
            let pairs = product.iter_mut().zip(numbers);
            pairs.for_each(|(product, number)| *product += self.penalty * number);
            product
        };
        if primal {
            let right = design.transposed_times(&targets, classes);
            let apply = |weights: &[f64]| {
                let scores = design.times(weights, classes);
                penalised(design.transposed_times(&scores, classes), weights)
            };
            return conjugate_gradients(&apply, &right, classes);
        }
        let apply = |numbers: &[f64]| {
            let weights = design.transposed_times(numbers, classes);
            penalised(design.times(&weights, classes), numbers)
        };
        let dual = conjugate_gradients(&apply, &targets, classes);
        design.transposed_times(&dual, classes)
    }
}

impl Learner for Ridge {
    fn name(&self) -> &'static str {
        "ridge"
    }

    fn fit(&self, train: &Examples) -> Box<dyn Model> {
        let places = Places::of(train.rows());
        let design = Design::new(&places, train.rows());
        let classes = train.classes().max(1);
        Box::new(Linear {
            weights: self.solve(&design, train.labels(), classes),
            places,
            classes,
            link: None,
        })
    }
}
