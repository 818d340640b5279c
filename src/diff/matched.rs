//! Finds the candidates of two versions and matches them, checking that nothing was lost.

use std::collections::BTreeSet;

use crate::record::Role;

use super::candidates::{Candidates, How, PrintPart};
use super::error::Error;
use super::framed;
use super::images;
use super::likeness;
use super::matching;
use super::moved::{self, Run};
use super::reading::{Pairing, Print, Reading, Side, Spelling, Sum};
use super::records::Fetched;
use super::version::Version;

/// What matching found.
pub(crate) struct Matched {
    /// Places of kept records that differ, in the newer order.
    pub(crate) modified: Vec<(u64, u64)>,
    /// Places of removed records.
    pub(crate) removed: Vec<u64>,
    /// Places of added records.
    pub(crate) added: Vec<u64>,
    pub(crate) respelled: u64,
    pub(crate) moved: Option<u64>,
}

/// Matches the records of two versions, holding about so many bytes in memory besides what
/// differs.
pub(crate) fn matched(
    dataset: &str,
    before: Version<'_>,
    after: Version<'_>,
    reading: &Reading,
    memory: usize,
) -> Result<Matched, Error> {
    let facts = (before.facts, after.facts);
    let same_key = reading
        .key
        .iter()
        .map(|part| &*part.before)
        .eq(before.roles.key());
    let records_once = facts.0.duplicate_records == 0 && facts.1.duplicate_records == 0;
    let keys_once = match reading.pairing {
        Pairing::Content => Some(records_once),
        Pairing::Key | Pairing::Image if reading.key.is_empty() => Some(records_once),
        // The facts are about another key.
        Pairing::Key | Pairing::Image if !same_key => None,
        Pairing::Key | Pairing::Image => Some(
            records_once && facts.0.duplicate_keys == Some(0) && facts.1.duplicate_keys == Some(0),
        ),
    };
    let no_null_keys = facts.0.null_keys == 0 && facts.1.null_keys == 0;
    let how = How {
        skip: before.roles.key() == after.roles.key(),
        local: keys_once.is_some(),
        unique: reading.pairing == Pairing::Key && keys_once == Some(true) && no_null_keys,
        same: keys_once.is_some()
            && facts.0.records == facts.1.records
            && facts.0.digest == facts.1.digest,
        track: keys_once != Some(false),
        memory,
    };
    let found = Candidates::collect(before.records, after.records, reading, how)?;
    self_check(dataset, before, after, &found)?;
    // Copies of equal records may have been canceled in any order: the last ones are left over.
    let mends = found.partial && (facts.0.duplicate_records > 0 || facts.1.duplicate_records > 0);
    let [a, b] = found.prints;
    let (a, b) = (a.into_parts(mends)?, b.into_parts(mends)?);
    let mut runs = found.runs;
    let mut keep = |pairs: &[(u64, u64)]| {
        let mut pairs = pairs.iter();
        pairs.try_for_each(|&pair| moved::keep(&mut runs, Run::one(pair)))
    };
    let mut read = |side: Side, ordinals: &[u64]| {
        let records = match side {
            Side::Before => before.records,
            Side::After => after.records,
        };
        let fetched = Fetched::read(records, ordinals)?;
        let views = fetched.views(reading, side);
        Ok((0..ordinals.len())
            .map(|at| {
                let (view, record) = views.get(at);
                view.spelling(record)
            })
            .collect())
    };
    let mut once = records_once;
    let mut respelled = 0;
    let mut modified = Vec::new();
    let (mut left_a, mut left_b) = (Vec::new(), Vec::new());
    let mut a = a.into_iter();
    let mut b = b.into_iter();
    loop {
        let (a, b) = match (a.next(), b.next()) {
            (None, None) => break,
            sides => sides,
        };
        let load = |part: Option<PrintPart>| part.map_or(Ok(Vec::new()), PrintPart::load);
        let (mut a, mut b) = (load(a)?, load(b)?);
        matching::sort(&mut a);
        matching::sort(&mut b);
        once = once && keys_once.is_none() && keys_stand_once(&a) && keys_stand_once(&b);
        let mut kept = Vec::new();
        matching::cancel_whole(&mut a, &mut b, &mut kept);
        if mends {
            for (side, version, prints) in
                [(Side::Before, before, &mut a), (Side::After, after, &mut b)]
            {
                if version.facts.duplicate_records > 0 && !prints.is_empty() {
                    let mut copies = framed::copies(version.records, reading, side, prints)?;
                    matching::take_last_copies(prints, &mut copies);
                }
            }
        }
        respelled += matching::cancel_equal(&mut a, &mut b, &mut kept, &mut read)?;
        keep(&kept)?;
        if reading.pairing != Pairing::Image {
            modified.extend(matching::pair_by_key(&mut a, &mut b, &mut read)?);
        }
        left_a.append(&mut a);
        left_b.append(&mut b);
    }
    let (mut a, mut b) = (left_a, left_b);
    if reading.pairing == Pairing::Image {
        let image = after.roles.fields(Role::Image).first();
        modified = images::pair_by_image(&mut a, &mut b, reading, image, before, after)?;
        modified.extend(matching::pair_by_key(&mut a, &mut b, &mut read)?);
    }
    if reading.pairing == Pairing::Content {
        modified.extend(pair_alike(
            &mut a, &mut b, reading, before, after, &mut read,
        )?);
    }
    modified.sort_unstable_by_key(|&(_, after)| after);
    let places = |prints: Vec<Print>| {
        let mut places: Vec<u64> = prints.into_iter().map(|p| p.ordinal).collect();
        places.sort_unstable();
        places
    };
    let (removed, added) = (places(a), places(b));
    keep(&modified)?;
    let moved = match runs.filter(|_| keys_once.unwrap_or(once)) {
        Some(runs) => Some(runs.moved()?),
        None => None,
    };
    Ok(Matched {
        modified,
        removed,
        added,
        respelled,
        moved,
    })
}

/// Checks that what was skipped is equal on both sides: what was parsed must account for the
/// whole difference of the two digests, and of the two counts.
fn self_check(
    dataset: &str,
    before: Version<'_>,
    after: Version<'_>,
    found: &Candidates,
) -> Result<(), Error> {
    let failed = |what| {
        Err(Error::SelfCheck {
            dataset: dataset.to_owned(),
            what,
        })
    };
    let (a, b) = (before.facts, after.facts);
    let unread = (
        a.records.checked_sub(found.read[0]),
        b.records.checked_sub(found.read[1]),
    );
    if !found.skipped {
        // Every record of both sides was compared.
        return match unread {
            (Some(0), Some(0)) => Ok(()),
            _ => failed("records"),
        };
    }
    if unread.0.is_none() || unread.0 != unread.1 {
        return failed("records");
    }
    let rest_a = Sum::from_bytes(&a.digest).minus(found.sums[0]);
    let rest_b = Sum::from_bytes(&b.digest).minus(found.sums[1]);
    if rest_a != rest_b {
        return failed("records digest");
    }
    Ok(())
}

fn keys_stand_once(prints: &[Print]) -> bool {
    let mut keys: Vec<u128> = prints
        .iter()
        .map(|p| p.key)
        .filter(|&key| key != 0)
        .collect();
    keys.sort_unstable();
    keys.windows(2).all(|pair| pair[0] != pair[1])
}

fn pair_alike(
    a: &mut Vec<Print>,
    b: &mut Vec<Print>,
    reading: &Reading,
    before: Version<'_>,
    after: Version<'_>,
    read: &mut matching::ReadBack<'_>,
) -> Result<Vec<(u64, u64)>, Error> {
    if a.is_empty() || b.is_empty() {
        return Ok(Vec::new());
    }
    let mut sides = Vec::new();
    for (side, version, prints) in [
        (Side::Before, before, &mut *a),
        (Side::After, after, &mut *b),
    ] {
        let ordinals: Vec<u64> = prints.iter().map(|p| p.ordinal).collect();
        let mut order: Vec<(Spelling, Print)> = read(side, &ordinals)?
            .into_iter()
            .zip(prints.iter().copied())
            .collect();
        order.sort_by(|x, y| (&x.0, x.1.ordinal).cmp(&(&y.0, y.1.ordinal)));
        *prints = order.into_iter().map(|(_, print)| print).collect();
        let ordinals: Vec<u64> = prints.iter().map(|p| p.ordinal).collect();
        let fetched = Fetched::read(version.records, &ordinals)?;
        let views = fetched.views(reading, side);
        let values: Vec<likeness::Values> = (0..ordinals.len())
            .map(|at| {
                let (view, record) = views.get(at);
                view.value_hashes(record)
            })
            .collect();
        sides.push(values);
    }
    let pairs = likeness::pair_alike(&sides[0], &sides[1]);
    let places = pairs
        .iter()
        .map(|&(x, y)| (a[x as usize].ordinal, b[y as usize].ordinal))
        .collect();
    let (in_a, in_b): (BTreeSet<u32>, BTreeSet<u32>) = pairs.into_iter().unzip();
    for (prints, taken) in [(a, in_a), (b, in_b)] {
        let mut at = 0;
        prints.retain(|_| {
            at += 1;
            !taken.contains(&(at - 1))
        });
    }
    Ok(places)
}
