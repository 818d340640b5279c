//! Objects: every kind that a repository holds, how its bytes read, and where objects come from.
//!
//! Invariant: an object's id is the BLAKE3 of its bytes and it has no kind of its own; the field
//! that refers to it decides how it is read. Decoding accepts exactly what encoding writes, so one
//! value has one id. Nothing here does I/O. Layouts: docs/format.md.

mod analysis;
mod attachments;
pub mod changes;
mod commit;
mod content;
mod error;
mod evaluation;
mod json;
mod manifest;
mod memory;
mod operation;
mod scorecard;
mod snapshot;
mod source;
pub mod tree;
mod view;

pub use analysis::{
    AnalysedRecords, Analysis, AnalysisDefinition, ImportedFile, WorkList, WorkRow,
};
pub use attachments::{Attachment, AttachmentKind, Attachments};
pub use commit::{Commit, GateOverride, GateVerdict, OverriddenGate};
pub use content::Content;
pub use error::Error;
pub use evaluation::{
    CalibrationBin, ConfusionCounts, Definition, Evaluation, Predictions, ScoreRatio, TestSet,
    TrainSet,
};
pub use json::{Int, Kind, decode, encode, get, put};
pub use manifest::{ChunkEntry, Manifest, ManifestBuilder, ManifestRoot};
pub use memory::MemoryStore;
pub use operation::{Operation, Written};
pub use scorecard::{
    DatasetScore, FieldSchema, FieldState, FileDialect, Joint, Numbers, RatingState,
    Result as MetricResult, Schema, Scorecard, State, TextState, Values, Violations,
};
pub use snapshot::{EntryKind, FileEntry, Snapshot, SnapshotBuilder, SnapshotChange};
pub use source::{Near, ObjectSink, ObjectSource};
pub use tree::Outline;
pub use view::{Head, Pending, RefEntry, Refs, View, WorktreeState};

#[cfg(test)]
mod tests;
