//! Examples: the first records that a number counts, for those who must look at them.
//!
//! Found by reading the version in its order, until there are enough; nothing of it is sealed.

use std::collections::BTreeMap;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::base::{ObjectId, RepoPath};
use crate::dataset::Table;
use crate::object::{self, DatasetScore, ObjectSource, Schema};
use crate::profile::Rule;
use crate::record::{Batch, Cell, Format, RecordRef, Role, Roles, Type, UNPARSABLE};

use super::error::Error;
use super::lookup::spelled;

/// How many records are looked up for one number.
pub(super) const MOST: usize = 5;

/// A record of a version.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Example {
    /// The values of its key fields; `#N`, its place in the data set, where there is no key.
    pub key: Vec<Option<String>>,
    /// The file in which it stands.
    pub path: RepoPath,
    /// Its place in the file, counted from 1.
    pub record: u64,
    /// The line on which it begins, counted from 1; `None` where the file has no lines.
    pub line: Option<u64>,
}

/// What is looked for.
enum Sought<'a> {
    Missing(&'a str),
    Unparsable,
    NullKey,
    /// Records beyond the first that are equal in these fields.
    Repeated(Fields),
    /// Records in groups of equal content with several labels.
    Conflicting,
}

/// Which fields make two records equal.
#[derive(Clone, Copy)]
enum Fields {
    Key,
    Content,
    All,
}

/// Returns the first records that a metric counts; none where it counts none, or where it is not
/// told by looking at records.
pub(super) fn counted(
    source: &dyn ObjectSource,
    table: &Table,
    score: &DatasetScore,
    metric: (&str, Option<&str>),
) -> Result<Vec<Example>, Error> {
    let sought = match metric {
        ("missing", Some(field)) => Sought::Missing(field),
        ("unparsable", _) => Sought::Unparsable,
        ("null_keys", _) => Sought::NullKey,
        ("duplicates_key", _) => Sought::Repeated(Fields::Key),
        ("duplicates_content", _) => Sought::Repeated(Fields::Content),
        ("duplicates_record", _) => Sought::Repeated(Fields::All),
        ("label_conflicts", _) => Sought::Conflicting,
        _ => return Ok(Vec::new()),
    };
    let schema: Schema = object::get(source, &score.schema)?;
    let kind = |kind: &str| Type::from_name(kind).unwrap_or(Type::String);
    let fields = schema.fields.iter();
    let reading = Reading {
        source,
        table,
        roles: &table.declaration.roles,
        types: fields.map(|f| (f.name.as_str(), kind(&f.kind))).collect(),
    };
    reading.find(&sought)
}

/// Returns the first records that violate a constraint; without a field and a rule, any of them.
/// `others` opens the tables of data sets that are referred to.
pub(super) fn violating(
    source: &dyn ObjectSource,
    table: &Table,
    others: &dyn Fn(&str) -> Result<Option<Table>, Error>,
    (field, rule): (Option<&str>, Option<&str>),
) -> Result<Vec<Example>, Error> {
    let reading = Reading {
        source,
        table,
        roles: &table.declaration.roles,
        types: BTreeMap::new(), // values of these rules compare under their own types
    };
    let rules = &table.declaration.rules;
    let wanted = |of: &str, name: &str| {
        field.is_none_or(|field| field == of) && rule.is_none_or(|rule| rule == name)
    };
    let single: Vec<&Rule> = rules
        .iter()
        .filter(|r| wanted(&r.field, r.name()))
        .collect();
    let unique: Vec<&str> = rules
        .unique()
        .filter(|field| wanted(field, "unique"))
        .collect();
    let mut known: Vec<(&str, FxHashSet<u128>)> = Vec::new();
    for reference in rules.references() {
        if wanted(&reference.field, "references")
            && let Some(other) = others(&reference.dataset)?
        {
            let other = Reading {
                table: &other,
                roles: &other.declaration.roles,
                types: BTreeMap::new(),
                ..reading
            };
            known.push((&reference.field, other.values(&reference.target)?));
        }
    }
    let mut seen: FxHashSet<(usize, u128)> = FxHashSet::default();
    reading.first(&mut |record| {
        let cell = |field: &str| record.cell(record.batch().field(field)?);
        let broken = single.iter().any(|rule| rule.is_broken(cell(&rule.field)));
        let mut repeated = false;
        for (at, field) in unique.iter().enumerate() {
            let value = cell(field).map(value_print);
            repeated |= value.is_some_and(|value| !seen.insert((at, value)));
        }
        let lost = known.iter().any(|(field, values)| {
            let value = cell(field).map(value_print);
            value.is_some_and(|value| !values.contains(&value))
        });
        broken || repeated || lost
    })
}

struct Reading<'a> {
    source: &'a dyn ObjectSource,
    table: &'a Table,
    roles: &'a Roles,
    types: BTreeMap<&'a str, Type>,
}

impl Reading<'_> {
    fn find(&self, sought: &Sought<'_>) -> Result<Vec<Example>, Error> {
        let has = |record: &RecordRef<'_>, field: &str| {
            let place = record.batch().field(field);
            place.is_some_and(|place| record.cell(place).is_some())
        };
        match sought {
            Sought::Missing(field) => self.first(&mut |record| !has(record, field)),
            Sought::Unparsable => self.first(&mut |record| record.problem().is_some()),
            Sought::NullKey => {
                let key = self.roles.key();
                self.first(&mut |record| !key.iter().all(|field| has(record, field)))
            }
            Sought::Repeated(fields) => {
                let mut seen = FxHashSet::default();
                self.first(&mut |record| match self.group(record, *fields) {
                    Some(group) => !seen.insert(group),
                    None => false,
                })
            }
            Sought::Conflicting => self.conflicting(),
        }
    }

    /// Finds the groups first, then their records.
    fn conflicting(&self) -> Result<Vec<Example>, Error> {
        let mut labels: FxHashMap<u128, (u128, bool)> = FxHashMap::default();
        let group = |record: &RecordRef<'_>| {
            let group = self.group(record, Fields::Content)?;
            Some((group, self.print(record, &self.fields(record, is_label))?))
        };
        self.first(&mut |record| {
            if let Some((group, label)) = group(record) {
                let known = labels.entry(group).or_insert((label, false));
                known.1 |= known.0 != label;
            }
            false
        })?;
        self.first(&mut |record| {
            let found = group(record).and_then(|(group, _)| labels.get(&group));
            found.is_some_and(|(_, conflict)| *conflict)
        })
    }

    /// Returns a print of the values that make records equal; `None` where there are none, or
    /// where the key is not whole.
    fn group(&self, record: &RecordRef<'_>, fields: Fields) -> Option<u128> {
        let places = match fields {
            Fields::Key => {
                let places = self.fields(record, |roles, field| {
                    roles.key().iter().any(|k| k == field)
                });
                let whole = |place: &usize| record.cell(*place).is_some();
                let all = places.len() == self.roles.key().len() && places.iter().all(whole);
                all.then_some(places)?
            }
            Fields::All => self.fields(record, |_, _| true),
            Fields::Content => {
                let content = self.fields(record, is_content);
                self.print(record, &content)?;
                let mut all = content;
                all.extend(self.fields(record, says_who));
                all
            }
        };
        self.print(record, &places)
    }

    /// Returns prints of all values of a field.
    fn values(&self, field: &str) -> Result<FxHashSet<u128>, Error> {
        let mut values = FxHashSet::default();
        self.first(&mut |record| {
            let cell = record.batch().field(field).and_then(|at| record.cell(at));
            values.extend(cell.map(value_print));
            false
        })?;
        Ok(values)
    }

    /// Returns the places of the fields that are wanted, in the order of their names.
    fn fields(&self, record: &RecordRef<'_>, wanted: impl Fn(&Roles, &str) -> bool) -> Vec<usize> {
        let fields = record.batch().fields();
        let mut places: Vec<usize> = (0..fields.len())
            .filter(|place| wanted(self.roles, &fields[*place]))
            .collect();
        places.sort_by(|a, b| fields[*a].cmp(&fields[*b]));
        places
    }

    /// Returns a print of the values in these places; `None` where all are null.
    fn print(&self, record: &RecordRef<'_>, places: &[usize]) -> Option<u128> {
        let mut bytes = Vec::new();
        for place in places {
            let name = record.batch().fields()[*place].as_ref();
            if let Some(cell) = record.cell(*place) {
                let kind = self.types.get(name).copied().unwrap_or(Type::String);
                let value = spelled(kind, cell);
                for text in [name, &value] {
                    bytes.extend_from_slice(&(text.len() as u64).to_le_bytes());
                    bytes.extend_from_slice(text.as_bytes());
                }
            }
        }
        (!bytes.is_empty()).then(|| print_of(&bytes))
    }

    /// Returns the first records that are picked.
    fn first(&self, picks: &mut dyn FnMut(&RecordRef<'_>) -> bool) -> Result<Vec<Example>, Error> {
        let mut found = Vec::new();
        let mut batch = Batch::default();
        let (mut before, mut part_before) = (0, 0);
        let mut last_part = 0;
        for (part, unit) in self.table.units() {
            if part != last_part {
                (last_part, part_before) = (part, before);
            }
            let bytes = self.table.unit_bytes(self.source, part, unit)?;
            self.table.parse(part, &bytes, &mut batch);
            for (at, record) in batch.records().enumerate() {
                if !picks(&record) {
                    continue;
                }
                let (start, _) = record.bytes();
                let ordinal = before + at as u64 + 1;
                let lines = bytes.get(..start).map(line_feeds);
                let read = &self.table.parts[part];
                let line = lines.map(|lines| read.units[unit].first_line + lines);
                found.push(Example {
                    key: self.key(&record, ordinal),
                    path: read.path.clone(),
                    record: ordinal - part_before,
                    line: line.filter(|_| read.layout.format != Format::Images),
                });
                if found.len() == MOST {
                    return Ok(found);
                }
            }
            before += batch.len() as u64;
        }
        Ok(found)
    }

    fn key(&self, record: &RecordRef<'_>, ordinal: u64) -> Vec<Option<String>> {
        let key = self.roles.key();
        if key.is_empty() {
            return vec![Some(format!("#{ordinal}"))];
        }
        let part = |field: &String| {
            let cell = record.cell(record.batch().field(field)?)?;
            Some(cell.text.to_owned())
        };
        key.iter().map(part).collect()
    }
}

fn print_of(bytes: &[u8]) -> u128 {
    let mut print = [0; 16];
    print.copy_from_slice(&ObjectId::of(bytes).as_bytes()[..16]);
    u128::from_le_bytes(print)
}

/// Returns a print of a value in the one spelling of its own type.
fn value_print(cell: Cell<'_>) -> u128 {
    print_of(spelled(Type::of(cell), cell).as_bytes())
}

fn is_label(roles: &Roles, field: &str) -> bool {
    roles.labels().iter().any(|label| label == field)
}

fn is_content(roles: &Roles, field: &str) -> bool {
    field != UNPARSABLE && roles.is_content(field)
}

fn says_who(roles: &Roles, field: &str) -> bool {
    let named = |role| roles.fields(role).iter().any(|name| name == field);
    named(Role::Item) || named(Role::Annotator)
}

fn line_feeds(bytes: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', bytes).count() as u64
}
