//! `push`: gives a remote the branches of this clone.

use std::collections::HashSet;

use crate::base::ObjectId;
use crate::base::progress::Progress;
use crate::history;
use crate::object::{Attachments, ObjectSource as _};
use crate::refs::check_branch_name;
use crate::remote::{Head, Remote as _};
use crate::repo::Repo;

use super::super::error::Error;
use super::super::transaction::{self, Note};
use super::transfer::{Carried, carry, missing};
use super::{attached, choose, tracked};

/// Packs of the remote are merged when there are more than this.
const MOST_PACKS: usize = 12;

/// A branch or tag that was pushed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PushedRef {
    /// `heads/NAME` or `tags/NAME`.
    pub name: String,
    /// Where it stood.
    pub before: Option<ObjectId>,
    /// Where it stands now.
    pub after: ObjectId,
}

/// What a push did.
#[derive(Clone, Debug)]
pub struct Pushed {
    /// The name of the remote.
    pub remote: String,
    /// Its address.
    pub address: String,
    /// The branches and tags that moved; none where the remote had it all.
    pub refs: Vec<PushedRef>,
    /// How many evaluations and other attachments of commits went along.
    pub attached: u64,
    /// How many of these are analyses.
    pub analyses: u64,
    /// What was copied.
    pub carried: Carried,
}

/// Pushes branches (by default the current one), and the tags on their commits.
pub fn push(
    repo: &mut Repo,
    remote: Option<&str>,
    branches: &[String],
    progress: &dyn Progress,
    waiting: &mut dyn FnMut(&str),
) -> Result<Pushed, Error> {
    let wanted = wanted(repo, branches)?;
    push_commits(repo, remote, &wanted, progress, waiting)
}

/// Pushes commits, each to a branch of the remote, and the tags on them and below.
pub(in super::super) fn push_commits(
    repo: &mut Repo,
    remote: Option<&str>,
    wanted: &[(String, ObjectId)],
    progress: &dyn Progress,
    waiting: &mut dyn FnMut(&str),
) -> Result<Pushed, Error> {
    let mut chosen = choose(repo, remote)?;
    let name = chosen.name;
    let who = format!(
        "dver push of {} (process {})",
        repo.actor.name(),
        std::process::id()
    );
    let held = chosen.remote.lock(&who, waiting)?;
    let remote = chosen.remote;
    let seen = remote.head()?;
    let mut head = seen.clone().unwrap_or_default();
    let mut moved = Vec::new();
    for (branch, tip) in wanted {
        let full = format!("heads/{branch}");
        let before = head.refs.0.insert(full.clone(), *tip);
        if let Some(before) = before.filter(|before| before != tip) {
            let known = repo.store.contains(&before)?;
            if !known || !history::is_ancestor(&repo.store, &before, tip)? {
                return Err(Error::NotFastForward {
                    branch: branch.clone(),
                    remote: name,
                    known,
                });
            }
        }
        if before != Some(*tip) {
            moved.push(PushedRef {
                name: full,
                before,
                after: *tip,
            });
        }
    }
    let tips: Vec<ObjectId> = wanted.iter().map(|(_, tip)| *tip).collect();
    let commits: HashSet<ObjectId> = history::ancestors(&repo.store, &tips)?
        .into_keys()
        .collect();
    moved.extend(tags(repo, &commits, &mut head));
    let store = remote.store()?;
    let own = Attachments::read(&repo.store, repo.current.view.attachments.as_ref())?;
    let theirs = Attachments::read(store, head.attachments.as_ref())?;
    let news = attached::news(&repo.store, &own, &theirs, &commits)?;
    let attached = news.new.len() as u64;
    let analyses = news.analyses();
    let mut carried = Carried::default();
    if !moved.is_empty() || attached > 0 {
        let held_there: Vec<ObjectId> = match &seen {
            Some(head) => head.refs.0.values().copied().collect(),
            None => Vec::new(),
        };
        let mut reached = missing(&repo.store, &tips, store, &held_there, progress)?;
        let all = news.added_to(theirs);
        reached.extend(news.reached);
        let size = || store.list_packs().iter().map(|pack| pack.size).sum::<u64>();
        let before = size();
        let begin = || Ok(remote.begin(&held)?);
        let mut writer = begin()?;
        carried = carry(&repo.store, store, &reached, &begin, &mut writer, progress)?;
        if attached > 0 {
            head.attachments = all.write(&mut writer)?;
        }
        if !writer.is_empty() {
            writer.commit()?;
        }
        carried.bytes = size().saturating_sub(before);
        if !remote.swap(&held, seen.as_ref(), &head)? {
            return Err(Error::RemoteMoved { remote: name });
        }
        // The push is done: upkeep that fails is no failure of it.
        let _ = remote.tidy(&held, MOST_PACKS);
    }
    remember(repo, &name, &head, wanted, waiting)?;
    Ok(Pushed {
        remote: name,
        address: remote.address(),
        refs: moved,
        attached,
        analyses,
        carried,
    })
}

fn wanted(repo: &Repo, branches: &[String]) -> Result<Vec<(String, ObjectId)>, Error> {
    let mut names = branches.to_vec();
    if names.is_empty() {
        names.push(repo.branch()?.ok_or(Error::NoBranch)?.to_owned());
    }
    let tip = |name: String| {
        check_branch_name(&name)?;
        match repo.current.refs.branch(&name) {
            Some(tip) => Ok((name, tip)),
            None if repo.branch()? == Some(&name) => {
                Err(history::Error::Unborn { branch: name }.into())
            }
            None => Err(Error::NoSuchRef {
                kind: "branch",
                name,
            }),
        }
    };
    names.into_iter().map(tip).collect()
}

/// Adds the tags on commits that go along; a tag that the remote has stays where it is.
fn tags(repo: &Repo, commits: &HashSet<ObjectId>, head: &mut Head) -> Vec<PushedRef> {
    let mut added = Vec::new();
    for (name, commit) in &repo.current.refs.0 {
        let is_new = name.starts_with("tags/") && !head.refs.0.contains_key(name);
        if is_new && commits.contains(commit) {
            head.refs.0.insert(name.clone(), *commit);
            added.push(PushedRef {
                name: name.clone(),
                before: None,
                after: *commit,
            });
        }
    }
    added
}

/// Notes where the remote's branches stand now, as far as this clone has their commits.
fn remember(
    repo: &mut Repo,
    name: &str,
    head: &Head,
    wanted: &[(String, ObjectId)],
    waiting: &mut dyn FnMut(&str),
) -> Result<(), Error> {
    let locked = transaction::lock_even_pending(repo, "push", waiting)?;
    let before = tracked(repo, name)?;
    let mut refs = before.clone();
    for (full, id) in &head.refs.0 {
        let is_pushed = |branch: &str| {
            let mut wanted = wanted.iter();
            wanted.any(|(name, tip)| name == branch && tip == id)
        };
        if let Some(branch) = full.strip_prefix("heads/")
            && (repo.current.refs.0.get(full) == Some(id) || is_pushed(branch))
        {
            refs.0.insert(full.clone(), *id);
        }
    }
    if refs == before {
        return Ok(());
    }
    transaction::write(repo, &locked, |_, writer, draft| {
        let tree = refs.write(writer)?;
        draft.view.remotes.insert(name.to_owned(), tree);
        let note = Note::new("push", vec![name.to_owned()]).hidden();
        Ok(((), Some(note)))
    })
}
