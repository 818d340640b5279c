//! Every kind of change in every format: what `--json` says, the others say too.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::harness::Scratch;

/// Two versions of `data/pets.csv` (or another file), with what dver.toml says of it.
struct Scenario {
    name: &'static str,
    file: &'static str,
    toml: &'static str,
    before: Vec<u8>,
    after: Vec<u8>,
    /// Where images stand before and after; empty where they are not.
    images: &'static [(&'static str, &'static str)],
}

const KEYED: &str = "key = [\"id\"]\nlabel = \"label\"\n";
const ROLES: &str =
    "key = [\"id\"]\nlabel = \"label\"\nannotator = \"who\"\nsplit = \"split\"\ntext = \"text\"\n";

/// A table of 60 records in three classes, changed line by line.
fn table(change: impl Fn(usize, &str) -> Option<String>) -> Vec<u8> {
    let mut out = "id,text,label,who,split\n".to_owned();
    for id in 1..=60 {
        let label = ["cat", "dog", "fish"][id % 3];
        let who = ["ada", "joon"][id % 2];
        let split = if id % 5 == 0 { "test" } else { "train" };
        let line = format!("{id},text {id},{label},{who},{split}");
        if let Some(line) = change(id, &line) {
            out.push_str(&line);
            out.push('\n');
        }
    }
    out.into_bytes()
}

fn same() -> Vec<u8> {
    table(|_, line| Some(line.to_owned()))
}

/// Scenarios of the pets table, by what becomes of its lines.
fn of_lines() -> Vec<Scenario> {
    type Change = fn(usize, &str) -> Option<String>;
    let replaced: [(&str, Change); 12] = [
        ("no change", |_, line| Some(line.to_owned())),
        ("relabel", |id, line| {
            Some(match id {
                3 => line.replace("cat,joon", "dog,ada"),
                4..=7 => line.replace("dog", "fish"),
                _ => line.to_owned(),
            })
        }),
        ("rename", |_, line| Some(line.replace(",fish,", ",trout,"))),
        ("split of a class", |id, line| {
            Some(line.replace(",cat,", if id < 31 { ",kitten," } else { ",tom," }))
        }),
        ("merge", |_, line| Some(line.replace(",fish,", ",dog,"))),
        ("swap", |_, line| {
            let line = line.replace(",cat,", ",?,").replace(",dog,", ",cat,");
            Some(line.replace(",?,", ",dog,"))
        }),
        ("added and removed", |id, line| match id {
            _ if line.contains(",fish,") => None,
            20 => Some(format!("{line}\n99,\"new, and\nlong\",cat,ada,test")),
            _ => Some(line.to_owned()),
        }),
        ("respelled", |id, line| {
            Some(line.replacen(&format!("{id},"), &format!("{id}.0,"), 1))
        }),
        ("cells", |id, line| {
            Some(match id {
                7 => line.replace("text 7", "=7+\"x\"|<b>*y*</b>`z`"),
                8 => line.replace("text 8", "고양이 👩‍👩‍👧‍👦 e\u{301}"),
                11 => line.replace("text 11", "\u{1b}[31mred"),
                12 => line.replace("train", "test"),
                13 => line.replace("text 13", ""),
                _ => line.to_owned(),
            })
        }),
        ("scripts", |id, line| {
            Some(match id {
                3 => line.replace(",cat,", ",חתול,"),
                6 => line.replace(",cat,", ",고양이,"),
                9 => line.replace(",cat,", ",👍🏽,"),
                12 => line.replace(",cat,", ",,"),
                _ => line.to_owned(),
            })
        }),
        ("schema", |id, line| Some(format!("{line},{id}.5"))),
        ("problems", |id, line| {
            Some(match id {
                5 => format!("{line},too,many"),
                6 => line.replacen("6,", ",", 1),
                8 => line.replacen("8,", "7,", 1),
                _ => line.to_owned(),
            })
        }),
    ];
    let scenario = |(name, change): (&'static str, Change)| {
        let mut after = table(change);
        if name == "schema" {
            after = String::from_utf8(after)
                .unwrap()
                .replacen("who,split", "annotator,split,score", 1)
                .into_bytes();
        }
        Scenario {
            name,
            file: "pets.csv",
            toml: ROLES,
            before: same(),
            after,
            images: &[],
        }
    };
    replaced.into_iter().map(scenario).collect()
}

fn scenarios() -> Vec<Scenario> {
    let mut all = of_lines();
    let mut moved: Vec<String> = String::from_utf8(same())
        .unwrap()
        .lines()
        .map(str::to_owned)
        .collect();
    moved.swap(3, 50);
    all.push(Scenario {
        name: "moved",
        file: "pets.csv",
        toml: ROLES,
        before: same(),
        after: (moved.join("\n") + "\n").into_bytes(),
        images: &[],
    });
    all.push(Scenario {
        name: "dialect",
        file: "pets.csv",
        toml: ROLES,
        before: same(),
        after: String::from_utf8(same())
            .unwrap()
            .replace(',', ";")
            .replace('\n', "\r\n")
            .into_bytes(),
        images: &[],
    });
    all.push(Scenario {
        name: "nested JSON and sets of labels",
        file: "pets.jsonl",
        toml: KEYED,
        before: b"{\"id\":1,\"label\":[\"a\",\"b\"],\"meta\":{\"x\":1}}\n{\"id\":2,\"label\":[\"a\"],\"meta\":{\"x\":2}}\n"
            .to_vec(),
        after: b"{\"id\":1,\"label\":[\"b\",\"c\"],\"meta\":{\"x\":1}}\n{\"id\":2,\"label\":[\"a\"],\"meta\":{\"x\":3}}\n"
            .to_vec(),
        images: &[],
    });
    all.push(Scenario {
        name: "scores",
        file: "pets.csv",
        toml: KEYED,
        before: b"id,label\n1,4.2\n2,3.5\n3,1\n".to_vec(),
        after: b"id,label\n1,4.5\n2,3\n3,1.0\n".to_vec(),
        images: &[],
    });
    all.push(Scenario {
        name: "preferences",
        file: "pets.csv",
        toml: "key = [\"id\"]\nlabel = \"label\"\nlabel_kind = { label = \"preference\" }\n",
        before: b"id,label\n1,a\n2,b\n3,a\n4,tie\n".to_vec(),
        after: b"id,label\n1,b\n2,b\n3,tie\n4,a\n".to_vec(),
        images: &[],
    });
    all.push(Scenario {
        name: "composite keys",
        file: "pets.csv",
        toml: "key = [\"id\", \"part\"]\nlabel = \"label\"\n",
        before: b"id,part,label\n1,a,x\n1,b,x\n2,a,y\n".to_vec(),
        after: b"id,part,label\n1,a,x\n1,b,y\n2,c,y\n".to_vec(),
        images: &[],
    });
    all.push(Scenario {
        name: "images",
        file: "{split}/{label}/*.png",
        toml: "format = \"images\"\n",
        before: Vec::new(),
        after: Vec::new(),
        images: &[
            ("train/cat/1", "train/dog/1"),
            ("train/cat/2", "test/cat/2"),
            ("train/cat/3", ""),
            ("train/dog/4", "train/dog/4"),
            ("", "test/고양이/5"),
        ],
    });
    all.push(Scenario {
        name: "no data set",
        file: "notes.txt",
        toml: "",
        before: b"one\ntwo\n".to_vec(),
        after: b"one\n| <b>three</b> `x`\n".to_vec(),
        images: &[],
    });
    all
}

/// What one output says, line by line, as people or programs read it.
fn lines(format: &str, out: &[u8]) -> Vec<String> {
    let text = String::from_utf8(out.to_vec()).unwrap();
    match format {
        "csv" => {
            let mut reader = csv::ReaderBuilder::new()
                .has_headers(false)
                .from_reader(text.as_bytes());
            let row = |row: Result<csv::StringRecord, csv::Error>| {
                let row = row.expect("every row has as many cells as the first");
                let cell = |cell: &str| cell.strip_prefix('\'').unwrap_or(cell).to_owned();
                row.iter().map(cell).collect::<Vec<_>>().join("\t")
            };
            reader.records().map(row).collect()
        }
        "md" | "html" => {
            if format == "html" {
                well_formed(&text);
            }
            text.lines().map(shown).collect()
        }
        _ => text
            .lines()
            .map(|line| harmless(&without_colour(line)))
            .collect(),
    }
}

fn without_colour(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some((before, after)) = rest.split_once("\u{1b}[") {
        out.push_str(before);
        rest = after.split_once('m').expect("colours end").1;
    }
    out + rest
}

fn harmless(line: &str) -> String {
    assert!(!line.contains(char::is_control), "{line:?} has controls");
    let line = line.replace(['\u{2068}', '\u{2069}'], "");
    // Numbers are compared without their separators.
    let chars: Vec<char> = line.chars().collect();
    let is_digit = |at: usize| chars.get(at).is_some_and(char::is_ascii_digit);
    let separates = |at: usize| chars[at] == ',' && at > 0 && is_digit(at - 1) && is_digit(at + 1);
    let kept = (0..chars.len()).filter(|&at| !separates(at));
    kept.map(|at| chars[at]).collect()
}

/// What a browser shows of a line of HTML.
fn shown(line: &str) -> String {
    let line = harmless(line);
    let mut out = String::new();
    let mut rest = line.as_str();
    while let Some((before, after)) = rest.split_once('<') {
        out.push_str(before);
        rest = after.split_once('>').expect("tags end").1;
        out.push('\t');
    }
    let mut text = out + rest;
    for (entity, sign) in [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#39;", "'"),
    ] {
        text = text.replace(entity, sign);
    }
    for sign in 33..127_u8 {
        text = text.replace(&format!("&#{sign};"), &char::from(sign).to_string());
    }
    text.replace("&amp;", "&")
}

/// Tags nest and close, attributes are quoted, and every `&` begins an entity.
fn well_formed(html: &str) {
    const VOID: [&str; 2] = ["meta", "!DOCTYPE"];
    let mut open: Vec<&str> = Vec::new();
    let mut rest = html;
    while let Some((before, after)) = rest.split_once('<') {
        assert!(
            !before.contains('>') || open.last() == Some(&"style"),
            "{before}"
        );
        for entity in before.split('&').skip(1) {
            assert!(entity.split(';').next().unwrap().len() < 6, "{before}");
        }
        let (tag, after) = after.split_once('>').expect("a tag ends");
        let name = tag.split([' ', '\n']).next().unwrap();
        assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
        match name.strip_prefix('/') {
            Some(name) => assert_eq!(open.pop(), Some(name), "{html}"),
            None if VOID.contains(&name) => {}
            None => open.push(name),
        }
        rest = after;
    }
    assert!(open.is_empty(), "{open:?}");
}

/// The facts of an event that must stand in one line of an output.
fn facts(format: &str, event: &Value) -> Vec<Vec<String>> {
    let text = |value: &Value| -> Option<String> {
        let escaped = |text: &str| match format {
            "csv" => text.to_owned(),
            _ => text.replace('\n', "\\n").replace('\u{1b}', "\\u{1b}"),
        };
        match value {
            Value::Null => None,
            Value::String(text) => Some(escaped(text)),
            other => Some(other.to_string()),
        }
    };
    let is_text = format == "text";
    let words = |name: &Value| match format {
        "csv" => name.as_str().unwrap().to_owned(),
        _ => name.as_str().unwrap().replace('_', " "),
    };
    let list = |names: &[&str]| -> Vec<String> {
        names
            .iter()
            .filter_map(|name| text(&event[*name]))
            .collect()
    };
    let key = |out: &mut Vec<String>| {
        out.extend(event["key"].as_array().unwrap().iter().filter_map(text));
    };
    match event["event"].as_str().unwrap() {
        "file" => {
            let mut line = list(&["path", "status"]);
            line.extend(event["size"].as_array().unwrap().iter().filter_map(text));
            vec![line]
        }
        "schema" => {
            let mut line = list(&["field", "from", "to", "count", "evidence", "verdict"]);
            line.push(words(&event["change"]));
            vec![line]
        }
        "label" => {
            let mut line = list(&["field", "from", "to"]);
            key(&mut line);
            line.push(match (is_text, event["cause"].as_str().unwrap()) {
                (true, "relabel") => String::new(),
                (_, cause) => cause.to_owned(),
            });
            if let Some(who) = event["annotator"].as_array() {
                line.extend(who.iter().filter_map(text));
            }
            vec![line]
        }
        "record" => {
            let mut line = Vec::new();
            key(&mut line);
            line.push(match (is_text, event["change"].as_str().unwrap()) {
                (true, "added") => "+".to_owned(),
                (true, _) => "-".to_owned(),
                (false, change) => change.to_owned(),
            });
            vec![line]
        }
        "cell" => {
            let mut line = list(&["field", "from", "to"]);
            key(&mut line);
            vec![line]
        }
        "problem" => {
            let mut line = list(&["path", "count", "record", "line"]);
            line.push(words(&event["problem"]));
            vec![line]
        }
        "summary" => {
            let mut all = Vec::new();
            let nothing = event["step"] == "none";
            if nothing && format != "csv" {
                return all;
            }
            for (name, count) in event["records"].as_object().unwrap() {
                if count.as_u64().is_some_and(|n| n > 0) && (!is_text || name != "before") {
                    match format {
                        "csv" => all.push(vec![name.clone(), count.to_string()]),
                        _ => all.push(vec![count.to_string()]),
                    }
                }
            }
            all.push(list(&["step"]));
            for t in event["labels"]["transitions"].as_array().unwrap() {
                let line = ["from", "count"].iter().filter_map(|name| text(&t[*name]));
                let mut line: Vec<String> = line.collect();
                if !is_text {
                    line.extend(text(&t["to"]));
                }
                all.push(line);
            }
            let empty = Vec::new();
            let of = |value: &Value| value.as_array().unwrap_or(&empty).clone();
            for class in of(&event["labels"]["classes"]) {
                let names = ["class", "before", "after"];
                all.push(
                    names
                        .iter()
                        .filter_map(|name| text(&class[*name]))
                        .collect(),
                );
            }
            for kind in of(&event["labels"]["kinds"]) {
                for name in ["increased", "decreased", "flips"] {
                    if !kind[name].is_null() {
                        let field = text(&kind["field"]).unwrap();
                        let count = kind[name].to_string();
                        all.push(if format == "csv" || is_text {
                            vec![field, count]
                        } else {
                            vec![count]
                        });
                    }
                }
                for element in of(&kind["elements"]) {
                    let names = ["class", "added"];
                    all.push(
                        names
                            .iter()
                            .filter_map(|name| text(&element[*name]))
                            .collect(),
                    );
                }
            }
            for by in of(&event["labels"]["annotators"]) {
                all.push(
                    ["annotator", "relabelled"]
                        .iter()
                        .filter_map(|n| text(&by[*n]))
                        .collect(),
                );
            }
            for split in of(&event["splits"]) {
                for name in ["added", "removed", "relabelled", "came", "left"] {
                    if split[name] != 0 {
                        all.push(vec![
                            text(&split["split"]).unwrap(),
                            split[name].to_string(),
                        ]);
                    }
                }
            }
            all
        }
        other => panic!("an event of an unknown kind: {other}"),
    }
}

#[test]
fn every_fact_of_a_diff_is_in_every_format() {
    let mut seen = BTreeSet::new();
    for scenario in scenarios() {
        let scratch = Scratch::empty();
        for (side, bytes) in [("old", &scenario.before), ("new", &scenario.after)] {
            for (old, new) in scenario.images {
                let (place, name) = (if side == "old" { old } else { new }, format!("{old}{new}"));
                if !place.is_empty() {
                    let image = format!("\u{89}PNG {}", name.chars().last().unwrap());
                    scratch.write(&format!("{side}/data/{place}.png"), image);
                }
            }
            if scenario.images.is_empty() {
                scratch.write(&format!("{side}/data/{}", scenario.file), bytes);
            }
            if !scenario.toml.is_empty() {
                let toml = format!(
                    "[dataset.pets]\npath = \"data/{}\"\n{}",
                    scenario.file, scenario.toml
                );
                let toml = match (side, scenario.name) {
                    ("new", "schema") => toml.replace("\"who\"", "\"annotator\""),
                    _ => toml,
                };
                scratch.write(&format!("{side}/dver.toml"), toml);
            }
        }
        let run = |options: &[&str], threads: &str| {
            let mut args = vec!["diff", "--no-index", "old", "new"];
            args.extend(options);
            let output = scratch.dver_with(&args, &[("RAYON_NUM_THREADS", threads)]);
            assert_eq!(output.code, Some(0), "{}: {}", scenario.name, output.err);
            output.bytes
        };
        let events = |options: &[&str]| -> Vec<Value> {
            let out = run(&[options, &["--json"]].concat(), "1");
            let text = String::from_utf8(out).unwrap();
            text.lines()
                .map(|line| serde_json::from_str(line).unwrap())
                .collect()
        };
        let all = events(&["--cells"]);
        for event in &all {
            let names = ["event", "status", "change", "cause", "problem"];
            seen.extend(
                names
                    .iter()
                    .filter_map(|name| event[*name].as_str().map(str::to_owned)),
            );
        }
        let counted = events(&["--stat"]);
        let kept = |event: &&Value| {
            let kind = event["event"].as_str().unwrap();
            ["file", "schema", "summary"].contains(&kind)
        };
        let same: Vec<Value> = all.iter().filter(kept).cloned().collect();
        assert_eq!(counted, same, "{}: --stat counts otherwise", scenario.name);
        for (format, options) in [
            ("text", vec!["--color", "never"]),
            ("text", vec!["--color", "always"]),
            ("csv", vec!["--format", "csv"]),
            ("md", vec!["--format", "md"]),
            ("html", vec!["--format", "html"]),
        ] {
            for (told, events) in [("--cells", &all), ("--stat", &counted)] {
                let options = [options.as_slice(), &[told]].concat();
                let out = run(&options, "1");
                assert!(
                    out == run(&options, "4"),
                    "{}: threads differ",
                    scenario.name
                );
                let lines = lines(format, &out);
                for event in events {
                    for line in facts(format, event) {
                        let found = lines
                            .iter()
                            .any(|said| line.iter().all(|fact| said.contains(fact.as_str())));
                        let mut told = String::new();
                        let _ = write!(told, "{}", lines.join("\n"));
                        assert!(
                            found,
                            "{}, {options:?}: {line:?} of {event} is not in\n{told}",
                            scenario.name
                        );
                    }
                }
            }
        }
    }
    for kind in [
        "file label record cell problem summary modified",
        "relabel rename split merge swap",
        "field_added field_renamed dialect_changed class_added class_removed class_renamed",
        "class_split class_merged nullable_changed added removed duplicate_key null_key ragged_record",
    ] {
        for kind in kind.split(' ') {
            assert!(seen.contains(kind), "no scenario shows {kind}: {seen:?}");
        }
    }
}

#[test]
fn formats_go_to_a_file_and_say_whether_anything_differs() {
    let scratch = Scratch::empty();
    scratch.write("old.csv", "id,label\n1,cat\n2,dog\n");
    scratch.write("new.csv", "id,label\n1,cat\n2,cat\n");
    let diff = |b: &str, more: &[&str]| {
        let mut args = vec!["diff", "--no-index", "--exit-code", "old.csv", b];
        args.extend(more);
        scratch.dver(&args)
    };
    for format in ["text", "json", "csv", "md", "html"] {
        let told = diff("new.csv", &["--format", format]);
        assert_eq!(told.code, Some(1), "{format}");
        let _ = diff("new.csv", &["--format", format, "-o", "out"]).fails(1);
        assert_eq!(scratch.read("out"), told.bytes, "{format}");
        diff("old.csv", &["--format", format]).ok();
    }
    let labels = diff("new.csv", &["--format", "csv", "--labels"]);
    let kinds: Vec<String> = lines("csv", &labels.bytes)
        .iter()
        .map(|line| line.split('\t').next().unwrap().to_owned())
        .collect();
    assert!(kinds.contains(&"label".to_owned()) && !kinds.contains(&"file".to_owned()));
    let told = diff("new.csv", &["--format", "csv", "--json"]).fails(2);
    assert_eq!(
        serde_json::from_str::<Value>(&told).unwrap()["error"]["kind"],
        json!("usage")
    );
}

#[test]
fn long_lists_are_cut_in_markdown_and_say_so() {
    let scratch = Scratch::empty();
    let table = |label: &str| {
        let mut out = "id,label\n".to_owned();
        (0..300).for_each(|id| writeln!(out, "{id},{label}{}", id % 2).unwrap());
        out
    };
    scratch.write("old.csv", table("a"));
    scratch.write("new.csv", table("b"));
    let args = ["diff", "--no-index", "old.csv", "new.csv", "--format", "md"];
    let told = scratch.dver(&args).ok();
    assert!(
        told.contains("<details><summary>Labels: 300</summary>"),
        "{told}"
    );
    assert!(
        told.contains("\n… and 200 more rows; `dver diff --json` has all.\n"),
        "{told}"
    );
}

#[test]
fn a_renamed_file_has_both_names_in_every_format() {
    let scratch = Scratch::empty();
    scratch
        .write("old/from.txt", "the same\n")
        .write("new/to.txt", "the same\n");
    for format in ["text", "json", "csv", "md", "html"] {
        let args = ["diff", "--no-index", "old", "new", "--format", format];
        let told = scratch.dver(&args).ok();
        assert!(told.contains("from.") && told.contains("to."), "{told}");
        assert!(told.contains("renamed"), "{told}");
    }
}
