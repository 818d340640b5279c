//! Frames: what a pack is a sequence of. Layout: docs/format.md, "Packs".
//!
//! Invariant: a frame says how long it is and how long its members are whatever its codec, so a
//! pack can be walked from front to back without its table. Lengths are bounded before use.

use crate::base::ObjectId;
use crate::base::varint::{self, Malformed, Reader};

use super::codec::delta::{self, Prefix, Scripts};
use super::codec::script::Script;
use super::codec::{self, Codec, Effort, Fault, Unpacked};

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
        self.codec == Codec::Zstd as u8
    }

    /// Returns whether its members build on other objects.
    pub(super) fn has_bases(&self) -> bool {
        self.codec == Codec::Delta as u8
    }

    /// Returns for each member what the ids of the objects begin with that it builds on; nothing
    /// where no member builds on others.
    pub(super) fn bases(&self) -> Result<Vec<Vec<Prefix>>, Fault> {
        if !self.has_bases() {
            return Ok(Vec::new());
        }
        let scripts = Scripts::open(self.body, &self.lengths)?;
        let of = |member| scripts.bases(member).unwrap_or_default().to_vec();
        Ok((0..self.lengths.len()).map(of).collect())
    }

    /// Unpacks the body.
    pub(super) fn open(self) -> Result<Opened, Fault> {
        let codec = Codec::from_mark(self.codec)?;
        let unpacked = codec::unpack(codec, self.body, &self.lengths, self.raw_size)?;
        Ok(Opened {
            lengths: self.lengths,
            unpacked,
        })
    }
}

/// Offers bytes of objects whose id begins like the prefix, until one is taken.
pub(super) type Bases<'a> =
    dyn Fn(&Prefix, &mut dyn FnMut(&[u8]) -> bool) -> Result<(), Fault> + 'a;

/// A frame whose body was unpacked: its members can be had one by one.
pub(super) struct Opened {
    lengths: Vec<u32>,
    unpacked: Unpacked,
}

impl Opened {
    /// Returns how many members it has.
    pub(super) fn members(&self) -> usize {
        self.lengths.len()
    }

    /// Returns how many bytes it takes in memory, about.
    pub(super) fn len(&self) -> usize {
        4 * self.lengths.len()
            + match &self.unpacked {
                Unpacked::Raw(raw) => raw.len(),
                Unpacked::Scripts(scripts) => scripts.len(),
            }
    }

    /// Returns what the ids of the objects begin with that a member builds on.
    pub(super) fn bases(&self, index: u16) -> &[Prefix] {
        match &self.unpacked {
            Unpacked::Raw(_) => &[],
            Unpacked::Scripts(scripts) => scripts.bases(usize::from(index)).unwrap_or_default(),
        }
    }

    /// Returns a member and its id.
    ///
    /// Where several objects may be its base, the one counts that gives it an id which begins with
    /// `wanted`; where none does, what any of them gives.
    pub(super) fn member(
        &self,
        index: u16,
        wanted: &[u8],
        bases: &Bases<'_>,
    ) -> Result<(Vec<u8>, ObjectId), Fault> {
        match &self.unpacked {
            Unpacked::Raw(raw) => {
                let at = usize::from(index);
                let length = *self.lengths.get(at).ok_or(Fault::NoMember(index))? as usize;
                let start: usize = self.lengths[..at].iter().map(|&l| l as usize).sum();
                let member = raw[start..start + length].to_vec();
                let id = ObjectId::of(&member);
                Ok((member, id))
            }
            Unpacked::Scripts(scripts) => apply(scripts, index, wanted, bases),
        }
    }

    /// Returns the only member, where there is one that builds on nothing.
    pub(super) fn into_single(self) -> Result<Vec<u8>, Self> {
        match self.unpacked {
            Unpacked::Raw(raw) if self.lengths.len() == 1 => Ok(raw),
            _ => Err(self),
        }
    }
}

fn apply(
    scripts: &Scripts,
    index: u16,
    wanted: &[u8],
    bases: &Bases<'_>,
) -> Result<(Vec<u8>, ObjectId), Fault> {
    let at = usize::from(index);
    let prefixes = scripts.bases(at).ok_or(Fault::NoMember(index))?;
    let mut made = None;
    joined(prefixes, &[], bases, &mut |bytes| {
        let Some(raw) = scripts.apply(at, bytes) else {
            return false;
        };
        let id = ObjectId::of(&raw);
        let right = id.as_bytes().starts_with(wanted);
        made = Some((raw, id));
        right
    })?;
    made.ok_or_else(|| Fault::Base {
        base: prefixes.iter().map(|prefix| codec::hex(prefix)).collect(),
        reason: "of which its script makes nothing".to_owned(),
    })
}

/// Offers the bytes of one object after another, behind those that are `before` them.
fn joined(
    prefixes: &[Prefix],
    before: &[u8],
    bases: &Bases<'_>,
    take: &mut dyn FnMut(&[u8]) -> bool,
) -> Result<bool, Fault> {
    let Some((first, rest)) = prefixes.split_first() else {
        return Ok(take(before));
    };
    let mut result = Ok(false);
    bases(first, &mut |bytes| {
        result = match before.is_empty() {
            true => joined(rest, bytes, bases, take),
            false => joined(rest, &[before, bytes].concat(), bases, take),
        };
        !matches!(result, Ok(false))
    })?;
    result
}

/// Returns a whole frame of members that lie one after the other in `raw`.
pub(super) fn encode(lengths: &[u32], raw: &[u8], effort: Effort) -> Vec<u8> {
    assemble(lengths, raw.len() / 2, |body| {
        codec::encode(raw, effort, body)
    })
}

/// Returns a whole frame of members with these raw lengths that build on others.
pub(super) fn encode_deltas<'a>(
    lengths: &[u32],
    members: impl Iterator<Item = (&'a [ObjectId], &'a Script)>,
) -> Vec<u8> {
    assemble(lengths, 16 * lengths.len(), |body| {
        delta::encode(members, body);
        Codec::Delta
    })
}

fn assemble(
    lengths: &[u32],
    expected: usize,
    write_body: impl FnOnce(&mut Vec<u8>) -> Codec,
) -> Vec<u8> {
    // The head is moved before the rest once the rest's length is known.
    let mut rest = Vec::with_capacity(expected + 5 * lengths.len() + 5);
    varint::write(&mut rest, lengths.len() as u64);
    for &length in lengths {
        varint::write(&mut rest, u64::from(length));
    }
    let codec = write_body(&mut rest);
    let mut frame = Vec::with_capacity(rest.len() + 11);
    frame.push(codec as u8);
    varint::write_bytes(&mut frame, &rest);
    frame
}
