//! Reading ratings out of a table, on all cores, so many at a time as memory shall hold.
//!
//! Invariant: the ratings of one item come together, and what comes is a function of the records
//! alone: names are numbered in one order and ratings sorted, whatever thread read them first.
//! Items are told apart by 64 bits of a BLAKE3 of their values: among two million items the chance
//! that any two are taken for one is below one in five million.

use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;

use super::vocabulary::{Interner, Names};
use crate::base::ObjectId;
use crate::dataset::{self, Table};
use crate::object::ObjectSource;
use crate::record::{Batch, RecordRef, Role, Type, canonical, normalized};

/// Up to so many records, each item is a unit that is drawn; beyond, items are dealt into bins.
const FEW: u64 = 65_536;
/// How many units the types are guessed from.
const SAMPLE: usize = 16;
/// So many bins.
const BINS: u64 = 4096;
/// The number of an annotator or a stratum that has no name.
pub(super) const NOBODY: u32 = u32::MAX;

/// How records hold ratings.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Shape<'a> {
    /// Each record is one rating, of this label field; the item role says of what.
    Long(&'a str),
    /// Each record is an item, each label field an annotator.
    Wide,
}

/// Which ratings are wanted.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The table.
    pub table: &'a Table,
    /// How it holds ratings.
    pub shape: Shape<'a>,
    /// The field whose values part the ratings, so that each part is looked at by itself.
    pub strata: Option<&'a str>,
    /// The most ratings in memory at once, as far as whole items allow.
    pub most: u64,
}

/// One rating. Ratings sort by stratum, then item, then annotator.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Rating {
    /// The stratum, by its number.
    pub stratum: u32,
    /// The item, by its hash.
    pub item: u64,
    /// The annotator, by number; `u32::MAX` where the data do not say.
    pub annotator: u32,
    /// The class, by number.
    pub class: u32,
    /// What is drawn as a whole in a bootstrap: the item, its group, or the bin of either.
    pub unit: u32,
}

/// Ratings of whole items, and what their numbers stand for.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Ratings {
    /// The ratings, sorted.
    pub ratings: Vec<Rating>,
    /// The classes, in their order.
    pub classes: Vec<String>,
    /// The type of their values.
    pub kind: Option<Type>,
    /// The annotators, sorted.
    pub annotators: Vec<String>,
    /// The strata, sorted.
    pub strata: Vec<String>,
    /// Records that name no item.
    pub without_item: u64,
    /// The types of the fields by which items, then groups, are told apart.
    pub kinds: Vec<Type>,
}

/// Reads the ratings that are asked for and calls `each` with those of one part of the items
/// after the other; at least once.
pub fn read<E: From<dataset::Error>>(
    source: &dyn ObjectSource,
    question: &Question<'_>,
    each: &mut dyn FnMut(Ratings) -> Result<(), E>,
) -> Result<(), E> {
    let fields = Fields::of(question);
    let mut kinds = fields.sample(source, question.table)?;
    let width = fields.labels.len().max(1) as u64;
    let ratings = question.table.records().saturating_mul(width);
    let parts = ratings.div_ceil(question.most.max(1)).max(1);
    for part in 0..parts {
        let mut ratings = fields.read(source, question.table, &kinds, (part, parts))?;
        // Every part reads all records, so the first one tells whether the guess was right.
        if part == 0
            && !ratings
                .kinds
                .iter()
                .zip(&kinds)
                .all(|(a, b)| is_spelled_alike(*a, *b))
        {
            kinds.clone_from(&ratings.kinds);
            ratings = fields.read(source, question.table, &kinds, (part, parts))?;
        }
        each(ratings)?;
    }
    Ok(())
}

/// Returns whether equal values of both types are spelled alike.
fn is_spelled_alike(a: Type, b: Type) -> bool {
    let is_number = |kind| matches!(kind, Type::Integer | Type::Float);
    a == b || is_number(a) && is_number(b)
}

/// Joins the types of each field.
fn join(kinds: &mut [Type], others: &[Type]) {
    let both = kinds.iter_mut().zip(others);
    both.for_each(|(kind, other)| *kind = kind.join(*other));
}

/// The fields that a question is about.
struct Fields<'a> {
    labels: Vec<&'a str>,
    item: &'a [String],
    group: &'a [String],
    annotator: Option<&'a str>,
    strata: Option<&'a str>,
    wide: bool,
    classes: Option<&'a crate::config::ClassesConfig>,
}

/// Finds the item of a record: of which the consensus is looked up.
pub struct Items<'a> {
    fields: Fields<'a>,
    kinds: Vec<Type>,
}

/// Tells the items of a question apart as its ratings did.
pub fn read_items<'a>(question: &Question<'a>, ratings: &Ratings) -> Items<'a> {
    Items {
        fields: Fields::of(question),
        kinds: ratings.kinds.clone(),
    }
}

impl Items<'_> {
    /// Calls `each` with the ordinal in its file, the item and the record, for every record that
    /// names an item. `place` is the file and the ordinal of the first record of the batch.
    pub fn each(
        &self,
        batch: &Batch,
        place: (usize, u64),
        mut each: impl FnMut(u64, u64, RecordRef<'_>),
    ) {
        let places = self.fields.places(batch);
        let mut bytes = Vec::new();
        for (at, record) in (0..).zip(batch.records()) {
            let place = (place.0, place.1 + at);
            if let Some(item) = self
                .fields
                .item(record, &places, &self.kinds, place, &mut bytes)
            {
                each(place.1, item, record);
            }
        }
    }
}

/// Where the fields stand in one batch.
struct Places {
    labels: Vec<Option<usize>>,
    item: Vec<Option<usize>>,
    group: Vec<Option<usize>>,
    annotator: Option<usize>,
    strata: Option<usize>,
}

/// What one thread read.
#[derive(Default)]
struct Read {
    ratings: Vec<Rating>,
    labels: Interner,
    annotators: Interner,
    strata: Interner,
    without_item: u64,
    kinds: Vec<Type>,
}

/// Joins the types of a record's values to those of the fields of items and groups.
fn learn(record: RecordRef<'_>, places: &Places, kinds: &mut [Type]) {
    for (kind, place) in kinds
        .iter_mut()
        .zip(places.item.iter().chain(&places.group))
    {
        // Nothing joins to anything else once it is text.
        if *kind != Type::String
            && let Some(cell) = place.and_then(|place| record.cell(place))
        {
            *kind = kind.join(Type::of(cell));
        }
    }
}

impl<'a> Fields<'a> {
    fn of(question: &Question<'a>) -> Self {
        let declaration = &question.table.declaration;
        let roles = &declaration.roles;
        let wide = question.shape == Shape::Wide;
        let labels: Vec<&str> = match question.shape {
            Shape::Long(label) => vec![label],
            Shape::Wide => roles.labels().iter().map(String::as_str).collect(),
        };
        // Declared classes are those of the first label field.
        let first = roles.labels().first().map(String::as_str);
        let declared = wide || labels.first().copied() == first;
        Self {
            labels,
            item: if wide {
                roles.key()
            } else {
                roles.fields(Role::Item)
            },
            group: roles.fields(Role::Group),
            annotator: roles
                .fields(Role::Annotator)
                .first()
                .map(String::as_str)
                .filter(|_| !wide),
            strata: question.strata,
            wide,
            classes: declaration.classes.as_ref().filter(|_| declared),
        }
    }

    fn places(&self, batch: &Batch) -> Places {
        let names = |names: &[String]| batch.places(names.iter().map(String::as_str));
        Places {
            labels: batch.places(self.labels.iter().copied()),
            item: names(self.item),
            group: names(self.group),
            annotator: self.annotator.and_then(|name| batch.field(name)),
            strata: self.strata.and_then(|name| batch.field(name)),
        }
    }

    /// Guesses the types of the fields of items and groups from a few units: equal values are
    /// spelled alike in them.
    fn sample(
        &self,
        source: &dyn ObjectSource,
        table: &Table,
    ) -> Result<Vec<Type>, dataset::Error> {
        let mut kinds = vec![Type::Null; self.item.len() + self.group.len()];
        let mut batch = Batch::default();
        let units: Vec<_> = table.units().collect();
        for &(file, unit) in units.iter().step_by(units.len().div_ceil(SAMPLE).max(1)) {
            table.read_unit(source, file, unit, &mut batch)?;
            let places = self.places(&batch);
            batch
                .records()
                .for_each(|record| learn(record, &places, &mut kinds));
        }
        Ok(kinds)
    }

    /// Returns the hash of some values of a record; `None` where one of them is missing.
    fn hash(
        record: RecordRef<'_>,
        places: &[Option<usize>],
        kinds: &[Type],
        bytes: &mut Vec<u8>,
    ) -> Option<u64> {
        bytes.clear();
        for (place, kind) in places.iter().zip(kinds) {
            let cell = record.cell((*place)?)?;
            let text = canonical(*kind, cell);
            let text = normalized(&text);
            bytes.extend_from_slice(&(text.len() as u64).to_le_bytes());
            bytes.extend_from_slice(text.as_bytes());
        }
        Some(short(bytes))
    }

    fn item(
        &self,
        record: RecordRef<'_>,
        places: &Places,
        kinds: &[Type],
        place: (usize, u64),
        bytes: &mut Vec<u8>,
    ) -> Option<u64> {
        match Self::hash(record, &places.item, kinds, bytes).filter(|_| !self.item.is_empty()) {
            Some(item) => Some(item),
            // Without a key, a record of a wide table is told apart by its place.
            None if self.wide => {
                bytes.clear();
                bytes.extend_from_slice(&(place.0 as u64).to_le_bytes());
                bytes.extend_from_slice(&place.1.to_le_bytes());
                Some(short(bytes))
            }
            None => None,
        }
    }

    /// Reads the ratings of one part of the items.
    fn read(
        &self,
        source: &dyn ObjectSource,
        table: &Table,
        kinds: &[Type],
        part: (u64, u64),
    ) -> Result<Ratings, dataset::Error> {
        let units: Vec<_> = table.units().collect();
        let next = AtomicUsize::new(0);
        let threads = rayon::current_num_threads().min(units.len()).max(1);
        let few = table.records() <= FEW;
        let read = (0..threads).into_par_iter().with_max_len(1).map(|_| {
            let mut read = Read {
                kinds: vec![Type::Null; kinds.len()],
                ..Read::default()
            };
            let mut batch = Batch::default();
            while let Some(&(file, unit)) = units.get(next.fetch_add(1, Ordering::Relaxed)) {
                table.read_unit(source, file, unit, &mut batch)?;
                let first = table.parts[file].units[unit].first_record;
                self.add(&mut read, &batch, (file, first), kinds, (part, few));
            }
            Ok::<_, dataset::Error>(read)
        });
        Ok(self.gather(read.collect::<Result<_, _>>()?))
    }

    fn add(
        &self,
        read: &mut Read,
        batch: &Batch,
        (file, first): (usize, u64),
        kinds: &[Type],
        ((part, parts), few): ((u64, u64), bool),
    ) {
        let places = self.places(batch);
        let group_kinds = kinds.get(self.item.len()..).unwrap_or(&[]);
        let mut bytes = Vec::new();
        for (at, record) in (0..).zip(batch.records()) {
            learn(record, &places, &mut read.kinds);
            let place = (file, first + at);
            let Some(item) = self.item(record, &places, kinds, place, &mut bytes) else {
                read.without_item += 1;
                continue;
            };
            let wanted = item % parts == part;
            let named = |place: Option<usize>| record.cell(place?);
            let stratum = named(places.strata).map(|cell| read.strata.number(cell));
            let annotator = named(places.annotator).map(|cell| read.annotators.number(cell));
            let group = Self::hash(record, &places.group, group_kinds, &mut bytes);
            let unit = group.filter(|_| !self.group.is_empty()).unwrap_or(item);
            let unit = if few { unit >> 32 } else { unit % BINS };
            for (at, label) in (0..).zip(&places.labels) {
                let Some(cell) = named(*label) else { continue };
                let class = read.labels.number(cell);
                if wanted {
                    read.ratings.push(Rating {
                        stratum: stratum.unwrap_or(NOBODY),
                        item,
                        annotator: if self.wide {
                            at
                        } else {
                            annotator.unwrap_or(NOBODY)
                        },
                        class,
                        unit: unit as u32,
                    });
                }
            }
        }
    }

    /// Numbers what the threads read in one order.
    fn gather(&self, read: Vec<Read>) -> Ratings {
        let classes = Names::of(read.iter().map(|read| &read.labels), self.classes);
        let annotators = Names::of(read.iter().map(|read| &read.annotators), None);
        let strata = Names::of(read.iter().map(|read| &read.strata), None);
        let mut all = Ratings {
            classes: classes.all.clone(),
            kind: classes.kind,
            annotators: match self.wide {
                true => self
                    .labels
                    .iter()
                    .map(|label| (*label).to_owned())
                    .collect(),
                false => annotators.all.clone(),
            },
            strata: strata.all.clone(),
            kinds: vec![Type::Null; self.item.len() + self.group.len()],
            ..Ratings::default()
        };
        for read in read {
            let class = classes.numbers(&read.labels);
            let annotator = annotators.numbers(&read.annotators);
            let stratum = strata.numbers(&read.strata);
            let number = |numbers: &[u32], at: u32| numbers.get(at as usize).copied();
            all.without_item += read.without_item;
            join(&mut all.kinds, &read.kinds);
            all.ratings
                .extend(read.ratings.into_iter().map(|rating| Rating {
                    stratum: number(&stratum, rating.stratum).unwrap_or(NOBODY),
                    annotator: match self.wide {
                        true => rating.annotator,
                        false => number(&annotator, rating.annotator).unwrap_or(NOBODY),
                    },
                    class: number(&class, rating.class).unwrap_or(NOBODY),
                    ..rating
                }));
        }
        all.ratings.par_sort_unstable();
        all
    }
}

fn short(bytes: &[u8]) -> u64 {
    let id = ObjectId::of(bytes);
    id.as_bytes()
        .iter()
        .take(8)
        .fold(0, |all, byte| all << 8 | u64::from(*byte))
}
