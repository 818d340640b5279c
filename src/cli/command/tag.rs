//! `dver tag`.

use clap::Args;
use serde_json::json;

use super::super::Answer;
use super::super::context::{Context, waiting};
use super::super::error::Failure;
use crate::ops::tag;

/// List, make or remove tags: names of versions that do not move
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  dver tag v1
  dver tag v0 HEAD~4")]
pub(crate) struct TagArgs {
    /// The tag to make
    #[arg(value_name = "NAME")]
    pub name: Option<String>,
    /// The version to name [default: HEAD]
    #[arg(value_name = "REV")]
    pub at: Option<String>,
    /// Remove a tag
    #[arg(short = 'd', long, value_name = "NAME", conflicts_with = "name")]
    pub delete: Option<String>,
    /// Move a tag that exists
    #[arg(short, long)]
    pub force: bool,
}

pub(crate) fn run(context: &mut Context, args: &TagArgs) -> Result<Answer, Failure> {
    let mut repo = context.repo()?;
    if let Some(name) = &args.delete {
        let commit = tag::remove(&mut repo, name, &mut waiting)?;
        context.ui.note(&format!(
            "Removed the tag {name} (it was at {})",
            commit.short()
        ));
        return Ok(Answer::Done);
    }
    if let Some(name) = &args.name {
        let at = args.at.as_deref().unwrap_or("HEAD");
        tag::create(&mut repo, name, at, args.force, &mut waiting)?;
        return Ok(Answer::Done);
    }
    for (name, commit) in tag::list(&repo) {
        if context.ui.json {
            context
                .ui
                .json_line(&json!({"tag": name, "commit": commit}))?;
        } else {
            context.ui.line(&name)?;
        }
    }
    Ok(Answer::Done)
}
