//! The profile of a set of records: what is added and taken back, record by record.
//!
//! Counts are signed while deltas are summed up; a whole data set's are never negative. Types and
//! canonical spellings are derived when sealed, so nothing here depends on a field's type.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use xxhash_rust::xxh3::xxh3_128;

use crate::base::sum::Sum256;
use crate::base::{ObjectId, varint};
use crate::record::{
    Batch, Cell, CellKind, Problem, RecordRef, Role, Type, UNPARSABLE, normalized,
};

use super::counter::{self, Counter, Forget};
use super::rules::Rules;
use super::survey::Survey;
use super::text::TextCounts;

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
    /// What the records are held to; none where the profile was read from a cache.
    rules: Arc<Rules>,
    /// Records that break a rule, rule by rule.
    pub(super) violations: Vec<i64>,
    /// What is counted of each field of texts.
    pub(super) texts: Vec<TextCounts>,
}

/// The fields that a profile treats in a special way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Shape {
    pub(super) key: Vec<String>,
    pub(super) labels: Vec<String>,
    pub(super) splits: Vec<String>,
    pub(super) annotators: Vec<String>,
    pub(super) texts: Vec<String>,
    /// How many rules there are, and a hash of them.
    pub(super) rules: (usize, u128),
}

impl Shape {
    fn of(survey: &Survey) -> Self {
        let fields = |role| survey.roles.fields(role).to_vec();
        Self {
            key: fields(Role::Key),
            labels: fields(Role::Label),
            splits: fields(Role::Split),
            annotators: fields(Role::Annotator),
            texts: survey.texts(),
            rules: (survey.rules.iter().len(), survey.print()),
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
///
/// Where values are counted, their types and hashes follow from the counter and are not added up
/// cell by cell: looking up a value of few is all that a cell costs.
#[derive(Clone, Debug, Default)]
pub(super) struct Field {
    /// Of the values that the counter does not tell: long ones, and all when it is over.
    pub(super) untold: Totals,
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
    fn apply(&mut self, batch: &Batch, place: usize, sign: i64, scratch: &mut Vec<u8>) {
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
                untold.add_hashed(Type::of_bytes(span.kind, text), hash, sign);
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

    fn merge(&mut self, other: &Self) {
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
            let mut totals = self.untold.clone();
            self.values
                .for_each(|value, count| totals.add_counted(value, count));
            totals
        })
    }

    /// Returns whether nothing is left of the field.
    pub(super) fn is_zero(&self) -> bool {
        *self.totals() == Totals::default()
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

/// Returns the BLAKE3 of each record's frame.
pub fn hash_records(batch: &Batch) -> Vec<ObjectId> {
    let order = batch.frame_order();
    let (mut frames, mut ends) = (Vec::new(), Vec::with_capacity(batch.len()));
    for record in batch.records() {
        record.frame(&order, &mut frames);
        ends.push(frames.len());
    }
    ObjectId::of_each(&frames, &ends)
}

/// Appends a value of a joint table: 0 for null, else its length and text.
fn write_joint(record: RecordRef<'_>, place: Option<usize>, out: &mut Vec<u8>) {
    let Some(span) = place.and_then(|place| record.span(place)) else {
        return out.push(0);
    };
    out.push(1 + span.kind as u8);
    let length = span.end - span.start;
    if length <= LONGEST {
        varint::write(out, length as u64);
        return record.batch().append_to(out, span);
    }
    let text = std::str::from_utf8(record.batch().bytes_of(span)).unwrap_or_default();
    varint::write_bytes(out, short_form(text).as_bytes());
}

impl Profile {
    /// Returns the profile of no records. Of the roles, those of keys, labels, splits, annotators
    /// and texts matter; profiles can be merged where they agree in these and in the rules.
    pub fn new(survey: &Survey) -> Self {
        let mut profile = Self::with_shape(Shape::of(survey));
        profile.rules = survey.rules.clone();
        profile
    }

    /// Returns a profile of no records, to which none can be added but those of other profiles.
    pub(super) fn with_shape(shape: Shape) -> Self {
        let joints = vec![Counter::default(); shape.pairs().len()];
        let violations = vec![0; shape.rules.0];
        let texts = vec![TextCounts::default(); shape.texts.len()];
        Self {
            shape,
            records: 0,
            digest: Sum256::default(),
            problems: [0; Problem::ALL.len()],
            null_keys: 0,
            fields: BTreeMap::new(),
            joints,
            rules: Arc::default(),
            violations,
            texts,
        }
    }

    /// Returns whether the profile was made for the same special fields and rules.
    pub fn fits(&self, survey: &Survey) -> bool {
        self.shape == Shape::of(survey)
    }

    /// Adds the records of a batch.
    pub fn add(&mut self, batch: &Batch) {
        self.apply(batch, &hash_records(batch), 1);
    }

    /// Adds the records of a batch whose hashes are known: see [`hash_records`].
    pub fn add_hashed(&mut self, batch: &Batch, hashes: &[ObjectId]) {
        self.apply(batch, hashes, 1);
    }

    /// Takes the records of a batch away.
    pub fn remove(&mut self, batch: &Batch) {
        self.apply(batch, &hash_records(batch), -1);
    }

    fn apply(&mut self, batch: &Batch, hashes: &[ObjectId], sign: i64) {
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
        for hash in hashes {
            let hash = Sum256::from_bytes(hash.as_bytes());
            match sign {
                1.. => self.digest.add(hash),
                _ => self.digest.subtract(hash),
            }
        }
        for record in batch.records() {
            if let Some(problem) = record.problem() {
                self.problems[problem as usize] += sign;
            }
            let has = |place: &Option<usize>| place.is_some_and(|at| record.span(at).is_some());
            if !key.iter().all(has) {
                self.null_keys += sign;
            }
            for (counter, &(a, b)) in self.joints.iter_mut().zip(&pairs) {
                scratch.clear();
                write_joint(record, a, &mut scratch);
                write_joint(record, b, &mut scratch);
                counter.add(&scratch, sign, &mut |_, _| {});
            }
        }
        self.rules.count(batch, sign, &mut self.violations);
        for (name, counts) in self.shape.texts.iter().zip(&mut self.texts) {
            if let Some(place) = batch.field(name) {
                counts.apply(batch, place, sign);
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
                Some(mine) => mine.merge(field),
                None => {
                    self.fields.insert(name.clone(), field.clone());
                }
            }
        }
        for (counter, more) in self.joints.iter_mut().zip(&other.joints) {
            counter.merge(more, &mut |_, _| {});
        }
        for (count, more) in self.violations.iter_mut().zip(&other.violations) {
            *count += more;
        }
        for (counts, more) in self.texts.iter_mut().zip(&other.texts) {
            counts.merge(more);
        }
    }

    /// Returns whether the records must be counted again, because what was removed may have
    /// brought back what was forgotten, or because more was removed than there was.
    pub fn needs_recount(&self) -> bool {
        let less = |counts: &[i64]| counts.iter().any(|count| *count < 0);
        let negative = self.records < 0
            || self.null_keys < 0
            || less(&self.problems)
            || less(&self.violations)
            || self.texts.iter().any(|texts| less(&texts.0));
        negative
            || self.joints.iter().any(Counter::needs_recount)
            || self.fields.values().any(|field| {
                let totals = field.totals();
                totals.present() > self.records
                    || totals.counts.iter().any(|count| *count < 0)
                    // A field without values is no field, whatever its counter forgot.
                    || (field.values.needs_recount()
                        && (totals.present() > 0 || !field.values.is_over()))
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
        self.fields
            .get(field)
            .map_or(Type::Null, |f| f.totals().kind())
    }

    /// Returns how many records have no value for a field.
    pub fn nulls(&self, field: &str) -> u64 {
        let present = self.fields.get(field).map_or(0, |f| f.totals().present());
        (self.records - present).max(0) as u64
    }

    /// Returns all fields: the given ones in their order, then by name those that only some
    /// records have.
    pub fn all_fields(&self, known: &[Arc<str>]) -> Vec<Arc<str>> {
        let known = known.iter().filter(|name| &***name != UNPARSABLE);
        let mut fields: Vec<Arc<str>> = known.cloned().collect();
        let first = fields.len();
        for (name, field) in &self.fields {
            if field.totals().present() != 0 && !fields[..first].contains(name) {
                fields.push(name.clone());
            }
        }
        fields
    }
}
