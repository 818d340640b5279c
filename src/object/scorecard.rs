//! Scorecards and the states and schemas they name. Layout: docs/format.md, "Scorecard".
//!
//! Invariant: a pure function of the snapshot, its dver.toml and the definition versions: integers
//! and ratios of integers, and nothing of time, host, parent or commit.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::base::{ObjectId, RepoPath, Text};

use super::json::{Int, Kind};

/// The sealed quality result of one snapshot.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Scorecard {
    /// The snapshot that was measured.
    pub snapshot: ObjectId,
    /// The content of its dver.toml.
    pub declaration: Option<ObjectId>,
    /// The data sets in order of names.
    pub datasets: Vec<DatasetScore>,
}

impl Kind for Scorecard {
    const KIND: &'static str = "scorecard 1";
}

/// What was measured of one data set.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct DatasetScore {
    /// Its name in dver.toml.
    pub name: String,
    /// How many records it has.
    pub records: u64,
    /// Its schema, a [`Schema`].
    pub schema: ObjectId,
    /// Its state, a [`State`].
    pub state: ObjectId,
    /// The files of record formats that it was read from, with their dialects, by path.
    pub files: Vec<FileDialect>,
    /// The metrics, ordered by name, field and class.
    pub results: Vec<Result>,
}

/// How one file was read.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct FileDialect {
    /// The file.
    pub path: RepoPath,
    /// Its dialect as names and values, such as `encoding` -> `utf-8`.
    pub dialect: BTreeMap<String, String>,
}

/// One sealed number.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Result {
    /// The metric.
    pub name: String,
    /// The field that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// The label class that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// The numerator; `None` where the metric is undefined here. A metric that is no ratio of
    /// two integers (entropy) is derived from the state when read, and is not sealed by itself.
    pub num: Option<Int>,
    /// The denominator: 1 for counts.
    pub den: Int,
    /// The version of the metric's definition.
    pub version: u32,
    /// Why it is undefined, or what else a reader must know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// The fields of a data set: declared and inferred.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Schema {
    /// The format, such as `csv`.
    pub format: String,
    /// The fields of the key; empty where identity is by content.
    pub key: Vec<String>,
    /// The fields in the order of the files.
    pub fields: Vec<FieldSchema>,
}

impl Kind for Schema {
    const KIND: &'static str = "schema 1";
}

/// One field.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct FieldSchema {
    /// Its name.
    pub name: String,
    /// Its type: `null`, `boolean`, `integer`, `float`, `date`, `datetime`, `string`, `list` or
    /// `object`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its roles, in the order of the role list; a field without a role is a feature.
    pub roles: Vec<String>,
    /// Whether a record has no value for it.
    pub nullable: bool,
    /// What stands between the classes of a label field's sets, where they are texts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub separator: Option<String>,
    /// The classes of a label field, sorted, of sets those that they name; `None` for other fields.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub classes: Option<Vec<Text>>,
}

/// The additive integer statistics of a data set's records.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct State {
    /// How many records there are.
    pub records: u64,
    /// The sum mod 2^256 of the BLAKE3 of each framed record, as 64 hex digits.
    pub digest: String,
    /// Counts of problems by name, such as `ragged`; those that are not zero.
    pub problems: BTreeMap<String, u64>,
    /// Each field's state, in the order of the schema.
    pub fields: Vec<FieldState>,
    /// Joint tables, each a [`Joint`].
    pub joint: Vec<ObjectId>,
    /// Records that break a rule about the values of a field: all rules, in the order of names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub violations: Vec<Violations>,
    /// What is counted of fields of texts, in the order of the roles.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub texts: Vec<TextState>,
    /// Ratings of items by several annotators.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ratings: Option<RatingState>,
}

/// How many records break one rule.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Violations {
    /// The field.
    pub field: String,
    /// The rule, as dver.toml calls it.
    pub rule: String,
    /// The records; `None` where it cannot be told.
    pub records: Option<u64>,
}

/// What is counted of one field of texts: records by name, those that are not zero.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct TextState {
    /// The field.
    pub field: String,
    /// By the script of most letters.
    pub scripts: BTreeMap<String, u64>,
    /// By what is wrong with the text.
    pub defects: BTreeMap<String, u64>,
    /// By kind of personal data in it.
    pub pii: BTreeMap<String, u64>,
}

/// The agreement of ratings, as integers that add up. Formulas: docs/agreement.md.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RatingState {
    /// The field of the ratings; `None` of a wide table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// The scale of measurement; `None` where it is nominal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scale: Option<String>,
    /// The classes in order.
    pub classes: Vec<Text>,
    /// Rows of four numbers: m, two classes `k <= l` by their places, and a sum over the items of
    /// m ratings: of c_k (c_l - [k = l]) where m > 1, of c_k where m is 1. Those that are not zero.
    pub sums: Vec<(u32, u16, u16, u64)>,
    /// Of a wide table the annotators: its label fields.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub annotators: Vec<String>,
    /// Of a wide table rows of five numbers: two annotators by their places, the first one first,
    /// the class of each, and how many records have both. Those that are not zero.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pairs: Vec<(u16, u16, u16, u16, u64)>,
}

impl Kind for State {
    const KIND: &'static str = "state 1";
}

/// The state of one field.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct FieldState {
    /// The field.
    pub name: String,
    /// Values by parse class (`null`, `integer` ...); those that are not zero.
    pub counts: BTreeMap<String, u64>,
    /// The sum mod 2^128 of the XXH3-128 of each value, as 32 hex digits.
    pub digest: String,
    /// How many distinct values there are; `None` above 65,536, save for a field that alone is
    /// the key or the content.
    pub distinct: Option<u64>,
    /// Where there are more than 65,536 values: how many cells of each level of the sketch of
    /// distinct values are not empty. Cells and estimate: docs/quality.md, "Distinct values".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sketch: Option<Vec<u64>>,
    /// The numbers by their size, a [`Numbers`]; `None` where the values are sealed, of keys and
    /// texts, and where not all values are numbers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub numbers: Option<ObjectId>,
    /// The values with their counts, a [`Values`]; `None` where the field is neither label, split
    /// nor annotator and has more than 1,024 values.
    pub values: Option<ObjectId>,
}

/// How many numbers a field has by their two leading digits and power of ten.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Numbers {
    /// Rows in the order of the numbers: leading digits (-99 to -10, 0, 10 to 99), power of ten,
    /// count. A row counts the numbers from digits x 10^power on, and away from zero up to the next.
    pub bins: Vec<(i64, i64, u64)>,
}

impl Kind for Numbers {
    const KIND: &'static str = "numbers 1";
}

/// How often each value of a field stands in a data set.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Values {
    /// Value and count, ordered by the value's bytes.
    pub values: Vec<(Text, u64)>,
}

impl Kind for Values {
    const KIND: &'static str = "values 1";
}

/// How often each pair of values of two fields stands in a data set.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Joint {
    /// The two fields.
    pub fields: (String, String),
    /// Both values, null where missing, and the count; ordered by the values.
    pub counts: Vec<(Option<Text>, Option<Text>, u64)>,
}

impl Kind for Joint {
    const KIND: &'static str = "joint 1";
}
