//! `dver cat` and `dver cat-object`.

use clap::Args;

use super::super::Answer;
use super::super::args::OutputArgs;
use super::super::context::Context;
use super::super::error::Failure;
use crate::base::progress::{Progress, Quiet};
use crate::ops::cat;

/// Print the bytes of a file as of a version
///
/// The bytes are exactly those that were committed; they are checked against the file's id.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  dver cat HEAD~1:labels.csv
  dver cat v1:data/train.jsonl -o train.jsonl")]
pub(crate) struct CatArgs {
    /// Version and path, such as `HEAD~1:labels.csv`; `./` starts from this directory
    #[arg(value_name = "REV:PATH", required = true)]
    pub specs: Vec<String>,
    #[command(flatten)]
    pub output: OutputArgs,
}

/// Print the bytes of an object: `dver cat-object ID | b3sum` prints ID again
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  dver cat-object HEAD
  dver cat-object HEAD | b3sum")]
pub(crate) struct CatObjectArgs {
    /// The full id of an object, or anything that names a commit
    #[arg(value_name = "ID")]
    pub id: String,
    #[command(flatten)]
    pub output: OutputArgs,
}

pub(crate) fn run(context: &mut Context, args: &CatArgs) -> Result<Answer, Failure> {
    let repo = context.repo()?;
    let mut entries = Vec::new();
    for spec in &args.specs {
        entries.push(cat::find(&repo, spec, &context.directory)?.1);
    }
    context.redirect(&args.output)?;
    // Nothing is drawn into the bytes themselves.
    let progress: Box<dyn Progress> = match context.ui.is_terminal() {
        true => Box::new(Quiet),
        false => context.progress(),
    };
    for entry in entries {
        cat::cat::<Failure>(&repo, &entry, progress.as_ref(), &mut |bytes| {
            Ok(context.ui.bytes(bytes)?)
        })?;
    }
    Ok(Answer::Done)
}

pub(crate) fn run_object(context: &mut Context, args: &CatObjectArgs) -> Result<Answer, Failure> {
    let repo = context.repo()?;
    let bytes = cat::cat_object(&repo, &args.id)?;
    context.redirect(&args.output)?;
    context.ui.bytes(&bytes)?;
    Ok(Answer::Done)
}
