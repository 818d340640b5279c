//! `--where`: which changes a command means.

use crate::harness::Scratch;

const BEFORE: &str =
    "id,label,annotator,stars,from\n1,cat,a1,3,x\n2,dog,a1,4.0,y\n3,cat,a7,,x\n4,bird,a7,5,x\n";
const AFTER: &str =
    "id,label,annotator,stars,from\n1,dog,a7,3,x\n2,dog,a1,2,y\n3,dog,a7,1,x\n5,cat,a7,5,y\n";

fn pets() -> Scratch {
    let scratch = Scratch::new();
    let declared = "[dataset.pets]\npath = \"pets.csv\"\nkey = \"id\"\nlabel = \"label\"\nannotator = \"annotator\"\n";
    scratch.write("dver.toml", declared);
    scratch.write("pets.csv", BEFORE);
    scratch.dver(&["add", "-A"]).ok();
    scratch.dver(&["commit", "-m", "first"]).ok();
    scratch.write("pets.csv", AFTER);
    scratch
}

/// Returns the changes as `change key` words.
fn told(scratch: &Scratch, args: &[&str]) -> Vec<String> {
    let mut all = vec!["--json", "diff", "--cells"];
    all.extend_from_slice(args);
    let output = scratch.dver(&all).ok();
    let mut told = Vec::new();
    for line in output.lines() {
        let event: serde_json::Value = serde_json::from_str(line).unwrap();
        let word = match event["event"].as_str().unwrap() {
            "record" => event["change"].as_str().unwrap(),
            word @ ("label" | "cell") => word,
            _ => continue,
        };
        told.push(format!("{word} {}", event["key"][0].as_str().unwrap()));
    }
    told
}

#[test]
fn a_diff_tells_what_passes() {
    let scratch = pets();
    for (condition, expected) in [
        ("from = 'cat' and to = 'dog'", &["label 1", "label 3"][..]),
        (
            "change = 'label' and annotator = 'a7'",
            &["label 1", "label 3"],
        ),
        ("change in ('added', 'removed')", &["removed 4", "added 5"]),
        ("label = 'bird'", &["removed 4"]),
        ("\"from\" = 'y' and change != 'cell'", &["added 5"]),
        ("field = 'stars' and from is null", &["cell 3"]),
        ("field = 'stars' and from > to", &["cell 2"]),
        ("key in (2, 4)", &["removed 4", "cell 2"]),
        ("stars < 3 and cause = 'relabel'", &["label 3"]),
        ("label like 'D%'", &[]),
        ("from != 'cat'", &["cell 1", "cell 2"]),
    ] {
        assert_eq!(
            told(&scratch, &["--where", condition]),
            expected,
            "{condition}"
        );
    }
    scratch.dver(&["add", "-A"]).ok();
    let staged = told(
        &scratch,
        &["--staged", "--where", "to = 'dog' and \"annotator\" = 'a7'"],
    );
    assert_eq!(staged, ["label 1", "label 3"]);
}

#[test]
fn the_summary_counts_what_passes_and_says_so() {
    let scratch = pets();
    let stat = [
        "--json",
        "diff",
        "--stat",
        "--where",
        "from = 'cat' or change = 'added'",
    ];
    let output = scratch.dver(&stat).ok();
    let summary: serde_json::Value = serde_json::from_str(output.lines().last().unwrap()).unwrap();
    assert_eq!(summary["filtered"], true);
    assert_eq!(summary["records"]["added"], 1);
    assert_eq!(summary["records"]["removed"], 0);
    assert_eq!(summary["records"]["modified"], 2);
    assert_eq!(summary["labels"]["relabelled"], 2);
    let text = scratch
        .dver(&["diff", "--stat", "--where", "key = 77"])
        .ok();
    assert!(text.contains("nothing passes [filtered]"), "{text}");
    let exit = |condition| {
        scratch
            .dver(&["diff", "--exit-code", "--where", condition])
            .code
    };
    assert_eq!(exit("key = 77"), Some(0));
    assert_eq!(exit("key = 5"), Some(1));
}

#[test]
fn an_unknown_field_is_a_usage_error_with_the_nearest_name() {
    let scratch = pets();
    let output = scratch
        .dver(&["diff", "--where", "stars > 3 and lable = 'cat'"])
        .fails(2);
    assert_eq!(
        output,
        "error: condition, byte 15: no field `lable`\n  stars > 3 and lable = 'cat'\n                ^\n\
         hint: Did you mean `label`?\n"
    );
    let output = scratch
        .dver(&["--json", "diff", "--where", "label = cat"])
        .fails(2);
    assert!(output.contains("\"kind\":\"where\""), "{}", output);
    assert!(output.contains("the text is written 'cat'"), "{}", output);
    // What changed does not decide which names there are.
    scratch.write("pets.csv", BEFORE);
    scratch.dver(&["diff", "--where", "stars = 1"]).ok();
    scratch.dver(&["diff", "--where", "star = 1"]).fails(2);
}

#[test]
fn members_of_json_are_fields_by_their_path() {
    let scratch = Scratch::empty();
    let line = |label: &str, lang: &str| {
        format!(
            "{{\"id\": 1, \"label\": \"{label}\", \"meta\": {{\"lang\": \"{lang}\", \"a.b\": 1}}}}\n"
        )
    };
    scratch
        .write("a.jsonl", line("x", "de"))
        .write("b.jsonl", line("y", "de"));
    let run = |condition: &str| {
        let args = [
            "--json",
            "diff",
            "--no-index",
            "a.jsonl",
            "b.jsonl",
            "--key",
            "id",
            "--label",
            "label",
            "--labels",
            "--where",
            condition,
        ];
        scratch.dver(&args).ok().lines().count()
    };
    assert_eq!(run("meta.lang = 'de'"), 2);
    assert_eq!(run("meta.\"a.b\" = 1"), 2);
    assert_eq!(run("meta.lang = 'en'"), 1);
}

/// Four versions: new, a relabelling, cells and a removed record, another label and an added record.
fn history() -> Scratch {
    let scratch = Scratch::new();
    let declared = "[dataset.pets]\npath = \"pets.csv\"\nkey = \"id\"\nlabel = \"label\"\nannotator = \"annotator\"\n";
    scratch.write("dver.toml", declared);
    for (message, rows) in [
        ("one", "1,cat,a1,3\n2,dog,a1,4\n3,cat,a7,5\n"),
        ("two", "1,dog,a7,3\n2,dog,a1,4\n3,cat,a7,5\n"),
        ("three", "1,dog,a7,3.0\n3,cat,a7,6\n"),
        ("four", "1,cat,a1,3\n3,cat,a7,6\n4,bird,a1,17\n"),
        ("five", "1,dog,a7,3\n3,dog,a7,6\n4,cat,a1,17\n5,cat,a1,1\n"),
    ] {
        scratch.write("pets.csv", format!("id,label,annotator,stars\n{rows}"));
        scratch.dver(&["add", "-A"]).ok();
        scratch.dver(&["commit", "-m", message]).ok();
    }
    scratch
}

#[track_caller]
fn logged(scratch: &Scratch, args: &[&str], expected: &[&str]) {
    let mut all = vec!["--json", "log"];
    all.extend_from_slice(args);
    let lines = scratch.dver(&all).ok();
    let messages: Vec<String> = lines
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .map(|commit| commit["message"].as_str().unwrap().trim().to_owned())
        .collect();
    assert_eq!(messages, expected, "{args:?}");
}

#[test]
fn a_log_has_the_versions_with_a_change_that_passes() {
    let scratch = history();
    for (condition, expected) in [
        ("from = 'cat' and to = 'dog'", &["five", "two"][..]),
        ("change = 'label' and annotator = 'a1'", &["five", "four"]),
        ("change = 'removed'", &["three"]),
        (
            "change = 'removed' and label = 'dog' and stars > 3",
            &["three"],
        ),
        ("change = 'added' and label = 'cat'", &["five", "one"]),
        ("key = 3", &["five", "three", "one"]),
        ("field = 'stars' and from = 5", &["three"]),
        ("stars = 17 and to = 'cat'", &["five"]),
        ("cause = 'rename'", &[]),
    ] {
        logged(&scratch, &["--where", condition], expected);
    }
    logged(&scratch, &["--where", "key = 3", "-n", "1"], &["five"]);
    logged(
        &scratch,
        &["--where", "key = 3", "HEAD~3..HEAD~1"],
        &["three"],
    );
    logged(
        &scratch,
        &["--where", "key = 3", "--label-to", "dog", "--", "pets.csv"],
        &["five"],
    );
    let error = scratch
        .dver(&["log", "--where", "label = 'x' and starz > 3"])
        .fails(2);
    assert!(error.contains("Did you mean `stars`?"), "{error}");
    scratch.dver(&["log", "--dataset", "dogs"]).fails(3);
}

#[test]
fn a_log_has_the_versions_that_changed_how_often_a_value_stands() {
    let scratch = history();
    for (value, expected) in [
        ("dog", &["five", "four", "three", "two", "one"][..]),
        ("cat", &["four", "two", "one"]),
        ("bird", &["five", "four"]),
        ("a7", &["five", "four", "two", "one"]),
        // 3 is a key too, which stays; `3.0` is the same number.
        ("3", &["one"]),
        ("17.0", &["four"]),
        ("6", &["three"]),
        ("zebra", &[]),
    ] {
        logged(&scratch, &["-S", value], expected);
    }
    logged(
        &scratch,
        &["-S", "cat", "-n", "1", "--label-to", "dog"],
        &["two"],
    );
    logged(
        &scratch,
        &["-S", "bird", "--dataset", "pets", "HEAD~2..HEAD"],
        &["five", "four"],
    );
}
