//! One file per command: its arguments, whose documentation is its help, and how it runs.

pub(super) mod branch;
pub(super) mod cat;
pub(super) mod completions;
pub(super) mod init;
pub(super) mod ls;
pub(super) mod op;
pub(super) mod reindex;
pub(super) mod sql;
pub(super) mod tag;
