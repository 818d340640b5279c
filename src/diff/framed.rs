//! Parsed neighbours, framed: what two runs of records are compared by.

use std::collections::VecDeque;

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use crate::base::ObjectId;
use crate::record::Batch;

use super::error::Error;
use super::reading::{Print, Reading, Side, View, first_16};
use super::records::{Records, UnitRef, expect_records};
use super::trimmed::Lines;

/// Parsed neighbours of one side.
#[derive(Default)]
pub(crate) struct Loaded {
    batches: Vec<(Batch, Vec<u64>)>,
}

impl Loaded {
    /// Parses records; `None` where they read otherwise alone.
    pub(crate) fn lines(records: &dyn Records, lines: &Lines) -> Option<Self> {
        if lines.ordinals.is_empty() {
            return Some(Self::default());
        }
        let mut batch = Batch::default();
        let parsed = lines.parse(records, &mut batch);
        let batches = vec![(batch, lines.ordinals.clone())];
        parsed.then_some(Self { batches })
    }

    pub(crate) fn whole(&mut self, records: &dyn Records, unit: &UnitRef) -> Result<(), Error> {
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
pub(crate) struct Framed<'a> {
    views: Vec<View<'a>>,
    loaded: &'a Loaded,
    bytes: Vec<u8>,
    ends: Vec<usize>,
    /// The batch and row of each record.
    places: Vec<(u32, u32)>,
    /// Whether the frames are those of whole records.
    pub(crate) whole: bool,
}

impl<'a> Framed<'a> {
    pub(crate) fn new(loaded: &'a Loaded, reading: &'a Reading, side: Side, common: bool) -> Self {
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

    pub(crate) fn len(&self) -> usize {
        self.places.len()
    }

    pub(crate) fn frame(&self, at: usize) -> &[u8] {
        &self.bytes[self.ends[at]..self.ends[at + 1]]
    }

    pub(crate) fn record(&self, at: usize) -> (&View<'a>, usize) {
        let (batch, row) = self.places[at];
        (&self.views[batch as usize], row as usize)
    }

    pub(crate) fn ordinal(&self, at: usize) -> u64 {
        let (batch, row) = self.places[at];
        self.loaded.batches[batch as usize].1[row as usize]
    }

    /// Returns the hashes of the frames of some records.
    pub(crate) fn hashes(&self, places: &[usize]) -> Vec<ObjectId> {
        let (mut frames, mut ends) = (Vec::new(), Vec::with_capacity(places.len()));
        for &at in places {
            frames.extend_from_slice(self.frame(at));
            ends.push(frames.len());
        }
        ObjectId::of_each(&frames, &ends)
    }

    /// Returns the hashes of the frames of some records, with all their fields.
    pub(crate) fn digests(&self, places: &[usize]) -> Vec<ObjectId> {
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
