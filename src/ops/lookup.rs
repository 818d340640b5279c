//! Finds one record of a table by its key: for `blame`, where no change set names it.

use std::collections::BTreeMap;

use rayon::prelude::*;

use crate::dataset::Table;
use crate::object::{self, Commit, ObjectSource, Schema, Scorecard};
use crate::record::{Batch, Cell, RecordRef, Role, Type, canonical, normalized};
use crate::repo::Repo;

use super::error::Error;

/// What `blame` tells of a record.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Found {
    /// The values of the label fields, in the spelling that equal ones share.
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

/// The key of a data set, with the types of its fields, as a commit and its first parent read them.
#[derive(Clone, Debug)]
pub(super) struct KeyFields {
    /// The names of the key fields; none where identity is by content.
    pub names: Vec<String>,
    kinds: Vec<Type>,
    /// The types of all fields.
    types: BTreeMap<String, Type>,
}

impl KeyFields {
    /// Returns the key fields of a data set of a commit, or of its first parent where the commit
    /// has no such data set; `None` where neither has.
    pub(super) fn of(repo: &Repo, commit: &Commit, dataset: &str) -> Result<Option<Self>, Error> {
        let after = schema(repo, commit, dataset)?;
        let before = match commit.parents.first() {
            Some(parent) => schema(repo, &object::get(&repo.store, parent)?, dataset)?,
            None => None,
        };
        let Some(newest) = after.as_ref().or(before.as_ref()) else {
            return Ok(None);
        };
        let kind = |schema: Option<&Schema>, at: usize| -> Option<Type> {
            let schema = schema.filter(|schema| schema.key.len() == newest.key.len())?;
            let name = schema.key.get(at)?;
            let field = schema.fields.iter().find(|field| field.name == *name)?;
            Type::from_name(&field.kind)
        };
        // Change sets write keys under the type that both sides join to.
        let kinds = (0..newest.key.len()).map(|at| {
            match (kind(before.as_ref(), at), kind(after.as_ref(), at)) {
                (Some(a), Some(b)) => a.join(b),
                (Some(kind), None) | (None, Some(kind)) => kind,
                (None, None) => Type::String,
            }
        });
        let mut types: BTreeMap<String, Type> = BTreeMap::new();
        for field in before
            .iter()
            .chain(&after)
            .flat_map(|schema| &schema.fields)
        {
            let kind = Type::from_name(&field.kind).unwrap_or(Type::String);
            let joined = types.entry(field.name.clone()).or_insert(kind);
            *joined = joined.join(kind);
        }
        Ok(Some(Self {
            names: newest.key.clone(),
            kinds: kinds.collect(),
            types,
        }))
    }

    /// Returns the type of a field in both versions.
    pub(super) fn kind(&self, field: &str) -> Type {
        self.types.get(field).copied().unwrap_or(Type::String)
    }

    /// Returns the type of a key of one field; of several it is text.
    pub(super) fn key_kind(&self) -> Type {
        match self.kinds.as_slice() {
            [only] => *only,
            _ => Type::String,
        }
    }

    /// Takes the values that people gave, one for each field.
    pub(super) fn key(&self, values: &[String]) -> Key {
        let parts = self.kinds.iter().zip(values);
        Key {
            parts: parts
                .map(|(kind, value)| (*kind, spelled(*kind, Cell::text(value))))
                .collect(),
            types: self.types.clone(),
        }
    }
}

fn schema(repo: &Repo, commit: &Commit, dataset: &str) -> Result<Option<Schema>, Error> {
    let card: Scorecard = object::get(&repo.store, &commit.scorecard)?;
    match card.datasets.iter().find(|score| score.name == dataset) {
        Some(score) => Ok(Some(object::get(&repo.store, &score.schema)?)),
        None => Ok(None),
    }
}

/// A key as it compares: each part with the type of its field.
#[derive(Clone, Debug)]
pub(super) struct Key {
    parts: Vec<(Type, String)>,
    types: BTreeMap<String, Type>,
}

impl Key {
    /// Returns the values as change sets write them.
    pub(super) fn values(&self) -> Vec<Option<String>> {
        self.parts
            .iter()
            .map(|(_, value)| Some(value.clone()))
            .collect()
    }
}

/// Returns the one spelling of a key's value under the type of its field.
pub(super) fn spelled(kind: Type, value: Cell<'_>) -> String {
    normalized(&canonical(kind, value)).into_owned()
}

/// Returns the first record with the key, in the fields that the table's own declaration calls the
/// key; reads the table from its start.
pub(super) fn find(
    source: &dyn ObjectSource,
    table: &Table,
    key: &Key,
) -> Result<Option<Found>, Error> {
    let names = table.declaration.roles.key();
    if names.len() != key.parts.len() {
        return Ok(None);
    }
    let units: Vec<(usize, usize)> = table.units().collect();
    let found = units
        .par_iter()
        .map(|&(part, unit)| -> Result<Option<Found>, Error> {
            let mut batch = Batch::default();
            table.read_unit(source, part, unit, &mut batch)?;
            let fields: Option<Vec<usize>> = names.iter().map(|name| batch.field(name)).collect();
            let Some(fields) = fields else {
                return Ok(None);
            };
            let equal = |record: &RecordRef<'_>| {
                key.parts
                    .iter()
                    .zip(&fields)
                    .all(|((kind, value), &field)| {
                        record
                            .cell(field)
                            .is_some_and(|cell| spelled(*kind, cell) == *value)
                    })
            };
            let record = batch.records().find(equal);
            Ok(record.map(|record| told(&record, table, &key.types)))
        });
    match found.find_first(|result| !matches!(result, Ok(None))) {
        Some(result) => result,
        None => Ok(None),
    }
}

fn told(record: &RecordRef<'_>, table: &Table, types: &BTreeMap<String, Type>) -> Found {
    let roles = &table.declaration.roles;
    let value = |field: &String| {
        let at = record.batch().field(field)?;
        record.cell(at).map(|cell| cell.text.to_owned())
    };
    let label = |field: &String| {
        let at = record.batch().field(field)?;
        let kind = types.get(field).copied().unwrap_or(Type::String);
        record.cell(at).map(|cell| spelled(kind, cell))
    };
    let first = |role| roles.fields(role).first().and_then(value);
    Found {
        labels: roles
            .labels()
            .iter()
            .map(|field| (field.clone(), label(field)))
            .collect(),
        annotator: first(Role::Annotator),
        source: first(Role::Source),
        reason: first(Role::Reason),
        guideline: first(Role::Guideline),
    }
}
