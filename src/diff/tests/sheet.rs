//! Tables in memory, cut anywhere, with facts counted in the plainest way.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use crate::base::{ObjectId, RepoPath};
use crate::dataset::Where;
use crate::diff::changed::visit_changed;
use crate::diff::compare::{Options, compare};
use crate::diff::error::Error;
use crate::diff::event::Event;
use crate::diff::reading::{Side, Sum};
use crate::diff::records::{PartRef, Records, UnitRef};
use crate::diff::trimmed::Differences;
use crate::diff::version::Version;
use crate::object::changes::DatasetChanges;
use crate::profile::{Facts, FieldFacts};
use crate::record::{Batch, Cell, CellKind, Format, Role, Roles, Type};

/// One row: a text for each column; empty is null.
pub(super) type Row = Vec<String>;

#[derive(Clone, Debug)]
pub(super) struct Sheet {
    pub(super) columns: Vec<String>,
    pub(super) rows: Vec<Row>,
    pub(super) roles: Roles,
    pub(super) rename: BTreeMap<String, String>,
    pub(super) format: Format,
    pub(super) dialect: BTreeMap<String, String>,
}

impl Sheet {
    /// Reads a table as people draw one: a line of names, then lines of cells.
    pub(super) fn new(text: &str) -> Self {
        let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let split = |line: &str| line.split(',').map(|cell| cell.trim().to_owned()).collect();
        Self {
            columns: lines.next().map(split).unwrap(),
            rows: lines.map(split).collect(),
            roles: Roles::new(),
            rename: BTreeMap::new(),
            format: Format::Csv,
            dialect: BTreeMap::new(),
        }
    }

    pub(super) fn role(mut self, role: Role, field: &str) -> Self {
        self.roles.add(role, field);
        self
    }

    pub(super) fn cut(&self, modulus: u64, salt: u64) -> Cut {
        let mut cut = Cut {
            parts: vec![PartRef {
                path: RepoPath::new("table.csv").unwrap(),
                reading: self.columns.join("\t").into_bytes(),
                content: ObjectId::of(format!("{:?}", self.rows).as_bytes()),
            }],
            units: Vec::new(),
            bytes: Vec::new(),
            known: OnceLock::new(),
            columns: self
                .columns
                .iter()
                .map(|name| name.as_str().into())
                .collect(),
        };
        let (mut bytes, mut records, mut first) = (Vec::new(), 0, 0);
        for (at, row) in self.rows.iter().enumerate() {
            bytes.extend_from_slice(row.join("\t").as_bytes());
            bytes.push(b'\n');
            records += 1;
            let hash = ObjectId::of(format!("{salt}{}", row[0]).as_bytes());
            let last = at + 1 == self.rows.len();
            if u64::from(hash.0[0]) % modulus == 0 || last {
                cut.units.push(UnitRef {
                    id: ObjectId::of(&bytes),
                    part: 0,
                    unit: cut.units.len(),
                    first,
                    records,
                    first_line: first + 1,
                    bytes: bytes.len() as u64,
                });
                cut.bytes.push(std::mem::take(&mut bytes));
                first += records;
                records = 0;
            }
        }
        cut
    }

    pub(super) fn facts(&self) -> Facts {
        let cut = self.cut(1, 0);
        let mut batch = Batch::default();
        let all: Vec<u8> = cut.bytes.concat();
        cut.parse(0, &all, &mut batch);
        let mut sum = Sum::default();
        let mut frames = BTreeSet::new();
        for record in batch.records() {
            let mut frame = Vec::new();
            record.frame(&batch.frame_order(), &mut frame);
            sum = sum.plus(Sum::from_bytes(&ObjectId::of(&frame).0));
            frames.insert(frame);
        }
        let column = |name: &str| self.columns.iter().position(|c| c == name);
        let kind = |at: usize| {
            self.rows
                .iter()
                .filter(|row| !row[at].is_empty())
                .map(|row| Type::of(Cell::text(&row[at])))
                .fold(Type::Null, Type::join)
        };
        let key: Vec<usize> = self.roles.key().iter().filter_map(|k| column(k)).collect();
        let keys: Vec<Vec<String>> = self
            .rows
            .iter()
            .map(|row| {
                key.iter()
                    .map(|&at| {
                        let cell = Cell::text(&row[at]);
                        crate::record::canonical(kind(at), cell).into_owned()
                    })
                    .collect::<Vec<_>>()
            })
            .filter(|key| key.iter().all(|part| !part.is_empty()))
            .collect();
        let distinct: BTreeSet<_> = keys.iter().collect();
        Facts {
            records: self.rows.len() as u64,
            digest: sum.to_bytes(),
            fields: (0..self.columns.len())
                .map(|at| FieldFacts {
                    name: self.columns[at].as_str().into(),
                    kind: kind(at),
                    nulls: self.rows.iter().filter(|row| row[at].is_empty()).count() as u64,
                    digest: self
                        .rows
                        .iter()
                        .filter(|row| !row[at].is_empty())
                        .map(|row| {
                            let hash = ObjectId::of(row[at].as_bytes()).0;
                            u128::from_le_bytes(hash[..16].try_into().unwrap())
                        })
                        .fold(0, u128::wrapping_add),
                    classes: self.roles.labels().contains(&self.columns[at]).then(|| {
                        let mut classes: BTreeMap<String, u64> = BTreeMap::new();
                        for row in self.rows.iter().filter(|row| !row[at].is_empty()) {
                            *classes.entry(row[at].clone()).or_default() += 1;
                        }
                        classes.into_iter().collect()
                    }),
                })
                .collect(),
            duplicate_keys: (!key.is_empty()).then(|| (keys.len() - distinct.len()) as u64),
            null_keys: match key.is_empty() {
                true => 0,
                false => (self.rows.len() - keys.len()) as u64,
            },
            duplicate_records: (self.rows.len() - frames.len()) as u64,
            problems: BTreeMap::new(),
        }
    }
}

/// A sheet cut into units.
pub(super) struct Cut {
    parts: Vec<PartRef>,
    units: Vec<UnitRef>,
    bytes: Vec<Vec<u8>>,
    columns: Vec<Arc<str>>,
    known: OnceLock<(Arc<Differences>, Side)>,
}

impl Records for Cut {
    fn parts(&self) -> &[PartRef] {
        &self.parts
    }

    fn units(&self) -> &[UnitRef] {
        &self.units
    }

    fn bytes(&self, unit: &UnitRef) -> Result<Vec<u8>, Error> {
        Ok(self.bytes[unit.unit].clone())
    }

    fn ranges(&self, _part: usize, bytes: &[u8], out: &mut Vec<Range<usize>>) {
        let mut start = 0;
        for (at, _) in bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n') {
            out.push(start..at + 1);
            start = at + 1;
        }
    }

    fn parse(&self, _part: usize, bytes: &[u8], batch: &mut Batch) {
        batch.reset(&self.columns);
        for line in std::str::from_utf8(bytes).unwrap().lines() {
            batch.begin();
            for (at, cell) in line.split('\t').enumerate() {
                batch.set(
                    at,
                    CellKind::Text,
                    Some(cell).filter(|cell| !cell.is_empty()),
                );
            }
            batch.end((0, 0), None);
        }
    }

    fn name(&self) -> &str {
        "table"
    }

    fn differences(&self) -> Option<(&Differences, Side)> {
        self.known.get().map(|(known, side)| (&**known, *side))
    }

    fn remember(&self, known: &Arc<Differences>, side: Side) {
        self.known.get_or_init(|| (known.clone(), side));
    }
}

/// Compares two sheets, each cut with its own parameters, and once more knowing what following
/// the change finds out.
pub(super) fn diff_cut(
    before: &Sheet,
    after: &Sheet,
    cuts: ((u64, u64), (u64, u64)),
) -> (Vec<Event>, DatasetChanges) {
    let (mut a, mut b) = (
        before.cut(cuts.0.0, cuts.0.1),
        after.cut(cuts.1.0, cuts.1.1),
    );
    let answer = diff_records(before, after, (&a, &b), 1 << 20);
    let seen = visit_changed(&a, &b, u64::MAX, &|| (), &|(), _, _| ()).unwrap();
    let known = Arc::new(seen.unwrap().1);
    assert!(known.fit(&a, &b));
    (a.known, b.known) = (OnceLock::new(), OnceLock::new());
    a.remember(&known, Side::Before);
    b.remember(&known, Side::After);
    assert_eq!(answer, diff_records(before, after, (&a, &b), 1 << 20));
    // Nor does it matter what fits in memory.
    assert_eq!(answer, diff_records(before, after, (&a, &b), 3000));
    answer
}

fn diff_records(
    before: &Sheet,
    after: &Sheet,
    cuts: (&Cut, &Cut),
    memory: usize,
) -> (Vec<Event>, DatasetChanges) {
    diff_where(before, after, cuts, None, memory)
}

/// Does the same with a condition on what is told.
pub(super) fn diff_where(
    before: &Sheet,
    after: &Sheet,
    (a, b): (&Cut, &Cut),
    filter: Option<&Where>,
    memory: usize,
) -> (Vec<Event>, DatasetChanges) {
    let (facts_a, facts_b) = (before.facts(), after.facts());
    let dialects = |sheet: &Sheet| {
        BTreeMap::from([(RepoPath::new("table.csv").unwrap(), sheet.dialect.clone())])
    };
    let (dialects_a, dialects_b) = (dialects(before), dialects(after));
    let mut events = Vec::new();
    let options = Options {
        records: true,
        cells: true,
        whole: true,
        filter,
        memory,
        ..Options::DEFAULT
    };
    let a = Version {
        records: a,
        facts: &facts_a,
        roles: &before.roles,
        format: before.format,
        dialects: &dialects_a,
        rename: &before.rename,
        label_kind: &BTreeMap::new(),
    };
    let b = Version {
        records: b,
        facts: &facts_b,
        roles: &after.roles,
        format: after.format,
        dialects: &dialects_b,
        rename: &after.rename,
        label_kind: &BTreeMap::new(),
    };
    let changes = compare("d", Some(a), Some(b), options, &mut events).unwrap();
    (events, changes)
}

pub(super) fn diff(before: &Sheet, after: &Sheet) -> (Vec<Event>, DatasetChanges) {
    diff_cut(before, after, ((4, 1), (4, 1)))
}
