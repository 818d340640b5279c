//! `dataset`: lists, shows, declares and removes data sets.

use crate::base::RepoPath;
use crate::base::progress::Progress;
use crate::config::edit;
use crate::dataset::infer::{self, Given, Proposal};
use crate::dataset::{Declaration, Declarations, Table};
use crate::object::{self, ObjectSource, Schema};
use crate::repo::Repo;
use crate::worktree::StatCache;

use super::add::{self, AddOptions};
use super::assess::{self, Scratch, Version};
use super::declare;
use super::error::Error;
use super::follow::Measuring;
use super::stage;
use super::transaction::{self, Note};

/// A declared data set with what it covers.
#[derive(Debug)]
pub struct Described {
    /// Its declaration.
    pub declaration: Declaration,
    /// Its table.
    pub table: Table,
    /// Its fields.
    pub schema: Schema,
}

/// Returns the data sets that the staged dver.toml declares, by name.
pub fn list(repo: &Repo, progress: &dyn Progress) -> Result<Vec<Described>, Error> {
    let head = match repo.head_commit()? {
        Some((_, commit)) => Some(Version::of_commit(&repo.store, &commit)?),
        None => None,
    };
    let staged = Version::of_entries(&repo.store, stage::entries(repo)?)?;
    let measuring = Measuring::of(repo);
    describe(&repo.store, head.as_ref(), &staged, &measuring, progress)
}

/// Returns one data set.
pub fn show(repo: &Repo, name: &str, progress: &dyn Progress) -> Result<Described, Error> {
    let declarations = Declarations::read(&repo.store, &stage::entries(repo)?)?;
    find(&declarations, name)?;
    let all = list(repo, progress)?;
    let found = all.into_iter().find(|one| one.declaration.name == name);
    found.ok_or_else(|| Error::NoSuchDataset {
        name: name.to_owned(),
        known: declarations.names().map(str::to_owned).collect(),
    })
}

/// Describes the data sets of a version; what `before` sealed and did not change is not measured.
pub(super) fn describe(
    source: &dyn ObjectSource,
    before: Option<&Version>,
    version: &Version,
    measuring: &Measuring,
    progress: &dyn Progress,
) -> Result<Vec<Described>, Error> {
    let assessed = assess::measure(source, before, version, measuring, progress)?;
    // What would be sealed goes to memory: describing must not write to the store.
    let mut memory = Scratch::new(source);
    let scores = assessed.seal(measuring, &mut memory)?;
    let mut out = Vec::new();
    for (score, assessed) in scores.iter().zip(assessed.0) {
        out.push(Described {
            declaration: assessed.table.declaration.clone(),
            table: assessed.table,
            schema: object::get(&memory, &score.schema)?,
        });
    }
    Ok(out)
}

/// Returns the declaration of that name.
pub(super) fn find<'a>(
    declarations: &'a Declarations,
    name: &str,
) -> Result<&'a Declaration, Error> {
    declarations.get(name).ok_or_else(|| Error::NoSuchDataset {
        name: name.to_owned(),
        known: declarations.names().map(str::to_owned).collect(),
    })
}

/// Declares files as one data set, in dver.toml, and stages both. What a pattern covers must be
/// staged already.
pub fn add(
    repo: &mut Repo,
    paths: &[String],
    given: &Given,
    progress: &dyn Progress,
    waiting: &mut dyn FnMut(&str),
) -> Result<Proposal, Error> {
    let named = |path: &String| RepoPath::new(path.trim_start_matches("./").as_bytes()).ok();
    let within: Vec<RepoPath> = paths
        .iter()
        .filter_map(named)
        .filter(|path| path.to_path(&repo.root).symlink_metadata().is_ok())
        .collect();
    if !within.is_empty() {
        let options = AddOptions {
            within,
            declare: false,
            only_known: false,
            again: false,
        };
        add::add(repo, &options, progress, waiting)?;
    }
    let locked = transaction::lock(repo, "dataset", waiting)?;
    let mut cache = StatCache::load(&repo.index, &repo.dir.join("tmp"))?;
    let proposal = transaction::write(repo, &locked, |repo, writer, draft| {
        let entries = stage::entries(repo)?;
        let declarations = Declarations::read(&repo.store, &entries)?;
        let proposal = infer::declare(&repo.store, paths, &entries, &declarations, given)?;
        let mut builder = stage::builder(repo)?;
        let configs = [&proposal.config];
        let wrote =
            declare::write_down(repo, writer, &mut builder, &configs, &mut cache, progress)?;
        let changed = stage::set(repo, draft, builder, writer)?;
        let name = proposal.config.name.clone();
        let note = Note::new("dataset", vec![name]).hidden().wrote(Some(wrote));
        Ok((proposal, changed.then_some(note)))
    })?;
    stage::remember(repo, &mut cache);
    Ok(proposal)
}

/// Takes a data set out of dver.toml; its files stay versioned.
pub fn remove(
    repo: &mut Repo,
    name: &str,
    progress: &dyn Progress,
    waiting: &mut dyn FnMut(&str),
) -> Result<(), Error> {
    let locked = transaction::lock(repo, "dataset", waiting)?;
    let mut cache = StatCache::load(&repo.index, &repo.dir.join("tmp"))?;
    transaction::write(repo, &locked, |repo, writer, draft| {
        let entries = stage::entries(repo)?;
        find(&Declarations::read(&repo.store, &entries)?, name)?;
        let mut builder = stage::builder(repo)?;
        let edit = |text: &str| edit::remove_dataset(text, name);
        let wrote = declare::change(repo, writer, &mut builder, &mut cache, progress, &edit)?;
        let changed = stage::set(repo, draft, builder, writer)?;
        let note = Note::new("dataset", vec![name.to_owned()])
            .hidden()
            .wrote(Some(wrote));
        Ok(((), changed.then_some(note)))
    })?;
    stage::remember(repo, &mut cache);
    Ok(())
}
