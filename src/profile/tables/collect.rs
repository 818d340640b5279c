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

/// The rows of one table, in blocks.
struct Partitions<T>(Vec<Vec<Vec<T>>>);

impl<T: Copy> Partitions<T> {
    fn new() -> Self {
        let partitions = std::iter::repeat_with(Vec::new);
        Self(partitions.take(PARTITIONS).collect())
    }

    fn push(&mut self, partition: u8, row: T) {
        let blocks = &mut self.0[usize::from(partition)];
        match blocks.last_mut() {
            Some(block) if block.len() < BLOCK => block.push(row),
            _ => {
                // The first block stays small: small tables are common.
                let size = if blocks.is_empty() { 8 } else { BLOCK };
                let mut block = Vec::with_capacity(size);
                block.push(row);
                blocks.push(block);
            }
        }
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
                let blocks = collectors.map(|c| std::mem::take(&mut c.by_key.0[partition]));
                Self::ByKey(blocks.flatten().collect())
            }
            _ => {
                let blocks = collectors.map(|c| std::mem::take(&mut c.by_content.0[partition]));
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
        let blocks = self.by_key.0.iter().flatten();
        blocks.map(|block| block.len() as u64).sum()
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
