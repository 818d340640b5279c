//! How the records of two versions are read against each other.
//!
//! Invariant: everything here is a function of one record and of the reading, never of other
//! records or of how the files were cut; so matching can skip what both sides share.

use std::borrow::Cow;
use std::hash::Hasher as _;
use std::sync::Arc;

use super::spool::{Item, number};
use crate::base::{ObjectId, varint};
use crate::object::changes::ordered;
use crate::record::{
    Batch, Cell, CellKind, FrameOrder, RecordRef, Type, canonical, normalized, separated,
};

/// One of the two versions that are compared.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub enum Side {
    /// The older one.
    Before,
    /// The newer one.
    After,
}

/// A field that both versions have.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Common {
    /// Its name in the older version.
    pub(crate) before: Arc<str>,
    /// Its name in the newer version.
    pub(crate) after: Arc<str>,
    /// The join of its types in both.
    pub(crate) kind: Type,
    /// Whether it is a label.
    pub(crate) label: bool,
    /// Whether it is part of the key.
    pub(crate) key: bool,
    /// Whether it is part of the content.
    pub(crate) content: bool,
    /// What stands between the classes of a set that is written as text.
    pub(crate) separator: Option<Arc<str>>,
}

impl Common {
    /// Returns the field's name on one side.
    pub(crate) fn name(&self, side: Side) -> &Arc<str> {
        match side {
            Side::Before => &self.before,
            Side::After => &self.after,
        }
    }

    /// Returns the spelling that all equal values of the field share.
    pub(crate) fn canonical<'a>(&self, cell: Cell<'a>) -> Cow<'a, str> {
        if self.label && cell.kind == CellKind::List {
            return sorted_set(cell.text);
        }
        if let Some(separator) = self.separator.as_ref().filter(|_| self.label) {
            return sorted_text(cell.text, separator);
        }
        let text = canonical(self.kind, cell);
        if !self.label && !self.key {
            return text;
        }
        match normalized(&text) {
            Cow::Borrowed(same) if same.len() == text.len() => text,
            other => Cow::Owned(other.into_owned()),
        }
    }
}

/// Returns the one spelling of a JSON array as a set, as multi-label values are: its elements are
/// sorted and stand once.
pub fn sorted_set(text: &str) -> Cow<'_, str> {
    let Ok(elements) = serde_json::from_str::<Vec<serde_json::Value>>(text) else {
        return Cow::Borrowed(text);
    };
    let mut elements: Vec<String> = elements
        .iter()
        .map(|element| match element {
            serde_json::Value::String(name) => {
                serde_json::Value::from(&*normalized(name)).to_string()
            }
            other => other.to_string(),
        })
        .collect();
    elements.sort();
    elements.dedup();
    let joined = format!("[{}]", elements.join(","));
    if joined == text {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(joined)
    }
}

/// Returns the one spelling of a set that is written as text.
pub fn sorted_text<'a>(text: &'a str, separator: &str) -> Cow<'a, str> {
    let classes: Vec<Cow<'_, str>> = separated(text, separator).into_iter().collect();
    let joined = classes.join(separator);
    match joined == text {
        true => Cow::Borrowed(text),
        false => Cow::Owned(joined),
    }
}

/// A part of the key: its field on each side, and the type under which both compare.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct KeyPart {
    pub(crate) before: Arc<str>,
    pub(crate) after: Arc<str>,
    pub(crate) kind: Type,
}

/// What pairs records that differ.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Pairing {
    /// The key.
    Key,
    /// Equal content, then likeness.
    Content,
    /// The image, then the key.
    Image,
}

/// The fields under which the records of two versions compare.
#[derive(Clone, Debug)]
pub(crate) struct Reading {
    /// The fields that both sides have, in the newer order.
    pub(crate) common: Vec<Common>,
    /// The places in `common`, sorted by newer name: the order of frames.
    sorted: Vec<usize>,
    pub(crate) key: Vec<KeyPart>,
    pub(crate) pairing: Pairing,
    /// Numbers that differ by no more than this are shown as equal: the reader's choice.
    pub(crate) tolerance: Option<f64>,
}

impl Reading {
    /// Returns whether two values of a kept record are shown as a change.
    pub(crate) fn differs<T: AsRef<str>>(
        &self,
        at: usize,
        a: &Option<(CellKind, T)>,
        b: &Option<(CellKind, T)>,
    ) -> bool {
        let same = match (a, b) {
            (Some(a), Some(b)) => (a.0, a.1.as_ref()) == (b.0, b.1.as_ref()),
            (None, None) => true,
            _ => false,
        };
        let Some(tolerance) = self.tolerance.filter(|_| !same) else {
            return !same;
        };
        let is_number = matches!(self.common[at].kind, Type::Integer | Type::Float);
        let number = |value: &Option<(CellKind, T)>| -> Option<f64> {
            value.as_ref()?.1.as_ref().parse().ok()
        };
        match (number(a), number(b)) {
            (Some(a), Some(b)) if is_number => (a - b)
                .abs()
                .partial_cmp(&tolerance)
                .is_none_or(|order| order == std::cmp::Ordering::Greater),
            _ => true,
        }
    }

    pub(crate) fn new(common: Vec<Common>, key: Vec<KeyPart>, pairing: Pairing) -> Self {
        let mut sorted: Vec<usize> = (0..common.len()).collect();
        sorted.sort_by(|&a, &b| common[a].after.cmp(&common[b].after));
        Self {
            common,
            sorted,
            key,
            pairing,
            tolerance: None,
        }
    }
}

/// What matching keeps of a record: hashes and its place.
///
/// 128 bits of BLAKE3 stand for a value; within one canonical class 64 bits tell spellings apart.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Print {
    /// Equal where all common fields are equal by value.
    pub(crate) canonical: u128,
    /// Equal where all common fields are also spelled alike.
    pub(crate) raw: u64,
    /// Equal where the whole records are.
    pub(crate) full: u128,
    /// The record's place in its version, counted from 0.
    pub(crate) ordinal: u64,
    /// Equal where the keys are (the contents where there is no key); 0 where there is none.
    pub(crate) key: u128,
}

impl Item for Print {
    const SIZE: usize = 64;

    fn write(&self, out: &mut Vec<u8>) {
        for number in [self.canonical, self.full, self.key] {
            out.extend_from_slice(&number.to_le_bytes());
        }
        for number in [self.raw, self.ordinal] {
            out.extend_from_slice(&number.to_le_bytes());
        }
    }

    fn read(mut bytes: &[u8]) -> Self {
        let mut long = || u128::from_le_bytes(number(&mut bytes));
        let (canonical, full, key) = (long(), long(), long());
        let mut short = || u64::from_le_bytes(number(&mut bytes));
        Self {
            canonical,
            raw: short(),
            full,
            ordinal: short(),
            key,
        }
    }
}

/// The bytes by which records that matching cannot tell apart by hash alone are ordered.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub(crate) struct Spelling {
    /// Ordered by the canonical values of the common fields.
    pub(crate) canonical: Vec<u8>,
    /// The frame of the common fields.
    pub(crate) raw: Vec<u8>,
    /// The frame of the whole record.
    pub(crate) full: Vec<u8>,
}

/// One batch as one side of a reading.
pub(crate) struct View<'a> {
    pub(crate) reading: &'a Reading,
    pub(crate) batch: &'a Batch,
    columns: Vec<Option<usize>>,
    key: Vec<Option<usize>>,
    order: FrameOrder,
    /// Whether the common frame is the whole frame.
    whole: bool,
}

#[derive(Default)]
pub(crate) struct Scratch {
    full: Vec<u8>,
    raw: Vec<u8>,
    canonical: Vec<u8>,
}

impl<'a> View<'a> {
    pub(crate) fn new(reading: &'a Reading, side: Side, batch: &'a Batch) -> Self {
        let columns = batch.places(reading.common.iter().map(|field| &**field.name(side)));
        let part = |part: &KeyPart| match side {
            Side::Before => batch.field(&part.before),
            Side::After => batch.field(&part.after),
        };
        let renamed = |(field, column): (&Common, &Option<usize>)| {
            column.is_some() && field.before != field.after
        };
        let whole = columns.iter().flatten().count() == batch.fields().len()
            && !reading.common.iter().zip(&columns).any(renamed);
        Self {
            reading,
            batch,
            key: reading.key.iter().map(part).collect(),
            order: batch.frame_order(),
            columns,
            whole,
        }
    }

    /// Returns the value of a common field.
    pub(crate) fn cell(&self, record: RecordRef<'a>, common: usize) -> Option<Cell<'a>> {
        record.cell(self.columns[common]?)
    }

    /// Returns the canonical value of a common field.
    pub(crate) fn value(
        &self,
        record: RecordRef<'a>,
        common: usize,
    ) -> Option<(CellKind, Cow<'a, str>)> {
        let cell = self.cell(record, common)?;
        Some((cell.kind, self.reading.common[common].canonical(cell)))
    }

    /// Computes the record's print.
    pub(crate) fn print(
        &self,
        record: RecordRef<'a>,
        ordinal: u64,
        scratch: &mut Scratch,
    ) -> Print {
        scratch.full.clear();
        record.frame(&self.order, &mut scratch.full);
        let digest = ObjectId::of(&scratch.full).0;
        // Usually every field is common and spelled canonically: then one hash serves all three.
        let mut canonical_is_raw = true;
        scratch.canonical.clear();
        for &at in &self.reading.sorted {
            if let Some(cell) = self.cell(record, at) {
                let field = &self.reading.common[at];
                let text = field.canonical(cell);
                canonical_is_raw &= text == cell.text;
                frame(&mut scratch.canonical, &field.after, cell.kind, &text);
            }
        }
        let raw = if self.whole {
            digest
        } else {
            scratch.raw.clear();
            self.common_frame(record, &mut scratch.raw);
            ObjectId::of(&scratch.raw).0
        };
        let canonical = if canonical_is_raw {
            raw
        } else {
            ObjectId::of(&scratch.canonical).0
        };
        let key = match self.reading.pairing {
            Pairing::Key | Pairing::Image => self.key_hash(record, &mut scratch.raw),
            Pairing::Content => self.content_hash(record, &mut scratch.raw),
        };
        Print {
            canonical: first_16(&canonical),
            raw: first_two(&raw)[0],
            full: first_16(&digest),
            ordinal,
            key,
        }
    }

    /// Returns whether the common fields are all fields, under one name.
    pub(crate) fn is_whole(&self) -> bool {
        self.whole
    }

    /// Appends the frame of all fields.
    pub(crate) fn whole_frame(&self, record: RecordRef<'a>, out: &mut Vec<u8>) {
        record.frame(&self.order, out);
    }

    /// Appends the frame of the common fields, under their newer names.
    pub(crate) fn common_frame(&self, record: RecordRef<'a>, out: &mut Vec<u8>) {
        for &at in &self.reading.sorted {
            if let Some(cell) = self.cell(record, at) {
                frame(out, &self.reading.common[at].after, cell.kind, cell.text);
            }
        }
    }

    /// Returns a print of the record's key, equal for equal keys; `None` where it has none.
    pub(crate) fn key(&self, record: RecordRef<'a>, buffer: &mut Vec<u8>) -> Option<u128> {
        Some(self.key_hash(record, buffer)).filter(|hash| *hash != 0)
    }

    fn key_hash(&self, record: RecordRef<'a>, buffer: &mut Vec<u8>) -> u128 {
        buffer.clear();
        for (part, column) in self.reading.key.iter().zip(&self.key) {
            let Some(cell) = column.and_then(|column| record.cell(column)) else {
                return 0;
            };
            let text = canonical(part.kind, cell);
            frame(buffer, "", cell.kind, &normalized(&text));
        }
        if buffer.is_empty() {
            return 0;
        }
        first_16(&ObjectId::of(buffer).0).max(1)
    }

    fn content_hash(&self, record: RecordRef<'a>, buffer: &mut Vec<u8>) -> u128 {
        buffer.clear();
        for &at in &self.reading.sorted {
            let field = &self.reading.common[at];
            if field.content
                && let Some(cell) = self.cell(record, at)
            {
                frame(buffer, &field.after, cell.kind, &field.canonical(cell));
            }
        }
        if buffer.is_empty() {
            return 0;
        }
        first_16(&ObjectId::of(buffer).0).max(1)
    }

    /// Returns the bytes that order the record among others.
    pub(crate) fn spelling(&self, record: RecordRef<'a>) -> Spelling {
        let mut spelling = Spelling::default();
        for &at in &self.reading.sorted {
            match self.value(record, at) {
                None => spelling.canonical.push(0),
                Some((kind, text)) => {
                    spelling.canonical.extend([1, kind as u8]);
                    ordered(&mut spelling.canonical, text.as_bytes());
                }
            }
        }
        self.common_frame(record, &mut spelling.raw);
        record.frame(&self.order, &mut spelling.full);
        spelling
    }

    /// Returns a hash of the value of each common field, 0 where it is missing.
    pub(crate) fn value_hashes(&self, record: RecordRef<'a>) -> Vec<u64> {
        let hash = |at| {
            self.value(record, at)
                .map_or(0, |(_, text)| value_hash(&text))
        };
        (0..self.reading.common.len()).map(hash).collect()
    }
}

/// Returns a hash that is never 0; good enough to say what is alike, not what is equal.
pub(crate) fn value_hash(text: &str) -> u64 {
    let mut hasher = rustc_hash::FxHasher::default();
    hasher.write(text.as_bytes());
    hasher.finish().max(1)
}

fn frame(out: &mut Vec<u8>, name: &str, kind: CellKind, text: &str) {
    varint::write_bytes(out, name.as_bytes());
    out.push(kind as u8);
    varint::write_bytes(out, text.as_bytes());
}

pub(crate) fn first_two(hash: &[u8; 32]) -> [u64; 2] {
    let word = |bytes: &[u8]| {
        bytes
            .iter()
            .rev()
            .fold(0, |n, &byte| n << 8 | u64::from(byte))
    };
    [word(&hash[..8]), word(&hash[8..16])]
}

pub(crate) fn first_16(hash: &[u8; 32]) -> u128 {
    let [low, high] = first_two(hash);
    u128::from(high) << 64 | u128::from(low)
}

/// A sum of 256-bit numbers, as the records digest is one.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Sum([u64; 4]);

impl Sum {
    pub(crate) fn from_bytes(bytes: &[u8; 32]) -> Self {
        let mut words = [0; 4];
        for (word, bytes) in words.iter_mut().zip(bytes.chunks_exact(8)) {
            *word = bytes.iter().rev().fold(0, |n, &b| n << 8 | u64::from(b));
        }
        Self(words)
    }

    #[cfg(test)]
    pub(crate) fn to_bytes(self) -> [u8; 32] {
        let mut bytes = [0; 32];
        for (bytes, word) in bytes.chunks_exact_mut(8).zip(self.0) {
            bytes.copy_from_slice(&word.to_le_bytes());
        }
        bytes
    }

    #[must_use]
    pub(crate) fn plus(self, other: Self) -> Self {
        let mut carry = false;
        let mut words = [0; 4];
        for (at, word) in words.iter_mut().enumerate() {
            let (sum, first) = self.0[at].overflowing_add(other.0[at]);
            let (sum, second) = sum.overflowing_add(u64::from(carry));
            (*word, carry) = (sum, first || second);
        }
        Self(words)
    }

    /// Adds hashes of frames.
    #[must_use]
    pub(crate) fn plus_all(self, digests: &[ObjectId]) -> Self {
        let add = |sum: Self, digest: &ObjectId| sum.plus(Self::from_bytes(&digest.0));
        digests.iter().fold(self, add)
    }

    #[must_use]
    pub(crate) fn minus(self, other: Self) -> Self {
        let negated = Self(other.0.map(|word| !word)).plus(Self([1, 0, 0, 0]));
        self.plus(negated)
    }
}
