//! The JSON that scripts rely on: exactly the members of docs/cli.md, with their types; and how
//! the forms of `diff` agree with each other.

use serde_json::{Value, json};

use crate::harness::Scratch;

/// A committed history of two versions of labels, and one uncommitted change.
fn history() -> Scratch {
    let scratch = Scratch::new();
    scratch.write("pets.csv", table(&[]));
    scratch.dver(&["add", "pets.csv"]).ok();
    scratch.dver(&["commit", "-m", "first"]).ok();
    scratch.write("pets.csv", table(&[3, 4]));
    scratch
        .dver(&["commit", "-am", "second", "--reason", "review-2"])
        .ok();
    scratch.write("pets.csv", table(&[3, 4, 5]));
    scratch
}

fn table(relabelled: &[usize]) -> String {
    let mut out = String::from("id,text,label,annotator\n");
    for n in 0..40 {
        let label = match (relabelled.contains(&n), n % 2) {
            (true, _) => "bird",
            (false, 0) => "cat",
            (false, _) => "dog",
        };
        out.push_str(&format!("{n},text {n},{label},a{}\n", n % 3));
    }
    out
}

/// A type as docs/cli.md writes it: a name of a type, alternatives, `[T]`, or members.
#[track_caller]
fn check(value: &Value, shape: &Value, place: &str) {
    match shape {
        Value::String(kinds) => {
            let fits = kinds.split('|').any(|kind| match kind {
                "text" => value.is_string(),
                "id" => value.as_str().is_some_and(is_id),
                "count" => value.is_u64(),
                "number" => value.is_number(),
                "flag" => value.is_boolean(),
                "null" => value.is_null(),
                "object" => value.is_object(),
                "list" => value.is_array(),
                other => panic!("{other}"),
            });
            assert!(fits, "{place} is {value}, not {kinds}");
        }
        Value::Array(of) => {
            let list = value
                .as_array()
                .unwrap_or_else(|| panic!("{place} is no list"));
            for (at, item) in list.iter().enumerate() {
                check(item, &of[0], &format!("{place}[{at}]"));
            }
        }
        Value::Object(members) => {
            let found = value
                .as_object()
                .unwrap_or_else(|| panic!("{place} is no object"));
            for (name, shape) in members {
                let (name, optional) = match name.strip_suffix('?') {
                    Some(name) => (name, true),
                    None => (name.as_str(), false),
                };
                match found.get(name) {
                    Some(value) => check(value, shape, &format!("{place}.{name}")),
                    None => assert!(optional, "{place} has no {name}: {value}"),
                }
            }
            for name in found.keys() {
                let known = members.contains_key(name) || members.contains_key(&format!("{name}?"));
                assert!(known, "{place} has {name}: {value}");
            }
        }
        other => panic!("{other}"),
    }
}

fn is_id(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit())
}

fn commit_shape() -> Value {
    json!({
        "commit": "id", "parents": ["id"], "author": "text", "time": "text", "message": "text",
        "snapshot": "id", "changes": ["id"], "scorecard": "id", "reason?": "text",
        "datasets": [{"name": "text", "records": "count", "added": "count", "removed": "count",
            "modified": "count", "relabelled": "count", "renamed": "count",
            "schema_changes": "count"}],
        "gates": [{"dataset": "text", "metric": "text", "bound": "text", "value": "number|null",
            "state": "text"}],
        "evaluations": [{"name": "text", "id": "id", "accuracy": "number"}],
    })
}

#[test]
fn commit_log_and_show_print_the_same_object() {
    let scratch = history();
    let committed = scratch.json(&["commit", "-am", "third", "--reason", "review-3"]);
    assert_eq!(committed.len(), 1);
    check(&committed[0], &commit_shape(), "commit");
    assert_eq!(committed[0]["reason"], "review-3");
    assert_eq!(committed[0]["time"], "2026-01-01T00:00:05Z");
    assert_eq!(
        committed[0]["datasets"],
        json!([{"name": "pets", "records": 40, "added": 0, "removed": 0, "modified": 1,
                "relabelled": 1, "renamed": 0, "schema_changes": 0}])
    );
    let log = scratch.json(&["log"]);
    let messages: Vec<&Value> = log.iter().map(|commit| &commit["message"]).collect();
    assert_eq!(messages, ["third", "second", "first"]);
    for commit in &log {
        check(commit, &commit_shape(), "log");
    }
    assert_eq!(log[0], committed[0]);
    assert_eq!(scratch.json(&["show"]), committed);
    assert_eq!(scratch.json(&["show", "HEAD~1"])[0], log[1]);
    assert_eq!(log[2]["parents"], json!([]));
}

#[test]
fn log_with_metrics_has_value_and_change() {
    let scratch = history();
    let log = scratch.json(&[
        "log",
        "--metric",
        "records",
        "--metric",
        "class_share.label.cat",
    ]);
    let shape = json!([{"name": "text", "dataset": "text", "value": "number|null", "low?": "number",
        "high?": "number", "change": "number|null", "test_changed?": "flag"}]);
    for commit in &log {
        check(&commit["metrics"], &shape, "metrics");
    }
    assert_eq!(log[0]["metrics"][1]["name"], "class_share.label.cat");
    assert_eq!(log[0]["metrics"][1]["value"], json!(19.0 / 40.0));
    let first = log.last().unwrap();
    assert_eq!(first["metrics"][0]["value"].as_f64(), Some(40.0));
    assert_eq!(first["metrics"][0]["change"], Value::Null);
}

#[test]
fn status_prints_what_is_staged_and_what_is_not() {
    let scratch = history();
    scratch.write("notes.txt", "notes\n");
    let status = scratch.json(&["status"]);
    assert_eq!(status.len(), 1);
    let paths = json!([{"path": "text", "status": "text", "from_path?": "text"}]);
    check(
        &status[0],
        &json!({"branch": "text|null", "head": "id|null", "pending": "null|object",
            "lock": "null|object", "staged": paths, "unstaged": paths, "untracked": ["text"],
            "datasets": [{"name": "text", "added": "count", "removed": "count",
                "modified": "count", "relabelled": "count", "schema_changes": "count"}]}),
        "status",
    );
    assert_eq!(status[0]["branch"], "main");
    assert_eq!(
        status[0]["unstaged"],
        json!([{"path": "pets.csv", "status": "modified"}])
    );
    assert_eq!(status[0]["untracked"], json!(["notes.txt"]));
    assert_eq!(status[0]["datasets"][0]["relabelled"], 1);
    scratch.dver(&["add", "pets.csv"]).ok();
    let staged = scratch.json(&["status"]);
    assert_eq!(
        staged[0]["staged"],
        json!([{"path": "pets.csv", "status": "modified"}])
    );
    assert_eq!(staged[0]["unstaged"], json!([]));
    assert_eq!(staged[0]["datasets"], status[0]["datasets"]);
}

#[test]
fn quality_prints_each_metric_once_with_its_numbers() {
    let scratch = history();
    let shape = json!({"commit": "id|null", "dataset": "text", "metrics": [{"name": "text",
        "field?": "text", "class?": "text", "value": "number|null", "num?": "count",
        "den?": "count", "low?": "number", "high?": "number", "exact": "flag", "unit": "text",
        "version": "count", "previous?": "number|null", "note?": "text"}]});
    let working = scratch.json(&["quality"]);
    check(&working[0], &shape, "quality");
    assert_eq!(working[0]["commit"], Value::Null);
    let sealed = scratch.json(&["quality", "HEAD"]);
    check(&sealed[0], &shape, "quality");
    assert!(sealed[0]["commit"].is_string());
    let metrics = sealed[0]["metrics"].as_array().unwrap();
    let find = |name: &str, field: Value, class: Value| {
        let mut found = metrics
            .iter()
            .filter(|m| m["name"] == name && m["field"] == field && m["class"] == class);
        let metric = found.next().unwrap_or_else(|| panic!("{name}")).clone();
        assert!(found.next().is_none(), "{name} twice");
        metric
    };
    let share = find("class_share", json!("label"), json!("bird"));
    assert_eq!((&share["num"], &share["den"]), (&json!(2), &json!(40)));
    let classes = find("classes", json!("label"), Value::Null);
    assert_eq!(classes["value"].as_f64(), Some(3.0));
    assert_eq!(classes["previous"].as_f64(), Some(2.0));
    for name in [
        "records",
        "duplicates_key",
        "duplicates_record",
        "null_keys",
        "unparsable",
    ] {
        find(name, Value::Null, Value::Null);
    }
}

#[test]
fn blame_prints_a_line_an_event() {
    let scratch = history();
    let life = scratch.json(&["blame", "pets", "--key", "3"]);
    for event in &life {
        check(
            event,
            &json!({"dataset": "text", "key": ["text"], "field": "text", "event": "text",
                "from?": "text|null", "to?": "text|null", "cause?": "text", "commit": "id",
                "author": "text", "time": "text", "annotator?": "text", "source?": "text",
                "reason?": "text", "guideline?": {"path": "text", "content": "id"},
                "message": "text"}),
            "blame",
        );
    }
    assert_eq!(life.len(), 2);
    assert_eq!(life[1]["event"], "label");
    assert_eq!(
        (&life[1]["from"], &life[1]["to"]),
        (&json!("dog"), &json!("bird"))
    );
    assert_eq!(life[1]["cause"], "relabel");
    assert_eq!(life[1]["annotator"], "a0");
    assert_eq!(life[1]["reason"], "review-2");
}

#[test]
fn dataset_and_schema_print_the_same_object() {
    let scratch = history();
    let shape = json!({"dataset": "text", "paths": ["text"], "format": "text",
        "dialect": "object", "key": ["text"], "roles": "object", "evidence": ["text"],
        "fields": [{"name": "text", "type": "text", "nullable": "flag", "classes?": ["text"]}]});
    let shown = scratch.json(&["dataset", "show", "pets"]);
    check(&shown[0], &shape, "dataset show");
    assert_eq!(scratch.json(&["dataset", "list"]), shown);
    assert_eq!(scratch.json(&["schema", "HEAD"]), shown);
    let schema = scratch.json(&["schema"]);
    check(&schema[0], &shape, "schema");
    assert_eq!(schema[0]["key"], json!(["id"]));
    assert_eq!(
        schema[0]["roles"],
        json!({"id": "key", "text": "text", "label": "label", "annotator": "annotator"})
    );
    assert_eq!(
        schema[0]["fields"][2],
        json!({"name": "label", "type": "string", "nullable": false,
               "classes": ["bird", "cat", "dog"]})
    );
    assert_eq!(schema[0]["dialect"]["newline"], "lf");
}

#[test]
fn declaring_a_file_that_is_not_versioned_yet_adds_it() {
    let scratch = Scratch::new();
    scratch.write("data.csv", "a,b\n1,2\n3,4\n");
    let declared = scratch.json(&["dataset", "add", "data.csv", "--key", "a"]);
    assert_eq!(declared[0]["key"], json!(["a"]));
    let evidence = declared[0]["evidence"].as_array().unwrap();
    assert!(
        evidence
            .iter()
            .any(|said| said == "key: `a` - unique, no nulls, 2 distinct"),
        "{evidence:?}"
    );
    assert_eq!(
        scratch.json(&["status"])[0]["staged"],
        json!([{"path": "data.csv", "status": "added"}, {"path": "dver.toml", "status": "added"}])
    );
    let said = scratch
        .dver(&["dataset", "add", "nothing.csv", "--key", "a"])
        .fails(3);
    assert!(said.contains("nothing.csv"), "{said}");
}

#[test]
fn fsck_op_log_and_ls_print_their_members() {
    let scratch = history();
    let fsck = scratch.json(&["fsck"]);
    check(
        &fsck[0],
        &json!({"objects": "count", "damaged": ["object"]}),
        "fsck",
    );
    for operation in scratch.json(&["op", "log"]) {
        check(
            &operation,
            &json!({"seq": "count", "operation": "id", "verb": "text", "time": "text",
                "user": "text", "revisions": ["text"], "expired?": "flag"}),
            "op log",
        );
    }
    let ls = scratch.json(&["ls"]);
    for entry in &ls {
        check(
            entry,
            &json!({"path": "text", "kind": "text", "size": "count", "content": "id"}),
            "ls",
        );
    }
    assert_eq!(ls.len(), 2);
}

#[test]
fn errors_are_an_object_on_stderr() {
    let scratch = history();
    let said = scratch.dver(&["show", "nothing", "--json"]).fails(3);
    let error: Value = serde_json::from_str(&said).unwrap();
    check(
        &error,
        &json!({"error": {"kind": "text", "message": "text", "hint": "text|null"}}),
        "error",
    );
    scratch.dver(&["diff", "--no-such-option"]).fails(2);
}

#[test]
fn every_form_of_diff_tells_the_same_change() {
    let scratch = history();
    let change = scratch.json(&["diff"]);
    let kinds: Vec<&Value> = change.iter().map(|event| &event["event"]).collect();
    assert_eq!(kinds, ["file", "label", "summary"]);
    assert_eq!(
        change[1],
        json!({"event": "label", "dataset": "pets", "key": ["5"], "field": "label", "from": "dog",
               "to": "bird", "cause": "relabel", "annotator": ["a2", "a2"]})
    );
    assert_eq!(scratch.json(&["diff", "HEAD"]), change);
    assert_eq!(scratch.json(&["diff", "--staged"]), Vec::<Value>::new());
    let of_path = scratch.dver(&["diff", "--json", "--", "pets.csv"]).ok();
    assert_eq!(of_path.lines().count(), change.len());
    assert_eq!(
        scratch.json(&["diff", "--stat"]),
        [change[0].clone(), change[2].clone()]
    );
    scratch.dver(&["diff", "-o", "out.jsonl", "--json"]).ok();
    let written = String::from_utf8(scratch.read("out.jsonl")).unwrap();
    scratch.remove("out.jsonl");
    let lines: Vec<Value> = written
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines, change);
    scratch.dver(&["diff", "--exit-code"]).fails(1);
    scratch.dver(&["diff", "--exit-code", "--staged"]).ok();

    scratch.dver(&["add", "pets.csv"]).ok();
    assert_eq!(scratch.json(&["diff", "--staged"]), change);
    let nothing = scratch.dver(&["diff"]);
    assert_eq!(nothing.out, "");
    assert_eq!(
        nothing.err,
        "hint: the changes are staged; `dver diff --staged` shows them.\n"
    );
    scratch.dver(&["commit", "-m", "third"]).ok();
    assert_eq!(scratch.json(&["diff", "HEAD~1", "HEAD"]), change);
    assert_eq!(scratch.json(&["diff", "HEAD~1..HEAD"]), change);
    assert_eq!(scratch.json(&["diff", "HEAD~1"]), change);

    let back = scratch.json(&["diff", "HEAD", "HEAD~1"]);
    assert_eq!(
        (&back[1]["from"], &back[1]["to"]),
        (&json!("bird"), &json!("dog"))
    );
}

#[test]
fn a_diff_reads_like_this() {
    let scratch = history();
    assert_eq!(
        scratch.dver(&["diff"]).ok(),
        "modified  pets.csv (726 -> 727 bytes)

pets: 40 records, 1 modified, 1 relabelled [major]
  label:
    dog -> bird       1
  label, records: bird 2 -> 3 (+1), dog 19 -> 18 (-1)
  by annotator: a2 1
  labels
    5  label  dog -> bird    by a2
"
    );
}

#[test]
fn plain_files_compare_without_a_repository() {
    let scratch = Scratch::empty();
    scratch.write("old/pets.csv", table(&[]));
    scratch.write("new/pets.csv", table(&[5]));
    let events = scratch.json(&["diff", "--no-index", "old/pets.csv", "new/pets.csv"]);
    let kinds: Vec<&Value> = events.iter().map(|event| &event["event"]).collect();
    assert_eq!(kinds, ["file", "schema", "label", "summary"]);
    assert_eq!(events[1]["change"], "class_added");
    assert_eq!(events[2]["key"], json!(["5"]));
    let folders = scratch.json(&["diff", "--no-index", "old", "new"]);
    assert_eq!(folders[2], events[2]);
    let keyed = scratch.json(&[
        "diff",
        "--no-index",
        "old/pets.csv",
        "new/pets.csv",
        "--key",
        "text",
    ]);
    assert_eq!(keyed[2]["key"], json!(["text 5"]));
    scratch
        .dver(&[
            "diff",
            "--no-index",
            "--exit-code",
            "old/pets.csv",
            "new/pets.csv",
        ])
        .fails(1);
    assert!(!scratch.path(".dver").exists());
}

#[test]
fn schema_diff_tells_of_the_schema_alone() {
    let scratch = history();
    let wider = table(&[3, 4]).replace("annotator\n", "annotator,score\n");
    let wider: String = wider
        .lines()
        .enumerate()
        .map(|(at, line)| match at {
            0 => format!("{line}\n"),
            _ => format!("{line},{at}\n"),
        })
        .collect();
    scratch.write("pets.csv", wider);
    scratch.dver(&["commit", "-am", "scores"]).ok();
    let events = scratch.json(&["schema", "diff", "HEAD~1", "HEAD"]);
    assert_eq!(
        events[0],
        json!({"event": "schema", "dataset": "pets", "change": "field_added", "field": "score",
               "from": null, "to": "integer", "verdict": "compatible"})
    );
    assert!(
        events
            .iter()
            .all(|e| e["event"] == "schema" || e["event"] == "summary")
    );
    assert_eq!(scratch.json(&["schema", "diff", "HEAD~1..HEAD"]), events);
}
