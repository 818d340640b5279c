//! 56 real versions of one table, committed in order: bytes come back, and the accidents of
//! thirteen years are named. Counts are held against a join written here, with the csv crate.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read as _;

use serde_json::{Value, json};

use crate::harness::{Scratch, shared_data};

pub(crate) const FILE: &str = "country-codes.csv";
pub(crate) const KEY: &str = "ISO3166-1-Alpha-3";

/// The versions in their order, unpacked; `None`, said aloud, where they are not there.
pub(crate) fn versions() -> Option<Vec<Vec<u8>>> {
    let dir = shared_data("country-codes-history")?.join("versions");
    let mut paths: Vec<_> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    assert_eq!(paths.len(), 56);
    Some(
        paths
            .iter()
            .map(|path| {
                let mut bytes = Vec::new();
                flate2::read::GzDecoder::new(fs::File::open(path).unwrap())
                    .read_to_end(&mut bytes)
                    .unwrap();
                bytes
            })
            .collect(),
    )
}

/// A repository whose commits `v<N>` are these versions.
fn committed(versions: &[Vec<u8>], numbers: &[usize]) -> Scratch {
    let scratch = Scratch::new();
    for (place, number) in numbers.iter().enumerate() {
        scratch.write(FILE, &versions[*number]);
        scratch.dver(&["add", FILE]).ok();
        if place == 0 {
            scratch.dver(&["dataset", "add", FILE, "--key", KEY]).ok();
        }
        scratch.dver(&["commit", "-m", &format!("v{number}")]).ok();
        scratch.dver(&["tag", &format!("v{number}")]).ok();
    }
    scratch
}

/// The events of the diff between two versions, by the real binary.
fn diff(versions: &[Vec<u8>], from: usize, to: usize) -> Vec<Value> {
    let scratch = committed(versions, &[from, to]);
    scratch.json(&["diff", "--cells", &format!("v{from}"), &format!("v{to}")])
}

fn summary(events: &[Value]) -> &Value {
    let last = events.last().unwrap();
    assert_eq!(last["event"], "summary");
    last
}

fn schema<'a>(events: &'a [Value], change: &str) -> Vec<&'a Value> {
    let wanted = |event: &&Value| event["event"] == "schema" && event["change"] == change;
    events.iter().filter(wanted).collect()
}

/// `[before, after, added, removed, modified]` of a summary.
fn counts(events: &[Value]) -> [u64; 5] {
    let records = &summary(events)["records"];
    ["before", "after", "added", "removed", "modified"].map(|name| records[name].as_u64().unwrap())
}

pub(crate) type Row = Vec<String>;

pub(crate) fn read(bytes: &[u8]) -> (Vec<String>, Vec<Row>) {
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(bytes);
    let own = |record: &csv::StringRecord| record.iter().map(str::to_owned).collect::<Vec<_>>();
    let header = own(reader.headers().unwrap());
    let rows = reader.records().map(|row| own(&row.unwrap())).collect();
    (header, rows)
}

/// A naive full join on the fields that both sides have (`renamed`: newer name -> older name).
fn join(before: &[u8], after: &[u8], renamed: &BTreeMap<String, String>) -> [u64; 5] {
    let ((old_header, old), (new_header, new)) = (read(before), read(after));
    let mut common: Vec<(usize, usize)> = Vec::new();
    for (at, name) in new_header.iter().enumerate() {
        let older = renamed.get(name).unwrap_or(name);
        if let Some(was) = old_header.iter().position(|name| name == older) {
            common.push((was, at));
        }
    }
    let key = new_header.iter().position(|name| name == KEY).unwrap();
    let key = common.iter().position(|(_, at)| *at == key).unwrap();
    let mut left: BTreeMap<Row, i64> = BTreeMap::new();
    for row in &old {
        let common = common.iter().map(|(was, _)| row[*was].clone()).collect();
        *left.entry(common).or_default() += 1;
    }
    for row in &new {
        let common = common.iter().map(|(_, at)| row[*at].clone()).collect();
        *left.entry(common).or_default() -= 1;
    }
    let (mut added, mut removed, mut modified) = (0, 0, 0);
    let mut by_key: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    for (row, copies) in left {
        let (gone, came) = (copies.max(0).unsigned_abs(), copies.min(0).unsigned_abs());
        if row[key].is_empty() {
            (added, removed) = (added + came, removed + gone);
        } else {
            let of_key = by_key.entry(row[key].clone()).or_default();
            *of_key = (of_key.0 + gone, of_key.1 + came);
        }
    }
    for (gone, came) in by_key.into_values() {
        let pairs = gone.min(came);
        modified += pairs;
        (added, removed) = (added + came - pairs, removed + gone - pairs);
    }
    [old.len() as u64, new.len() as u64, added, removed, modified]
}

#[test]
fn every_version_comes_back_and_every_diff_equals_a_naive_join() {
    let Some(versions) = versions() else { return };
    let numbers: Vec<usize> = (0..versions.len()).collect();
    let scratch = committed(&versions, &numbers);
    for (number, bytes) in versions.iter().enumerate() {
        let output = scratch.dver(&["cat", &format!("v{number}:{FILE}")]);
        assert!(output.bytes == *bytes, "cat v{number}");
    }
    for number in [0, 14, 28, 29, 48, 55] {
        let tag = format!("v{number}");
        scratch.dver(&["checkout", &tag]).ok();
        assert!(scratch.read(FILE) == versions[number], "checkout {tag}");
    }
    scratch.dver(&["checkout", "main"]).ok();
    let fsck = scratch.json(&["fsck", "--full"]);
    assert_eq!(fsck[0]["damaged"], json!([]));

    // What was sealed at commit is what a diff says now.
    let mut sealed = scratch.json(&["log", "-n", "55"]);
    sealed.reverse();
    for (from, pair) in versions.windows(2).enumerate() {
        let (a, b) = (format!("v{from}"), format!("v{}", from + 1));
        let events = scratch.json(&["diff", &a, &b]);
        let renamed = schema(&events, "field_renamed")
            .iter()
            .map(|event| ["to", "from"].map(|end| event[end].as_str().unwrap().to_owned()))
            .map(|[to, from]| (to, from))
            .collect();
        let expected = join(&pair[0], &pair[1], &renamed);
        assert_eq!(counts(&events), expected, "{a} -> {b}");
        assert_eq!(sealed[from]["message"], b);
        let told = &sealed[from]["datasets"][0];
        let records = &summary(&events)["records"];
        assert_eq!(told["records"], records["after"], "{b}");
        for member in ["added", "removed", "modified"] {
            assert_eq!(told[member], records[member], "{b}: {member}");
        }
        let schema = events.iter().filter(|event| event["event"] == "schema");
        assert_eq!(told["schema_changes"], schema.count(), "{b}");
    }
}

#[test]
fn the_inner_join_that_lost_46_records_is_seen_going_and_coming_back() {
    let Some(versions) = versions() else { return };
    let scratch = committed(&versions, &[13, 14, 15]);
    let lost = scratch.json(&["diff", "v13", "v14"]);
    assert_eq!(counts(&lost), [249, 203, 0, 46, 0]);
    let removed = |event: &&Value| event["event"] == "record" && event["change"] == "removed";
    assert_eq!(lost.iter().filter(removed).count(), 46);
    let back = scratch.json(&["diff", "v14", "v15"]);
    assert_eq!(counts(&back), [203, 251, 48, 0, 0]);
    let log = scratch
        .dver(&["log", "--oneline", "--metric", "records"])
        .ok();
    assert!(log.contains("203") && log.contains("-46"), "{log}");
}

#[test]
fn renamed_columns_are_renames_and_change_no_record() {
    let Some(versions) = versions() else { return };
    for (from, old, new) in [
        (19, "ISO3166-1-numeric", "M49"),
        (20, "geonameid", "Geoname ID"),
    ] {
        let events = diff(&versions, from, from + 1);
        let renames = schema(&events, "field_renamed");
        assert_eq!(renames.len(), 1, "{new}");
        assert_eq!(renames[0]["from"], old);
        assert_eq!(renames[0]["to"], new);
        assert_eq!(renames[0]["field"], new);
        assert!(schema(&events, "field_added").is_empty());
        assert!(schema(&events, "field_removed").is_empty());
        assert_eq!(counts(&events), [251, 251, 0, 0, 0]);
    }
}

#[test]
fn twenty_nine_new_columns_with_other_line_ends_modify_81_records() {
    let Some(versions) = versions() else { return };
    let events = diff(&versions, 22, 23);
    assert_eq!(counts(&events), [251, 250, 1, 2, 81]);
    let dialects = schema(&events, "dialect_changed");
    assert_eq!(dialects.len(), 1);
    assert_eq!(dialects[0]["from"], json!({"newline": "lf"}));
    assert_eq!(dialects[0]["to"], json!({"newline": "crlf"}));
}

#[test]
fn a_table_appended_to_itself_is_249_duplicate_keys() {
    let Some(versions) = versions() else { return };
    let scratch = committed(&versions, &[27, 28, 29]);
    let events = scratch.json(&["diff", "v27", "v28"]);
    let [before, after, added, ..] = counts(&events);
    assert_eq!([before, after, added], [250, 501, 251]);
    assert_eq!(summary(&events)["records"]["moved"], Value::Null);
    let problem = |name: &str| {
        let found = events.iter().find(|event| event["problem"] == name);
        found.map(|event| event["count"].as_u64().unwrap())
    };
    assert_eq!(problem("duplicate_key"), Some(249));
    assert_eq!(problem("null_key"), Some(2));
    for (version, expected) in [("v27", 0), ("v28", 249), ("v29", 0)] {
        assert_eq!(metric(&scratch, version, "duplicates_key", None), expected);
        assert_eq!(
            metric(&scratch, version, "duplicates_record", None),
            expected
        );
    }
}

#[test]
fn a_byte_order_mark_glued_to_a_column_name_changes_no_record() {
    let Some(versions) = versions() else { return };
    let events = diff(&versions, 29, 30);
    assert_eq!(counts(&events), [250, 250, 0, 0, 0]);
    let renames = schema(&events, "field_renamed");
    assert_eq!(renames.len(), 1);
    assert_eq!(renames[0]["from"], "\u{feff}Global Code");
    assert_eq!(renames[0]["to"], "Global Code");
    // A person must see the mark.
    let scratch = committed(&versions, &[29, 30]);
    let text = scratch.dver(&["diff", "v29", "v30"]).ok();
    assert!(text.contains("\\u{feff}Global Code"), "{text}");
    assert!(!text.contains('\u{feff}'), "{text}");
}

#[test]
fn line_ends_are_a_dialect_and_change_no_record() {
    let Some(versions) = versions() else { return };
    for (from, modified, older, newer) in [(47, 5, "lf", "crlf"), (49, 0, "crlf", "lf")] {
        let events = diff(&versions, from, from + 1);
        assert_eq!(counts(&events), [249, 249, 0, 0, modified]);
        let dialects = schema(&events, "dialect_changed");
        assert_eq!(dialects.len(), 1);
        assert_eq!(dialects[0]["from"], json!({"newline": older}));
        assert_eq!(dialects[0]["to"], json!({"newline": newer}));
        assert_eq!(dialects[0]["verdict"], "compatible");
    }
}

#[test]
fn the_country_code_na_is_seen_turning_into_a_missing_value_and_back() {
    let Some(versions) = versions() else { return };
    for (from, older, newer) in [
        (12, json!("NA"), Value::Null),
        (15, Value::Null, json!("NA")),
        (22, json!("NA"), Value::Null),
        (26, Value::Null, json!("NA")),
        (33, json!("NA"), Value::Null),
        (39, Value::Null, json!("NA")),
    ] {
        let scratch = committed(&versions, &[from, from + 1]);
        let (a, b) = (format!("v{from}"), format!("v{}", from + 1));
        let events = scratch.json(&["diff", "--cells", &a, &b]);
        let cell = events.iter().find(|event| {
            event["event"] == "cell"
                && event["key"] == json!(["NAM"])
                && event["field"] == "ISO3166-1-Alpha-2"
        });
        let cell = cell.unwrap_or_else(|| panic!("{a} -> {b} has no such cell"));
        assert_eq!((&cell["from"], &cell["to"]), (&older, &newer), "{a} -> {b}");
        let field = Some("ISO3166-1-Alpha-2");
        let [was, is] = [&a, &b].map(|version| metric(&scratch, version, "missing", field));
        let change = if newer.is_null() { 1 } else { -1 };
        // Records without a key come and go with the code in some versions; they have none.
        let keyless = |v: &str| metric(&scratch, v, "null_keys", None);
        assert_eq!(
            is - keyless(&b) - (was - keyless(&a)),
            change,
            "{a} -> {b}: {was} {is}"
        );
    }
}

/// The number of records that a metric counts.
fn metric(scratch: &Scratch, version: &str, name: &str, field: Option<&str>) -> i64 {
    let quality = scratch.json(&["quality", version]);
    let found = quality[0]["metrics"]
        .as_array()
        .unwrap()
        .iter()
        .find(|m| m["name"] == name && m.get("field").and_then(Value::as_str) == field)
        .unwrap_or_else(|| panic!("{version} has no {name}"));
    let counted = if field.is_some() { "num" } else { "value" };
    let value = &found[counted];
    value
        .as_i64()
        .unwrap_or_else(|| value.as_f64().unwrap() as i64)
}
