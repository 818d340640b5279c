//! Pairs records of image folders: the same image elsewhere was moved, or got another label.

use rustc_hash::FxHashMap;

use crate::base::ObjectId;

use super::error::Error;
use super::reading::{Print, Reading, Side};
use super::records::Fetched;
use super::version::Version;

/// Pairs what is left by image, where it is left exactly once on each side.
pub(crate) fn pair_by_image(
    a: &mut Vec<Print>,
    b: &mut Vec<Print>,
    reading: &Reading,
    image: Option<&String>,
    before: Version<'_>,
    after: Version<'_>,
) -> Result<Vec<(u64, u64)>, Error> {
    let field = image.and_then(|image| {
        reading
            .common
            .iter()
            .position(|field| *field.after == **image)
    });
    let Some(field) = field else {
        return Ok(Vec::new());
    };
    if a.is_empty() || b.is_empty() {
        return Ok(Vec::new());
    }
    let mut places: FxHashMap<ObjectId, (Vec<u64>, Vec<u64>)> = FxHashMap::default();
    for (side, version, prints) in [(Side::Before, before, &*a), (Side::After, after, &*b)] {
        let ordinals: Vec<u64> = prints.iter().map(|p| p.ordinal).collect();
        let fetched = Fetched::read(version.records, &ordinals)?;
        let views = fetched.views(reading, side);
        for (at, ordinal) in ordinals.into_iter().enumerate() {
            let (view, record) = views.get(at);
            if let Some(cell) = view.cell(record, field) {
                let entry = places
                    .entry(ObjectId::of(cell.text.as_bytes()))
                    .or_default();
                match side {
                    Side::Before => entry.0.push(ordinal),
                    Side::After => entry.1.push(ordinal),
                }
            }
        }
    }
    let mut pairs: Vec<(u64, u64)> = places
        .into_values()
        .filter_map(|(a, b)| match (a.as_slice(), b.as_slice()) {
            ([a], [b]) => Some((*a, *b)),
            _ => None,
        })
        .collect();
    pairs.sort_unstable();
    let taken: rustc_hash::FxHashSet<u64> = pairs.iter().map(|pair| pair.0).collect();
    a.retain(|print| !taken.contains(&print.ordinal));
    let taken: rustc_hash::FxHashSet<u64> = pairs.iter().map(|pair| pair.1).collect();
    b.retain(|print| !taken.contains(&print.ordinal));
    Ok(pairs)
}
