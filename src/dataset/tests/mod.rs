//! Tests of patterns, declarations, tables and inference.

mod pattern;
