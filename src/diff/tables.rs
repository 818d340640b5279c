//! Diffs of tables: data sets as the files of two versions hold them.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use crate::base::RepoPath;
use crate::dataset::{Part, Table};
use crate::object::ObjectSource;
use crate::object::changes::DatasetChanges;
use crate::profile::Facts;
use crate::record::{Batch, Format};

use super::changed;
use super::compare::{Options, compare};
use super::error::Error;
use super::event::EventSink;
use super::reading::Side;
use super::records::{PartRef, Records, UnitRef};
use super::trimmed::Differences;
use super::version::Version;

/// Compares two versions of one data set and pushes schema, label, record, cell, problem and
/// summary events.
///
/// Each table is opened with the declaration of its own version, and the facts are those of the
/// same reading; roles and key of the newer declaration are applied to the older version here.
pub fn diff_tables(
    source: &dyn ObjectSource,
    before: Option<&Table>,
    after: Option<&Table>,
    facts: (Option<&Facts>, Option<&Facts>),
    options: Options<'_>,
    sink: &mut dyn EventSink,
) -> Result<DatasetChanges, Error> {
    let nothing = Arc::default();
    diff_known_tables(source, &nothing, (before, after), facts, options, sink)
}

/// Does the same without reading again what is known of how the two differ.
pub fn diff_known_tables(
    source: &dyn ObjectSource,
    known: &Arc<Differences>,
    (before, after): (Option<&Table>, Option<&Table>),
    facts: (Option<&Facts>, Option<&Facts>),
    options: Options<'_>,
    sink: &mut dyn EventSink,
) -> Result<DatasetChanges, Error> {
    let nothing = Facts::default();
    let old = before.map(|table| TableRecords::new(source, table));
    let new = after.map(|table| TableRecords::new(source, table));
    if let (Some(old), Some(new)) = (&old, &new)
        && known.fit(old, new)
    {
        old.remember(known, Side::Before);
        new.remember(known, Side::After);
    }
    let dialects = (dialects(before), dialects(after));
    let name = after.or(before).map_or("", |table| table.name.as_str());
    let old = old.as_ref().map(|records| Version {
        records,
        facts: facts.0.unwrap_or(&nothing),
        roles: &records.table.declaration.roles,
        format: records.table.declaration.format,
        dialects: &dialects.0,
        rename: &records.table.declaration.rename,
        label_kind: &records.table.declaration.label_kind,
    });
    let new = new.as_ref().map(|records| Version {
        records,
        facts: facts.1.unwrap_or(&nothing),
        roles: &records.table.declaration.roles,
        format: records.table.declaration.format,
        dialects: &dialects.1,
        rename: &records.table.declaration.rename,
        label_kind: &records.table.declaration.label_kind,
    });
    compare(name, old, new, options, sink)
}

/// Gives the records in which two versions of a data set differ, before and after: a superset
/// whose common part is equal, so that what is added for one side and taken away for the other
/// leaves exactly the difference. Where files do not read alike, that is all their records.
///
/// Each thread has its own state, all of which are returned, with what
/// [`diff_known_tables`] then need not read; `None` where more than `most`
/// records would be given.
pub fn changed_records<T: Send>(
    source: &dyn ObjectSource,
    before: &Table,
    after: &Table,
    most: u64,
    start: &(dyn Fn() -> T + Sync),
    visit: &(dyn Fn(&mut T, Side, &Batch) + Sync),
) -> Result<Option<(Vec<T>, Differences)>, Error> {
    let (a, b) = (
        TableRecords::new(source, before),
        TableRecords::new(source, after),
    );
    changed::visit_changed(&a, &b, most, start, visit)
}

fn dialects(table: Option<&Table>) -> BTreeMap<RepoPath, BTreeMap<String, String>> {
    let parts = table.map_or(&[][..], |table| &table.parts).iter();
    parts
        .filter(|part| part.layout.format != Format::Images)
        .map(|part| (part.path.clone(), dialect(part)))
        .collect()
}

/// Describes how a file is written; its format is a part of that.
fn dialect(part: &Part) -> BTreeMap<String, String> {
    let mut all = part.layout.dialect.describe();
    if part.layout.format == Format::Jsonl {
        all.retain(|name, _| matches!(name.as_str(), "encoding" | "bom" | "newline"));
    }
    all.insert("format".to_owned(), part.layout.format.name().to_owned());
    all
}

struct TableRecords<'a> {
    source: &'a dyn ObjectSource,
    table: &'a Table,
    parts: Vec<PartRef>,
    units: Vec<UnitRef>,
    differences: OnceLock<(Arc<Differences>, Side)>,
}

impl<'a> TableRecords<'a> {
    fn new(source: &'a dyn ObjectSource, table: &'a Table) -> Self {
        let mut units = Vec::new();
        let mut first = 0;
        for (part, unit) in table.units() {
            let cut = &table.parts[part].units[unit];
            units.push(UnitRef {
                id: cut.id,
                part,
                unit,
                first,
                records: cut.records,
                first_line: cut.first_line,
                bytes: cut.bytes,
            });
            first += cut.records;
        }
        let part = |part: &Part| PartRef {
            path: part.path.clone(),
            reading: reading(part),
            content: part.content,
        };
        Self {
            source,
            table,
            parts: table.parts.iter().map(part).collect(),
            units,
            differences: OnceLock::new(),
        }
    }
}

/// Writes down all that decides which records some bytes of a file give.
fn reading(part: &Part) -> Vec<u8> {
    let layout = &part.layout;
    let dialect = &layout.dialect;
    // JSON Lines name their fields in every record.
    let fields = match layout.format {
        Format::Csv => layout.fields.as_slice(),
        Format::Jsonl | Format::Images => &[],
    };
    let rules = (
        dialect.delimiter,
        dialect.quote,
        dialect.header,
        &dialect.missing,
    );
    let text = format!(
        "{:?} {:?} {rules:?} {fields:?} {:?}",
        layout.format, dialect.encoding, part.path_fields
    );
    text.into_bytes()
}

impl Records for TableRecords<'_> {
    fn parts(&self) -> &[PartRef] {
        &self.parts
    }

    fn units(&self) -> &[UnitRef] {
        &self.units
    }

    fn bytes(&self, unit: &UnitRef) -> Result<Vec<u8>, Error> {
        Ok(self.table.unit_bytes(self.source, unit.part, unit.unit)?)
    }

    fn ranges(&self, part: usize, bytes: &[u8], out: &mut Vec<Range<usize>>) {
        self.table.parts[part].layout.record_ranges(bytes, out);
    }

    fn parse(&self, part: usize, bytes: &[u8], batch: &mut Batch) {
        self.table.parse(part, bytes, batch);
    }

    fn name(&self) -> &str {
        &self.table.name
    }

    fn differences(&self) -> Option<(&Differences, Side)> {
        let (known, side) = self.differences.get()?;
        Some((known, *side))
    }

    fn remember(&self, known: &Arc<Differences>, side: Side) {
        self.differences.get_or_init(|| (known.clone(), side));
    }
}
