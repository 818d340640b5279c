//! Metrics of commits: for the log, for `show`, for what `commit` prints.

use crate::base::ObjectId;
use crate::evaluate::Comparable;
use crate::object::{self, Commit, Scorecard};
use crate::quality::{self, Metric, MetricChange, Selector};
use crate::repo::Repo;

use super::error::Error;
use super::eval::along;
use super::show::Sealed;
use super::{analysis, drift};

/// A metric of one data set of one commit.
#[derive(Clone, Debug)]
pub struct Measure {
    /// The data set.
    pub dataset: String,
    /// The metric as it was asked for.
    pub asked: String,
    /// The metric; `previous` holds its value in the first parent, of an evaluation that of the
    /// one before it.
    pub metric: Metric,
    /// How an evaluation compares with the one before it.
    pub comparable: Option<Comparable>,
}

/// The metrics that changed in one data set.
#[derive(Clone, Debug)]
pub struct Changed {
    /// The data set.
    pub dataset: String,
    /// The changes, most telling first.
    pub metrics: Vec<MetricChange>,
}

/// Returns the scorecard of a commit's first parent.
fn parent_scorecard(repo: &Repo, sealed: &Sealed) -> Result<Option<Scorecard>, Error> {
    let Some(parent) = sealed.commit.parents.first() else {
        return Ok(None);
    };
    let parent: Commit = object::get(&repo.store, parent)?;
    Ok(Some(object::get(&repo.store, &parent.scorecard)?))
}

/// Returns the metrics of a data set of a scorecard; none where it has no such data set.
fn of_dataset(
    repo: &Repo,
    scorecard: Option<&Scorecard>,
    dataset: &str,
) -> Result<Vec<Metric>, Error> {
    let Some(scorecard) = scorecard else {
        return Ok(Vec::new());
    };
    match scorecard
        .datasets
        .iter()
        .find(|score| score.name == dataset)
    {
        Some(score) => Ok(quality::dataset_metrics(&repo.store, score)?),
        None => Ok(Vec::new()),
    }
}

/// Returns the asked metrics of a commit, in each data set that has them.
pub fn of_commit(repo: &Repo, sealed: &Sealed, asked: &[String]) -> Result<Vec<Measure>, Error> {
    let mut out = Vec::new();
    if asked.is_empty() {
        return Ok(out);
    }
    let mut selectors: Vec<(Selector, &String)> = Vec::new();
    for text in asked {
        if let Some(count) = analysis::along::asked(text) {
            out.extend(analysis::along::measure(repo, &sealed.id, text, count)?);
            continue;
        }
        match along::asked(text) {
            Some(score) => out.extend(along::measure(repo, &sealed.id, text, score)?),
            None => selectors.push((Selector::parse(text)?, text)),
        }
    }
    if selectors.is_empty() {
        return Ok(out);
    }
    for (dataset, metrics) in of_datasets(repo, sealed)? {
        for (selector, asked) in &selectors {
            if let Some(metric) = selector.find(&metrics) {
                out.push(Measure {
                    dataset: dataset.clone(),
                    asked: (*asked).clone(),
                    metric: metric.clone(),
                    comparable: None,
                });
            }
        }
    }
    Ok(out)
}

/// Returns the metrics of each data set of a commit, with their values in the first parent.
fn of_datasets(repo: &Repo, sealed: &Sealed) -> Result<Vec<(String, Vec<Metric>)>, Error> {
    let mut out = Vec::new();
    let parent = parent_scorecard(repo, sealed)?;
    for score in &sealed.scorecard.datasets {
        let mut metrics = quality::dataset_metrics(&repo.store, score)?;
        let older = of_dataset(repo, parent.as_ref(), &score.name)?;
        quality::with_previous(&mut metrics, &older);
        let before = parent.iter().flat_map(|parent| &parent.datasets);
        if let Some(older) = before.into_iter().find(|old| old.name == score.name) {
            let changes = sealed.changes.as_ref().map(|changes| &changes.datasets[..]);
            let renames = drift::renames(changes.unwrap_or_default(), &score.name);
            drift::append(&repo.store, older, score, &renames, &mut metrics)?;
        }
        out.push((score.name.clone(), metrics));
    }
    Ok(out)
}

/// Fails with the nearest names where none of the commits has a metric that is asked for.
pub fn check_asked(
    repo: &Repo,
    commits: &[(ObjectId, Commit)],
    asked: &[String],
) -> Result<(), Error> {
    let mut left = Vec::new();
    for text in asked {
        if let Some(count) = analysis::along::asked(text) {
            analysis::along::check(repo, commits, count)?;
            continue;
        }
        match along::asked(text) {
            Some((name, _)) => along::check(repo, commits, name)?,
            None => left.push(Selector::parse(text)?),
        }
    }
    let mut known: Vec<Metric> = Vec::new();
    for (id, commit) in commits {
        if left.is_empty() {
            return Ok(());
        }
        let sealed = Sealed::read(repo, *id, commit.clone())?;
        for measure in of_datasets(repo, &sealed)? {
            left.retain(|selector| selector.find(&measure.1).is_none());
            let new = |metric: &Metric| !known.iter().any(|known| known.is_same(metric));
            let new: Vec<Metric> = measure.1.iter().filter(|m| new(m)).cloned().collect();
            known.extend(new);
        }
    }
    // A version without the field, or without data sets, is no reason to doubt the name alone.
    match left.first().filter(|selector| selector.field.is_some()) {
        Some(selector) if !known.is_empty() => Ok(selector.resolve(&known).map(|_| ())?),
        _ => Ok(()),
    }
}

/// Returns the metrics that a commit changed against its first parent, at most `most` in all.
pub fn changed(repo: &Repo, sealed: &Sealed, most: usize) -> Result<Vec<Changed>, Error> {
    let Some(parent) = parent_scorecard(repo, sealed)? else {
        return Ok(Vec::new());
    };
    let mut out = Vec::new();
    let mut left = most;
    for score in &sealed.scorecard.datasets {
        let before = of_dataset(repo, Some(&parent), &score.name)?;
        if before.is_empty() || left == 0 {
            continue;
        }
        let after = quality::dataset_metrics(&repo.store, score)?;
        let metrics = quality::changed(&before, &after, left);
        left -= metrics.len();
        if !metrics.is_empty() {
            out.push(Changed {
                dataset: score.name.clone(),
                metrics,
            });
        }
    }
    Ok(out)
}
