//! Moved records: matched ones that are out of order.
//!
//! `moved` is the number of matched records minus the heaviest increasing subsequence of their
//! pairs of places. A run of neighbours on both sides weighs as one element: whatever increasing
//! subsequence holds a part of it can hold all of it, so how runs are cut does not matter.

use crate::base::IoError;

use super::spool::{Item, PARTS, Spool, number};

/// Records that are neighbours on both sides.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Run {
    /// The first place in the older version.
    pub(crate) before: u64,
    /// The first place in the newer version.
    pub(crate) after: u64,
    /// How many records.
    pub(crate) records: u64,
}

impl Run {
    /// Returns a run of one record.
    pub(crate) fn one((before, after): (u64, u64)) -> Self {
        Self {
            before,
            after,
            records: 1,
        }
    }

    /// Takes in a run that follows on both sides; returns whether it does.
    fn join(&mut self, next: &Self) -> bool {
        let joins =
            self.before + self.records == next.before && self.after + self.records == next.after;
        if joins {
            self.records += next.records;
        }
        joins
    }
}

impl Item for Run {
    const SIZE: usize = 24;

    fn write(&self, out: &mut Vec<u8>) {
        for number in [self.before, self.after, self.records] {
            out.extend_from_slice(&number.to_le_bytes());
        }
    }

    fn read(mut bytes: &[u8]) -> Self {
        let mut next = || u64::from_le_bytes(number(&mut bytes));
        Self {
            before: next(),
            after: next(),
            records: next(),
        }
    }
}

/// Appends a run, joining it to the last one where they are neighbours.
pub(crate) fn push(runs: &mut Vec<Run>, run: Run) {
    if !runs.last_mut().is_some_and(|last| last.join(&run)) {
        runs.push(run);
    }
}

/// The runs of matched records, by their older places.
#[derive(Debug)]
pub(crate) struct Runs {
    spool: Spool<Run>,
    /// The records of the older version.
    records: u64,
}

impl Runs {
    /// Returns no runs, for an older version of so many records; at most so many bytes of them
    /// are held in memory.
    pub(crate) fn new(records: u64, memory: usize) -> Self {
        let spool = Spool::new(memory);
        Self { spool, records }
    }

    pub(crate) fn push(&mut self, run: Run) -> Result<(), IoError> {
        let part = u128::from(run.before) * PARTS as u128 / u128::from(self.records.max(1));
        let part = part.min(PARTS as u128 - 1) as usize;
        match self.spool.last(part).is_some_and(|last| last.join(&run)) {
            true => Ok(()),
            false => self.spool.push(part, run),
        }
    }

    /// Returns how many of the runs' records stand outside of the heaviest increasing subsequence.
    pub(crate) fn moved(self) -> Result<u64, IoError> {
        let mut heaviest = Heaviest::default();
        let mut total = 0;
        for part in self.spool.into_parts() {
            let mut runs = part.load()?;
            runs.sort_unstable();
            runs.dedup_by(|next, run| run.join(next));
            for run in &runs {
                total += run.records;
                heaviest.add(run);
            }
        }
        Ok(total - heaviest.weight())
    }
}

/// Notes a run where runs are wanted.
pub(crate) fn keep(runs: &mut Option<Runs>, run: Run) -> Result<(), IoError> {
    runs.as_mut().map_or(Ok(()), |runs| runs.push(run))
}

/// How many entries a block holds at most.
const BLOCK: usize = 512;

/// The heaviest subsequences with increasing newer places of the runs so far.
///
/// Each entry is a newer place and the weight of the heaviest subsequence that ends at or before
/// it; places and weights increase. They lie in blocks, so that one in the middle is cheap to
/// replace: there are few for shuffled records, and sorted ones are added at the end.
#[derive(Default)]
struct Heaviest {
    blocks: Vec<Vec<(u64, u64)>>,
}

impl Heaviest {
    fn weight(&self) -> u64 {
        let last = self.blocks.last().and_then(|block| block.last());
        last.map_or(0, |(_, weight)| *weight)
    }

    fn add(&mut self, run: &Run) {
        // The block that holds the entry below the run's place, and the place behind it there.
        let after = self.blocks.partition_point(|b| b[0].0 < run.after);
        let Some(block) = after.checked_sub(1) else {
            self.replace(0, 0, (run.after, run.records));
            return;
        };
        let at = self.blocks[block].partition_point(|(place, _)| *place < run.after);
        let below = self.blocks[block][at - 1].1;
        self.replace(block, at, (run.after, below + run.records));
    }

    /// Puts an entry at a place, and takes those out behind it that are no heavier.
    fn replace(&mut self, block: usize, at: usize, entry: (u64, u64)) {
        let lighter = |entries: &[(u64, u64)]| entries.partition_point(|(_, w)| *w <= entry.1);
        let Some(first) = self.blocks.get_mut(block) else {
            self.blocks.push(vec![entry]);
            return;
        };
        let end = at + lighter(&first[at..]);
        let goes_on = end == first.len();
        if end == at + 1 {
            first[at] = entry; // usual where runs are single records
        } else {
            first.splice(at..end, [entry]);
        }
        while goes_on && let Some(next) = self.blocks.get_mut(block + 1) {
            let end = lighter(next);
            if end < next.len() {
                next.drain(..end);
                break;
            }
            self.blocks.remove(block + 1);
        }
        if self.blocks[block].len() > BLOCK {
            let rest = self.blocks[block].split_off(BLOCK / 2);
            self.blocks.insert(block + 1, rest);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The same by the definition, in quadratic time.
    fn naive(runs: &[Run]) -> u64 {
        let mut best: Vec<u64> = Vec::new();
        for (at, run) in runs.iter().enumerate() {
            let before = (0..at).filter(|&b| runs[b].after < run.after);
            best.push(before.map(|b| best[b]).max().unwrap_or(0) + run.records);
        }
        let total: u64 = runs.iter().map(|run| run.records).sum();
        total - best.into_iter().max().unwrap_or(0)
    }

    proptest! {
        #[test]
        fn moved_is_what_the_heaviest_subsequence_leaves(
            lengths in prop::collection::vec(1u64..5, 0..1500),
            shuffled in any::<u64>(),
            reach in 1usize..2000,
        ) {
            // Runs with gaps, whose newer places are swapped within some reach.
            let mut order: Vec<usize> = (0..lengths.len()).collect();
            let mut seed = shuffled | 1;
            for at in 0..order.len() {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                let other = (at + (seed >> 33) as usize % reach).min(order.len() - 1);
                order.swap(at, other);
            }
            let runs: Vec<Run> = lengths
                .iter()
                .zip(&order)
                .enumerate()
                .map(|(at, (&records, &place))| Run {
                    before: at as u64 * 10,
                    after: place as u64 * 10,
                    records,
                })
                .collect();
            for memory in [0, 1 << 20] {
                let mut all = Runs::new(lengths.len() as u64 * 10, memory);
                runs.iter().rev().for_each(|run| all.push(*run).unwrap());
                prop_assert_eq!(all.spool.has_spilled(), memory == 0 && !runs.is_empty());
                prop_assert_eq!(all.moved().unwrap(), naive(&runs));
            }
        }
    }
}
