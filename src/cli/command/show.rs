//! `dver show`.

use clap::Args;

use super::super::Answer;
use super::super::args::OutputArgs;
use super::super::context::Context;
use super::super::error::Failure;
use super::super::render;
use super::super::ui::Style;
use crate::ops::{eval, metrics, show};

/// Show one version: what it did to files, records, labels and schema, and what it is worth
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  dver show
  dver show HEAD~2 --json")]
pub(crate) struct ShowArgs {
    /// The version
    #[arg(value_name = "REV", default_value = "HEAD")]
    pub revision: String,
    #[command(flatten)]
    pub output: OutputArgs,
}

/// The most rows that the text shows.
const MAX_ROWS: usize = 1000;

pub(crate) fn run(context: &mut Context, args: &ShowArgs) -> Result<Answer, Failure> {
    let repo = context.repo()?;
    let sealed = show::show(&repo, &args.revision)?;
    context.redirect_or_page(&args.output)?;
    if context.ui.json {
        context.ui.json_line(&render::commit::json(&sealed))?;
        return Ok(Answer::Done);
    }
    let ui = &mut context.ui;
    render::commit::log_head(ui, &sealed, &[], false)?;
    render::commit::file_line(ui, &sealed)?;
    if let Some(changes) = &sealed.changes {
        ui.line("")?;
        let summaries = sealed.summaries(&repo)?;
        for dataset in &changes.datasets {
            render::commit::dataset_detail(ui, dataset)?;
            if let Some(summary) = summaries.iter().find(|told| told.dataset == dataset.name) {
                render::diff_text::counts(ui, summary)?;
            }
        }
    }
    let rows = sealed.rows(&repo, MAX_ROWS)?;
    if !rows.is_empty() {
        let heading = ui.paint(Style::Heading, "Records");
        ui.line(&heading)?;
        render::commit::rows(ui, &rows)?;
        if rows.len() == MAX_ROWS {
            ui.line("    ... `dver diff --json` shows all")?;
        }
    }
    let changed = metrics::changed(&repo, &sealed, usize::MAX)?;
    if !changed.is_empty() {
        let heading = ui.paint(Style::Heading, "Metrics that changed");
        ui.line(&heading)?;
        render::metrics::changes(ui, &changed)?;
    }
    let evaluations = eval::of_commit(&repo, &sealed.id, None)?;
    if !evaluations.is_empty() {
        let heading = ui.paint(Style::Heading, "Evaluations");
        ui.line(&heading)?;
        for told in &evaluations {
            render::eval::row(ui, told)?;
        }
    }
    if !sealed.analyses.is_empty() {
        let heading = ui.paint(Style::Heading, "Analyses");
        ui.line(&heading)?;
        for one in &sealed.analyses {
            ui.line(&format!("    {}", render::analysis::words(one)))?;
        }
    }
    Ok(Answer::Done)
}
