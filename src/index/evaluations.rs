//! Rows of evaluations that are attached to commits, and of their scores.

use rusqlite::{OptionalExtension as _, params};

use crate::base::ObjectId;
use crate::object::Evaluation;

use super::commits::{Number, signed};
use super::error::Error;
use super::write::Transaction;

impl Transaction<'_> {
    /// Returns whether an evaluation is there.
    pub fn has_evaluation(&self, id: &ObjectId) -> Result<bool, Error> {
        let found = self
            .connection()
            .prepare_cached("SELECT 1 FROM evaluations WHERE id = ?1")
            .and_then(|mut statement| {
                let row = statement.query_row([id.to_string()], |_| Ok(()));
                row.optional()
            });
        found.map(|row| row.is_some()).map_err(self.error())
    }

    /// Puts an evaluation with its scores, in their order.
    pub fn put_evaluation(&self, id: &ObjectId, evaluation: &Evaluation) -> Result<(), Error> {
        self.execute(
            "INSERT OR REPLACE INTO evaluations VALUES (?1,?2,?3,?4,?5,?6,?7,?8)",
            params![
                id.to_string(),
                evaluation.commit.to_string(),
                evaluation.name,
                evaluation.dataset,
                evaluation.field,
                evaluation.definition.to_string(),
                signed(evaluation.train.records),
                signed(evaluation.test.records),
            ],
        )?;
        for (number, score) in (0i64..).zip(&evaluation.scores) {
            self.execute(
                "INSERT OR REPLACE INTO scores VALUES (?1,?2,?3,?4,?5,?6)",
                params![
                    id.to_string(),
                    number,
                    score.name,
                    score.class,
                    Number(score.num),
                    Number(score.den),
                ],
            )?;
        }
        Ok(())
    }
}
