//! `eval run`: evaluates the working files, or versions one after the other.

use crate::base::progress::Progress;
use crate::base::{ObjectId, fsio};
use crate::config::EvaluationConfig;
use crate::dataset::Declarations;
use crate::history;
use crate::object::{self, Commit};
use crate::repo::Repo;

use super::super::assess::Version;
use super::super::declare;
use super::super::error::Error;
use super::super::quality::of_working;
use super::super::stage;
use super::super::transaction::{self, Note};
use super::made::Made;
use super::make::Maker;
use super::{Told, attached, tell, told_of, with_pairs};

/// What is evaluated.
#[derive(Clone, Debug, Default)]
pub struct RunOptions {
    /// The versions; `A..B` is what B has and A has not, oldest first. None for the working files.
    pub revisions: Vec<String>,
    /// Only this evaluation; otherwise all but those of model `import`.
    pub name: Option<String>,
}

/// What became of one version and one evaluation.
#[derive(Debug)]
pub enum Ran {
    /// It was made; of a commit it is attached now.
    Made(Box<Told>),
    /// The commit has one of this definition already.
    Known(Box<Told>),
    /// It could not be made.
    Failed {
        /// The evaluation.
        name: String,
        /// The commit; `None` for the working files.
        commit: Option<ObjectId>,
        /// Why not.
        why: Error,
    },
}

/// Evaluates, and hands over what became of each version as soon as it is known.
///
/// Commands run before the writers' lock is taken, and each evaluation is attached by an operation
/// of its own, so that a long run that is stopped keeps what it has done.
pub fn run(
    repo: &mut Repo,
    options: &RunOptions,
    progress: &dyn Progress,
    waiting: &mut dyn FnMut(&str),
    told: &mut dyn FnMut(Ran) -> Result<(), Error>,
) -> Result<(), Error> {
    let declarations = working_declarations(repo)?;
    let makers: Vec<Maker> = wanted(&declarations, options.name.as_deref())?
        .into_iter()
        .map(|config| Maker::new(repo, &declarations, config))
        .collect::<Result<_, _>>()?;
    if options.revisions.is_empty() {
        let made = of_working(repo, progress, |_, source, _, version| {
            let make = |maker: &Maker| maker.make(source, version, progress);
            Ok(makers.iter().map(make).collect::<Vec<_>>())
        })?;
        let alone = made.len() == 1;
        for (maker, made) in makers.iter().zip(made) {
            told(match made {
                Ok(made) => Ran::Made(Box::new(told_of(repo, made)?)),
                Err(why) if alone => return Err(why),
                Err(why) => failed(maker, None, why),
            })?;
        }
        return Ok(());
    }
    let commits = commits(repo, &options.revisions)?;
    let alone = commits.len() * makers.len() == 1;
    for commit_id in commits {
        let commit: Commit = object::get(&repo.store, &commit_id)?;
        for maker in &makers {
            if let Some(known) = known(repo, &commit_id, maker)? {
                told(Ran::Known(Box::new(known)))?;
                continue;
            }
            let version = Version::of_commit(&repo.store, &commit)?;
            match maker.make(&repo.store, &version, progress) {
                Ok(made) => {
                    let one = attach(repo, &made, (commit_id, commit.snapshot), waiting)?;
                    told(Ran::Made(Box::new(one)))?;
                }
                Err(why) if alone => return Err(why),
                Err(why) => told(failed(maker, Some(commit_id), why))?,
            }
        }
    }
    Ok(())
}

fn failed(maker: &Maker, commit: Option<ObjectId>, why: Error) -> Ran {
    Ran::Failed {
        name: maker.config.name.clone(),
        commit,
        why,
    }
}

/// Returns what the dver.toml in the worktree declares, or where there is none what is staged.
pub(in crate::ops) fn working_declarations(repo: &Repo) -> Result<Declarations, Error> {
    let written = fsio::read_if_exists(&declare::file().to_path(&repo.root))?;
    Ok(match written {
        Some(bytes) => Declarations::parse(&bytes)?,
        None => Declarations::read(&repo.store, &stage::entries(repo)?)?,
    })
}

/// Returns the declared evaluations that can be run, or the one that is named.
pub(in crate::ops) fn wanted<'a>(
    declarations: &'a Declarations,
    name: Option<&str>,
) -> Result<Vec<&'a EvaluationConfig>, Error> {
    let all = &declarations.evaluations;
    let known = || all.iter().map(|one| one.name.clone()).collect();
    let Some(name) = name else {
        let found: Vec<_> = all.iter().filter(|one| one.model != "import").collect();
        return match found.is_empty() {
            true => Err(Error::NothingToRun { known: known() }),
            false => Ok(found),
        };
    };
    match all.iter().find(|one| one.name == name) {
        Some(one) if one.model == "import" => Err(Error::Usage(format!(
            "the model of `{name}` is `import`: `dver eval import FILE --name {name}` takes its predictions"
        ))),
        Some(one) => Ok(vec![one]),
        None => Err(Error::NoSuchEvaluation {
            name: Some(name.to_owned()),
            known: known(),
        }),
    }
}

/// Returns the commits that revisions and ranges name, each once, those of ranges oldest first.
fn commits(repo: &Repo, revisions: &[String]) -> Result<Vec<ObjectId>, Error> {
    let mut out: Vec<ObjectId> = Vec::new();
    for text in revisions {
        let found = match text.split_once("..") {
            None => vec![repo.resolve(text)?],
            Some((from, to)) => {
                let end = |name: &str| repo.resolve(if name.is_empty() { "HEAD" } else { name });
                let (from, to) = (end(from)?, end(to)?);
                let log = history::log(&repo.store, &[to], &[from], None)?;
                log.into_iter().rev().map(|(id, _)| id).collect()
            }
        };
        for id in found {
            if !out.contains(&id) {
                out.push(id);
            }
        }
    }
    Ok(out)
}

/// Returns the evaluation of this definition that a commit has already.
fn known(repo: &Repo, commit: &ObjectId, maker: &Maker) -> Result<Option<Told>, Error> {
    for (id, evaluation) in attached(repo, commit)? {
        if evaluation.definition == maker.id && evaluation.name == maker.config.name {
            return Ok(Some(tell(repo, id, evaluation)?));
        }
    }
    Ok(None)
}

/// Attaches an evaluation to a commit, by an operation of its own.
pub(super) fn attach(
    repo: &mut Repo,
    made: &Made,
    commit: (ObjectId, ObjectId),
    waiting: &mut dyn FnMut(&str),
) -> Result<Told, Error> {
    let locked = transaction::lock(repo, "eval", waiting)?;
    let (id, evaluation) = transaction::write(repo, &locked, |repo, writer, draft| {
        let (id, evaluation, is_new) = made.attach(repo, writer, draft, commit)?;
        let about = vec![made.name.clone(), commit.0.to_string()];
        let note = is_new.then(|| Note::new("eval", about));
        Ok(((id, evaluation), note))
    })?;
    let mut told = with_pairs(repo, tell(repo, id, evaluation)?)?;
    told.notes.extend(made.notes.iter().cloned());
    Ok(told)
}
