//! `dver reindex`.

use clap::Args;
use serde_json::json;

use super::super::Answer;
use super::super::context::Context;
use super::super::error::Failure;
use super::super::ui::counted;
use crate::ops;

/// Derive the index anew from the objects
///
/// The index (`.dver/index.sqlite`) holds nothing of its own: deleting it loses nothing, and
/// every command brings it back. This command exists to prove it.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Example:
  dver reindex")]
pub(crate) struct ReindexArgs {}

pub(crate) fn run(context: &mut Context, _args: &ReindexArgs) -> Result<Answer, Failure> {
    let mut repo = context.repo()?;
    let progress = context.progress();
    let commits = ops::reindex::reindex(&mut repo, progress.as_ref())?;
    if context.ui.json {
        context.ui.json_line(&json!({"commits": commits}))?;
    } else {
        context
            .ui
            .line(&format!("The index holds {}.", counted(commits, "commit")))?;
    }
    Ok(Answer::Done)
}
