//! Chunks: where a run of bytes is cut, by content, so that an edit moves few boundaries.
//!
//! Invariant: this box knows bytes only. Where records end is told by the caller, what they mean
//! is nobody's business here; and boundaries are a pure function of the bytes and parameters.
//! The hashes are part of the format: docs/format.md, "Cutting".

mod bytes;
mod hash;
mod records;

pub use bytes::ByteCutter;
pub use hash::Anchor;
pub use records::{Boundary, RecordCutter};

/// What one finished chunk is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Cut {
    /// Its length in bytes.
    pub length: usize,
    /// Records that start in it.
    pub records: u32,
    /// Line feeds in it.
    pub lines: u32,
    /// Whether it holds what stands before the first record: byte order mark and header.
    pub header: bool,
    /// Whether it goes on inside the record that the chunk before it began.
    pub continued: bool,
    /// The hash of its first record's prefix, by which the next version finds it again.
    pub anchor: Option<u32>,
}

#[cfg(test)]
mod tests;
