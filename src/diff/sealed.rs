//! Tells what a change set says, as the comparison of its two versions would.
//!
//! Invariant: the events are those of the comparison, in the same order; what a change set does
//! not tell enough for is not told.

use std::collections::BTreeMap;

use crate::base::{RepoPath, Text};
use crate::config::LabelKindConfig;
use crate::object::changes::{Cause, DatasetChanges, Row, RowChange, RowKey, SchemaChange};
use crate::profile::Facts;
use crate::record::{Format, Role, Roles};

use super::compare::Options;
use super::compose::Step;
use super::error::Error;
use super::event::{
    AnnotatorCount, Event, EventSink, Identity, LabelEvent, ProblemEvent, RecordEvent,
    RecordStatus, Said, SchemaEvent, SummaryEvent, TransitionCount, Value,
};
use super::hint;
use super::label_kind::{Kinds, separator};
use super::problems;
use super::reading::Common;
use super::tally;

/// What a change set does not hold of the newer version, and the facts of both.
#[derive(Clone, Copy)]
pub struct Ends<'a> {
    /// The facts of the older version.
    pub before: &'a Facts,
    /// The facts of the newer version.
    pub after: &'a Facts,
    /// The declared roles of the newer version.
    pub roles: &'a Roles,
    /// What the values of label fields are declared to be, by field.
    pub label_kind: &'a BTreeMap<String, LabelKindConfig>,
    /// Its format.
    pub format: Format,
    /// Its first file.
    pub first: &'a RepoPath,
}

/// The events of one data set.
#[derive(Debug)]
pub struct Told {
    changes: DatasetChanges,
    labels: Vec<LabelEvent>,
    records: Vec<RecordEvent>,
    problems: Vec<ProblemEvent>,
    summary: SummaryEvent,
}

impl Told {
    /// Finds out what to tell; `None` where the change set does not tell enough. The step's rows
    /// may be missing where records are not wanted.
    pub fn new(step: Step, ends: Ends<'_>, options: Options<'_>) -> Option<Self> {
        let problems = problems::counts(ends.after, ends.roles);
        let counts = &step.changes.records;
        let renamed = |change: &SchemaChange| change.change == "field_renamed";
        let takes_data = [
            options.cells || options.filter.is_some(),
            // Which numbers are near.
            options.tolerance.is_some(),
            // Where the first record with a problem stands.
            options.records && options.whole && grew(ends, &problems),
            // Which labels are which.
            step.changes.schema.iter().any(renamed),
            // Why most records found no match.
            hint::seems_replaced(counts.before, counts.after, counts.removed, counts.added),
            wants_rows(options, ends.roles) && rows_of(&step.changes) != step.rows.len() as u64,
        ];
        if takes_data.contains(&true) {
            return None;
        }
        let annotators = annotators(&step, ends.roles);
        let (labels, records) = match options.records {
            true => (labels(&step, ends)?, records(&step)),
            false => (Vec::new(), Vec::new()),
        };
        let problem = |(problem, count)| ProblemEvent {
            dataset: step.changes.name.clone(),
            path: ends.first.clone(),
            problem,
            count,
            record: None,
            line: None,
        };
        Some(Self {
            labels,
            records,
            problems: problems.into_iter().map(problem).collect(),
            summary: summary(&step.changes, annotators, ends)?,
            changes: step.changes,
        })
    }

    /// Pushes the events; returns the counts.
    pub fn tell(self, sink: &mut dyn EventSink) -> Result<DatasetChanges, Error> {
        for change in &self.changes.schema {
            sink.event(Event::Schema(SchemaEvent {
                dataset: self.changes.name.clone(),
                change: change.clone(),
            }))?;
        }
        let labels = self.labels.into_iter().map(Event::Label);
        let records = self.records.into_iter().map(Event::Record);
        let problems = self.problems.into_iter().map(Event::Problem);
        labels
            .chain(records)
            .chain(problems)
            .try_for_each(|event| sink.event(event))?;
        sink.event(Event::Summary(self.summary))?;
        Ok(self.changes)
    }
}

/// Returns how many rows tell all of a data set's changes.
pub fn rows_of(changes: &DatasetChanges) -> u64 {
    let labels: u64 = changes.labels.transitions.iter().map(|t| t.count).sum();
    let counts = &changes.records;
    labels
        .saturating_add(counts.added)
        .saturating_add(counts.removed)
}

/// Returns whether there is more of a problem than before.
fn grew(ends: Ends<'_>, problems: &BTreeMap<String, u64>) -> bool {
    let before = problems::counts(ends.before, ends.roles);
    let grew = |(name, count): (&String, &u64)| *count > before.get(name).copied().unwrap_or(0);
    problems.iter().any(grew)
}

/// Returns a value; `None` where a row does not tell what it stands for.
fn value(text: Option<&str>, format: Format) -> Option<Value> {
    match text {
        None => Some(Value::Null),
        // A list, or text that looks like one.
        Some(text) if format != Format::Csv && text.starts_with(['[', '{']) => None,
        Some(text) => Some(Value::Text(text.to_owned())),
    }
}

/// Returns whether rows are needed to tell of a data set.
pub fn wants_rows(options: Options<'_>, roles: &Roles) -> bool {
    options.records || !roles.fields(Role::Annotator).is_empty()
}

/// Returns the relabels of each annotator.
fn annotators(step: &Step, roles: &Roles) -> Vec<AnnotatorCount> {
    let mut counts: BTreeMap<Option<String>, u64> = BTreeMap::new();
    for row in &step.rows {
        if let RowChange::Label(label) = &row.change
            && label.cause == Cause::Relabel
            && !roles.fields(Role::Annotator).is_empty()
        {
            *counts.entry(label.annotator.clone()).or_default() += 1;
        }
    }
    let count = |(annotator, relabelled)| AnnotatorCount {
        annotator,
        relabelled,
    };
    counts.into_iter().map(count).collect()
}

fn summary(
    changes: &DatasetChanges,
    annotators: Vec<AnnotatorCount>,
    ends: Ends<'_>,
) -> Option<SummaryEvent> {
    let format = ends.format;
    let text = |text: &Option<Text>| match text {
        None => Some(Value::Null),
        Some(text) => value(Some(text.as_str()?), format),
    };
    let transition = |t: &crate::object::changes::Transition| {
        Some(TransitionCount {
            field: t.field.clone(),
            from: text(&t.from)?,
            to: text(&t.to)?,
            cause: t.cause,
            count: t.count,
        })
    };
    let transitions = changes.labels.transitions.iter().map(transition);
    let transitions = transitions.collect::<Option<Vec<_>>>()?;
    let fields = label_fields(ends);
    Some(SummaryEvent {
        dataset: changes.name.clone(),
        records: changes.records,
        kinds: kinds(&fields, ends).counts(&transitions),
        transitions,
        classes: tally::classes(
            &fields,
            Some(ends.before),
            Some(ends.after),
            ends.label_kind,
        ),
        annotators,
        splits: changes.splits.clone(),
        filtered: false,
        hint: None,
        churn: None,
        step: match changes.step.as_str() {
            "none" => "none",
            "patch" => "patch",
            "minor" => "minor",
            "major" => "major",
            _ => return None,
        },
    })
}

fn kinds(fields: &[Common], ends: Ends<'_>) -> Kinds {
    Kinds::of(fields, (ends.before, ends.after), ends.label_kind)
}

/// Returns the label fields that both versions have, in the newer order.
fn label_fields(ends: Ends<'_>) -> Vec<Common> {
    let label = |name: &str| ends.roles.labels().iter().any(|label| label == name);
    let new = ends.after.fields.iter().filter(|field| label(&field.name));
    let both = new.filter_map(|new| {
        let old = ends.before.fields.iter().find(|old| old.name == new.name)?;
        Some(Common {
            before: old.name.clone(),
            after: new.name.clone(),
            kind: old.kind.join(new.kind),
            label: true,
            key: false,
            content: false,
            separator: separator(ends.label_kind, &new.name),
        })
    });
    both.collect()
}

fn identity(row: &Row) -> Identity {
    match &row.key {
        RowKey::Key(parts) => Identity::Key(parts.clone()),
        RowKey::Content(id, place) => Identity::Ordinal(*place, *id),
    }
}

/// Returns the label changes in the newer file's order; those of one record in the order of
/// fields.
fn labels(step: &Step, ends: Ends<'_>) -> Option<Vec<LabelEvent>> {
    let fields = &ends.after.fields;
    let place = |name: &str| fields.iter().position(|field| *field.name == *name);
    let annotates = !ends.roles.fields(Role::Annotator).is_empty();
    let kinds = kinds(&label_fields(ends), ends);
    let mut found = Vec::new();
    for row in &step.rows {
        let RowChange::Label(label) = &row.change else {
            continue;
        };
        let from = value(label.from.as_deref(), ends.format)?;
        let to = value(label.to.as_deref(), ends.format)?;
        let event = LabelEvent {
            dataset: row.dataset.clone(),
            key: identity(row),
            field: label.field.clone(),
            detail: kinds.detail(&label.field, &from, &to),
            from,
            to,
            cause: label.cause,
            annotator: annotates.then(|| (label.annotator_before.clone(), label.annotator.clone())),
            said: Said {
                source: label.source.clone(),
                reason: label.reason.clone(),
                guideline: label.guideline.clone(),
                split: row.split.clone(),
            },
            place: row.place,
        };
        found.push(((row.place, place(&label.field)), event));
    }
    found.sort_by_key(|(order, _)| *order);
    Some(found.into_iter().map(|(_, event)| event).collect())
}

/// Returns added and removed records, merged by their rank among the kept ones.
fn records(step: &Step) -> Vec<RecordEvent> {
    let mut all = Vec::new();
    for (side, wanted) in [
        (RecordStatus::Removed, RowChange::Removed),
        (RecordStatus::Added, RowChange::Added),
    ] {
        let mut rows: Vec<&Row> = step
            .rows
            .iter()
            .filter(|row| row.change == wanted)
            .collect();
        rows.sort_by_key(|row| row.place);
        let ranked = rows.into_iter().zip(0..);
        all.extend(ranked.map(|(row, passed)| {
            let rank = row.place.saturating_sub(1 + passed);
            let event = RecordEvent {
                dataset: row.dataset.clone(),
                change: side,
                key: identity(row),
                place: row.place,
                split: row.split.clone(),
            };
            (rank, event)
        }));
    }
    // Removed before added, and those of one side in their order.
    all.sort_by_key(|(rank, event)| (*rank, event.change == RecordStatus::Added, event.place));
    all.into_iter().map(|(_, event)| event).collect()
}
