//! A curator's table goes out in one dialect and comes back in another, with fixed labels.

use serde_json::{Value, json};

use crate::harness::Scratch;

const RECORDS: usize = 500;
const FIXED: usize = 41;
const CLASSES: [&str; 3] = ["긍정", "부정", "중립"];

struct Review {
    id: usize,
    text: String,
    stars: Option<usize>,
    label: usize,
}

fn reviews() -> Vec<Review> {
    let review = |n: usize| Review {
        id: n + 1,
        text: match n % 5 {
            0 => format!("쉼표, 있는 글 {n}"),
            1 => format!("\"따옴표\" 있는 글 {n}"),
            2 => format!("첫 줄 {n}\n둘째 줄"),
            _ => format!("보통 글 {n}"),
        },
        stars: (!n.is_multiple_of(17)).then_some(n % 5 + 1),
        label: n % 3,
    };
    (0..RECORDS).map(review).collect()
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

/// As the office program wrote it: CP949, CRLF, every text quoted.
fn office(reviews: &[Review]) -> Vec<u8> {
    let mut out = String::from("\"id\",\"본문\",\"별점\",\"라벨\"\r\n");
    for review in reviews {
        let stars = review.stars.map(|n| n.to_string()).unwrap_or_default();
        let (text, label) = (quoted(&review.text), quoted(CLASSES[review.label]));
        out.push_str(&format!("{},{text},{stars},{label}\r\n", review.id));
    }
    let (bytes, _, unmappable) = encoding_rs::EUC_KR.encode(&out);
    assert!(!unmappable);
    bytes.into_owned()
}

/// As pandas writes it: UTF-8, LF, few quotes, whole numbers as floats.
fn pandas(reviews: &[Review]) -> Vec<u8> {
    let mut out = String::from("id,본문,별점,라벨\n");
    for review in reviews {
        let stars = review.stars.map(|n| format!("{n}.0")).unwrap_or_default();
        let text = match review.text.contains([',', '"', '\n']) {
            true => quoted(&review.text),
            false => review.text.clone(),
        };
        let label = CLASSES[review.label];
        out.push_str(&format!("{}.0,{text},{stars},{label}\n", review.id));
    }
    out.into_bytes()
}

fn of<'a>(events: &'a [Value], event: &str) -> Vec<&'a Value> {
    events.iter().filter(|e| e["event"] == event).collect()
}

#[test]
fn a_table_saved_again_by_pandas_changed_its_labels_and_its_dialect_and_nothing_else() {
    let scratch = Scratch::new();
    let mut all = reviews();
    let first = office(&all);
    scratch.write("reviews.csv", &first);
    scratch.dver(&["add", "reviews.csv"]).ok();
    let declared = scratch.json(&["dataset", "show", "reviews"]);
    assert_eq!(declared[0]["key"], json!(["id"]));
    assert_eq!(declared[0]["roles"]["라벨"], "label");
    assert_eq!(declared[0]["dialect"]["encoding"], "cp949");
    assert_eq!(declared[0]["dialect"]["newline"], "crlf");
    scratch.dver(&["commit", "-m", "as delivered"]).ok();

    for review in all.iter_mut().step_by(12).take(FIXED) {
        review.label = (review.label + 1) % CLASSES.len();
    }
    scratch.write("reviews.csv", pandas(&all));
    let events = scratch.json(&["diff", "--cells"]);
    let kinds: Vec<&str> = events
        .iter()
        .map(|event| event["event"].as_str().unwrap())
        .collect();
    let mut expected = vec!["file", "schema"];
    expected.extend(["label"; FIXED]);
    expected.push("summary");
    assert_eq!(kinds, expected);
    assert_eq!(
        *of(&events, "schema")[0],
        json!({"event": "schema", "dataset": "reviews", "change": "dialect_changed",
               "from": {"encoding": "cp949", "newline": "crlf"},
               "to": {"encoding": "utf-8", "newline": "lf"}, "verdict": "breaking"})
    );
    let summary = of(&events, "summary")[0];
    assert_eq!(
        summary["records"],
        json!({"before": RECORDS, "after": RECORDS, "added": 0, "removed": 0, "modified": FIXED,
               "respelled": RECORDS - FIXED, "moved": 0})
    );
    assert_eq!(summary["labels"]["relabelled"], FIXED);
    // A key has one name, however a version spells it.
    assert_eq!(of(&events, "label")[1]["key"], json!(["13"]));

    scratch.dver(&["commit", "-am", "labels fixed"]).ok();
    let lives: Vec<Vec<Value>> = ["13", "13.0"]
        .iter()
        .map(|key| scratch.json(&["blame", "reviews", "--key", key]))
        .collect();
    let told: Vec<&str> = lives[0]
        .iter()
        .map(|event| event["event"].as_str().unwrap())
        .collect();
    assert_eq!(told, ["added", "label"]);
    for (of_text, of_float) in lives[0].iter().zip(&lives[1]) {
        assert_eq!(of_text["to"], of_float["to"]);
        assert_eq!(of_text["commit"], of_float["commit"]);
    }
    let output = scratch.dver(&["cat", "HEAD~1:reviews.csv"]);
    assert!(output.bytes == first);
    assert_eq!(
        scratch.json(&["log"])[0]["datasets"][0]["relabelled"],
        FIXED
    );
}

/// As a spreadsheet writes it: fields of one separator, one line end, with or without a byte order
/// mark, quotes where `quotes` says or where they must be.
fn sheet(
    reviews: &[Review],
    (separator, newline, bom): (char, &str, bool),
    quotes: fn(&str) -> bool,
) -> Vec<u8> {
    let cell = |text: &str| match quotes(text) || text.contains([separator, '"', '\n']) {
        true => quoted(text),
        false => text.to_owned(),
    };
    let line = |cells: [&str; 4]| cells.map(cell).join(&separator.to_string()) + newline;
    let mut out = if bom { "\u{feff}" } else { "" }.to_owned();
    out.push_str(&line(["id", "본문", "별점", "라벨"]));
    for review in reviews {
        let stars = review.stars.map(|n| n.to_string()).unwrap_or_default();
        let id = review.id.to_string();
        out.push_str(&line([&id, &review.text, &stars, CLASSES[review.label]]));
    }
    out.into_bytes()
}

#[test]
fn a_table_saved_again_by_spreadsheets_has_no_changed_record() {
    let scratch = Scratch::new();
    let all = reviews();
    let is_text = |text: &str| text.parse::<u64>().is_err() && !text.is_empty();
    scratch.write("reviews.csv", pandas(&all));
    scratch.dver(&["add", "reviews.csv"]).ok();
    scratch.dver(&["commit", "-m", "pandas"]).ok();
    for (program, bytes) in [
        ("Excel, UTF-8", sheet(&all, (',', "\r\n", true), |_| false)),
        (
            "Excel, where a comma is for decimals",
            sheet(&all, (';', "\r\n", true), |_| false),
        ),
        (
            "LibreOffice, texts quoted",
            sheet(&all, (',', "\n", false), is_text),
        ),
        (
            "LibreOffice, all quoted",
            sheet(&all, ('\t', "\n", false), |_| true),
        ),
        ("the office program", office(&all)),
    ] {
        scratch.write("reviews.csv", bytes);
        let events = scratch.json(&["diff", "--cells"]);
        assert_eq!(of(&events, "label").len(), 0, "{program}");
        assert_eq!(of(&events, "cell").len(), 0, "{program}");
        assert_eq!(of(&events, "record").len(), 0, "{program}");
        for schema in of(&events, "schema") {
            assert_eq!(schema["change"], "dialect_changed", "{program}");
        }
        let records = &of(&events, "summary")[0]["records"];
        assert_eq!(records["modified"], 0, "{program}");
        scratch.dver(&["commit", "-am", program]).ok();
    }
}
