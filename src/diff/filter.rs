//! `--where` in a diff: which label, record and cell events pass a condition, and their counts.
//!
//! Invariant: what passes is a function of the event and of its record; which events are told
//! besides decides nothing. Names: docs/where.md.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use rustc_hash::FxHashSet;

use crate::dataset::Where;
use crate::dataset::r#where::Given;
use crate::object::changes::{Cause, RecordCounts};
use crate::record::{RecordRef, Type, quote_name};

use super::event::{Identity, TransitionCount, Value};
use super::reading::{Reading, Side, View};
use super::version::Version;

/// The names that stand for the event itself, where they are not quoted.
pub const EVENT_NAMES: [&str; 7] = ["from", "to", "change", "cause", "annotator", "field", "key"];

/// What a name of the condition stands for.
enum Source {
    From,
    To,
    Change,
    Cause,
    Annotator,
    Field,
    Key,
    Column {
        before: Arc<str>,
        after: Arc<str>,
        kind: Type,
    },
    Nothing,
}

/// A condition on the events of one data set.
pub(crate) struct Filter<'a> {
    condition: &'a Where,
    sources: Vec<Source>,
    /// The type of the key, where it has one field.
    key: Type,
}

/// What an event says, for its condition.
pub(crate) struct Subject<'s, 'v> {
    pub(crate) change: &'static str,
    pub(crate) cause: Option<Cause>,
    pub(crate) field: Option<&'s str>,
    /// The type of both values.
    pub(crate) kind: Type,
    pub(crate) from: Option<&'s str>,
    pub(crate) to: Option<&'s str>,
    pub(crate) annotator: Option<&'s str>,
    pub(crate) key: &'s Identity,
    /// The record whose fields are meant, and on which side it stands.
    pub(crate) record: (Side, &'s View<'v>, RecordRef<'v>),
}

impl<'a> Filter<'a> {
    /// Resolves the names of a condition; `annotated` says whether the data set has annotators.
    pub(crate) fn new(
        condition: &'a Where,
        reading: &Reading,
        (before, after): (Version<'_>, Version<'_>),
        annotated: bool,
    ) -> Self {
        let column = |name: &str| -> Option<Source> {
            if let Some(common) = reading.common.iter().find(|field| *field.after == *name) {
                return Some(Source::Column {
                    before: common.before.clone(),
                    after: common.after.clone(),
                    kind: common.kind,
                });
            }
            let of = |version: Version<'_>| {
                let fields = &version.facts.fields;
                let found = fields.iter().find(|field| *field.name == *name)?;
                Some((found.name.clone(), found.kind))
            };
            let (name, kind) = of(after).or_else(|| of(before))?;
            Some(Source::Column {
                before: name.clone(),
                after: name,
                kind,
            })
        };
        let source = |name: &crate::dataset::r#where::Name| {
            let of_event = match name.text.as_str() {
                _ if name.quoted => None,
                "from" => Some(Source::From),
                "to" => Some(Source::To),
                "change" => Some(Source::Change),
                "cause" => Some(Source::Cause),
                "annotator" if annotated => Some(Source::Annotator),
                "field" => Some(Source::Field),
                "key" => Some(Source::Key),
                _ => None,
            };
            of_event
                .or_else(|| column(&name.text))
                // The member of a JSON object whose own name holds a dot.
                .or_else(|| column(&quote_name(&name.text)))
                .unwrap_or(Source::Nothing)
        };
        let key = match reading.key.as_slice() {
            [only] => only.kind,
            _ => Type::String,
        };
        Self {
            sources: condition.names().iter().map(source).collect(),
            condition,
            key,
        }
    }

    /// Returns whether an event of that kind could pass at all.
    pub(crate) fn may_pass(&self, change: &'static str) -> bool {
        let given = |at: usize| match &self.sources[at] {
            Source::Change => Given::text(Some(change)),
            Source::Cause if change != "label" => Given::Null,
            Source::Nothing => Given::Null,
            _ => Given::Unknown,
        };
        self.condition.possible(&given).may_be_true()
    }

    /// Returns whether an event passes.
    pub(crate) fn passes(&self, subject: &Subject<'_, '_>) -> bool {
        self.condition.passes(&|at| self.given(at, subject))
    }

    fn given<'s>(&self, at: usize, subject: &Subject<'s, '_>) -> Given<'s> {
        let value = |text: Option<&'s str>| match text {
            Some(text) => Given::Value(subject.kind, text.into()),
            None => Given::Null,
        };
        match &self.sources[at] {
            Source::From => value(subject.from),
            Source::To => value(subject.to),
            Source::Change => Given::text(Some(subject.change)),
            Source::Cause => Given::text(subject.cause.map(Cause::name)),
            Source::Annotator => Given::text(subject.annotator),
            Source::Field => Given::text(subject.field),
            Source::Key => key_given(subject.key, self.key),
            Source::Column {
                before,
                after,
                kind,
            } => {
                let (side, view, record) = subject.record;
                let name = match side {
                    Side::Before => before,
                    Side::After => after,
                };
                let cell = view.batch.field(name).and_then(|at| record.cell(at));
                match cell {
                    Some(cell) => Given::Value(*kind, Cow::Owned(cell.text.to_owned())),
                    None => Given::Null,
                }
            }
            Source::Nothing => Given::Null,
        }
    }
}

fn key_given(key: &Identity, kind: Type) -> Given<'_> {
    match key {
        Identity::Key(parts) => key_parts_given(parts, kind),
        Identity::Ordinal(ordinal, _) => {
            Given::Value(Type::String, Cow::Owned(format!("#{ordinal}")))
        }
    }
}

/// Returns what `key` stands for: the value of a key of one field, a JSON array of several.
pub fn key_parts_given(parts: &[Option<String>], kind: Type) -> Given<'_> {
    match parts {
        [None] => Given::Null,
        [Some(part)] => Given::Value(kind, part.as_str().into()),
        parts => {
            let array = serde_json::Value::from(parts.to_vec()).to_string();
            Given::Value(Type::String, array.into())
        }
    }
}

/// What passed, counted.
#[derive(Default)]
pub(crate) struct Passed {
    added: u64,
    removed: u64,
    modified: FxHashSet<u32>,
    transitions: BTreeMap<(String, Value, Value, Cause), u64>,
}

impl Passed {
    pub(crate) fn label(&mut self, pair: u32, field: &str, from: &Value, to: &Value, cause: Cause) {
        if !matches!(cause, Cause::Rename | Cause::Swap) {
            self.modified.insert(pair);
        }
        let transition = (field.to_owned(), from.clone(), to.clone(), cause);
        *self.transitions.entry(transition).or_default() += 1;
    }

    pub(crate) fn cell(&mut self, pair: u32) {
        self.modified.insert(pair);
    }

    pub(crate) fn record(&mut self, side: Side) {
        match side {
            Side::Before => self.removed += 1,
            Side::After => self.added += 1,
        }
    }

    /// Returns the counts of what passed, within those of the whole. Of respelled and moved
    /// records there are no events, so none of them passed.
    pub(crate) fn counts(&self, whole: RecordCounts) -> RecordCounts {
        RecordCounts {
            added: self.added,
            removed: self.removed,
            modified: self.modified.len() as u64,
            respelled: 0,
            moved: None,
            ..whole
        }
    }

    pub(crate) fn transitions(&self) -> Vec<TransitionCount> {
        let transition =
            |((field, from, to, cause), count): (&(String, Value, Value, Cause), &u64)| {
                TransitionCount {
                    field: field.clone(),
                    from: from.clone(),
                    to: to.clone(),
                    cause: *cause,
                    count: *count,
                }
            };
        self.transitions.iter().map(transition).collect()
    }
}
