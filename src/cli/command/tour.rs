//! `dver tour`.

use std::path::PathBuf;

use clap::Args;

use super::super::Answer;
use super::super::context::Context;
use super::super::error::Failure;
use super::super::tour;
use crate::base::{IoError, fsio};
use crate::ops;

/// Play a story with the real commands in a scratch directory
///
/// Support tickets get their first version, label fixes, more records, a new column and a renamed
/// class. Each command line is shown with its output and with what to look at. It touches nothing
/// outside the scratch directory and needs neither git nor a network.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  dver tour
  dver tour --keep /tmp/tour && cd /tmp/tour/tickets && dver log")]
pub(crate) struct TourArgs {
    /// Play in DIR, which must be new or empty, and leave everything there
    #[arg(long, value_name = "DIR")]
    pub keep: Option<PathBuf>,
}

pub(crate) fn run(context: &mut Context, args: &TourArgs) -> Result<Answer, Failure> {
    let Some(dir) = &args.keep else {
        let scratch = tempfile::Builder::new()
            .prefix("dver-tour-")
            .tempdir()
            .map_err(|e| IoError::new("create", &std::env::temp_dir(), e))?;
        tell(
            context,
            &format!(
                "The tour plays in {} and leaves nothing behind.",
                scratch.path().display()
            ),
        )?;
        tour::play(&mut context.ui, scratch.path())?;
        scratch
            .close()
            .map_err(|e| IoError::new("remove", &std::env::temp_dir(), e))?;
        tell(
            context,
            "That was the tour. `dver tour --keep DIR` leaves it in DIR for you to play with.",
        )?;
        return end(context);
    };
    let dir = context.directory.join(dir);
    fsio::create_dir_all(&dir)?;
    let mut entries = std::fs::read_dir(&dir).map_err(|e| IoError::new("read", &dir, e))?;
    if entries.next().is_some() {
        let words = format!("{} is not empty", dir.display());
        return Err(ops::Error::Usage(words).into());
    }
    tell(context, &format!("The tour plays in {}.", dir.display()))?;
    tour::play(&mut context.ui, &dir)?;
    let place = dir.join("tickets");
    tell(
        context,
        &format!("That was the tour. It is yours now: cd {}", place.display()),
    )?;
    end(context)
}

fn tell(context: &mut Context, text: &str) -> Result<(), Failure> {
    if !context.ui.json {
        context.ui.line(text)?;
        context.ui.flush()?;
    }
    Ok(())
}

fn end(context: &mut Context) -> Result<Answer, Failure> {
    tell(
        context,
        "With your own files: `dver init`, `dver add FILE`, `dver commit -m MESSAGE`; \
         `dver --help` lists the rest.",
    )?;
    Ok(Answer::Done)
}
