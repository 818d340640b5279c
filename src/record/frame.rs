//! Frames: a record's values in one run of bytes, of which its hash is taken.

use super::batch::{Batch, RecordRef};
use crate::base::varint;

impl RecordRef<'_> {
    /// Appends the record's frame: for each field of `order` that has a value, in that order, the
    /// name, the kind and the text, each with its length. Null and missing leave no trace, so a
    /// field without values does not change the frames.
    #[inline]
    pub fn frame(&self, order: &FrameOrder, out: &mut Vec<u8>) {
        for member in &order.members {
            if let Some(span) = self.span(member.place) {
                append(out, &order.heads, member.start, member.end);
                out.push(span.kind as u8);
                varint::write(out, (span.end - span.start) as u64);
                self.batch().append_to(out, span);
            }
        }
    }
}

/// The fields of a batch sorted by name: the order of frames.
#[derive(Clone, Debug, Default)]
pub struct FrameOrder {
    members: Vec<Member>,
    /// The names with their lengths, and behind them what is never read.
    heads: Vec<u8>,
}

#[derive(Clone, Copy, Debug)]
struct Member {
    place: usize,
    start: usize,
    end: usize,
}

impl FrameOrder {
    /// Returns the places of the fields, in order.
    pub fn places(&self) -> impl Iterator<Item = usize> + '_ {
        self.members.iter().map(|member| member.place)
    }
}

impl Batch {
    /// Returns all fields, sorted by name: the order of frames.
    pub fn frame_order(&self) -> FrameOrder {
        let fields = self.fields();
        let mut places: Vec<usize> = (0..fields.len()).collect();
        places.sort_by(|&a, &b| fields[a].cmp(&fields[b]));
        let mut order = FrameOrder::default();
        for place in places {
            let start = order.heads.len();
            varint::write_bytes(&mut order.heads, fields[place].as_bytes());
            let end = order.heads.len();
            order.members.push(Member { place, start, end });
        }
        order.heads.extend_from_slice(&[0; STEP]);
        order
    }
}

/// How many bytes are copied at once.
const STEP: usize = 16;

/// Appends a stretch of `source`.
///
/// Most are short. Where there are enough bytes behind it, a copy of fixed length that is cut
/// after it takes half the time of one of the right length.
#[inline]
pub(super) fn append(out: &mut Vec<u8>, source: &[u8], start: usize, end: usize) {
    let length = out.len() + (end - start);
    let chunk = source.get(start..).and_then(<[u8]>::first_chunk::<STEP>);
    match chunk {
        Some(chunk) if end - start <= STEP => {
            out.extend_from_slice(chunk);
            out.truncate(length);
        }
        _ => out.extend_from_slice(&source[start..end]),
    }
}
