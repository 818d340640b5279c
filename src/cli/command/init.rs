//! `dver init`.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::super::context::Context;
use super::super::error::Failure;
use super::super::{Answer, env};
use crate::base::fsio;
use crate::githost::{LOCK, Place};
use crate::ops;

/// Make a repository: a directory `.dver` beside your files
///
/// Nothing of yours is touched. `dver add` stores files, `dver commit` makes versions of them.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  dver init
  dver init data")]
pub(crate) struct InitArgs {
    /// Where to make it [default: this directory]
    #[arg(value_name = "DIR")]
    pub root: Option<PathBuf>,
}

pub(crate) fn run(context: &mut Context, args: &InitArgs) -> Result<Answer, Failure> {
    let root = match &args.root {
        Some(dir) => context.directory.join(dir),
        None => context.directory.clone(),
    };
    fsio::create_dir_all(&root)?;
    let actor = env::actor(None, &root);
    let dir = ops::init::init(&root, &actor)?;
    if context.ui.json {
        context
            .ui
            .json_line(&json!({"repository": dir.display().to_string(), "branch": "main"}))?;
    } else if !context.ui.quiet {
        context.ui.line(&format!(
            "Made an empty dver repository in {}",
            dir.display()
        ))?;
        if Place::around(&root).is_some() {
            context.ui.note(
                "hint: git is here too: `dver hook install` lets the data follow it (docs/git.md).",
            );
        }
        if root.join(LOCK).is_file() {
            context.ui.note(
                "hint: dver.lock names data: `dver remote add origin DIR`, with the directory that \
                 it was pushed to, and `dver checkout --lock` bring it.",
            );
            return Ok(Answer::Done);
        }
        context
            .ui
            .note("hint: `dver add FILE` stores files and finds their records and labels.");
    }
    Ok(Answer::Done)
}
