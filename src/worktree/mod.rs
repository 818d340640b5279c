//! Working files: found, compared with a snapshot, taken into the store, and written back.
//!
//! Invariants: what stands in no snapshot is never overwritten unless the caller says so; a file
//! that moves while it is read is never taken for a version; the stat cache may forget a file but
//! never speaks for one that could have changed unseen.

mod apply;
mod before;
mod cache;
mod error;
mod ignore_rules;
mod ingest;
mod origin;
mod overlay;
mod plan;
mod read;
mod scan;
mod stat;
mod stream;
mod taken;
mod walk;

pub use apply::Applied;
pub use cache::{StatCache, filesystem_time};
pub use error::{Error, Finding, Problem};
pub use ingest::{Declared, Ingest, Ingested, Previous, ingest};
pub use origin::{missing, origins};
pub use overlay::Overlay;
pub use plan::{Conflict, Plan, Reason, WriteAction, plan, plan_changes};
pub use scan::{Modified, Scan, WorkEntry, scan, scan_walked};
pub use stat::{Found, Stat, WorkFile, is_beyond_symlink, look};
pub use taken::Taken;
pub use walk::{Walked, is_left_out, walk};

#[cfg(test)]
mod tests;
