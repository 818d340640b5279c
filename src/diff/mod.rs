//! Diff: what changed between two versions, as events in a deterministic order.
//!
//! Invariant: the answer is a function of the two versions' files and declarations. Chunks that
//! both sides share are skipped, and whichever manifests are read, whatever the number of
//! threads, the events are the same. Nothing here renders or keeps anything: events go to a sink.

mod candidates;
mod change_set;
mod changed;
mod compare;
mod compose;
mod error;
mod event;

mod fields;
mod files;
mod filter;
mod framed;
mod hint;
mod images;
mod kept;
mod label_kind;
mod likeness;
mod matched;
mod matching;
mod moved;
mod plan;
mod problems;
mod reading;
mod records;
mod renamed;
mod sealed;
mod spool;
mod tables;
mod tally;
mod tell;
mod trimmed;
mod version;
mod vocabulary;

pub use change_set::{ChangeSetBuilder, ChangeSetHeader, MAX_ROWS, row};
pub use compare::Options;
pub use compose::{Step, compose, place_of_rank};
pub use error::Error;
pub use event::{
    AnnotatorCount, CellEvent, ClassCount, Event, EventSink, FileEvent, FileStatus, Identity,
    LabelEvent, ProblemEvent, RecordEvent, RecordStatus, Said, SchemaEvent, SummaryEvent, TextDiff,
    TransitionCount, Value,
};
pub use files::{diff_files, file_events, lines_between};
pub use filter::{EVENT_NAMES, key_parts_given};
pub use label_kind::{ElementCount, KindCount, KindCounts, LabelDetail, LabelKind};
pub use reading::{Side, sorted_set, sorted_text};
pub use sealed::{Ends, Told, rows_of, wants_rows};
pub use tables::{changed_records, diff_known_tables, diff_tables};
pub use trimmed::Differences;

#[cfg(test)]
mod tests;
