//! `status`: what is staged, what is not, and what that means in records and labels.

use crate::base::progress::Progress;
use crate::base::{ObjectId, RepoPath};
use crate::diff::{self, Event, FileStatus};
use crate::object::changes::DatasetChanges;
use crate::object::{FileEntry, Head, Pending, Snapshot};
use crate::repo::Repo;
use crate::worktree::{Finding, Scan, StatCache};

use super::assess;
use super::beside_git::{self, BesideGit};
use super::error::Error;
use super::files;
use super::follow::Measuring;
use super::review;
use super::stage;
use super::working::{self, Looked};

/// One changed path.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PathChange {
    /// The path now, or the one that is gone.
    pub path: RepoPath,
    /// What happened.
    pub status: FileStatus,
    /// The path before, where it was renamed.
    pub from: Option<RepoPath>,
}

/// The state of the worktree.
#[derive(Debug)]
pub struct StatusReport {
    /// The branch; `None` where HEAD is on no branch.
    pub branch: Option<String>,
    /// The commit at HEAD.
    pub head: Option<ObjectId>,
    /// A checkout that did not end.
    pub pending: Option<Pending>,
    /// Differences between HEAD and the stage.
    pub staged: Vec<PathChange>,
    /// Differences between the stage and the files.
    pub unstaged: Vec<PathChange>,
    /// Files that are not versioned.
    pub untracked: Vec<RepoPath>,
    /// What HEAD and the files differ in, per data set that changed.
    pub datasets: Vec<DatasetChanges>,
    /// Why nothing is said of data sets, where dver.toml does not read.
    pub problem: Option<Error>,
    /// What could not be looked at.
    pub findings: Vec<Finding>,
    /// How that stands to git around it.
    pub git: BesideGit,
}

/// Compares HEAD, stage and files.
pub fn status(repo: &mut Repo, progress: &dyn Progress) -> Result<StatusReport, Error> {
    let head_snapshot = repo.head_snapshot()?;
    let Looked {
        staged,
        mut cache,
        mut found,
    } = working::look(repo, &[], progress)?;
    stage::remember(repo, &mut cache);
    let declarations = working::declarations(repo, &staged);
    beside_git::retain_data(repo, &declarations, &mut found.untracked, |new| {
        &new.file.path
    })?;
    let changed = repo.state()?.stage.is_some()
        || !found.is_clean()
        || working::joining(&found, &declarations).next().is_some();
    let (datasets, problem) = match changed {
        true => told(datasets(repo, &staged, &found, &mut cache, progress))?,
        false => (Vec::new(), None),
    };
    let mut git = beside_git::look(repo, &declarations)?;
    if git.problem.is_some()
        && let Some(conflict) = beside_git::read_conflict(repo)?
        && (conflict.ours.is_some() || conflict.theirs.is_some())
    {
        git.conflict = Some(review::stand(repo, &conflict, progress)?);
    }
    Ok(StatusReport {
        branch: match &repo.state()?.head {
            Head::Branch(name) => Some(name.clone()),
            Head::Commit(_) => None,
        },
        head: repo.head_commit()?.map(|(id, _)| id),
        pending: repo.pending().cloned(),
        staged: staged_changes(repo, head_snapshot.as_ref())?,
        unstaged: unstaged(&found),
        untracked: found
            .untracked
            .iter()
            .map(|new| new.file.path.clone())
            .collect(),
        datasets,
        problem,
        findings: found.findings,
        git,
    })
}

/// Compares HEAD and the working files in data sets.
fn datasets(
    repo: &Repo,
    staged: &[FileEntry],
    found: &Scan,
    cache: &mut StatCache,
    progress: &dyn Progress,
) -> Result<Vec<DatasetChanges>, Error> {
    let Some((_, commit)) = repo.head_commit()? else {
        return Ok(Vec::new());
    };
    let before = assess::Version::of_commit(&repo.store, &commit)?;
    let working = working::open(repo, staged, found, cache, progress)?;
    let measuring = Measuring::of(repo);
    assess::changes(
        &working.source,
        Some(&before),
        &working.version,
        &measuring,
        progress,
    )
}

/// A dver.toml that does not read is a finding: files can be told of all the same.
fn told(
    result: Result<Vec<DatasetChanges>, Error>,
) -> Result<(Vec<DatasetChanges>, Option<Error>), Error> {
    match result {
        Ok(datasets) => Ok((datasets, None)),
        Err(e @ (Error::Config(_) | Error::Dataset(_))) => Ok((Vec::new(), Some(e))),
        Err(e) => Err(e),
    }
}

fn unstaged(found: &Scan) -> Vec<PathChange> {
    let change = |path: &RepoPath, status| PathChange {
        path: path.clone(),
        status,
        from: None,
    };
    let modified = found.modified.iter();
    let modified = modified.map(|m| change(&m.before.path, FileStatus::Modified));
    let deleted = found
        .deleted
        .iter()
        .map(|entry| change(&entry.path, FileStatus::Removed));
    let mut all: Vec<PathChange> = modified.chain(deleted).collect();
    all.sort_by(|a, b| a.path.cmp(&b.path));
    all
}

/// Compares HEAD and the stage; a file of equal content under another path was renamed.
fn staged_changes(repo: &Repo, head: Option<&ObjectId>) -> Result<Vec<PathChange>, Error> {
    let changes = match (head, repo.state()?.stage) {
        (_, None) => return Ok(Vec::new()),
        (Some(head), Some(stage)) => Snapshot::changes(&repo.store, head, &stage)?,
        (None, Some(stage)) => {
            let entries = Snapshot::entries(&repo.store, &stage)?;
            files::changes(&[], &entries)
        }
    };
    let mut events: Vec<Event> = Vec::new();
    diff::file_events(&repo.store, changes, &|_| false, &mut events)?;
    let changes = events.into_iter().filter_map(|event| match event {
        Event::File(file) => Some(PathChange {
            path: file.path,
            status: file.status,
            from: file.from_path,
        }),
        _ => None,
    });
    Ok(changes.collect())
}
