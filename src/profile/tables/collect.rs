//! Collecting rows: records in, rows out, spread over partitions by the first byte of the group.
//!
//! Invariant: 16 bytes a row of the table by key, 24 of the others, in slabs that the system
//! has back as soon as the collector is gone: what comes after measuring needs the memory.

use crate::base::ObjectId;
use crate::record::Batch;

use super::super::records::hash_records;
use super::grouping::Places;
use super::{Grouping, KeyRow, Kind, Row};

/// How many partitions a table has: sorting one of them fits a processor's cache.
pub(super) const PARTITIONS: usize = 256;
const BLOCK: usize = 256;
/// How many rows the first slab of a table has: small tables are common.
const FIRST_SLAB: usize = 1 << 14;
/// How many rows the others have. Allocators take so much from the system for itself and give it
/// back; what is not written to costs nothing.
const SLAB: usize = 1 << 22;

/// How many rows of a partition wait side by side with those of the others, so that adding one
/// touches memory that is near.
const FRONT: usize = 8;

/// Rows of one partition, one behind the other.
#[derive(Clone, Copy)]
struct Block {
    slab: u32,
    start: u32,
    length: u16,
    size: u16,
}

/// The rows of one table, in blocks.
struct Partitions<T> {
    front: Vec<[T; FRONT]>,
    waiting: [u8; PARTITIONS],
    blocks: Vec<Vec<Block>>,
    slabs: Vec<Vec<T>>,
}

impl<T: Copy + Default> Partitions<T> {
    fn new() -> Self {
        Self {
            front: vec![[T::default(); FRONT]; PARTITIONS],
            waiting: [0; PARTITIONS],
            blocks: vec![Vec::new(); PARTITIONS],
            slabs: Vec::new(),
        }
    }

    #[inline]
    fn push(&mut self, partition: u8, row: T) {
        let at = usize::from(partition);
        let waiting = usize::from(self.waiting[at]) % FRONT;
        self.front[at][waiting] = row;
        self.waiting[at] = waiting as u8 + 1;
        if waiting + 1 == FRONT {
            self.flush(at);
        }
    }

    /// Moves a full front of a partition into its last block.
    fn flush(&mut self, at: usize) {
        self.waiting[at] = 0;
        let last = self.blocks[at].last();
        if last.is_none_or(|block| block.length == block.size) {
            self.open_block(at);
        }
        if let Some(block) = self.blocks[at].last_mut() {
            let start = block.start as usize + usize::from(block.length);
            let slab = &mut self.slabs[block.slab as usize];
            slab[start..start + FRONT].copy_from_slice(&self.front[at]);
            block.length += FRONT as u16;
        }
    }

    fn open_block(&mut self, at: usize) {
        // The first block stays small.
        let size = if self.blocks[at].is_empty() {
            FRONT
        } else {
            BLOCK
        };
        let full = |slab: &Vec<T>| slab.capacity() - slab.len() < size;
        if self.slabs.last().is_none_or(full) {
            let rows = if self.slabs.is_empty() {
                FIRST_SLAB
            } else {
                SLAB
            };
            self.slabs.push(Vec::with_capacity(rows));
        }
        let number = self.slabs.len() - 1;
        let slab = &mut self.slabs[number];
        self.blocks[at].push(Block {
            slab: number as u32,
            start: slab.len() as u32, // a slab has far less than 2^32 rows
            length: 0,
            size: size as u16,
        });
        slab.resize(slab.len() + size, T::default());
    }

    /// Appends the rows of a partition.
    fn append_to(&self, at: usize, rows: &mut Vec<T>) {
        for block in &self.blocks[at] {
            let start = block.start as usize;
            let slab = &self.slabs[block.slab as usize];
            rows.extend_from_slice(&slab[start..start + usize::from(block.length)]);
        }
        rows.extend_from_slice(&self.front[at][..usize::from(self.waiting[at])]);
    }

    fn len_of(&self, at: usize) -> usize {
        let blocks = self.blocks[at].iter();
        let kept: usize = blocks.map(|block| usize::from(block.length)).sum();
        kept + usize::from(self.waiting[at])
    }
}

/// The rows of one partition of a table, as they were collected.
pub(super) enum Collected {
    ByKey(Vec<KeyRow>),
    Others(Vec<Row>),
}

impl Collected {
    /// Copies the rows of a partition of a table: 0 is that by key.
    pub(super) fn of(collectors: &[Collector<'_>], table: usize, partition: usize) -> Self {
        match table.checked_sub(1) {
            None => Self::ByKey(all(collectors.iter().map(|c| &c.by_key), partition)),
            Some(at) => Self::Others(all(
                collectors
                    .iter()
                    .filter_map(|c| c.others.get(at).map(|(_, rows)| rows)),
                partition,
            )),
        }
    }

    /// Returns the rows of a partition of the table by key, in ascending order.
    pub(super) fn keys<'c>(
        collectors: impl Iterator<Item = &'c Collector<'c>> + Clone,
        partition: usize,
    ) -> Vec<KeyRow> {
        let mut rows = all(collectors.map(|c| &c.by_key), partition);
        rows.sort_unstable();
        rows
    }

    /// Returns the rows in ascending order.
    pub(super) fn sorted(self) -> Vec<Row> {
        match self {
            Self::ByKey(mut rows) => {
                rows.sort_unstable();
                rows.into_iter().map(KeyRow::row).collect()
            }
            Self::Others(mut rows) => {
                // Few rows share their first word; comparing that alone is twice as fast.
                rows.sort_unstable_by_key(|row| row[0]);
                for run in rows.chunk_by_mut(|a, b| a[0] == b[0]) {
                    if run.len() > 1 {
                        run.sort_unstable();
                    }
                }
                rows
            }
        }
    }
}

/// Copies the rows of a partition.
fn all<'c, T: Copy + Default + 'c>(
    partitions: impl Iterator<Item = &'c Partitions<T>> + Clone,
    at: usize,
) -> Vec<T> {
    let length = partitions.clone().map(|some| some.len_of(at)).sum();
    let mut rows = Vec::with_capacity(length);
    partitions.for_each(|some| some.append_to(at, &mut rows));
    rows
}

/// Collects the rows of records for one thread.
pub struct Collector<'a> {
    grouping: &'a Grouping,
    by_key: Partitions<KeyRow>,
    others: Vec<(Kind, Partitions<Row>)>,
    scratch: Vec<u8>,
    places: Option<Places>,
}

impl<'a> Collector<'a> {
    /// Returns a collector without rows.
    pub fn new(grouping: &'a Grouping) -> Self {
        let others = grouping.kinds().into_iter().skip(1);
        Self {
            grouping,
            by_key: Partitions::new(),
            others: others.map(|kind| (kind, Partitions::new())).collect(),
            scratch: Vec::new(),
            places: None,
        }
    }

    /// Returns the grouping.
    pub(super) fn grouping(&self) -> &Grouping {
        self.grouping
    }

    /// Returns how many rows the table by key has: one for each record.
    pub(super) fn rows(&self) -> u64 {
        (0..PARTITIONS)
            .map(|at| self.by_key.len_of(at) as u64)
            .sum()
    }

    /// Adds the records of a batch.
    pub fn add(&mut self, batch: &Batch) {
        match self.grouping.keys_only() {
            true => self.add_keys(batch),
            false => self.add_hashed(batch, &hash_records(batch)),
        }
    }

    /// Adds records that are not told apart but by their keys.
    fn add_keys(&mut self, batch: &Batch) {
        self.find_places(batch);
        let Some(places) = &self.places else {
            return;
        };
        let none = ObjectId::of(b"");
        for record in batch.records() {
            let row = places.by_key(record, &none, &mut self.scratch);
            self.by_key.push(row.partition(), row);
        }
    }

    /// Finds the fields of a batch that make up the groups: batch after batch has the same.
    fn find_places(&mut self, batch: &Batch) {
        if self.places.as_ref().is_none_or(|p| !p.fit(batch)) {
            self.places = Some(self.grouping.places(batch));
        }
    }

    /// Adds the records of a batch whose hashes are known: see [`hash_records`].
    pub fn add_hashed(&mut self, batch: &Batch, hashes: &[ObjectId]) {
        self.find_places(batch);
        let Some(places) = &mut self.places else {
            return;
        };
        for (record, hash) in batch.records().zip(hashes) {
            let row = places.by_key(record, hash, &mut self.scratch);
            self.by_key.push(row.partition(), row);
            for (kind, rows) in &mut self.others {
                if let Some(row) = places.row(*kind, record, &mut self.scratch) {
                    rows.push((row[0] >> 56) as u8, row);
                }
            }
        }
    }
}
