//! A version in lines that are stable: git compares the lines of two versions, so what did not
//! change must read the same in both.

use crate::base::ObjectId;
use crate::history;
use crate::object::changes::{ChangeSet, DatasetChanges};
use crate::object::{self, Commit, Scorecard};
use crate::quality;
use crate::repo::Repo;

use super::super::error::Error;

/// Of a long history, the oldest versions are left out this many at a time, so that two versions
/// near each other begin with the same one.
const STEP: usize = 500;

/// A data set in numbers.
#[derive(Clone, Debug)]
pub struct Counted {
    /// Its name.
    pub name: String,
    /// How many records it has.
    pub records: u64,
    /// Label field, class, and how many labels are of it; in order of fields and classes.
    pub classes: Vec<(String, String, u64)>,
}

/// A version on the way.
#[derive(Clone, Debug)]
pub struct Past {
    /// The commit.
    pub id: ObjectId,
    /// Its contents.
    pub commit: Commit,
    /// What it changed against its first parent.
    pub changes: Vec<DatasetChanges>,
}

/// A version described.
#[derive(Clone, Debug)]
pub struct Described {
    /// The commit.
    pub id: ObjectId,
    /// Its data sets, in the order of their names.
    pub datasets: Vec<Counted>,
    /// It and what came before it, along first parents, newest first.
    pub history: Vec<Past>,
    /// How many older versions are left out.
    pub older: usize,
}

/// Describes a version, from what it seals alone.
pub fn describe(repo: &Repo, id: &ObjectId) -> Result<Described, Error> {
    let commit: Commit = object::get(&repo.store, id)?;
    let card: Scorecard = object::get(&repo.store, &commit.scorecard)?;
    let mut datasets = Vec::new();
    for score in &card.datasets {
        let metrics = quality::dataset_metrics(&repo.store, score)?;
        let shares = metrics.iter().filter(|metric| metric.name == "class_share");
        let classes = shares.filter_map(|metric| {
            let count = u64::try_from(metric.num?.0).ok()?;
            Some((metric.field.clone()?, metric.class.clone()?, count))
        });
        datasets.push(Counted {
            name: score.name.clone(),
            records: score.records,
            classes: classes.collect(),
        });
    }
    datasets.sort_by(|a, b| a.name.cmp(&b.name));
    let mut line = vec![*id];
    let mut at = commit;
    while let Some(parent) = at.parents.first() {
        line.push(*parent);
        at = object::get(&repo.store, parent).map_err(history::Error::from)?;
    }
    let older = (line.len().saturating_sub(1) / STEP).saturating_sub(1) * STEP;
    let mut past = Vec::new();
    for id in line.iter().take(line.len() - older) {
        let commit: Commit = object::get(&repo.store, id)?;
        let changes = match commit.changes.first() {
            Some(id) => object::get::<ChangeSet>(&repo.store, id)?.datasets,
            None => Vec::new(),
        };
        past.push(Past {
            id: *id,
            commit,
            changes,
        });
    }
    Ok(Described {
        id: *id,
        datasets,
        history: past,
        older,
    })
}
