//! How verdicts of gates look: lines for people, objects for scripts.

use std::io;

use serde_json::{Value, json};
use unicode_width::UnicodeWidthStr as _;

use super::super::ui::{Style, Ui, count, counted, pad, shorten};
use crate::ops::{Example, Gated, Violation};
use crate::quality::{Amount, State};

/// The widest name of a metric.
const NAME_WIDTH: usize = 48;

/// Returns a number as people read it; counts without decimals.
pub(crate) fn amount(amount: Amount) -> String {
    match amount {
        Amount::Ratio(num, 1) => {
            let digits = count(u64::try_from(num.unsigned_abs()).unwrap_or(u64::MAX));
            let sign = if num < 0 { "-" } else { "" };
            format!("{sign}{digits}")
        }
        other => {
            let value = other.value();
            match value.abs() {
                0.0 => "0".to_owned(),
                size if size < 0.000_05 => format!("{value:.1e}"),
                _ => format!("{value:.4}"),
            }
        }
    }
}

/// Returns the metric, the bound and what was found, in words.
pub(crate) fn found(gated: &Gated) -> String {
    let verdict = &gated.verdict;
    let mut text = match verdict.value {
        Some(value) => amount(value),
        None => "no value".to_owned(),
    };
    let mut more = Vec::new();
    if let Some(metric) = &verdict.decided {
        more.push(shorten(&metric.path(), NAME_WIDTH));
    }
    if let Some(base) = verdict.base_value {
        more.push(format!("base: {}", amount(base)));
    }
    if let Some(note) = &verdict.note {
        more.push(shorten(note, 160));
    }
    if verdict.required && verdict.state == State::Unmeasured {
        more.push("required".to_owned());
    }
    if !more.is_empty() {
        text.push_str(&format!(" ({})", more.join("; ")));
    }
    text
}

/// Returns the rule of a gate: metric and bound.
pub(crate) fn rule(gated: &Gated) -> String {
    let verdict = &gated.verdict;
    format!("{} {}", shorten(&verdict.metric, NAME_WIDTH), verdict.bound)
}

/// Returns how a record is named on screen.
pub(crate) fn record(example: &Example) -> String {
    let parts = example.key.iter();
    let parts = parts.map(|part| shorten(part.as_deref().unwrap_or("(none)"), 32));
    let place = match example.line {
        Some(line) => format!("{}:{line}", example.path),
        None => example.path.to_string(),
    };
    format!("{} ({place})", parts.collect::<Vec<_>>().join(" "))
}

/// Writes verdicts, aligned, each with the records to look at.
pub(crate) fn lines(ui: &mut Ui, gates: &[&Gated]) -> io::Result<()> {
    let name = |gated: &Gated| format!("{}  {}", gated.verdict.dataset, rule(gated));
    let width = gates.iter().map(|gated| name(gated).width()).max();
    for gated in gates {
        let state = state(ui, gated.verdict.state);
        let name = pad(&name(gated), width.unwrap_or(0));
        ui.line(&format!("    {state}  {name}  {}", found(gated)))?;
        records(ui, &gated.records)?;
    }
    Ok(())
}

/// Writes violated constraints.
pub(crate) fn violations(ui: &mut Ui, violations: &[Violation]) -> io::Result<()> {
    for violation in violations {
        let word = ui.paint(Style::Removed, "violated  ");
        let (field, rule) = violated(violation);
        let number = counted(violation.count, "record");
        let dataset = &violation.dataset;
        ui.line(&format!("    {word}  {dataset}  {field} {rule}: {number}"))?;
        records(ui, &violation.examples)?;
    }
    Ok(())
}

/// Returns the field and the rule of a violated constraint.
pub(crate) fn violated(violation: &Violation) -> (String, String) {
    let field = violation.field.as_deref().unwrap_or("(all fields)");
    (shorten(field, NAME_WIDTH), shorten(&violation.rule, 40))
}

fn records(ui: &mut Ui, examples: &[Example]) -> io::Result<()> {
    let indent = " ".repeat(16);
    examples
        .iter()
        .try_for_each(|example| ui.line(&format!("{indent}{}", record(example))))
}

fn state(ui: &Ui, state: State) -> String {
    let style = match state {
        State::Passed => Style::Added,
        State::Failed => Style::Removed,
        State::Unmeasured => Style::Warning,
    };
    ui.paint(style, &pad(state.name(), 10))
}

/// Returns a gate as `check --json` gives it.
pub(crate) fn json(gated: &Gated) -> Value {
    let verdict = &gated.verdict;
    let mut out = json!({
        "dataset": verdict.dataset, "metric": verdict.metric, "bound": verdict.bound,
        "value": verdict.value.map(number), "state": verdict.state.name(),
    });
    if let Some(base) = &verdict.base {
        out["base"] = json!(base);
    }
    if let Some(value) = verdict.base_value {
        out["base_value"] = number(value);
    }
    if let Some(metric) = &verdict.decided {
        out["decided_by"] = json!(metric.path());
    }
    if verdict.required {
        out["required"] = json!(true);
    }
    if let Some(note) = &verdict.note {
        out["note"] = json!(note);
    }
    out
}

/// Returns a gate that refused as `commit --json` gives it.
pub(crate) fn refused_json(gated: &Gated) -> Value {
    let mut out = json(gated);
    let keys: Vec<&Vec<Option<String>>> = gated.records.iter().map(|r| &r.key).collect();
    out["records"] = json!(keys);
    out
}

/// Returns a violated constraint as `check --json` gives it.
pub(crate) fn violation_json(violation: &Violation) -> Value {
    let examples: Vec<Value> = violation.examples.iter().map(example_json).collect();
    json!({
        "dataset": violation.dataset, "field": violation.field, "rule": violation.rule,
        "count": violation.count, "examples": examples,
    })
}

fn example_json(example: &Example) -> Value {
    let mut out = json!({
        "key": example.key, "path": example.path, "record": example.record,
    });
    if let Some(line) = example.line {
        out["line"] = json!(line);
    }
    out
}

/// Writes whole numbers without a fraction.
fn number(amount: Amount) -> Value {
    match amount {
        Amount::Ratio(num, 1) if i64::try_from(num).is_ok() => json!(num as i64),
        other => json!(other.value()),
    }
}
