//! From chosen changes to what happens to the records of each file.

use std::collections::BTreeMap;

use crate::base::RepoPath;
use crate::dataset::{Part, Table};
use crate::diff;
use crate::object::ObjectSource;
use crate::record::rewrite::{
    Edit, line_end, read_alike, rewrite, spell_alike, spelling, without_line_end,
};
use crate::record::{Batch, Cell, Type};

use super::super::error::Error;
use super::super::rewritten::{Draft, Step};
use super::chosen::{Chosen, Kept};

/// Lays out what happens in each file, in order of paths.
pub(super) fn drafts(
    source: &dyn ObjectSource,
    (base, other): (&Table, &Table),
    chosen: &Chosen,
) -> Result<BTreeMap<RepoPath, Draft>, Error> {
    let mut drafts: BTreeMap<RepoPath, Draft> = BTreeMap::new();
    let base_places: Vec<u64> = chosen.kept.keys().copied().collect();
    let mut other_places: Vec<u64> = chosen.kept.values().map(|kept| kept.other).collect();
    other_places.extend(chosen.put_in.keys());
    let rows = (
        fetch(source, base, &base_places)?,
        fetch(source, other, &other_places)?,
    );
    for (place, kept) in &chosen.kept {
        let (Some(row), Some(from)) = (rows.0.get(place), rows.1.get(&kept.other)) else {
            continue;
        };
        let (part, other_part) = (&base.parts[row.part], &other.parts[from.part]);
        let bytes = carry_over((part, &row.bytes), (other_part, &from.bytes), kept)?;
        let draft = drafts.entry(part.path.clone()).or_default();
        draft.base = Some(row.part);
        draft.set(row.local, Step::Replace(bytes), kept.fields.len() as u64);
    }
    for place in chosen.take_out.keys() {
        let (part, local) = locate(base, *place);
        let draft = drafts.entry(base.parts[part].path.clone()).or_default();
        draft.base = Some(part);
        draft.set(local, Step::Remove, 1);
    }
    for (place, key) in &chosen.put_in {
        let Some(from) = rows.1.get(place) else {
            continue;
        };
        let other_part = &other.parts[from.part];
        let body = without_line_end(&other_part.layout, &from.bytes).to_vec();
        let end = line_end(&other_part.layout, &from.bytes);
        let path = &other_part.path;
        let draft = drafts.entry(path.clone()).or_default();
        draft.other = Some(from.part);
        let target = base.parts.iter().position(|part| part.path == *path);
        let Some(target) = target else {
            draft.put(0, body, end);
            continue;
        };
        draft.base = Some(target);
        let part = &base.parts[target];
        if !read_alike(&part.layout, &other_part.layout) {
            return Err(Error::NotCarriedOver {
                path: path.clone(),
                key: key.clone(),
                reason: "whole records are carried over only between files with the same header \
                         and dialect"
                    .to_owned(),
            });
        }
        // As many kept records stand before it as do in the other version.
        let only_before = chosen.only_other.partition_point(|only| only < place) as u64;
        let behind = nth_kept(&chosen.only_base, place - only_before);
        let first = first_place(base, target);
        draft.put(
            behind.clamp(first, first + part.records()) - first,
            body,
            end,
        );
    }
    Ok(drafts)
}

/// Returns the place behind the `count`th record that both versions have.
fn nth_kept(only_base: &[u64], count: u64) -> u64 {
    match count.checked_sub(1) {
        None => 0,
        Some(rank) => diff::place_of_rank(only_base, rank) + 1,
    }
}

/// A record's bytes and where they stand.
pub(in super::super) struct Row {
    pub(in super::super) part: usize,
    /// Its place in its file.
    pub(in super::super) local: u64,
    pub(in super::super) bytes: Vec<u8>,
}

fn first_place(table: &Table, part: usize) -> u64 {
    table.parts[..part].iter().map(Part::records).sum()
}

/// Returns the file of a record, and its place in it.
fn locate(table: &Table, place: u64) -> (usize, u64) {
    let mut left = place;
    for (at, part) in table.parts.iter().enumerate() {
        if left < part.records() {
            return (at, left);
        }
        left -= part.records();
    }
    (table.parts.len().saturating_sub(1), left)
}

/// Reads records by their places.
pub(in super::super) fn fetch(
    source: &dyn ObjectSource,
    table: &Table,
    places: &[u64],
) -> Result<BTreeMap<u64, Row>, Error> {
    let mut units: BTreeMap<(usize, usize), Vec<(u64, u64)>> = BTreeMap::new();
    for place in places {
        let (part, local) = locate(table, *place);
        let of = &table.parts[part].units;
        let unit = of.partition_point(|unit| unit.first_record + unit.records <= local);
        units.entry((part, unit)).or_default().push((*place, local));
    }
    let mut rows = BTreeMap::new();
    for ((part, unit), wanted) in units {
        let Some(cut) = table.parts[part].units.get(unit) else {
            continue;
        };
        let bytes = table.unit_bytes(source, part, unit)?;
        let mut ranges = Vec::new();
        table.parts[part].layout.record_ranges(&bytes, &mut ranges);
        for (place, local) in wanted {
            if let Some(range) = ranges.get((local - cut.first_record) as usize) {
                let bytes = bytes[range.clone()].to_vec();
                rows.insert(place, Row { part, local, bytes });
            }
        }
    }
    Ok(rows)
}

/// Returns the record's bytes with the chosen values of the other version's record.
fn carry_over(
    (part, bytes): (&Part, &[u8]),
    (other_part, other_bytes): (&Part, &[u8]),
    kept: &Kept,
) -> Result<Vec<u8>, Error> {
    let refused = |reason: String| Error::NotCarriedOver {
        path: part.path.clone(),
        key: kept.key.clone(),
        reason,
    };
    let of_path =
        |part: &Part, name: &str| part.path_fields.iter().any(|(field, _)| **field == *name);
    for field in &kept.fields {
        if of_path(part, &field.base) || of_path(other_part, &field.other) {
            return Err(refused(format!(
                "`{}` is not written in the file: its path says it",
                field.base
            )));
        }
    }
    let other = parsed(other_part, other_bytes);
    let alike = spell_alike(&part.layout, &other_part.layout);
    let spelled: Vec<Option<Vec<u8>>> = kept
        .fields
        .iter()
        .map(|field| match alike {
            true => spelling(&other_part.layout, other_bytes, &field.other),
            false => None,
        })
        .collect();
    let edits: Vec<Edit<'_>> = kept
        .fields
        .iter()
        .zip(&spelled)
        .map(|(field, spelled)| {
            let value = cell(&other, &field.other);
            Edit {
                field: &field.base,
                value,
                kind: value.map_or(Type::String, Type::of),
                spelled: spelled.as_deref(),
            }
        })
        .collect();
    match rewrite(&part.layout, bytes, &edits) {
        Ok(bytes) => Ok(bytes),
        Err(_) if is_whole(part, bytes, other_part, &other, kept) => {
            let mut whole = without_line_end(&other_part.layout, other_bytes).to_vec();
            whole.extend(line_end(&part.layout, bytes).unwrap_or_default());
            Ok(whole)
        }
        Err(e) => Err(refused(e.to_string())),
    }
}

/// Returns whether both records differ in nothing but the chosen fields, so that one can stand for
/// the other as a whole.
fn is_whole(part: &Part, bytes: &[u8], other_part: &Part, other: &Batch, kept: &Kept) -> bool {
    let own = parsed(part, bytes);
    let mut names = own.fields().iter().chain(other.fields());
    let same = |name: &str| {
        let chosen = kept
            .fields
            .iter()
            .any(|field| field.base == name && field.other == name);
        chosen || cell(&own, name) == cell(other, name)
    };
    read_alike(&part.layout, &other_part.layout) && names.all(|name| same(name))
}

fn parsed(part: &Part, bytes: &[u8]) -> Batch {
    let mut batch = Batch::new(&part.layout.fields);
    part.layout.parse(bytes, &mut batch);
    batch
}

fn cell<'a>(batch: &'a Batch, name: &str) -> Option<Cell<'a>> {
    let at = batch.field(name)?;
    batch.records().next()?.cell(at)
}

#[cfg(test)]
mod tests {
    use super::nth_kept;

    #[test]
    fn a_record_stands_behind_as_many_kept_ones_as_before() {
        // Places 1, 2 and 5 are of this version alone: kept are 0, 3, 4, 6, 7.
        let alone = [1, 2, 5];
        let behind: Vec<u64> = (0..6).map(|count| nth_kept(&alone, count)).collect();
        assert_eq!(behind, [0, 1, 4, 5, 7, 8]);
        assert_eq!(nth_kept(&[0, 1], 1), 3);
        assert_eq!(nth_kept(&[], 4), 4);
    }
}
