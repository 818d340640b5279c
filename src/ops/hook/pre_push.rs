//! Before git pushes: the data that the pushed commits name goes first.

use std::path::Path;

use crate::base::ObjectId;
use crate::base::progress::Progress;
use crate::githost::{Git, LOCK, Lock};
use crate::history;
use crate::refs::check_branch_name;
use crate::repo::Repo;

use super::super::error::Error;
use super::super::remote::{self, Pushed};

/// What git is about to push: a line of the hook's input.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Pushing {
    /// The git commit.
    pub commit: String,
    /// The ref of git's remote that it goes to.
    pub to: String,
    /// The git commit that stood there.
    pub before: Option<String>,
}

impl Pushing {
    /// Reads the lines that git gives the hook; a ref that is removed pushes nothing.
    pub fn parse(input: &str) -> Vec<Self> {
        let line = |line: &str| {
            let mut words = line.split_ascii_whitespace();
            let (commit, to) = (words.nth(1)?, words.next()?);
            let is_none = |commit: &str| commit.bytes().all(|byte| byte == b'0');
            (!is_none(commit)).then(|| Self {
                commit: commit.to_owned(),
                to: to.to_owned(),
                before: words
                    .next()
                    .filter(|before| !is_none(before))
                    .map(str::to_owned),
            })
        };
        input.lines().filter_map(line).collect()
    }
}

/// What became of the data.
#[derive(Clone, Debug, Default)]
pub struct PushOutcome {
    /// What was pushed.
    pub pushed: Vec<Pushed>,
    /// Versions that pushed git commits name and that are not here, so that nobody can push them
    /// from here.
    pub absent: Vec<ObjectId>,
}

/// Pushes the versions that git commits name to the remote of the data, where there is one: those of
/// the pushed ones, and of all that go along to git's remote `to`.
pub fn pre_push(
    repo: &mut Repo,
    git: &Git,
    (pushing, to): (&[Pushing], Option<&str>),
    progress: &dyn Progress,
    waiting: &mut dyn FnMut(&str),
) -> Result<PushOutcome, Error> {
    let mut outcome = PushOutcome::default();
    if repo.local.remotes.is_empty() || pushing.is_empty() {
        return Ok(outcome);
    }
    let path = git.relative(&repo.root.join(LOCK))?;
    let names: Vec<String> = pushing
        .iter()
        .map(|pushing| format!("{}:{path}", pushing.commit))
        .collect();
    let blobs = git.blobs(&names)?;
    for (pushing, blob) in pushing.iter().zip(blobs) {
        if let Some(Lock { commit }) = blob.and_then(|text| Lock::parse(&text).ok())
            && is_wanted(repo, &commit, &mut outcome)?
        {
            let branch = branch_for(repo, &pushing.to, &commit);
            let wanted = [(branch.clone(), commit)];
            let pushed = match remote::push_commits(repo, None, &wanted, progress, waiting) {
                // Commits that git was forced to leave behind stay there on their branch.
                Err(Error::NotFastForward { .. }) => {
                    let wanted = [(format!("{branch}-{}", commit.short()), commit)];
                    remote::push_commits(repo, None, &wanted, progress, waiting)?
                }
                other => other?,
            };
            outcome.add(pushed);
        }
        // A git commit on the way may name a version that the last one does not come from: the side
        // of a merge that gave way, or what was taken back later.
        let before = pushing.before.as_deref();
        let mut on_the_way = git.locked_since(Path::new(&path), &pushing.commit, before, to)?;
        while let Some(locked) = on_the_way.pop() {
            let commit = locked.data;
            if is_wanted(repo, &commit, &mut outcome)? {
                let wanted = [(format!("lock-{}", commit.short()), commit)];
                let pushed = remote::push_commits(repo, None, &wanted, progress, waiting)?;
                outcome.add(pushed);
            }
        }
    }
    Ok(outcome)
}

impl PushOutcome {
    fn add(&mut self, pushed: Pushed) {
        if !pushed.refs.is_empty() {
            self.pushed.push(pushed);
        }
    }
}

/// Returns whether a version is here and not yet at the remote; notes one that is not here.
fn is_wanted(repo: &Repo, commit: &ObjectId, outcome: &mut PushOutcome) -> Result<bool, Error> {
    if !repo.has(commit)? {
        if !outcome.absent.contains(commit) {
            outcome.absent.push(*commit);
        }
        return Ok(false);
    }
    Ok(!is_there(repo, commit)?)
}

/// Returns whether the remote had the version when it was last seen.
fn is_there(repo: &Repo, commit: &ObjectId) -> Result<bool, Error> {
    let seen = remote::seen(repo)?;
    for tip in seen {
        if tip == *commit || history::is_ancestor(&repo.store, commit, &tip)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Chooses the branch of the remote that the version goes to: of the name that git pushes to.
fn branch_for(repo: &Repo, to: &str, commit: &ObjectId) -> String {
    let named = to.strip_prefix("refs/heads/");
    if let Some(name) = named.filter(|name| check_branch_name(name).is_ok()) {
        return name.to_owned();
    }
    let heads = repo.current.refs.0.iter();
    let own = heads
        .filter(|(_, tip)| *tip == commit)
        .find_map(|(name, _)| name.strip_prefix("heads/"));
    own.map_or_else(|| format!("lock-{}", commit.short()), str::to_owned)
}
