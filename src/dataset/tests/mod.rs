//! Tests of patterns, declarations, tables and inference.

mod cutter;
mod pattern;
