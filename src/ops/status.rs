//! `status`: what is staged, what is not, and what that means in records and labels.

use std::collections::BTreeMap;

use crate::base::progress::Progress;
use crate::base::{ObjectId, RepoPath};
use crate::diff::FileStatus;
use crate::object::changes::DatasetChanges;
use crate::object::{FileEntry, Head, Pending};
use crate::repo::Repo;
use crate::worktree::{Finding, Scan, StatCache, scan};

use super::assess;
use super::error::Error;
use super::stage;
use super::working;

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
}

/// Compares HEAD, stage and files.
pub fn status(repo: &mut Repo, progress: &dyn Progress) -> Result<StatusReport, Error> {
    let head_snapshot = repo.head_snapshot()?;
    let staged = stage::entries(repo)?;
    let base = stage::snapshot_entries(repo, head_snapshot.as_ref())?;
    let mut cache = StatCache::load(&repo.index, &repo.dir.join("tmp"))?;
    let found = scan(&repo.root, &staged, &[], &mut cache, progress)?;
    cache.save(&mut repo.index)?;
    let changed = repo.state()?.stage.is_some() || !found.is_clean();
    let (datasets, problem) = match changed {
        true => told(datasets(repo, &staged, &found, &mut cache, progress))?,
        false => (Vec::new(), None),
    };
    Ok(StatusReport {
        branch: match &repo.state()?.head {
            Head::Branch(name) => Some(name.clone()),
            Head::Commit(_) => None,
        },
        head: repo.head_commit()?.map(|(id, _)| id),
        pending: repo.pending().cloned(),
        staged: path_changes(&base, &staged),
        unstaged: unstaged(&found),
        untracked: found
            .untracked
            .iter()
            .map(|new| new.file.path.clone())
            .collect(),
        datasets,
        problem,
        findings: found.findings,
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
    assess::changes(&working.source, Some(&before), &working.version, progress)
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

/// Compares two lists of entries; a file of equal content under another path was renamed.
pub fn path_changes(before: &[FileEntry], after: &[FileEntry]) -> Vec<PathChange> {
    let old: BTreeMap<&RepoPath, &FileEntry> = before.iter().map(|e| (&e.path, e)).collect();
    let new: BTreeMap<&RepoPath, &FileEntry> = after.iter().map(|e| (&e.path, e)).collect();
    let gone = before.iter().filter(|entry| !new.contains_key(&entry.path));
    let mut by_content: BTreeMap<ObjectId, Vec<&RepoPath>> = BTreeMap::new();
    for entry in gone.clone() {
        by_content
            .entry(entry.content)
            .or_default()
            .push(&entry.path);
    }
    by_content.values_mut().for_each(|paths| paths.reverse());
    let mut renamed_away = Vec::new();
    let mut out = Vec::new();
    for entry in after {
        match old.get(&entry.path) {
            Some(previous) if previous.same_file(entry) => {}
            Some(_) => out.push(PathChange {
                path: entry.path.clone(),
                status: FileStatus::Modified,
                from: None,
            }),
            None => {
                let from = by_content.get_mut(&entry.content).and_then(Vec::pop);
                renamed_away.extend(from);
                let status = if from.is_some() {
                    FileStatus::Renamed
                } else {
                    FileStatus::Added
                };
                out.push(PathChange {
                    path: entry.path.clone(),
                    status,
                    from: from.cloned(),
                });
            }
        }
    }
    let removed = gone.filter(|entry| !renamed_away.contains(&&entry.path));
    out.extend(removed.map(|entry| PathChange {
        path: entry.path.clone(),
        status: FileStatus::Removed,
        from: None,
    }));
    out.sort_by(|a, b| a.path.cmp(&b.path));
    out
}
