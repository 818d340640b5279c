//! `log`: commits, newest first.

use std::collections::BTreeMap;

use crate::base::ObjectId;
use crate::dataset::Where;
use crate::history::{self, split_range};
use crate::object::changes::{ChangeSet, DatasetChanges, Row, RowChange, RowKey};
use crate::object::{self, Commit, Scorecard, Snapshot};
use crate::repo::Repo;

use super::error::Error;
use super::lookup::KeyFields;
use super::rows;

mod condition;
mod git;
mod pickaxe;

pub use git::{GitCommits, git_commits};

/// Which commits to show.
#[derive(Clone, Debug, Default)]
pub struct LogOptions {
    /// At most this many.
    pub most: Option<usize>,
    /// `A..B` (in B, not in A), a revision, or HEAD where it is `None`.
    pub revisions: Option<String>,
    /// Only commits that changed a file at or below one of these paths.
    pub below: Vec<Vec<u8>>,
    /// Only commits whose change sets have such rows.
    pub filter: LogFilter,
}

/// Which changes of labels and records a commit must have made: all that is given.
#[derive(Clone, Debug, Default)]
pub struct LogFilter {
    /// In this data set.
    pub dataset: Option<String>,
    /// Of the record with this key.
    pub key: Vec<String>,
    /// From this label.
    pub from: Option<String>,
    /// To this label.
    pub to: Option<String>,
    /// By this annotator.
    pub annotator: Option<String>,
    /// A change for which this is true.
    pub condition: Option<Where>,
    /// After which another number of records has this value in some field.
    pub value: Option<String>,
}

impl LogFilter {
    fn is_empty(&self) -> bool {
        self.dataset.is_none()
            && !self.asks_for_rows()
            && self.condition.is_none()
            && self.value.is_none()
    }

    fn asks_for_rows(&self) -> bool {
        !self.key.is_empty() || self.asks_for_labels()
    }

    /// Returns whether the commit's change of a row is asked for; `key` is the given key as the
    /// commit reads it.
    fn takes(&self, row: &Row, key: Option<&RowKey>) -> bool {
        let matches = |wanted: &Option<String>, value: Option<&String>| {
            wanted.is_none() || wanted.as_ref() == value
        };
        let label = match &row.change {
            RowChange::Label(label) => {
                matches(&self.from, label.from.as_ref())
                    && matches(&self.to, label.to.as_ref())
                    && matches(&self.annotator, label.annotator.as_ref())
            }
            RowChange::Added | RowChange::Removed => !self.asks_for_labels(),
        };
        label && (self.key.is_empty() || key == Some(&row.key))
    }

    fn asks_for_labels(&self) -> bool {
        [&self.from, &self.to, &self.annotator]
            .iter()
            .any(|option| option.is_some())
    }

    /// Returns whether a commit made such a change against its first parent.
    fn takes_commit(&self, repo: &Repo, commit: &Commit) -> Result<bool, Error> {
        let Some(id) = commit.changes.first() else {
            return Ok(false);
        };
        let changes: ChangeSet = object::get(&repo.store, id)?;
        let asked = |name: &str| self.dataset.as_deref().is_none_or(|wanted| wanted == name);
        if !changes.datasets.iter().any(|dataset| asked(&dataset.name)) {
            return Ok(false);
        }
        if self.asks_for_rows() && !self.takes_rows(repo, commit, &changes)? {
            return Ok(false);
        }
        if let Some(value) = &self.value
            && !pickaxe::changes_count(repo, commit, &changes, &asked, value)?
        {
            return Ok(false);
        }
        match &self.condition {
            None => Ok(true),
            Some(condition) => condition::passes(repo, commit, &changes, &asked, condition),
        }
    }

    /// Returns whether some row of the change set, or one that it would have, is asked for.
    fn takes_rows(&self, repo: &Repo, commit: &Commit, changes: &ChangeSet) -> Result<bool, Error> {
        let asked = |name: &str| self.dataset.as_deref().is_none_or(|wanted| wanted == name);
        let datasets: Vec<&DatasetChanges> = changes
            .datasets
            .iter()
            .filter(|dataset| asked(&dataset.name))
            .collect();
        let mut keys: BTreeMap<&str, RowKey> = BTreeMap::new();
        for dataset in &datasets {
            let fields = KeyFields::of(repo, commit, &dataset.name)?;
            if let Some(fields) = fields.filter(|fields| fields.names.len() == self.key.len()) {
                let key = RowKey::Key(fields.key(&self.key).values());
                keys.insert(&dataset.name, key);
            }
        }
        let takes =
            |row: &Row| asked(&row.dataset) && self.takes(row, keys.get(row.dataset.as_str()));
        let mut found = false;
        rows::kept(repo, changes, &mut |row| {
            found = takes(&row);
            !found
        })?;
        if found {
            return Ok(true);
        }
        // The body keeps no rows of data sets that were new or changed very much: the versions
        // tell, with the same answer.
        let tells = |dataset: &DatasetChanges| {
            !dataset.rows
                && (keys.contains_key(dataset.name.as_str()) || self.key.is_empty())
                && (!self.asks_for_labels() || !dataset.labels.transitions.is_empty())
        };
        if datasets.iter().any(|dataset| tells(dataset)) {
            let wanted = |name: &str| datasets.iter().any(|d| d.name == name && tells(d));
            rows::computed(repo, commit, &wanted, &mut |row| {
                found = found || takes(&row);
            })?;
        }
        Ok(found)
    }
}

/// Returns the commits that the options ask for; none in a repository without commits.
pub fn log(repo: &Repo, options: &LogOptions) -> Result<Vec<(ObjectId, Commit)>, Error> {
    let (tips, without) = match options.revisions.as_deref() {
        None => match repo.head_commit()? {
            None => return Ok(Vec::new()),
            Some((id, _)) => (vec![id], Vec::new()),
        },
        Some(text) => match split_range(text) {
            Some((a, b)) => (vec![repo.resolve(b)?], vec![repo.resolve(a)?]),
            None => (vec![repo.resolve(text)?], Vec::new()),
        },
    };
    let all = options.below.is_empty() && options.filter.is_empty();
    let most = if all { options.most } else { None };
    let mut commits = history::log(&repo.store, &tips, &without, most)?;
    if let Some(condition) = &options.filter.condition {
        condition::check(repo, condition, &commits)?;
    }
    if let Some(name) = &options.filter.dataset {
        check_dataset(repo, name, &commits)?;
    }
    if !all {
        let mut kept = Vec::new();
        for (id, commit) in commits {
            if options.most.is_some_and(|most| kept.len() >= most) {
                break;
            }
            if (options.below.is_empty() || touches(repo, &commit, &options.below)?)
                && (options.filter.is_empty() || options.filter.takes_commit(repo, &commit)?)
            {
                kept.push((id, commit));
            }
        }
        commits = kept;
    }
    Ok(commits)
}

/// Fails where none of the commits has or had a data set of that name.
fn check_dataset(repo: &Repo, name: &str, commits: &[(ObjectId, Commit)]) -> Result<(), Error> {
    let mut known: Vec<String> = Vec::new();
    for (_, commit) in commits {
        let card: Scorecard = object::get(&repo.store, &commit.scorecard)?;
        for score in card.datasets {
            if score.name == name {
                return Ok(());
            }
            if !known.contains(&score.name) {
                known.push(score.name);
            }
        }
    }
    let name = name.to_owned();
    Err(Error::NoSuchDataset { name, known })
}

/// Returns whether a commit changed a file at or below one of the paths, against its first parent.
fn touches(repo: &Repo, commit: &Commit, below: &[Vec<u8>]) -> Result<bool, Error> {
    let within = |path: &crate::base::RepoPath| below.iter().any(|dir| path.is_within(dir));
    let Some(parent) = commit.parents.first() else {
        let entries = Snapshot::entries(&repo.store, &commit.snapshot)?;
        return Ok(entries.iter().any(|entry| within(&entry.path)));
    };
    let parent: Commit = object::get(&repo.store, parent)?;
    let changes = Snapshot::changes(&repo.store, &parent.snapshot, &commit.snapshot)?;
    Ok(changes
        .iter()
        .filter_map(|change| change.path())
        .any(within))
}
