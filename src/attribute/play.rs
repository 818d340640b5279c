//! Coalitions evaluated: counters of the score, and what a step from one to another moves.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rustc_hash::FxHashMap;

use super::engine::Engine;
use super::error::Error;
use super::metric::Metric;
use super::versions::Game;

/// How many answers are kept, so that no coalition is asked twice.
const KEPT: usize = 32 << 20;

/// The counters of one coalition.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Sheet {
    pub(super) num: i64,
    pub(super) den: i64,
    /// What each live test record adds.
    counts: Vec<(i8, i8)>,
}

impl Sheet {
    pub(super) fn value(&self) -> f64 {
        self.num as f64 / self.den as f64
    }
}

/// A game with a model and a score.
pub(super) struct Play<'g> {
    pub(super) game: &'g Game<'g>,
    pub(super) metric: Metric,
    pub(super) engine: &'g dyn Engine,
    /// The test records of which a coalition can change what they add.
    pub(super) live: Vec<u32>,
    /// The counters of all others.
    rest: (i64, i64),
    kept: Mutex<FxHashMap<Vec<u64>, Arc<Vec<u32>>>>,
    /// Which players change training records.
    trains: Vec<bool>,
    runs: AtomicU64,
}

impl<'g> Play<'g> {
    pub(super) fn new(game: &'g Game<'g>, metric: Metric, engine: &'g dyn Engine) -> Self {
        let moves = |question: &u32| engine.movers(*question).is_none_or(|who| !who.is_empty());
        let is_live = |at: usize| {
            let entry = &game.test[at];
            entry.player.is_some() || game.asked[at].iter().flatten().any(moves)
        };
        let (live, fixed): (Vec<usize>, Vec<usize>) =
            (0..game.test.len()).partition(|&at| is_live(at));
        let mut out = Self {
            live: live.into_iter().map(|at| at as u32).collect(),
            rest: (0, 0),
            kept: Mutex::default(),
            trains: (game.players.iter()).map(|p| p.cause.trains()).collect(),
            runs: AtomicU64::new(0),
            game,
            metric,
            engine,
        };
        if !fixed.is_empty() {
            let nothing = vec![false; game.players.len()];
            let answers = out.answers(&nothing);
            for at in fixed {
                let (num, den) = out.counts(at, &nothing, &answers);
                out.rest.0 += num;
                out.rest.1 += den;
            }
        }
        out
    }

    /// Returns how many coalitions the model was asked about.
    pub(super) fn runs(&self) -> u64 {
        self.runs.load(Ordering::Relaxed)
    }

    /// Returns the answers of a coalition.
    pub(super) fn answers(&self, applied: &[bool]) -> Arc<Vec<u32>> {
        let mut key = vec![0u64; applied.len().div_ceil(64)];
        for (at, _) in (applied.iter().zip(&self.trains).enumerate())
            .filter(|(_, (applied, trains))| **applied && **trains)
        {
            key[at / 64] |= 1 << (at % 64);
        }
        let kept = || self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = kept().get(&key) {
            return known.clone();
        }
        let answers = Arc::new(self.engine.answers(applied));
        self.runs.fetch_add(1, Ordering::Relaxed);
        let mut kept = kept();
        if kept.len() * answers.len() < KEPT {
            kept.insert(key, answers.clone());
        }
        answers
    }

    /// Returns what a test record adds.
    pub(super) fn counts(&self, at: usize, applied: &[bool], answers: &[u32]) -> (i64, i64) {
        let entry = &self.game.test[at];
        let newer = usize::from(entry.applied(applied));
        match (entry.state(applied), self.game.asked[at][newer]) {
            (Some((truth, _)), Some(question)) => self.metric.of(truth, answers[question as usize]),
            _ => (0, 0),
        }
    }

    /// Returns the counters of a coalition.
    pub(super) fn sheet(&self, applied: &[bool]) -> Result<Sheet, Error> {
        let answers = self.answers(applied);
        let (mut num, mut den) = self.rest;
        let mut counts = Vec::with_capacity(self.live.len());
        for &at in &self.live {
            let (n, d) = self.counts(at as usize, applied, &answers);
            num += n;
            den += d;
            counts.push((n as i8, d as i8));
        }
        match den {
            0 if self.metric == Metric::Accuracy => Err(Error::NoCommonTest),
            0 => Err(Error::Undefined),
            _ => Ok(Sheet { num, den, counts }),
        }
    }

    /// Adds to each live test record its share of the step from one coalition to another, times
    /// `weight`. With the change of its counters, (dn, dd), and values u and u' before and after:
    /// u' - u = sum of (dn - u dd) / D' = sum of (dn - u' dd) / D, and half of each is taken, so
    /// that the way back has the same shares with the other sign.
    pub(super) fn step(&self, from: &Sheet, to: &Sheet, weight: f64, shares: &mut [f64]) {
        let (before, after) = (from.value(), to.value());
        let (old, new) = (0.5 * weight / from.den as f64, 0.5 * weight / to.den as f64);
        let pairs = from.counts.iter().zip(&to.counts);
        for (share, (a, b)) in shares.iter_mut().zip(pairs) {
            if a != b {
                let (num, den) = (f64::from(b.0 - a.0), f64::from(b.1 - a.1));
                *share += (num - before * den) * new + (num - after * den) * old;
            }
        }
    }
}
