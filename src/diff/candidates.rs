//! Candidates: the records of two versions that may differ.
//!
//! Invariant: what is left out here is equal, to the last byte, to as many records of the other
//! side; leaving it out commutes with matching. Runs of records that both sides hold are skipped
//! by id; neighbours of what is left are compared by bytes before they are parsed.

use std::collections::VecDeque;
use std::ops::Range;

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use crate::base::ObjectId;
use crate::record::Batch;

use super::error::Error;
use super::matching;
use super::moved::Run;
use super::reading::{Print, Reading, Scratch, Side, Sum, View};
use super::records::{Records, Rows, UnitRef, expect_records};

/// How candidates may be sought.
#[derive(Clone, Copy, Debug)]
pub(crate) struct How {
    /// Whether runs of equal bytes may be skipped.
    pub(crate) skip: bool,
    /// Whether whole equal neighbours may be canceled before all are known.
    pub(crate) local: bool,
    /// Whether no key stands twice on either side, so that neighbours that are equal by value may
    /// be canceled too.
    pub(crate) unique: bool,
    /// Whether the places of what is canceled are wanted.
    pub(crate) track: bool,
}

/// Records that may differ, and what was canceled on the way.
#[derive(Default, Debug)]
pub(crate) struct Candidates {
    pub(crate) before: Vec<Print>,
    pub(crate) after: Vec<Print>,
    /// The places of canceled records, where they are tracked.
    pub(crate) runs: Vec<Run>,
    /// Canceled records that are spelled otherwise.
    pub(crate) respelled: u64,
    /// The sums of the frames of all records that were parsed on each side.
    pub(crate) sums: (Sum, Sum),
    /// How many records were parsed on each side.
    pub(crate) parsed: (u64, u64),
    /// Whether records were canceled that were not compared with all others.
    pub(crate) partial: bool,
}

impl Candidates {
    /// Finds the candidates of two versions.
    pub(crate) fn collect(
        before: &dyn Records,
        after: &dyn Records,
        reading: &Reading,
        how: How,
    ) -> Result<Self, Error> {
        let plan = Plan::new(before, after, how.skip);
        let mut all = Self {
            partial: !plan.skipped.is_empty(),
            ..Self::default()
        };
        if how.track {
            all.runs = plan.skipped;
        }
        // Enough blocks at a time for all cores, few enough to bound memory.
        let mut compacted = 1 << 20;
        for blocks in plan.blocks.chunks(128) {
            let pieces: Vec<Self> = blocks
                .par_iter()
                .map(|block| block.candidates(before, after, reading, how))
                .collect::<Result<_, _>>()?;
            pieces.into_iter().for_each(|piece| all.append(piece));
            if how.local && all.before.len() + all.after.len() > 2 * compacted {
                all.cancel(how);
                compacted = compacted.max(all.before.len() + all.after.len());
            }
        }
        Ok(all)
    }

    fn append(&mut self, mut piece: Self) {
        self.before.append(&mut piece.before);
        self.after.append(&mut piece.after);
        for run in piece.runs {
            push_run(&mut self.runs, run);
        }
        self.respelled += piece.respelled;
        self.sums.0 = self.sums.0.plus(piece.sums.0);
        self.sums.1 = self.sums.1.plus(piece.sums.1);
        self.parsed.0 += piece.parsed.0;
        self.parsed.1 += piece.parsed.1;
        self.partial |= piece.partial;
    }

    /// Cancels what may be canceled before all candidates are known.
    fn cancel(&mut self, how: How) {
        let mut kept = Vec::new();
        matching::sort(&mut self.before);
        matching::sort(&mut self.after);
        matching::cancel_whole(&mut self.before, &mut self.after, &mut kept);
        if how.unique {
            self.respelled += matching::cancel_single(&mut self.before, &mut self.after, &mut kept);
        }
        self.partial |= !kept.is_empty();
        if how.track {
            self.keep(kept);
        }
    }

    /// Notes the places of canceled records.
    pub(crate) fn keep(&mut self, mut kept: Vec<(u64, u64)>) {
        kept.sort_unstable();
        for (before, after) in kept {
            let records = 1;
            let run = Run {
                before,
                after,
                records,
            };
            push_run(&mut self.runs, run);
        }
    }
}

fn push_run(runs: &mut Vec<Run>, run: Run) {
    match runs.last_mut() {
        Some(last)
            if last.before + last.records == run.before
                && last.after + last.records == run.after =>
        {
            last.records += run.records;
        }
        _ => runs.push(run),
    }
}

/// Which runs are skipped, and which are looked at beside each other.
struct Plan {
    skipped: Vec<Run>,
    blocks: Vec<Block>,
}

/// Neighbouring runs of one file on each side; either may be empty.
struct Block {
    before: Range<usize>,
    after: Range<usize>,
    /// Whether equal bytes are equal records.
    raw: bool,
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
    fn new(before: &dyn Records, after: &dyn Records, skip: bool) -> Self {
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
                push_run(&mut skipped, run);
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

impl Block {
    fn candidates(
        &self,
        before: &dyn Records,
        after: &dyn Records,
        reading: &Reading,
        how: How,
    ) -> Result<Candidates, Error> {
        let mut found = Candidates::default();
        let old = &before.units()[self.before.clone()];
        let new = &after.units()[self.after.clone()];
        let (mut a, mut b) = (
            Parser::new(reading, Side::Before),
            Parser::new(reading, Side::After),
        );
        if self.raw && !old.is_empty() && !new.is_empty() {
            let (x, y) = (Rows::read(before, old)?, Rows::read(after, new)?);
            let mut same = Vec::new();
            let (left_x, left_y) = differing(&x, &y, |p, q| same.push((p, q)));
            if a.chosen(before, old[0].part, &x, &left_x)?
                && b.chosen(after, new[0].part, &y, &left_y)?
            {
                found.partial |= !same.is_empty();
                if how.track {
                    let places = |(p, q): (usize, usize)| (x.ordinals[p], y.ordinals[q]);
                    found.keep(same.into_iter().map(places).collect());
                }
                return Ok(found.with(a, b, how));
            }
            (a, b) = (a.again(), b.again());
        }
        old.iter().try_for_each(|unit| a.whole(before, unit))?;
        new.iter().try_for_each(|unit| b.whole(after, unit))?;
        Ok(found.with(a, b, how))
    }
}

impl Candidates {
    fn with(mut self, a: Parser<'_>, b: Parser<'_>, how: How) -> Self {
        let found = &mut self;
        found.parsed = (a.prints.len() as u64, b.prints.len() as u64);
        found.sums = (a.sum, b.sum);
        (found.before, found.after) = (a.prints, b.prints);
        if how.local {
            found.cancel(how);
        }
        self
    }
}

/// Returns the records of two runs that remain when equal bytes are taken out of both.
fn differing(x: &Rows, y: &Rows, mut same: impl FnMut(usize, usize)) -> (Vec<usize>, Vec<usize>) {
    let (n, m) = (x.ranges.len(), y.ranges.len());
    let mut head = 0;
    while head < n.min(m) && x.record(head) == y.record(head) {
        same(head, head);
        head += 1;
    }
    let mut tail = 0;
    while tail < n.min(m) - head && x.record(n - 1 - tail) == y.record(m - 1 - tail) {
        tail += 1;
    }
    let mut places: FxHashMap<&[u8], VecDeque<usize>> = FxHashMap::default();
    for at in head..m - tail {
        places.entry(y.record(at)).or_default().push_back(at);
    }
    let mut left_y = vec![true; m];
    let mut left_x = Vec::new();
    for at in head..n - tail {
        match places.get_mut(x.record(at)).and_then(VecDeque::pop_front) {
            Some(other) => {
                left_y[other] = false;
                same(at, other);
            }
            None => left_x.push(at),
        }
    }
    for at in (0..tail).rev() {
        same(n - 1 - at, m - 1 - at);
    }
    (left_x, (head..m - tail).filter(|&at| left_y[at]).collect())
}

/// Parses records into prints.
pub(crate) struct Parser<'a> {
    reading: &'a Reading,
    side: Side,
    batch: Batch,
    scratch: Scratch,
    pub(crate) prints: Vec<Print>,
    pub(crate) sum: Sum,
}

impl<'a> Parser<'a> {
    pub(crate) fn new(reading: &'a Reading, side: Side) -> Self {
        Self {
            reading,
            side,
            batch: Batch::default(),
            scratch: Scratch::default(),
            prints: Vec::new(),
            sum: Sum::default(),
        }
    }

    /// Takes all records of a run.
    pub(crate) fn whole(&mut self, records: &dyn Records, unit: &UnitRef) -> Result<(), Error> {
        let bytes = records.bytes(unit)?;
        records.parse(unit.part, &bytes, &mut self.batch);
        expect_records(records, unit.first, unit.records as usize, self.batch.len())?;
        self.take(unit.first..unit.first + unit.records);
        Ok(())
    }

    fn chosen(
        &mut self,
        records: &dyn Records,
        part: usize,
        rows: &Rows,
        chosen: &[usize],
    ) -> Result<bool, Error> {
        if chosen.is_empty() {
            return Ok(true);
        }
        let parsed = rows.parse(records, part, chosen, &mut self.batch)?;
        if parsed {
            self.take(chosen.iter().map(|&at| rows.ordinals[at]));
        }
        Ok(parsed)
    }

    /// Forgets what was taken.
    fn again(self) -> Self {
        Self::new(self.reading, self.side)
    }

    fn take(&mut self, ordinals: impl Iterator<Item = u64>) {
        let view = View::new(self.reading, self.side, &self.batch);
        for (record, ordinal) in self.batch.records().zip(ordinals) {
            let (print, digest) = view.print(record, ordinal, &mut self.scratch);
            self.prints.push(print);
            self.sum = self.sum.plus(Sum::from_bytes(&digest));
        }
    }
}

/// Returns the places of all copies of whole records, by (canonical, full) print.
pub(crate) fn copies(
    records: &dyn Records,
    reading: &Reading,
    side: Side,
    of: &[Print],
) -> Result<FxHashMap<(u128, u64), Vec<u64>>, Error> {
    let empty: FxHashMap<(u128, u64), Vec<u64>> = of
        .iter()
        .map(|p| ((p.canonical, p.full), Vec::new()))
        .collect();
    let found = records
        .units()
        .par_chunks(64)
        .map(|units| {
            let mut found = Vec::new();
            let mut parser = Parser::new(reading, side);
            for unit in units {
                parser.prints.clear();
                parser.whole(records, unit)?;
                let wanted = |p: &&Print| empty.contains_key(&(p.canonical, p.full));
                found.extend(parser.prints.iter().filter(wanted).copied());
            }
            Ok(found)
        })
        .collect::<Result<Vec<Vec<Print>>, Error>>()?;
    let mut copies = empty;
    for print in found.into_iter().flatten() {
        copies
            .entry((print.canonical, print.full))
            .or_default()
            .push(print.ordinal);
    }
    Ok(copies)
}

/// Gives the records that differ as bytes, for states that follow a change: the two multisets
/// differ by exactly the difference of what is given.
pub(crate) fn visit_changed(
    before: &dyn Records,
    after: &dyn Records,
    skip: bool,
    visit: &mut dyn FnMut(Side, &Batch),
) -> Result<(), Error> {
    let plan = Plan::new(before, after, skip);
    for block in plan.blocks {
        let old = &before.units()[block.before.clone()];
        let new = &after.units()[block.after.clone()];
        let mut batch = Batch::default();
        if block.raw && !old.is_empty() && !new.is_empty() {
            let (x, y) = (Rows::read(before, old)?, Rows::read(after, new)?);
            let (left_x, left_y) = differing(&x, &y, |_, _| {});
            let mut other = Batch::default();
            if x.parse(before, old[0].part, &left_x, &mut batch)?
                && y.parse(after, new[0].part, &left_y, &mut other)?
            {
                visit(Side::Before, &batch);
                visit(Side::After, &other);
                continue;
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
    }
    Ok(())
}
