//! From profiles to sealed states: types joined, values canonical, everything in order.
//!
//! Invariant: what is sealed is a pure function of the records. Fields whose counters forgot
//! their values seal no values and no `distinct`: by definition, however they were counted.
//! Layout: docs/format.md, "Scorecard".

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use rustc_hash::FxHashSet;

use crate::base::varint::Reader;
use crate::base::{ObjectId, Text};
use crate::object::{self, FieldState, Joint, Numbers, ObjectSink, State, TextState, Values};
use crate::record::{Cell, Problem, Type, canonical, normalized};

use super::field::{Field, cell_of, kind_of};
use super::numbers::Bin;
use super::records::Profile;
use super::sketch::Sketch;

/// Up to this many distinct values the values of every field are sealed.
pub const SEALED_VALUES: usize = 1024;

/// Returns bytes as lower-case hex digits.
pub fn hex_of(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::with_capacity(2 * bytes.len()), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}"); // writing to a string cannot fail
            hex
        })
}

/// Returns the one spelling of a value in a field of type `kind`.
pub(super) fn spelled(kind: Type, cell: Cell<'_>) -> String {
    normalized(&canonical(kind, cell)).into_owned()
}

impl Field {
    /// Returns the distinct values with their counts; `None` where they were forgotten.
    pub(super) fn canonical_values(&self) -> Option<BTreeMap<String, u64>> {
        let kind = self.totals().kind();
        let mut values = BTreeMap::new();
        for (value, count) in self.values.values()? {
            if let Some(cell) = cell_of(&value) {
                *values.entry(spelled(kind, cell)).or_insert(0) += count.max(0) as u64;
            }
        }
        Some(values)
    }
}

impl Profile {
    /// Returns the distinct values of a field with their counts, in its type's one spelling;
    /// `None` above 65,536 values.
    pub fn values(&self, field: &str) -> Option<BTreeMap<String, u64>> {
        match self.fields.get(field) {
            Some(field) if field.totals().present() != 0 => field.canonical_values(),
            _ => Some(BTreeMap::new()),
        }
    }

    /// Returns how many distinct values a field has; `None` above 65,536.
    fn distinct(&self, field: &str) -> Option<u64> {
        let Some(field) = self.fields.get(field).filter(|f| f.totals().present() != 0) else {
            return Some(0);
        };
        let kind = field.totals().kind();
        let mut distinct: FxHashSet<Cow<'_, str>> = FxHashSet::default();
        let values = field.values.values()?;
        for (value, _) in &values {
            if let Some(cell) = cell_of(value) {
                distinct.insert(match canonical(kind, cell) {
                    Cow::Borrowed(text) => normalized(text),
                    Cow::Owned(text) => Cow::Owned(normalized(&text).into_owned()),
                });
            }
        }
        Some(distinct.len() as u64)
    }

    /// Returns the counts of problems by name; those that are not zero.
    pub fn problems(&self) -> BTreeMap<String, u64> {
        Problem::ALL
            .into_iter()
            .zip(self.problems)
            .filter(|(_, count)| *count > 0)
            .map(|(problem, count)| (problem.name().to_owned(), count as u64))
            .collect()
    }

    /// Returns the sum mod 2^128 of the hashes of a field's values.
    pub fn field_digest(&self, field: &str) -> u128 {
        let totals = self.fields.get(field).map(Field::totals);
        totals.map_or(0, |totals| totals.digest)
    }

    /// Returns the one spelling of texts under the type of a field.
    pub fn spelled(&self, field: &str, texts: &[String]) -> Vec<String> {
        let kind = self.kind(field);
        let texts = texts.iter();
        texts.map(|text| spelled(kind, Cell::text(text))).collect()
    }

    /// Writes the state with its values and joint tables. `fields` are the fields of the schema,
    /// in its order; `distinct` tells what tables know of a field's distinct values.
    pub fn seal(
        &self,
        fields: &[Arc<str>],
        distinct: &dyn Fn(&str) -> Option<u64>,
        sink: &mut dyn ObjectSink,
    ) -> Result<State, object::Error> {
        let mut states = Vec::with_capacity(fields.len());
        for name in fields {
            let mut state = self.seal_field(name, sink)?;
            state.distinct = state.distinct.or_else(|| distinct(name));
            states.push(state);
        }
        let mut joint = Vec::new();
        for (index, (label, other)) in self.shape.pairs().into_iter().enumerate() {
            if let Some(id) = self.seal_joint(index, label, other, sink)? {
                joint.push(id);
            }
        }
        Ok(State {
            records: self.records(),
            digest: hex_of(&self.digest()),
            problems: self.problems(),
            fields: states,
            joint,
            violations: Vec::new(),
            texts: self.seal_texts(),
            ratings: None,
        })
    }

    fn seal_texts(&self) -> Vec<TextState> {
        fn some(counts: impl Iterator<Item = (&'static str, i64)>) -> BTreeMap<String, u64> {
            let counts = counts.filter(|(_, count)| *count > 0);
            counts
                .map(|(name, n)| (name.to_owned(), n as u64))
                .collect()
        }
        let texts = self.shape.texts.iter().zip(&self.texts);
        texts
            .map(|(field, counts)| TextState {
                field: field.clone(),
                scripts: some(counts.scripts()),
                defects: some(counts.defects()),
                pii: some(counts.pii()),
            })
            .collect()
    }

    /// Returns how many records break each rule, rule by rule.
    pub fn violations(&self) -> impl Iterator<Item = u64> {
        self.violations.iter().map(|count| (*count).max(0) as u64)
    }

    fn seal_field(
        &self,
        name: &str,
        sink: &mut dyn ObjectSink,
    ) -> Result<FieldState, object::Error> {
        let nulls = self.nulls(name);
        let mut counts = BTreeMap::new();
        if nulls > 0 {
            counts.insert(Type::Null.name().to_owned(), nulls);
        }
        if let Some(field) = self.fields.get(name) {
            for (kind, count) in Type::ALL.into_iter().zip(field.totals().counts) {
                if count > 0 {
                    counts.insert(kind.name().to_owned(), count as u64);
                }
            }
        }
        // Most fields of many values seal how many there are, and no more.
        let seals =
            |distinct: u64| distinct <= SEALED_VALUES as u64 || self.shape.always_seals(name);
        let distinct = self.distinct(name);
        let sealed = distinct
            .filter(|distinct| seals(*distinct))
            .and_then(|_| self.values(name))
            .map(|values| {
                let values = values.into_iter().map(|(v, n)| (v.into(), n)).collect();
                object::put(sink, &Values { values })
            });
        let values = sealed.transpose()?;
        let over = self.fields.get(name).filter(|_| distinct.is_none());
        let sketch = over.and_then(|field| field.untold.sketch.as_ref());
        Ok(FieldState {
            name: name.to_owned(),
            counts,
            digest: format!("{:032x}", self.field_digest(name)),
            distinct,
            sketch: sketch.map(Sketch::filled),
            numbers: match values {
                Some(_) => None,
                None => self.seal_numbers(name, sink)?,
            },
            values,
        })
    }

    fn seal_numbers(
        &self,
        name: &str,
        sink: &mut dyn ObjectSink,
    ) -> Result<Option<ObjectId>, object::Error> {
        let numeric = matches!(self.kind(name), Type::Integer | Type::Float);
        let field = self.fields.get(name);
        let Some(field) = field.filter(|_| numeric && self.shape.counts_numbers(name)) else {
            return Ok(None);
        };
        let row = |(bin, count): (Bin, i64)| {
            let (digits, exponent) = bin.parts();
            (digits, exponent, count.max(0) as u64)
        };
        let bins = field.numbers().bins().into_iter().map(row).collect();
        object::put(sink, &Numbers { bins }).map(Some)
    }

    fn seal_joint(
        &self,
        index: usize,
        label: &str,
        other: &str,
        sink: &mut dyn ObjectSink,
    ) -> Result<Option<ObjectId>, object::Error> {
        let Some(values) = self.joints.get(index).and_then(|counter| counter.values()) else {
            return Ok(None);
        };
        let kinds = (self.kind(label), self.kind(other));
        let mut counts: BTreeMap<(Option<Text>, Option<Text>), u64> = BTreeMap::new();
        for (pair, count) in values {
            let mut reader = Reader::new(&pair);
            let pair = (
                read_joint(&mut reader, kinds.0),
                read_joint(&mut reader, kinds.1),
            );
            *counts.entry(pair).or_insert(0) += count.max(0) as u64;
        }
        let joint = Joint {
            fields: (label.to_owned(), other.to_owned()),
            counts: counts.into_iter().map(|((a, b), n)| (a, b, n)).collect(),
        };
        object::put(sink, &joint).map(Some)
    }
}

/// Reads a value of a joint table in the one spelling of its field's type.
pub(super) fn read_joint(reader: &mut Reader<'_>, kind: Type) -> Option<Text> {
    let first = reader.byte("a kind").ok()?.checked_sub(1)?;
    let text = reader.bytes("a value").ok()?;
    let cell = Cell {
        kind: kind_of(first),
        text: std::str::from_utf8(text).ok()?,
    };
    Some(spelled(kind, cell).into())
}
