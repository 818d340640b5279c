//! `dver bench`.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use super::super::Answer;
use super::super::args::{OutputArgs, parse_condition};
use super::super::context::Context;
use super::super::error::Failure;
use super::super::render::bench as render;
use super::find::SliceArg;
use super::value::MethodArg;
use crate::base::fsio;
use crate::ops;
use crate::ops::bench::{
    self, DebuggingOptions, ListFile, SelectionOptions, SlicingOptions, ValuationOptions,
};

/// Score work on data under a fixed model, as DataPerf does
///
/// The model is that of an `[eval.N]` table of the dver.toml of now, with a learner of dver's own.
/// docs/curation.md defines each score.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  dver bench debugging --order order.csv --clean v2 v1
  dver bench selection --list chosen.csv --budget 100
  dver bench slicing --truth defect
  dver bench valuation --added \"source = 'shop'\"")]
pub(crate) struct BenchArgs {
    #[command(subcommand)]
    pub command: BenchCommand,
}

#[derive(Subcommand, Debug)]
pub(crate) enum BenchCommand {
    Debugging(DebuggingArgs),
    Selection(SelectionArgs),
    Slicing(SlicingArgs),
    Valuation(ValuationArgs),
}

/// How many labels must be put right, in the order of a list, until the model is almost as good as
/// on clean labels
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  dver bench debugging --order order.csv --clean v2
  dver bench debugging --order order.csv --clean HEAD HEAD~1 --every 20")]
pub(crate) struct DebuggingArgs {
    /// The version with wrong labels
    #[arg(value_name = "REV", default_value = "HEAD")]
    pub revision: String,
    /// Training records in the order in which they are put right: what `dver value`, `find` or
    /// `select` writes as csv or jsonl, or a table with the key fields
    #[arg(long, value_name = "FILE")]
    pub order: PathBuf,
    /// The version with right labels
    #[arg(long, value_name = "REV")]
    pub clean: String,
    /// The evaluation [default: the only one of a learner of dver's own]
    #[arg(long, value_name = "N")]
    pub name: Option<String>,
    /// The share of the clean accuracy that is the goal
    #[arg(long, value_name = "X", default_value_t = 0.95)]
    pub share: f64,
    /// Fit the model again after so many changed labels
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub every: usize,
    #[command(flatten)]
    pub output: OutputArgs,
}

/// How good the model is when it learns from selected records alone
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  dver bench selection --list chosen.csv --budget 100")]
pub(crate) struct SelectionArgs {
    /// The version that has the labels
    #[arg(value_name = "REV", default_value = "HEAD")]
    pub revision: String,
    /// The selected training records: csv or jsonl with the key fields
    #[arg(long, value_name = "FILE")]
    pub list: PathBuf,
    /// How many may be selected [default: as many as are listed]
    #[arg(long, value_name = "N")]
    pub budget: Option<usize>,
    /// The evaluation [default: the only one of a learner of dver's own]
    #[arg(long, value_name = "N")]
    pub name: Option<String>,
    /// How many selections by lot it is compared with
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub draws: u64,
    #[command(flatten)]
    pub output: OutputArgs,
}

/// How well found slices meet true ones
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  dver bench slicing --truth defect --name baseline")]
pub(crate) struct SlicingArgs {
    /// The version whose evaluation is read
    #[arg(value_name = "REV", default_value = "HEAD")]
    pub revision: String,
    /// The field whose values name the true slices; it is not sliced by
    #[arg(long, value_name = "F")]
    pub truth: String,
    /// How many records of each slice are looked at (repeat for several) [default: 10 and 25]
    #[arg(long, value_name = "K")]
    pub at: Vec<usize>,
    #[command(flatten)]
    pub slices: SliceArg,
    #[command(flatten)]
    pub output: OutputArgs,
}

/// How far a predicted gain of adding records is from the gain that they bring
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  dver bench valuation --since v1
  dver bench valuation --added \"source = 'shop'\" --predicted 0.02")]
pub(crate) struct ValuationArgs {
    /// The version with the added records
    #[arg(value_name = "REV", default_value = "HEAD")]
    pub revision: String,
    /// The added training records are those for which EXPR is true
    #[arg(long, value_name = "EXPR", conflicts_with = "since")]
    pub added: Option<String>,
    /// The added training records are those that this version does not have
    #[arg(long, value_name = "REV")]
    pub since: Option<String>,
    /// The predicted gain in accuracy, from -1 to 1 [default: the sum of the values]
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    pub predicted: Option<f64>,
    /// What the values are
    #[arg(long, value_enum, default_value_t, value_name = "METHOD")]
    pub method: MethodArg,
    /// How many neighbours [default: those of the evaluation, else 5]
    #[arg(long, value_name = "K")]
    pub neighbours: Option<usize>,
    /// The evaluation [default: the only one of a learner of dver's own]
    #[arg(long, value_name = "N")]
    pub name: Option<String>,
    #[command(flatten)]
    pub output: OutputArgs,
}

/// The longest file that is read.
const LONGEST: u64 = 1 << 30;

fn list(context: &Context, path: &Path) -> Result<ListFile, Failure> {
    let full = context.directory.join(path);
    Ok(ListFile {
        name: path.to_string_lossy().into_owned(),
        bytes: fsio::read_bounded(&full, LONGEST).map_err(ops::Error::from)?,
    })
}

pub(crate) fn run(context: &mut Context, args: &BenchArgs) -> Result<Answer, Failure> {
    let repo = context.repo()?;
    let progress = context.progress();
    match &args.command {
        BenchCommand::Debugging(args) => {
            let options = DebuggingOptions {
                revision: args.revision.clone(),
                clean: args.clean.clone(),
                evaluation: args.name.clone(),
                order: list(context, &args.order)?,
                share: args.share,
                every: args.every,
            };
            let report = bench::debugging(&repo, &options, progress.as_ref())?;
            context.redirect(&args.output)?;
            render::debugging(&mut context.ui, &report)?;
        }
        BenchCommand::Selection(args) => {
            let options = SelectionOptions {
                revision: args.revision.clone(),
                evaluation: args.name.clone(),
                list: list(context, &args.list)?,
                budget: args.budget,
                draws: args.draws,
            };
            let report = bench::selection(&repo, &options, progress.as_ref())?;
            context.redirect(&args.output)?;
            render::selection(&mut context.ui, &report)?;
        }
        BenchCommand::Slicing(args) => {
            let options = SlicingOptions {
                slices: args.slices.options(&args.revision),
                truth: args.truth.clone(),
                at: match args.at.is_empty() {
                    true => vec![10, 25],
                    false => args.at.clone(),
                },
            };
            let report = bench::slicing(&repo, &options)?;
            context.redirect(&args.output)?;
            render::slicing(&mut context.ui, &report)?;
        }
        BenchCommand::Valuation(args) => {
            let options = ValuationOptions {
                revision: args.revision.clone(),
                evaluation: args.name.clone(),
                added: parse_condition(args.added.as_deref())?,
                since: args.since.clone(),
                predicted: args.predicted,
                method: args.method.method(),
                neighbours: args.neighbours,
            };
            let report = bench::valuation(&repo, &options)?;
            context.redirect(&args.output)?;
            render::valuation(&mut context.ui, &report)?;
        }
    }
    Ok(Answer::Done)
}
