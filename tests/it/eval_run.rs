//! Evaluations that dver runs itself: learners of its own, and commands of the user's.

use std::fmt::Write as _;

use serde_json::Value;

use crate::harness::Scratch;

/// Texts of three classes, 400 of them, in groups of four; one label in 17 is another class's.
pub(crate) fn texts(records: usize) -> String {
    let words = [
        ["kitten", "purr", "whisker", "meow", "litter", "claw"],
        ["puppy", "bark", "leash", "fetch", "kennel", "bone"],
        ["engine", "wheel", "clutch", "brake", "garage", "petrol"],
    ];
    let classes = ["cat", "dog", "car"];
    let mut out = "id,text,label,split,user\n".to_owned();
    for at in 0..records {
        let class = at * 7 % 3;
        let word = |n: usize| words[class][(at * 5 + at / 11 + n * n) % 6];
        let label = classes[if at % 17 == 13 {
            (class + 1) % 3
        } else {
            class
        }];
        let split = if at % 4 == 3 { "test" } else { "train" };
        let (a, b, c) = (word(1), word(2), word(3));
        writeln!(
            out,
            "{at},\"the {a} and the {b}, a {c} number {}\",{label},{split},u{}",
            at % 13,
            at / 4
        )
        .unwrap();
    }
    out
}

const DATASET: &str = "[dataset.texts]\npath = \"texts.csv\"\nkey = [\"id\"]\nlabel = \"label\"\n\
     text = \"text\"\nsplit = \"split\"\ngroup = \"user\"\n";

pub(crate) fn declared(evaluations: &str) -> String {
    format!("{DATASET}\n{evaluations}")
}

fn model(name: &str, model: &str, more: &str) -> String {
    format!(
        "[eval.{name}]\ndataset = \"texts\"\nmodel = \"{model}\"\ntrain = \"split = 'train'\"\n\
         test = \"split = 'test'\"\n{more}\n"
    )
}

fn story(evaluations: &str) -> Scratch {
    let scratch = Scratch::new();
    scratch.write("texts.csv", texts(400));
    scratch.write("dver.toml", declared(evaluations));
    scratch.dver(&["add", "."]).ok();
    scratch.dver(&["commit", "-m", "first"]).ok();
    scratch
}

fn score<'a>(evaluation: &'a Value, name: &str) -> &'a Value {
    let all = evaluation["scores"].as_array().unwrap();
    all.iter().find(|s| s["name"] == name).unwrap()
}

fn named<'a>(all: &'a [Value], name: &str) -> &'a Value {
    all.iter().find(|one| one["name"] == name).unwrap()
}

#[test]
fn learners_of_our_own_are_run_on_the_working_files_and_on_versions() {
    let all = [
        model("nearest", "knn", "neighbours = 5"),
        model("ridge", "ridge", "penalty = 0.5"),
        model("bayes", "naive-bayes", ""),
        model("logistic", "logistic", ""),
        model("most", "majority", ""),
    ];
    let scratch = story(&all.concat());
    let working = scratch.json(&["eval", "run"]);
    assert_eq!(working.len(), 5);
    for one in &working {
        // Labels with one error in 17: good learners come near 95 %.
        let accuracy = score(one, "accuracy")["value"].as_f64().unwrap();
        match one["name"].as_str().unwrap() {
            "most" => assert!(accuracy < 0.5, "{accuracy}"),
            name => assert!((0.85..=1.0).contains(&accuracy), "{name} {accuracy}"),
        }
        assert_eq!(one["commit"], Value::Null);
        assert_eq!(one["evaluation"], Value::Null);
        assert_eq!(one["predictions"], Value::Null);
        assert_eq!(
            (&one["train"]["records"], &one["test"]["records"]),
            (&300.into(), &100.into())
        );
        // Those that have probabilities are calibrated or not; ridge has none.
        let calibrated = one["scores"]
            .as_array()
            .unwrap()
            .iter()
            .any(|s| s["name"] == "ece");
        assert_eq!(calibrated, one["name"] != "ridge");
        let f1 = score(one, "macro_f1");
        let (low, high) = (f1["low"].as_f64().unwrap(), f1["high"].as_f64().unwrap());
        assert!(low <= f1["value"].as_f64().unwrap() && f1["value"].as_f64().unwrap() <= high);
    }
    assert!(scratch.json(&["eval", "list"]).is_empty());
    let told = scratch.dver(&["eval", "run", "--name", "ridge"]).ok();
    assert!(
        told.starts_with(
            "the working files; nothing is stored\nridge: 100 test records, 300 training records\n"
        ),
        "{told}"
    );

    let stored = scratch.json(&["eval", "run", "HEAD"]);
    for (one, working) in stored.iter().zip(&working) {
        assert_eq!(one["scores"], working["scores"]);
        assert_eq!(one["definition"], working["definition"]);
        assert_eq!(one["test"], working["test"]);
    }
    assert_eq!(scratch.json(&["eval", "list"]).len(), 5);
    // What is there already is not made again.
    let operations = scratch.json(&["op", "log"]).len();
    let again = scratch.dver(&["eval", "run", "HEAD", "--name", "bayes"]);
    assert!(again.err.contains("evaluated already"), "{}", again.err);
    again.ok();
    assert_eq!(scratch.json(&["op", "log"]).len(), operations);
    // Another parameter is another definition.
    let other = all.concat().replace("neighbours = 5", "neighbours = 6");
    scratch.write("dver.toml", declared(&other));
    let told = scratch
        .json(&["eval", "run", "HEAD", "--name", "nearest"])
        .remove(0);
    assert_ne!(told["definition"], named(&stored, "nearest")["definition"]);
    let definition = told["definition"].as_str().unwrap();
    let definition = scratch.dver(&["cat-object", definition]).ok();
    assert!(definition.contains("\"neighbours\":\"6\""), "{definition}");
}

#[test]
fn threads_and_the_order_of_records_change_no_bit() {
    let all = [
        model("nearest", "knn", ""),
        model("ridge", "ridge", ""),
        model("logistic", "logistic", ""),
    ];
    let scratch = story(&all.concat());
    let with = |threads: &str| {
        let output = scratch.dver_with(
            &["eval", "run", "--json"],
            &[("RAYON_NUM_THREADS", threads)],
        );
        output.ok()
    };
    let one = with("1");
    assert_eq!(one, with("4"));
    let text = texts(400);
    let mut lines: Vec<&str> = text.lines().skip(1).collect();
    lines.reverse();
    scratch.write(
        "texts.csv",
        format!("id,text,label,split,user\n{}\n", lines.join("\n")),
    );
    assert_eq!(one, with("4"));
    // A stored one names the same bytes whenever it is made.
    let first = scratch.json(&["eval", "run", "HEAD"]);
    for _ in 0..3 {
        scratch.dver(&["undo"]).ok();
    }
    let second = scratch.json(&["eval", "run", "HEAD"]);
    for (a, b) in first.iter().zip(&second) {
        assert_eq!(a["evaluation"], b["evaluation"]);
    }
}

#[test]
fn a_range_is_evaluated_one_version_after_the_other() {
    let scratch = story(&model("ridge", "ridge", ""));
    scratch.dver(&["tag", "v1"]).ok();
    let text = texts(400);
    scratch.write("texts.csv", text.replace("\n0,\"the", "\n0,\"a"));
    scratch.dver(&["commit", "-am", "second"]).ok();
    scratch.write("texts.csv", text.replace("cat,train", "feline,train"));
    scratch.dver(&["commit", "-am", "third"]).ok();
    scratch.dver(&["eval", "run", "HEAD"]).ok();
    let told = scratch.json(&["eval", "run", "v1", "v1..HEAD"]);
    assert_eq!(told.len(), 3);
    let log: Vec<Value> = scratch.json(&["log"]);
    let commits: Vec<&Value> = log.iter().rev().map(|one| &one["commit"]).collect();
    assert_eq!(
        told.iter().map(|one| &one["commit"]).collect::<Vec<_>>(),
        commits
    );
    assert_eq!(told[0]["comparable_to_previous"], Value::Null);
    assert_eq!(told[1]["comparable_to_previous"], "yes");
    let paired = &told[1]["paired"];
    assert_eq!(paired["records"], 100);
    let (low, high) = (
        paired["low"].as_f64().unwrap(),
        paired["high"].as_f64().unwrap(),
    );
    assert!(low < 0.0 && 0.0 < high);
    // No cat is left in training, so no cat is predicted.
    let classes = told[2]["confusion"]["classes"].as_array().unwrap();
    let cat = classes.iter().position(|class| class == "cat").unwrap();
    let rows = told[2]["confusion"]["counts"].as_array().unwrap();
    assert!(rows.iter().all(|row| row[cat] == 0));
    assert_eq!(scratch.json(&["eval", "list"]).len(), 3);
    // The index has them, and one that is made anew has the same.
    let query = "SELECT e.commit_id, s.num, s.den FROM evaluations e JOIN scores s ON s.evaluation = e.id \
         WHERE s.name = 'accuracy' ORDER BY e.id";
    let rows = scratch.dver(&["sql", query]).ok();
    let right = score(&told[0], "accuracy")["num"].to_string();
    let row = rows
        .lines()
        .find(|line| line.contains(commits[0].as_str().unwrap()))
        .unwrap();
    assert!(row.contains(&right) && row.contains("100"), "{rows}");
    scratch.remove(".dver/index.sqlite");
    assert_eq!(scratch.dver(&["sql", query]).ok(), rows);
    scratch.dver(&["verify"]).ok();
    // A version without the data set is told, and the others are evaluated all the same.
    let empty = Scratch::new();
    empty.write("readme", "nothing yet");
    empty.dver(&["add", "readme"]).ok();
    empty.dver(&["commit", "-m", "empty"]).ok();
    empty.write("texts.csv", texts(400));
    empty.write("dver.toml", declared(&model("ridge", "ridge", "")));
    empty.dver(&["add", "."]).ok();
    empty.dver(&["commit", "-m", "data"]).ok();
    let output = empty.dver(&["eval", "run", "HEAD~1", "HEAD"]);
    assert_eq!(output.code, Some(1));
    assert!(
        output.out.contains("ridge of ") && output.out.contains("not evaluated: "),
        "{}",
        output.out
    );
    assert_eq!(empty.json(&["eval", "list"]).len(), 1);
}

#[test]
fn a_holdout_keeps_groups_together_and_stays_where_it_is() {
    let toml = "[eval.held]\ndataset = \"texts\"\nmodel = \"majority\"\nholdout = 0.25\n";
    let scratch = story(toml);
    let told = scratch.json(&["eval", "run", "HEAD"]).remove(0);
    let count = |told: &Value, name: &str| told[name]["records"].as_u64().unwrap();
    let tested = count(&told, "test");
    assert_eq!(tested + count(&told, "train"), 400);
    assert!((60..=140).contains(&tested), "{tested}");
    assert_eq!(tested % 4, 0, "groups have four records each");
    let predictions = told["predictions"].as_str().unwrap();
    let predictions = scratch.dver(&["cat-object", predictions]).ok();
    let keys = |text: &str| -> Vec<u64> {
        let value: Value = serde_json::from_str(text).unwrap();
        let keys = value["keys"].as_array().unwrap().iter();
        keys.map(|key| key[0].as_str().unwrap().parse().unwrap())
            .collect()
    };
    let first = keys(&predictions);
    for key in &first {
        let group = key / 4 * 4..key / 4 * 4 + 4;
        assert!(group.clone().all(|key| first.contains(&key)), "{key}");
    }
    // New records move no old one to the other side.
    scratch.write("texts.csv", texts(600));
    scratch.dver(&["commit", "-am", "more"]).ok();
    let told = scratch.json(&["eval", "run", "HEAD"]).remove(0);
    let predictions = scratch
        .dver(&["cat-object", told["predictions"].as_str().unwrap()])
        .ok();
    let old: Vec<u64> = keys(&predictions)
        .into_iter()
        .filter(|key| *key < 400)
        .collect();
    let sorted = |mut keys: Vec<u64>| {
        keys.sort();
        keys
    };
    assert_eq!(sorted(old), sorted(first));
    let paired = &told["paired"];
    assert_eq!(paired["records"].as_u64(), Some(tested));
}

#[test]
fn little_data_is_no_reason_to_fail_and_no_test_records_is_one() {
    let few = "id,text,label,split\n1,one cat here,cat,train\n2,one dog there,dog,train\n\
         3,a cat again,cat,test\n4,a dog again,dog,test\n";
    let dataset = "[dataset.texts]\npath = \"few.csv\"\nkey = [\"id\"]\nlabel = \"label\"\n\
         text = \"text\"\nsplit = \"split\"\n\n";
    for learner in ["knn", "ridge", "naive-bayes", "logistic", "majority"] {
        let scratch = Scratch::new();
        scratch.write("dver.toml", format!("{dataset}{}", model("m", learner, "")));
        let run = |text: &str| {
            scratch.write("few.csv", text);
            scratch.dver(&["add", "."]).ok();
            scratch.json(&["eval", "run"]).remove(0)
        };
        // Fewer records than neighbours.
        let told = run(few);
        let right = score(&told, "accuracy")["num"].as_u64().unwrap();
        // Two neighbours of two classes: the nearest decides.
        assert_eq!(
            right,
            if learner == "majority" { 1 } else { 2 },
            "{learner}"
        );
        // One class: all are that one.
        let told = run(&few.replace("dog,train", "cat,train"));
        assert_eq!(score(&told, "accuracy")["num"], 1, "{learner}");
        let notes = told["notes"].to_string();
        assert!(notes.contains("all training records are `cat`"), "{notes}");
        // No training records: the first class.
        let told = run(&few.replace(",train", ",spare"));
        assert_eq!(score(&told, "accuracy")["num"], 1, "{learner}");
        let notes = told["notes"].to_string();
        assert!(notes.contains("there are no training records"), "{notes}");
        // Records without a label or a key neither train nor test; repeated keys do not test.
        let told = run(&format!(
            "{few}5,no label,,test\n,no key,cat,test\n6,x y,,train\n7,again,cat,test\n7,again,dog,test\n"
        ));
        assert_eq!(told["test"]["records"], 2);
        let notes = told["notes"].to_string();
        for words in [
            "2 test records without a key or a label",
            "1 training records without",
            "2 test records that share their key",
        ] {
            assert!(notes.contains(words), "{notes}");
        }
        scratch.write("few.csv", few.replace(",test", ",spare"));
        let failed = scratch.dver(&["eval", "run"]).fails(3);
        assert!(
            failed.contains("no record with a label is a test record of `m`"),
            "{failed}"
        );
    }
}

#[test]
fn numbers_categories_lists_and_declared_scales_are_features() {
    let mut rows = String::new();
    for at in 0..200u32 {
        let class = at % 2;
        let (x, colour) = (
            at % 7 + 100 * class,
            if at % 3 == 0 { "red" } else { "blue" },
        );
        let split = if at % 5 == 4 { "test" } else { "train" };
        writeln!(
            rows,
            "{{\"id\":{at},\"x\":{x},\"colour\":\"{colour}\",\"v\":[{},{}],\"label\":\"{}\",\"split\":\"{split}\"}}",
            f64::from(class),
            f64::from(at % 4) / 10.0,
            ["no", "yes"][class as usize]
        )
        .unwrap();
    }
    let dataset = "[dataset.texts]\npath = \"rows.jsonl\"\nkey = [\"id\"]\nlabel = \"label\"\nsplit = \"split\"\n\n";
    let scratch = Scratch::new();
    scratch.write("rows.jsonl", &rows);
    let run = |evaluation: &str| {
        scratch.write("dver.toml", format!("{dataset}{evaluation}"));
        scratch.dver(&["add", "."]).ok();
        scratch.json(&["eval", "run"]).remove(0)
    };
    for (features, words) in [
        ("", "x (number), colour (category), v (2 numbers)"),
        ("features = [\"x\"]", "x (number)"),
        ("features = [\"v\"]", "v (2 numbers)"),
    ] {
        let told = run(&model("m", "knn", features));
        assert_eq!(score(&told, "accuracy")["value"], 1.0, "{features}");
        let notes = told["notes"].to_string();
        assert!(notes.contains(&format!("features: {words}")), "{notes}");
    }
    let scaled = run(&model(
        "m",
        "knn",
        "features = [\"x\"]\nscale = { x = { centre = 50, unit = 10 } }",
    ));
    let frozen = run(&model("m", "knn", "features = [\"x\"]"));
    assert_ne!(scaled["definition"], frozen["definition"]);
    // A name that means nothing changes nothing, and is said.
    let odd = run(&model(
        "m",
        "knn",
        "features = [\"x\", \"nothing\"]\nscale = { y = { centre = 0, unit = 1 } }",
    ));
    let notes = odd["notes"].to_string();
    assert!(
        notes.contains("no training record has what `features` or `scale` name: nothing, y"),
        "{notes}"
    );
    assert!(!frozen["notes"].to_string().contains("scale"), "{frozen}");
    // Nothing to learn from is said.
    scratch.write(
        "dver.toml",
        format!("{dataset}{}", model("m", "knn", "features = [\"nothing\"]")),
    );
    let failed = scratch.dver(&["eval", "run"]).fails(3);
    assert!(failed.contains("no features to learn from"), "{failed}");
}

#[test]
fn declarations_that_mean_nothing_are_refused() {
    let scratch = story(&model("m", "knn", ""));
    for (toml, words) in [
        (model("m", "knn", "penalty = 1.0"), "unknown key `penalty`"),
        (model("m", "knn", "neighbours = 0"), "neighbours"),
        (model("m", "ridge", "penalty = 0"), "penalty"),
        (model("m", "ridge", "holdout = 0.2"), "holdout"),
        (
            model("m", "ridge", "metrics = [\"acuracy\"]"),
            "no score `acuracy`",
        ),
        (model("m", "command", ""), "command"),
        (
            model("m", "command", "command = \"x\"\ntimeout = 0"),
            "timeout",
        ),
        (model("m", "import", "when = \"commit\""), "request"),
        (
            "[eval.m]\ndataset = \"texts\"\nmodel = \"ridge\"\nholdout = 1.5\n".to_owned(),
            "holdout",
        ),
        (
            model("m", "ridge", "").replace("split = 'test'", "splat = 'test'"),
            "splat",
        ),
        // What happens to records is no field of them.
        (
            model("m", "ridge", "").replace("split = 'test'", "annotator = 'ada'"),
            "condition, byte 1: no field `annotator`",
        ),
    ] {
        scratch.write("dver.toml", declared(&toml));
        let output = scratch.dver(&["eval", "run"]);
        assert!(matches!(output.code, Some(2 | 3)), "{toml}");
        assert!(output.err.contains(words), "{words}: {}", output.err);
    }
    scratch.write("dver.toml", declared(""));
    scratch.dver(&["eval", "run"]).fails(3);
    scratch.write("dver.toml", declared(&model("m", "import", "")));
    assert!(
        scratch
            .dver(&["eval", "run"])
            .fails(3)
            .contains("only evaluations of model `import`")
    );
    assert!(
        scratch
            .dver(&["eval", "run", "--name", "m"])
            .fails(2)
            .contains("eval import FILE")
    );
}

/// Runs the commands of an example of docs/evaluation.md, and returns it with what they say.
fn example(block: &str) -> String {
    let scratch = Scratch::new();
    let mut out = String::new();
    let mut lines = block.lines().peekable();
    while let Some(line) = lines.next() {
        out.push_str(line);
        out.push('\n');
        let Some(command) = line.strip_prefix("$ ") else {
            let mut text = String::new();
            while let Some(inner) = lines.next_if(|next| next.starts_with("  ") || next.is_empty())
            {
                out.push_str(inner);
                out.push('\n');
                text.push_str(inner.strip_prefix("  ").unwrap_or_default());
                text.push('\n');
            }
            scratch.write(line, text);
            continue;
        };
        while lines.next_if(|next| !next.starts_with("$ ")).is_some() {}
        if let Some(edit) = command.strip_prefix("sed s/") {
            let parts: Vec<&str> = edit.split('/').collect();
            let file = parts[2].trim();
            let text = String::from_utf8(scratch.read(file)).unwrap();
            scratch.write(file, text.replace(parts[0], parts[1]));
            continue;
        }
        let words: Vec<String> = command
            .split('\'')
            .enumerate()
            .flat_map(|(at, part)| -> Vec<String> {
                match at % 2 {
                    1 => vec![part.to_owned()],
                    _ => part.split_whitespace().map(str::to_owned).collect(),
                }
            })
            .collect();
        let words: Vec<&str> = words.iter().skip(1).map(String::as_str).collect();
        out.push_str(&scratch.dver(&words).ok());
    }
    out
}

#[test]
fn the_example_of_the_page_says_what_the_page_says() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/evaluation.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let mut made = String::new();
    let mut rest = text.as_str();
    while let Some((before, after)) = rest.split_once("```example\n") {
        let (block, after) = after.split_once("```").expect("the fence ends");
        made.push_str(&format!("{before}```example\n{}```", example(block)));
        rest = after;
    }
    made.push_str(rest);
    assert!(text.contains("```example"));
    if std::env::var_os("DVER_UPDATE_DOCS").is_some() {
        std::fs::write(&path, made).unwrap();
        return;
    }
    assert!(
        text == made,
        "docs/evaluation.md is behind: run `DVER_UPDATE_DOCS=1 cargo test --test it eval_run::the_example`"
    );
}
