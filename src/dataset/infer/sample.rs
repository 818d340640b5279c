//! A look at some records of a table: what its fields may be for.
//!
//! Nothing here is evidence; what the sample suggests is verified over all records in `exact`.

use std::collections::HashSet;
use std::sync::Arc;

use rayon::prelude::*;

use crate::object::ObjectSource;
use crate::record::{Batch, Cell, CellKind, Type, UNPARSABLE};

use super::super::error::Error;
use super::super::table::Table;

/// How many units are looked at, spread over the table.
const UNITS: usize = 32;

/// What some values of a field look like.
pub(super) struct FieldSample {
    pub(super) name: Arc<str>,
    /// The type that holds all values seen.
    pub(super) kind: Type,
    /// Records without a value.
    pub(super) nulls: u64,
    /// Different values seen.
    pub(super) distinct: u64,
    /// The longest value, in bytes.
    pub(super) longest: usize,
    /// Values that hold white space.
    pub(super) spaced: u64,
}

/// What some records look like.
pub(super) struct Sample {
    pub(super) records: u64,
    pub(super) fields: Vec<FieldSample>,
}

impl Sample {
    /// Looks at records of a table, the first among them.
    pub(super) fn take(source: &dyn ObjectSource, table: &Table) -> Result<Self, Error> {
        let units: Vec<(usize, usize)> = table.units().collect();
        let count = units.len().min(UNITS);
        let chosen: Vec<_> = (0..count).map(|n| units[n * units.len() / count]).collect();
        let batches: Vec<Batch> = chosen
            .par_iter()
            .map(|&(part, unit)| {
                let mut batch = Batch::default();
                table.read_unit(source, part, unit, &mut batch)?;
                Ok(batch)
            })
            .collect::<Result<_, Error>>()?;
        let mut names: Vec<Arc<str>> = table.fields();
        for field in batches.iter().flat_map(Batch::fields) {
            if !names.contains(field) {
                names.push(field.clone());
            }
        }
        names.retain(|name| &**name != UNPARSABLE);
        let fields = names
            .into_par_iter()
            .map(|name| look(name, &batches))
            .collect();
        Ok(Self {
            records: batches.iter().map(|batch| batch.len() as u64).sum(),
            fields,
        })
    }

    /// Returns whether the values of a field seem to be unique and complete.
    pub(super) fn is_unique(&self, field: &FieldSample) -> bool {
        field.nulls == 0 && field.distinct == self.records && self.records > 0
    }
}

fn look(name: Arc<str>, batches: &[Batch]) -> FieldSample {
    let mut seen: HashSet<(CellKind, &str)> = HashSet::new();
    let mut field = FieldSample {
        name,
        kind: Type::Null,
        nulls: 0,
        distinct: 0,
        longest: 0,
        spaced: 0,
    };
    for batch in batches {
        let place = batch.field(&field.name);
        for record in batch.records() {
            let cell: Option<Cell<'_>> = place.and_then(|place| record.cell(place));
            let Some(cell) = cell else {
                field.nulls += 1;
                continue;
            };
            field.kind = field.kind.join(Type::of(cell));
            field.longest = field.longest.max(cell.text.len());
            field.spaced += u64::from(cell.text.contains(char::is_whitespace));
            seen.insert((cell.kind, cell.text));
        }
    }
    field.distinct = seen.len() as u64;
    field
}
