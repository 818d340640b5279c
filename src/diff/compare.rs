//! Compares two versions of one data set: finds candidates, matches them, explains the changes
//! and pushes events. The order of what happens here is the order of docs/diff.md.

use std::collections::{BTreeMap, BTreeSet};

use crate::base::RepoPath;
use crate::object::changes::{
    Cause, DatasetChanges, LabelCounts, RecordCounts, SchemaChange, Transition,
};
use crate::profile::Facts;
use crate::record::{Format, Problem, Role, Roles, Type, UNPARSABLE};

use super::candidates::{self, Candidates, How};
use super::error::Error;
use super::event::{
    Event, EventSink, ProblemEvent, SchemaEvent, SummaryEvent, TransitionCount, Value,
};
use super::fields::{self, Declared, FieldMap};
use super::kept::Kept;
use super::likeness;
use super::matching;
use super::moved;
use super::reading::{Common, KeyPart, Pairing, Print, Reading, Side, Sum};
use super::records::{Fetched, Records};
use super::tell::Teller;

/// What a diff is to tell.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Options {
    /// Whether label and record events are wanted, not only counts.
    pub records: bool,
    /// Whether cell events are wanted.
    pub cells: bool,
    /// Whether record events are wanted of a data set that only one side has.
    pub whole: bool,
}

impl Options {
    /// Schema, problem and summary events only.
    pub const STAT: Self = Self {
        records: false,
        cells: false,
        whole: false,
    };
    /// What `diff` shows without options.
    pub const DEFAULT: Self = Self {
        records: true,
        cells: false,
        whole: true,
    };
}

/// One version of a data set.
#[derive(Clone, Copy)]
pub(crate) struct Version<'a> {
    pub(crate) records: &'a dyn Records,
    pub(crate) facts: &'a Facts,
    pub(crate) roles: &'a Roles,
    pub(crate) format: Format,
    /// How each file is written, by path.
    pub(crate) dialects: &'a BTreeMap<RepoPath, BTreeMap<String, String>>,
    /// Declared renames of classes.
    pub(crate) rename: &'a BTreeMap<String, String>,
}

/// What matching found.
pub(crate) struct Matched {
    /// Places of kept records that differ, in the newer order.
    pub(crate) modified: Vec<(u64, u64)>,
    /// Places of removed records.
    pub(crate) removed: Vec<u64>,
    /// Places of added records.
    pub(crate) added: Vec<u64>,
    pub(crate) respelled: u64,
    pub(crate) moved: Option<u64>,
}

/// Compares two versions of a data set.
pub(crate) fn compare(
    dataset: &str,
    before: Option<Version<'_>>,
    after: Option<Version<'_>>,
    options: Options,
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
    options: Options,
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
    if options.records && options.whole {
        let map = FieldMap::new(&version.facts.fields, &version.facts.fields);
        let reading = reading(&map, version, version);
        let teller = Teller::new(dataset, &reading, version, version, &map);
        teller.records(&matched, sink)?;
    }
    if side == Side::After {
        problems(dataset, version, sink)?;
    }
    let report = report(dataset, counts, &[], Vec::new(), step);
    sink.event(Event::Summary(summary(dataset, counts, Vec::new(), step)))?;
    Ok(report)
}

fn both(
    dataset: &str,
    before: Version<'_>,
    after: Version<'_>,
    options: Options,
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
    let reading = reading(&map, before, after);
    let matched = matched(dataset, before, after, &reading)?;
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
    let teller = Teller::new(dataset, &reading, before, after, &map);
    if options.records {
        teller.labels(&mut kept, &meanings, sink)?;
        teller.records(&matched, sink)?;
    }
    if options.cells {
        teller.cells(&mut kept, sink)?;
    }
    problems(dataset, after, sink)?;
    let report = report(dataset, counts, &transitions, schema, step);
    sink.event(Event::Summary(summary(dataset, counts, transitions, step)))?;
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

/// Decides how both sides are read: with the newer declaration where its fields exist in the
/// older version, else each with its own.
fn reading(map: &FieldMap, before: Version<'_>, after: Version<'_>) -> Reading {
    let (old, new) = (&before.facts.fields, &after.facts.fields);
    let mut common: Vec<Common> = map
        .same
        .iter()
        .map(|same| {
            let (a, b) = (&old[same.before], &new[same.after]);
            Common {
                before: a.name.clone(),
                after: b.name.clone(),
                kind: a.kind.join(b.kind),
                label: after.roles.labels().iter().any(|label| *label == *b.name),
                key: after.roles.key().iter().any(|key| *key == *b.name),
                content: after.roles.is_content(&b.name),
            }
        })
        .collect();
    // What does not parse is in no schema, yet it must not be equal to anything else that does
    // not parse.
    let bad = |facts: &Facts| facts.problems.contains_key(Problem::Json.name());
    if bad(before.facts) || bad(after.facts) {
        common.push(Common {
            before: UNPARSABLE.into(),
            after: UNPARSABLE.into(),
            kind: Type::String,
            label: false,
            key: false,
            content: true,
        });
    }
    let newer_key: Vec<KeyPart> = after
        .roles
        .key()
        .iter()
        .filter_map(|name| {
            let field = common.iter().find(|field| *field.after == **name)?;
            Some(KeyPart {
                before: field.before.clone(),
                after: field.after.clone(),
                kind: field.kind,
            })
        })
        .collect();
    let (own_old, own_new) = (before.roles.key(), after.roles.key());
    let key = if newer_key.len() == own_new.len() {
        newer_key
    } else {
        // Other names for what may be the same values; keys of other lengths match nothing.
        let kind = |facts: &Facts, name: &str| {
            let field = facts.fields.iter().find(|field| &*field.name == name);
            field.map(|field| field.kind)
        };
        own_old
            .iter()
            .zip(own_new)
            .filter(|_| own_old.len() == own_new.len())
            .filter_map(|(a, b)| {
                Some(KeyPart {
                    before: a.as_str().into(),
                    after: b.as_str().into(),
                    kind: kind(before.facts, a)?.join(kind(after.facts, b)?),
                })
            })
            .collect()
    };
    let images = before.format == Format::Images && after.format == Format::Images;
    let pairing = match (images, own_new.is_empty()) {
        (true, _) => Pairing::Image,
        (false, false) => Pairing::Key,
        (false, true) => Pairing::Content,
    };
    if pairing != Pairing::Content {
        let in_key = |name: &str| key.iter().any(|part: &KeyPart| *part.after == *name);
        common
            .iter_mut()
            .for_each(|field| field.key = in_key(&field.after));
    }
    Reading::new(common, key, pairing)
}

fn matched(
    dataset: &str,
    before: Version<'_>,
    after: Version<'_>,
    reading: &Reading,
) -> Result<Matched, Error> {
    let facts = (before.facts, after.facts);
    let same_key = reading
        .key
        .iter()
        .map(|part| &*part.before)
        .eq(before.roles.key());
    let once = |count: u64| facts.0.records > 0 && count == 0;
    let records_once = facts.0.duplicate_records == 0 && facts.1.duplicate_records == 0;
    let keys_once = match reading.pairing {
        Pairing::Content => Some(records_once),
        Pairing::Key | Pairing::Image if !same_key || reading.key.is_empty() => None,
        Pairing::Key | Pairing::Image => Some(
            records_once
                && facts.0.duplicate_keys.is_some_and(|n| once(n) || n == 0)
                && facts.1.duplicate_keys == Some(0),
        ),
    };
    let no_null_keys = facts.0.null_keys == 0 && facts.1.null_keys == 0;
    let how = How {
        skip: before.roles.key() == after.roles.key(),
        local: keys_once.is_some(),
        unique: reading.pairing == Pairing::Key && keys_once == Some(true) && no_null_keys,
        track: keys_once != Some(false),
    };
    let mut found = Candidates::collect(before.records, after.records, reading, how)?;
    self_check(dataset, before, after, &found)?;
    let (mut a, mut b) = (
        std::mem::take(&mut found.before),
        std::mem::take(&mut found.after),
    );
    matching::sort(&mut a);
    matching::sort(&mut b);
    let keys_once = keys_once.unwrap_or_else(|| keys_stand_once(&a) && keys_stand_once(&b));
    let mut kept = Vec::new();
    matching::cancel_whole(&mut a, &mut b, &mut kept);
    if found.partial {
        for (side, version, prints) in
            [(Side::Before, before, &mut a), (Side::After, after, &mut b)]
        {
            if version.facts.duplicate_records > 0 && !prints.is_empty() {
                let mut copies =
                    candidates::copies(version.records, reading, side, prints.as_slice())?;
                matching::take_last_copies(prints, &mut copies);
            }
        }
    }
    let mut read = |side: Side, ordinals: &[u64]| {
        let records = match side {
            Side::Before => before.records,
            Side::After => after.records,
        };
        let fetched = Fetched::read(records, ordinals)?;
        let views = fetched.views(reading, side);
        Ok((0..ordinals.len())
            .map(|at| {
                let (view, record) = views.get(at);
                view.spelling(record)
            })
            .collect())
    };
    let respelled = found.respelled + matching::cancel_equal(&mut a, &mut b, &mut kept, &mut read)?;
    let mut modified = Vec::new();
    if reading.pairing == Pairing::Image {
        let image = after.roles.fields(Role::Image).first();
        modified = super::images::pair_by_image(&mut a, &mut b, reading, image, before, after)?;
    }
    modified.extend(matching::pair_by_key(&mut a, &mut b, &mut read)?);
    if reading.pairing == Pairing::Content {
        modified.extend(pair_alike(
            &mut a, &mut b, reading, before, after, &mut read,
        )?);
    }
    modified.sort_unstable_by_key(|&(_, after)| after);
    let places = |prints: Vec<Print>| {
        let mut places: Vec<u64> = prints.into_iter().map(|p| p.ordinal).collect();
        places.sort_unstable();
        places
    };
    let (removed, added) = (places(a), places(b));
    let moved = keys_once.then(|| {
        found.keep(kept);
        found.keep(modified.clone());
        moved::moved(std::mem::take(&mut found.runs))
    });
    Ok(Matched {
        modified,
        removed,
        added,
        respelled,
        moved,
    })
}

/// Checks that what was skipped is equal on both sides: what was parsed must account for the
/// whole difference of the two digests, and of the two counts.
fn self_check(
    dataset: &str,
    before: Version<'_>,
    after: Version<'_>,
    found: &Candidates,
) -> Result<(), Error> {
    let failed = |what| {
        Err(Error::SelfCheck {
            dataset: dataset.to_owned(),
            what,
        })
    };
    let (a, b) = (before.facts, after.facts);
    if a.records.checked_sub(found.parsed.0) != b.records.checked_sub(found.parsed.1) {
        return failed("records");
    }
    let rest_a = Sum::from_bytes(&a.digest).minus(found.sums.0);
    let rest_b = Sum::from_bytes(&b.digest).minus(found.sums.1);
    if rest_a != rest_b {
        return failed("records digest");
    }
    Ok(())
}

fn keys_stand_once(prints: &[Print]) -> bool {
    let mut keys: Vec<u128> = prints
        .iter()
        .map(|p| p.key)
        .filter(|&key| key != 0)
        .collect();
    keys.sort_unstable();
    keys.windows(2).all(|pair| pair[0] != pair[1])
}

fn pair_alike(
    a: &mut Vec<Print>,
    b: &mut Vec<Print>,
    reading: &Reading,
    before: Version<'_>,
    after: Version<'_>,
    read: &mut matching::ReadBack<'_>,
) -> Result<Vec<(u64, u64)>, Error> {
    if a.is_empty() || b.is_empty() {
        return Ok(Vec::new());
    }
    let mut sides = Vec::new();
    for (side, version, prints) in [
        (Side::Before, before, &mut *a),
        (Side::After, after, &mut *b),
    ] {
        let ordinals: Vec<u64> = prints.iter().map(|p| p.ordinal).collect();
        let mut order: Vec<(super::reading::Spelling, Print)> = read(side, &ordinals)?
            .into_iter()
            .zip(prints.iter().copied())
            .collect();
        order.sort_by(|x, y| (&x.0, x.1.ordinal).cmp(&(&y.0, y.1.ordinal)));
        *prints = order.into_iter().map(|(_, print)| print).collect();
        let ordinals: Vec<u64> = prints.iter().map(|p| p.ordinal).collect();
        let fetched = Fetched::read(version.records, &ordinals)?;
        let views = fetched.views(reading, side);
        let values: Vec<likeness::Values> = (0..ordinals.len())
            .map(|at| {
                let (view, record) = views.get(at);
                view.value_hashes(record)
            })
            .collect();
        sides.push(values);
    }
    let pairs = likeness::pair_alike(&sides[0], &sides[1]);
    let places = pairs
        .iter()
        .map(|&(x, y)| (a[x as usize].ordinal, b[y as usize].ordinal))
        .collect();
    let (in_a, in_b): (BTreeSet<u32>, BTreeSet<u32>) = pairs.into_iter().unzip();
    for (prints, taken) in [(a, in_a), (b, in_b)] {
        let mut at = 0;
        prints.retain(|_| {
            at += 1;
            !taken.contains(&(at - 1))
        });
    }
    Ok(places)
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

fn problems(dataset: &str, version: Version<'_>, sink: &mut dyn EventSink) -> Result<(), Error> {
    let facts = version.facts;
    let Some(part) = version.records.parts().first() else {
        return Ok(());
    };
    let mut problems = facts.problems.clone();
    problems.insert(
        "duplicate_key".to_owned(),
        facts.duplicate_keys.unwrap_or(0),
    );
    if !version.roles.key().is_empty() {
        problems.insert("null_key".to_owned(), facts.null_keys);
    }
    for (problem, count) in problems.into_iter().filter(|(_, count)| *count > 0) {
        sink.event(Event::Problem(ProblemEvent {
            dataset: dataset.to_owned(),
            path: part.path.clone(),
            problem,
            count,
            record: None,
            line: None,
        }))?;
    }
    Ok(())
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

fn summary(
    dataset: &str,
    records: RecordCounts,
    transitions: Vec<TransitionCount>,
    step: &'static str,
) -> SummaryEvent {
    SummaryEvent {
        dataset: dataset.to_owned(),
        records,
        transitions,
        step,
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
        guideline: None,
        rows: false,
    }
}
