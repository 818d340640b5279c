//! `fetch`: takes what a remote has and this clone lacks; moves no branch of its own.

use crate::base::ObjectId;
use crate::base::progress::Progress;
use crate::history;
use crate::object::{self, Attachments, ObjectSource as _, Refs};
use crate::remote::{self, Directory, Remote as _};
use crate::repo::Repo;

use super::super::error::Error;
use super::super::transaction::{self, Note};
use super::attached::News;
use super::transfer::{Carried, carry, missing};
use super::{Chosen, PushedRef, attached, choose, own_tips, tracked};

/// What a fetch did.
#[derive(Clone, Debug)]
pub struct Fetched {
    /// The name of the remote.
    pub remote: String,
    /// Its address.
    pub address: String,
    /// The remote's branches that moved since they were last seen, and tags that are new here.
    pub refs: Vec<PushedRef>,
    /// How many evaluations and other attachments of commits came along.
    pub attached: u64,
    /// How many of these are analyses.
    pub analyses: u64,
    /// What was copied.
    pub carried: Carried,
}

/// Fetches all branches of a remote, and the tags that are new here.
pub fn fetch(
    repo: &mut Repo,
    remote: Option<&str>,
    progress: &dyn Progress,
    waiting: &mut dyn FnMut(&str),
) -> Result<Fetched, Error> {
    let Chosen { name, remote } = choose(repo, remote)?;
    take(repo, (name, &remote), progress, waiting).map_err(|e| told_where(e, &remote))
}

/// Says of damage that it is at the remote, where it is: what is here may be what others build on.
fn told_where(error: Error, remote: &Directory) -> Error {
    let source = match &error {
        Error::Object(source) | Error::History(history::Error::Object(source)) => source,
        Error::NotCarried(incomplete) => &incomplete.source,
        _ => return error,
    };
    let there = match source {
        object::Error::Missing(id) | object::Error::Corrupt { id, .. } => {
            remote.store().is_ok_and(|store| store.get(id).is_err())
        }
        object::Error::DamagedPack { path, .. } => path.starts_with(remote.address()),
        _ => false,
    };
    let address = remote.address();
    match error {
        Error::Object(source) | Error::History(history::Error::Object(source)) if there => {
            let source = Box::new(source);
            Error::DamagedThere { address, source }
        }
        Error::NotCarried(incomplete) if there => {
            let source = Box::new(incomplete.source);
            Error::DamagedThere { address, source }
        }
        other => other,
    }
}

fn take(
    repo: &mut Repo,
    (name, remote): (String, &Directory),
    progress: &dyn Progress,
    waiting: &mut dyn FnMut(&str),
) -> Result<Fetched, Error> {
    let locked = transaction::lock(repo, "fetch", waiting)?;
    let head = remote.head()?.ok_or_else(|| remote::Error::NotARemote {
        path: remote.address().into(),
        reason: "nothing was pushed there",
    })?;
    let seen = tracked(repo, &name)?;
    let branches = |refs: &Refs| -> Refs {
        let heads = refs.0.iter().filter(|(full, _)| full.starts_with("heads/"));
        Refs(heads.map(|(full, id)| (full.clone(), *id)).collect())
    };
    let now = branches(&head.refs);
    let mut moved = Vec::new();
    for (full, &after) in &head.refs.0 {
        let known = match full.starts_with("heads/") {
            true => seen.0.get(full),
            // A tag of this clone stays where it is.
            false => repo.current.refs.0.get(full).map(|_| &after),
        };
        if known != Some(&after) {
            moved.push(PushedRef {
                name: full.clone(),
                before: known.copied(),
                after,
            });
        }
    }
    let from = remote.store()?;
    let own = Attachments::read(&repo.store, repo.current.view.attachments.as_ref())?;
    let given = Attachments::read(from, head.attachments.as_ref())?;
    let news = match attached::is_news(&given, &own) {
        true => {
            // A tag of that name may stand elsewhere here, and its commit then stays there.
            let taken = head.refs.0.iter().filter(|(full, id)| {
                let own = repo.current.refs.0.get(*full);
                full.starts_with("heads/") || own.is_none_or(|own| own == *id)
            });
            let taken: Vec<ObjectId> = taken.map(|(_, id)| *id).collect();
            let commits = history::ancestors(from, &taken)?.into_keys().collect();
            Some(attached::news(from, &given, &own, &commits)?)
        }
        false => None,
    };
    let attached = news.as_ref().map_or(0, |news| news.new.len() as u64);
    let analyses = news.as_ref().map_or(0, News::analyses);
    let mut carried = Carried::default();
    if !moved.is_empty() || now != seen || attached > 0 {
        let tips: Vec<ObjectId> = moved.iter().map(|moved| moved.after).collect();
        let held = own_tips(repo)?;
        let before = size(repo);
        carried = transaction::write(repo, &locked, |repo, writer, draft| {
            let mut reached = missing(from, &tips, &repo.store, &held, progress)?;
            let all = news.map(|news| {
                let all = news.added_to(own);
                reached.extend(news.reached);
                all
            });
            let begin = || Ok(repo.store.begin(&repo.dir.join("tmp"))?);
            let carried = carry(from, &repo.store, &reached, &begin, writer, progress)?;
            if let Some(all) = all {
                draft.view.attachments = all.write(writer)?;
            }
            draft.view.remotes.insert(name.clone(), now.write(writer)?);
            for tag in moved.iter().filter(|moved| moved.name.starts_with("tags/")) {
                draft.refs.0.insert(tag.name.clone(), tag.after);
            }
            let note = Note::new("fetch", vec![name.clone()]).hidden();
            Ok((carried, Some(note)))
        })?;
        // The operation is among it; and packs may have been merged meanwhile.
        carried.bytes = size(repo).saturating_sub(before);
    }
    Ok(Fetched {
        address: remote.address(),
        remote: name,
        refs: moved,
        attached,
        analyses,
        carried,
    })
}

fn size(repo: &Repo) -> u64 {
    repo.store.list_packs().iter().map(|pack| pack.size).sum()
}
