//! `trace`: which changes between two versions moved a score. Definitions: docs/trace.md.
//!
//! Invariant: the parts add up to the change between the two values that are shown, and where these
//! are sealed, to the sealed ones.

mod groups;
mod joined;
mod measure;
mod pair;
mod path;
mod supposed;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use super::error::Error;
use crate::attribute::{self, Attribution, Cause, Given, Method, Metric, Options, Part, attribute};
use crate::base::ObjectId;
use crate::base::progress::Progress;
use crate::evaluate::mcnemar;
use crate::object::Commit;
use crate::repo::Repo;
use groups::grouped;
pub use groups::{By, Group};
use measure::Measured;
use pair::{Answers, Pair};
pub use supposed::Supposed;

/// What is traced.
#[derive(Clone, Debug)]
pub struct TraceOptions {
    /// `EVAL:SCORE`, or the score alone where there is one evaluation.
    pub metric: String,
    /// The older version.
    pub from: String,
    /// The newer version.
    pub to: String,
    /// By what causes are split.
    pub by: By,
    /// With what the other causes are taken.
    pub given: Given,
    /// How many models may be fitted for one cause.
    pub most: u64,
    /// Which changes are supposed to have been the only ones.
    pub what_if: Option<String>,
    /// Whether each test record that is answered otherwise is explained.
    pub explain: bool,
}

/// One end of a trace.
#[derive(Clone, PartialEq, Debug)]
pub struct End {
    /// The commit.
    pub commit: ObjectId,
    /// The score.
    pub value: f64,
    /// How many test records there are.
    pub test_records: u64,
    /// Whether the value is that of an evaluation that is attached to the commit.
    pub sealed: bool,
}

/// A changed record among the neighbours of a test record: its rank from 1, its key, and its class
/// before and after.
pub type Neighbour = (u32, Vec<String>, Option<String>, Option<String>);

/// A part of the change.
#[derive(Clone, PartialEq, Debug)]
pub struct Share {
    /// The cause.
    pub cause: Cause,
    /// The group within the cause.
    pub group: Option<Group>,
    /// How many records changed so.
    pub records: u64,
    /// How much it moved the score.
    pub contribution: f64,
    /// The test records that moved it up.
    pub won: u64,
    /// The test records that moved it down.
    pub lost: u64,
    /// The interval of 95 %; `None` where none is known.
    pub interval: Option<(f64, f64)>,
    /// The standard error of what was sampled, else 0.
    pub stderr: f64,
}

impl Share {
    /// Returns a part that no record has: of names or of definitions.
    fn of_names(cause: Cause, group: Option<Group>, contribution: f64) -> Self {
        Self {
            cause,
            group,
            records: 0,
            contribution,
            won: 0,
            lost: 0,
            interval: None,
            stderr: 0.0,
        }
    }
}

/// A test record that is answered otherwise, of nearest neighbours.
#[derive(Clone, PartialEq, Debug)]
pub struct Explained {
    /// Its key.
    pub key: Vec<String>,
    /// Its class before and after.
    pub truth: [String; 2],
    /// What is said of it before and after.
    pub said: [String; 2],
    /// The changed records among its neighbours.
    pub changed: Vec<Neighbour>,
    /// The keys of a smallest set of changes that alone makes it be answered otherwise.
    pub smallest: Vec<Vec<String>>,
}

/// Which changes moved a score.
#[derive(Clone, PartialEq, Debug)]
pub struct Trace {
    /// The score.
    pub metric: String,
    /// The name of the evaluation.
    pub evaluation: String,
    /// The definition of the newer version's evaluation, where there is one.
    pub definition: Option<ObjectId>,
    /// The older version.
    pub from: End,
    /// The newer version.
    pub to: End,
    /// The interval of 95 % of what the changes of the data moved.
    pub interval: (f64, f64),
    /// The exact p of McNemar's test over the test records with equal content and label.
    pub mcnemar_p: f64,
    /// How the parts were found.
    pub method: Method,
    /// How many coalitions the model was asked about.
    pub evaluations_run: u64,
    /// By what causes are split.
    pub by: By,
    /// With what the other causes are taken.
    pub given: Given,
    /// The causes, whole.
    pub causes: Vec<Share>,
    /// The parts.
    pub parts: Vec<Share>,
    /// The score if only some changes had been made.
    pub supposed: Option<Supposed>,
    /// The test records that are answered otherwise.
    pub explained: Option<Vec<Explained>>,
    /// What a reader must know besides.
    pub notes: Vec<String>,
}

impl Trace {
    /// Returns by how much the score changed.
    pub fn change(&self) -> f64 {
        self.to.value - self.from.value
    }

    /// Returns the sum of the parts.
    pub fn sum(&self) -> f64 {
        // The sum of nothing would be -0.
        self.parts
            .iter()
            .fold(0.0, |sum, part| sum + part.contribution)
    }
}

/// What is said where a part is the definition's.
const DEFINITION: &str = "definition: the evaluations differ in more than the data, such as another definition, other \
     predictions of the same records, or columns that each froze from its own training records";

/// Splits the change of a score over what changed between two versions.
pub fn trace(
    repo: &mut Repo,
    options: &TraceOptions,
    progress: &dyn Progress,
) -> Result<Trace, Error> {
    let (name, path) = match options.metric.split_once(':') {
        Some((name, path)) => (Some(name), path),
        None => (None, options.metric.as_str()),
    };
    let measured = Measured::parse(path)?;
    let from = repo.commit(&options.from)?;
    let to = repo.commit(&options.to)?;
    let wanted = Wanted {
        name,
        path,
        measured: &measured,
        options,
    };
    match options.by {
        By::Commit => path::along(repo, &wanted, (&from, &to), progress),
        _ => between(repo, &wanted, (&from, &to), progress),
    }
}

/// What is asked, read.
struct Wanted<'a> {
    name: Option<&'a str>,
    path: &'a str,
    measured: &'a Measured,
    options: &'a TraceOptions,
}

/// Splits the change between two commits.
fn between(
    repo: &mut Repo,
    wanted: &Wanted<'_>,
    (from, to): (&(ObjectId, Commit), &(ObjectId, Commit)),
    progress: &dyn Progress,
) -> Result<Trace, Error> {
    let options = wanted.options;
    let supposed = (options.what_if.as_deref())
        .map(supposed::Condition::parse)
        .transpose()?;
    let mut also: Vec<String> = Vec::new();
    if let By::Field(field) = &options.by {
        also.push(field.clone());
    }
    let (annotator, fields) = supposed::fields(repo, (from, to), wanted.name, supposed.as_ref())?;
    if let By::Field(field) = &options.by
        && !fields.contains(field)
    {
        return Err(Error::Usage(format!(
            "--by field={field}: neither version has a field `{field}`"
        )));
    }
    also.extend(annotator.iter().cloned());
    also.extend(supposed.iter().flat_map(|condition| condition.names()));
    also.retain({
        let mut seen: Vec<String> = Vec::new();
        move |name| {
            let new = !seen.contains(name);
            seen.push(name.clone());
            new
        }
    });
    let mut pair = pair::open(repo, (from, to), wanted.name, &also, progress)?;
    let column = |name: &String| also.iter().position(|other| other == name);
    let column_by = match &options.by {
        By::Field(field) => column(field),
        By::Annotator => match annotator.as_ref().and_then(column) {
            Some(at) => Some(at),
            None => {
                return Err(Error::Usage(format!(
                    "--by annotator: `{}` declares no annotator",
                    pair.config.dataset
                )));
            }
        },
        _ => None,
    };
    let groups = grouped(&mut pair, &options.by, column_by);
    let class = |name: &str| place(&pair.classes, name);
    let metric = (wanted.measured).metric(pair.config.null_class.as_deref(), &class)?;
    let how = Options {
        grouped: options.by != By::Cause,
        given: options.given,
        most: options.most,
    };
    let model = pair.answers.model();
    let found = attribute(&pair.versions, model, metric, &how).map_err(cannot(&pair, wanted))?;
    let supposed = match &supposed {
        Some(condition) => Some(
            supposed::score((&pair, &also, annotator.as_deref()), metric, condition)
                .map_err(cannot(&pair, wanted))?,
        ),
        None => None,
    };
    let explained = match (&pair.answers, options.explain) {
        (_, false) => None,
        (Answers::Nearest(learner), true) => {
            let flips =
                attribute::flips(&pair.versions, *learner).map_err(cannot(&pair, wanted))?;
            Some(flips.into_iter().map(|flip| explain(&pair, flip)).collect())
        }
        (_, true) => {
            return Err(Error::Usage(format!(
                "--explain is for nearest neighbours, and the model of `{}` is `{}`",
                pair.config.name, pair.config.model
            )));
        }
    };
    report(
        (&pair, wanted),
        (from.0, to.0),
        (metric, &found, groups),
        (supposed, explained),
    )
}

/// Returns the class of a name, among classes in the order of their bytes.
fn place(classes: &[String], name: &str) -> Option<u32> {
    let found = classes.binary_search_by(|class| class.as_str().cmp(name));
    found.ok().map(|at| at as u32)
}

/// Says why an evaluation cannot be traced.
fn cannot<'a>(
    pair: &'a Pair,
    wanted: &'a Wanted<'_>,
) -> impl Fn(attribute::Error) -> Error + use<'a> {
    move |source| Error::NotTraced {
        name: format!("{}:{}", pair.config.name, wanted.path),
        source,
    }
}

fn explain(pair: &Pair, flip: attribute::Flip) -> Explained {
    let key = |record: u32| {
        let both = pair.records.get(record as usize);
        let newest = both.and_then(|both| both.newest());
        newest.map(|one| one.key.clone()).unwrap_or_default()
    };
    let class = |class: u32| {
        pair.classes
            .get(class as usize)
            .cloned()
            .unwrap_or_default()
    };
    Explained {
        key: key(flip.record),
        truth: flip.truth.map(class),
        said: flip.said.map(class),
        changed: (flip.changed.into_iter())
            .map(|seen| {
                (
                    seen.rank,
                    key(seen.record),
                    seen.from.map(class),
                    seen.to.map(class),
                )
            })
            .collect(),
        smallest: flip.smallest.into_iter().map(key).collect(),
    }
}

/// Adds what renames and definitions moved, and checks that all of it adds up.
fn report(
    (pair, wanted): (&Pair, &Wanted<'_>),
    (from, to): (ObjectId, ObjectId),
    (metric, found, groups): (Metric, &Attribution, Vec<Group>),
    (supposed, explained): (Option<Supposed>, Option<Vec<Explained>>),
) -> Result<Trace, Error> {
    let options = wanted.options;
    let n = found.test_records;
    let share = |part: &Part, whole: bool| Share {
        cause: part.cause,
        group: match part.group.filter(|_| !whole) {
            Some(group) => groups.get(group as usize).cloned(),
            None => None,
        },
        records: part.records,
        contribution: part.tally.contribution,
        won: part.tally.won,
        lost: part.tally.lost,
        interval: Some(part.tally.interval(n)),
        stderr: part.stderr,
    };
    let mut causes: Vec<Share> = found.causes.iter().map(|part| share(part, true)).collect();
    let mut parts: Vec<Share> = found.parts.iter().map(|part| share(part, false)).collect();
    if options.by != By::Cause {
        parts.sort_by(|a, b| {
            let size = |share: &Share| share.contribution.abs();
            a.cause.cmp(&b.cause).then(size(b).total_cmp(&size(a)))
        });
    }
    let value = |(num, den): (i64, i64)| num as f64 / den as f64;
    let game = [value(found.from), value(found.to)];
    let older = |class: &str| {
        let mut names = pair.renamed.iter();
        Some(names.find(|(_, new)| *new == class)?.0.clone())
    };
    let sealed = |which: usize| {
        let told = pair.sealed[which].as_ref()?;
        let older: &dyn Fn(&str) -> Option<String> = if which == 0 { &older } else { &|_| None };
        wanted.measured.sealed(told, older)
    };
    let sealed = [sealed(0), sealed(1)];
    let ends = [sealed[0].unwrap_or(game[0]), sealed[1].unwrap_or(game[1])];
    let mut rest = (ends[1] - ends[0]) - (game[1] - game[0]);
    let renames = renamed(pair, wanted, metric, (&sealed, game))?;
    for (cause, contribution) in [
        (Cause::Renames, renames),
        (Cause::Definition, rest - renames),
    ] {
        if contribution.abs() > 1e-12 {
            let share = Share::of_names(cause, None, contribution);
            causes.push(share.clone());
            parts.push(share);
            rest -= contribution;
        }
    }
    let mut notes = Vec::new();
    if rest.abs() > 1e-9 {
        return Err(Error::NotTraced {
            name: format!("{}:{}", pair.config.name, wanted.path),
            source: attribute::Error::DoesNotAddUp { residual: rest },
        });
    }
    let name = &pair.config.name;
    match sealed {
        [Some(_), Some(_)] => {}
        [None, None] => notes.push(format!(
            "neither version has an evaluation `{name}`: the scores were computed for this answer"
        )),
        [old, _] => notes.push(format!(
            "the {} version has no evaluation `{name}`: its score was computed for this answer",
            if old.is_none() { "older" } else { "newer" }
        )),
    }
    if causes.iter().any(|part| part.cause == Cause::Definition) {
        notes.push(DEFINITION.to_owned());
    }
    let tested = |newer: bool| {
        let records = found.said.iter();
        records
            .filter(|said| said[usize::from(newer)].is_some())
            .count() as u64
    };
    let end = |which: usize, commit: ObjectId| End {
        commit,
        value: ends[which],
        test_records: tested(which == 1),
        sealed: sealed[which].is_some(),
    };
    Ok(Trace {
        metric: wanted.path.to_owned(),
        evaluation: pair.config.name.clone(),
        definition: pair.sealed[1]
            .as_ref()
            .map(|told| told.evaluation.definition),
        from: end(0, from),
        to: end(1, to),
        interval: found.whole.interval(n),
        mcnemar_p: paired_p(pair, found),
        method: found.method,
        evaluations_run: found.evaluations,
        by: options.by.clone(),
        given: options.given,
        causes,
        parts,
        supposed,
        explained,
        notes,
    })
}

/// Returns McNemar's p over the test records whose content and label are equal in both versions.
fn paired_p(pair: &Pair, found: &Attribution) -> f64 {
    let (mut won, mut lost) = (0, 0);
    for (record, said) in pair.versions.records.iter().zip(&found.said) {
        let (Some(from), Some(to), [Some(old), Some(new)]) = (record.from, record.to, *said) else {
            continue;
        };
        if (from.label, from.row) == (to.label, to.row) {
            won += u64::from(old != to.label && new == to.label);
            lost += u64::from(old == to.label && new != to.label);
        }
    }
    mcnemar(won, lost)
}

/// Returns what names alone moved: the scores as they are sealed, each under its own names, against
/// those of the same answers under the newer names.
fn renamed(
    pair: &Pair,
    wanted: &Wanted<'_>,
    metric: Metric,
    (sealed, game): (&[Option<f64>; 2], [f64; 2]),
) -> Result<f64, Error> {
    if pair.renamed.is_empty() {
        return Ok(0.0);
    }
    if let Some(sides) = &pair.by_itself {
        let Some(_) = sealed[0] else {
            return Ok(0.0);
        };
        let null = pair.config.null_class.as_deref();
        let score = |pairs: &[(String, String)], measured: &Measured| {
            let names: std::collections::BTreeSet<&String> =
                pairs.iter().flat_map(|(a, b)| [a, b]).collect();
            let names: Vec<String> = names.into_iter().cloned().collect();
            let class = |name: &str| place(&names, name);
            let old_null = null.map(|null| {
                let old = pair.renamed.iter().find(|(_, new)| *new == null);
                match old {
                    Some((old, _)) if class(null).is_none() => old.as_str(),
                    _ => null,
                }
            });
            let metric = measured.metric(old_null, &class).ok()?;
            let counts = pairs.iter().map(|(truth, said)| {
                metric.of(
                    class(truth).unwrap_or(u32::MAX),
                    class(said).unwrap_or(u32::MAX),
                )
            });
            let (num, den) = counts.fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
            (den != 0).then(|| num as f64 / den as f64)
        };
        let older = Measured {
            class: wanted.measured.class.as_ref().map(|class| {
                let old = pair.renamed.iter().find(|(_, new)| *new == class);
                old.map_or(class, |(old, _)| old).clone()
            }),
            ..wanted.measured.clone()
        };
        let own = score(&sides[0], &older);
        let newer = score(&sides[1], wanted.measured);
        return Ok(match (own, newer) {
            (Some(own), Some(newer)) => newer - own,
            _ => 0.0,
        });
    }
    // Stored answers: what is left once each version's own answers are heard under newer names.
    let own = match &pair.older_answers {
        None => game[0],
        Some(older) => {
            let (mut num, mut den) = (0, 0);
            for (record, said) in pair.versions.records.iter().zip(older) {
                if let (Some(place), Some(said)) = (record.from.filter(|p| p.tests), said) {
                    let (n, d) = metric.of(place.label, *said);
                    (num, den) = (num + n, den + d);
                }
            }
            if den == 0 {
                return Ok(0.0);
            }
            num as f64 / den as f64
        }
    };
    let of = |which: usize, canonical: f64| sealed[which].map_or(0.0, |own| own - canonical);
    Ok(of(1, game[1]) - of(0, own))
}

/// Sums shares by cause.
fn by_cause(parts: &[Share]) -> Vec<Share> {
    let mut out: BTreeMap<Cause, Share> = BTreeMap::new();
    for part in parts {
        let sum = out.entry(part.cause);
        let sum = sum.or_insert_with(|| Share::of_names(part.cause, None, 0.0));
        sum.records += part.records;
        sum.contribution += part.contribution;
        sum.won += part.won;
        sum.lost += part.lost;
    }
    out.into_values().collect()
}
