//! Plans which runs of records are skipped and which are compared beside each other.
//!
//! Invariant: what is skipped has equal bytes that read alike on both sides. How the rest is laid
//! out decides the cost alone, never the answer.

use std::collections::VecDeque;
use std::ops::Range;

use rustc_hash::FxHashMap;

use crate::base::ObjectId;

use super::moved::{self, Run};
use super::records::{Records, UnitRef};

/// Which runs are skipped, and which are looked at beside each other.
pub(crate) struct Plan {
    pub(crate) skipped: Vec<Run>,
    pub(crate) blocks: Vec<Block>,
}

/// Neighbouring runs of one file on each side; either may be empty.
pub(crate) struct Block {
    pub(crate) before: Range<usize>,
    pub(crate) after: Range<usize>,
    /// Whether equal bytes are equal records.
    pub(crate) raw: bool,
}

/// Where a gap begins: at the start of a file, or after a run that both sides hold.
#[derive(PartialEq, Eq, Hash, Debug)]
enum Opening {
    Start(usize),
    After(usize),
}

/// Runs on each side that are looked at together; larger gaps are divided.
const BLOCK_UNITS: usize = 8;

impl Plan {
    pub(crate) fn new(before: &dyn Records, after: &dyn Records, skip: bool) -> Self {
        let (old, new) = (before.units(), after.units());
        let mut partner: (Vec<Option<usize>>, Vec<Option<usize>>) =
            (vec![None; old.len()], vec![None; new.len()]);
        let mut skipped = Vec::new();
        if skip {
            let mut same: FxHashMap<(&[u8], ObjectId), VecDeque<usize>> = FxHashMap::default();
            for (at, unit) in new.iter().enumerate() {
                let reading = after.parts()[unit.part].reading.as_slice();
                same.entry((reading, unit.id)).or_default().push_back(at);
            }
            for (at, unit) in old.iter().enumerate() {
                let reading = before.parts()[unit.part].reading.as_slice();
                let Some(places) = same.get_mut(&(reading, unit.id)) else {
                    continue;
                };
                let Some(other) = places.pop_front() else {
                    continue;
                };
                (partner.0[at], partner.1[other]) = (Some(other), Some(at));
                let run = Run {
                    before: unit.first,
                    after: new[other].first,
                    records: unit.records,
                };
                moved::push(&mut skipped, run);
            }
        }
        let beside = files_beside(before, after);
        let mut opened: FxHashMap<Opening, Range<usize>> = gaps(new, &partner.1)
            .map(|gap| match gap.start.checked_sub(1) {
                Some(last) if new[last].part == new[gap.start].part => (Opening::After(last), gap),
                _ => (Opening::Start(new[gap.start].part), gap),
            })
            .collect();
        let mut blocks = Vec::new();
        for gap in gaps(old, &partner.0) {
            let part = old[gap.start].part;
            let opening = match gap.start.checked_sub(1) {
                Some(last) if old[last].part == part => partner.0[last].map(Opening::After),
                _ => beside[part].map(Opening::Start),
            };
            let other = opening
                .and_then(|opening| opened.remove(&opening))
                .unwrap_or(0..0);
            let raw = skip
                && !other.is_empty()
                && before.parts()[part].reading == after.parts()[new[other.start].part].reading;
            divide((old, gap), (new, other), raw, &mut blocks);
        }
        let mut rest: Vec<Range<usize>> = opened.into_values().collect();
        rest.sort_by_key(|gap| gap.start);
        for gap in rest {
            divide((old, 0..0), (new, gap), false, &mut blocks);
        }
        Self { skipped, blocks }
    }
}

/// Returns for each older file the newer one to lay beside it: of the same path, else the next
/// that has no partner.
fn files_beside(before: &dyn Records, after: &dyn Records) -> Vec<Option<usize>> {
    let place =
        |path: &crate::base::RepoPath| after.parts().iter().position(|part| part.path == *path);
    let mut beside: Vec<Option<usize>> = before.parts().iter().map(|p| place(&p.path)).collect();
    let mut free = (0..after.parts().len())
        .filter(|at| !beside.contains(&Some(*at)))
        .collect::<Vec<_>>()
        .into_iter();
    for partner in beside.iter_mut().filter(|partner| partner.is_none()) {
        *partner = free.next();
    }
    beside
}

fn gaps<'a>(
    units: &'a [UnitRef],
    partner: &'a [Option<usize>],
) -> impl Iterator<Item = Range<usize>> + 'a {
    let mut at = 0;
    std::iter::from_fn(move || {
        while at < units.len() && partner[at].is_some() {
            at += 1;
        }
        let start = at;
        while at < units.len() && partner[at].is_none() && units[at].part == units[start].part {
            at += 1;
        }
        (start < at).then_some(start..at)
    })
}

/// Divides a gap into blocks of which the sides hold about the same share of the gap's records.
fn divide(
    (old, a): (&[UnitRef], Range<usize>),
    (new, b): (&[UnitRef], Range<usize>),
    raw: bool,
    blocks: &mut Vec<Block>,
) {
    let total = |units: &[UnitRef]| units.iter().map(|u| u128::from(u.records)).sum::<u128>();
    let (all_a, all_b) = (total(&old[a.clone()]), total(&new[b.clone()]));
    let (mut at_a, mut at_b) = (a.start, b.start);
    let (mut seen_a, mut seen_b) = (0u128, 0u128);
    while at_a < a.end {
        let end_a = (at_a + BLOCK_UNITS).min(a.end);
        seen_a += total(&old[at_a..end_a]);
        let mut end_b = at_b;
        while end_b < b.end {
            let next = seen_b + u128::from(new[end_b].records);
            if end_a < a.end && next * all_a > seen_a * all_b {
                break;
            }
            seen_b = next;
            end_b += 1;
        }
        blocks.push(Block {
            before: at_a..end_a,
            after: at_b..end_b,
            raw,
        });
        (at_a, at_b) = (end_a, end_b);
    }
    while at_b < b.end {
        let end_b = (at_b + BLOCK_UNITS).min(b.end);
        blocks.push(Block {
            before: 0..0,
            after: at_b..end_b,
            raw: false,
        });
        at_b = end_b;
    }
}
