//! Layouts: how the bytes of one file read as records.
//!
//! Invariant: a layout is a pure function of the format, the declaration and the first
//! [`HEAD_BYTES`] of the file, so whoever reads a version reads it alike.

use std::ops::Range;
use std::sync::Arc;

use super::batch::Batch;
use super::dialect::{DeclaredDialect, Dialect};
use super::encoding::Encoding;
use super::ends::{RecordEnds, Rule};
use super::format::Format;
use super::{csv, detect, jsonl};

/// How much of a file's start decides how it reads.
pub const HEAD_BYTES: usize = 256 << 10;

/// How the bytes of one file read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Layout {
    /// The format.
    pub format: Format,
    /// The dialect: what is declared, and where nothing is, what was found.
    pub dialect: Dialect,
    /// The names of the fields, in the file's order.
    pub fields: Vec<Arc<str>>,
    /// How many bytes stand before the first record: byte order mark and header.
    pub header_bytes: usize,
}

impl Layout {
    /// Finds out how a file reads. `head` is its first [`HEAD_BYTES`] (more is not looked at),
    /// `whole` says whether that is all of it.
    pub fn detect(format: Format, declared: &DeclaredDialect, head: &[u8], whole: bool) -> Self {
        let whole = whole && head.len() <= HEAD_BYTES;
        let head = &head[..head.len().min(HEAD_BYTES)];
        match format {
            Format::Csv => detect::csv(declared, head, whole),
            Format::Jsonl | Format::Images => detect::jsonl(format, declared, head, whole),
        }
    }

    /// Parses whole records (not the header) and appends them to the batch, which the caller has
    /// reset to fields that begin with the layout's. Adds fields that it meets.
    pub fn parse(&self, bytes: &[u8], batch: &mut Batch) {
        let mut records = Vec::new();
        self.record_ranges(bytes, &mut records);
        match self.format {
            Format::Csv => csv::parse(self, bytes, &records, batch),
            Format::Jsonl | Format::Images => jsonl::parse(self, bytes, &records, batch),
        }
    }

    /// Appends where the records of `bytes` lie, line ends included: one range for each record
    /// that [`Layout::parse`] makes of the same bytes. Empty lines are in no range.
    pub fn record_ranges(&self, bytes: &[u8], out: &mut Vec<Range<usize>>) {
        let rule = self.rule();
        let mut ends = Vec::with_capacity(bytes.len() / 64 + 1);
        RecordEnds::new(rule).scan(bytes, true, &mut ends);
        out.reserve(ends.len());
        let mut start = 0;
        for end in ends {
            if !rule.is_blank(&bytes[start..end]) {
                out.push(start..end);
            }
            start = end;
        }
    }

    /// Returns the state machine that finds where records end.
    pub fn record_ends(&self) -> RecordEnds {
        RecordEnds::new(self.rule())
    }

    pub(super) fn rule(&self) -> Rule {
        rule(
            self.format,
            self.dialect.encoding,
            self.dialect.delimiter,
            self.dialect.quote,
        )
    }
}

pub(super) fn rule(format: Format, encoding: Encoding, delimiter: u8, quote: Option<u8>) -> Rule {
    match format {
        Format::Csv => Rule::csv(encoding, delimiter, quote),
        Format::Jsonl | Format::Images => Rule::lines(encoding),
    }
}
