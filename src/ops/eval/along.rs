//! Scores of evaluations as metrics of commits: `EVAL:METRIC` in the log.

use std::collections::BTreeSet;

use super::super::error::Error;
use super::super::metrics::Measure;
use super::{Told, intervals, of_commit, paired};
use crate::base::ObjectId;
use crate::evaluate::{Confusion, METRICS_VERSION, Score, scores};
use crate::object::{Commit, Int};
use crate::quality::Metric;
use crate::record::split_name;
use crate::repo::Repo;

/// Returns the name of the evaluation and the path of the score that are asked for; `None` where
/// it is a metric of the data.
pub(in crate::ops) fn asked(text: &str) -> Option<(&str, &str)> {
    text.split_once(':')
}

/// Returns a score of a commit's evaluations: of several of one name that of the first.
pub(in crate::ops) fn measure(
    repo: &Repo,
    commit: &ObjectId,
    asked: &str,
    (name, path): (&str, &str),
) -> Result<Option<Measure>, Error> {
    let Some(mut told) = of_commit(repo, commit, Some(name))?.into_iter().next() else {
        return Ok(None);
    };
    if find(&told.scores, path).is_some_and(|score| intervals::is_drawn(score.name))
        && let Some(side) = paired::side(repo, &told.evaluation)?
    {
        intervals::fill(&mut told, &side);
    }
    let Some(score) = find(&told.scores, path) else {
        return Ok(None);
    };
    Ok(Some(Measure {
        dataset: told.evaluation.dataset.clone(),
        asked: asked.to_owned(),
        metric: metric(score, before(&told, path)),
        comparable: told.previous.as_ref().map(|(_, _, how)| *how),
    }))
}

/// Fails with the names that there are where no commit has an evaluation of that name.
pub(in crate::ops) fn check(
    repo: &Repo,
    commits: &[(ObjectId, Commit)],
    name: &str,
) -> Result<(), Error> {
    let mut known = BTreeSet::new();
    for (id, _) in commits {
        for told in of_commit(repo, id, None)? {
            if told.evaluation.name == name {
                return Ok(());
            }
            known.insert(told.evaluation.name);
        }
    }
    Err(Error::NoSuchEvaluation {
        name: Some(name.to_owned()),
        known: known.into_iter().collect(),
    })
}

pub(in crate::ops) fn find<'a>(all: &'a [Score], path: &str) -> Option<&'a Score> {
    let mut parts = split_name(path)?.into_iter();
    let (name, class) = (parts.next()?, parts.next());
    all.iter()
        .find(|score| score.name == name && score.class == class)
}

fn before(told: &Told, path: &str) -> Option<f64> {
    let (_, older, _) = told.previous.as_ref()?;
    let all = scores(
        &Confusion::from_object(&older.confusion),
        told.null_class.as_deref(),
        None,
    );
    find(&all, path)?.value
}

pub(super) fn metric(score: &Score, previous: Option<f64>) -> Metric {
    Metric {
        name: score.name.to_owned(),
        field: None,
        class: score.class.clone(),
        value: score.value,
        num: score.ratio.map(|(num, _)| Int::from(num)),
        den: score.ratio.map(|(_, den)| Int::from(den)),
        low: score.interval.map(|(low, _)| low),
        high: score.interval.map(|(_, high)| high),
        exact: true,
        unit: "ratio".to_owned(),
        version: METRICS_VERSION,
        previous,
        p_value: None,
        note: score.note.clone(),
    }
}
