//! Version numbers of Croissant's kind: every commit is a step, which its change set tells.
//!
//! `patch` where the records are the same, `minor` where some were added, `major` where records
//! were edited, removed or moved between splits. The first commit with data is 1.0.0.

use std::fmt;

use crate::base::{ObjectId, RepoPath};
use crate::dataset::Declaration;
use crate::object::changes::ChangeSet;
use crate::object::{self, Commit, Snapshot};
use crate::repo::Repo;

use super::super::error::Error;

/// A version number: major, minor, patch.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Step(pub u64, pub u64, pub u64);

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.0, self.1, self.2)
    }
}

impl Step {
    fn next(self, step: &str) -> Self {
        match step {
            "major" => Self(self.0 + 1, 0, 0),
            "minor" => Self(self.0, self.1 + 1, 0),
            "patch" => Self(self.0, self.1, self.2 + 1),
            _ => self,
        }
    }
}

/// Counts the steps along a line of commits, newest first, of these data sets: of several that
/// changed, the greatest step counts.
pub(super) fn of(
    repo: &Repo,
    line: &[(ObjectId, Commit)],
    datasets: &[&Declaration],
) -> Result<Step, Error> {
    let mut version = None;
    for (_, commit) in line.iter().rev() {
        let Some(id) = commit.changes.first() else {
            continue;
        };
        let changes: ChangeSet = object::get(&repo.store, id)?;
        let wanted = |name: &str| datasets.iter().any(|dataset| dataset.name == name);
        let told = changes.datasets.iter().filter(|told| wanted(&told.name));
        let rank = |step: &&str| ["patch", "minor", "major"].iter().position(|s| s == step);
        let step = told.map(|told| told.step.as_str()).max_by_key(rank);
        version = match (version, step) {
            (None, None) => None,
            (None, Some(_)) => Some(Step(1, 0, 0)),
            (Some(version), Some(step)) => Some(Step::next(version, step)),
            // A change set tells nothing of records that are only written otherwise.
            (Some(version), None) => Some(match rewritten(repo, &changes, datasets)? {
                true => version.next("patch"),
                false => version,
            }),
        };
    }
    Ok(version.unwrap_or(Step(1, 0, 0)))
}

/// Returns whether files of the data sets have other bytes.
fn rewritten(repo: &Repo, changes: &ChangeSet, datasets: &[&Declaration]) -> Result<bool, Error> {
    let Some(before) = changes.before else {
        return Ok(false);
    };
    let changed = Snapshot::changes(&repo.store, &before, &changes.after)?;
    let covered = |path: &RepoPath| datasets.iter().any(|one| one.covers(path).is_some());
    Ok(changed
        .iter()
        .any(|change| change.path().is_some_and(covered)))
}

#[cfg(test)]
mod tests {
    use super::Step;

    #[test]
    fn a_step_starts_the_smaller_ones_anew() {
        let version = Step(1, 4, 2);
        assert_eq!(version.next("major"), Step(2, 0, 0));
        assert_eq!(version.next("minor"), Step(1, 5, 0));
        assert_eq!(version.next("patch").to_string(), "1.4.3");
        assert_eq!(version.next("none"), version);
    }
}
