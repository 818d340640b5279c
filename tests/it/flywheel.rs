//! The whole loop: planted errors are found, listed, corrected, applied, committed, told, and the
//! numbers are better for it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::harness::Scratch;

const CLASSES: [&str; 3] = ["sport", "food", "money"];
const WORDS: [[&str; 8]; 3] = [
    [
        "goal", "team", "match", "coach", "league", "score", "player", "win",
    ],
    [
        "bread", "soup", "spicy", "kitchen", "taste", "dish", "sweet", "cook",
    ],
    [
        "bank", "loan", "stock", "price", "market", "tax", "profit", "fund",
    ],
];
const RECORDS: usize = 600;

/// What the label of a record should be.
fn truth(id: usize) -> &'static str {
    CLASSES[id % 3]
}

fn is_planted(id: usize) -> bool {
    id % 20 == 7
}

fn text(id: usize) -> String {
    // Each text stands twice, so that a wrong label contradicts another record.
    let twin = id % (RECORDS / 2);
    let words = &WORDS[twin % 3];
    let pick = |salt: usize| words[(twin * 7 + salt * (1 + twin / 8)) % 8];
    format!(
        "{} {}, {} \"{}\" {twin}",
        pick(0),
        pick(1),
        pick(2),
        pick(5)
    )
}

fn table() -> String {
    let line = |id: usize| {
        let label = match is_planted(id) {
            true => CLASSES[(id + 1) % 3],
            false => truth(id),
        };
        let quoted = text(id).replace('"', "\"\"");
        format!("r{id:04};\"{quoted}\";{label};\"kept; as it is\"\r\n")
    };
    "id;text;label;note\r\n".to_owned() + &(0..RECORDS).map(line).collect::<String>()
}

fn metric(scratch: &Scratch, revision: &str, name: &str) -> f64 {
    let report = scratch.json(&["quality", revision]).remove(0);
    let metrics = report["metrics"].as_array().unwrap().iter();
    let mut named = metrics.filter(|metric| metric["name"] == name);
    named.next().unwrap()["value"].as_f64().unwrap()
}

#[test]
fn planted_errors_are_found_corrected_and_told() {
    let scratch = Scratch::new();
    scratch.write(
        "dver.toml",
        "[dataset.news]\npath = \"news.csv\"\ndelimiter = \";\"\nkey = \"id\"\nlabel = \"label\"\n\
         text = \"text\"\nmetadata = \"note\"\n",
    );
    scratch.write("news.csv", table());
    scratch.dver(&["add", "-A"]).ok();
    scratch.dver(&["commit", "-m", "with errors"]).ok();

    scratch
        .dver(&["find", "label-issues", "--format", "csv", "-o", "list.csv"])
        .ok();
    let list = String::from_utf8(scratch.read("list.csv")).unwrap();
    let found: BTreeSet<usize> = scratch
        .json(&["find", "label-issues"])
        .iter()
        .map(|line| line["key"][0].as_str().unwrap()[1..].parse().unwrap())
        .collect();
    assert_eq!(list.lines().count(), found.len() + 1);
    let planted: BTreeSet<usize> = (0..RECORDS).filter(|id| is_planted(*id)).collect();
    let hits = planted.intersection(&found).count();
    assert!(
        hits * 10 >= planted.len() * 9,
        "{hits} of {}",
        planted.len()
    );

    // A person goes through the list: where the suggestion is wrong, it is emptied.
    let mut reader = csv::Reader::from_reader(list.as_bytes());
    let header = reader.headers().unwrap().clone();
    let place = |name: &str| header.iter().position(|field| field == name).unwrap();
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(&header).unwrap();
    let mut corrected = BTreeMap::new();
    for record in reader.records() {
        let record = record.unwrap();
        let key = record[place("key.id")].to_owned();
        let id: usize = key[1..].parse().unwrap();
        let mut fields: Vec<String> = record.iter().map(str::to_owned).collect();
        let right = match is_planted(id) {
            true => truth(id).to_owned(),
            false => String::new(),
        };
        if is_planted(id) {
            corrected.insert(key, (record[place("label")].to_owned(), right.clone()));
        }
        fields[place("suggested")] = right;
        writer.write_record(&fields).unwrap();
    }
    scratch.write("list.csv", writer.into_inner().unwrap());
    let before = scratch.read("news.csv");
    scratch.dver(&["apply", "list.csv"]).ok();

    // The diff shows exactly those labels, and no other byte has changed.
    let events = scratch.json(&["diff", "--", "news.csv"]);
    let labels: BTreeMap<String, (String, String)> = events
        .iter()
        .filter(|event| event["event"] == "label")
        .map(|event| {
            let text = |name: &str| event[name].as_str().unwrap().to_owned();
            (
                event["key"][0].as_str().unwrap().to_owned(),
                (text("from"), text("to")),
            )
        })
        .collect();
    assert_eq!(labels, corrected);
    let after = String::from_utf8(scratch.read("news.csv")).unwrap();
    let before = String::from_utf8(before).unwrap();
    let changed = before
        .split("\r\n")
        .zip(after.split("\r\n"))
        .filter(|(a, b)| a != b);
    for (old, new) in changed {
        let key = &old[..5];
        let (from, to) = &corrected[key];
        assert_eq!(old.replace(&format!(";{from};"), &format!(";{to};")), new);
    }

    scratch.remove("list.csv");
    let message = [
        "commit",
        "-a",
        "-m",
        "corrected",
        "--reason",
        "label-issues",
    ];
    scratch.dver(&message).ok();
    let key = corrected.keys().next().unwrap();
    let life = scratch.json(&["blame", "news", "--key", key]);
    let last: &Value = life.last().unwrap();
    assert_eq!(last["reason"], "label-issues");
    let (from, to) = &corrected[key];
    assert_eq!(last["from"], *from);
    assert_eq!(last["to"], *to);
    let conflicts = |revision: &str| metric(&scratch, revision, "label_conflicts");
    assert!(conflicts("HEAD") < conflicts("HEAD~1") / 5.0);
    let again = scratch.json(&["find", "label-issues"]).len();
    assert!(again < found.len() / 2, "{again} of {}", found.len());
}
