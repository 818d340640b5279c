//! The statistics of one field: types, digest, values, and what outlives values that are too many.
//!
//! Where values are counted, all else follows from the counter. Of values that are not - long ones,
//! and all when they are too many - types, digest, a sketch of how many there are and a histogram
//! of numbers are added up as they come.

use std::borrow::Cow;
use std::sync::OnceLock;

use xxhash_rust::xxh3::xxh3_128;

use crate::record::{Batch, Cell, CellKind, Type, normalized};

use super::counter::{self, Counter, Forget};
use super::numbers::Histogram;
use super::sketch::Sketch;

/// Values up to this many bytes are counted as they are; longer ones by their beginning and hash.
pub(super) const LONGEST: usize = 256;
/// How much of a longer value stands in its short form.
const BEGINNING: usize = 64;
/// No short form is longer than this; a decoder refuses longer values.
pub(super) const LONGEST_KEY: usize = LONGEST + 1;

/// The statistics of one field.
///
/// Where values are counted, their types and hashes follow from the counter and are not added up
/// cell by cell: looking up a value of few is all that a cell costs.
#[derive(Clone, Debug, Default)]
pub(super) struct Field {
    /// Of the values that the counter does not tell: long ones, and all when it is over.
    pub(super) untold: Untold,
    /// Keys are the kind byte and the text of a value; [`LONG`] marks short forms.
    pub(super) values: Counter,
    /// What the values add up to, once that was asked for.
    known: OnceLock<Totals>,
}

/// What is added up over the values of a field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Totals {
    /// Values by parse class, in the order of [`Type::ALL`]; nulls are what is left of the records.
    pub(super) counts: [i64; Type::ALL.len()],
    /// The sum of the values' hashes.
    pub(super) digest: u128,
}

/// What is added up over the values that a counter does not tell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Untold {
    pub(super) totals: Totals,
    /// How many distinct values there are.
    pub(super) sketch: Option<Sketch>,
    /// The numbers among them, where they are asked for.
    pub(super) numbers: Option<Histogram>,
}

impl Untold {
    /// Adds `count` of a value of this type, text and hash.
    #[inline]
    fn add_hashed(&mut self, kind: Type, text: &[u8], hash: u128, count: i64) {
        self.totals.add_hashed(kind, hash, count);
        self.sketch.get_or_insert_default().add(hash, count);
        if let (Some(numbers), Type::Integer | Type::Float) = (&mut self.numbers, kind) {
            numbers.add(text, count);
        }
    }

    /// Adds `count` of a value: its kind byte and its text.
    fn add(&mut self, value: &[u8], count: i64) {
        if let Some((kind, text)) = value.split_first() {
            let kind = Type::of_bytes(kind_of(*kind), text);
            self.add_hashed(kind, text, counter::hash(value), count);
        }
    }

    /// Adds `count` of a counter's value, unless it is a short form, which tells nothing.
    fn add_counted(&mut self, value: &[u8], count: i64) {
        if value.first().is_some_and(|kind| kind & LONG == 0) {
            self.add(value, count);
        }
    }

    fn merge(&mut self, other: &Self) {
        self.totals.merge(&other.totals);
        if let (Some(mine), Some(theirs)) = (&mut self.numbers, &other.numbers) {
            mine.merge(theirs);
        }
        match (&mut self.sketch, &other.sketch) {
            (Some(mine), Some(theirs)) => mine.merge(theirs),
            (None, Some(theirs)) => self.sketch = Some(theirs.clone()),
            (_, None) => {}
        }
    }
}

/// Marks the kind byte of a long value's short form.
pub(super) const LONG: u8 = 0x80;

impl Totals {
    /// Adds `count` of a value: its kind byte and its text.
    fn add(&mut self, value: &[u8], count: i64) {
        if let Some((kind, text)) = value.split_first() {
            let kind = Type::of_bytes(kind_of(*kind), text);
            self.add_hashed(kind, counter::hash(value), count);
        }
    }

    /// Adds `count` of a value of this type and hash.
    #[inline]
    fn add_hashed(&mut self, kind: Type, hash: u128, count: i64) {
        let count_mod = i128::from(count) as u128;
        self.digest = self.digest.wrapping_add(hash.wrapping_mul(count_mod));
        self.counts[kind as usize] += count;
    }

    /// Adds `count` of a counter's value, unless it is a short form, which tells nothing.
    fn add_counted(&mut self, value: &[u8], count: i64) {
        if value.first().is_some_and(|kind| kind & LONG == 0) {
            self.add(value, count);
        }
    }

    fn merge(&mut self, other: &Self) {
        self.digest = self.digest.wrapping_add(other.digest);
        for (count, more) in self.counts.iter_mut().zip(other.counts) {
            *count += more;
        }
    }

    /// Returns how many records have a value.
    pub(super) fn present(&self) -> i64 {
        self.counts.iter().sum()
    }

    /// Returns the narrowest type of all values.
    pub(super) fn kind(&self) -> Type {
        Type::ALL
            .into_iter()
            .zip(self.counts)
            .filter(|(_, count)| *count != 0)
            .fold(Type::Null, |joined, (kind, _)| joined.join(kind))
    }
}

/// Returns the cell that a counter's key stands for.
pub(super) fn cell_of(value: &[u8]) -> Option<Cell<'_>> {
    let (first, text) = value.split_first()?;
    Some(Cell {
        kind: kind_of(first & !LONG),
        text: std::str::from_utf8(text).ok()?,
    })
}

/// Returns the kind of a kind byte.
pub(super) fn kind_of(byte: u8) -> CellKind {
    match byte {
        0 => CellKind::Text,
        1 => CellKind::List,
        _ => CellKind::Object,
    }
}

impl Field {
    /// Returns the statistics of no values; `numbers` says whether numbers are counted by size.
    pub(super) fn new(numbers: bool) -> Self {
        let mut field = Self::default();
        field.untold.numbers = numbers.then(Histogram::default);
        field
    }

    /// Counts the types of values, and nothing else.
    pub(super) fn count_types(&mut self, batch: &Batch, place: usize, sign: i64) {
        self.known.take();
        for span in batch.records().filter_map(|record| record.span(place)) {
            let kind = Type::of_bytes(span.kind, batch.bytes_of(span));
            self.untold.totals.counts[kind as usize] += sign;
        }
    }

    pub(super) fn apply(&mut self, batch: &Batch, place: usize, sign: i64, scratch: &mut Vec<u8>) {
        self.known.take();
        let values = batch.records().filter_map(|record| record.span(place));
        for span in values {
            let text = batch.bytes_of(span);
            if text.len() > LONGEST {
                self.apply_long(span.kind, text, sign, scratch);
                continue;
            }
            let (untold, values) = (&mut self.untold, &mut self.values);
            let forget: Forget<'_> = &mut |value, count| untold.add_counted(value, count);
            if values.is_over() {
                scratch.clear();
                scratch.push(span.kind as u8);
                batch.append_to(scratch, span);
                let hash = counter::hash(scratch);
                untold.add_hashed(Type::of_bytes(span.kind, text), text, hash, sign);
                values.add_hash(hash, sign);
            } else {
                values.add_cell(span.kind as u8, text, sign, scratch, forget);
            }
        }
    }

    fn apply_long(&mut self, kind: CellKind, text: &[u8], sign: i64, scratch: &mut Vec<u8>) {
        let (untold, values) = (&mut self.untold, &mut self.values);
        scratch.clear();
        scratch.push(kind as u8);
        scratch.extend_from_slice(text);
        untold.add(scratch, sign);
        if let Ok(text) = std::str::from_utf8(text) {
            scratch.truncate(1);
            scratch[0] |= LONG;
            scratch.extend_from_slice(short_form(text).as_bytes());
        }
        values.add(scratch, sign, &mut |value, count| {
            untold.add_counted(value, count);
        });
    }

    pub(super) fn merge(&mut self, other: &Self) {
        let Self {
            untold,
            values,
            known,
        } = self;
        known.take();
        untold.merge(&other.untold);
        values.merge(&other.values, &mut |value, count| {
            untold.add_counted(value, count);
        });
    }

    /// Returns what the values add up to.
    pub(super) fn totals(&self) -> &Totals {
        self.known.get_or_init(|| {
            let mut totals = self.untold.totals.clone();
            self.values
                .for_each(|value, count| totals.add_counted(value, count));
            totals
        })
    }

    /// Returns how many numbers each bin holds, whether or not the counter tells them.
    pub(super) fn numbers(&self) -> Histogram {
        let mut numbers = self.untold.numbers.clone().unwrap_or_default();
        self.values.for_each(|value, count| {
            if let Some((kind, text)) = value.split_first()
                && matches!(
                    Type::of_bytes(kind_of(*kind), text),
                    Type::Integer | Type::Float
                )
                && kind & LONG == 0
            {
                numbers.add(text, count);
            }
        });
        numbers
    }

    /// Returns whether nothing is left of the field.
    pub(super) fn is_zero(&self) -> bool {
        *self.totals() == Totals::default()
    }
}

/// Returns a value as counters keep it: itself, or the beginning and hash of a long one.
pub(super) fn short_form(text: &str) -> Cow<'_, str> {
    if text.len() <= LONGEST {
        return Cow::Borrowed(text);
    }
    let text = normalized(text);
    let hash = xxh3_128(text.as_bytes());
    let cut = (0..=BEGINNING).rev().find(|at| text.is_char_boundary(*at));
    let beginning = &text[..cut.unwrap_or(0)];
    Cow::Owned(format!("{beginning}…{hash:032x}"))
}
