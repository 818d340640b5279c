//! `quality` and `schema`: what a version is worth, and what its fields are.

use crate::base::ObjectId;
use crate::base::progress::Progress;
use crate::object::{self, Commit, DatasetScore, ObjectSource};
use crate::quality::{self, Metric, Renames};
use crate::repo::Repo;

use super::assess::{self, Version};
use super::dataset::{self, Described};
use super::drift;
use super::error::Error;
use super::follow::Measuring;
use super::show::Sealed;
use super::stage;
use super::working::{self, Looked};

/// The metrics of one data set.
#[derive(Debug)]
pub struct QualityReport {
    /// The commit; `None` for the working files.
    pub commit: Option<ObjectId>,
    /// The data set.
    pub dataset: String,
    /// Its metrics, each with its value in the version before.
    pub metrics: Vec<Metric>,
}

/// The data sets of a version with their fields.
#[derive(Debug)]
pub struct SchemaReport {
    /// The commit; `None` for the working files.
    pub commit: Option<ObjectId>,
    /// Its data sets.
    pub datasets: Vec<Described>,
}

/// Returns the metrics of a revision, or of the working files, with the change against the
/// version before.
pub fn quality(
    repo: &mut Repo,
    revision: Option<&str>,
    dataset: Option<&str>,
    progress: &dyn Progress,
) -> Result<Vec<QualityReport>, Error> {
    let measured = scores(repo, revision, progress)?;
    check_dataset(dataset, &measured.scores)?;
    let mut out = Vec::new();
    for (score, metrics) in measured.scores.iter().zip(measured.metrics) {
        if dataset.is_some_and(|name| name != score.name) {
            continue;
        }
        out.push(QualityReport {
            commit: measured.commit,
            dataset: score.name.clone(),
            metrics,
        });
    }
    Ok(out)
}

/// Returns the schemas of a revision, or of the working files.
pub fn schema(
    repo: &mut Repo,
    revision: Option<&str>,
    progress: &dyn Progress,
) -> Result<SchemaReport, Error> {
    if let Some(revision) = revision {
        let (id, commit) = repo.commit(revision)?;
        let version = Version::of_commit(&repo.store, &commit)?;
        return Ok(SchemaReport {
            commit: Some(id),
            datasets: dataset::describe(
                &repo.store,
                Some(&version),
                &version,
                &Measuring::of(repo),
                progress,
            )?,
        });
    }
    let measuring = Measuring::of(repo);
    let datasets = of_working(repo, progress, |_, source, head, version| {
        dataset::describe(source, head, version, &measuring, progress)
    })?;
    Ok(SchemaReport {
        commit: None,
        datasets,
    })
}

/// Opens the working files for a reader, beside the version at HEAD.
pub(super) fn of_working<T>(
    repo: &mut Repo,
    progress: &dyn Progress,
    read: impl FnOnce(&Repo, &dyn ObjectSource, Option<&Version>, &Version) -> Result<T, Error>,
) -> Result<T, Error> {
    let Looked {
        staged,
        mut cache,
        found,
    } = working::look(repo, &[], progress)?;
    let head = match repo.head_commit()? {
        Some((_, commit)) => Some(Version::of_commit(&repo.store, &commit)?),
        None => None,
    };
    let out = {
        let working = working::open(repo, &staged, &found, &mut cache, progress)?;
        read(repo, &working.source, head.as_ref(), &working.version)?
    };
    stage::remember(repo, &mut cache);
    Ok(out)
}

struct Scores {
    commit: Option<ObjectId>,
    scores: Vec<DatasetScore>,
    /// The metrics of each score.
    metrics: Vec<Vec<Metric>>,
}

fn scores(
    repo: &mut Repo,
    revision: Option<&str>,
    progress: &dyn Progress,
) -> Result<Scores, Error> {
    let sealed = |commit: &Commit| -> Result<Vec<DatasetScore>, Error> {
        Ok(object::get::<object::Scorecard>(&repo.store, &commit.scorecard)?.datasets)
    };
    if let Some(revision) = revision {
        let (id, commit) = repo.commit(revision)?;
        let scores = sealed(&commit)?;
        let before = match commit.parents.first() {
            Some(parent) => sealed(&object::get(&repo.store, parent)?)?,
            None => Vec::new(),
        };
        let changes = Sealed::read(repo, id, commit)?.changes;
        let changes = changes.map_or(Vec::new(), |changes| changes.datasets);
        let renames = |dataset: &str| drift::renames(&changes, dataset);
        return Ok(Scores {
            commit: Some(id),
            metrics: compared(&repo.store, &before, &scores, &renames)?,
            scores,
        });
    }
    let before = match repo.head_commit()? {
        Some((_, commit)) => sealed(&commit)?,
        None => Vec::new(),
    };
    let measuring = Measuring::of(repo);
    let (scores, metrics) = of_working(repo, progress, |_, source, head, version| {
        let measured = assess::measure(source, head, version, &measuring, progress)?;
        // What would be sealed goes to memory: reading a metric must not write to the store.
        let mut memory = assess::Scratch::new(source);
        let scores = measured.seal(&measuring, &mut memory)?;
        // Which classes were renamed only comparing tells; those that are declared are known.
        let mut changes = Vec::new();
        for score in &scores {
            let older = before.iter().find(|old| old.name == score.name);
            if let Some(older) = older
                && drift::may_be_renamed(&memory, older, score)?
            {
                changes = assess::changes_of(source, head, version, &measured, progress)?;
                break;
            }
        }
        let renames = |dataset: &str| {
            let mut renames = drift::renames(&changes, dataset);
            if let Some(declaration) = version.declarations.get(dataset) {
                renames.declared.clone_from(&declaration.rename);
            }
            renames
        };
        let metrics = compared(&memory, &before, &scores, &renames)?;
        Ok((scores, metrics))
    })?;
    Ok(Scores {
        commit: None,
        scores,
        metrics,
    })
}

/// Returns the metrics of each score, with its value in and its drift since the version before.
fn compared(
    source: &dyn ObjectSource,
    before: &[DatasetScore],
    scores: &[DatasetScore],
    renames: &dyn Fn(&str) -> Renames,
) -> Result<Vec<Vec<Metric>>, Error> {
    let mut all = Vec::new();
    for score in scores {
        let mut metrics = quality::dataset_metrics(source, score)?;
        if let Some(older) = before.iter().find(|old| old.name == score.name) {
            let previous = quality::dataset_metrics(source, older)?;
            quality::with_previous(&mut metrics, &previous);
            drift::append(source, older, score, &renames(&score.name), &mut metrics)?;
        }
        all.push(metrics);
    }
    Ok(all)
}

fn check_dataset(dataset: Option<&str>, scores: &[DatasetScore]) -> Result<(), Error> {
    match dataset {
        Some(name) if !scores.iter().any(|score| score.name == name) => Err(Error::NoSuchDataset {
            name: name.to_owned(),
            known: scores.iter().map(|score| score.name.clone()).collect(),
        }),
        _ => Ok(()),
    }
}
