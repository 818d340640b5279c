//! `show`: a commit with everything that it seals.

use crate::base::ObjectId;
use crate::object::changes::{ChangeSet, DatasetChanges, Row};
use crate::object::{self, Commit, Scorecard};
use crate::repo::Repo;

use super::error::Error;
use super::rows;

/// A commit with the objects that it names.
#[derive(Clone, Debug)]
pub struct Sealed {
    /// Its id.
    pub id: ObjectId,
    /// The commit.
    pub commit: Commit,
    /// The change set against the first parent, or against nothing.
    pub changes: Option<ChangeSet>,
    /// The scorecard.
    pub scorecard: Scorecard,
}

impl Sealed {
    /// Reads the objects that a commit names.
    pub fn read(repo: &Repo, id: ObjectId, commit: Commit) -> Result<Self, Error> {
        let changes = match commit.changes.first() {
            Some(id) => Some(object::get::<ChangeSet>(&repo.store, id)?),
            None => None,
        };
        let scorecard = object::get(&repo.store, &commit.scorecard)?;
        Ok(Self {
            id,
            commit,
            changes,
            scorecard,
        })
    }

    /// Returns what the commit did to a data set, where it changed it.
    pub fn dataset(&self, name: &str) -> Option<&DatasetChanges> {
        self.changes
            .as_ref()?
            .datasets
            .iter()
            .find(|dataset| dataset.name == name)
    }

    /// Returns the first `most` rows of the change set. Where its body keeps none, because very
    /// much changed, the two versions are compared again.
    pub fn rows(&self, repo: &Repo, most: usize) -> Result<Vec<Row>, Error> {
        match &self.changes {
            Some(changes) => rows::first(repo, &self.commit, changes, most),
            None => Ok(Vec::new()),
        }
    }
}

/// Reads the commit that a revision names.
pub fn show(repo: &Repo, revision: &str) -> Result<Sealed, Error> {
    let (id, commit) = repo.commit(revision)?;
    Sealed::read(repo, id, commit)
}
