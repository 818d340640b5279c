//! `dver trace`.

use clap::{Args, ValueEnum};

use super::super::Answer;
use super::super::args::OutputArgs;
use super::super::context::Context;
use super::super::error::Failure;
use super::super::render::trace as render;
use crate::attribute::Given;
use crate::ops::trace::{self, By, TraceOptions};

/// Tell which changes between two versions moved a score, and by how much
///
/// METRIC is EVAL:accuracy, or accuracy where one evaluation is declared; likewise micro_f1,
/// micro_precision, micro_recall, and f1.CLASS, precision.CLASS, recall.CLASS. The parts add up to
/// the change. They explain this model's score on these test records; they do not prove that a
/// label is right.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  dver trace accuracy HEAD~1 HEAD
  dver trace baseline:accuracy v1..v2 --by transition
  dver trace baseline:f1.cat v1 v2 --by annotator
  dver trace accuracy v1 v2 --what-if \"annotator != 'a7'\"
  dver trace accuracy v1 v2 --explain

docs/trace.md explains every number.")]
pub(crate) struct TraceArgs {
    /// The score: EVAL:SCORE or SCORE
    #[arg(value_name = "METRIC")]
    pub metric: String,
    /// The two versions: A B or A..B
    #[arg(value_name = "REV", num_args = 1..=2, required = true)]
    pub ends: Vec<String>,
    /// Split causes by cause, transition, annotator, field=F, record or commit
    #[arg(long, value_name = "GROUP", default_value = "cause", value_parser = by)]
    pub by: By,
    /// Take the other causes as they are in one version, instead of the mean of all coalitions
    #[arg(long, value_enum, value_name = "END")]
    pub given: Option<GivenEnd>,
    /// Tell the score if only the changes had been made for which EXPR is true (docs/where.md)
    #[arg(long, value_name = "EXPR")]
    pub what_if: Option<String>,
    /// For nearest neighbours: which neighbours changed of each test record that is answered otherwise
    #[arg(long)]
    pub explain: bool,
    /// How many models may be fitted for one cause, where there is no formula
    #[arg(long, value_name = "N", default_value_t = 256)]
    pub evaluations: u64,
    /// Tell at most N parts of each cause; JSON has them all
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub limit: usize,
    #[command(flatten)]
    pub output: OutputArgs,
}

/// With what the other causes are taken.
#[derive(ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum GivenEnd {
    /// As in the older version
    From,
    /// As in the newer version
    To,
}

fn by(text: &str) -> Result<By, String> {
    Ok(match text {
        "cause" => By::Cause,
        "transition" => By::Transition,
        "annotator" => By::Annotator,
        "record" => By::Record,
        "commit" => By::Commit,
        other => match other.strip_prefix("field=") {
            Some(field) if !field.is_empty() => By::Field(field.to_owned()),
            _ => {
                return Err(
                    "it is cause, transition, annotator, field=F, record or commit".to_owned(),
                );
            }
        },
    })
}

pub(crate) fn run(context: &mut Context, args: &TraceArgs) -> Result<Answer, Failure> {
    let (from, to) = match args.ends.as_slice() {
        [one] => match one.split_once("..") {
            Some((from, to)) if !from.is_empty() && !to.is_empty() => (from, to),
            _ => {
                let words = "two versions are needed: A B or A..B".to_owned();
                return Err(crate::ops::Error::Usage(words).into());
            }
        },
        [from, to, ..] => (from.as_str(), to.as_str()),
        [] => ("HEAD~1", "HEAD"), // clap asks for one at least
    };
    let options = TraceOptions {
        metric: args.metric.clone(),
        from: from.to_owned(),
        to: to.to_owned(),
        by: args.by.clone(),
        given: match args.given {
            None => Given::All,
            Some(GivenEnd::From) => Given::From,
            Some(GivenEnd::To) => Given::To,
        },
        most: args.evaluations,
        what_if: args.what_if.clone(),
        explain: args.explain,
    };
    let mut repo = context.repo()?;
    let progress = context.progress();
    let found = trace::trace(&mut repo, &options, progress.as_ref())?;
    context.redirect_or_page(&args.output)?;
    if context.ui.json {
        context.ui.json_line(&render::as_json(&found))?;
    } else {
        render::text(&mut context.ui, &found, args.limit)?;
    }
    Ok(Answer::Done)
}
