//! Any learner, fitted anew for each coalition: the definition that the other engines must equal.

use super::super::versions::Game;
use super::Engine;
use crate::learn::{Examples, Learner, Rows, fit_seen};

/// Fits and asks.
pub(in crate::attribute) struct Refit<'a> {
    game: &'a Game<'a>,
    learner: &'a dyn Learner,
    questions: Rows,
}

impl<'a> Refit<'a> {
    pub(in crate::attribute) fn new(game: &'a Game<'a>, learner: &'a dyn Learner) -> Self {
        Self {
            game,
            learner,
            questions: asked(game),
        }
    }
}

/// Returns the rows of the questions.
pub(super) fn asked(game: &Game<'_>) -> Rows {
    let rows: Vec<usize> = game.questions.iter().map(|q| q.row as usize).collect();
    game.versions.rows.select(&rows)
}

/// Returns the training records of a coalition.
pub(super) fn examples(game: &Game<'_>, applied: &[bool]) -> Examples {
    let (mut rows, mut labels, mut ids) = (Vec::new(), Vec::new(), Vec::new());
    for entry in &game.train {
        if let Some((label, row)) = entry.state(applied) {
            rows.push(row as usize);
            labels.push(label);
            ids.push(game.versions.records[entry.record as usize].id);
        }
    }
    let rows = game.versions.rows.select(&rows);
    Examples::new(&rows, &labels, &ids, game.versions.classes)
}

impl Engine for Refit<'_> {
    fn answers(&self, applied: &[bool]) -> Vec<u32> {
        let model = fit_seen(self.learner, &examples(self.game, applied));
        let said = model.predict_all(&self.questions);
        said.into_iter().map(|one| one.class).collect()
    }

    fn movers(&self, _question: u32) -> Option<&[u32]> {
        None
    }

    fn answer(&self, _question: u32, _applied: &dyn Fn(u32) -> bool) -> u32 {
        u32::MAX
    }
}
