//! `dver status`.

use clap::Args;
use serde_json::{Value, json};

use super::super::Answer;
use super::super::context::Context;
use super::super::error::Failure;
use super::super::render::commit::summary;
use super::super::render::lock;
use super::super::ui::{Style, Ui};
use crate::diff::FileStatus;
use crate::ops::status::{PathChange, StatusReport, status};

/// Show what changed: files, and in data sets records, labels and schema
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  dver status
  dver status --short")]
pub(crate) struct StatusArgs {
    /// One line a file, as scripts like it
    #[arg(short, long)]
    pub short: bool,
}

pub(crate) fn run(context: &mut Context, args: &StatusArgs) -> Result<Answer, Failure> {
    let mut repo = context.repo()?;
    let progress = context.progress();
    let report = status(&mut repo, progress.as_ref())?;
    if context.ui.json {
        context.ui.json_line(&as_json(&report))?;
        return Ok(Answer::Done);
    }
    if args.short {
        short(&mut context.ui, &report)?;
    } else {
        long(&mut context.ui, &report)?;
    }
    if let Some(problem) = &report.problem {
        context
            .ui
            .note(&format!("note: nothing is said of data sets: {problem}"));
    }
    for finding in &report.findings {
        context
            .ui
            .note(&format!("note: {}: {}", finding.path, finding.problem));
    }
    Ok(Answer::Done)
}

fn as_json(report: &StatusReport) -> Value {
    let list = |changes: &[PathChange]| -> Vec<Value> {
        let one = |change: &PathChange| match &change.from {
            Some(from) => json!({
                "path": change.path, "status": change.status.name(), "from_path": from,
            }),
            None => json!({"path": change.path, "status": change.status.name()}),
        };
        changes.iter().map(one).collect()
    };
    let datasets: Vec<Value> = report
        .datasets
        .iter()
        .map(|dataset| {
            json!({
                "name": dataset.name, "added": dataset.records.added,
                "removed": dataset.records.removed, "modified": dataset.records.modified,
                "relabelled": dataset.labels.relabelled,
                "schema_changes": dataset.schema.len(),
            })
        })
        .collect();
    let pending = report
        .pending
        .as_ref()
        .map(|pending| json!({"from": pending.from, "to": pending.to}));
    let lock = report.git.lock;
    let lock = match &report.git.conflict {
        Some(torn) => Some(json!({
            "commit": null, "agrees": false, "conflict": {
                "base": torn.base,
                "ours": torn.ours.as_ref().map(|side| side.id),
                "theirs": torn.theirs.as_ref().map(|side| side.id),
            },
        })),
        None => lock.map(|lock| json!({"commit": lock.commit, "agrees": lock.agrees})),
    };
    json!({
        "branch": report.branch, "head": report.head, "pending": pending, "lock": lock,
        "staged": list(&report.staged), "unstaged": list(&report.unstaged),
        "untracked": report.untracked, "datasets": datasets,
    })
}

fn short(ui: &mut Ui, report: &StatusReport) -> std::io::Result<()> {
    let letter = |status: FileStatus| match status {
        FileStatus::Added => 'A',
        FileStatus::Removed => 'D',
        FileStatus::Modified => 'M',
        FileStatus::Renamed => 'R',
    };
    for change in &report.staged {
        ui.line(&format!("{}  {}", letter(change.status), change.path))?;
    }
    for change in &report.unstaged {
        ui.line(&format!(" {} {}", letter(change.status), change.path))?;
    }
    for path in &report.untracked {
        ui.line(&format!("?? {path}"))?;
    }
    Ok(())
}

fn long(ui: &mut Ui, report: &StatusReport) -> std::io::Result<()> {
    match (&report.branch, &report.head) {
        (Some(branch), Some(_)) => ui.line(&format!("On branch {branch}"))?,
        (Some(branch), None) => ui.line(&format!("On branch {branch}, no commit yet"))?,
        (None, Some(id)) => ui.line(&format!("At {}, on no branch", id.short()))?,
        (None, None) => {}
    }
    if let Some(pending) = &report.pending {
        let text = format!(
            "A {} began and did not end: files may be of two versions",
            pending.verb
        );
        let text = ui.paint(Style::Warning, &text);
        ui.line(&text)?;
        ui.line("  (`dver checkout --continue` finishes it, `--abort` goes back)")?;
    }
    beside_git(ui, report)?;
    section(
        ui,
        "Staged for the next commit:",
        &report.staged,
        Style::Added,
    )?;
    section(
        ui,
        "Changed, not staged (`dver commit -a` takes them along):",
        &report.unstaged,
        Style::Removed,
    )?;
    if !report.untracked.is_empty() {
        ui.line("")?;
        ui.line("Not versioned (`dver add PATH` stages them):")?;
        for path in report.untracked.iter().take(MAX_UNTRACKED) {
            ui.line(&format!("  {path}"))?;
        }
        let more = report.untracked.len().saturating_sub(MAX_UNTRACKED);
        if more > 0 {
            ui.line(&format!("  ... and {more} more"))?;
        }
    }
    let told: Vec<(String, String)> = report
        .datasets
        .iter()
        .filter_map(|dataset| Some((dataset.name.clone(), summary(dataset)?)))
        .collect();
    if !told.is_empty() {
        ui.line("")?;
        ui.line("Data sets, against the last commit:")?;
        for (name, text) in told {
            ui.line(&format!("  {name}: {text}"))?;
        }
    }
    let clean = report.staged.is_empty() && report.unstaged.is_empty();
    if clean && report.untracked.is_empty() && report.pending.is_none() {
        ui.line("Nothing changed since the last commit")?;
    }
    Ok(())
}

/// Tells where git and dver say different things, and what mends it.
fn beside_git(ui: &mut Ui, report: &StatusReport) -> std::io::Result<()> {
    let git = &report.git;
    let mut told = Vec::new();
    if let Some(lock) = git.lock.filter(|lock| !lock.agrees) {
        let head = match &report.head {
            Some(head) => format!("HEAD is at {}", head.short()),
            None => "HEAD has no commit".to_owned(),
        };
        let commit = lock.commit.short();
        told.push((
            format!("dver.lock names {commit}, and {head}"),
            "`dver checkout --lock` brings the data to the lock, `dver reset` the lock to HEAD",
        ));
    }
    if let Some(torn) = &git.conflict {
        for line in lock::standoff(torn, &lock::Names::default(), "") {
            ui.line(&line)?;
        }
        ui.line("")?;
    } else if let Some(problem) = &git.problem {
        told.push((
            problem.to_string(),
            "take the file of one git commit, or `dver reset` writes it for HEAD",
        ));
    }
    if git.missing {
        let text = "There is no dver.lock, so git does not know which version belongs to it";
        told.push((text.to_owned(), "`dver reset` writes it"));
    }
    if let Some(first) = git.tracked.first() {
        let more = match git.tracked.len() - 1 {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        told.push((
            format!("git tracks data that dver versions: {first}{more}"),
            "`git rm --cached PATH` lets go of it in git and keeps the file",
        ));
    }
    if !git.lost_hooks.is_empty() {
        told.push((
            format!(
                "git's hooks have lost dver's part: {}",
                git.lost_hooks.join(", ")
            ),
            "`dver hook install` puts it in again, `dver hook uninstall` takes all of it out",
        ));
    }
    for (what, mend) in told {
        let what = ui.paint(Style::Warning, &what);
        ui.line(&what)?;
        ui.line(&format!("  ({mend})"))?;
    }
    Ok(())
}

/// The most unversioned files that the text lists.
const MAX_UNTRACKED: usize = 50;

fn section(ui: &mut Ui, title: &str, changes: &[PathChange], style: Style) -> std::io::Result<()> {
    if changes.is_empty() {
        return Ok(());
    }
    ui.line("")?;
    ui.line(title)?;
    for change in changes {
        let from = match &change.from {
            Some(from) => format!("{from} -> "),
            None => String::new(),
        };
        let text = ui.paint(
            style,
            &format!("{:<8}  {from}{}", change.status.name(), change.path),
        );
        ui.line(&format!("  {text}"))?;
    }
    Ok(())
}
