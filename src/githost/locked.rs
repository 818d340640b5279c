//! Which git commits name which versions of the data: `dver.lock` as git's history has it.

use std::path::{Path, PathBuf};

use crate::base::{ObjectId, Timestamp};

use super::quoting::{self, System};
use super::{Error, Git, LOCK, Lock};

/// A git commit whose lock file differs from that of each of its parents.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Locked {
    /// The full id of the git commit.
    pub commit: String,
    /// Who made it, `Name <mail>`.
    pub author: String,
    /// When it was committed.
    pub time: Option<Timestamp>,
    /// The first line of its message.
    pub subject: String,
    /// The dver commit that its lock names.
    pub data: ObjectId,
}

/// Which git commits are looked at.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Reach {
    /// Those of branches, tags, remote branches and HEAD.
    Branches,
    /// All that git still keeps: stashes, heads of other worktrees, what its reflogs name.
    Everything,
}

/// What git is asked to print of a commit, in a line after one without a NUL.
const FORMAT: &str = "--format=%H%x00%an <%ae>%x00%ct%x00%s";

impl Git {
    /// Returns where the lock file of the data below `root` lies in the worktree; `None` where
    /// `root` is not in this worktree.
    pub fn lock_path(&self, root: &Path) -> Option<PathBuf> {
        // Git has resolved links in its answer; so must be what it is compared with.
        let root = std::fs::canonicalize(root).ok()?;
        let top = std::fs::canonicalize(self.top()).ok()?;
        Some(root.strip_prefix(top).ok()?.join(LOCK))
    }

    /// Returns what the lock file of a git commit says; `None` where the commit has none.
    pub fn lock_at(&self, commit: &str, path: &Path) -> Result<Option<Lock>, Error> {
        let bytes = self.file_at(commit, path)?;
        bytes.map(|bytes| Lock::parse(&bytes)).transpose()
    }

    /// Returns whether git's history ends here where it goes on elsewhere.
    pub fn is_shallow(&self) -> Result<bool, Error> {
        let told = self.ask(&["rev-parse", "--is-shallow-repository"])?;
        Ok(told.is_ok_and(|text| text.trim_ascii() == b"true"))
    }

    /// Returns the git commits that brought a version of the data into git: those within reach that
    /// gave the lock file a content that no parent of theirs has, the oldest first. A lock that is
    /// none, such as one with a conflict, is left out.
    pub fn locked(&self, path: &Path, within: Reach) -> Result<Vec<Locked>, Error> {
        let mut revisions = match within {
            Reach::Branches => vec!["--branches", "--tags", "--remotes"],
            Reach::Everything => vec!["--all", "--reflog"],
        };
        // A branch without a commit has no HEAD that could be asked for.
        if self.resolve("HEAD")?.is_some() {
            revisions.push("HEAD");
        }
        self.locked_in(path, &revisions)
    }

    /// The same of what `tip` reaches, and neither the commit `known`, if it is here, nor a branch
    /// that git has seen at its remote `remote`.
    pub fn locked_since(
        &self,
        path: &Path,
        tip: &str,
        known: Option<&str>,
        remote: Option<&str>,
    ) -> Result<Vec<Locked>, Error> {
        let remotes = remote.map(|name| format!("--remotes={name}"));
        let mut revisions = vec!["--ignore-missing", tip, "--not"];
        revisions.extend(known);
        revisions.extend(remotes.as_deref());
        self.locked_in(path, &revisions)
    }

    fn locked_in(&self, path: &Path, revisions: &[&str]) -> Result<Vec<Locked>, Error> {
        let Some(path) = path.to_str() else {
            return Err(Error::NotText);
        };
        let path = quoting::slashed(path, System::HERE);
        let mut arguments = vec![
            "rev-list",
            "--full-history",
            "--topo-order",
            "--reverse",
            FORMAT,
        ];
        arguments.extend(revisions);
        arguments.extend(["--", &path]);
        let told = self.run(&arguments)?;
        let told = String::from_utf8_lossy(&told);
        let mut commits: Vec<[&str; 4]> = Vec::new();
        for line in told.lines() {
            let mut fields = line.split('\0');
            if let (Some(commit), Some(author), Some(time), Some(subject)) =
                (fields.next(), fields.next(), fields.next(), fields.next())
            {
                commits.push([commit, author, time, subject]);
            }
        }
        let names: Vec<String> = commits
            .iter()
            .map(|[commit, ..]| format!("{commit}:{path}"))
            .collect();
        let contents = self.blobs(&names)?;
        let mut out = Vec::new();
        for ([commit, author, time, subject], content) in commits.into_iter().zip(contents) {
            let lock = content.and_then(|bytes| Lock::parse(&bytes).ok());
            out.extend(lock.map(|lock| Locked {
                commit: commit.to_owned(),
                author: author.to_owned(),
                time: time.parse().ok().and_then(Timestamp::from_seconds),
                subject: subject.to_owned(),
                data: lock.commit,
            }));
        }
        Ok(out)
    }
}
