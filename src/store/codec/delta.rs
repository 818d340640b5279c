//! `delta`: objects as scripts against other objects, many to a frame.
//!
//! A changed label is a script of ten bytes, which a zstd frame of its own would double; so the
//! scripts of a group are compressed together, each kind of bytes by itself. One member is made
//! of its own base only.

use crate::base::ObjectId;
use crate::base::varint::{self, Malformed, Reader};

use super::script::{self, Script};
use super::{Fault, Level, zstd};

/// How many bytes of a base's id a frame keeps: enough to find it. What is decoded is checked
/// against its own id, and where several objects begin like this, each is tried.
pub(in crate::store) const PREFIX_BYTES: usize = 8;

/// The first bytes of a base's id.
pub(in crate::store) type Prefix = [u8; PREFIX_BYTES];

/// Returns what a frame keeps of a base's id.
pub(in crate::store) fn prefix(id: &ObjectId) -> Prefix {
    let mut prefix = [0; PREFIX_BYTES];
    prefix.copy_from_slice(&id.as_bytes()[..PREFIX_BYTES]);
    prefix
}

/// Appends the body of a frame of these members.
pub(in crate::store) fn encode<'a>(
    members: impl Iterator<Item = (&'a ObjectId, &'a Script)>,
    body: &mut Vec<u8>,
) {
    let (mut sizes, mut numbers, mut literals) = (Vec::new(), Vec::new(), Vec::new());
    for (base, script) in members {
        body.extend_from_slice(&prefix(base));
        varint::write(&mut sizes, script.numbers.len() as u64);
        varint::write(&mut sizes, script.literals.len() as u64);
        numbers.extend_from_slice(&script.numbers);
        literals.extend_from_slice(&script.literals);
    }
    for section in [sizes, numbers, literals] {
        varint::write(body, section.len() as u64);
        let mut packed = Vec::new();
        match zstd::encode(&section, Level::DELTAS, &mut packed) {
            true => varint::write_bytes(body, &packed),
            // A section is stored where it is as long as it is packed.
            false => varint::write_bytes(body, &section),
        }
    }
}

/// Returns what the ids of the bases of so many members begin with, without unpacking anything.
pub(in crate::store) fn bases(body: &[u8], members: usize) -> Result<Vec<Prefix>, Malformed> {
    let mut reader = Reader::new(body);
    (0..members)
        .map(|_| reader.array("the base of a delta"))
        .collect()
}

/// The scripts of a frame, unpacked.
pub(in crate::store) struct Scripts {
    members: Vec<Member>,
    numbers: Vec<u8>,
    literals: Vec<u8>,
}

struct Member {
    base: Prefix,
    size: usize,
    /// Where its numbers and literals begin.
    numbers: usize,
    literals: usize,
}

impl Scripts {
    /// Unpacks the body of a frame whose members have these raw lengths.
    pub(in crate::store) fn open(body: &[u8], lengths: &[u32]) -> Result<Self, Fault> {
        let mut reader = Reader::new(body);
        let mut members = Vec::with_capacity(lengths.len());
        for &length in lengths {
            members.push(Member {
                base: reader.array("the base of a delta")?,
                size: length as usize,
                numbers: 0,
                literals: 0,
            });
        }
        // No script is longer than what it makes, or it would not have been written.
        let raw: u64 = lengths.iter().map(|&length| u64::from(length)).sum();
        let sizes = section(&mut reader, 20 * lengths.len() as u64)?;
        let numbers = section(&mut reader, raw)?;
        let literals = section(&mut reader, raw)?;
        if !reader.is_empty() {
            return Err(reader.malformed("the end of the deltas").into());
        }
        let mut reader = Reader::new(&sizes);
        let (mut number, mut literal) = (0u64, 0u64);
        for member in &mut members {
            (member.numbers, member.literals) = (number as usize, literal as usize);
            number += reader.bounded(numbers.len() as u64 - number, "numbers of a delta")?;
            literal += reader.bounded(literals.len() as u64 - literal, "literals of a delta")?;
        }
        Ok(Self {
            members,
            numbers,
            literals,
        })
    }

    /// Returns how many bytes it takes in memory, about.
    pub(in crate::store) fn len(&self) -> usize {
        self.members.len() * size_of::<Member>() + self.numbers.len() + self.literals.len()
    }

    /// Returns what the id of a member's base begins with.
    pub(in crate::store) fn base(&self, index: usize) -> Option<&Prefix> {
        Some(&self.members.get(index)?.base)
    }

    /// Returns the bytes of a member, made of a base.
    pub(in crate::store) fn apply(&self, index: usize, base: &[u8]) -> Option<Vec<u8>> {
        let member = self.members.get(index)?;
        let next = self.members.get(index + 1);
        let numbers = next.map_or(self.numbers.len(), |next| next.numbers);
        let literals = next.map_or(self.literals.len(), |next| next.literals);
        script::apply(
            self.numbers.get(member.numbers..numbers)?,
            self.literals.get(member.literals..literals)?,
            base,
            member.size,
        )
    }
}

/// Reads one kind of bytes, of which there are at most `most`.
fn section(reader: &mut Reader<'_>, most: u64) -> Result<Vec<u8>, Fault> {
    let size = reader.bounded(most, "the length of a section")? as usize;
    let packed = reader.bytes("a section")?;
    if packed.len() == size {
        return Ok(packed.to_vec());
    }
    let malformed =
        |reader: &Reader<'_>| -> Malformed { reader.malformed("a section that unpacks") };
    zstd::decode(packed, size).ok_or_else(|| malformed(reader).into())
}
