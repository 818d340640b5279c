//! How the verdict of `check` looks: text and JSON here, for forges in files of their own.

use std::io;

use serde_json::{Value, json};

use super::super::ui::{Style, Ui, clean, count, counted};
use super::{gates, lock};
use crate::object::changes::DatasetChanges;
use crate::ops::Gated;
use crate::ops::check::{CheckReport, Leftover, LeftoverKind};
use crate::quality::State;

pub(crate) mod github;
pub(crate) mod markdown;

/// Returns what was checked, in words.
fn heading(report: &CheckReport) -> String {
    let what = match report.commit {
        Some(id) => format!("Version {}", id.short()),
        None => "The working files".to_owned(),
    };
    match report.base {
        Some(base) => format!("{what}, changes since {}", base.short()),
        None => format!("{what}; there is no version before"),
    }
}

/// Returns the verdict in one line.
fn verdict(report: &CheckReport) -> String {
    let gates = report.gates.iter();
    let refusing = gates.filter(|gated| gated.verdict.refuses()).count();
    let fails = report.leftovers.iter().filter(|left| left.kind.fails());
    let mut parts = Vec::new();
    if refusing > 0 {
        parts.push(format!("{} refused", counted(refusing as u64, "gate")));
    }
    if !report.violations.is_empty() {
        let number = counted(report.violations.len() as u64, "constraint");
        parts.push(format!("{number} violated"));
    }
    parts.extend(fails.map(leftover));
    if !parts.is_empty() {
        return format!("failed: {}", parts.join(", "));
    }
    match (report.gates.len(), unmeasured(report)) {
        (0, _) => "passed: no gates are declared".to_owned(),
        (all, 0) => format!("passed: {}", counted(all as u64, "gate")),
        (all, open) => {
            let all = counted(all as u64, "gate");
            format!("nothing failed, and {} of {all} unmeasured", count(open))
        }
    }
}

fn unmeasured(report: &CheckReport) -> u64 {
    let open = |gated: &&Gated| gated.verdict.state == State::Unmeasured;
    report.gates.iter().filter(open).count() as u64
}

/// Says what stays to be done.
fn leftover(left: &Leftover) -> String {
    let records = || counted(left.count, "record");
    let files = || counted(left.count, "file");
    let text = match left.kind {
        LeftoverKind::Pending => "a checkout began and did not end".to_owned(),
        LeftoverKind::NoFiles => "no file is left of it".to_owned(),
        LeftoverKind::Unparsable => format!("{} with a problem of parsing", records()),
        LeftoverKind::NullKeys => format!("{} without a whole key", records()),
        LeftoverKind::Staged => format!("{} with staged changes in no version yet", files()),
        LeftoverKind::Unstaged => format!("{} with changes that are not staged", files()),
        LeftoverKind::Untracked => format!("{} new in a data set and not staged", files()),
    };
    let dataset = left.dataset.as_ref().map(|name| format!("{name}: "));
    let paths: Vec<String> = left.paths.iter().map(|p| clean(&p.to_string())).collect();
    let more = match left.count.saturating_sub(paths.len() as u64) {
        _ if paths.is_empty() => String::new(),
        0 => format!(" ({})", paths.join(", ")),
        more => format!(" ({} and {} more)", paths.join(", "), count(more)),
    };
    format!("{}{text}{more}", dataset.unwrap_or_default())
}

/// Writes the verdict for people.
pub(crate) fn text(ui: &mut Ui, report: &CheckReport) -> io::Result<()> {
    let title = ui.paint(Style::Heading, &heading(report));
    ui.line(&title)?;
    gates::lines(ui, &report.gates.iter().collect::<Vec<_>>())?;
    gates::violations(ui, &report.violations)?;
    if !report.leftovers.is_empty() {
        let title = ui.paint(Style::Heading, "Left over");
        ui.line(&title)?;
    }
    for left in &report.leftovers {
        ui.line(&format!("    {}", leftover(left)))?;
    }
    if let Some(gate_override) = &report.gate_override {
        let text = super::commit::overridden(gate_override);
        let text = ui.paint(Style::Warning, &text);
        ui.line(&text)?;
    }
    if report.since {
        let title = ui.paint(Style::Heading, "Changes");
        ui.line(&title)?;
        let told: Vec<String> = report.changes.iter().flat_map(lock::changed).collect();
        if told.is_empty() {
            ui.line("    no data set changed")?;
        }
        for line in told {
            ui.line(&format!("    {line}"))?;
        }
    }
    let style = match (report.passed(), unmeasured(report)) {
        (false, _) => Style::Removed,
        (true, 0) => Style::Added,
        (true, _) => Style::Warning,
    };
    let verdict = ui.paint(style, &verdict(report));
    ui.line(&format!("Verdict: {verdict}"))
}

/// Returns the verdict as one object.
pub(crate) fn json(report: &CheckReport) -> Value {
    let leftovers: Vec<Value> = report.leftovers.iter().map(leftover_json).collect();
    let gates: Vec<Value> = report.gates.iter().map(gates::json).collect();
    let violations = report.violations.iter();
    let violations: Vec<Value> = violations.map(gates::violation_json).collect();
    let mut out = json!({
        "passed": report.passed(), "commit": report.commit, "since": report.base,
        "gates": gates, "violations": violations, "leftovers": leftovers,
    });
    if let Some(gate_override) = &report.gate_override {
        out["override"] = json!(gate_override.reason);
    }
    if report.since {
        out["changes"] = report.changes.iter().map(changes_json).collect();
    }
    out
}

fn changes_json(changes: &DatasetChanges) -> Value {
    let (records, labels) = (&changes.records, &changes.labels);
    let transitions = labels.transitions.iter().map(|transition| {
        json!({
            "field": transition.field, "from": transition.from, "to": transition.to,
            "cause": transition.cause, "count": transition.count,
        })
    });
    json!({
        "dataset": changes.name, "added": records.added, "removed": records.removed,
        "modified": records.modified, "relabelled": labels.relabelled, "renamed": labels.renamed,
        "schema_changes": changes.schema.len(),
        "transitions": transitions.collect::<Vec<_>>(),
    })
}

fn leftover_json(left: &Leftover) -> Value {
    json!({
        "kind": left.kind.name(), "dataset": left.dataset, "paths": left.paths,
        "count": left.count, "fails": left.kind.fails(),
    })
}
