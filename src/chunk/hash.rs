//! What of a record is hashed to choose boundaries.
//!
//! The less of a record counts, the fewer edits move a boundary; but it must differ from record
//! to record, or there are none. So the choice is made by looking at the first records.

use std::collections::HashSet;
use std::fmt;

use memchr::memchr;

/// How many bytes of a record are hashed, at most; the whole record may be, too.
const WINDOW: usize = 32;
/// How many fields are tried.
const FIELDS: u8 = 8;

/// The part of a record whose hash decides.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Anchor {
    /// The bytes of a field, by its place, counting every delimiter byte. At most 32.
    Field {
        /// The place, from 0.
        place: u8,
        /// The byte between fields.
        delimiter: u8,
    },
    /// The first 32 bytes.
    Prefix,
    /// All bytes.
    Record,
}

impl Anchor {
    /// Chooses by how many of the first records can be told apart.
    pub fn choose<'a>(records: impl Iterator<Item = &'a [u8]> + Clone, delimiter: u8) -> Self {
        let count = records.clone().count();
        // Of a handful of records nothing can be learnt, and they are few chunks anyway.
        if count < 16 {
            return Self::Prefix;
        }
        let distinct = |anchor: Self| {
            let hashes: HashSet<u64> = records.clone().map(|record| anchor.hash(record)).collect();
            hashes.len() * 100 / count
        };
        let field = |place| Self::Field { place, delimiter };
        (0..FIELDS)
            .map(|place| (field(place), 90))
            .chain([(Self::Prefix, 50)])
            .chain((0..FIELDS).map(|place| (field(place), 50)))
            .find(|&(anchor, least)| distinct(anchor) >= least)
            .map_or(Self::Record, |(anchor, _)| anchor)
    }

    /// Reads what [`fmt::Display`] wrote.
    pub fn parse(text: &str, delimiter: u8) -> Option<Self> {
        match text {
            "prefix" => Some(Self::Prefix),
            "record" => Some(Self::Record),
            _ => {
                let place = text.strip_prefix("field")?.parse().ok()?;
                (place < FIELDS).then_some(Self::Field { place, delimiter })
            }
        }
    }

    /// Returns the hash of the part of a record.
    #[inline]
    pub fn hash(self, record: &[u8]) -> u64 {
        match self {
            Self::Field { place, delimiter } => {
                let mut rest = record;
                for _ in 0..place {
                    match memchr(delimiter, rest) {
                        Some(at) => rest = &rest[at + 1..],
                        // The record is too short to have the field: it has its own hash.
                        None => return hash(record),
                    }
                }
                field(rest, delimiter)
            }
            Self::Prefix => window(record, record.len().min(WINDOW)),
            Self::Record => hash(record),
        }
    }
}

impl fmt::Display for Anchor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field { place, .. } => write!(f, "field{place}"),
            Self::Prefix => f.write_str("prefix"),
            Self::Record => f.write_str("record"),
        }
    }
}

const KEYS: [u64; 4] = [
    0x9E37_79B9_7F4A_7C15,
    0xC2B2_AE3D_27D4_EB4F,
    0x1656_67B1_9E37_79F9,
    0x27D4_EB2F_1656_67C5,
];

#[inline]
fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    (product as u64) ^ (product >> 64) as u64
}

#[inline]
fn mix(words: [u64; 4], length: usize) -> u64 {
    let a = fold(words[0] ^ KEYS[0], words[1] ^ KEYS[1]);
    let b = fold(words[2] ^ KEYS[2], words[3] ^ KEYS[3]);
    let sum = a.wrapping_add(b.rotate_left(32)) ^ length as u64;
    fold(sum ^ KEYS[0], KEYS[3])
}

/// Hashes up to the delimiter, or 32 bytes.
#[inline]
fn field(bytes: &[u8], delimiter: u8) -> u64 {
    let words = load(bytes);
    let mut length = bytes.len().min(WINDOW);
    for (at, word) in words.iter().enumerate() {
        // The lowest byte that is zero here is where the word first has the delimiter.
        let same = word ^ (u64::from_ne_bytes([1; 8]) * u64::from(delimiter));
        let zeros = same.wrapping_sub(u64::from_ne_bytes([1; 8])) & !same;
        let zeros = zeros & u64::from_ne_bytes([0x80; 8]);
        if zeros != 0 {
            length = length.min(at * 8 + zeros.trailing_zeros() as usize / 8);
            break;
        }
    }
    masked(words, length)
}

/// Hashes the first `length` bytes, at most 32.
#[inline]
fn window(bytes: &[u8], length: usize) -> u64 {
    masked(load(bytes), length)
}

/// Reads 32 bytes; what is missing is zero.
#[inline]
fn load(bytes: &[u8]) -> [u64; 4] {
    let mut padded = [0u8; WINDOW];
    let block = bytes.first_chunk::<WINDOW>().unwrap_or_else(|| {
        padded[..bytes.len()].copy_from_slice(bytes);
        &padded
    });
    let mut words = [0u64; 4];
    for (word, bytes) in words.iter_mut().zip(block.as_chunks::<8>().0) {
        *word = u64::from_le_bytes(*bytes);
    }
    words
}

/// Hashes the first `length` bytes of 32.
#[inline]
fn masked(mut words: [u64; 4], length: usize) -> u64 {
    // Reading all and masking is faster than copying a few bytes.
    for (at, word) in words.iter_mut().enumerate() {
        let kept = length.saturating_sub(at * 8).min(8);
        if kept < 8 {
            *word &= (1u64 << (kept * 8)) - 1;
        }
    }
    mix(words, length)
}

/// Hashes all bytes.
pub(super) fn hash(bytes: &[u8]) -> u64 {
    let mut sum = bytes.len() as u64;
    for block in bytes.chunks(WINDOW) {
        sum = fold(sum ^ window(block, block.len()), KEYS[2]).wrapping_add(KEYS[1]);
    }
    sum
}
