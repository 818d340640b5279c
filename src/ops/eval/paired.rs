//! Two evaluations, record by record: what was won and lost where nothing but the model changed.

use std::collections::HashMap;

use crate::dataset::Table;
use crate::evaluate::{Comparable, mcnemar};
use crate::object::{self, Commit, Definition, Evaluation, Predictions};
use crate::repo::Repo;

use super::super::assess::Version;
use super::super::error::Error;
use super::sets::{self, Chosen, Sets, Wanted};
use super::spoken;

/// How two evaluations differ on the records that are equal in both.
#[derive(Clone, PartialEq, Debug)]
pub struct Paired {
    /// The test records whose content and label are equal in both versions.
    pub records: u64,
    /// Those that only the newer one predicted right.
    pub won: u64,
    /// Those that only the older one predicted right.
    pub lost: u64,
    /// The exact p of McNemar's test.
    pub mcnemar_p: f64,
    /// Where labels changed: how many the older predictions have right under the newer labels, of
    /// all test records.
    pub older_under_newer: Option<(u64, u64)>,
}

struct Side {
    sets: Sets,
    /// What was predicted of each test record.
    said: Vec<Option<String>>,
}

/// Compares two evaluations of one definition; `None` where a version is gone, or where keys tell
/// no records apart.
pub(super) fn paired(
    repo: &Repo,
    older: &Evaluation,
    newer: &Evaluation,
    how: Comparable,
) -> Result<Option<Paired>, Error> {
    let (old, new) = match (side(repo, older)?, side(repo, newer)?) {
        (Some(old), Some(new)) => (old, new),
        _ => return Ok(None),
    };
    let by_key: HashMap<&[String], usize> = (old.sets.records.iter())
        .map(|record| record.key.as_slice())
        .zip(0..)
        .collect();
    if by_key.len() != old.sets.records.len() {
        return Ok(None);
    }
    let (mut records, mut won, mut lost, mut right) = (0, 0, 0, 0);
    for (record, said) in new.sets.records.iter().zip(&new.said) {
        let Some(&at) = by_key.get(record.key.as_slice()) else {
            continue;
        };
        let (before, before_said) = (&old.sets.records[at], &old.said[at]);
        let is_right = |said: &Option<String>| said.as_ref() == Some(&record.label);
        right += u64::from(is_right(before_said));
        if !before.is_same(record) {
            continue;
        }
        records += 1;
        match (is_right(before_said), is_right(said)) {
            (false, true) => won += 1,
            (true, false) => lost += 1,
            _ => {}
        }
    }
    Ok(Some(Paired {
        records,
        won,
        lost,
        mcnemar_p: mcnemar(won, lost),
        older_under_newer: (how == Comparable::LabelsChanged)
            .then_some((right, newer.test.records)),
    }))
}

fn side(repo: &Repo, evaluation: &Evaluation) -> Result<Option<Side>, Error> {
    let commit: Commit = object::get(&repo.store, &evaluation.commit)?;
    let version = Version::of_commit(&repo.store, &commit)?;
    let Some(declaration) = version.declarations.get(&evaluation.dataset) else {
        return Ok(None);
    };
    let definition: Definition = object::get(&repo.store, &evaluation.definition)?;
    let predictions = Predictions::read(&repo.store, &evaluation.predictions)?;
    let table = Table::open(&repo.store, &version.entries, declaration)?;
    let table = sets::as_defined(table, &definition);
    let chosen = Chosen::parse(definition.train.as_deref(), definition.test.as_deref())?;
    let sets = sets::read(
        &repo.store,
        &table,
        &evaluation.field,
        &chosen,
        &Wanted::default(),
    )?;
    let classes = spoken(&predictions, &sets, &declaration.rename);
    let places: HashMap<&[String], usize> = (predictions.keys.iter().map(Vec::as_slice))
        .zip(0..)
        .collect();
    let said = sets.records.iter().map(|record| {
        let at = places.get(record.key.as_slice())?;
        let class = classes.get(predictions.predicted[*at] as usize)?;
        Some((*class).to_owned())
    });
    Ok(Some(Side {
        said: said.collect(),
        sets,
    }))
}
