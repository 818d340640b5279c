//! Lists as CSV, in any dialect and encoding that dver reads: spreadsheets save them as they like.

use std::sync::Arc;

use crate::base::ObjectId;
use crate::diff::Value;
use crate::record::{Batch, Cell, DeclaredDialect, Format, HEAD_BYTES, Layout, RecordRef};

use super::super::super::error::Error;
use super::{Columns, Entry, Named, own_names, wrong};

/// What stands before the name of a key field in the header of a list that dver made.
const KEY: &str = "key.";

pub(super) fn read(name: &str, bytes: &[u8], columns: &Named<'_>) -> Result<Vec<Entry>, Error> {
    let declared = DeclaredDialect {
        header: Some(true),
        ..DeclaredDialect::default()
    };
    let head = bytes.get(..HEAD_BYTES).unwrap_or(bytes);
    let whole = bytes.len() <= HEAD_BYTES;
    let layout = Layout::detect(Format::Csv, &declared, head, whole);
    let mut batch = Batch::new(&layout.fields);
    let body = bytes.get(layout.header_bytes..).unwrap_or_default();
    layout.parse(body, &mut batch);
    let reader = match Made::of(&batch) {
        Some(made) => Reader::Made(made),
        None => Reader::Own(Own::of(name, &batch, columns()?)?),
    };
    let mut entries = Vec::with_capacity(batch.len());
    for (place, record) in (1..).zip(batch.records()) {
        if let Some(problem) = record.problem() {
            return Err(wrong(name, place, problem.name().replace('_', " ")));
        }
        entries.push(match &reader {
            Reader::Made(made) => made.entry(name, place, &record)?,
            Reader::Own(own) => own.entry(&record),
        });
    }
    Ok(entries)
}

enum Reader {
    Made(Made),
    Own(Own),
}

/// Where a list that dver made has what it says.
struct Made {
    dataset: Option<usize>,
    field: Option<usize>,
    key: Vec<usize>,
    /// The key fields of those columns.
    names: Arc<[String]>,
    record: Option<usize>,
    base: Option<usize>,
    suggested: usize,
}

impl Made {
    fn of(batch: &Batch) -> Option<Self> {
        let suggested = batch.field("suggested")?;
        let fields = batch.fields().iter();
        let key: Vec<usize> = fields
            .enumerate()
            .filter_map(|(at, field)| field.starts_with(KEY).then_some(at))
            .collect();
        let name = |at: &usize| {
            let column = batch.fields().get(*at)?;
            column.strip_prefix(KEY).map(str::to_owned)
        };
        let record = batch.field("record");
        (!key.is_empty() || record.is_some()).then(|| Self {
            dataset: batch.field("dataset"),
            field: batch.field("field"),
            names: key.iter().filter_map(name).collect(),
            key,
            record,
            base: batch.field("label"),
            suggested,
        })
    }

    fn entry(&self, name: &str, place: u64, record: &RecordRef<'_>) -> Result<Entry, Error> {
        let id = self.record.and_then(|at| record.cell(at));
        let id = id.map(|cell| {
            let parsed = cell.text.parse::<ObjectId>();
            parsed.map_err(|_| wrong(name, place, "`record` is no id of 64 hex digits"))
        });
        let at = |at: Option<usize>| at.and_then(|at| text(record.cell(at)));
        Ok(Entry {
            dataset: at(self.dataset),
            field: at(self.field),
            key: self.key.iter().map(|at| text(record.cell(*at))).collect(),
            key_names: Some(self.names.clone()),
            record: id.transpose()?,
            base: self.base.map(|at| value(record.cell(at))),
            suggested: text(record.cell(self.suggested)).map(Value::Text),
        })
    }
}

/// The columns of people's own lists.
struct Own {
    columns: Columns,
    key: Vec<Option<usize>>,
    label: Option<usize>,
}

impl Own {
    fn of(name: &str, batch: &Batch, columns: Columns) -> Result<Self, Error> {
        match own_names(&columns, |column| batch.field(column).is_some()) {
            Some(reason) => Err(wrong(name, 0, reason)),
            None => Ok(Self {
                key: columns.key.iter().map(|key| batch.field(key)).collect(),
                label: batch.field(&columns.label),
                columns,
            }),
        }
    }

    fn entry(&self, record: &RecordRef<'_>) -> Entry {
        let at = |at: Option<usize>| at.and_then(|at| text(record.cell(at)));
        Entry {
            dataset: Some(self.columns.dataset.clone()),
            field: Some(self.columns.label.clone()),
            key: self.key.iter().map(|key| at(*key)).collect(),
            key_names: None,
            record: None,
            base: None,
            suggested: at(self.label).map(Value::Text),
        }
    }
}

fn text(cell: Option<Cell<'_>>) -> Option<String> {
    cell.map(|cell| cell.text.to_owned())
}

fn value(cell: Option<Cell<'_>>) -> Value {
    text(cell).map_or(Value::Null, Value::Text)
}
