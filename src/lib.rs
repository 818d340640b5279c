//! dver: git for labelled data sets.
//!
//! The house has floors; a box imports only from floors below it (docs/architecture.md):
//!
//! ```text
//!  8  cli
//!  7  ops
//!  6  attribute  curate
//!  5  evaluate  repo
//!  4  worktree  diff  quality  learn  history  remote
//!  3  refs  dataset
//!  2  store  index  profile
//!  1  object  record  chunk  config
//!  0  base
//! ```

pub mod attribute;
pub mod base;
pub mod chunk;
pub mod cli;
pub mod config;
pub mod curate;
pub mod dataset;
pub mod diff;
pub mod evaluate;
pub mod githost;
pub mod history;
pub mod index;
pub mod learn;
pub mod object;
pub mod ops;
pub mod profile;
pub mod quality;
pub mod record;
pub mod refs;
pub mod remote;
pub mod repo;
pub mod store;
pub mod worktree;
