//! References: values of a field that another data set's field does not have.
//!
//! Both sides are read whole each time: what refers may stay the same while what it refers to
//! loses a value. Values compare in the one spelling of their own type.

use rustc_hash::FxHashSet;
use xxhash_rust::xxh3::xxh3_128;

use crate::dataset::{self, Table};
use crate::object::ObjectSource;
use crate::record::{Batch, Cell, Type, canonical, normalized};

use super::measure::with_units;

/// The values of a field, by their hashes.
#[derive(Clone, Debug, Default)]
pub struct ValueSet(FxHashSet<u128>);

impl ValueSet {
    /// Reads the values of a field; `None` where the table has no such field.
    pub fn read(
        source: &dyn ObjectSource,
        table: &Table,
        field: &str,
    ) -> Result<Option<Self>, dataset::Error> {
        if !table.fields().iter().any(|name| **name == *field) {
            return Ok(None);
        }
        let parts = with_units(source, table, &table.declaration.survey(), |units| {
            let add = |known: &mut FxHashSet<u128>, batch: &Batch| {
                known.extend(values(batch, field).map(hash));
            };
            units.on_all_cores(FxHashSet::default, add)
        })?;
        let mut parts = parts.into_iter();
        let mut known = parts.next().unwrap_or_default();
        parts.for_each(|part| known.extend(part));
        Ok(Some(Self(known)))
    }

    /// Returns whether a value is one of them.
    pub fn contains(&self, cell: Cell<'_>) -> bool {
        self.0.contains(&hash(cell))
    }
}

/// Returns how many records have a value in `field` that no record of the other table has in
/// `target`; `None` where the other table has no such field.
pub fn dangling(
    source: &dyn ObjectSource,
    (table, field): (&Table, &str),
    (other, target): (&Table, &str),
) -> Result<Option<u64>, dataset::Error> {
    let Some(known) = ValueSet::read(source, other, target)? else {
        return Ok(None);
    };
    let counts = with_units(source, table, &table.declaration.survey(), |units| {
        let add = |count: &mut u64, batch: &Batch| {
            let lost = values(batch, field).filter(|cell| !known.contains(*cell));
            *count += lost.count() as u64;
        };
        units.on_all_cores(|| 0, add)
    })?;
    Ok(Some(counts.into_iter().sum()))
}

/// Returns the values of a field.
fn values<'b>(batch: &'b Batch, field: &str) -> impl Iterator<Item = Cell<'b>> + use<'b> {
    let place = batch.field(field);
    batch
        .records()
        .filter_map(move |record| record.cell(place?))
}

fn hash(cell: Cell<'_>) -> u128 {
    let text = canonical(Type::of(cell), cell);
    xxh3_128(normalized(&text).as_bytes())
}
