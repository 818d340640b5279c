//! `diff`: what changed between two versions, as events.

use crate::base::RepoPath;
use crate::base::progress::Progress;
use crate::diff::{EventSink, Options};
use crate::object::changes::DatasetChanges;
use crate::repo::Repo;
use crate::worktree::{StatCache, scan};

use super::assess::{self, Version};
use super::error::Error;
use super::stage;
use super::working;

/// Which versions to compare.
#[derive(Clone, Debug)]
pub enum Ends {
    /// The stage (HEAD where nothing is staged) and the working files.
    StageAndFiles,
    /// HEAD and the stage.
    HeadAndStage,
    /// A revision and the stage.
    RevisionAndStage(String),
    /// A revision and the working files.
    RevisionAndFiles(String),
    /// Two revisions.
    Revisions(String, String),
}

/// What to compare and what to tell.
#[derive(Clone, Debug)]
pub struct DiffOptions {
    /// Which versions.
    pub ends: Ends,
    /// Only files and data sets with files at or below these.
    pub within: Vec<RepoPath>,
    /// What to tell of data sets.
    pub tell: Options,
}

/// Compares two versions and pushes the events; returns the counts of each data set.
pub fn diff(
    repo: &mut Repo,
    options: &DiffOptions,
    sink: &mut dyn EventSink,
    progress: &dyn Progress,
) -> Result<Vec<DatasetChanges>, Error> {
    let of_revision = |repo: &Repo, revision: &str| -> Result<Version, Error> {
        Version::of_commit(&repo.store, &repo.commit(revision)?.1)
    };
    let before = match &options.ends {
        Ends::StageAndFiles => Some(of_stage(repo)?),
        Ends::HeadAndStage => match repo.head_commit()? {
            Some((_, commit)) => Some(Version::of_commit(&repo.store, &commit)?),
            None => None,
        },
        Ends::RevisionAndStage(a) | Ends::RevisionAndFiles(a) | Ends::Revisions(a, _) => {
            Some(of_revision(repo, a)?)
        }
    };
    let within = &options.within;
    let cut = |mut version: Version| {
        version.entries.retain(|entry| keeps(&entry.path, within));
        version
    };
    let tell = options.tell;
    match &options.ends {
        Ends::StageAndFiles | Ends::RevisionAndFiles(_) => {
            let staged = stage::entries(repo)?;
            let mut cache = StatCache::load(&repo.index, &repo.dir.join("tmp"))?;
            let found = scan(&repo.root, &staged, &[], &mut cache, progress)?;
            let changes = {
                let working = working::open(repo, &staged, &found, &mut cache, progress)?;
                let after = cut(working.version);
                run(
                    &working.source,
                    before.map(cut).as_ref(),
                    &after,
                    tell,
                    sink,
                    progress,
                )?
            };
            cache.save(&mut repo.index)?;
            Ok(changes)
        }
        Ends::HeadAndStage | Ends::RevisionAndStage(_) => {
            let after = cut(of_stage(repo)?);
            run(
                &repo.store,
                before.map(cut).as_ref(),
                &after,
                tell,
                sink,
                progress,
            )
        }
        Ends::Revisions(_, b) => {
            let after = cut(of_revision(repo, b)?);
            run(
                &repo.store,
                before.map(cut).as_ref(),
                &after,
                tell,
                sink,
                progress,
            )
        }
    }
}

fn run(
    source: &dyn crate::object::ObjectSource,
    before: Option<&Version>,
    after: &Version,
    tell: Options,
    sink: &mut dyn EventSink,
    progress: &dyn Progress,
) -> Result<Vec<DatasetChanges>, Error> {
    let assessed = assess::measure(source, before, after, progress)?;
    Ok(assess::compare(source, before, after, &assessed, tell, sink)?.datasets)
}

/// Opens what is staged; with nothing staged that is HEAD, whose scorecard is known.
fn of_stage(repo: &Repo) -> Result<Version, Error> {
    match (repo.state()?.stage, repo.head_commit()?) {
        (None, Some((_, commit))) => Version::of_commit(&repo.store, &commit),
        _ => Version::of_entries(&repo.store, stage::entries(repo)?),
    }
}

/// The declarations are always kept: without them no file is a data set.
fn keeps(path: &RepoPath, within: &[RepoPath]) -> bool {
    stage::is_within(path, within) || *path == super::declare::file()
}
