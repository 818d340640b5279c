//! A diff as tables, for the documents that are made of them: Markdown and HTML.
//!
//! Invariant: every event that is shown becomes a row or is counted as left out; which facts a
//! document holds is decided here, how they look there.

mod rows;

use crate::diff::{Error, Event, EventSink, FileEvent, SummaryEvent};

use super::diff_json::Show;
use rows::{change, counts, key, label_row, schema_row};

/// What stands in one place of a table.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Field {
    /// Nothing.
    Empty,
    /// A word of ours.
    Word(String),
    /// A number.
    Count(u64),
    /// By how much a number grew or shrank.
    Net(i128),
    /// Text from the data.
    Data(String),
    /// A missing value.
    Null,
    /// A value before, beside the one after.
    Old(String, Option<String>),
    /// A value after, beside the one before.
    New(Option<String>, String),
}

/// One table.
pub(super) struct Table {
    /// What it shows.
    pub(super) title: String,
    /// The label field that it is about.
    pub(super) field: Option<String>,
    /// The names of its columns.
    pub(super) columns: Vec<&'static str>,
    /// Its rows.
    pub(super) rows: Vec<Vec<Field>>,
    /// How many rows there are, those that are left out too.
    pub(super) all: u64,
    /// Whether it is a list of single changes, rather than counts.
    pub(super) list: bool,
}

/// A document in the making.
pub(super) trait Document {
    /// Of each list so many rows are shown.
    const MOST_ROWS: usize;
    /// Adds the files.
    fn files(&mut self, files: &[FileEvent]) -> std::io::Result<()>;
    /// Adds a data set.
    fn dataset(&mut self, summary: &SummaryEvent, tables: &[Table]) -> std::io::Result<()>;
    /// Ends the document; `empty` where nothing was added.
    fn end(&mut self, empty: bool) -> std::io::Result<()>;
}

/// Gathers events until a document can show them, and gives them to it.
pub(super) struct Gather<D> {
    document: D,
    show: Show,
    empty: bool,
    files: Vec<FileEvent>,
    schema: Vec<Vec<Field>>,
    lists: [List; 4],
}

/// The first rows of a list.
#[derive(Default)]
struct List {
    rows: Vec<Vec<Field>>,
    all: u64,
}

const LABELS: usize = 0;
const RECORDS: usize = 1;
const CELLS: usize = 2;
const PROBLEMS: usize = 3;

impl<D: Document> Gather<D> {
    pub(super) fn new(document: D, show: Show) -> Self {
        Self {
            document,
            show,
            empty: true,
            files: Vec::new(),
            schema: Vec::new(),
            lists: Default::default(),
        }
    }

    /// Ends the document.
    pub(super) fn finish(mut self) -> std::io::Result<()> {
        self.flush_files()?;
        self.document.end(self.empty)
    }

    fn flush_files(&mut self) -> std::io::Result<()> {
        let files = std::mem::take(&mut self.files);
        if files.is_empty() {
            return Ok(());
        }
        self.empty = false;
        self.document.files(&files)
    }

    fn push(&mut self, list: usize, row: impl FnOnce() -> Vec<Field>) {
        let list = &mut self.lists[list];
        list.all += 1;
        if list.rows.len() < D::MOST_ROWS {
            list.rows.push(row());
        }
    }

    fn take(&mut self, event: Event) -> std::io::Result<()> {
        match event {
            Event::File(file) => self.files.push(file),
            Event::Schema(schema) => self.schema.push(schema_row(&schema.change)),
            Event::Label(label) => self.push(LABELS, || label_row(&label)),
            Event::Record(record) => self.push(RECORDS, || {
                let word = match record.change {
                    crate::diff::RecordStatus::Added => "added",
                    crate::diff::RecordStatus::Removed => "removed",
                };
                vec![Field::Word(word.to_owned()), key(&record.key)]
            }),
            Event::Cell(cell) => self.push(CELLS, || {
                let (from, to) = change(&cell.from, &cell.to);
                vec![key(&cell.key), Field::Data(cell.field.clone()), from, to]
            }),
            Event::Problem(problem) => self.push(PROBLEMS, || {
                let count = |n: Option<u64>| n.map_or(Field::Empty, Field::Count);
                vec![
                    Field::Word(problem.problem.replace('_', " ")),
                    Field::Count(problem.count),
                    Field::Data(problem.path.to_string()),
                    count(problem.record),
                    count(problem.line),
                ]
            }),
            Event::Summary(summary) => {
                self.flush_files()?;
                self.summary(&summary)?;
            }
        }
        Ok(())
    }

    fn summary(&mut self, summary: &SummaryEvent) -> std::io::Result<()> {
        let schema = std::mem::take(&mut self.schema);
        let lists = std::mem::take(&mut self.lists);
        let told = !schema.is_empty() || lists.iter().any(|list| list.all > 0);
        if !told && summary.step == "none" {
            return Ok(());
        }
        self.empty = false;
        let mut tables = counts(summary);
        let mut add = |title: &str, columns: &[&'static str], rows: Vec<Vec<Field>>, all, list| {
            if !rows.is_empty() {
                tables.push(Table {
                    title: title.to_owned(),
                    field: None,
                    columns: columns.to_vec(),
                    rows,
                    all,
                    list,
                });
            }
        };
        let hint = summary.hint.iter();
        let hint: Vec<Vec<Field>> = hint.map(|hint| vec![Field::Data(hint.clone())]).collect();
        let all = hint.len() as u64;
        add(
            "Hint",
            &["why most records found no match"],
            hint,
            all,
            false,
        );
        let columns = [
            "change", "field", "from", "to", "count", "verdict", "evidence",
        ];
        let all = schema.len() as u64;
        add("Schema changes", &columns, schema, all, false);
        let columns: [(&str, &[&'static str]); 4] = [
            (
                "Labels",
                &[
                    "key",
                    "field",
                    "from",
                    "to",
                    "cause",
                    "annotator before",
                    "annotator",
                ],
            ),
            ("Records", &["change", "key"]),
            ("Cells", &["key", "field", "from", "to"]),
            (
                "Problems",
                &["problem", "records", "path", "first record", "line"],
            ),
        ];
        for (list, (title, columns)) in lists.into_iter().zip(columns) {
            add(title, columns, list.rows, list.all, true);
        }
        self.document.dataset(summary, &tables)
    }
}

impl<D: Document> EventSink for Gather<D> {
    fn event(&mut self, event: Event) -> Result<(), Error> {
        if !self.show.keeps(&event) {
            return Ok(());
        }
        self.take(event).map_err(|e| Error::Sink(e.into()))
    }
}
