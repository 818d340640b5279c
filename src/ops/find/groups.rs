//! Groups of records that are equal in some fields, found in two passes in bounded memory.

use crate::curate::{Grouped, Member, Spelling, repeated, short};
use crate::record::{Batch, RecordRef};

use super::super::error::Error;
use super::reading::View;

/// So many short hashes are held at once: 512 MiB.
const MOST: u64 = 1 << 26;

/// Reads for each record of a run its group, its kind (for groups that only count with several
/// kinds of members) and its tag.
pub(super) trait Reader: Sync {
    /// Prepares for the records of one batch.
    fn places(&self, batch: &Batch) -> Vec<Vec<Option<usize>>>;

    /// Returns the group of a record, `None` where it is in none, its kind and its tag.
    fn read(
        &self,
        record: RecordRef<'_>,
        places: &[Vec<Option<usize>>],
        scratch: &mut Vec<u8>,
    ) -> Option<(u128, u8, u64)>;
}

/// Returns the groups of more than one member; with `kinds`, of more than one kind of member.
pub(super) fn grouped(
    view: &View<'_>,
    reader: &dyn Reader,
    kinds: bool,
) -> Result<(Grouped, u64), Error> {
    let slices = u128::from(view.table.records().div_ceil(MOST).max(1));
    let mut members = Vec::new();
    let mut looked_at = 0;
    for slice in 0..slices {
        let hashes = view.scan(|batch, records| {
            let places = reader.places(batch);
            let mut scratch = Vec::new();
            let mut seen = 0u64;
            let mut out = Vec::new();
            for (_, record) in records {
                seen += 1;
                let read = reader.read(record, &places, &mut scratch);
                let read = read.filter(|(group, ..)| group % slices == slice);
                out.extend(read.map(|(group, kind, _)| short(group, kind)));
            }
            (out, seen)
        })?;
        let mut all = Vec::with_capacity(hashes.iter().map(|(some, _)| some.len()).sum());
        looked_at = 0;
        for (some, seen) in hashes {
            all.extend(some);
            looked_at += seen;
        }
        let repeated = repeated(all, kinds);
        if repeated.is_empty() {
            continue;
        }
        let found = view.scan(|batch, records| {
            let places = reader.places(batch);
            let mut scratch = Vec::new();
            let mut out = Vec::new();
            for (at, record) in records {
                if let Some((group, _, tag)) = reader.read(record, &places, &mut scratch)
                    && group % slices == slice
                    && repeated.may_hold(group)
                {
                    let record = at;
                    out.push(Member { group, record, tag });
                }
            }
            out
        })?;
        members.extend(found.into_iter().flatten());
    }
    Ok((Grouped::new(members), looked_at))
}

/// Groups by the values of fields; the tag is the hash of others, 0 where these are all missing.
pub(super) struct ByFields {
    pub(super) group: Spelling,
    /// What else must be equal where it is there.
    pub(super) and: Spelling,
    pub(super) tag: Spelling,
}

impl Reader for ByFields {
    fn places(&self, batch: &Batch) -> Vec<Vec<Option<usize>>> {
        [&self.group, &self.and, &self.tag]
            .map(|spelling| spelling.places(batch))
            .to_vec()
    }

    fn read(
        &self,
        record: RecordRef<'_>,
        places: &[Vec<Option<usize>>],
        scratch: &mut Vec<u8>,
    ) -> Option<(u128, u8, u64)> {
        let group = self.group.hash(record, &places[0], scratch)?;
        let and = self.and.hash(record, &places[1], scratch);
        let tag = self.tag.hash(record, &places[2], scratch);
        let tag = tag.map_or(0, |tag| (tag as u64).max(1));
        // The kind of a member is whether and how it is tagged, as far as a byte can tell: members
        // of two tags may have one kind, so kinds do not serve where tags must differ.
        Some((group ^ and.unwrap_or(0).rotate_left(64), 0, tag))
    }
}
