//! Examples: the first records that a number counts, for those who must look at them.
//!
//! Found by reading the version in its order, until there are enough; nothing of it is sealed.

use std::collections::BTreeMap;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::base::{ObjectId, RepoPath};
use crate::dataset::Table;
use crate::object::{self, DatasetScore, ObjectSource, Schema};
use crate::profile::{Rule, look_at};
use crate::quality::ValueSet;
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
    /// Records that break a rule about one value.
    Breaking(&'a Rule),
    /// Records beyond the first of each value of a field.
    Again(&'a str),
    /// Records whose value in a field is not in another one.
    Dangling(&'a str, ValueSet),
    /// Records whose text has what a class of a metric of texts names.
    Text(&'a str, &'a str, &'a str),
    /// Records of one split that have something of another: the splits' field, the field of the
    /// group or nothing where content is meant, and both splits.
    Leaking(&'a str, Option<&'a str>, (&'a str, &'a str)),
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
    (name, field, class): (&str, Option<&str>, Option<&str>),
) -> Result<Vec<Example>, Error> {
    let roles = &table.declaration.roles;
    let splits = roles.fields(Role::Split).first();
    let pair = class.and_then(|class| class.split_once("<-"));
    let sought = match (name, field) {
        ("missing", Some(field)) => Sought::Missing(field),
        ("unparsable", _) => Sought::Unparsable,
        ("null_keys", _) => Sought::NullKey,
        ("duplicates_key", _) => Sought::Repeated(Fields::Key),
        ("duplicates_content", _) => Sought::Repeated(Fields::Content),
        ("duplicates_record", _) => Sought::Repeated(Fields::All),
        ("label_conflicts", _) => Sought::Conflicting,
        ("text_quality" | "text_script" | "pii", Some(field)) => {
            Sought::Text(name, field, class.unwrap_or_default())
        }
        ("leakage", Some(field)) => match (splits, pair) {
            (Some(split), Some(pair)) => {
                let group = Some(field).filter(|field| field != split);
                Sought::Leaking(split, group, pair)
            }
            _ => return Ok(Vec::new()),
        },
        _ => return Ok(Vec::new()),
    };
    reading(source, table, score)?.find(&sought)
}

/// Returns the first records that violate a constraint; `target` is what a reference refers to.
pub(super) fn violating(
    source: &dyn ObjectSource,
    table: &Table,
    score: &DatasetScore,
    (field, rule): (&str, &str),
    target: Option<(&Table, &str)>,
) -> Result<Vec<Example>, Error> {
    let sought = match (rule, target) {
        ("unique", _) => Sought::Again(field),
        ("references", Some((other, name))) => match ValueSet::read(source, other, name)? {
            Some(known) => Sought::Dangling(field, known),
            None => return Ok(Vec::new()),
        },
        _ => match table.declaration.rules.get(field, rule) {
            Some(rule) => Sought::Breaking(rule),
            None => return Ok(Vec::new()),
        },
    };
    reading(source, table, score)?.find(&sought)
}

/// Returns the first records that are picked.
pub(super) fn picked(
    source: &dyn ObjectSource,
    table: &Table,
    score: &DatasetScore,
    picks: &mut dyn FnMut(&RecordRef<'_>) -> bool,
) -> Result<Vec<Example>, Error> {
    reading(source, table, score)?.first(picks)
}

fn reading<'a>(
    source: &'a dyn ObjectSource,
    table: &'a Table,
    score: &DatasetScore,
) -> Result<Reading<'a>, Error> {
    let schema: Schema = object::get(source, &score.schema)?;
    let kind = |kind: &str| Type::from_name(kind).unwrap_or(Type::String);
    let fields = schema.fields.into_iter();
    Ok(Reading {
        source,
        table,
        roles: &table.declaration.roles,
        types: fields.map(|f| (f.name, kind(&f.kind))).collect(),
    })
}

struct Reading<'a> {
    source: &'a dyn ObjectSource,
    table: &'a Table,
    roles: &'a Roles,
    types: BTreeMap<String, Type>,
}

impl Reading<'_> {
    fn find(&self, sought: &Sought<'_>) -> Result<Vec<Example>, Error> {
        let has = |record: &RecordRef<'_>, field: &str| cell(record, field).is_some();
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
            Sought::Breaking(rule) => {
                self.first(&mut |record| rule.is_broken(cell(record, &rule.field)))
            }
            Sought::Again(field) => {
                let mut seen = FxHashSet::default();
                self.first(&mut |record| {
                    let place = record.batch().field(field);
                    let print = place.and_then(|place| self.print(record, &[place]));
                    print.is_some_and(|print| !seen.insert(print))
                })
            }
            Sought::Dangling(field, known) => self
                .first(&mut |record| cell(record, field).is_some_and(|cell| !known.contains(cell))),
            Sought::Text(metric, field, class) => self.first(&mut |record| {
                let look = cell(record, field).map(|cell| look_at(cell.text));
                look.is_some_and(|look| match *metric {
                    "pii" => look.pii.iter().any(|kind| kind.name() == *class),
                    "text_script" => look.script.name() == *class,
                    _ => look.defects.iter().any(|defect| defect.name() == *class),
                })
            }),
            Sought::Leaking(split, group, pair) => self.leaking(split, *group, *pair),
        }
    }

    /// Finds what the other split has first, then the records that have it, too.
    fn leaking(
        &self,
        split: &str,
        group: Option<&str>,
        (own, other): (&str, &str),
    ) -> Result<Vec<Example>, Error> {
        let kind = self.types.get(split).copied().unwrap_or(Type::String);
        let is_in = |record: &RecordRef<'_>, name: &str| {
            cell(record, split).is_some_and(|cell| spelled(kind, cell) == *name)
        };
        let shared = |record: &RecordRef<'_>| {
            let places = match group {
                Some(group) => record.batch().field(group).into_iter().collect(),
                None => self.fields(record, is_content),
            };
            self.print(record, &places)
        };
        let mut theirs = FxHashSet::default();
        self.first(&mut |record| {
            if is_in(record, other) {
                theirs.extend(shared(record));
            }
            false
        })?;
        self.first(&mut |record| {
            is_in(record, own) && shared(record).is_some_and(|print| theirs.contains(&print))
        })
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
            // Records are the same where their texts are: `1` and `1.0` are not.
            Fields::All => {
                let order = record.batch().frame_order();
                let mut frame = Vec::new();
                record.frame(&order, &mut frame);
                return (!frame.is_empty()).then(|| print_of(&frame));
            }
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

fn cell<'b>(record: &RecordRef<'b>, field: &str) -> Option<Cell<'b>> {
    record.cell(record.batch().field(field)?)
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
