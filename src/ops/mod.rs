//! Verbs: one file per command, each `(&mut Repo, options) -> report`.
//!
//! Invariant: prints nothing and reads no environment. A verb changes the repository through
//! `transaction` alone.

mod error;
pub mod paths;
mod transaction;

pub mod branch;
pub mod cat;
pub mod init;
pub mod log;
pub mod ls;
pub mod op_log;
pub mod reindex;
pub mod sql;
pub mod tag;

pub use error::Error;
