//! The training and test records of an evaluation, in one version.
//!
//! Values compare by what each one is by itself, never by what its column has become, so that
//! digests of different versions can be compared.

use rayon::prelude::*;

use crate::base::ObjectId;
use crate::config::EvaluationConfig;
use crate::dataset::r#where::Given;
use crate::dataset::{Table, Where};
use crate::evaluate::Digest;
use crate::object::{ObjectSource, TestSet, TrainSet};
use crate::record::{Batch, Cell, RecordRef, Role, Type, UNPARSABLE, canonical, normalized};

use super::super::error::Error;

/// A test record.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct TestRecord {
    /// The values of the key fields.
    pub key: Vec<String>,
    /// The true class.
    pub label: String,
    /// The BLAKE3 of key and content.
    pub inputs: ObjectId,
}

/// What an evaluation reads of a version.
#[derive(Debug)]
pub(super) struct Sets {
    pub train: TrainSet,
    pub test: TestSet,
    /// The test records, in the order of their keys.
    pub records: Vec<TestRecord>,
    /// Test records without a key or a label, which are left out.
    pub unlabelled: u64,
}

/// Which records are meant.
pub(super) struct Chosen {
    train: Option<Where>,
    test: Option<Where>,
}

impl Chosen {
    /// Reads the conditions of a declaration.
    pub(super) fn of(config: &EvaluationConfig) -> Result<Self, Error> {
        Self::parse(config.train.as_deref(), config.test.as_deref())
    }

    /// Reads conditions.
    pub(super) fn parse(train: Option<&str>, test: Option<&str>) -> Result<Self, Error> {
        Ok(Self {
            train: train.map(Where::parse).transpose()?,
            test: test.map(Where::parse).transpose()?,
        })
    }

    /// Returns the conditions.
    pub(super) fn conditions(&self) -> impl Iterator<Item = &Where> {
        self.train.iter().chain(&self.test)
    }
}

struct Read {
    trains: bool,
    tests: bool,
    inputs: Vec<u8>,
    record: Option<TestRecord>,
}

/// Reads the records of a table; `field` is the label field.
pub(super) fn read(
    source: &dyn ObjectSource,
    table: &Table,
    field: &str,
    chosen: &Chosen,
) -> Result<Sets, Error> {
    let units: Vec<(usize, usize)> = table.units().collect();
    let found: Vec<Vec<Read>> = units
        .par_iter()
        .map_init(Batch::default, |batch, &(part, unit)| {
            table.read_unit(source, part, unit, batch)?;
            let records = batch.records();
            Ok::<_, Error>(
                records
                    .filter_map(|r| of_record(table, field, chosen, &r))
                    .collect(),
            )
        })
        .collect::<Result<_, _>>()?;
    let (mut train, mut inputs, mut labels) = <(Digest, Digest, Digest)>::default();
    let (mut trained, mut unlabelled) = (0, 0);
    let mut records = Vec::new();
    for one in found.into_iter().flatten() {
        let Some(record) = one.record else {
            unlabelled += u64::from(one.tests);
            continue;
        };
        if one.trains {
            let mut all = one.inputs.clone();
            append(&mut all, &record.label);
            train.add(&all);
            trained += 1;
        }
        if one.tests {
            inputs.add(&one.inputs);
            let mut said = Vec::new();
            record.key.iter().for_each(|part| append(&mut said, part));
            append(&mut said, &record.label);
            labels.add(&said);
            records.push(record);
        }
    }
    records.sort_by(|a, b| (&a.key, &a.label).cmp(&(&b.key, &b.label)));
    Ok(Sets {
        train: TrainSet {
            records: trained,
            digest: train.hex(),
        },
        test: TestSet {
            records: records.len() as u64,
            inputs: inputs.hex(),
            labels: labels.hex(),
        },
        records,
        unlabelled,
    })
}

fn of_record(table: &Table, field: &str, chosen: &Chosen, record: &RecordRef<'_>) -> Option<Read> {
    let passes = |condition: &Where| {
        condition.passes(&|at: usize| {
            let name = &condition.names()[at].text;
            match cell(record, name) {
                Some(cell) => Given::Value(Type::of(cell), cell.text.into()),
                None => Given::Null,
            }
        })
    };
    let trains = chosen.train.as_ref().is_some_and(passes);
    let tests = chosen.test.as_ref().is_none_or(passes);
    if !trains && !tests {
        return None;
    }
    let roles = &table.declaration.roles;
    let mut inputs = Vec::new();
    let key = roles.key().iter();
    let key: Option<Vec<String>> = key.map(|name| cell(record, name).map(spelled)).collect();
    for part in key.iter().flatten() {
        append(&mut inputs, part);
    }
    let fields = record.batch().fields();
    let mut places: Vec<usize> = (0..fields.len())
        .filter(|at| *fields[*at] != *UNPARSABLE && roles.is_content(&fields[*at]))
        .collect();
    places.sort_by(|a, b| fields[*a].cmp(&fields[*b]));
    for at in places {
        if let Some(cell) = record.cell(at) {
            append(&mut inputs, &fields[at]);
            append(&mut inputs, &spelled(cell));
        }
    }
    let label = cell(record, field).map(spelled);
    let id = ObjectId::of(&inputs);
    let record = key.zip(label).map(|(key, label)| TestRecord {
        key,
        label,
        inputs: id,
    });
    Some(Read {
        trains,
        tests,
        inputs,
        record,
    })
}

fn cell<'b>(record: &RecordRef<'b>, field: &str) -> Option<Cell<'b>> {
    record.cell(record.batch().field(field)?)
}

/// Returns the one spelling of a value.
pub(super) fn spelled(cell: Cell<'_>) -> String {
    normalized(&canonical(Type::of(cell), cell)).into_owned()
}

fn append(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(&(text.len() as u64).to_le_bytes());
    out.extend_from_slice(text.as_bytes());
}

/// Returns the fields by role that say what a record is, for definitions.
pub(super) fn roles(table: &Table) -> impl Iterator<Item = (String, Vec<String>)> + '_ {
    let told = [
        Role::Key,
        Role::Label,
        Role::Group,
        Role::Feature,
        Role::Text,
        Role::Image,
    ];
    let fields = move |role| table.declaration.roles.fields(role).to_vec();
    let all = told
        .into_iter()
        .map(move |role| (role.name().to_owned(), fields(role)));
    all.filter(|(_, fields)| !fields.is_empty())
}
