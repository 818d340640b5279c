//! `dver commit`.

use clap::Args;

use super::super::Answer;
use super::super::context::{Context, waiting};
use super::super::error::Failure;
use super::super::render;
use super::super::ui::Style;
use crate::ops::add::{self, AddOptions};
use crate::ops::commit::{self, CommitOptions};
use crate::ops::metrics;

/// Seal what is staged as a version, with its label changes and its scorecard
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  dver commit -m 'First version'
  dver commit -a -m 'Second look at refunds' --reason review
  dver commit --amend -m 'A better title'")]
pub(crate) struct CommitArgs {
    /// What changed and why; several give paragraphs
    #[arg(short, long, value_name = "MSG")]
    pub message: Vec<String>,
    /// Stage changed and removed files first, and new files of declared data sets
    #[arg(short, long)]
    pub all: bool,
    /// Replace the last version
    #[arg(long)]
    pub amend: bool,
    /// Why labels changed, as a code of your team's, such as `review-2`
    #[arg(long, value_name = "CODE")]
    pub reason: Option<String>,
    /// What made the changes
    #[arg(long, value_name = "S", value_parser = ["human", "model", "rule", "import"])]
    pub source: Option<String>,
    /// Commit although gates refuse; TEXT says why and is sealed
    #[arg(long, value_name = "TEXT", require_equals = true)]
    pub no_gates: Option<String>,
}

/// How many changed metrics the text shows.
const METRICS: usize = 8;

pub(crate) fn run(context: &mut Context, args: &CommitArgs) -> Result<Answer, Failure> {
    let mut repo = context.repo()?;
    let progress = context.progress();
    if args.all {
        let options = AddOptions {
            within: Vec::new(),
            declare: false,
            only_known: true,
            again: false,
        };
        let report = add::add(&mut repo, &options, progress.as_ref(), &mut waiting)?;
        context.findings(&report.findings, &[])?;
    }
    let options = CommitOptions {
        message: (!args.message.is_empty()).then(|| args.message.join("\n\n")),
        amend: args.amend,
        reason: args.reason.clone(),
        source: args.source.clone(),
        no_gates: args.no_gates.clone(),
    };
    let sealed = commit::commit(&mut repo, &options, progress.as_ref(), &mut waiting)?;
    if commit::declares_gates(&repo, &sealed)? {
        context
            .ui
            .note("note: dver.toml declares gates or evaluations; they are not run yet.");
    }
    let ui = &mut context.ui;
    if ui.json {
        ui.json_line(&render::commit::json(&sealed))?;
        return Ok(Answer::Done);
    }
    if ui.quiet {
        return Ok(Answer::Done);
    }
    let branch = repo.branch()?.unwrap_or("no branch").to_owned();
    let id = ui.paint(Style::Id, &sealed.id.short());
    let title = sealed.commit.message.lines().next().unwrap_or_default();
    ui.line(&format!("[{branch} {id}] {title}"))?;
    render::commit::file_line(ui, &sealed)?;
    render::commit::dataset_lines(ui, &sealed)?;
    let changed = metrics::changed(&repo, &sealed, METRICS)?;
    if !changed.is_empty() {
        ui.line("")?;
    }
    render::metrics::changes(ui, &changed)?;
    Ok(Answer::Done)
}
