//! Neighbouring runs of two versions without the records that both hold as bytes, and what is
//! remembered of them between measuring, which follows the change, and the comparison.
//!
//! Invariant: what is remembered is what reading again would give; how much is, is bounded, and
//! what is not is read again.

use std::sync::{Mutex, PoisonError};

use crate::base::{Hasher, ObjectId, varint};
use crate::record::Batch;

use super::error::Error;
use super::framed::differing;
use super::moved::{self, Run};
use super::plan::Block;
use super::reading::Side;
use super::records::{Records, Rows, UnitRef};

/// How many bytes are remembered at most.
const MOST_BYTES: usize = 32 << 20;

/// Some records of one file, in order, as their bytes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lines {
    pub(crate) part: usize,
    pub(crate) ordinals: Vec<u64>,
    bytes: Vec<u8>,
    ends: Vec<usize>,
    /// Whether these are all records of a run.
    whole: bool,
}

impl Lines {
    fn new(part: usize) -> Self {
        let none = Self::default();
        Self { part, ..none }
    }

    /// Takes the chosen rows.
    pub(crate) fn chosen(rows: &Rows, part: usize, chosen: &[usize]) -> Self {
        let mut lines = Self::new(part);
        lines.whole = chosen.len() == rows.ranges.len();
        for &at in chosen {
            lines.push(rows.ordinals[at], rows.record(at));
        }
        lines
    }

    /// Takes all rows.
    fn all(rows: Rows, part: usize) -> Self {
        let mut end = 0;
        let mut next_to = |range: &std::ops::Range<usize>| {
            let joins = range.start == end;
            end = range.end;
            joins
        };
        if !rows.ranges.iter().all(&mut next_to) || end != rows.bytes.len() {
            // Blank lines are in no row.
            let all: Vec<usize> = (0..rows.ranges.len()).collect();
            return Self::chosen(&rows, part, &all);
        }
        Self {
            part,
            ordinals: rows.ordinals,
            ends: rows.ranges.iter().map(|range| range.end).collect(),
            bytes: rows.bytes,
            whole: true,
        }
    }

    /// Returns a hash of each line, equal for equal bytes that read alike.
    pub(crate) fn hashes(&self, records: &dyn Records) -> Vec<ObjectId> {
        let reading = ObjectId::of(&records.parts()[self.part].reading).0;
        let mut hashes = ObjectId::of_each(&self.bytes, &self.ends);
        for hash in &mut hashes {
            hash.0.iter_mut().zip(&reading).for_each(|(a, b)| *a ^= b);
        }
        hashes
    }

    fn push(&mut self, ordinal: u64, bytes: &[u8]) {
        self.ordinals.push(ordinal);
        self.bytes.extend_from_slice(bytes);
        self.ends.push(self.bytes.len());
    }

    /// Returns the bytes of a record that is one of these.
    fn line(&self, ordinal: u64) -> Option<&[u8]> {
        let at = self.ordinals.binary_search(&ordinal).ok()?;
        let start = at.checked_sub(1).map_or(0, |before| self.ends[before]);
        Some(&self.bytes[start..self.ends[at]])
    }

    /// Parses the records, which are neighbours now; the last record of a file may lack its line
    /// end, and it stays last.
    ///
    /// Returns whether that gave them: a stray quote may read otherwise among other neighbours,
    /// and then the whole run must be parsed.
    pub(crate) fn parse(&self, records: &dyn Records, batch: &mut Batch) -> bool {
        records.parse(self.part, &self.bytes, batch);
        batch.len() == self.ordinals.len()
            && (self.whole || {
                let mut ranges = Vec::new();
                records.ranges(self.part, &self.bytes, &mut ranges);
                ranges
                    .iter()
                    .map(|range| range.end)
                    .eq(self.ends.iter().copied())
            })
    }

    fn size(&self) -> usize {
        self.bytes.len() + 16 * self.ordinals.len()
    }
}

/// What is left of neighbouring runs, and which records were taken out of both.
#[derive(Clone, Debug)]
pub(crate) struct Trimmed {
    pub(crate) before: Lines,
    pub(crate) after: Lines,
    pub(crate) same: Vec<Run>,
}

impl Trimmed {
    /// Reads runs of one file each and takes out what is equal, or where that is not wanted,
    /// nothing.
    pub(crate) fn read(
        (before, old): (&dyn Records, &[UnitRef]),
        (after, new): (&dyn Records, &[UnitRef]),
        trims: bool,
    ) -> Result<Self, Error> {
        let (x, y) = (Rows::read(before, old)?, Rows::read(after, new)?);
        let part = |units: &[UnitRef]| units.first().map_or(0, |unit| unit.part);
        if !trims {
            return Ok(Self {
                before: Lines::all(x, part(old)),
                after: Lines::all(y, part(new)),
                same: Vec::new(),
            });
        }
        let mut same = Vec::new();
        let (left_x, left_y) = differing(
            (x.ranges.len(), |at| x.record(at)),
            (y.ranges.len(), |at| y.record(at)),
            |p, q| {
                let (before, after, records) = (x.ordinals[p], y.ordinals[q], 1);
                let run = Run {
                    before,
                    after,
                    records,
                };
                moved::push(&mut same, run);
            },
        );
        Ok(Self {
            before: Lines::chosen(&x, part(old), &left_x),
            after: Lines::chosen(&y, part(new), &left_y),
            same,
        })
    }

    fn size(&self) -> usize {
        self.before.size() + self.after.size() + 24 * self.same.len() + 200
    }
}

/// How two versions of a data set differ, as far as it is remembered.
#[derive(Debug, Default)]
pub struct Differences {
    /// Names the two versions.
    print: Option<ObjectId>,
    /// Neighbouring runs in order.
    blocks: Vec<(Place, Trimmed)>,
    /// For each side the first record of what is left of a block, and the block, in order.
    firsts: [Vec<(u64, usize)>; 2],
}

/// Which runs of both sides a block holds.
type Place = [usize; 4];

fn place(block: &Block) -> Place {
    let (before, after) = (&block.before, &block.after);
    [before.start, before.end, after.start, after.end]
}

impl Differences {
    /// Returns whether this is about these two versions.
    pub(crate) fn fit(&self, before: &dyn Records, after: &dyn Records) -> bool {
        self.print
            .is_some_and(|known| known == print(before, after))
    }

    /// Returns what is left of a block.
    pub(crate) fn block(&self, block: &Block) -> Option<&Trimmed> {
        let place = place(block);
        let at = self
            .blocks
            .binary_search_by_key(&place, |(place, _)| *place)
            .ok()?;
        Some(&self.blocks[at].1)
    }

    /// Returns records of one file of a side, where all of them are remembered.
    pub(crate) fn lines(&self, side: Side, part: usize, ordinals: &[u64]) -> Option<Lines> {
        let firsts = &self.firsts[side as usize];
        let mut lines = Lines::new(part);
        for &ordinal in ordinals {
            let next = firsts.partition_point(|(first, _)| *first <= ordinal);
            let (_, block) = firsts[next.checked_sub(1)?];
            let trimmed = &self.blocks[block].1;
            let known = match side {
                Side::Before => &trimmed.before,
                Side::After => &trimmed.after,
            };
            lines.push(ordinal, known.line(ordinal)?);
        }
        Some(lines)
    }
}

/// Returns a hash of all that decides how two versions read and which blocks they have.
fn print(before: &dyn Records, after: &dyn Records) -> ObjectId {
    let mut hasher = Hasher::default();
    for records in [before, after] {
        let mut bytes = Vec::new();
        varint::write(&mut bytes, records.parts().len() as u64);
        for part in records.parts() {
            varint::write_bytes(&mut bytes, &part.reading);
        }
        varint::write(&mut bytes, records.units().len() as u64);
        for unit in records.units() {
            varint::write(&mut bytes, unit.part as u64);
            bytes.extend_from_slice(unit.id.as_bytes());
        }
        hasher.update(&bytes);
    }
    hasher.id()
}

/// Remembers blocks as they come, on any thread.
#[derive(Default)]
pub(crate) struct Memory(Mutex<(Vec<(Place, Trimmed)>, usize)>);

impl Memory {
    /// Remembers what is left of a block, while there is room.
    pub(crate) fn keep(&self, block: &Block, trimmed: Trimmed) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let size = kept.1 + trimmed.size();
        if size <= MOST_BYTES {
            kept.1 = size;
            kept.0.push((place(block), trimmed));
        }
    }

    /// Returns what was remembered of two versions.
    pub(crate) fn finish(self, before: &dyn Records, after: &dyn Records) -> Differences {
        let (mut blocks, _) = self.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        blocks.sort_unstable_by_key(|(place, _)| *place);
        let firsts = |lines: fn(&Trimmed) -> &Lines| {
            let first = |(at, (_, trimmed)): (usize, &(Place, Trimmed))| {
                Some((*lines(trimmed).ordinals.first()?, at))
            };
            let mut firsts: Vec<_> = blocks.iter().enumerate().filter_map(first).collect();
            firsts.sort_unstable();
            firsts
        };
        Differences {
            print: Some(print(before, after)),
            firsts: [firsts(|t| &t.before), firsts(|t| &t.after)],
            blocks,
        }
    }
}
