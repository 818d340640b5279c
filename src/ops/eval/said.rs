//! What a stored evaluation said of each test record, with values of the record.

use std::collections::HashMap;

use crate::base::ObjectId;
use crate::config::EvaluationConfig;
use crate::dataset::{Declarations, Table};
use crate::object::{self, Commit, Definition, Evaluation, Predictions};
use crate::repo::Repo;

use super::super::assess::Version;
use super::super::dataset;
use super::super::error::Error;
use super::made::spoken;
use super::sets::{self, Chosen, Record, Wanted};
use super::vectors::Vectors;

/// The test records of an evaluation.
pub(in crate::ops) struct Said {
    /// The table that they are of.
    pub table: Table,
    /// The records, in the order of their keys, with the values that were asked for.
    pub records: Vec<Record>,
    /// What was predicted of each; `None` where nothing was.
    pub said: Vec<Option<String>>,
}

/// Reads the test records of an evaluation; `fields` says which values are wanted of a table.
pub(in crate::ops) fn said(
    repo: &Repo,
    evaluation: &Evaluation,
    fields: &mut dyn FnMut(&Table) -> Result<Vec<String>, Error>,
) -> Result<Said, Error> {
    let commit: Commit = object::get(&repo.store, &evaluation.commit)?;
    let version = Version::of_commit(&repo.store, &commit)?;
    let declaration = dataset::find(&version.declarations, &evaluation.dataset)?;
    let definition: Definition = object::get(&repo.store, &evaluation.definition)?;
    let predictions = Predictions::read(&repo.store, &evaluation.predictions)?;
    let table = Table::open(&repo.store, &version.entries, declaration)?;
    let chosen = Chosen::parse(definition.train.as_deref(), definition.test.as_deref())?;
    let files = (version.entries.as_slice(), &table);
    let wanted = Wanted {
        fields: fields(&table)?,
        vectors: Vectors::of_definition(&repo.store, files, &evaluation.name, &definition)?,
        ..Wanted::default()
    };
    let table = sets::as_defined(table, &definition);
    let sets = sets::read(&repo.store, &table, &evaluation.field, &chosen, &wanted)?;
    let classes = spoken(&predictions, &sets, &declaration.rename);
    let places: HashMap<&[String], usize> = (predictions.keys.iter().map(Vec::as_slice))
        .zip(0..)
        .collect();
    let said = sets.records.iter().map(|record| {
        let at = places.get(record.key.as_slice())?;
        let class = classes.get(predictions.predicted[*at] as usize)?;
        Some((*class).to_owned())
    });
    let said = said.collect();
    Ok(Said {
        said,
        records: sets.records,
        table,
    })
}

/// Returns the evaluation of a revision that is meant: of several of one name the first.
pub(in crate::ops) fn of_revision(
    repo: &Repo,
    revision: &str,
    name: Option<&str>,
) -> Result<(ObjectId, Evaluation), Error> {
    let commit = repo.resolve(revision)?;
    let all = super::attached(repo, &commit)?;
    let mut known: Vec<String> = all.iter().map(|(_, one)| one.name.clone()).collect();
    known.sort();
    known.dedup();
    let wanted = match (name, known.as_slice()) {
        (Some(name), _) => Some(name.to_owned()),
        (None, [only]) => Some(only.clone()),
        (None, _) => None,
    };
    let found = all
        .into_iter()
        .find(|(_, one)| Some(&one.name) == wanted.as_ref());
    found.ok_or_else(|| Error::NotEvaluatedYet {
        name: name.map(str::to_owned),
        known,
    })
}

/// Returns the evaluation that the dver.toml of now declares and that is meant: where none is named
/// the only one, or the only one of a learner of our own.
pub(in crate::ops) fn declared<'a>(
    declarations: &'a Declarations,
    name: Option<&str>,
) -> Result<&'a EvaluationConfig, Error> {
    let all = &declarations.evaluations;
    let own: Vec<&EvaluationConfig> = all.iter().filter(|one| one.is_built_in()).collect();
    let found = match (name, own.as_slice(), all.as_slice()) {
        (Some(name), ..) => all.iter().find(|one| one.name == name),
        (None, [only], _) => Some(*only),
        (None, _, [only]) => Some(only),
        (None, ..) => None,
    };
    found.ok_or_else(|| Error::NoSuchEvaluation {
        name: name.map(str::to_owned),
        known: all.iter().map(|one| one.name.clone()).collect(),
    })
}
