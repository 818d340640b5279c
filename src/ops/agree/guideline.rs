//! Agreement before and after each version of a guideline that is a file.
//!
//! Along the first parents, each content that the file had spans a run of commits. The ratings are
//! measured at the first and at the last commit of each run, so that the last of one run and the
//! last of the next are the agreement before and after the change.

use crate::base::ObjectId;
use crate::base::progress::Progress;
use crate::object::{self, Commit, Snapshot};
use crate::record::Role;
use crate::repo::Repo;

use super::super::assess::Version;
use super::super::error::Error;
use super::{AgreeOptions, AgreeReport, By, Under, of_version};

/// Commits with one content of the guideline, from the first to the last.
struct Run {
    content: Option<ObjectId>,
    first: ObjectId,
    last: ObjectId,
}

/// Adds the agreement along the history, where the data set's guideline is a file and its records
/// do not name theirs.
pub(super) fn along_history(
    repo: &Repo,
    report: &mut AgreeReport,
    options: &AgreeOptions<'_>,
    progress: &dyn Progress,
) -> Result<(), Error> {
    let (tip, commit) = repo.commit(options.revision.unwrap_or("HEAD"))?;
    let version = Version::of_commit(&repo.store, &commit)?;
    let Some(declaration) = version.declarations.get(&report.dataset) else {
        return Ok(());
    };
    if !declaration.roles.fields(Role::Guideline).is_empty() {
        return Ok(());
    }
    let Some(path) = declaration.guideline.clone() else {
        if options.dataset.is_none() {
            report.notes.push("it declares no guideline".to_owned());
            return Ok(());
        }
        return Err(Error::NoGuideline {
            dataset: report.dataset.clone(),
        });
    };
    report.commit = Some(tip);
    for run in runs(repo, tip, &path)? {
        let mut measured = vec![("first", run.first)];
        if run.last != run.first {
            measured.push(("last", run.last));
        }
        for (at, id) in measured {
            let commit: Commit = object::get(&repo.store, &id)?;
            let version = Version::of_commit(&repo.store, &commit)?;
            let options = AgreeOptions {
                dataset: Some(&report.dataset),
                by: By::Whole,
                ..*options
            };
            // Before it was declared as it is, there was nothing to agree on.
            let found = match of_version(&repo.store, &version, &options, progress) {
                Err(Error::NoSuchDataset { .. } | Error::NoRatings { .. }) => continue,
                found => found?,
            };
            for one in found {
                report.scales = one.scales;
                report
                    .agreements
                    .extend(one.agreements.into_iter().map(|mut agreement| {
                        agreement.guideline = Some(Under {
                            name: None,
                            path: Some(path.clone()),
                            content: run.content,
                            commit: Some(id),
                            at: Some(at),
                        });
                        agreement
                    }));
            }
        }
    }
    Ok(())
}

fn runs(repo: &Repo, tip: ObjectId, path: &crate::base::RepoPath) -> Result<Vec<Run>, Error> {
    let mut runs: Vec<Run> = Vec::new();
    let mut next = Some(tip);
    while let Some(id) = next {
        let commit: Commit = object::get(&repo.store, &id)?;
        let entry = Snapshot::find(&repo.store, &commit.snapshot, path)?;
        let content = entry.map(|entry| entry.content);
        match runs.last_mut() {
            Some(run) if run.content == content => run.first = id,
            _ => runs.push(Run {
                content,
                first: id,
                last: id,
            }),
        }
        next = commit.parents.first().copied();
    }
    runs.reverse();
    Ok(runs)
}
