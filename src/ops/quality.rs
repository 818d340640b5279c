//! `quality` and `schema`: what a version is worth, and what its fields are.

use crate::base::ObjectId;
use crate::base::progress::Progress;
use crate::object::{self, Commit, DatasetScore, ObjectSource};
use crate::quality::{self, Metric};
use crate::repo::Repo;

use super::assess::{self, Version};
use super::dataset::{self, Described};
use super::error::Error;
use super::follow::Measuring;
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
        let mut metrics = metrics;
        let older = measured.before.iter().find(|old| old.name == score.name);
        if let Some(older) = older {
            let older = quality::dataset_metrics(&repo.store, older)?;
            quality::with_previous(&mut metrics, &older);
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
    let datasets = of_working(repo, progress, |source, head, version| {
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
    read: impl FnOnce(&dyn ObjectSource, Option<&Version>, &Version) -> Result<T, Error>,
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
        read(&working.source, head.as_ref(), &working.version)?
    };
    stage::remember(repo, &mut cache);
    Ok(out)
}

struct Scores {
    commit: Option<ObjectId>,
    scores: Vec<DatasetScore>,
    metrics: Vec<Vec<Metric>>,
    /// The scores of the version before.
    before: Vec<DatasetScore>,
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
        let mut metrics = Vec::new();
        for score in &scores {
            metrics.push(quality::dataset_metrics(&repo.store, score)?);
        }
        return Ok(Scores {
            commit: Some(id),
            scores,
            metrics,
            before,
        });
    }
    let before = match repo.head_commit()? {
        Some((_, commit)) => sealed(&commit)?,
        None => Vec::new(),
    };
    let measuring = Measuring::of(repo);
    let (scores, metrics) = of_working(repo, progress, |source, head, version| {
        let measured = assess::measure(source, head, version, &measuring, progress)?;
        // What would be sealed goes to memory: reading a metric must not write to the store.
        let mut memory = assess::Scratch::new(source);
        let scores = measured.seal(&measuring, &mut memory)?;
        let mut metrics = Vec::new();
        for score in &scores {
            metrics.push(quality::dataset_metrics(&memory, score)?);
        }
        Ok((scores, metrics))
    })?;
    Ok(Scores {
        commit: None,
        scores,
        metrics,
        before,
    })
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
