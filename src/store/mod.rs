//! The store: immutable packs of objects, the only place where objects live.
//!
//! Invariant: an object is what its id names, whatever codec keeps it; packs arrive whole by
//! rename and never change; a content row is visible only when all it needs is durable. Nothing
//! here knows what an object means, except that content rows name manifests. Layout:
//! docs/format.md, "Packs".

mod based;
mod bases;
mod cache;
mod chain;
mod codec;
mod compressed;
mod copies;
mod encoder;
mod frame;
mod merge;
mod pack;
mod pack_file;
mod repack;
#[allow(clippy::module_inception)] // the store itself is the store
mod store;
mod table;
mod verify;
mod writer;

pub use compressed::{compressed, decompressed};
pub use merge::{MergePlan, Merged};
pub use pack::PackId;
pub use pack_file::remove_leftovers;
pub use repack::{Amount, Live, RepackPlan};
pub use store::{PackInfo, Store};
pub use verify::{Damage, DamageKind, PackReport, Visit};
pub use writer::{PackWriter, WriterTotals};

#[cfg(test)]
mod tests;
