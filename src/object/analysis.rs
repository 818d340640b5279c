//! Analyses: what looking for records that need a person found. Layout: docs/format.md, "Analysis".
//!
//! Invariant: integers and texts only; a score is its shortest decimal text, so that it has one
//! spelling. Nothing of time or host, so the same version and definition give the same bytes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::base::ObjectId;

use super::json::Kind;
use super::source::{ObjectSink, ObjectSource};
use super::{Error, json};

/// What one kind of search found in one data set of one version.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Analysis {
    /// The commit whose data were looked at.
    pub commit: ObjectId,
    /// Its snapshot.
    pub snapshot: ObjectId,
    /// What was looked for, such as `label-issues`.
    pub kind: String,
    /// The data set.
    pub dataset: String,
    /// How it was done, an [`AnalysisDefinition`].
    pub definition: ObjectId,
    /// The records that were looked at.
    pub inputs: AnalysedRecords,
    /// What was counted, by name: `found` is how many records were found.
    pub counts: BTreeMap<String, u64>,
    /// The method in words.
    pub method: String,
    /// What a reader must know besides.
    pub notes: Vec<String>,
    /// The records that were found, a [`WorkList`].
    pub list: ObjectId,
}

impl Kind for Analysis {
    const KIND: &'static str = "analysis 1";
}

/// Which records were looked at.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AnalysedRecords {
    /// How many there are.
    pub records: u64,
    /// The sum mod 2^256 of the BLAKE3 of each one's frame, as 64 hex digits: of all records that
    /// of the state.
    pub digest: String,
}

/// How an analysis is done: what must be equal for two to be compared.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AnalysisDefinition {
    /// What is looked for.
    pub kind: String,
    /// The version of the method's definition.
    pub version: u32,
    /// Its parameters.
    pub parameters: BTreeMap<String, String>,
    /// The seed of what is random.
    pub seed: u64,
    /// The data set.
    pub dataset: String,
    /// The fields by role, of the roles that matter.
    pub roles: BTreeMap<String, Vec<String>>,
    /// Which records are looked at; `None` for all.
    pub condition: Option<String>,
    /// The most records that the list holds; `None` for all that were found.
    pub limit: Option<u64>,
    /// The file that was imported, where one was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub imported: Option<ImportedFile>,
}

impl Kind for AnalysisDefinition {
    const KIND: &'static str = "analysis-definition 1";
}

/// A file that an analysis took numbers from. It is named, not needed: where the repository holds
/// the content as a file of some version, the analysis can be proved.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ImportedFile {
    /// What it was called.
    pub name: String,
    /// The BLAKE3 of its bytes.
    pub content: ObjectId,
    /// How many bytes it has.
    pub size: u64,
}

/// The records that were found, ranked.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct WorkList {
    /// The fields of the key; none where records are named by place and id.
    pub key: Vec<String>,
    /// The content fields.
    pub content: Vec<String>,
    /// Those of them that are text.
    pub text: Vec<String>,
    /// The methods that rows name by their places.
    pub methods: Vec<String>,
    /// The records, the most severe first.
    pub rows: Vec<WorkRow>,
}

impl Kind for WorkList {
    const KIND: &'static str = "work-list 1";
}

/// One record that was found.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct WorkRow {
    /// Its place in the version, counted from 1 over the files in path order.
    pub place: u64,
    /// The values of the key, null where missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<Vec<Option<String>>>,
    /// The BLAKE3 of its frame, where the data set has no key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<ObjectId>,
    /// The field that is meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// How far it is what was looked for: the shortest decimal text that reads as the number.
    pub score: String,
    /// The place of its method.
    pub method: u32,
    /// What stands in the field.
    pub label: Option<String>,
    /// What could stand there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suggested: Option<String>,
    /// Why, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl WorkRow {
    /// Returns how a score is written.
    pub fn spelled(score: f64) -> String {
        score.to_string()
    }

    /// Returns the score; `None` where it is not written as scores are.
    pub fn score(&self) -> Option<f64> {
        let score: f64 = self.score.parse().ok()?;
        (Self::spelled(score) == self.score).then_some(score)
    }
}

impl WorkList {
    /// The longest object that holds a list: what a repository takes.
    pub const LONGEST: usize = 64 << 20;

    /// Reads a list and checks that each row is whole.
    pub fn read(source: &dyn ObjectSource, id: &ObjectId) -> Result<Self, Error> {
        let read: Self = json::get(source, id)?;
        let whole = |row: &WorkRow| {
            let named = match (&row.key, row.record) {
                (Some(key), None) => !key.is_empty() && key.len() == read.key.len(),
                (None, Some(_)) => read.key.is_empty(),
                _ => false,
            };
            let has_method = (row.method as usize) < read.methods.len();
            named && has_method && row.place > 0 && row.score().is_some()
        };
        match read.rows.iter().all(whole) {
            true => Ok(read),
            false => Err(Error::corrupt(*id, "its rows are not whole")),
        }
    }

    /// Writes a list; `None` where it is longer than an object may be.
    pub fn write(&self, sink: &mut dyn ObjectSink) -> Result<Option<ObjectId>, Error> {
        let bytes = json::encode(self);
        match bytes.len() <= Self::LONGEST {
            true => sink.put(&bytes).map(Some),
            false => Ok(None),
        }
    }
}
