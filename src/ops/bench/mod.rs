//! `bench`: DataPerf's scores of what people or programs did to the data, under a fixed model. One
//! file a task; definitions: docs/curation.md.
//!
//! Invariant: counts of right predictions are integers, and whether a goal is reached is decided by
//! them; shares are made of them last.

mod debugging;
mod engine;
mod selection;
mod slicing;
mod valuation;

use crate::base::ObjectId;
use crate::config::EvaluationConfig;
use crate::dataset::Table;
use crate::evaluate::{Confusion, Score, scores};
use crate::learn::{Examples, Learner, fit_seen};
use crate::repo::Repo;

pub use debugging::{DebuggingOptions, DebuggingReport, Point, debugging};
pub use selection::{Baseline, SelectionOptions, SelectionReport, selection};
pub use slicing::{Precision, SlicingOptions, SlicingReport, TruthSlice, slicing};
pub use valuation::{ValuationOptions, ValuationReport, valuation};

use super::assess::Version;
use super::dataset;
use super::error::Error;
use super::eval::prepare::{Drawn, Frozen, Part, Prepared, draw, learner_of};
use super::eval::run::working_declarations;
use super::eval::said;
use super::eval::sets::Chosen;

/// A list of records that is scored.
#[derive(Clone, Debug)]
pub struct ListFile {
    /// What the file is called.
    pub name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// A version with the evaluation that is asked of it.
struct Opened {
    commit: ObjectId,
    config: EvaluationConfig,
    data: Data,
}

/// The data set of an evaluation in a version.
struct Data {
    version: Version,
    table: Table,
}

impl Data {
    /// Reads the records that train and test.
    fn draw(
        &self,
        repo: &Repo,
        config: &EvaluationConfig,
        also: &[String],
    ) -> Result<Drawn, Error> {
        let files = (self.version.entries.as_slice(), &self.table);
        draw(&repo.store, files, config, also)
    }
}

/// Opens a version; the evaluation must be one of a learner of our own.
fn open(repo: &Repo, revision: &str, evaluation: Option<&str>) -> Result<Opened, Error> {
    let (commit, object) = repo.commit(revision)?;
    let version = Version::of_commit(&repo.store, &object)?;
    let config = said::declared(&working_declarations(repo)?, evaluation)?.clone();
    learner_of(&config)?;
    let data = data(repo, version, &config)?;
    Ok(Opened {
        commit,
        config,
        data,
    })
}

/// Opens the data set of an evaluation in another version.
fn open_under(
    repo: &Repo,
    revision: &str,
    config: &EvaluationConfig,
) -> Result<(ObjectId, Data), Error> {
    let (commit, object) = repo.commit(revision)?;
    let version = Version::of_commit(&repo.store, &object)?;
    Ok((commit, data(repo, version, config)?))
}

fn data(repo: &Repo, version: Version, config: &EvaluationConfig) -> Result<Data, Error> {
    let declaration = dataset::find(&version.declarations, &config.dataset)?;
    let table = Table::open(&repo.store, &version.entries, declaration)?;
    Chosen::of(config)?.check(&repo.store, &table)?;
    Ok(Data { version, table })
}

/// Fits a learner to examples and counts the right predictions.
fn correct(learner: &dyn Learner, train: &Examples, test: &Examples) -> u64 {
    let told = fit_seen(learner, train).predict_all(test.rows());
    let right = told.iter().zip(test.labels());
    right.filter(|(told, label)| told.class == **label).count() as u64
}

/// Fits a learner to examples and returns all scores of its predictions.
fn scored(
    (learner, config): (&dyn Learner, &EvaluationConfig),
    frozen: &Frozen,
    train: &Examples,
    prepared: &Prepared,
) -> Vec<Score> {
    let test = &prepared.test.examples;
    let told = fit_seen(learner, train).predict_all(test.rows());
    let name = |class: u32| {
        frozen
            .classes
            .get(class as usize)
            .map_or("", String::as_str)
    };
    let pairs = test.labels().iter().zip(&told);
    let pairs = pairs.map(|(label, told)| (name(*label), name(told.class)));
    scores(&Confusion::of(pairs), config.null_class.as_deref(), None)
}

/// Finds the training records of a list, each of which may be named once.
fn places(list: &ListFile, keys: &[Vec<String>], part: &Part) -> Result<Vec<usize>, Error> {
    let mut known = std::collections::HashMap::new();
    for (at, record) in part.records.iter().enumerate() {
        known
            .entry(record.key.as_slice())
            .and_modify(|at| *at = None)
            .or_insert(Some(at));
    }
    let wrong = |place: u64, reason: String| Error::WorkList {
        name: list.name.clone(),
        place,
        reason,
    };
    let mut seen = vec![false; part.records.len()];
    let mut out = Vec::with_capacity(keys.len());
    for (place, key) in (1..).zip(keys) {
        let named = key.join(", ");
        let at = match known.get(key.as_slice()) {
            None => Err(format!("`{named}` is no training record")),
            Some(None) => Err(format!("`{named}` is the key of several training records")),
            Some(Some(at)) if seen[*at] => Err(format!("`{named}` stands in it twice")),
            Some(Some(at)) => Ok(*at),
        };
        let at = at.map_err(|reason| wrong(place, reason))?;
        seen[at] = true;
        out.push(at);
    }
    Ok(out)
}
