//! Agreement between annotators and their consensus, as people ask for it.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::harness::Scratch;

/// cac.raw4raters of the R package irrCAC, as a wide table.
const WIDE: &str = "\
unit,a,b,c,d
1,1,1,,1
2,2,2,3,2
3,3,3,3,3
4,3,3,3,3
5,2,2,2,2
6,1,2,3,4
7,4,4,4,4
8,1,1,2,1
9,2,2,2,2
10,,5,5,5
11,,,1,1
12,,3,,
";

/// The same ratings, one a record.
fn long() -> String {
    let mut rows = vec!["id,unit,who,rating".to_owned()];
    for line in WIDE.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        for (who, rating) in ["a", "b", "c", "d"].iter().zip(&cells[1..]) {
            if !rating.is_empty() {
                rows.push(format!("{}{who},{},{who},{rating}", cells[0], cells[0]));
            }
        }
    }
    rows.join("\n") + "\n"
}

fn wide() -> Scratch {
    let scratch = Scratch::new();
    scratch.write("wide.csv", WIDE);
    scratch.write(
        "dver.toml",
        "[dataset.wide]\npath = \"wide.csv\"\nkey = [\"unit\"]\nlabel = [\"a\", \"b\", \"c\", \"d\"]\n",
    );
    scratch.dver(&["add", "."]).ok();
    scratch
}

const LONG: &str = "[dataset.long]\npath = \"long.csv\"\nkey = [\"id\"]\nitem = \"unit\"\n\
     annotator = \"who\"\nlabel = \"rating\"\n";

fn with_long(toml: &str) -> Scratch {
    let scratch = Scratch::new();
    scratch.write("long.csv", long());
    scratch.write("dver.toml", toml);
    scratch.dver(&["add", "."]).ok();
    scratch
}

fn metric<'a>(report: &'a Value, name: &str) -> &'a Value {
    let metrics = report["metrics"].as_array().unwrap();
    metrics
        .iter()
        .find(|metric| metric["name"] == name)
        .unwrap()
}

fn value(report: &Value, name: &str) -> f64 {
    metric(report, name)["value"].as_f64().unwrap()
}

#[test]
fn a_wide_and_a_long_table_of_the_same_ratings_have_the_published_coefficients() {
    let (wide, long) = (wide(), with_long(LONG));
    for (scratch, name) in [(&wide, "wide"), (&long, "long")] {
        for (scale, digits) in [
            ("nominal", "0.743"),
            ("ordinal", "0.815"),
            ("interval", "0.849"),
            ("ratio", "0.797"),
        ] {
            let reports = scratch.json(&["agree", "--scale", scale]);
            let report = &reports[0];
            assert_eq!(report["commit"], Value::Null);
            assert_eq!(report["dataset"], name);
            assert_eq!(format!("{:.3}", value(report, "agreement_alpha")), digits);
            assert_eq!(format!("{:.5}", value(report, "agreement_ac1")), "0.77544");
            let alpha = metric(report, "agreement_alpha");
            assert!(alpha["low"].as_f64() < alpha["value"].as_f64());
            assert!(alpha["high"].as_f64() > alpha["value"].as_f64());
            assert_eq!(metric(report, "agreement_items")["value"], 11);
            assert_eq!(metric(report, "agreement_ratings")["value"], 41);
            let fleiss = metric(report, "agreement_fleiss");
            assert_eq!(fleiss["value"], Value::Null);
            assert_eq!(fleiss["note"], "items have different numbers of ratings");
        }
    }
    let said = long.dver(&["agree"]).ok();
    assert!(
        said.starts_with("The working files, data set long (nominal)\n"),
        "{said}"
    );
    assert!(said.contains("agreement_alpha.rating"), "{said}");
}

#[test]
fn the_order_of_records_and_the_number_of_threads_change_no_digit() {
    let scratch = with_long(LONG);
    let before = scratch.json(&["agree"]);
    let text = long();
    let mut lines: Vec<&str> = text.lines().collect();
    lines[1..].reverse();
    scratch.write("long.csv", lines.join("\n") + "\n");
    let mut command = scratch.command(&["agree", "--json"]);
    let out = command.env("RAYON_NUM_THREADS", "1").output().unwrap();
    let after: Value = serde_json::from_slice(&out.stdout).unwrap();
    assert_eq!(json!(before), json!([after]));
}

#[test]
fn pairs_and_classes_are_told_one_by_one() {
    let scratch = wide();
    let pairs = scratch.json(&["agree", "--by", "pair"]);
    let metrics = pairs[0]["metrics"].as_array().unwrap();
    let cohen: Vec<&Value> = metrics
        .iter()
        .filter(|metric| metric["name"] == "agreement_cohen")
        .collect();
    assert_eq!(cohen.len(), 6);
    assert_eq!(cohen[0]["pair"], json!(["a", "b"]));
    // Of nine units that both rated they differ in one: (8/9 - 21/81) / (1 - 21/81).
    let (po, pe) = (8.0 / 9.0, (3.0 * 2.0 + 3.0 * 4.0 + 2.0 * 2.0 + 1.0) / 81.0);
    let found = cohen[0]["value"].as_f64().unwrap();
    assert!((found - (po - pe) / (1.0 - pe)).abs() < 1e-12, "{found}");
    let classes = scratch.json(&["agree", "--by", "class"]);
    let metrics = classes[0]["metrics"].as_array().unwrap();
    let five = metrics
        .iter()
        .find(|m| m["class"] == "5" && m["name"] == "agreement_alpha");
    assert_eq!(five.unwrap()["value"], 1);
    let csv = scratch
        .dver(&["agree", "--by", "pair", "--format", "csv"])
        .ok();
    assert!(csv.starts_with("dataset,metric,field,class,annotator_1,annotator_2,guideline,value"));
    assert!(csv.contains("\nwide,agreement_cohen,,,a,b,,0.8"), "{csv}");
}

#[test]
fn scales_that_make_no_sense_are_refused_with_what_to_do() {
    let scratch = Scratch::new();
    scratch.write(
        "l.csv",
        "id,item,who,label\n1,x,a,good\n2,x,b,bad\n3,y,a,ok\n4,y,b,ok\n",
    );
    let toml = |classes: &str| {
        format!(
            "[dataset.l]\npath = \"l.csv\"\nkey = [\"id\"]\nitem = \"item\"\nannotator = \"who\"\n\
             label = \"label\"\n{classes}"
        )
    };
    scratch.write("dver.toml", toml(""));
    scratch.dver(&["add", "."]).ok();
    let said = scratch.dver(&["agree", "--scale", "interval"]).fails(3);
    assert!(said.contains("needs numbers"), "{said}");
    let said = scratch.dver(&["agree", "--scale", "ordinal"]).fails(3);
    assert!(
        said.contains("the classes of `label` have no order"),
        "{said}"
    );
    assert_eq!(scratch.json(&["agree"])[0]["scales"], json!(["nominal"]));
    scratch.write(
        "dver.toml",
        toml("classes = { values = [\"bad\", \"ok\", \"good\"], ordered = true }\n"),
    );
    let ordered = scratch.json(&["agree"]);
    assert_eq!(ordered[0]["scales"], json!(["ordinal"]));
    assert!(metric(&ordered[0], "agreement_cohen_quadratic")["value"].is_number());
    // Two data sets without several ratings of an item.
    scratch.write(
        "dver.toml",
        "[dataset.l]\npath = \"l.csv\"\nkey = [\"id\"]\nlabel = \"label\"\n",
    );
    let said = scratch.dver(&["agree"]).fails(3);
    assert!(
        said.contains("no data set holds several ratings of an item"),
        "{said}"
    );
}

#[test]
fn the_consensus_lists_the_ratings_that_it_outvotes() {
    let scratch = with_long(LONG);
    let list = scratch.json(&["agree", "--consensus", "majority"]);
    assert_eq!(
        list,
        [
            json!({"dataset": "long", "key": ["2c"], "field": "rating", "score": 0.75,
                "method": "majority(ties=none)", "label": "3", "suggested": "2",
                "note": "annotator c"}),
            json!({"dataset": "long", "key": ["8c"], "field": "rating", "score": 0.75,
                "method": "majority(ties=none)", "label": "2", "suggested": "1",
                "note": "annotator c"}),
        ]
    );
    let said = scratch.dver(&["agree", "--consensus", "dawid-skene"]).ok();
    assert!(
        said.contains("dawid-skene(init=shares,prior=yes,smoothing=0"),
        "{said}"
    );
    // The list goes back into the files, and then annotators agree more.
    let before = value(&scratch.json(&["agree"])[0], "agreement_alpha");
    scratch
        .dver(&[
            "agree",
            "--consensus",
            "majority",
            "--format",
            "jsonl",
            "-o",
            "list.jsonl",
        ])
        .ok();
    let said = scratch.dver(&["apply", "list.jsonl"]).ok();
    assert!(said.starts_with("Wrote 2 labels in long.csv"), "{said}");
    assert!(value(&scratch.json(&["agree"])[0], "agreement_alpha") > before);
    // Of a wide table, the field is the annotator's column.
    let list = wide().json(&["agree", "--consensus", "majority"]);
    assert_eq!(list[0]["key"], json!(["2"]));
    assert_eq!(list[0]["field"], "c");
}

#[test]
fn agreement_is_told_before_and_after_each_guideline() {
    let toml = format!("{LONG}guideline = \"guide.md\"\n");
    let scratch = with_long(&toml);
    scratch.write("guide.md", "label what you see\n");
    scratch.dver(&["add", "guide.md"]).ok();
    scratch.dver(&["commit", "-m", "first labels"]).ok();
    scratch.write("guide.md", "label what is meant\n");
    scratch.dver(&["commit", "-am", "second guideline"]).ok();
    let fixed = long()
        .replace("\n6b,6,b,2", "\n6b,6,b,1")
        .replace("\n2c,2,c,3", "\n2c,2,c,2");
    scratch.write("long.csv", fixed);
    scratch.dver(&["commit", "-am", "labelled again"]).ok();
    let reports = scratch.json(&["agree", "--by", "guideline"]);
    let metrics = reports[0]["metrics"].as_array().unwrap();
    let alphas = metrics
        .iter()
        .filter(|metric| metric["name"] == "agreement_alpha");
    let alphas: Vec<(&Value, f64)> = alphas
        .map(|m| (&m["guideline"], m["value"].as_f64().unwrap()))
        .collect();
    assert_eq!(alphas.len(), 3);
    let at: Vec<&Value> = alphas
        .iter()
        .map(|(guideline, _)| &guideline["at"])
        .collect();
    assert_eq!(at, ["first", "first", "last"]);
    assert_ne!(alphas[0].0["content"], alphas[1].0["content"]);
    assert_eq!(alphas[0].1, alphas[1].1);
    assert!(alphas[2].1 > alphas[1].1);
    // Where the records name their guideline, its ratings are looked at by themselves.
    let text = long();
    let by_field: Vec<String> = text
        .lines()
        .enumerate()
        .map(|(at, line)| match (at, line.split(',').nth(1)) {
            (0, _) => format!("{line},guide"),
            (_, Some("6")) => format!("{line},v1"),
            _ => format!("{line},v2"),
        })
        .collect();
    scratch.write("long.csv", by_field.join("\n") + "\n");
    scratch.write(
        "dver.toml",
        format!("{LONG}guideline = {{ field = \"guide\" }}\n"),
    );
    let reports = scratch.json(&["agree", "--by", "guideline"]);
    let metrics = reports[0]["metrics"].as_array().unwrap();
    let percent = metrics
        .iter()
        .filter(|metric| metric["name"] == "agreement_percent");
    let percent: Vec<(&Value, f64)> = percent
        .map(|m| (&m["guideline"]["name"], m["value"].as_f64().unwrap()))
        .collect();
    assert_eq!(percent[0], (&json!("v1"), 0.0));
    assert_eq!(percent[1], (&json!("v2"), 0.9));
}

#[test]
fn the_example_in_the_docs_is_what_dver_says() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/agreement.md");
    let text = fs::read_to_string(&page).unwrap();
    let (before, rest) = text.split_once("```csv\n").unwrap();
    let (table, rest) = rest.split_once("```").unwrap();
    assert_eq!(table, WIDE);
    let (between, rest) = rest.split_once("```text\n").unwrap();
    let (told, after) = rest.split_once("```").unwrap();
    let said = wide().dver(&["agree", "--scale", "ordinal"]).ok();
    if std::env::var_os("DVER_UPDATE_DOCS").is_some() {
        let text = format!("{before}```csv\n{table}```{between}```text\n{said}```{after}");
        fs::write(page, text).unwrap();
    } else {
        assert_eq!(
            told, said,
            "run `DVER_UPDATE_DOCS=1 cargo test --test it agree`"
        );
    }
}

#[test]
fn label_fields_of_different_questions_are_no_annotators() {
    let scratch = Scratch::new();
    scratch.write("t.csv", "id,topic,mood\n1,cats,good\n2,dogs,bad\n");
    scratch.write(
        "dver.toml",
        "[dataset.t]\npath = \"t.csv\"\nkey = [\"id\"]\nlabel = [\"topic\", \"mood\"]\n",
    );
    scratch.dver(&["add", "."]).ok();
    scratch.dver(&["commit", "-m", "two questions"]).ok();
    let said = scratch.dver(&["agree"]).fails(3);
    assert!(said.contains("no data set holds several ratings"), "{said}");
    let said = scratch.dver(&["agree", "--dataset", "t"]).fails(3);
    assert!(
        said.contains("`topic` and `mood` of `t` have no class in common"),
        "{said}"
    );
    assert!(
        !scratch
            .dver(&["card"])
            .ok()
            .contains("| agreement (nominal) |")
    );
}

#[test]
fn quality_has_the_same_numbers_from_the_sealed_state() {
    let scratch = with_long(LONG);
    // A rating again by the same annotator, one of nothing, one that is missing.
    let more = "13a,2,a,5\n13b,,b,1\n13c,2,c,\n";
    scratch.write("long.csv", format!("{}{more}", long()));
    scratch.dver(&["commit", "-am", "ratings"]).ok();
    let agree = &scratch.json(&["agree", "HEAD"])[0];
    let quality = &scratch.json(&["quality", "HEAD"])[0];
    for name in [
        "agreement_percent",
        "agreement_alpha",
        "agreement_ac1",
        "agreement_fleiss",
    ] {
        assert_eq!(
            metric(quality, name)["value"],
            metric(agree, name)["value"],
            "{name}"
        );
    }
    let notes = &agree["notes"];
    assert!(
        notes
            .to_string()
            .contains("1 record without an item left out"),
        "{notes}"
    );
    assert!(
        notes.to_string().contains("1 record rates an item again"),
        "{notes}"
    );
}

#[test]
fn scorecards_have_wide_tables_and_declared_scales() {
    for (scale, digits) in [
        ("nominal", "0.743"),
        ("ordinal", "0.815"),
        ("interval", "0.849"),
        ("ratio", "0.797"),
    ] {
        // 0 and 6 are never given, but lie in the order.
        let values = "values = [0, 1, 2, 3, 4, 5, 6]";
        let classes = format!("classes = {{ {values}, scale = \"{scale}\" }}\n");
        let (wide, long) = (wide(), with_long(&format!("{LONG}{classes}")));
        let toml = String::from_utf8(wide.read("dver.toml")).unwrap();
        wide.write("dver.toml", format!("{toml}{classes}"));
        for scratch in [&wide, &long] {
            scratch.dver(&["commit", "-am", "ratings"]).ok();
            let agree = &scratch.json(&["agree", "HEAD"])[0];
            assert_eq!(agree["scales"], json!([scale]));
            let quality = &scratch.json(&["quality", "HEAD"])[0];
            let alpha = value(quality, "agreement_alpha");
            assert_eq!(format!("{alpha:.3}"), digits);
            for name in [
                "agreement_percent",
                "agreement_alpha",
                "agreement_ac1",
                "agreement_fleiss",
            ] {
                let (a, b) = (metric(agree, name), metric(quality, name));
                assert_eq!(a["value"], b["value"], "{name}, {scale}");
                assert_eq!(a["field"], b["field"]);
            }
            let verified = scratch.json(&["verify", "--recompute"]).remove(0);
            assert_eq!(verified["refuted"], json!([]));
        }
        // Each two annotators, as `agree` tells them.
        let pairs = &wide.json(&["agree", "HEAD", "--by", "pair"])[0];
        let quality = &wide.json(&["quality", "HEAD"])[0];
        let mut told = 0;
        for one in pairs["metrics"].as_array().unwrap() {
            let name = one["name"].as_str().unwrap();
            if !name.starts_with("agreement_cohen") {
                continue;
            }
            let pair = format!(
                "{}/{}",
                one["pair"][0].as_str().unwrap(),
                one["pair"][1].as_str().unwrap()
            );
            let all = quality["metrics"].as_array().unwrap();
            let mut same = all
                .iter()
                .filter(|m| m["name"] == name && m["field"] == pair);
            assert_eq!(
                same.next().unwrap()["value"],
                one["value"],
                "{name} {pair} {scale}"
            );
            told += 1;
        }
        let weighted = if scale == "nominal" { 1 } else { 3 };
        assert_eq!(told, 6 * weighted);
        let log = wide.json(&["log", "--metric", "agreement_cohen.b/c"]);
        assert_eq!(log[0]["metrics"].as_array().unwrap().len(), 1, "{log:?}");
    }
}

#[test]
fn two_annotators_of_a_wide_table_can_be_gated() {
    let scratch = Scratch::new();
    let toml = |more: &str| {
        format!("[dataset.t]\npath = \"t.csv\"\nkey = \"id\"\nlabel = [\"ann\", \"bob\"]\n{more}")
    };
    let ordered = "classes = { values = [\"bad\", \"ok\", \"good\"], ordered = true }\n";
    let gate = "[gate.t]\nagreement_cohen_quadratic = \">= 0.5\"\n";
    scratch.write("dver.toml", toml(&format!("{ordered}{gate}")));
    let same = "id,ann,bob\n1,bad,bad\n2,ok,ok\n3,good,good\n4,ok,\n5,good,ok\n";
    scratch.write("t.csv", same);
    scratch.dver(&["add", "-A"]).ok();
    scratch.dver(&["commit", "-m", "first"]).ok();
    let agree = &scratch.json(&["agree", "HEAD"])[0];
    let quality = &scratch.json(&["quality", "HEAD"])[0];
    for name in [
        "agreement_cohen",
        "agreement_cohen_linear",
        "agreement_cohen_quadratic",
    ] {
        assert_eq!(metric(quality, name)["value"], metric(agree, name)["value"]);
        assert_eq!(metric(quality, name)["field"], "ann/bob");
    }
    let log = scratch.json(&["log", "--metric", "agreement_cohen_quadratic"]);
    assert!(log[0]["metrics"][0]["value"].as_f64() > Some(0.5));
    scratch.write(
        "t.csv",
        same.replace("bad,bad", "bad,good")
            .replace("good,good", "good,bad"),
    );
    let refused = scratch.dver(&["commit", "-am", "worse"]);
    let said = format!("{}{}", refused.out, refused.err);
    refused.fails(1);
    assert!(said.contains("agreement_cohen_quadratic"), "{said}");
    // Different questions are no annotators, and many classes have a reason.
    scratch.write("dver.toml", toml(""));
    scratch.write("t.csv", "id,ann,bob\n1,a,x\n2,b,y\n");
    scratch.dver(&["commit", "-am", "questions"]).ok();
    let names = |scratch: &Scratch| -> Vec<Value> {
        let quality = scratch.json(&["quality", "HEAD"]).remove(0);
        let all = quality["metrics"].as_array().unwrap().iter();
        all.filter(|m| m["name"].as_str().unwrap().starts_with("agreement"))
            .cloned()
            .collect()
    };
    assert_eq!(names(&scratch), Vec::<Value>::new());
    let many: String = (0..150)
        .map(|id| format!("{id},c{id},c{}\n", (id + 1) % 150))
        .collect();
    scratch.write("t.csv", format!("id,ann,bob\n{many}"));
    scratch.dver(&["commit", "-am", "many"]).ok();
    let found = names(&scratch);
    assert!(!found.is_empty());
    for one in &found {
        assert_eq!(one["value"], Value::Null);
        assert!(
            one["note"]
                .as_str()
                .unwrap()
                .contains("more than 128 classes"),
            "{one}"
        );
    }
    // A scale of numbers needs numbers, and an order contradicts a nominal scale.
    let declare = |classes: &str| scratch.write("dver.toml", toml(classes));
    declare("classes = { values = [\"a\", \"b\"], scale = \"interval\" }\n");
    scratch.write("t.csv", "id,ann,bob\n1,a,b\n2,b,b\n");
    scratch.dver(&["commit", "-am", "letters"]).ok();
    let alpha = names(&scratch).remove(1);
    assert_eq!(
        alpha["note"],
        "on the interval scale classes are numbers, and `a` is none"
    );
    declare("classes = { values = [\"a\", \"b\"], ordered = true, scale = \"nominal\" }\n");
    let told = scratch.dver(&["quality"]).fails(3);
    assert!(
        told.contains("a scale on which classes have an order"),
        "{told}"
    );
    declare("classes = { values = [\"a\", \"b\"], scale = \"ordinary\" }\n");
    let told = scratch.dver(&["quality"]).fails(3);
    assert!(told.contains("ordinal"), "{told}");
    declare("");
}
