//! `eval`: what a fixed model scores on a version. Definitions: docs/evaluation.md.
//!
//! Invariant: dver scores predictions itself, whoever made them, and keeps them, so that whoever
//! has the version can score them again.

pub(super) mod again;
pub(super) mod along;
mod definition;
mod external;
mod import;
mod intervals;
pub(super) mod judged;
pub(super) mod keys;
mod list;
pub(super) mod made;
pub(super) mod make;
pub(super) mod paired;
pub(super) mod prepare;
pub(super) mod run;
pub(super) mod said;
pub(super) mod sets;
pub(super) mod vectors;

use crate::base::ObjectId;
use crate::config::EvaluationConfig;
use crate::evaluate::{self, Calibration, Comparable, Confusion, Score};
use crate::object::{self, AttachmentKind, Commit, Definition, Evaluation};
use crate::record::Role;
use crate::repo::Repo;

use super::analysis::{self, Attached};
use super::assess::Version;
use super::error::Error;
pub use import::{ImportOptions, import};
use made::Made;
pub use paired::Paired;
use paired::Side;
pub use run::{Ran, RunOptions, run};

/// An evaluation as it is told.
#[derive(Clone, Debug)]
pub struct Told {
    /// The object; `None` where it is not stored, because it is of the working files.
    pub id: Option<ObjectId>,
    /// What it holds; commit and snapshot mean nothing where it is not stored.
    pub evaluation: Evaluation,
    /// The class that is no find in micro F1.
    pub null_class: Option<String>,
    /// Whether records belong to groups, so that intervals are drawn by groups.
    pub grouped: bool,
    /// All scores, derived from its counts.
    pub scores: Vec<Score>,
    /// The evaluation of the same definition before it, and how they compare.
    pub previous: Option<(ObjectId, Evaluation, Comparable)>,
    /// How the two differ, record by record; for `import`, `run` and `show`.
    pub paired: Option<Paired>,
    /// What a reader must know besides.
    pub notes: Vec<String>,
}

/// Returns the evaluations attached to a revision, in order, of one name where one is given.
pub fn show(repo: &Repo, revision: &str, name: Option<&str>) -> Result<Vec<Told>, Error> {
    let commit = repo.resolve(revision)?;
    let all = of_commit(repo, &commit, name)?.into_iter();
    all.map(|told| with_pairs(repo, told)).collect()
}

/// Adds what only the records tell: intervals, and the difference from the evaluation before.
fn with_pairs(repo: &Repo, mut told: Told) -> Result<Told, Error> {
    if let Some(side) = paired::side(repo, &told.evaluation)? {
        compare(repo, &mut told, &side)?;
    }
    Ok(told)
}

fn compare(repo: &Repo, told: &mut Told, side: &Side) -> Result<(), Error> {
    match told.grouped {
        true => intervals::by_group(told, side),
        false => intervals::by_record(told),
    }
    if let Some((_, older, how)) = &told.previous
        && let Some(before) = paired::side(repo, older)?
    {
        told.paired = paired::paired(&before, side, *how);
    }
    Ok(())
}

/// What is attached to a commit.
#[derive(Clone, Debug)]
pub enum Listed {
    /// Scores of a model.
    Evaluation(Box<Told>),
    /// What a search found.
    Analysis(Box<Attached>),
}

/// Returns the evaluations and analyses of a revision and of what came before it, newest commit
/// first; of one name where one is given, and then no analyses, which have none.
pub fn list(repo: &Repo, revision: &str, name: Option<&str>) -> Result<Vec<Listed>, Error> {
    let tip = repo.resolve(revision)?;
    let mut out = Vec::new();
    for (id, _) in crate::history::log(&repo.store, &[tip], &[], None)? {
        let told = of_commit(repo, &id, name)?.into_iter();
        out.extend(told.map(|told| Listed::Evaluation(Box::new(told))));
        if name.is_none() {
            let all = analysis::attached(repo, &id)?.into_iter();
            out.extend(all.map(|one| Listed::Analysis(Box::new(one))));
        }
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
    let mut out = Vec::new();
    for one in repo.attachments()?.of(commit) {
        if one.kind == AttachmentKind::Evaluation {
            out.push((one.object, object::get(&repo.store, &one.object)?));
        }
    }
    Ok(out)
}

/// Derives the scores of an evaluation, and finds the one before it.
fn tell(repo: &Repo, id: ObjectId, evaluation: Evaluation) -> Result<Told, Error> {
    let definition: Definition = object::get(&repo.store, &evaluation.definition)?;
    let commit: Commit = object::get(&repo.store, &evaluation.commit)?;
    let parent = commit.parents.first().copied();
    Ok(Told {
        id: Some(id),
        previous: previous(repo, parent, &evaluation)?,
        ..plain(evaluation, &definition)
    })
}

/// Tells an evaluation of the working files, which comes after HEAD.
fn told_of(repo: &Repo, made: Made) -> Result<Told, Error> {
    let nowhere = ObjectId([0; 32]);
    let definition = definition::id_of(&made.definition)?;
    let evaluation = made.evaluation((nowhere, nowhere), (definition, nowhere));
    let head = repo.head_commit()?.map(|(id, _)| id);
    let mut told = Told {
        previous: previous(repo, head, &evaluation)?,
        ..plain(evaluation, &made.definition)
    };
    compare(repo, &mut told, &Side::of(&made))?;
    told.notes.extend(made.notes);
    Ok(told)
}

fn plain(evaluation: Evaluation, definition: &Definition) -> Told {
    let null_class = definition.null_class.clone();
    let confusion = Confusion::from_object(&evaluation.confusion);
    let calibration = evaluation.calibration.as_deref();
    let calibration = calibration.map(Calibration::from_object);
    Told {
        id: None,
        scores: evaluate::scores(&confusion, null_class.as_deref(), calibration.as_ref()),
        previous: None,
        paired: None,
        notes: Vec::new(),
        grouped: definition.roles.contains_key(Role::Group.name()),
        null_class,
        evaluation,
    }
}

/// Follows first parents from a commit on to the next evaluation of the same definition.
fn previous(
    repo: &Repo,
    mut at: Option<ObjectId>,
    newer: &Evaluation,
) -> Result<Option<(ObjectId, Evaluation, Comparable)>, Error> {
    while let Some(commit) = at {
        // Of several evaluations of a commit the first one stands, here as in the log.
        for (id, older) in attached(repo, &commit)? {
            if let Some(how) = evaluate::comparable(&older, newer) {
                return Ok(Some((id, older, how)));
            }
        }
        let commit: Commit = object::get(&repo.store, &commit)?;
        at = commit.parents.first().copied();
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
