//! Builds a change set from the events of a diff, and seals it. Layout: docs/format.md.
//!
//! Invariant: the head holds counts and no keys; the body holds all rows of a data set or none.

use std::collections::{BTreeMap, BTreeSet};

use crate::base::ObjectId;
use crate::object::changes::{
    ChangeSet, DatasetChanges, FileCounts, LabelChange, Row, RowChange, RowKey,
};
use crate::object::tree::{Builder, Entry as _};
use crate::object::{self, ObjectSink};

use super::error::Error;
use super::event::{Event, EventSink, Identity, LabelEvent, RecordStatus, Value};

/// The body keeps the rows of a data set up to this many; beyond, readers recompute them.
pub const MAX_ROWS: usize = 100_000;

/// What a change set says of itself.
#[derive(Clone, Debug)]
pub struct ChangeSetHeader {
    /// The older snapshot.
    pub before: Option<ObjectId>,
    /// The newer snapshot.
    pub after: ObjectId,
    /// Who committed.
    pub author: String,
    /// What made the changes.
    pub source: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// What happened to files.
    pub files: FileCounts,
}

/// Collects rows from events.
#[derive(Default)]
pub struct ChangeSetBuilder {
    rows: BTreeMap<String, Vec<Row>>,
    /// Data sets with more rows than the body keeps.
    too_many: BTreeSet<String>,
}

impl ChangeSetBuilder {
    /// Returns a builder without rows.
    pub fn new() -> Self {
        Self::default()
    }

    fn push(&mut self, row: Row) {
        if self.too_many.contains(&row.dataset) {
            return;
        }
        let rows = self.rows.entry(row.dataset.clone()).or_default();
        if rows.len() == MAX_ROWS {
            self.rows.remove(&row.dataset);
            self.too_many.insert(row.dataset);
        } else {
            rows.push(row);
        }
    }

    /// Writes head and body, and returns the id of the head.
    ///
    /// Data sets in which nothing changed are left out. Where not every change came as an event (of
    /// a data set that only one version has, none does) or too many did, no rows are kept.
    pub fn seal(
        mut self,
        header: ChangeSetHeader,
        mut datasets: Vec<DatasetChanges>,
        sink: &mut dyn ObjectSink,
    ) -> Result<ObjectId, object::Error> {
        datasets.retain(|dataset| !is_nothing(dataset));
        datasets.sort_by(|a, b| a.name.cmp(&b.name));
        let mut body = Builder::new();
        let mut any = false;
        for dataset in &mut datasets {
            let mut rows = self.rows.remove(&dataset.name).unwrap_or_default();
            let labels: u64 = dataset.labels.transitions.iter().map(|t| t.count).sum();
            let changes = dataset.records.added + dataset.records.removed + labels;
            dataset.rows = rows.len() as u64 == changes;
            if !dataset.rows {
                rows.clear();
            }
            rows.sort_by(|a, b| a.key().cmp(b.key()));
            for row in rows {
                any = true;
                body.push(row, sink)?;
            }
        }
        let body = if any {
            Some(body.finish_into(sink)?)
        } else {
            None
        };
        let head = ChangeSet {
            before: header.before,
            after: header.after,
            author: header.author,
            source: header.source,
            reason: header.reason,
            files: header.files,
            datasets,
            body,
        };
        object::put(sink, &head)
    }
}

/// Returns whether nothing happened to a data set.
fn is_nothing(dataset: &DatasetChanges) -> bool {
    let records = &dataset.records;
    let counted = [
        records.added,
        records.removed,
        records.modified,
        records.respelled,
    ];
    counted.iter().all(|&count| count == 0)
        && records.before == records.after
        && records.moved.unwrap_or(0) == 0
        && dataset.labels.transitions.is_empty()
        && dataset.schema.is_empty()
}

impl EventSink for ChangeSetBuilder {
    fn event(&mut self, event: Event) -> Result<(), Error> {
        if let Some(row) = row(event) {
            self.push(row);
        }
        Ok(())
    }
}

/// Returns the row that a change set keeps of an event; `None` for events that make no row.
pub fn row(event: Event) -> Option<Row> {
    match event {
        Event::Label(label) => Some(label_row(label)),
        Event::Record(record) => {
            let change = match record.change {
                RecordStatus::Added => RowChange::Added,
                RecordStatus::Removed => RowChange::Removed,
            };
            Some(Row::new(
                &record.dataset,
                (row_key(record.key), record.place),
                record.split,
                change,
            ))
        }
        Event::File(_)
        | Event::Schema(_)
        | Event::Cell(_)
        | Event::Problem(_)
        | Event::Summary(_) => None,
    }
}

fn label_row(label: LabelEvent) -> Row {
    let (before, after) = label.annotator.unwrap_or_default();
    let text = |value: Value| match value {
        Value::Null => None,
        Value::Text(text) | Value::Json(text) => Some(text),
    };
    let change = LabelChange {
        field: label.field,
        from: text(label.from),
        to: text(label.to),
        cause: label.cause,
        annotator_before: before,
        annotator: after,
        source: label.said.source,
        reason: label.said.reason,
        guideline: label.said.guideline,
    };
    Row::new(
        &label.dataset,
        (row_key(label.key), label.place),
        label.said.split,
        RowChange::Label(change),
    )
}

fn row_key(identity: Identity) -> RowKey {
    match identity {
        Identity::Key(parts) => RowKey::Key(parts),
        Identity::Ordinal(ordinal, frame) => RowKey::Content(frame, ordinal),
    }
}
