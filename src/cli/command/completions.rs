//! `dver completions`.

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use super::super::Answer;
use super::super::args::Cli;
use super::super::context::Context;
use super::super::error::Failure;

/// Print a completion script for a shell
#[derive(Args, Debug)]
pub(crate) struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    pub shell: Shell,
}

pub(crate) fn run(context: &mut Context, args: &CompletionsArgs) -> Result<Answer, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "dver", &mut script);
    context.ui.bytes(&script)?;
    Ok(Answer::Done)
}
