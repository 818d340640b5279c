//! Decides what becomes of each entry of a list, and lays out the records that change.

use std::collections::BTreeMap;

use crate::base::RepoPath;
use crate::dataset::{Declaration, Table};
use crate::diff::Value;
use crate::object::{FileEntry, ObjectSource};
use crate::profile;
use crate::record::rewrite::{Edit, RewriteError, rewrite};
use crate::record::{Batch, Cell, Format, Role, Type};

use super::super::error::Error;
use super::super::partial;
use super::super::rewritten::{Draft, Step};
use super::images::{Images, Move};
use super::label;
use super::list::Entry;
use super::report::{Refused, Report, Why};
use super::search::{self, Hit};
use super::targets::{Target, Targets, Want};

/// What happens to the files of one data set.
pub(super) struct Planned {
    pub(super) table: Table,
    pub(super) drafts: BTreeMap<RepoPath, Draft>,
    pub(super) moves: Vec<Move>,
}

/// Lays out what a list wants of one data set.
pub(super) fn dataset(
    source: &dyn ObjectSource,
    entries: &[FileEntry],
    declaration: &Declaration,
    wanted: Vec<(usize, Entry)>,
    reason: Option<&str>,
    report: &mut Report,
) -> Result<Planned, Error> {
    let targets = Targets::of(wanted, declaration, report);
    let table = Table::open(source, entries, declaration)?;
    let hits = match targets.all.is_empty() {
        true => Vec::new(),
        false => search::find(source, &table, &targets.names)?,
    };
    let mut records: BTreeMap<u64, Record<'_>> = BTreeMap::new();
    let moved = relabelled(source, &table, &targets, &hits)?;
    for (at, target) in targets.all.iter().enumerate() {
        let found = match meant(target, &hits[target.name]) {
            Ok(hit) => Ok(hit),
            Err(Why::UnknownKey) => moved.get(&at).ok_or(Why::UnknownKey),
            Err(why) => Err(why),
        };
        for want in &target.wants {
            let decided = match &found {
                _ if want.is_ambiguous => Err(Why::AmbiguousKey),
                Err(why) => Err(why.clone()),
                Ok(hit) => decide(want, hit, separator(declaration, want)),
            };
            match (decided, &found) {
                (Ok(is_news), Ok(hit)) => {
                    let record = records.entry(hit.ordinal).or_insert_with(|| Record {
                        hit,
                        decided: Vec::new(),
                        wants: Vec::new(),
                    });
                    record.decided.push((target, want, is_news));
                }
                (Err(why), _) => report.refused.push(target.refused(want, declaration, why)),
                (Ok(_), Err(_)) => {} // without a record nothing is decided
            }
        }
    }
    for record in records.values_mut() {
        record.settle(declaration, report);
    }
    let mut planned = Planned {
        table: table.clone(),
        drafts: BTreeMap::new(),
        moves: Vec::new(),
    };
    let mut writing = Writing {
        declaration,
        kinds: kinds(declaration, &hits),
        reason,
        report,
    };
    if declaration.format == Format::Images {
        let mut images = Images::new(declaration, entries);
        for record in records.values() {
            writing.image(record, &mut images, &mut planned.moves);
        }
        return Ok(planned);
    }
    for record in records.values() {
        let part = &table.parts[record.hit.part];
        if let Some((bytes, changes)) = writing.record(record, &table) {
            let draft = planned.drafts.entry(part.path.clone()).or_default();
            draft.base = Some(record.hit.part);
            draft.set(record.hit.local, Step::Replace(bytes), changes);
        }
    }
    Ok(planned)
}

/// Returns the record that a target means.
fn meant<'a>(target: &Target, hits: &'a [Hit]) -> Result<&'a Hit, Why> {
    let spelled: Vec<&Hit> = hits
        .iter()
        .filter(|hit| hit.is_spelled(&target.key))
        .collect();
    let found: Vec<&Hit> = match spelled.is_empty() || target.record.is_some() {
        true => hits.iter().collect(),
        false => spelled,
    };
    // Of records that are equal in all, the one at the place of the list is meant.
    let place = target.place();
    let there = found.iter().find(|hit| Some(hit.ordinal) == place);
    match (found.as_slice(), there) {
        ([], _) => Err(Why::UnknownKey),
        ([hit], _) | (_, Some(hit)) => Ok(hit),
        _ => Err(Why::AmbiguousKey),
    }
}

/// Returns whether the label is to be written; it may be there already.
fn decide(want: &Want, hit: &Hit, separator: Option<&str>) -> Result<bool, Why> {
    let found = hit.labels.get(want.field).unwrap_or(&Value::Null);
    let as_found = |label: &Value| {
        let written = label::as_in_file(label, found, Format::Jsonl, separator);
        written.unwrap_or_else(|| label.clone())
    };
    if label::same_text(&as_found(&want.suggested), found, separator) {
        return Ok(false);
    }
    match &want.base {
        Some(base) if !label::same_value(&as_found(base), found, separator) => Err(Why::Stale {
            found: found.clone(),
        }),
        _ => Ok(true),
    }
}

/// Returns what stands between the classes of a set that is written as text.
fn separator<'a>(declaration: &'a Declaration, want: &Want) -> Option<&'a str> {
    let labels = declaration.roles.labels();
    declaration.separator(labels.get(want.field)?)
}

/// Finds the records without a key that have another label now: no frame is the one that the list
/// names, but that of the record at its place would be, had it the list's label.
fn relabelled(
    source: &dyn ObjectSource,
    table: &Table,
    targets: &Targets,
    hits: &[Vec<Hit>],
) -> Result<BTreeMap<usize, Hit>, Error> {
    let lost = targets.all.iter().enumerate().filter(|(_, target)| {
        target.record.is_some() && hits[target.name].is_empty() && table.parts.len() == 1
    });
    let lost: Vec<(usize, u64, &Target)> = lost
        .filter_map(|(at, target)| Some((at, target.place()?, target)))
        .filter(|(_, place, _)| *place < table.records())
        .collect();
    let places: Vec<u64> = lost.iter().map(|(_, place, _)| *place).collect();
    let rows = partial::fetch(source, table, &places)?;
    let labels = table.declaration.roles.labels();
    let mut found = BTreeMap::new();
    for (at, place, target) in lost {
        let Some(row) = rows.get(&place) else {
            continue;
        };
        let part = &table.parts[row.part];
        let mut bytes = row.bytes.clone();
        for want in &target.wants {
            let Some(base) = &want.base else { continue };
            let edit = edit(&labels[want.field], base, Type::String);
            if let Ok(new) = rewrite(&part.layout, &bytes, &[edit]) {
                bytes = new;
            }
        }
        let mut batch = Batch::default();
        table.parse(row.part, &bytes, &mut batch);
        if profile::hash_records(&batch).first().copied() == target.record {
            table.parse(row.part, &row.bytes, &mut batch);
            let Some(record) = batch.records().next() else {
                continue;
            };
            let value = |field: &String| batch.field(field).and_then(|at| record.cell(at));
            let labels = labels.iter().map(|field| label::of(value(field))).collect();
            let hit = Hit::at((row.part, row.local), place, row.bytes.clone(), labels);
            found.insert(at, hit);
        }
    }
    Ok(found)
}

/// Returns the type of each label field, as far as the records that were found tell it.
fn kinds(declaration: &Declaration, hits: &[Vec<Hit>]) -> Vec<Type> {
    let of_field = |at: usize| {
        let labels = hits.iter().flatten().filter_map(|hit| hit.labels.get(at));
        let kinds = labels.filter_map(label::cell).map(Type::of);
        match kinds.fold(Type::Null, Type::join) {
            Type::Null => Type::String,
            kind => kind,
        }
    };
    (0..declaration.roles.labels().len())
        .map(of_field)
        .collect()
}

fn edit<'a>(field: &'a str, value: &'a Value, kind: Type) -> Edit<'a> {
    Edit {
        field,
        value: label::cell(value),
        kind,
        spelled: None,
    }
}

/// A record that changes, with what it gets.
struct Record<'a> {
    hit: &'a Hit,
    /// What the list says of it, and whether that is not there already.
    decided: Vec<(&'a Target, &'a Want, bool)>,
    /// What is written.
    wants: Vec<(&'a Target, &'a Want)>,
}

impl Record<'_> {
    /// Decides what is written: `17` and `17.0` are one record, of which a list may say two things.
    fn settle(&mut self, declaration: &Declaration, report: &mut Report) {
        for &(target, want, is_news) in &self.decided {
            let same = |other: &Want| other.field == want.field;
            let differs = |other: &Want| {
                let separator = separator(declaration, want);
                same(other) && !label::same_text(&other.suggested, &want.suggested, separator)
            };
            if self.decided.iter().any(|(_, other, _)| differs(other)) {
                let why = Why::AmbiguousKey;
                report.refused.push(target.refused(want, declaration, why));
            } else if !is_news {
                report.already += 1;
            } else if self.wants.iter().any(|(_, other)| same(other)) {
                report.repeated += 1;
            } else {
                self.wants.push((target, want));
            }
        }
    }
}

/// Makes the new bytes of records.
struct Writing<'a> {
    declaration: &'a Declaration,
    kinds: Vec<Type>,
    reason: Option<&'a str>,
    report: &'a mut Report,
}

impl Writing<'_> {
    fn refuse(&mut self, target: &Target, want: &Want, reason: String) {
        let why = Why::NotWritable { reason };
        let refused: Refused = target.refused(want, self.declaration, why);
        self.report.refused.push(refused);
    }

    /// Returns the new bytes of a record and how many labels they have; `None` where none could be
    /// written.
    fn record(&mut self, record: &Record<'_>, table: &Table) -> Option<(Vec<u8>, u64)> {
        let part = &table.parts[record.hit.part];
        let mut bytes = record.hit.bytes.clone();
        let mut changes = 0;
        for (target, want) in &record.wants {
            let field = &self.declaration.roles.labels()[want.field];
            let found = record.hit.labels.get(want.field).unwrap_or(&Value::Null);
            if part.path_fields.iter().any(|(name, _)| **name == *field) {
                self.refuse(target, want, "its path says it, not the file".to_owned());
                continue;
            }
            let separator = separator(self.declaration, want);
            let format = part.layout.format;
            let value = label::as_in_file(&want.suggested, found, format, separator);
            let Some(value) = value else {
                self.refuse(target, want, "labels of this file are no arrays".to_owned());
                continue;
            };
            let kind = self.kinds.get(want.field).copied().unwrap_or(Type::String);
            match rewrite(&part.layout, &bytes, &[edit(field, &value, kind)]) {
                Ok(new) => (bytes, changes) = (new, changes + 1),
                Err(e) => self.refuse(target, want, e.to_string()),
            }
        }
        if changes == 0 {
            return None;
        }
        self.report.applied += changes;
        if let Some(Ok(new)) = self.with_reason(table, record, &bytes) {
            bytes = new;
            self.report.reasons += 1;
        }
        Some((bytes, changes))
    }

    /// Writes why into the record, where the data set has a field for it.
    fn with_reason(
        &self,
        table: &Table,
        record: &Record<'_>,
        bytes: &[u8],
    ) -> Option<Result<Vec<u8>, RewriteError>> {
        let field = self.declaration.roles.fields(Role::Reason).first()?;
        let edit = Edit {
            field,
            value: Some(Cell::text(self.reason?)),
            kind: Type::String,
            spelled: None,
        };
        let layout = &table.parts[record.hit.part].layout;
        Some(rewrite(layout, bytes, &[edit]))
    }

    /// Moves an image to the directory of its new class.
    fn image(&mut self, record: &Record<'_>, images: &mut Images<'_>, moves: &mut Vec<Move>) {
        for (at, (target, want)) in record.wants.iter().enumerate() {
            let field = &self.declaration.roles.labels()[want.field];
            let moved = match &want.suggested {
                _ if at > 0 => Err("one label of an image at a time"),
                Value::Text(label) => images.moved(record.hit.ordinal, field, label),
                Value::Null | Value::Json(_) => Err("the label of an image is one directory"),
            };
            match moved {
                Ok(moved) => {
                    self.report.applied += 1;
                    moves.push(moved);
                }
                Err(reason) => self.refuse(target, want, reason.to_owned()),
            }
        }
    }
}
