//! The profile of a set of records: what is added and taken back, record by record.
//!
//! Counts are signed while deltas are summed up; a whole data set's are never negative. Types and
//! canonical spellings are derived when sealed, so nothing here depends on a field's type.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::base::sum::Sum256;
use crate::base::{ObjectId, varint};
use crate::record::{Batch, Problem, RecordRef, Role, Span, Type, UNPARSABLE};

use super::counter::Counter;
use super::field::{Field, LONGEST, short_form};
use super::raters;
use super::rules::Rules;
use super::survey::Survey;
use super::text::TextCounts;

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
    /// The label fields that rate one item.
    pub(super) raters: Vec<String>,
    /// How many rules there are, and a hash of them.
    pub(super) rules: (usize, u128),
    /// Whether digests and most values are left out: [`Survey::facts_only`].
    pub(super) facts_only: bool,
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
            raters: raters::raters(survey),
            rules: (survey.rules.iter().len(), survey.print()),
            facts_only: survey.facts_only,
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

    /// Returns whether numbers of a field are counted by their size: those of keys and texts are
    /// other numbers by their nature.
    pub(super) fn counts_numbers(&self, field: &str) -> bool {
        let by_nature = [&self.key, &self.texts];
        !by_nature.into_iter().flatten().any(|name| name == field)
    }

    /// Returns whether the values of a field are sealed however many they are.
    pub(super) fn always_seals(&self, field: &str) -> bool {
        [&self.labels, &self.splits, &self.annotators]
            .into_iter()
            .any(|fields| fields.iter().any(|name| name == field))
    }
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

/// Appends a record's value to a joint table: 0 for null, else its length and text.
fn write_joint(record: RecordRef<'_>, place: Option<usize>, out: &mut Vec<u8>) {
    match place.and_then(|place| record.span(place)) {
        Some(span) => write_joint_value(record.batch(), span, out),
        None => out.push(0),
    }
}

/// Appends a value of a joint table.
pub(super) fn write_joint_value(batch: &Batch, span: Span, out: &mut Vec<u8>) {
    out.push(1 + span.kind as u8);
    let length = span.end - span.start;
    if length <= LONGEST {
        varint::write(out, length as u64);
        return batch.append_to(out, span);
    }
    let text = std::str::from_utf8(batch.bytes_of(span)).unwrap_or_default();
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
        // What annotators of a wide table said stands after the joint tables.
        let joints = shape.pairs().len() + usize::from(!shape.raters.is_empty());
        let joints = vec![Counter::default(); joints];
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
        self.apply(batch, &self.hashes_of(batch), 1);
    }

    /// Adds the records of a batch whose hashes are known: see [`hash_records`].
    pub fn add_hashed(&mut self, batch: &Batch, hashes: &[ObjectId]) {
        self.apply(batch, hashes, 1);
    }

    /// Takes the records of a batch away.
    pub fn remove(&mut self, batch: &Batch) {
        self.apply(batch, &self.hashes_of(batch), -1);
    }

    fn hashes_of(&self, batch: &Batch) -> Vec<ObjectId> {
        match self.shape.facts_only {
            true => Vec::new(),
            false => hash_records(batch),
        }
    }

    fn apply(&mut self, batch: &Batch, hashes: &[ObjectId], sign: i64) {
        let mut scratch = Vec::new();
        for (place, name) in batch.fields().iter().enumerate() {
            if &**name == UNPARSABLE {
                continue;
            }
            if !self.fields.contains_key(name) {
                let field = Field::new(self.shape.counts_numbers(name));
                self.fields.insert(name.clone(), field);
            }
            let types_only = self.shape.facts_only && !self.shape.always_seals(name);
            match self.fields.get_mut(name) {
                Some(field) if types_only => field.count_types(batch, place, sign),
                Some(field) => field.apply(batch, place, sign, &mut scratch),
                None => {}
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
        if let Some(counter) = self
            .joints
            .last_mut()
            .filter(|_| !self.shape.raters.is_empty())
        {
            raters::count(counter, &self.shape.raters, batch, sign);
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
