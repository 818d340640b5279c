//! Two versions under one evaluation: records joined, classes under their newer names, and what the
//! model is.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::super::assess::Version;
use super::super::diff::{DiffOptions, Ends, diff};
use super::super::error::Error;
use super::super::eval::prepare::{self, Drawn, Frozen};
use super::super::eval::sets::Chosen;
use super::super::eval::{self, Told};
use super::joined::{self, Both, One};
use crate::attribute::{Model, Versions};
use crate::base::ObjectId;
use crate::base::progress::Progress;
use crate::config::EvaluationConfig;
use crate::dataset::{Declarations, Table};
use crate::diff::{self as differ, Event, EventSink, Options};
use crate::learn::{Learner, Nearest, Ridge};
use crate::object::changes::Cause;
use crate::object::{Commit, Predictions};
use crate::repo::Repo;

/// Who answers.
pub(super) enum Answers {
    /// Predictions that are stored, by record: of the older and of the newer version.
    Known([Vec<Option<u32>>; 2]),
    /// Nearest neighbours.
    Nearest(Nearest),
    /// The ridge classifier.
    Ridge(Ridge),
    /// Naive Bayes.
    NaiveBayes,
    /// Another learner of our own.
    Learner(Box<dyn Learner>),
}

impl Answers {
    pub(super) fn model(&self) -> Model<'_> {
        match self {
            Self::Known([from, to]) => Model::Fixed { from, to },
            Self::Nearest(learner) => Model::Nearest(*learner),
            Self::Ridge(learner) => Model::Ridge(*learner),
            Self::NaiveBayes => Model::NaiveBayes,
            Self::Learner(learner) => Model::Other(learner.as_ref()),
        }
    }
}

/// Two versions under one evaluation.
pub(super) struct Pair {
    pub(super) config: EvaluationConfig,
    pub(super) records: Vec<Both>,
    pub(super) versions: Versions,
    pub(super) answers: Answers,
    /// Where predictions of one content differ: what the older version was told, by record.
    pub(super) older_answers: Option<Vec<Option<u32>>>,
    pub(super) classes: Vec<String>,
    /// Older names of classes with their newer ones.
    pub(super) renamed: BTreeMap<String, String>,
    /// The first evaluation of that name at each version.
    pub(super) sealed: [Option<Told>; 2],
    /// Of learners of our own, where classes were renamed: what the older version scores by itself
    /// under its own names and under the newer ones, as pairs of true and said class.
    pub(super) by_itself: Option<[Vec<(String, String)>; 2]>,
}

/// One version, read.
struct Side {
    drawn: Drawn,
    told: Option<Told>,
}

/// What the vocabulary's change means, as the diff says it.
#[derive(Default)]
struct Vocabulary {
    renamed: BTreeMap<String, String>,
    /// Classes that were split or merged: from, to.
    changed: BTreeSet<(String, String)>,
}

struct Listening<'a> {
    dataset: &'a str,
    field: &'a str,
    found: Vocabulary,
}

impl EventSink for Listening<'_> {
    fn event(&mut self, event: Event) -> Result<(), differ::Error> {
        let Event::Summary(summary) = event else {
            return Ok(());
        };
        let own = summary.dataset == self.dataset;
        for one in summary.transitions.iter().filter(|_| own) {
            let (Some(from), Some(to)) = (one.from.text(), one.to.text()) else {
                continue;
            };
            let (from, to) = (from.to_owned(), to.to_owned());
            match one.cause {
                _ if one.field != self.field => {}
                Cause::Rename | Cause::Swap => drop(self.found.renamed.insert(from, to)),
                Cause::Split | Cause::Merge => drop(self.found.changed.insert((from, to))),
                Cause::Relabel => {}
            }
        }
        Ok(())
    }
}

/// Returns the declaration of an evaluation: that of the version, else that of the working files.
pub(super) fn declared(
    repo: &Repo,
    version: &Version,
    name: Option<&str>,
) -> Result<EvaluationConfig, Error> {
    let mut known = version.declarations.evaluations.clone();
    let working = repo.root.join("dver.toml");
    if let Ok(bytes) = crate::base::fsio::read_bounded(&working, 16 << 20)
        && let Ok(declared) = crate::config::Declarations::parse(&String::from_utf8_lossy(&bytes))
    {
        for one in declared.evaluations {
            if known.iter().all(|other| other.name != one.name) {
                known.push(one);
            }
        }
    }
    let found = match name {
        Some(name) => known.iter().position(|one| one.name == name),
        None if known.len() == 1 => Some(0),
        None => None,
    };
    if let Some(at) = found {
        return Ok(known.swap_remove(at));
    }
    let known: Vec<String> = known.into_iter().map(|one| one.name).collect();
    match (known.is_empty(), name) {
        (true, _) => Err(Error::NoSuchEvaluation {
            name: name.map(str::to_owned),
            known,
        }),
        (false, None) => Err(Error::Usage(format!(
            "several evaluations are declared: name one as EVAL:SCORE, with EVAL of {}",
            known.join(", ")
        ))),
        (false, Some(name)) => Err(Error::Usage(format!(
            "no evaluation `{name}` is declared; there are: {}",
            known.join(", ")
        ))),
    }
}

/// Reads two versions; `also` are the fields whose values are asked for.
pub(super) fn open(
    repo: &mut Repo,
    (from, to): (&(ObjectId, Commit), &(ObjectId, Commit)),
    name: Option<&str>,
    also: &[String],
    progress: &dyn Progress,
) -> Result<Pair, Error> {
    let before = Version::of_commit(&repo.store, &from.1)?;
    let after = Version::of_commit(&repo.store, &to.1)?;
    let config = declared(repo, &after, name)?;
    let newer = table(repo, &after, &after.declarations, &config)?;
    let mut older = match before.declarations.get(&config.dataset) {
        Some(_) => table(repo, &before, &before.declarations, &config)?,
        None => table(repo, &before, &after.declarations, &config)?,
    };
    // Both versions are read with the newer one's roles where the older one has those fields.
    let (key, label) = prepare::key_and_label(&newer)?;
    let fields = older.all_fields(&repo.store)?;
    let has = |name: &String| fields.iter().any(|field| **field == **name);
    if key.iter().chain([&label]).all(has) {
        older.declaration.roles = newer.declaration.roles.clone();
    }
    let built_in = config.is_built_in();
    let reading = match built_in {
        true => config.clone(),
        // Whoever answers, dver sees no features.
        false => EvaluationConfig {
            model: "majority".to_owned(),
            ..config.clone()
        },
    };
    let read = |version: &Version, table: &Table, commit: &ObjectId| -> Result<Side, Error> {
        let chosen = Chosen::of(&config).and_then(|chosen| chosen.check(&repo.store, table));
        let drawn = chosen
            .and_then(|()| prepare::draw(&repo.store, (&version.entries, table), &reading, also))
            .and_then(|drawn| match drawn.sets.records.is_empty() {
                true => Err(Error::NoTestRecords {
                    name: config.name.clone(),
                }),
                false => Ok(drawn),
            });
        Ok(Side {
            drawn: drawn.map_err(|error| in_version(error, commit))?,
            told: eval::of_commit(repo, commit, Some(&config.name))?
                .into_iter()
                .next(),
        })
    };
    let mut old = read(&before, &older, &from.0)?;
    let new = read(&after, &newer, &to.0)?;
    let options = DiffOptions {
        ends: Ends::Revisions(from.0.to_string(), to.0.to_string()),
        within: Vec::new(),
        tell: Options::STAT,
        condition: None,
        from_data: false,
    };
    let mut listening = Listening {
        dataset: &config.dataset,
        field: &label,
        found: Vocabulary::default(),
    };
    diff(repo, &options, &mut listening, progress)?;
    let Vocabulary { renamed, changed } = listening.found;
    let names = renamed.clone();
    let vocabulary = |a: &One, b: &One| {
        // The older record has its label under the newer name by now.
        let back = names.iter().filter(|(_, new)| **new == a.label);
        let olds = back.map(|(old, _)| old).chain([&a.label]);
        let mut pairs = olds.map(|name| (name.clone(), b.label.clone()));
        pairs.any(|pair| changed.contains(&pair))
    };
    let sealed = [old.told.take(), new.told];
    if !built_in {
        return with_known(
            repo,
            config,
            (old.drawn, new.drawn),
            (renamed, &vocabulary),
            sealed,
        );
    }
    let mut by_itself = None;
    if !renamed.is_empty() {
        let learner = prepare::learner_of(&config)?;
        let plain = |rename: bool| -> Result<Vec<(String, String)>, Error> {
            let mut drawn = prepare::draw(&repo.store, (&before.entries, &older), &reading, &[])?;
            if rename {
                drawn.rename(|label| renamed.get(label).cloned());
            }
            let frozen = Frozen::of(&config, &drawn, &[&drawn])?;
            let prepared = frozen.apply(&config, drawn)?;
            let said = prepared.predict(prepared.fit(learner.as_ref()).as_ref());
            let truths = prepared.test.examples.labels().iter();
            let name = |class: u32| {
                frozen
                    .classes
                    .get(class as usize)
                    .cloned()
                    .unwrap_or_default()
            };
            Ok((truths.zip(said))
                .map(|(truth, said)| (name(*truth), name(said.class)))
                .collect())
        };
        by_itself = Some([plain(false)?, plain(true)?]);
    }
    old.drawn.rename(|label| renamed.get(label).cloned());
    // Columns are frozen from the older version, unless there is nothing to freeze them from.
    let first = match old.drawn.sets.training.is_empty() {
        true => &new.drawn,
        false => &old.drawn,
    };
    let frozen = Frozen::of(&config, first, &[&old.drawn, &new.drawn])?;
    let (old_train, old_test, mut rows) = joined::prepared(frozen.apply(&config, old.drawn)?);
    let (new_train, new_test, new_rows) = joined::prepared(frozen.apply(&config, new.drawn)?);
    let offset = rows.len() as u32;
    rows.append(&new_rows);
    let records = joined::join(
        joined::united(old_train, old_test),
        joined::united(new_train, new_test),
    );
    let classes = frozen.classes;
    let answers = match config.model.as_str() {
        "knn" => Answers::Nearest(prepare::nearest_of(&config)),
        "ridge" => Answers::Ridge(prepare::ridge_of(&config)),
        "naive-bayes" => Answers::NaiveBayes,
        _ => Answers::Learner(prepare::learner_of(&config)?),
    };
    Ok(Pair {
        versions: joined::versions(&records, (Some(rows), offset), &classes, &vocabulary),
        older_answers: None,
        config,
        records,
        answers,
        classes,
        renamed,
        sealed,
        by_itself,
    })
}

/// Says in which of the two versions something is wrong.
fn in_version(error: Error, commit: &ObjectId) -> Error {
    let at = commit.short();
    match error {
        Error::NotEvaluated { name, reason } => Error::NotEvaluated {
            reason: format!("in {at}: {reason}"),
            name,
        },
        Error::NoTestRecords { name } => Error::NotEvaluated {
            reason: format!("in {at} no record with a label is a test record"),
            name,
        },
        Error::Where(mut error) => {
            error.reason = format!("{} in {at}", error.reason);
            Error::Where(error)
        }
        error => error,
    }
}

fn table(
    repo: &Repo,
    version: &Version,
    declarations: &Declarations,
    config: &EvaluationConfig,
) -> Result<Table, Error> {
    let declaration = super::super::dataset::find(declarations, &config.dataset)?;
    Ok(Table::open(&repo.store, &version.entries, declaration)?)
}

/// Says whether two records differ because of the vocabulary.
type IsVocabulary<'a> = dyn Fn(&One, &One) -> bool + 'a;

/// Takes predictions that are stored with the evaluations.
fn with_known(
    repo: &Repo,
    config: EvaluationConfig,
    (mut old, new): (Drawn, Drawn),
    (renamed, vocabulary): (BTreeMap<String, String>, &IsVocabulary<'_>),
    sealed: [Option<Told>; 2],
) -> Result<Pair, Error> {
    if config.model == "command" && old.sets.train != new.sets.train {
        return Err(Error::NotEvaluated {
            name: config.name.clone(),
            reason: "a command fits its model, and the training records differ: dver cannot fit \
                     it again for each coalition of changes"
                .to_owned(),
        });
    }
    let labels = |drawn: &Drawn| -> BTreeSet<String> {
        let records = drawn.sets.records.iter().chain(&drawn.sets.training);
        records.map(|record| record.label.clone()).collect()
    };
    let new_labels = labels(&new);
    old.rename(|label| renamed.get(label).cloned());
    let mut classes: BTreeSet<String> = labels(&old);
    classes.extend(new_labels.iter().cloned());
    // What a version's own predictions say, under the newer names.
    let mut said: Vec<Option<HashMap<Vec<String>, String>>> = Vec::new();
    for (told, newer) in sealed.iter().zip([false, true]) {
        let Some(told) = told else {
            said.push(None);
            continue;
        };
        let predictions = Predictions::read(&repo.store, &told.evaluation.predictions)?;
        let name = |class: &String| match renamed.get(class) {
            Some(new) if !newer || !new_labels.contains(class) => new.clone(),
            _ => class.clone(),
        };
        let names: Vec<String> = predictions.classes.iter().map(name).collect();
        classes.extend(names.iter().cloned());
        let places = predictions.predicted.iter();
        let places = places.map(|place| names[*place as usize].clone());
        said.push(Some(predictions.keys.into_iter().zip(places).collect()));
    }
    let classes: Vec<String> = classes.into_iter().collect();
    let ones = |drawn: Drawn| {
        let of = |records: Vec<eval::sets::Record>, trains: bool| -> Vec<One> {
            let records = records.into_iter();
            records
                .map(|record| joined::one(record, trains, 0))
                .collect()
        };
        joined::united(of(drawn.sets.training, true), of(drawn.sets.records, false))
    };
    let records = joined::join(ones(old), ones(new));
    let mut answers = [vec![None; records.len()], vec![None; records.len()]];
    let mut older = vec![None; records.len()];
    let mut differs = false;
    let (mut missed, mut first) = (0, None);
    for (at, both) in records.iter().enumerate() {
        let answer = |one: &One, which: usize| {
            let class = said[which].as_ref()?.get(&one.key)?;
            classes.binary_search(class).ok().map(|at| at as u32)
        };
        let tests = |one: &Option<One>| one.as_ref().filter(|one| one.tests).cloned();
        let (from, to) = (tests(&both.from), tests(&both.to));
        let mut miss = |one: &One, found: Option<u32>| {
            if found.is_none() {
                missed += 1;
                first.get_or_insert_with(|| one.key.clone());
            }
            found
        };
        // A version without predictions of its own is scored with those of the other one.
        let own = from.as_ref().map(|one| {
            let found = answer(one, 0).or_else(|| answer(one, 1));
            miss(one, found)
        });
        answers[1][at] = to.as_ref().and_then(|one| {
            let found = answer(one, 1).or_else(|| answer(one, 0));
            miss(one, found)
        });
        older[at] = own.flatten();
        let same = matches!((&from, &to), (Some(a), Some(b)) if a.inputs == b.inputs);
        answers[0][at] = if same { answers[1][at] } else { older[at] };
        differs |= answers[0][at] != older[at];
    }
    if said.iter().all(Option::is_none) {
        return Err(Error::NotEvaluated {
            name: config.name.clone(),
            reason: "neither version has predictions of it".to_owned(),
        });
    }
    if let Some(key) = first {
        return Err(Error::NoPrediction { missed, key });
    }
    Ok(Pair {
        versions: joined::versions(&records, (None, 0), &classes, vocabulary),
        older_answers: differs.then_some(older),
        answers: Answers::Known(answers),
        by_itself: None,
        config,
        records,
        classes,
        renamed,
        sealed,
    })
}
