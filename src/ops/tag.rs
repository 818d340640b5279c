//! `tag`: lists, makes and removes tags.

use crate::base::ObjectId;
use crate::refs::check_tag_name;
use crate::repo::Repo;

use super::error::Error;
use super::transaction::{self, Note};

/// Returns all tags in order of names.
pub fn list(repo: &Repo) -> Vec<(String, ObjectId)> {
    let tags = repo.current.refs.0.iter();
    tags.filter_map(|(name, id)| Some((name.strip_prefix("tags/")?.to_owned(), *id)))
        .collect()
}

/// Makes a tag at a revision; with `force` moves one that exists.
pub fn create(
    repo: &mut Repo,
    name: &str,
    at: &str,
    force: bool,
    waiting: &mut dyn FnMut(&str),
) -> Result<ObjectId, Error> {
    check_tag_name(name)?;
    let locked = transaction::lock(repo, "tag", waiting)?;
    let commit = repo.resolve(at)?;
    if repo.current.refs.tag(name).is_some() && !force {
        return Err(Error::Exists {
            kind: "tag",
            name: name.to_owned(),
        });
    }
    transaction::write(repo, &locked, |_, _, draft| {
        draft.refs.0.insert(format!("tags/{name}"), commit);
        Ok((
            commit,
            Some(Note::new("tag", vec![name.to_owned(), commit.to_string()])),
        ))
    })
}

/// Removes a tag.
pub fn remove(
    repo: &mut Repo,
    name: &str,
    waiting: &mut dyn FnMut(&str),
) -> Result<ObjectId, Error> {
    let locked = transaction::lock(repo, "tag", waiting)?;
    let missing = || Error::NoSuchRef {
        kind: "tag",
        name: name.to_owned(),
    };
    let commit = repo.current.refs.tag(name).ok_or_else(missing)?;
    transaction::write(repo, &locked, |_, _, draft| {
        draft.refs.0.remove(&format!("tags/{name}"));
        Ok((commit, Some(Note::new("tag", vec![name.to_owned()]))))
    })
}
