//! The records of one version of a data set, as the engine reads them: runs of whole records that
//! can be compared by id, read, and parsed in part.

use std::ops::Range;
use std::sync::Arc;

use rayon::prelude::*;

use crate::base::{ObjectId, RepoPath};
use crate::record::{Batch, RecordRef};

use super::error::Error;
use super::reading::{Reading, Side, View};
use super::trimmed::{Differences, Lines};

/// A run of whole records.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct UnitRef {
    /// The BLAKE3 of its bytes.
    pub(crate) id: ObjectId,
    /// The file it belongs to.
    pub(crate) part: usize,
    /// Its place in that file.
    pub(crate) unit: usize,
    /// The place of its first record in the data set, counted from 0.
    pub(crate) first: u64,
    /// How many records it holds.
    pub(crate) records: u64,
    /// The line of its file on which it begins, counted from 1.
    pub(crate) first_line: u64,
    /// How many bytes it has.
    pub(crate) bytes: u64,
}

/// A file of a data set.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct PartRef {
    /// Its path.
    pub(crate) path: RepoPath,
    /// Two files whose `reading` is equal give the same records for the same bytes.
    pub(crate) reading: Vec<u8>,
    /// The id of its content.
    pub(crate) content: ObjectId,
}

/// Gives the records of one version. Implemented by tables, and by generated data in tests.
pub(crate) trait Records: Sync {
    /// Returns the files in path order.
    fn parts(&self) -> &[PartRef];

    /// Returns the runs of records, in the order of the records.
    fn units(&self) -> &[UnitRef];

    /// Reads the bytes of a run of records.
    fn bytes(&self, unit: &UnitRef) -> Result<Vec<u8>, Error>;

    /// Returns where the records stand in bytes of a file.
    fn ranges(&self, part: usize, bytes: &[u8], out: &mut Vec<Range<usize>>);

    /// Parses whole records of a file.
    fn parse(&self, part: usize, bytes: &[u8], batch: &mut Batch);

    /// Names the data set in errors.
    fn name(&self) -> &str;

    /// Returns what is remembered of how these records differ from those of the other version,
    /// and which side of it they are.
    fn differences(&self) -> Option<(&Differences, Side)> {
        None
    }

    /// Remembers how these records differ from those of the other version, unless that is known.
    fn remember(&self, _known: &Arc<Differences>, _side: Side) {}
}

/// Fails where a run does not hold the records that it was cut into.
pub(crate) fn expect_records(
    records: &dyn Records,
    first: u64,
    expected: usize,
    found: usize,
) -> Result<(), Error> {
    if expected == found {
        return Ok(());
    }
    Err(Error::LostRecord {
        dataset: records.name().to_owned(),
        ordinal: first + expected.min(found) as u64 + 1,
    })
}

/// The bytes of neighbouring runs, with where each record stands.
pub(crate) struct Rows {
    pub(crate) bytes: Vec<u8>,
    pub(crate) ranges: Vec<Range<usize>>,
    pub(crate) ordinals: Vec<u64>,
}

impl Rows {
    /// Reads runs of one file.
    pub(crate) fn read(records: &dyn Records, units: &[UnitRef]) -> Result<Self, Error> {
        let mut rows = Self {
            bytes: Vec::new(),
            ranges: Vec::new(),
            ordinals: Vec::new(),
        };
        let mut ranges = Vec::new();
        for unit in units {
            let bytes = records.bytes(unit)?;
            ranges.clear();
            records.ranges(unit.part, &bytes, &mut ranges);
            expect_records(records, unit.first, unit.records as usize, ranges.len())?;
            let start = rows.bytes.len();
            rows.bytes.extend_from_slice(&bytes);
            let shifted = ranges.iter().map(|r| r.start + start..r.end + start);
            rows.ranges.extend(shifted);
            rows.ordinals.extend(unit.first..unit.first + unit.records);
        }
        Ok(rows)
    }

    pub(crate) fn record(&self, at: usize) -> &[u8] {
        &self.bytes[self.ranges[at].clone()]
    }
}

/// Records that were read back, in the order in which they were asked for.
pub(crate) struct Fetched {
    batches: Vec<Batch>,
    rows: Vec<(u32, u32)>,
}

impl Fetched {
    /// Reads records back by their places, each run at most once.
    pub(crate) fn read(records: &dyn Records, ordinals: &[u64]) -> Result<Self, Error> {
        let mut wanted: Vec<(u64, u32)> = ordinals.iter().copied().zip(0..).collect();
        wanted.sort_unstable();
        let units = records.units();
        let mut runs: Vec<(usize, Range<usize>)> = Vec::new();
        for (at, (ordinal, _)) in wanted.iter().enumerate() {
            match runs.last_mut() {
                Some((unit, range)) if *ordinal < units[*unit].first + units[*unit].records => {
                    range.end = at + 1;
                }
                _ => {
                    let unit = units.partition_point(|u| u.first + u.records <= *ordinal);
                    if unit == units.len() {
                        let dataset = records.name().to_owned();
                        let ordinal = ordinal + 1;
                        return Err(Error::LostRecord { dataset, ordinal });
                    }
                    runs.push((unit, at..at + 1));
                }
            }
        }
        let read = |(unit, range): &(usize, Range<usize>)| -> Result<(Batch, Vec<u32>), Error> {
            let unit = &units[*unit];
            let asked = wanted[range.clone()].iter().map(|(ordinal, _)| *ordinal);
            let mut chosen: Vec<u64> = asked.clone().collect();
            chosen.dedup();
            let row = |ordinal| chosen.partition_point(|chosen| *chosen < ordinal) as u32;
            let mut batch = Batch::default();
            let known = records.differences();
            let known = known.and_then(|(known, side)| known.lines(side, unit.part, &chosen));
            if known.is_some_and(|lines| lines.parse(records, &mut batch)) {
                return Ok((batch, asked.map(row).collect()));
            }
            let rows = Rows::read(records, std::slice::from_ref(unit))?;
            let places: Vec<usize> = asked.clone().map(|o| (o - unit.first) as usize).collect();
            let mut distinct = places.clone();
            distinct.dedup();
            if Lines::chosen(&rows, unit.part, &distinct).parse(records, &mut batch) {
                return Ok((batch, asked.map(row).collect()));
            }
            records.parse(unit.part, &rows.bytes, &mut batch);
            expect_records(records, unit.first, rows.ranges.len(), batch.len())?;
            Ok((
                batch,
                places.into_iter().map(|place| place as u32).collect(),
            ))
        };
        let found = runs.par_iter().map(read).collect::<Result<Vec<_>, _>>()?;
        let mut rows = vec![(0, 0); ordinals.len()];
        let mut batches = Vec::with_capacity(found.len());
        for ((_, range), (batch, places)) in runs.iter().zip(found) {
            for ((_, asked), row) in wanted[range.clone()].iter().zip(places) {
                rows[*asked as usize] = (batches.len() as u32, row);
            }
            batches.push(batch);
        }
        Ok(Self { batches, rows })
    }

    /// Returns the batches as one side of a reading.
    pub(crate) fn views<'a>(&'a self, reading: &'a Reading, side: Side) -> Views<'a> {
        Views {
            views: self
                .batches
                .iter()
                .map(|batch| View::new(reading, side, batch))
                .collect(),
            rows: &self.rows,
        }
    }
}

/// Records that were read back, as one side of a reading.
pub(crate) struct Views<'a> {
    views: Vec<View<'a>>,
    rows: &'a [(u32, u32)],
}

impl<'a> Views<'a> {
    /// Returns the record that was asked for at a place.
    pub(crate) fn get(&self, at: usize) -> (&View<'a>, RecordRef<'a>) {
        let (batch, row) = self.rows[at];
        let view = &self.views[batch as usize];
        (view, view.batch.record(row as usize))
    }
}
