//! How a diff looks to people: for each data set the counts first, then what they count.
//!
//! Invariant: nothing is said by colour alone, columns align by display width, and no text from
//! data reaches the terminal with control characters in it.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

mod words;

use unicode_width::UnicodeWidthStr as _;

use crate::diff::{
    Error, Event, EventSink, FileEvent, FileStatus, LabelEvent, ProblemEvent, RecordStatus,
    SummaryEvent, TextDiff, TransitionCount, Value,
};
use crate::object::changes::{Cause, SchemaChange};

use super::diff_json::Show;

use super::super::ui::{Style, clean, count, counted, pad};
use words::{key, narrow, short, value};

/// Dresses a piece of text for its style, or leaves it plain.
pub(crate) type Paint<'a> = dyn Fn(Style, &str) -> String + 'a;

/// Of each kind, so many lines are shown; the rest is counted.
const MOST_LINES: usize = 1000;
/// The most classes of a transition matrix; beyond, transitions are listed.
const MOST_CLASSES: usize = 12;

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
    annotators: BTreeMap<Option<String>, u64>,
}

/// The first lines of a kind, and how many there are.
#[derive(Default)]
struct Lines {
    first: Vec<Vec<String>>,
    count: u64,
}

impl Lines {
    fn push(&mut self, line: impl FnOnce() -> Vec<String>) {
        self.count += 1;
        if self.first.len() < MOST_LINES {
            self.first.push(line());
        }
    }
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
            && open.labels.count + open.records.count + open.cells.count == 0
            && open.problems.is_empty()
            && summary.step == "none";
        if nothing {
            return Ok(());
        }
        if self.files {
            self.line("")?;
        }
        self.files = true;
        let name = (self.paint)(Style::Heading, &summary.dataset);
        let touches_values = |change: &SchemaChange| {
            !matches!(
                change.change.as_str(),
                "dialect_changed" | "field_moved" | "field_renamed"
            )
        };
        let same = self.show.schema && !open.schema.iter().any(touches_values);
        self.line(&format!("{name}: {}", told(summary, same)))?;
        if self.show.schema {
            self.schema(&open.schema)?;
        }
        self.matrices(&summary.transitions)?;
        if !open.annotators.is_empty() {
            let by = |(who, n): (Option<String>, u64)| {
                let who = who.map_or_else(|| "(none)".to_owned(), |who| short(&who));
                format!("{who} {}", count(n))
            };
            let by: Vec<String> = open.annotators.into_iter().map(by).collect();
            self.line(&format!("  by annotator: {}", by.join(", ")))?;
        }
        self.lines("label", "labels", open.labels)?;
        self.lines("record", "records", open.records)?;
        self.lines("cell", "cells", open.cells)?;
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
                text.push_str(&format!(" ({})", clean(evidence)));
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

    /// Shows transitions: relabels as a matrix where it fits, what else happened as a list.
    fn matrices(&mut self, transitions: &[TransitionCount]) -> io::Result<()> {
        let fields: BTreeSet<&str> = transitions.iter().map(|t| t.field.as_str()).collect();
        for field in fields {
            let of_field: Vec<&TransitionCount> =
                transitions.iter().filter(|t| t.field == field).collect();
            let (relabels, others): (Vec<_>, Vec<_>) = of_field
                .into_iter()
                .partition(|t| t.cause == Cause::Relabel);
            let classes: BTreeSet<&Value> =
                relabels.iter().flat_map(|t| [&t.from, &t.to]).collect();
            let heading = (self.paint)(Style::Heading, &short(field));
            if classes.len() > 2 && classes.len() <= MOST_CLASSES {
                self.line(&format!("  {heading}, from row to column:"))?;
                self.matrix(&classes, &relabels)?;
            } else if !relabels.is_empty() {
                self.line(&format!("  {heading}:"))?;
                self.list(&relabels)?;
            }
            if !others.is_empty() {
                self.line(&format!("  {heading}, changes of classes:"))?;
                self.list(&others)?;
            }
        }
        Ok(())
    }

    fn matrix(
        &mut self,
        classes: &BTreeSet<&Value>,
        relabels: &[&TransitionCount],
    ) -> io::Result<()> {
        let number = |n: u64| if n == 0 { ".".to_owned() } else { count(n) };
        let between = |from: Option<&Value>, to: Option<&Value>| -> u64 {
            let fits = |t: &&&TransitionCount| {
                from.is_none_or(|from| t.from == *from) && to.is_none_or(|to| t.to == *to)
            };
            relabels.iter().filter(fits).map(|t| t.count).sum()
        };
        let mut rows = Vec::new();
        let mut heading = vec![String::new()];
        heading.extend(classes.iter().map(|class| narrow(class)));
        heading.push("left".to_owned());
        rows.push(heading);
        for from in classes {
            let mut row = vec![narrow(from)];
            row.extend(
                classes
                    .iter()
                    .map(|to| number(between(Some(from), Some(to)))),
            );
            row.push(number(between(Some(from), None)));
            rows.push(row);
        }
        let mut came = vec!["came".to_owned()];
        came.extend(classes.iter().map(|to| number(between(None, Some(to)))));
        came.push(number(between(None, None)));
        rows.push(came);
        let mut net = vec!["net".to_owned()];
        net.extend(classes.iter().map(|class| {
            let (left, came) = (between(Some(class), None), between(None, Some(class)));
            match came.cmp(&left) {
                std::cmp::Ordering::Greater => format!("+{}", count(came - left)),
                std::cmp::Ordering::Equal => "0".to_owned(),
                std::cmp::Ordering::Less => format!("-{}", count(left - came)),
            }
        }));
        net.push(String::new());
        rows.push(net);
        let columns = rows.first().map_or(0, Vec::len);
        let width = |at: usize| rows.iter().map(|row| row[at].width()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..columns).map(width).collect();
        for row in &rows {
            let mut text = format!("    {}", pad(&row[0], widths[0]));
            for (cell, width) in row.iter().zip(&widths).skip(1) {
                text.push_str("  ");
                text.push_str(&" ".repeat(width.saturating_sub(cell.width())));
                text.push_str(cell);
            }
            self.line(&text)?;
        }
        Ok(())
    }

    fn list(&mut self, transitions: &[&TransitionCount]) -> io::Result<()> {
        let mut sorted = transitions.to_vec();
        sorted.sort_by(|a, b| (b.count, &a.from, &a.to).cmp(&(a.count, &b.from, &b.to)));
        let texts: Vec<String> = sorted
            .iter()
            .map(|t| format!("{} -> {}", value(&t.from), value(&t.to)))
            .collect();
        let shown = &texts[..texts.len().min(MOST_LINES)];
        let width = shown.iter().map(|text| text.width()).max().unwrap_or(0);
        for (text, t) in shown.iter().zip(&sorted) {
            let cause = match t.cause {
                Cause::Relabel => "",
                Cause::Rename => "  renamed",
                Cause::Split => "  split",
                Cause::Merge => "  merged",
                Cause::Swap => "  swapped",
            };
            let number = count(t.count);
            self.line(&format!("    {}  {number:>6}{cause}", pad(text, width)))?;
        }
        self.rest(sorted.len() as u64, "transition")
    }

    /// Shows the lines of one kind in columns.
    fn lines(&mut self, noun: &str, heading: &str, lines: Lines) -> io::Result<()> {
        if lines.first.is_empty() {
            return Ok(());
        }
        self.line(&format!("  {}", (self.paint)(Style::Heading, heading)))?;
        let columns = lines.first.iter().map(Vec::len).max().unwrap_or(0);
        let width = |at: usize| {
            let cells = lines.first.iter().filter_map(|line| line.get(at));
            cells.map(|cell| cell.width()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        for line in &lines.first {
            let cells = line
                .iter()
                .zip(&widths)
                .map(|(cell, width)| pad(cell, *width));
            let text = cells.collect::<Vec<_>>().join("  ");
            let style = match line.first().map(String::as_str) {
                Some("+") => Style::Added,
                Some("-") => Style::Removed,
                _ => {
                    self.line(&format!("    {text}"))?;
                    continue;
                }
            };
            let text = (self.paint)(style, text.trim_end());
            self.line(&format!("    {text}"))?;
        }
        self.rest(lines.count, noun)
    }

    fn rest(&mut self, all: u64, noun: &str) -> io::Result<()> {
        let more = all.saturating_sub(MOST_LINES as u64);
        if more == 0 {
            return Ok(());
        }
        let text = format!(
            "... and {} (--json shows all)",
            counted(more, &format!("more {noun}"))
        );
        let text = (self.paint)(Style::Faint, &text);
        self.line(&format!("    {text}"))
    }

    fn take(&mut self, event: Event) -> io::Result<()> {
        match event {
            Event::File(file) => self.file(&file)?,
            Event::Schema(schema) => self.open.schema.push(schema.change),
            Event::Label(label) => {
                if let Some((_, after)) = &label.annotator {
                    *self.open.annotators.entry(after.clone()).or_default() += 1;
                }
                self.open.labels.push(|| label_line(&label));
            }
            Event::Record(record) => self.open.records.push(|| {
                let mark = match record.change {
                    RecordStatus::Added => "+",
                    RecordStatus::Removed => "-",
                };
                vec![mark.to_owned(), key(&record.key)]
            }),
            Event::Cell(cell) => self.open.cells.push(|| {
                let change = format!("{} -> {}", value(&cell.from), value(&cell.to));
                vec![key(&cell.key), short(&cell.field), change]
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

fn label_line(label: &LabelEvent) -> Vec<String> {
    let cause = match label.cause {
        Cause::Relabel => "",
        Cause::Rename => "renamed",
        Cause::Split => "split",
        Cause::Merge => "merged",
        Cause::Swap => "swapped",
    };
    let change = format!("{} -> {}", value(&label.from), value(&label.to));
    let mut line = vec![
        key(&label.key),
        short(&label.field),
        change,
        cause.to_owned(),
    ];
    if let Some((before, after)) = &label.annotator {
        let name = |who: &Option<String>| who.as_deref().map_or("(none)".to_owned(), short);
        line.push(match before == after {
            true => format!("by {}", name(after)),
            false => format!("by {}, before {}", name(after), name(before)),
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
    tell(records.moved.unwrap_or(0), "moved");
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
