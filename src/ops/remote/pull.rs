//! `pull`: fetches, and moves the current branch and its files on to where the remote's stands.

use crate::base::ObjectId;
use crate::base::progress::Progress;
use crate::history;
use crate::repo::Repo;

use super::super::checkout::{self, Destination};
use super::super::error::Error;
use super::fetch::{Fetched, fetch};
use super::tracked;

/// What a pull did.
#[derive(Clone, Debug)]
pub struct Pulled {
    /// What was fetched.
    pub fetched: Fetched,
    /// The branch.
    pub branch: String,
    /// Where it stood.
    pub before: Option<ObjectId>,
    /// Where it stands now.
    pub after: ObjectId,
}

/// Pulls the current branch. Stops where it has diverged, or where files are in the way.
pub fn pull(
    repo: &mut Repo,
    remote: Option<&str>,
    progress: &dyn Progress,
    waiting: &mut dyn FnMut(&str),
) -> Result<Pulled, Error> {
    let branch = repo.branch()?.ok_or(Error::NoBranch)?.to_owned();
    let fetched = fetch(repo, remote, progress, waiting)?;
    let theirs = tracked(repo, &fetched.remote)?.branch(&branch);
    let theirs = theirs.ok_or_else(|| Error::NoRemoteBranch {
        remote: fetched.remote.clone(),
        branch: branch.clone(),
    })?;
    let before = repo.head_commit()?.map(|(id, _)| id);
    let mut after = theirs;
    if let Some(ours) = before
        && history::is_ancestor(&repo.store, &theirs, &ours)?
    {
        after = ours;
    } else {
        if let Some(ours) = before
            && !history::is_ancestor(&repo.store, &ours, &theirs)?
        {
            return Err(Error::Diverged {
                ours: history::log(&repo.store, &[ours], &[theirs], None)?.len(),
                theirs: format!("{}/{branch}", fetched.remote),
                branch,
            });
        }
        let to = Destination::Forward(branch.clone(), theirs);
        checkout::checkout(repo, "pull", &to, false, progress, waiting)?;
    }
    Ok(Pulled {
        fetched,
        branch,
        before,
        after,
    })
}
