//! Commits. Layout: docs/format.md, "Commit".

use serde::{Deserialize, Serialize};

use crate::base::{ObjectId, Timestamp};

use super::json::{Int, Kind};

/// One version: a snapshot with what led to it and what it is worth.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Commit {
    /// The commits before it; none for the first one.
    pub parents: Vec<ObjectId>,
    /// Who made it, as `Name <mail>`.
    pub author: String,
    /// When.
    pub time: Timestamp,
    /// Which of `author` and `time` came from environment variables.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub environment: Vec<String>,
    /// What its author says about it.
    pub message: String,
    /// The files.
    pub snapshot: ObjectId,
    /// One change set per parent, in their order; for a first commit, one against nothing.
    pub changes: Vec<ObjectId>,
    /// The sealed quality result of the snapshot.
    pub scorecard: ObjectId,
    /// Why the labels changed, as a code of the team's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What made the changes: `human`, `model`, `rule` or `import`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The verdicts of the gates that were declared.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gates: Vec<GateVerdict>,
    /// That and why gates were overridden.
    #[serde(rename = "override", default, skip_serializing_if = "Option::is_none")]
    pub gate_override: Option<GateOverride>,
}

impl Kind for Commit {
    const KIND: &'static str = "commit 1";
}

/// What a gate found when the commit was made.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct GateVerdict {
    /// The data set.
    pub dataset: String,
    /// The metric, as dver.toml names it.
    pub metric: String,
    /// The bound, such as `<= 0.01`.
    pub bound: String,
    /// The value as a ratio; `None` where it was not measured.
    pub value: Option<(Int, Int)>,
    /// `passed`, `failed` or `unmeasured`.
    pub state: String,
}

/// A sealed override of gates.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct GateOverride {
    /// The author's words.
    pub reason: String,
    /// The gates that it overrides: those that refused when it was given.
    pub gates: Vec<OverriddenGate>,
}

/// A gate that an override covers.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct OverriddenGate {
    /// The data set.
    pub dataset: String,
    /// The metric, as dver.toml names it.
    pub metric: String,
    /// The bound.
    pub bound: String,
}
