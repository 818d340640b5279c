//! Tallies: how many duplicates and conflicts the rows of a table show.
//!
//! Each number is a sum over groups, so a change of some groups changes it by those alone.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rayon::prelude::*;

use super::base::{TABLES, Writer};
use super::collect::{Collected, PARTITIONS};
use super::kept::{Place, Tables};
use super::{Collector, Grouping, Row, group};

/// Counts of records that stand in one group with others.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Duplicates {
    /// Records beyond the first of each key; `None` where there is no key.
    pub key: Option<u64>,
    /// Records beyond the first of each group that is equal in all fields.
    pub record: u64,
    /// Records beyond the first of each content; `None` where no field is content.
    pub content: Option<u64>,
    /// Records that have content.
    pub with_content: u64,
    /// Records in groups of equal content (item and annotator too) with more than one label;
    /// `None` without content or label fields.
    pub label_conflicts: Option<u64>,
}

/// What the groups of some rows add to the counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Tally {
    key: u64,
    record: u64,
    content: u64,
    with_content: u64,
    conflicts: u64,
}

impl Tally {
    pub(super) fn plus(self, other: Self) -> Self {
        Self {
            key: self.key + other.key,
            record: self.record + other.record,
            content: self.content + other.content,
            with_content: self.with_content + other.with_content,
            conflicts: self.conflicts + other.conflicts,
        }
    }

    /// Takes a tally away; `None` where it is no part of this one.
    pub(super) fn minus(self, other: Self) -> Option<Self> {
        Some(Self {
            key: self.key.checked_sub(other.key)?,
            record: self.record.checked_sub(other.record)?,
            content: self.content.checked_sub(other.content)?,
            with_content: self.with_content.checked_sub(other.with_content)?,
            conflicts: self.conflicts.checked_sub(other.conflicts)?,
        })
    }

    /// Returns the numbers in one order.
    pub(super) fn numbers(self) -> [u64; 5] {
        [
            self.key,
            self.record,
            self.content,
            self.with_content,
            self.conflicts,
        ]
    }

    /// Returns the tally of these numbers.
    pub(super) fn of_numbers([key, record, content, with_content, conflicts]: [u64; 5]) -> Self {
        Self {
            key,
            record,
            content,
            with_content,
            conflicts,
        }
    }

    /// Tallies the sorted rows of whole groups of the table by key (0) or by content (1).
    pub(super) fn of(table: usize, rows: &[Row]) -> Self {
        match table {
            0 => Self::by_key(rows),
            _ => Self::by_content(rows),
        }
    }

    /// Returns what this tells; `fields` are the fields of the schema.
    pub(super) fn duplicates(self, grouping: &Grouping, fields: &[Arc<str>]) -> Duplicates {
        let content = grouping.has_content(fields);
        Duplicates {
            key: grouping.has_key().then_some(self.key),
            record: self.record,
            content: content.then_some(self.content),
            with_content: self.with_content,
            label_conflicts: (content && grouping.has_labels()).then_some(self.conflicts),
        }
    }

    /// Tallies the sorted rows of whole groups of the table by key.
    pub(super) fn by_key(rows: &[Row]) -> Self {
        let beyond = |runs: &mut dyn Iterator<Item = usize>| runs.map(|n| n as u64 - 1).sum();
        Self {
            key: beyond(
                &mut rows
                    .chunk_by(|a, b| group(a) == group(b) && a[1] == b[1])
                    .filter(|run| run[0][1] & 1 == 0) // null keys are no duplicates
                    .map(<[Row]>::len),
            ),
            record: beyond(&mut rows.chunk_by(|a, b| a == b).map(<[Row]>::len)),
            ..Self::default()
        }
    }

    /// Tallies the sorted rows of whole groups of the table by content.
    pub(super) fn by_content(rows: &[Row]) -> Self {
        let groups = rows.chunk_by(|a, b| group(a) == group(b));
        let conflicting = |run: &&[Row]| {
            let first = run.iter().map(|row| row[2]).find(|label| *label != 0);
            let differs = |row: &Row| row[2] != 0 && Some(row[2]) != first;
            run.iter().any(differs)
        };
        Self {
            content: groups.map(|run| run.len() as u64 - 1).sum(),
            with_content: rows.len() as u64,
            conflicts: rows
                .chunk_by(|a, b| a[..2] == b[..2])
                .filter(conflicting)
                .map(|run| run.len() as u64)
                .sum(),
            ..Self::default()
        }
    }
}

/// Counts the duplicates among the rows of all collectors, which share one grouping; `fields` are
/// the fields of the schema.
#[cfg(test)]
pub fn count(collectors: Vec<Collector<'_>>, fields: &[Arc<str>]) -> Duplicates {
    count_and_keep(collectors, fields, None).0
}

/// Counts the same, and keeps the tables where there is a place for them and they are large.
pub fn count_and_keep(
    collectors: Vec<Collector<'_>>,
    fields: &[Arc<str>],
    place: Option<Place<'_>>,
) -> (Duplicates, Option<Tables>) {
    let Some(grouping) = collectors.first().map(|first| first.grouping().clone()) else {
        return (Duplicates::default(), None);
    };
    let rows: u64 = collectors.iter().map(Collector::rows).sum();
    let place = place.filter(|place| rows >= place.least);
    let writer = place.and_then(|place| Writer::create(place.temporary, grouping.print()).ok());
    let whole = AtomicBool::new(writer.is_some());
    let partitions = (0..PARTITIONS).into_par_iter().map(|partition| {
        let mut tally = Tally::default();
        for table in 0..TABLES {
            let rows = Collected::of(&collectors, table, partition).sorted();
            tally = tally.plus(Tally::of(table, &rows));
            if let Some(writer) = &writer
                && writer.put(table, partition, &rows).is_err()
            {
                whole.store(false, Ordering::Relaxed);
            }
        }
        tally
    });
    let tally = partitions.reduce(Tally::default, Tally::plus);
    let kept = match (writer, place) {
        (Some(writer), Some(place)) if whole.into_inner() => writer.finish(place.dir).ok(),
        _ => None,
    };
    (
        tally.duplicates(&grouping, fields),
        kept.map(|base| Tables::new(base, tally)),
    )
}
