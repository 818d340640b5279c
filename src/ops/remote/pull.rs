//! `pull`: fetches, and moves the current branch and its files on to where the remote's stands.

use crate::base::ObjectId;
use crate::base::progress::Progress;
use crate::history;
use crate::repo::Repo;

use super::super::beside_git;
use super::super::checkout::{self, Destination};
use super::super::error::Error;
use super::super::hook;
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
    if let Some(after) = begin_at_lock(repo, progress, waiting)? {
        let branch = repo.branch()?.map_or(branch, str::to_owned);
        return Ok(Pulled {
            fetched,
            branch,
            before: None,
            after,
        });
    }
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

/// In a git clone whose data was never there, the data begins where the git commit says.
fn begin_at_lock(
    repo: &mut Repo,
    progress: &dyn Progress,
    waiting: &mut dyn FnMut(&str),
) -> Result<Option<ObjectId>, Error> {
    if beside_git::head(repo)?.is_some() {
        return Ok(None);
    }
    let Some(place) = beside_git::place(repo) else {
        return Ok(None);
    };
    let Some(lock) = beside_git::read_lock(repo)? else {
        return Ok(None);
    };
    // A lock that nobody pushed the data of: the branch is all there is to begin with.
    if !repo.has(&lock.commit)? {
        return Ok(None);
    }
    hook::follow(repo, Some(&place), progress, waiting)?;
    beside_git::head(repo)
}
