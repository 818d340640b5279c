//! `dver op log`.

use clap::{Args, Subcommand};
use serde_json::json;

use super::super::Answer;
use super::super::context::Context;
use super::super::error::Failure;
use super::super::ui::Style;
use crate::ops::op_log::op_log;

/// Look at what was done to the repository
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  dver op log -n 10
  dver op log --all")]
pub(crate) struct OpArgs {
    #[command(subcommand)]
    pub command: OpCommand,
}

/// What to do with operations.
#[derive(Subcommand, Debug)]
pub(crate) enum OpCommand {
    /// List operations, newest first; `dver undo` takes back the last one
    Log(OpLogArgs),
}

/// Which operations to list.
#[derive(Args, Debug)]
pub(crate) struct OpLogArgs {
    /// Staging too
    #[arg(long)]
    pub all: bool,
    /// At most N
    #[arg(short = 'n', value_name = "N")]
    pub most: Option<usize>,
}

pub(crate) fn run(context: &mut Context, args: &OpArgs) -> Result<Answer, Failure> {
    let OpCommand::Log(args) = &args.command;
    let repo = context.repo()?;
    for (id, operation) in op_log(&repo, args.all, args.most)? {
        let expired = repo.current.operation.has_expired(operation.seq);
        if context.ui.json {
            let mut line = json!({
                "seq": operation.seq, "operation": id, "verb": operation.verb,
                "time": operation.time, "user": operation.user,
                "revisions": operation.revisions,
            });
            if expired {
                line["expired"] = true.into();
            }
            context.ui.json_line(&line)?;
            continue;
        }
        let short = |text: &String| match text.parse::<crate::base::ObjectId>() {
            Ok(id) => id.short(),
            Err(_) => text.clone(),
        };
        let about: Vec<String> = operation.revisions.iter().map(short).collect();
        let line = format!(
            "{:>5}  {}  {}  {} {}  {}{}",
            operation.seq,
            context.ui.paint(Style::Id, &id.short()),
            operation.time,
            operation.verb,
            about.join(" "),
            context.ui.paint(Style::Faint, &operation.user),
            if expired { "  (expired)" } else { "" },
        );
        context.ui.line(&line)?;
    }
    Ok(Answer::Done)
}
