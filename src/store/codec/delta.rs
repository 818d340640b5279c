//! `delta`: objects as scripts against other objects, many to a frame.
//!
//! A changed label is a script of ten bytes, which a zstd frame of its own would double; so the
//! scripts of a group are compressed together, each kind of bytes by itself. One member is made
//! of its own base only.

use crate::base::ObjectId;
use crate::base::varint::{self, Malformed, Reader};

use super::script::{self, Script};
use super::{Effort, Fault, zstd};

/// How many bytes of a base's id a frame keeps: enough to find it. What is decoded is checked
/// against its own id, and where several objects begin like this, each is tried.
pub(in crate::store) const PREFIX_BYTES: usize = 6;
/// How many objects one may build on, one behind the other.
pub(in crate::store) const MAX_BASES: usize = 4;

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
    members: impl Iterator<Item = (&'a [ObjectId], &'a Script)>,
    body: &mut Vec<u8>,
) {
    let (mut bases, mut sizes) = (Vec::new(), Vec::new());
    let (mut numbers, mut literals) = (Vec::new(), Vec::new());
    for (on, script) in members {
        bases.extend(on.iter().flat_map(prefix));
        varint::write(&mut sizes, on.len() as u64);
        varint::write(&mut sizes, script.numbers.len() as u64);
        varint::write(&mut sizes, script.literals.len() as u64);
        numbers.extend_from_slice(&script.numbers);
        literals.extend_from_slice(&script.literals);
    }
    varint::write(body, (bases.len() / PREFIX_BYTES) as u64);
    body.extend_from_slice(&bases);
    for section in [sizes, numbers, literals] {
        varint::write(body, section.len() as u64);
        let mut packed = Vec::new();
        match zstd::encode(&section, Effort::Deltas, &mut packed) {
            true => varint::write_bytes(body, &packed),
            // A section is stored where it is as long as it is packed.
            false => varint::write_bytes(body, &section),
        }
    }
}

/// The scripts of a frame, unpacked.
pub(in crate::store) struct Scripts {
    members: Vec<Member>,
    bases: Vec<Prefix>,
    numbers: Vec<u8>,
    literals: Vec<u8>,
}

struct Member {
    size: usize,
    /// Where its bases, numbers and literals begin.
    bases: usize,
    numbers: usize,
    literals: usize,
}

impl Scripts {
    /// Unpacks the body of a frame whose members have these raw lengths.
    pub(in crate::store) fn open(body: &[u8], lengths: &[u32]) -> Result<Self, Fault> {
        let mut reader = Reader::new(body);
        let most = (MAX_BASES * lengths.len()) as u64;
        let count = reader.bounded(most, "a number of bases")? as usize;
        let bases = reader.take(count * PREFIX_BYTES, "the bases of deltas")?;
        let bases = bases.as_chunks::<PREFIX_BYTES>().0.to_vec();
        // No script is longer than what it makes, or it would not have been written.
        let raw: u64 = lengths.iter().map(|&length| u64::from(length)).sum();
        let sizes = section(&mut reader, 30 * lengths.len() as u64)?;
        let numbers = section(&mut reader, raw)?;
        let literals = section(&mut reader, raw)?;
        if !reader.is_empty() {
            return Err(reader.malformed("the end of the deltas").into());
        }
        let mut reader = Reader::new(&sizes);
        let mut members = Vec::with_capacity(lengths.len());
        let (mut base, mut number, mut literal) = (0, 0, 0);
        for &length in lengths {
            members.push(Member {
                size: length as usize,
                bases: base,
                numbers: number,
                literals: literal,
            });
            let most = (bases.len() - base).min(MAX_BASES);
            base += reader.bounded(most as u64, "bases of a delta")? as usize;
            let most = numbers.len() - number;
            number += reader.bounded(most as u64, "numbers of a delta")? as usize;
            let most = literals.len() - literal;
            literal += reader.bounded(most as u64, "literals of a delta")? as usize;
        }
        Ok(Self {
            members,
            bases,
            numbers,
            literals,
        })
    }

    /// Returns how many bytes it takes in memory, about.
    pub(in crate::store) fn len(&self) -> usize {
        size_of_val(self.members.as_slice())
            + size_of_val(self.bases.as_slice())
            + self.numbers.len()
            + self.literals.len()
    }

    /// Returns what the ids of a member's bases begin with.
    pub(in crate::store) fn bases(&self, index: usize) -> Option<&[Prefix]> {
        let member = self.members.get(index)?;
        let next = self.members.get(index + 1);
        let end = next.map_or(self.bases.len(), |next| next.bases);
        self.bases.get(member.bases..end)
    }

    /// Returns the bytes of a member, made of its bases' bytes, one behind the other.
    pub(in crate::store) fn apply(&self, index: usize, bases: &[u8]) -> Option<Vec<u8>> {
        let member = self.members.get(index)?;
        let next = self.members.get(index + 1);
        let numbers = next.map_or(self.numbers.len(), |next| next.numbers);
        let literals = next.map_or(self.literals.len(), |next| next.literals);
        script::apply(
            self.numbers.get(member.numbers..numbers)?,
            self.literals.get(member.literals..literals)?,
            bases,
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
