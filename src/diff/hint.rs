//! A hint where most records seem to have been replaced: often the same records have another key.
//!
//! Nothing is matched by what is found here; people are told what to look at. Invariant: a function
//! of the records that are left on both sides; hashes choose the sample, so both sides choose alike.

use rustc_hash::FxHashMap;

use crate::record::{CellKind, Type, canonical, normalized};

use super::error::Error;
use super::kept::portion;
use super::matched::Matched;
use super::reading::{Pairing, Reading, Side, View, value_hash};
use super::records::Fetched;
use super::version::Version;

/// About so many values are compared, chosen by their hashes.
const SAMPLE: u64 = 100_000;
/// At least this share of the keys, or of a field's values, must stand on both sides ...
const SHARE: (u64, u64) = (80, 100);
/// ... and at least this many.
const LEAST: u64 = 3;
/// Of a field that could be a key, at least this share of the values stands once.
const UNIQUE: (u64, u64) = (99, 100);

/// Writes a key as all keys that are equal in a form are written.
type Form = fn(&str) -> String;

/// How keys may be written otherwise, each form after those before it.
const FORMS: [(&str, Form); 4] = [
    ("without outer space", |key| key.trim().to_owned()),
    ("without regard to case", |key| key.trim().to_lowercase()),
    ("as numbers", |key| number(&key.trim().to_lowercase())),
    ("without leading zeros", |key| {
        let key = number(&key.trim().to_lowercase());
        let digits = key.trim_start_matches('0');
        match !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_digit()) {
            true if digits.is_empty() => "0".to_owned(),
            true => digits.to_owned(),
            false => key,
        }
    }),
];

/// Writes a number as all numbers equal to it are written.
fn number(text: &str) -> String {
    canonical(Type::Float, crate::record::Cell::text(text)).into_owned()
}

/// Returns whether most records of both sides found no match, although records have a key.
pub(crate) fn seems_replaced(before: u64, after: u64, removed: u64, added: u64) -> bool {
    removed >= LEAST && added >= LEAST && removed > before / 2 && added > after / 2
}

/// By hash, how often a value stands and how it is written somewhere.
type Values = FxHashMap<u64, (u32, String)>;

/// The values of one side: of keys in each form, and of each common field.
struct Seen {
    keys: Vec<Values>,
    fields: Vec<Values>,
}

/// Returns what explains that most records found no match; `None` where nothing does.
pub(crate) fn hint(
    reading: &Reading,
    before: Version<'_>,
    after: Version<'_>,
    matched: &Matched,
) -> Result<Option<String>, Error> {
    let (removed, added) = (matched.removed.len() as u64, matched.added.len() as u64);
    let counts = (before.facts.records, after.facts.records);
    if reading.pairing != Pairing::Key || !seems_replaced(counts.0, counts.1, removed, added) {
        return Ok(None);
    }
    let one_in = removed.max(added) / SAMPLE + 1;
    let old = seen(reading, Side::Before, before, &matched.removed, one_in)?;
    let new = seen(reading, Side::After, after, &matched.added, one_in)?;
    for ((form, _), (a, b)) in FORMS.iter().zip(old.keys.iter().zip(&new.keys)) {
        if let Some((a, b, share)) = shared(a, b) {
            return Ok(Some(format!(
                "{share} % of the removed records have the key of an added one when keys are \
                 compared {form}: `{a}` and `{b}`"
            )));
        }
    }
    let mut best: Option<(u64, &str)> = None;
    for (field, (a, b)) in reading
        .common
        .iter()
        .zip(old.fields.iter().zip(&new.fields))
    {
        if field.key || field.label || !is_unique(a) || !is_unique(b) {
            continue;
        }
        if let Some((.., share)) = shared(a, b)
            && best.is_none_or(|(known, _)| share > known)
        {
            best = Some((share, &field.after));
        }
    }
    Ok(best.map(|(share, field)| {
        format!(
            "the key changed, but the values of `{field}` are unique and {share} % of them stand on \
             both sides: it may be the better key"
        )
    }))
}

fn seen(
    reading: &Reading,
    side: Side,
    version: Version<'_>,
    ordinals: &[u64],
    one_in: u64,
) -> Result<Seen, Error> {
    let mut seen = Seen {
        keys: FORMS.iter().map(|_| Values::default()).collect(),
        fields: reading.common.iter().map(|_| Values::default()).collect(),
    };
    let add = |values: &mut Values, value: &str, written: &dyn Fn() -> String| {
        let hash = value_hash(value);
        // The low bits of the hash are its weakest.
        if (hash >> 20).is_multiple_of(one_in) {
            values.entry(hash).or_insert_with(|| (0, written())).0 += 1;
        }
    };
    for places in ordinals.chunks(portion(version.records)) {
        let fetched = Fetched::read(version.records, places)?;
        let views = fetched.views(reading, side);
        for at in 0..places.len() {
            let (view, record) = views.get(at);
            if let Some(key) = key(reading, side, view, record) {
                for ((_, form), values) in FORMS.iter().zip(&mut seen.keys) {
                    let parts: Vec<String> = key.iter().map(|part| form(part)).collect();
                    add(values, &parts.join("\0"), &|| key.join(", "));
                }
            }
            for (field, values) in seen.fields.iter_mut().enumerate() {
                if let Some((CellKind::Text, text)) = view.value(record, field) {
                    add(values, &text, &|| text.to_string());
                }
            }
        }
    }
    Ok(seen)
}

fn key(
    reading: &Reading,
    side: Side,
    view: &View<'_>,
    record: crate::record::RecordRef<'_>,
) -> Option<Vec<String>> {
    let part = |part: &super::reading::KeyPart| {
        let name = match side {
            Side::Before => &part.before,
            Side::After => &part.after,
        };
        let cell = record.cell(view.batch.field(name)?)?;
        Some(normalized(cell.text).into_owned())
    };
    let parts: Option<Vec<String>> = reading.key.iter().map(part).collect();
    parts.filter(|parts| !parts.is_empty())
}

/// Returns two spellings of one value and the share of the older values that the newer side has,
/// in percent, where that is large.
fn shared<'a>(a: &'a Values, b: &'a Values) -> Option<(&'a str, &'a str, u64)> {
    let both: Vec<(&str, &str)> = a
        .iter()
        .filter_map(|(hash, (_, x))| Some((x.as_str(), b.get(hash)?.1.as_str())))
        .collect();
    let (found, of) = (both.len() as u64, a.len() as u64);
    // The same example in every run, and one that shows the difference.
    let (x, y) = both
        .into_iter()
        .min_by_key(|(x, y)| (x == y, x.len(), *x, *y))?;
    let enough = found >= LEAST && found * SHARE.1 >= of * SHARE.0;
    enough.then(|| (x, y, found * 100 / of))
}

fn is_unique(values: &Values) -> bool {
    let once = values.values().filter(|(count, _)| *count == 1).count() as u64;
    once >= LEAST && once * UNIQUE.1 >= values.len() as u64 * UNIQUE.0
}
