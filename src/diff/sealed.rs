//! Tells what a change set says, as the comparison of its two versions would.
//!
//! Invariant: the events are those of the comparison, in the same order; what a change set does
//! not tell enough for is not told.

use std::collections::BTreeMap;

use crate::base::{RepoPath, Text};
use crate::object::changes::{DatasetChanges, Row, RowChange, RowKey};
use crate::profile::Facts;
use crate::record::{Format, Role, Roles};

use super::compare::Options;
use super::compose::Step;
use super::error::Error;
use super::event::{
    Event, EventSink, Identity, LabelEvent, ProblemEvent, RecordEvent, RecordStatus, Said,
    SchemaEvent, SummaryEvent, TransitionCount, Value,
};
use super::problems;

/// What a change set does not hold of the newer version, and the facts of both.
#[derive(Clone, Copy)]
pub struct Ends<'a> {
    /// The facts of the older version.
    pub before: &'a Facts,
    /// The facts of the newer version.
    pub after: &'a Facts,
    /// The declared roles of the newer version.
    pub roles: &'a Roles,
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
    pub fn new(step: Step, ends: Ends<'_>, options: Options) -> Option<Self> {
        let problems = problems::counts(ends.after, ends.roles);
        if options.cells || (options.records && options.whole && grew(ends, &problems)) {
            return None; // where the first one stands is in the data alone
        }
        let (mut all, mut records_of) = (Vec::new(), Vec::new());
        if options.records {
            if rows_of(&step.changes) != step.rows.len() as u64 {
                return None;
            }
            all = labels(&step, ends)?;
            records_of = records(&step);
        }
        let problem = |(problem, count)| ProblemEvent {
            dataset: step.changes.name.clone(),
            path: ends.first.clone(),
            problem,
            count,
            record: None,
            line: None,
        };
        Some(Self {
            labels: all,
            records: records_of,
            problems: problems.into_iter().map(problem).collect(),
            summary: summary(&step.changes, ends.format)?,
            changes: step.changes,
        })
    }

    /// Pushes the events; returns the counts.
    pub fn tell(&self, sink: &mut dyn EventSink) -> Result<DatasetChanges, Error> {
        for change in &self.changes.schema {
            sink.event(Event::Schema(SchemaEvent {
                dataset: self.changes.name.clone(),
                change: change.clone(),
            }))?;
        }
        let (labels, records) = (self.labels.iter(), self.records.iter());
        let labels = labels.map(|event| Event::Label(event.clone()));
        let records = records.map(|event| Event::Record(event.clone()));
        let problems = self.problems.iter().cloned().map(Event::Problem);
        labels
            .chain(records)
            .chain(problems)
            .try_for_each(|event| sink.event(event))?;
        sink.event(Event::Summary(self.summary.clone()))?;
        Ok(self.changes.clone())
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

fn summary(changes: &DatasetChanges, format: Format) -> Option<SummaryEvent> {
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
    Some(SummaryEvent {
        dataset: changes.name.clone(),
        records: changes.records,
        transitions: transitions.collect::<Option<_>>()?,
        step: match changes.step.as_str() {
            "none" => "none",
            "patch" => "patch",
            "minor" => "minor",
            "major" => "major",
            _ => return None,
        },
    })
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
    let mut found = Vec::new();
    for row in &step.rows {
        let RowChange::Label(label) = &row.change else {
            continue;
        };
        let event = LabelEvent {
            dataset: row.dataset.clone(),
            key: identity(row),
            field: label.field.clone(),
            from: value(label.from.as_deref(), ends.format)?,
            to: value(label.to.as_deref(), ends.format)?,
            cause: label.cause,
            annotator: annotates.then(|| (label.annotator_before.clone(), label.annotator.clone())),
            said: Said {
                source: label.source.clone(),
                reason: label.reason.clone(),
                guideline: label.guideline.clone(),
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
            };
            (rank, event)
        }));
    }
    // Removed before added, and those of one side in their order.
    all.sort_by_key(|(rank, event)| (*rank, event.change == RecordStatus::Added, event.place));
    all.into_iter().map(|(_, event)| event).collect()
}
