//! `dver verify`.

use clap::Args;
use serde_json::{Value, json};

use super::super::Answer;
use super::super::context::Context;
use super::super::error::Failure;
use super::super::ui::{Ui, counted};
use crate::ops::verify::{self, ChainState, Verified, VerifyOptions};

/// Prove again what a version claims
///
/// Reads every commit behind the version: each object must have the bytes that its id names, and
/// the parts of a commit must speak of one snapshot. `--recompute` measures the data again, asking
/// nothing that was kept, and compares every sealed number and every change set. Ends with exit
/// code 1 where something is refuted.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  dver verify
  dver verify v1.2 --recompute
  dver verify main --expect 4f1c0d2e")]
pub(crate) struct VerifyArgs {
    /// The version
    #[arg(value_name = "REV", default_value = "HEAD")]
    pub revision: String,
    /// Measure the data again and compare every number
    #[arg(long)]
    pub recompute: bool,
    /// The full id that the version must have
    #[arg(long, value_name = "ID")]
    pub expect: Option<String>,
}

pub(crate) fn run(context: &mut Context, args: &VerifyArgs) -> Result<Answer, Failure> {
    let repo = context.repo()?;
    let options = VerifyOptions {
        revision: args.revision.clone(),
        recompute: args.recompute,
        expected: args.expect.clone(),
    };
    let progress = context.progress();
    let verified = verify::verify(&repo, &options, progress.as_ref())?;
    if context.ui.json {
        context.ui.json_line(&to_json(&verified))?;
    } else {
        text(&mut context.ui, &verified, args.recompute)?;
    }
    Ok(match verified.holds() {
        true => Answer::Done,
        false => Answer::No,
    })
}

fn chain(verified: &Verified) -> &'static str {
    match verified.chain {
        ChainState::Consistent => "consistent",
        ChainState::Anchored => "anchored",
    }
}

fn to_json(verified: &Verified) -> Value {
    let refuted = verified.refuted.iter().map(|claim| {
        json!({"object": claim.object, "name": claim.name, "sealed": claim.sealed,
            "found": claim.found})
    });
    let unprovable = verified.unprovable.iter();
    let unprovable = unprovable.map(|one| json!({"name": one.name, "why": one.why}));
    json!({
        "commit": verified.commit,
        "chain": chain(verified),
        "commits": verified.commits,
        "numbers": {
            "recomputed": verified.recomputed,
            "rescored": verified.rescored,
            "unprovable": verified.unprovable.len(),
        },
        "refuted": refuted.collect::<Vec<_>>(),
        "not_provable": unprovable.collect::<Vec<_>>(),
        "index": if verified.index_equal { "equal" } else { "differs" },
    })
}

fn text(ui: &mut Ui, verified: &Verified, recompute: bool) -> std::io::Result<()> {
    let commits = counted(verified.commits as u64, "commit");
    ui.line(&format!("{}: {}", verified.commit, chain(verified)))?;
    ui.line(&format!(
        "  chain    {commits}, each object with the bytes that its id names"
    ))?;
    if recompute {
        let numbers = counted(verified.recomputed, "number");
        let rescored = match verified.rescored {
            0 => String::new(),
            some => format!(", {} scored again", counted(some, "score")),
        };
        let line = format!("  numbers  {numbers} recomputed from the data{rescored}");
        ui.line(&line)?;
        for one in &verified.unprovable {
            ui.line(&format!("  unprovable here  {}: {}", one.name, one.why))?;
        }
    } else {
        ui.line("  numbers  not recomputed: --recompute measures the data again")?;
    }
    let index = if verified.index_equal {
        "says what the objects say"
    } else {
        "differs from the objects: `dver reindex` derives it anew"
    };
    ui.line(&format!("  index    {index}"))?;
    for claim in &verified.refuted {
        let object = claim.object.short();
        let line = format!(
            "  refuted  {} of {object}: sealed {}, found {}",
            claim.name, claim.sealed, claim.found
        );
        ui.line(&line)?;
    }
    Ok(())
}
