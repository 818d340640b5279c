//! Real label corrections, with the numbers that their authors published.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read as _;

use serde_json::{Value, json};

use crate::harness::{Scratch, shared_data};

fn of<'a>(events: &'a [Value], event: &str) -> Vec<&'a Value> {
    events.iter().filter(|e| e["event"] == event).collect()
}

#[test]
fn iris_lost_three_wrong_cells_in_two_records() {
    let Some(data) = shared_data("iris-correction") else {
        return;
    };
    let scratch = Scratch::new();
    let file = |version: &str| fs::read(data.join(format!("iris_sklearn_{version}.csv"))).unwrap();
    scratch.write("iris.csv", file("0.19.2"));
    scratch.dver(&["add", "iris.csv"]).ok();
    scratch
        .dver(&["dataset", "add", "iris.csv", "--label", "virginica"])
        .ok();
    scratch.dver(&["commit", "-m", "0.19.2"]).ok();
    scratch.write("iris.csv", file("0.20.0"));
    let events = scratch.json(&["diff", "--cells"]);
    let cells: Vec<Value> = of(&events, "cell")
        .iter()
        .map(|cell| json!([cell["key"], cell["field"], cell["from"], cell["to"]]))
        .collect();
    assert_eq!(
        cells,
        [
            json!([["#35"], "versicolor", "0.1", "0.2"]),
            json!([["#38"], "4", "3.1", "3.6"]),
            json!([["#38"], "setosa", "1.5", "1.4"]),
        ]
    );
    assert_eq!(of(&events, "label").len() + of(&events, "record").len(), 0);
    let summary = &of(&events, "summary")[0];
    assert_eq!(summary["records"]["modified"], 2);
    assert_eq!(summary["records"]["before"], 150);
    assert_eq!(summary["records"]["after"], 150);
    scratch.dver(&["commit", "-am", "0.20.0"]).ok();
    let sealed = scratch.json(&["show"]);
    assert_eq!(sealed[0]["datasets"][0]["modified"], 2);
    assert_eq!(scratch.json(&["diff", "--cells", "HEAD~1", "HEAD"]), events);
}

#[test]
fn cifar_labels_are_corrected_and_dropped_without_any_configuration() {
    let Some(data) = shared_data("label-errors-cifar10") else {
        return;
    };
    let scratch = Scratch::new();
    let given = fs::read(data.join("given.csv")).unwrap();
    let corrected = fs::read(data.join("corrected.csv")).unwrap();
    scratch.write("labels.csv", &given);
    let said = scratch.dver(&["add", "labels.csv"]).ok();
    assert_eq!(
        said,
        "Declared the data set labels: 10,000 records in 1 file (dver.toml)
  format: csv - delimiter \",\", encoding \"utf-8\", newline \"lf\"
  key: `id` - unique, no nulls, 10,000 distinct
  label: `label` - 10 classes
"
    );
    scratch.dver(&["commit", "-m", "given"]).ok();
    scratch.write("labels.csv", &corrected);
    let events = scratch.json(&["diff"]);
    let summary = of(&events, "summary")[0].clone();
    assert_eq!(summary["records"]["removed"], 36);
    assert_eq!(summary["records"]["added"], 0);
    assert_eq!(summary["records"]["modified"], 18);
    assert_eq!(summary["labels"]["relabelled"], 18);
    assert_eq!(summary["step"], "major");

    // The transition matrix, against a join written here.
    let read = |bytes: &[u8]| -> BTreeMap<String, String> {
        let mut reader = csv::Reader::from_reader(bytes);
        reader.deserialize().map(Result::unwrap).collect()
    };
    let (old, new) = (read(&given), read(&corrected));
    let mut expected: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    for (id, to) in &new {
        if old[id] != *to {
            *expected.entry((old[id].as_str(), to.as_str())).or_default() += 1;
        }
    }
    let expected: Vec<Value> = expected
        .iter()
        .map(|((from, to), count)| {
            json!({"field": "label", "from": from, "to": to, "cause": "relabel", "count": count})
        })
        .collect();
    assert_eq!(summary["labels"]["transitions"], json!(expected));

    let status = scratch.json(&["status"]);
    assert_eq!(
        status[0]["datasets"],
        json!([{"name": "labels", "added": 0, "removed": 36, "modified": 18, "relabelled": 18,
                "schema_changes": 0}])
    );
    scratch.dver(&["commit", "-am", "corrected"]).ok();
    assert_eq!(scratch.json(&["diff", "HEAD~1..HEAD"]), events);
    let life = scratch.json(&["blame", "labels", "--key", "2405"]);
    let told: Vec<Value> = life
        .iter()
        .map(|e| json!([e["event"], e["from"], e["to"], e["message"]]))
        .collect();
    assert_eq!(
        told,
        [
            json!(["added", null, "cat", "given"]),
            json!(["label", "cat", "frog", "corrected"])
        ]
    );
    let removed = scratch.json(&["blame", "labels", "--key", "165"]);
    assert_eq!(removed.last().unwrap()["event"], "removed");
    assert_eq!(
        scratch.json(&["blame", "labels", "--key", "2405", "--from-objects"]),
        life
    );
}

#[test]
fn tacrev_corrected_936_of_15_509_labels() {
    let Some(data) = shared_data("tacrev") else {
        return;
    };
    let mut text = String::new();
    flate2::read::GzDecoder::new(fs::File::open(data.join("test_labels.csv.gz")).unwrap())
        .read_to_string(&mut text)
        .unwrap();
    let version = |column: usize| {
        let mut out = String::from("id,label\n");
        for row in csv::Reader::from_reader(text.as_bytes()).records() {
            let row = row.unwrap();
            out.push_str(&format!("{},{}\n", &row[0], &row[column]));
        }
        out
    };
    let scratch = Scratch::new();
    scratch.write("labels.csv", version(1));
    scratch.dver(&["add", "labels.csv"]).ok();
    scratch.dver(&["commit", "-m", "tacred"]).ok();
    scratch.write("labels.csv", version(2));
    scratch.dver(&["commit", "-am", "tacrev"]).ok();
    let events = scratch.json(&["diff", "HEAD~1", "HEAD"]);
    let summary = of(&events, "summary")[0];
    assert_eq!(of(&events, "label").len(), 936);
    assert_eq!(of(&events, "record").len(), 0);
    assert_eq!(summary["labels"]["relabelled"], 936);
    assert_eq!(summary["records"]["after"], 15_509);
    assert_eq!(summary["records"]["modified"], 936);
    assert_eq!(summary["records"]["moved"], 0);
    let log = scratch.json(&["log"]);
    assert_eq!(log[0]["datasets"][0]["relabelled"], 936);
    assert_eq!(log[0]["datasets"][0]["records"], 15_509);
}

#[test]
fn label_changes_that_are_too_many_to_keep_are_computed_again() {
    const MANY: usize = 100_001;
    let scratch = Scratch::new();
    let table = |label: &str| {
        let lines = (0..MANY).map(|id| format!("{id},{label}\n"));
        format!("id,label\n{}{MANY},x\n", lines.collect::<String>())
    };
    scratch.write("many.csv", table("a"));
    scratch
        .dver(&[
            "dataset", "add", "many.csv", "--key", "id", "--label", "label",
        ])
        .ok();
    scratch.dver(&["commit", "-m", "one"]).ok();
    scratch.write("many.csv", table("b"));
    scratch.dver(&["commit", "-a", "-m", "two"]).ok();
    let log = scratch.json(&["log", "--labels", "-n", "1"]);
    let labels = log[0]["labels"].as_array().unwrap();
    assert_eq!(labels.len(), MANY);
    assert_eq!(labels[1]["from"], "a");
    assert_eq!(labels[1]["to"], "b");
    let shown = scratch.dver(&["show"]).ok();
    assert!(shown.contains("many  100000  label: a -> b"), "{shown}");
    assert!(shown.contains("`dver diff --json` shows all"), "{shown}");
}
