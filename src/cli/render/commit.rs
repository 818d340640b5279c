//! How commits look: in the log, in `show`, after `commit`, and as JSON.

use std::io;

use serde_json::{Value, json};
use unicode_width::UnicodeWidthStr as _;

use super::super::ui::{Style, Ui, clean, count, counted, pad, shorten};
use crate::evaluate::Confusion;
use crate::object::changes::{Cause, DatasetChanges, Row, RowChange, RowKey};
use crate::object::{Evaluation, GateOverride, OverriddenGate};
use crate::ops::show::Sealed;

/// Returns the JSON of a commit (docs/cli.md, "commit --json").
pub(crate) fn json(sealed: &Sealed) -> Value {
    let commit = &sealed.commit;
    let datasets: Vec<Value> = sealed
        .scorecard
        .datasets
        .iter()
        .map(|score| {
            let changes = sealed.dataset(&score.name);
            let records = changes.map(|c| c.records).unwrap_or_default();
            let labels = changes.map(|c| c.labels.clone()).unwrap_or_default();
            json!({
                "name": score.name, "records": score.records, "added": records.added,
                "removed": records.removed, "modified": records.modified,
                "relabelled": labels.relabelled, "renamed": labels.renamed,
                "schema_changes": changes.map_or(0, |c| c.schema.len()),
            })
        })
        .collect();
    let gates: Vec<Value> = commit
        .gates
        .iter()
        .map(|gate| {
            let value = gate.value.map(|(num, den)| num.0 as f64 / den.0 as f64);
            json!({
                "dataset": gate.dataset, "metric": gate.metric, "bound": gate.bound,
                "value": value, "state": gate.state,
            })
        })
        .collect();
    let evaluations: Vec<Value> = sealed
        .evaluations
        .iter()
        .map(|(id, one)| {
            let confusion = Confusion::from_object(&one.confusion);
            let (right, all) = (confusion.correct(), confusion.total());
            let accuracy = (all > 0).then(|| right as f64 / all as f64);
            json!({"name": one.name, "id": id, "accuracy": accuracy})
        })
        .collect();
    let analyses = sealed.analyses.iter().map(|one| {
        let (analysis, found) = (&one.analysis, one.analysis.counts.get("found"));
        json!({
            "kind": analysis.kind, "id": one.id, "dataset": analysis.dataset, "found": found,
            "records": analysis.inputs.records, "method": analysis.method,
        })
    });
    let analyses: Vec<Value> = analyses.collect();
    let mut out = json!({
        "commit": sealed.id, "parents": commit.parents, "author": commit.author,
        "time": commit.time, "message": commit.message, "snapshot": commit.snapshot,
        "changes": commit.changes, "scorecard": commit.scorecard,
        "datasets": datasets, "gates": gates, "evaluations": evaluations,
    });
    if !analyses.is_empty() {
        out["analyses"] = json!(analyses);
    }
    if let Some(reason) = &commit.reason {
        out["reason"] = json!(reason);
    }
    if let Some(gate_override) = &commit.gate_override {
        out["override"] = json!(gate_override.reason);
    }
    out
}

/// Says in one line that and why gates were overridden, and which.
pub(crate) fn overridden(gate_override: &GateOverride) -> String {
    let gate = |gate: &OverriddenGate| {
        let metric = shorten(&gate.metric, 48);
        format!("{} {metric} {}", gate.dataset, gate.bound)
    };
    let gates: Vec<String> = gate_override.gates.iter().map(gate).collect();
    let gates = match gates.is_empty() {
        true => String::new(),
        false => format!(" ({})", gates.join(", ")),
    };
    format!("Gates overridden: {}{gates}", clean(&gate_override.reason))
}

/// Says in one line what happened to a data set; `None` where nothing did.
pub(crate) fn summary(changes: &DatasetChanges) -> Option<String> {
    let (records, labels) = (&changes.records, &changes.labels);
    let mut parts = Vec::new();
    let mut tell = |number: u64, text: &str| {
        if number > 0 {
            parts.push(format!("{} {text}", count(number)));
        }
    };
    tell(labels.relabelled, "relabelled");
    tell(labels.renamed, "renamed");
    tell(labels.split, "split");
    tell(labels.merged, "merged");
    tell(records.added, "added");
    tell(records.removed, "removed");
    tell(records.modified, "modified");
    tell(records.respelled, "respelled");
    tell(records.moved.unwrap_or(0), "moved");
    if !changes.schema.is_empty() {
        parts.push(counted(changes.schema.len() as u64, "schema change"));
    }
    if parts.is_empty() && changes.step != "none" {
        parts.push("no record changed".to_owned());
    }
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// Writes a commit as the log shows it.
pub(crate) fn log_entry(
    ui: &mut Ui,
    sealed: &Sealed,
    names: &[String],
    head: bool,
) -> io::Result<()> {
    log_head(ui, sealed, names, head)?;
    let has_datasets = dataset_lines(ui, sealed)?;
    for one in &sealed.analyses {
        ui.line(&format!("    {}", super::analysis::words(one)))?;
    }
    if evaluation_lines(ui, sealed)? || has_datasets || !sealed.analyses.is_empty() {
        ui.line("")?;
    }
    Ok(())
}

/// Writes the evaluations of a commit, of each definition the first one and how many there are.
fn evaluation_lines(ui: &mut Ui, sealed: &Sealed) -> io::Result<bool> {
    let all = || sealed.evaluations.iter().map(|(_, one)| one);
    for (at, one) in all().enumerate() {
        if all()
            .take(at)
            .any(|other| other.definition == one.definition)
        {
            continue;
        }
        let same = |other: &&Evaluation| other.definition == one.definition;
        let number = match all().filter(same).count() {
            1 => String::new(),
            several => format!(" (1 of {several})"),
        };
        let confusion = Confusion::from_object(&one.confusion);
        let (right, records) = (confusion.correct(), confusion.total());
        let accuracy = right as f64 / records.max(1) as f64;
        let (name, right, records) = (clean(&one.name), count(right), count(records));
        ui.line(&format!(
            "    {name}: accuracy {accuracy:.4}  {right} / {records}{number}"
        ))?;
    }
    Ok(!sealed.evaluations.is_empty())
}

/// Writes who committed what when, and why.
pub(crate) fn log_head(
    ui: &mut Ui,
    sealed: &Sealed,
    names: &[String],
    head: bool,
) -> io::Result<()> {
    let commit = &sealed.commit;
    let mut decoration: Vec<String> = names.to_vec();
    if head {
        decoration.insert(0, "HEAD".into());
    }
    let decoration = match decoration.is_empty() {
        true => String::new(),
        false => format!(" ({})", decoration.join(", ")),
    };
    let id = ui.paint(Style::Id, &format!("commit {}", sealed.id));
    ui.line(&format!("{id}{decoration}"))?;
    if commit.parents.len() > 1 {
        let parents: Vec<String> = commit.parents.iter().map(|id| id.short()).collect();
        ui.line(&format!("Merge:  {}", parents.join(" ")))?;
    }
    let given = |what: &str| {
        let from_environment = commit.environment.iter().any(|name| name == what);
        if from_environment {
            " (from the environment)"
        } else {
            ""
        }
    };
    ui.line(&format!("Author: {}{}", commit.author, given("author")))?;
    ui.line(&format!("Date:   {}{}", commit.time, given("time")))?;
    if let Some(reason) = &commit.reason {
        ui.line(&format!("Reason: {reason}"))?;
    }
    if let Some(source) = &commit.source {
        ui.line(&format!("Source: {source}"))?;
    }
    if let Some(gate_override) = &commit.gate_override {
        let text = ui.paint(Style::Warning, &overridden(gate_override));
        ui.line(&text)?;
    }
    ui.line("")?;
    for line in commit.message.lines() {
        ui.line(&format!("    {line}"))?;
    }
    ui.line("")
}

/// Writes a line per data set with what the commit did to it; returns whether there was one.
pub(crate) fn dataset_lines(ui: &mut Ui, sealed: &Sealed) -> io::Result<bool> {
    let mut wrote = false;
    for score in &sealed.scorecard.datasets {
        let records = counted(score.records, "record");
        let Some(changes) = sealed.dataset(&score.name) else {
            continue;
        };
        if changes.records.before == 0 && changes.records.after == changes.records.added {
            let classes = class_count(changes);
            ui.line(&format!("    {}: {records}, new{classes}", score.name))?;
            wrote = true;
        } else if let Some(text) = summary(changes) {
            ui.line(&format!("    {}: {records}; {text}", score.name))?;
            wrote = true;
        }
    }
    for changes in sealed.changes.iter().flat_map(|changes| &changes.datasets) {
        if !sealed
            .scorecard
            .datasets
            .iter()
            .any(|score| score.name == changes.name)
        {
            ui.line(&format!("    {}: no longer a data set", changes.name))?;
            wrote = true;
        }
    }
    Ok(wrote)
}

fn class_count(changes: &DatasetChanges) -> String {
    let classes = changes
        .schema
        .iter()
        .filter(|change| change.change == "class_added")
        .count();
    if classes == 0 {
        String::new()
    } else {
        format!(" ({})", counted(classes as u64, "class"))
    }
}

/// Returns how a record is named on screen.
pub(crate) fn record_name(key: &RowKey) -> String {
    match key {
        RowKey::Key(parts) => {
            let shown = parts.iter().map(|part| part.as_deref().unwrap_or("(none)"));
            shown.collect::<Vec<_>>().join(" ")
        }
        RowKey::Content(_, ordinal) => format!("#{ordinal}"),
    }
}

/// Writes the rows of a change set, aligned.
pub(crate) fn rows(ui: &mut Ui, rows: &[Row]) -> io::Result<()> {
    let name = |row: &Row| shorten(&record_name(&row.key), 32);
    let width = rows.iter().map(|row| name(row).width()).max().unwrap_or(0);
    for row in rows {
        let record = pad(&name(row), width.min(32));
        let text = match &row.change {
            RowChange::Added => ui.paint(Style::Added, "added"),
            RowChange::Removed => ui.paint(Style::Removed, "removed"),
            RowChange::Label(label) => {
                let value = |value: &Option<String>| match value {
                    Some(text) => shorten(text, 40),
                    None => "(none)".to_owned(),
                };
                let from = ui.paint(Style::Removed, &value(&label.from));
                let to = ui.paint(Style::Added, &value(&label.to));
                let annotator = match &label.annotator {
                    Some(name) => format!("  by {}", shorten(name, 24)),
                    None => String::new(),
                };
                format!("{}: {from} -> {to}{annotator}", shorten(&label.field, 24))
            }
        };
        ui.line(&format!("    {}  {record}  {text}", row.dataset))?;
    }
    Ok(())
}

/// Writes what a commit did to files, in one line.
pub(crate) fn file_line(ui: &mut Ui, sealed: &Sealed) -> io::Result<()> {
    let Some(changes) = &sealed.changes else {
        return Ok(());
    };
    let files = &changes.files;
    let parts = [
        (files.added, "added"),
        (files.removed, "removed"),
        (files.modified, "modified"),
        (files.renamed, "renamed"),
    ];
    let told: Vec<String> = parts
        .iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, what)| format!("{} {what}", count(*number)))
        .collect();
    if told.is_empty() {
        Ok(())
    } else {
        ui.line(&format!("    files: {}", told.join(", ")))
    }
}

/// Writes everything that a change set's head says of one data set.
pub(crate) fn dataset_detail(ui: &mut Ui, changes: &DatasetChanges) -> io::Result<()> {
    let name = ui.paint(Style::Heading, &changes.name);
    let text = summary(changes).unwrap_or_else(|| "nothing changed".to_owned());
    ui.line(&format!("{name}: {text} (version step: {})", changes.step))?;
    for change in &changes.schema {
        let field = change
            .field
            .as_ref()
            .map(|field| format!(" {}", shorten(field, 40)))
            .unwrap_or_default();
        let value = |value: &Value| match value {
            Value::String(text) => shorten(text, 40),
            other => shorten(&other.to_string(), 40),
        };
        let values = match (&change.from, &change.to) {
            (Value::Null, Value::Null) => String::new(),
            (Value::Null, one) | (one, Value::Null) => format!(": {}", value(one)),
            (from, to) => format!(": {} -> {}", value(from), value(to)),
        };
        let count = change.count.map(|n| format!(", {}", counted(n, "record")));
        let evidence = change
            .evidence
            .as_ref()
            .map(|e| format!(" ({e})"))
            .unwrap_or_default();
        ui.line(&format!(
            "    {}{field}{values}{}{evidence}",
            change.change.replace('_', " "),
            count.unwrap_or_default(),
        ))?;
    }
    for transition in &changes.labels.transitions {
        let value = |value: &Option<crate::base::Text>| match value {
            Some(text) => shorten(&text.to_string(), 32),
            None => "(none)".to_owned(),
        };
        let cause = match transition.cause {
            Cause::Relabel => "",
            Cause::Rename => " renamed",
            Cause::Split => " split",
            Cause::Merge => " merged",
            Cause::Swap => " swapped",
        };
        ui.line(&format!(
            "    {}: {} -> {}  {}{cause}",
            shorten(&transition.field, 40),
            value(&transition.from),
            value(&transition.to),
            count(transition.count),
        ))?;
    }
    Ok(())
}
