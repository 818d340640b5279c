//! Changed records: what states that follow a change are to add and to take away.
//!
//! Invariant: what is given of one side less what is given of the other is the exact difference
//! of the two multisets of records; how much that both hold is given too, is not told.

use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;

use crate::record::Batch;

use super::candidates::differing;
use super::error::Error;
use super::plan::{Block, Plan};
use super::reading::Side;
use super::records::{Records, Rows, UnitRef, expect_records};

/// Gives the records that differ as bytes, for states that follow a change: the two multisets
/// differ by exactly the difference of what is given. Each thread has its own state; `None` where
/// more than `most` records would be given.
pub(crate) fn visit_changed<T: Send>(
    before: &dyn Records,
    after: &dyn Records,
    most: u64,
    start: &(dyn Fn() -> T + Sync),
    visit: &(dyn Fn(&mut T, Side, &Batch) + Sync),
) -> Result<Option<Vec<T>>, Error> {
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
    let given = AtomicU64::new(0);
    let fold = |state: Option<T>, block: &Block| {
        let Some(mut state) = state.filter(|_| given.load(Ordering::Relaxed) <= most) else {
            return Ok(None);
        };
        block.visit(before, after, &mut |side, batch| {
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
    Ok(states.into_iter().collect())
}

impl Block {
    fn visit(
        &self,
        before: &dyn Records,
        after: &dyn Records,
        visit: &mut dyn FnMut(Side, &Batch),
    ) -> Result<(), Error> {
        let (old, new) = self.units(before, after);
        let mut batch = Batch::default();
        if self.raw && !old.is_empty() && !new.is_empty() {
            let (x, y) = (Rows::read(before, old)?, Rows::read(after, new)?);
            let (left_x, left_y) = differing(
                (x.ranges.len(), |at| x.record(at)),
                (y.ranges.len(), |at| y.record(at)),
                |_, _| {},
            );
            let mut other = Batch::default();
            if x.parse(before, old[0].part, &left_x, &mut batch)?
                && y.parse(after, new[0].part, &left_y, &mut other)?
            {
                visit(Side::Before, &batch);
                visit(Side::After, &other);
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
