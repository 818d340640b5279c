//! Ratings of wide tables: each record is an item, each label field an annotator.
//!
//! Invariant: a cell counts records by what two annotators said of them and by how many ratings
//! they have, so that cells add up and can be taken back whatever the type of the fields. A record
//! with one rating counts in a cell with nobody on the other side.

use crate::base::varint::{self, Reader};
use crate::record::{Batch, Role, Span, Type};

use super::counter::Counter;
use super::records::{Profile, write_joint_value};
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
    let columns = places.iter().map(|place| Column::of(batch, *place));
    match columns.collect::<Option<Vec<Column>>>() {
        Some(columns) => count_columns(counter, &columns, batch.len(), sign),
        None => count_records(counter, &places, batch, sign),
    }
}

/// Counts pair by pair what all records of a batch have: there are as many pairs as the square of
/// the annotators, and a change of a cell costs as much as twenty additions here.
fn count_columns(counter: &mut Counter, columns: &[Column], records: usize, sign: i64) {
    let mut ratings = vec![0u8; records];
    for column in columns {
        for (count, code) in ratings.iter_mut().zip(&column.codes) {
            *count += u8::from(*code != 0); // there are at most `MOST` columns
        }
    }
    let most = ratings.iter().copied().max().map_or(0, usize::from);
    let mut cell = Cell::default();
    for (at, a) in (0..).zip(columns) {
        let mut alone = vec![0i64; a.texts.len() + 1];
        for (code, ratings) in a.codes.iter().zip(&ratings) {
            alone[usize::from(*code)] += i64::from(*ratings == 1);
        }
        for (text, count) in a.texts.iter().zip(&alone[1..]) {
            cell.add(counter, (at, text), None, (1, sign * count));
        }
        for (other, b) in (at + 1..).zip(&columns[usize::from(at) + 1..]) {
            let (height, width) = (a.texts.len() + 1, b.texts.len() + 1);
            let mut counts = vec![0i64; (most + 1) * height * width];
            for ((a, b), ratings) in a.codes.iter().zip(&b.codes).zip(&ratings) {
                let [a, b, ratings] = [*a, *b, *ratings].map(usize::from);
                counts[(ratings * height + a) * width + b] += 1;
            }
            for (place, count) in counts.into_iter().enumerate().filter(|(_, n)| *n > 0) {
                let (row, b_code) = (place / width, place % width);
                let (ratings, a_code) = (row / height, row % height);
                let texts = (a_code.checked_sub(1), b_code.checked_sub(1));
                if let (Some(x), Some(y)) = texts {
                    let second = Some((other, b.texts[y].as_slice()));
                    let counted = (ratings as u64, sign * count);
                    cell.add(counter, (at, &a.texts[x]), second, counted);
                }
            }
        }
    }
}

/// Counts record by record: where a field has many values.
fn count_records(counter: &mut Counter, places: &[Option<usize>], batch: &Batch, sign: i64) {
    let mut said: Vec<(u8, std::ops::Range<usize>)> = Vec::new();
    let (mut texts, mut cell) = (Vec::new(), Cell::default());
    for record in batch.records() {
        said.clear();
        texts.clear();
        for (at, place) in (0..).zip(places) {
            if let Some(span) = place.and_then(|place| record.span(place)) {
                let start = texts.len();
                write_joint_value(batch, span, &mut texts);
                said.push((at, start..texts.len()));
            }
        }
        let of = |(at, text): &(u8, std::ops::Range<usize>)| (*at, &texts[text.clone()]);
        let counted = (said.len() as u64, sign);
        if let [only] = said.as_slice() {
            cell.add(counter, of(only), None, counted);
        }
        for (at, a) in said.iter().enumerate() {
            let others = said[at + 1..].iter();
            others.for_each(|b| cell.add(counter, of(a), Some(of(b)), counted));
        }
    }
}

/// The column of an annotator in a batch: few values, by their numbers.
struct Column {
    /// Of each record the number of its value, from 1; 0 where it has none.
    codes: Vec<u8>,
    /// The values, as cells hold them.
    texts: Vec<Vec<u8>>,
}

/// More values are not numbered: each is compared with all.
const FEW: usize = 15;

impl Column {
    /// Returns the column at a place; `None` where it has many values.
    fn of(batch: &Batch, place: Option<usize>) -> Option<Self> {
        let mut values: Vec<Span> = Vec::new();
        let mut code = |span: Span| {
            let text = batch.bytes_of(span);
            let same = |known: &Span| known.kind == span.kind && batch.bytes_of(*known) == text;
            let known = values.iter().position(same);
            let at = known.or_else(|| {
                values.push(span);
                (values.len() <= FEW).then_some(values.len() - 1)
            })?;
            Some(at as u8 + 1) // at most `FEW`
        };
        let spans = batch.records().map(|record| record.span(place?));
        let codes = spans.map(|span| span.map_or(Some(0), &mut code));
        let codes = codes.collect::<Option<_>>()?;
        let text = |span: &Span| {
            let mut text = Vec::new();
            write_joint_value(batch, *span, &mut text);
            text
        };
        let texts = values.iter().map(text).collect();
        Some(Self { codes, texts })
    }
}

/// The key of a cell, while it is written.
#[derive(Default)]
struct Cell(Vec<u8>);

impl Cell {
    /// Adds so many records of so many ratings to the cell of what one or two annotators said.
    fn add(
        &mut self,
        counter: &mut Counter,
        (first, said): (u8, &[u8]),
        second: Option<(u8, &[u8])>,
        (ratings, records): (u64, i64),
    ) {
        if records == 0 {
            return;
        }
        let Self(key) = self;
        key.clear();
        key.extend_from_slice(said);
        key.extend_from_slice(second.map_or(&[0], |(_, said)| said));
        key.extend_from_slice(&[first, second.map_or(first, |(second, _)| second)]);
        varint::write(key, ratings);
        counter.add(key, records, &mut |_, _| {});
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::record::CellKind;

    proptest! {
        #[test]
        fn columns_count_what_records_count(
            records in proptest::collection::vec(proptest::collection::vec(0u8..20, 3), 0..40),
            values in 2u8..20,
            sign in prop_oneof![Just(1i64), Just(-1)],
        ) {
            let fields: Vec<std::sync::Arc<str>> = ["a", "b", "c"].map(Into::into).to_vec();
            let mut batch = Batch::new(&fields);
            for record in &records {
                batch.begin();
                for (at, value) in record.iter().map(|value| value % values).enumerate() {
                    // 0 is no rating.
                    let text = (value > 0).then(|| format!("class {value}"));
                    batch.set(at, CellKind::Text, text.as_deref());
                }
                batch.end((0, 0), None);
            }
            let places = [Some(0), Some(1), None, Some(2)];
            let columns = places.iter().map(|place| Column::of(&batch, *place));
            let columns = columns.collect::<Option<Vec<_>>>();
            prop_assert!(columns.is_some() || usize::from(values) > FEW);
            if let Some(columns) = columns {
                let (mut one, mut other) = (Counter::default(), Counter::default());
                count_columns(&mut one, &columns, batch.len(), sign);
                count_records(&mut other, &places, &batch, sign);
                prop_assert_eq!(one.values(), other.values());
            }
        }
    }
}
