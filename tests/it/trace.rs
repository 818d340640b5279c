//! Traces: which changes moved a score, seen from outside.

use std::fs;
use std::io::Read as _;
use std::path::Path;

use serde_json::{Value, json};

use crate::harness::{Scratch, shared_data};

fn unzipped(path: &Path) -> String {
    let mut text = String::new();
    let mut reader = flate2::read::GzDecoder::new(fs::File::open(path).unwrap());
    reader.read_to_string(&mut text).unwrap();
    text
}

fn commit(scratch: &Scratch, path: &str, text: &str) {
    scratch.write(path, text);
    scratch.dver(&["add", "-A"]).ok();
    scratch.dver(&["commit", "-m", "next"]).ok();
}

fn trace(scratch: &Scratch, args: &[&str]) -> Value {
    let mut all = vec!["trace"];
    all.extend(args);
    let found = scratch.json(&all).remove(0);
    // Always: parts add up to the change, and parts of a cause to the cause.
    if found["given"].is_null() {
        let off = found["sum"].as_f64().unwrap() - found["change"].as_f64().unwrap();
        assert!(off.abs() <= 1e-9, "{found}");
        for cause in found["causes"].as_array().unwrap() {
            let own = parts(&found, cause["cause"].as_str().unwrap());
            let sum: f64 = own.iter().map(|part| contribution(part)).sum();
            assert!((sum - contribution(cause)).abs() <= 1e-9, "{cause} {sum}");
        }
    }
    found
}

fn parts<'a>(found: &'a Value, cause: &str) -> Vec<&'a Value> {
    let parts = found["parts"].as_array().unwrap().iter();
    parts.filter(|part| part["cause"] == cause).collect()
}

fn contribution(part: &Value) -> f64 {
    part["contribution"].as_f64().unwrap()
}

fn causes(found: &Value) -> Vec<&str> {
    let causes = found["causes"].as_array().unwrap().iter();
    causes.map(|part| part["cause"].as_str().unwrap()).collect()
}

const TOML: &str = "[dataset.pets]\npath = \"pets.csv\"\nkey = [\"id\"]\nlabel = \"label\"\n\
     split = \"split\"\nannotator = \"who\"\n\n[eval.near]\ndataset = \"pets\"\nmodel = \"knn\"\n\
     neighbours = 3\ntrain = \"split = 'train'\"\ntest = \"split = 'test'\"\n\
     scale = { size = { centre = 0, unit = 1 } }\n";

/// The records of the worked example of docs/trace.md.
const PETS: &str = "id,size,label,split,who\n\
     1,10,cat,train,ada\n2,11,dog,train,ada\n3,12,dog,train,joon\n4,13,cat,train,joon\n\
     5,30,dog,train,ada\n6,31,dog,train,ada\n7,32,dog,train,joon\n\
     8,11,cat,test,ada\n9,12,cat,test,ada\n10,31,dog,test,ada\n11,30,cat,test,joon\n12,32,dog,test,ada\n";

fn story() -> Scratch {
    let scratch = Scratch::new();
    scratch.write("dver.toml", TOML);
    commit(&scratch, "pets.csv", PETS);
    let fixed = PETS
        .replace("2,11,dog,train,ada", "2,11,cat,train,bo")
        .replace("3,12,dog,train,joon", "3,12,cat,train,bo")
        .replace("6,31,dog,train,ada", "6,31,cat,train,cy")
        .replace("11,30,cat,test,joon", "11,30,dog,test,bo");
    commit(&scratch, "pets.csv", &fixed);
    scratch
}

#[test]
fn relabels_are_told_by_cause_transition_annotator_and_record() {
    let scratch = story();
    let found = trace(&scratch, &["near:accuracy", "HEAD~1", "HEAD"]);
    assert_eq!(found["from"]["value"], 0.4);
    assert_eq!(found["to"]["value"], 1.0);
    assert_eq!(causes(&found), ["train_relabel", "test_relabel"]);
    assert_eq!(found["method"], "exact");
    let train = parts(&found, "train_relabel")[0];
    assert!((contribution(train) - 0.4).abs() < 1e-12, "{train}");
    assert_eq!(
        (&train["records"], &train["won"], &train["lost"]),
        (&json!(3), &json!(2), &json!(0))
    );
    let found = trace(
        &scratch,
        &["accuracy", "HEAD~1..HEAD", "--by", "transition"],
    );
    let own = parts(&found, "train_relabel");
    assert_eq!(own.len(), 1);
    assert_eq!(own[0]["group"], json!({"from": "dog", "to": "cat"}));
    let found = trace(
        &scratch,
        &["accuracy", "HEAD~1", "HEAD", "--by", "annotator"],
    );
    let own = parts(&found, "train_relabel");
    assert_eq!(own[0]["group"], json!({"value": "bo"}));
    assert!((contribution(own[0]) - 0.4).abs() < 1e-12);
    assert_eq!(own[1]["group"], json!({"value": "cy"}));
    assert_eq!((contribution(own[1]), &own[1]["won"]), (0.0, &json!(0)));
    let found = trace(&scratch, &["accuracy", "HEAD~1", "HEAD", "--by", "record"]);
    // Either of the two is enough for neither test record alone, or for both.
    let of: Vec<f64> = parts(&found, "train_relabel")
        .into_iter()
        .map(contribution)
        .collect();
    assert!(
        (of[0] - 0.2).abs() < 1e-12 && (of[1] - 0.2).abs() < 1e-12,
        "{of:?}"
    );
    let found = trace(
        &scratch,
        &["accuracy", "HEAD~1", "HEAD", "--by", "field=size"],
    );
    assert_eq!(parts(&found, "train_relabel").len(), 3);
    // And back.
    let back = trace(&scratch, &["accuracy", "HEAD", "HEAD~1"]);
    assert!((back["change"].as_f64().unwrap() + 0.6).abs() < 1e-12);
    assert!((contribution(parts(&back, "train_relabel")[0]) + 0.4).abs() < 1e-12);
}

#[test]
fn sealed_scores_are_what_parts_add_up_to_along_the_commits_too() {
    let scratch = story();
    let fixed = String::from_utf8(scratch.read("pets.csv")).unwrap();
    commit(
        &scratch,
        "pets.csv",
        &fixed.replace("13,cat,train", "13,dog,train"),
    );
    commit(
        &scratch,
        "pets.csv",
        &fixed
            .replace("13,cat,train", "13,dog,train")
            .replace("12,32,dog,test,ada\n", ""),
    );
    let mut sealed = Vec::new();
    for revision in ["HEAD~3", "HEAD~2", "HEAD"] {
        let told = scratch.json(&["eval", "run", revision]).remove(0);
        sealed.push(told["scores"][0]["value"].clone());
    }
    let found = trace(&scratch, &["accuracy", "HEAD~3", "HEAD"]);
    assert_eq!(
        (&found["from"]["value"], &found["to"]["value"]),
        (&sealed[0], &sealed[2])
    );
    assert_eq!(
        (&found["from"]["sealed"], &found["to"]["sealed"]),
        (&json!(true), &json!(true))
    );
    assert_eq!(
        causes(&found),
        ["test_removed", "train_relabel", "test_relabel"]
    );
    assert_eq!(found["notes"], json!([]));
    let path = trace(&scratch, &["accuracy", "HEAD~3", "HEAD", "--by", "commit"]);
    assert_eq!(path["method"], "path");
    let own = |at: usize| -> f64 {
        let id = scratch.json(&["log"])[at]["commit"].clone();
        let parts = path["parts"].as_array().unwrap().iter();
        parts
            .filter(|part| part["group"]["commit"] == id)
            .map(contribution)
            .sum()
    };
    let value = |at: usize| sealed[at].as_f64().unwrap();
    assert!((own(0) - (value(2) - value(1))).abs() < 1e-12);
    assert_eq!(
        own(1),
        0.0,
        "it is told with the next commit that has an evaluation"
    );
    assert!((own(2) - (value(1) - value(0))).abs() < 1e-12);
    let said = scratch
        .dver(&["trace", "accuracy", "HEAD", "HEAD~3", "--by", "commit"])
        .fails(2);
    assert!(said.contains("first parents"), "{said}");
}

#[test]
fn what_is_missing_in_one_version_is_told_with_that_version() {
    let scratch = Scratch::new();
    scratch.write("dver.toml", TOML);
    let without: String = PETS
        .lines()
        .map(|line| line.split(',').take(3).collect::<Vec<_>>().join(",") + "\n")
        .collect();
    commit(&scratch, "pets.csv", &without);
    commit(&scratch, "pets.csv", PETS);
    commit(&scratch, "pets.csv", &PETS.replace(",test,", ",dev,"));
    let ids: Vec<String> = (scratch.json(&["log"]).iter())
        .map(|one| one["commit"].as_str().unwrap()[..12].to_owned())
        .collect();
    let failed = |from: &str, to: &str, code: i32| {
        let output = scratch.dver(&["trace", "near:accuracy", from, to]);
        assert_eq!(output.code, Some(code), "{}", output.err);
        output.err
    };
    let split = failed("HEAD~2", "HEAD~1", 2);
    assert!(
        split.contains(&format!("no field `split` in {}", ids[2])),
        "{split}"
    );
    assert!(!split.contains("annotator, cause"), "{split}");
    for (from, to) in [("HEAD~1", "HEAD"), ("HEAD", "HEAD~1")] {
        let none = failed(from, to, 3);
        let words = format!("in {} no record with a label is a test record", ids[0]);
        assert!(none.contains(&words), "{none}");
    }
    // Nothing changed: a sum of no parts is 0, not -0.
    let same = scratch
        .dver(&["trace", "near:accuracy", "HEAD~1", "HEAD~1"])
        .ok();
    assert!(same.contains("\nsum +0.0000, residual 0e0"), "{same}");
}

/// Scores that are not sealed depend on what the columns are frozen from and on whose definition is
/// asked: a step has others than the whole way.
#[test]
fn parts_add_up_along_the_commits_where_the_ends_are_not_sealed() {
    let scratch = Scratch::new();
    let declared = |neighbours: u32| {
        let all = TOML.replace("neighbours = 3", &format!("neighbours = {neighbours}"));
        all.split("scale").next().unwrap().to_owned()
    };
    let table = |factor: u32, wrong: u32| {
        let mut out = "id,x,y,label,split,who\n".to_owned();
        for id in 0..90u32 {
            let noise = |n: u32| (id * 7919 + n * 104_729) % 1009 % 17;
            let class = id / 3 % 3;
            let (x, y) = (class * 9 + noise(1), class * 3 + noise(2) * 3);
            let x = if id % 5 > 0 { x * factor } else { x };
            let label = if id * 7 % 11 < wrong {
                (class + 1) % 3
            } else {
                class
            };
            let split = if id % 3 == 0 { "test" } else { "train" };
            out.push_str(&format!("{id},{x},{y},c{label},{split},ada\n"));
        }
        out
    };
    for (at, factor) in [1, 3, 9, 20].into_iter().enumerate() {
        scratch.write("dver.toml", declared(if at < 2 { 1 } else { 7 }));
        commit(&scratch, "pets.csv", &table(factor, at as u32));
        if at == 1 || at == 2 {
            scratch.dver(&["eval", "run", "HEAD"]).ok();
        }
    }
    let path = trace(&scratch, &["accuracy", "HEAD~3", "HEAD", "--by", "commit"]);
    assert_eq!(
        path["residual"].as_f64().map(|off| off.abs() < 1e-9),
        Some(true)
    );
    for (step, end) in [(["HEAD~3", "HEAD~2"], "from"), (["HEAD~1", "HEAD"], "to")] {
        let alone = trace(&scratch, &["accuracy", step[0], step[1]]);
        assert_eq!(alone[end]["value"], path[end]["value"]);
    }
    // Causes taken with the others as they were add up to nothing, along the commits neither.
    let args = [
        "accuracy", "HEAD~3", "HEAD", "--by", "commit", "--given", "from",
    ];
    assert_ne!(trace(&scratch, &args)["residual"], json!(0.0));
    // The whole way asks the older version what the newer one declares.
    let whole = trace(&scratch, &["accuracy", "HEAD~3", "HEAD"]);
    assert_ne!(whole["from"]["value"], path["from"]["value"]);
    assert!(path["notes"].to_string().contains("definition:"), "{path}");
}

/// Real measurements of three kinds of iris, with labels of one pair flipped and some others at
/// random: what was planted comes first; groups that mean nothing share it.
#[test]
fn what_was_planted_comes_first_and_shuffled_groups_do_not() {
    let Some(data) = shared_data("iris-correction") else {
        return;
    };
    let text = fs::read_to_string(data.join("iris_sklearn_0.20.0.csv")).unwrap();
    let names = ["setosa", "versicolor", "virginica"];
    let mut files = [String::new(), String::new()];
    for (which, file) in files.iter_mut().enumerate() {
        file.push_str("id,a,b,c,d,label,split,noise\n");
        for (at, line) in text.lines().skip(1).enumerate() {
            let cells: Vec<&str> = line.split(',').collect();
            let own: usize = cells[4].parse().unwrap();
            let tests = at % 3 == 0;
            let label = match (which, own) {
                (0, 1) if !tests && at % 4 < 2 => 2,
                (0, 0) if !tests && at % 16 == 1 => 1,
                (0, 2) if !tests && at % 16 == 7 => 0,
                _ => own,
            };
            let split = if tests { "test" } else { "train" };
            file.push_str(&format!(
                "{at},{},{},{split},{}\n",
                cells[..4].join(","),
                names[label],
                at * 7 % 5
            ));
        }
    }
    let scratch = Scratch::new();
    let toml = |model: &str| {
        format!(
            "[dataset.iris]\npath = \"iris.csv\"\nkey = [\"id\"]\nlabel = \"label\"\nsplit = \"split\"\nmetadata = [\"noise\"]\n\
             [eval.e]\ndataset = \"iris\"\nmodel = \"{model}\"\ntrain = \"split = 'train'\"\ntest = \"split = 'test'\"\n"
        )
    };
    scratch.write("dver.toml", toml("knn"));
    commit(&scratch, "iris.csv", &files[0]);
    commit(&scratch, "iris.csv", &files[1]);
    for model in ["knn", "naive-bayes", "logistic", "ridge"] {
        scratch.write("dver.toml", toml(model));
        if model != "knn" {
            scratch.dver(&["commit", "-am", model]).ok();
        }
        let log = scratch.json(&["log"]);
        let oldest = log.last().unwrap()["commit"].as_str().unwrap().to_owned();
        let args = ["accuracy", &oldest, "HEAD"];
        let found = trace(&scratch, &[&args[..], &["--by", "transition"]].concat());
        let own = parts(&found, "train_relabel");
        assert_eq!(
            own[0]["group"],
            json!({"from": "virginica", "to": "versicolor"}),
            "{model} {found}"
        );
        let planted = contribution(own[0]);
        assert!(
            own[1..]
                .iter()
                .all(|part| contribution(part).abs() < planted / 2.0),
            "{model} {found}"
        );
        let found = trace(&scratch, &[&args[..], &["--by", "field=noise"]].concat());
        let own = parts(&found, "train_relabel");
        assert!(
            own.iter()
                .all(|part| contribution(part).abs() < planted / 2.0),
            "{model} {found}"
        );
    }
}

#[test]
fn what_if_and_flips_and_ends() {
    let scratch = story();
    let found = trace(
        &scratch,
        &[
            "accuracy",
            "HEAD~1",
            "HEAD",
            "--what-if",
            "annotator = 'bo'",
        ],
    );
    let supposed = &found["what_if"];
    assert_eq!((&supposed["made"], &supposed["of"]), (&json!(3), &json!(4)));
    assert_eq!(supposed["value"], 1.0);
    let found = trace(
        &scratch,
        &[
            "accuracy",
            "HEAD~1",
            "HEAD",
            "--what-if",
            "cause = 'test_relabel' and \"size\" > 20",
        ],
    );
    assert_eq!(found["what_if"]["made"], 1);
    assert!((found["what_if"]["value"].as_f64().unwrap() - 0.6).abs() < 1e-12);
    let found = trace(&scratch, &["accuracy", "HEAD~1", "HEAD", "--explain"]);
    let flips = found["explained"].as_array().unwrap();
    assert_eq!(flips.len(), 2);
    let first = flips
        .iter()
        .find(|flip| flip["key"] == json!(["8"]))
        .unwrap();
    assert_eq!(first["said"], json!(["dog", "cat"]));
    assert_eq!(first["smallest"].as_array().unwrap().len(), 1);
    for end in ["from", "to"] {
        let found = trace(&scratch, &["accuracy", "HEAD~1", "HEAD", "--given", end]);
        assert_eq!(found["given"], end);
    }
    let said = scratch.dver(&["trace", "accuracy", "HEAD"]).fails(2);
    assert!(said.contains("A B or A..B"), "{said}");
    let said = scratch.dver(&["trace", "mcc", "HEAD~1", "HEAD"]).fails(2);
    assert!(said.contains("micro_f1"), "{said}");
    let said = scratch
        .dver(&["trace", "x:accuracy", "HEAD~1", "HEAD"])
        .fails(2);
    assert!(said.contains("there are: near"), "{said}");
    let said = scratch
        .dver(&[
            "trace",
            "accuracy",
            "HEAD~1",
            "HEAD",
            "--what-if",
            "nobody = 'x'",
        ])
        .fails(2);
    assert!(said.contains("no field `nobody`"), "{said}");
    let said = scratch
        .dver(&["trace", "accuracy", "HEAD~1", "HEAD", "--by", "field=x"])
        .fails(2);
    assert!(said.contains("neither version has a field `x`"), "{said}");
}

#[test]
fn a_pure_rename_moves_nothing_by_relabels() {
    let scratch = Scratch::new();
    scratch.write("dver.toml", TOML);
    let mut rows = String::from("id,size,label,split,who\n");
    for at in 0..60 {
        let label = if at % 3 == 0 { "cat" } else { "dog" };
        let split = if at % 4 == 0 { "test" } else { "train" };
        rows.push_str(&format!("{at},{},{label},{split},ada\n", at * 7 % 60));
    }
    commit(&scratch, "pets.csv", &rows);
    commit(&scratch, "pets.csv", &rows.replace("cat", "feline"));
    for model in ["knn", "ridge", "naive-bayes"] {
        scratch.write(
            "dver.toml",
            TOML.replace("\"knn\"\nneighbours = 3", &format!("\"{model}\"")),
        );
        scratch.dver(&["commit", "-am", model]).ok();
        let found = trace(&scratch, &["accuracy", "HEAD~1", "HEAD"]);
        assert_eq!(found["parts"], json!([]), "{model}");
    }
    let found = trace(&scratch, &["accuracy", "HEAD~4", "HEAD~3"]);
    assert!(
        causes(&found).iter().all(|cause| *cause == "renames"),
        "{found}"
    );
}

/// The labels of tacrev before and after its corrections, with the groups that its parts were
/// published in as fields.
struct Corrections {
    /// Id, label before, label after, group of eleven transitions and three rests, pool of three.
    rows: Vec<[String; 5]>,
}

impl Corrections {
    fn read(labels: &str) -> Corrections {
        let pool = |from: &str, to: &str| match (from == "no_relation", to == "no_relation") {
            (false, true) => "positive -> no_relation",
            (true, false) => "no_relation -> positive",
            _ => "positive -> positive",
        };
        let mut rows = Vec::new();
        let mut counts = std::collections::BTreeMap::new();
        for row in csv::Reader::from_reader(labels.as_bytes()).records() {
            let row = row.unwrap();
            let transition = format!("{} -> {}", &row[1], &row[2]);
            if row[1] != row[2] {
                *counts.entry(transition.clone()).or_insert(0) += 1;
            }
            let [id, from, to] = [0, 1, 2].map(|at| row[at].to_owned());
            let pool = pool(&from, &to).to_owned();
            rows.push([id, from, to, transition, pool]);
        }
        let mut frequent: Vec<(String, i32)> = counts.into_iter().collect();
        frequent.sort_by_key(|(_, count)| -count);
        frequent.truncate(11);
        for row in &mut rows {
            if frequent.iter().all(|(transition, _)| *transition != row[3]) {
                row[3] = format!("rest {}", row[4]);
            }
        }
        Corrections { rows }
    }

    fn version(&self, after: bool) -> String {
        let mut out = String::from("id,label,group,pool\n");
        for [id, from, to, group, pool] in &self.rows {
            let label = if after { to } else { from };
            out.push_str(&format!("{id},{label},{group},{pool}\n"));
        }
        out
    }
}

#[test]
fn tacrev_is_split_by_transition_without_a_model() {
    let Some(data) = shared_data("tacrev") else {
        return;
    };
    let corrections = Corrections::read(&unzipped(&data.join("test_labels.csv.gz")));
    let name = "spanbert_tacred";
    let scratch = Scratch::new();
    scratch.write(
        "dver.toml",
        "[dataset.labels]\npath = \"labels.csv\"\nkey = [\"id\"]\nlabel = \"label\"\n\
             [eval.m]\ndataset = \"labels\"\nmodel = \"import\"\nnull_class = \"no_relation\"\n",
    );
    scratch.write("all.txt", unzipped(&data.join("test_predictions.csv.gz")));
    for after in [false, true] {
        scratch.write("labels.csv", corrections.version(after));
        scratch.dver(&["add", "dver.toml", "labels.csv"]).ok();
        scratch.dver(&["commit", "-m", "labels"]).ok();
        let args = ["eval", "import", "all.txt", "--column", name];
        scratch.json(&args);
    }
    let found = trace(
        &scratch,
        &["m:micro_f1", "HEAD~1", "HEAD", "--by", "transition"],
    );
    let points = |value: &Value| format!("{:.4}", value.as_f64().unwrap() * 100.0);
    assert_eq!(points(&found["change"]), "7.1782");
    assert_eq!(found["method"], "exact");
    assert_eq!(causes(&found), ["test_relabel"]);
    let records: u64 = parts(&found, "test_relabel")
        .iter()
        .map(|p| p["records"].as_u64().unwrap())
        .sum();
    assert_eq!(records, 936);
    // The published bootstrap interval of the change is 6.24 to 8.15 points.
    let (low, high) = (
        found["low"].as_f64().unwrap(),
        found["high"].as_f64().unwrap(),
    );
    assert!(
        (low * 100.0 - 6.24).abs() < 0.3 && (high * 100.0 - 8.15).abs() < 0.3,
        "{low} {high}"
    );
    // The published parts: the eleven most frequent transitions, and the rest in three groups.
    let by_field = |field: &str| {
        let by = format!("field={field}");
        let found = trace(&scratch, &["m:micro_f1", "HEAD~1", "HEAD", "--by", &by]);
        assert_eq!(found["method"], "exact");
        let parts = parts(&found, "test_relabel").into_iter().map(|part| {
            let group = part["group"]["value"].as_str().unwrap().to_owned();
            (group, contribution(part) * 100.0)
        });
        parts.collect::<Vec<_>>()
    };
    let fourteen = by_field("group");
    assert_eq!(fourteen.len(), 14);
    let first = fourteen.iter().take(4);
    assert_eq!(
        first
            .map(|(g, v)| format!("{g} {v:.2}"))
            .collect::<Vec<_>>(),
        [
            "rest positive -> no_relation 1.76",
            "rest no_relation -> positive 1.70",
            "no_relation -> org:alternate_names 0.79",
            "no_relation -> per:title 0.75"
        ]
    );
    // In three groups alone. The values are those of all six orders of the three, from the counters
    // (true positives, labels other than the null class): (-114, -532), (259, 330) and (15, 0).
    let three = by_field("pool");
    let shown = three.iter().map(|(g, v)| format!("{g} {v:.4}"));
    assert_eq!(
        shown.collect::<Vec<_>>(),
        [
            "no_relation -> positive 4.1648",
            "positive -> no_relation 2.5548",
            "positive -> positive 0.4586"
        ]
    );
    assert_eq!(
        format!("{:.4}", three.iter().map(|(_, v)| v).sum::<f64>()),
        "7.1782"
    );
    // By record there are 936 players, and it is exact still.
    let found = trace(
        &scratch,
        &["m:micro_f1", "HEAD~1", "HEAD", "--by", "record"],
    );
    assert_eq!(
        (
            found["method"].as_str(),
            found["parts"].as_array().unwrap().len()
        ),
        (Some("exact"), 936)
    );
}

#[test]
fn label_errors_of_cifar_10_are_removed_and_relabelled_records() {
    let Some(data) = shared_data("label-errors-cifar10") else {
        return;
    };
    let scratch = Scratch::new();
    scratch.write(
        "dver.toml",
        "[dataset.labels]\npath = \"labels.csv\"\nkey = [\"id\"]\nlabel = \"label\"\n\n[eval.cv]\ndataset = \"labels\"\nmodel = \"import\"\n",
    );
    scratch.write(
        "predictions.txt",
        unzipped(&data.join("predictions.csv.gz")),
    );
    for name in ["given.csv", "corrected.csv"] {
        scratch.write("labels.csv", fs::read_to_string(data.join(name)).unwrap());
        scratch.dver(&["add", "dver.toml", "labels.csv"]).ok();
        scratch.dver(&["commit", "-m", "labels"]).ok();
        scratch.json(&["eval", "import", "predictions.txt", "--column", "predicted"]);
    }
    let found = trace(&scratch, &["accuracy", "HEAD~1", "HEAD"]);
    assert_eq!(causes(&found), ["test_removed", "test_relabel"]);
    let value = |end: &str| format!("{:.4}", found[end]["value"].as_f64().unwrap());
    assert_eq!(
        (value("from"), value("to")),
        ("0.9294".to_owned(), "0.9346".to_owned())
    );
    let (removed, relabelled) = (
        parts(&found, "test_removed")[0],
        parts(&found, "test_relabel")[0],
    );
    assert_eq!(
        (&removed["records"], &relabelled["records"]),
        (&json!(36), &json!(18))
    );
    // .9328 on the kept records with given labels lies between: removed first is one of two orders.
    let given = trace(&scratch, &["accuracy", "HEAD~1", "HEAD", "--given", "from"]);
    let first = contribution(parts(&given, "test_removed")[0]);
    assert_eq!(format!("{:.4}", 0.9294 + first), "0.9328");
    assert!(contribution(removed) > 0.0 && contribution(relabelled) > 0.0);
}
