//! What replaces a stretch of a record.

use std::ops::Range;

use super::super::encoding::Encoding;
use super::error::RewriteError;

/// New bytes in the place of others.
#[derive(Debug)]
pub(super) struct Splice {
    /// What goes, in the record's text.
    pub(super) at: Range<usize>,
    /// What comes.
    pub(super) with: With,
    /// Whose value it is.
    pub(super) field: String,
}

/// Text to be encoded with bytes that are encoded already.
#[derive(Debug)]
pub(super) struct With {
    pub(super) before: String,
    pub(super) bytes: Vec<u8>,
    pub(super) after: String,
}

impl With {
    pub(super) fn text(text: String) -> Self {
        Self {
            before: text,
            bytes: Vec::new(),
            after: String::new(),
        }
    }

    pub(super) fn bytes(bytes: &[u8]) -> Self {
        Self {
            before: String::new(),
            bytes: bytes.to_vec(),
            after: String::new(),
        }
    }
}

impl Splice {
    pub(super) fn write(&self, encoding: Encoding, out: &mut Vec<u8>) -> Result<(), RewriteError> {
        let lacks = || RewriteError::NotEncodable {
            field: self.field.clone(),
            encoding: encoding.name(),
        };
        encoding.encode(&self.with.before, out).ok_or_else(lacks)?;
        out.extend_from_slice(&self.with.bytes);
        encoding.encode(&self.with.after, out).ok_or_else(lacks)
    }
}
