//! Ratings of wide tables: each record is an item, each label field an annotator.
//!
//! Invariant: a cell counts records by what two annotators said of them and by how many ratings
//! they have, so that cells add up and can be taken back whatever the type of the fields. A record
//! with one rating counts in a cell with nobody on the other side.

use crate::base::varint::{self, Reader};
use crate::record::{Batch, Role, Type};

use super::counter::Counter;
use super::records::{Profile, write_joint};
use super::seal::read_joint;
use super::survey::Survey;

/// Of more label fields, pairs are not counted: there would be more than 120 of them.
const MOST: usize = 16;

/// What annotators said of the records of a wide table, two by two.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rated {
    /// The annotators: the label fields, in their order.
    pub annotators: Vec<String>,
    /// The type of all ratings.
    pub kind: Type,
    /// The cells, in no order that means anything.
    pub cells: Vec<RatedCell>,
}

/// Records of which two annotators said the same two things.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RatedCell {
    /// How many ratings these records have.
    pub ratings: u32,
    /// The annotators by their places, the first one first.
    pub annotators: (u16, u16),
    /// What they said; nothing of the second where the records have one rating.
    pub classes: (String, Option<String>),
    /// How many records.
    pub records: u64,
}

/// Returns the label fields that are annotators of a wide table; none of other tables.
pub(super) fn raters(survey: &Survey) -> Vec<String> {
    let labels = survey.roles.labels();
    let wide = survey.roles.fields(Role::Item).is_empty() && (2..=MOST).contains(&labels.len());
    match wide && !survey.facts_only {
        true => labels.to_vec(),
        false => Vec::new(),
    }
}

/// Adds the records of a batch to the cells, or takes them away.
pub(super) fn count(counter: &mut Counter, raters: &[String], batch: &Batch, sign: i64) {
    let places: Vec<Option<usize>> = raters.iter().map(|field| batch.field(field)).collect();
    let mut said: Vec<(u8, std::ops::Range<usize>)> = Vec::new();
    let (mut texts, mut key) = (Vec::new(), Vec::new());
    for record in batch.records() {
        said.clear();
        texts.clear();
        for (at, place) in (0..).zip(&places) {
            if place.is_some_and(|place| record.span(place).is_some()) {
                let start = texts.len();
                write_joint(record, *place, &mut texts);
                said.push((at, start..texts.len()));
            }
        }
        let mut add = |a: &(u8, std::ops::Range<usize>),
                       b: Option<&(u8, std::ops::Range<usize>)>| {
            key.clear();
            key.extend_from_slice(&texts[a.1.clone()]);
            match b {
                Some((_, text)) => key.extend_from_slice(&texts[text.clone()]),
                None => key.push(0),
            }
            key.extend_from_slice(&[a.0, b.unwrap_or(a).0]);
            varint::write(&mut key, said.len() as u64);
            counter.add(&key, sign, &mut |_, _| {});
        };
        if let [only] = said.as_slice() {
            add(only, None);
        }
        for (at, a) in said.iter().enumerate() {
            said[at + 1..].iter().for_each(|b| add(a, Some(b)));
        }
    }
}

impl Profile {
    /// Returns what the annotators of a wide table said; `None` of other tables, and where there
    /// are more than 65,536 cells.
    pub fn rated(&self) -> Option<Rated> {
        let annotators = &self.shape.raters;
        let counter = self.joints.last().filter(|_| !annotators.is_empty())?;
        let kinds = annotators.iter().map(|field| self.kind(field));
        let kind = kinds.reduce(Type::join).unwrap_or(Type::Null);
        let cells = counter
            .values()?
            .into_iter()
            .filter(|(_, count)| *count > 0);
        let read = |(key, count): (Box<[u8]>, i64)| {
            let mut reader = Reader::new(&key);
            let first = read_joint(&mut reader, kind)?.to_string();
            let second = read_joint(&mut reader, kind);
            let mut place = || reader.byte("an annotator").ok().map(u16::from);
            let annotators = (place()?, place()?);
            Some(RatedCell {
                ratings: u32::try_from(reader.varint().ok()?).ok()?,
                annotators,
                classes: (first, second.map(|text| text.to_string())),
                records: count.unsigned_abs(),
            })
        };
        Some(Rated {
            annotators: annotators.clone(),
            kind,
            cells: cells.filter_map(read).collect(),
        })
    }
}
