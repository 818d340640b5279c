//! Finds one record of a table by its key: for `blame`, where no change set names it.

use std::collections::BTreeMap;

use rayon::prelude::*;

use crate::dataset::Table;
use crate::object::ObjectSource;
use crate::record::{Batch, RecordRef, Role, Type, canonical, normalized};

use super::error::Error;

/// What `blame` tells of a record.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Found {
    /// The values of the label fields.
    pub labels: BTreeMap<String, Option<String>>,
    /// Who labelled it, as the data say.
    pub annotator: Option<String>,
    /// What made the label.
    pub source: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// Under which guideline.
    pub guideline: Option<String>,
}

/// A key as it compares: each part with the type of its field.
#[derive(Clone, Debug)]
pub(super) struct Key {
    parts: Vec<(String, Type, String)>,
}

impl Key {
    /// Takes the values that people gave for the key fields.
    pub(super) fn new(fields: &[String], kinds: &[Type], values: &[String]) -> Self {
        let part = |((field, kind), value): ((&String, &Type), &String)| {
            (field.clone(), *kind, spelled(*kind, value))
        };
        Self {
            parts: fields.iter().zip(kinds).zip(values).map(part).collect(),
        }
    }

    /// Returns the values as change sets write them.
    pub(super) fn values(&self) -> Vec<Option<String>> {
        self.parts
            .iter()
            .map(|(_, _, value)| Some(value.clone()))
            .collect()
    }
}

/// Returns the one spelling of a key's value under the type of its field.
fn spelled(kind: Type, value: &str) -> String {
    normalized(&canonical(kind, crate::record::Cell::text(value))).into_owned()
}

/// Returns the first record with the key; reads the table from its start.
pub(super) fn find(
    source: &dyn ObjectSource,
    table: &Table,
    key: &Key,
) -> Result<Option<Found>, Error> {
    let units: Vec<(usize, usize)> = table.units().collect();
    let found = units
        .par_iter()
        .map(|&(part, unit)| -> Result<Option<Found>, Error> {
            let mut batch = Batch::default();
            table.read_unit(source, part, unit, &mut batch)?;
            let fields: Option<Vec<usize>> = key
                .parts
                .iter()
                .map(|(field, _, _)| batch.field(field))
                .collect();
            let Some(fields) = fields else {
                return Ok(None);
            };
            let record = batch.records().find(|record| {
                key.parts
                    .iter()
                    .zip(&fields)
                    .all(|((_, kind, value), &field)| {
                        record
                            .cell(field)
                            .is_some_and(|cell| spelled(*kind, cell.text) == *value)
                    })
            });
            Ok(record.map(|record| told(&record, table)))
        });
    match found.find_first(|result| !matches!(result, Ok(None))) {
        Some(result) => result,
        None => Ok(None),
    }
}

fn told(record: &RecordRef<'_>, table: &Table) -> Found {
    let roles = &table.declaration.roles;
    let value = |field: &String| {
        let at = record.batch().field(field)?;
        record.cell(at).map(|cell| cell.text.to_owned())
    };
    let first = |role| roles.fields(role).first().and_then(value);
    Found {
        labels: roles
            .labels()
            .iter()
            .map(|field| (field.clone(), value(field)))
            .collect(),
        annotator: first(Role::Annotator),
        source: first(Role::Source),
        reason: first(Role::Reason),
        guideline: first(Role::Guideline),
    }
}
