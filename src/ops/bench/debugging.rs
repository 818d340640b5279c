//! `bench debugging`: how many labels must be put right, in the order of a list, until the model is
//! almost as good as on clean labels (DataPerf's debugging task).

use std::collections::HashMap;

use crate::base::ObjectId;
use crate::base::progress::Progress;
use crate::repo::Repo;

use super::super::error::Error;
use super::super::eval::keys;
use super::super::eval::prepare::{Frozen, key_and_label, learner_of, nearest_of};
use super::engine::Engine;
use super::{ListFile, open, open_under, places};

/// What is scored.
#[derive(Clone, Debug)]
pub struct DebuggingOptions {
    /// The version with wrong labels.
    pub revision: String,
    /// The version with right ones.
    pub clean: String,
    /// The evaluation; `None` for the only one.
    pub evaluation: Option<String>,
    /// The training records in the order in which they are looked at.
    pub order: ListFile,
    /// The share of the clean accuracy that is the goal, above 0 and at most 1.
    pub share: f64,
    /// After so many changed labels the model is fitted again.
    pub every: usize,
}

/// A point of the curve.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Point {
    /// How many records of the list were looked at and put right where they were wrong.
    pub fixes: u64,
    /// How many test records the model then predicts right.
    pub correct: u64,
}

/// The answer.
#[derive(Clone, Debug)]
pub struct DebuggingReport {
    /// The version with wrong labels.
    pub commit: ObjectId,
    /// The version with right ones.
    pub clean: ObjectId,
    /// The evaluation.
    pub evaluation: String,
    /// Its model.
    pub model: String,
    /// How many training records there are.
    pub train: u64,
    /// How many test records there are; their labels are those of the clean version.
    pub test: u64,
    /// How many records the list names.
    pub listed: u64,
    /// How many training records have another label in the clean version.
    pub wrong: u64,
    /// How many of these the list names.
    pub wrong_listed: u64,
    /// Right predictions before anything is fixed.
    pub before: u64,
    /// Right predictions when all wrong labels are put right, those that are not listed too.
    pub cleaned: u64,
    /// The share of the clean accuracy that is the goal.
    pub share: f64,
    /// The fewest fixes after which the goal is reached; `None` where it never is.
    pub fixes: Option<u64>,
    /// These as a share of the training records, from 0 to 1: lower is better.
    pub fraction: Option<f64>,
    /// The share as DataPerf's program counts it: see docs/curation.md. -1 where it is never reached.
    pub as_dataperf: f64,
    /// The mean accuracy from no fix to the end of the list, from 0 to 1.
    pub area: f64,
    /// The curve: its beginning and each change.
    pub curve: Vec<Point>,
    /// What people should know of the answer.
    pub notes: Vec<String>,
}

/// Scores an order of training records.
pub fn debugging(
    repo: &Repo,
    options: &DebuggingOptions,
    progress: &dyn Progress,
) -> Result<DebuggingReport, Error> {
    if !(options.share > 0.0 && options.share <= 1.0) || options.every == 0 {
        let words = "--share is above 0 and at most 1, --every is 1 or more";
        return Err(Error::Usage(words.to_owned()));
    }
    let dirty = open(repo, &options.revision, options.evaluation.as_deref())?;
    let config = &dirty.config;
    let (clean_commit, clean) = open_under(repo, &options.clean, config)?;
    let (key, _) = key_and_label(&dirty.data.table)?;
    let dirty_drawn = dirty.data.draw(repo, config, &[])?;
    let clean_drawn = clean.draw(repo, config, &[])?;
    let frozen = Frozen::of(config, &dirty_drawn, &[&dirty_drawn, &clean_drawn])?;
    let mut moved = 0u64;
    let clean_labels: HashMap<Vec<String>, String> = {
        let records = clean_drawn.sets.training.iter();
        records
            .map(|record| (record.key.clone(), record.label.clone()))
            .collect()
    };
    let dirty_prepared = frozen.apply(config, dirty_drawn)?;
    let clean_prepared = frozen.apply(config, clean_drawn)?;
    let (train, test) = (&dirty_prepared.train, &clean_prepared.test.examples);
    let list = keys::read(&options.order.name, &options.order.bytes, &key)?;
    let order = places(&options.order, &list, train)?;
    // What the clean version says of each training record.
    let right: Vec<Option<u32>> = train
        .records
        .iter()
        .map(|record| match clean_labels.get(&record.key) {
            Some(label) => frozen.class(label),
            None => {
                moved += 1;
                None
            }
        })
        .collect();
    let given = train.examples.labels();
    let is_wrong = |at: usize| right[at].is_some_and(|right| right != given[at]);
    let wrong: Vec<usize> = (0..given.len()).filter(|at| is_wrong(*at)).collect();
    let learner = learner_of(config)?;
    let neighbours = nearest_of(config).neighbours;
    let mut engine = Engine::new(config, &*learner, &train.examples, test, neighbours);
    let before = engine.correct();
    let changes = order.iter().filter(|at| is_wrong(**at)).count();
    progress.begin("fixing labels", Some(changes as u64));
    let mut curve = vec![Point {
        fixes: 0,
        correct: before,
    }];
    let (mut done, mut correct) = (0, before);
    // For each number of fixes the right predictions, as far as they are known then.
    let mut path = Vec::with_capacity(order.len() + 1);
    path.push(before);
    for (fixes, &at) in (1u64..).zip(&order) {
        if is_wrong(at) {
            engine.set(at, right[at].unwrap_or(given[at]));
            done += 1;
            progress.advance(1);
            if done % options.every == 0 || done == changes {
                let now = engine.correct();
                if now != correct {
                    curve.push(Point {
                        fixes,
                        correct: now,
                    });
                }
                correct = now;
            }
        }
        path.push(correct);
    }
    progress.end();
    for &at in &wrong {
        engine.set(at, right[at].unwrap_or(given[at]));
    }
    let cleaned = engine.correct();
    let goal = options.share * cleaned as f64;
    // Integers up to 2^53 are exact; the slack is for the product alone.
    let reached = |correct: u64| correct as f64 >= goal - 1e-9;
    let fixes = path
        .iter()
        .position(|correct| reached(*correct))
        .map(|at| at as u64);
    let tests = test.len() as u64;
    let accuracy = |correct: u64| correct as f64 / tests.max(1) as f64;
    let mut notes = frozen.described(config);
    if let Some(refits) = engine.refits() {
        notes.push(format!("the model was fitted {refits} times"));
    }
    if options.every > 1 && engine.refits().is_some() {
        notes.push(format!(
            "it is fitted after {} changed labels each: the goal may be reached up to {} earlier",
            options.every,
            options.every - 1
        ));
    }
    if moved > 0 {
        notes.push(format!(
            "{moved} training records are none in the clean version: they keep their labels"
        ));
    }
    if list.len() < train.records.len() {
        notes.push(format!(
            "{} training records are not in the list: they are not put right",
            train.records.len() - list.len()
        ));
    }
    let train_records = train.records.len() as u64;
    Ok(DebuggingReport {
        commit: dirty.commit,
        clean: clean_commit,
        evaluation: config.name.clone(),
        model: config.model.clone(),
        train: train_records,
        test: tests,
        listed: order.len() as u64,
        wrong: wrong.len() as u64,
        wrong_listed: changes as u64,
        before,
        cleaned,
        share: options.share,
        fraction: fixes.map(|fixes| fixes as f64 / train_records.max(1) as f64),
        fixes,
        as_dataperf: as_dataperf(&path, accuracy, options.share),
        area: area(&path, accuracy),
        curve,
        notes,
    })
}

/// Returns the mean of the accuracy along the list, by trapezoids.
fn area(path: &[u64], accuracy: impl Fn(u64) -> f64) -> f64 {
    let steps = path.windows(2);
    let sum: f64 = steps
        .map(|pair| (accuracy(pair[0]) + accuracy(pair[1])) / 2.0)
        .sum();
    match path.len() {
        0 => 0.0,
        1 => accuracy(path[0]),
        points => sum / (points - 1) as f64,
    }
}

/// Returns what DataPerf's program prints: accuracies of two decimals, of which the first is that
/// after one fix and has the place 0; the goal is a share of the last one.
fn as_dataperf(path: &[u64], accuracy: impl Fn(u64) -> f64, share: f64) -> f64 {
    let rounded = |correct: &u64| (accuracy(*correct) * 100.0).round_ties_even() / 100.0;
    let points: Vec<f64> = path.iter().skip(1).map(rounded).collect();
    let Some(last) = points.last() else {
        return -1.0;
    };
    let goal = share * last;
    let found = points.iter().position(|point| *point >= goal);
    found.map_or(-1.0, |at| at as f64 / points.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_traps_of_the_published_count_are_told_apart() {
        // 20 test records; right ones after 0, 1, ... fixes.
        let path = [10, 10, 18, 19, 20, 20];
        let accuracy = |correct: u64| correct as f64 / 20.0;
        // Goal .95 of the last: 19 right after 3 fixes, which has the place 2 of 5 points.
        assert_eq!(as_dataperf(&path, accuracy, 0.95), 0.4);
        let expected = (0.5 + 0.7 + 0.925 + 0.975 + 1.0) / 5.0;
        assert!((area(&path, accuracy) - expected).abs() < 1e-12);
        assert_eq!(as_dataperf(&[5], accuracy, 0.95), -1.0);
    }
}
