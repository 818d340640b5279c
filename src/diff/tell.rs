//! Tells of single records: label, record and cell events with the names of their records.
//!
//! Invariant: events come in the newer file's order; a removed record stands where it stood among
//! the kept ones.

use std::sync::Arc;

use crate::base::{ObjectId, varint};
use crate::dataset::Where;
use crate::record::{CellKind, RecordRef, Role, Type, canonical, normalized};

use super::error::Error;
use super::event::{
    CellEvent, Event, EventSink, Identity, LabelEvent, RecordEvent, RecordStatus, Said, Value,
};
use super::fields::FieldMap;
use super::filter::{Filter, Passed, Subject};
use super::kept::{Kept, portion};
use super::label_kind::Kinds;
use super::matched::Matched;
use super::reading::{Pairing, Reading, Side, View};
use super::records::Fetched;
use super::version::Version;
use super::vocabulary::Meaning;

pub(crate) struct Teller<'a> {
    dataset: &'a str,
    reading: &'a Reading,
    before: Version<'a>,
    after: Version<'a>,
    annotator: (Option<Arc<str>>, Option<Arc<str>>),
    /// What the labels are.
    pub(crate) kinds: Kinds,
    /// Which events are told; all where there is none.
    filter: Option<Filter<'a>>,
    /// What the filter let pass.
    pub(crate) passed: Passed,
}

impl<'a> Teller<'a> {
    pub(crate) fn new(
        dataset: &'a str,
        reading: &'a Reading,
        before: Version<'a>,
        after: Version<'a>,
        map: &FieldMap,
        condition: Option<&'a Where>,
    ) -> Self {
        let newer = after.roles.fields(Role::Annotator).first();
        let older = newer
            .and_then(|name| map.older(&before.facts.fields, &after.facts.fields, name))
            .map(|field| field.name.clone());
        let own = before.roles.fields(Role::Annotator).first();
        let annotator: (Option<Arc<str>>, Option<Arc<str>>) = (
            older.or_else(|| own.map(|name| name.as_str().into())),
            newer.map(|name| name.as_str().into()),
        );
        let annotated = annotator.0.is_some() || annotator.1.is_some();
        let filter =
            condition.map(|condition| Filter::new(condition, reading, (before, after), annotated));
        Self {
            dataset,
            reading,
            before,
            after,
            annotator,
            kinds: Kinds::of(
                &reading.common,
                (before.facts, after.facts),
                after.label_kind,
            ),
            filter,
            passed: Passed::default(),
        }
    }

    /// Returns whether an event passes the filter.
    fn passes(&self, subject: &Subject<'_, '_>) -> bool {
        self.filter
            .as_ref()
            .is_none_or(|filter| filter.passes(subject))
    }

    /// Returns the annotator of a record, as the data say.
    fn annotator(&self, side: Side, view: &View<'_>, record: RecordRef<'_>) -> Option<String> {
        let name = match side {
            Side::Before => &self.annotator.0,
            Side::After => &self.annotator.1,
        };
        text(view, record, name.as_ref()?)
    }

    fn version(&self, side: Side) -> Version<'a> {
        match side {
            Side::Before => self.before,
            Side::After => self.after,
        }
    }

    /// Names a record by its key, in the spelling that equal keys share, or by its place.
    fn identity(&self, side: Side, view: &View<'_>, record: RecordRef<'_>, place: u64) -> Identity {
        if self.reading.pairing == Pairing::Content {
            return Identity::Ordinal(place + 1, content_id(self.version(side), record));
        }
        let own = self.version(side).roles.key();
        let named = |kind: Type, name: &str| {
            let cell = record.cell(view.batch.field(name)?)?;
            Some(normalized(&canonical(kind, cell)).into_owned())
        };
        if self.reading.key.is_empty() {
            let fields = &self.version(side).facts.fields;
            let part = |name: &String| {
                let field = fields.iter().find(|field| *field.name == **name);
                named(field.map_or(Type::String, |field| field.kind), name)
            };
            return Identity::Key(own.iter().map(part).collect());
        }
        let part = |part: &super::reading::KeyPart| match side {
            Side::Before => named(part.kind, &part.before),
            Side::After => named(part.kind, &part.after),
        };
        Identity::Key(self.reading.key.iter().map(part).collect())
    }

    /// Tells of changed labels.
    pub(crate) fn labels(
        &mut self,
        kept: &mut Kept<'_>,
        meanings: &[Meaning],
        sink: &mut dyn EventSink,
    ) -> Result<(), Error> {
        let mut chosen: Vec<u32> = kept.changes.iter().map(|change| change.pair).collect();
        chosen.dedup();
        let mut changes = kept.changes.iter().peekable();
        let roles = self.after.roles;
        let said = |view: &View<'_>, record: RecordRef<'_>, role: Role| {
            let name = roles.fields(role).first()?;
            text(view, record, name)
        };
        kept.each(&chosen, &mut |pair, (view_a, a), (view_b, b)| {
            let key = self.identity(Side::After, view_b, b, kept.place(pair));
            let annotator = (
                self.annotator(Side::Before, view_a, a),
                self.annotator(Side::After, view_b, b),
            );
            while let Some(change) = changes.next_if(|change| change.pair == pair) {
                let (from, to) = kept.values(change);
                let field = &self.reading.common[kept.labels[usize::from(change.label)]];
                let cause = kept.cause(change, meanings);
                if self.filter.is_some() {
                    let subject = Subject {
                        change: "label",
                        cause: Some(cause),
                        field: Some(&field.after),
                        kind: field.kind,
                        from: from.text(),
                        to: to.text(),
                        annotator: annotator.1.as_deref(),
                        key: &key,
                        record: (Side::After, view_b, b),
                    };
                    if !self.passes(&subject) {
                        continue;
                    }
                    self.passed.label(pair, &field.after, from, to, cause);
                }
                sink.pair(kept.places(pair), &field.before);
                sink.event(Event::Label(LabelEvent {
                    dataset: self.dataset.to_owned(),
                    key: key.clone(),
                    field: field.after.to_string(),
                    from: from.clone(),
                    to: to.clone(),
                    cause,
                    detail: self.kinds.detail(&field.after, from, to),
                    annotator: self.annotator.1.is_some().then(|| annotator.clone()),
                    said: Said {
                        source: said(view_b, b, Role::Source),
                        reason: said(view_b, b, Role::Reason),
                        guideline: said(view_b, b, Role::Guideline),
                        split: said(view_b, b, Role::Split),
                    },
                    place: kept.place(pair) + 1,
                }))?;
            }
            Ok(())
        })
    }

    /// Tells of added and removed records.
    pub(crate) fn records(
        &mut self,
        matched: &Matched,
        sink: &mut dyn EventSink,
    ) -> Result<(), Error> {
        // Both lists are sorted; a record's rank among the kept ones tells where it stood.
        let mut merged: Vec<(u64, Side, u64)> = Vec::new();
        for (side, places) in [
            (Side::Before, &matched.removed),
            (Side::After, &matched.added),
        ] {
            let ranked = places
                .iter()
                .zip(0..)
                .map(|(place, before)| (place - before, side, *place));
            merged.extend(ranked);
        }
        merged.sort_unstable();
        let portion = portion(self.before.records).min(portion(self.after.records));
        for portion in merged.chunks(portion) {
            let of = |wanted: Side| -> Vec<u64> {
                let places = portion.iter().filter(|(_, side, _)| *side == wanted);
                places.map(|(.., place)| *place).collect()
            };
            let (a, b) = (of(Side::Before), of(Side::After));
            let (a, b) = (
                Fetched::read(self.before.records, &a)?,
                Fetched::read(self.after.records, &b)?,
            );
            let views = (
                a.views(self.reading, Side::Before),
                b.views(self.reading, Side::After),
            );
            let mut next = (0, 0);
            for &(_, side, place) in portion {
                let ((view, record), change) = match side {
                    Side::Before => {
                        next.0 += 1;
                        (views.0.get(next.0 - 1), RecordStatus::Removed)
                    }
                    Side::After => {
                        next.1 += 1;
                        (views.1.get(next.1 - 1), RecordStatus::Added)
                    }
                };
                let split = self.version(side).roles.fields(Role::Split).first();
                let key = self.identity(side, view, record, place);
                if self.filter.is_some() {
                    let annotator = self.annotator(side, view, record);
                    let subject = Subject {
                        change: change.name(),
                        cause: None,
                        field: None,
                        kind: Type::String,
                        from: None,
                        to: None,
                        annotator: annotator.as_deref(),
                        key: &key,
                        record: (side, view, record),
                    };
                    if !self.passes(&subject) {
                        continue;
                    }
                    self.passed.record(side);
                }
                sink.event(Event::Record(RecordEvent {
                    dataset: self.dataset.to_owned(),
                    change,
                    key,
                    place: place + 1,
                    split: split.and_then(|name| text(view, record, name)),
                }))?;
            }
        }
        Ok(())
    }

    /// Tells of changed fields other than labels.
    pub(crate) fn cells(
        &mut self,
        kept: &mut Kept<'_>,
        sink: &mut dyn EventSink,
    ) -> Result<(), Error> {
        let mut filter = self.filter.iter();
        if filter.any(|filter| !filter.may_pass("cell")) {
            return Ok(());
        }
        kept.each(&kept.with_cells(), &mut |pair, (view_a, a), (view_b, b)| {
            let key = self.identity(Side::After, view_b, b, kept.place(pair));
            for (at, field) in self.reading.common.iter().enumerate() {
                let place = field.key && self.reading.pairing == Pairing::Image;
                if field.label
                    || place
                    || !(self.reading).differs(at, &view_a.value(a, at), &view_b.value(b, at))
                {
                    continue;
                }
                let value = |view: &View<'_>, record| match view.cell(record, at) {
                    None => Value::Null,
                    Some(cell) if cell.kind == CellKind::Text => Value::Text(cell.text.to_owned()),
                    Some(cell) => Value::Json(cell.text.to_owned()),
                };
                let (from, to) = (value(view_a, a), value(view_b, b));
                if self.filter.is_some() {
                    let annotator = self.annotator(Side::After, view_b, b);
                    let subject = Subject {
                        change: "cell",
                        cause: None,
                        field: Some(&field.after),
                        kind: field.kind,
                        from: from.text(),
                        to: to.text(),
                        annotator: annotator.as_deref(),
                        key: &key,
                        record: (Side::After, view_b, b),
                    };
                    if !self.passes(&subject) {
                        continue;
                    }
                    self.passed.cell(pair);
                }
                sink.pair(kept.places(pair), &field.before);
                sink.event(Event::Cell(CellEvent {
                    dataset: self.dataset.to_owned(),
                    key: key.clone(),
                    field: field.after.to_string(),
                    from,
                    to,
                }))?;
            }
            Ok(())
        })
    }
}

fn text(view: &View<'_>, record: RecordRef<'_>, name: &str) -> Option<String> {
    let cell = record.cell(view.batch.field(name)?)?;
    Some(cell.text.to_owned())
}

/// Returns the id of the frame of the record's content fields.
fn content_id(version: Version<'_>, record: RecordRef<'_>) -> ObjectId {
    let fields = record.batch().fields();
    let mut frame = Vec::new();
    for at in record.batch().frame_order().places() {
        if let Some(cell) = record.cell(at)
            && version.roles.is_content(&fields[at])
        {
            varint::write_bytes(&mut frame, fields[at].as_bytes());
            frame.push(cell.kind as u8);
            varint::write_bytes(&mut frame, cell.text.as_bytes());
        }
    }
    ObjectId::of(&frame)
}
