//! The upper game: the causes that are live, each made whole or not at all.

use std::ops::Range;

use super::cause::Cause;
use super::error::Error;
use super::play::{Play, Sheet};
use super::shapley::Given;
use super::tally::Tally;

/// All coalitions of causes.
pub(super) struct Causes {
    pub(super) all: Vec<(Cause, Range<usize>)>,
    /// By coalition, bit i for cause i.
    pub(super) sheets: Vec<Sheet>,
    pub(super) given: Given,
    players: usize,
}

impl Causes {
    pub(super) fn new(play: &Play<'_>, given: Given) -> Result<Self, Error> {
        let mut out = Self {
            all: play.game.causes(),
            sheets: Vec::new(),
            players: play.game.players.len(),
            given,
        };
        for coalition in 0..1usize << out.all.len() {
            out.sheets.push(play.sheet(&out.applied(coalition))?);
        }
        Ok(out)
    }

    /// Returns which players a coalition of causes applies.
    pub(super) fn applied(&self, coalition: usize) -> Vec<bool> {
        let mut out = vec![false; self.players];
        for (at, (_, range)) in self.all.iter().enumerate() {
            out[range.clone()].fill(coalition & (1 << at) != 0);
        }
        out
    }

    /// Returns the coalitions of the other causes with their weights, those of weight 0 left out.
    pub(super) fn others(&self, cause: usize) -> Vec<(usize, f64)> {
        let weights = self.given.weights(self.all.len());
        let without = (0..self.sheets.len()).filter(|all| all & (1 << cause) == 0);
        let weighed = without.map(|all| (all, weights[all.count_ones() as usize]));
        weighed.filter(|(_, weight)| *weight > 0.0).collect()
    }

    /// Returns what each cause moved.
    pub(super) fn tallies(&self, play: &Play<'_>) -> Vec<Tally> {
        let of = |cause: usize| {
            let mut shares = vec![0.0; play.live.len()];
            for (others, weight) in self.others(cause) {
                let with = &self.sheets[others | 1 << cause];
                play.step(&self.sheets[others], with, weight, &mut shares);
            }
            Tally::of(&shares)
        };
        (0..self.all.len()).map(of).collect()
    }

    /// Returns what all changes together moved.
    pub(super) fn whole(&self, play: &Play<'_>) -> Tally {
        let mut shares = vec![0.0; play.live.len()];
        if let (Some(first), Some(last)) = (self.sheets.first(), self.sheets.last()) {
            play.step(first, last, 1.0, &mut shares);
        }
        Tally::of(&shares)
    }
}
