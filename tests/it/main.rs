//! The one integration test binary: linking once keeps the build short.

#![allow(clippy::unwrap_used, clippy::disallowed_methods)] // tests may panic and write files

mod agree;
mod analyses;
#[cfg(unix)]
mod apply;
mod bench;
mod bisect;
mod card;
mod concurrent;
mod condition;
mod constraints;
mod contract;
mod country_codes;
mod country_gates;
mod crash;
mod curated;
mod curation;
mod damage;
#[cfg(unix)]
mod derived;
mod diff_examples;
mod embedding;
mod encodings;
mod errors;
mod eval;
mod eval_command;
mod eval_run;
mod find;
mod find_edges;
mod find_examples;
mod findings;
mod flywheel;
mod follow;
mod format;
mod formats;
mod gates;
mod gc;
mod gc_model;
mod git_review;
#[cfg(unix)]
mod githooks;
#[allow(dead_code)] // parts of it wait for tests to come
mod harness;
mod head;
mod help;
mod histories;
#[cfg(unix)]
mod hook_follows;
#[cfg(unix)]
mod hook_layouts;
#[cfg(unix)]
mod hook_leaving;
#[cfg(unix)]
mod hook_places;
#[cfg(unix)]
mod hook_quiet;
#[cfg(unix)]
mod hooks;
mod hostile;
mod images;
mod jsonl;
mod kinds;
mod labels;
mod layers;
mod moved_files;
mod partial;
mod parts;
mod ranges;
mod readme;
mod remote;
mod round_trip;
mod select;
mod slices;
mod tour;
mod trace;
#[cfg(unix)]
mod tree;
mod undo;
mod value;
mod verify;
