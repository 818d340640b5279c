//! The profile of a set of records: what is added and taken back, record by record.
//!
//! Counts are signed while deltas are summed up; a whole data set's are never negative. Types and
//! canonical spellings are derived when sealed, so nothing here depends on a field's type.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use xxhash_rust::xxh3::xxh3_128;

use crate::base::ObjectId;
use crate::record::{Batch, Cell, Problem, Role, Roles, Type, normalized};

use super::counter::Counter;
use super::sum::Sum256;

/// The pseudo-field that holds a record that did not parse; no part of any schema.
pub const UNPARSABLE: &str = "#unparsable";

/// Values up to this many bytes are counted as they are; longer ones by their beginning and hash.
const LONGEST: usize = 256;
/// How much of a longer value stands in its short form.
const BEGINNING: usize = 64;
/// No short form is longer than this; a decoder refuses longer values.
pub(super) const LONGEST_KEY: usize = LONGEST + 1;

/// Additive integer statistics of a set of records.
///
/// A delta is a profile too: remove what went, add what came, and merge it into the whole. That
/// is better than changing the whole record by record, for what goes and comes back cancels.
#[derive(Clone, Debug)]
pub struct Profile {
    pub(super) shape: Shape,
    pub(super) records: i64,
    pub(super) digest: Sum256,
    pub(super) problems: [i64; Problem::ALL.len()],
    pub(super) null_keys: i64,
    pub(super) fields: BTreeMap<Arc<str>, Field>,
    pub(super) joints: Vec<Counter>,
}

/// The fields that a profile treats in a special way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Shape {
    pub(super) key: Vec<String>,
    pub(super) labels: Vec<String>,
    pub(super) splits: Vec<String>,
    pub(super) annotators: Vec<String>,
}

impl Shape {
    fn of(roles: &Roles) -> Self {
        let fields = |role| roles.fields(role).to_vec();
        Self {
            key: fields(Role::Key),
            labels: fields(Role::Label),
            splits: fields(Role::Split),
            annotators: fields(Role::Annotator),
        }
    }

    /// Returns the pairs of fields with joint tables: each label with each split and annotator.
    pub(super) fn pairs(&self) -> Vec<(&str, &str)> {
        let others = self.splits.iter().chain(&self.annotators);
        let pairs = self
            .labels
            .iter()
            .flat_map(|label| others.clone().map(move |other| (&**label, &**other)));
        pairs.filter(|(label, other)| label != other).collect()
    }

    /// Returns whether the values of a field are sealed however many they are.
    pub(super) fn always_seals(&self, field: &str) -> bool {
        [&self.labels, &self.splits, &self.annotators]
            .into_iter()
            .any(|fields| fields.iter().any(|name| name == field))
    }
}

/// The statistics of one field.
#[derive(Clone, Debug, Default)]
pub(super) struct Field {
    /// Values by parse class, in the order of [`Type::ALL`]; nulls are what is left of the records.
    pub(super) counts: [i64; Type::ALL.len()],
    pub(super) digest: u128,
    /// Keys are the kind byte and the text of a value.
    pub(super) values: Counter,
}

impl Field {
    fn apply(&mut self, batch: &Batch, place: usize, sign: i64, scratch: &mut Vec<u8>) {
        for record in batch.records() {
            let Some(cell) = record.cell(place) else {
                continue;
            };
            self.counts[Type::of(cell) as usize] += sign;
            scratch.clear();
            scratch.push(cell.kind as u8);
            scratch.extend_from_slice(cell.text.as_bytes());
            let hash = xxh3_128(scratch);
            self.digest = match sign {
                1.. => self.digest.wrapping_add(hash),
                _ => self.digest.wrapping_sub(hash),
            };
            if cell.text.len() > LONGEST {
                scratch.truncate(1);
                scratch.extend_from_slice(short_form(cell.text).as_bytes());
            }
            self.values.add(scratch, sign);
        }
    }

    /// Returns how many records have a value.
    pub(super) fn present(&self) -> i64 {
        self.counts.iter().sum()
    }

    /// Returns whether nothing is left of the field.
    pub(super) fn is_zero(&self) -> bool {
        self.digest == 0 && self.counts.iter().all(|count| *count == 0)
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

/// Returns a value as counters keep it: itself, or the beginning and hash of a long one.
fn short_form(text: &str) -> Cow<'_, str> {
    if text.len() <= LONGEST {
        return Cow::Borrowed(text);
    }
    let text = normalized(text);
    let hash = xxh3_128(text.as_bytes());
    let cut = (0..=BEGINNING).rev().find(|at| text.is_char_boundary(*at));
    let beginning = &text[..cut.unwrap_or(0)];
    Cow::Owned(format!("{beginning}…{hash:032x}"))
}

/// Appends a value of a joint table: 0 for null, else its length and text.
fn write_joint(cell: Option<Cell<'_>>, out: &mut Vec<u8>) {
    match cell {
        None => out.push(0),
        Some(cell) => {
            out.push(1 + cell.kind as u8);
            crate::base::varint::write_bytes(out, short_form(cell.text).as_bytes());
        }
    }
}

impl Profile {
    /// Returns the profile of no records. Of the roles, those of keys, labels, splits and
    /// annotators matter; profiles can be merged where they agree in these.
    pub fn new(roles: &Roles) -> Self {
        Self::with_shape(Shape::of(roles))
    }

    pub(super) fn with_shape(shape: Shape) -> Self {
        let joints = vec![Counter::default(); shape.pairs().len()];
        Self {
            shape,
            records: 0,
            digest: Sum256::default(),
            problems: [0; Problem::ALL.len()],
            null_keys: 0,
            fields: BTreeMap::new(),
            joints,
        }
    }

    /// Returns whether the profile was made for the same special fields.
    pub fn fits(&self, roles: &Roles) -> bool {
        self.shape == Shape::of(roles)
    }

    /// Adds the records of a batch.
    pub fn add(&mut self, batch: &Batch) {
        self.apply(batch, 1);
    }

    /// Takes the records of a batch away.
    pub fn remove(&mut self, batch: &Batch) {
        self.apply(batch, -1);
    }

    fn apply(&mut self, batch: &Batch, sign: i64) {
        let mut scratch = Vec::new();
        for (place, name) in batch.fields().iter().enumerate() {
            if &**name == UNPARSABLE {
                continue;
            }
            if !self.fields.contains_key(name) {
                self.fields.insert(name.clone(), Field::default());
            }
            if let Some(field) = self.fields.get_mut(name) {
                field.apply(batch, place, sign, &mut scratch);
            }
        }
        let key: Vec<_> = self.shape.key.iter().map(|f| batch.field(f)).collect();
        let pairs: Vec<_> = self
            .shape
            .pairs()
            .iter()
            .map(|(a, b)| (batch.field(a), batch.field(b)))
            .collect();
        let order = batch.frame_order();
        for record in batch.records() {
            scratch.clear();
            record.frame(&order, &mut scratch);
            let hash = Sum256::from_bytes(ObjectId::of(&scratch).as_bytes());
            match sign {
                1.. => self.digest.add(hash),
                _ => self.digest.subtract(hash),
            }
            if let Some(problem) = record.problem() {
                self.problems[problem as usize] += sign;
            }
            let cell = |place: Option<usize>| place.and_then(|place| record.cell(place));
            if key.iter().any(|&place| cell(place).is_none()) {
                self.null_keys += sign;
            }
            for (counter, &(a, b)) in self.joints.iter_mut().zip(&pairs) {
                scratch.clear();
                write_joint(cell(a), &mut scratch);
                write_joint(cell(b), &mut scratch);
                counter.add(&scratch, sign);
            }
        }
        self.records += sign * batch.len() as i64;
    }

    /// Adds what another profile counts. Both must have been made for the same roles; see
    /// [`Profile::fits`].
    pub fn merge(&mut self, other: &Self) {
        debug_assert_eq!(self.shape, other.shape, "profiles of other roles");
        self.records += other.records;
        self.digest.add(other.digest);
        self.null_keys += other.null_keys;
        for (count, more) in self.problems.iter_mut().zip(other.problems) {
            *count += more;
        }
        for (name, field) in &other.fields {
            match self.fields.get_mut(name) {
                Some(mine) => {
                    for (count, more) in mine.counts.iter_mut().zip(field.counts) {
                        *count += more;
                    }
                    mine.digest = mine.digest.wrapping_add(field.digest);
                    mine.values.merge(&field.values);
                }
                None => {
                    self.fields.insert(name.clone(), field.clone());
                }
            }
        }
        for (counter, more) in self.joints.iter_mut().zip(&other.joints) {
            counter.merge(more);
        }
    }

    /// Returns whether the records must be counted again, because what was removed may have
    /// brought back what was forgotten, or because more was removed than there was.
    pub fn needs_recount(&self) -> bool {
        let negative =
            self.records < 0 || self.null_keys < 0 || self.problems.iter().any(|count| *count < 0);
        negative
            || self.joints.iter().any(Counter::needs_recount)
            || self.fields.values().any(|field| {
                let present = field.present();
                present > self.records
                    || field.counts.iter().any(|count| *count < 0)
                    // A field without values is no field, whatever its counter forgot.
                    || (field.values.needs_recount()
                        && (present > 0 || field.values.values().is_some()))
            })
    }

    /// Returns how many records there are.
    pub fn records(&self) -> u64 {
        self.records.max(0) as u64
    }

    /// Returns how many records have no value for a field of the key; 0 where there is no key.
    pub fn null_keys(&self) -> u64 {
        self.null_keys.max(0) as u64
    }

    /// Returns the sum mod 2^256 of the BLAKE3 of each framed record, as little-endian bytes.
    pub fn digest(&self) -> [u8; 32] {
        self.digest.to_bytes()
    }

    /// Returns the narrowest type of a field's values.
    pub fn kind(&self, field: &str) -> Type {
        self.fields.get(field).map_or(Type::Null, Field::kind)
    }

    /// Returns how many records have no value for a field.
    pub fn nulls(&self, field: &str) -> u64 {
        let present = self.fields.get(field).map_or(0, Field::present);
        (self.records - present).max(0) as u64
    }

    /// Returns all fields: the given ones in their order, then by name those that only some
    /// records have.
    pub fn all_fields(&self, known: &[Arc<str>]) -> Vec<Arc<str>> {
        let known = known.iter().filter(|name| &***name != UNPARSABLE);
        let mut fields: Vec<Arc<str>> = known.cloned().collect();
        let first = fields.len();
        for (name, field) in &self.fields {
            if field.present() != 0 && !fields[..first].contains(name) {
                fields.push(name.clone());
            }
        }
        fields
    }
}
