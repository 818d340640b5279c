//! Tests of the diff engine.

mod files;
mod filtered;
mod hostile;
mod meaning;
mod oracle;
mod real;
mod scale;
mod sheet;
mod stored;
