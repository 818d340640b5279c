//! Where gates meet versions: which base each is held against, and which records to look at.
//!
//! For `commit`, which refuses by them, and `check`, which tells of them.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashSet};

use crate::base::ObjectId;
use crate::base::nearest;
use crate::base::progress::Progress;
use crate::config::GateConfig;
use crate::dataset::Table;
use crate::evaluate::NAMES;
use crate::history;
use crate::object::changes::DatasetChanges;
use crate::object::{self, Commit, DatasetScore, ObjectSource};
use crate::quality::{self, Base, Metric, ScoreOf, State, Verdict};
use crate::repo::{self, GitError, Repo};

use super::assess::{self, Version};
use super::drift;
use super::error::Error;
use super::eval::judged::{Named, scored, to_look_at};
use super::eval::sets::key_of;
use super::examples::{self, Example};
use super::follow::Measuring;

/// A verdict with the first records that it is about.
#[derive(Clone, Debug)]
pub struct Gated {
    /// What the gate found.
    pub verdict: Verdict,
    /// The first records that a failed gate counts.
    pub records: Vec<Example>,
}

/// A violated constraint of `dver.toml`.
#[derive(Clone, Debug)]
pub struct Violation {
    /// The data set.
    pub dataset: String,
    /// The field.
    pub field: Option<String>,
    /// The rule, such as `min`.
    pub rule: String,
    /// How many records violate it.
    pub count: u64,
    /// The first of them.
    pub examples: Vec<Example>,
}

/// The metric that counts violations: its field is the constraint's, its class the rule.
const VIOLATIONS: &str = "schema_violations";

/// What is judged: a version whose scorecard is there, though perhaps in no commit yet.
pub(super) struct Judged<'a> {
    /// Reads the version, its scorecard and everything in the store.
    pub source: &'a dyn ObjectSource,
    /// The version.
    pub version: &'a Version,
    /// The commit that changes are taken against where a gate names none.
    pub base: Option<ObjectId>,
    /// What changed since that commit, where it is known.
    pub changes: Option<&'a [DatasetChanges]>,
    /// Its evaluations, as far as gates name them.
    pub evaluations: &'a [Named],
    /// What hears of comparing with other versions.
    pub progress: &'a dyn Progress,
}

/// Returns the names of the evaluations that gates of a version are about.
pub(super) fn evaluations_of(version: &Version) -> Vec<String> {
    let gates = version.declarations.gates.iter();
    let names = gates.filter_map(|gate| Some(ScoreOf::of(gate)?.evaluation));
    names.collect()
}

/// A version that changes are taken against.
struct Opened {
    commit: ObjectId,
    version: Version,
    metrics: BTreeMap<String, Vec<Metric>>,
    changes: Option<Vec<DatasetChanges>>,
}

/// Holds every gate of the version against it, in the order of `dver.toml`.
pub(super) fn judge(repo: &Repo, judged: &Judged<'_>) -> Result<Vec<Gated>, Error> {
    let declarations = &judged.version.declarations;
    let evaluations: Vec<&str> = declarations
        .evaluations
        .iter()
        .map(|evaluation| evaluation.name.as_str())
        .collect();
    let mut bases: BTreeMap<Option<&str>, Result<Opened, String>> = BTreeMap::new();
    let mut metrics: BTreeMap<&str, Vec<Metric>> = BTreeMap::new();
    let mut out = Vec::new();
    for gate in &declarations.gates {
        let score = score(judged, gate)?;
        let own = match metrics.get(gate.dataset.as_str()) {
            Some(own) => own,
            None => {
                let own = quality::dataset_metrics(judged.source, score)?;
                metrics.entry(&gate.dataset).or_insert(own)
            }
        };
        let named = gate.base.as_deref();
        let opened = match bases.entry(named) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => new.insert(open(repo, judged, named)?),
        };
        let of_drift = match gate.metric.starts_with("drift_") {
            true => Some(drift(repo, judged, opened, (score, own))?),
            false => None,
        };
        let own = of_drift.as_ref().unwrap_or(own);
        let scored = match ScoreOf::of(gate) {
            Some(asked) if evaluations.contains(&asked.evaluation.as_str()) => {
                let base = opened.as_ref().map(|opened| opened.commit);
                let base = base.map_err(String::as_str);
                check_score(gate, &asked)?;
                Some(scored(repo, judged.evaluations, (gate, &asked), base)?)
            }
            _ => None,
        };
        let base = match opened {
            Ok(opened) => base(repo, judged, opened, gate)?,
            Err(why) => Base::None(why),
        };
        let verdict = quality::judge(gate, &evaluations, own, &base, scored.as_ref())?;
        let records = match (verdict.state, ScoreOf::of(gate)) {
            (State::Failed, Some(asked)) => {
                let named = judged.evaluations;
                let keys = to_look_at(repo, named, (gate, &asked), verdict.base)?;
                of_keys(judged, score, &keys)?
            }
            (State::Failed, None) => records(judged, score, &verdict)?,
            (State::Passed | State::Unmeasured, _) => Vec::new(),
        };
        out.push(Gated { verdict, records });
    }
    Ok(out)
}

/// Fails where a gate names a score that evaluations do not have.
fn check_score(gate: &GateConfig, asked: &ScoreOf) -> Result<(), Error> {
    if NAMES.contains(&asked.score.as_str()) {
        return Ok(());
    }
    let error = quality::Error::UnknownMetric {
        name: gate.metric.clone(),
        nearest: nearest(&asked.score, NAMES).map(|name| format!("{}:{name}", asked.evaluation)),
    };
    Err(error.at(gate.line).into())
}

/// Returns the metrics with the drift since the base.
fn drift(
    repo: &Repo,
    judged: &Judged<'_>,
    opened: &mut Result<Opened, String>,
    (score, own): (&DatasetScore, &[Metric]),
) -> Result<Vec<Metric>, Error> {
    let mut metrics = own.to_vec();
    let older = opened
        .as_mut()
        .ok()
        .and_then(|opened| Some((opened.version.score(&score.name)?.clone(), opened)));
    let Some((older, opened)) = older else {
        metrics.extend(quality::no_drift(own));
        return Ok(metrics);
    };
    // What was renamed since another version than the parent only comparing tells.
    if drift::may_be_renamed(judged.source, &older, score)? {
        compare(repo, judged, opened)?;
    }
    let changes = opened.changes.as_deref().unwrap_or_default();
    let mut renames = drift::renames(changes, &score.name);
    if let Some(declaration) = judged.version.declarations.get(&score.name) {
        renames.declared.clone_from(&declaration.rename);
    }
    drift::append(judged.source, &older, score, &renames, &mut metrics)?;
    Ok(metrics)
}

/// Returns the score of the data set that a gate guards.
fn score<'a>(judged: &Judged<'a>, gate: &GateConfig) -> Result<&'a DatasetScore, Error> {
    judged.version.score(&gate.dataset).ok_or_else(|| {
        let names = judged.version.declarations.names();
        let error = quality::Error::UndeclaredDataset {
            name: gate.dataset.clone(),
            nearest: nearest(&gate.dataset, names).map(str::to_owned),
        };
        error.at(gate.line).into()
    })
}

/// Opens a base; says why there is none.
fn open(
    repo: &Repo,
    judged: &Judged<'_>,
    named: Option<&str>,
) -> Result<Result<Opened, String>, Error> {
    let commit = match (named, judged.base) {
        (None, None) => return Ok(Err("there is no version before it".to_owned())),
        (None, Some(commit)) => commit,
        (Some(revision), _) => match repo.resolve(revision) {
            Ok(commit) => commit,
            Err(
                e @ (repo::Error::History(
                    history::Error::Unknown { .. }
                    | history::Error::NoParent { .. }
                    | history::Error::Unborn { .. }
                    | history::Error::Expired { .. },
                )
                | repo::Error::Git(
                    GitError::Unknown { .. } | GitError::NoLock { .. } | GitError::NotHere { .. },
                )),
            ) => return Ok(Err(e.to_string())),
            Err(e) => return Err(e.into()),
        },
    };
    let is_default = judged.base == Some(commit);
    let changes = judged.changes.filter(|_| is_default);
    let sealed: Commit = object::get(&repo.store, &commit)?;
    Ok(Ok(Opened {
        commit,
        version: Version::of_commit(&repo.store, &sealed)?,
        metrics: BTreeMap::new(),
        changes: changes.map(<[_]>::to_vec),
    }))
}

/// Finds out what changed since a base, where that is not known yet.
fn compare(repo: &Repo, judged: &Judged<'_>, opened: &mut Opened) -> Result<(), Error> {
    if opened.changes.is_none() {
        let measuring = Measuring::of(repo);
        opened.changes = Some(assess::changes(
            judged.source,
            Some(&opened.version),
            judged.version,
            &measuring,
            judged.progress,
        )?);
    }
    Ok(())
}

/// Returns the base of a gate, as far as the gate needs it.
fn base<'a>(
    repo: &Repo,
    judged: &Judged<'_>,
    opened: &'a mut Opened,
    gate: &GateConfig,
) -> Result<Base<'a>, Error> {
    let Some(score) = opened.version.score(&gate.dataset) else {
        return Ok(Base::None("the base has no such data set"));
    };
    if !opened.metrics.contains_key(&gate.dataset) {
        let metrics = quality::dataset_metrics(&repo.store, score)?;
        opened.metrics.insert(gate.dataset.clone(), metrics);
    }
    if quality::needs_changes(gate) {
        compare(repo, judged, opened)?;
    }
    let mut changes = opened.changes.iter().flatten();
    let changes = changes.rfind(|changes| changes.name == gate.dataset);
    let metrics = opened.metrics.get(&gate.dataset);
    Ok(Base::Version {
        commit: opened.commit,
        metrics: metrics.map_or(&[], Vec::as_slice),
        changes,
    })
}

/// Opens the table of a data set of the version.
fn table(judged: &Judged<'_>, name: &str) -> Result<Option<Table>, Error> {
    let version = judged.version;
    let declaration = version.declarations.get(name);
    let open = |declaration| Table::open(judged.source, &version.entries, declaration);
    Ok(declaration.map(open).transpose()?)
}

/// Finds the first records of some keys.
fn of_keys(
    judged: &Judged<'_>,
    score: &DatasetScore,
    keys: &HashSet<Vec<String>>,
) -> Result<Vec<Example>, Error> {
    let table = table(judged, &score.name)?;
    let Some(table) = table.filter(|_| !keys.is_empty()) else {
        return Ok(Vec::new());
    };
    let roles = &table.declaration.roles;
    examples::picked(judged.source, &table, score, &mut |record| {
        key_of(roles, record).is_some_and(|key| keys.contains(&key))
    })
}

/// Finds the first records that a failed gate counts.
fn records(
    judged: &Judged<'_>,
    score: &DatasetScore,
    verdict: &Verdict,
) -> Result<Vec<Example>, Error> {
    let Some(table) = table(judged, &verdict.dataset)? else {
        return Ok(Vec::new());
    };
    let (name, field, class) = match &verdict.decided {
        Some(metric) => {
            let (field, class) = (metric.field.clone(), metric.class.clone());
            (metric.name.clone(), field, class)
        }
        None => match quality::Selector::parse(&verdict.metric) {
            Ok(selector) => (selector.name, selector.field, selector.class),
            Err(_) => return Ok(Vec::new()), // counts of changes are of no one version
        },
    };
    if name == VIOLATIONS {
        return match (field.as_deref(), class.as_deref()) {
            (Some(field), Some(rule)) => violating(judged, &table, score, (field, rule)),
            // The sum over all rules: records that break any of them.
            _ => {
                let own = violations_of(judged, score)?.into_iter();
                let mut found: Vec<Example> = own.flat_map(|one| one.examples).collect();
                found.sort_by(|a, b| (&a.path, a.record).cmp(&(&b.path, b.record)));
                found.dedup();
                found.truncate(examples::MOST);
                Ok(found)
            }
        };
    }
    let of = (name.as_str(), field.as_deref(), class.as_deref());
    examples::counted(judged.source, &table, score, of)
}

/// Returns the first records that violate a constraint.
fn violating(
    judged: &Judged<'_>,
    own: &Table,
    score: &DatasetScore,
    (field, rule): (&str, &str),
) -> Result<Vec<Example>, Error> {
    let mut references = own.declaration.rules.references().iter();
    let reference = references.find(|r| rule == "references" && r.field == field);
    let other = match reference {
        Some(reference) => table(judged, &reference.dataset)?,
        None => None,
    };
    let target = other.as_ref().zip(reference.map(|r| r.target.as_str()));
    examples::violating(judged.source, own, score, (field, rule), target)
}

/// Returns the constraints that records of the version violate, each with the first records.
pub(super) fn violations(judged: &Judged<'_>) -> Result<Vec<Violation>, Error> {
    let mut out = Vec::new();
    let scorecard = judged.version.scorecard.iter();
    for score in scorecard.flat_map(|card| &card.datasets) {
        out.extend(violations_of(judged, score)?);
    }
    Ok(out)
}

fn violations_of(judged: &Judged<'_>, score: &DatasetScore) -> Result<Vec<Violation>, Error> {
    let mut out = Vec::new();
    for result in score.results.iter().filter(|one| one.name == VIOLATIONS) {
        let count = result.num.and_then(|num| u64::try_from(num.0).ok());
        if let (Some(count @ 1..), Some(rule)) = (count, &result.class) {
            out.push(Violation {
                dataset: score.name.clone(),
                field: result.field.clone(),
                rule: rule.clone(),
                count,
                examples: Vec::new(),
            });
        }
    }
    if out.is_empty() {
        return Ok(out);
    }
    if let Some(table) = table(judged, &score.name)? {
        for one in &mut out {
            let field = one.field.as_deref().unwrap_or_default();
            one.examples = violating(judged, &table, score, (field, &one.rule))?;
        }
    }
    Ok(out)
}
