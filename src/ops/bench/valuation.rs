//! `bench valuation`: how far the gain that was predicted of adding records is from the gain that
//! they bring (DataPerf's valuation task).

use std::collections::HashSet;

use crate::base::ObjectId;
use crate::curate::valuation::{Valuation, values};
use crate::dataset::Where;
use crate::dataset::r#where::Given;
use crate::learn::Examples;
use crate::record::{Cell, Type};
use crate::repo::Repo;

use super::super::assess::Version;
use super::super::condition;
use super::super::error::Error;
use super::super::eval::prepare::{Frozen, learner_of, nearest_of};
use super::{correct, open, open_under};

/// What is scored.
#[derive(Debug)]
pub struct ValuationOptions {
    /// The version with the added records.
    pub revision: String,
    /// The evaluation; `None` for the only one.
    pub evaluation: Option<String>,
    /// Which training records were added: those that pass.
    pub added: Option<Where>,
    /// Or those that this version does not have.
    pub since: Option<String>,
    /// The predicted gain in accuracy; the sum of the added records' values where none is given.
    pub predicted: Option<f64>,
    /// What the values are.
    pub method: Valuation,
    /// How many neighbours; those of the evaluation, else 5, where none is given.
    pub neighbours: Option<usize>,
}

/// The answer.
#[derive(Clone, Debug)]
pub struct ValuationReport {
    /// The version.
    pub commit: ObjectId,
    /// The evaluation.
    pub evaluation: String,
    /// Its model.
    pub model: String,
    /// How many training records there are without the added ones.
    pub before: u64,
    /// How many were added.
    pub added: u64,
    /// How many test records there are.
    pub test: u64,
    /// How many of them are predicted right without the added records.
    pub correct_before: u64,
    /// And with them.
    pub correct_after: u64,
    /// Where the prediction is from.
    pub method: String,
    /// The predicted gain in accuracy.
    pub predicted: f64,
    /// The actual one.
    pub actual: f64,
    /// How far they are apart, from 0: lower is better.
    pub difference: f64,
    /// What people should know of the answer.
    pub notes: Vec<String>,
}

/// Scores a predicted gain.
pub fn valuation(repo: &Repo, options: &ValuationOptions) -> Result<ValuationReport, Error> {
    if options
        .predicted
        .is_some_and(|gain| !(-1.0..=1.0).contains(&gain))
    {
        return Err(Error::Usage(
            "--predicted is a gain in accuracy, from -1 to 1".to_owned(),
        ));
    }
    let opened = open(repo, &options.revision, options.evaluation.as_deref())?;
    let config = &opened.config;
    let mut also = Vec::new();
    if let Some(added) = &options.added {
        let (_, object) = repo.commit(&options.revision)?;
        let version = Version::of_commit(&repo.store, &object)?;
        condition::check(&repo.store, added, &[&version])?;
        also.extend(added.names().iter().map(|name| name.text.clone()));
    }
    let drawn = opened.data.draw(repo, config, &also)?;
    let frozen = Frozen::of(config, &drawn, &[&drawn])?;
    let prepared = frozen.apply(config, drawn)?;
    let (train, test) = (&prepared.train, &prepared.test.examples);
    let is_added: Vec<bool> = match (&options.added, &options.since) {
        (Some(added), None) => {
            let passes = |values: &[Option<String>]| {
                added.passes(&|at| match values.get(at).and_then(Option::as_deref) {
                    Some(text) => Given::Value(Type::of(Cell::text(text)), text.into()),
                    None => Given::Null,
                })
            };
            train
                .records
                .iter()
                .map(|record| passes(&record.values))
                .collect()
        }
        (None, Some(since)) => {
            let (_, older) = open_under(repo, since, config)?;
            let before = older.draw(repo, config, &[])?;
            let known: HashSet<&[String]> = before
                .sets
                .training
                .iter()
                .map(|record| record.key.as_slice())
                .collect();
            let is_new = |key: &[String]| !known.contains(key);
            train
                .records
                .iter()
                .map(|record| is_new(&record.key))
                .collect()
        }
        _ => {
            let words = "say which records were added: either --added EXPR or --since REV";
            return Err(Error::Usage(words.to_owned()));
        }
    };
    let base: Vec<usize> = (0..train.records.len())
        .filter(|at| !is_added[*at])
        .collect();
    let learner = learner_of(config)?;
    let right = |examples: &Examples| correct(&*learner, examples, test);
    let (before, after) = (right(&train.examples.subset(&base)), right(&train.examples));
    let share = |right: u64| right as f64 / test.len().max(1) as f64;
    let mut notes = frozen.described(config);
    let own = nearest_of(config).neighbours;
    let k = options.neighbours.unwrap_or(own);
    let (predicted, method) = match options.predicted {
        Some(predicted) => (predicted, "given".to_owned()),
        None => {
            let tests = (test.rows(), test.labels());
            let found = values(&train.examples, tests, options.method, k, None);
            let of_added = found
                .values
                .iter()
                .zip(&is_added)
                .filter(|(_, added)| **added);
            notes.push(
                "a sum of values is the added records' share of what all gain over none, not \
                 what they gain over the others"
                    .to_owned(),
            );
            let sum = of_added.fold(0.0, |sum, (value, _)| sum + value);
            (sum, format!("sum of {}(K = {k})", options.method.name()))
        }
    };
    let actual = (after as f64 - before as f64) / test.len().max(1) as f64;
    debug_assert!((actual - (share(after) - share(before))).abs() < 1e-9);
    Ok(ValuationReport {
        commit: opened.commit,
        evaluation: config.name.clone(),
        model: config.model.clone(),
        before: base.len() as u64,
        added: (train.records.len() - base.len()) as u64,
        test: test.len() as u64,
        correct_before: before,
        correct_after: after,
        method,
        predicted,
        actual,
        difference: (predicted - actual).abs(),
        notes,
    })
}
