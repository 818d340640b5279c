//! Dawid and Skene's consensus: annotators have error rates, which EM estimates together with the
//! classes of the items.
//!
//! Invariant: the same bits on any number of threads. Items are worked on one by one, and sums over
//! them run in their order. Without smoothing, the log-likelihood never falls from round to round.

use rayon::prelude::*;

use super::votes::{Verdict, Votes};
use crate::base::elementary::{exp2, log2};

/// The variant: all that decides the numbers.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct DawidSkene {
    /// Whether classes have prior probabilities, estimated from their shares; else all are alike.
    pub prior: bool,
    /// What is added to each count of an annotator's table before it becomes rates.
    pub smoothing: f64,
    /// The most rounds.
    pub rounds: u32,
    /// It ends where the log-likelihood (to base 2) of a rating grew by less than this.
    pub tolerance: f64,
}

impl Default for DawidSkene {
    fn default() -> Self {
        Self {
            prior: true,
            smoothing: 0.0,
            rounds: 200,
            tolerance: 1e-9,
        }
    }
}

impl DawidSkene {
    /// Returns its name: `dawid-skene(init=shares,prior=yes,...)`.
    pub fn name(&self) -> String {
        let prior = if self.prior { "yes" } else { "no" };
        format!(
            "dawid-skene(init=shares,prior={prior},smoothing={},rounds<={},tolerance={:e},ties=none)",
            self.smoothing, self.rounds, self.tolerance
        )
    }
}

/// What EM found.
#[derive(Clone, PartialEq, Debug)]
pub struct Fit {
    /// The probability of each class, item by item.
    pub posteriors: Vec<f64>,
    /// The probability of each class before any rating.
    pub priors: Vec<f64>,
    /// How often each annotator says each class, by true class: annotator, true class, said class.
    pub rates: Vec<f64>,
    /// The log-likelihood to base 2 after each round.
    pub likelihoods: Vec<f64>,
    /// Whether it ended by itself.
    pub converged: bool,
    classes: usize,
}

/// Two probabilities that differ by less are a tie.
const TIE: f64 = 1e-9;

impl Fit {
    /// Returns what is decided of each item, in order.
    pub fn verdicts(&self) -> impl Iterator<Item = Verdict> {
        self.posteriors.chunks(self.classes.max(1)).map(|classes| {
            let score = classes.iter().copied().fold(0.0, f64::max);
            let mut best = (0..).zip(classes).filter(|(_, p)| score - **p < TIE);
            let class = best
                .next()
                .map(|(class, _)| class)
                .filter(|_| best.next().is_none());
            Verdict { class, score }
        })
    }
}

/// Fits the model to the votes.
pub fn dawid_skene(votes: &Votes, variant: &DawidSkene) -> Fit {
    let mut fit = Fit {
        posteriors: shares(votes),
        priors: Vec::new(),
        rates: Vec::new(),
        likelihoods: Vec::new(),
        converged: votes.items.is_empty(),
        classes: votes.classes,
    };
    while !fit.converged && (fit.likelihoods.len() as u32) < variant.rounds {
        fit.estimate_rates(votes, variant);
        let likelihood = fit.estimate_classes(votes);
        let before = fit.likelihoods.last().copied();
        fit.likelihoods.push(likelihood);
        let least = variant.tolerance * votes.ratings.len() as f64;
        fit.converged = before.is_some_and(|before| likelihood - before < least);
    }
    fit
}

/// The first guess: each class has its share of the item's ratings.
fn shares(votes: &Votes) -> Vec<f64> {
    let mut posteriors = vec![0.0; votes.items.len() * votes.classes];
    for (item, row) in votes
        .by_item()
        .zip(posteriors.chunks_mut(votes.classes.max(1)))
    {
        for (_, class) in item {
            row[*class as usize] += 1.0;
        }
        row.iter_mut().for_each(|share| *share /= item.len() as f64);
    }
    posteriors
}

impl Fit {
    fn estimate_rates(&mut self, votes: &Votes, variant: &DawidSkene) {
        let k = self.classes;
        self.priors = vec![0.0; k];
        self.rates = vec![variant.smoothing; votes.annotators * k * k];
        for (item, row) in votes.by_item().zip(self.posteriors.chunks(k)) {
            for (class, p) in row.iter().enumerate() {
                self.priors[class] += p;
                if *p > 0.0 {
                    for (annotator, said) in item {
                        self.rates[(*annotator as usize * k + class) * k + *said as usize] += p;
                    }
                }
            }
        }
        let items = votes.items.len() as f64;
        let alike = 1.0 / k as f64;
        for prior in &mut self.priors {
            *prior = if variant.prior { *prior / items } else { alike };
        }
        for row in self.rates.chunks_mut(k) {
            let sum: f64 = row.iter().sum();
            // Of a class that an annotator never met, nothing is known, and nothing asks.
            row.iter_mut()
                .for_each(|rate| *rate = if sum > 0.0 { *rate / sum } else { alike });
        }
    }

    /// Returns the log-likelihood of the rates that it used.
    fn estimate_classes(&mut self, votes: &Votes) -> f64 {
        let k = self.classes;
        let priors: Vec<f64> = self.priors.iter().map(|p| log(*p)).collect();
        let rates: Vec<f64> = self.rates.iter().map(|rate| log(*rate)).collect();
        let items: Vec<&[(u32, u32)]> = votes.by_item().collect();
        let one = |(row, item): (&mut [f64], &&[(u32, u32)])| {
            for (class, p) in row.iter_mut().enumerate() {
                *p = priors[class];
                for (annotator, said) in *item {
                    *p += rates[(*annotator as usize * k + class) * k + *said as usize];
                }
            }
            let best = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let mut sum = 0.0;
            for p in row.iter_mut() {
                *p = power(*p - best);
                sum += *p;
            }
            row.iter_mut().for_each(|p| *p /= sum);
            best + log(sum)
        };
        let rows = self.posteriors.par_chunks_mut(k).zip(&items);
        let likelihoods: Vec<f64> = rows.map(one).collect();
        likelihoods.iter().sum()
    }
}

/// The logarithm to base 2, of 0 too; what is too small to be normal counts as 0.
fn log(value: f64) -> f64 {
    if value < f64::MIN_POSITIVE {
        f64::NEG_INFINITY
    } else {
        log2(value)
    }
}

fn power(value: f64) -> f64 {
    if value < -1000.0 { 0.0 } else { exp2(value) }
}
