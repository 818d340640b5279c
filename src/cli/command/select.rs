//! `dver select`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::super::Answer;
use super::super::args::{OutputArgs, parse_condition};
use super::super::context::Context;
use super::super::error::Failure;
use super::find::{FindFormat, write};
use crate::curate::choosing::Unsure;
use crate::ops::find::{self, FindOptions, Kind, ProbabilityFile, SelectOptions, Source, Strategy};

/// Select records to label next, in the order in which they should be
///
/// The pool are the records without a label, or those of --pool: of these no label is looked at. With
/// --format csv, jsonl or label-studio the answer is a work list, which `dver apply` reads back.
/// docs/curation.md has the strategies.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  dver select --budget 100
  dver select --strategy uncertainty --budget 50 --format csv -o work.csv
  dver select --strategy uncertainty --probabilities model.csv --measure entropy --budget 50
  dver select --strategy class-balanced --pool \"split = 'pool'\" --budget 200 HEAD")]
pub(crate) struct SelectArgs {
    /// The version [default: the working files]
    #[arg(value_name = "REV")]
    pub revision: Option<String>,
    /// How many records
    #[arg(long, value_name = "N")]
    pub budget: usize,
    /// By what they are selected
    #[arg(long, value_enum, default_value_t, value_name = "STRATEGY")]
    pub strategy: StrategyArg,
    /// Select from the records for which EXPR is true [default: those without a label]
    #[arg(long, value_name = "EXPR")]
    pub pool: Option<String>,
    /// Only this data set
    #[arg(long, value_name = "D")]
    pub dataset: Option<String>,
    /// Look only at records for which EXPR is true, in and outside of the pool (docs/where.md)
    #[arg(long = "where", value_name = "EXPR")]
    pub condition: Option<String>,
    /// The label field [default: the first]
    #[arg(long, value_name = "F")]
    pub field: Option<String>,
    /// What lots are drawn by
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,
    /// How uncertainty is measured
    #[arg(long, value_enum, default_value_t, value_name = "MEASURE")]
    pub measure: MeasureArg,
    /// Probabilities of the pool's records: .csv, .jsonl or .npy (docs/find.md)
    #[arg(long, value_name = "FILE")]
    pub probabilities: Option<PathBuf>,
    /// The order of the classes in FILE, where it does not name them
    #[arg(
        long,
        value_name = "CLASS,...",
        value_delimiter = ',',
        requires = "probabilities"
    )]
    pub classes: Vec<String>,
    /// Without FILE, the learner that is fitted to what is labelled: logistic, naive-bayes, knn, ridge
    #[arg(
        long,
        value_name = "NAME",
        default_value = "logistic",
        conflicts_with = "probabilities"
    )]
    pub learner: String,
    /// What the answer is written as
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub format: FindFormat,
    #[command(flatten)]
    pub output: OutputArgs,
}

// Comments of the values would spread them over six lines of every help.
#[derive(ValueEnum, Debug, Clone, Copy, Default)]
pub(crate) enum StrategyArg {
    #[default]
    Random,
    Uncertainty,
    KCenter,
    ClassBalanced,
}

#[derive(ValueEnum, Debug, Clone, Copy, Default)]
pub(crate) enum MeasureArg {
    LeastConfidence,
    #[default]
    Margin,
    Entropy,
}

pub(crate) fn run(context: &mut Context, args: SelectArgs) -> Result<Answer, Failure> {
    let unsure = match args.measure {
        MeasureArg::LeastConfidence => Unsure::LeastConfidence,
        MeasureArg::Margin => Unsure::Margin,
        MeasureArg::Entropy => Unsure::Entropy,
    };
    let source = match args.probabilities {
        Some(path) => Source::File(
            ProbabilityFile::read(context.directory.join(path))?,
            args.classes,
        ),
        None => Source::Learner(args.learner),
    };
    let select = SelectOptions {
        strategy: match args.strategy {
            StrategyArg::Random => Strategy::Random,
            StrategyArg::Uncertainty => Strategy::Uncertainty(unsure),
            StrategyArg::KCenter => Strategy::KCenter,
            StrategyArg::ClassBalanced => Strategy::ClassBalanced,
        },
        budget: args.budget,
        seed: args.seed,
        pool: parse_condition(args.pool.as_deref())?,
        field: args.field,
        source,
    };
    let options = FindOptions {
        revision: args.revision,
        dataset: args.dataset,
        condition: parse_condition(args.condition.as_deref())?,
        limit: None,
        kind: Kind::Selection(select),
    };
    let mut repo = context.repo()?;
    let progress = context.progress();
    let report = find::find(&mut repo, &options, progress.as_ref())?;
    context.redirect_or_page(&args.output)?;
    write(context, args.format, &report)
}
