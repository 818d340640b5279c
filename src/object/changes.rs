//! Change sets: what one commit did relative to one parent. Layout: docs/format.md, "Change set".
//!
//! A *head* with counts and facts that hold no keys, and a *body*: a tree of rows ordered by data
//! set and key. Keys stay out of the head so that a record can be forgotten without it.

use serde::{Deserialize, Serialize};

use crate::base::varint::{self, Malformed, Reader};
use crate::base::{ObjectId, RepoPath, Text};

use super::json::Kind;
use super::tree::{self, Entry};

/// The head of a change set.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ChangeSet {
    /// The parent's snapshot; `None` for a first commit.
    pub before: Option<ObjectId>,
    /// The commit's snapshot.
    pub after: ObjectId,
    /// Who committed, as `Name <mail>`: the default for every row.
    pub author: String,
    /// `human`, `model`, `rule` or `import`: the default for every row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The reason code: the default for every row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Files by what happened to them.
    pub files: FileCounts,
    /// The data sets that changed, in order of names.
    pub datasets: Vec<DatasetChanges>,
    /// The tree of [`Row`]s; `None` where there are none.
    pub body: Option<ObjectId>,
}

impl Kind for ChangeSet {
    const KIND: &'static str = "changes 2";
}

/// How many files were added, removed, modified and renamed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct FileCounts {
    /// Only in the newer snapshot.
    pub added: u64,
    /// Only in the older snapshot.
    pub removed: u64,
    /// In both, with another content or kind.
    pub modified: u64,
    /// The same content under another path.
    pub renamed: u64,
}

/// What happened to one data set.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct DatasetChanges {
    /// Its name.
    pub name: String,
    /// Counts of records.
    pub records: RecordCounts,
    /// Counts of label changes and the transition matrix.
    pub labels: LabelCounts,
    /// Schema and vocabulary changes, in order.
    pub schema: Vec<SchemaChange>,
    /// Changes by split, where the data set declares one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub splits: Vec<SplitCount>,
    /// The version step as Croissant defines it: `none`, `patch`, `minor` or `major`.
    pub step: String,
    /// The labelling guideline in force.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guideline: Option<Guideline>,
    /// Whether the body holds all rows of this data set; otherwise readers recompute them.
    pub rows: bool,
}

/// Counts of records between two versions.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct RecordCounts {
    /// In the older version.
    pub before: u64,
    /// In the newer version.
    pub after: u64,
    /// Without a match in the older version.
    pub added: u64,
    /// Without a match in the newer version.
    pub removed: u64,
    /// Matched, with a changed field that both versions have; class renames do not count.
    pub modified: u64,
    /// Matched and equal by value, with a value written otherwise.
    pub respelled: u64,
    /// Matched but out of order; `None` where keys repeat.
    pub moved: Option<u64>,
}

/// Counts of label changes by cause, with the transition matrix.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct LabelCounts {
    /// Changed labels of kept records.
    pub relabelled: u64,
    /// Labels whose class was renamed (swaps too).
    pub renamed: u64,
    /// Labels whose class was split.
    pub split: u64,
    /// Labels whose class was merged into another.
    pub merged: u64,
    /// Counts by field, from, to and cause, in that order.
    pub transitions: Vec<Transition>,
}

/// How many labels went from one class to another.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Transition {
    /// The label field.
    pub field: String,
    /// The class before.
    pub from: Option<Text>,
    /// The class after.
    pub to: Option<Text>,
    /// Why: see [`Cause`].
    pub cause: Cause,
    /// How many labels.
    pub count: u64,
}

/// What happened to the records of a split.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct SplitCount {
    /// The split, as the data or the path say.
    pub split: Option<String>,
    /// Records added to it.
    pub added: u64,
    /// Records removed from it.
    pub removed: u64,
    /// Relabels of records that are in it now.
    pub relabelled: u64,
    /// Kept records that came into it from another split.
    pub came: u64,
    /// Kept records that left it for another split.
    pub left: u64,
}

/// Why a label changed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Cause {
    /// The record got another label.
    Relabel,
    /// Its class got another name.
    Rename,
    /// Its class was divided.
    Split,
    /// Its class went into another.
    Merge,
    /// Two classes exchanged their names.
    Swap,
}

impl Cause {
    /// All causes.
    pub const ALL: [Self; 5] = [
        Self::Relabel,
        Self::Rename,
        Self::Split,
        Self::Merge,
        Self::Swap,
    ];

    /// Returns the word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Relabel => "relabel",
            Self::Rename => "rename",
            Self::Split => "split",
            Self::Merge => "merge",
            Self::Swap => "swap",
        }
    }

    /// Returns the cause of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|cause| cause.name() == name)
    }
}

/// A change of schema or vocabulary, as `diff --json` prints it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SchemaChange {
    /// `field_added`, `class_renamed` ...: the list stands in docs/diff.md.
    pub change: String,
    /// The field that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// What it was.
    pub from: serde_json::Value,
    /// What it is.
    pub to: serde_json::Value,
    /// How many records it touches.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
    /// Why it is believed, where it was inferred.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<String>,
    /// `compatible` or `breaking`.
    pub verdict: String,
}

/// A labelling guideline as of one version.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Guideline {
    /// Its path.
    pub path: RepoPath,
    /// Its content; `None` where the snapshot has no such file.
    pub content: Option<ObjectId>,
}

/// How a row names its record.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub enum RowKey {
    /// By the values of its key fields; a missing part is `None`.
    Key(Vec<Option<String>>),
    /// Without a key: by the id of its framed content, and its place.
    Content(ObjectId, u64),
}

/// What a row says of its record.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum RowChange {
    /// The record was added.
    Added,
    /// The record was removed.
    Removed,
    /// A label of the record changed.
    Label(LabelChange),
}

/// A changed label with what the data themselves say about the change.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LabelChange {
    /// The label field.
    pub field: String,
    /// The label before.
    pub from: Option<String>,
    /// The label after.
    pub to: Option<String>,
    /// Why.
    pub cause: Cause,
    /// The annotator before, where the data say one.
    pub annotator_before: Option<String>,
    /// The annotator after, where the data say one.
    pub annotator: Option<String>,
    /// The record's own source, overriding the head's.
    pub source: Option<String>,
    /// The record's own reason, overriding the head's.
    pub reason: Option<String>,
    /// The record's own guideline, overriding the head's.
    pub guideline: Option<String>,
}

/// One row of a change set's body.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Row {
    /// The data set.
    pub dataset: String,
    /// The record.
    pub key: RowKey,
    /// Its place in the newer version, in the older one for removed records, counted from 1 over
    /// the files in path order.
    pub place: u64,
    /// The split that it is in, or was in when it was removed.
    pub split: Option<String>,
    /// What happened to it.
    pub change: RowChange,
    sort_key: Vec<u8>,
}

impl Row {
    /// Builds a row of a record, given by its key and its place.
    pub fn new(
        dataset: &str,
        (key, place): (RowKey, u64),
        split: Option<String>,
        change: RowChange,
    ) -> Self {
        let mut sort_key = Self::prefix(dataset, &key);
        match &change {
            RowChange::Added => sort_key.push(1),
            RowChange::Removed => sort_key.push(2),
            RowChange::Label(label) => {
                sort_key.push(3);
                ordered(&mut sort_key, label.field.as_bytes());
            }
        }
        Self {
            dataset: dataset.to_owned(),
            key,
            place,
            split,
            change,
            sort_key,
        }
    }

    /// Returns the bytes with which the sort keys of all rows of one record begin.
    pub fn prefix(dataset: &str, key: &RowKey) -> Vec<u8> {
        let mut out = Vec::new();
        ordered(&mut out, dataset.as_bytes());
        match key {
            RowKey::Key(parts) => {
                out.push(1);
                for part in parts {
                    match part {
                        None => out.push(1),
                        Some(text) => {
                            out.push(2);
                            ordered(&mut out, text.as_bytes());
                        }
                    }
                }
                out.push(0);
            }
            RowKey::Content(id, ordinal) => {
                out.push(2);
                out.extend_from_slice(id.as_bytes());
                out.extend_from_slice(&ordinal.to_be_bytes());
            }
        }
        out
    }
}

/// Appends bytes so that the result sorts as they do and ends visibly: each 0 is written as
/// `0 255`, and `0 0` ends them.
pub fn ordered(out: &mut Vec<u8>, bytes: &[u8]) {
    for &byte in bytes {
        out.push(byte);
        if byte == 0 {
            out.push(255);
        }
    }
    out.extend_from_slice(&[0, 0]);
}

impl Entry for Row {
    const KIND: u8 = 4;

    fn encode(&self, out: &mut Vec<u8>) {
        varint::write_bytes(out, self.dataset.as_bytes());
        match &self.key {
            RowKey::Key(parts) => {
                out.push(0);
                varint::write(out, parts.len() as u64);
                parts.iter().for_each(|part| optional(out, part.as_deref()));
                varint::write(out, self.place);
            }
            RowKey::Content(id, ordinal) => {
                out.push(1);
                out.extend_from_slice(id.as_bytes());
                varint::write(out, *ordinal);
            }
        }
        optional(out, self.split.as_deref());
        match &self.change {
            RowChange::Added => out.push(0),
            RowChange::Removed => out.push(1),
            RowChange::Label(label) => {
                out.push(2);
                varint::write_bytes(out, label.field.as_bytes());
                out.push(label.cause as u8);
                for value in [
                    &label.from,
                    &label.to,
                    &label.annotator_before,
                    &label.annotator,
                    &label.source,
                    &label.reason,
                    &label.guideline,
                ] {
                    optional(out, value.as_deref());
                }
            }
        }
    }

    fn decode(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let dataset = text(reader, "the name of a data set")?;
        let (key, place) = match reader.byte("the kind of a key")? {
            0 => {
                let count = reader.bounded(4096, "the number of key fields")?;
                let parts = (0..count)
                    .map(|_| optional_text(reader))
                    .collect::<Result<_, _>>()?;
                (RowKey::Key(parts), reader.varint()?)
            }
            1 => {
                let (id, place) = (ObjectId(reader.array("a content id")?), reader.varint()?);
                (RowKey::Content(id, place), place)
            }
            _ => return Err(reader.malformed("the kind of a key")),
        };
        let split = optional_text(reader)?;
        let change = match reader.byte("the kind of a change")? {
            0 => RowChange::Added,
            1 => RowChange::Removed,
            2 => RowChange::Label(LabelChange {
                field: text(reader, "the name of a field")?,
                cause: match reader.byte("the cause of a change")? {
                    0 => Cause::Relabel,
                    1 => Cause::Rename,
                    2 => Cause::Split,
                    3 => Cause::Merge,
                    4 => Cause::Swap,
                    _ => return Err(reader.malformed("the cause of a change")),
                },
                from: optional_text(reader)?,
                to: optional_text(reader)?,
                annotator_before: optional_text(reader)?,
                annotator: optional_text(reader)?,
                source: optional_text(reader)?,
                reason: optional_text(reader)?,
                guideline: optional_text(reader)?,
            }),
            _ => return Err(reader.malformed("the kind of a change")),
        };
        Ok(Self::new(&dataset, (key, place), split, change))
    }

    fn key(&self) -> &[u8] {
        &self.sort_key
    }

    fn cut_hash(&self) -> u64 {
        tree::cut_hash(&self.sort_key)
    }
}

fn text(reader: &mut Reader<'_>, what: &'static str) -> Result<String, Malformed> {
    let bytes = reader.bytes(what)?;
    std::str::from_utf8(bytes)
        .map(str::to_owned)
        .map_err(|_| reader.malformed("UTF-8"))
}

fn optional(out: &mut Vec<u8>, value: Option<&str>) {
    match value {
        None => out.push(0),
        Some(text) => {
            out.push(1);
            varint::write_bytes(out, text.as_bytes());
        }
    }
}

fn optional_text(reader: &mut Reader<'_>) -> Result<Option<String>, Malformed> {
    match reader.byte("whether there is a value")? {
        0 => Ok(None),
        1 => text(reader, "a value").map(Some),
        _ => Err(reader.malformed("whether there is a value")),
    }
}
