//! `bisect`: the commit at which a metric fell below a bound, along first parents, and its changes.
//!
//! Stored values are read first; only where these leave several commits in question are evaluations
//! made, each time of the commit in the middle. That finds the fall if the metric crosses the bound
//! once between two known commits: an assumption, which the answer says aloud.

use std::collections::BTreeMap;

use crate::base::progress::Progress;
use crate::base::{ObjectId, nearest};
use crate::evaluate::{Comparable, NAMES, comparable};
use crate::object::changes::{ChangeSet, Row, Transition};
use crate::object::{self, Commit, Evaluation};
use crate::repo::Repo;

use super::error::Error;
use super::eval::make::Maker;
use super::eval::run::{wanted, working_declarations};
use super::eval::{self, Ran, RunOptions, along};
use super::metrics;
use super::rows;
use super::show::Sealed;

/// Which side of a bound is bad.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum BadSide {
    /// Values below it.
    Below(f64),
    /// Values above it.
    Above(f64),
}

impl BadSide {
    /// Returns whether a value is bad.
    pub fn holds(self, value: f64) -> bool {
        match self {
            Self::Below(bound) => value < bound,
            Self::Above(bound) => value > bound,
        }
    }

    /// Returns it in words.
    pub fn words(self) -> String {
        match self {
            Self::Below(bound) => format!("below {bound}"),
            Self::Above(bound) => format!("above {bound}"),
        }
    }
}

/// What is looked for.
#[derive(Clone, Debug)]
pub struct BisectOptions {
    /// `EVAL:SCORE`, a score alone where one evaluation is stored, or a metric of the data.
    pub metric: String,
    /// What is bad.
    pub bad: BadSide,
    /// Where to begin; the first commit where none is given.
    pub from: Option<String>,
    /// Where to end.
    pub to: String,
    /// Evaluations that are missing are not made.
    pub stored_only: bool,
    /// At most so many changes of the commit are told.
    pub most: usize,
}

/// A commit that was asked.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The commit.
    pub id: ObjectId,
    /// The first line of its message.
    pub title: String,
    /// The value; `None` where there is none.
    pub value: Option<f64>,
    /// Whether the evaluation was made now.
    pub made: bool,
}

/// The answer.
#[derive(Clone, Debug)]
pub struct BisectReport {
    /// The metric, with its evaluation.
    pub metric: String,
    /// What is bad.
    pub bad: BadSide,
    /// How many commits there are from the first to the last.
    pub commits: u64,
    /// The commits whose values are known, oldest first.
    pub asked: Vec<Asked>,
    /// The last good commit; `None` where the first is bad already.
    pub good: Option<ObjectId>,
    /// The commits one of which it is, oldest first; one where it is found, none where the last
    /// commit is good.
    pub guilty: Vec<(ObjectId, Commit)>,
    /// How the evaluations before and at the commit compare.
    pub comparable: Option<Comparable>,
    /// The first changes of records of the commit that was found.
    pub changes: Vec<Row>,
    /// How many labels it changed, by transition.
    pub transitions: Vec<Transition>,
    /// What people should know of the answer.
    pub notes: Vec<String>,
}

/// The assumption that the search makes.
const ASSUMPTION: &str = "assumed: between two known commits the metric crosses the bound once";

/// What is measured of commits.
enum Measured {
    /// A score of an evaluation of one definition.
    Score {
        name: String,
        path: String,
        definition: Option<ObjectId>,
    },
    /// A metric of the data.
    Metric(String),
}

struct Search<'a> {
    /// Oldest first.
    line: Vec<(ObjectId, Commit)>,
    values: BTreeMap<usize, f64>,
    made: Vec<usize>,
    what: Measured,
    options: &'a BisectOptions,
    notes: Vec<String>,
}

/// Finds the commit.
pub fn bisect(
    repo: &mut Repo,
    options: &BisectOptions,
    progress: &dyn Progress,
    waiting: &mut dyn FnMut(&str),
) -> Result<BisectReport, Error> {
    let (BadSide::Below(bound) | BadSide::Above(bound)) = options.bad;
    if !bound.is_finite() {
        return Err(Error::Usage("the bound is a finite number".to_owned()));
    }
    let line = line(repo, options)?;
    let what = measured(repo, &line, &options.metric)?;
    let mut search = Search {
        line,
        values: BTreeMap::new(),
        made: Vec::new(),
        what,
        options,
        notes: Vec::new(),
    };
    search.read_all(repo)?;
    let last = search.line.len() - 1;
    // The ends first: without them nothing is between.
    for end in [last, 0] {
        if !search.values.contains_key(&end) {
            search.make(repo, end, progress, waiting)?;
        }
    }
    if search.values.is_empty() {
        return Err(search.no_value());
    }
    let range = search.narrow(repo, progress, waiting)?;
    search.report(repo, range)
}

/// Returns the first parents of the last commit down to the first one, oldest first.
fn line(repo: &Repo, options: &BisectOptions) -> Result<Vec<(ObjectId, Commit)>, Error> {
    let from = options
        .from
        .as_deref()
        .map(|from| repo.resolve(from))
        .transpose()?;
    let mut next = Some(repo.resolve(&options.to)?);
    let mut line = Vec::new();
    while let Some(id) = next {
        let commit: Commit = object::get(&repo.store, &id)?;
        next = commit.parents.first().copied().filter(|_| Some(id) != from);
        line.push((id, commit));
    }
    if let Some(from) = from
        && line.last().is_none_or(|(id, _)| *id != from)
    {
        return Err(Error::Usage(format!(
            "{} is none of the first parents of {}",
            from.short(),
            options.to
        )));
    }
    line.reverse();
    Ok(line)
}

/// Returns the definition that the dver.toml of now declares; `None` where none can be run.
fn declared(repo: &Repo, name: &str) -> Option<ObjectId> {
    let declarations = working_declarations(repo).ok()?;
    let config = *wanted(&declarations, Some(name)).ok()?.first()?;
    Some(Maker::new(repo, &declarations, config).ok()?.id)
}

/// Finds out what is asked for: a score of an evaluation, or a metric of the data.
fn measured(repo: &Repo, line: &[(ObjectId, Commit)], metric: &str) -> Result<Measured, Error> {
    let score = |name: &str, path: &str| Measured::Score {
        name: name.to_owned(),
        path: path.to_owned(),
        definition: None,
    };
    if let Some((name, path)) = along::asked(metric) {
        return Ok(score(name, path));
    }
    let mut known: Vec<String> = Vec::new();
    for (id, _) in line {
        for told in eval::of_commit(repo, id, None)? {
            let has = told.scores.iter().any(|score| score.name == metric);
            if has && !known.contains(&told.evaluation.name) {
                known.push(told.evaluation.name);
            }
        }
    }
    // Where none is stored yet, one that can be made will do.
    if known.is_empty() && NAMES.contains(&metric) {
        let declarations = working_declarations(repo)?;
        let declared = wanted(&declarations, None).unwrap_or_default();
        known.extend(declared.iter().map(|one| one.name.clone()));
    }
    match known.as_slice() {
        [only] => Ok(score(only, metric)),
        [] => {
            metrics::check_asked(repo, line, &[metric.to_owned()])?;
            Ok(Measured::Metric(metric.to_owned()))
        }
        names => Err(Error::Usage(format!(
            "several evaluations have `{metric}`: say which, as {}",
            names
                .iter()
                .map(|name| format!("{name}:{metric}"))
                .collect::<Vec<_>>()
                .join(" or ")
        ))),
    }
}

impl Search<'_> {
    /// Says why no commit has a value.
    fn no_value(&self) -> Error {
        let (name, definition, path) = match &self.what {
            Measured::Score {
                name,
                path,
                definition,
            } => (Some(name.clone()), definition, path.as_str()),
            Measured::Metric(_) => (None, &None, ""),
        };
        let score = path.split('.').next().unwrap_or_default();
        match (definition, name) {
            (Some(_), _) if !NAMES.contains(&score) => Error::NoSuchScore {
                name: path.to_owned(),
                nearest: nearest(score, NAMES.iter().copied()).map(str::to_owned),
            },
            (Some(_), Some(name)) => Error::Usage(format!(
                "no evaluation `{name}` of these commits has a value of `{path}`"
            )),
            (_, name) => Error::NotEvaluatedYet {
                name,
                known: Vec::new(),
            },
        }
    }

    /// Reads what is stored.
    fn read_all(&mut self, repo: &Repo) -> Result<(), Error> {
        if let Measured::Score {
            name, definition, ..
        } = &mut self.what
        {
            // The newest says under which definition commits are compared.
            for (id, _) in self.line.iter().rev() {
                let all = eval::attached(repo, id)?;
                if let Some((_, one)) = all.iter().find(|(_, one)| one.name == *name) {
                    *definition = Some(one.definition);
                    break;
                }
            }
        }
        for at in 0..self.line.len() {
            if let Some(value) = self.stored(repo, at)? {
                self.values.insert(at, value);
            }
        }
        Ok(())
    }

    /// Returns the evaluation of a commit under the definition.
    fn evaluation(&self, repo: &Repo, at: usize) -> Result<Option<Evaluation>, Error> {
        let Measured::Score {
            name, definition, ..
        } = &self.what
        else {
            return Ok(None);
        };
        let all = eval::attached(repo, &self.line[at].0)?.into_iter();
        let mut all = all.map(|(_, one)| one).filter(|one| one.name == *name);
        Ok(all.find(|one| Some(one.definition) == *definition))
    }

    fn stored(&self, repo: &Repo, at: usize) -> Result<Option<f64>, Error> {
        let (id, commit) = &self.line[at];
        match &self.what {
            Measured::Metric(asked) => {
                let sealed = Sealed::read(repo, *id, commit.clone())?;
                let found = metrics::of_commit(repo, &sealed, std::slice::from_ref(asked))?;
                Ok(found.first().and_then(|measure| measure.metric.value))
            }
            Measured::Score {
                name,
                path,
                definition,
            } => {
                let mut all = eval::of_commit(repo, id, Some(name))?.into_iter();
                let told = all.find(|told| Some(told.evaluation.definition) == *definition);
                let scores = told.as_ref().map_or(&[][..], |told| &told.scores);
                Ok(along::find(scores, path).and_then(|score| score.value))
            }
        }
    }

    /// Makes the evaluation of a commit that has none, where it can be made.
    fn make(
        &mut self,
        repo: &mut Repo,
        at: usize,
        progress: &dyn Progress,
        waiting: &mut dyn FnMut(&str),
    ) -> Result<(), Error> {
        let Measured::Score {
            name, definition, ..
        } = &mut self.what
        else {
            return Ok(());
        };
        if self.options.stored_only {
            return Ok(());
        }
        let id = self.line[at].0;
        // What could not be compared is not made: it would be attached for nothing.
        if definition.is_some() && declared(repo, name).is_some_and(|own| Some(own) != *definition)
        {
            self.notes.push(format!(
                "{} is not evaluated: the definition of now is not that of the stored ones",
                id.short()
            ));
            return Ok(());
        }
        let run = RunOptions {
            revisions: vec![id.to_string()],
            name: Some(name.clone()),
        };
        let mut why = None;
        let ran = eval::run(repo, &run, progress, waiting, &mut |ran| {
            match ran {
                Ran::Made(told) | Ran::Known(told) => {
                    definition.get_or_insert(told.evaluation.definition);
                }
                Ran::Failed { why: error, .. } => why = Some(error.to_string()),
            }
            Ok(())
        });
        match ran {
            Err(Error::Usage(words)) => why = Some(words),
            Err(error @ Error::NoSuchEvaluation { .. }) => why = Some(error.to_string()),
            ran => ran?,
        }
        if let Some(why) = why {
            self.notes
                .push(format!("{} is not evaluated: {why}", id.short()));
            return Ok(());
        }
        if let Some(value) = self.stored(repo, at)? {
            self.values.insert(at, value);
            self.made.push(at);
        }
        Ok(())
    }

    fn is_bad(&self, at: usize) -> Option<bool> {
        self.values
            .get(&at)
            .map(|value| self.options.bad.holds(*value))
    }

    /// Narrows the commits in question down. Returns the last good one and the first that is known
    /// to be bad after it.
    fn narrow(
        &mut self,
        repo: &mut Repo,
        progress: &dyn Progress,
        waiting: &mut dyn FnMut(&str),
    ) -> Result<(Option<usize>, Option<usize>), Error> {
        // The fall that the last commit still suffers from: all that is known after it is bad.
        let mut good = None;
        let mut bad = None;
        for (at, value) in self.values.iter().rev() {
            if !self.options.bad.holds(*value) {
                good = Some(*at);
                break;
            }
            bad = Some(*at);
        }
        let Some(mut bad) = bad else {
            return Ok((good, None));
        };
        let Some(mut good) = good else {
            return Ok((None, Some(bad)));
        };
        while bad - good > 1 {
            let middle = good + (bad - good) / 2;
            let made = self.values.len();
            self.make(repo, middle, progress, waiting)?;
            match self.is_bad(middle) {
                Some(true) => bad = middle,
                Some(false) => good = middle,
                None => {
                    debug_assert_eq!(made, self.values.len());
                    break;
                }
            }
        }
        Ok((Some(good), Some(bad)))
    }

    fn report(
        mut self,
        repo: &Repo,
        (good, bad): (Option<usize>, Option<usize>),
    ) -> Result<BisectReport, Error> {
        let last = self.line.len() - 1;
        if !self.values.contains_key(&last) && bad.is_some() {
            self.notes
                .push("the last commit has no value: what is told is of those before".to_owned());
        }
        let crossings = self
            .values
            .values()
            .map(|value| self.options.bad.holds(*value));
        let crossings: Vec<bool> = crossings.collect();
        let turns = crossings
            .windows(2)
            .filter(|pair| pair[0] != pair[1])
            .count();
        if turns > 1 {
            self.notes.push(format!(
                "the known values cross the bound {turns} times: what is told is the last fall"
            ));
        }
        let guilty = match (good, bad) {
            (Some(good), Some(bad)) => self.line[good + 1..=bad].to_vec(),
            // Bad from the beginning on: no commit made it so.
            _ => Vec::new(),
        };
        if let [_, _, ..] = guilty.as_slice() {
            self.notes
                .push("those between could not be told apart".to_owned());
        }
        let mut comparable_as = None;
        if let (Some(good), Some(bad)) = (good, bad)
            && let Some(older) = self.evaluation(repo, good)?
            && let Some(newer) = self.evaluation(repo, bad)?
        {
            comparable_as = comparable(&older, &newer);
        }
        let (mut changes, mut transitions) = (Vec::new(), Vec::new());
        if let [(_, commit)] = guilty.as_slice()
            && let Some(id) = commit.changes.first()
        {
            let set: ChangeSet = object::get(&repo.store, id)?;
            changes = rows::first(repo, commit, &set, self.options.most)?;
            for dataset in &set.datasets {
                transitions.extend(dataset.labels.transitions.iter().cloned());
            }
        }
        if guilty.len() != 1 || self.line.len() > 2 {
            self.notes.push(ASSUMPTION.to_owned());
        }
        let asked = self.values.iter().map(|(at, value)| {
            let (id, commit) = &self.line[*at];
            Asked {
                id: *id,
                title: commit.message.lines().next().unwrap_or_default().to_owned(),
                value: Some(*value),
                made: self.made.contains(at),
            }
        });
        Ok(BisectReport {
            metric: match &self.what {
                Measured::Score { name, path, .. } => format!("{name}:{path}"),
                Measured::Metric(asked) => asked.clone(),
            },
            bad: self.options.bad,
            commits: self.line.len() as u64,
            asked: asked.collect(),
            good: good.map(|at| self.line[at].0),
            guilty,
            comparable: comparable_as,
            changes,
            transitions,
            notes: self.notes,
        })
    }
}
