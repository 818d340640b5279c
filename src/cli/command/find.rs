//! `dver find`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::super::Answer;
use super::super::args::{OutputArgs, parse_condition};
use super::super::context::{Context, waiting};
use super::super::error::Failure;
use super::super::render;
use crate::curate::{Prune, Score};
use crate::ops::analysis::{self, Wanted};
use crate::ops::find::{
    self, FindOptions, FindReport, IssueOptions, Kind, OutlierOptions, ProbabilityFile,
    SliceOptions,
};

/// Find records that a person should look at, ranked
///
/// What is found is no verdict: docs/find.md says what each method does and does not prove. With
/// --format csv, jsonl or label-studio the answer is a work list, which `dver apply` reads back.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  dver find label-issues
  dver find label-issues HEAD --probabilities predictions.csv --prune both
  dver find duplicates --near --threshold 0.7
  dver find slices --name baseline --min-records 50
  dver find outliers --by label --where \"split = 'train'\"
  dver find label-conflicts --format csv -o work.csv
  dver find label-issues HEAD --attach
  dver find attached HEAD --kind label-issues --format csv")]
pub(crate) struct FindArgs {
    #[command(subcommand)]
    pub kind: FindKind,
}

/// What is looked for.
#[derive(Subcommand, Debug)]
pub(crate) enum FindKind {
    /// Labels that predicted probabilities contradict, by confident learning
    LabelIssues(IssueArgs),
    /// Records of equal content with other labels
    LabelConflicts(CommonArgs),
    /// Records whose content an earlier one has
    Duplicates(DuplicateArgs),
    /// Records of one split whose content or group is in another
    Leakage(CommonArgs),
    /// Records far from the others
    Outliers(OutlierArgs),
    /// What was found in a version before and attached to it; nothing is computed
    Attached(AttachedArgs),
    /// Conditions under which a model errs more often, from the predictions of an evaluation
    Slices(SliceArgs),
}

/// What all kinds take.
#[derive(Args, Debug)]
pub(crate) struct CommonArgs {
    /// The version [default: the working files]
    #[arg(value_name = "REV")]
    pub revision: Option<String>,
    /// Only this data set
    #[arg(long, value_name = "D")]
    pub dataset: Option<String>,
    /// Look only at records for which EXPR is true (docs/where.md)
    #[arg(long = "where", value_name = "EXPR")]
    pub condition: Option<String>,
    /// Tell at most N records of each data set
    #[arg(long, value_name = "N")]
    pub limit: Option<usize>,
    /// What the answer is written as
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub format: FindFormat,
    /// Keep the answer with REV, as an analysis that travels with it
    #[arg(long)]
    pub attach: bool,
    #[command(flatten)]
    pub output: OutputArgs,
}

/// What `find attached` takes.
#[derive(Args, Debug)]
pub(crate) struct AttachedArgs {
    /// The version
    #[arg(value_name = "REV", default_value = "HEAD")]
    pub revision: String,
    /// Only this kind, such as label-issues, near-duplicates or consensus
    #[arg(long, value_name = "KIND")]
    pub kind: Option<String>,
    /// Only this data set
    #[arg(long, value_name = "D")]
    pub dataset: Option<String>,
    /// Only the analysis whose id begins so
    #[arg(long, value_name = "ID")]
    pub analysis: Option<String>,
    /// Tell at most N records of each
    #[arg(long, value_name = "N")]
    pub limit: Option<usize>,
    /// What the answer is written as; all but text take one analysis
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub format: FindFormat,
    #[command(flatten)]
    pub output: OutputArgs,
}

/// What the answer is written as.
#[derive(ValueEnum, Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum FindFormat {
    #[default]
    Text,
    Csv,
    Jsonl,
    LabelStudio,
}

#[derive(Args, Debug)]
pub(crate) struct IssueArgs {
    #[command(flatten)]
    pub common: CommonArgs,
    /// The label field [default: the first]
    #[arg(long, value_name = "F")]
    pub field: Option<String>,
    /// Probabilities of a model that has not seen the records: .csv, .jsonl or .npy
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
    /// Without FILE, the learner that predicts out of fold: logistic, naive-bayes or knn
    #[arg(
        long,
        value_name = "NAME",
        default_value = "logistic",
        conflicts_with = "probabilities"
    )]
    pub learner: String,
    /// How many folds, by hash of group or key
    #[arg(
        long,
        value_name = "N",
        default_value_t = 5,
        conflicts_with = "probabilities"
    )]
    pub folds: u32,
    /// Which records are issues
    #[arg(long, value_enum, default_value_t, value_name = "RULE")]
    pub prune: PruneArg,
    /// Do not calibrate the confident joint to the given labels
    #[arg(long)]
    pub uncalibrated: bool,
    /// What they are ranked by
    #[arg(long, value_enum, default_value_t, value_name = "SCORE")]
    pub score: ScoreArg,
}

/// What `find slices` takes; its work list are the records that were predicted wrong.
#[derive(Args, Debug)]
pub(crate) struct SliceArgs {
    /// The version whose evaluation is read
    #[arg(value_name = "REV", default_value = "HEAD")]
    pub revision: String,
    #[command(flatten)]
    pub slices: SliceArg,
    /// What the answer is written as
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub format: FindFormat,
    #[command(flatten)]
    pub output: OutputArgs,
}

/// How slices are found.
#[derive(Args, Debug)]
pub(crate) struct SliceArg {
    /// The evaluation [default: the only one]
    #[arg(long, value_name = "N")]
    pub name: Option<String>,
    /// Only this field (repeat for several) [default: all but keys, labels, texts and images]
    #[arg(long, value_name = "F")]
    pub field: Vec<String>,
    /// Not this field (repeat for several)
    #[arg(long, value_name = "F")]
    pub without: Vec<String>,
    /// The least number of test records [default: 32, or 1 % where that is more]
    #[arg(long, value_name = "N")]
    pub min_records: Option<u64>,
    /// The weight of the error rate against the size, up to 1
    #[arg(long, value_name = "X", default_value_t = 0.95)]
    pub alpha: f64,
    /// At most so many slices
    #[arg(long, value_name = "K", default_value_t = 10)]
    pub top: usize,
    /// At most so many fields in a condition
    #[arg(long, value_name = "N", default_value_t = 3)]
    pub predicates: usize,
    /// Fields with more values are left out, and numbers cut into parts
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub values: usize,
    /// How many parts of equal size numbers are cut into
    #[arg(long, value_name = "N", default_value_t = 4)]
    pub bins: usize,
}

impl SliceArg {
    /// Returns the options for a version.
    pub(crate) fn options(&self, revision: &str) -> SliceOptions {
        SliceOptions {
            revision: revision.to_owned(),
            evaluation: self.name.clone(),
            fields: self.field.clone(),
            without: self.without.clone(),
            least: self.min_records,
            alpha: self.alpha,
            most: self.top,
            predicates: self.predicates,
            values: self.values,
            bins: self.bins,
        }
    }
}

// Comments of the values would spread them over six lines of every help.
#[derive(ValueEnum, Debug, Clone, Copy, Default)]
pub(crate) enum PruneArg {
    #[default]
    NoiseRate,
    Class,
    Both,
    ConfidentJoint,
    SmallestMargins,
}

#[derive(ValueEnum, Debug, Clone, Copy, Default)]
pub(crate) enum ScoreArg {
    SelfConfidence,
    #[default]
    NormalisedMargin,
    WeightedEntropy,
}

#[derive(Args, Debug)]
pub(crate) struct DuplicateArgs {
    #[command(flatten)]
    pub common: CommonArgs,
    /// Find texts that are nearly equal too, by MinHash
    #[arg(long)]
    pub near: bool,
    /// The least Jaccard index of shingles that is near
    #[arg(long, value_name = "X", default_value_t = 0.8, requires = "near")]
    pub threshold: f64,
}

#[derive(Args, Debug)]
pub(crate) struct OutlierArgs {
    #[command(flatten)]
    pub common: CommonArgs,
    /// Only this field (repeat for several) [default: all numbers, texts and lists of numbers]
    #[arg(long, value_name = "F")]
    pub field: Vec<String>,
    /// Compare numbers within each value of F
    #[arg(long, value_name = "F")]
    pub by: Option<String>,
    /// Judge numbers by quartiles, not by the median
    #[arg(long)]
    pub iqr: bool,
    /// How far numbers must be [default: 3.5 robust z, or 1.5 IQR]
    #[arg(long, value_name = "X")]
    pub bound: Option<f64>,
    /// How many neighbours texts and lists of numbers have
    #[arg(long, value_name = "K", default_value_t = 10)]
    pub neighbours: usize,
}

impl PruneArg {
    fn prune(self) -> Prune {
        match self {
            Self::NoiseRate => Prune::NoiseRate,
            Self::Class => Prune::Class,
            Self::Both => Prune::Both,
            Self::ConfidentJoint => Prune::ConfidentJoint,
            Self::SmallestMargins => Prune::SmallestMargins,
        }
    }
}

impl ScoreArg {
    fn score(self) -> Score {
        match self {
            Self::SelfConfidence => Score::SelfConfidence,
            Self::NormalisedMargin => Score::NormalisedMargin,
            Self::WeightedEntropy => Score::WeightedEntropy,
        }
    }
}

pub(crate) fn run(context: &mut Context, args: FindArgs) -> Result<Answer, Failure> {
    let (common, kind) = match args.kind {
        FindKind::Slices(args) => return slices(context, &args),
        FindKind::Attached(args) => return attached(context, args),
        FindKind::LabelConflicts(common) => (common, Kind::LabelConflicts),
        FindKind::Leakage(common) => (common, Kind::Leakage),
        FindKind::Duplicates(args) => {
            let near = args.near.then_some(args.threshold);
            (args.common, Kind::Duplicates { near })
        }
        FindKind::LabelIssues(args) => {
            let probabilities = match args.probabilities {
                Some(path) => Some(ProbabilityFile::read(context.directory.join(path))?),
                None => None,
            };
            let issues = IssueOptions {
                field: args.field,
                probabilities,
                classes: args.classes,
                learner: args.learner,
                folds: args.folds,
                prune: args.prune.prune(),
                uncalibrated: args.uncalibrated,
                score: args.score.score(),
            };
            (args.common, Kind::LabelIssues(issues))
        }
        FindKind::Outliers(args) => {
            let outliers = OutlierOptions {
                fields: args.field,
                by: args.by,
                iqr: args.iqr,
                bound: args.bound,
                neighbours: args.neighbours,
            };
            (args.common, Kind::Outliers(outliers))
        }
    };
    let options = FindOptions {
        revision: common.revision,
        dataset: common.dataset,
        condition: parse_condition(common.condition.as_deref())?,
        limit: common.limit,
        kind,
    };
    let mut repo = context.repo()?;
    let progress = context.progress();
    let (report, made) = match common.attach {
        true => analysis::find(&mut repo, &options, progress.as_ref(), &mut waiting)?,
        false => (
            find::find(&mut repo, &options, progress.as_ref())?,
            Vec::new(),
        ),
    };
    context.redirect_or_page(&common.output)?;
    let answer = write(context, common.format, &report)?;
    render::analysis::made(&mut context.ui, &made);
    Ok(answer)
}

/// Writes records that were found.
pub(super) fn write(
    context: &mut Context,
    format: FindFormat,
    report: &FindReport,
) -> Result<Answer, Failure> {
    let ui = &mut context.ui;
    if format != FindFormat::Text {
        // What a list does not show must not be taken for nothing.
        for dataset in &report.datasets {
            let nothing = dataset.method.is_empty();
            let left_out = |note: &&String| nothing || note.starts_with(find::NOT_LOOKED_AT);
            for note in dataset.notes.iter().filter(left_out) {
                ui.note(&format!("note: {}: {note}", dataset.dataset));
            }
        }
    }
    match format {
        _ if ui.json => render::find::json_lines(ui, report)?,
        FindFormat::Text => render::find::text(ui, report)?,
        FindFormat::Jsonl => render::find::json_lines(ui, report)?,
        FindFormat::Csv => render::find::csv(ui, report)?,
        FindFormat::LabelStudio => render::find::label_studio(ui, report)?,
    }
    Ok(Answer::Done)
}

fn attached(context: &mut Context, args: AttachedArgs) -> Result<Answer, Failure> {
    let repo = context.repo()?;
    let is_text = args.format == FindFormat::Text && !context.ui.json;
    let wanted = Wanted {
        revision: args.revision,
        kind: args.kind,
        dataset: args.dataset,
        id: args.analysis,
        limit: args.limit,
        only: !is_text,
    };
    let all = analysis::reread(&repo, &wanted)?;
    context.redirect_or_page(&args.output)?;
    for (_, report) in &all {
        write(context, args.format, report)?;
    }
    Ok(Answer::Done)
}

fn slices(context: &mut Context, args: &SliceArgs) -> Result<Answer, Failure> {
    let repo = context.repo()?;
    let report = find::slices(&repo, &args.slices.options(&args.revision))?;
    context.redirect_or_page(&args.output)?;
    if context.ui.json || args.format == FindFormat::Text {
        render::slices::slices(&mut context.ui, &report)?;
        return Ok(Answer::Done);
    }
    write(context, args.format, &report.work_list())
}
