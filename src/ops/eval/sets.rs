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
use crate::learn::{self, part_of};
use crate::object::{Definition, ObjectSource, TestSet, TrainSet};
use crate::record::{
    Batch, Cell, RecordRef, Role, Roles, Type, UNPARSABLE, canonical, normalized, quote_name,
};

use super::super::condition;
use super::super::error::Error;
use super::vectors::Vectors;

/// A record that trains or tests.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in crate::ops) struct Record {
    /// The values of the key fields.
    pub key: Vec<String>,
    /// The class that it is labelled with.
    pub label: String,
    /// The BLAKE3 of key and content, to which its row of an embedding belongs.
    pub inputs: ObjectId,
    /// Its row of the embedding, where there is one; else 0.
    pub row: usize,
    /// The BLAKE3 of the values of its group fields, where it has some.
    pub group: Option<ObjectId>,
    /// The values of the fields that were asked for, as they are written.
    pub values: Vec<Option<String>>,
}

impl Record {
    /// Returns whether key, content and label are those of another.
    pub(in crate::ops) fn is_same(&self, other: &Self) -> bool {
        (&self.key, &self.label, &self.inputs) == (&other.key, &other.label, &other.inputs)
    }
}

/// What an evaluation reads of a version.
#[derive(Clone, Debug)]
pub(in crate::ops) struct Sets {
    /// The digest of the training records.
    pub train: TrainSet,
    /// The digests of the test records.
    pub test: TestSet,
    /// The test records, in the order of their keys.
    pub records: Vec<Record>,
    /// The training records in that order, where they were asked for.
    pub training: Vec<Record>,
    /// The types of the fields that were asked for, joined over the training records.
    pub kinds: Vec<Type>,
    /// Which records are left out.
    pub left_out: LeftOut,
}

/// How many records an evaluation leaves out, and why.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(in crate::ops) struct LeftOut {
    /// Test records without a key or a label.
    pub test_unlabelled: u64,
    /// Training records without a key or a label.
    pub train_unlabelled: u64,
    /// Test records whose key is that of another one: a prediction for it would name neither.
    pub test_repeated: u64,
    /// Records that both train and test, which are not left out.
    pub in_both: u64,
    /// Records without an embedding of the width of the others, which are not left out either.
    pub without_embedding: u64,
}

impl LeftOut {
    /// Says it in words.
    pub(in crate::ops) fn notes(&self) -> Vec<String> {
        let mut out = Vec::new();
        let mut say = |count: u64, words: &str| {
            if count > 0 {
                out.push(format!("{count} {words}"));
            }
        };
        let unlabelled = "records without a key or a label are left out";
        say(self.test_unlabelled, &format!("test {unlabelled}"));
        say(self.train_unlabelled, &format!("training {unlabelled}"));
        say(
            self.test_repeated,
            "test records that share their key with another are left out",
        );
        say(self.in_both, "records both train and test");
        say(
            self.without_embedding,
            "records have no embedding, or one of another length: zeros stand for it",
        );
        out
    }
}

/// Which records are meant.
pub(in crate::ops) enum Chosen {
    /// Those of conditions, for training and for testing.
    Conditions(Box<(Option<Where>, Option<Where>)>),
    /// This share tests, by a hash of group or key; the others train.
    Holdout(f64),
}

/// How definitions write a holdout.
const HOLDOUT: (&str, &str) = ("holdout(", ")");

impl Chosen {
    /// Reads the conditions of a declaration.
    pub(in crate::ops) fn of(config: &EvaluationConfig) -> Result<Self, Error> {
        let (train, test) = written(config);
        Self::parse(train.as_deref(), test.as_deref())
    }

    /// Reads conditions as a definition has them.
    pub(super) fn parse(train: Option<&str>, test: Option<&str>) -> Result<Self, Error> {
        let share = test.and_then(|test| {
            let inner = test.strip_prefix(HOLDOUT.0)?.strip_suffix(HOLDOUT.1)?;
            inner.parse::<f64>().ok()
        });
        if let (None, Some(share)) = (train, share) {
            return Ok(Self::Holdout(share));
        }
        Ok(Self::Conditions(Box::new((
            train.map(Where::parse).transpose()?,
            test.map(Where::parse).transpose()?,
        ))))
    }

    /// Fails where a condition names a field that the data set has not.
    pub(in crate::ops) fn check(
        &self,
        source: &dyn ObjectSource,
        table: &Table,
    ) -> Result<(), Error> {
        let Self::Conditions(both) = self else {
            return Ok(());
        };
        let mut all = both.0.iter().chain(&both.1);
        all.try_for_each(|one| condition::check_records(source, one, table))
    }

    /// Returns whether a record trains, and whether it tests.
    fn of_record(&self, record: &RecordRef<'_>, identity: &[u8]) -> (bool, bool) {
        match self {
            Self::Conditions(both) => (
                both.0.as_ref().is_some_and(|one| passes(one, record)),
                both.1.as_ref().is_none_or(|one| passes(one, record)),
            ),
            Self::Holdout(share) => {
                let tests = part_of(identity) < *share;
                (!tests, tests)
            }
        }
    }
}

/// Returns train and test as definitions write them.
pub(super) fn written(config: &EvaluationConfig) -> (Option<String>, Option<String>) {
    match config.holdout {
        Some(share) => (None, Some(format!("{}{share}{}", HOLDOUT.0, HOLDOUT.1))),
        None => (config.train.clone(), config.test.clone()),
    }
}

/// What is read of a version.
#[derive(Debug, Default)]
pub(in crate::ops) struct Wanted {
    /// Whether the training records themselves are needed, and not their digest alone.
    pub training: bool,
    /// The fields whose values are needed.
    pub fields: Vec<String>,
    /// Whether values are needed as JSON, and not as they are written.
    pub as_json: bool,
    /// What stands beside the records: part of their content.
    pub vectors: Option<Vectors>,
}

/// A record that trains or tests; without a key or a label it does neither.
struct Read {
    trains: bool,
    tests: bool,
    record: Option<Record>,
}

/// What is read of a run of records.
struct Run {
    read: Vec<Read>,
    /// The types of the fields that are wanted, joined over the training records.
    kinds: Vec<Type>,
    /// The digest of the training records.
    train: Digest,
}

/// Reads the records of a table; `field` is the label field.
pub(super) fn read(
    source: &dyn ObjectSource,
    table: &Table,
    field: &str,
    chosen: &Chosen,
    wanted: &Wanted,
) -> Result<Sets, Error> {
    let units: Vec<(usize, usize)> = table.units().collect();
    let reading = Reading {
        table,
        field,
        chosen,
        wanted,
    };
    let found: Vec<Run> = units
        .par_iter()
        .map_init(Batch::default, |batch, &(part, unit)| {
            table.read_unit(source, part, unit, batch)?;
            let vectors = wanted.vectors.as_ref();
            let first = vectors.map_or(0, |vectors| vectors.first_of(table, part, unit));
            Ok::<_, Error>(reading.run(batch, first))
        })
        .collect::<Result<_, _>>()?;
    let mut kinds = vec![Type::Null; wanted.fields.len()];
    let mut left_out = LeftOut::default();
    let (mut train, mut trained) = (Digest::default(), 0);
    let (mut training, mut tests) = (Vec::new(), Vec::new());
    for run in found {
        for (kind, more) in kinds.iter_mut().zip(run.kinds) {
            *kind = kind.join(more);
        }
        train.merge(run.train);
        for one in run.read {
            let Some(record) = one.record else {
                left_out.test_unlabelled += u64::from(one.tests);
                left_out.train_unlabelled += u64::from(one.trains && !one.tests);
                continue;
            };
            trained += u64::from(one.trains);
            left_out.in_both += u64::from(one.trains && one.tests);
            match (one.trains && wanted.training, one.tests) {
                (true, true) => {
                    training.push(record.clone());
                    tests.push(record);
                }
                (true, false) => training.push(record),
                (false, true) => tests.push(record),
                (false, false) => {}
            }
        }
    }
    let order = |a: &Record, b: &Record| {
        let a_before = (&a.key, &a.label, &a.inputs, &a.values);
        a_before.cmp(&(&b.key, &b.label, &b.inputs, &b.values))
    };
    training.par_sort_by(order);
    tests.par_sort_by(order);
    let is_repeated: Vec<bool> = (0..tests.len())
        .map(|at| {
            let key = |at: usize| tests.get(at).map(|record: &Record| &record.key);
            key(at) == key(at + 1) || (at > 0 && key(at) == key(at - 1))
        })
        .collect();
    let (mut inputs, mut labels) = (Digest::default(), Digest::default());
    let mut records = Vec::with_capacity(tests.len());
    for (record, is_repeated) in tests.into_iter().zip(is_repeated) {
        if is_repeated {
            left_out.test_repeated += 1;
            continue;
        }
        inputs.add_id(record.inputs);
        let mut said = Vec::new();
        record.key.iter().for_each(|part| append(&mut said, part));
        append(&mut said, &record.label);
        labels.add(&said);
        records.push(record);
    }
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
        training,
        kinds,
        left_out,
    })
}

fn passes(condition: &Where, record: &RecordRef<'_>) -> bool {
    condition.passes(&|at: usize| {
        let name = &condition.names()[at].text;
        let cell = cell(record, name).or_else(|| cell_of_quoted(record, name));
        match cell {
            Some(cell) => Given::Value(Type::of(cell), cell.text.into()),
            None => Given::Null,
        }
    })
}

/// Returns the places of the fields that are content, in the order of their names.
fn content_of(roles: &Roles, batch: &Batch) -> Vec<usize> {
    let fields = batch.fields();
    let mut content: Vec<usize> = (0..fields.len())
        .filter(|at| *fields[*at] != *UNPARSABLE && roles.is_content(&fields[*at]))
        .collect();
    content.sort_by(|a, b| fields[*a].cmp(&fields[*b]));
    content
}

/// How the records of a table are read.
struct Reading<'a> {
    table: &'a Table,
    field: &'a str,
    chosen: &'a Chosen,
    wanted: &'a Wanted,
}

/// Where the fields of a batch stand, and what is used again from record to record.
struct Here {
    wanted: Vec<Option<usize>>,
    content: Vec<usize>,
    inputs: Vec<u8>,
}

impl Reading<'_> {
    /// Reads a batch, whose first record has the row `first`.
    fn run(&self, batch: &Batch, first: usize) -> Run {
        let mut here = Here {
            wanted: batch.places(self.wanted.fields.iter().map(String::as_str)),
            content: content_of(&self.table.declaration.roles, batch),
            inputs: Vec::new(),
        };
        let mut run = Run {
            read: Vec::new(),
            kinds: vec![Type::Null; here.wanted.len()],
            train: Digest::default(),
        };
        for (row, record) in (first..).zip(batch.records()) {
            let Some(one) = self.record(&mut here, &record, row) else {
                continue;
            };
            if one.trains
                && let Some(own) = &one.record
            {
                for (kind, place) in run.kinds.iter_mut().zip(&here.wanted) {
                    let cell = place.and_then(|place| record.cell(place));
                    *kind = kind.join(cell.map_or(Type::Null, Type::of));
                }
                append(&mut here.inputs, &own.label);
                run.train.add(&here.inputs);
            }
            run.read.push(one);
        }
        run
    }

    /// Reads a record, and leaves what is hashed of it in `here.inputs`.
    fn record(&self, here: &mut Here, record: &RecordRef<'_>, row: usize) -> Option<Read> {
        let roles = &self.table.declaration.roles;
        let key = key_of(roles, record);
        let inputs = &mut here.inputs;
        inputs.clear();
        for part in key.iter().flatten() {
            append(inputs, part);
        }
        let mut group = Vec::new();
        for (at, name) in roles.fields(Role::Group).iter().enumerate() {
            if let Some(cell) = cell(record, name) {
                append(&mut group, &at.to_string());
                append(&mut group, &spelled(cell));
            }
        }
        // Records of one group stay together.
        let identity: &[u8] = if group.is_empty() { inputs } else { &group };
        let (trains, tests) = self.chosen.of_record(record, identity);
        if !trains && !tests {
            return None;
        }
        let fields = record.batch().fields();
        for &at in &here.content {
            if let Some(cell) = record.cell(at) {
                append(inputs, &fields[at]);
                append(inputs, &spelled(cell));
            }
        }
        if let Some(vectors) = &self.wanted.vectors {
            inputs.extend_from_slice(&(vectors.width() as u64 * 8).to_le_bytes());
            let numbers = vectors.row(row);
            numbers.for_each(|number| inputs.extend_from_slice(&number.to_bits().to_le_bytes()));
        }
        let label = cell(record, self.field).map(spelled);
        let id = ObjectId::of(inputs);
        let value = |place: &Option<usize>| {
            let cell = record.cell((*place)?)?;
            Some(match self.wanted.as_json {
                true => json(cell),
                false => cell.text.to_owned(),
            })
        };
        let record = key.zip(label).map(|(key, label)| Record {
            key,
            label,
            inputs: id,
            row: if self.wanted.vectors.is_some() {
                row
            } else {
                0
            },
            group: (!group.is_empty()).then(|| ObjectId::of(&group)),
            values: here.wanted.iter().map(value).collect(),
        });
        Some(Read {
            trains,
            tests,
            record,
        })
    }
}

/// Returns the values of a record's key fields; `None` where one is missing.
pub(in crate::ops) fn key_of(roles: &Roles, record: &RecordRef<'_>) -> Option<Vec<String>> {
    let names = roles.key().iter();
    names.map(|name| cell(record, name).map(spelled)).collect()
}

fn cell<'b>(record: &RecordRef<'b>, field: &str) -> Option<Cell<'b>> {
    record.cell(record.batch().field(field)?)
}

fn cell_of_quoted<'b>(record: &RecordRef<'b>, name: &str) -> Option<Cell<'b>> {
    let quoted = quote_name(name);
    if quoted == name {
        return None;
    }
    cell(record, &quoted)
}

/// Returns a value as JSON: numbers and truth values as such where JSON writes them so.
fn json(cell: Cell<'_>) -> String {
    let plain = match Type::of(cell) {
        Type::List | Type::Object => true,
        Type::Integer | Type::Float => {
            serde_json::from_str::<serde_json::Number>(cell.text).is_ok()
        }
        Type::Boolean => matches!(cell.text, "true" | "false"),
        _ => false,
    };
    match plain {
        true => cell.text.to_owned(),
        false => serde_json::Value::from(cell.text).to_string(),
    }
}

/// Returns the one spelling of a value.
pub(super) fn spelled(cell: Cell<'_>) -> String {
    normalized(&canonical(Type::of(cell), cell)).into_owned()
}

fn append(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(&(text.len() as u64).to_le_bytes());
    out.extend_from_slice(text.as_bytes());
}

/// Returns the id of a key: the same in every version.
pub(in crate::ops) fn id_of(key: &[String]) -> u128 {
    let mut bytes = Vec::new();
    key.iter().for_each(|part| append(&mut bytes, part));
    learn::id_of(&bytes)
}

/// The roles that say what a record is.
const TOLD: [Role; 6] = [
    Role::Key,
    Role::Label,
    Role::Group,
    Role::Feature,
    Role::Text,
    Role::Image,
];

/// Returns the fields by role that say what a record is, for definitions.
pub(super) fn roles(roles: &Roles) -> impl Iterator<Item = (String, Vec<String>)> + '_ {
    let fields = move |role| roles.fields(role).to_vec();
    let all = TOLD
        .into_iter()
        .map(move |role: Role| (role.name().to_owned(), fields(role)));
    all.filter(|(_, fields)| !fields.is_empty())
}

/// Gives a table the roles that a definition was asked with.
pub(super) fn as_defined(mut table: Table, definition: &Definition) -> Table {
    let roles = &mut table.declaration.roles;
    for role in TOLD {
        roles.clear(role);
        for field in definition.roles.get(role.name()).into_iter().flatten() {
            roles.add(role, field.as_str());
        }
    }
    table
}
