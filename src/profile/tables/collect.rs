//! Collecting rows: records in, rows out, spread over partitions by the first byte of the group.
//!
//! Invariant: 24 bytes a row and a table, without the slack of a growing vector.

use crate::base::ObjectId;
use crate::record::Batch;

use super::super::records::hash_records;
use super::grouping::Places;
use super::{Grouping, Row};

/// How many partitions a table has: sorting one of them fits a processor's cache.
pub(super) const PARTITIONS: usize = 256;
const BLOCK: usize = 256;

/// The rows of one table, in blocks.
pub(super) struct Partitions(Vec<Vec<Vec<Row>>>);

impl Partitions {
    fn new() -> Self {
        Self(vec![Vec::new(); PARTITIONS])
    }

    fn push(&mut self, row: Row) {
        let blocks = &mut self.0[(row[0] >> 56) as usize];
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

    /// Takes the blocks of one partition.
    pub(super) fn take(&mut self, partition: usize) -> Vec<Vec<Row>> {
        std::mem::take(&mut self.0[partition])
    }
}

/// Collects the rows of records for one thread.
pub struct Collector<'a> {
    grouping: &'a Grouping,
    by_key: Partitions,
    by_content: Partitions,
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

    /// Returns the rows by key (0) or by content (1).
    pub(super) fn partitions(&mut self, table: usize) -> &mut Partitions {
        match table {
            0 => &mut self.by_key,
            _ => &mut self.by_content,
        }
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
            self.by_key
                .push(places.by_key(record, hash, &mut self.scratch));
            if let Some(row) = places.by_content(record, &mut self.scratch) {
                self.by_content.push(row);
            }
        }
    }
}
