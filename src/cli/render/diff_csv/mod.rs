//! `diff --format csv`: one row a fact, for spreadsheets and scripts (docs/diff.md, "As CSV").
//!
//! Invariant: the columns are these, in this order, whatever the diff; RFC 4180, UTF-8, CRLF. A
//! cell that a spreadsheet would take for a formula begins with an apostrophe, and so does one
//! that begins with an apostrophe itself: taking the first apostrophe away gives the value back.

use std::io::{self, Write};

use crate::diff::{
    Error, Event, EventSink, FileEvent, KindCount, KindCounts, RecordStatus, SummaryEvent,
};
use crate::object::changes::{Cause, SchemaChange};

mod cell;
mod row;

pub(super) use cell::cell;

use super::diff_json::Show;
use cell::{key, told};
use row::Row;

const COLUMNS: &str =
    "event,dataset,key,field,from,to,cause,annotator_from,annotator_to,count,note";

/// Writes events as rows.
pub(super) struct DiffCsv<'a> {
    out: &'a mut dyn Write,
    show: Show,
    terminal: bool,
    begun: bool,
}

impl<'a> DiffCsv<'a> {
    /// Returns a renderer that writes to `out`; on a terminal it escapes control characters.
    pub(super) fn new(out: &'a mut dyn Write, show: Show, terminal: bool) -> Self {
        Self {
            out,
            show,
            terminal,
            begun: false,
        }
    }

    /// Writes the names of the columns where no row has.
    pub(super) fn finish(mut self) -> io::Result<()> {
        self.begin()
    }

    fn begin(&mut self) -> io::Result<()> {
        if !std::mem::replace(&mut self.begun, true) {
            write!(self.out, "{COLUMNS}\r\n")?;
        }
        Ok(())
    }

    fn row(&mut self, row: &Row<'_>) -> io::Result<()> {
        self.begin()?;
        let number = row.count.map(|count| count.to_string());
        let word = |word| Some(word).filter(|word: &&str| !word.is_empty());
        let cells = [
            word(row.event),
            word(row.dataset),
            row.key,
            row.field,
            row.from,
            row.to,
            word(row.cause),
            row.annotators.0,
            row.annotators.1,
            number.as_deref(),
            row.note,
        ];
        let cells =
            cells.map(|text| text.map_or_else(String::new, |text| cell(text, self.terminal)));
        write!(self.out, "{}\r\n", cells.join(","))
    }

    fn file(&mut self, file: &FileEvent) -> io::Result<()> {
        let path = file.path.to_string();
        let mut row = |field: &str, from: Option<String>, to: Option<String>| {
            self.row(&Row {
                event: "file",
                key: Some(&path),
                field: Some(field),
                from: from.as_deref(),
                to: to.as_deref(),
                cause: file.status.name(),
                ..Row::default()
            })
        };
        if let Some(from) = &file.from_path {
            row("path", Some(from.to_string()), Some(path.clone()))?;
        }
        let size = |size: Option<u64>| size.map(|size| size.to_string());
        row("size", size(file.size.0), size(file.size.1))?;
        let id = |id: Option<crate::base::ObjectId>| id.map(|id| id.to_string());
        row("content", id(file.content.0), id(file.content.1))
    }

    fn schema(&mut self, dataset: &str, change: &SchemaChange) -> io::Result<()> {
        let text = |value: &serde_json::Value| match value {
            serde_json::Value::Null => None,
            serde_json::Value::String(text) => Some(text.clone()),
            other => Some(other.to_string()),
        };
        let note = match &change.evidence {
            Some(evidence) => format!("{}: {evidence}", change.verdict),
            None => change.verdict.clone(),
        };
        self.row(&Row {
            event: "schema",
            dataset,
            field: change.field.as_deref(),
            from: text(&change.from).as_deref(),
            to: text(&change.to).as_deref(),
            cause: &change.change,
            count: change.count,
            note: Some(&note),
            ..Row::default()
        })
    }

    fn summary(&mut self, summary: &SummaryEvent) -> io::Result<()> {
        let dataset = summary.dataset.as_str();
        let mut row = |event: &str, key: Option<&str>, cause: &str, count: Option<u64>| {
            self.row(&Row {
                event,
                dataset,
                key,
                cause,
                count,
                ..Row::default()
            })
        };
        let records = &summary.records;
        let of = |causes: &[Cause]| Some(summary.labels(causes));
        for (name, count) in [
            ("before", Some(records.before)),
            ("after", Some(records.after)),
            ("added", Some(records.added)),
            ("removed", Some(records.removed)),
            ("modified", Some(records.modified)),
            ("respelled", Some(records.respelled)),
            ("moved", records.moved),
            ("relabelled", of(&[Cause::Relabel])),
            ("renamed", of(&[Cause::Rename, Cause::Swap])),
            ("split", of(&[Cause::Split])),
            ("merged", of(&[Cause::Merge])),
        ] {
            row("summary", None, name, count)?;
        }
        if summary.churn.is_some() {
            row("summary", None, "churn", summary.churn)?;
        }
        for by in &summary.annotators {
            let count = Some(by.relabelled);
            row("annotator", by.annotator.as_deref(), "relabelled", count)?;
        }
        for split in &summary.splits {
            for (name, count) in [
                ("added", split.added),
                ("removed", split.removed),
                ("relabelled", split.relabelled),
                ("came", split.came),
                ("left", split.left),
            ] {
                row("split", split.split.as_deref(), name, Some(count))?;
            }
        }
        for kind in &summary.kinds {
            self.kind(dataset, kind)?;
        }
        for class in &summary.classes {
            let (before, after) = (class.before.to_string(), class.after.to_string());
            self.row(&Row {
                event: "class",
                dataset,
                key: class.class.text(),
                field: Some(&class.field),
                from: Some(&before),
                to: Some(&after),
                ..Row::default()
            })?;
        }
        for transition in &summary.transitions {
            self.row(&Row {
                event: "transition",
                dataset,
                field: Some(&transition.field),
                from: transition.from.text(),
                to: transition.to.text(),
                cause: transition.cause.name(),
                count: Some(transition.count),
                ..Row::default()
            })?;
        }
        if let Some(hint) = &summary.hint {
            self.row(&Row {
                event: "summary",
                dataset,
                cause: "hint",
                note: Some(hint),
                ..Row::default()
            })?;
        }
        if summary.filtered {
            self.row(&Row {
                event: "summary",
                dataset,
                cause: "filtered",
                ..Row::default()
            })?;
        }
        self.row(&Row {
            event: "summary",
            dataset,
            to: Some(summary.step),
            cause: "step",
            ..Row::default()
        })
    }

    fn kind(&mut self, dataset: &str, kind: &KindCount) -> io::Result<()> {
        let mut row = |key: Option<&str>, cause: &str, count: u64| {
            self.row(&Row {
                event: "kind",
                dataset,
                key,
                field: Some(&kind.field),
                cause,
                count: Some(count),
                note: Some(kind.evidence),
                ..Row::default()
            })
        };
        match &kind.counts {
            KindCounts::Scores {
                increased,
                decreased,
            } => {
                row(None, "increased", *increased)?;
                row(None, "decreased", *decreased)
            }
            KindCounts::Preferences { flips } => row(None, "flips", *flips),
            KindCounts::Sets { elements } => elements.iter().try_for_each(|element| {
                row(Some(&element.class), "added", element.added)?;
                row(Some(&element.class), "removed", element.removed)
            }),
        }
    }

    fn take(&mut self, event: Event) -> io::Result<()> {
        match &event {
            Event::File(file) => self.file(file),
            Event::Schema(schema) => self.schema(&schema.dataset, &schema.change),
            Event::Label(label) => {
                let annotators = label.annotator.as_ref();
                self.row(&Row {
                    event: "label",
                    dataset: &label.dataset,
                    key: Some(&key(&label.key)),
                    field: Some(&label.field),
                    from: label.from.text(),
                    to: label.to.text(),
                    cause: label.cause.name(),
                    annotators: annotators
                        .map_or((None, None), |(a, b)| (a.as_deref(), b.as_deref())),
                    note: label.detail.as_ref().map(told).as_deref(),
                    ..Row::default()
                })
            }
            Event::Record(record) => self.row(&Row {
                event: "record",
                dataset: &record.dataset,
                key: Some(&key(&record.key)),
                cause: match record.change {
                    RecordStatus::Added => "added",
                    RecordStatus::Removed => "removed",
                },
                ..Row::default()
            }),
            Event::Cell(cell) => self.row(&Row {
                event: "cell",
                dataset: &cell.dataset,
                key: Some(&key(&cell.key)),
                field: Some(&cell.field),
                from: cell.from.text(),
                to: cell.to.text(),
                ..Row::default()
            }),
            Event::Problem(problem) => {
                let note = match (problem.record, problem.line) {
                    (Some(record), Some(line)) => Some(format!("record {record}, line {line}")),
                    (Some(record), None) => Some(format!("record {record}")),
                    (None, _) => None,
                };
                self.row(&Row {
                    event: "problem",
                    dataset: &problem.dataset,
                    key: Some(&problem.path.to_string()),
                    cause: &problem.problem,
                    count: Some(problem.count),
                    note: note.as_deref(),
                    ..Row::default()
                })
            }
            Event::Summary(summary) => self.summary(summary),
        }
    }
}

impl EventSink for DiffCsv<'_> {
    fn event(&mut self, event: Event) -> Result<(), Error> {
        if !self.show.keeps(&event) {
            return Ok(());
        }
        self.take(event).map_err(|e| Error::Sink(e.into()))
    }
}
