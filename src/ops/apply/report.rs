//! What became of a list.

use serde::Serialize;
use serde::ser::{SerializeMap as _, Serializer};

use crate::base::RepoPath;
use crate::diff::Value;

/// Why something was not written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Why {
    /// No record has the key, or is the one that the list names.
    UnknownKey,
    /// Several records have the key, or the list says two different things of one.
    AmbiguousKey,
    /// The label is neither the one that the list was made from nor the one that it suggests.
    Stale {
        /// The label that is there.
        found: Value,
    },
    /// A class that the data set does not declare.
    UnknownClass {
        /// The class.
        class: String,
    },
    /// No label field of that name.
    UnknownField,
    /// The file cannot hold the label.
    NotWritable {
        /// Why not.
        reason: String,
    },
}

impl Why {
    /// Returns the word for scripts.
    pub fn name(&self) -> &'static str {
        match self {
            Self::UnknownKey => "unknown_key",
            Self::AmbiguousKey => "ambiguous_key",
            Self::Stale { .. } => "stale",
            Self::UnknownClass { .. } => "unknown_class",
            Self::UnknownField => "unknown_field",
            Self::NotWritable { .. } => "not_writable",
        }
    }
}

/// An entry of the list that was refused.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refused {
    /// Its place in the list, counted from 0.
    pub at: usize,
    /// The data set.
    pub dataset: String,
    /// The key.
    pub key: Vec<Option<String>>,
    /// The label field.
    pub field: Option<String>,
    /// Why.
    pub why: Why,
}

impl Serialize for Refused {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("dataset", &self.dataset)?;
        map.serialize_entry("key", &self.key)?;
        if let Some(field) = &self.field {
            map.serialize_entry("field", field)?;
        }
        map.serialize_entry("why", self.why.name())?;
        match &self.why {
            Why::Stale { found } => map.serialize_entry("found", found)?,
            Why::UnknownClass { class } => map.serialize_entry("class", class)?,
            Why::NotWritable { reason } => map.serialize_entry("reason", reason)?,
            Why::UnknownKey | Why::AmbiguousKey | Why::UnknownField => {}
        }
        map.end()
    }
}

/// What became of a list.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Report {
    /// How many labels were written.
    pub applied: u64,
    /// How many were there already.
    pub already: u64,
    /// How many entries decide nothing.
    pub undecided: u64,
    /// How many entries say what another one says.
    pub repeated: u64,
    /// How many entries are of data sets that were not asked for.
    pub left_out: u64,
    /// How many decided entries do not say what the label was.
    pub without_base: u64,
    /// How many records got the reason written into them.
    pub reasons: u64,
    /// What was refused, in the order of the list.
    pub refused: Vec<Refused>,
    /// The files that changed, or would.
    pub files: Vec<RepoPath>,
}
