//! Lists as JSON: lines as `dver find --format jsonl` writes them, label events of `dver diff
//! --json`, exports of Label Studio, and objects with members of people's own.

use serde_json::{Map, Value as Json};

use crate::diff::Value;

use super::super::super::error::Error;
use super::{Columns, Entry, Named, own_names, wrong};

pub(super) fn read(name: &str, text: &[u8], columns: &Named<'_>) -> Result<Vec<Entry>, Error> {
    let mut entries = Vec::new();
    let mut own = None;
    let mut take = |place: u64, object: Json| {
        if is_beside_labels(&object) {
            return Ok(());
        }
        entries.push(entry(name, place, &object, &mut own, columns)?);
        Ok::<(), Error>(())
    };
    let is_array = text.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[');
    if is_array {
        let all: Vec<Json> =
            serde_json::from_slice(text).map_err(|e| wrong(name, 0, e.to_string()))?;
        for (place, object) in (1..).zip(all) {
            take(place, object)?;
        }
        return Ok(entries);
    }
    for (place, line) in (1..).zip(text.split(|byte| *byte == b'\n')) {
        if !line.iter().all(u8::is_ascii_whitespace) {
            let object = serde_json::from_slice(line);
            take(
                place,
                object.map_err(|e| wrong(name, place, e.to_string()))?,
            )?;
        }
    }
    Ok(entries)
}

/// Returns whether it is a line of `dver diff --json` that tells of something other than a label.
fn is_beside_labels(object: &Json) -> bool {
    let has = |member: &str| object.get(member).is_some();
    match object.get("event").and_then(Json::as_str) {
        Some("file") => has("path") && has("status"),
        Some("schema" | "record" | "cell" | "problem" | "summary") => has("dataset"),
        _ => false,
    }
}

/// Reads one object, of whichever kind it is.
fn entry(
    name: &str,
    place: u64,
    object: &Json,
    own: &mut Option<Columns>,
    columns: &Named<'_>,
) -> Result<Entry, Error> {
    let Json::Object(object) = object else {
        return Err(wrong(name, place, "it is no object"));
    };
    if let Some(Json::Object(data)) = object.get("data") {
        let mut entry = match data.get("dver") {
            Some(Json::Object(of)) => made(name, place, of)?,
            _ => of_own(name, place, data, own, columns)?,
        };
        entry.suggested = chosen(object, &entry);
        return Ok(entry);
    }
    match object.get("key") {
        Some(Json::Array(_)) => made(name, place, object),
        _ => of_own(name, place, object, own, columns),
    }
}

/// Reads what dver wrote.
fn made(name: &str, place: u64, object: &Map<String, Json>) -> Result<Entry, Error> {
    let text = |member: &str| object.get(member).and_then(scalar);
    let no_key = || wrong(name, place, "`key` is no array of texts");
    let key = match object.get("key") {
        Some(Json::Array(parts)) => parts
            .iter()
            .map(|part| match part {
                Json::Null => Ok(None),
                part => scalar(part).map(Some).ok_or_else(no_key),
            })
            .collect::<Result<_, _>>()?,
        _ => return Err(no_key()),
    };
    let record = text("record").map(|id| {
        let no_id = || wrong(name, place, "`record` is no id of 64 hex digits");
        id.parse().map_err(|_| no_id())
    });
    let label = |member: &str| object.get(member).map(value);
    // A label event of `dver diff --json` says what the label was and what it became.
    let (base, suggested) = match object.get("event").and_then(Json::as_str) {
        Some("label") => ("from", "to"),
        _ => ("label", "suggested"),
    };
    Ok(Entry {
        dataset: text("dataset"),
        field: text("field"),
        key,
        key_names: None,
        record: record.transpose()?,
        base: label(base),
        suggested: label(suggested).filter(|label| *label != Value::Null),
    })
}

/// Reads members of people's own.
fn of_own(
    name: &str,
    place: u64,
    object: &Map<String, Json>,
    own: &mut Option<Columns>,
    columns: &Named<'_>,
) -> Result<Entry, Error> {
    let columns = match own {
        Some(known) => known,
        None => own.insert(columns()?),
    };
    // Only what tells the record must be there: a label that is not is not decided.
    let has = |column: &str| column == columns.label || object.contains_key(column);
    if let Some(reason) = own_names(columns, has) {
        return Err(wrong(name, place, reason));
    }
    let text = |column: &String| object.get(column).and_then(scalar);
    let label = object.get(&columns.label).map(value);
    Ok(Entry {
        dataset: Some(columns.dataset.clone()),
        field: Some(columns.label.clone()),
        key: columns.key.iter().map(text).collect(),
        key_names: None,
        record: None,
        base: None,
        suggested: label.filter(|label| *label != Value::Null),
    })
}

/// Returns what the last annotation of a task that was not cancelled chose.
fn chosen(task: &Map<String, Json>, entry: &Entry) -> Option<Value> {
    let annotations = task.get("annotations")?.as_array()?;
    let was_cancelled =
        |one: &&Json| one.get("was_cancelled").and_then(Json::as_bool) == Some(true);
    let last = annotations.iter().rfind(|one| !was_cancelled(one))?;
    let results: Vec<&Json> = last.get("result")?.as_array()?.iter().collect();
    // Where a task has several controls, the one that is named like the field is meant.
    let named = |one: &&&Json| {
        let control = one.get("from_name").and_then(Json::as_str);
        control.is_some() && control == entry.field.as_deref()
    };
    let own: Vec<&Json> = results.iter().filter(named).copied().collect();
    let results = if own.is_empty() { results } else { own };
    let choices = results.iter().filter_map(|one| {
        let choices = one.get("value")?.get("choices")?.as_array()?;
        Some(choices.iter().filter_map(scalar))
    });
    let mut choices: Vec<String> = choices.flatten().collect();
    match choices.len() {
        0 => None,
        1 if !matches!(entry.base, Some(Value::Json(_))) => choices.pop().map(Value::Text),
        _ => Some(Value::Json(Json::from(choices).to_string())),
    }
}

fn scalar(json: &Json) -> Option<String> {
    match json {
        Json::String(text) => Some(text.clone()),
        Json::Number(number) => Some(number.to_string()),
        Json::Bool(truth) => Some(truth.to_string()),
        Json::Null | Json::Array(_) | Json::Object(_) => None,
    }
}

fn value(json: &Json) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Array(_) | Json::Object(_) => Value::Json(json.to_string()),
        scalar_json => scalar(scalar_json).map_or(Value::Null, Value::Text),
    }
}
