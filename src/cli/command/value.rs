//! `dver value`.

use clap::{Args, ValueEnum};

use super::super::Answer;
use super::super::args::OutputArgs;
use super::super::context::Context;
use super::super::error::Failure;
use super::find::{FindFormat, write};
use crate::curate::valuation::Valuation;
use crate::ops::value::{self, ValueOptions};

/// Rank training records by what they are worth to the evaluation, the least worth first
///
/// Values are those of the k nearest neighbours among the training records of an `[eval.N]` table,
/// averaged over its test records; its features are used, whatever its model. docs/curation.md has the
/// formulas and what values do not prove.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  dver value --limit 20
  dver value HEAD --name baseline --method soft-knn-shapley --neighbours 10
  dver value --format csv -o order.csv")]
pub(crate) struct ValueArgs {
    /// The version [default: the working files]
    #[arg(value_name = "REV")]
    pub revision: Option<String>,
    /// The evaluation [default: the only one, or the only one of a learner of dver's own]
    #[arg(long, value_name = "N")]
    pub name: Option<String>,
    /// What the value is
    #[arg(long, value_enum, default_value_t, value_name = "METHOD")]
    pub method: MethodArg,
    /// How many neighbours [default: those of the evaluation, else 5]
    #[arg(long, value_name = "K")]
    pub neighbours: Option<usize>,
    /// The distance of the threshold method [default: the median distance to the K-th nearest]
    #[arg(long, value_name = "X")]
    pub within: Option<f64>,
    /// Tell at most N records
    #[arg(long, value_name = "N")]
    pub limit: Option<usize>,
    /// What the answer is written as
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub format: FindFormat,
    #[command(flatten)]
    pub output: OutputArgs,
}

// Comments of the values would spread them over six lines of every help.
#[derive(ValueEnum, Debug, Clone, Copy, Default)]
pub(crate) enum MethodArg {
    #[default]
    KnnShapley,
    SoftKnnShapley,
    ThresholdKnnShapley,
    LeaveOneOut,
}

impl MethodArg {
    pub(crate) fn method(self) -> Valuation {
        match self {
            Self::KnnShapley => Valuation::KnnShapley,
            Self::SoftKnnShapley => Valuation::SoftKnnShapley,
            Self::ThresholdKnnShapley => Valuation::ThresholdKnnShapley,
            Self::LeaveOneOut => Valuation::LeaveOneOut,
        }
    }
}

pub(crate) fn run(context: &mut Context, args: &ValueArgs) -> Result<Answer, Failure> {
    let options = ValueOptions {
        revision: args.revision.clone(),
        evaluation: args.name.clone(),
        method: args.method.method(),
        neighbours: args.neighbours,
        within: args.within,
        limit: args.limit,
    };
    let mut repo = context.repo()?;
    let progress = context.progress();
    let report = value::value(&mut repo, &options, progress.as_ref())?;
    context.redirect_or_page(&args.output)?;
    write(context, args.format, &report)
}
