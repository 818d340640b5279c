//! `dver gc`.

use clap::Args;
use serde_json::{Value, json};

use super::super::Answer;
use super::super::context::{Context, waiting};
use super::super::error::Failure;
use super::super::ui::{counted, size};
use crate::config;
use crate::ops;
use crate::ops::gc::{self, GcOptions, GcPlan};
use crate::store::Amount;

/// Let go of what nothing names any more, and pack the rest better
///
/// Everything that a branch, a tag, the stage or an unfinished checkout reaches stays, and what
/// the last 20 operations or those of the last 30 days can bring back with `dver undo` and
/// `@{N}`. Older operations stay in `dver op log` and expire. Where something that is to stay is
/// missing or damaged, nothing is deleted.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  dver gc --dry-run
  dver gc
  dver gc --keep 7d")]
pub(crate) struct GcArgs {
    /// Say what would be done, and do nothing
    #[arg(long)]
    pub dry_run: bool,
    /// For how many days older states stay: 7d, 4w, 0 [default: `keep` under [gc] in
    /// .dver/config.toml, or 30 days]
    #[arg(long, value_name = "DAYS", value_parser = days)]
    pub keep: Option<u32>,
    /// Pack everything anew, what is packed well already too; checks every object on the way
    #[arg(long)]
    pub all: bool,
}

fn days(text: &str) -> Result<u32, String> {
    config::days(text).ok_or_else(|| "write a number of days, such as 7d or 4w".to_owned())
}

pub(crate) fn run(context: &mut Context, args: &GcArgs) -> Result<Answer, Failure> {
    let mut repo = context.repo()?;
    let progress = context.progress();
    let options = GcOptions {
        keep_days: args.keep,
        all: args.all,
    };
    if args.dry_run {
        let plan = gc::plan(&repo, options, progress.as_ref()).map_err(Failure::from)?;
        let packs = plan.packs();
        if context.ui.json {
            context.ui.json_line(&as_json(&plan, packs, None))?;
        } else {
            tell(context, &plan, packs, "would go", "would stay")?;
        }
        return Ok(Answer::Done);
    }
    let done: Result<_, ops::Error> = gc::gc(&mut repo, options, progress.as_ref(), &mut waiting);
    let done = done?;
    let packs = (done.plan.packs().0, done.packs);
    if context.ui.json {
        let line = as_json(&done.plan, packs, Some(done.disk));
        context.ui.json_line(&line)?;
    } else if done.plan.is_empty() {
        context
            .ui
            .line("Nothing is to go, and all is packed well.")?;
    } else {
        tell(context, &done.plan, packs, "went", "stay")?;
        let (before, after) = done.disk;
        context.ui.line(&format!(
            "The packs take {} instead of {}.",
            size(after),
            size(before)
        ))?;
    }
    Ok(Answer::Done)
}

fn tell(
    context: &mut Context,
    plan: &GcPlan,
    packs: (usize, usize),
    go: &str,
    stay: &str,
) -> Result<(), Failure> {
    let amount = |amount: Amount| {
        let objects = counted(amount.objects, "object");
        format!("{objects} ({})", size(amount.bytes))
    };
    let (delete, keep) = (amount(plan.delete()), amount(plan.keep()));
    context.ui.line(&format!(
        "{delete} {go}, {keep} {stay}; packs: {} -> {}",
        packs.0, packs.1
    ))?;
    if plan.expiring > 0 {
        let operations = counted(plan.expiring, "operation");
        context.ui.line(&format!(
            "{operations} expire: `dver undo` and `@{{N}}` go back to {}",
            plan.oldest
        ))?;
    }
    Ok(())
}

fn as_json(plan: &GcPlan, packs: (usize, usize), disk: Option<(u64, u64)>) -> Value {
    let amount = |amount: Amount| json!({"objects": amount.objects, "bytes": amount.bytes});
    let mut line = json!({
        "keep": amount(plan.keep()), "delete": amount(plan.delete()),
        "packs": {"before": packs.0, "after": packs.1},
        "expired": plan.expiring,
    });
    if let Some((before, after)) = disk {
        line["disk"] = json!({"before": before, "after": after});
    }
    line
}
