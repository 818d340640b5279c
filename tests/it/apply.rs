//! `apply`: the labels of a work list, and no other byte.

use std::process::Stdio;

use serde_json::{Value, json};

use crate::harness::{Output, Scratch};

const PETS: &str = "id,label,note\n1,cat,\"x, y\"\n2,\"dog\",\n3,cat,z\n4,bird,1.0\n5,,no label\n";
const HEADER: &str = "dataset,field,score,method,label,suggested,note,key.id,content.note\n";

/// A repository with one committed data set of one file.
fn with(name: &str, more: &str, bytes: impl AsRef<[u8]>) -> Scratch {
    let scratch = Scratch::new();
    let declared = format!("[dataset.pets]\npath = \"{name}\"\nlabel = \"label\"\n{more}\n");
    scratch.write("dver.toml", declared);
    scratch.write(name, bytes);
    scratch.dver(&["add", "-A"]).ok();
    scratch.dver(&["commit", "-m", "first"]).ok();
    scratch
}

fn pets() -> Scratch {
    with("pets.csv", "key = \"id\"", PETS)
}

/// Applies a list and returns what it says as JSON, with the exit code.
fn apply(scratch: &Scratch, list: &str, more: &[&str]) -> (Value, i32) {
    let place = scratch.path(".dver/tmp/list");
    std::fs::write(&place, list).unwrap();
    let mut args = vec!["apply", place.to_str().unwrap(), "--json"];
    args.extend_from_slice(more);
    let Output { code, out, err, .. } = scratch.dver(&args);
    let said = serde_json::from_str(&out).unwrap_or_else(|_| panic!("{out}{err}"));
    (said, code.unwrap())
}

/// Returns the refused entries: key, reason and what was found.
fn refused(said: &Value) -> Vec<Value> {
    let all = said["refused"].as_array().unwrap().iter();
    all.map(|one| json!([one["key"][0], one["why"], one["found"]]))
        .collect()
}

#[test]
fn labels_are_written_and_no_other_byte() {
    let scratch = pets();
    let list = format!(
        "{HEADER}pets,label,0.9,m,cat,\"big, cat\",,1,\"x, y\"\npets,label,0.8,m,dog,cat,,2,\n\
         pets,label,0.7,m,cat,,,3,z\npets,label,0.6,m,,fish,,5,no label\n"
    );
    let (said, code) = apply(&scratch, &list, &[]);
    assert_eq!(code, 0);
    assert_eq!(
        (&said["applied"], &said["undecided"]),
        (&json!(3), &json!(1))
    );
    assert_eq!(said["files"], json!(["pets.csv"]));
    let now = "id,label,note\n1,\"big, cat\",\"x, y\"\n2,\"cat\",\n3,cat,z\n4,bird,1.0\n5,fish,no label\n";
    assert_eq!(scratch.read("pets.csv"), now.as_bytes());
    // Once more: they are there already.
    let (said, code) = apply(&scratch, &list, &[]);
    assert_eq!(
        (code, &said["applied"], &said["already"]),
        (0, &json!(0), &json!(3))
    );
    scratch.dver(&["undo"]).ok();
    assert_eq!(scratch.read("pets.csv"), PETS.as_bytes());
    scratch.dver(&["undo"]).ok();
    assert_eq!(scratch.read("pets.csv"), now.as_bytes());
}

#[test]
fn what_cannot_be_is_refused_and_listed_and_the_rest_is_written() {
    let bytes = PETS.replace("4,bird", "4,bird,again\n4,bird");
    let scratch = with(
        "pets.csv",
        "key = \"id\"\nclasses = [\"cat\", \"dog\", \"bird\", \"fish\"]",
        &bytes,
    );
    let list = format!(
        "{HEADER}pets,label,,m,bird,dog,,1,\npets,label,,m,dog,cat,,2,\npets,label,,m,cat,wolf,,3,\n\
         pets,label,,m,bird,cat,,4,\npets,label,,m,cat,dog,,77,\npets,label,,m,,dog,,5,\n\
         pets,label,,m,,fish,,5,\npets,note,,m,,fish,,3,\npets,label,,m,dog,cat,,2,\n"
    );
    let (said, code) = apply(&scratch, &list, &[]);
    assert_eq!(code, 1);
    assert_eq!(
        (&said["applied"], &said["repeated"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(
        refused(&said),
        [
            json!(["1", "stale", "cat"]),
            json!(["3", "unknown_class", null]),
            json!(["4", "ambiguous_key", null]),
            json!(["77", "unknown_key", null]),
            json!(["5", "ambiguous_key", null]),
            json!(["5", "ambiguous_key", null]),
            json!(["3", "unknown_field", null]),
        ]
    );
    let now = bytes.replace("\"dog\"", "\"cat\"");
    assert_eq!(scratch.read("pets.csv"), now.as_bytes());
    let place = scratch.path(".dver/tmp/list");
    let told = scratch.dver(&["apply", place.to_str().unwrap()]);
    assert_eq!(told.code, Some(1));
    let said = "Wrote 0 labels\n1 already there, 1 said twice\nRefused 7:\n  \
                pets 1  stale: it is cat now\n  pets 3  wolf is no declared class\n";
    assert!(told.out.starts_with(said), "{}", told.out);
}

#[test]
fn a_dry_run_writes_nothing() {
    let scratch = pets();
    let list = format!("{HEADER}pets,label,,m,cat,dog,,1,\n");
    let (said, _) = apply(&scratch, &list, &["--dry-run"]);
    assert_eq!(
        (&said["applied"], &said["dry_run"]),
        (&json!(1), &json!(true))
    );
    assert_eq!(scratch.read("pets.csv"), PETS.as_bytes());
    let error = scratch.dver(&["undo"]).ok();
    assert!(error.contains("commit"), "the commit was the last: {error}");
}

#[test]
fn work_that_no_version_has_is_kept_and_comes_back() {
    let scratch = pets();
    let edited = PETS.replace("no label", "edited by hand");
    scratch.write("pets.csv", &edited);
    apply(
        &scratch,
        &format!("{HEADER}pets,label,,m,cat,dog,,1,\n"),
        &[],
    );
    let now = edited.replace("1,cat", "1,dog");
    assert_eq!(scratch.read("pets.csv"), now.as_bytes());
    scratch.dver(&["undo"]).ok();
    assert_eq!(scratch.read("pets.csv"), edited.as_bytes());
}

#[test]
fn korean_files_keep_encoding_and_line_ends() {
    let text = |label: &[u8]| {
        let mut all = b"id,label\r\n1,".to_vec();
        all.extend_from_slice(label);
        all.extend_from_slice(b"\r\n2,\xb0\xb3\r\n"); // 개
        all
    };
    let scratch = with(
        "pets.csv",
        "key = \"id\"\nencoding = \"cp949\"",
        text(b"\xb0\xb3"),
    );
    let (said, code) = apply(&scratch, "id,label\n1,고양이\n", &[]);
    assert_eq!((code, &said["without_base"]), (0, &json!(1)));
    assert_eq!(scratch.read("pets.csv"), text(b"\xb0\xed\xbe\xe7\xc0\xcc"));
    let (said, code) = apply(&scratch, "id,label\n2,😀\n", &[]);
    assert_eq!(code, 1);
    let why = said["refused"][0]["reason"].as_str().unwrap();
    assert!(why.contains("a character that cp949 lacks"), "{why}");
}

#[test]
fn tabs_and_missing_values_are_written_as_the_file_has_them() {
    let scratch = with(
        "pets.tsv",
        "key = \"id\"\nmissing = [\"NA\"]",
        "id\tlabel\tnote\n1\tcat\ta\n2\tNA\tb\n",
    );
    let list = "{\"dataset\":\"pets\",\"key\":[\"2\"],\"label\":null,\"suggested\":\"dog\"}\n\
                {\"dataset\":\"pets\",\"key\":[\"1\"],\"label\":\"cat\",\"suggested\":\"NA\"}\n\
                {\"dataset\":\"pets\",\"key\":[\"1\"],\"label\":\"cat\"}\n";
    let (said, code) = apply(&scratch, list, &[]);
    assert_eq!((code, &said["undecided"]), (1, &json!(1)));
    let why = said["refused"][0]["reason"].as_str().unwrap();
    assert_eq!(why, "the value of `label` would read as missing");
    assert_eq!(
        scratch.read("pets.tsv"),
        b"id\tlabel\tnote\n1\tcat\ta\n2\tdog\tb\n"
    );
}

#[test]
fn json_lines_keep_their_spacing_and_types() {
    let file = "{ \"id\": 1, \"label\": [\"a\", \"b\"] }\n{ \"id\": 2, \"label\": [\"a\"], \"x\": 1.50 }\n\
                {\"id\": 3}\n";
    let scratch = with("pets.jsonl", "key = \"id\"", file);
    let list = "{\"dataset\":\"pets\",\"field\":\"label\",\"key\":[\"1\"],\"label\":[\"b\",\"a\"],\"suggested\":[\"c\"]}\n\
                {\"dataset\":\"pets\",\"field\":\"label\",\"key\":[\"2\"],\"label\":[\"a\"],\"suggested\":[\"a\",\"c\"]}\n\
                {\"dataset\":\"pets\",\"field\":\"label\",\"key\":[\"3\"],\"label\":null,\"suggested\":[\"a\"]}\n";
    let (said, code) = apply(&scratch, list, &[]);
    assert_eq!((code, &said["applied"]), (0, &json!(3)), "{said}");
    let now = "{ \"id\": 1, \"label\": [\"c\"] }\n{ \"id\": 2, \"label\": [\"a\",\"c\"], \"x\": 1.50 }\n\
               {\"id\": 3, \"label\": [\"a\"]}\n";
    assert_eq!(String::from_utf8(scratch.read("pets.jsonl")).unwrap(), now);

    let numbers = with(
        "pets.jsonl",
        "key = \"id\"",
        "{\"id\":\"a\",\"label\":1}\n{\"id\":\"b\"}\n",
    );
    let list = "id,label\na,2\nb,3\n";
    apply(&numbers, list, &[]);
    let now = "{\"id\":\"a\",\"label\":2}\n{\"id\":\"b\",\"label\":3}\n";
    assert_eq!(String::from_utf8(numbers.read("pets.jsonl")).unwrap(), now);
}

#[test]
fn peoples_own_columns_are_named_by_options() {
    let scratch = with(
        "pets.csv",
        "key = [\"shop\", \"id\"]",
        "shop,id,label\na,1,cat\na,2,cat\nb,1,cat\n",
    );
    let list = "ticket;new;laden\n1;dog;a\n1;bird;b\n2;;a\n";
    let error = |more: &[&str]| {
        scratch.write("list.csv", list);
        let mut args = vec!["apply", "list.csv"];
        args.extend_from_slice(more);
        scratch.dver(&args)
    };
    let told = error(&[]).fails(3);
    assert!(told.contains("it has no column `shop`"), "{told}");
    let told = error(&["--key", "laden"]).fails(2);
    assert!(told.contains("the key of `pets` has 2 fields"), "{told}");
    let told = error(&["--key", "laden", "--key", "ticket", "--set", "new"]);
    assert!(told.out.contains("new is no label field"), "{}", told.out);
    let list = list.replace("new", "label");
    let (said, _) = apply(
        &scratch,
        &list,
        &["--key", "laden", "--key", "ticket", "--set", "label"],
    );
    assert_eq!(
        (&said["applied"], &said["undecided"]),
        (&json!(2), &json!(1))
    );
    assert_eq!(
        scratch.read("pets.csv"),
        b"shop,id,label\na,1,dog\na,2,cat\nb,1,bird\n"
    );
    let made = format!("{HEADER}pets,label,,m,cat,dog,,1,\n");
    scratch.write("list.csv", made);
    let told = scratch.dver(&["apply", "list.csv", "--key", "id"]).fails(2);
    assert!(told.contains("names its keys and labels itself"), "{told}");
}

#[test]
fn keys_that_are_spelled_alike_go_before_keys_of_one_value() {
    let scratch = with(
        "pets.csv",
        "key = \"id\"",
        "id,label\n7,cat\n7.0,cat\nx,cat\n8.0,cat\n",
    );
    let (said, code) = apply(&scratch, "id,label\n7.0,dog\n8,bird\n", &[]);
    assert_eq!((code, &said["applied"]), (0, &json!(2)), "{said}");
    assert_eq!(
        scratch.read("pets.csv"),
        b"id,label\n7,cat\n7.0,dog\nx,cat\n8.0,bird\n"
    );
}

#[test]
fn the_export_of_an_annotation_tool_is_a_list() {
    let scratch = pets();
    let task = |key: &str, label: &str, annotations: Value| {
        json!({"data": {"text": "t", "dver": {"dataset": "pets", "field": "label",
               "key": [key], "label": label}}, "annotations": annotations, "predictions": []})
    };
    let choice = |name: &str, choice: &str| json!({"from_name": name, "type": "choices", "value": {"choices": [choice]}});
    let list = json!([
        task(
            "1",
            "cat",
            json!([{"result": [choice("label", "bird")]}, {"result": [choice("label", "dog")]}])
        ),
        task(
            "2",
            "dog",
            json!([{"result": [choice("sure", "yes"), choice("label", "cat")]},
                                {"was_cancelled": true, "result": [choice("label", "x")]}])
        ),
        task("3", "cat", json!([])),
        task("4", "cat", json!([{"result": [choice("c", "cat")]}])),
    ]);
    let (said, code) = apply(&scratch, &list.to_string(), &[]);
    assert_eq!(
        (code, &said["applied"], &said["undecided"]),
        (1, &json!(2), &json!(1))
    );
    assert_eq!(refused(&said), [json!(["4", "stale", "bird"])]);
    let now = PETS.replace("1,cat", "1,dog").replace("\"dog\"", "\"cat\"");
    assert_eq!(scratch.read("pets.csv"), now.as_bytes());
    // Tasks of people's own have the key among their data.
    let list = json!([{"data": {"id": 3, "text": "t"}, "annotations": [{"result": [choice("c", "fish")]}]}]);
    apply(&scratch, &list.to_string(), &[]);
    let now = now.replace("3,cat", "3,fish");
    assert_eq!(scratch.read("pets.csv"), now.as_bytes());
}

/// Returns the ids of records without a key, by their place, as a diff that removes all tells them.
fn frames(scratch: &Scratch) -> Vec<String> {
    let text = String::from_utf8(scratch.read("pets.csv")).unwrap();
    let mut lines = text.lines();
    let names: Vec<&str> = lines.next().unwrap().split(',').collect();
    let frame = |line: &str| {
        let mut cells: Vec<(&str, &str)> = names.iter().copied().zip(line.split(',')).collect();
        cells.sort_unstable();
        let mut frame = Vec::new();
        for (name, text) in cells.into_iter().filter(|(_, text)| !text.is_empty()) {
            frame.push(name.len() as u8);
            frame.extend_from_slice(name.as_bytes());
            frame.extend_from_slice(&[0, text.len() as u8]);
            frame.extend_from_slice(text.as_bytes());
        }
        blake3::hash(&frame).to_hex().to_string()
    };
    lines.map(frame).collect()
}

#[test]
fn records_without_a_key_are_found_by_what_they_are() {
    let file = "text,label\na,cat\nb,cat\nb,cat\nc,dog\n";
    let scratch = with("pets.csv", "", file);
    let ids = frames(&scratch);
    let line = |place: usize, id: &str, label: &str, to: &str| {
        format!(
            "{{\"dataset\":\"pets\",\"field\":\"label\",\"key\":[\"#{place}\"],\"record\":\"{id}\",\
             \"label\":\"{label}\",\"suggested\":\"{to}\"}}\n"
        )
    };
    let list = [
        line(1, &ids[0], "cat", "dog"),
        line(3, &ids[2], "cat", "bird"),
        line(4, &ids[3], "dog", "cat"),
    ]
    .concat();
    // A record came before the others: places moved, what the records are did not.
    scratch.write(
        "pets.csv",
        "text,label\nnew,cat\na,cat\nb,cat\nb,cat\nc,dog\n",
    );
    let (said, code) = apply(&scratch, &list, &[]);
    assert_eq!(code, 0, "{said}");
    assert_eq!(
        scratch.read("pets.csv"),
        b"text,label\nnew,cat\na,dog\nb,bird\nb,cat\nc,cat\n"
    );
    scratch.write("pets.csv", file);
    apply(&scratch, &list, &[]);
    let now = b"text,label\na,dog\nb,cat\nb,bird\nc,cat\n";
    assert_eq!(scratch.read("pets.csv"), now);
    // Where the place still is theirs, it is seen that the labels are there, or others.
    let (said, code) = apply(&scratch, &line(1, &ids[0], "cat", "dog"), &[]);
    assert_eq!((code, &said["already"]), (0, &json!(1)));
    let (said, _) = apply(&scratch, &line(4, &ids[3], "dog", "fish"), &[]);
    assert_eq!(refused(&said), [json!(["#4", "stale", "cat"])]);
    let (said, _) = apply(&scratch, &line(2, &ids[0], "cat", "dog"), &[]);
    assert_eq!(refused(&said), [json!(["#2", "unknown_key", null])]);
}

#[test]
fn one_list_reaches_all_files_of_a_data_set_and_says_why() {
    let scratch = with("{split}.csv", "key = \"id\"\nreason = \"why\"", "");
    scratch.remove("{split}.csv");
    scratch.write("train.csv", "id,label,why\n1,cat,\n2,cat,\n");
    scratch.write("test.csv", "id,label,why\n3,cat,old\n4,cat,\n");
    let list = "id,label\n1,dog\n3,dog\n";
    let (said, code) = apply(&scratch, list, &["--reason", "review"]);
    assert_eq!((code, &said["reasons"]), (0, &json!(2)), "{said}");
    assert_eq!(said["files"], json!(["test.csv", "train.csv"]));
    assert_eq!(
        scratch.read("train.csv"),
        b"id,label,why\n1,dog,review\n2,cat,\n"
    );
    assert_eq!(
        scratch.read("test.csv"),
        b"id,label,why\n3,dog,review\n4,cat,\n"
    );
    let plain = pets();
    plain.write("list.csv", list);
    let told = plain.dver(&["apply", "list.csv", "--reason", "review"]);
    assert!(
        told.err.contains("`dver commit --reason review`"),
        "{}",
        told.err
    );
    scratch.dver(&["undo"]).ok();
    assert_eq!(scratch.read("train.csv"), b"id,label,why\n1,cat,\n2,cat,\n");
    scratch.damaged(); // an empty file was no data set
}

#[test]
fn an_image_goes_to_the_directory_of_its_class() {
    let scratch = Scratch::new();
    for name in ["cat/a", "cat/b", "dog/c", "dog/b2"] {
        scratch.write(&format!("img/{name}.png"), format!("\u{89}PNG{name}"));
    }
    scratch.dver(&["add", "img"]).ok();
    scratch.dver(&["commit", "-m", "first"]).ok();
    scratch.write("img/cat/new.png", "in no version");
    let list = "path,label\na.png,dog\nnew.png,bird\nb.png,../x\nc.png,dog\n";
    let (said, code) = apply(&scratch, list, &[]);
    assert_eq!(
        (code, &said["applied"], &said["already"]),
        (1, &json!(2), &json!(1)),
        "{said}"
    );
    assert_eq!(refused(&said), [json!(["b.png", "not_writable", null])]);
    assert_eq!(scratch.read("img/bird/new.png"), b"in no version");
    let events = scratch.json(&["diff"]);
    let labels: Vec<Value> = events
        .iter()
        .filter(|event| event["event"] == "label")
        .map(|event| json!([event["key"][0], event["from"], event["to"]]))
        .collect();
    assert_eq!(labels, [json!(["a.png", "cat", "dog"])]);
    scratch.dver(&["undo"]).ok();
    assert!(!scratch.path("img/dog/a.png").exists());
    assert_eq!(scratch.read("img/cat/new.png"), b"in no version");
}

#[test]
fn lists_that_do_not_read_are_errors_that_say_where() {
    let scratch = pets();
    for (list, why) in [
        ("{\"key\":[\"1\"]}\n{\"key\":[\n", "record 2: "),
        ("[{\"key\":[\"1\"]},7]", "record 2: it is no object"),
        ("id,label\n1,cat\n2\n", "record 2: ragged record"),
        (
            "{\"key\":[\"1\"],\"record\":\"x\"}",
            "record 1: `record` is no id",
        ),
        ("id,class\n1,cat\n", "it has no column `label`"),
    ] {
        scratch.write("list", list);
        let told = scratch.dver(&["apply", "list"]).fails(3);
        assert!(told.contains(why), "{told}");
    }
    let told = scratch.dver(&["apply", "none.csv"]).fails(3);
    assert!(told.contains("cannot open"), "{told}");
    scratch.write(
        "list",
        "{\"dataset\":\"cars\",\"key\":[\"1\"],\"suggested\":\"x\"}",
    );
    scratch.dver(&["apply", "list"]).fails(3);
    let (said, _) = apply(
        &scratch,
        "{\"dataset\":\"cars\",\"key\":[\"1\"],\"suggested\":\"x\"}",
        &["--dataset", "pets"],
    );
    assert_eq!(said["left_out"], json!(1));
    assert_eq!(scratch.read("pets.csv"), PETS.as_bytes());
}

#[test]
fn a_list_comes_through_a_pipe() {
    let scratch = pets();
    scratch.write("list.csv", "id,label\n4,fish\n");
    let mut command = scratch.command(&["apply", "-"]);
    command.stdin(Stdio::from(
        std::fs::File::open(scratch.path("list.csv")).unwrap(),
    ));
    let told = scratch.run(command).ok();
    assert_eq!(told, "Wrote 1 label in pets.csv\n");
    assert!(
        String::from_utf8(scratch.read("pets.csv"))
            .unwrap()
            .contains("4,fish,1.0\n")
    );
}

#[test]
fn one_list_may_be_of_several_data_sets_with_other_keys() {
    let scratch = Scratch::new();
    scratch.write(
        "dver.toml",
        "[dataset.pets]\npath = \"pets.csv\"\nkey = [\"id\", \"shop\"]\nlabel = \"label\"\n\
         [dataset.cars]\npath = \"cars.csv\"\nkey = [\"shop\", \"plate\"]\nlabel = \"kind\"\n",
    );
    scratch.write("pets.csv", "id,shop,label\n1,a,cat\n1,b,cat\n");
    scratch.write("cars.csv", "shop,plate,kind\n1,a,bus\na,1,bus\n");
    scratch.dver(&["add", "-A"]).ok();
    scratch.dver(&["commit", "-m", "first"]).ok();
    let list = "dataset,field,label,suggested,key.id,key.shop,key.plate\n\
                pets,label,cat,dog,1,a,\ncars,kind,bus,van,,a,1\n";
    let (said, code) = apply(&scratch, list, &[]);
    assert_eq!((code, &said["applied"]), (0, &json!(2)), "{said}");
    assert_eq!(
        scratch.read("pets.csv"),
        b"id,shop,label\n1,a,dog\n1,b,cat\n"
    );
    assert_eq!(
        scratch.read("cars.csv"),
        b"shop,plate,kind\n1,a,bus\na,1,van\n"
    );
}

/// Runs the commands of an example of docs/apply.md, and returns it with what they say.
fn example(block: &str) -> String {
    let scratch = Scratch::new();
    let (mut made, mut name, mut text) = (String::new(), String::new(), String::new());
    let mut is_set = false;
    for line in block.lines() {
        if let Some(command) = line.strip_prefix("$ ") {
            if !text.is_empty() {
                scratch.write(&name, &text);
            }
            if !is_set {
                scratch.dver(&["add", "-A"]).ok();
                scratch.dver(&["commit", "-m", "first"]).ok();
                is_set = true;
            }
            let words: Vec<&str> = command.split(' ').skip(1).collect();
            let said = match command.starts_with("cat ") {
                true => String::from_utf8(scratch.read(words[0])).unwrap(),
                false => {
                    let told = scratch.dver(&words);
                    format!("{}{}", told.out, told.err)
                }
            };
            made.push_str(&format!("{line}\n{said}"));
        } else if !is_set {
            made.push_str(&format!("{line}\n"));
            match line.strip_prefix("  ") {
                Some(content) => text.push_str(&format!("{content}\n")),
                None => {
                    if !text.is_empty() {
                        scratch.write(&name, &text);
                    }
                    (name, text) = (line.to_owned(), String::new());
                }
            }
        }
    }
    made
}

#[test]
fn the_examples_of_the_page_say_what_the_page_says() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/apply.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let mut made = String::new();
    let mut rest = text.as_str();
    while let Some((before, after)) = rest.split_once("```example\n") {
        let (block, after) = after.split_once("```").expect("the fence ends");
        made.push_str(&format!("{before}```example\n{}```", example(block)));
        rest = after;
    }
    made.push_str(rest);
    if std::env::var_os("DVER_UPDATE_DOCS").is_some() {
        std::fs::write(&path, made).unwrap();
        return;
    }
    assert!(
        text == made,
        "docs/apply.md is behind: run `DVER_UPDATE_DOCS=1 cargo test --test it apply::the_examples`"
    );
}
