//! Compares two versions of one data set: finds candidates, matches them, explains the changes
//! and pushes events. The order of what happens here is the order of docs/diff.md.

use crate::dataset::Where;
use crate::object::changes::{
    Cause, DatasetChanges, LabelCounts, RecordCounts, SchemaChange, Transition,
};
use crate::record::Format;

use super::error::Error;
use super::event::{Event, EventSink, SchemaEvent, Silence, SummaryEvent, TransitionCount, Value};
use super::fields::{self, Declared, FieldMap};
use super::filter::Passed;
use super::hint;
use super::kept::Kept;
use super::matched::{Matched, matched};
use super::problems;
use super::reading::{Pairing, Side};
use super::tally::{self, Tally};
use super::tell::Teller;
use super::version::{Version, reading};

/// What a diff is to tell.
#[derive(Clone, Copy, Debug)]
pub struct Options<'a> {
    /// Whether label and record events are wanted, not only counts.
    pub records: bool,
    /// Whether cell events are wanted.
    pub cells: bool,
    /// Whether record events are wanted of a data set that only one side has.
    pub whole: bool,
    /// Numbers of kept records that differ by no more than this are taken for equal.
    pub tolerance: Option<f64>,
    /// Which label, record and cell events are told and counted; all where it is `None`.
    pub filter: Option<&'a Where>,
    /// About how many bytes the search for what differs may hold in memory; what is more goes to
    /// a temporary file.
    pub memory: usize,
}

/// What the search for differences holds in memory, unless told otherwise.
const MEMORY: usize = 256 << 20;

impl Options<'static> {
    /// Schema, problem and summary events only.
    pub const STAT: Self = Self {
        records: false,
        cells: false,
        whole: false,
        tolerance: None,
        filter: None,
        memory: MEMORY,
    };
    /// What `diff` shows without options.
    pub const DEFAULT: Self = Self {
        records: true,
        cells: false,
        whole: true,
        tolerance: None,
        filter: None,
        memory: MEMORY,
    };
}

/// Compares two versions of a data set.
pub(crate) fn compare(
    dataset: &str,
    before: Option<Version<'_>>,
    after: Option<Version<'_>>,
    options: Options<'_>,
    sink: &mut dyn EventSink,
) -> Result<DatasetChanges, Error> {
    match (before, after) {
        (Some(before), Some(after)) => both(dataset, before, after, options, sink),
        (Some(only), None) => one(dataset, Side::Before, only, options, sink),
        (None, Some(only)) => one(dataset, Side::After, only, options, sink),
        (None, None) => Ok(report(
            dataset,
            RecordCounts::default(),
            &[],
            Vec::new(),
            "none",
        )),
    }
}

/// Tells of a data set that only one side has.
fn one(
    dataset: &str,
    side: Side,
    version: Version<'_>,
    options: Options<'_>,
    sink: &mut dyn EventSink,
) -> Result<DatasetChanges, Error> {
    let count = version.facts.records;
    let mut counts = RecordCounts {
        moved: Some(0),
        ..RecordCounts::default()
    };
    let mut matched = Matched {
        modified: Vec::new(),
        removed: Vec::new(),
        added: Vec::new(),
        respelled: 0,
        moved: Some(0),
    };
    let step = match side {
        Side::Before => {
            (counts.before, counts.removed) = (count, count);
            matched.removed = (0..count).collect();
            "major"
        }
        Side::After => {
            (counts.after, counts.added) = (count, count);
            matched.added = (0..count).collect();
            "minor"
        }
    };
    let map = FieldMap::new(&version.facts.fields, &version.facts.fields);
    let reading = reading(&map, version, version);
    sink.unmatched(&matched.removed, &matched.added);
    let mut teller = Teller::new(dataset, &reading, version, version, &map, options.filter);
    let told = options.records && options.whole;
    if told || options.filter.is_some() {
        teller.records(&matched, heard(told, sink, &mut Silence))?;
    }
    if side == Side::After {
        let locates = options.records && options.whole;
        problems::tell(dataset, None, version, &reading, locates, sink)?;
    }
    let report = report(dataset, counts, &[], Vec::new(), step);
    let (old, new) = match side {
        Side::Before => (Some(version.facts), None),
        Side::After => (None, Some(version.facts)),
    };
    let passed = options.filter.map(|_| &teller.passed);
    sink.event(Event::Summary(SummaryEvent {
        dataset: dataset.to_owned(),
        records: passed.map_or(counts, |passed| passed.counts(counts)),
        transitions: Vec::new(),
        classes: tally::classes(&reading.common, old, new, version.label_kind),
        annotators: Vec::new(),
        kinds: Vec::new(),
        splits: Vec::new(),
        step,
        filtered: passed.is_some(),
        hint: None,
        churn: None,
    }))?;
    Ok(report)
}

/// Returns who hears of events that may be wanted for their counts alone.
fn heard<'s>(
    told: bool,
    sink: &'s mut dyn EventSink,
    silence: &'s mut Silence,
) -> &'s mut dyn EventSink {
    if told { sink } else { silence }
}

fn both(
    dataset: &str,
    before: Version<'_>,
    after: Version<'_>,
    options: Options<'_>,
    sink: &mut dyn EventSink,
) -> Result<DatasetChanges, Error> {
    let map = field_map(before, after)?;
    let declared = |version: Version<'_>| version.format == Format::Csv;
    let (old, new) = (
        Declared {
            roles: before.roles,
            ordered: declared(before),
        },
        Declared {
            roles: after.roles,
            ordered: declared(after),
        },
    );
    let mut schema = fields::changes(&map, (before.facts, old), (after.facts, new));
    let mut reading = reading(&map, before, after);
    reading.tolerance = options.tolerance;
    let reading = reading;
    let matched = matched(dataset, before, after, &reading, options.memory)?;
    let mut kept = Kept::new(&reading, before, after, &matched)?;
    let meanings = kept.meanings(&matched.removed)?;
    schema.extend(meanings.iter().flat_map(|meaning| meaning.changes.clone()));
    schema.extend(dialect_changes(before, after));
    let counts = RecordCounts {
        before: before.facts.records,
        after: after.facts.records,
        added: matched.added.len() as u64,
        removed: matched.removed.len() as u64,
        modified: kept.modified(&meanings),
        respelled: matched.respelled,
        moved: match reading.pairing {
            Pairing::Image => Some(kept.other_keys()),
            Pairing::Key | Pairing::Content => matched.moved,
        },
    };
    let transitions = kept.transitions(&meanings);
    let step = step(&counts, &transitions, &schema, before, after);
    for change in &schema {
        sink.event(Event::Schema(SchemaEvent {
            dataset: dataset.to_owned(),
            change: change.clone(),
        }))?;
    }
    let mut teller = Teller::new(dataset, &reading, before, after, &map, options.filter);
    sink.unmatched(&matched.removed, &matched.added);
    let mut tally = Tally::new(sink, after, options);
    if tally.wants_labels() {
        teller.labels(&mut kept, &meanings, &mut tally)?;
    }
    if tally.wants_records() {
        teller.records(&matched, &mut tally)?;
    }
    if tally.wants_cells() {
        teller.cells(&mut kept, &mut tally)?;
    }
    let (annotators, splits) = tally.counts(&kept);
    let locates = options.records && options.whole;
    problems::tell(dataset, Some(before), after, &reading, locates, sink)?;
    let report = DatasetChanges {
        splits: splits.clone(),
        ..report(dataset, counts, &transitions, schema, step)
    };
    let passed = options.filter.map(|_| &teller.passed);
    let told = passed.map_or(transitions, Passed::transitions);
    sink.event(Event::Summary(SummaryEvent {
        dataset: dataset.to_owned(),
        records: passed.map_or(counts, |passed| passed.counts(counts)),
        kinds: teller.kinds.counts(&told),
        transitions: told,
        classes: match passed {
            None => tally::classes(
                &reading.common,
                Some(before.facts),
                Some(after.facts),
                after.label_kind,
            ),
            Some(_) => Vec::new(), // they are facts of the whole
        },
        annotators,
        splits,
        step,
        filtered: passed.is_some(),
        churn: None,
        hint: match passed {
            None => hint::hint(&reading, before, after, &matched)?,
            Some(_) => None,
        },
    }))?;
    Ok(report)
}

/// Lays the fields beside each other; where fields are left on both sides, their values decide.
fn field_map(before: Version<'_>, after: Version<'_>) -> Result<FieldMap, Error> {
    let mut map = FieldMap::new(&before.facts.fields, &after.facts.fields);
    if !map.added.is_empty() && !map.removed.is_empty() && !map.same.is_empty() {
        let reading = reading(&map, before, after);
        super::renamed::pair_by_values(&mut map, &reading, before, after)?;
    }
    Ok(map)
}

/// Returns changes of how files are written; files whose changes are equal share one.
fn dialect_changes(before: Version<'_>, after: Version<'_>) -> Vec<SchemaChange> {
    let mut changes: Vec<SchemaChange> = Vec::new();
    for (path, new) in after.dialects {
        let old = before.dialects.get(path).or_else(|| {
            let only = before.dialects.len() == 1 && after.dialects.len() == 1;
            before.dialects.values().next().filter(|_| only)
        });
        let Some(change) = old.and_then(|old| fields::dialect_change(old, new)) else {
            continue;
        };
        let same = changes
            .iter_mut()
            .find(|known| known.from == change.from && known.to == change.to);
        match same {
            Some(known) => known.count = known.count.map(|count| count + 1),
            None => changes.push(SchemaChange {
                count: Some(1),
                ..change
            }),
        }
    }
    // The count is of files, and says something only where there are several.
    if after.dialects.len() == 1 {
        changes.iter_mut().for_each(|change| change.count = None);
    }
    changes
}

/// Returns the version step as Croissant defines it.
fn step(
    counts: &RecordCounts,
    transitions: &[TransitionCount],
    schema: &[SchemaChange],
    before: Version<'_>,
    after: Version<'_>,
) -> &'static str {
    let has = |names: &[&str]| schema.iter().any(|c| names.contains(&c.change.as_str()));
    let files = |version: Version<'_>| -> Vec<_> {
        let parts = version.records.parts().iter();
        parts
            .map(|part| (part.path.clone(), part.content))
            .collect()
    };
    if counts.removed > 0
        || counts.modified > 0
        || !transitions.is_empty()
        || has(&["field_removed", "field_renamed"])
    {
        "major"
    } else if counts.added > 0 || has(&["field_added"]) {
        "minor"
    } else if !schema.is_empty() || counts.moved != Some(0) || files(before) != files(after) {
        // Moved records are unknown where keys repeat; equal files moved nothing.
        if schema.is_empty() && files(before) == files(after) {
            "none"
        } else {
            "patch"
        }
    } else {
        "none"
    }
}

fn report(
    dataset: &str,
    records: RecordCounts,
    transitions: &[TransitionCount],
    schema: Vec<SchemaChange>,
    step: &str,
) -> DatasetChanges {
    let count = |causes: &[Cause]| {
        let of = transitions.iter().filter(|t| causes.contains(&t.cause));
        of.map(|t| t.count).sum()
    };
    let text = |value: &Value| value.text().map(Into::into);
    DatasetChanges {
        name: dataset.to_owned(),
        records,
        labels: LabelCounts {
            relabelled: count(&[Cause::Relabel]),
            renamed: count(&[Cause::Rename, Cause::Swap]),
            split: count(&[Cause::Split]),
            merged: count(&[Cause::Merge]),
            transitions: transitions
                .iter()
                .map(|t| Transition {
                    field: t.field.clone(),
                    from: text(&t.from),
                    to: text(&t.to),
                    cause: t.cause,
                    count: t.count,
                })
                .collect(),
        },
        schema,
        step: step.to_owned(),
        splits: Vec::new(),
        guideline: None,
        rows: false,
    }
}
