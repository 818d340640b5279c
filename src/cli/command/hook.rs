//! `dver hook`.

use std::ffi::OsString;

use clap::{Args, Subcommand};

use super::super::context::Context;
use super::super::error::Failure;
use super::super::{Answer, env};
use super::driver::{self, DriverArgs};
use crate::githost::Git;
use crate::ops::{self, hook};

/// Let git's hooks look after the data (docs/git.md)
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  dver hook install
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
    /// Only let git show files of these formats by their records: csv, jsonl
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub drivers: Vec<String>,
}

/// Which hook.
#[derive(Args, Debug)]
pub(crate) struct RunArgs {
    /// pre-commit, prepare-commit-msg, post-checkout, post-merge, post-rewrite or pre-push
    #[arg(value_name = "NAME")]
    pub name: String,
    /// What git gives the hook
    #[arg(
        value_name = "ARG",
        trailing_var_arg = true,
        allow_hyphen_values = true
    )]
    pub arguments: Vec<OsString>,
}

pub(crate) fn run(context: &mut Context, args: &HookArgs) -> Result<Answer, Failure> {
    match &args.command {
        HookCommand::Install(args) if !args.drivers.is_empty() => {
            let git = git(context)?;
            let program = env::program()?;
            for line in hook::drivers::install(&git, &program, &args.drivers)? {
                context.ui.line(&line)?;
            }
            Ok(Answer::Done)
        }
        HookCommand::Uninstall => {
            let git = git(context)?;
            for line in hook::drivers::uninstall(&git)? {
                context.ui.line(&line)?;
            }
            Ok(Answer::Done)
        }
        HookCommand::Driver(args) => driver::run(context, args),
        _ => Err(ops::Error::Usage("hooks are not installed yet".into()).into()),
    }
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
