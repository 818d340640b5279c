//! Ordinals: the numbers of the few values of a field, such as splits and classes.
//!
//! Numbers instead of hashes keep rows exact: two splits can never be taken for one.

use std::collections::BTreeMap;

use crate::record::{Cell, RecordRef, Type};

use super::super::counter::Short;
use super::super::records::Profile;
use super::super::seal::spelled;
use super::tally::Leakage;

/// The values of a field in their order, each with its number from 1.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Ordinals {
    pub field: String,
    kind: Type,
    values: BTreeMap<String, u16>,
}

impl Ordinals {
    /// Numbers the values that a profile found in a field; `None` where there are more than
    /// `most`.
    pub(super) fn of(profile: &Profile, field: &str, most: usize) -> Option<Self> {
        let values = profile.values(field).filter(|v| v.len() <= most)?;
        let values = values.into_keys().zip(1..).collect();
        Some(Self {
            field: field.to_owned(),
            kind: profile.kind(field),
            values,
        })
    }

    /// Returns the values in the order of their numbers.
    pub(super) fn names(&self) -> impl Iterator<Item = &String> {
        self.values.keys()
    }

    /// Returns each pair of values with its count, by the numbers of both.
    pub(super) fn pairs(&self, field: &str, count: &dyn Fn(u16, u16) -> u64) -> Vec<Leakage> {
        let mut pairs = Vec::new();
        for (split, a) in &self.values {
            for (from, b) in self.values.iter().filter(|(from, _)| *from != split) {
                pairs.push(Leakage {
                    field: field.to_owned(),
                    split: split.clone(),
                    from: from.clone(),
                    records: count(*a, *b),
                });
            }
        }
        pairs
    }

    fn number(&self, cell: Cell<'_>) -> u16 {
        let number = self.values.get(&spelled(self.kind, cell));
        // A value that the profile does not know belongs to a profile that is no longer right:
        // such rows are collected anew, and told apart until then.
        number.copied().unwrap_or(u16::MAX >> 8)
    }
}

/// Finds the numbers of a batch's values: few of them are looked up more than once.
pub(super) struct Numbering {
    ordinals: Ordinals,
    place: Option<usize>,
    memo: Vec<(Short, u16)>,
}

/// How many values are remembered.
const MEMO: usize = 64;

impl Numbering {
    /// Returns a numbering for batches that have the field at this place.
    pub(super) fn new(ordinals: Ordinals, place: Option<usize>) -> Self {
        Self {
            ordinals,
            place,
            memo: vec![(Short::default(), 0); MEMO],
        }
    }

    /// Returns the number of a record's value; 0 where it has none.
    #[inline]
    pub(super) fn number(&mut self, record: RecordRef<'_>) -> u16 {
        let Some((place, span)) = self.place.and_then(|at| Some((at, record.span(at)?))) else {
            return 0;
        };
        let look_up = |ordinals: &Ordinals| match record.cell(place) {
            Some(cell) => ordinals.number(cell),
            None => 0,
        };
        let text = record.batch().bytes_of(span);
        let Some(short) = Short::of_cell(span.kind as u8, text) else {
            return look_up(&self.ordinals);
        };
        let known = &mut self.memo[short.spread() % MEMO];
        if known.1 == 0 || known.0 != short {
            *known = (short, look_up(&self.ordinals));
        }
        known.1
    }
}
