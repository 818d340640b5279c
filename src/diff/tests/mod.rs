//! Tests of the diff engine.

mod meaning;
mod oracle;
mod real;
mod sheet;
mod stored;
