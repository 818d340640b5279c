//! JSON Lines: nested fields, null and missing, and the same records in another format.

use serde_json::{Value, json};

use crate::harness::Scratch;

/// The events of a diff between two versions of one file, zero configuration but the names.
fn diff(before: &str, after: &str) -> Vec<Value> {
    let scratch = Scratch::new();
    scratch.write("data.jsonl", before);
    scratch.dver(&["add", "data.jsonl"]).ok();
    scratch.dver(&["commit", "-m", "before"]).ok();
    scratch.write("data.jsonl", after);
    let events = scratch.json(&["diff", "--cells"]);
    scratch.dver(&["commit", "-am", "after"]).ok();
    assert_eq!(scratch.json(&["diff", "--cells", "HEAD~1", "HEAD"]), events);
    events
}

fn lines(line: impl Fn(usize) -> String) -> String {
    (0..40).map(|n| line(n) + "\n").collect()
}

fn label(n: usize) -> &'static str {
    ["bad", "good"][n % 2]
}

fn without_file(events: &[Value]) -> Vec<&Value> {
    events.iter().filter(|e| e["event"] != "file").collect()
}

#[test]
fn a_nested_field_is_named_by_its_path() {
    let version = |lang: &str| {
        lines(|n| {
            let lang = if n == 7 { lang } else { "en" };
            format!(
                r#"{{"id":{n},"meta":{{"lang":"{lang}"}},"label":"{}"}}"#,
                label(n)
            )
        })
    };
    let events = diff(&version("en"), &version("ko"));
    let told = without_file(&events);
    assert_eq!(told.len(), 2);
    assert_eq!(
        *told[0],
        json!({"event": "cell", "dataset": "data", "key": ["7"], "field": "meta.lang",
               "from": "en", "to": "ko"})
    );
    assert_eq!(told[1]["records"]["modified"], 1);
}

#[test]
fn members_in_another_order_change_no_record() {
    let before = lines(|n| format!(r#"{{"id":{n},"text":"t{n}","label":"{}"}}"#, label(n)));
    let after = lines(|n| format!(r#"{{"label":"{}","text":"t{n}","id":{n}}}"#, label(n)));
    let events = diff(&before, &after);
    for event in without_file(&events) {
        match event["event"].as_str().unwrap() {
            "schema" => assert_eq!(event["change"], "field_moved"),
            "summary" => {
                assert_eq!(event["records"]["modified"], 0);
                assert_eq!(event["records"]["respelled"], 0);
            }
            other => panic!("{other}"),
        }
    }
}

#[test]
fn null_and_absent_are_both_missing_and_an_empty_text_is_not() {
    let version = |score: &str| {
        lines(|n| {
            let score = if n == 3 { score } else { r#","note":"x""# };
            format!(r#"{{"id":{n},"label":"{}"{score}}}"#, label(n))
        })
    };
    let (null, absent, empty) = (r#","note":null"#, "", r#","note":"""#);
    let same = diff(&version(null), &version(absent));
    assert_eq!(same.last().unwrap()["records"]["modified"], 0);
    assert!(same.iter().all(|event| event["event"] != "cell"));
    let filled = diff(&version(absent), &version(empty));
    let cells: Vec<&Value> = filled.iter().filter(|e| e["event"] == "cell").collect();
    assert_eq!(cells.len(), 1);
    assert_eq!(
        (&cells[0]["from"], &cells[0]["to"]),
        (&Value::Null, &json!(""))
    );
}

#[test]
fn a_new_field_is_a_schema_change_and_modifies_no_record() {
    let before = lines(|n| format!(r#"{{"id":{n},"label":"{}"}}"#, label(n)));
    let after = lines(|n| format!(r#"{{"id":{n},"label":"{}","score":{n}}}"#, label(n)));
    let events = diff(&before, &after);
    let told = without_file(&events);
    assert_eq!(told.len(), 2);
    assert_eq!(
        *told[0],
        json!({"event": "schema", "dataset": "data", "change": "field_added", "field": "score",
               "from": null, "to": "integer", "verdict": "compatible"})
    );
    assert_eq!(told[1]["records"]["modified"], 0);
}

#[test]
fn a_table_that_became_json_lines_changed_no_record() {
    let scratch = Scratch::new();
    let csv: String = (0..40)
        .map(|n| format!("{n},\"text, {n}\",{}\n", label(n)))
        .collect();
    let jsonl = lines(|n| format!(r#"{{"id":{n},"text":"text, {n}","label":"{}"}}"#, label(n)));
    scratch.write("data.csv", format!("id,text,label\n{csv}"));
    scratch.dver(&["add", "data.csv"]).ok();
    scratch.dver(&["commit", "-m", "csv"]).ok();
    scratch.remove("data.csv");
    scratch.write("data.jsonl", jsonl);
    let toml = String::from_utf8(scratch.read("dver.toml")).unwrap();
    let toml = toml
        .replace("data.csv", "data.jsonl")
        .replace("format = \"csv\"", "format = \"jsonl\"");
    scratch.write("dver.toml", toml);
    scratch.dver(&["add", "-A", "."]).ok();
    scratch.dver(&["commit", "-m", "jsonl"]).ok();
    let events = scratch.json(&["diff", "HEAD~1", "HEAD"]);
    for event in without_file(&events) {
        match event["event"].as_str().unwrap() {
            "schema" => assert_eq!(event["change"], "dialect_changed", "{event}"),
            "summary" => {
                let records = &event["records"];
                for member in ["added", "removed", "modified", "respelled", "moved"] {
                    assert_eq!(records[member], 0, "{member}");
                }
                assert_eq!(event["step"], "patch");
            }
            other => panic!("{other}: {event}"),
        }
    }
    let changed = events.iter().find(|e| e["change"] == "dialect_changed");
    assert_eq!(changed.unwrap()["to"]["format"], "jsonl");
    let text = scratch.dver(&["diff", "HEAD~1", "HEAD"]).ok();
    assert!(text.contains("no record changed"), "{text}");
}

#[test]
fn a_line_that_is_no_json_is_counted() {
    let good = lines(|n| format!(r#"{{"id":{n},"label":"{}"}}"#, label(n)));
    let events = diff(&good, &format!("{good}{{\"id\":40,\n"));
    let problem = events.iter().find(|e| e["problem"] == "unparsable_record");
    let problem = problem.unwrap();
    assert_eq!(problem["count"], 1);
}
