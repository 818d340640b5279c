//! `check --format md`: a comment for a pull request.
//!
//! Invariant: no text from data or from dver.toml is Markdown or HTML.

use std::io::{self, Write};

use super::super::super::ui::{count, counted};
use super::super::commit::summary;
use super::super::diff_markdown::{code, in_full};
use super::super::gates;
use super::{heading, leftover, verdict};
use crate::object::changes::{Cause, DatasetChanges};
use crate::ops::check::CheckReport;
use crate::ops::{Example, Gated};
use crate::quality::State;

/// A forge's comment ends at 65,536 characters.
const MOST_ROWS: usize = 100;

/// Writes the verdict.
pub(crate) fn write(out: &mut dyn Write, report: &CheckReport) -> io::Result<()> {
    let sign = match (report.passed(), super::unmeasured(report)) {
        (false, _) => "❌",
        (true, 0) => "✅",
        (true, _) => "⚠️",
    };
    writeln!(out, "### {sign} Data check {}\n", verdict(report))?;
    writeln!(out, "{}\n", heading(report))?;
    if !report.gates.is_empty() {
        writeln!(
            out,
            "| | data set | gate | value | base | |\n|:--|:--|:--|--:|--:|:--|"
        )?;
    }
    for gated in &report.gates {
        gate(out, gated)?;
    }
    if !report.gates.is_empty() {
        writeln!(out)?;
    }
    if !report.violations.is_empty() {
        writeln!(
            out,
            "| | data set | field | rule | records |\n|:--|:--|:--|:--|--:|"
        )?;
        for violation in &report.violations {
            let (field, rule) = gates::violated(violation);
            let (dataset, field, rule) = (code(&violation.dataset), code(&field), code(&rule));
            let number = count(violation.count);
            writeln!(
                out,
                "| ❌ violated | {dataset} | {field} | {rule} | {number} |"
            )?;
        }
        writeln!(out)?;
    }
    for gated in &report.gates {
        let title = format!("Records of {}", in_full(&gates::rule(gated)));
        records(out, &title, &gated.records)?;
    }
    for violation in &report.violations {
        let (field, rule) = gates::violated(violation);
        let title = format!("Records of {}", code(&format!("{field} {rule}")));
        records(out, &title, &violation.examples)?;
    }
    if let Some(gate_override) = &report.gate_override {
        writeln!(
            out,
            "Gates overridden by the author: {}\n",
            in_full(&gate_override.reason)
        )?;
    }
    if !report.leftovers.is_empty() {
        writeln!(out, "**Left over**\n")?;
        for left in &report.leftovers {
            writeln!(out, "- {}", in_full(&leftover(left)))?;
        }
        writeln!(out)?;
    }
    if report.since
        && report
            .changes
            .iter()
            .all(|changes| summary(changes).is_none())
    {
        writeln!(out, "No data set changed.")?;
    }
    report
        .changes
        .iter()
        .try_for_each(|changes| changed(out, changes))
}

/// Writes why there is no verdict.
pub(crate) fn failed(out: &mut dyn Write, why: &str) -> io::Result<()> {
    writeln!(out, "### ❌ Data check without a verdict\n")?;
    why.lines()
        .try_for_each(|line| writeln!(out, "{}\n", in_full(line)))
}

fn gate(out: &mut dyn Write, gated: &Gated) -> io::Result<()> {
    let verdict = &gated.verdict;
    let state = match verdict.state {
        State::Passed => "✅ passed",
        State::Failed => "❌ failed",
        State::Unmeasured if verdict.required => "❌ unmeasured, required",
        State::Unmeasured => "⚠️ unmeasured",
    };
    let number = |value: Option<_>| value.map_or_else(String::new, gates::amount);
    let mut notes: Vec<String> = Vec::new();
    notes.extend(verdict.decided.as_ref().map(|metric| code(&metric.path())));
    notes.extend(verdict.note.as_deref().map(code));
    writeln!(
        out,
        "| {state} | {} | {} | {} | {} | {} |",
        code(&verdict.dataset),
        in_full(&gates::rule(gated)),
        number(verdict.value),
        number(verdict.base_value),
        notes.join(" "),
    )
}

fn records(out: &mut dyn Write, title: &str, examples: &[Example]) -> io::Result<()> {
    if examples.is_empty() {
        return Ok(());
    }
    write!(out, "<details><summary>{title}</summary>\n\n")?;
    for example in examples {
        writeln!(out, "- {}", in_full(&gates::record(example)))?;
    }
    write!(out, "\n</details>\n\n")
}

/// Tells what changed in a data set, with the transitions of its labels.
fn changed(out: &mut dyn Write, changes: &DatasetChanges) -> io::Result<()> {
    let Some(text) = summary(changes) else {
        return Ok(());
    };
    writeln!(out, "**{}**: {text}\n", code(&changes.name))?;
    let transitions = &changes.labels.transitions;
    if transitions.is_empty() {
        return Ok(());
    }
    let labels: u64 = transitions.iter().map(|t| t.count).sum();
    let title = format!(
        "{} in {}",
        counted(labels, "changed label"),
        code(&changes.name)
    );
    write!(out, "<details><summary>{title}</summary>\n\n")?;
    writeln!(
        out,
        "| field | from | to | labels | |\n|:--|:--|:--|--:|:--|"
    )?;
    for transition in transitions.iter().take(MOST_ROWS) {
        let value = |value: &Option<crate::base::Text>| match value {
            Some(text) => code(&text.to_string()),
            None => "*null*".to_owned(),
        };
        let cause = match transition.cause {
            Cause::Relabel => "",
            other => other.name(),
        };
        let (from, to) = (value(&transition.from), value(&transition.to));
        let (field, number) = (code(&transition.field), count(transition.count));
        writeln!(out, "| {field} | {from} | {to} | {number} | {cause} |")?;
    }
    if let Some(more) = transitions
        .len()
        .checked_sub(MOST_ROWS)
        .filter(|more| *more > 0)
    {
        let more = counted(more as u64, "more row");
        writeln!(out, "\n… and {more}; `dver diff --json` has all.")?;
    }
    write!(out, "\n</details>\n\n")
}
