//! `dver completions`.

use clap::Args;
use clap_complete::Shell;

use super::super::Answer;
use super::super::args;
use super::super::context::Context;
use super::super::error::Failure;

/// Print a completion script for a shell
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  dver completions bash > ~/.local/share/bash-completion/completions/dver
  dver completions zsh > ~/.zfunc/_dver
  dver completions fish > ~/.config/fish/completions/dver.fish")]
pub(crate) struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    pub shell: Shell,
}

pub(crate) fn run(context: &mut Context, args: &CompletionsArgs) -> Result<Answer, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut args::program(), "dver", &mut script);
    context.ui.bytes(&script)?;
    Ok(Answer::Done)
}
