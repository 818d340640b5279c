//! `dver fsck`.

use clap::Args;
use serde_json::{Value, json};

use super::super::Answer;
use super::super::context::{Context, waiting};
use super::super::env;
use super::super::error::Failure;
use super::super::ui::{Style, counted};
use crate::base::ObjectId;
use crate::ops::fsck::{self, Finding};
use crate::ops::restore_head::restore_head;
use crate::repo;

/// Check every object that the history needs; it never deletes
///
/// Damaged objects are named with the versions and files that need them and with what may repair
/// them. Exit code 1 when there is damage.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  dver fsck
  dver fsck --full
  dver fsck --restore-head")]
pub(crate) struct FsckArgs {
    /// Read and hash every byte, not only what leads to it
    #[arg(long)]
    pub full: bool,
    /// Where `head` is lost or torn: name the latest complete operation again, or the one with ID
    #[arg(long, value_name = "ID", num_args = 0..=1, require_equals = true)]
    pub restore_head: Option<Option<ObjectId>>,
}

pub(crate) fn run(context: &mut Context, args: &FsckArgs) -> Result<Answer, Failure> {
    let root = repo::discover(&context.directory)?.root;
    if let Some(chosen) = args.restore_head {
        let who = env::actor(None, &root);
        let restored = restore_head(&root, chosen, who.name(), &mut waiting)?;
        let (operation, id) = (&restored.operation, restored.id.short());
        let again = if restored.was_sound { "" } else { " again" };
        let told = format!(
            "head names operation {id}{again}: {} of {}",
            operation.verb, operation.time
        );
        if context.ui.json {
            context.ui.note(&told);
        } else {
            context.ui.line(&told)?;
        }
    }
    let progress = context.progress();
    let report = fsck::fsck(&root, args.full, progress.as_ref())?;
    let sound = report.damaged.is_empty();
    if context.ui.json {
        let damaged: Vec<Value> = report.damaged.iter().map(as_json).collect();
        context
            .ui
            .json_line(&json!({"objects": report.objects, "damaged": damaged}))?;
    } else {
        for finding in &report.damaged {
            tell(context, finding)?;
        }
        if sound {
            let objects = counted(report.objects, "object");
            context
                .ui
                .line(&format!("Nothing is damaged: {objects} checked"))?;
        }
    }
    Ok(if sound { Answer::Done } else { Answer::No })
}

fn as_json(finding: &Finding) -> Value {
    let needed_by: Vec<Value> = finding
        .needed_by
        .iter()
        .map(|(commit, path)| match path {
            Some(path) => json!({"commit": commit, "path": path}),
            None => json!({"commit": commit}),
        })
        .collect();
    json!({
        "id": finding.id, "kind": finding.kind, "reason": finding.reason,
        "needed_by": needed_by, "repair": finding.repair,
    })
}

fn tell(context: &mut Context, finding: &Finding) -> Result<(), Failure> {
    let id = finding
        .id
        .map(|id| format!(" {}", id.short()))
        .unwrap_or_default();
    let heading = context
        .ui
        .paint(Style::Removed, &format!("damaged {}{id}", finding.kind));
    context.ui.line(&format!("{heading}: {}", finding.reason))?;
    for (commit, path) in &finding.needed_by {
        let path = path
            .as_ref()
            .map(|path| format!(": {path}"))
            .unwrap_or_default();
        context
            .ui
            .line(&format!("  needed by {}{path}", commit.short()))?;
    }
    context.ui.line(&format!("  repair: {}", finding.repair))?;
    Ok(())
}
