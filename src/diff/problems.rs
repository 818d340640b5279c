//! Problems of the newer side: how many records have each, and where the first one stands.
//!
//! Counts are facts of the whole table. A place is looked for only where there is more of a problem
//! than before, and among the first records, so that it never costs more than a glance; it depends
//! on the records alone, not on how they were cut.

use std::collections::BTreeMap;

use rustc_hash::FxHashSet;

use crate::profile::Facts;
use crate::record::{Batch, Format, Roles};

use super::error::Error;
use super::event::{Event, EventSink, ProblemEvent};
use super::reading::{Reading, Side, View};
use super::records::{Rows, expect_records};
use super::version::Version;

/// The places of problems are looked for among this many records.
const LOOKED_AT: u64 = 1 << 20;

const DUPLICATE_KEY: &str = "duplicate_key";
const NULL_KEY: &str = "null_key";

/// Where a record stands.
#[derive(Clone, Copy)]
struct Place {
    part: usize,
    /// Within the file, counted from 1.
    record: u64,
    /// Within the file, counted from 1.
    line: u64,
}

/// Tells of the problems of a version; `reading` reads it, as the newer side.
pub(super) fn tell(
    dataset: &str,
    before: Option<Version<'_>>,
    version: Version<'_>,
    reading: &Reading,
    locates: bool,
    sink: &mut dyn EventSink,
) -> Result<(), Error> {
    let problems = counts(version.facts, version.roles);
    let Some(first) = version.records.parts().first() else {
        return Ok(());
    };
    let known = before.map(|before| counts(before.facts, before.roles));
    let known = known.unwrap_or_default();
    let mut wanted = problems.clone();
    wanted.retain(|name, count| locates && *count > known.get(name).copied().unwrap_or(0));
    let places = if version.format == Format::Images {
        BTreeMap::new()
    } else {
        locate(version, reading, wanted.into_keys().collect())?
    };
    for (problem, count) in problems {
        let place = places.get(&problem);
        let path = match place {
            Some(place) => &version.records.parts()[place.part].path,
            None => &first.path,
        };
        sink.event(Event::Problem(ProblemEvent {
            dataset: dataset.to_owned(),
            path: path.clone(),
            problem,
            count,
            record: place.map(|place| place.record),
            line: place.map(|place| place.line),
        }))?;
    }
    Ok(())
}

/// Returns how many records have each problem that any has.
pub(super) fn counts(facts: &Facts, roles: &Roles) -> BTreeMap<String, u64> {
    let mut problems = facts.problems.clone();
    problems.insert(DUPLICATE_KEY.to_owned(), facts.duplicate_keys.unwrap_or(0));
    if !roles.key().is_empty() {
        problems.insert(NULL_KEY.to_owned(), facts.null_keys);
    }
    problems.retain(|_, count| *count > 0);
    problems
}

/// Finds the first record with each of these problems.
fn locate(
    version: Version<'_>,
    reading: &Reading,
    mut wanted: Vec<String>,
) -> Result<BTreeMap<String, Place>, Error> {
    let mut found = BTreeMap::new();
    let mut keys = FxHashSet::default();
    let mut batch = Batch::default();
    let mut buffer = Vec::new();
    let mut part_start = (usize::MAX, 0);
    for unit in version.records.units() {
        if wanted.is_empty() || unit.first >= LOOKED_AT {
            break;
        }
        if part_start.0 != unit.part {
            part_start = (unit.part, unit.first);
        }
        let rows = Rows::read(version.records, std::slice::from_ref(unit))?;
        version.records.parse(unit.part, &rows.bytes, &mut batch);
        expect_records(version.records, unit.first, rows.ranges.len(), batch.len())?;
        let view = View::new(reading, Side::After, &batch);
        for (at, record) in batch.records().enumerate() {
            let ordinal = unit.first + at as u64;
            if ordinal >= LOOKED_AT {
                break;
            }
            let key = match reading.key.is_empty() {
                true => None,
                false => Some(view.key(record, &mut buffer)),
            };
            let repeated = key.flatten().is_some_and(|key| !keys.insert(key));
            wanted.retain(|problem| {
                let has = match problem.as_str() {
                    DUPLICATE_KEY => repeated,
                    NULL_KEY => key == Some(None),
                    parsing => record.problem().is_some_and(|p| p.name() == parsing),
                };
                if has {
                    let place = Place {
                        part: unit.part,
                        record: ordinal - part_start.1 + 1,
                        line: unit.first_line + line_feeds(&rows.bytes[..rows.ranges[at].start]),
                    };
                    found.insert(problem.clone(), place);
                }
                !has
            });
        }
    }
    Ok(found)
}

fn line_feeds(bytes: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', bytes).count() as u64
}
