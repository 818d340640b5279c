//! Collecting rows: records in, rows out, spread over partitions by the first byte of the group.
//!
//! Invariant: 16 bytes a row of the table by key, 24 of that by content, without the slack of a growing vector.

use crate::base::ObjectId;
use crate::record::Batch;

use super::super::records::hash_records;
use super::grouping::Places;
use super::{Grouping, KeyRow, Row};

/// How many partitions a table has: sorting one of them fits a processor's cache.
pub(super) const PARTITIONS: usize = 256;
const BLOCK: usize = 256;

/// How many rows of a partition wait side by side with those of the others, so that adding one
/// touches memory that is near.
const FRONT: usize = 8;

/// The rows of one table, in blocks.
struct Partitions<T> {
    front: Vec<[T; FRONT]>,
    waiting: [u8; PARTITIONS],
    blocks: Vec<Vec<Vec<T>>>,
}

impl<T: Copy + Default> Partitions<T> {
    fn new() -> Self {
        let blocks = std::iter::repeat_with(Vec::new);
        Self {
            front: vec![[T::default(); FRONT]; PARTITIONS],
            waiting: [0; PARTITIONS],
            blocks: blocks.take(PARTITIONS).collect(),
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

    fn flush(&mut self, at: usize) {
        let rows = &self.front[at][..usize::from(self.waiting[at])];
        self.waiting[at] = 0;
        if rows.is_empty() {
            return;
        }
        let blocks = &mut self.blocks[at];
        match blocks.last_mut() {
            Some(block) if block.len() + rows.len() <= block.capacity() => {
                block.extend_from_slice(rows);
            }
            _ => {
                // The first block stays small: small tables are common.
                let size = if blocks.is_empty() { FRONT } else { BLOCK };
                let mut block = Vec::with_capacity(size);
                block.extend_from_slice(rows);
                blocks.push(block);
            }
        }
    }

    fn take(&mut self, at: usize) -> Vec<Vec<T>> {
        self.flush(at);
        std::mem::take(&mut self.blocks[at])
    }

    fn len(&self) -> u64 {
        let waiting: u64 = self.waiting.iter().map(|count| u64::from(*count)).sum();
        let blocks = self.blocks.iter().flatten();
        waiting + blocks.map(|block| block.len() as u64).sum::<u64>()
    }
}

/// The rows of one partition of a table, as they were collected.
pub(super) enum Collected {
    ByKey(Vec<Vec<KeyRow>>),
    ByContent(Vec<Vec<Row>>),
}

impl Collected {
    /// Takes the rows of a partition of the table by key (0) or by content (1).
    pub(super) fn take(collectors: &mut [Collector<'_>], table: usize, partition: usize) -> Self {
        let collectors = collectors.iter_mut();
        match table {
            0 => {
                let blocks = collectors.map(|c| c.by_key.take(partition));
                Self::ByKey(blocks.flatten().collect())
            }
            _ => {
                let blocks = collectors.map(|c| c.by_content.take(partition));
                Self::ByContent(blocks.flatten().collect())
            }
        }
    }

    /// Returns the rows in ascending order.
    pub(super) fn sorted(self) -> Vec<Row> {
        match self {
            Self::ByKey(blocks) => {
                let mut rows = blocks.concat();
                rows.sort_unstable();
                rows.into_iter().map(KeyRow::row).collect()
            }
            Self::ByContent(blocks) => {
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
        }
    }
}

/// Collects the rows of records for one thread.
pub struct Collector<'a> {
    grouping: &'a Grouping,
    by_key: Partitions<KeyRow>,
    by_content: Partitions<Row>,
    scratch: Vec<u8>,
    places: Option<Places>,
}

impl<'a> Collector<'a> {
    /// Returns a collector without rows.
    pub fn new(grouping: &'a Grouping) -> Self {
        Self {
            grouping,
            by_key: Partitions::new(),
            by_content: Partitions::new(),
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
        self.by_key.len()
    }

    /// Adds the records of a batch.
    pub fn add(&mut self, batch: &Batch) {
        self.add_hashed(batch, &hash_records(batch));
    }

    /// Adds the records of a batch whose hashes are known: see [`hash_records`].
    pub fn add_hashed(&mut self, batch: &Batch, hashes: &[ObjectId]) {
        // Batch after batch has the same fields.
        if self.places.as_ref().is_none_or(|p| !p.fit(batch)) {
            self.places = Some(self.grouping.places(batch));
        }
        let Some(places) = &mut self.places else {
            return;
        };
        for (record, hash) in batch.records().zip(hashes) {
            let row = places.by_key(record, hash, &mut self.scratch);
            self.by_key.push(row.partition(), row);
            if let Some(row) = places.by_content(record, &mut self.scratch) {
                self.by_content.push((row[0] >> 56) as u8, row);
            }
        }
    }
}
