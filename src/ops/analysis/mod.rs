//! Analyses: what `find` and `agree --consensus` found in a version, kept with it. Definitions:
//! docs/find.md, "Attached"; layout: docs/format.md, "Analysis".
//!
//! Invariant: what is attached is what the same question answers again: a function of the commit
//! and the definition. Reading one again computes nothing; contents of records, which a list does
//! not hold, are read from the version.

pub(super) mod again;
pub(super) mod along;
mod attach;
mod check;
mod definition;
mod error;
mod read;

use crate::base::ObjectId;
use crate::object::{self, Analysis, AnalysisDefinition, AttachmentKind};
use crate::repo::Repo;

use super::error::Error;

pub use attach::{Made, find};
pub(super) use attach::{attach, commit_of};
pub(super) use check::check;
pub(super) use definition::{CONSENSUS, Question};
pub use error::Unclear;
pub use read::{Wanted, reread, told};

/// An analysis that is attached to a commit.
#[derive(Clone, Debug)]
pub struct Attached {
    /// The object.
    pub id: ObjectId,
    /// What it holds.
    pub analysis: Analysis,
    /// How it was done.
    pub definition: AnalysisDefinition,
}

/// Returns the analyses that are attached to a commit, in order.
pub fn attached(repo: &Repo, commit: &ObjectId) -> Result<Vec<Attached>, Error> {
    let mut out = Vec::new();
    for one in repo.attachments()?.of(commit) {
        if one.kind == AttachmentKind::Analysis {
            let analysis: Analysis = object::get(&repo.store, &one.object)?;
            out.push(Attached {
                id: one.object,
                definition: object::get(&repo.store, &analysis.definition)?,
                analysis,
            });
        }
    }
    Ok(out)
}
