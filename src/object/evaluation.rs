//! Evaluations and what they name: definitions and predictions. Layout: docs/format.md, "Evaluation".
//!
//! Invariant: integers only; whatever is a float is derived when it is read. Nothing of time or
//! host, so the same version, definition and predictions give the same bytes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::base::ObjectId;

use super::json::{Int, Kind};
use super::source::{ObjectSink, ObjectSource};
use super::{Error, json};

/// Scores of one fixed model on one version.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Evaluation {
    /// The commit whose data were used.
    pub commit: ObjectId,
    /// Its snapshot.
    pub snapshot: ObjectId,
    /// The name in dver.toml.
    pub name: String,
    /// The data set.
    pub dataset: String,
    /// The label field that was predicted.
    pub field: String,
    /// How it was done, a [`Definition`].
    pub definition: ObjectId,
    /// The training records.
    pub train: TrainSet,
    /// The test records.
    pub test: TestSet,
    /// The scores that are ratios of two integers.
    pub scores: Vec<ScoreRatio>,
    /// What was predicted for what.
    pub confusion: ConfusionCounts,
    /// How sure the model was and how often it was right, where it said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calibration: Option<Vec<CalibrationBin>>,
    /// What was predicted for each record, a [`Predictions`].
    pub predictions: ObjectId,
}

impl Kind for Evaluation {
    const KIND: &'static str = "evaluation 1";
}

/// Which records trained a model.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct TrainSet {
    /// How many there are.
    pub records: u64,
    /// The sum mod 2^256 of a BLAKE3 of each one's key, content and label, as 64 hex digits.
    pub digest: String,
}

/// Which records tested a model.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct TestSet {
    /// How many there are.
    pub records: u64,
    /// The sum of a BLAKE3 of each one's key and content.
    pub inputs: String,
    /// The sum of a BLAKE3 of each one's key and label.
    pub labels: String,
}

/// One sealed score.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ScoreRatio {
    /// Its name, such as `accuracy`.
    pub name: String,
    /// The class that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// The numerator.
    pub num: Int,
    /// The denominator; 0 where the score is undefined.
    pub den: Int,
}

/// A confusion matrix without its zeros.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ConfusionCounts {
    /// The classes in order of their bytes.
    pub classes: Vec<String>,
    /// Places of the true and of the predicted class, and how often; ordered.
    pub counts: Vec<(u32, u32, u64)>,
}

/// The records whose confidence lies in one of fifteen equal bins.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct CalibrationBin {
    /// How many there are.
    pub records: u64,
    /// The sum of their confidences in millionths.
    pub confidence: u64,
    /// How many were predicted right.
    pub correct: u64,
}

/// How an evaluation is done: what must be equal for two to be compared.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Definition {
    /// The learner, or `import`.
    pub learner: String,
    /// Its parameters; of an import the name of the evaluation.
    pub parameters: BTreeMap<String, String>,
    /// The seed of what is random.
    pub seed: u64,
    /// The data set.
    pub dataset: String,
    /// The fields by role, of the roles that matter: key, label, group, content.
    pub roles: BTreeMap<String, Vec<String>>,
    /// Which records train.
    pub train: Option<String>,
    /// Which records test.
    pub test: Option<String>,
    /// The feature map; `None` where dver does not see the features.
    pub features: Option<String>,
    /// The null class of micro F1.
    pub null_class: Option<String>,
    /// The version of the metrics' definitions.
    pub metrics: u32,
}

impl Kind for Definition {
    const KIND: &'static str = "definition 1";
}

/// What was predicted, record by record, in the order of the keys.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Predictions {
    /// The fields of the key.
    pub key: Vec<String>,
    /// The vocabulary that the predictions speak, in order of bytes.
    pub classes: Vec<String>,
    /// The keys.
    pub keys: Vec<Vec<String>>,
    /// The place of each one's class.
    pub predicted: Vec<u32>,
    /// How sure the model was of that class, in millionths.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence: Option<Vec<u32>>,
}

impl Kind for Predictions {
    const KIND: &'static str = "predictions 1";
}

impl Predictions {
    /// The longest object that holds predictions: what a repository takes.
    pub const LONGEST: usize = 64 << 20;

    /// Reads predictions and checks that each record has a class.
    pub fn read(source: &dyn ObjectSource, id: &ObjectId) -> Result<Self, Error> {
        let read: Self = json::get(source, id)?;
        let count = read.keys.len();
        let sure = read.confidence.as_ref();
        let whole = read.predicted.len() == count && sure.is_none_or(|all| all.len() == count);
        let known = |class: &u32| (*class as usize) < read.classes.len();
        if !whole || !read.predicted.iter().all(known) {
            return Err(Error::corrupt(*id, "its predictions are not whole"));
        }
        Ok(read)
    }

    /// Writes predictions; `None` where they are longer than an object may be.
    pub fn write(&self, sink: &mut dyn ObjectSink) -> Result<Option<ObjectId>, Error> {
        let bytes = json::encode(self);
        match bytes.len() <= Self::LONGEST {
            true => sink.put(&bytes).map(Some),
            false => Ok(None),
        }
    }
}
