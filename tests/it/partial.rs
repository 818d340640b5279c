//! `restore --where` and `add --where`: some changes, and no other byte.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use serde_json::Value;

use crate::harness::Scratch;

const DECLARED: &str = "[dataset.pets]\npath = \"PATH\"\nkey = \"id\"\nlabel = \"label\"\n";

/// A repository with one committed version of a file, and another one in the worktree.
fn between(name: &str, before: &[u8], after: &[u8]) -> Scratch {
    let scratch = Scratch::new();
    scratch.write("dver.toml", DECLARED.replace("PATH", name));
    scratch.write(name, before);
    scratch.dver(&["add", "-A"]).ok();
    scratch.dver(&["commit", "-m", "first"]).ok();
    scratch.write(name, after);
    scratch
}

/// Returns the single changes, each as what names it: its key, and its field where it has one.
fn changes(scratch: &Scratch, args: &[&str]) -> BTreeMap<(String, String), Value> {
    let mut all = vec!["diff", "--cells"];
    all.extend_from_slice(args);
    let mut found = BTreeMap::new();
    for event in scratch.json(&all) {
        let what = match event["event"].as_str().unwrap() {
            "record" => event["change"].as_str().unwrap(),
            "label" | "cell" => event["field"].as_str().unwrap(),
            _ => continue,
        };
        let key = event["key"][0].as_str().unwrap().to_owned();
        found.insert((key, what.to_owned()), event);
    }
    found
}

/// Writes a condition that only these changes pass.
fn only(chosen: &BTreeSet<(String, String)>) -> String {
    let one = |(key, what): &(String, String)| match what.as_str() {
        "added" | "removed" => format!("(key = '{key}' and change = '{what}')"),
        field => format!("(key = '{key}' and field = '{field}')"),
    };
    let all: Vec<String> = chosen.iter().map(one).collect();
    match all.is_empty() {
        true => "change = 'nothing'".to_owned(),
        false => all.join(" or "),
    }
}

#[test]
fn a_restore_takes_back_what_passes_and_keeps_the_rest() {
    let before = b"id,label,note\n1,cat,\"x, y\"\n2,dog,\n3,cat,z\n4,bird,1.0\n";
    let after = b"id,label,note\n1,dog,\"x, y\"\n3,\"dog\",z2\n4,bird,1.00\n5,cat,new\n";
    let scratch = between("pets.csv", before, after);
    let told = scratch.dver(&["restore", "--where", "from = 'cat' and key = 3", "pets.csv"]);
    assert_eq!(told.code, Some(0));
    assert_eq!(told.err, "Took back 1 change in 1 file\n");
    let now = b"id,label,note\n1,dog,\"x, y\"\n3,cat,z2\n4,bird,1.00\n5,cat,new\n";
    assert_eq!(scratch.read("pets.csv"), now);
    scratch
        .dver(&["restore", "--where", "change = 'removed'", "pets.csv"])
        .ok();
    let now = b"id,label,note\n1,dog,\"x, y\"\n2,dog,\n3,cat,z2\n4,bird,1.00\n5,cat,new\n";
    assert_eq!(scratch.read("pets.csv"), now);
    scratch
        .dver(&[
            "restore",
            "--where",
            "change in ('added', 'cell')",
            "pets.csv",
        ])
        .ok();
    // Of a text, 1.0 and 1.00 are two values.
    let now = b"id,label,note\n1,dog,\"x, y\"\n2,dog,\n3,cat,z\n4,bird,1.0\n";
    assert_eq!(scratch.read("pets.csv"), now);
    scratch.dver(&["undo"]).ok();
    let now = b"id,label,note\n1,dog,\"x, y\"\n2,dog,\n3,cat,z2\n4,bird,1.00\n5,cat,new\n";
    assert_eq!(scratch.read("pets.csv"), now);
    let told = scratch.dver(&["restore", "--where", "key = 77", "pets.csv"]);
    assert_eq!(told.err, "No change passes the condition\n");
    assert_eq!(scratch.read("pets.csv"), now);
}

#[test]
fn an_add_stages_what_passes_and_leaves_the_worktree() {
    let before = b"id,label,note\r\n1,cat,x\r\n2,dog,y\r\n3,cat,z";
    let after = b"id,label,note\r\n1,dog,x\r\n3,dog,z\r\n4,bird,new\r\n";
    let scratch = between("pets.csv", before, after);
    let told = scratch.dver(&["add", "--where", "change = 'label' and key = 1", "pets.csv"]);
    assert_eq!(told.err, "Staged 1 change in 1 file\n");
    assert_eq!(scratch.read("pets.csv"), after);
    scratch.dver(&["commit", "-m", "one"]).ok();
    let committed = |scratch: &Scratch| scratch.dver(&["cat", "HEAD:pets.csv"]).bytes;
    assert_eq!(
        committed(&scratch),
        b"id,label,note\r\n1,dog,x\r\n2,dog,y\r\n3,cat,z"
    );
    scratch
        .dver(&[
            "add",
            "--where",
            "change in ('added', 'removed')",
            "pets.csv",
        ])
        .ok();
    scratch
        .dver(&[
            "restore",
            "--staged",
            "--where",
            "change = 'removed'",
            "pets.csv",
        ])
        .ok();
    scratch.dver(&["commit", "-m", "two"]).ok();
    // The last record had no line end, and so has the one that comes behind it.
    assert_eq!(
        committed(&scratch),
        b"id,label,note\r\n1,dog,x\r\n2,dog,y\r\n3,cat,z\r\n4,bird,new"
    );
    assert_eq!(scratch.read("pets.csv"), after);
}

#[test]
fn whole_records_are_carried_over_only_between_equal_headers() {
    let before = b"id,label\n1,cat\n2,dog\n3,cat\n";
    let after = b"id;label;note\n1;dog;\"a\"\n3;cat;b\n4;cat;c\n";
    let scratch = between("pets.csv", before, after);
    let error = scratch
        .dver(&["restore", "--where", "change = 'removed'", "pets.csv"])
        .fails(3);
    assert!(error.contains("record 2 of `pets.csv`"), "{error}");
    assert_eq!(scratch.read("pets.csv"), after);
    // Values are written in the dialect of the file.
    scratch
        .dver(&["restore", "--where", "change = 'label'", "pets.csv"])
        .ok();
    let now = b"id;label;note\n1;cat;\"a\"\n3;cat;b\n4;cat;c\n";
    assert_eq!(scratch.read("pets.csv"), now);
    let error = scratch
        .dver(&["restore", "--where", "key = 1", "dver.toml"])
        .fails(3);
    assert!(
        error.contains("no data set has records in `dver.toml`"),
        "{error}"
    );
    scratch
        .dver(&["restore", "--where", "lable = 1", "pets.csv"])
        .fails(2);
}

#[test]
fn json_lines_keep_their_spacing() {
    let before =
        "{\"id\": 1, \"label\": \"cat\", \"meta\": {\"n\": 1}}\n{\"id\":2,\"label\":\"dog\"}\n";
    let after = "{\"id\": 1,  \"label\" : \"dog\", \"meta\": {\"n\": 2.50}}\n{\"id\":2,\"label\":null}\n{\"id\":3,\"label\":\"x\"}\n";
    let scratch = between("pets.jsonl", before.as_bytes(), after.as_bytes());
    scratch
        .dver(&[
            "restore",
            "--where",
            "field = 'meta.n' or key = 2",
            "pets.jsonl",
        ])
        .ok();
    let now = "{\"id\": 1,  \"label\" : \"dog\", \"meta\": {\"n\": 1}}\n{\"id\":2,\"label\":\"dog\"}\n{\"id\":3,\"label\":\"x\"}\n";
    assert_eq!(String::from_utf8(scratch.read("pets.jsonl")).unwrap(), now);
    scratch
        .dver(&["add", "--where", "from = 'cat'", "pets.jsonl"])
        .ok();
    scratch.dver(&["commit", "-m", "two"]).ok();
    let committed = scratch.dver(&["cat", "HEAD:pets.jsonl"]).ok();
    assert_eq!(
        committed,
        "{\"id\": 1, \"label\": \"dog\", \"meta\": {\"n\": 1}}\n{\"id\":2,\"label\":\"dog\"}\n"
    );
}

#[test]
fn records_stay_in_their_files() {
    let scratch = Scratch::new();
    scratch.write("dver.toml", DECLARED.replace("PATH", "{split}.csv"));
    scratch.write("test.csv", "id,label\n1,cat\n2,dog\n");
    scratch.write("train.csv", "id,label\n3,cat\n4,dog\n");
    scratch.dver(&["add", "-A"]).ok();
    scratch.dver(&["commit", "-m", "first"]).ok();
    scratch.write("test.csv", "id,label\n1,cat\n");
    scratch.write("train.csv", "id,label\n4,dog\n");
    scratch
        .dver(&["restore", "--where", "change = 'removed'", "."])
        .ok();
    assert_eq!(scratch.read("test.csv"), b"id,label\n1,cat\n2,dog\n");
    assert_eq!(scratch.read("train.csv"), b"id,label\n3,cat\n4,dog\n");
    // A file that is gone comes back with what passes, and goes with its last record.
    scratch.remove("train.csv");
    scratch.dver(&["restore", "--where", "key = 4", "."]).ok();
    assert_eq!(scratch.read("train.csv"), b"id,label\n4,dog\n");
    scratch.write("valid.csv", "id,label\n8,cat\n");
    scratch.dver(&["add", "--where", "key = 8", "."]).ok();
    assert_eq!(
        scratch
            .dver(&["status", "--json"])
            .ok()
            .matches("valid.csv")
            .count(),
        1
    );
    scratch
        .dver(&["restore", "--staged", "--where", "key = 8", "."])
        .ok();
    assert!(
        !scratch
            .dver(&["diff", "--staged"])
            .ok()
            .contains("valid.csv")
    );
    // What a path says is not written in a file.
    scratch.write("train.csv", "id,label\n4,dog\n");
    scratch.write("test.csv", "id,label\n1,cat\n2,dog\n3,cat\n");
    let error = scratch
        .dver(&["restore", "--where", "key = 3", "."])
        .fails(3);
    assert!(
        error.contains("`split` is not written in the file"),
        "{error}"
    );
}

/// One row: label and text.
type Row = (String, String);

fn file(jsonl: bool, rows: &[(u32, Row)], quote_all: bool, newline: &str, last: bool) -> Vec<u8> {
    if jsonl {
        let (comma, colon) = if quote_all { (" , ", ": ") } else { (",", ":") };
        let line = |(key, (label, text)): &(u32, Row)| {
            let text = Value::from(text.as_str());
            format!(
                "{{\"id\"{colon}{key}{comma}\"label\"{colon}\"{label}\"{comma}\"text\"{colon}{text}}}\n"
            )
        };
        return rows.iter().map(line).collect::<String>().into_bytes();
    }
    let cell = |text: &str| match quote_all || text.contains([',', '"', '\n']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text.to_owned(),
    };
    let mut lines = vec!["id,label,text".to_owned()];
    for (key, (label, text)) in rows {
        lines.push(format!("{key},{},{}", cell(label), cell(text)));
    }
    let mut all = lines.join(newline);
    if last {
        all.push_str(newline);
    }
    all.into_bytes()
}

fn row() -> impl Strategy<Value = Row> {
    let label = prop::sample::select(vec!["cat", "dog", "bird", ""]);
    let text = prop::sample::select(vec!["x", "a,b", "say \"hi\"", "two\nlines", "", "1.5"]);
    (label, text).prop_map(|(label, text)| (label.to_owned(), text.to_owned()))
}

/// What becomes of a row in the newer version.
#[derive(Clone, Debug)]
enum Edit {
    Keep,
    Remove,
    Change(Row),
    AddBehind(Row),
}

fn edit() -> impl Strategy<Value = Edit> {
    prop_oneof![
        4 => Just(Edit::Keep),
        1 => Just(Edit::Remove),
        2 => row().prop_map(Edit::Change),
        1 => row().prop_map(Edit::AddBehind),
    ]
}

fn edited(rows: &[(u32, Row)], edits: &[Edit]) -> Vec<(u32, Row)> {
    let mut out = Vec::new();
    for (at, (key, row)) in rows.iter().enumerate() {
        match edits.get(at).unwrap_or(&Edit::Keep) {
            Edit::Keep => out.push((*key, row.clone())),
            Edit::Remove => {}
            Edit::Change(new) => out.push((*key, new.clone())),
            Edit::AddBehind(new) => {
                out.push((*key, row.clone()));
                out.push((1000 + at as u32, new.clone()));
            }
        }
    }
    out
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn some_changes_taken_back_or_staged_leave_exactly_the_others(
        rows in prop::collection::vec(row(), 2..12),
        edits in prop::collection::vec(edit(), 12),
        picks in prop::collection::vec(any::<bool>(), 64),
        styles in prop::collection::vec(any::<bool>(), 2),
        newline in prop::sample::select(vec!["\n", "\r\n"]),
        last in any::<bool>(),
        jsonl in any::<bool>(),
    ) {
        let rows: Vec<(u32, Row)> = (1..).zip(rows).collect();
        let newer = edited(&rows, &edits);
        prop_assume!(newer.len() > 1);
        let before = file(jsonl, &rows, styles[0], newline, last);
        let after = file(jsonl, &newer, styles[1], newline, last);
        let name = if jsonl { "pets.jsonl" } else { "pets.csv" };
        let scratch = between(name, &before, &after);
        let all = changes(&scratch, &[]);
        let (chosen, rest): (BTreeSet<_>, BTreeSet<_>) = all.keys().cloned().zip(picks.iter().cycle())
            .map(|(change, pick)| (change, *pick))
            .fold((BTreeSet::new(), BTreeSet::new()), |(mut chosen, mut rest), (change, pick)| {
                if pick { chosen.insert(change) } else { rest.insert(change) };
                (chosen, rest)
            });
        let condition = only(&chosen);

        scratch.dver(&["add", "--where", &condition, name]).ok();
        prop_assert_eq!(scratch.read(name), after.clone());
        prop_assert_eq!(changes(&scratch, &["--staged"]).into_keys().collect::<BTreeSet<_>>(), chosen.clone());
        prop_assert_eq!(changes(&scratch, &[]).into_keys().collect::<BTreeSet<_>>(), rest.clone());
        scratch.dver(&["add", "--where", &only(&rest), name]).ok();
        prop_assert_eq!(changes(&scratch, &[]).len(), 0);
        scratch.dver(&["reset"]).ok();

        scratch.dver(&["restore", "--where", &condition, name]).ok();
        let left = changes(&scratch, &[]);
        prop_assert_eq!(left.keys().cloned().collect::<BTreeSet<_>>(), rest.clone());
        for (name, event) in &left {
            prop_assert_eq!(event, &all[name]);
        }
        let partly = scratch.read(name);
        // Records that nothing was chosen of keep their bytes, and their order.
        let untouched = |bytes: &[u8]| -> Vec<String> {
            let text = String::from_utf8(bytes.to_vec()).unwrap();
            let keys: BTreeSet<&String> = chosen.iter().map(|(key, _)| key).collect();
            records(&text).into_iter().filter(|record| !keys.contains(&key_of(record))).collect()
        };
        prop_assert_eq!(untouched(&partly), untouched(&after));
        scratch.dver(&["restore", "--where", &only(&rest), name]).ok();
        prop_assert_eq!(changes(&scratch, &[]).len(), 0);
        scratch.dver(&["undo"]).ok();
        prop_assert_eq!(scratch.read(name), if rest.is_empty() && chosen.is_empty() { after.clone() } else if rest.is_empty() { after } else { partly });
    }
}

fn key_of(record: &str) -> String {
    let first = record.split(',').next().unwrap().trim();
    first.trim_start_matches("{\"id\":").trim().to_owned()
}

/// Splits a file into its records, without the line ends behind them.
fn records(text: &str) -> Vec<String> {
    let mut out = vec![String::new()];
    let mut quoted = false;
    for c in text.chars() {
        quoted ^= c == '"';
        match c {
            '\n' if !quoted => out.push(String::new()),
            c => out.last_mut().unwrap().push(c),
        }
    }
    let whole = out
        .into_iter()
        .map(|record| record.trim_end_matches('\r').to_owned());
    whole.filter(|record| !record.is_empty()).collect()
}
