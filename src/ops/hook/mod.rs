//! `hook`: dver's part in the hooks of a git repository, and the drivers by which git reads data.
//!
//! Invariant: what git's own hooks say stands: they run first, with their arguments and input, and
//! their refusal is not overruled. Nothing of git's is changed that `uninstall` does not bring back.

mod calm;
pub mod drivers;
mod follow;
mod pre_commit;
mod pre_push;
mod trailers;

pub use calm::calm;
pub(super) use follow::is_taken;
pub use follow::{Followed, bring_back, follow, is_followed};
pub use pre_commit::{Looked, Staged, commit_along, look, stage_lock};
pub use pre_push::{PushOutcome, Pushing, pre_push};
pub use trailers::{
    COMMIT, LABELS, METRIC, Moved, Told, empty_unwritten, moved, told, write_trailers,
};

use std::path::{Path, PathBuf};

use crate::config::{HookMode, edit};
use crate::githost::{Git, HOOK_NAMES, HookState, Hooks, Owner, Place};
pub use crate::githost::{note_told, note_unmoved};
use crate::repo::Repo;

use super::beside_git;
use super::error::Error;
use super::remote::change_settings;

/// How to install.
#[derive(Clone, Debug)]
pub struct InstallOptions {
    /// The absolute path of the program that hooks run.
    pub program: PathBuf,
    /// What hooks do where data is not committed; as it was, or `require`, where it is `None`.
    pub mode: Option<HookMode>,
    /// Whether a directory of hooks that other repositories may use is welcome.
    pub shared: bool,
}

/// The state of a repository's hooks.
#[derive(Clone, Debug)]
pub struct Report {
    /// The directory of the scripts.
    pub directory: PathBuf,
    /// Whose it is.
    pub owner: Owner,
    /// What the hooks do; `None` where none are installed for this repository.
    pub mode: Option<HookMode>,
    /// For how many seconds a hook looks at files.
    pub budget_seconds: u32,
    /// Each hook.
    pub hooks: Vec<HookState>,
}

/// Returns whether a hook of that name has a part of dver's.
pub fn is_known(name: &str) -> bool {
    HOOK_NAMES.contains(&name)
}

/// What became of the hooks when dver's part was to go.
#[derive(Clone, Debug)]
pub struct Uninstalled {
    /// Other directories of the git repository whose data the hooks look after: while there are
    /// any, they stay.
    pub others: Vec<PathBuf>,
    /// Whether anything was taken out.
    pub any: bool,
    /// Scripts that had to give way to dver's, and whose places somebody else has taken since.
    pub stranded: Vec<PathBuf>,
}

/// Puts dver's part into the hooks of the git repository around the data, or renews it.
pub fn install(repo: &mut Repo, git: &Git, options: &InstallOptions) -> Result<Report, Error> {
    let hooks = Hooks::find(git)?;
    hooks.check()?;
    if hooks.owner() == Owner::Elsewhere && !options.shared {
        return Err(Error::SharedHooks {
            directory: hooks.directory().to_owned(),
        });
    }
    let root = root_in_git(repo, git)?;
    hooks.add_root(&root)?;
    hooks.install(&options.program)?;
    let mode = options.mode.or(repo.local.git.hooks);
    let mode = mode.unwrap_or(HookMode::Require);
    change_settings(repo, |text| edit::set_git(text, "hooks", Some(mode.name())))?;
    if beside_git::place(repo).is_some() {
        beside_git::write_ignored(repo)?;
        if beside_git::read_lock(repo).is_ok_and(|lock| lock.is_none()) {
            beside_git::write_lock(repo)?;
        }
    }
    report(repo, &hooks)
}

/// Takes dver's part out of the hooks, where no other directory of this git repository has data
/// that they look after.
pub fn uninstall(repo: &mut Repo, git: &Git) -> Result<(Report, Uninstalled), Error> {
    let root = root_in_git(repo, git)?;
    let hooks = Hooks::find(git)?;
    let done = take_out(&hooks, git, Some(&root))?;
    change_settings(repo, |text| edit::set_git(text, "hooks", None))?;
    Ok((report(repo, &hooks)?, done))
}

/// The same where there is no repository of dver's, or no more.
pub fn uninstall_without_data(git: &Git) -> Result<Uninstalled, Error> {
    take_out(&Hooks::find(git)?, git, None)
}

fn take_out(hooks: &Hooks, git: &Git, root: Option<&Path>) -> Result<Uninstalled, Error> {
    let tops = git.worktrees();
    // A directory whose repository somebody has removed needs no hooks.
    let is_there = |known: &Path| {
        let mut homes = tops.iter().map(|top| top.join(known));
        homes.any(|root| crate::repo::Home::at(&root).is_some())
    };
    let others = hooks.remove_roots(|known| Some(known) == root || !is_there(known))?;
    let any = others.is_empty() && hooks.uninstall()?;
    Ok(Uninstalled {
        any,
        stranded: match others.is_empty() {
            true => hooks.stranded(),
            false => Vec::new(),
        },
        others,
    })
}

/// Returns the state of the hooks.
pub fn status(repo: &Repo, git: &Git) -> Result<Report, Error> {
    report(repo, &Hooks::find(git)?)
}

fn report(repo: &Repo, hooks: &Hooks) -> Result<Report, Error> {
    Ok(Report {
        directory: hooks.directory().to_owned(),
        owner: hooks.owner(),
        mode: repo.local.git.hooks,
        budget_seconds: repo.local.git.budget_seconds,
        hooks: hooks.states()?,
    })
}

/// Returns the worktree's root relative to git's.
fn root_in_git(repo: &Repo, git: &Git) -> Result<PathBuf, Error> {
    let plain = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let root = plain(&repo.root);
    let relative = root.strip_prefix(plain(git.top()));
    Ok(relative
        .map_err(|_| Error::NoGit { path: root.clone() })?
        .to_owned())
}

/// Returns the worktrees that the hooks of a git worktree look after, as far as they are there.
pub fn homes(place: &Place) -> Vec<crate::repo::Home> {
    let mut roots = Hooks::roots(&place.common);
    if roots.is_empty() {
        roots.push(PathBuf::new());
    }
    let homes = roots.iter().map(|root| match root.as_os_str().is_empty() {
        true => place.top.clone(),
        false => place.top.join(root),
    });
    homes
        .filter_map(|root| crate::repo::Home::at(&root))
        .collect()
}

/// Returns whether a hook has to leave data alone: git is in the middle of something, and this hook
/// is not the one that ends it.
pub fn waits(place: &Place, name: &str, first: Option<&str>) -> bool {
    use crate::githost::UnderWay;
    match (name, place.under_way()) {
        (_, None) => false,
        // Both run while git's notes of what they end are still there.
        ("post-merge", Some(UnderWay::Merge)) => false,
        ("post-rewrite", Some(UnderWay::Rebase)) => first != Some("rebase"),
        // A rebase without commits to make anew ends in no hook.
        ("post-checkout", Some(UnderWay::Rebase)) => !place.only_moves_on(),
        // Pushing reads git's commits, not its files.
        ("pre-push", _) => false,
        _ => true,
    }
}
