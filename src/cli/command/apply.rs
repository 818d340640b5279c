//! `dver apply`.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use clap::Args;

use super::super::Answer;
use super::super::context::{Context, waiting};
use super::super::error::Failure;
use super::super::render;
use crate::base::{IoError, fsio};
use crate::ops::apply::{self, ApplyOptions};

/// Write the labels of a work list into your files
///
/// FILE is CSV, JSON Lines or an export of Label Studio. Only the cells of those labels change. A
/// label that is no longer the one the list was made from is refused, and so are keys that no or
/// several records have; what was refused is listed, the rest is written. `dver undo` takes it
/// back.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  dver apply fixes.csv
  dver apply --dry-run project-7.json
  dver apply relabelled.csv --key ticket --set label --reason review

docs/apply.md tells what lists may look like.")]
pub(crate) struct ApplyArgs {
    /// The list; `-` is standard input
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Only this data set, where the list names several or none
    #[arg(long, value_name = "D")]
    pub dataset: Option<String>,
    /// Column with the key, of a list that dver did not make [default: the name of the key field]
    #[arg(long, value_name = "F")]
    pub key: Vec<String>,
    /// Label field to set, from the column of its name, of such a list [default: the only one]
    #[arg(long, value_name = "F")]
    pub set: Option<String>,
    /// Write CODE into the field with the role `reason`, where the data set has one
    #[arg(long, value_name = "CODE")]
    pub reason: Option<String>,
    /// Write nothing, only tell what would be written
    #[arg(short = 'n', long)]
    pub dry_run: bool,
}

/// The longest list that is read.
const LONGEST: u64 = 1 << 30;

pub(crate) fn run(context: &mut Context, args: &ApplyArgs) -> Result<Answer, Failure> {
    let mut repo = context.repo()?;
    let list = match args.file.as_os_str() == "-" {
        true => read_input()?,
        false => fsio::read_bounded(&context.directory.join(&args.file), LONGEST)
            .map_err(crate::ops::Error::from)?,
    };
    let options = ApplyOptions {
        name: args.file.to_string_lossy().into_owned(),
        list,
        dataset: args.dataset.clone(),
        key: args.key.clone(),
        set: args.set.clone(),
        reason: args.reason.clone(),
        dry_run: args.dry_run,
    };
    let progress = context.progress();
    let report = apply::apply(&mut repo, &options, progress.as_ref(), &mut waiting)?;
    render::apply::tell(context, &options, &report)?;
    match report.refused.is_empty() {
        true => Ok(Answer::Done),
        false => Ok(Answer::No),
    }
}

fn read_input() -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let read = std::io::stdin().take(LONGEST + 1).read_to_end(&mut bytes);
    read.map_err(|e| IoError::new("read", Path::new("-"), e))
        .map_err(crate::ops::Error::from)?;
    Ok(bytes)
}
