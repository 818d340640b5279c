//! Records that are equal in some fields, among millions, in bounded memory.
//!
//! Two passes over hashes: the first keeps 8 bytes a record and finds which hashes repeat, the
//! second keeps the members of those groups alone. Values are hashed in the one spelling of their
//! field's type, as in the tables behind `duplicates_content` (docs/quality.md).

use std::sync::Arc;

use rayon::prelude::*;
use xxhash_rust::xxh3::xxh3_128;

use crate::record::{Batch, RecordRef, Type, canonical, normalized};

/// How the values of some fields are spelled.
#[derive(Clone, Debug)]
pub struct Spelling {
    fields: Vec<(Arc<str>, Type)>,
}

impl Spelling {
    /// Returns the spelling of fields of these types.
    pub fn new(mut fields: Vec<(Arc<str>, Type)>) -> Self {
        fields.sort();
        Self { fields }
    }

    /// Returns whether there are no fields.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// Returns where the fields stand in a batch.
    pub fn places(&self, batch: &Batch) -> Vec<Option<usize>> {
        batch.places(self.fields.iter().map(|(name, _)| &**name))
    }

    /// Returns the hash of a record's values; `None` where all are missing.
    pub fn hash(
        &self,
        record: RecordRef<'_>,
        places: &[Option<usize>],
        scratch: &mut Vec<u8>,
    ) -> Option<u128> {
        scratch.clear();
        for (at, ((_, kind), place)) in self.fields.iter().zip(places).enumerate() {
            let Some(cell) = place.and_then(|place| record.cell(place)) else {
                continue;
            };
            let text = canonical(*kind, cell);
            let text = normalized(&text);
            scratch.extend_from_slice(&(at as u32).to_le_bytes());
            scratch.push(cell.kind as u8);
            scratch.extend_from_slice(&(text.len() as u64).to_le_bytes());
            scratch.extend_from_slice(text.as_bytes());
        }
        (!scratch.is_empty()).then(|| xxh3_128(scratch))
    }
}

/// A record of a group.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Member {
    /// The hash of the group.
    pub group: u128,
    /// Where the record stands.
    pub record: u64,
    /// What the caller wants to know of it.
    pub tag: u64,
}

/// The members of groups, sorted by group and record.
#[derive(Clone, Debug, Default)]
pub struct Grouped(Vec<Member>);

impl Grouped {
    /// Sorts members.
    pub fn new(mut members: Vec<Member>) -> Self {
        members.par_sort_unstable();
        Self(members)
    }

    /// Returns the groups with more than one member.
    pub fn groups(&self) -> impl Iterator<Item = &[Member]> {
        self.0
            .chunk_by(|a, b| a.group == b.group)
            .filter(|group| group.len() > 1)
    }
}

/// The lower bits of a short hash stand for the kind of the record.
const KINDS: u64 = 0xff;

/// A hash with the kind of its record, of which there are up to 256.
pub fn short(group: u128, kind: u8) -> u64 {
    (group >> 64) as u64 & !KINDS | u64::from(kind)
}

/// Short hashes of groups that are worth a second look.
#[derive(Clone, Debug, Default)]
pub struct Repeated(Vec<u64>);

impl Repeated {
    /// Returns whether a group may be among them. It may not be what it seems once in 2^56 pairs;
    /// whoever reads the records again sees the whole hash.
    pub fn may_hold(&self, group: u128) -> bool {
        self.0.binary_search(&short(group, 0)).is_ok()
    }

    /// Returns whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Returns the groups that have more than one member; with `kinds`, more than one kind of member.
pub fn repeated(mut hashes: Vec<u64>, kinds: bool) -> Repeated {
    hashes.par_sort_unstable();
    if kinds {
        hashes.dedup();
    }
    let mut out: Vec<u64> = hashes
        .chunk_by(|a, b| a & !KINDS == b & !KINDS)
        .filter(|group| group.len() > 1)
        .map(|group| group[0] & !KINDS)
        .collect();
    out.shrink_to_fit();
    Repeated(out)
}
