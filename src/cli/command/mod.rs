//! One file per command, or per few that belong together: the arguments, whose documentation is
//! the help, and how it runs.

pub(crate) mod add;
pub(crate) mod agree;
pub(crate) mod apply;
pub(crate) mod blame;
pub(crate) mod branch;
pub(crate) mod card;
pub(crate) mod cat;
pub(crate) mod check;
pub(crate) mod checkout;
pub(crate) mod commit;
pub(crate) mod completions;
pub(crate) mod dataset;
pub(crate) mod diff;
pub(crate) mod eval;
pub(crate) mod find;
pub(crate) mod fsck;
pub(crate) mod gc;
pub(crate) mod init;
pub(crate) mod log;
pub(crate) mod ls;
pub(crate) mod op;
pub(crate) mod quality;
pub(crate) mod reindex;
pub(crate) mod remote;
pub(crate) mod show;
pub(crate) mod sql;
pub(crate) mod status;
pub(crate) mod tag;
pub(crate) mod tour;
pub(crate) mod trace;
pub(crate) mod verify;
