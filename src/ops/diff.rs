//! `diff`: what changed between two versions, as events.

use std::collections::BTreeMap;

use crate::base::RepoPath;
use crate::base::progress::Progress;
use crate::dataset::{Declaration, Where};
use crate::diff::{EventSink, Options, Told};
use crate::object::FileEntry;
use crate::object::changes::DatasetChanges;
use crate::repo::Repo;

use super::assess::{self, Version};
use super::churn::{self, Churned};
use super::condition;
use super::error::Error;
use super::follow::Measuring;
use super::sealed;
use super::stage;
use super::watched::{Telling, UntilTold};
use super::working::{self, Looked};

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
    pub tell: Options<'static>,
    /// Which label, record and cell events to tell and count; all where it is `None`.
    pub condition: Option<Where>,
    /// Whether the data are compared even where sealed change sets tell the answer.
    pub from_data: bool,
}

impl DiffOptions {
    fn tell(&self) -> Options<'_> {
        Options {
            filter: self.condition.as_ref(),
            ..self.tell
        }
    }
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
    let nothing = BTreeMap::new();
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
    match &options.ends {
        Ends::StageAndFiles | Ends::RevisionAndFiles(_) => {
            let Looked {
                staged,
                mut cache,
                found,
            } = working::look(repo, &[], progress)?;
            let changes = {
                let working = working::open(repo, &staged, &found, &mut cache, progress)?;
                let versions = (before, working.version);
                run(
                    &working.source,
                    versions,
                    (options, nothing),
                    sink,
                    (&Measuring::of(repo), progress),
                )?
            };
            stage::remember(repo, &mut cache);
            Ok(changes)
        }
        Ends::HeadAndStage | Ends::RevisionAndStage(_) => {
            let versions = (before, of_stage(repo)?);
            run(
                &repo.store,
                versions,
                (options, nothing),
                sink,
                (&Measuring::of(repo), progress),
            )
        }
        Ends::Revisions(a, b) => {
            let after = of_revision(repo, b)?;
            let line = match options.within.is_empty() {
                true => sealed::line(repo, &repo.resolve(a)?, &repo.resolve(b)?)?,
                false => Vec::new(), // change sets speak of all files
            };
            let told = match &before {
                Some(before) if !options.from_data => {
                    sealed::between(repo, &line, (before, &after), options.tell())?
                }
                _ => nothing,
            };
            let churn = match options.condition {
                None => churn::churn(repo, &line)?,
                Some(_) => BTreeMap::new(), // it is a fact of the whole
            };
            run(
                &repo.store,
                (before, after),
                (options, told),
                &mut Churned { sink, churn },
                (&Measuring::of(repo), progress),
            )
        }
    }
}

fn run(
    source: &dyn crate::object::ObjectSource,
    versions: (Option<Version>, Version),
    (options, told): (&DiffOptions, BTreeMap<String, Told>),
    sink: &mut dyn EventSink,
    (measuring, progress): (&Measuring, &dyn Progress),
) -> Result<Vec<DatasetChanges>, Error> {
    let (mut before, mut after) = versions;
    if let Some(condition) = &options.condition {
        let ends: Vec<&Version> = before.iter().chain([&after]).collect();
        condition::check(source, condition, &ends)?;
    }
    narrow(before.as_mut(), &mut after, &options.within);
    let before = before.as_ref();
    let untold = |name: &str| !told.contains_key(name);
    let assessed = assess::measure_some(source, before, &after, &untold, (measuring, progress))?;
    let until = UntilTold::new(progress);
    let compared = assess::compare_told(
        source,
        before,
        &after,
        (&assessed, told),
        options.tell(),
        &mut Telling(sink, &until),
        &until,
    )?;
    Ok(compared.datasets)
}

/// Leaves the files that are asked for, and the data sets that differ in them.
///
/// What was sealed of a data set speaks of all its files, so it goes where some of them go.
pub(super) fn narrow(mut before: Option<&mut Version>, after: &mut Version, within: &[RepoPath]) {
    for version in before.as_deref_mut().into_iter().chain([&mut *after]) {
        version.retain(|path| stage::is_within(path, within));
    }
    let differs = |name: &str| {
        let covered = |version: &Version| -> Option<(Declaration, Vec<FileEntry>)> {
            let declaration = version.declarations.get(name)?.clone();
            let entries = version.covered(&declaration).into_iter().cloned().collect();
            Some((declaration, entries))
        };
        let ends = [before.as_deref().and_then(covered), covered(after)];
        let empty = |end: &Option<(_, Vec<FileEntry>)>| {
            end.as_ref().is_none_or(|(_, entries)| entries.is_empty())
        };
        // Without a file that is asked for there is nothing to compare, however it is declared.
        ends[0] != ends[1] && (within.is_empty() || !ends.iter().all(empty))
    };
    let names = |version: &Version| -> Vec<String> {
        let names = version.declarations.names().filter(|name| differs(name));
        names.map(str::to_owned).collect()
    };
    let mut kept = names(after);
    kept.extend(before.as_deref().map(names).unwrap_or_default());
    for version in before.into_iter().chain([after]) {
        let datasets = &mut version.declarations.datasets;
        datasets.retain(|dataset| kept.contains(&dataset.name));
    }
}

/// Opens what is staged; with nothing staged that is HEAD, whose scorecard is known.
pub(super) fn of_stage(repo: &Repo) -> Result<Version, Error> {
    match (repo.state()?.stage, repo.head_commit()?) {
        (None, Some((_, commit))) => Version::of_commit(&repo.store, &commit),
        _ => Version::of_entries(&repo.store, stage::entries(repo)?),
    }
}
