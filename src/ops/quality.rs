//! `quality` and `schema`: what a version is worth, and what its fields are.

use crate::base::ObjectId;
use crate::base::progress::Progress;
use crate::object::{self, Commit, DatasetScore, Schema};
use crate::quality::{self, Metric};
use crate::repo::Repo;
use crate::worktree::{StatCache, scan};

use super::assess::{self, Version};
use super::error::Error;
use super::stage;
use super::working;

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

/// The schema of one data set.
#[derive(Debug)]
pub struct SchemaReport {
    /// The commit; `None` for the working files.
    pub commit: Option<ObjectId>,
    /// The data set.
    pub dataset: String,
    /// Its fields.
    pub schema: Schema,
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
) -> Result<Vec<SchemaReport>, Error> {
    let measured = scores(repo, revision, progress)?;
    let names = measured.scores.into_iter().map(|score| score.name);
    Ok(names
        .zip(measured.schemas)
        .map(|(dataset, schema)| SchemaReport {
            commit: measured.commit,
            dataset,
            schema,
        })
        .collect())
}

struct Scores {
    commit: Option<ObjectId>,
    scores: Vec<DatasetScore>,
    schemas: Vec<Schema>,
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
        let mut schemas = Vec::new();
        let mut metrics = Vec::new();
        for score in &scores {
            schemas.push(object::get(&repo.store, &score.schema)?);
            metrics.push(quality::dataset_metrics(&repo.store, score)?);
        }
        return Ok(Scores {
            commit: Some(id),
            scores,
            schemas,
            metrics,
            before,
        });
    }
    let before = match repo.head_commit()? {
        Some((_, commit)) => sealed(&commit)?,
        None => Vec::new(),
    };
    let staged = stage::entries(repo)?;
    let mut cache = StatCache::load(&repo.index, &repo.dir.join("tmp"))?;
    let found = scan(&repo.root, &staged, &[], &mut cache, progress)?;
    let head = match repo.head_commit()? {
        Some((_, commit)) => Some(Version::of_commit(&repo.store, &commit)?),
        None => None,
    };
    let (scores, schemas, metrics) = {
        let working = working::open(repo, &staged, &found, &mut cache, progress)?;
        let measured = assess::measure(&working.source, head.as_ref(), &working.version, progress)?;
        // What would be sealed goes to memory: reading a metric must not write to the store.
        let mut memory = assess::Scratch::new(&repo.store);
        let scores = measured.seal(&mut memory)?;
        let mut schemas = Vec::new();
        let mut metrics = Vec::new();
        for score in &scores {
            schemas.push(object::get(&memory, &score.schema)?);
            metrics.push(quality::dataset_metrics(&memory, score)?);
        }
        (scores, schemas, metrics)
    };
    cache.save(&mut repo.index)?;
    Ok(Scores {
        commit: None,
        scores,
        schemas,
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
