//! Frames: what a pack is a sequence of. Layout: docs/format.md, "Packs".
//!
//! Invariant: a frame says how long it is and how long its members are whatever its codec, so a
//! pack can be walked from front to back without its table. Lengths are bounded before use.

use std::ops::Range;

use crate::base::varint::{self, Malformed, Reader};

use super::codec::{Bases, Codec, Fault};

/// The largest object, and the largest sum of a frame's members, in raw bytes.
pub(super) const MAX_RAW: u64 = 64 << 20;
/// The most members of one frame: a locator numbers them in 16 bits.
pub(super) const MAX_MEMBERS: u64 = 1 << 16;
/// The byte that stands where the next frame would begin, after the last one.
pub(super) const END: u8 = 0;

/// One frame, read from a pack but not decoded.
pub(super) struct Frame<'a> {
    codec: u8,
    /// The raw length of each member.
    pub(super) lengths: Vec<u32>,
    /// The sum of the lengths, at most [`MAX_RAW`].
    pub(super) raw_size: usize,
    body: &'a [u8],
    /// How many bytes the whole frame takes in the pack.
    pub(super) size: usize,
}

impl<'a> Frame<'a> {
    /// Reads the frame at the front of `bytes`; `None` where the end mark stands there.
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Option<Self>, Malformed> {
        let mut reader = Reader::new(bytes);
        let codec = reader.byte("a frame")?;
        if codec == END {
            return Ok(None);
        }
        let rest = reader.bytes("a frame that ends before the table")?;
        let size = reader.offset();
        let mut reader = Reader::new(rest);
        let members = reader.bounded(MAX_MEMBERS, "a number of members")?;
        let mut lengths = Vec::with_capacity(members.min(1024) as usize);
        let mut left = MAX_RAW;
        for _ in 0..members {
            let length = reader.bounded(left, "the raw length of a member")?;
            left -= length;
            lengths.push(length as u32); // at most MAX_RAW
        }
        Ok(Some(Self {
            codec,
            lengths,
            raw_size: (MAX_RAW - left) as usize,
            body: reader.rest(),
            size,
        }))
    }

    /// Returns whether another writer might make the frame smaller by trying harder.
    pub(super) fn is_compressed(&self) -> bool {
        self.codec != Codec::Stored as u8
    }

    /// Returns where a member lies in the decoded bytes.
    pub(super) fn member(&self, index: u16) -> Result<Range<usize>, Fault> {
        let index = usize::from(index);
        let length = *self
            .lengths
            .get(index)
            .ok_or(Fault::NoMember(index as u16))?;
        let start: usize = self.lengths[..index].iter().map(|&l| l as usize).sum();
        Ok(start..start + length as usize)
    }

    /// Returns the raw bytes of all members, one after the other.
    pub(super) fn decode(&self, bases: &mut Bases<'_>) -> Result<Vec<u8>, Fault> {
        Codec::from_mark(self.codec)?.decode(self.body, self.raw_size, bases)
    }
}

/// Returns a whole frame of members that lie one after the other in `raw`.
pub(super) fn encode(lengths: &[u32], raw: &[u8], level: i32) -> Vec<u8> {
    // The head before the body is at most this long; it is moved into place once the body's
    // length is known.
    let mut rest = Vec::with_capacity(raw.len() / 2 + 5 * lengths.len() + 5);
    varint::write(&mut rest, lengths.len() as u64);
    for &length in lengths {
        varint::write(&mut rest, u64::from(length));
    }
    let codec = Codec::encode(raw, &mut rest, level);
    let mut frame = Vec::with_capacity(rest.len() + 11);
    frame.push(codec as u8);
    varint::write_bytes(&mut frame, &rest);
    frame
}
