//! `eval`: what a fixed model scores on a version. Definitions: docs/evaluation.md.
//!
//! Invariant: dver scores predictions itself, whoever made them, and keeps them, so that whoever
//! has the version can score them again.

pub(super) mod along;
mod list;
mod paired;
pub(super) mod prepare;
pub(super) mod sets;

use std::collections::{BTreeMap, HashMap};

use crate::base::ObjectId;
use crate::config::EvaluationConfig;
use crate::dataset::Table;
use crate::evaluate::{self, Calibration, Comparable, Confusion, METRICS_VERSION, Score};
use crate::object::{
    self, AttachmentKind, Attachments, Commit, Definition, Evaluation, Predictions,
};
use crate::repo::Repo;

use super::assess::Version;
use super::condition;
use super::error::Error;
use super::transaction::{self, Note};
pub use paired::Paired;
use sets::{Chosen, Sets, Wanted};

/// What is imported.
#[derive(Clone, Debug)]
pub struct ImportOptions {
    /// What the file is called.
    pub file: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// The evaluation; `None` for the only one of model `import`.
    pub name: Option<String>,
    /// The column with the predicted class.
    pub column: String,
    /// The version.
    pub revision: String,
}

/// An evaluation as it is told.
#[derive(Clone, Debug)]
pub struct Told {
    /// The object.
    pub id: ObjectId,
    /// What it holds.
    pub evaluation: Evaluation,
    /// The class that is no find in micro F1.
    pub null_class: Option<String>,
    /// All scores, derived from its counts.
    pub scores: Vec<Score>,
    /// The evaluation of the same definition before it, and how they compare.
    pub previous: Option<(ObjectId, Evaluation, Comparable)>,
    /// How the two differ, record by record; for `import` and `show`.
    pub paired: Option<Paired>,
    /// What a reader must know besides.
    pub notes: Vec<String>,
}

/// Scores predictions of an external model and attaches the evaluation to the commit.
pub fn import(
    repo: &mut Repo,
    options: &ImportOptions,
    waiting: &mut dyn FnMut(&str),
) -> Result<Told, Error> {
    let locked = transaction::lock(repo, "eval", waiting)?;
    let (commit_id, commit) = repo.commit(&options.revision)?;
    let version = Version::of_commit(&repo.store, &commit)?;
    let config = declared(&version, options.name.as_deref())?;
    if config.model != "import" {
        return Err(Error::Usage(format!(
            "the model of `{}` is `{}`: only evaluations of model `import` take predictions",
            config.name, config.model
        )));
    }
    let declaration = super::dataset::find(&version.declarations, &config.dataset)?;
    let table = Table::open(&repo.store, &version.entries, declaration)?;
    let (key, field) = prepare::key_and_label(&table)?;
    let chosen = Chosen::of(config)?;
    for one in chosen.conditions() {
        condition::check(&repo.store, one, &[&version])?;
    }
    let predictions = list::read(&options.file, &options.bytes, &key, &options.column)?;
    let sets = sets::read(&repo.store, &table, &field, &chosen, &Wanted::default())?;
    let scored = score(config, &sets, &predictions, &declaration.rename)?;
    let definition = Definition {
        learner: config.model.clone(),
        parameters: BTreeMap::from([("model".to_owned(), config.name.clone())]),
        seed: 0,
        dataset: config.dataset.clone(),
        roles: sets::roles(&table).collect(),
        train: config.train.clone(),
        test: config.test.clone(),
        features: None,
        null_class: config.null_class.clone(),
        metrics: METRICS_VERSION,
    };
    let (id, evaluation) = transaction::write(repo, &locked, |repo, writer, draft| {
        let no_room = || Error::PredictionList {
            name: options.file.clone(),
            place: 0,
            reason: "its predictions are more than 64 MiB".to_owned(),
        };
        let evaluation = Evaluation {
            commit: commit_id,
            snapshot: commit.snapshot,
            name: config.name.clone(),
            dataset: config.dataset.clone(),
            field: field.clone(),
            definition: object::put(writer, &definition)?,
            train: sets.train.clone(),
            test: sets.test.clone(),
            scores: evaluate::ratios(&scored.scores),
            confusion: scored.confusion.to_object(),
            calibration: scored.calibration.as_ref().map(|c| c.bins().to_vec()),
            predictions: predictions.write(writer)?.ok_or_else(no_room)?,
        };
        let id = object::put(writer, &evaluation)?;
        let known = draft.view.attachments;
        let mut attachments = Attachments::read(&repo.store, known.as_ref())?;
        let is_there = attachments.of(&commit_id).any(|one| one.object == id);
        if is_there {
            return Ok(((id, evaluation), None));
        }
        attachments.push(commit_id, AttachmentKind::Evaluation, id);
        draft.view.attachments = attachments.write(writer)?;
        let about = vec![config.name.clone(), commit_id.to_string()];
        Ok(((id, evaluation), Some(Note::new("eval", about))))
    })?;
    let mut told = with_pairs(repo, tell(repo, id, evaluation)?)?;
    told.notes = scored.notes;
    Ok(told)
}

/// Returns the evaluations attached to a revision, in order, of one name where one is given.
pub fn show(repo: &Repo, revision: &str, name: Option<&str>) -> Result<Vec<Told>, Error> {
    let commit = repo.resolve(revision)?;
    let all = of_commit(repo, &commit, name)?.into_iter();
    all.map(|told| with_pairs(repo, told)).collect()
}

fn with_pairs(repo: &Repo, mut told: Told) -> Result<Told, Error> {
    if let Some((_, older, how)) = &told.previous {
        told.paired = paired::paired(repo, older, &told.evaluation, *how)?;
    }
    Ok(told)
}

/// Returns the evaluations of a revision and of what came before it, newest commit first.
pub fn list(repo: &Repo, revision: &str, name: Option<&str>) -> Result<Vec<Told>, Error> {
    let tip = repo.resolve(revision)?;
    let mut out = Vec::new();
    for (id, _) in crate::history::log(&repo.store, &[tip], &[], None)? {
        out.extend(of_commit(repo, &id, name)?);
    }
    Ok(out)
}

/// Returns the evaluations of a commit, in order, of one name where one is given; without pairs.
pub fn of_commit(repo: &Repo, commit: &ObjectId, name: Option<&str>) -> Result<Vec<Told>, Error> {
    let all = attached(repo, commit)?.into_iter();
    all.filter(|(_, one)| name.is_none_or(|name| name == one.name))
        .map(|(id, evaluation)| tell(repo, id, evaluation))
        .collect()
}

/// Returns the evaluations that are attached to a commit, in order.
pub(super) fn attached(
    repo: &Repo,
    commit: &ObjectId,
) -> Result<Vec<(ObjectId, Evaluation)>, Error> {
    let view = &repo.current.view;
    let attachments = Attachments::read(&repo.store, view.attachments.as_ref())?;
    let mut out = Vec::new();
    for one in attachments.of(commit) {
        if one.kind == AttachmentKind::Evaluation {
            out.push((one.object, object::get(&repo.store, &one.object)?));
        }
    }
    Ok(out)
}

/// Derives the scores of an evaluation, and finds the one before it.
fn tell(repo: &Repo, id: ObjectId, evaluation: Evaluation) -> Result<Told, Error> {
    let definition: Definition = object::get(&repo.store, &evaluation.definition)?;
    let confusion = Confusion::from_object(&evaluation.confusion);
    let calibration = evaluation.calibration.as_deref();
    let calibration = calibration.map(Calibration::from_object);
    let null_class = definition.null_class.as_deref();
    Ok(Told {
        scores: evaluate::scores(&confusion, null_class, calibration.as_ref()),
        previous: previous(repo, &evaluation)?,
        null_class: definition.null_class.clone(),
        paired: None,
        notes: Vec::new(),
        id,
        evaluation,
    })
}

/// Follows the first parents to the next evaluation of the same definition.
fn previous(
    repo: &Repo,
    newer: &Evaluation,
) -> Result<Option<(ObjectId, Evaluation, Comparable)>, Error> {
    let mut commit: Commit = object::get(&repo.store, &newer.commit)?;
    while let Some(parent) = commit.parents.first().copied() {
        // Of several evaluations of a commit the first one stands, here as in the log.
        for (id, older) in attached(repo, &parent)? {
            if let Some(how) = evaluate::comparable(&older, newer) {
                return Ok(Some((id, older, how)));
            }
        }
        commit = object::get(&repo.store, &parent)?;
    }
    Ok(None)
}

fn declared<'a>(version: &'a Version, name: Option<&str>) -> Result<&'a EvaluationConfig, Error> {
    let all = &version.declarations.evaluations;
    let found = match name {
        Some(name) => all.iter().find(|one| one.name == name),
        None => match all.as_slice() {
            [only] => Some(only),
            _ => None,
        },
    };
    found.ok_or_else(|| Error::NoSuchEvaluation {
        name: name.map(str::to_owned),
        known: all.iter().map(|one| one.name.clone()).collect(),
    })
}

struct Scored {
    confusion: Confusion,
    calibration: Option<Calibration>,
    scores: Vec<Score>,
    notes: Vec<String>,
}

/// Returns the classes of predictions under their names of now: one that was renamed and is no
/// label any more is heard under its new name.
fn spoken<'a>(
    predictions: &'a Predictions,
    sets: &Sets,
    renamed: &'a BTreeMap<String, String>,
) -> Vec<&'a str> {
    let is_label = |class: &String| sets.records.iter().any(|record| record.label == *class);
    let name = |class: &'a String| match renamed.get(class) {
        Some(new) if !is_label(class) => new.as_str(),
        _ => class.as_str(),
    };
    predictions.classes.iter().map(name).collect()
}

/// Scores predictions.
fn score(
    config: &EvaluationConfig,
    sets: &Sets,
    predictions: &Predictions,
    renamed: &BTreeMap<String, String>,
) -> Result<Scored, Error> {
    if sets.records.is_empty() {
        return Err(Error::NoTestRecords {
            name: config.name.clone(),
        });
    }
    let known: HashMap<&[String], usize> = (predictions.keys.iter().map(Vec::as_slice))
        .zip(0..)
        .collect();
    let places: Vec<Option<usize>> = (sets.records.iter())
        .map(|record| known.get(record.key.as_slice()).copied())
        .collect();
    let missed = places.iter().filter(|place| place.is_none()).count();
    if let Some(first) = places.iter().position(Option::is_none) {
        return Err(Error::NoPrediction {
            missed: missed as u64,
            key: sets.records[first].key.clone(),
        });
    }
    let spoken = spoken(predictions, sets, renamed);
    let mut calibration = predictions
        .confidence
        .as_ref()
        .map(|_| Calibration::default());
    let mut pairs = Vec::with_capacity(sets.records.len());
    for (record, place) in sets.records.iter().zip(places.into_iter().flatten()) {
        let said = spoken[predictions.predicted[place] as usize];
        pairs.push((record.label.as_str(), said));
        if let (Some(bins), Some(sure)) = (&mut calibration, &predictions.confidence) {
            bins.add(sure[place], record.label == said);
        }
    }
    let confusion = Confusion::of(pairs.into_iter());
    let null_class = config.null_class.as_deref();
    Ok(Scored {
        scores: evaluate::scores(&confusion, null_class, calibration.as_ref()),
        confusion,
        calibration,
        notes: sets.left_out.notes(),
    })
}
