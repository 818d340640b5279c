//! Odd tables and options of `find`, `agree` and `apply`: equal values written otherwise, limits that
//! are said, lists that say two things.

use serde_json::{Value, json};

use crate::harness::Scratch;

const DECLARED: &str =
    "[dataset.t]\npath = \"t.csv\"\nkey = \"id\"\nlabel = \"label\"\ntext = \"text\"\n";

fn with(declared: &str, table: &str) -> Scratch {
    let scratch = Scratch::new();
    scratch.write("dver.toml", declared).write("t.csv", table);
    scratch.dver(&["add", "-A"]).ok();
    scratch
}

fn scores(found: &[Value]) -> Vec<(String, f64, Value)> {
    let one = |line: &Value| {
        (
            line["key"][0].as_str().unwrap().to_owned(),
            line["score"].as_f64().unwrap(),
            line["suggested"].clone(),
        )
    };
    found.iter().map(one).collect()
}

#[test]
fn labels_written_otherwise_are_one_label() {
    let scratch = with(DECLARED, "id,text,label\n1,x,1\n2,x,1.0\n3,x,2\n4,y,2\n");
    // Two of three say 1: the third is the odd one, and gets a suggestion.
    let found = scores(&scratch.json(&["find", "label-conflicts"]));
    let third = 1.0 / 3.0;
    assert_eq!(
        found,
        [
            ("3".to_owned(), 2.0 / 3.0, json!("1")),
            ("1".to_owned(), third, Value::Null),
            ("2".to_owned(), third, Value::Null),
        ]
    );
    // A learner sees two classes, and a file of probabilities finds both of its own.
    let told = scratch.json(&[
        "find",
        "label-issues",
        "--prune",
        "class",
        "--learner",
        "knn",
    ]);
    assert!(told.iter().all(|one| one["suggested"] != "1.0"), "{told:?}");
    scratch.write("p.csv", "id,1,2\n1,.9,.1\n2,.8,.2\n3,.9,.1\n4,.1,.9\n");
    let args = [
        "find",
        "label-issues",
        "--probabilities",
        "p.csv",
        "--prune",
        "confident-joint",
    ];
    let found = scratch.json(&args);
    assert_eq!(scores(&found).len(), 1);
    assert_eq!(
        (&found[0]["key"][0], &found[0]["suggested"]),
        (&json!("3"), &json!("1"))
    );
    scratch.remove("p.csv");
}

#[test]
fn rows_of_probabilities_are_found_by_the_value_of_their_keys() {
    let scratch = with(DECLARED, "id,text,label\n1,x,a\n2,y,b\n3,z,b\n4,z,b\n");
    scratch.write(
        "p.csv",
        "id,a,b\n1.0,.9,.1\n2.00,.1,.9\n3,.95,.05\n4.0,.1,.9\n",
    );
    let args = [
        "find",
        "label-issues",
        "--probabilities",
        "p.csv",
        "--prune",
        "confident-joint",
    ];
    let found = scratch.json(&args);
    assert_eq!(found[0]["key"], json!(["3"]));
    // That no row is found is no answer.
    scratch.write("p.csv", "id,a,b\nx,.9,.1\ny,.1,.9\n");
    let told = scratch.dver(&args).fails(3);
    assert!(
        told.contains("no labelled record has probabilities"),
        "{told}"
    );
    scratch.remove("p.csv");
}

#[test]
fn splits_written_otherwise_are_one_split() {
    let declared = DECLARED.replace("text =", "split = \"split\"\ntext =");
    let scratch = with(
        &declared,
        "id,text,label,split\n1,x,a,1\n2,x,a,1.0\n3,y,b,2\n4,y,b,1\n",
    );
    let found = scratch.json(&["find", "leakage"]);
    let told: Vec<&str> = found
        .iter()
        .map(|one| one["note"].as_str().unwrap())
        .collect();
    assert_eq!(told, ["2<-1: the content of 4"]);
    // A name that looks like a place for another one stays as it is.
    let braces = with(
        &declared,
        "id,text,label,split\n1,x,a,train\n2,x,a,te{}st\n",
    );
    let found = braces.json(&["find", "leakage"]);
    assert_eq!(found[0]["note"], "te{}st<-train: the content of 1");
    let quality = scratch.json(&["quality"]).remove(0);
    let leaks = quality["metrics"].as_array().unwrap().iter();
    let leaks: Vec<&Value> = leaks.filter(|m| m["name"] == "leakage").collect();
    assert!(
        leaks
            .iter()
            .any(|m| m["class"] == "2<-1" && m["value"] == 1.0),
        "{leaks:?}"
    );
}

#[test]
fn options_that_mean_nothing_are_refused() {
    let scratch = with(DECLARED, "id,text,label,n\n1,x,a,1\n2,y,b,2\n");
    for (args, code, words) in [
        (
            &["outliers", "--neighbours", "0"][..],
            2,
            "--neighbours is from 1 to 1000",
        ),
        (
            &["outliers", "--neighbours", "18446744073709551615"],
            2,
            "--neighbours is from 1",
        ),
        (&["outliers", "--bound", "nan"], 2, "--bound is 0 or more"),
        (&["outliers", "--bound=-1"], 2, "--bound"),
        (
            &["outliers", "--field", "n", "--field", "m"],
            3,
            "`m` is no content field",
        ),
        (&["outliers", "--field", "label"], 3, "no numbers, texts"),
        (&["outliers", "--by", "m"], 3, "no field `m`"),
        (
            &["duplicates", "--near", "--threshold", "0"],
            2,
            "--threshold is above 0",
        ),
        (
            &["duplicates", "--near", "--threshold", "nan"],
            2,
            "--threshold is above 0",
        ),
        (&["label-issues", "--folds", "1"], 2, "--folds is 2 or more"),
    ] {
        let told = scratch.dver(&[&["find"], args].concat()).fails(code);
        assert!(told.contains(words), "{args:?}: {told}");
    }
}

#[test]
fn limits_are_said_and_a_condition_keeps_within_them() {
    let mut table = "id,text,label,n\n".to_owned();
    for id in 0..50_100 {
        table.push_str(&format!("{id},text {id} of many,a,{}\n", id % 7));
    }
    let scratch = with(DECLARED, &table);
    // Numbers are judged all the same; what is left out is said, in every format.
    let told = scratch.dver(&["find", "outliers"]).ok();
    assert!(told.contains("robust-z(bound 3.5)\n"), "{told}");
    assert!(told.contains("not looked at: text: neighbours are looked for among at most 50000"));
    let list = scratch.dver(&["find", "outliers", "--format", "csv"]);
    assert!(list.err.contains("not looked at: text"), "{}", list.err);
    let told = scratch
        .dver(&["find", "outliers", "--field", "text"])
        .fails(3);
    assert!(
        told.contains("these are 50100: choose some with --where"),
        "{told}"
    );
    let told = scratch
        .dver(&["find", "outliers", "--where", "id < 50"])
        .ok();
    assert!(told.contains("neighbours(10, q3 + 1.7 iqr)"), "{told}");
    assert!(!told.contains("not looked at"), "{told}");
}

#[test]
fn a_list_that_says_two_things_of_one_record_writes_neither() {
    let scratch = with(DECLARED, "id,text,label\n17,a,cat\n18,b,dog\n19,c,dog\n");
    let line = |key: &str, to: &str| {
        let line = json!({"dataset": "t", "key": [key], "field": "label", "suggested": to});
        format!("{line}\n")
    };
    // 17 and 17.0 are one record; so are 18 and 18.0, of which the list says one thing.
    let list = [
        line("17", "cow"),
        line("17.0", "dog"),
        line("18", "cow"),
        line("18.0", "cow"),
        line("19", "dog"),
        line("19.0", "cow"),
    ];
    scratch.write("list.jsonl", list.concat());
    let told = scratch.dver(&["apply", "list.jsonl", "--json"]);
    assert_eq!(told.code, Some(1));
    let told: Value = serde_json::from_str(told.out.trim()).unwrap();
    assert_eq!(
        (&told["applied"], &told["repeated"]),
        (&json!(1), &json!(1))
    );
    let refused = told["refused"].as_array().unwrap();
    let keys: Vec<&Value> = refused.iter().map(|one| &one["key"][0]).collect();
    assert_eq!(keys, ["17", "17.0", "19", "19.0"]);
    assert!(refused.iter().all(|one| one["why"] == "ambiguous_key"));
    let table = String::from_utf8(scratch.read("t.csv")).unwrap();
    assert_eq!(table, "id,text,label\n17,a,cat\n18,b,cow\n19,c,dog\n");
    scratch.remove("list.jsonl");
}

#[test]
fn a_consensus_without_keys_comes_back_in_both_formats() {
    for format in ["csv", "jsonl"] {
        let declared = "[dataset.t]\npath = \"*.csv\"\nlabel = [\"ann\", \"bob\", \"eve\"]\n";
        let scratch = Scratch::new();
        scratch.write("dver.toml", declared);
        scratch.write("a.csv", "ann,bob,eve\na,a,a\nb,b,b\n");
        scratch.write("b.csv", "ann,bob,eve\na,a,b\n");
        scratch.dver(&["add", "-A"]).ok();
        // The place is that in the data set, not in the file.
        let found = scratch.json(&["agree", "--consensus", "majority"]);
        assert_eq!(found[0]["key"], json!(["#3"]));
        assert!(found[0]["record"].is_string());
        let args = [
            "agree",
            "--consensus",
            "majority",
            "--format",
            format,
            "-o",
            "list",
        ];
        scratch.dver(&args).ok();
        let told = scratch.dver(&["apply", "list"]).ok();
        assert!(told.starts_with("Wrote 1 label in b.csv"), "{told}");
        scratch.remove("list");
    }
    // With keys, each field has a column.
    let scratch = with(
        "[dataset.t]\npath = \"t.csv\"\nkey = [\"a\", \"b\"]\nlabel = [\"x\", \"y\", \"z\"]\n",
        "a,b,x,y,z\n1,1,p,p,q\n1,2,q,q,q\n",
    );
    let list = scratch
        .dver(&["agree", "--consensus", "majority", "--format", "csv"])
        .ok();
    assert!(list.starts_with("dataset,field,score,method,label,suggested,note,key.a,key.b\r\n"));
    scratch.write("list.csv", list);
    scratch.dver(&["apply", "list.csv"]).ok();
    let table = String::from_utf8(scratch.read("t.csv")).unwrap();
    assert_eq!(table, "a,b,x,y,z\n1,1,p,p,p\n1,2,q,q,q\n");
    scratch.remove("list.csv");
}

#[test]
fn examples_of_repeated_records_are_repeated_ones() {
    let declared = format!("{DECLARED}[gate.t]\nduplicates_record = \"<= 0\"\n");
    // The second is the first in value, but not in text; the fourth is the third.
    let scratch = with(&declared, "id,text,label\n1,x,a\n1.0,x,a\n2,y,b\n2,y,b\n");
    let refused = scratch.dver(&["commit", "-m", "one", "--json"]);
    assert_eq!(refused.code, Some(1));
    let told: Value = serde_json::from_str(refused.out.lines().next().unwrap()).unwrap();
    assert_eq!(told["refused"][0]["value"], 1.0);
    assert_eq!(told["refused"][0]["records"], json!([["2"]]));
}

#[test]
fn different_questions_have_no_consensus() {
    // `mood` answers another question: two fields that agree must not outvote it.
    let table = "id,topic,again,mood\n1,sport,sport,good\n2,news,news,bad\n";
    let declared =
        "[dataset.t]\npath = \"t.csv\"\nkey = \"id\"\nlabel = [\"topic\", \"again\", \"mood\"]\n";
    let scratch = with(declared, table);
    for method in ["majority", "dawid-skene"] {
        let args = ["agree", "--consensus", method, "--dataset", "t"];
        let told = scratch.dver(&args).fails(3);
        assert!(told.contains("have no class in common"), "{told}");
        scratch.dver(&args[..3]).fails(3);
    }
}

#[test]
fn an_item_of_two_fields_is_one_where_both_are_there() {
    let declared = "[dataset.t]\npath = \"t.csv\"\nkey = \"id\"\nlabel = \"label\"\nannotator = \"who\"\nitem = [\"doc\", \"part\"]\n";
    let table = "id,doc,part,who,label\n1,d,1,a,x\n2,d,1,b,x\n3,d,2,a,y\n4,d,2,b,x\n5,d,,a,x\n6,d,,b,y\n7,,2,a,y\n8,,2,b,y\n";
    let scratch = with(declared, table);
    scratch.dver(&["commit", "-m", "one"]).ok();
    let (agree, quality) = (
        scratch.json(&["agree", "HEAD"]).remove(0),
        scratch.json(&["quality", "HEAD"]).remove(0),
    );
    for name in ["agreement_percent", "agreement_alpha", "agreement_ac1"] {
        let of = |report: &Value| {
            let mut all = report["metrics"].as_array().unwrap().iter();
            all.find(|metric| metric["name"] == name).unwrap()["value"].clone()
        };
        assert_eq!(of(&agree), of(&quality), "{name}");
    }
    assert!(
        agree["notes"]
            .to_string()
            .contains("4 records without an item left out")
    );
}

#[test]
fn examples_of_conflicts_are_the_records_that_count() {
    let declared = format!("{DECLARED}[gate.t]\nlabel_conflicts = \"<= 0\"\n");
    let scratch = with(
        &declared,
        "id,text,label\n1,x,1\n2,x,1.0\n3,y,1\n4,y,2\n5,y,\n",
    );
    let refused = scratch.dver(&["commit", "-m", "one", "--json"]);
    assert_eq!(refused.code, Some(1));
    let told: Value = serde_json::from_str(refused.out.lines().next().unwrap()).unwrap();
    assert_eq!(told["refused"][0]["value"], 3.0);
    assert_eq!(told["refused"][0]["records"], json!([["3"], ["4"], ["5"]]));
    // `find` names the same.
    let mut keys: Vec<String> = scratch
        .json(&["find", "label-conflicts"])
        .iter()
        .map(|one| one["key"][0].as_str().unwrap().to_owned())
        .collect();
    keys.sort();
    assert_eq!(keys, ["3", "4", "5"]);
}
