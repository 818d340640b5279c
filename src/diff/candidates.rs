//! Candidates: the records of two versions that may differ.
//!
//! Invariant: what is left out here is equal to as many records of the other side, and leaving it
//! out commutes with matching. Runs that both sides hold are skipped by id; neighbours are
//! compared by bytes, then by frames; what is left is canceled by hash. Only what remains then is
//! looked at value by value.

use std::borrow::Cow;
use std::collections::VecDeque;

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use crate::base::ObjectId;
use crate::record::Batch;

use super::error::Error;
use super::moved::{self, Run};
use super::plan::{Block, Plan};
use super::reading::{Print, Reading, Scratch, Side, Sum, View, first_16, first_two};
use super::records::{Fetched, Records, UnitRef, expect_records};
use super::trimmed::{Lines, Trimmed};

/// How candidates may be sought.
#[derive(Clone, Copy, Debug)]
pub(crate) struct How {
    /// Whether runs of equal bytes may be skipped.
    pub(crate) skip: bool,
    /// Whether equal records may be canceled before all are known.
    pub(crate) local: bool,
    /// Whether no key stands twice on either side, so that records whose common fields are
    /// spelled alike may be canceled too, whatever their other fields say.
    pub(crate) unique: bool,
    /// Whether the places of what is canceled are wanted.
    pub(crate) track: bool,
}

/// A record by the hash of its frame (of the common fields where keys are unique) and its place.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Mark {
    hash: [u64; 2],
    ordinal: u64,
}

/// Records that may differ, and what was canceled on the way.
#[derive(Default, Debug)]
pub(crate) struct Candidates {
    pub(crate) before: Vec<Print>,
    pub(crate) after: Vec<Print>,
    /// The places of canceled records, where they are tracked.
    pub(crate) runs: Vec<Run>,
    /// The sums of the frames of the records of each side that were not canceled as whole equals.
    pub(crate) sums: (Sum, Sum),
    /// How many those are.
    pub(crate) read: (u64, u64),
    /// Whether records were canceled that were not compared with all others.
    pub(crate) partial: bool,
    marks: (Vec<Mark>, Vec<Mark>),
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
            let marks = all.marks.0.len() + all.marks.1.len();
            if how.local && marks > 2 * compacted {
                all.partial |= all.cancel(how);
                compacted = compacted.max(all.marks.0.len() + all.marks.1.len());
            }
        }
        if how.local {
            all.cancel(how);
        }
        // Marks go before prints come, so that both never fill memory together.
        let places = |marks: Vec<Mark>| -> Vec<u64> {
            let mut places: Vec<u64> = marks.into_iter().map(|mark| mark.ordinal).collect();
            places.par_sort_unstable();
            places
        };
        let old = places(std::mem::take(&mut all.marks.0));
        let new = places(std::mem::take(&mut all.marks.1));
        all.before = prints(before, reading, Side::Before, old, all.before)?;
        all.after = prints(after, reading, Side::After, new, all.after)?;
        Ok(all)
    }

    fn append(&mut self, mut piece: Self) {
        self.marks.0.append(&mut piece.marks.0);
        self.marks.1.append(&mut piece.marks.1);
        self.before.append(&mut piece.before);
        self.after.append(&mut piece.after);
        piece
            .runs
            .into_iter()
            .for_each(|run| moved::push(&mut self.runs, run));
        self.sums.0 = self.sums.0.plus(piece.sums.0);
        self.sums.1 = self.sums.1.plus(piece.sums.1);
        self.read.0 += piece.read.0;
        self.read.1 += piece.read.1;
        self.partial |= piece.partial;
    }

    /// Cancels marks that both sides hold, the first places first; returns whether there were any.
    fn cancel(&mut self, how: How) -> bool {
        let (a, b) = (&mut self.marks.0, &mut self.marks.1);
        if a.is_empty() || b.is_empty() {
            return false;
        }
        a.par_sort_unstable();
        b.par_sort_unstable();
        let mut kept = Vec::new();
        let (mut left_a, mut left_b) = (Vec::new(), Vec::new());
        let (mut x, mut y) = (a.iter().peekable(), b.iter().peekable());
        while let (Some(p), Some(q)) = (x.peek(), y.peek()) {
            match p.hash.cmp(&q.hash) {
                std::cmp::Ordering::Less => left_a.extend(x.next()),
                std::cmp::Ordering::Greater => left_b.extend(y.next()),
                std::cmp::Ordering::Equal => {
                    if let (Some(p), Some(q)) = (x.next(), y.next()) {
                        kept.push((p.ordinal, q.ordinal));
                    }
                }
            }
        }
        if kept.is_empty() {
            return false;
        }
        left_a.extend(x);
        left_b.extend(y);
        (self.marks.0, self.marks.1) = (left_a, left_b);
        if how.track {
            self.keep(kept);
        }
        true
    }

    /// Notes the places of canceled records.
    pub(crate) fn keep(&mut self, mut kept: Vec<(u64, u64)>) {
        kept.par_sort_unstable();
        for (before, after) in kept {
            let records = 1;
            let run = Run {
                before,
                after,
                records,
            };
            moved::push(&mut self.runs, run);
        }
    }
}

/// Returns the prints of the wanted records; those that are known already are not read again.
fn prints(
    records: &dyn Records,
    reading: &Reading,
    side: Side,
    mut wanted: Vec<u64>,
    mut known: Vec<Print>,
) -> Result<Vec<Print>, Error> {
    known.retain(|print| wanted.binary_search(&print.ordinal).is_ok());
    known.sort_unstable_by_key(|print| print.ordinal);
    wanted.retain(|ordinal| {
        known
            .binary_search_by_key(ordinal, |print| print.ordinal)
            .is_err()
    });
    let mut found = known;
    found.reserve_exact(wanted.len());
    let read = |ordinals: &[u64]| -> Result<Vec<Print>, Error> {
        let fetched = Fetched::read(records, ordinals)?;
        let views = fetched.views(reading, side);
        let mut scratch = Scratch::default();
        let print = |(at, ordinal): (usize, &u64)| {
            let (view, record) = views.get(at);
            view.print(record, *ordinal, &mut scratch)
        };
        Ok(ordinals.iter().enumerate().map(print).collect())
    };
    for portion in wanted.chunks(1 << 18) {
        let parts = portion
            .par_chunks(1 << 12)
            .map(read)
            .collect::<Result<Vec<_>, _>>()?;
        parts.into_iter().for_each(|part| found.extend(part));
    }
    Ok(found)
}

impl Block {
    /// Returns the runs of both sides.
    pub(crate) fn units<'a>(
        &self,
        before: &'a dyn Records,
        after: &'a dyn Records,
    ) -> (&'a [UnitRef], &'a [UnitRef]) {
        let old = &before.units()[self.before.clone()];
        (old, &after.units()[self.after.clone()])
    }

    fn candidates(
        &self,
        before: &dyn Records,
        after: &dyn Records,
        reading: &Reading,
        how: How,
    ) -> Result<Candidates, Error> {
        let mut found = Candidates::default();
        let (old, new) = self.units(before, after);
        let records = |units: &[UnitRef]| units.iter().map(|unit| unit.records as usize).sum();
        if self.raw && !old.is_empty() && !new.is_empty() {
            let remembered = after.differences().filter(|_| how.skip);
            let trimmed = match remembered.and_then(|(known, _)| known.block(self)) {
                Some(trimmed) => Cow::Borrowed(trimmed),
                None => Cow::Owned(Trimmed::read((before, old), (after, new))?),
            };
            let a = Loaded::lines(before, &trimmed.before);
            let b = Loaded::lines(after, &trimmed.after);
            if let (Some(a), Some(b)) = (a, b) {
                found.partial |= !trimmed.same.is_empty();
                if how.track {
                    found.runs.extend(&trimmed.same);
                }
                found.compare((&a, records(old)), (&b, records(new)), reading, how);
                return Ok(found);
            }
        }
        let (mut a, mut b) = (Loaded::default(), Loaded::default());
        old.iter().try_for_each(|unit| a.whole(before, unit))?;
        new.iter().try_for_each(|unit| b.whole(after, unit))?;
        found.compare((&a, records(old)), (&b, records(new)), reading, how);
        Ok(found)
    }
}

impl Candidates {
    /// Takes out what is equal in two loads of neighbours, of so many records, and marks the rest.
    fn compare(
        &mut self,
        (a, all_a): (&Loaded, usize),
        (b, all_b): (&Loaded, usize),
        reading: &Reading,
        how: How,
    ) {
        let x = Framed::new(a, reading, Side::Before, how.unique);
        let y = Framed::new(b, reading, Side::After, how.unique);
        let (mut left_x, mut left_y): (Vec<usize>, Vec<usize>) =
            ((0..x.len()).collect(), (0..y.len()).collect());
        if how.local {
            let mut same = Vec::new();
            (left_x, left_y) = differing(
                (x.len(), |at| x.frame(at)),
                (y.len(), |at| y.frame(at)),
                |p, q| same.push((p, q)),
            );
            self.partial |= !same.is_empty();
            // Where the frames that were compared are whole, both sums would grow by the same.
            if !x.whole || !y.whole {
                let (p, q): (Vec<usize>, Vec<usize>) = same.iter().copied().unzip();
                for (sum, digests) in [
                    (&mut self.sums.0, x.digests(&p)),
                    (&mut self.sums.1, y.digests(&q)),
                ] {
                    for digest in digests {
                        *sum = sum.plus(Sum::from_bytes(&digest.0));
                    }
                }
                self.read.0 += same.len() as u64;
                self.read.1 += same.len() as u64;
            }
            if how.track {
                let places = |(p, q): (usize, usize)| (x.ordinal(p), y.ordinal(q));
                self.keep(same.into_iter().map(places).collect());
            }
        }
        self.read.0 += left_x.len() as u64;
        self.read.1 += left_y.len() as u64;
        let (few_x, few_y) = (left_x.len() * 4 <= all_a, left_y.len() * 4 <= all_b);
        // Few that are left will hardly find a partner elsewhere: print them while they are here.
        for (framed, left, few, sum, marks, prints) in [
            (
                &x,
                left_x,
                few_x,
                &mut self.sums.0,
                &mut self.marks.0,
                &mut self.before,
            ),
            (
                &y,
                left_y,
                few_y,
                &mut self.sums.1,
                &mut self.marks.1,
                &mut self.after,
            ),
        ] {
            let mut scratch = Scratch::default();
            let digests = framed.digests(&left);
            let frames = match framed.whole {
                true => None,
                false => Some(framed.hashes(&left)),
            };
            for (index, at) in left.into_iter().enumerate() {
                *sum = sum.plus(Sum::from_bytes(&digests[index].0));
                let hashes = frames.as_ref().unwrap_or(&digests);
                marks.push(Mark {
                    hash: first_two(&hashes[index].0),
                    ordinal: framed.ordinal(at),
                });
                if few {
                    let (view, row) = framed.record(at);
                    let print =
                        view.print(view.batch.record(row), framed.ordinal(at), &mut scratch);
                    prints.push(print);
                }
            }
        }
    }
}

/// Parsed neighbours of one side.
#[derive(Default)]
struct Loaded {
    batches: Vec<(Batch, Vec<u64>)>,
}

impl Loaded {
    /// Parses records; `None` where they read otherwise alone.
    fn lines(records: &dyn Records, lines: &Lines) -> Option<Self> {
        if lines.ordinals.is_empty() {
            return Some(Self::default());
        }
        let mut batch = Batch::default();
        let parsed = lines.parse(records, &mut batch);
        let batches = vec![(batch, lines.ordinals.clone())];
        parsed.then_some(Self { batches })
    }

    fn whole(&mut self, records: &dyn Records, unit: &UnitRef) -> Result<(), Error> {
        let bytes = records.bytes(unit)?;
        let mut batch = Batch::default();
        records.parse(unit.part, &bytes, &mut batch);
        expect_records(records, unit.first, unit.records as usize, batch.len())?;
        let ordinals = (unit.first..unit.first + unit.records).collect();
        self.batches.push((batch, ordinals));
        Ok(())
    }
}

/// Parsed neighbours with the frame of each record: of the common fields where these decide,
/// else of all.
struct Framed<'a> {
    views: Vec<View<'a>>,
    loaded: &'a Loaded,
    bytes: Vec<u8>,
    ends: Vec<usize>,
    /// The batch and row of each record.
    places: Vec<(u32, u32)>,
    /// Whether the frames are those of whole records.
    whole: bool,
}

impl<'a> Framed<'a> {
    fn new(loaded: &'a Loaded, reading: &'a Reading, side: Side, common: bool) -> Self {
        let views: Vec<View<'a>> = loaded
            .batches
            .iter()
            .map(|(batch, _)| View::new(reading, side, batch))
            .collect();
        let whole = !common || views.iter().all(View::is_whole);
        let mut framed = Self {
            views,
            loaded,
            bytes: Vec::new(),
            ends: vec![0],
            places: Vec::new(),
            whole,
        };
        for (at, view) in framed.views.iter().enumerate() {
            for (row, record) in view.batch.records().enumerate() {
                if whole {
                    view.whole_frame(record, &mut framed.bytes);
                } else {
                    view.common_frame(record, &mut framed.bytes);
                }
                framed.ends.push(framed.bytes.len());
                framed.places.push((at as u32, row as u32));
            }
        }
        framed
    }

    fn len(&self) -> usize {
        self.places.len()
    }

    fn frame(&self, at: usize) -> &[u8] {
        &self.bytes[self.ends[at]..self.ends[at + 1]]
    }

    fn record(&self, at: usize) -> (&View<'a>, usize) {
        let (batch, row) = self.places[at];
        (&self.views[batch as usize], row as usize)
    }

    fn ordinal(&self, at: usize) -> u64 {
        let (batch, row) = self.places[at];
        self.loaded.batches[batch as usize].1[row as usize]
    }

    /// Returns the hashes of the frames of some records.
    fn hashes(&self, places: &[usize]) -> Vec<ObjectId> {
        let (mut frames, mut ends) = (Vec::new(), Vec::with_capacity(places.len()));
        for &at in places {
            frames.extend_from_slice(self.frame(at));
            ends.push(frames.len());
        }
        ObjectId::of_each(&frames, &ends)
    }

    /// Returns the hashes of the frames of some records, with all their fields.
    fn digests(&self, places: &[usize]) -> Vec<ObjectId> {
        if self.whole {
            return self.hashes(places);
        }
        let (mut frames, mut ends) = (Vec::new(), Vec::with_capacity(places.len()));
        for &at in places {
            let (view, row) = self.record(at);
            view.whole_frame(view.batch.record(row), &mut frames);
            ends.push(frames.len());
        }
        ObjectId::of_each(&frames, &ends)
    }
}

/// Returns what remains of two lists of byte strings when equal ones are taken out of both.
pub(crate) fn differing<'a>(
    (n, x): (usize, impl Fn(usize) -> &'a [u8]),
    (m, y): (usize, impl Fn(usize) -> &'a [u8]),
    mut same: impl FnMut(usize, usize),
) -> (Vec<usize>, Vec<usize>) {
    let mut head = 0;
    while head < n.min(m) && x(head) == y(head) {
        same(head, head);
        head += 1;
    }
    let mut tail = 0;
    while tail < n.min(m) - head && x(n - 1 - tail) == y(m - 1 - tail) {
        tail += 1;
    }
    let mut places: FxHashMap<&[u8], VecDeque<usize>> = FxHashMap::default();
    for at in head..m - tail {
        places.entry(y(at)).or_default().push_back(at);
    }
    let mut left_y = vec![true; m];
    let mut left_x = Vec::new();
    for at in head..n - tail {
        match places.get_mut(x(at)).and_then(VecDeque::pop_front) {
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

/// Returns the places of all copies of whole records, by the hash of their frames.
pub(crate) fn copies(
    records: &dyn Records,
    reading: &Reading,
    side: Side,
    of: &[Print],
) -> Result<FxHashMap<u128, Vec<u64>>, Error> {
    let mut copies: FxHashMap<u128, Vec<u64>> = of.iter().map(|p| (p.full, Vec::new())).collect();
    let found = records
        .units()
        .par_iter()
        .map(|unit| {
            let mut loaded = Loaded::default();
            loaded.whole(records, unit)?;
            let framed = Framed::new(&loaded, reading, side, false);
            let all: Vec<usize> = (0..framed.len()).collect();
            let digests = framed.digests(&all).into_iter().zip(all);
            let places = digests.map(|(digest, at)| (first_16(&digest.0), framed.ordinal(at)));
            Ok(places
                .filter(|(full, _)| copies.contains_key(full))
                .collect())
        })
        .collect::<Result<Vec<Vec<(u128, u64)>>, Error>>()?;
    for (full, ordinal) in found.into_iter().flatten() {
        copies.entry(full).or_default().push(ordinal);
    }
    Ok(copies)
}
