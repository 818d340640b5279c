//! Changed records: what states that follow a change are to add and to take away.
//!
//! Invariant: what is given of one side less what is given of the other is the exact difference
//! of the two multisets of records; how much that both hold is given too, is not told.

use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;

use crate::record::Batch;

use super::error::Error;
use super::plan::{Block, Plan};
use super::reading::Side;
use super::records::{Records, UnitRef, expect_records};
use super::trimmed::{Differences, Memory, Trimmed};

/// Gives the records that differ as bytes, for states that follow a change: the two multisets
/// differ by exactly the difference of what is given. Each thread has its own state; `None` where
/// more than `most` records would be given. What is left of neighbours is remembered.
pub(crate) fn visit_changed<T: Send>(
    before: &dyn Records,
    after: &dyn Records,
    most: u64,
    start: &(dyn Fn() -> T + Sync),
    visit: &(dyn Fn(&mut T, Side, &Batch) + Sync),
) -> Result<Option<(Vec<T>, Differences)>, Error> {
    let plan = Plan::new(before, after, true);
    // What reads otherwise is given whole: that is known without reading it.
    let whole = |block: &Block| {
        let of = |units: &[UnitRef]| units.iter().map(|unit| unit.records).sum::<u64>();
        let (old, new) = block.units(before, after);
        match block.raw {
            true => 0,
            false => of(old) + of(new),
        }
    };
    if plan.blocks.iter().map(whole).sum::<u64>() > most {
        return Ok(None);
    }
    let memory = Memory::default();
    let given = AtomicU64::new(0);
    let fold = |state: Option<T>, block: &Block| {
        let Some(mut state) = state.filter(|_| given.load(Ordering::Relaxed) <= most) else {
            return Ok(None);
        };
        block.visit(before, after, &memory, &mut |side, batch| {
            given.fetch_add(batch.len() as u64, Ordering::Relaxed);
            visit(&mut state, side, batch);
        })?;
        Ok(Some(state))
    };
    let states: Vec<Option<T>> = plan
        .blocks
        .par_iter()
        .with_min_len(16)
        .try_fold(|| Some(start()), fold)
        .collect::<Result<_, Error>>()?;
    let states: Option<Vec<T>> = states.into_iter().collect();
    Ok(states.map(|states| (states, memory.finish(before, after))))
}

impl Block {
    fn visit(
        &self,
        before: &dyn Records,
        after: &dyn Records,
        memory: &Memory,
        visit: &mut dyn FnMut(Side, &Batch),
    ) -> Result<(), Error> {
        let (old, new) = self.units(before, after);
        let mut batch = Batch::default();
        if self.raw && !old.is_empty() && !new.is_empty() {
            let trimmed = Trimmed::read((before, old), (after, new), true)?;
            let mut other = Batch::default();
            if trimmed.before.parse(before, &mut batch) && trimmed.after.parse(after, &mut other) {
                visit(Side::Before, &batch);
                visit(Side::After, &other);
                memory.keep(self, trimmed);
                return Ok(());
            }
        }
        for (side, records, units) in [(Side::Before, before, old), (Side::After, after, new)] {
            for unit in units {
                let bytes = records.bytes(unit)?;
                records.parse(unit.part, &bytes, &mut batch);
                expect_records(records, unit.first, unit.records as usize, batch.len())?;
                visit(side, &batch);
            }
        }
        Ok(())
    }
}
