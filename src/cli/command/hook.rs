//! `dver hook`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;

use super::super::context::Context;
use super::super::error::Failure;
use super::super::ui::{Style, clean};
use super::super::{Answer, env};
use super::driver::{self, DriverArgs};
use super::hook_run;
pub(crate) use super::hook_run::RunArgs;
use crate::config::HookMode;
use crate::githost::{Git, Owner};
use crate::ops::hook::drivers::Driver;
use crate::ops::hook::{self, InstallOptions, Report};
use crate::ops::{self};
use crate::repo;

/// Let git's hooks look after the data (docs/git.md)
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  dver hook install
  dver hook install --mode commit
  dver hook install --drivers csv,jsonl
  dver hook status
  dver hook uninstall
  dver hook run pre-commit")]
pub(crate) struct HookArgs {
    #[command(subcommand)]
    pub command: HookCommand,
}

/// What to do with hooks.
#[derive(Subcommand, Debug)]
pub(crate) enum HookCommand {
    /// Add dver's part to git's hooks; what is there stays and runs first
    Install(InstallArgs),
    /// Take dver's part out again, without a trace
    Uninstall,
    /// Show which hooks have dver's part, and what else runs there
    Status,
    /// Do what a hook does; git's hooks call this
    Run(RunArgs),
    /// Show or merge what git gives; git's diff and merge drivers call this
    #[command(hide = true)]
    Driver(DriverArgs),
}

/// What to install.
#[derive(Args, Debug)]
pub(crate) struct InstallArgs {
    /// What the hooks do where data is not committed [default: require, or as it was]
    #[arg(long, value_enum, value_name = "MODE")]
    pub mode: Option<Mode>,
    /// Install even where other repositories use the same directory of hooks
    #[arg(long)]
    pub shared: bool,
    /// Only let git show files of these formats by their records: csv, jsonl
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub drivers: Vec<String>,
}

/// What hooks do where data is not committed: refuse the git commit, or commit the data along.
// Comments of the values would spread them over six lines of every help.
#[derive(ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Require,
    Commit,
}

pub(crate) fn run(context: &mut Context, args: &HookArgs) -> Result<Answer, Failure> {
    match &args.command {
        HookCommand::Install(args) if !args.drivers.is_empty() => {
            let git = git(context)?;
            let program = program()?;
            for line in hook::drivers::install(&git, &program, &args.drivers)? {
                context.ui.line(&line)?;
            }
            Ok(Answer::Done)
        }
        HookCommand::Install(args) => install(context, args),
        HookCommand::Uninstall => uninstall(context),
        HookCommand::Status => {
            let git = git(context)?;
            let drivers = hook::drivers::installed(&git)?;
            // Drivers need no repository.
            match context.repo() {
                Ok(repo) => tell(context, &hook::status(&repo, &git)?)?,
                Err(failure) if drivers.is_empty() || !is_no_repository(&failure) => {
                    return Err(failure);
                }
                Err(_) if context.ui.json => {
                    let line = json!({"hooks": [], "drivers": names(&drivers)});
                    context.ui.json_line(&line)?;
                }
                Err(_) => {}
            }
            if !context.ui.json && !context.ui.quiet && !drivers.is_empty() {
                let line = format!("git reads with dver: {}", names(&drivers).join(", "));
                context.ui.line(&line)?;
            }
            Ok(Answer::Done)
        }
        HookCommand::Run(args) => hook_run::run(context, args),
        HookCommand::Driver(args) => driver::run(context, args),
    }
}

fn install(context: &mut Context, args: &InstallArgs) -> Result<Answer, Failure> {
    let mut repo = context.repo()?;
    let git = git(context)?;
    let options = InstallOptions {
        program: program()?,
        mode: args.mode.map(|mode| match mode {
            Mode::Require => HookMode::Require,
            Mode::Commit => HookMode::Commit,
        }),
        shared: args.shared,
    };
    let report = hook::install(&mut repo, &git, &options)?;
    hook::drivers::install_lock(&git, &options.program)?;
    tell(context, &report)?;
    let managers = report.hooks.iter().filter_map(|hook| hook.beside);
    let names: std::collections::BTreeSet<&str> = managers.map(|m| m.name()).collect();
    for name in ["lefthook", "pre-commit"] {
        if names.contains(name) {
            context.ui.note(&format!(
                "note: {name} writes its hooks anew when it is installed again; then run `dver \
                 hook install` again, or name dver in its own file (docs/git.md)"
            ));
        }
    }
    if report.owner == Owner::Worktree {
        context.ui.note(&format!(
            "note: the hooks are files of the worktree: `git add {}` gives them to everyone",
            report.directory.display()
        ));
    }
    Ok(Answer::Done)
}

fn uninstall(context: &mut Context) -> Result<Answer, Failure> {
    let git = git(context)?;
    // Drivers need no repository, and hooks may have outlived theirs.
    let (report, done) = match context.repo() {
        Ok(mut repo) => {
            let (report, done) = hook::uninstall(&mut repo, &git)?;
            (Some(report), done)
        }
        Err(failure) if !is_no_repository(&failure) => return Err(failure),
        Err(failure) => {
            let done = hook::uninstall_without_data(&git)?;
            let nothing = !done.any && hook::drivers::installed(&git)?.is_empty();
            if nothing || !done.others.is_empty() {
                return Err(failure);
            }
            (None, done)
        }
    };
    // Where hooks look after another directory of this repository, its lock is still to be shown.
    let mut lines = match done.others.is_empty() {
        true => hook::drivers::uninstall(&git)?,
        false => Vec::new(),
    };
    if let (true, Some(report)) = (context.ui.json, &report) {
        tell(context, report)?;
        return Ok(Answer::Done);
    }
    match (done.others.as_slice(), done.any) {
        ([], true) => lines.push("The hooks are as they were before".to_owned()),
        ([], false) if report.is_some() => {
            lines.push("There was nothing of dver's in the hooks".to_owned());
        }
        ([], false) => {}
        (others, _) => {
            let name = |root: &PathBuf| match root.as_os_str().is_empty() {
                true => ".".to_owned(),
                false => root.display().to_string(),
            };
            let names: Vec<String> = others.iter().map(name).collect();
            lines.push(format!(
                "The hooks stay for other data of this git repository: {}",
                names.join(", ")
            ));
        }
    }
    for line in lines {
        context.ui.line(&clean(&line))?;
    }
    let shared = report.filter(|report| report.owner == Owner::Elsewhere && done.any);
    if let Some(report) = shared {
        context.ui.note(&format!(
            "note: other repositories that use {} have no part of dver's any more; `dver hook \
             install --shared` there brings it back",
            report.directory.display()
        ));
    }
    for path in &done.stranded {
        context.ui.note(&format!(
            "note: {} was a hook before dver's; another one has taken its place since, so it stays \
             there",
            path.display()
        ));
    }
    Ok(Answer::Done)
}

fn is_no_repository(failure: &Failure) -> bool {
    let Failure::Verb(error) = failure else {
        return false;
    };
    let error = error.as_ref();
    matches!(error, ops::Error::Repo(repo::Error::NotARepository { .. }))
}

/// Returns what drivers are for, in words.
fn names(drivers: &[Driver]) -> Vec<&'static str> {
    drivers.iter().map(|driver| driver.what()).collect()
}

fn tell(context: &mut Context, report: &Report) -> Result<(), Failure> {
    let drivers = hook::drivers::installed(&git(context)?)?;
    let ui = &mut context.ui;
    let mode = report.mode.map(HookMode::name);
    if ui.json {
        let hooks = report.hooks.iter().map(|hook| {
            json!({
                "name": hook.name, "installed": hook.installed,
                "beside": hook.beside.map(|manager| manager.name()),
                "path": hook.path.display().to_string(),
            })
        });
        let line = json!({
            "directory": report.directory.display().to_string(), "mode": mode,
            "budget_seconds": report.budget_seconds, "hooks": hooks.collect::<Vec<_>>(),
            "drivers": names(&drivers),
        });
        return Ok(ui.json_line(&line)?);
    }
    if ui.quiet {
        return Ok(());
    }
    let mode = match mode {
        Some(mode) => format!(", mode {mode}"),
        None => String::new(),
    };
    ui.line(&format!("Hooks in {}{mode}", report.directory.display()))?;
    for hook in &report.hooks {
        let state = match hook.installed {
            true => ui.paint(Style::Added, &format!("{:<9}", "installed")),
            false => ui.paint(Style::Faint, &format!("{:<9}", "-")),
        };
        let beside = match hook.beside {
            Some(manager) => format!("  beside {}", manager.name()),
            None => String::new(),
        };
        let line = format!("  {:<18}  {state}{beside}", hook.name);
        ui.line(line.trim_end())?;
    }
    Ok(())
}

/// Finds the git repository around the directory.
fn git(context: &Context) -> Result<Git, Failure> {
    let found = Git::find(&context.directory).map_err(ops::Error::from)?;
    found.ok_or_else(|| {
        ops::Error::NoGit {
            path: context.directory.clone(),
        }
        .into()
    })
}

/// Returns the path of this program, for hooks to run.
fn program() -> Result<PathBuf, Failure> {
    let program = env::program();
    Ok(program.map_err(|e| crate::base::IoError::new("find", "dver".as_ref(), e))?)
}
