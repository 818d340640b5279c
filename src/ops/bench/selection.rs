//! `bench selection`: how good the fixed model is when it learns from selected records alone
//! (DataPerf's selection task).

use crate::base::ObjectId;
use crate::base::progress::Progress;
use crate::curate::choosing::random;
use crate::evaluate::Score;
use crate::repo::Repo;

use super::super::error::Error;
use super::super::eval::keys;
use super::super::eval::prepare::{Frozen, key_and_label, learner_of};
use super::super::eval::sets::id_of;
use super::{ListFile, correct, open, places, scored};

/// What is scored.
#[derive(Clone, Debug)]
pub struct SelectionOptions {
    /// The version that has the labels.
    pub revision: String,
    /// The evaluation; `None` for the only one.
    pub evaluation: Option<String>,
    /// The selected training records.
    pub list: ListFile,
    /// How many may be selected; as many as the list has where nothing is said.
    pub budget: Option<usize>,
    /// How many selections by lot it is compared with.
    pub draws: u64,
}

/// As many records drawn by lot, again and again.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Baseline {
    /// How many draws.
    pub draws: u64,
    /// The mean accuracy, from 0 to 1.
    pub mean: f64,
    /// The lowest and the highest.
    pub range: (f64, f64),
    /// How many draws were less accurate than the selection.
    pub beaten: u64,
}

/// The answer.
#[derive(Clone, Debug)]
pub struct SelectionReport {
    /// The version.
    pub commit: ObjectId,
    /// The evaluation.
    pub evaluation: String,
    /// Its model.
    pub model: String,
    /// How many records were selected.
    pub selected: u64,
    /// How many may be.
    pub budget: u64,
    /// How many training records there are to select from.
    pub pool: u64,
    /// How many test records there are.
    pub test: u64,
    /// The scores of the model that learnt from the selected records.
    pub scores: Vec<Score>,
    /// Those of the model that learnt from all.
    pub whole: Vec<Score>,
    /// What lots give.
    pub random: Option<Baseline>,
    /// What people should know of the answer.
    pub notes: Vec<String>,
}

/// Scores a selection of training records.
pub fn selection(
    repo: &Repo,
    options: &SelectionOptions,
    progress: &dyn Progress,
) -> Result<SelectionReport, Error> {
    let opened = open(repo, &options.revision, options.evaluation.as_deref())?;
    let config = &opened.config;
    let (key, _) = key_and_label(&opened.data.table)?;
    let list = keys::read(&options.list.name, &options.list.bytes, &key)?;
    let budget = options.budget.unwrap_or(list.len());
    if list.len() > budget {
        return Err(Error::Usage(format!(
            "`{}` lists {} records, and the budget is {budget}",
            options.list.name,
            list.len()
        )));
    }
    let drawn = opened.data.draw(repo, config, &[])?;
    let frozen = Frozen::of(config, &drawn, &[&drawn])?;
    let prepared = frozen.apply(config, drawn)?;
    let (train, test) = (&prepared.train, &prepared.test.examples);
    let mut chosen = places(&options.list, &list, train)?;
    chosen.sort_unstable();
    let learner = learner_of(config)?;
    let fitted = (&*learner, config);
    let scores = scored(fitted, &frozen, &train.examples.subset(&chosen), &prepared);
    let whole = scored(fitted, &frozen, &train.examples, &prepared);
    let right = |scores: &[Score]| {
        scores
            .first()
            .and_then(|s| s.ratio)
            .map_or(0, |(num, _)| num)
    };
    let own = right(&scores);
    let ids: Vec<u128> = train
        .records
        .iter()
        .map(|record| id_of(&record.key))
        .collect();
    progress.begin("drawing lots", Some(options.draws));
    let draws: Vec<u64> = (0..options.draws)
        .map(|seed| {
            let lots = random(&ids, chosen.len(), seed);
            let mut lots: Vec<usize> = lots.iter().map(|one| one.at).collect();
            lots.sort_unstable();
            progress.advance(1);
            correct(&*learner, &train.examples.subset(&lots), test)
        })
        .collect();
    progress.end();
    let share = |right: u64| right as f64 / test.len().max(1) as f64;
    let random = draws
        .iter()
        .min()
        .zip(draws.iter().max())
        .map(|(least, most)| Baseline {
            draws: options.draws,
            mean: share(draws.iter().sum()) / options.draws.max(1) as f64,
            range: (share(*least), share(*most)),
            beaten: draws.iter().filter(|right| **right < own).count() as u64,
        });
    let mut notes = frozen.described(config);
    notes.extend(prepared.left_out.notes());
    Ok(SelectionReport {
        commit: opened.commit,
        evaluation: config.name.clone(),
        model: config.model.clone(),
        selected: chosen.len() as u64,
        budget: budget as u64,
        pool: train.records.len() as u64,
        test: test.len() as u64,
        scores,
        whole,
        random,
        notes,
    })
}
