//! Evaluations: predictions of other programs, scored, attached, compared.

use std::fs;
use std::io::Read as _;
use std::path::Path;

use dver::evaluate::{Confusion, scores};
use serde_json::{Value, json};

use crate::harness::{Scratch, shared_data};

fn unzipped(path: &Path) -> String {
    let mut text = String::new();
    let mut reader = flate2::read::GzDecoder::new(fs::File::open(path).unwrap());
    reader.read_to_string(&mut text).unwrap();
    text
}

const TOML: &str = "[dataset.pets]\npath = \"pets.csv\"\nkey = [\"id\"]\nlabel = \"label\"\n\
     split = \"split\"\n\n[eval.m]\ndataset = \"pets\"\nmodel = \"import\"\n\
     train = \"split = 'train'\"\ntest = \"split = 'test'\"\nnull_class = \"none\"\n";

/// The records of the worked example of docs/evaluation.md.
const PETS: &str = "id,text,label,split\n1,meow,cat,test\n2,purr,cat,test\n3,hiss,cat,test\n\
     4,woof,dog,test\n5,bark,dog,test\n6,howl,dog,test\n7,moo,none,test\n8,baa,none,test\n\
     9,oink,none,test\n10,neigh,none,test\n11,mew,cat,train\n";

const PREDICTIONS: &str = "id,prediction\n1,cat\n2,cat\n3,dog\n4,dog\n5,dog\n6,none\n7,none\n\
     8,none\n9,none\n10,cat\n99,cat\n";

/// z / (n + 2): half the width of the interval of no change among 9 and among 8 records.
const HALF: [f64; 2] = [1.959_963_984_540_054 / 11.0, 1.959_963_984_540_054 / 10.0];

fn story() -> Scratch {
    let scratch = Scratch::new();
    scratch.write("pets.csv", PETS);
    scratch.write("dver.toml", TOML);
    scratch.dver(&["add", "."]).ok();
    scratch.dver(&["commit", "-m", "first"]).ok();
    scratch
}

fn import(scratch: &Scratch, text: &str, more: &[&str]) -> Value {
    scratch.write("pred.txt", text);
    let mut args = vec!["eval", "import", "pred.txt"];
    args.extend(more);
    scratch.json(&args).remove(0)
}

fn score<'a>(evaluation: &'a Value, name: &str, class: Option<&str>) -> &'a Value {
    let all = evaluation["scores"].as_array().unwrap();
    all.iter()
        .find(|s| s["name"] == name && s["class"].as_str() == class)
        .unwrap()
}

#[test]
fn imported_predictions_are_scored_as_the_page_says() {
    let scratch = story();
    let told = import(&scratch, PREDICTIONS, &[]);
    assert_eq!(told["test"]["records"], 10);
    assert_eq!(told["train"]["records"], 1);
    assert_eq!(told["confusion"]["classes"], json!(["cat", "dog", "none"]));
    assert_eq!(
        told["confusion"]["counts"],
        json!([[2, 1, 0], [0, 2, 1], [1, 0, 3]])
    );
    assert_eq!(told["comparable_to_previous"], Value::Null);
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/evaluation.md");
    let page = fs::read_to_string(page).unwrap();
    let shown = scratch.dver(&["eval", "show"]).ok();
    let body = shown.split_once('\n').unwrap().1;
    assert!(page.contains(body), "docs/evaluation.md lacks:\n{body}");
    assert!(
        page.contains(PREDICTIONS.split_once("99").unwrap().0),
        "{PREDICTIONS}"
    );
    assert_eq!(score(&told, "accuracy", None)["num"], 7);
    // The same again attaches nothing.
    let operations = scratch.json(&["op", "log"]).len();
    assert_eq!(
        import(&scratch, PREDICTIONS, &[])["evaluation"],
        told["evaluation"]
    );
    assert_eq!(scratch.json(&["op", "log"]).len(), operations);
    assert_eq!(scratch.json(&["eval", "list"]).len(), 1);
    // What it names can be read, and gc keeps it.
    let id = |name: &str| told[name].as_str().unwrap().to_owned();
    scratch.dver(&["gc", "--all"]).ok();
    for (name, kind) in [
        ("evaluation", "evaluation 1"),
        ("definition", "definition 1"),
        ("predictions", "predictions 1"),
    ] {
        let object = scratch.dver(&["cat-object", &id(name)]).ok();
        assert!(
            object.starts_with(&format!("{{\"dver\":\"{kind}\"")),
            "{object}"
        );
    }
    // An operation like any other.
    scratch.dver(&["undo"]).ok();
    assert!(scratch.json(&["eval", "list"]).is_empty());
}

#[test]
fn evaluations_say_in_words_how_they_compare() {
    let scratch = story();
    import(&scratch, PREDICTIONS, &[]);
    let next = |text: &str| {
        scratch.write("pets.csv", text);
        scratch.dver(&["commit", "-am", "next"]).ok();
        import(&scratch, PREDICTIONS, &[])
    };
    // A training record changed; the test set did not.
    let told = next(&PETS.replace("mew,cat", "mew,dog"));
    assert_eq!(told["comparable_to_previous"], "yes");
    let told = next(&PETS.replace("hiss,cat", "hiss,dog"));
    assert_eq!(told["comparable_to_previous"], "labels_changed");
    assert_eq!(score(&told, "accuracy", None)["num"], 8);
    // The same predictions: all that moved is the label of one record.
    let mut pairs = json!({
        "records": 9, "won": 0, "lost": 0, "low": -HALF[0], "high": HALF[0], "mcnemar_p": 1.0,
        "older_under_newer_labels": {"num": 8, "den": 10},
    });
    assert_eq!(told["paired"], pairs);
    let told = next(&PETS.replace("howl", "growl"));
    assert_eq!(told["comparable_to_previous"], "different_test");
    // The label went back and the content of another record is new.
    pairs["records"] = json!(8);
    (pairs["low"], pairs["high"]) = (json!(-HALF[1]), json!(HALF[1]));
    pairs["older_under_newer_labels"] = Value::Null;
    assert_eq!(told["paired"], pairs);
    // The order of the records is nothing.
    let mut lines: Vec<&str> = PETS.lines().skip(1).collect();
    lines.reverse();
    let told = next(&format!(
        "id,text,label,split\n{}\n",
        lines.join("\n").replace("howl", "growl")
    ));
    assert_eq!(told["comparable_to_previous"], "yes");
    let log = scratch.dver(&["log", "--metric", "m:accuracy"]).ok();
    for words in [
        "m:accuracy 0.7000 [0.3968, 0.8922]",
        "m:accuracy 0.8000 [0.4902, 0.9433] (+0.1000), test labels changed",
        "m:accuracy 0.7000 [0.3968, 0.8922] (-0.1000), another test set",
    ] {
        assert!(log.contains(words), "{words}\n{log}");
    }
    let log = scratch.json(&["log", "--metric", "m:micro_f1"]);
    assert_eq!(log[0]["metrics"][0]["comparable_to_previous"], "yes");
    assert_eq!(log[0]["metrics"][0]["test_changed"], Value::Null);
    assert_eq!(log[2]["metrics"][0]["test_changed"], true);
    let shown = scratch.json(&["show", "HEAD~2"]).remove(0);
    assert_eq!(shown["evaluations"][0]["name"], "m");
    assert_eq!(shown["evaluations"][0]["accuracy"], 0.8);
    let shown = scratch.dver(&["show", "HEAD~2"]).ok();
    assert!(
        shown.contains("m  accuracy 0.8000 [0.4902, 0.9433]  8 / 10"),
        "{shown}"
    );
    let said = scratch.dver(&["log", "--metric", "x:accuracy"]).fails(3);
    assert!(said.contains("--name: m"), "{said}");
    let list = scratch.dver(&["eval", "list"]).ok();
    assert_eq!(list.lines().count(), 5);
    // Other predictions of the same version are compared with those of the version before it.
    let other = PREDICTIONS
        .replace("3,dog", "3,cat")
        .replace("10,cat", "10,none");
    let told = import(&scratch, &other.replace("1,cat", "1,dog"), &[]);
    let pairs = &told["paired"];
    assert_eq!((&pairs["won"], &pairs["lost"]), (&json!(2), &json!(1)));
    assert_eq!(pairs["mcnemar_p"], 1.0);
    assert!(
        list.contains("the same test records, with other labels than"),
        "{list}"
    );
}

#[test]
fn what_cannot_be_scored_is_refused_and_attaches_nothing() {
    let scratch = story();
    let fails = |text: &str, words: &str| {
        scratch.write("pred", text);
        let said = scratch.dver(&["eval", "import", "pred"]).fails(3);
        assert!(said.contains(words), "{said}");
    };
    fails(
        "id,prediction\n1,cat\n",
        "9 test records have no prediction, the first with the key 10",
    );
    fails("id,guess\n1,cat\n", "it has no column `prediction`");
    fails(
        "id,prediction\n1,cat\n1,dog\n",
        "another record has the same key",
    );
    fails(
        "id,prediction,confidence\n1,cat,7\n",
        "`7` is no probability",
    );
    let said = scratch
        .dver(&["eval", "import", "pred", "--name", "x"])
        .fails(3);
    assert!(
        said.contains("declares no evaluation `x`") && said.contains("--name: m"),
        "{said}"
    );
    assert!(scratch.json(&["eval", "list"]).is_empty());
    // JSON Lines do as well, and renamed classes are heard under their new name.
    let lines = PREDICTIONS.lines().skip(1).map(|line| {
        let (id, class) = line.split_once(',').unwrap();
        format!("{{\"id\":{id},\"prediction\":\"{class}\"}}\n")
    });
    let lines: String = lines.collect();
    let told = import(&scratch, &lines, &[]);
    assert_eq!(score(&told, "accuracy", None)["num"], 7);
    scratch.write(
        "dver.toml",
        TOML.replace("\n[eval", "rename = { cat = \"feline\" }\n\n[eval"),
    );
    scratch.write("pets.csv", PETS.replace("cat", "feline"));
    scratch.dver(&["commit", "-am", "renamed"]).ok();
    let told = import(&scratch, &lines, &[]);
    assert_eq!(score(&told, "accuracy", None)["num"], 7);
}

#[test]
fn tacrev_micro_f1_before_and_after_936_corrections_is_what_was_published() {
    let Some(data) = shared_data("tacrev") else {
        return;
    };
    let labels = unzipped(&data.join("test_labels.csv.gz"));
    let version = |column: usize| {
        let mut out = String::from("id,label\n");
        for row in csv::Reader::from_reader(labels.as_bytes()).records() {
            let row = row.unwrap();
            out.push_str(&format!("{},{}\n", &row[0], &row[column]));
        }
        out
    };
    let predictions = unzipped(&data.join("test_predictions.csv.gz"));
    let mut reader = csv::Reader::from_reader(predictions.as_bytes());
    let models: Vec<String> = reader
        .headers()
        .unwrap()
        .iter()
        .skip(1)
        .map(str::to_owned)
        .collect();
    assert_eq!(models.len(), 52);
    let scratch = Scratch::new();
    let mut toml = String::from(
        "[dataset.labels]\npath = \"labels.csv\"\nkey = [\"id\"]\nlabel = \"label\"\n",
    );
    let published = [
        ("spanbert_tacred", "70.8", "78.0"),
        ("knowbert_wordnet_wiki_tacred", "71.5", "79.3"),
        ("tre_tacred", "67.4", "75.3"),
        ("cnn_wo_discr_masked", "59.5", "66.5"),
    ];
    for (name, ..) in published {
        toml.push_str(&format!("[eval.{name}]\ndataset = \"labels\"\nmodel = \"import\"\nnull_class = \"no_relation\"\n"));
    }
    scratch.write("dver.toml", toml);
    scratch.write("all.txt", &predictions);
    scratch.write("labels.csv", version(1));
    scratch.dver(&["add", "dver.toml", "labels.csv"]).ok();
    scratch.dver(&["commit", "-m", "tacred"]).ok();
    scratch.write("labels.csv", version(2));
    scratch.dver(&["commit", "-am", "tacrev"]).ok();
    for (name, before, after) in published {
        for (revision, wanted, how) in [
            ("HEAD~1", before, Value::Null),
            ("HEAD", after, json!("labels_changed")),
        ] {
            let args = [
                "eval", "import", "all.txt", revision, "--name", name, "--column", name,
            ];
            let told = scratch.json(&args).remove(0);
            let f1 = score(&told, "micro_f1", None)["value"].as_f64().unwrap();
            assert_eq!(format!("{:.1}", f1 * 100.0), wanted, "{name} of {revision}");
            assert_eq!(told["comparable_to_previous"], how);
            assert_eq!(told["test"]["records"], 15_509);
        }
    }
    // The mean of the others, straight from the counts.
    let truths: Vec<csv::StringRecord> = csv::Reader::from_reader(labels.as_bytes())
        .records()
        .map(Result::unwrap)
        .collect();
    let said: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let mean = |column: usize| {
        let others = (0..models.len()).filter(|at| {
            ![
                "spanbert_tacred",
                "knowbert_wordnet_wiki_tacred",
                "tre_tacred",
            ]
            .contains(&models[*at].as_str())
        });
        let f1: Vec<f64> = others
            .map(|at| {
                let pairs = truths.iter().zip(&said).map(|(truth, said)| {
                    assert_eq!(truth[0], said[0]);
                    (&truth[column], &said[at + 1])
                });
                let all = scores(&Confusion::of(pairs), Some("no_relation"), None);
                let micro = all.iter().find(|score| score.name == "micro_f1");
                micro.unwrap().value.unwrap() * 100.0
            })
            .collect();
        assert_eq!(f1.len(), 49);
        f1.iter().sum::<f64>() / 49.0
    };
    assert_eq!(format!("{:.6}", mean(1)), "62.136173");
    assert_eq!(format!("{:.6}", mean(2)), "70.146273");
}

#[test]
fn label_errors_of_cifar_10_score_as_published() {
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
    let given = fs::read_to_string(data.join("given.csv")).unwrap();
    let corrected = fs::read_to_string(data.join("corrected.csv")).unwrap();
    let id = |line: &str| line.split(',').next().unwrap().to_owned();
    let kept: std::collections::BTreeSet<String> = corrected.lines().map(id).collect();
    let of_kept: String = given
        .lines()
        .filter(|l| kept.contains(&id(l)))
        .map(|l| format!("{l}\n"))
        .collect();
    let mut told = Vec::new();
    for text in [given.clone(), of_kept, corrected] {
        scratch.write("labels.csv", text);
        scratch.dver(&["add", "dver.toml", "labels.csv"]).ok();
        scratch.dver(&["commit", "-m", "labels"]).ok();
        told.push(
            scratch
                .json(&["eval", "import", "predictions.txt", "--column", "predicted"])
                .remove(0),
        );
    }
    let accuracy = |told: &Value| {
        format!(
            "{:.4}",
            score(told, "accuracy", None)["value"].as_f64().unwrap()
        )
    };
    let all: Vec<String> = told.iter().map(accuracy).collect();
    assert_eq!(all, ["0.9294", "0.9328", "0.9346"]);
    let how: Vec<&Value> = told.iter().map(|t| &t["comparable_to_previous"]).collect();
    assert_eq!(
        how,
        [
            &Value::Null,
            &json!("different_test"),
            &json!("labels_changed")
        ]
    );
    let ece = score(&told[0], "ece", None)["value"].as_f64().unwrap();
    assert!((0.0..0.2).contains(&ece), "{ece}");
}
