//! The records of a data set as the kinds of `find` read them: in order, those of a condition, and
//! again by their places.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use rayon::prelude::*;

use crate::base::ObjectId;
use crate::base::sum::Sum256;
use crate::curate::Spelling;
use crate::dataset::r#where::Given;
use crate::dataset::{Table, Where};
use crate::object::ObjectSource;
use crate::profile::{Facts, hash_records};
use crate::record::{
    Batch, Cell, RecordRef, Role, Type, UNPARSABLE, canonical, normalized, quote_name,
};

use super::super::error::Error;
use super::{Answer, Found, FoundIn, Hit, Name, Note};

/// A data set that is looked through.
pub(in crate::ops) struct View<'a> {
    source: &'a dyn ObjectSource,
    pub(super) table: &'a Table,
    pub(super) facts: &'a Facts,
    condition: Option<&'a Where>,
    also: Option<&'a Where>,
}

/// Part and unit, and how many records come before the unit.
type Start = (usize, usize, u64);

/// A record as it is told.
#[derive(Clone)]
pub(in crate::ops) struct Told {
    pub(in crate::ops) name: Name,
    /// Values of the fields that were asked for.
    pub(in crate::ops) values: Vec<Option<String>>,
}

impl<'a> View<'a> {
    pub(in crate::ops) fn new(
        source: &'a dyn ObjectSource,
        table: &'a Table,
        facts: &'a Facts,
        condition: Option<&'a Where>,
    ) -> Self {
        Self {
            source,
            table,
            facts,
            condition,
            also: None,
        }
    }

    /// Returns the same view of those records alone that pass another condition too.
    pub(super) fn with(&self, also: &'a Where) -> Self {
        Self {
            also: Some(also),
            ..*self
        }
    }

    /// Returns the fields of a role.
    pub(super) fn fields(&self, role: Role) -> &[String] {
        self.table.declaration.roles.fields(role)
    }

    /// Returns the type of a field.
    pub(super) fn kind(&self, field: &str) -> Type {
        let found = self.facts.fields.iter().find(|fact| *fact.name == *field);
        found.map_or(Type::Null, |fact| fact.kind)
    }

    /// Returns the one spelling that equal values of a field share.
    pub(super) fn spelled(&self, field: &str, cell: Cell<'_>) -> String {
        normalized(&canonical(self.kind(field), cell)).into_owned()
    }

    /// Returns how many records pass the condition.
    pub(super) fn looked_at(&self) -> Result<u64, Error> {
        if self.condition.is_none() && self.also.is_none() {
            return Ok(self.table.records());
        }
        let runs = self.scan(|_, records| records.count() as u64)?;
        Ok(runs.iter().sum())
    }

    /// Returns how many records pass the condition and have a value in a field.
    pub(super) fn count(&self, field: &str) -> Result<u64, Error> {
        let runs = self.scan(|batch, records| {
            let place = batch.field(field);
            let has = |(_, record): &(u64, RecordRef<'_>)| {
                place.is_some_and(|place| record.cell(place).is_some())
            };
            records.filter(has).count() as u64
        })?;
        Ok(runs.iter().sum())
    }

    /// Returns the content fields, in the order of the schema.
    pub(super) fn content(&self) -> Vec<Arc<str>> {
        let roles = &self.table.declaration.roles;
        let fields = self.facts.fields.iter().map(|fact| fact.name.clone());
        fields
            .filter(|name| &**name != UNPARSABLE && roles.is_content(name))
            .collect()
    }

    /// Returns how the values of fields are spelled.
    pub(super) fn spelling<'n>(&self, fields: impl Iterator<Item = &'n str>) -> Spelling {
        let typed = |name: &str| (Arc::from(name), self.kind(name));
        Spelling::new(fields.map(typed).collect())
    }

    /// Says that a data set cannot be asked.
    pub(super) fn not_to_be_found(&self, reason: impl Into<String>) -> Error {
        Error::NotToBeFound {
            dataset: self.table.name.clone(),
            reason: reason.into(),
        }
    }

    /// Reads all records that pass the condition, run by run on all cores; what `each` makes of
    /// the records of a run comes back in their order.
    pub(super) fn scan<T: Send>(
        &self,
        make: impl Fn(&Batch, &mut dyn Iterator<Item = (u64, RecordRef<'_>)>) -> T + Sync,
    ) -> Result<Vec<T>, Error> {
        let starts = starts(self.table);
        let read = |batch: &mut Batch, &(part, unit, start): &Start| {
            self.table.read_unit(self.source, part, unit, batch)?;
            let batch = &*batch;
            let conditions = self.condition.iter().chain(&self.also);
            let conditions: Vec<_> = conditions
                .map(|condition| (condition, self.places(condition, batch)))
                .collect();
            let mut records = (start..).zip(batch.records()).filter(|(_, record)| {
                let passes = |(condition, places): &(&&Where, Vec<(Option<usize>, Type)>)| {
                    condition.passes(&|name| given(*record, &places[name]))
                };
                conditions.iter().all(passes)
            });
            Ok(make(batch, &mut records))
        };
        starts.par_iter().map_init(Batch::default, read).collect()
    }

    fn places(&self, condition: &Where, batch: &Batch) -> Vec<(Option<usize>, Type)> {
        let place = |name: &str| {
            let quoted = quote_name(name);
            let place = batch.field(name).map(|at| (at, self.kind(name)));
            let place = place.or_else(|| batch.field(&quoted).map(|at| (at, self.kind(&quoted))));
            place.map_or((None, Type::Null), |(at, kind)| (Some(at), kind))
        };
        condition
            .names()
            .iter()
            .map(|name| place(&name.text))
            .collect()
    }

    /// Returns the names and contents of records, whose places are counted from 1.
    pub(in crate::ops) fn named(&self, places: &[u64]) -> Result<Vec<Told>, Error> {
        let mut sorted: Vec<u64> = places.iter().map(|place| place.saturating_sub(1)).collect();
        sorted.sort_unstable();
        sorted.dedup();
        let content = self.content();
        let fields: Vec<&str> = content.iter().map(|name| &**name).collect();
        let told = fetch(self.source, self.table, &sorted, &fields)?;
        let found = places.iter().filter_map(|place| {
            let at = sorted.binary_search(&place.saturating_sub(1)).ok()?;
            told.get(at).cloned()
        });
        Ok(found.collect())
    }

    /// Returns the answer in which nothing is found.
    pub(in crate::ops) fn nothing(&self) -> FoundIn {
        FoundIn {
            dataset: self.table.name.clone(),
            key: self.table.declaration.roles.key().to_vec(),
            content: self.content().iter().map(|name| name.to_string()).collect(),
            text: self.fields(Role::Text).to_vec(),
            looked_at: self.table.records(),
            total: 0,
            counts: BTreeMap::new(),
            digest: None,
            method: String::new(),
            notes: Vec::new(),
            found: Vec::new(),
        }
    }

    /// Returns the sum mod 2^256 of the BLAKE3 of the frame of each record that is looked at, as hex.
    pub(in crate::ops) fn digest(&self) -> Result<String, Error> {
        let runs = self.scan(|batch, records| {
            let order = batch.frame_order();
            let (mut frames, mut ends) = (Vec::new(), Vec::new());
            for (_, record) in records {
                record.frame(&order, &mut frames);
                ends.push(frames.len());
            }
            let mut sum = Sum256::default();
            for hash in ObjectId::of_each(&frames, &ends) {
                sum.add(Sum256::from_bytes(hash.as_bytes()));
            }
            sum
        })?;
        let mut sum = Sum256::default();
        runs.into_iter().for_each(|run| sum.add(run));
        Ok(ObjectId(sum.to_bytes()).to_string())
    }

    /// Reads the values of some fields of records, whose places ascend.
    pub(super) fn values(
        &self,
        records: &[u64],
        fields: &[&str],
    ) -> Result<Vec<Vec<Option<String>>>, Error> {
        let told = fetch(self.source, self.table, records, fields)?;
        Ok(told.into_iter().map(|told| told.values).collect())
    }

    /// Ranks what was found and reads what is told of it.
    pub(super) fn told(&self, answer: Answer, limit: Option<usize>) -> Result<FoundIn, Error> {
        let Answer {
            method,
            mut hits,
            notes,
            looked_at,
            counts,
        } = answer;
        let total = hits.len();
        let ranked = |a: &Hit, b: &Hit| {
            let ranks = a.rank.cmp(&b.rank);
            ranks.then(b.severity.total_cmp(&a.severity))
        };
        hits.sort_by(|a, b| {
            ranked(a, b)
                .then(a.record.cmp(&b.record))
                .then(a.field.cmp(&b.field))
        });
        let most = limit.unwrap_or(usize::MAX);
        if let Some(last) = hits.get(most.saturating_sub(1)) {
            // Those of the last one's score are ranked by their keys before they are cut.
            let end = hits.partition_point(|hit| ranked(hit, last) != Ordering::Greater);
            hits.truncate(end);
        }
        let others = hits.iter().filter_map(|hit| match hit.note {
            Note::Of(_, other) => Some(other),
            Note::Text(_) => None,
        });
        let mut places: Vec<u64> = hits.iter().map(|hit| hit.record).chain(others).collect();
        places.sort_unstable();
        places.dedup();
        let names: HashMap<u64, Name> = {
            let told = fetch(self.source, self.table, &places, &[])?;
            places
                .iter()
                .copied()
                .zip(told.into_iter().map(|told| told.name))
                .collect()
        };
        hits.sort_by(|a, b| {
            let keys = order_names(&names[&a.record], &names[&b.record]);
            ranked(a, b)
                .then(keys)
                .then(a.record.cmp(&b.record))
                .then(a.field.cmp(&b.field))
        });
        hits.truncate(most);
        let content = self.content();
        let mut fields: Vec<&str> = content.iter().map(|name| &**name).collect();
        let meant = hits.iter().filter_map(|hit| hit.field.as_deref());
        for field in meant {
            if !fields[content.len()..].contains(&field) {
                fields.push(field);
            }
        }
        let mut places: Vec<u64> = hits.iter().map(|hit| hit.record).collect();
        places.sort_unstable();
        places.dedup();
        let told = fetch(self.source, self.table, &places, &fields)?;
        let values: HashMap<u64, Vec<Option<String>>> = places
            .iter()
            .copied()
            .zip(told.into_iter().map(|told| told.values))
            .collect();
        let found = hits.iter().map(|hit| {
            let values = &values[&hit.record];
            let meant =
                |field: &Arc<str>| fields[content.len()..].iter().position(|f| **f == **field);
            let label = hit.field.as_ref().and_then(meant);
            Found {
                place: Some(hit.record + 1),
                name: names[&hit.record].clone(),
                field: hit.field.as_deref().map(str::to_owned),
                score: hit.score,
                method: hit.method.to_string(),
                label: label.and_then(|at| values[content.len() + at].clone()),
                suggested: hit.suggested.clone(),
                note: match &hit.note {
                    Note::Text(text) => Some(text.to_string()),
                    Note::Of(text, other) => {
                        let (before, after) = text.rsplit_once("{}").unwrap_or((text, ""));
                        Some(format!("{before}{}{after}", words(&names[other])))
                    }
                },
                content: values[..content.len()].to_vec(),
            }
        });
        let found = found.collect();
        Ok(FoundIn {
            found,
            total,
            looked_at,
            counts,
            method,
            notes,
            ..self.nothing()
        })
    }
}

/// Returns where each unit's records begin among all.
fn starts(table: &Table) -> Vec<Start> {
    let mut before = 0;
    let mut out = Vec::new();
    for (at, part) in table.parts.iter().enumerate() {
        let units = part.units.iter().enumerate();
        out.extend(units.map(|(unit, one)| (at, unit, before + one.first_record)));
        before += part.records();
    }
    out
}

/// Reads records again by their places, which ascend: how each is named, and the values of
/// some fields.
pub(in crate::ops) fn fetch(
    source: &dyn ObjectSource,
    table: &Table,
    records: &[u64],
    fields: &[&str],
) -> Result<Vec<Told>, Error> {
    let starts = starts(table);
    let mut runs: Vec<(Start, &[u64])> = Vec::new();
    let mut rest = records;
    for (at, start) in starts.iter().enumerate() {
        let end = starts.get(at + 1).map_or(u64::MAX, |next| next.2);
        let (of_unit, after) = rest.split_at(rest.partition_point(|record| *record < end));
        if !of_unit.is_empty() {
            runs.push((*start, of_unit));
        }
        rest = after;
    }
    let key = table.declaration.roles.key();
    let read = |batch: &mut Batch, &((part, unit, start), of_unit): &(Start, &[u64])| {
        table.read_unit(source, part, unit, batch)?;
        let batch = &*batch;
        let ids = if key.is_empty() {
            hash_records(batch)
        } else {
            Vec::new()
        };
        let key = batch.places(key.iter().map(String::as_str));
        let fields = batch.places(fields.iter().copied());
        let values = |record: RecordRef<'_>, places: &[Option<usize>]| -> Vec<Option<String>> {
            let value = |place: &Option<usize>| Some(record.cell((*place)?)?.text.to_owned());
            places.iter().map(value).collect()
        };
        let told = of_unit.iter().map(|&at| {
            let place = (at - start) as usize;
            let record = batch.record(place);
            let name = match ids.get(place) {
                Some(id) => Name::Place(at + 1, *id),
                None => Name::Key(values(record, &key)),
            };
            let values = values(record, &fields);
            Told { name, values }
        });
        Ok::<_, Error>(told.collect())
    };
    let runs: Vec<Vec<Told>> = runs
        .par_iter()
        .map_init(Batch::default, read)
        .collect::<Result<_, _>>()?;
    Ok(runs.into_iter().flatten().collect())
}

fn given<'r>(record: RecordRef<'r>, (place, kind): &(Option<usize>, Type)) -> Given<'r> {
    match place.and_then(|place| record.cell(place)) {
        Some(cell) => Given::Value(*kind, Cow::Borrowed(cell.text)),
        None => Given::Null,
    }
}

/// Orders numbers by size and other keys by their text.
pub(in crate::ops) fn order_names(a: &Name, b: &Name) -> Ordering {
    let parts = |name: &Name| match name {
        Name::Key(parts) => parts.clone(),
        Name::Place(place, _) => vec![Some(place.to_string())],
    };
    let one = |part: &Option<String>| -> (bool, Option<u64>, Option<String>) {
        let number = part.as_ref().and_then(|text| text.parse::<u64>().ok());
        (number.is_none(), number, part.clone())
    };
    let (a, b): (Vec<_>, Vec<_>) = (parts(a), parts(b));
    a.iter().map(one).cmp(b.iter().map(one))
}

/// Returns a name as notes write it.
pub(super) fn words(name: &Name) -> String {
    match name {
        Name::Place(place, _) => format!("#{place}"),
        Name::Key(parts) => {
            let part = |part: &Option<String>| part.clone().unwrap_or_else(|| "(none)".to_owned());
            parts.iter().map(part).collect::<Vec<_>>().join(", ")
        }
    }
}

/// Returns the bytes of a record's values, and whether there are any: what identifies a record.
pub(super) fn identity(record: RecordRef<'_>, places: &[Option<usize>], out: &mut Vec<u8>) -> bool {
    out.clear();
    for (at, place) in places.iter().enumerate() {
        if let Some(cell) = place.and_then(|place| record.cell(place)) {
            out.extend_from_slice(&(at as u32).to_le_bytes());
            out.extend_from_slice(&(cell.text.len() as u64).to_le_bytes());
            out.extend_from_slice(cell.text.as_bytes());
        }
    }
    !out.is_empty()
}
