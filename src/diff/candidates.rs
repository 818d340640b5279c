//! Candidates: the records of two versions that may differ.
//!
//! Invariant: what is left out here is equal to as many records of the other side, and leaving it
//! out commutes with matching. Runs that both sides hold are skipped by id; neighbours are
//! compared by bytes, then by frames; what is left is canceled by hash, partition by partition.
//! Only what remains then is looked at value by value. How much is held in memory is bounded, and
//! changes nothing else.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;

use crate::base::{IoError, ObjectId};

use super::error::Error;
use super::framed::{Framed, Loaded, differing};
use super::moved::{self, Run, Runs};
use super::plan::{Block, Plan};
use super::reading::{Print, Reading, Scratch, Side, Sum, first_two};
use super::records::{Fetched, Records, UnitRef};
use super::spool::{Item, PARTS, Part, Spool, number};
use super::trimmed::{Memory, Trimmed};

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
    /// Whether both sides hold the same records, so that most lines will find their like.
    pub(crate) same: bool,
    /// Whether the places of what is canceled are wanted.
    pub(crate) track: bool,
    /// About how many bytes may be held in memory.
    pub(crate) memory: usize,
}

/// A record by a hash and its place.
///
/// The hash is that of its frame (of the common fields where keys are unique), or of its line.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Mark {
    hash: [u64; 2],
    ordinal: u64,
}

impl Item for Mark {
    const SIZE: usize = 24;

    fn write(&self, out: &mut Vec<u8>) {
        for number in [self.hash[0], self.hash[1], self.ordinal] {
            out.extend_from_slice(&number.to_le_bytes());
        }
    }

    fn read(mut bytes: &[u8]) -> Self {
        let mut next = || u64::from_le_bytes(number(&mut bytes));
        Self {
            hash: [next(), next()],
            ordinal: next(),
        }
    }
}

/// Returns the partition of a hash.
fn part(hash: u64) -> usize {
    (hash % PARTS as u64) as usize
}

/// Something of the older and of the newer side.
type Both<T> = [T; 2];

/// The records of one side that may differ.
#[derive(Debug)]
pub(crate) struct Prints {
    spool: Spool<Print>,
    /// Their places, in order; more may have been printed.
    left: Vec<u64>,
}

impl Prints {
    fn new(memory: usize) -> Self {
        let spool = Spool::new(memory);
        let left = Vec::new();
        Self { spool, left }
    }

    /// Records with one key, or without a key with equal values, are in one partition.
    fn push(&mut self, print: Print) -> Result<(), IoError> {
        let hash = match print.key {
            0 => print.canonical,
            key => key,
        };
        self.spool.push(part(hash as u64), print)
    }

    /// Returns the prints in partitions that can be matched by themselves, or in one.
    pub(crate) fn into_parts(self, one: bool) -> Result<Vec<PrintPart>, Error> {
        let left = Arc::new(self.left);
        let of = |part| PrintPart {
            part,
            left: left.clone(),
        };
        if self.spool.is_empty() {
            return Ok(Vec::new());
        }
        if one {
            let all = self.spool.into_items()?;
            return Ok(vec![of(Part::held(all))]);
        }
        Ok(self.spool.into_parts().into_iter().map(of).collect())
    }
}

/// Records of one side that may differ, of one partition.
pub(crate) struct PrintPart {
    part: Part<Print>,
    left: Arc<Vec<u64>>,
}

impl PrintPart {
    pub(crate) fn load(self) -> Result<Vec<Print>, Error> {
        let mut prints = self.part.load()?;
        prints.retain(|print| self.left.binary_search(&print.ordinal).is_ok());
        Ok(prints)
    }
}

/// Records that may differ, and what was canceled on the way.
#[derive(Debug)]
pub(crate) struct Candidates {
    pub(crate) prints: Both<Prints>,
    /// The places of canceled records, where they are tracked.
    pub(crate) runs: Option<Runs>,
    /// How many records of each side were read.
    pub(crate) read: Both<u64>,
    /// Whether records were skipped unread.
    pub(crate) skipped: bool,
    /// Then the sums of the frames of the records of each side that were read and not canceled as
    /// whole equals.
    pub(crate) sums: Both<Sum>,
    /// Whether records were canceled that were not compared with all others.
    pub(crate) partial: bool,
}

/// What one block holds.
#[derive(Default)]
struct Piece {
    /// What is left, by frame; and by line, where it was not parsed.
    frames: Both<Vec<Mark>>,
    lines: Both<Vec<Mark>>,
    prints: Both<Vec<Print>>,
    runs: Vec<Run>,
    read: Both<u64>,
    sums: Both<Sum>,
    partial: bool,
}

/// What the whole search shares.
struct Search<'a> {
    sides: Both<&'a dyn Records>,
    reading: &'a Reading,
    how: How,
    /// Whether sums must prove that what was skipped is equal.
    prove: bool,
    /// What is left of neighbours is wanted again, by whoever explains the differences.
    memory: Memory,
    near: Near,
}

/// Whether neighbours have anything in common: looking for it costs.
#[derive(Default)]
struct Near {
    records: AtomicU64,
    same: AtomicU64,
}

/// So many records are tried at least; few in tests, where tables are small.
const TRIED: u64 = if cfg!(test) { 20 } else { 1 << 16 };

impl Near {
    fn is_worth_it(&self) -> bool {
        let of = |count: &AtomicU64| count.load(Ordering::Relaxed);
        of(&self.records) < TRIED || of(&self.same).saturating_mul(64) > of(&self.records)
    }

    fn note(&self, records: usize, same: u64) {
        self.records.fetch_add(records as u64, Ordering::Relaxed);
        self.same.fetch_add(same, Ordering::Relaxed);
    }
}

const SIDES: Both<Side> = [Side::Before, Side::After];

impl Candidates {
    /// Finds the candidates of two versions.
    pub(crate) fn collect(
        before: &dyn Records,
        after: &dyn Records,
        reading: &Reading,
        how: How,
    ) -> Result<Self, Error> {
        let plan = Plan::new(before, after, how.skip);
        let skipped = !plan.skipped.is_empty();
        let search = Search {
            sides: [before, after],
            reading,
            how,
            prove: skipped,
            memory: Memory::default(),
            near: Near::default(),
        };
        let records = before.units().last().map_or(0, |u| u.first + u.records);
        let share = how.memory / 8;
        let mut all = Self {
            prints: [Prints::new(share), Prints::new(share)],
            runs: how.track.then(|| Runs::new(records, 2 * share)),
            read: [0; 2],
            skipped,
            sums: [Sum::default(); 2],
            partial: skipped,
        };
        for run in plan.skipped {
            moved::keep(&mut all.runs, run)?;
        }
        let marks = || [Spool::new(share), Spool::new(share)];
        let (mut lines, mut frames): (Both<Spool<Mark>>, Both<Spool<Mark>>) = (marks(), marks());
        let mut printed: Both<Vec<u64>> = Default::default();
        // Enough blocks at a time for all cores, few enough to bound memory.
        for blocks in plan.blocks.chunks(128) {
            let pieces: Vec<Piece> = blocks
                .par_iter()
                .map(|block| search.block(block))
                .collect::<Result<_, _>>()?;
            for piece in pieces {
                push_marks(&mut lines, &piece.lines)?;
                all.append(piece, &mut frames, &mut printed)?;
            }
        }
        let known = Arc::new(search.memory.finish(before, after));
        before.remember(&known, Side::Before);
        after.remember(&known, Side::After);
        if !lines.iter().all(Spool::is_empty) {
            all.partial = true;
            let left = all.cancel(lines, true)?;
            for (at, left) in left.into_iter().enumerate() {
                let search = (search.sides[at], reading, SIDES[at]);
                all.mark_lines(search, how, left, &mut frames[at])?;
            }
        }
        let left = all.cancel(frames, how.local)?;
        for (at, left) in left.into_iter().enumerate() {
            printed[at].sort_unstable();
            let unknown: Vec<u64> = left
                .iter()
                .copied()
                .filter(|ordinal| printed[at].binary_search(ordinal).is_err())
                .collect();
            all.prints[at].left = left;
            all.print(search.sides[at], reading, SIDES[at], &unknown)?;
        }
        Ok(all)
    }

    fn append(
        &mut self,
        piece: Piece,
        frames: &mut Both<Spool<Mark>>,
        printed: &mut Both<Vec<u64>>,
    ) -> Result<(), Error> {
        push_marks(frames, &piece.frames)?;
        for (at, prints) in piece.prints.into_iter().enumerate() {
            for print in prints {
                printed[at].push(print.ordinal);
                self.prints[at].push(print)?;
            }
            self.sums[at] = self.sums[at].plus(piece.sums[at]);
            self.read[at] += piece.read[at];
        }
        for run in piece.runs {
            moved::keep(&mut self.runs, run)?;
        }
        self.partial |= piece.partial;
        Ok(())
    }

    /// Cancels marks that both sides hold, the first places first, where that is allowed; returns
    /// the places of the others, in order.
    fn cancel(&mut self, marks: Both<Spool<Mark>>, allowed: bool) -> Result<Both<Vec<u64>>, Error> {
        let [a, b] = marks.map(Spool::into_parts);
        let mut parts: Vec<_> = a.into_iter().zip(b).collect();
        let mut left: Both<Vec<u64>> = Default::default();
        while !parts.is_empty() {
            // A few at a time, so that not all are in memory again.
            let some = parts.split_off(parts.len().saturating_sub(8));
            let canceled = some
                .into_par_iter()
                .map(|(a, b)| Ok(cancel(a.load()?, b.load()?, allowed)))
                .collect::<Result<Vec<_>, Error>>()?;
            for (kept, mut rest) in canceled {
                left[0].append(&mut rest[0]);
                left[1].append(&mut rest[1]);
                for pair in kept {
                    moved::keep(&mut self.runs, Run::one(pair))?;
                }
            }
        }
        left.iter_mut().for_each(|left| left.par_sort_unstable());
        Ok(left)
    }

    /// Reads lines that found nothing like them, and marks them by frame.
    fn mark_lines(
        &mut self,
        (records, reading, side): (&dyn Records, &Reading, Side),
        how: How,
        left: Vec<u64>,
        frames: &mut Spool<Mark>,
    ) -> Result<(), Error> {
        let mark = |ordinals: &[u64]| -> Result<(Sum, Vec<Mark>), Error> {
            let fetched = Fetched::read(records, ordinals)?;
            let views = fetched.views(reading, side);
            let hash = |common: bool| {
                let (mut bytes, mut ends) = (Vec::new(), Vec::with_capacity(ordinals.len()));
                for at in 0..ordinals.len() {
                    let (view, record) = views.get(at);
                    match common {
                        true => view.common_frame(record, &mut bytes),
                        false => view.whole_frame(record, &mut bytes),
                    }
                    ends.push(bytes.len());
                }
                ObjectId::of_each(&bytes, &ends)
            };
            let whole = hash(false);
            let sum = Sum::default().plus_all(&whole);
            let hashes = if how.unique { hash(true) } else { whole };
            Ok((sum, marks(&hashes, ordinals)))
        };
        in_portions(&left, &mark, &mut |(sum, marks)| {
            self.sums[side as usize] = self.sums[side as usize].plus(sum);
            Ok(push_all(frames, &marks)?)
        })
    }

    /// Reads records and prints them.
    fn print(
        &mut self,
        records: &dyn Records,
        reading: &Reading,
        side: Side,
        wanted: &[u64],
    ) -> Result<(), Error> {
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
        in_portions(wanted, &read, &mut |prints| {
            let mut prints = prints.into_iter();
            Ok(prints.try_for_each(|print| self.prints[side as usize].push(print))?)
        })
    }
}

/// Reads records on all cores, a bounded number at a time, and takes what comes of them in order.
fn in_portions<T: Send>(
    ordinals: &[u64],
    read: &(dyn Fn(&[u64]) -> Result<T, Error> + Sync),
    take: &mut dyn FnMut(T) -> Result<(), Error>,
) -> Result<(), Error> {
    for portion in ordinals.chunks(1 << 17) {
        let found = portion
            .par_chunks(1 << 12)
            .map(read)
            .collect::<Result<Vec<_>, _>>()?;
        found.into_iter().try_for_each(&mut *take)?;
    }
    Ok(())
}

fn marks(hashes: &[ObjectId], ordinals: &[u64]) -> Vec<Mark> {
    let mark = |(hash, &ordinal): (&ObjectId, &u64)| Mark {
        hash: first_two(&hash.0),
        ordinal,
    };
    hashes.iter().zip(ordinals).map(mark).collect()
}

fn push_all(spool: &mut Spool<Mark>, marks: &[Mark]) -> Result<(), IoError> {
    marks
        .iter()
        .try_for_each(|mark| spool.push(part(mark.hash[0]), *mark))
}

fn push_marks(spools: &mut Both<Spool<Mark>>, marks: &Both<Vec<Mark>>) -> Result<(), IoError> {
    let mut both = spools.iter_mut().zip(marks);
    both.try_for_each(|(spool, marks)| push_all(spool, marks))
}

/// Returns pairs of places with equal marks, the first places first, and the places of the rest.
fn cancel(mut a: Vec<Mark>, mut b: Vec<Mark>, allowed: bool) -> (Vec<(u64, u64)>, Both<Vec<u64>>) {
    let places = |marks: &[Mark]| marks.iter().map(|mark| mark.ordinal).collect::<Vec<_>>();
    if !allowed || a.is_empty() || b.is_empty() {
        return (Vec::new(), [places(&a), places(&b)]);
    }
    a.sort_unstable();
    b.sort_unstable();
    let mut kept = Vec::with_capacity(a.len().min(b.len()));
    let mut left: Both<Vec<u64>> = Default::default();
    let (mut x, mut y) = (a.as_slice(), b.as_slice());
    while let (Some((p, rest_x)), Some((q, rest_y))) = (x.split_first(), y.split_first()) {
        match p.hash.cmp(&q.hash) {
            std::cmp::Ordering::Less => {
                left[0].push(p.ordinal);
                x = rest_x;
            }
            std::cmp::Ordering::Greater => {
                left[1].push(q.ordinal);
                y = rest_y;
            }
            std::cmp::Ordering::Equal => {
                kept.push((p.ordinal, q.ordinal));
                (x, y) = (rest_x, rest_y);
            }
        }
    }
    left[0].append(&mut places(x));
    left[1].append(&mut places(y));
    (kept, left)
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
}

impl Search<'_> {
    fn block(&self, block: &Block) -> Result<Piece, Error> {
        let mut found = Piece::default();
        let [before, after] = self.sides;
        let (old, new) = block.units(before, after);
        let records = |units: &[UnitRef]| units.iter().map(|unit| unit.records as usize).sum();
        let count: Both<usize> = [records(old), records(new)];
        found.read = count.map(|count| count as u64);
        if block.raw && !old.is_empty() && !new.is_empty() {
            let remembered = after.differences().filter(|_| self.how.skip);
            let trimmed = match remembered.and_then(|(known, _)| known.block(block)) {
                Some(trimmed) => Cow::Borrowed(trimmed),
                None => Cow::Owned(self.trim((before, old), (after, new))?),
            };
            let sides = [&trimmed.before, &trimmed.after];
            found.partial |= !trimmed.same.is_empty();
            let most = |at: usize| sides[at].ordinals.len() * 4 > count[at];
            if self.how.same && most(0) && most(1) {
                for (at, lines) in sides.into_iter().enumerate() {
                    let hashes = lines.hashes(self.sides[at]);
                    found.lines[at] = marks(&hashes, &lines.ordinals);
                }
                self.track(&mut found, &trimmed);
                return Ok(found);
            }
            let a = Loaded::lines(before, &trimmed.before);
            let b = Loaded::lines(after, &trimmed.after);
            if let (Some(a), Some(b)) = (a, b) {
                self.track(&mut found, &trimmed);
                self.compare(&mut found, [&a, &b], count);
                if let Cow::Owned(trimmed) = trimmed {
                    self.memory.keep(block, trimmed);
                }
                return Ok(found);
            }
            found.partial = false;
        }
        let (mut a, mut b) = (Loaded::default(), Loaded::default());
        old.iter().try_for_each(|unit| a.whole(before, unit))?;
        new.iter().try_for_each(|unit| b.whole(after, unit))?;
        self.compare(&mut found, [&a, &b], count);
        Ok(found)
    }

    fn trim(
        &self,
        (before, old): (&dyn Records, &[UnitRef]),
        (after, new): (&dyn Records, &[UnitRef]),
    ) -> Result<Trimmed, Error> {
        let near = self.near.is_worth_it();
        let trimmed = Trimmed::read((before, old), (after, new), near)?;
        if near {
            let same: u64 = trimmed.same.iter().map(|run| run.records).sum();
            let left = trimmed.before.ordinals.len();
            self.near.note(left + same as usize, same);
        }
        Ok(trimmed)
    }

    fn track(&self, found: &mut Piece, trimmed: &Trimmed) {
        if self.how.track {
            found.runs.extend(&trimmed.same);
        }
    }

    /// Takes out what is equal in two loads of neighbours, of so many records, and marks the rest.
    fn compare(&self, found: &mut Piece, loaded: Both<&Loaded>, count: Both<usize>) {
        let framed =
            [0, 1].map(|at| Framed::new(loaded[at], self.reading, SIDES[at], self.how.unique));
        let [x, y] = &framed;
        let mut left: Both<Vec<usize>> = [(0..x.len()).collect(), (0..y.len()).collect()];
        if self.how.local && self.near.is_worth_it() {
            let mut same = Vec::new();
            (left[0], left[1]) = differing(
                (x.len(), |at| x.frame(at)),
                (y.len(), |at| y.frame(at)),
                |p, q| same.push((p, q)),
            );
            self.near.note(x.len(), same.len() as u64);
            found.partial |= !same.is_empty();
            // Where the frames that were compared are whole, both sums would grow by the same.
            if self.prove && !(x.whole && y.whole) {
                let (p, q): (Vec<usize>, Vec<usize>) = same.iter().copied().unzip();
                found.add(0, &x.digests(&p));
                found.add(1, &y.digests(&q));
            }
            if self.how.track {
                for (p, q) in same {
                    let run = Run::one((x.ordinal(p), y.ordinal(q)));
                    moved::push(&mut found.runs, run);
                }
            }
        }
        for (at, left) in left.into_iter().enumerate() {
            let framed = &framed[at];
            let hashes = framed.hashes(&left);
            if self.prove {
                match framed.whole {
                    true => found.add(at, &hashes),
                    false => found.add(at, &framed.digests(&left)),
                }
            }
            let ordinals: Vec<u64> = left.iter().map(|&at| framed.ordinal(at)).collect();
            found.frames[at] = marks(&hashes, &ordinals);
            // Few that are left will hardly find a partner elsewhere: print them while they are
            // here. Where none is canceled, all are printed.
            if left.len() * 4 <= count[at] || !self.how.local {
                let mut scratch = Scratch::default();
                for (left, ordinal) in left.into_iter().zip(ordinals) {
                    let (view, row) = framed.record(left);
                    let print = view.print(view.batch.record(row), ordinal, &mut scratch);
                    found.prints[at].push(print);
                }
            }
        }
    }
}

impl Piece {
    fn add(&mut self, side: usize, digests: &[ObjectId]) {
        self.sums[side] = self.sums[side].plus_all(digests);
    }
}
