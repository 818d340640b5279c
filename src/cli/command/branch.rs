//! `dver branch`.

use clap::Args;
use serde_json::json;

use super::super::Answer;
use super::super::context::{Context, waiting};
use super::super::error::Failure;
use super::super::ui::Style;
use crate::ops::{self, branch};

/// List, make, rename or remove branches
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  dver branch
  dver branch relabel HEAD~2
  dver branch -d relabel")]
pub(crate) struct BranchArgs {
    /// The branch to make, or to rename with -m
    #[arg(value_name = "NAME")]
    pub name: Option<String>,
    /// Where it shall stand [default: HEAD]; with -m the new name
    #[arg(value_name = "REV")]
    pub at: Option<String>,
    /// Remove a branch whose commits are reached otherwise
    #[arg(short = 'd', long, value_name = "NAME", conflicts_with_all = ["name", "rename"])]
    pub delete: Option<String>,
    /// Remove a branch, even if that loses its commits
    #[arg(short = 'D', value_name = "NAME", conflicts_with_all = ["name", "rename", "delete"])]
    pub delete_forced: Option<String>,
    /// Rename: `-m OLD NEW`, or `-m NEW` for the current branch
    #[arg(short = 'm', long = "move")]
    pub rename: bool,
    /// Move a branch that exists
    #[arg(short, long)]
    pub force: bool,
}

pub(crate) fn run(context: &mut Context, args: &BranchArgs) -> Result<Answer, Failure> {
    let mut repo = context.repo()?;
    let forced = args.delete_forced.is_some();
    if let Some(name) = args.delete.as_ref().or(args.delete_forced.as_ref()) {
        let tip = branch::remove(&mut repo, name, forced, &mut waiting)?;
        context.ui.note(&format!(
            "Removed the branch {name} (it was at {})",
            tip.short()
        ));
        return Ok(Answer::Done);
    }
    if args.rename {
        let current = repo.branch()?.map(str::to_owned);
        let (from, to) = match (&args.name, &args.at, current) {
            (Some(from), Some(to), _) => (from.clone(), to.clone()),
            (Some(to), None, Some(current)) => (current, to.clone()),
            _ => {
                return Err(
                    ops::Error::Usage("-m takes OLD NEW, or NEW on a branch".into()).into(),
                );
            }
        };
        branch::rename(&mut repo, &from, &to, args.force, &mut waiting)?;
        return Ok(Answer::Done);
    }
    if let Some(name) = &args.name {
        let at = args.at.as_deref().unwrap_or("HEAD");
        branch::create(&mut repo, name, at, args.force, &mut waiting)?;
        return Ok(Answer::Done);
    }
    for branch in branch::list(&repo)? {
        if context.ui.json {
            context.ui.json_line(&json!({
                "branch": branch.name, "commit": branch.commit, "current": branch.current,
            }))?;
        } else {
            let mark = if branch.current { "* " } else { "  " };
            let style = if branch.current {
                Style::Added
            } else {
                Style::Faint
            };
            let name = if branch.current {
                context.ui.paint(style, &branch.name)
            } else {
                branch.name.clone()
            };
            let unborn = if branch.commit.is_none() {
                " (no commit yet)"
            } else {
                ""
            };
            context.ui.line(&format!("{mark}{name}{unborn}"))?;
        }
    }
    Ok(Answer::Done)
}
