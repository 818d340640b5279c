//! Refs: views and operations, and `head`, the one file whose replacement makes a change true.
//!
//! Invariant: what `head` names is durable before `head` names it (docs/format.md, "Write order").

mod chain;
mod error;
mod head;
mod names;

pub use chain::{Chain, Change, Current, record};
pub use error::Error;
pub use head::{Head as HeadFile, MAIN_WORKTREE};
pub use names::{check_branch_name, check_tag_name};

#[cfg(test)]
mod tests;
