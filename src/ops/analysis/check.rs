//! Whether the objects of an analysis say one thing.

use crate::base::ObjectId;
use crate::object::{Commit, WorkList};
use crate::repo::Repo;

use super::super::error::Error;
use super::Attached;

/// A claim of an analysis that its own objects do not bear out: what, as it is sealed, as found.
pub(in crate::ops) type Claim = (&'static str, String, String);

/// Reads list and definition of an analysis of a commit and returns what does not fit.
pub(in crate::ops) fn check(
    repo: &Repo,
    (id, commit): (ObjectId, &Commit),
    one: &Attached,
) -> Result<Vec<Claim>, Error> {
    let (analysis, definition) = (&one.analysis, &one.definition);
    let list = WorkList::read(&repo.store, &analysis.list)?;
    let found = analysis.counts.get("found").copied().unwrap_or(0);
    let most = definition.limit.unwrap_or(u64::MAX);
    let claims = [
        ("commit", analysis.commit.to_string(), id.to_string()),
        (
            "snapshot",
            analysis.snapshot.to_string(),
            commit.snapshot.to_string(),
        ),
        ("kind", analysis.kind.clone(), definition.kind.clone()),
        (
            "dataset",
            analysis.dataset.clone(),
            definition.dataset.clone(),
        ),
        (
            "found",
            found.min(most).to_string(),
            list.rows.len().to_string(),
        ),
    ];
    Ok(claims.into_iter().filter(|(_, a, b)| a != b).collect())
}
