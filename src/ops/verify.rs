//! `verify`: what a version claims, proved again from its data.
//!
//! Invariant: nothing that was kept from earlier measuring is asked; a number counts as recomputed
//! only where the data gave it again. Numbers of another definition version are said to be
//! unprovable here, never passed over.

use std::collections::BTreeMap;

use crate::base::ObjectId;
use crate::base::progress::Progress;
use crate::history;
use crate::object::{
    self, Analysis, Commit, DatasetScore, Evaluation, ObjectSource, ScoreRatio, Scorecard,
};
use crate::quality::{self, Metric};
use crate::repo::Repo;

use super::analysis::{self, Attached};
use super::assess::{self, Assessment, Scratch, Version};
use super::error::Error;
use super::eval;
use super::eval::again::{self, Again};
use super::follow::Measuring;

/// What to verify.
#[derive(Clone, Debug, Default)]
pub struct VerifyOptions {
    /// The revision.
    pub revision: String,
    /// Measure the data again.
    pub recompute: bool,
    /// The id that the revision must have, from a source that is trusted.
    pub expected: Option<String>,
}

/// How far the chain of commits is proved.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ChainState {
    /// Every object has the bytes that its id names, down to the first commit.
    Consistent,
    /// And the id is the one that was expected.
    Anchored,
}

/// A claim that the data do not bear out.
#[derive(Clone, PartialEq, Debug)]
pub struct Refuted {
    /// The object that claims it.
    pub object: ObjectId,
    /// The metric, or what else the object says.
    pub name: String,
    /// What it claims.
    pub sealed: String,
    /// What was found.
    pub found: String,
}

/// A number that cannot be proved here.
#[derive(Clone, PartialEq, Debug)]
pub struct Unprovable {
    /// The metric.
    pub name: String,
    /// Why.
    pub why: String,
}

/// What was proved.
#[derive(Clone, PartialEq, Debug)]
pub struct Verified {
    /// The commit.
    pub commit: ObjectId,
    /// The chain of commits behind it.
    pub chain: ChainState,
    /// How many commits the chain has.
    pub commits: usize,
    /// How many numbers the data gave again.
    pub recomputed: u64,
    /// How many scores the stored predictions gave again.
    pub rescored: u64,
    /// Numbers that cannot be proved here.
    pub unprovable: Vec<Unprovable>,
    /// Claims that are wrong.
    pub refuted: Vec<Refuted>,
    /// Whether the index says what the objects say.
    pub index_equal: bool,
}

impl Verified {
    /// Returns whether nothing was found to be wrong.
    pub fn holds(&self) -> bool {
        self.refuted.is_empty() && self.index_equal
    }
}

/// Verifies a version.
pub fn verify(
    repo: &Repo,
    options: &VerifyOptions,
    progress: &dyn Progress,
) -> Result<Verified, Error> {
    let (id, commit) = repo.commit(&options.revision)?;
    let mut refuted = Vec::new();
    let commits = chain(&repo.store, id, &mut refuted)?;
    let mut chain = ChainState::Consistent;
    match &options.expected {
        Some(expected) if *expected == id.to_string() => chain = ChainState::Anchored,
        Some(expected) => refuted.push(Refuted {
            object: id,
            name: "commit".to_owned(),
            sealed: id.to_string(),
            found: format!("{expected} was expected"),
        }),
        None => {}
    }
    let mut verified = Verified {
        commit: id,
        chain,
        commits,
        recomputed: 0,
        rescored: 0,
        unprovable: Vec::new(),
        refuted,
        index_equal: repo.index_equals_objects(progress)?,
    };
    let analyses = analysis::attached(repo, &id)?;
    for one in &analyses {
        for (what, sealed, found) in analysis::check(repo, (id, &commit), one)? {
            verified.refuted.push(Refuted {
                object: one.id,
                name: format!(
                    "{}: find:{}.{what}",
                    one.analysis.dataset, one.analysis.kind
                ),
                sealed,
                found,
            });
        }
    }
    if options.recompute {
        recompute(repo, &commit, &mut verified, progress)?;
        for (id, evaluation) in eval::attached(repo, &verified.commit)? {
            rescore(repo, id, &evaluation, &mut verified)?;
        }
        for one in &analyses {
            look_again(repo, one, &mut verified, progress)?;
        }
    }
    Ok(verified)
}

/// Scores the stored predictions of an evaluation again, and adds what that shows of all that it
/// seals.
pub fn rescore(
    repo: &Repo,
    id: ObjectId,
    sealed: &Evaluation,
    verified: &mut Verified,
) -> Result<(), Error> {
    let found = match again::again(repo, sealed)? {
        Again::Scored(found) => found,
        Again::Unprovable(why) => {
            let name = sealed.name.clone();
            verified.unprovable.push(Unprovable { name, why });
            return Ok(());
        }
    };
    let mut refute = |what: &str, claim: String, given: String| {
        if claim != given {
            verified.refuted.push(Refuted {
                object: id,
                name: format!("{}:{what}", sealed.name),
                sealed: claim,
                found: given,
            });
        }
    };
    let ratio = |of: &Evaluation, name: &str, class: &Option<String>| {
        let same = |one: &&ScoreRatio| one.name == name && one.class == *class;
        match of.scores.iter().find(same) {
            Some(one) => format!("{}/{}", one.num.0, one.den.0),
            None => "absent".to_owned(),
        }
    };
    let mut names: Vec<_> = sealed.scores.iter().chain(&found.scores).collect();
    names.sort_by(|a, b| (&a.name, &a.class).cmp(&(&b.name, &b.class)));
    names.dedup_by(|a, b| (&a.name, &a.class) == (&b.name, &b.class));
    let mut rescored = 0;
    for one in names {
        let of = |evaluation| ratio(evaluation, &one.name, &one.class);
        let (claim, given) = (of(sealed), of(&found));
        rescored += u64::from(claim == given);
        let what = match &one.class {
            Some(class) => format!("{}.{class}", one.name),
            None => one.name.clone(),
        };
        refute(&what, claim, given);
    }
    let (a, b) = (sealed, &*found);
    refute("snapshot", a.snapshot.to_string(), b.snapshot.to_string());
    refute("train", a.train.digest.clone(), b.train.digest.clone());
    refute("inputs", a.test.inputs.clone(), b.test.inputs.clone());
    refute("labels", a.test.labels.clone(), b.test.labels.clone());
    if (&a.confusion, &a.calibration) != (&b.confusion, &b.calibration) {
        let of = |one: &Evaluation| ObjectId::of(&object::encode(one)).to_string();
        refute("counts", of(a), of(b));
    }
    verified.rescored += rescored;
    Ok(())
}

/// Looks again for what an analysis found, and compares every count and the list.
pub fn look_again(
    repo: &Repo,
    one: &Attached,
    verified: &mut Verified,
    progress: &dyn Progress,
) -> Result<(), Error> {
    let sealed = &one.analysis;
    let name = |what: &str| format!("{}: find:{}{what}", sealed.dataset, sealed.kind);
    let found = match analysis::again::again(repo, one, progress)? {
        analysis::again::Again::Found(found) => found,
        analysis::again::Again::Unprovable(why) => {
            let name = name("");
            verified.unprovable.push(Unprovable { name, why });
            return Ok(());
        }
    };
    let number = |of: &Analysis, count: &str| {
        let count = of.counts.get(count);
        count.map_or_else(|| "absent".to_owned(), u64::to_string)
    };
    let mut names: Vec<&String> = sealed.counts.keys().chain(found.counts.keys()).collect();
    names.sort();
    names.dedup();
    let counts = names.iter().map(|count| {
        let what = format!(".{count}");
        (what, number(sealed, count), number(&found, count))
    });
    let inputs = |of: &Analysis| format!("{} {}", of.inputs.records, of.inputs.digest);
    let words = |of: &Analysis| format!("{}; {}", of.method, of.notes.join("; "));
    let rest = [
        ("inputs", inputs(sealed), inputs(&found)),
        (
            "definition",
            sealed.definition.to_string(),
            found.definition.to_string(),
        ),
        ("method", words(sealed), words(&found)),
        ("list", sealed.list.to_string(), found.list.to_string()),
    ];
    let rest = rest
        .into_iter()
        .map(|(what, a, b)| (format!(" {what}"), a, b));
    for (what, claim, given) in counts.chain(rest) {
        match claim == given {
            true => verified.recomputed += 1,
            false => verified.refuted.push(Refuted {
                object: one.id,
                name: name(&what),
                sealed: claim,
                found: given,
            }),
        }
    }
    Ok(())
}

/// Reads every commit with its scorecard and change sets; returns how many commits there are.
fn chain(
    source: &dyn ObjectSource,
    id: ObjectId,
    refuted: &mut Vec<Refuted>,
) -> Result<usize, Error> {
    let commits = history::ancestors(source, &[id])?;
    let mut ordered: Vec<_> = commits.iter().collect();
    ordered.sort_unstable_by_key(|(id, _)| **id);
    for (id, commit) in ordered {
        let scorecard: Scorecard = object::get(source, &commit.scorecard)?;
        let mut claim = |name: &str, sealed: ObjectId, found: ObjectId| {
            if sealed != found {
                refuted.push(Refuted {
                    object: *id,
                    name: name.to_owned(),
                    sealed: sealed.to_string(),
                    found: found.to_string(),
                });
            }
        };
        claim("scorecard.snapshot", commit.snapshot, scorecard.snapshot);
        for changes in &commit.changes {
            let changes: object::changes::ChangeSet = object::get(source, changes)?;
            claim("changes.after", commit.snapshot, changes.after);
        }
    }
    Ok(commits.len())
}

/// Measures the data of a commit and compares what that gives with what was sealed.
fn recompute(
    repo: &Repo,
    commit: &Commit,
    verified: &mut Verified,
    progress: &dyn Progress,
) -> Result<(), Error> {
    let source = &repo.store;
    let sealed: Scorecard = object::get(source, &commit.scorecard)?;
    // Without a scorecard there is nothing to take over: all is measured.
    let version = Version::of_snapshot(source, commit.snapshot)?;
    let measuring = Measuring::of(repo);
    let measured = assess::measure(source, None, &version, &measuring, progress)?;
    let mut scratch = Scratch::new(source);
    let found = measured.seal(&measuring, &mut scratch)?;
    let names = sealed.datasets.iter().chain(&found);
    let mut names: Vec<&str> = names.map(|score| score.name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    for name in names {
        let both = (of(&sealed.datasets, name), of(&found, name));
        compare_scores(&scratch, commit.scorecard, name, both, verified)?;
    }
    compare_changes(repo, commit, &version, &measured, verified, progress)
}

fn of<'a>(scores: &'a [DatasetScore], name: &str) -> Option<&'a DatasetScore> {
    scores.iter().find(|score| score.name == name)
}

fn compare_scores(
    source: &dyn ObjectSource,
    scorecard: ObjectId,
    name: &str,
    (sealed, found): (Option<&DatasetScore>, Option<&DatasetScore>),
    verified: &mut Verified,
) -> Result<(), Error> {
    let metrics = |score: Option<&DatasetScore>| -> Result<BTreeMap<String, Metric>, Error> {
        let Some(score) = score else {
            return Ok(BTreeMap::new());
        };
        let metrics = quality::dataset_metrics(source, score)?.into_iter();
        Ok(metrics.map(|metric| (metric.path(), metric)).collect())
    };
    let (claimed, mut given) = (metrics(sealed)?, metrics(found)?);
    let words = |metric: Option<&Metric>| match metric.map(|metric| (metric.value, metric)) {
        None => "absent".to_owned(),
        Some((None, _)) => "null".to_owned(),
        Some((Some(value), metric)) => match (metric.num, metric.den) {
            (Some(num), Some(den)) if den.0 != 1 => format!("{}/{}", num.0, den.0),
            _ => value.to_string(),
        },
    };
    let mut refute = |path: &str, sealed: String, found: String| {
        verified.refuted.push(Refuted {
            object: scorecard,
            name: format!("{name}: {path}"),
            sealed,
            found,
        });
    };
    let mut recomputed = 0;
    for (path, claim) in &claimed {
        let found = given.remove(path);
        let other_version = match quality::definition(&claim.name) {
            Some(definition) => definition.version != claim.version,
            None => true,
        };
        if other_version {
            let why = format!("defined by version {} of {}", claim.version, claim.name);
            let name = format!("{name}: {path}");
            verified.unprovable.push(Unprovable { name, why });
        } else if found.as_ref() == Some(claim) {
            recomputed += 1;
        } else {
            refute(path, words(Some(claim)), words(found.as_ref()));
        }
    }
    for (path, found) in &given {
        refute(path, words(None), words(Some(found)));
    }
    // States hold more than metrics tell: digests and every count.
    if let (Some(sealed), Some(found)) = (sealed, found) {
        for (what, claim, given) in [
            ("state", sealed.state, found.state),
            ("schema", sealed.schema, found.schema),
        ] {
            if claim != given {
                refute(what, claim.to_string(), given.to_string());
            }
        }
    }
    verified.recomputed += recomputed;
    Ok(())
}

/// Computes the change sets again: the same data give the same object.
fn compare_changes(
    repo: &Repo,
    commit: &Commit,
    version: &Version,
    measured: &Assessment,
    verified: &mut Verified,
    progress: &dyn Progress,
) -> Result<(), Error> {
    let source = &repo.store;
    let mut parents: Vec<Option<Version>> = Vec::new();
    for parent in &commit.parents {
        let parent: Commit = object::get(source, parent)?;
        parents.push(Some(Version::of_commit(source, &parent)?));
    }
    if parents.is_empty() {
        parents.push(None);
    }
    for (sealed, before) in commit.changes.iter().zip(&parents) {
        let mut scratch = Scratch::new(source);
        let found = assess::change_set(
            source,
            before.as_ref(),
            version,
            measured,
            commit,
            &mut scratch,
            progress,
        )?;
        if found == *sealed {
            verified.recomputed += 1;
        } else {
            verified.refuted.push(Refuted {
                object: *sealed,
                name: "changes".to_owned(),
                sealed: sealed.to_string(),
                found: found.to_string(),
            });
        }
    }
    Ok(())
}
