//! Multinomial logistic regression by L-BFGS.
//!
//! Minimises the sum of -ln p(class) over the examples + penalty/2 |W|^2, the constant's weights
//! excepted. Starts at zero and stops where no entry of the gradient exceeds 1e-4 a record.

use std::collections::VecDeque;

use rayon::prelude::*;

use super::design::{Design, Places};
use super::examples::Examples;
use super::linear::Linear;
use super::solve::dot;
use super::{Learner, Model};
use crate::base::elementary::{exp, ln};

/// How many pairs of steps approximate the curvature.
const MEMORY: usize = 5;
const MOST_STEPS: usize = 300;
const TOLERANCE: f64 = 1e-4;

/// Softmax regression with a penalty on the weights.
#[derive(Clone, Copy, Debug)]
pub struct Logistic {
    /// How much half the squared weights cost.
    pub penalty: f64,
}

impl Default for Logistic {
    fn default() -> Self {
        Self { penalty: 1.0 }
    }
}

/// Returns the softmax of scores.
pub(super) fn softmax(scores: &[f64]) -> Vec<f64> {
    let most = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if !most.is_finite() {
        return vec![1.0 / scores.len().max(1) as f64; scores.len()];
    }
    let mut out: Vec<f64> = scores.iter().map(|score| exp(score - most)).collect();
    let sum: f64 = out.iter().sum();
    out.iter_mut().for_each(|p| *p /= sum);
    out
}

/// What is minimised.
pub(super) struct Objective<'a> {
    pub(super) design: &'a Design,
    pub(super) labels: &'a [u32],
    pub(super) classes: usize,
    pub(super) penalty: f64,
    /// The place of the constant, which is not penalised.
    pub(super) constant: usize,
}

impl Objective<'_> {
    /// Returns the value and the gradient.
    pub(super) fn at(&self, weights: &[f64]) -> (f64, Vec<f64>) {
        let classes = self.classes;
        let mut scores = self.design.times(weights, classes);
        let losses: Vec<f64> = scores
            .par_chunks_exact_mut(classes)
            .zip(self.labels)
            .with_min_len(64)
            .map(|(scores, &label)| {
                let mut p = softmax(scores);
                let loss = -ln(p[label as usize].max(f64::MIN_POSITIVE));
                p[label as usize] -= 1.0;
                scores.copy_from_slice(&p);
                loss
            })
            .collect();
        let mut gradient = self.design.transposed_times(&scores, classes);
        let mut value: f64 = losses.iter().sum();
        let penalised = self.constant * classes; // the constant comes last
        value += 0.5 * self.penalty * dot(&weights[..penalised], &weights[..penalised]);
        for (slope, weight) in gradient.iter_mut().zip(&weights[..penalised]) {
            *slope += self.penalty * weight;
        }
        (value, gradient)
    }
}

struct Step {
    moved: Vec<f64>,
    turned: Vec<f64>,
    scale: f64,
}

/// Returns the direction in which the approximated curvature says that the minimum is.
fn direction(gradient: &[f64], steps: &VecDeque<Step>) -> Vec<f64> {
    let mut out: Vec<f64> = gradient.iter().map(|slope| -slope).collect();
    let add = |out: &mut Vec<f64>, factor: f64, more: &[f64]| {
        out.iter_mut().zip(more).for_each(|(a, b)| *a += factor * b);
    };
    let mut factors = Vec::new();
    for step in steps.iter().rev() {
        let factor = step.scale * dot(&step.moved, &out);
        add(&mut out, -factor, &step.turned);
        factors.push(factor);
    }
    if let Some(last) = steps.back() {
        let scale = 1.0 / (last.scale * dot(&last.turned, &last.turned));
        out.iter_mut().for_each(|a| *a *= scale);
    }
    for (step, factor) in steps.iter().zip(factors.into_iter().rev()) {
        let back = step.scale * dot(&step.turned, &out);
        add(&mut out, factor - back, &step.moved);
    }
    out
}

fn minimise(objective: &Objective<'_>) -> Vec<f64> {
    let mut weights = vec![0.0; objective.design.columns() * objective.classes];
    let (mut value, mut gradient) = objective.at(&weights);
    let goal = TOLERANCE * objective.labels.len().max(1) as f64;
    let mut steps: VecDeque<Step> = VecDeque::new();
    for _ in 0..MOST_STEPS {
        if gradient.iter().all(|slope| slope.abs() <= goal) {
            break;
        }
        let mut towards = direction(&gradient, &steps);
        let mut slope = dot(&towards, &gradient);
        if slope >= 0.0 {
            steps.clear();
            towards = direction(&gradient, &steps);
            slope = dot(&towards, &gradient);
        }
        // The first step has no curvature to go by: it is made no longer than 1.
        let mut length = match steps.is_empty() {
            true => 1.0 / dot(&gradient, &gradient).sqrt().max(1.0),
            false => 1.0,
        };
        let mut next = None;
        for _ in 0..40 {
            let there: Vec<f64> = weights
                .iter()
                .zip(&towards)
                .map(|(w, d)| w + length * d)
                .collect();
            let (found, turned) = objective.at(&there);
            if found <= value + 1e-4 * length * slope {
                next = Some((there, found, turned));
                break;
            }
            length *= 0.5;
        }
        // No shorter step helps: rounding is all that is left.
        let Some((there, found, turned)) = next else {
            break;
        };
        let moved: Vec<f64> = there.iter().zip(&weights).map(|(a, b)| a - b).collect();
        let turn: Vec<f64> = turned.iter().zip(&gradient).map(|(a, b)| a - b).collect();
        let curvature = dot(&moved, &turn);
        if curvature > 1e-12 * dot(&moved, &moved) {
            if steps.len() == MEMORY {
                steps.pop_front();
            }
            steps.push_back(Step {
                moved,
                turned: turn,
                scale: 1.0 / curvature,
            });
        }
        (weights, value, gradient) = (there, found, turned);
    }
    weights
}

impl Learner for Logistic {
    fn name(&self) -> &'static str {
        "logistic"
    }

    fn fit(&self, train: &Examples) -> Box<dyn Model> {
        let places = Places::of(train.rows());
        let design = Design::new(&places, train.rows());
        let classes = train.classes().max(1);
        let weights = minimise(&Objective {
            design: &design,
            labels: train.labels(),
            classes,
            penalty: self.penalty,
            constant: places.constant(),
        });
        Box::new(Linear {
            places,
            weights,
            classes,
            link: Some(softmax),
        })
    }
}
