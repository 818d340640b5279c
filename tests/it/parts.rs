//! Data sets of several files and odd keys: splits in names, composite, missing and repeated keys.

use serde_json::{Value, json};

use crate::harness::Scratch;

fn of<'a>(events: &'a [Value], event: &str) -> Vec<&'a Value> {
    events.iter().filter(|e| e["event"] == event).collect()
}

/// Commits `before` as `data.csv` with this key and label, and returns the diff to `after`.
fn diff(key: &[&str], before: &str, after: &str) -> Vec<Value> {
    let scratch = Scratch::new();
    scratch.write("data.csv", before);
    scratch.dver(&["add", "--no-declare", "data.csv"]).ok();
    let mut declare = vec!["dataset", "add", "data.csv", "--label", "label"];
    declare.extend(key.iter().flat_map(|field| ["--key", field]));
    scratch.dver(&declare).ok();
    scratch.dver(&["commit", "-m", "before"]).ok();
    scratch.write("data.csv", after);
    let events = scratch.json(&["diff", "--cells"]);
    scratch.dver(&["commit", "-am", "after"]).ok();
    assert_eq!(scratch.json(&["diff", "--cells", "HEAD~1", "HEAD"]), events);
    events
}

/// `[added, removed, modified]` of the summary.
fn counts(events: &[Value]) -> [u64; 3] {
    let records = &events.last().unwrap()["records"];
    ["added", "removed", "modified"].map(|name| records[name].as_u64().unwrap())
}

fn split_files(format: &str) -> (Scratch, impl Fn(&str, usize) -> String) {
    let jsonl = format == "jsonl";
    let line = move |label: &str, n: usize| match jsonl {
        true => format!("{{\"id\":{n},\"text\":\"text {n}\",\"label\":\"{label}\"}}\n"),
        false => format!("{n},text {n},{label}\n"),
    };
    let head = if jsonl { "" } else { "id,text,label\n" };
    let lines = |ids: std::ops::Range<usize>| {
        let lines = ids.map(|n| line(["bad", "good"][n % 2], n));
        format!("{head}{}", lines.collect::<String>())
    };
    let scratch = Scratch::new();
    scratch.write(&format!("data/train.{format}"), lines(0..40));
    scratch.write(&format!("data/test.{format}"), lines(40..60));
    scratch.dver(&["add", "data"]).ok();
    let toml = String::from_utf8(scratch.read("dver.toml")).unwrap();
    assert!(
        toml.contains(&format!("\"data/{{split}}.{format}\"")),
        "{toml}"
    );
    scratch.dver(&["commit", "-m", "first"]).ok();
    (scratch, line)
}

#[test]
fn a_record_that_moves_to_another_split_is_modified_in_its_split() {
    for format in ["csv", "jsonl"] {
        let (scratch, line) = split_files(format);
        let (train, test) = (
            format!("data/train.{format}"),
            format!("data/test.{format}"),
        );
        let moved = line("good", 7);
        let text = String::from_utf8(scratch.read(&train)).unwrap();
        assert!(text.contains(&moved));
        scratch.write(&train, text.replace(&moved, ""));
        let text = String::from_utf8(scratch.read(&test)).unwrap();
        scratch.write(&test, text + &moved);
        let events = scratch.json(&["diff", "--cells"]);
        assert_eq!(
            of(&events, "cell"),
            [
                &json!({"event": "cell", "dataset": "data", "key": ["7"], "field": "split",
                     "from": "train", "to": "test"})
            ]
        );
        assert_eq!(of(&events, "label").len() + of(&events, "record").len(), 0);
        assert_eq!(counts(&events), [0, 0, 1]);
        assert_eq!(events.last().unwrap()["step"], "major");
        scratch.dver(&["commit", "-am", "moved"]).ok();
        let sealed = scratch.json(&["show"]);
        assert_eq!(sealed[0]["datasets"][0]["modified"], 1);
        assert_eq!(sealed[0]["datasets"][0]["records"], 60);
    }
}

#[test]
fn a_new_file_of_a_split_adds_its_records() {
    let (scratch, line) = split_files("csv");
    scratch.write(
        "data/dev.csv",
        format!("id,text,label\n{}", line("good", 100)),
    );
    let events = scratch.json(&["diff"]);
    assert_eq!(counts(&events), [1, 0, 0]);
    assert_eq!(events.last().unwrap()["step"], "minor");
}

#[test]
fn composite_keys_tell_records_apart() {
    let events = diff(
        &["doc", "part"],
        "doc,part,label\na,1,x\na,2,x\nb,1,x\n",
        "doc,part,label\na,1,x\na,2,y\nc,1,x\n",
    );
    let labels = of(&events, "label");
    assert_eq!(labels.len(), 1);
    assert_eq!(labels[0]["key"], json!(["a", "2"]));
    assert_eq!(counts(&events), [1, 1, 1]);
    let gone = of(&events, "record")[0];
    assert_eq!(gone["change"], "removed");
    assert_eq!(gone["key"], json!(["b", "1"]));
}

#[test]
fn parts_of_a_key_do_not_run_into_each_other() {
    let events = diff(
        &["a", "b"],
        "a,b,label\nab,c,x\nd,e,x\n",
        "a,b,label\na,bc,x\nd,e,x\n",
    );
    assert_eq!(counts(&events), [1, 1, 0]);
}

#[test]
fn records_without_a_key_never_match() {
    let events = diff(
        &["id"],
        "id,note,label\n1,a,x\n,b,x\n,c,x\n",
        "id,note,label\n1,a,y\n,b,x\n,d,x\n",
    );
    assert_eq!(counts(&events), [1, 1, 1]);
    let problem = of(&events, "problem");
    assert_eq!(problem.len(), 1);
    assert_eq!(problem[0]["problem"], "null_key");
    assert_eq!(problem[0]["count"], 2);
    assert_eq!(of(&events, "record")[0]["key"], json!([null]));
}

#[test]
fn repeated_keys_are_counted_and_pair_in_a_fixed_order() {
    let before = "id,note,label\n1,a,x\n1,b,x\n2,c,x\n";
    let after = "id,note,label\n2,c,x\n1,b,y\n1,a,x\n";
    let events = diff(&["id"], before, after);
    // The copy that is equal cancels; the other one is what changed.
    assert_eq!(counts(&events), [0, 0, 1]);
    assert_eq!(of(&events, "label").len(), 1);
    assert_eq!(of(&events, "problem")[0]["problem"], "duplicate_key");
    assert_eq!(of(&events, "problem")[0]["count"], 1);
    assert_eq!(events.last().unwrap()["records"]["moved"], Value::Null);
}

#[test]
fn a_change_of_type_with_equal_text_modifies_no_record() {
    let events = diff(
        &["id"],
        "id,size,label\n1,10,x\n2,20,y\n",
        "id,size,label\n1,10,x\n2,20,y\n3,many,x\n",
    );
    assert_eq!(counts(&events), [1, 0, 0]);
    let schema = of(&events, "schema");
    assert_eq!(schema.len(), 1);
    assert_eq!(
        *schema[0],
        json!({"event": "schema", "dataset": "data", "change": "type_changed", "field": "size",
               "from": "integer", "to": "string", "verdict": "breaking"})
    );
}

#[test]
fn numbers_in_quotes_are_the_same_numbers() {
    let before: String = (0..30)
        .map(|n| format!("{{\"id\":{n},\"label\":\"x{}\"}}\n", n % 2))
        .collect();
    let after: String = (0..30)
        .map(|n| format!("{{\"id\":\"{n}\",\"label\":\"x{}\"}}\n", n % 2))
        .collect();
    let scratch = Scratch::new();
    scratch.write("data.jsonl", before);
    scratch.dver(&["add", "."]).ok();
    scratch.dver(&["commit", "-m", "numbers"]).ok();
    scratch.write("data.jsonl", after);
    let events = scratch.json(&["diff"]);
    assert_eq!(counts(&events), [0, 0, 0]);
}

#[test]
fn an_empty_cell_is_missing_and_the_text_na_is_not() {
    let events = diff(
        &["id"],
        "id,code,label\n1,NA,x\n2,\"\",y\n",
        "id,code,label\n1,,x\n2,,y\n",
    );
    let cells = of(&events, "cell");
    assert_eq!(cells.len(), 1);
    assert_eq!(
        (&cells[0]["from"], &cells[0]["to"]),
        (&json!("NA"), &Value::Null)
    );
}

#[test]
fn fractions_as_keys_and_labels_read_as_people_write_them() {
    let events = diff(
        &["id"],
        "id,label\n1.5,0.5\n2.50,1.0\n3.5,0.5\n",
        "id,label\n1.5,0.5\n2.5,1.25\n3.5,0.50\n",
    );
    let labels = of(&events, "label");
    assert_eq!(labels.len(), 1);
    assert_eq!(labels[0]["key"], json!(["2.5"]));
    assert_eq!(
        (&labels[0]["from"], &labels[0]["to"]),
        (&json!("1"), &json!("1.25"))
    );
    assert_eq!(events.last().unwrap()["records"]["respelled"], 1);
}

#[test]
fn a_problem_that_is_new_says_where_it_first_stands() {
    let before = "id,note,label\n1,a,x\n2,b,x\n,c,x\n";
    // Record 2 has a line end inside, so that records and lines differ.
    let after = "id,note,label\n1,a,x\n2,\"b\nb\",x\n,c,x\n3,d\n1,e,x\n2,f,x\n";
    let events = diff(&["id"], before, after);
    let told: Vec<Value> = of(&events, "problem")
        .iter()
        .map(|p| json!([p["problem"], p["count"], p["record"], p["line"]]))
        .collect();
    let expected = [
        json!(["duplicate_key", 2, 5, 7]),
        // As many as before: that is no news.
        json!(["null_key", 1, null, null]),
        json!(["ragged_record", 1, 4, 6]),
    ];
    assert_eq!(told, expected);
}

#[test]
fn different_records_of_one_key_are_never_duplicates() {
    const RECORDS: usize = 120_000;
    let record = |n: usize| format!("1,text {n},{}\n", ["a", "b"][n % 2]);
    let text = "id,text,label\n".to_owned() + &(0..RECORDS).map(record).collect::<String>();
    let scratch = Scratch::new();
    scratch.write("data.csv", text);
    let declare = [
        "dataset", "add", "data.csv", "--key", "id", "--label", "label",
    ];
    scratch.dver(&declare).ok();
    scratch.dver(&["commit", "-m", "one key"]).ok();
    let quality = scratch.json(&["quality", "HEAD"]);
    let metrics = quality[0]["metrics"].as_array().unwrap();
    let value = |name: &str| &metrics.iter().find(|m| m["name"] == name).unwrap()["value"];
    assert_eq!(value("duplicates_key").as_f64(), Some(RECORDS as f64 - 1.0));
    assert_eq!(value("duplicates_record").as_f64(), Some(0.0));
}
