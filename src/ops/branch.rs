//! `branch`: lists, makes, renames and removes branches.

use crate::base::ObjectId;
use crate::history;
use crate::object::Head;
use crate::refs::check_branch_name;
use crate::repo::Repo;

use super::error::Error;
use super::transaction::{self, Note};

/// One branch.
#[derive(Clone, Debug)]
pub struct Branch {
    /// Its name.
    pub name: String,
    /// Its commit; `None` for the current branch before its first commit.
    pub commit: Option<ObjectId>,
    /// Whether HEAD stands on it.
    pub current: bool,
}

/// Returns all branches in order of names.
pub fn list(repo: &Repo) -> Result<Vec<Branch>, Error> {
    let current = repo.branch()?;
    let names = repo.current.refs.0.iter().filter_map(|(name, commit)| {
        let name = name.strip_prefix("heads/")?;
        let current = current == Some(name);
        Some(Branch {
            name: name.to_owned(),
            commit: Some(*commit),
            current,
        })
    });
    let mut branches: Vec<Branch> = names.collect();
    if let Some(name) = current
        && !branches.iter().any(|branch| branch.current)
    {
        branches.push(Branch {
            name: name.to_owned(),
            commit: None,
            current: true,
        });
        branches.sort_by(|a, b| a.name.cmp(&b.name));
    }
    Ok(branches)
}

/// Makes a branch at a revision; with `force` moves one that exists.
pub fn create(
    repo: &mut Repo,
    name: &str,
    at: &str,
    force: bool,
    waiting: &mut dyn FnMut(&str),
) -> Result<ObjectId, Error> {
    check_branch_name(name)?;
    let locked = transaction::lock(repo, "branch", waiting)?;
    let commit = repo.resolve(at)?;
    if repo.current.refs.branch(name).is_some() && !force {
        return Err(Error::Exists {
            kind: "branch",
            name: name.to_owned(),
        });
    }
    // HEAD would stand on another version than the files: that is what `reset` is for.
    if repo.branch()? == Some(name) {
        return Err(Error::CurrentBranch {
            name: name.to_owned(),
        });
    }
    transaction::write(repo, &locked, |_, _, draft| {
        draft.refs.0.insert(format!("heads/{name}"), commit);
        Ok((
            commit,
            Some(Note::new(
                "branch",
                vec![name.to_owned(), commit.to_string()],
            )),
        ))
    })
}

/// Removes a branch; without `force` only when its commits are reached otherwise.
pub fn remove(
    repo: &mut Repo,
    name: &str,
    force: bool,
    waiting: &mut dyn FnMut(&str),
) -> Result<ObjectId, Error> {
    let locked = transaction::lock(repo, "branch", waiting)?;
    let missing = || Error::NoSuchRef {
        kind: "branch",
        name: name.to_owned(),
    };
    let tip = repo.current.refs.branch(name).ok_or_else(missing)?;
    if repo.branch()? == Some(name) {
        return Err(Error::CurrentBranch {
            name: name.to_owned(),
        });
    }
    let own = format!("heads/{name}");
    let others: Vec<ObjectId> = repo
        .current
        .refs
        .0
        .iter()
        .filter(|(other, _)| **other != own)
        .map(|(_, commit)| *commit)
        .collect();
    if !force && !history::ancestors(&repo.store, &others)?.contains_key(&tip) {
        return Err(Error::NotMerged {
            name: name.to_owned(),
            tip,
        });
    }
    transaction::write(repo, &locked, |_, _, draft| {
        draft.refs.0.remove(&own);
        Ok((tip, Some(Note::new("branch", vec![name.to_owned()]))))
    })
}

/// Renames a branch; HEAD follows.
pub fn rename(
    repo: &mut Repo,
    from: &str,
    to: &str,
    force: bool,
    waiting: &mut dyn FnMut(&str),
) -> Result<(), Error> {
    check_branch_name(to)?;
    let locked = transaction::lock(repo, "branch", waiting)?;
    let tip = repo.current.refs.branch(from);
    let current = repo.branch()? == Some(from);
    if tip.is_none() && !current {
        return Err(Error::NoSuchRef {
            kind: "branch",
            name: from.to_owned(),
        });
    }
    if repo.current.refs.branch(to).is_some() && !force {
        return Err(Error::Exists {
            kind: "branch",
            name: to.to_owned(),
        });
    }
    // Either HEAD stands on the branch that would be replaced, or, on one without a commit, it
    // would come to stand on a version that its files are not of.
    let replaced = repo.branch()? == Some(to) && from != to;
    let born = current && tip.is_none() && repo.current.refs.branch(to).is_some();
    if replaced || born {
        return Err(Error::CurrentBranch {
            name: repo.branch()?.unwrap_or(to).to_owned(),
        });
    }
    transaction::write(repo, &locked, |_, _, draft| {
        if let Some(tip) = draft.refs.0.remove(&format!("heads/{from}")) {
            draft.refs.0.insert(format!("heads/{to}"), tip);
        }
        for state in draft.view.worktrees.values_mut() {
            if state.head == Head::Branch(from.to_owned()) {
                state.head = Head::Branch(to.to_owned());
            }
        }
        Ok((
            (),
            Some(Note::new("branch", vec![from.to_owned(), to.to_owned()])),
        ))
    })
}
