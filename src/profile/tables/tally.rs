//! Tallies: how many duplicates and conflicts the rows of a table show.
//!
//! Each number is a sum over groups, so a change of some groups changes it by those alone.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rayon::prelude::*;

use super::base::Writer;
use super::collect::{Collected, PARTITIONS};
use super::kept::{Place, Tables};
use super::{Collector, Grouping, Kind, Row, SPLIT_BITS, group};

/// Counts of records that stand in one group with others.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
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
    /// Records of one split whose content or group is in another, pair by pair; `None` without
    /// splits or with more than 16 of them.
    pub leakage: Option<Vec<Leakage>>,
    /// Records beyond the first of each value of a field that is declared unique.
    pub unique: Vec<(String, u64)>,
    /// The agreement of ratings of one item; `None` without items or with too many classes.
    pub ratings: Option<Ratings>,
}

/// Records of one split that have something of another.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Leakage {
    /// The field: that of the splits where content is shared, that of the group where groups are.
    pub field: String,
    /// The split of the records.
    pub split: String,
    /// The split that has their content or group, too.
    pub from: String,
    /// How many records.
    pub records: u64,
}

/// Sums over items from which agreement is computed: see [`crate::object::RatingState`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ratings {
    /// The field of the ratings.
    pub field: String,
    /// The classes in order.
    pub classes: Vec<String>,
    /// m, two classes by their places, and the sum.
    pub sums: Vec<(u32, u16, u16, u64)>,
}

/// What the groups of some rows add to the counts.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Tally {
    key: u64,
    record: u64,
    content: u64,
    with_content: u64,
    conflicts: u64,
    /// Counts of which there are many or none; no zeros.
    pairs: BTreeMap<Pair, u64>,
}

/// What a count is about: the table by its number; the number of ratings of an item, 0 elsewhere;
/// two splits or two classes by their numbers.
pub(super) type Pair = (u8, u32, u16, u16);

impl Tally {
    pub(super) fn plus(mut self, other: Self) -> Self {
        for (pair, count) in other.pairs {
            *self.pairs.entry(pair).or_insert(0) += count;
        }
        Self {
            pairs: self.pairs,
            key: self.key + other.key,
            record: self.record + other.record,
            content: self.content + other.content,
            with_content: self.with_content + other.with_content,
            conflicts: self.conflicts + other.conflicts,
        }
    }

    /// Takes a tally away; `None` where it is no part of this one.
    pub(super) fn minus(mut self, other: Self) -> Option<Self> {
        for (pair, count) in other.pairs {
            let mine = self.pairs.get_mut(&pair)?;
            *mine = mine.checked_sub(count)?;
            if *mine == 0 {
                self.pairs.remove(&pair);
            }
        }
        Some(Self {
            pairs: self.pairs,
            key: self.key.checked_sub(other.key)?,
            record: self.record.checked_sub(other.record)?,
            content: self.content.checked_sub(other.content)?,
            with_content: self.with_content.checked_sub(other.with_content)?,
            conflicts: self.conflicts.checked_sub(other.conflicts)?,
        })
    }

    /// Returns the counts that there always are, in one order.
    pub(super) fn numbers(&self) -> [u64; 5] {
        [
            self.key,
            self.record,
            self.content,
            self.with_content,
            self.conflicts,
        ]
    }

    /// Returns the other counts.
    pub(super) fn pairs(&self) -> &BTreeMap<Pair, u64> {
        &self.pairs
    }

    /// Returns the tally of these counts.
    pub(super) fn of_numbers(
        [key, record, content, with_content, conflicts]: [u64; 5],
        pairs: BTreeMap<Pair, u64>,
    ) -> Self {
        Self {
            pairs,
            key,
            record,
            content,
            with_content,
            conflicts,
        }
    }

    /// Tallies the sorted rows of whole groups of a table.
    pub(super) fn of(table: usize, kind: Kind, rows: &[Row]) -> Self {
        let mut tally = Self::default();
        let mut add = |pair: (u32, u16, u16), count: u64| {
            if count > 0 {
                let pair = (table as u8, pair.0, pair.1, pair.2); // there are few tables
                *tally.pairs.entry(pair).or_insert(0) += count;
            }
        };
        let groups = || rows.chunk_by(|a, b| group(a) == group(b));
        match kind {
            Kind::Key => return Self::by_key(rows),
            Kind::Content => {
                // Records of one split alone leak nothing.
                groups().for_each(|run| leaks(run, &mut add));
                let pairs = tally.pairs;
                return Self {
                    pairs,
                    ..Self::by_content(rows)
                };
            }
            Kind::Group => groups().for_each(|run| leaks(run, &mut add)),
            Kind::Item => groups().for_each(|run| rate(run, &mut add)),
            Kind::Unique(_) => groups().for_each(|run| add((0, 0, 0), run.len() as u64 - 1)),
        }
        tally
    }

    /// Returns what this tells; `fields` are the fields of the schema.
    pub(super) fn duplicates(self, grouping: &Grouping, fields: &[Arc<str>]) -> Duplicates {
        let content = grouping.has_content(fields);
        let mut duplicates = Duplicates {
            key: grouping.has_key().then_some(self.key),
            record: self.record,
            content: content.then_some(self.content),
            with_content: self.with_content,
            label_conflicts: (content && grouping.has_labels()).then_some(self.conflicts),
            ..Duplicates::default()
        };
        grouping.tell(&self.pairs, &mut duplicates);
        duplicates
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
            let label = |row: &Row| row[2] >> SPLIT_BITS;
            let first = run.iter().map(label).find(|label| *label != 0);
            let differs = |row: &Row| label(row) != 0 && Some(label(row)) != first;
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

/// Adds, for each pair of splits that a group has records in, the records of the first.
fn leaks(run: &[Row], add: &mut impl FnMut((u32, u16, u16), u64)) {
    let split = |row: &Row| (row[2] & ((1 << SPLIT_BITS) - 1)) as u16;
    let Some(first) = run.first().map(split) else {
        return;
    };
    if run.iter().all(|row| split(row) == first) {
        return;
    }
    let mut records: BTreeMap<u16, u64> = BTreeMap::new();
    for split in run.iter().map(split).filter(|split| *split != 0) {
        *records.entry(split).or_insert(0) += 1;
    }
    for (split, count) in &records {
        for from in records.keys().filter(|from| *from != split) {
            add((0, *split, *from), *count);
        }
    }
}

/// Adds what the ratings of one item add to the sums of agreement.
fn rate(run: &[Row], add: &mut impl FnMut((u32, u16, u16), u64)) {
    let mut counts: BTreeMap<u16, u64> = BTreeMap::new();
    for row in run {
        *counts.entry(row[2] as u16).or_insert(0) += 1;
    }
    let ratings = u32::try_from(run.len()).unwrap_or(u32::MAX);
    for (&k, &count) in &counts {
        if ratings == 1 {
            add((1, k, k), count);
            continue;
        }
        add((ratings, k, k), count * (count - 1));
        for (&l, &other) in counts.range(k + 1..) {
            add((ratings, k, l), count * other);
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
    let writer = place.and_then(|place| Writer::create(place.temporary, &grouping).ok());
    let whole = AtomicBool::new(writer.is_some());
    let partitions = (0..PARTITIONS).into_par_iter().map(|partition| {
        let mut tally = Tally::default();
        for (table, kind) in grouping.kinds().iter().enumerate() {
            let rows = Collected::of(&collectors, table, partition).sorted();
            tally = tally.plus(Tally::of(table, *kind, &rows));
            if let Some(writer) = &writer
                && writer.put(table, partition, &rows).is_err()
            {
                whole.store(false, Ordering::Relaxed);
            }
        }
        tally
    });
    let tally = partitions.reduce(Tally::default, Tally::plus);
    let duplicates = tally.clone().duplicates(&grouping, fields);
    let kept = match (writer, place) {
        (Some(writer), Some(place)) if whole.into_inner() => writer.finish(place.dir).ok(),
        _ => None,
    };
    (duplicates, kept.map(|base| Tables::new(base, tally)))
}
