//! `dver find`: what each kind finds, how it is ranked, and that work lists come back.

use std::collections::{BTreeSet, HashMap};
use std::io::Read as _;

use serde_json::Value;

use crate::harness::{Scratch, shared_data};

/// Numbers that look random and are not.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 20) % most
    }
}

const CLASSES: [&str; 4] = ["billing", "delivery", "login", "refund"];

/// A table of texts, each with words of its class among words of all, and the ids whose label was
/// changed: one in twenty.
fn planted(records: u64) -> (String, BTreeSet<String>) {
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let word = |class: u64, which: u64| {
        let letters = b"bcdfghklmnprstvz";
        let mut seed = Dice((class + 1) * 7919 + (which + 1) * 104_729);
        let syllables = 2 + which % 2;
        let mut out = String::new();
        for _ in 0..=syllables {
            out.push(char::from(letters[seed.below(16) as usize]));
            out.push(char::from(b"aeiou"[seed.below(5) as usize]));
        }
        out
    };
    let mut table = "id,text,label\n".to_owned();
    let mut flipped = BTreeSet::new();
    for id in 0..records {
        let class = dice.below(4);
        let words: Vec<String> = (0..8 + dice.below(12))
            .map(|_| match dice.below(10) {
                0..3 => word(class, dice.below(40)),
                3 => word(dice.below(4), dice.below(40)),
                _ => word(9, dice.below(300)),
            })
            .collect();
        let label = match dice.below(20) {
            0 => {
                flipped.insert(id.to_string());
                (class + 1 + dice.below(3)) % 4
            }
            _ => class,
        };
        table.push_str(&format!(
            "{id},{},{}\n",
            words.join(" "),
            CLASSES[label as usize]
        ));
    }
    (table, flipped)
}

const TICKETS: &str = "[dataset.tickets]\npath = \"tickets.csv\"\nkey = [\"id\"]\nlabel = \"label\"\ntext = \"text\"\n";

fn keys(found: &[Value]) -> Vec<String> {
    let key = |line: &Value| line["key"][0].as_str().unwrap().to_owned();
    found.iter().map(key).collect()
}

#[test]
fn planted_label_errors_are_found_applied_and_gone() {
    let scratch = Scratch::new();
    let (table, flipped) = planted(2000);
    scratch
        .write("dver.toml", TICKETS)
        .write("tickets.csv", &table);
    scratch.dver(&["add", "-A"]).ok();
    scratch.dver(&["commit", "-m", "first"]).ok();
    let found = scratch.json(&["find", "label-issues", "HEAD"]);
    let hits = keys(&found)
        .iter()
        .filter(|key| flipped.contains(*key))
        .count();
    let (precision, recall) = (
        hits as f64 / found.len() as f64,
        hits as f64 / flipped.len() as f64,
    );
    #[allow(clippy::print_stderr)] // the numbers are what the test is for
    {
        eprintln!(
            "{} planted, {} found: precision {precision:.3}, recall {recall:.3}",
            flipped.len(),
            found.len()
        );
    }
    assert!(
        precision > 0.7 && recall > 0.7,
        "precision {precision}, recall {recall}"
    );
    let method = found[0]["method"].as_str().unwrap();
    assert_eq!(
        method,
        "confident-learning(noise-rate, calibrated, normalised-margin; logistic out of 5 folds by key)"
    );
    let scores: Vec<f64> = found
        .iter()
        .map(|line| line["score"].as_f64().unwrap())
        .collect();
    assert!(scores.is_sorted());
    // Out as a work list, back in, and what was wrong is right.
    scratch
        .dver(&["find", "label-issues", "--format", "csv", "-o", "work.csv"])
        .ok();
    let work = String::from_utf8(scratch.read("work.csv")).unwrap();
    assert!(
        work.starts_with("dataset,field,score,method,label,suggested,note,key.id,content.text\r\n"),
        "{work}"
    );
    scratch.dver(&["apply", "work.csv"]).ok();
    let changed = scratch.json(&["diff", "--labels"]);
    let changed: BTreeSet<String> = changed
        .iter()
        .filter(|event| event["event"] == "label")
        .map(|event| event["key"][0].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(changed, keys(&found).into_iter().collect());
    let again = scratch.json(&["find", "label-issues"]);
    assert!(
        again.len() < found.len() / 2,
        "{} after {}",
        again.len(),
        found.len()
    );
    scratch.remove("work.csv");
}

#[test]
fn threads_change_nothing_and_working_files_are_named() {
    let scratch = Scratch::new();
    scratch
        .write("dver.toml", TICKETS)
        .write("tickets.csv", planted(200).0);
    scratch.dver(&["add", "-A"]).ok();
    for learner in ["logistic", "naive-bayes", "knn"] {
        let told = |threads: &str| {
            let args = ["find", "label-issues", "--learner", learner];
            scratch
                .dver_with(&args, &[("RAYON_NUM_THREADS", threads)])
                .ok()
        };
        let one = told("1");
        assert!(
            one.starts_with("The working files, data set tickets\n"),
            "{one}"
        );
        assert_eq!(one, told("4"), "{learner}");
    }
}

#[test]
fn shuffled_probabilities_find_planted_errors_no_more_often_than_chance() {
    let scratch = Scratch::new();
    let (table, flipped) = planted(2000);
    scratch
        .write("dver.toml", TICKETS)
        .write("tickets.csv", &table);
    scratch.dver(&["add", "-A"]).ok();
    // Good probabilities of the labels, given to other records.
    let labels: Vec<&str> = table
        .lines()
        .skip(1)
        .map(|line| line.rsplit(',').next().unwrap())
        .collect();
    let mut dice = Dice(7);
    let mut order: Vec<usize> = (0..labels.len()).collect();
    for at in (1..order.len()).rev() {
        order.swap(at, dice.below(at as u64 + 1) as usize);
    }
    let mut file = format!(
        "id,{}\n",
        CLASSES.map(|class| format!("p_{class}")).join(",")
    );
    for (id, from) in order.iter().enumerate() {
        let row = CLASSES.map(|class| {
            if class == labels[*from] {
                "0.91"
            } else {
                "0.03"
            }
        });
        file.push_str(&format!("{id},{}\n", row.join(",")));
    }
    scratch.write("p.csv", file);
    let found = scratch.json(&["find", "label-issues", "--probabilities", "p.csv"]);
    let hits = keys(&found)
        .iter()
        .filter(|key| flipped.contains(*key))
        .count() as f64;
    let expected = found.len() as f64 * flipped.len() as f64 / 2000.0;
    let deviation = (expected * (1.0 - flipped.len() as f64 / 2000.0)).sqrt();
    assert!(
        (hits - expected).abs() < 4.0 * deviation.max(1.0),
        "{hits} of {} where {expected:.1} are chance",
        found.len()
    );
    scratch.remove("p.csv");
}

#[test]
fn the_published_recipe_finds_275_of_cifar_10_through_the_program() {
    let Some(dir) = shared_data("label-errors-cifar10") else {
        return;
    };
    let scratch = Scratch::new();
    let mut predictions = String::new();
    let packed = std::fs::read(dir.join("predictions.csv.gz")).unwrap();
    flate2::read::GzDecoder::new(&packed[..])
        .read_to_string(&mut predictions)
        .unwrap();
    scratch.write("predictions.csv", predictions);
    scratch.write("given.csv", std::fs::read(dir.join("given.csv")).unwrap());
    scratch.write(
        "dver.toml",
        "[dataset.cifar]\npath = \"given.csv\"\nkey = \"id\"\nlabel = \"label\"\n",
    );
    scratch.dver(&["add", "dver.toml", "given.csv"]).ok();
    let count = |more: &[&str]| {
        let mut args = vec!["find", "label-issues", "--probabilities", "predictions.csv"];
        args.extend(more);
        scratch.json(&args).len()
    };
    assert_eq!(
        count(&["--prune", "smallest-margins", "--uncalibrated"]),
        275
    );
    assert_eq!(count(&[]), 284);
    assert_eq!(count(&["--prune", "class"]), 284);
    assert_eq!(count(&["--prune", "both"]), 226);
    assert_eq!(count(&["--prune", "confident-joint"]), 244);
    // The crowd looked at these 275: 18 labels it corrected, of 36 records it agreed on none. All 54
    // validated errors are among ours, and what is suggested for the 18 is what the crowd said.
    let found = scratch.json(&[
        "find",
        "label-issues",
        "--probabilities",
        "predictions.csv",
        "--prune",
        "smallest-margins",
        "--uncalibrated",
    ]);
    let suggested: HashMap<&str, &str> = found
        .iter()
        .map(|line| {
            let suggested = line["suggested"].as_str().unwrap_or_default();
            (line["key"][0].as_str().unwrap(), suggested)
        })
        .collect();
    let table = |name: &str| -> HashMap<String, String> {
        let text = std::fs::read_to_string(dir.join(name)).unwrap();
        let rows = text
            .lines()
            .skip(1)
            .map(|line| line.split_once(',').unwrap());
        rows.map(|(id, label)| (id.to_owned(), label.to_owned()))
            .collect()
    };
    let (given, corrected) = (table("given.csv"), table("corrected.csv"));
    let (mut dropped, mut relabelled) = (0, 0);
    for (id, label) in &given {
        match corrected.get(id) {
            Some(crowd) if crowd == label => {}
            Some(crowd) => {
                relabelled += 1;
                assert_eq!(suggested.get(id.as_str()), Some(&crowd.as_str()), "{id}");
            }
            None => {
                dropped += 1;
                assert!(suggested.contains_key(id.as_str()), "{id}");
            }
        }
    }
    assert_eq!((relabelled, dropped), (18, 36));
}

const PETS: &str = "\
id,text,label,split,user
1,meow,cat,train,u1
2,meow,dog,train,u2
3,woof,dog,train,u3
4,woof,dog,test,u4
5,woof,,test,u1
6,moo,cow,train,u5
7,meow,cat,valid,u6
";

fn pets() -> Scratch {
    let scratch = Scratch::new();
    scratch.write(
        "dver.toml",
        "[dataset.pets]\npath = \"pets.csv\"\nkey = \"id\"\nlabel = \"label\"\ntext = \"text\"\n\
         split = \"split\"\ngroup = \"user\"\n",
    );
    scratch.write("pets.csv", PETS);
    scratch.dver(&["add", "-A"]).ok();
    scratch.dver(&["commit", "-m", "pets"]).ok();
    scratch
}

fn metric(scratch: &Scratch, name: &str) -> u64 {
    let metrics = scratch.json(&["quality", "HEAD"]);
    let metrics = metrics[0]["metrics"].as_array().unwrap();
    metrics
        .iter()
        .find(|metric| metric["name"] == name)
        .unwrap()["value"]
        .as_f64()
        .unwrap() as u64
}

#[test]
fn conflicts_and_duplicates_are_those_that_the_metrics_count() {
    let scratch = pets();
    let conflicts = scratch.json(&["find", "label-conflicts", "HEAD"]);
    assert_eq!(keys(&conflicts), ["2", "1", "7"]);
    assert_eq!(conflicts.len() as u64, metric(&scratch, "label_conflicts"));
    assert_eq!(conflicts[0]["suggested"], "cat");
    assert_eq!(
        conflicts[0]["note"],
        "3 records of this content: cat 2, dog 1"
    );
    assert!((conflicts[0]["score"].as_f64().unwrap() - 2.0 / 3.0).abs() < 1e-12);
    assert!(conflicts[1].get("suggested").is_none());
    let duplicates = scratch.json(&["find", "duplicates", "HEAD"]);
    assert_eq!(keys(&duplicates), ["2", "4", "5", "7"]);
    assert_eq!(
        duplicates.len() as u64,
        metric(&scratch, "duplicates_content")
    );
    assert_eq!(
        duplicates[0]["note"],
        "the content of 1, which 3 records have"
    );
}

#[test]
fn leaks_are_told_with_the_record_of_the_other_split() {
    let scratch = pets();
    let found = scratch.json(&["find", "leakage"]);
    let told: Vec<(String, String)> = found
        .iter()
        .map(|line| {
            (
                line["key"][0].as_str().unwrap().to_owned(),
                line["note"].as_str().unwrap().to_owned(),
            )
        })
        .collect();
    let expected = [
        ("4", "test<-train: the content of 3"),
        ("5", "test<-train: the content of 3"),
        ("7", "valid<-train: the content of 1"),
        ("5", "test<-train: the group of 1"),
    ];
    assert_eq!(
        told,
        expected.map(|(key, note)| (key.to_owned(), note.to_owned()))
    );
    assert_eq!(found[3]["method"], "leakage-group");
}

#[test]
fn a_condition_and_a_limit_choose() {
    let scratch = pets();
    let found = scratch.json(&["find", "duplicates", "--where", "split = 'test'"]);
    assert_eq!(keys(&found), ["5"]);
    let said = scratch.dver(&["find", "duplicates", "--limit", "1"]).ok();
    assert!(said.ends_with("  and 3 more\n"), "{said}");
    let said = scratch
        .dver(&["find", "duplicates", "--where", "colour = 'red'"])
        .fails(2);
    assert!(said.contains("colour"), "{said}");
    let said = scratch
        .dver(&["find", "outliers", "--dataset", "dogs"])
        .fails(3);
    assert!(said.contains("hint: Declared are: pets."), "{said}");
}

#[test]
fn near_texts_and_far_numbers_are_found() {
    let scratch = Scratch::new();
    let mut table = "id,text,stars,label\n".to_owned();
    for id in 0..40 {
        let mut dice = Dice(id * 31 + 1);
        let words: Vec<String> = (0..20).map(|_| format!("w{}", dice.below(500))).collect();
        table.push_str(&format!("{id},{},{},a\n", words.join(" "), 3 + id % 3));
    }
    let copy = table.lines().nth(6).unwrap().to_owned();
    let text = copy.split(',').nth(1).unwrap();
    table.push_str(&format!("40,{text} more,400,b\n"));
    scratch.write("t.csv", table);
    scratch.write(
        "dver.toml",
        "[dataset.t]\npath = \"t.csv\"\nkey = \"id\"\nlabel = \"label\"\ntext = \"text\"\n",
    );
    scratch.dver(&["add", "-A"]).ok();
    let near = scratch.json(&["find", "duplicates", "--near", "--threshold", "0.8"]);
    assert_eq!(keys(&near), ["40"]);
    assert_eq!(near[0]["note"], "like 5");
    assert!((near[0]["score"].as_f64().unwrap() - 18.0 / 19.0).abs() < 1e-12);
    for more in [&[][..], &["--iqr"][..]] {
        let mut args = vec!["find", "outliers", "--field", "stars"];
        args.extend(more);
        let far = scratch.json(&args);
        assert_eq!(keys(&far), ["40"], "{far:?}");
        assert_eq!(
            (&far[0]["field"], &far[0]["label"]),
            (&Value::from("stars"), &Value::from("400"))
        );
    }
    // Within its own label it is alone.
    assert!(
        scratch
            .json(&["find", "outliers", "--field", "stars", "--by", "label"])
            .is_empty()
    );
}

#[test]
fn records_without_a_key_are_named_by_place_and_frame() {
    let scratch = Scratch::new();
    scratch.write(
        "a.csv",
        "text,label\nmeow,cat\nmeow,\"d,og\"\nmeow,cat\n=1+1,cat\n",
    );
    scratch.write(
        "dver.toml",
        "[dataset.a]\npath = \"a.csv\"\nlabel = \"label\"\ntext = \"text\"\n",
    );
    scratch.dver(&["add", "-A"]).ok();
    let found = scratch.json(&["find", "label-conflicts"]);
    assert_eq!(found[0]["key"][0], "#2");
    assert_eq!(found[0]["record"].as_str().unwrap().len(), 64);
    let csv = scratch
        .dver(&["find", "label-conflicts", "--format", "csv"])
        .ok();
    let mut lines = csv.lines();
    assert_eq!(
        lines.next().unwrap(),
        "dataset,field,score,method,label,suggested,note,record,content.text"
    );
    assert!(
        lines
            .next()
            .unwrap()
            .starts_with("a,label,0.6666666666666666,equal-content,\"d,og\",cat,")
    );
    // All three lists come back.
    for format in ["csv", "jsonl", "label-studio"] {
        scratch
            .dver(&[
                "find",
                "label-conflicts",
                "--limit",
                "1",
                "--format",
                format,
                "-o",
                "list",
            ])
            .ok();
        if format == "label-studio" {
            let mut tasks: Value = serde_json::from_slice(&scratch.read("list")).unwrap();
            assert_eq!(tasks[0]["data"]["text"], "meow");
            assert_eq!(
                tasks[0]["predictions"][0]["result"][0]["value"]["choices"][0],
                "cat"
            );
            let result = tasks[0]["predictions"][0]["result"].clone();
            tasks[0]["annotations"] = serde_json::json!([{"result": result}]);
            scratch.write("list", tasks.to_string());
        }
        scratch.dver(&["apply", "list"]).ok();
        assert_eq!(
            scratch.read("a.csv"),
            b"text,label\nmeow,cat\nmeow,\"cat\"\nmeow,cat\n=1+1,cat\n"
        );
        scratch.write(
            "a.csv",
            "text,label\nmeow,cat\nmeow,\"d,og\"\nmeow,cat\n=1+1,cat\n",
        );
        scratch.remove("list");
    }
}

#[test]
fn what_a_data_set_lacks_is_said() {
    let scratch = Scratch::new();
    scratch.write("a.csv", "id,label\n1,x\n2,y\n");
    scratch.write(
        "dver.toml",
        "[dataset.a]\npath = \"a.csv\"\nkey = \"id\"\nlabel = \"label\"\n",
    );
    scratch.dver(&["add", "-A"]).ok();
    for kind in [
        "label-issues",
        "label-conflicts",
        "duplicates",
        "leakage",
        "outliers",
    ] {
        let said = scratch.dver(&["find", kind]).fails(3);
        assert!(
            said.contains("nothing can be found in `a`"),
            "{kind}: {said}"
        );
    }
    scratch.write("p.csv", "id,x,y\n1,0.5,0.6\n2,0.5,0.5\n");
    let said = scratch
        .dver(&["find", "label-issues", "--probabilities", "p.csv"])
        .fails(3);
    assert!(said.contains("row 1 is no probabilities"), "{said}");
    scratch.write("p.csv", "x,y\n0.5,0.5\n");
    let said = scratch
        .dver(&["find", "label-issues", "--probabilities", "p.csv"])
        .fails(3);
    assert!(said.contains("1 rows without keys"), "{said}");
    scratch.write(
        "p.jsonl",
        "{\"id\":1,\"probabilities\":[0.9,0.1]}\n{\"id\":2,\"probabilities\":[0.8,0.2]}\n",
    );
    let found = scratch.json(&[
        "find",
        "label-issues",
        "--probabilities",
        "p.jsonl",
        "--prune",
        "smallest-margins",
    ]);
    assert_eq!(keys(&found), Vec::<String>::new());
    scratch.remove("p.csv");
    scratch.remove("p.jsonl");
}
