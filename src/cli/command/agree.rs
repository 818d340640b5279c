//! `dver agree`.

use clap::{Args, ValueEnum};

use super::super::Answer;
use super::super::args::OutputArgs;
use super::super::context::{Context, waiting};
use super::super::error::Failure;
use super::super::render::{agree as render, analysis};
use crate::ops::agree::{self, AgreeOptions, By, ScaleName};
use crate::quality::consensus::{DawidSkene, Method};

/// Tell how far annotators agree, or write what the consensus outvotes as a work list
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  dver agree
  dver agree HEAD --by pair --scale ordinal
  dver agree --consensus dawid-skene --format jsonl -o list.jsonl
  dver agree HEAD --consensus majority --attach
  dver apply list.jsonl")]
pub(crate) struct AgreeArgs {
    /// The version [default: the working files]
    #[arg(value_name = "REV")]
    pub revision: Option<String>,
    /// Only this data set
    #[arg(long, value_name = "D")]
    pub dataset: Option<String>,
    /// What it means that two classes differ [default: ordinal where declared classes are ordered, else nominal]
    #[arg(long, value_enum, value_name = "SCALE")]
    pub scale: Option<ScaleArg>,
    /// Tell each class against the rest, each two annotators, or each version of the guideline
    #[arg(long, value_enum, value_name = "WHAT", conflicts_with = "consensus")]
    pub by: Option<ByArg>,
    /// List the ratings that the consensus of their items outvotes
    #[arg(long, value_enum, value_name = "METHOD", conflicts_with = "scale")]
    pub consensus: Option<ConsensusArg>,
    /// Keep the list with REV, as an analysis that travels with it
    #[arg(long, requires = "consensus")]
    pub attach: bool,
    /// text, csv or jsonl
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t)]
    pub format: FormatArg,
    #[command(flatten)]
    pub output: OutputArgs,
}

// Comments of the values would spread them over six lines of every help.
#[derive(ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ScaleArg {
    Nominal,
    Ordinal,
    Interval,
    Ratio,
}

#[derive(ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ByArg {
    Class,
    Pair,
    Guideline,
}

#[derive(ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ConsensusArg {
    Majority,
    DawidSkene,
}

#[derive(ValueEnum, Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum FormatArg {
    #[default]
    Text,
    Csv,
    Jsonl,
}

pub(crate) fn run(context: &mut Context, args: &AgreeArgs) -> Result<Answer, Failure> {
    let mut repo = context.repo()?;
    let progress = context.progress();
    let options = AgreeOptions {
        revision: args.revision.as_deref(),
        dataset: args.dataset.as_deref(),
        scale: args.scale.map(|scale| match scale {
            ScaleArg::Nominal => ScaleName::Nominal,
            ScaleArg::Ordinal => ScaleName::Ordinal,
            ScaleArg::Interval => ScaleName::Interval,
            ScaleArg::Ratio => ScaleName::Ratio,
        }),
        by: match args.by {
            None => By::Whole,
            Some(ByArg::Class) => By::Class,
            Some(ByArg::Pair) => By::Pair,
            Some(ByArg::Guideline) => By::Guideline,
        },
    };
    let format = match context.ui.json {
        true => FormatArg::Jsonl,
        false => args.format,
    };
    if let Some(method) = args.consensus {
        let method = match method {
            ConsensusArg::Majority => Method::Majority,
            ConsensusArg::DawidSkene => Method::DawidSkene(DawidSkene::default()),
        };
        let (report, made) = match args.attach {
            true => {
                let progress = progress.as_ref();
                agree::consensus_and_attach(&mut repo, &options, method, progress, &mut waiting)?
            }
            false => {
                let report = agree::consensus(&mut repo, &options, method, progress.as_ref())?;
                (report, Vec::new())
            }
        };
        context.redirect_or_page(&args.output)?;
        render::consensus(&mut context.ui, &report, format)?;
        analysis::made(&mut context.ui, &made);
        return Ok(Answer::Done);
    }
    let reports = agree::agree(&mut repo, &options, progress.as_ref())?;
    context.redirect_or_page(&args.output)?;
    render::agreement(&mut context.ui, &reports, format)?;
    Ok(Answer::Done)
}
