//! `log`: commits, newest first.

use crate::base::ObjectId;
use crate::history::{self, split_range};
use crate::object::changes::{ChangeSet, Row, RowChange, RowKey};
use crate::object::tree::Walker;
use crate::object::{Commit, Snapshot};
use crate::repo::Repo;

use super::error::Error;

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
}

impl LogFilter {
    fn is_empty(&self) -> bool {
        self.key.is_empty()
            && [&self.dataset, &self.from, &self.to, &self.annotator]
                .iter()
                .all(|o| o.is_none())
    }

    /// Returns whether only the data set is asked for, so that heads of change sets tell.
    fn is_dataset_only(&self) -> bool {
        let others = [&self.from, &self.to, &self.annotator];
        self.key.is_empty() && others.iter().all(|option| option.is_none())
    }

    fn takes(&self, row: &Row) -> bool {
        let matches = |wanted: &Option<String>, value: Option<&String>| {
            wanted.is_none() || wanted.as_ref() == value
        };
        let key = match &row.key {
            _ if self.key.is_empty() => true,
            RowKey::Key(parts) => {
                parts.len() == self.key.len()
                    && parts
                        .iter()
                        .zip(&self.key)
                        .all(|(part, given)| part.as_ref() == Some(given))
            }
            RowKey::Content(..) => false,
        };
        let label = match &row.change {
            RowChange::Label(label) => {
                matches(&self.from, label.from.as_ref())
                    && matches(&self.to, label.to.as_ref())
                    && matches(&self.annotator, label.annotator.as_ref())
            }
            _ => self.from.is_none() && self.to.is_none() && self.annotator.is_none(),
        };
        key && label && matches(&self.dataset, Some(&row.dataset))
    }

    /// Returns whether a commit made such a change against its first parent.
    fn takes_commit(&self, repo: &Repo, commit: &Commit) -> Result<bool, Error> {
        let Some(id) = commit.changes.first() else {
            return Ok(false);
        };
        let changes: ChangeSet = crate::object::get(&repo.store, id)?;
        if self.is_dataset_only() {
            return Ok(changes
                .datasets
                .iter()
                .any(|d| Some(&d.name) == self.dataset.as_ref()));
        }
        let Some(body) = changes.body else {
            return Ok(false);
        };
        for row in Walker::<Row>::open(&repo.store, &body)? {
            if self.takes(&row?) {
                return Ok(true);
            }
        }
        Ok(false)
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

/// Returns whether a commit changed a file at or below one of the paths, against its first parent.
fn touches(repo: &Repo, commit: &Commit, below: &[Vec<u8>]) -> Result<bool, Error> {
    let within = |path: &crate::base::RepoPath| below.iter().any(|dir| path.is_within(dir));
    let Some(parent) = commit.parents.first() else {
        let entries = Snapshot::entries(&repo.store, &commit.snapshot)?;
        return Ok(entries.iter().any(|entry| within(&entry.path)));
    };
    let parent: Commit = crate::object::get(&repo.store, parent)?;
    let changes = Snapshot::changes(&repo.store, &parent.snapshot, &commit.snapshot)?;
    Ok(changes
        .iter()
        .filter_map(|change| change.path())
        .any(within))
}
