//! Attachments on their way: what is said of commits goes where the commits go.
//!
//! Invariant: a receiver's own attachments stay where they are, in their order; what is new comes
//! after them. Only what is attached to a commit that the receiver has, or gets, is taken.

use std::collections::{BTreeSet, HashSet};

use crate::base::ObjectId;
use crate::history::reach::{Need, Reached, Role};
use crate::object::{self, Analysis, AttachmentKind, Attachments, Evaluation};
use crate::store::Store;

use super::super::error::Error;

/// What a receiver lacks.
pub(super) struct News {
    /// Commit, kind and object of each, in the giver's order.
    pub(super) new: Vec<(ObjectId, AttachmentKind, ObjectId)>,
    /// The objects and what they need.
    pub(super) reached: Reached,
}

/// Returns whether `given` says anything that `known` does not, of whatever commit.
pub(super) fn is_news(given: &Attachments, known: &Attachments) -> bool {
    let known: BTreeSet<(ObjectId, ObjectId)> = pairs(known).collect();
    pairs(given).any(|pair| !known.contains(&pair))
}

fn pairs(all: &Attachments) -> impl Iterator<Item = (ObjectId, ObjectId)> {
    all.all().iter().map(|one| (one.commit, one.object))
}

/// Returns what `given` says of `commits` and `known` does not.
pub(super) fn news(
    from: &Store,
    given: &Attachments,
    known: &Attachments,
    commits: &HashSet<ObjectId>,
) -> Result<News, Error> {
    let known: BTreeSet<(ObjectId, ObjectId)> = pairs(known).collect();
    let all = given.all().iter();
    let new = all
        .filter(|one| commits.contains(&one.commit) && !known.contains(&(one.commit, one.object)));
    let new: Vec<_> = new.map(|one| (one.commit, one.kind, one.object)).collect();
    let mut roots = Vec::new();
    for (commit, kind, id) in &new {
        let (role, of) = match kind {
            AttachmentKind::Evaluation => {
                let evaluation: Evaluation = object::get(from, id)?;
                (Role::Evaluation, Some(evaluation.commit))
            }
            AttachmentKind::Analysis => {
                let analysis: Analysis = object::get(from, id)?;
                (Role::Analysis, Some(analysis.commit))
            }
            AttachmentKind::Attestation => (Role::Attestation, None),
        };
        // One that speaks of another commit would be believed where it hangs.
        if of.is_some_and(|of| of != *commit) {
            let reason = "it is attached to another commit than the one that it is of";
            return Err(object::Error::corrupt(*id, reason).into());
        }
        roots.push(Need::new(role, *id));
    }
    Ok(News {
        reached: Reached::of(from, roots).map_err(Error::NotCarried)?,
        new,
    })
}

impl News {
    /// Returns how many of them are analyses.
    pub(super) fn analyses(&self) -> u64 {
        let kinds = self.new.iter().map(|(_, kind, _)| *kind);
        kinds
            .filter(|kind| *kind == AttachmentKind::Analysis)
            .count() as u64
    }

    /// Returns the receiver's attachments with the new ones.
    pub(super) fn added_to(&self, mut known: Attachments) -> Attachments {
        for (commit, kind, object) in &self.new {
            known.push(*commit, *kind, *object);
        }
        known
    }
}
