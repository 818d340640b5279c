//! `card`: what a version says of itself, for people and for machines that look for data.
//!
//! Everything is read from the version and its history, or from `[card]` in dver.toml. What nobody
//! wrote is missing, and is said to be.

mod dataset;
mod step;

use crate::base::progress::Progress;
use crate::base::sha256::Sha256;
use crate::base::{ObjectId, RepoPath};
use crate::config::CardConfig;
use crate::object::changes::DatasetChanges;
use crate::object::{self, Commit, Content, EntryKind, ObjectSource};
use crate::repo::Repo;

use super::assess::{self, Version};
use super::error::Error;
use super::follow::Measuring;
use super::tag;

pub use dataset::{DatasetCard, GuidelineVersion};
pub use step::Step;

/// The card of a version.
#[derive(Debug)]
pub struct CardReport {
    /// The commit.
    pub id: ObjectId,
    /// The same, read.
    pub commit: Commit,
    /// The tags that name it.
    pub tags: Vec<String>,
    /// What people say of the data.
    pub words: CardConfig,
    /// The data sets, in order of names.
    pub datasets: Vec<DatasetCard>,
    /// The version number: one step of Croissant's kind a commit, from 1.0.0.
    pub version: Step,
    /// What it is compared with: the nearest tagged version before it, else its first parent.
    pub since: Option<Since>,
}

/// An earlier version and what changed since.
#[derive(Debug)]
pub struct Since {
    /// The commit.
    pub id: ObjectId,
    /// Its tag.
    pub tag: Option<String>,
    /// The changes of data sets that changed.
    pub changes: Vec<DatasetChanges>,
}

/// A file of a data set.
#[derive(Clone, PartialEq, Debug)]
pub struct CardFile {
    /// Where it stands.
    pub path: RepoPath,
    /// Its size in bytes.
    pub size: u64,
    /// Its BLAKE3.
    pub content: ObjectId,
    /// Its SHA-256; `None` of images, which are many.
    pub sha256: Option<String>,
}

/// Describes a version.
pub fn card(
    repo: &Repo,
    revision: Option<&str>,
    progress: &dyn Progress,
) -> Result<CardReport, Error> {
    let (id, commit) = repo.commit(revision.unwrap_or("HEAD"))?;
    let version = Version::of_commit(&repo.store, &commit)?;
    let line = first_parents(repo, id)?;
    let tags = tag::list(repo);
    let named = |commit: &ObjectId| tags.iter().find(|(_, at)| at == commit);
    let before = line.iter().skip(1);
    let tagged = before.clone().find(|(id, _)| named(id).is_some());
    let since = match tagged.or(before.clone().next()) {
        None => None,
        Some((earlier, earlier_commit)) => {
            let older = Version::of_commit(&repo.store, earlier_commit)?;
            let measuring = Measuring::of(repo);
            Some(Since {
                id: *earlier,
                tag: named(earlier).map(|(name, _)| name.clone()),
                changes: assess::changes(
                    &repo.store,
                    Some(&older),
                    &version,
                    &measuring,
                    progress,
                )?,
            })
        }
    };
    let mut datasets = Vec::new();
    let mut names: Vec<&str> = version.declarations.names().collect();
    names.sort_unstable();
    for name in names {
        datasets.extend(dataset::describe(repo, &version, name, &line, progress)?);
    }
    let declared: Vec<_> = version.declarations.datasets.iter().collect();
    Ok(CardReport {
        id,
        tags: tags
            .iter()
            .filter(|(_, at)| *at == id)
            .map(|(name, _)| name.clone())
            .collect(),
        words: version.declarations.card.clone().unwrap_or_default(),
        datasets,
        version: step::of(repo, &line, &declared)?,
        since,
        commit,
    })
}

/// Returns the commit and its first parents, newest first.
fn first_parents(repo: &Repo, tip: ObjectId) -> Result<Vec<(ObjectId, Commit)>, Error> {
    let mut line = Vec::new();
    let mut next = Some(tip);
    while let Some(id) = next {
        let commit: Commit = object::get(&repo.store, &id)?;
        next = commit.parents.first().copied();
        line.push((id, commit));
    }
    Ok(line)
}

/// Returns the files of a data set; those of record formats with their SHA-256.
fn files(
    source: &dyn ObjectSource,
    entries: &[&object::FileEntry],
    hashed: bool,
    progress: &dyn Progress,
) -> Result<Vec<CardFile>, Error> {
    let regular = entries
        .iter()
        .filter(|entry| entry.kind != EntryKind::Symlink);
    let bytes = regular.clone().map(|entry| entry.size).sum();
    if hashed {
        progress.begin("hashing", Some(bytes));
    }
    let mut out = Vec::new();
    for entry in regular {
        let mut sha256 = None;
        if hashed {
            let content = Content::open(source, &entry.content, entry.size)?;
            let mut hash = Sha256::default();
            content.copy::<Error>(source, &mut |part| {
                hash.update(part);
                progress.advance(part.len() as u64);
                Ok(())
            })?;
            sha256 = Some(hash.hex());
        }
        out.push(CardFile {
            path: entry.path.clone(),
            size: entry.size,
            content: entry.content,
            sha256,
        });
    }
    if hashed {
        progress.end();
    }
    Ok(out)
}
