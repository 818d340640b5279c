//! How a diff looks to people: for each data set the counts first, then what they count.
//!
//! Invariant: nothing is said by colour alone, columns align by display width, and no text from
//! data reaches the terminal with control characters in it.

use std::io::{self, Write};

mod counts;
mod lines;
mod words;

use crate::diff::{
    Error, Event, EventSink, FileEvent, FileStatus, LabelEvent, ProblemEvent, RecordStatus,
    SummaryEvent, TextDiff,
};
use crate::object::changes::{Cause, SchemaChange};

use super::diff_json::Show;

use super::super::ui::{Style, Ui, clean, count, counted};
use super::super::width::isolated;
use counts::cause;
use lines::{Cell, Columns, Lines};
use words::{change, key, short};

/// Dresses a piece of text for its style, or leaves it plain.
pub(crate) type Paint<'a> = dyn Fn(Style, &str) -> String + 'a;

/// Of each kind, so many lines are shown; the rest is counted.
const MOST_LINES: usize = 1000;

/// Writes events as text.
pub(crate) struct DiffText<'a> {
    out: &'a mut dyn Write,
    paint: &'a Paint<'a>,
    show: Show,
    files: bool,
    open: Open,
}

/// What is known of a data set whose summary is still to come.
#[derive(Default)]
struct Open {
    schema: Vec<SchemaChange>,
    labels: Lines,
    records: Lines,
    cells: Lines,
    problems: Vec<ProblemEvent>,
}

/// Writes how classes, annotators and splits fared.
pub(crate) fn counts(ui: &mut Ui, summary: &SummaryEvent) -> io::Result<()> {
    let (out, paint) = ui.streams();
    let show = Show::default();
    let mut text = DiffText::new(out, &paint, show);
    text.classes(&summary.classes)?;
    text.kinds(&summary.kinds)?;
    text.annotators(&summary.annotators)?;
    text.splits(&summary.splits)
}

impl<'a> DiffText<'a> {
    /// Returns a renderer that writes to `out`.
    pub(crate) fn new(out: &'a mut dyn Write, paint: &'a Paint<'a>, show: Show) -> Self {
        Self {
            out,
            paint,
            show,
            files: false,
            open: Open::default(),
        }
    }

    fn line(&mut self, text: &str) -> io::Result<()> {
        self.out.write_all(text.trim_end().as_bytes())?;
        self.out.write_all(b"\n")
    }

    fn file(&mut self, file: &FileEvent) -> io::Result<()> {
        let style = match file.status {
            FileStatus::Added => Style::Added,
            FileStatus::Removed => Style::Removed,
            FileStatus::Modified | FileStatus::Renamed => Style::Changed,
        };
        let path = match &file.from_path {
            Some(from) => format!("{from} -> {}", file.path),
            None => file.path.to_string(),
        };
        let size = match file.size {
            (Some(a), Some(b)) if a != b => format!("{} -> {} bytes", count(a), count(b)),
            (Some(size), _) | (_, Some(size)) => counted(size, "byte"),
            (None, None) => String::new(),
        };
        let status = (self.paint)(style, &format!("{:<9}", file.status.name()));
        let size = (self.paint)(Style::Faint, &format!("({size})"));
        self.files = true;
        self.line(&format!("{status} {path} {size}"))?;
        match &file.text {
            None => Ok(()),
            Some(TextDiff::Binary) => {
                let short = |id: Option<crate::base::ObjectId>| {
                    id.map_or_else(|| "none".to_owned(), |id| id.short())
                };
                let ids = format!("{} -> {}", short(file.content.0), short(file.content.1));
                self.line(&format!("  binary, {ids}"))
            }
            Some(TextDiff::Lines(lines)) => lines.lines().try_for_each(|line| {
                let style = match line.as_bytes().first() {
                    Some(b'+') => Style::Added,
                    Some(b'-') => Style::Removed,
                    Some(b'@') => Style::Faint,
                    _ => return self.line(&format!("  {}", clean(line))),
                };
                let line = (self.paint)(style, &clean(line));
                self.line(&format!("  {line}"))
            }),
        }
    }

    fn summary(&mut self, summary: &SummaryEvent) -> io::Result<()> {
        let open = std::mem::take(&mut self.open);
        let nothing = open.schema.is_empty()
            && open.labels.count() + open.records.count() + open.cells.count() == 0
            && open.problems.is_empty()
            && summary.step == "none";
        if nothing {
            return Ok(());
        }
        if self.files {
            self.line("")?;
        }
        self.files = true;
        let name = (self.paint)(Style::Heading, &isolated(clean(&summary.dataset)));
        let touches_values = |change: &SchemaChange| {
            !matches!(
                change.change.as_str(),
                "dialect_changed" | "field_moved" | "field_renamed"
            )
        };
        let same = self.show.schema && !open.schema.iter().any(touches_values);
        self.line(&format!("{name}: {}", told(summary, same)))?;
        if let Some(hint) = &summary.hint {
            let mark = (self.paint)(Style::Warning, "hint");
            self.line(&format!("  {mark}: {}", clean(hint)))?;
        }
        if self.show.schema {
            self.schema(&open.schema)?;
        }
        self.transitions(&summary.transitions)?;
        self.classes(&summary.classes)?;
        self.kinds(&summary.kinds)?;
        if let Some(churn @ 1..) = summary.churn {
            self.line(&format!(
                "  churn: {} changed and changed back",
                counted(churn, "label")
            ))?;
        }
        self.annotators(&summary.annotators)?;
        self.splits(&summary.splits)?;
        self.lines("label", "labels", &open.labels)?;
        self.lines("record", "records", &open.records)?;
        self.lines("cell", "cells", &open.cells)?;
        for problem in open.problems {
            let what = problem.problem.replace('_', " ");
            let at = match (problem.record, problem.line) {
                (Some(record), Some(line)) => format!(", first record {record}, line {line}"),
                (Some(record), None) => format!(", first record {record}"),
                (None, _) => String::new(),
            };
            let mark = (self.paint)(Style::Warning, "problem");
            let records = counted(problem.count, "record");
            self.line(&format!(
                "  {mark}: {what}, {records} ({}{at})",
                problem.path
            ))?;
        }
        Ok(())
    }

    fn schema(&mut self, changes: &[SchemaChange]) -> io::Result<()> {
        for change in changes {
            let mut text = format!("  {}", change.change.replace('_', " "));
            if let Some(field) = &change.field {
                text.push_str(&format!(" {}", short(field)));
            }
            let value = |value: &serde_json::Value| match value {
                serde_json::Value::String(text) => short(text),
                other => short(&other.to_string()),
            };
            match (change.from.is_null(), change.to.is_null()) {
                (true, true) => {}
                (true, false) => text.push_str(&format!(": {}", value(&change.to))),
                (false, true) => text.push_str(&format!(": {}", value(&change.from))),
                (false, false) => {
                    let (from, to) = (value(&change.from), value(&change.to));
                    text.push_str(&format!(": {from} -> {to}"));
                }
            }
            if let Some(n) = change.count {
                text.push_str(&format!(", {}", count(n)));
            }
            if let Some(evidence) = &change.evidence {
                text.push_str(&format!(" ({})", isolated(clean(evidence))));
            }
            let style = match change.verdict.as_str() {
                "breaking" => Style::Warning,
                _ => Style::Faint,
            };
            let verdict = (self.paint)(style, &format!("[{}]", change.verdict));
            self.line(&format!("{text} {verdict}"))?;
        }
        Ok(())
    }

    /// Shows the lines of one kind in columns.
    fn lines(&mut self, noun: &str, heading: &str, lines: &Lines) -> io::Result<()> {
        if lines.count() == 0 {
            return Ok(());
        }
        self.line(&format!("  {}", (self.paint)(Style::Heading, heading)))?;
        lines.write(self.out, self.paint, Columns::Left, noun)
    }

    fn take(&mut self, event: Event) -> io::Result<()> {
        match event {
            Event::File(file) => self.file(&file)?,
            Event::Schema(schema) => self.open.schema.push(schema.change),
            Event::Label(label) => self.open.labels.push(|| label_line(&label)),
            Event::Record(record) => self.open.records.push(|| {
                let (style, mark) = match record.change {
                    RecordStatus::Added => (Style::Added, "+"),
                    RecordStatus::Removed => (Style::Removed, "-"),
                };
                let cell = |text: String| Cell::styled(style, text);
                vec![cell(mark.to_owned()), cell(key(&record.key))]
            }),
            Event::Cell(cell) => self.open.cells.push(|| {
                let change = change(&cell.from, &cell.to);
                vec![key(&cell.key).into(), short(&cell.field).into(), change]
            }),
            Event::Problem(problem) => self.open.problems.push(problem),
            Event::Summary(summary) => self.summary(&summary)?,
        }
        Ok(())
    }
}

impl EventSink for DiffText<'_> {
    fn event(&mut self, event: Event) -> Result<(), Error> {
        if !self.show.keeps(&event) {
            return Ok(());
        }
        self.take(event).map_err(|e| Error::Sink(e.into()))
    }
}

fn label_line(label: &LabelEvent) -> Vec<Cell> {
    let mut line = vec![
        key(&label.key).into(),
        short(&label.field).into(),
        change(&label.from, &label.to),
        cause(label.cause).into(),
    ];
    if let Some(detail) = &label.detail {
        line.push(words::detail(detail));
    }
    if let Some((before, after)) = &label.annotator {
        let name = |who: &Option<String>| who.as_deref().map_or("(none)".to_owned(), short);
        line.push(match before == after {
            true => format!("by {}", name(after)).into(),
            false => format!("by {}, before {}", name(after), name(before)).into(),
        });
    }
    line
}

/// Says in one line what happened to a data set.
///
/// `same`: the schema does not say otherwise of values that no count speaks of.
fn told(summary: &SummaryEvent, same: bool) -> String {
    let records = &summary.records;
    let mut parts = vec![if records.before == records.after {
        counted(records.after, "record")
    } else {
        format!(
            "{} -> {}",
            count(records.before),
            counted(records.after, "record")
        )
    }];
    let mut tell = |n: u64, text: &str| {
        if n > 0 {
            parts.push(format!("{} {text}", count(n)));
        }
    };
    tell(records.added, "added");
    tell(records.removed, "removed");
    tell(records.modified, "modified");
    tell(summary.labels(&[Cause::Relabel]), "relabelled");
    tell(
        summary.labels(&[Cause::Rename, Cause::Swap]),
        "labels renamed",
    );
    tell(summary.labels(&[Cause::Split]), "labels split");
    tell(summary.labels(&[Cause::Merge]), "labels merged");
    tell(records.respelled, "respelled");
    let in_order = parts.len() == 1;
    let mut tell = |n: u64, text: &str| {
        if n > 0 {
            parts.push(format!("{} {text}", count(n)));
        }
    };
    tell(records.moved.unwrap_or(0), "moved");
    if same && in_order && parts.len() > 1 {
        parts.push("only the order changed".to_owned());
    }
    if summary.filtered {
        // The step is of all changes, not of those that passed.
        if !summary.counts_anything() {
            parts.push("nothing passes".to_owned());
        }
        return format!("{} [filtered]", parts.join(", "));
    }
    if same && parts.len() == 1 && summary.step != "none" {
        parts.push("no record changed".to_owned());
    }
    format!("{} [{}]", parts.join(", "), summary.step)
}

#[cfg(test)]
mod tests;
