//! Where git is, from its well-known files: a hook has no time to ask git for each of them.

use std::fs;
use std::path::{Path, PathBuf};

/// The largest of the small files that are read here.
const MOST_BYTES: u64 = 64 * 1024;

/// A git worktree, found without running git.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Place {
    /// The root of the worktree.
    pub top: PathBuf,
    /// The repository of this worktree alone: its index and HEAD.
    pub directory: PathBuf,
    /// The repository that all linked worktrees share.
    pub common: PathBuf,
}

impl Place {
    /// Finds the worktree that `start` lies in: the nearest directory with a `.git`.
    pub fn around(start: &Path) -> Option<Self> {
        start.ancestors().find_map(Self::at)
    }

    fn at(top: &Path) -> Option<Self> {
        let place = top.join(".git");
        let kind = fs::metadata(&place).ok()?;
        let directory = if kind.is_dir() {
            place
        } else {
            let text = small(&place)?;
            top.join(text.strip_prefix("gitdir:")?.trim())
        };
        if !directory.join("HEAD").is_file() {
            return None;
        }
        let common = match small(&directory.join("commondir")) {
            Some(text) => directory.join(text.trim()),
            None => directory.clone(),
        };
        Some(Self {
            top: top.to_owned(),
            common: common.canonicalize().unwrap_or(common),
            directory,
        })
    }

    /// The name that git gives to this worktree, and the root of the main one, where it is a linked
    /// worktree of a repository that has a main one.
    pub fn linked(&self) -> Option<(String, PathBuf)> {
        let directory = self.directory.canonicalize().ok()?;
        if directory.parent()? != self.common.join("worktrees") {
            return None;
        }
        let name = directory.file_name()?.to_str()?.to_owned();
        // A bare repository has no main worktree.
        let main = self.common.parent()?;
        (self.common.file_name()? == ".git").then(|| (name, main.to_owned()))
    }

    /// The branch that HEAD stands on; `None` where it stands on none.
    pub fn branch(&self) -> Option<String> {
        let text = small(&self.directory.join("HEAD"))?;
        let name = text.trim().strip_prefix("ref: refs/heads/")?;
        Some(name.to_owned())
    }

    /// What git is in the middle of: then the files are not of one version, and data stays alone.
    pub fn under_way(&self) -> Option<UnderWay> {
        const MARKS: [(&str, UnderWay); 7] = [
            ("rebase-merge", UnderWay::Rebase),
            ("rebase-apply", UnderWay::Rebase),
            ("CHERRY_PICK_HEAD", UnderWay::CherryPick),
            ("REVERT_HEAD", UnderWay::Revert),
            ("MERGE_HEAD", UnderWay::Merge),
            ("BISECT_LOG", UnderWay::Bisect),
            ("sequencer", UnderWay::CherryPick),
        ];
        let is_there = |name: &str| self.directory.join(name).symlink_metadata().is_ok();
        MARKS
            .into_iter()
            .find(|(name, _)| is_there(name))
            .map(|(_, under_way)| under_way)
    }
}

/// What takes git several steps.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum UnderWay {
    /// `git rebase` or `git am`.
    Rebase,
    /// `git cherry-pick`.
    CherryPick,
    /// `git revert`.
    Revert,
    /// `git merge` with conflicts.
    Merge,
    /// `git bisect`.
    Bisect,
}

fn small(path: &Path) -> Option<String> {
    let bytes = crate::base::fsio::read_bounded(path, MOST_BYTES).ok()?;
    String::from_utf8(bytes).ok()
}
