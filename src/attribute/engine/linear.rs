//! The ridge classifier without fitting again: its scores are linear in the one-hot classes.
//!
//! What a player's relabels add to the scores is learnt by itself, once; a coalition adds up what
//! its players add. Players that bring, take away or change features are another matrix, and for
//! each set of them there is one fit.

use std::sync::{Arc, Mutex, PoisonError};

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::super::cause::Cause;
use super::super::versions::Game;
use super::Engine;
use super::refit::asked;
use crate::learn::{Ridge, Rows, decide};

/// How many numbers of solved matrices are kept.
const KEPT: usize = 64 << 20;

/// What one player adds to the scores of all questions.
struct Added {
    player: u32,
    /// Class, and what is added to its score, question by question.
    columns: Vec<(u32, Vec<f64>)>,
}

/// One matrix, solved.
struct Solved {
    /// The scores without any relabels: all classes of a question, then the next.
    base: Vec<f64>,
    added: Vec<Added>,
}

/// Ridge scores for all coalitions.
pub(in crate::attribute) struct Linear<'a> {
    game: &'a Game<'a>,
    learner: Ridge,
    questions: Rows,
    /// What a fit costs beside an answer, which adds up what each player adds.
    thrift: u64,
    /// Which players do nothing but relabel.
    relabels: Vec<bool>,
    kept: Mutex<FxHashMap<Vec<bool>, Arc<Solved>>>,
}

impl<'a> Linear<'a> {
    /// Prepares for a game; `None` where what all players add would not fit into memory.
    pub(in crate::attribute) fn new(game: &'a Game<'a>, learner: Ridge) -> Option<Self> {
        let mut relabels = vec![true; game.players.len()];
        for entry in &game.train {
            let same_row = match (entry.from, entry.to) {
                (Some(from), Some(to)) => from.1 == to.1,
                _ => false,
            };
            if let (Some(player), false) = (entry.player, same_row) {
                relabels[player as usize] = false;
            }
        }
        let mut touched: Vec<(u32, u32)> = Vec::new();
        for entry in &game.train {
            if let (Some(player), Some(from), Some(to)) = (entry.player, entry.from, entry.to)
                && relabels[player as usize]
            {
                touched.extend([(player, from.0), (player, to.0)]);
            }
        }
        touched.sort_unstable();
        touched.dedup();
        let width = game.versions.classes + touched.len();
        let lines = game.train.len().max(game.questions.len());
        (lines.saturating_mul(width) <= KEPT).then(|| Self {
            thrift: (4096 / touched.len().max(64) as u64).max(1),
            questions: asked(game),
            kept: Mutex::default(),
            learner,
            relabels,
            game,
        })
    }

    /// Returns the matrix of the players that change it.
    fn solved(&self, applied: &[bool]) -> Arc<Solved> {
        let pairs = applied.iter().zip(&self.relabels);
        let key: Vec<bool> = pairs
            .map(|(applied, relabels)| *applied && !relabels)
            .collect();
        let kept = || self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = kept().get(&key) {
            return known.clone();
        }
        let solved = Arc::new(self.solve(&key));
        let numbers = |one: &Solved| {
            let added = one.added.iter().flat_map(|added| &added.columns);
            one.base.len() + added.map(|(_, column)| column.len()).sum::<usize>()
        };
        let mut kept = kept();
        if (kept.len() + 1) * numbers(&solved) < KEPT {
            kept.insert(key, solved.clone());
        }
        solved
    }

    fn solve(&self, applied: &[bool]) -> Solved {
        let classes = self.game.versions.classes;
        let mut rows = Vec::new();
        let mut ones: Vec<(usize, usize, f64)> = Vec::new();
        // A column for each class, then one for each class that a player's relabels touch.
        let mut columns: Vec<(u32, u32)> = Vec::new();
        let mut places: FxHashMap<(u32, u32), usize> = FxHashMap::default();
        for entry in &self.game.train {
            let Some((label, row)) = entry.state(applied) else {
                continue;
            };
            let at = rows.len();
            rows.push(row as usize);
            ones.push((at, label as usize, 1.0));
            let Some(player) = entry
                .player
                .filter(|player| self.relabels[*player as usize])
            else {
                continue;
            };
            let mut put = |class: u32, value: f64| {
                let place = *places.entry((player, class)).or_insert_with(|| {
                    columns.push((player, class));
                    classes + columns.len() - 1
                });
                ones.push((at, place, value));
            };
            if let (Some((old, _)), Some((new, _))) = (entry.from, entry.to) {
                put(old, -1.0);
                put(new, 1.0);
            }
        }
        let width = classes + columns.len();
        let mut targets = vec![0.0; rows.len() * width];
        for (row, column, value) in ones {
            targets[row * width + column] += value;
        }
        let train = self.game.versions.rows.select(&rows);
        let scores = (self.learner).responses(&train, targets, width, &self.questions);
        let lines = || scores.chunks_exact(width.max(1));
        let mut added: Vec<Added> = Vec::new();
        let mut order: Vec<usize> = (0..columns.len()).collect();
        order.sort_by_key(|at| columns[*at]);
        for at in order {
            let (player, class) = columns[at];
            let column = (class, lines().map(|line| line[classes + at]).collect());
            match added.last_mut() {
                Some(last) if last.player == player => last.columns.push(column),
                _ => added.push(Added {
                    player,
                    columns: vec![column],
                }),
            }
        }
        Solved {
            base: lines().flat_map(|line| &line[..classes]).copied().collect(),
            added,
        }
    }

    /// Returns the classes that have training records.
    fn seen(&self, applied: &[bool]) -> Vec<u32> {
        let mut there = vec![false; self.game.versions.classes];
        for entry in &self.game.train {
            if let Some((label, _)) = entry.state(applied) {
                there[label as usize] = true;
            }
        }
        let classes = (0u32..).zip(there);
        classes
            .filter(|(_, there)| *there)
            .map(|(class, _)| class)
            .collect()
    }
}

impl Engine for Linear<'_> {
    fn answers(&self, applied: &[bool]) -> Vec<u32> {
        let seen = self.seen(applied);
        let questions = self.questions.len();
        if let [] | [_] = seen.as_slice() {
            return vec![seen.first().copied().unwrap_or(0); questions];
        }
        let solved = self.solved(applied);
        let classes = self.game.versions.classes;
        let added: Vec<&Added> = (solved.added.iter())
            .filter(|added| applied[added.player as usize])
            .collect();
        let questions = (0..questions).into_par_iter().with_min_len(256);
        questions
            .map(|question| {
                let mut scores = solved.base[question * classes..(question + 1) * classes].to_vec();
                for (class, column) in added.iter().flat_map(|added| &added.columns) {
                    scores[*class as usize] += column[question];
                }
                let scores: Vec<f64> = seen.iter().map(|class| scores[*class as usize]).collect();
                seen.get(decide(&scores, None).class as usize)
                    .copied()
                    .unwrap_or(0)
            })
            .collect()
    }

    fn movers(&self, _question: u32) -> Option<&[u32]> {
        None
    }

    fn answer(&self, _question: u32, _applied: &dyn Fn(u32) -> bool) -> u32 {
        u32::MAX
    }

    fn thrift(&self, cause: Cause) -> u64 {
        match cause {
            Cause::TrainRelabel | Cause::Vocabulary => self.thrift,
            _ => 1,
        }
    }
}
