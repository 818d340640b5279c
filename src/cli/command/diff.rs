//! `dver diff`.

use std::path::PathBuf;

use clap::Args;

use super::super::Answer;
use super::super::args::{OutputArgs, WhereArgs};
use super::super::context::Context;
use super::super::error::Failure;
use super::super::render::diff::{Format, Told, print};
use super::super::render::diff_json::Show;
use crate::diff::Options;
use crate::history::split_range;
use crate::ops::diff::{DiffOptions, Ends};
use crate::ops::plain::{self, PlainOptions};
use crate::ops::{self, diff};

/// What the library takes where nothing is said.
const MEMORY_MB: u32 = (Options::DEFAULT.memory >> 20) as u32;

/// Show label, record and schema changes between two versions
///
/// Without versions: what is staged against the working files. With one: that version against the
/// working files. `A B` and `A..B` are two versions.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  dver diff
  dver diff --stat HEAD~3 HEAD
  dver diff v1..v2 --labels -- data/train.csv
  dver diff --where \"from = 'cat' and annotator = 'a7'\"
  dver diff --no-index old.csv new.csv --key id --label label
  dver diff main~1 main --format html -o changes.html")]
pub(crate) struct DiffArgs {
    /// HEAD (or REV) against what is staged
    #[arg(long, visible_alias = "cached")]
    pub staged: bool,
    /// Compare two plain files or directories; no repository is needed
    #[arg(long)]
    pub no_index: bool,
    /// With --no-index: a field of the key (repeat for composite keys) [default: found]
    #[arg(long, value_name = "F", requires = "no_index")]
    pub key: Vec<String>,
    /// With --no-index: a label field (repeat for several) [default: found]
    #[arg(long, value_name = "F", requires = "no_index")]
    pub label: Vec<String>,
    /// Counts only
    #[arg(long)]
    pub stat: bool,
    /// Label changes only
    #[arg(long, conflicts_with = "stat")]
    pub labels: bool,
    /// Schema changes only
    #[arg(long, conflicts_with_all = ["stat", "labels"])]
    pub schema: bool,
    /// Changed cells of fields other than labels too
    #[arg(long, conflicts_with_all = ["stat", "labels", "schema"])]
    pub cells: bool,
    /// Take numbers of a record that differ by no more than X for equal; nothing stored depends on it
    #[arg(long, value_name = "X", value_parser = tolerance)]
    pub tolerance: Option<f64>,
    /// Compare the data themselves, also where sealed change sets tell the answer
    #[arg(long, conflicts_with = "no_index")]
    pub from_data: bool,
    /// About how many MB the search for differences holds in memory; more goes to a temporary file
    #[arg(long, value_name = "MB", default_value_t = MEMORY_MB)]
    pub memory: u32,
    #[command(flatten)]
    pub condition: WhereArgs,
    /// How to write it; json is --json
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub format: Option<Format>,
    /// Exit with 1 when there are differences
    #[arg(long)]
    pub exit_code: bool,
    /// Versions; with --no-index two paths
    #[arg(value_name = "REV", num_args = 0..=2)]
    pub ends: Vec<String>,
    /// Only these files
    #[arg(value_name = "PATH", last = true)]
    pub paths: Vec<PathBuf>,
    #[command(flatten)]
    pub output: OutputArgs,
}

fn tolerance(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(tolerance) if tolerance.is_finite() && tolerance >= 0.0 => Ok(tolerance),
        _ => Err("a number of at least 0 is needed".to_owned()),
    }
}

impl DiffArgs {
    fn show(&self) -> Show {
        match (self.stat, self.labels, self.schema) {
            (true, _, _) => Show::STAT,
            (_, true, _) => Show {
                labels: true,
                ..Show::SUMMARY
            },
            (_, _, true) => Show {
                schema: true,
                ..Show::SUMMARY
            },
            _ => Show {
                cells: self.cells,
                ..Show::DEFAULT
            },
        }
    }

    fn tell(&self) -> Options<'static> {
        let options = match self.stat || self.schema {
            true => Options::STAT,
            false => Options {
                cells: self.cells,
                ..Options::DEFAULT
            },
        };
        Options {
            tolerance: self.tolerance,
            memory: (self.memory as usize).saturating_mul(1 << 20),
            ..options
        }
    }
}

pub(crate) fn run(context: &mut Context, args: &DiffArgs) -> Result<Answer, Failure> {
    let format = format(context, args)?;
    if args.no_index {
        return no_index(context, args, format);
    }
    let mut repo = context.repo()?;
    let ends: Vec<String> = match args.ends.as_slice() {
        [one] => match split_range(one) {
            Some((a, b)) => vec![a.to_owned(), b.to_owned()],
            None => vec![one.clone()],
        },
        other => other.to_vec(),
    };
    let ends = match (ends.as_slice(), args.staged) {
        ([], false) => Ends::StageAndFiles,
        ([], true) => Ends::HeadAndStage,
        ([a], false) => Ends::RevisionAndFiles(a.clone()),
        ([a], true) => Ends::RevisionAndStage(a.clone()),
        ([a, b], false) => Ends::Revisions(a.clone(), b.clone()),
        _ => {
            let words = "--staged takes at most one version".to_owned();
            return Err(ops::Error::Usage(words).into());
        }
    };
    let is_default = matches!(ends, Ends::StageAndFiles);
    let within = context.within(&repo, &args.paths)?;
    let options = DiffOptions {
        ends,
        within,
        tell: args.tell(),
        from_data: args.from_data,
        condition: args.condition.parse()?,
    };
    context.redirect_or_page(&args.output)?;
    let progress = context.progress();
    let told = print(&mut context.ui, format, args.show(), |sink| {
        diff::diff(&mut repo, &options, sink, progress.as_ref())
    })?;
    if !told.differs && is_default && repo.state()?.stage.is_some() {
        context
            .ui
            .note("hint: the changes are staged; `dver diff --staged` shows them.");
    }
    Ok(answer(args, told))
}

/// Returns how to write the answer, and has errors written the same way.
fn format(context: &mut Context, args: &DiffArgs) -> Result<Format, Failure> {
    match (args.format, context.ui.json) {
        (None | Some(Format::Json), true) => Ok(Format::Json),
        (Some(Format::Json), false) => {
            context.ui.json = true;
            Ok(Format::Json)
        }
        (format, false) => Ok(format.unwrap_or_default()),
        (Some(_), true) => {
            let words = "--json and --format name two formats".to_owned();
            Err(ops::Error::Usage(words).into())
        }
    }
}

fn no_index(context: &mut Context, args: &DiffArgs, format: Format) -> Result<Answer, Failure> {
    let [a, b] = args.ends.as_slice() else {
        return Err(ops::Error::Usage("--no-index takes two paths".into()).into());
    };
    let options = PlainOptions {
        key: args.key.clone(),
        labels: args.label.clone(),
        tell: args.tell(),
        condition: args.condition.parse()?,
    };
    let (a, b) = (context.directory.join(a), context.directory.join(b));
    context.redirect_or_page(&args.output)?;
    let progress = context.progress();
    let told = print(&mut context.ui, format, args.show(), |sink| {
        plain::diff_no_index(&a, &b, &options, sink, progress.as_ref())
    })?;
    Ok(answer(args, told))
}

/// With `--where`, the question is whether anything passed.
fn answer(args: &DiffArgs, told: Told) -> Answer {
    let found = match args.condition.condition {
        Some(_) => told.passed,
        None => told.differs,
    };
    if args.exit_code && found {
        Answer::No
    } else {
        Answer::Done
    }
}

/// `schema diff A B`: the schema part of a diff.
pub(crate) fn schema(context: &mut Context, ends: &[String]) -> Result<Answer, Failure> {
    let mut args = DiffArgs {
        staged: false,
        no_index: false,
        key: Vec::new(),
        label: Vec::new(),
        stat: false,
        labels: false,
        schema: true,
        cells: false,
        tolerance: None,
        from_data: false,
        condition: WhereArgs::default(),
        memory: MEMORY_MB,
        format: None,
        exit_code: false,
        ends: ends.to_vec(),
        paths: Vec::new(),
        output: OutputArgs::default(),
    };
    args.ends.truncate(2);
    run(context, &args)
}
