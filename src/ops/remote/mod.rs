//! `remote`, `push`, `fetch`, `pull`, `clone`: what clones give each other.
//!
//! Invariant: the receiver's head moves only when all that it then names is durable there, so
//! whatever stops one of these verbs, the same verb finishes it.

mod attached;
mod clone;
mod fetch;
mod pull;
mod push;
mod transfer;

pub use clone::{Cloned, clone};
pub use fetch::{Fetched, fetch};
pub use pull::{Pulled, pull};
pub(super) use push::push_commits;
pub use push::{Pushed, PushedRef, push};
pub use transfer::Carried;

use std::path::{Path, PathBuf};

use crate::base::{ObjectId, fsio};
use crate::config::edit;
use crate::object::Refs;
use crate::refs::check_branch_name;
use crate::remote::Directory;
use crate::repo::{self, Repo};

use super::error::Error;
use super::transaction::{self, Note};

/// The remote that is meant where there are several and none is named.
const DEFAULT: &str = "origin";

/// Returns the remotes with their addresses, in order of names.
pub fn list(repo: &Repo) -> Vec<(String, String)> {
    let remotes = repo.local.remotes.iter();
    remotes
        .map(|(name, url)| (name.clone(), url.clone()))
        .collect()
}

/// Adds a remote. Its directory is made by the first push where it is not there.
pub fn add(
    repo: &mut Repo,
    name: &str,
    directory: &Path,
    waiting: &mut dyn FnMut(&str),
) -> Result<(), Error> {
    check_branch_name(name)?;
    if name.contains('/') {
        let message = format!("`{name}` cannot be the name of a remote: it holds a slash");
        return Err(Error::Usage(message));
    }
    let _locked = transaction::lock(repo, "remote", waiting)?;
    let Some(url) = directory.to_str() else {
        let message = "the path of a remote must be UTF-8".to_owned();
        return Err(Error::Usage(message));
    };
    if repo::settings(&repo.root)?.remotes.contains_key(name) {
        return Err(Error::Exists {
            kind: "remote",
            name: name.to_owned(),
        });
    }
    change_settings(repo, |text| edit::add_remote(text, name, url))
}

/// Removes a remote and forgets where its branches stood.
pub fn remove(repo: &mut Repo, name: &str, waiting: &mut dyn FnMut(&str)) -> Result<(), Error> {
    let locked = transaction::lock(repo, "remote", waiting)?;
    if !repo::settings(&repo.root)?.remotes.contains_key(name) {
        return Err(unknown(repo, Some(name)));
    }
    if repo.current.view.remotes.contains_key(name) {
        transaction::write(repo, &locked, |_, _, draft| {
            draft.view.remotes.remove(name);
            let about = vec!["remove".to_owned(), name.to_owned()];
            Ok(((), Some(Note::new("remote", about).hidden())))
        })?;
    }
    change_settings(repo, |text| edit::remove_remote(text, name))
}

/// Changes the text of the settings, and takes them over.
pub(super) fn change_settings(
    repo: &mut Repo,
    change: impl FnOnce(&str) -> Result<String, crate::config::Error>,
) -> Result<(), Error> {
    let path = repo.dir.join("config.toml");
    let bytes = fsio::read_if_exists(&path)?.unwrap_or_default();
    let text = change(&String::from_utf8_lossy(&bytes))?;
    fsio::write_durable(&path, text.as_bytes())?;
    repo.local = repo::settings(&repo.root)?;
    Ok(())
}

/// A remote that was chosen.
struct Chosen {
    name: String,
    remote: Directory,
}

/// Finds the remote that is meant: the named one, `origin`, or the only one.
fn choose(repo: &Repo, name: Option<&str>) -> Result<Chosen, Error> {
    let remotes = &repo.local.remotes;
    let only = || match remotes.len() {
        1 => remotes.keys().next().map(String::as_str),
        _ => remotes.contains_key(DEFAULT).then_some(DEFAULT),
    };
    let meant = name.or_else(only);
    let found = meant.and_then(|name| remotes.get_key_value(name));
    let (name, url) = found.ok_or_else(|| unknown(repo, name))?;
    let home = repo.dir.parent().unwrap_or(&repo.root);
    Ok(Chosen {
        name: name.clone(),
        // A relative address is relative to the directory that holds the repository, from linked
        // worktrees too.
        remote: Directory::new(&home.join(PathBuf::from(url))),
    })
}

fn unknown(repo: &Repo, name: Option<&str>) -> Error {
    Error::NoSuchRemote {
        name: name.map(str::to_owned),
        known: repo.local.remotes.keys().cloned().collect(),
    }
}

/// Returns where the branches and tags of a remote stood when they were last seen.
fn tracked(repo: &Repo, name: &str) -> Result<Refs, Error> {
    match repo.current.view.remotes.get(name) {
        Some(tree) => Ok(Refs::read(&repo.store, tree)?),
        None => Ok(Refs::default()),
    }
}

/// Returns where the branches of the remote that is meant stood when they were last seen.
pub(super) fn seen(repo: &Repo) -> Result<Vec<ObjectId>, Error> {
    let name = choose(repo, None)?.name;
    Ok(tracked(repo, &name)?.0.into_values().collect())
}

/// Returns the commits that this clone has with all that they need.
fn own_tips(repo: &Repo) -> Result<Vec<ObjectId>, Error> {
    let mut tips: Vec<ObjectId> = repo.current.refs.0.values().copied().collect();
    for tree in repo.current.view.remotes.values() {
        tips.extend(Refs::read(&repo.store, tree)?.0.into_values());
    }
    tips.extend(repo.head_commit()?.map(|(id, _)| id));
    tips.sort_unstable();
    tips.dedup();
    Ok(tips)
}
