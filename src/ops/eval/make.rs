//! Makes evaluations: fits and predicts with a learner of our own, or has a command do it.
//!
//! Invariant: takes no lock and writes nothing into the repository. What is made is a function of
//! the version and the definition, as far as the command is one.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::base::ObjectId;
use crate::base::progress::Progress;
use crate::config::EvaluationConfig;
use crate::dataset::{Declaration, Declarations, Table};
use crate::learn::Prediction;
use crate::object::{Definition, ObjectSource};
use crate::repo::Repo;

use super::super::assess::Version;
use super::super::error::Error;
use super::made::Made;
use super::prepare::{self, Frozen, Prepared};
use super::sets::{Chosen, Record, Sets};
use super::{definition, external, list};

/// How sure a learner is that is certain.
const CERTAIN: f64 = 1e6;

/// Makes the evaluations of one declaration, of any version.
#[derive(Clone, Debug)]
pub(in crate::ops) struct Maker {
    /// What is declared.
    pub config: EvaluationConfig,
    /// How the data set is declared where the evaluation is.
    declaration: Declaration,
    /// What is asked.
    pub definition: Definition,
    /// The id of the definition.
    pub id: ObjectId,
    /// Where commands run.
    root: PathBuf,
    /// Where what they printed is kept.
    logs: PathBuf,
}

/// The name of an evaluation, and how it is made or why it cannot be.
pub(in crate::ops) type Named = (String, Result<Maker, Error>);

impl Maker {
    /// Prepares one of the evaluations that are declared.
    pub(in crate::ops) fn new(
        repo: &Repo,
        declarations: &Declarations,
        config: &EvaluationConfig,
    ) -> Result<Self, Error> {
        let declaration = super::super::dataset::find(declarations, &config.dataset)?;
        definition::check_metrics(config)?;
        let definition = definition::definition(&repo.root, declaration, config)?;
        Ok(Self {
            config: config.clone(),
            declaration: declaration.clone(),
            id: definition::id_of(&definition)?,
            definition,
            root: repo.root.clone(),
            logs: repo.dir.join("cache").join("eval"),
        })
    }

    /// Prepares the evaluations that are declared to run at each commit and that are wanted. One
    /// whose code cannot be read is one that failed.
    pub(in crate::ops) fn at_commit(
        repo: &Repo,
        declarations: &Declarations,
        wanted: &dyn Fn(&str) -> bool,
    ) -> Result<Vec<Named>, Error> {
        let all = declarations.evaluations.iter();
        all.filter(|config| config.at_commit && wanted(&config.name))
            .map(|config| match Self::new(repo, declarations, config) {
                Err(why) if !matches!(why, Error::Io(_)) => Err(why),
                maker => Ok((config.name.clone(), maker)),
            })
            .collect()
    }

    /// Makes the evaluation of a version.
    pub(in crate::ops) fn make(
        &self,
        source: &dyn ObjectSource,
        version: &Version,
        progress: &dyn Progress,
    ) -> Result<Made, Error> {
        let config = &self.config;
        progress.begin(&format!("evaluating {}", config.name), None);
        let table = self.table(source, version)?;
        let (_, field) = prepare::key_and_label(&table)?;
        Chosen::of(config)?.check(source, &table)?;
        let (sets, predictions, notes) = match &config.command {
            Some(command) => {
                let made =
                    external::predict(source, &table, config, command, (&self.root, &self.logs))?;
                (made.0, made.1, Vec::new())
            }
            None => self.learn(source, version, &table)?,
        };
        let renamed = match config.command {
            Some(_) => table.declaration.rename.clone(),
            None => BTreeMap::new(), // it speaks the words that it has learnt
        };
        let asked = (self.definition.clone(), field);
        let mut made = Made::of(
            (&config.name, &config.dataset),
            asked,
            sets,
            predictions,
            &renamed,
        )?;
        made.notes.extend(notes);
        progress.end();
        Ok(made)
    }

    /// Opens the data set of a version: its files as that version declares them, its fields with
    /// the roles of the definition, so that all versions are asked the same.
    fn table(&self, source: &dyn ObjectSource, version: &Version) -> Result<Table, Error> {
        let own = version.declarations.get(&self.declaration.name);
        let declaration = Declaration {
            roles: self.declaration.roles.clone(),
            ..own.unwrap_or(&self.declaration).clone()
        };
        Ok(Table::open(source, &version.entries, &declaration)?)
    }

    fn learn(
        &self,
        source: &dyn ObjectSource,
        version: &Version,
        table: &Table,
    ) -> Result<(Sets, crate::object::Predictions, Vec<String>), Error> {
        let config = &self.config;
        let learner = prepare::learner_of(config)?;
        let drawn = prepare::draw(source, (&version.entries, table), config, &[])?;
        let frozen = Frozen::of(config, &drawn, &[&drawn])?;
        let prepared = frozen.apply(config, drawn)?;
        let told = prepared.predict(&*prepared.fit(&*learner));
        let mut notes = Vec::new();
        if config.model != "majority" {
            notes.extend(frozen.described(config));
        }
        notes.extend(said_of(&prepared, &told, &frozen));
        let rows = prepared
            .test
            .records
            .iter()
            .zip(&told)
            .map(|(record, one)| {
                let class = frozen.classes.get(one.class as usize).cloned();
                let sure = one
                    .probabilities
                    .as_ref()
                    .and_then(|all| all.get(one.class as usize));
                let sure = sure.map(|p| (p.clamp(0.0, 1.0) * CERTAIN).round() as u32);
                (record.key.clone(), (class.unwrap_or_default(), sure))
            });
        let key = table.declaration.roles.key().to_vec();
        let predictions = list::collected(key, rows.collect());
        let mut records: Vec<Record> = prepared.test.records;
        records.sort_by(|a, b| a.key.cmp(&b.key));
        let sets = Sets {
            train: prepared.train_set,
            test: prepared.test_set,
            records,
            training: Vec::new(),
            kinds: Vec::new(),
            left_out: prepared.left_out,
        };
        Ok((sets, predictions, notes))
    }
}

/// Returns what is to be said of a fit that learnt little.
fn said_of(prepared: &Prepared, told: &[Prediction], frozen: &Frozen) -> Vec<String> {
    let mut out = Vec::new();
    let seen = prepared.train.examples.counts();
    let seen: Vec<&String> = (frozen.classes.iter().zip(seen))
        .filter(|(_, count)| *count > 0)
        .map(|(class, _)| class)
        .collect();
    match (seen.as_slice(), frozen.classes.first()) {
        ([], Some(first)) => out.push(format!(
            "there are no training records: all are predicted to be `{first}`"
        )),
        ([only], _) => out.push(format!(
            "all training records are `{only}`, and so are all predictions"
        )),
        _ => {
            let close = told.iter().filter(|one| one.close).count();
            if close > 0 {
                out.push(format!(
                    "{close} predictions were ties, which a rule decided and not the scores"
                ));
            }
        }
    }
    let unseen = |record: &&Record| !seen.contains(&&record.label);
    let unseen = prepared.test.records.iter().filter(unseen).count();
    if unseen > 0 && !seen.is_empty() {
        out.push(format!(
            "{unseen} test records have a class without training records"
        ));
    }
    out
}
