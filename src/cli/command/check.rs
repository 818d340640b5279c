//! `dver check`.

use clap::{Args, ValueEnum};

use super::super::Answer;
use super::super::args::OutputArgs;
use super::super::context::Context;
use super::super::error::Failure;
use super::super::render::check::{self as render, github, markdown};
use crate::ops::check::{self, CheckOptions};

/// Give one verdict on a version: gates, constraints, and what stays to be done
///
/// Ends with exit code 1 where a gate or a constraint fails. A gate that could not be measured is
/// never green: it has a line of its own, and fails only where dver.toml says `required = true`.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  dver check
  dver check HEAD --format github
  dver check feature --since main --format md -o comment.md
  dver check git:HEAD --since git:origin/main --format github")]
pub(crate) struct CheckArgs {
    /// The version [default: the working files]
    #[arg(value_name = "REV")]
    pub revision: Option<String>,
    /// Take changes against REV, where a gate names no base, and tell them [default: the version
    /// before]
    #[arg(long, value_name = "REV")]
    pub since: Option<String>,
    /// How to tell it: `md` is a comment for a pull request, `github` are workflow commands
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub format: CheckFormat,
    #[command(flatten)]
    pub output: OutputArgs,
}

/// Tells a forge, which shows no error output, why there is no verdict.
fn told(context: &mut Context, args: &CheckArgs, failure: Failure) -> Result<Failure, Failure> {
    let ui = &mut context.ui;
    if !ui.json {
        let why = failure.describe().to_text();
        match args.format {
            CheckFormat::Text | CheckFormat::Json => {}
            CheckFormat::Md => markdown::failed(ui.streams().0, &why)?,
            CheckFormat::Github => github::failed(ui.streams().0, &why)?,
        }
        // What is written of an answer is written out only where the command did not fail.
        ui.flush()?;
    }
    Ok(failure)
}

/// How to tell a verdict.
#[derive(ValueEnum, Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum CheckFormat {
    #[default]
    Text,
    Json,
    Md,
    Github,
}

pub(crate) fn run(context: &mut Context, args: &CheckArgs) -> Result<Answer, Failure> {
    let mut repo = match context.repo() {
        Ok(repo) => repo,
        Err(failure) => {
            context.redirect(&args.output)?;
            return Err(told(context, args, failure)?);
        }
    };
    let progress = context.progress();
    let options = CheckOptions {
        revision: args.revision.clone(),
        since: args.since.clone(),
        changes: args.format == CheckFormat::Md,
    };
    let report = check::check(&mut repo, &options, progress.as_ref());
    context.redirect(&args.output)?;
    let report = match report {
        Ok(report) => report,
        Err(e) => return Err(told(context, args, e.into())?),
    };
    let ui = &mut context.ui;
    match args.format {
        _ if ui.json => ui.json_line(&render::json(&report))?,
        CheckFormat::Json => ui.json_line(&render::json(&report))?,
        CheckFormat::Text => render::text(ui, &report)?,
        CheckFormat::Md => markdown::write(ui.streams().0, &report)?,
        CheckFormat::Github => github::write(ui.streams().0, &report)?,
    }
    Ok(if report.passed() {
        Answer::Done
    } else {
        Answer::No
    })
}
