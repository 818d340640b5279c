//! `dver add`, `dver rm`, `dver mv`.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::super::Answer;
use super::super::args::parse_condition;
use super::super::context::{Context, waiting};
use super::super::error::Failure;
use super::super::render;
use super::super::ui::counted;
use crate::ops::add::{self, AddOptions};
use crate::ops::rm::{self, RmOptions};
use crate::ops::{self, partial, paths};

/// Store files and stage them for the next commit
///
/// A table in which a key and a label are found becomes a data set: dver prints what it saw and
/// writes it to dver.toml. Files that are gone are staged as removed.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  dver add labels.csv
  dver add images/
  dver add -A
  dver add --where \"change = 'label' and annotator = 'a7'\" labels.csv")]
pub(crate) struct AddArgs {
    /// Files and directories
    #[arg(value_name = "PATH", required_unless_present = "all")]
    pub paths: Vec<PathBuf>,
    /// Everything in the worktree
    #[arg(short = 'A', long)]
    pub all: bool,
    /// Declare no data sets
    #[arg(long)]
    pub no_declare: bool,
    /// Read and store files that seem unchanged too: brings lost or damaged contents back
    #[arg(long)]
    pub again: bool,
    /// Stage only changes of records for which EXPR is true (docs/where.md)
    #[arg(long = "where", value_name = "EXPR", conflicts_with_all = ["again", "no_declare"])]
    pub condition: Option<String>,
}

/// Remove files from the worktree and from the next version
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  dver rm old.csv
  dver rm --cached notes.txt")]
pub(crate) struct RmArgs {
    /// Files and directories
    #[arg(value_name = "PATH", required = true)]
    pub paths: Vec<PathBuf>,
    /// Keep the files; only stop versioning them
    #[arg(long)]
    pub cached: bool,
    /// Remove even files with uncommitted changes (they are stored: `dver undo`)
    #[arg(short, long)]
    pub force: bool,
}

/// Move or rename a file or directory
#[derive(Args, Debug)]
#[command(after_long_help = "\
Example:
  dver mv train.csv data/train.csv")]
pub(crate) struct MvArgs {
    /// What to move
    #[arg(value_name = "FROM")]
    pub from: PathBuf,
    /// Where to: a new name, or a directory that exists
    #[arg(value_name = "TO")]
    pub to: PathBuf,
}

pub(crate) fn run(context: &mut Context, args: &AddArgs) -> Result<Answer, Failure> {
    let mut repo = context.repo()?;
    let within = if args.all {
        Vec::new()
    } else {
        context.within(&repo, &args.paths)?
    };
    if let Some(condition) = parse_condition(args.condition.as_deref())? {
        let progress = context.progress();
        let report = partial::add_where(
            &mut repo,
            &within,
            &condition,
            progress.as_ref(),
            &mut waiting,
        )?;
        return render::partial::tell(context, "Staged", &report);
    }
    let options = AddOptions {
        within: within.clone(),
        declare: !args.no_declare,
        again: args.again,
        only_known: false,
    };
    let progress = context.progress();
    let report = add::add(&mut repo, &options, progress.as_ref(), &mut waiting)?;
    render::inference::tell(context, &report.inference)?;
    if context.ui.json {
        context.ui.json_line(&json!({
            "staged": report.stored.iter().map(|entry| &entry.path).collect::<Vec<_>>(),
            "removed": report.removed,
        }))?;
    } else if context.ui.verbose {
        for entry in &report.stored {
            context.ui.note(&format!("staged {}", entry.path));
        }
        for path in &report.removed {
            context.ui.note(&format!("staged removal of {path}"));
        }
    }
    context.findings(&report.findings, &within)
}

pub(crate) fn rm(context: &mut Context, args: &RmArgs) -> Result<Answer, Failure> {
    let mut repo = context.repo()?;
    let within = context.within(&repo, &args.paths)?;
    let options = RmOptions {
        within,
        cached: args.cached,
        force: args.force,
    };
    let progress = context.progress();
    let paths = rm::rm(&mut repo, &options, progress.as_ref(), &mut waiting)?;
    if context.ui.json {
        context.ui.json_line(&json!({"removed": paths}))?;
    } else {
        context
            .ui
            .note(&format!("Removed {}", counted(paths.len() as u64, "file")));
    }
    Ok(Answer::Done)
}

pub(crate) fn mv(context: &mut Context, args: &MvArgs) -> Result<Answer, Failure> {
    let mut repo = context.repo()?;
    let whole = || ops::Error::Usage("the worktree itself cannot be moved".into());
    let from = paths::inside(&repo.root, &context.directory, &args.from)?.ok_or_else(whole)?;
    let mut to = args.to.clone();
    if context.directory.join(&to).is_dir() {
        to.push(args.from.file_name().unwrap_or_default());
    }
    let to = paths::inside(&repo.root, &context.directory, &to)?.ok_or_else(whole)?;
    let progress = context.progress();
    let moved = rm::mv(&mut repo, &from, &to, progress.as_ref(), &mut waiting)?;
    if context.ui.json {
        for (from, to) in moved {
            context.ui.json_line(&json!({"from": from, "to": to}))?;
        }
    } else {
        context
            .ui
            .note(&format!("Moved {}", counted(moved.len() as u64, "file")));
    }
    Ok(Answer::Done)
}
