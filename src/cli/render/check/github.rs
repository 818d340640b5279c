//! `check --format github`: workflow commands, which a forge shows beside the lines they name.
//!
//! Invariant: one command a line; what stands in it from data cannot begin another.

use std::io::{self, Write};

use super::super::super::ui::{clean, counted};
use super::super::{gates, lock};
use super::{heading, leftover, verdict};
use crate::githost::LOCK;
use crate::ops::Example;
use crate::ops::check::{CheckReport, LeftoverKind};
use crate::quality::State;

const SETTINGS: &str = "dver.toml";

/// Writes the verdict.
pub(crate) fn write(out: &mut dyn Write, report: &CheckReport) -> io::Result<()> {
    for gated in &report.gates {
        let verdict = &gated.verdict;
        let level = match verdict.state {
            State::Passed => continue,
            _ if verdict.refuses() => "error",
            State::Failed | State::Unmeasured => "warning",
        };
        let rule = format!("{} {}", verdict.dataset, gates::rule(gated));
        let text = format!("{} {rule}: {}", verdict.state.name(), gates::found(gated));
        let place = (SETTINGS, Some(verdict.line as u64));
        command(out, level, place, &text)?;
        records(out, &rule, &gated.records)?;
    }
    for violation in &report.violations {
        let (field, rule) = gates::violated(violation);
        let rule = format!("{} {field} {rule}", violation.dataset);
        let text = format!("violated {rule}: {}", counted(violation.count, "record"));
        command(out, "error", (SETTINGS, None), &text)?;
        records(out, &rule, &violation.examples)?;
    }
    for left in &report.leftovers {
        let level = match left.kind {
            kind if kind.fails() => "error",
            LeftoverKind::Unparsable | LeftoverKind::NullKeys => "warning",
            _ => "notice",
        };
        let file = left.paths.first().map(|path| path.to_string());
        let place = (file.as_deref().unwrap_or(SETTINGS), None);
        command(out, level, place, &leftover(left))?;
    }
    if report.since {
        for changes in &report.changes {
            let told = lock::changed(changes).join("\n");
            if !told.is_empty() {
                command(out, "notice", (SETTINGS, None), &told)?;
            }
        }
    }
    writeln!(out, "{}", clean(&heading(report)))?;
    writeln!(out, "Verdict: {}", clean(&verdict(report)))
}

/// Writes why there is no verdict.
pub(crate) fn failed(out: &mut dyn Write, why: &str) -> io::Result<()> {
    command(out, "error", (LOCK, None), &format!("no verdict: {why}"))
}

fn records(out: &mut dyn Write, rule: &str, examples: &[Example]) -> io::Result<()> {
    for example in examples {
        let path = example.path.to_string();
        let text = format!("{rule}: {}", gates::record(example));
        command(out, "error", (&path, example.line), &text)?;
    }
    Ok(())
}

fn command(
    out: &mut dyn Write,
    level: &str,
    (file, line): (&str, Option<u64>),
    text: &str,
) -> io::Result<()> {
    let line = line.map(|line| format!(",line={line}")).unwrap_or_default();
    let file = escaped(file).replace(':', "%3A").replace(',', "%2C");
    writeln!(out, "::{level} file={file}{line}::{}", escaped(text))
}

fn escaped(text: &str) -> String {
    let text = text.replace('%', "%25");
    text.replace('\r', "%0D").replace('\n', "%0A")
}

#[cfg(test)]
mod tests {
    use super::command;

    #[test]
    fn nothing_in_a_command_begins_another() {
        let mut out = Vec::new();
        command(
            &mut out,
            "error",
            ("a,b:c\n::x", Some(3)),
            "100 %\r\n::error::y",
        )
        .unwrap();
        let text = String::from_utf8(out).unwrap();
        assert_eq!(
            text,
            "::error file=a%2Cb%3Ac%0A%3A%3Ax,line=3::100 %25%0D%0A::error::y\n"
        );
    }
}
