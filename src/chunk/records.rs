//! Cutting between records: chunk sizes are counted in records.
//!
//! A record whose anchor hash ends in zeros starts a chunk. Because neither the test nor the
//! limits look at bytes beyond the anchor (but for very large chunks), a changed label, a
//! rewritten column or a new one moves no boundary.

use super::hash::{self, Anchor};

/// The chunk size aimed at.
const TARGET_BYTES: u64 = 16 << 10;
/// The largest chunk of several records.
const MAX_BYTES: usize = 256 << 10;
/// The most records aimed at in a chunk.
const MOST: u32 = 4096;

/// The end of a chunk, found when the record after it was shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Boundary {
    /// How many of the records shown since the last boundary the chunk has.
    pub records: usize,
    /// Its first record's hash.
    pub anchor: u32,
}

/// Finds boundaries between records.
#[derive(Clone, Debug)]
pub struct RecordCutter {
    target: u32,
    anchor: Anchor,
    /// Of the records since the last boundary: anchor hash, whole hash when needed, bytes.
    shown: Vec<Shown>,
    bytes: usize,
}

#[derive(Clone, Copy, Debug)]
struct Shown {
    anchor: u64,
    bytes: usize,
}

impl RecordCutter {
    /// Returns a cutter that aims at `target` records a chunk, a power of two.
    pub fn new(target: u32, anchor: Anchor) -> Self {
        Self {
            target: target.clamp(1, MOST).next_power_of_two(),
            anchor,
            shown: Vec::new(),
            bytes: 0,
        }
    }

    /// Returns the number of records nearest to 16 KiB, as a power of two.
    pub fn target(records: u64, bytes: u64) -> u32 {
        let mean = bytes.div_ceil(records.max(1)).max(1);
        let wanted = (TARGET_BYTES / mean).clamp(1, u64::from(MOST)) as u32;
        let above = wanted.next_power_of_two();
        // Nearest by ratio: 3/4 of a power is nearer to it than to its half.
        if wanted * 4 >= above * 3 {
            above
        } else {
            above / 2
        }
    }

    /// Returns whether the targets are within a factor of eight.
    pub fn is_near(&self, other: &Self) -> bool {
        self.target <= other.target * 8 && other.target <= self.target * 8
    }

    /// Returns the parameters as text.
    pub fn describe(&self) -> String {
        format!("r={} by={}", self.target, self.anchor)
    }

    /// Returns the length beyond which a record is cut inside.
    pub const fn longest_record() -> usize {
        MAX_BYTES
    }

    /// Shows the next record, without its line end, which `bytes` counts. Returns a chunk's end
    /// that lies before it, if there is one.
    ///
    /// `whole` hashes the whole of a record shown since the last boundary, by its place: asked
    /// only where a chunk must end and anchors do not tell its records apart.
    #[inline]
    pub fn show(
        &mut self,
        record: &[u8],
        bytes: usize,
        whole: impl Fn(usize) -> u64,
    ) -> Option<Boundary> {
        let anchor = self.anchor.hash(record);
        let count = self.shown.len();
        let least = (self.target / 4).max(1) as usize;
        let mut found = None;
        if count >= least && anchor & u64::from(self.target - 1) == 0 {
            found = self.take(count);
        } else if count >= 4 * self.target as usize || (count > 0 && self.bytes + bytes > MAX_BYTES)
        {
            let at = self.best(least, whole);
            found = self.take(at);
        }
        self.shown.push(Shown { anchor, bytes });
        self.bytes += bytes;
        found
    }

    /// Ends the last chunk; `None` where no record was shown since the last boundary.
    pub fn flush(&mut self) -> Option<Boundary> {
        self.take(self.shown.len())
    }

    /// Returns the anchor of a record that stands alone, too long for a chunk.
    pub fn lone_anchor(record: &[u8]) -> u32 {
        (Anchor::Prefix.hash(record) >> 32) as u32
    }

    /// Returns the hash that settles ties.
    pub fn whole_hash(record: &[u8]) -> u64 {
        hash::hash(record)
    }

    fn take(&mut self, records: usize) -> Option<Boundary> {
        let first = self.shown.first()?.anchor;
        let taken: usize = self.shown.drain(..records).map(|shown| shown.bytes).sum();
        self.bytes -= taken;
        // The low bits of a chunk's first record are mostly zeros; the high ones tell apart.
        Some(Boundary {
            records,
            anchor: (first >> 32) as u32,
        })
    }

    /// Chooses where a chunk ends in which no record's hash said so: before the record with the
    /// least hash, which depends on anchors alone, as the ordinary boundary does.
    fn best(&self, least: usize, whole: impl Fn(usize) -> u64) -> usize {
        let Some(tail) = self.shown.get(least..).filter(|tail| !tail.is_empty()) else {
            return self.shown.len();
        };
        let lowest = tail.iter().map(|shown| shown.anchor).min().unwrap_or(0);
        let mut ties = (least..self.shown.len()).filter(|&at| self.shown[at].anchor == lowest);
        match (ties.next(), ties.next()) {
            (Some(only), None) => only,
            (Some(first), Some(second)) => {
                let ties = [first, second].into_iter().chain(ties);
                ties.min_by_key(|&at| whole(at)).unwrap_or(first)
            }
            (None, _) => self.shown.len(),
        }
    }
}
