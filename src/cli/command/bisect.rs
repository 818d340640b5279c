//! `dver bisect`.

use clap::{ArgGroup, Args};

use super::super::Answer;
use super::super::args::OutputArgs;
use super::super::context::{Context, waiting};
use super::super::error::Failure;
use super::super::render::bisect as render;
use crate::history::split_range;
use crate::ops;
use crate::ops::bisect::{self, BadSide, BisectOptions};

/// Find the commit at which a metric fell below a bound, along first parents, with its changes
///
/// Stored evaluations are read first; those that are missing are made only where they are needed, of
/// the commit in the middle. METRIC is EVAL:SCORE, or SCORE alone where one evaluation is stored; a
/// metric of the data is found too.
#[derive(Args, Debug)]
#[command(
    group(ArgGroup::new("bound").required(true).args(["below", "above"])),
    after_long_help = "\
Examples:
  dver bisect accuracy --below 0.9
  dver bisect baseline:macro_f1 --below 0.85 v1 HEAD
  dver bisect label_conflicts --above 10 v1..HEAD"
)]
pub(crate) struct BisectArgs {
    /// The metric
    #[arg(value_name = "METRIC")]
    pub metric: String,
    /// Where to begin and to end, as `A B` or `A..B` [default: the first commit and HEAD]
    #[arg(value_name = "REV", num_args = 0..=2)]
    pub revisions: Vec<String>,
    /// Values below X are bad
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    pub below: Option<f64>,
    /// Values above X are bad
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    pub above: Option<f64>,
    /// Make no evaluations
    #[arg(long)]
    pub stored: bool,
    /// Tell at most N changes of the commit
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub limit: usize,
    #[command(flatten)]
    pub output: OutputArgs,
}

pub(crate) fn run(context: &mut Context, args: &BisectArgs) -> Result<Answer, Failure> {
    let (from, to) = match args.revisions.as_slice() {
        [] => (None, "HEAD".to_owned()),
        [one] => match split_range(one) {
            Some((a, b)) => (Some(a.to_owned()), b.to_owned()),
            None => (Some(one.clone()), "HEAD".to_owned()),
        },
        [a, b, ..] => (Some(a.clone()), b.clone()),
    };
    let bad = match (args.below, args.above) {
        (Some(bound), _) => BadSide::Below(bound),
        (None, Some(bound)) => BadSide::Above(bound),
        (None, None) => {
            return Err(
                ops::Error::Usage("say what is bad: --below X or --above X".to_owned()).into(),
            );
        }
    };
    let options = BisectOptions {
        metric: args.metric.clone(),
        bad,
        from,
        to,
        stored_only: args.stored,
        most: args.limit,
    };
    let mut repo = context.repo()?;
    let progress = context.progress();
    let report = bisect::bisect(&mut repo, &options, progress.as_ref(), &mut waiting)?;
    context.redirect(&args.output)?;
    render::report(&mut context.ui, &report)?;
    Ok(Answer::Done)
}
