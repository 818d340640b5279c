//! `dver card`.

use clap::{Args, ValueEnum};

use super::super::Answer;
use super::super::args::OutputArgs;
use super::super::context::Context;
use super::super::error::Failure;
use super::super::render::card as render;
use crate::ops::card;

/// Write the data card of a version: what it holds, where it comes from, what it is worth
#[derive(Args, Debug)]
#[command(after_long_help = "\
What only people know (licence, motivation, biases ...) comes from [card] in dver.toml: docs/card.md.

Examples:
  dver card -o CARD.md
  dver card v2 --format croissant -o croissant.json")]
pub(crate) struct CardArgs {
    /// The version [default: HEAD]
    #[arg(value_name = "REV")]
    pub revision: Option<String>,
    /// md for people, croissant for machines: JSON-LD of Croissant 1.1
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t)]
    pub format: CardFormat,
    #[command(flatten)]
    pub output: OutputArgs,
}

// Comments of the values would spread them over six lines of every help.
#[derive(ValueEnum, Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum CardFormat {
    #[default]
    Md,
    Croissant,
}

pub(crate) fn run(context: &mut Context, args: &CardArgs) -> Result<Answer, Failure> {
    let repo = context.repo()?;
    let progress = context.progress();
    let report = card::card(&repo, args.revision.as_deref(), progress.as_ref())?;
    context.redirect(&args.output)?;
    let ui = &mut context.ui;
    // With --json, machines are asked for.
    if args.format == CardFormat::Croissant || ui.json {
        let card = render::croissant::document(&report);
        if ui.json {
            ui.json_line(&card)?;
        } else {
            ui.line(&format!("{card:#}"))?;
        }
        let missing = render::croissant::missing(&card);
        if !missing.is_empty() {
            ui.note(&format!(
                "note: Croissant requires what nobody wrote: {}. Write it into [card] in dver.toml.",
                missing.join(", ")
            ));
        }
        return Ok(Answer::Done);
    }
    for line in render::markdown::lines(&report) {
        ui.line(&line)?;
    }
    Ok(Answer::Done)
}
