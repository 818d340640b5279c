//! Verbs: one file per command, each `(&mut Repo, options) -> report`.
//!
//! Invariant: prints nothing and reads no environment. A verb changes the repository through
//! `transaction` alone.

mod assess;
mod beside_git;
mod condition;
mod declare;
mod error;
mod examples;
mod features;
mod files;
mod follow;
mod gates;
mod lookup;
mod rewritten;
mod rows;
mod sealed;
mod stage;
mod transaction;
mod watched;
mod working;

pub mod add;
pub mod agree;
pub mod analysis;
pub mod apply;
pub mod bench;
pub mod bisect;
pub mod blame;
pub mod branch;
pub mod card;
pub mod cat;
pub mod check;
pub mod checkout;
mod churn;
pub mod commit;
pub mod dataset;
pub mod diff;
mod drift;
pub mod eval;
pub mod find;
pub mod fsck;
pub mod gc;
pub mod hook;
pub mod init;
pub mod log;
pub mod ls;
pub mod metrics;
pub mod op_log;
pub mod partial;
pub mod paths;
pub mod plain;
pub mod quality;
pub mod reindex;
pub mod remote;
pub mod restore_head;
pub mod review;
pub mod rm;
pub mod show;
pub mod sql;
pub mod status;
pub mod tag;
pub mod trace;
pub mod undo;
pub mod value;
pub mod verify;

pub use beside_git::{BesideGit, LockState};
pub use error::{Error, HeadCandidate};
pub use examples::Example;
pub use gates::{Gated, Violation};
