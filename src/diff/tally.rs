//! What a summary says beside the counts of records and transitions: the records of each class
//! before and after, relabels by annotator, and changes by split.
//!
//! Invariant: the same numbers whether or not the events that they count are shown. Numbers of
//! classes come from the facts of both sides, the others from the events themselves.

use std::collections::BTreeMap;

use crate::config::LabelKindConfig;
use crate::object::changes::{Cause, SplitCount};
use crate::profile::Facts;
use crate::record::{Cell, Role, Type};

use super::compare::Options;
use super::error::Error;
use super::event::{AnnotatorCount, ClassCount, Event, EventSink, RecordStatus, Value};
use super::kept::Kept;
use super::label_kind::is_score;
use super::reading::Common;
use super::version::Version;

/// Passes on the events that are wanted, and counts all of them.
pub(crate) struct Tally<'a> {
    sink: &'a mut dyn EventSink,
    options: Options<'a>,
    /// The split field, under its newer name.
    split: Option<&'a str>,
    annotated: bool,
    annotators: BTreeMap<Option<String>, u64>,
    splits: BTreeMap<Option<String>, SplitCount>,
}

impl<'a> Tally<'a> {
    /// Counts what the newer version's roles speak of.
    pub(crate) fn new(
        sink: &'a mut dyn EventSink,
        after: Version<'a>,
        options: Options<'a>,
    ) -> Self {
        let field = |role: Role| after.roles.fields(role).first().map(String::as_str);
        Self {
            sink,
            options,
            split: field(Role::Split),
            annotated: field(Role::Annotator).is_some(),
            annotators: BTreeMap::new(),
            splits: BTreeMap::new(),
        }
    }

    /// Returns whether label events are needed.
    pub(crate) fn wants_labels(&self) -> bool {
        self.wants_records() || self.annotated
    }

    /// Returns whether record events are needed.
    pub(crate) fn wants_records(&self) -> bool {
        self.options.records || self.split.is_some() || self.options.filter.is_some()
    }

    /// Returns whether cell events are needed.
    pub(crate) fn wants_cells(&self) -> bool {
        self.options.cells || self.options.filter.is_some()
    }

    /// Returns the relabels of each annotator, and the changes of each split.
    pub(crate) fn counts(mut self, kept: &Kept<'_>) -> (Vec<AnnotatorCount>, Vec<SplitCount>) {
        if self.options.filter.is_none() {
            for ((from, to), count) in kept.split_moves() {
                self.split(from.clone()).left += count;
                self.split(to.clone()).came += count;
            }
        }
        let annotators = self.annotators.into_iter();
        let annotators = annotators.map(|(annotator, relabelled)| AnnotatorCount {
            annotator,
            relabelled,
        });
        let splits = self.splits.into_iter();
        let splits = splits.map(|(split, count)| SplitCount { split, ..count });
        (annotators.collect(), splits.collect())
    }

    fn split(&mut self, split: Option<String>) -> &mut SplitCount {
        self.splits.entry(split).or_default()
    }
}

impl EventSink for Tally<'_> {
    fn unmatched(&mut self, removed: &[u64], added: &[u64]) {
        self.sink.unmatched(removed, added);
    }

    fn pair(&mut self, places: (u64, u64), older_field: &str) {
        self.sink.pair(places, older_field);
    }

    fn event(&mut self, event: Event) -> Result<(), Error> {
        let wanted = match &event {
            Event::Label(label) => {
                let relabel = label.cause == Cause::Relabel;
                if let Some((_, after)) = label.annotator.as_ref().filter(|_| relabel) {
                    *self.annotators.entry(after.clone()).or_default() += 1;
                }
                if self.split.is_some() && relabel {
                    self.split(label.said.split.clone()).relabelled += 1;
                }
                self.options.records
            }
            Event::Record(record) => {
                if self.split.is_some() {
                    let count = self.split(record.split.clone());
                    match record.change {
                        RecordStatus::Added => count.added += 1,
                        RecordStatus::Removed => count.removed += 1,
                    }
                }
                self.options.records
            }
            Event::Cell(cell) => {
                if self.options.filter.is_some() && self.split == Some(&cell.field) {
                    let text = |value: &Value| value.text().map(str::to_owned);
                    self.split(text(&cell.from)).left += 1;
                    self.split(text(&cell.to)).came += 1;
                }
                self.options.cells
            }
            Event::File(_) | Event::Schema(_) | Event::Problem(_) | Event::Summary(_) => true,
        };
        match wanted {
            true => self.sink.event(event),
            false => Ok(()),
        }
    }
}

/// Returns the classes with another number of records than before, missing labels among them.
pub(crate) fn classes(
    common: &[Common],
    before: Option<&Facts>,
    after: Option<&Facts>,
    label_kind: &BTreeMap<String, LabelKindConfig>,
) -> Vec<ClassCount> {
    let mut out = Vec::new();
    for field in common.iter().filter(|field| field.label) {
        // That one score is rarer than before says nothing.
        if is_score(field, label_kind) {
            continue;
        }
        let structured = matches!(field.kind, Type::List | Type::Object);
        let of = |facts: Option<&Facts>, name: &str| {
            let mut classes: BTreeMap<Value, u64> = BTreeMap::new();
            let Some(facts) = facts else {
                return Some(classes);
            };
            let facts = facts.fields.iter().find(|f| *f.name == *name)?;
            for (class, count) in facts.classes.as_ref()? {
                let class = match structured {
                    true => Value::Json(class.clone()),
                    false => Value::Text(field.canonical(Cell::text(class)).into_owned()),
                };
                *classes.entry(class).or_default() += count;
            }
            if facts.nulls > 0 {
                classes.insert(Value::Null, facts.nulls);
            }
            Some(classes)
        };
        let (Some(old), Some(new)) = (of(before, &field.before), of(after, &field.after)) else {
            continue;
        };
        let mut both: BTreeMap<Value, (u64, u64)> = BTreeMap::new();
        for (class, count) in old {
            both.entry(class).or_default().0 = count;
        }
        for (class, count) in new {
            both.entry(class).or_default().1 = count;
        }
        let changed = both.into_iter().filter(|(_, (old, new))| old != new);
        out.extend(changed.map(|(class, (before, after))| ClassCount {
            field: field.after.to_string(),
            class,
            before,
            after,
        }));
    }
    out
}
