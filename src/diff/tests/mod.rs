//! Tests of the diff engine.

mod files;
mod meaning;
mod oracle;
mod real;
mod sheet;
mod stored;
