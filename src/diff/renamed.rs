//! Renamed fields whose values changed too: found by the records that both sides have.
//!
//! Invariant: a function of the two multisets of records. Records are taken to be the same by
//! key, or where there is none by all fields that both sides have.

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::record::{Type, canonical};

use super::error::Error;
use super::fields::FieldMap;
use super::reading::{Pairing, Reading, Scratch, Side, View};
use super::records::expect_records;
use super::version::Version;

/// At least this share of the values of kept records must be equal ...
const SHARE: (u64, u64) = (80, 100);
/// ... and at least this many, of which so many are distinct: two constants prove nothing.
const LEAST: u64 = 10;
const LEAST_DISTINCT: usize = 3;
/// About so many records are looked at, chosen by the hash of their identity.
const SAMPLE: u64 = 100_000;

/// By identity, the hashed values of the fields that are left.
type Values = FxHashMap<u128, Option<Vec<u64>>>;

/// Lays fields beside each other that are left over on both sides and have mostly equal values.
pub(crate) fn pair_by_values(
    map: &mut FieldMap,
    reading: &Reading,
    before: Version<'_>,
    after: Version<'_>,
) -> Result<(), Error> {
    let most = before.facts.records.max(after.facts.records);
    let one_in = (most / SAMPLE + 1) as u128;
    let (old_fields, new_fields) = (&before.facts.fields, &after.facts.fields);
    let names = |fields: &[crate::profile::FieldFacts], places: &[usize]| -> Vec<_> {
        places
            .iter()
            .map(|&at| (fields[at].name.clone(), fields[at].kind))
            .collect()
    };
    let (removed, added) = (map.removed.clone(), map.added.clone());
    let old = values(
        reading,
        Side::Before,
        before,
        &names(old_fields, &removed),
        one_in,
    )?;
    let new = values(
        reading,
        Side::After,
        after,
        &names(new_fields, &added),
        one_in,
    )?;
    let mut scored = Vec::new();
    for (y, &added) in added.iter().enumerate() {
        for (x, &removed) in removed.iter().enumerate() {
            let (mut equal, mut of, mut distinct) = (0u64, 0u64, FxHashSet::default());
            for (id, a) in &old {
                let (Some(a), Some(Some(b))) = (a, new.get(id)) else {
                    continue;
                };
                let (a, b) = (a[x], b[y]);
                of += u64::from(a != 0 || b != 0);
                if a == b && a != 0 {
                    equal += 1;
                    if distinct.len() < LEAST_DISTINCT {
                        distinct.insert(a);
                    }
                }
            }
            if equal >= LEAST && equal * SHARE.1 >= of * SHARE.0 && distinct.len() >= LEAST_DISTINCT
            {
                scored.push((equal * 1_000_000 / of, added, removed, equal, of));
            }
        }
    }
    scored.sort_by(|x, y| (y.0, x.1, x.2).cmp(&(x.0, y.1, y.2)));
    for (_, added, removed, equal, of) in scored {
        if map.added.contains(&added) && map.removed.contains(&removed) {
            let sampled = if one_in > 1 { "sampled " } else { "" };
            let evidence = format!("equal in {equal} of {of} {sampled}kept records");
            map.pair(removed, added, evidence);
        }
    }
    Ok(())
}

fn values(
    reading: &Reading,
    side: Side,
    version: Version<'_>,
    fields: &[(std::sync::Arc<str>, Type)],
    one_in: u128,
) -> Result<Values, Error> {
    let records = version.records;
    let found = records
        .units()
        .par_chunks(64)
        .map(|units| {
            let mut found: Vec<(u128, Vec<u64>)> = Vec::new();
            let mut batch = crate::record::Batch::default();
            let mut scratch = Scratch::default();
            for unit in units {
                records.parse(unit.part, &records.bytes(unit)?, &mut batch);
                expect_records(records, unit.first, unit.records as usize, batch.len())?;
                let view = View::new(reading, side, &batch);
                let columns: Vec<_> = fields.iter().map(|(name, _)| batch.field(name)).collect();
                for record in batch.records() {
                    let print = view.print(record, 0, &mut scratch);
                    let id = match reading.pairing {
                        Pairing::Content => print.canonical,
                        Pairing::Key | Pairing::Image => print.key,
                    };
                    if id == 0 || id % one_in != 0 {
                        continue;
                    }
                    let hash = |(column, (_, kind)): (&Option<usize>, &(_, Type))| {
                        let cell = column.and_then(|column| record.cell(column));
                        cell.map_or(0, |cell| {
                            super::reading::value_hash(&canonical(*kind, cell))
                        })
                    };
                    found.push((id, columns.iter().zip(fields).map(hash).collect()));
                }
            }
            Ok(found)
        })
        .collect::<Result<Vec<_>, Error>>()?;
    let mut values = Values::default();
    for (id, hashes) in found.into_iter().flatten() {
        // What stands twice is no identity.
        values
            .entry(id)
            .and_modify(|known| *known = None)
            .or_insert(Some(hashes));
    }
    Ok(values)
}
