//! Two versions that git could not merge: which they are, and what each did since they parted.
//!
//! Invariant: looking changes nothing; each side stays what it was until somebody chooses.

use crate::base::ObjectId;
use crate::base::progress::Progress;
use crate::diff::{Event, Options};
use crate::githost::{Conflict, Lock};
use crate::history;
use crate::object::changes::DatasetChanges;
use crate::object::{self, Commit, ObjectSource as _};
use crate::repo::Repo;

use super::super::diff::{DiffOptions, Ends, diff};
use super::super::error::Error;

/// One of the two versions.
#[derive(Clone, Debug)]
pub struct Side {
    /// The dver commit.
    pub id: ObjectId,
    /// Its contents; `None` where it is not in this repository.
    pub commit: Option<Commit>,
    /// What it changed since the base, where both are here.
    pub changes: Vec<DatasetChanges>,
}

/// Two versions that stand against each other.
#[derive(Clone, Debug)]
pub struct Standoff {
    /// Where both come from; `None` where nothing is known of it.
    pub base: Option<ObjectId>,
    /// Our side; `None` where it has given the lock up.
    pub ours: Option<Side>,
    /// Their side.
    pub theirs: Option<Side>,
}

/// What became of a merge of two locks.
#[derive(Clone, Debug)]
pub enum Merged {
    /// One version holds all that the other one has.
    Clean(Lock),
    /// Somebody must choose.
    Torn(Box<Standoff>),
}

/// Merges two locks: where one version comes from the other, it holds both. `base` is what git
/// takes both to come from.
pub fn merge(
    repo: &mut Repo,
    base: Option<Lock>,
    ours: Lock,
    theirs: Lock,
    progress: &dyn Progress,
) -> Result<Merged, Error> {
    let (a, b) = (ours.commit, theirs.commit);
    if a == b {
        return Ok(Merged::Clean(ours));
    }
    if repo.store.contains(&a)? && repo.store.contains(&b)? {
        // A version may also have been taken back: then its lock moved on purpose, and only a side
        // that did not move gives way.
        let went_back = |side: &ObjectId| match base {
            Some(base) if repo.store.contains(&base.commit)? => {
                Ok(!history::is_ancestor(&repo.store, &base.commit, side)?)
            }
            _ => Ok::<_, Error>(false),
        };
        if !went_back(&a)? && !went_back(&b)? {
            if history::is_ancestor(&repo.store, &a, &b)? {
                return Ok(Merged::Clean(theirs));
            }
            if history::is_ancestor(&repo.store, &b, &a)? {
                return Ok(Merged::Clean(ours));
            }
        }
    }
    let conflict = Conflict {
        base: base.map(|base| base.commit),
        ours: Some(a),
        theirs: Some(b),
    };
    stand(repo, &conflict, progress).map(|standoff| Merged::Torn(Box::new(standoff)))
}

/// Looks at the sides of a conflict.
pub fn stand(
    repo: &mut Repo,
    conflict: &Conflict,
    progress: &dyn Progress,
) -> Result<Standoff, Error> {
    let base = match (conflict.base, conflict.ours, conflict.theirs) {
        (None, Some(a), Some(b)) if repo.store.contains(&a)? && repo.store.contains(&b)? => {
            history::merge_base(&repo.store, &a, &b)?
        }
        (base, _, _) => base,
    };
    Ok(Standoff {
        base,
        ours: side(repo, base, conflict.ours, progress)?,
        theirs: side(repo, base, conflict.theirs, progress)?,
    })
}

fn side(
    repo: &mut Repo,
    base: Option<ObjectId>,
    id: Option<ObjectId>,
    progress: &dyn Progress,
) -> Result<Option<Side>, Error> {
    let Some(id) = id else { return Ok(None) };
    let commit = match repo.store.contains(&id)? {
        true => Some(object::get::<Commit>(&repo.store, &id)?),
        false => None,
    };
    let changes = match base {
        Some(base) if commit.is_some() && repo.store.contains(&base)? => {
            between(repo, base, id, progress)?
        }
        _ => Vec::new(),
    };
    Ok(Some(Side {
        id,
        commit,
        changes,
    }))
}

/// Returns what changed in the data sets between two versions.
fn between(
    repo: &mut Repo,
    before: ObjectId,
    after: ObjectId,
    progress: &dyn Progress,
) -> Result<Vec<DatasetChanges>, Error> {
    let options = DiffOptions {
        ends: Ends::Revisions(before.to_string(), after.to_string()),
        within: Vec::new(),
        tell: Options::STAT,
        condition: None,
        from_data: false,
    };
    diff(repo, &options, &mut Vec::<Event>::new(), progress)
}
