//! `dver switch`, `dver checkout`, `dver reset`, `dver restore`, `dver undo`.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::super::Answer;
use super::super::args::parse_condition;
use super::super::context::{Context, waiting};
use super::super::error::Failure;
use super::super::render;
use super::super::ui::counted;
use crate::githost::{LOCK, Place};
use crate::ops::checkout::{self, Destination, ResetMode, RestoreOptions};
use crate::ops::undo;
use crate::ops::{self, hook, partial};

/// Go to a branch
///
/// Files, stage and HEAD follow. Work that is not committed stops it.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  dver switch main
  dver switch -c relabel")]
pub(crate) struct SwitchArgs {
    /// The branch
    #[arg(value_name = "BRANCH")]
    pub branch: String,
    /// Make the branch first
    #[arg(short, long)]
    pub create: bool,
    /// Where a new branch begins [default: HEAD]
    #[arg(value_name = "REV", requires = "create")]
    pub at: Option<String>,
    /// Go even if that overwrites changed files (they are stored: `dver undo` brings them back)
    #[arg(short, long)]
    pub force: bool,
}

/// Go to any version
///
/// A branch is followed; any other revision leaves HEAD without a branch.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  dver checkout HEAD~4
  dver checkout v1 -b fixes
  dver checkout --lock
  dver checkout --continue")]
pub(crate) struct CheckoutArgs {
    /// The version
    #[arg(value_name = "REV", required_unless_present_any = ["resume", "abort", "branch", "lock"])]
    pub revision: Option<String>,
    /// Finish a checkout that was interrupted
    #[arg(long = "continue", conflicts_with_all = ["revision", "abort"])]
    pub resume: bool,
    /// Go back to where an interrupted checkout began
    #[arg(long, conflicts_with = "revision")]
    pub abort: bool,
    /// Go to the version that dver.lock names, which git keeps; fetch it where it is not here
    #[arg(long, conflicts_with_all = ["revision", "resume", "abort", "branch", "force"])]
    pub lock: bool,
    /// Make a branch there [default: where HEAD stands]
    #[arg(short = 'b', value_name = "BRANCH", conflicts_with_all = ["resume", "abort"])]
    pub branch: Option<String>,
    /// Go even if that overwrites changed files (they are stored: `dver undo` brings them back)
    #[arg(short, long)]
    pub force: bool,
}

/// Move the branch to a version, with the stage and, if asked, the files
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  dver reset
  dver reset --soft HEAD~1
  dver reset --hard v1")]
pub(crate) struct ResetArgs {
    /// The version
    #[arg(value_name = "REV", default_value = "HEAD")]
    pub revision: String,
    /// Only the branch: what was committed since is staged
    #[arg(long, conflicts_with_all = ["mixed", "hard"])]
    pub soft: bool,
    /// The branch and the stage [default]
    #[arg(long, conflicts_with = "hard")]
    pub mixed: bool,
    /// The branch, the stage and the files (changed ones are stored: `dver undo`)
    #[arg(long)]
    pub hard: bool,
}

/// Bring files back from a version
///
/// What it overwrites is stored first: `dver undo` brings that back.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  dver restore labels.csv
  dver restore --staged labels.csv
  dver restore --source HEAD~2 data/
  dver restore --where \"annotator = 'a7' and to = 'dog'\" labels.csv")]
pub(crate) struct RestoreArgs {
    /// Files and directories
    #[arg(value_name = "PATH", required = true)]
    pub paths: Vec<PathBuf>,
    /// In the stage, from HEAD
    #[arg(short = 'S', long)]
    pub staged: bool,
    /// In the worktree [default unless --staged]
    #[arg(short = 'W', long)]
    pub worktree: bool,
    /// From this version
    #[arg(short, long, value_name = "REV")]
    pub source: Option<String>,
    /// Take back only changes of records for which EXPR is true (docs/where.md)
    #[arg(long = "where", value_name = "EXPR")]
    pub condition: Option<String>,
}

/// Take back the last operation, files included
///
/// Staging that came after it is taken back too. Undo again to do it again.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  dver undo
  dver op log")]
pub(crate) struct UndoArgs {}

pub(crate) fn switch(context: &mut Context, args: &SwitchArgs) -> Result<Answer, Failure> {
    let destination = match args.create {
        true => Destination::NewBranch(args.branch.clone(), args.at.clone()),
        false => Destination::Branch(args.branch.clone()),
    };
    go(context, "switch", &destination, args.force)
}

pub(crate) fn checkout(context: &mut Context, args: &CheckoutArgs) -> Result<Answer, Failure> {
    if args.resume || args.abort {
        let mut repo = context.repo()?;
        let progress = context.progress();
        checkout::resume(&mut repo, args.resume, progress.as_ref(), &mut waiting)?;
        let text = if args.resume {
            "The checkout is finished"
        } else {
            "The checkout is undone"
        };
        context.ui.note(text);
        return Ok(Answer::Done);
    }
    if args.lock {
        return to_lock(context);
    }
    let destination = match &args.branch {
        Some(name) => Destination::NewBranch(name.clone(), args.revision.clone()),
        None => {
            let revision = args.revision.clone().unwrap_or_else(|| "HEAD".into());
            let repo = context.repo()?;
            match repo.current.refs.branch(&revision).is_some() {
                true => Destination::Branch(revision),
                false => Destination::Commit(revision),
            }
        }
    };
    go(context, "checkout", &destination, args.force)
}

/// Goes to the version that the lock names.
fn to_lock(context: &mut Context) -> Result<Answer, Failure> {
    let mut repo = context.repo()?;
    let progress = context.progress();
    if !repo.root.join(LOCK).is_file() {
        return Err(ops::Error::NoSuchPath { path: LOCK.into() }.into());
    }
    let place = Place::around(&repo.root);
    hook::follow(&mut repo, place.as_ref(), progress.as_ref(), &mut waiting)?;
    let (branch, head) = (
        repo.branch()?.map(str::to_owned),
        repo.head_commit()?.map(|(id, _)| id),
    );
    if context.ui.json {
        let line = json!({"branch": branch, "head": head});
        context.ui.json_line(&line)?;
        return Ok(Answer::Done);
    }
    match (branch, head) {
        (Some(name), Some(id)) => context
            .ui
            .note(&format!("At {}, on branch {name}", id.short())),
        (None, Some(id)) => context.ui.note(&format!("At {}, on no branch", id.short())),
        (_, None) => {}
    }
    Ok(Answer::Done)
}

fn go(
    context: &mut Context,
    verb: &'static str,
    destination: &Destination,
    force: bool,
) -> Result<Answer, Failure> {
    let mut repo = context.repo()?;
    let left = checkout::leaves_commits_behind(&repo)?;
    let progress = context.progress();
    let at = checkout::checkout(
        &mut repo,
        verb,
        destination,
        force,
        progress.as_ref(),
        &mut waiting,
    )?;
    if let Some(id) = left.filter(|id| Some(*id) != at) {
        context.ui.note(&format!(
            "hint: no branch reaches {} any more; `dver branch NAME {}` keeps it.",
            id.short(),
            id.short()
        ));
    }
    let branch = repo.branch()?.map(str::to_owned);
    if context.ui.json {
        context
            .ui
            .json_line(&json!({"branch": branch, "head": at}))?;
        return Ok(Answer::Done);
    }
    match (branch, at) {
        (Some(name), _) => context.ui.note(&format!("On branch {name}")),
        (None, Some(id)) => context.ui.note(&format!(
            "At {}, on no branch; `dver switch -c NAME` makes one here",
            id.short()
        )),
        (None, None) => {}
    }
    Ok(Answer::Done)
}

pub(crate) fn reset(context: &mut Context, args: &ResetArgs) -> Result<Answer, Failure> {
    let mode = match (args.soft, args.hard) {
        (true, _) => ResetMode::Soft,
        (_, true) => ResetMode::Hard,
        _ => ResetMode::Mixed,
    };
    let mut repo = context.repo()?;
    let progress = context.progress();
    let id = checkout::reset(
        &mut repo,
        &args.revision,
        mode,
        progress.as_ref(),
        &mut waiting,
    )?;
    context.ui.note(&format!("HEAD is at {}", id.short()));
    Ok(Answer::Done)
}

pub(crate) fn restore(context: &mut Context, args: &RestoreArgs) -> Result<Answer, Failure> {
    let mut repo = context.repo()?;
    let options = RestoreOptions {
        within: context.within(&repo, &args.paths)?,
        staged: args.staged,
        worktree: args.worktree || !args.staged,
        source: args.source.clone(),
    };
    let progress = context.progress();
    if let Some(condition) = parse_condition(args.condition.as_deref())? {
        let report = partial::restore_where(
            &mut repo,
            &options,
            &condition,
            progress.as_ref(),
            &mut waiting,
        )?;
        return render::partial::tell(context, "Took back", &report);
    }
    let paths = checkout::restore(&mut repo, &options, progress.as_ref(), &mut waiting)?;
    context
        .ui
        .note(&format!("Restored {}", counted(paths.len() as u64, "file")));
    Ok(Answer::Done)
}

pub(crate) fn undo(context: &mut Context, _args: &UndoArgs) -> Result<Answer, Failure> {
    let mut repo = context.repo()?;
    let progress = context.progress();
    let undone: undo::Undone = undo::undo(&mut repo, progress.as_ref(), &mut waiting)?;
    if context.ui.json {
        context.ui.json_line(&json!({
            "undone": undone.id, "verb": undone.operation.verb, "files": undone.files,
        }))?;
        return Ok(Answer::Done);
    }
    let files = match undone.files {
        0 => String::new(),
        n => format!(", and brought back {}", counted(n as u64, "file")),
    };
    context.ui.line(&format!(
        "Took back `{}` of {}{files}",
        undone.operation.verb, undone.operation.time
    ))?;
    Ok(Answer::Done)
}
