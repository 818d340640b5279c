//! `show`: a commit with everything that it seals.

use crate::base::ObjectId;
use crate::diff::{self, Event, EventSink, Options, SummaryEvent};
use crate::object::changes::{ChangeSet, DatasetChanges, Row};
use crate::object::{self, Commit, Evaluation, Scorecard};
use crate::repo::Repo;

use super::analysis::{self, Attached};
use super::assess::Version;
use super::error::Error;
use super::eval;
use super::rows;
use super::sealed;

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
    /// The evaluations that are attached to it, in order.
    pub evaluations: Vec<(ObjectId, Evaluation)>,
    /// The analyses that are attached to it, in order.
    pub analyses: Vec<Attached>,
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
            evaluations: eval::attached(repo, &id)?,
            analyses: analysis::attached(repo, &id)?,
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

    /// Returns what changed in each data set since the first parent, counted by class, annotator
    /// and split, as far as the change set tells it.
    pub fn summaries(&self, repo: &Repo) -> Result<Vec<SummaryEvent>, Error> {
        let Some(parent) = self.commit.parents.first() else {
            return Ok(Vec::new());
        };
        let line = sealed::line(repo, parent, &self.id)?;
        let before = Version::of_commit(&repo.store, &object::get(&repo.store, parent)?)?;
        let after = Version::of_commit(&repo.store, &self.commit)?;
        let told = sealed::between(repo, &line, (&before, &after), Options::DEFAULT)?;
        let mut summaries = Summaries(Vec::new());
        for told in told.into_values() {
            told.tell(&mut summaries)?;
        }
        Ok(summaries.0)
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

/// Forgets all but summaries.
struct Summaries(Vec<SummaryEvent>);

impl EventSink for Summaries {
    fn event(&mut self, event: Event) -> Result<(), diff::Error> {
        if let Event::Summary(summary) = event {
            self.0.push(summary);
        }
        Ok(())
    }
}

/// Reads the commit that a revision names.
pub fn show(repo: &Repo, revision: &str) -> Result<Sealed, Error> {
    let (id, commit) = repo.commit(revision)?;
    Sealed::read(repo, id, commit)
}
