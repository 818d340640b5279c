//! Where git is, from its well-known files: a hook has no time to ask git for each of them.

use std::fs;
use std::path::{Path, PathBuf};

use super::asking::Asked;

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

    /// The roots of all worktrees of the repository, as far as its files tell: the main one, if it has
    /// one, and the linked ones.
    pub fn worktrees(&self) -> Vec<PathBuf> {
        let mut tops = vec![self.top.clone()];
        if self.common.file_name().is_some_and(|name| name == ".git") {
            tops.extend(self.common.parent().map(Path::to_owned));
        }
        let linked = fs::read_dir(self.common.join("worktrees"));
        for entry in linked.into_iter().flatten().flatten() {
            let file = small(&entry.path().join("gitdir"));
            let top = file.and_then(|file| Some(Path::new(file.trim()).parent()?.to_owned()));
            tops.extend(top);
        }
        tops
    }

    /// The branch that HEAD stands on; `None` where it stands on none. Where a rebase has nothing to
    /// do but to move a branch on, it is that one: HEAD goes back to it at once.
    pub fn branch(&self) -> Option<String> {
        let text = small(&self.directory.join("HEAD"))?;
        if text.trim() == IN_REFTABLE {
            return self.ask(&["symbolic-ref", "--quiet", "HEAD"], |told| {
                told.strip_prefix("refs/heads/").map(str::to_owned)
            });
        }
        match text.trim().strip_prefix("ref: refs/heads/") {
            Some(name) => Some(name.to_owned()),
            None if self.only_moves_on() => {
                let name = small(&self.directory.join("rebase-merge/head-name"))?;
                Some(name.trim().strip_prefix("refs/heads/")?.to_owned())
            }
            None => None,
        }
    }

    /// Returns whether a rebase is under way that has no commit to make anew: no hook runs at its
    /// end, and nothing comes between.
    pub fn only_moves_on(&self) -> bool {
        let read = |name: &str| small(&self.directory.join("rebase-merge").join(name));
        let says = |text: String| {
            let lines = text.lines().map(str::trim);
            let said = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
            said.map(str::to_owned).collect::<Vec<_>>()
        };
        read("done").map(says).is_some_and(|done| done == ["noop"])
            && read("git-rebase-todo")
                .map(says)
                .is_some_and(|todo| todo.is_empty())
    }

    /// What git is in the middle of: then the files are not of one version, and data stays alone.
    pub fn under_way(&self) -> Option<UnderWay> {
        const MARKS: [(&str, UnderWay); 7] = [
            ("rebase-merge", UnderWay::Rebase),
            ("rebase-apply", UnderWay::Rebase),
            (PICKS, UnderWay::CherryPick),
            (REVERTS, UnderWay::Revert),
            ("MERGE_HEAD", UnderWay::Merge),
            ("BISECT_LOG", UnderWay::Bisect),
            ("sequencer", UnderWay::CherryPick),
        ];
        let is_there = |name: &str| self.directory.join(name).symlink_metadata().is_ok();
        let found = MARKS.into_iter().find(|(name, _)| is_there(name));
        if found.is_none() && self.common.join("reftable").is_dir() {
            // There these two are no files.
            let marks = [(PICKS, UnderWay::CherryPick), (REVERTS, UnderWay::Revert)];
            return marks.into_iter().find_map(|(name, under_way)| {
                let asked = ["rev-parse", "--quiet", "--verify", name];
                self.ask(&asked, |_| Some(under_way))
            });
        }
        found.map(|(_, under_way)| under_way)
    }

    /// Asks git where its files do not tell.
    fn ask<T>(&self, arguments: &[&str], read: impl FnOnce(&str) -> Option<T>) -> Option<T> {
        let told = Asked::ByFiles.answer(&self.top, arguments).ok()?.ok()?;
        read(
            std::str::from_utf8(&told)
                .ok()?
                .trim_end_matches(['\r', '\n']),
        )
    }
}

/// What HEAD says where refs stand in a table, which only git reads.
const IN_REFTABLE: &str = "ref: refs/heads/.invalid";
/// What names the commit that a cherry-pick is at.
const PICKS: &str = "CHERRY_PICK_HEAD";
/// What names the commit that a revert is at.
const REVERTS: &str = "REVERT_HEAD";

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
