//! Labels that are more than a class: sets, scores, preferences; and numbers that hardly differ.

use serde_json::{Value, json};

use crate::harness::Scratch;

/// The label events and the summary of two versions of a table.
fn diff(kind: &str, before: &str, after: &str, options: &[&str]) -> (Vec<Value>, Value) {
    let scratch = Scratch::empty();
    for (side, text) in [("old", before), ("new", after)] {
        let declared = format!(
            "[dataset.t]\npath = \"t.*\"\nformat = \"{}\"\nkey = \"id\"\nlabel = \"label\"\n{kind}",
            if text.starts_with('{') {
                "jsonl"
            } else {
                "csv"
            }
        );
        scratch.write(&format!("{side}/dver.toml"), declared);
        scratch.write(&format!("{side}/t.data"), text);
    }
    let events = scratch.json(&[&["diff", "--no-index", "old", "new"], options].concat());
    let labels = events
        .iter()
        .filter(|event| event["event"] == "label")
        .cloned()
        .collect();
    (labels, events.last().unwrap().clone())
}

#[test]
fn scores_have_a_difference_and_no_vocabulary() {
    let (before, after) = (
        "id,label\n1,4.2\n2,3.5\n3,1\n",
        "id,label\n1,4.5\n2,3\n3,1.0\n",
    );
    let (labels, summary) = diff("", before, after, &[]);
    let told: Vec<&Value> = labels.iter().map(|label| &label["difference"]).collect();
    assert_eq!(told, [&json!(0.3), &json!(-0.5)]);
    assert_eq!(
        summary["labels"]["kinds"],
        json!([{"field": "label", "kind": "score", "evidence": "numbers with fractions",
                "increased": 1, "decreased": 1}])
    );
    assert!(summary["labels"]["classes"].is_null());
    // Whole numbers are classes unless they are declared to be scores.
    let (before, after) = ("id,label\n1,4\n2,3\n", "id,label\n1,5\n2,3\n");
    let (labels, summary) = diff("", before, after, &[]);
    assert!(labels[0]["difference"].is_null() && summary["labels"]["kinds"].is_null());
    let (labels, summary) = diff("label_kind = { label = \"score\" }\n", before, after, &[]);
    assert_eq!(labels[0]["difference"], 1.0);
    assert_eq!(summary["labels"]["kinds"][0]["evidence"], "declared");
}

#[test]
fn sets_say_what_came_and_went() {
    let before = "{\"id\":1,\"label\":[\"a\",\"b\"]}\n{\"id\":2,\"label\":[]}\n";
    let after = "{\"id\":1,\"label\":[\"c\",\"b\"]}\n{\"id\":2,\"label\":[\"c\"]}\n";
    let (labels, summary) = diff("", before, after, &[]);
    assert_eq!(
        (&labels[0]["added"], &labels[0]["removed"]),
        (&json!(["c"]), &json!(["a"]))
    );
    assert_eq!(
        (&labels[1]["added"], &labels[1]["removed"]),
        (&json!(["c"]), &json!([]))
    );
    assert_eq!(
        summary["labels"]["kinds"],
        json!([{"field": "label", "kind": "multi-label", "evidence": "lists", "elements": [
            {"class": "a", "added": 0, "removed": 1}, {"class": "c", "added": 2, "removed": 0}]}])
    );
}

#[test]
fn preferences_flip() {
    let before = "id,label\n1,chosen\n2,rejected\n3,tie\n";
    let after = "id,label\n1,rejected\n2,rejected\n3,chosen\n";
    let (labels, summary) = diff("", before, after, &[]);
    let told: Vec<&Value> = labels.iter().map(|label| &label["flip"]).collect();
    assert_eq!(told, [&json!(true), &json!(false)]);
    assert_eq!(
        summary["labels"]["kinds"],
        json!([{"field": "label", "kind": "preference", "evidence": "the names of its classes",
                "flips": 1}])
    );
}

#[test]
fn a_tolerance_takes_numbers_for_equal_that_hardly_differ() {
    let (before, after) = (
        "id,label,width\n1,4.20,1.00\n2,3.5,2\n3,1,5\n",
        "id,label,width\n1,4.21,1.01\n2,3.7,2\n3,1,6\n",
    );
    let exact = diff("", before, after, &["--cells"]);
    assert_eq!(
        (exact.0.len(), &exact.1["records"]["modified"]),
        (2, &json!(3))
    );
    let near = diff("", before, after, &["--cells", "--tolerance", "0.05"]);
    assert_eq!(
        (near.0.len(), &near.1["records"]["modified"]),
        (1, &json!(2))
    );
    assert_eq!(near.0[0]["key"], json!(["2"]));
    let counted = diff("", before, after, &["--stat", "--tolerance", "0.05"]);
    assert_eq!(counted.1, near.1);
    let scratch = Scratch::empty();
    for wrong in ["-1", "NaN", "x"] {
        let tolerance = format!("--tolerance={wrong}");
        let _ = scratch
            .dver(&["diff", "--no-index", "a", "b", &tolerance])
            .fails(2);
    }
}

#[test]
fn a_kind_that_nobody_knows_is_an_error_with_those_that_are() {
    let scratch = Scratch::new();
    scratch.write("t.csv", "id,label\n1,2\n");
    scratch.write(
        "dver.toml",
        "[dataset.t]\npath = \"t.csv\"\nlabel = \"label\"\nlabel_kind = { label = \"scores\" }\n",
    );
    let said = scratch.dver(&["add", "-A"]).fails(3);
    assert!(
        said.contains("class, multi-label, score or preference"),
        "{said}"
    );
}

#[test]
fn sets_in_one_cell_are_compared_as_sets_where_their_separator_is_declared() {
    let kind = "label_kind = { label = { kind = \"multi-label\", separator = \";\" } }\n";
    let before = "id,label\n1,a;b\n2,a\n3,b;a\n4,\n";
    let after = "id,label\n1,b; a\n2,c;a\n3,b\n4,a\n";
    let (labels, summary) = diff(kind, before, after, &[]);
    let told: Vec<Value> = labels
        .iter()
        .map(|label| json!([label["key"][0], label["added"], label["removed"]]))
        .collect();
    assert_eq!(
        told,
        [
            json!(["2", ["c"], []]),
            json!(["3", [], ["a"]]),
            json!(["4", ["a"], []])
        ]
    );
    assert_eq!(summary["records"]["respelled"], 1);
    assert_eq!(
        summary["labels"]["kinds"][0]["elements"],
        json!([{"class": "a", "added": 1, "removed": 1}, {"class": "c", "added": 1, "removed": 0}])
    );
    // Without it they are classes of their own.
    let (labels, _) = diff("", before, after, &[]);
    assert_eq!(labels.len(), 4);
}

/// The metrics of a version of a data set, by name; null where there is no value.
fn metrics(scratch: &Scratch, version: &[&str]) -> std::collections::BTreeMap<String, Value> {
    let found = scratch.json(&[&["quality"], version].concat());
    let metric = |line: &Value| {
        let part = |name: &str| line[name].as_str().map(str::to_owned);
        let parts = [part("name"), part("field"), part("class")];
        let name = parts.into_iter().flatten().collect::<Vec<_>>().join(".");
        (name, line["value"].clone())
    };
    let metrics = found[0]["metrics"].as_array().unwrap();
    metrics.iter().map(metric).collect()
}

#[test]
fn a_set_counts_for_each_of_its_classes() {
    let kind = "label_kind = { topics = { kind = \"multi-label\", separator = \";\" } }\n";
    let csv = "id,topics,split\n1,a;b,train\n2,b,train\n3,b; a,test\n4,,test\n";
    let list = "{\"id\":1,\"topics\":[\"a\",\"b\"],\"split\":\"train\"}\n\
                {\"id\":2,\"topics\":[\"b\"],\"split\":\"train\"}\n\
                {\"id\":3,\"topics\":[\"b\",\"a\",\"a\"],\"split\":\"test\"}\n\
                {\"id\":4,\"split\":\"test\"}\n";
    for (file, text, kind) in [("t.csv", csv, kind), ("t.jsonl", list, "")] {
        let scratch = Scratch::new();
        let declared = format!(
            "[dataset.t]\npath = \"{file}\"\nkey = \"id\"\nlabel = \"topics\"\nsplit = \"split\"\n\
             {kind}[dataset.t.classes]\nvalues = [\"a\", \"b\", \"c\"]\n"
        );
        scratch.write("dver.toml", declared);
        scratch.write(file, text);
        scratch.dver(&["add", "dver.toml", file]).ok();
        let working = metrics(&scratch, &[]);
        scratch.dver(&["commit", "-m", "sets"]).ok();
        let sealed = metrics(&scratch, &["HEAD"]);
        for found in [&working, &sealed] {
            let value = |name: &str| found[name].as_f64().unwrap();
            assert_eq!(value("class_share.topics.a"), 2.0 / 3.0);
            assert_eq!(value("class_share.topics.b"), 1.0);
            assert_eq!(value("class_share.topics.c"), 0.0);
            assert_eq!(value("classes.topics"), 2.0);
            assert_eq!(value("classes_empty.topics"), 1.0);
            assert_eq!(value("label_cardinality.topics"), 5.0 / 3.0);
            // Two of five labels are a, three are b.
            let entropy = -(0.4 * 0.4_f64.log2() + 0.6 * 0.6_f64.log2());
            assert!((value("entropy.topics") - entropy).abs() < 1e-12);
            assert!(
                found
                    .keys()
                    .all(|name| !name.contains("a;b") && !name.contains('['))
            );
        }
        let card = scratch.dver(&["card"]).ok();
        for row in ["| a | 1 | 1 |", "| b | 1 | 2 |", "| (missing) | 1 | 0 |"] {
            assert!(card.contains(row), "{card}");
        }
        // Train has one a and two b, test one of each: as if they were records of their own.
        let drift = sealed["drift_js.topics.test<-train"].as_f64().unwrap();
        let part = |p: f64, m: f64| p * (p / m).log2();
        let half = |p: [f64; 2], m: [f64; 2]| part(p[0], m[0]) + part(p[1], m[1]);
        let (train, test, mean) = ([1.0 / 3.0, 2.0 / 3.0], [0.5, 0.5], [5.0 / 12.0, 7.0 / 12.0]);
        let expected = ((half(train, mean) + half(test, mean)) / 2.0).sqrt();
        assert!((drift - expected).abs() < 1e-9, "{drift} {expected}");
        // No record changed its topic a, whatever stands beside it.
        let changed = text
            .replace("\n2,b,", "\n2,b;c,")
            .replace("[\"b\"]", "[\"b\",\"c\"]");
        scratch.write(file, changed);
        let after = metrics(&scratch, &[]);
        assert_eq!(
            after["class_share.topics.a"],
            sealed["class_share.topics.a"]
        );
        assert_eq!(after["classes_empty.topics"], 0.0);
        scratch.dver(&["verify", "--recompute"]).ok();
    }
}
