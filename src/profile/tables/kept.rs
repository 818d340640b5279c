//! Kept tables: a base in a file, and the signed rows by which a version differs from it.
//!
//! Invariant: what they tell is bit for bit what counting all rows would tell. A change looks at
//! the groups that it touches alone; where anything is not as it should be, the tables are
//! unusable and counted anew.

use std::collections::BTreeMap;
use std::path::Path;

use rayon::prelude::*;

use crate::base::varint::{self, Malformed, Reader};

use super::base::{Base, Unusable, Writer};
use super::collect::{Collected, PARTITIONS};
use super::partition::Partition;
use super::signed::{self, Signed};
use super::tally::Tally;
use super::{Collector, Duplicates, Grouping, Kind};

/// A base is written anew when the signed rows take more than this share of its bytes.
const LARGEST_SHARE: u64 = 8;

/// Where tables are kept.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The directory of the bases.
    pub dir: &'a Path,
    /// A path for a file that is being written.
    pub temporary: &'a Path,
    /// Tables of fewer rows are not kept: counting them is fast.
    pub least: u64,
}

/// The tables of one version of a data set.
#[derive(Clone, Debug)]
pub struct Tables {
    base: Base,
    /// Table by table.
    signed: Vec<Vec<Signed>>,
    tally: Tally,
}

impl Tables {
    pub(super) fn new(base: Base, tally: Tally) -> Self {
        let signed = vec![Vec::new(); base.tables()];
        Self {
            base,
            signed,
            tally,
        }
    }

    /// Returns whether the rows were made by this grouping.
    pub fn fit(&self, grouping: &Grouping) -> bool {
        self.base.grouping() == grouping.print()
    }

    /// Returns the name of the base.
    pub fn base(&self) -> u128 {
        self.base.name()
    }

    /// Applies what came and what went, both collected by the grouping of these tables.
    pub fn apply(
        mut self,
        came: &[Collector<'_>],
        went: &[Collector<'_>],
        place: Place<'_>,
    ) -> Result<Self, Unusable> {
        let kinds = match came.iter().chain(went).next() {
            Some(collector) => collector.grouping().kinds(),
            None => return Ok(self),
        };
        if kinds.len() != self.base.tables() {
            return Err(Unusable);
        }
        let parts = (0..kinds.len() * PARTITIONS).into_par_iter().map(|at| {
            let (table, partition) = (at / PARTITIONS, at % PARTITIONS);
            let rows = |side: &[Collector<'_>]| Collected::of(side, table, partition).sorted();
            let change = signed::difference(rows(came), rows(went));
            self.change((table, kinds[table]), partition, &change)
        });
        let parts: Vec<(Vec<Signed>, Tally, Tally)> = parts.collect::<Result<_, _>>()?;
        let mut signed = vec![Vec::new(); kinds.len()];
        let mut tally = self.tally;
        for (at, (rows, before, after)) in parts.into_iter().enumerate() {
            signed[at / PARTITIONS].extend(rows);
            tally = tally.plus(after).minus(before).ok_or(Unusable)?;
        }
        self.signed = signed;
        self.tally = tally;
        let bytes = 24 * self.signed.iter().map(Vec::len).sum::<usize>() as u64;
        if bytes > self.base.bytes() / LARGEST_SHARE + (1 << 16) {
            return self.rewritten(place);
        }
        Ok(self)
    }

    /// Changes a partition: returns its signed rows, and the tallies of the touched groups before
    /// and after.
    fn change(
        &self,
        (table, kind): (usize, Kind),
        partition: usize,
        change: &[Signed],
    ) -> Result<(Vec<Signed>, Tally, Tally), Unusable> {
        let old = signed::of_partition(&self.signed[table], partition);
        let (mut before, mut after) = (Tally::default(), Tally::default());
        if change.is_empty() {
            return Ok((old.to_vec(), before, after));
        }
        let bytes = self.base.partition(table, partition)?;
        let base = Partition::open(partition as u8, &bytes).map_err(|_| Unusable)?;
        let mut groups = base.groups();
        for touched in change.chunk_by(|a, b| super::group(&a.0) == super::group(&b.0)) {
            let row = &touched[0].0;
            let there = groups.rows_of(row).ok_or(Unusable)?;
            let since = signed::of_group(old, row);
            let there = signed::applied(&there, since).ok_or(Unusable)?;
            let then = signed::applied(&there, touched).ok_or(Unusable)?;
            before = before.plus(Tally::of(table, kind, &there));
            after = after.plus(Tally::of(table, kind, &then));
        }
        Ok((signed::merged(old, change), before, after))
    }

    /// Writes a new base of what is there now.
    fn rewritten(self, place: Place<'_>) -> Result<Self, Unusable> {
        let tables = self.base.tables();
        let writer = Writer::of_tables(place.temporary, self.base.grouping(), tables)?;
        (0..tables * PARTITIONS)
            .into_par_iter()
            .try_for_each(|at| {
                let (table, partition) = (at / PARTITIONS, at % PARTITIONS);
                let base = self.base.rows(table, partition)?;
                let since = signed::of_partition(&self.signed[table], partition);
                let rows = signed::applied(&base, since).ok_or(Unusable)?;
                writer.put(table, partition, &rows)
            })?;
        Ok(Self::new(writer.finish(place.dir)?, self.tally))
    }

    /// Returns what the tables tell; `fields` are the fields of the schema.
    pub fn duplicates(&self, grouping: &Grouping, fields: &[std::sync::Arc<str>]) -> Duplicates {
        self.tally.clone().duplicates(grouping, fields)
    }

    /// Returns all but the base as bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = self.base.name().to_le_bytes().to_vec();
        for number in self.tally.numbers() {
            out.extend_from_slice(&number.to_le_bytes());
        }
        varint::write(&mut out, self.tally.pairs().len() as u64);
        for ((table, m, a, b), count) in self.tally.pairs() {
            let numbers = [
                u64::from(*table),
                u64::from(*m),
                u64::from(*a),
                u64::from(*b),
            ];
            numbers
                .iter()
                .for_each(|number| varint::write(&mut out, *number));
            varint::write(&mut out, *count);
        }
        for rows in &self.signed {
            signed::encode(rows, &mut out);
        }
        out
    }

    /// Reads tables that [`Tables::encode`] wrote, with a base in this directory.
    pub fn decode(bytes: &[u8], dir: &Path) -> Result<Self, Unusable> {
        let mut reader = Reader::new(bytes);
        let name = reader.array("a name").map_err(|_| Unusable)?;
        let base = Base::open(dir, u128::from_le_bytes(name))?;
        let tally = decode_tally(&mut reader).map_err(|_| Unusable)?;
        let mut signed = Vec::with_capacity(base.tables());
        for _ in 0..base.tables() {
            signed.push(signed::decode(&mut reader).map_err(|_| Unusable)?);
        }
        match reader.is_empty() {
            true => Ok(Self {
                base,
                signed,
                tally,
            }),
            false => Err(Unusable),
        }
    }
}

fn decode_tally(reader: &mut Reader<'_>) -> Result<Tally, Malformed> {
    let mut numbers = [0; 5];
    for number in &mut numbers {
        *number = u64::from_le_bytes(reader.array("a number")?);
    }
    let mut pairs = BTreeMap::new();
    for _ in 0..reader.varint()? {
        let table = reader.bounded(u64::from(u8::MAX), "a table")? as u8;
        let ratings = reader.bounded(u64::from(u32::MAX), "a count of ratings")? as u32;
        let first = reader.bounded(u64::from(u16::MAX), "a class")? as u16;
        let second = reader.bounded(u64::from(u16::MAX), "a class")? as u16;
        pairs.insert((table, ratings, first, second), reader.varint()?);
    }
    Ok(Tally::of_numbers(numbers, pairs))
}
