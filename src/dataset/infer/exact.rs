//! Evidence: facts about keys and labels, counted over every record.
//!
//! Values are counted by 64-bit hashes, 8 bytes a record. Equal values have equal hashes, so a key
//! whose hashes all differ is unique for certain; hashes that meet are looked at again by value.

use std::collections::{HashMap, HashSet};
use std::hash::Hasher as _;

use rayon::prelude::*;
use rustc_hash::{FxHashSet, FxHasher};

use crate::object::ObjectSource;
use crate::record::{Batch, Cell, Type, canonical, normalized};

use super::super::error::Error;
use super::super::table::Table;

/// More classes than this are not told apart.
const MAX_CLASSES: usize = 65_536;
/// Meeting hashes beyond this many are taken for meeting values: chance makes no thousands.
const MAX_LOOKS: usize = 65_536;

/// What is known of a key.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct KeyCount {
    pub(super) records: u64,
    /// Records with a field of the key missing.
    pub(super) nulls: u64,
    /// Different keys.
    pub(super) distinct: u64,
}

impl KeyCount {
    /// Returns whether every record has a key of its own.
    pub(super) fn is_unique(&self) -> bool {
        self.records > 0 && self.nulls == 0 && self.distinct == self.records
    }
}

/// What is known of a field.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct FieldCount {
    pub(super) nulls: u64,
    /// Different values; `None` beyond a limit.
    pub(super) distinct: Option<u64>,
}

/// Counts of a whole table.
pub(super) struct Counts {
    pub(super) key: KeyCount,
    pub(super) fields: Vec<FieldCount>,
}

#[derive(Default)]
struct Found {
    records: u64,
    nulls: u64,
    hashes: Vec<u64>,
    kinds: Vec<Type>,
    fields: Vec<(u64, Option<FxHashSet<u64>>)>,
}

/// Counts the keys made of `key`, and the values of each of `fields`.
pub(super) fn count(
    source: &dyn ObjectSource,
    table: &Table,
    key: &[String],
    fields: &[String],
) -> Result<Counts, Error> {
    let units: Vec<(usize, usize)> = table.units().collect();
    let empty = || Found {
        kinds: vec![Type::Null; key.len()],
        fields: vec![(0, Some(FxHashSet::default())); fields.len()],
        ..Found::default()
    };
    let mut found = units
        .par_iter()
        .try_fold(
            || (empty(), Batch::default()),
            |(mut found, mut batch), &(part, unit)| {
                table.read_unit(source, part, unit, &mut batch)?;
                found.add(&batch, key, fields);
                Ok::<_, Error>((found, batch))
            },
        )
        .map(|found| found.map(|(found, _)| found))
        .try_reduce(empty, |a, b| Ok(a.merge(b)))?;
    let fields = found
        .fields
        .iter()
        .map(|(nulls, values)| FieldCount {
            nulls: *nulls,
            distinct: values.as_ref().map(|values| values.len() as u64),
        })
        .collect();
    let key = KeyCount {
        records: found.records,
        nulls: found.nulls,
        distinct: match key {
            [] => 0,
            _ => distinct(source, table, &units, key, &mut found)?,
        },
    };
    Ok(Counts { key, fields })
}

impl Found {
    fn add(&mut self, batch: &Batch, key: &[String], fields: &[String]) {
        let place = |name: &String| batch.field(name);
        let key: Vec<Option<usize>> = key.iter().map(place).collect();
        let fields: Vec<Option<usize>> = fields.iter().map(place).collect();
        self.records += batch.len() as u64;
        for record in batch.records() {
            let mut hasher = FxHasher::default();
            let mut whole = !key.is_empty();
            for (place, kind) in key.iter().zip(&mut self.kinds) {
                match place.and_then(|place| record.cell(place)) {
                    Some(cell) => {
                        *kind = kind.join(Type::of(cell));
                        hash(cell, &mut hasher);
                    }
                    None => whole = false,
                }
            }
            if whole {
                self.hashes.push(hasher.finish());
            } else {
                self.nulls += u64::from(!key.is_empty());
            }
            for (place, (nulls, values)) in fields.iter().zip(&mut self.fields) {
                let Some(cell) = place.and_then(|place| record.cell(place)) else {
                    *nulls += 1;
                    continue;
                };
                if let Some(known) = values {
                    let mut hasher = FxHasher::default();
                    hash(cell, &mut hasher);
                    known.insert(hasher.finish());
                    if known.len() > MAX_CLASSES {
                        *values = None;
                    }
                }
            }
        }
    }

    fn merge(mut self, mut other: Self) -> Self {
        if self.hashes.len() < other.hashes.len() {
            std::mem::swap(&mut self, &mut other);
        }
        self.records += other.records;
        self.nulls += other.nulls;
        self.hashes.append(&mut other.hashes);
        for (kind, more) in self.kinds.iter_mut().zip(other.kinds) {
            *kind = kind.join(more);
        }
        for ((nulls, values), (more, other)) in self.fields.iter_mut().zip(other.fields) {
            *nulls += more;
            *values = match (values.take(), other) {
                (Some(mut values), Some(other)) => {
                    values.extend(other);
                    (values.len() <= MAX_CLASSES).then_some(values)
                }
                _ => None,
            };
        }
        self
    }
}

/// Hashes a value so that values which are equal under any type have equal hashes.
fn hash(cell: Cell<'_>, hasher: &mut FxHasher) {
    let date = cell.text.as_bytes().get(4) == Some(&b'-');
    let kind = if date { Type::Datetime } else { Type::Float };
    let text = canonical(kind, cell);
    hasher.write(normalized(&text).as_bytes());
    hasher.write_u8(0xff); // no text holds this byte, so ("ab","c") is not ("a","bc")
}

/// Returns how many different keys there are.
fn distinct(
    source: &dyn ObjectSource,
    table: &Table,
    units: &[(usize, usize)],
    key: &[String],
    found: &mut Found,
) -> Result<u64, Error> {
    found.hashes.par_sort_unstable();
    let met: HashSet<u64> = found
        .hashes
        .windows(2)
        .filter(|pair| pair[0] == pair[1])
        .map(|pair| pair[0])
        .collect();
    let repeats = found
        .hashes
        .windows(2)
        .filter(|pair| pair[0] == pair[1])
        .count();
    let by_hash = (found.hashes.len() - repeats) as u64;
    found.hashes = Vec::new();
    if met.is_empty() || met.len() > MAX_LOOKS {
        return Ok(by_hash);
    }
    let kinds = &found.kinds;
    let values: HashMap<u64, HashSet<Vec<String>>> = units
        .par_iter()
        .map_init(Batch::default, |batch, &(part, unit)| {
            table.read_unit(source, part, unit, batch)?;
            Ok::<_, Error>(look(batch, key, kinds, &met))
        })
        .try_reduce(HashMap::new, |mut a, b| {
            for (hash, values) in b {
                a.entry(hash).or_default().extend(values);
            }
            Ok(a)
        })?;
    let by_value: usize = values.values().map(HashSet::len).sum();
    Ok(by_hash - met.len() as u64 + by_value as u64)
}

/// Returns the keys whose hashes are among those that met.
fn look(
    batch: &Batch,
    key: &[String],
    kinds: &[Type],
    met: &HashSet<u64>,
) -> HashMap<u64, HashSet<Vec<String>>> {
    let places: Option<Vec<usize>> = key.iter().map(|name| batch.field(name)).collect();
    let mut values: HashMap<u64, HashSet<Vec<String>>> = HashMap::new();
    for record in batch.records() {
        let cells = places.iter().flatten().map(|&place| record.cell(place));
        let Some(cells) = cells.collect::<Option<Vec<_>>>() else {
            continue;
        };
        let mut hasher = FxHasher::default();
        for cell in &cells {
            hash(*cell, &mut hasher);
        }
        let hash = hasher.finish();
        if met.contains(&hash) {
            let text = |(cell, kind): (&Cell<'_>, &Type)| {
                normalized(&canonical(*kind, *cell)).into_owned()
            };
            let value = cells.iter().zip(kinds).map(text).collect();
            values.entry(hash).or_default().insert(value);
        }
    }
    values
}
