//! Lists of records by their keys, in an order that means something: CSV or JSON Lines, as `dver
//! find`, `dver select` and `dver value` write them, or with the key fields alone.

use crate::record::{Cell, CellKind, Format};

use super::super::error::Error;
use super::list;
use super::sets::spelled;

/// Reads keys, in the order of the list. Columns are `key.NAME` or `NAME` of each key field; in
/// JSON Lines the member `key` may be the list of them.
pub(in crate::ops) fn read(
    name: &str,
    bytes: &[u8],
    key: &[String],
) -> Result<Vec<Vec<String>>, Error> {
    let wrong = |place: u64, reason: String| Error::WorkList {
        name: name.to_owned(),
        place,
        reason,
    };
    let (format, batch) = list::parsed(bytes).map_err(|reason| wrong(0, reason.to_owned()))?;
    let column = |field: &String| {
        batch
            .field(&format!("key.{field}"))
            .or_else(|| batch.field(field))
    };
    let places: Option<Vec<usize>> = key.iter().map(column).collect();
    let listing = batch.field("key").filter(|_| format == Format::Jsonl);
    if places.is_none() && listing.is_none() {
        let reason = format!("it has no columns of the key: {}", key.join(", "));
        return Err(wrong(0, reason));
    }
    let mut out = Vec::with_capacity(batch.len());
    for (number, record) in (1..).zip(batch.records()) {
        if let Some(problem) = record.problem() {
            return Err(wrong(number, problem.name().replace('_', " ")));
        }
        let listed = listing
            .and_then(|at| record.cell(at))
            .filter(|cell| cell.kind == CellKind::List);
        let parts: Option<Vec<String>> = match (listed, &places) {
            (Some(cell), _) => serde_json::from_str::<Vec<String>>(cell.text)
                .ok()
                .map(|parts| parts.iter().map(|part| spelled(Cell::text(part))).collect()),
            (None, Some(places)) => places
                .iter()
                .map(|at| record.cell(*at).map(spelled))
                .collect(),
            (None, None) => None,
        };
        let parts = parts.filter(|parts| parts.len() == key.len());
        out.push(parts.ok_or_else(|| wrong(number, "its key is not whole".to_owned()))?);
    }
    Ok(out)
}
