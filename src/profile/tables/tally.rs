//! Tallies: how many duplicates and conflicts the rows of a table show.
//!
//! Each number is a sum over groups, so a change of some groups changes it by those alone.

use std::sync::{Arc, Mutex};

use rayon::prelude::*;

use super::collect::PARTITIONS;
use super::{Collector, Row, group};

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
    fn plus(self, other: Self) -> Self {
        Self {
            key: self.key + other.key,
            record: self.record + other.record,
            content: self.content + other.content,
            with_content: self.with_content + other.with_content,
            conflicts: self.conflicts + other.conflicts,
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
pub fn count(collectors: Vec<Collector<'_>>, fields: &[Arc<str>]) -> Duplicates {
    let Some(grouping) = collectors.first().map(|first| first.grouping().clone()) else {
        return Duplicates::default();
    };
    let content = grouping.has_content(fields);
    let collectors = Mutex::new(collectors);
    let partitions = (0..PARTITIONS).into_par_iter().map(|partition| {
        let (mut keys, mut contents) = (Vec::new(), Vec::new());
        if let Ok(mut collectors) = collectors.lock() {
            for collector in collectors.iter_mut() {
                keys.extend(collector.by_key.take(partition));
                contents.extend(collector.by_content.take(partition));
            }
        }
        Tally::by_key(&sorted(keys)).plus(Tally::by_content(&sorted(contents)))
    });
    let tally = partitions.reduce(Tally::default, Tally::plus);
    Duplicates {
        key: grouping.has_key().then_some(tally.key),
        record: tally.record,
        content: content.then_some(tally.content),
        with_content: tally.with_content,
        label_conflicts: (content && grouping.has_labels()).then_some(tally.conflicts),
    }
}

fn sorted(blocks: Vec<Vec<Row>>) -> Vec<Row> {
    let mut rows = blocks.concat();
    // Few rows share their first word; comparing that alone is twice as fast.
    rows.sort_unstable_by_key(|row| row[0]);
    for run in rows.chunk_by_mut(|a, b| a[0] == b[0]) {
        if run.len() > 1 {
            run.sort_unstable();
        }
    }
    rows
}
