//! What a diff says: one event at a time, pushed into a sink.
//!
//! Invariant: an event serialises to exactly one line of `diff --json` (docs/diff.md) and carries
//! all that any renderer shows, so that no renderer reads a record.

use serde::ser::{SerializeMap as _, SerializeSeq as _};
use serde::{Serialize, Serializer};

use crate::base::{ObjectId, RepoPath};
use crate::object::changes::{Cause, RecordCounts, SchemaChange, SplitCount};

use super::error::Error;
use super::label_kind::{KindCount, LabelDetail};

/// Takes events in their order.
pub trait EventSink {
    /// Takes the next event; an error stops the diff.
    fn event(&mut self, event: Event) -> Result<(), Error>;

    /// Hears, before any event of records, which of them have no match, whether or not events tell
    /// of them: their places in the older and in the newer version, counted from 0, ascending.
    fn unmatched(&mut self, _removed: &[u64], _added: &[u64]) {}

    /// Hears where the record of the label or cell event that comes next stands in both versions,
    /// counted from 0, and what its field is called in the older one.
    fn pair(&mut self, _places: (u64, u64), _older_field: &str) {}
}

/// Hears nothing: for those who want counts only.
pub(crate) struct Silence;

impl EventSink for Silence {
    fn event(&mut self, _event: Event) -> Result<(), Error> {
        Ok(())
    }
}

impl EventSink for Vec<Event> {
    fn event(&mut self, event: Event) -> Result<(), Error> {
        self.push(event);
        Ok(())
    }
}

/// One difference between two versions.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[serde(tag = "event", rename_all = "lowercase")]
pub enum Event {
    /// A file was added, removed, modified or renamed.
    File(FileEvent),
    /// A field, a class, a key or a dialect changed.
    Schema(SchemaEvent),
    /// A label of a kept record changed.
    Label(LabelEvent),
    /// A record was added or removed.
    Record(RecordEvent),
    /// Another field of a kept record changed.
    Cell(CellEvent),
    /// Something is wrong with records of the newer side.
    Problem(ProblemEvent),
    /// What changed in a data set, counted.
    Summary(SummaryEvent),
}

/// What happened to a file.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FileStatus {
    /// Only in the newer version.
    Added,
    /// Only in the older version.
    Removed,
    /// In both, with another content or kind.
    Modified,
    /// The same content under another path.
    Renamed,
}

impl FileStatus {
    /// Returns the word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Modified => "modified",
            Self::Renamed => "renamed",
        }
    }
}

/// A changed file.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct FileEvent {
    /// What happened to it.
    pub status: FileStatus,
    /// Its path; the older one where it was removed.
    pub path: RepoPath,
    /// Its path before it was renamed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from_path: Option<RepoPath>,
    /// Its size before and after; null where there is no such file.
    pub size: (Option<u64>, Option<u64>),
    /// Its content id before and after.
    pub content: (Option<ObjectId>, Option<ObjectId>),
    /// The line diff of a text file that is in no data set; shown to people only.
    #[serde(skip)]
    pub text: Option<TextDiff>,
}

/// How the content of a file outside of data sets differs, for people.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum TextDiff {
    /// A unified diff, without the lines that name the files.
    Lines(String),
    /// At least one side is no text, or too large to compare by lines.
    Binary,
}

/// A change of schema, vocabulary, key or dialect.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct SchemaEvent {
    /// The data set.
    pub dataset: String,
    /// The change.
    #[serde(flatten)]
    pub change: SchemaChange,
}

/// How an event names its record.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub enum Identity {
    /// By the values of its key fields; a missing part is null.
    Key(Vec<Option<String>>),
    /// By its place in the newer data set, counted from 1 (in the older one for removed records),
    /// and the id of its frame.
    Ordinal(u64, ObjectId),
}

impl Serialize for Identity {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Key(parts) => parts.serialize(serializer),
            Self::Ordinal(ordinal, _) => {
                let mut list = serializer.serialize_seq(Some(1))?;
                list.serialize_element(&format!("#{ordinal}"))?;
                list.end()
            }
        }
    }
}

/// A value as events show it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Hash, Default)]
pub enum Value {
    /// Missing.
    #[default]
    Null,
    /// A scalar, as the file spells it.
    Text(String),
    /// A list or an object, as compact JSON.
    Json(String),
}

impl Value {
    /// Returns the text of a value that is not missing.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Null => None,
            Self::Text(text) | Self::Json(text) => Some(text),
        }
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_none(),
            Self::Text(text) => serializer.serialize_str(text),
            Self::Json(text) => match serde_json::from_str::<serde_json::Value>(text) {
                Ok(value) => value.serialize(serializer),
                Err(_) => serializer.serialize_str(text),
            },
        }
    }
}

/// A changed label of a record that both versions have.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct LabelEvent {
    /// The data set.
    pub dataset: String,
    /// The record.
    pub key: Identity,
    /// The label field, under its newer name.
    pub field: String,
    /// The label before.
    pub from: Value,
    /// The label after.
    pub to: Value,
    /// Why it changed.
    pub cause: Cause,
    /// What the change is made of, where the label is more than a class.
    #[serde(flatten)]
    pub detail: Option<LabelDetail>,
    /// The annotator before and after, as the data say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub annotator: Option<(Option<String>, Option<String>)>,
    /// What else the newer record says of its label: for change sets.
    #[serde(skip)]
    pub said: Said,
    /// The record's place in the newer version, counted from 1: for change sets.
    #[serde(skip)]
    pub place: u64,
}

/// What a record itself says of its label.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Said {
    /// What made it.
    pub source: Option<String>,
    /// Why it changed.
    pub reason: Option<String>,
    /// Under which guideline.
    pub guideline: Option<String>,
    /// The split that the record is in.
    pub split: Option<String>,
}

/// Whether a record was added or removed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RecordStatus {
    /// Only in the newer version.
    Added,
    /// Only in the older version.
    Removed,
}

impl RecordStatus {
    /// Returns the word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Removed => "removed",
        }
    }
}

/// A record without a match.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct RecordEvent {
    /// The data set.
    pub dataset: String,
    /// On which side it stands.
    pub change: RecordStatus,
    /// The record.
    pub key: Identity,
    /// Its place on that side, counted from 1: for change sets.
    #[serde(skip)]
    pub place: u64,
    /// The split that it is or was in: for summaries.
    #[serde(skip)]
    pub split: Option<String>,
}

/// A changed field, other than a label, of a record that both versions have.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct CellEvent {
    /// The data set.
    pub dataset: String,
    /// The record.
    pub key: Identity,
    /// The field, under its newer name.
    pub field: String,
    /// The value before.
    pub from: Value,
    /// The value after.
    pub to: Value,
}

/// A kind of problem with records of the newer side.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct ProblemEvent {
    /// The data set.
    pub dataset: String,
    /// The file of the first such record, or of the data set's first records.
    pub path: RepoPath,
    /// The problem: `duplicate_key`, `null_key`, or a problem of parsing.
    pub problem: String,
    /// How many records have it.
    pub count: u64,
    /// The first such record within the file, counted from 1, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record: Option<u64>,
    /// The line on which it begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
}

/// The counts of a data set's changes.
#[derive(Clone, PartialEq, Debug)]
pub struct SummaryEvent {
    /// The data set.
    pub dataset: String,
    /// Counts of records.
    pub records: RecordCounts,
    /// Counts of label changes by field, from, to and cause, in that order.
    pub transitions: Vec<TransitionCount>,
    /// The classes that have more or fewer records than before, by field and class.
    pub classes: Vec<ClassCount>,
    /// Relabels by the newer record's annotator, where the data set declares one.
    pub annotators: Vec<AnnotatorCount>,
    /// What the changes of label fields amount to that are no class fields.
    pub kinds: Vec<KindCount>,
    /// Changes by split, where the data set declares one.
    pub splits: Vec<SplitCount>,
    /// The version step: `none`, `patch`, `minor` or `major`.
    pub step: &'static str,
    /// Whether only what passed a filter is counted.
    pub filtered: bool,
    /// What may explain that most records found no match: for people to look at.
    pub hint: Option<String>,
    /// Of a range of commits: labels that changed and have the value again that they had before.
    pub churn: Option<u64>,
}

/// How many labels went from one class to another.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
pub struct TransitionCount {
    /// The label field.
    pub field: String,
    /// The class before.
    pub from: Value,
    /// The class after.
    pub to: Value,
    /// Why.
    pub cause: Cause,
    /// How many labels.
    pub count: u64,
}

/// How many records have a label, before and after.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct ClassCount {
    /// The label field.
    pub field: String,
    /// The class; null for records without a label.
    pub class: Value,
    /// Its records in the older version.
    pub before: u64,
    /// Its records in the newer version.
    pub after: u64,
}

/// How many relabels stand under an annotator's name.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct AnnotatorCount {
    /// The newer record's annotator, as the data say.
    pub annotator: Option<String>,
    /// Relabels; other causes are no annotator's.
    pub relabelled: u64,
}

impl SummaryEvent {
    /// Returns whether any added, removed or modified record, or changed label, is counted.
    pub fn counts_anything(&self) -> bool {
        let records = &self.records;
        records.added + records.removed + records.modified > 0 || !self.transitions.is_empty()
    }

    /// Returns how many labels changed for one of these causes.
    pub fn labels(&self, causes: &[Cause]) -> u64 {
        let of = |t: &&TransitionCount| causes.contains(&t.cause);
        self.transitions.iter().filter(of).map(|t| t.count).sum()
    }
}

impl Serialize for SummaryEvent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Labels<'a> {
            relabelled: u64,
            renamed: u64,
            split: u64,
            merged: u64,
            transitions: &'a [TransitionCount],
            #[serde(skip_serializing_if = "<[_]>::is_empty")]
            classes: &'a [ClassCount],
            #[serde(skip_serializing_if = "<[_]>::is_empty")]
            annotators: &'a [AnnotatorCount],
            #[serde(skip_serializing_if = "<[_]>::is_empty")]
            kinds: &'a [KindCount],
            #[serde(skip_serializing_if = "Option::is_none")]
            churn: Option<u64>,
        }
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("dataset", &self.dataset)?;
        map.serialize_entry("records", &self.records)?;
        let labels = Labels {
            relabelled: self.labels(&[Cause::Relabel]),
            renamed: self.labels(&[Cause::Rename, Cause::Swap]),
            split: self.labels(&[Cause::Split]),
            merged: self.labels(&[Cause::Merge]),
            transitions: &self.transitions,
            classes: &self.classes,
            annotators: &self.annotators,
            kinds: &self.kinds,
            churn: self.churn,
        };
        map.serialize_entry("labels", &labels)?;
        if !self.splits.is_empty() {
            map.serialize_entry("splits", &self.splits)?;
        }
        map.serialize_entry("step", self.step)?;
        if self.filtered {
            map.serialize_entry("filtered", &true)?;
        }
        if let Some(hint) = &self.hint {
            map.serialize_entry("hint", hint)?;
        }
        map.end()
    }
}
