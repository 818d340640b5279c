//! Two evaluations, record by record: what was won and lost where nothing but the model changed.

use std::collections::HashMap;

use crate::evaluate::{Comparable, LEVEL, mcnemar, paired_interval};
use crate::object::Evaluation;
use crate::repo::Repo;

use super::super::error::Error;
use super::made::Made;
use super::said::said;
use super::sets::Record;

/// How two evaluations differ on the records that are equal in both.
#[derive(Clone, PartialEq, Debug)]
pub struct Paired {
    /// The test records whose content and label are equal in both versions.
    pub records: u64,
    /// Those that only the newer one predicted right.
    pub won: u64,
    /// Those that only the older one predicted right.
    pub lost: u64,
    /// The interval of 95 % of the change of the accuracy on them; `None` where there are none.
    pub interval: Option<(f64, f64)>,
    /// The exact p of McNemar's test.
    pub mcnemar_p: f64,
    /// Where labels changed: how many the older predictions have right under the newer labels, of
    /// all test records.
    pub older_under_newer: Option<(u64, u64)>,
}

/// An evaluation with its test records.
pub(in crate::ops) struct Side {
    /// The test records, in the order of their keys.
    pub records: Vec<Record>,
    /// What was predicted of each, in the words of its version.
    pub said: Vec<Option<String>>,
}

impl Side {
    /// Returns the side of an evaluation that was just made.
    pub(in crate::ops) fn of(made: &Made) -> Self {
        Self {
            records: made.sets.records.clone(),
            said: made.said.iter().cloned().map(Some).collect(),
        }
    }

    /// Returns whether the record at a place was predicted right.
    pub(super) fn is_right(&self, at: usize) -> bool {
        self.said[at].as_ref() == Some(&self.records[at].label)
    }
}

/// Returns for each record of the newer side its place in the older one, by keys; `None` where keys
/// tell no records apart.
fn matched(old: &Side, new: &Side) -> Option<Vec<Option<usize>>> {
    let by_key: HashMap<&[String], usize> = (old.records.iter())
        .map(|record| record.key.as_slice())
        .zip(0..)
        .collect();
    if by_key.len() != old.records.len() {
        return None;
    }
    let place = |record: &Record| by_key.get(record.key.as_slice()).copied();
    Some(new.records.iter().map(place).collect())
}

/// Returns the places, in the older side and in the newer one, of the records whose content and
/// label are equal in both.
pub(in crate::ops) fn common(old: &Side, new: &Side) -> Vec<(usize, usize)> {
    let places = matched(old, new).unwrap_or_default().into_iter();
    let both = places.zip(0..).filter_map(|(old, new)| Some((old?, new)));
    both.filter(|(a, b)| old.records[*a].is_same(&new.records[*b]))
        .collect()
}

/// Compares two evaluations of one definition; `None` where keys tell no records apart.
pub(super) fn paired(old: &Side, new: &Side, how: Comparable) -> Option<Paired> {
    let places = matched(old, new)?;
    let right = (places.iter().zip(&new.records)).filter(|(place, record)| {
        let said = place.and_then(|at| old.said[at].as_ref());
        said == Some(&record.label)
    });
    let right = right.count() as u64;
    let common = common(old, new);
    let (mut won, mut lost) = (0, 0);
    for &(before, after) in &common {
        match (old.is_right(before), new.is_right(after)) {
            (false, true) => won += 1,
            (true, false) => lost += 1,
            _ => {}
        }
    }
    let records = common.len() as u64;
    Some(Paired {
        records,
        won,
        lost,
        interval: paired_interval(won, lost, records, LEVEL),
        mcnemar_p: mcnemar(won, lost),
        older_under_newer: (how == Comparable::LabelsChanged)
            .then_some((right, new.records.len() as u64)),
    })
}

/// Reads the test records of an evaluation; `None` where its version has no such data set.
pub(in crate::ops) fn side(repo: &Repo, evaluation: &Evaluation) -> Result<Option<Side>, Error> {
    match said(repo, evaluation, &mut |_| Ok(Vec::new())) {
        Ok(found) => Ok(Some(Side {
            records: found.records,
            said: found.said,
        })),
        Err(Error::NoSuchDataset { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}
