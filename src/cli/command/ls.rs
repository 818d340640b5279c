//! `dver ls`.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::super::Answer;
use super::super::context::Context;
use super::super::error::Failure;
use super::super::ui::{Style, count};
use crate::object::EntryKind;
use crate::ops::{ls, paths};

/// List the files of a version
#[derive(Args, Debug)]
#[command(after_long_help = "\
Example:
  dver ls HEAD~1 --long")]
pub(crate) struct LsArgs {
    /// The version [default: what is staged]
    #[arg(value_name = "REV")]
    pub revision: Option<String>,
    /// Only files at or below these paths
    #[arg(value_name = "PATH", last = true)]
    pub paths: Vec<PathBuf>,
    /// Show kind, size and content id too
    #[arg(short, long)]
    pub long: bool,
}

pub(crate) fn run(context: &mut Context, args: &LsArgs) -> Result<Answer, Failure> {
    let repo = context.repo()?;
    let below = paths::prefixes(&repo.root, &context.directory, &args.paths)?;
    for entry in ls::ls(&repo, args.revision.as_deref(), &below)? {
        if context.ui.json {
            context.ui.json_line(&json!({
                "path": entry.path, "kind": entry.kind, "size": entry.size,
                "content": entry.content,
            }))?;
        } else if args.long {
            let kind = match entry.kind {
                EntryKind::File => "file",
                EntryKind::Executable => "exec",
                EntryKind::Symlink => "link",
            };
            let id = context.ui.paint(Style::Id, &entry.content.short());
            let line = format!("{kind}  {id}  {:>13}  {}", count(entry.size), entry.path);
            context.ui.line(&line)?;
        } else {
            context.ui.line(&entry.path.to_string())?;
        }
    }
    Ok(Answer::Done)
}
