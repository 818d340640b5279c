//! Finds the records of a list in a table, in one pass over it.

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use crate::base::{ObjectId, varint};
use crate::dataset::Table;
use crate::diff::Value;
use crate::object::ObjectSource;
use crate::profile;
use crate::record::{Batch, Cell, RecordRef, Type, canonical, normalized};

use super::super::error::Error;
use super::label;

/// How a list names a record.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) enum Name {
    /// By the values of its key fields, in the spelling that equal ones share.
    Key(Vec<u8>),
    /// By the BLAKE3 of its frame.
    Frame(ObjectId),
    /// By nothing that tells it.
    Nothing,
}

impl Name {
    /// Names a record by its key; a key with a missing part names none.
    pub(super) fn of_key(key: &[Option<String>]) -> Self {
        let mut bytes = Vec::new();
        for part in key {
            match part {
                Some(part) => write_part(Cell::text(part), &mut bytes),
                None => return Self::Nothing,
            }
        }
        match key.is_empty() {
            true => Self::Nothing,
            false => Self::Key(bytes),
        }
    }
}

fn write_part(cell: Cell<'_>, out: &mut Vec<u8>) {
    let text = canonical(Type::of(cell), cell);
    varint::write_bytes(out, normalized(&text).as_bytes());
}

/// A record that a list may mean.
#[derive(Clone, Debug)]
pub(super) struct Hit {
    /// The file, and the record's place in it.
    pub(super) part: usize,
    pub(super) local: u64,
    /// Its place in the data set, counted from 0.
    pub(super) ordinal: u64,
    /// The values of its key, as the file spells them.
    key: Vec<String>,
    pub(super) bytes: Vec<u8>,
    /// The values of the label fields, in the order of the declaration.
    pub(super) labels: Vec<Value>,
}

impl Hit {
    /// Returns a record that was found by its place alone.
    pub(super) fn at(
        (part, local): (usize, u64),
        ordinal: u64,
        bytes: Vec<u8>,
        labels: Vec<Value>,
    ) -> Self {
        Self {
            part,
            local,
            ordinal,
            key: Vec::new(),
            bytes,
            labels,
        }
    }

    /// Returns whether the record's key is spelled like this one.
    pub(super) fn is_spelled(&self, key: &[Option<String>]) -> bool {
        let same = |(own, given): (&String, &Option<String>)| {
            given
                .as_ref()
                .is_some_and(|given| normalized(own) == normalized(given))
        };
        self.key.len() == key.len() && self.key.iter().zip(key).all(same)
    }
}

/// Returns the records with each of the names.
pub(super) fn find(
    source: &dyn ObjectSource,
    table: &Table,
    names: &FxHashMap<Name, usize>,
) -> Result<Vec<Vec<Hit>>, Error> {
    let mut firsts = Vec::with_capacity(table.parts.len());
    let mut first = 0;
    for part in &table.parts {
        firsts.push(first);
        first += part.records();
    }
    let units: Vec<(usize, usize)> = table.units().collect();
    let looking = Looking {
        table,
        names,
        by_frame: names.keys().any(|name| matches!(name, Name::Frame(_))),
        by_key: names.keys().any(|name| matches!(name, Name::Key(_))),
    };
    let found: Vec<Vec<(usize, Hit)>> = units
        .par_iter()
        .map_init(Batch::default, |batch, &(part, unit)| {
            looking.unit(source, (part, unit), firsts[part], batch)
        })
        .filter(|found| found.as_ref().map_or(true, |found| !found.is_empty()))
        .collect::<Result<_, _>>()?;
    let mut hits = vec![Vec::new(); names.len()];
    for (at, hit) in found.into_iter().flatten() {
        hits[at].push(hit);
    }
    Ok(hits)
}

struct Looking<'a> {
    table: &'a Table,
    names: &'a FxHashMap<Name, usize>,
    by_frame: bool,
    by_key: bool,
}

impl Looking<'_> {
    fn unit(
        &self,
        source: &dyn ObjectSource,
        (part, unit): (usize, usize),
        first: u64,
        batch: &mut Batch,
    ) -> Result<Vec<(usize, Hit)>, Error> {
        let bytes = self.table.unit_bytes(source, part, unit)?;
        self.table.parse(part, &bytes, batch);
        let mut found: Vec<(usize, usize)> = Vec::new();
        if self.by_key {
            self.by_key(batch, &mut found);
        }
        if self.by_frame {
            let ids = profile::hash_records(batch).into_iter().enumerate();
            found.extend(ids.filter_map(|(row, id)| {
                let at = self.names.get(&Name::Frame(id))?;
                Some((*at, row))
            }));
        }
        if found.is_empty() {
            return Ok(Vec::new());
        }
        let roles = &self.table.declaration.roles;
        let (file, cut) = (&self.table.parts[part], &self.table.parts[part].units[unit]);
        let mut ranges = Vec::new();
        file.layout.record_ranges(&bytes, &mut ranges);
        let hit = |(at, row): (usize, usize)| {
            let record = batch.record(row);
            let value = |field: &String| batch.field(field).and_then(|at| record.cell(at));
            let local = cut.first_record + row as u64;
            let hit = Hit {
                part,
                local,
                ordinal: first + local,
                key: roles
                    .key()
                    .iter()
                    .filter_map(|field| Some(value(field)?.text.to_owned()))
                    .collect(),
                bytes: bytes.get(ranges.get(row)?.clone())?.to_vec(),
                labels: roles.labels().iter().map(|f| label::of(value(f))).collect(),
            };
            Some((at, hit))
        };
        Ok(found.into_iter().filter_map(hit).collect())
    }

    fn by_key(&self, batch: &Batch, found: &mut Vec<(usize, usize)>) {
        let key = self.table.declaration.roles.key();
        let places: Option<Vec<usize>> = key.iter().map(|field| batch.field(field)).collect();
        let Some(places) = places else { return };
        // One allocation serves all look-ups.
        let mut name = Name::Key(Vec::new());
        for (row, record) in batch.records().enumerate() {
            let Name::Key(bytes) = &mut name else { return };
            bytes.clear();
            if write_key(&record, &places, bytes)
                && let Some(at) = self.names.get(&name)
            {
                found.push((*at, row));
            }
        }
    }
}

/// Writes the key of a record; returns whether it has one.
fn write_key(record: &RecordRef<'_>, places: &[usize], out: &mut Vec<u8>) -> bool {
    places.iter().all(|place| match record.cell(*place) {
        Some(cell) => {
            write_part(cell, out);
            true
        }
        None => false,
    })
}
