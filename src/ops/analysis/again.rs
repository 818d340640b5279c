//! Asks the question of an analysis again, of the same commit.

use crate::base::progress::Progress;
use crate::object::{
    self, Analysis, AnalysisDefinition, Commit, Content, ImportedFile, MemoryStore, ObjectSource,
};
use crate::repo::Repo;

use super::super::agree;
use super::super::assess::Version;
use super::super::error::Error;
use super::super::find;
use super::Attached;
use super::attach::put;
use super::definition::{self, CONSENSUS, VERSION};

/// What became of it.
pub(in crate::ops) enum Again {
    /// What is found, as it would be attached.
    Found(Box<Analysis>),
    /// Why it cannot be proved here.
    Unprovable(String),
}

/// Looks again for what an analysis found. Nothing of it is asked but its definition.
pub(in crate::ops) fn again(
    repo: &Repo,
    sealed: &Attached,
    progress: &dyn Progress,
) -> Result<Again, Error> {
    let asked = &sealed.definition;
    let unprovable = |why: String| Ok(Again::Unprovable(why));
    if asked.version != VERSION {
        return unprovable(format!("found by version {} of the methods", asked.version));
    }
    let source = &repo.store;
    let commit: Commit = object::get(source, &sealed.analysis.commit)?;
    let version = Version::of_commit(source, &commit)?;
    let Some(declaration) = version.declarations.get(&asked.dataset) else {
        return unprovable(format!("the version does not declare {}", asked.dataset));
    };
    let found = if asked.kind == CONSENSUS {
        match agree::again(repo, &version, asked, progress)? {
            Some(found) => found,
            None => return unprovable(format!("this dver knows no such {}", asked.kind)),
        }
    } else {
        let imported = match &asked.imported {
            None => None,
            Some(file) => match bytes(source, file)? {
                Some(bytes) => Some(bytes),
                None => {
                    return unprovable(format!(
                        "the probabilities of {} are no file of a version here",
                        file.name
                    ));
                }
            },
        };
        let Some(options) = definition::options(asked, imported) else {
            return unprovable(format!("this dver knows no such {}", asked.kind));
        };
        match find::with_digests(repo, &version, &options, progress)?.pop() {
            Some(found) => found,
            None => return unprovable(format!("the version has no {}", asked.dataset)),
        }
    };
    let ids = (sealed.analysis.commit, commit.snapshot);
    let definition = AnalysisDefinition {
        roles: definition::roles(declaration),
        ..asked.clone()
    };
    let mut scratch = MemoryStore::new();
    let again = put(&mut scratch, ids, &definition, &found)?;
    Ok(Again::Found(Box::new(again)))
}

/// Returns the bytes of an imported file, where a version in the repository holds it.
fn bytes(source: &dyn ObjectSource, file: &ImportedFile) -> Result<Option<Vec<u8>>, Error> {
    let content = match Content::open(source, &file.content, file.size) {
        Ok(content) => content,
        Err(object::Error::Missing(_)) => return Ok(None),
        Err(e) => return Err(e.into()),
    };
    match content.read(source, find::LONGEST) {
        Ok(bytes) => Ok(bytes),
        Err(object::Error::Missing(_)) => Ok(None),
        Err(e) => Err(e.into()),
    }
}
