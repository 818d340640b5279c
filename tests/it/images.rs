//! Image folders: the directory is the label, the file below it the record.

use serde_json::{Value, json};

use crate::harness::Scratch;

fn image(text: &str) -> Vec<u8> {
    [b"\x89PNG\r\n\x1a\n", text.as_bytes()].concat()
}

fn rename(scratch: &Scratch, from: &str, to: &str) {
    std::fs::create_dir_all(scratch.path(to).parent().unwrap()).unwrap();
    std::fs::rename(scratch.path(from), scratch.path(to)).unwrap();
}

/// A repository with three classes of ten images each, committed.
fn folder() -> Scratch {
    let scratch = Scratch::new();
    for class in ["bird", "cat", "dog"] {
        for n in 0..10 {
            scratch.write(
                &format!("img/{class}/{class}{n}.png"),
                image(&format!("{class} {n}")),
            );
        }
    }
    scratch.dver(&["add", "img"]).ok();
    let toml = String::from_utf8(scratch.read("dver.toml")).unwrap();
    assert!(toml.contains("path = \"img/{label}/*\""), "{toml}");
    scratch.dver(&["commit", "-m", "first"]).ok();
    scratch
}

fn told(events: &[Value]) -> Vec<Value> {
    let told = |event: &Value| match event["event"].as_str().unwrap() {
        "label" => json!([event["key"][0], event["from"], event["to"]]),
        "record" => json!([event["key"][0], event["change"]]),
        "cell" => json!([event["key"][0], event["field"]]),
        "file" => json!([event["path"], event["status"]]),
        other => json!(other),
    };
    events.iter().map(told).collect()
}

#[test]
fn files_that_move_between_class_directories_are_label_changes() {
    let scratch = folder();
    rename(&scratch, "img/cat/cat1.png", "img/dog/cat1.png");
    rename(&scratch, "img/cat/cat2.png", "img/bird/cat2.png");
    let expected = [
        json!(["img/bird/cat2.png", "renamed"]),
        json!(["img/dog/cat1.png", "renamed"]),
        json!(["cat2.png", "cat", "bird"]),
        json!(["cat1.png", "cat", "dog"]),
        json!("summary"),
    ];
    // Whether or not the files were added at their new places.
    let events = scratch.json(&["diff"]);
    assert_eq!(told(&events), expected);
    assert_eq!(events.last().unwrap()["records"]["modified"], 2);
    assert_eq!(events.last().unwrap()["labels"]["relabelled"], 2);
    let status = scratch.json(&["status"]);
    assert_eq!(status[0]["datasets"][0]["relabelled"], 2);
    assert_eq!(status[0]["datasets"][0]["removed"], 0);
    scratch.dver(&["add", "-A", "."]).ok();
    assert_eq!(told(&scratch.json(&["diff", "--staged"])), expected);
    scratch.dver(&["commit", "-m", "moved"]).ok();
    assert_eq!(told(&scratch.json(&["diff", "HEAD~1", "HEAD"])), expected);
    let life = scratch.json(&["blame", "img", "--key", "cat1.png"]);
    assert_eq!(life.len(), 2);
    assert_eq!(life[1]["from"], "cat");
    assert_eq!(life[1]["to"], "dog");
}

#[test]
fn committing_all_takes_a_moved_image_along() {
    let scratch = folder();
    rename(&scratch, "img/cat/cat1.png", "img/dog/cat1.png");
    scratch.write("notes.txt", "not of the data set\n");
    scratch.dver(&["commit", "-am", "moved"]).ok();
    let sealed = scratch.json(&["show"]);
    assert_eq!(sealed[0]["datasets"][0]["relabelled"], 1);
    assert_eq!(sealed[0]["datasets"][0]["records"], 30);
    assert_eq!(
        scratch.json(&["status"])[0]["untracked"],
        json!(["notes.txt"])
    );
}

#[test]
fn added_removed_changed_and_renamed_images_are_told_apart() {
    let scratch = folder();
    scratch.write("img/dog/new.png", image("new"));
    scratch.remove("img/cat/cat3.png");
    scratch.write("img/bird/bird4.png", image("drawn again"));
    rename(&scratch, "img/dog/dog5.png", "img/dog/rex.png");
    scratch.dver(&["add", "-A", "."]).ok();
    let events = scratch.json(&["diff", "--staged", "--cells"]);
    assert_eq!(
        told(&events),
        [
            json!(["img/bird/bird4.png", "modified"]),
            json!(["img/cat/cat3.png", "removed"]),
            json!(["img/dog/new.png", "added"]),
            json!(["img/dog/rex.png", "renamed"]),
            json!(["cat3.png", "removed"]),
            json!(["new.png", "added"]),
            json!(["bird4.png", "image"]),
            json!("summary"),
        ]
    );
    let summary = events.last().unwrap();
    assert_eq!(summary["records"]["added"], 1);
    assert_eq!(summary["records"]["removed"], 1);
    assert_eq!(summary["records"]["modified"], 1);
    assert_eq!(summary["records"]["moved"], 1);
    assert_eq!(summary["labels"]["relabelled"], 0);
}

#[test]
fn a_whole_class_directory_with_another_name_is_a_renamed_class() {
    let scratch = folder();
    rename(&scratch, "img/cat", "img/feline");
    scratch.dver(&["add", "-A", "."]).ok();
    let events = scratch.json(&["diff", "--staged"]);
    let summary = events.last().unwrap();
    assert_eq!(summary["labels"]["renamed"], 10);
    assert_eq!(summary["labels"]["relabelled"], 0);
    assert_eq!(summary["records"]["modified"], 0);
    assert_eq!(summary["records"]["added"], 0);
    let class = events
        .iter()
        .find(|event| event["change"] == "class_renamed")
        .unwrap();
    assert_eq!(
        (&class["from"], &class["to"]),
        (&json!("cat"), &json!("feline"))
    );
}

#[test]
fn splits_above_the_class_directories_are_a_field() {
    let scratch = Scratch::new();
    for split in ["train", "test"] {
        for class in ["cat", "dog"] {
            for n in 0..6 {
                scratch.write(
                    &format!("img/{split}/{class}/{split}{n}{class}.png"),
                    image(&format!("{split} {class} {n}")),
                );
            }
        }
    }
    scratch.dver(&["add", "img"]).ok();
    let toml = String::from_utf8(scratch.read("dver.toml")).unwrap();
    assert!(toml.contains("path = \"img/{split}/{label}/*\""), "{toml}");
    scratch.dver(&["commit", "-m", "first"]).ok();
    rename(
        &scratch,
        "img/train/cat/train0cat.png",
        "img/test/cat/train0cat.png",
    );
    rename(
        &scratch,
        "img/train/dog/train1dog.png",
        "img/train/cat/train1dog.png",
    );
    scratch.dver(&["add", "-A", "."]).ok();
    let events = scratch.json(&["diff", "--staged", "--cells"]);
    let cells: Vec<&Value> = events.iter().filter(|e| e["event"] == "cell").collect();
    assert_eq!(cells.len(), 1);
    assert_eq!(cells[0]["field"], "split");
    assert_eq!(
        (&cells[0]["from"], &cells[0]["to"]),
        (&json!("train"), &json!("test"))
    );
    let labels: Vec<&Value> = events.iter().filter(|e| e["event"] == "label").collect();
    assert_eq!(labels.len(), 1);
    assert_eq!(labels[0]["to"], "cat");
    let summary = events.last().unwrap();
    assert_eq!(summary["records"]["modified"], 2);
    assert_eq!(summary["records"]["added"], 0);
    assert_eq!(summary["records"]["removed"], 0);
    assert_eq!(summary["step"], "major");
}
