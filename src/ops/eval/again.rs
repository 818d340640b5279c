//! Scores a stored evaluation again: its predictions against the records of its version.

use std::collections::BTreeMap;

use crate::dataset::Table;
use crate::evaluate::METRICS_VERSION;
use crate::object::{self, Commit, Definition, Evaluation, Predictions};
use crate::repo::Repo;

use super::super::assess::Version;
use super::super::error::Error;
use super::made::Made;
use super::sets::{self, Chosen, Wanted};
use super::vectors::Vectors;

/// What became of it.
pub(in crate::ops) enum Again {
    /// What the predictions are worth, as it would be stored.
    Scored(Box<Evaluation>),
    /// Why it cannot be scored here.
    Unprovable(String),
}

/// Scores the predictions of an evaluation again. Nothing is fitted: whether a model says this of
/// the records is not asked.
pub(in crate::ops) fn again(repo: &Repo, sealed: &Evaluation) -> Result<Again, Error> {
    let source = &repo.store;
    let commit: Commit = object::get(source, &sealed.commit)?;
    let definition: Definition = object::get(source, &sealed.definition)?;
    if definition.metrics != METRICS_VERSION {
        let why = format!("scored by version {} of the scores", definition.metrics);
        return Ok(Again::Unprovable(why));
    }
    let version = Version::of_commit(source, &commit)?;
    let Some(declaration) = version.declarations.get(&sealed.dataset) else {
        let why = format!("the version does not declare {}", sealed.dataset);
        return Ok(Again::Unprovable(why));
    };
    let table = Table::open(source, &version.entries, declaration)?;
    let table = sets::as_defined(table, &definition);
    let chosen = Chosen::parse(definition.train.as_deref(), definition.test.as_deref())?;
    let files = (version.entries.as_slice(), &table);
    let wanted = match Vectors::of_definition(source, files, &sealed.name, &definition) {
        Ok(vectors) => Wanted {
            vectors,
            ..Wanted::default()
        },
        Err(error @ Error::NotEvaluated { .. }) => {
            return Ok(Again::Unprovable(error.to_string()));
        }
        Err(error) => return Err(error),
    };
    let sets = sets::read(source, &table, &sealed.field, &chosen, &wanted)?;
    let predictions = Predictions::read(source, &sealed.predictions)?;
    // Learners of our own speak the words that they have learnt.
    let renamed = match definition.learner.as_str() {
        "import" | "command" => declaration.rename.clone(),
        _ => BTreeMap::new(),
    };
    let asked = (definition, sealed.field.clone());
    let names = (sealed.name.as_str(), sealed.dataset.as_str());
    match Made::of(names, asked, sets, predictions, &renamed) {
        Ok(made) => {
            let ids = (sealed.definition, sealed.predictions);
            let found = made.evaluation((sealed.commit, commit.snapshot), ids);
            Ok(Again::Scored(Box::new(found)))
        }
        Err(error @ (Error::NoTestRecords { .. } | Error::NoPrediction { .. })) => {
            Ok(Again::Unprovable(error.to_string()))
        }
        Err(error) => Err(error),
    }
}
