//! Examples: the first records that a number counts, for those who must look at them.
//!
//! Found by reading the version in its order, until there are enough; nothing of it is sealed.

use std::collections::BTreeMap;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::base::{ObjectId, RepoPath};
use crate::curate::Spelling;
use crate::dataset::Table;
use crate::object::{self, DatasetScore, ObjectSource, Schema};
use crate::profile::{Rule, look_at};
use crate::quality::ValueSet;
use crate::record::{Batch, Cell, Format, FrameOrder, RecordRef, Role, Roles, Type, UNPARSABLE};

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
                let mut groups = Groups::of(self, *fields);
                let mut seen = FxHashSet::default();
                self.first(&mut |record| match groups.print(record) {
                    Some(group) => !seen.insert(group),
                    None => false,
                })
            }
            Sought::Conflicting => self.conflicting(),
            Sought::Breaking(rule) => {
                self.first(&mut |record| rule.is_broken(cell(record, &rule.field)))
            }
            Sought::Again(field) => {
                let mut value = self.printer(&|name| name == *field);
                let mut seen = FxHashSet::default();
                self.first(&mut |record| {
                    value.print(record).is_some_and(|print| !seen.insert(print))
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
        let mut shared = match group {
            // Several fields of that role are one group together.
            Some(_) => self.of_role(Role::Group),
            None => self.printer(&|name| is_content(self.roles, name)),
        };
        let mut theirs = FxHashSet::default();
        self.first(&mut |record| {
            if is_in(record, other) {
                theirs.extend(shared.print(record));
            }
            false
        })?;
        self.first(&mut |record| {
            let print = is_in(record, own).then(|| shared.print(record)).flatten();
            print.is_some_and(|print| theirs.contains(&print))
        })
    }

    /// Finds the groups first, then their records.
    fn conflicting(&self) -> Result<Vec<Example>, Error> {
        let mut groups = Groups::of(self, Fields::Content);
        let mut label = self.of_role(Role::Label);
        let mut labels: FxHashMap<u128, (u128, bool)> = FxHashMap::default();
        self.first(&mut |record| {
            if let (Some(group), Some(label)) = (groups.print(record), label.print(record)) {
                let known = labels.entry(group).or_insert((label, false));
                known.1 |= known.0 != label;
            }
            false
        })?;
        // All records of such a group count, those without a label too.
        self.first(&mut |record| {
            let found = groups.print(record).and_then(|group| labels.get(&group));
            found.is_some_and(|(_, conflict)| *conflict)
        })
    }

    /// Returns the printer of the fields that are wanted. Values are spelled as the tables behind
    /// the metrics spell them.
    fn printer(&self, wanted: &dyn Fn(&str) -> bool) -> Printer {
        let fields = self.types.iter().filter(|(name, _)| wanted(name));
        let fields = fields.map(|(name, kind)| (name.as_str().into(), *kind));
        Printer {
            spelling: Spelling::new(fields.collect()),
            fields: Vec::new(),
            places: Vec::new(),
            scratch: Vec::new(),
        }
    }

    fn of_role(&self, role: Role) -> Printer {
        let fields = self.roles.fields(role);
        self.printer(&|name| fields.iter().any(|field| field == name))
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

/// Prints of some values of records.
struct Printer {
    spelling: Spelling,
    /// The fields of the batch met last, and where the values stand there: batch after batch has
    /// the same.
    fields: Vec<Arc<str>>,
    places: Vec<Option<usize>>,
    scratch: Vec<u8>,
}

impl Printer {
    /// Returns a print of a record's values; `None` where all are null.
    fn print(&mut self, record: &RecordRef<'_>) -> Option<u128> {
        let batch = record.batch();
        if self.fields != batch.fields() {
            self.fields = batch.fields().to_vec();
            self.places = self.spelling.places(batch);
        }
        self.spelling.hash(*record, &self.places, &mut self.scratch)
    }
}

/// What makes records equal.
enum Groups<'a> {
    /// All that stands in them: `1` and `1.0` are not the same. The fields of the batch met last,
    /// with their order.
    Frame(Vec<Arc<str>>, FrameOrder),
    /// A whole key.
    Key(Printer, &'a [String]),
    /// Content, and who labelled what where that is told.
    Content(Printer, Printer),
}

impl<'a> Groups<'a> {
    fn of(reading: &Reading<'a>, fields: Fields) -> Self {
        match fields {
            Fields::All => Self::Frame(Vec::new(), FrameOrder::default()),
            Fields::Key => Self::Key(reading.of_role(Role::Key), reading.roles.key()),
            Fields::Content => {
                let content = |name: &str| is_content(reading.roles, name);
                let all = |name: &str| content(name) || says_who(reading.roles, name);
                Self::Content(reading.printer(&content), reading.printer(&all))
            }
        }
    }

    /// Returns a print of what makes a record equal to others; `None` where there is nothing.
    fn print(&mut self, record: &RecordRef<'_>) -> Option<u128> {
        match self {
            Self::Frame(fields, order) => {
                let batch = record.batch();
                if fields != batch.fields() {
                    *fields = batch.fields().to_vec();
                    *order = batch.frame_order();
                }
                let mut frame = Vec::new();
                record.frame(order, &mut frame);
                let id = ObjectId::of(&frame);
                let half = id.as_bytes().first_chunk::<16>()?;
                (!frame.is_empty()).then(|| u128::from_le_bytes(*half))
            }
            Self::Key(values, key) => {
                let whole = key.iter().all(|field| cell(record, field).is_some());
                values.print(record).filter(|_| whole)
            }
            Self::Content(content, all) => {
                content.print(record)?;
                all.print(record)
            }
        }
    }
}

fn cell<'b>(record: &RecordRef<'b>, field: &str) -> Option<Cell<'b>> {
    record.cell(record.batch().field(field)?)
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
