//! `dver select`: each strategy by hand, the pool, and work lists that come back.

use std::collections::BTreeSet;

use crate::curated::{CLASSES, DATASET, Text, by_id, keys, repository, table, texts, truth};
use crate::harness::Scratch;

/// Every fourth record is labelled.
fn some(one: &Text) -> Option<&'static str> {
    truth(one).filter(|_| one.id.is_multiple_of(4))
}

fn select(scratch: &Scratch, more: &[&str]) -> Vec<usize> {
    let mut args = vec!["select"];
    args.extend(more);
    keys(&scratch.json(&args))
}

#[test]
fn lots_are_of_the_pool_and_of_no_order() {
    let texts = texts(200);
    let scratch = repository(DATASET, &table(&texts, some));
    let few = select(&scratch, &["--budget", "10"]);
    let many = select(&scratch, &["--budget", "40"]);
    assert_eq!(few, many[..10]);
    assert!(many.iter().all(|id| !id.is_multiple_of(4)), "{many:?}");
    assert_eq!(many.iter().collect::<BTreeSet<_>>().len(), 40);
    assert_ne!(select(&scratch, &["--budget", "10", "--seed", "1"]), few);
    // The same in any order of the records, and for a version.
    let mut turned = texts.clone();
    turned.reverse();
    assert_eq!(select(&scratch, &["--budget", "10", "HEAD"]), few);
    scratch.write("news.csv", table(&turned, some));
    assert_eq!(select(&scratch, &["--budget", "10"]), few);
    assert_eq!(select(&scratch, &["--budget", "1000"]).len(), 150);
    scratch.dver(&["select", "--budget", "0"]).fails(2);
}

#[test]
fn probabilities_say_what_a_model_is_unsure_of() {
    let toml = "[dataset.d]\npath = \"d.csv\"\nkey = \"id\"\nlabel = \"label\"\n";
    let scratch = Scratch::new();
    scratch.write("dver.toml", toml);
    scratch.write(
        "d.csv",
        "id,x,label\n1,1,a\n2,2,\n3,3,\n4,4,\n5,5,\n6,6,b\n",
    );
    scratch.write(
        "p.csv",
        "id,p_a,p_b,p_c\n2,0.5,0.49,0.01\n3,0.4,0.3,0.3\n4,0.98,0.01,0.01\n6,0.34,0.33,0.33\n",
    );
    scratch.dver(&["add", "dver.toml", "d.csv"]).ok();
    let by = |measure: &str| {
        let args = [
            "--strategy",
            "uncertainty",
            "--budget",
            "4",
            "--probabilities",
            "p.csv",
            "--classes",
            "a,b,c",
            "--measure",
            measure,
        ];
        select(&scratch, &args)
    };
    // Margins .01 .1 .97; highest .5 .4 .98; entropies of 3 highest. Nothing is said of 5.
    assert_eq!(by("margin"), [2, 3, 4, 5]);
    assert_eq!(by("least-confidence"), [3, 2, 4, 5]);
    assert_eq!(by("entropy"), [3, 2, 4, 5]);
    let args = [
        "select",
        "--strategy",
        "uncertainty",
        "--budget",
        "2",
        "--probabilities",
        "p.csv",
        "--classes",
        "a,b,c",
    ];
    let lines = scratch.json(&args);
    assert!(
        (lines[0]["score"].as_f64().unwrap() - 0.99).abs() < 1e-9,
        "{}",
        lines[0]
    );
    assert_eq!(lines[0]["suggested"], "a");
    assert_eq!(lines[0]["label"], serde_json::Value::Null);
}

#[test]
fn a_learner_is_unsure_where_classes_mix() {
    let texts = texts(600);
    let scratch = repository(DATASET, &table(&texts, some));
    let known = by_id(&texts);
    for learner in ["logistic", "naive-bayes", "knn", "ridge"] {
        let args = [
            "--strategy",
            "uncertainty",
            "--budget",
            "60",
            "--learner",
            learner,
        ];
        let chosen = select(&scratch, &args);
        let mixed = chosen
            .iter()
            .filter(|id| known[id].source == "mail")
            .count();
        // A third of all is mixed. Votes of ten neighbours have few values, so lots decide more.
        let least = if learner == "knn" { 36 } else { 50 };
        assert!(mixed >= least, "{learner}: {mixed} of 60");
    }
    let told = scratch
        .dver(&[
            "select",
            "--strategy",
            "uncertainty",
            "--budget",
            "5",
            "--learner",
            "ridge",
            "--measure",
            "entropy",
        ])
        .ok();
    assert!(
        told.contains("ridge has no probabilities: its margin counts"),
        "{told}"
    );
    scratch
        .dver(&[
            "select",
            "--strategy",
            "uncertainty",
            "--budget",
            "5",
            "--learner",
            "oracle",
        ])
        .fails(2);
}

#[test]
fn centers_are_the_farthest_from_what_is_known() {
    let toml = "[dataset.d]\npath = \"d.csv\"\nkey = \"id\"\nlabel = \"label\"\n";
    let scratch = Scratch::new();
    scratch.write("dver.toml", toml);
    scratch.write(
        "d.csv",
        "id,x,label\n1,0,a\n2,1,\n3,10,\n4,6,\n5,9,\n6,-3,\n",
    );
    scratch.dver(&["add", "-A"]).ok();
    // From 0: 10 is farthest; then 6 (4 away), then -3 (3), then 1 or 9 (1): the id's hash decides.
    let found = select(&scratch, &["--strategy", "k-center", "--budget", "3"]);
    assert_eq!(found, [3, 4, 6]);
}

#[test]
fn classes_become_as_frequent() {
    let texts = texts(400);
    // Labelled are 40 of sport, 15 of food and 10 of money.
    let label = |one: &Text| {
        let is_known = match one.truth {
            0 => one.id < 120,
            1 => one.id < 45,
            _ => one.id < 30,
        };
        truth(one).filter(|_| is_known)
    };
    let scratch = repository(DATASET, &table(&texts, label));
    let args = [
        "--strategy",
        "class-balanced",
        "--budget",
        "30",
        "--learner",
        "naive-bayes",
    ];
    let mut all = vec!["select"];
    all.extend(args);
    let lines = scratch.json(&all);
    let count = |class: &str| {
        lines
            .iter()
            .filter(|line| line["suggested"] == class)
            .count()
    };
    // 40 + 15 + 10 are known; 30 more go to the two rare ones, by what is predicted.
    assert_eq!(count("sport"), 0);
    let (food, money) = (count("food") + 15, count("money") + 10);
    assert_eq!(food + money, 55);
    assert!(food.abs_diff(money) <= 1, "{food} and {money}");
}

#[test]
fn labels_of_the_pool_are_not_looked_at() {
    let texts = texts(300);
    let scratch = repository(DATASET, &table(&texts, truth));
    let ask = |strategy: &str| {
        select(
            &scratch,
            &[
                "--strategy",
                strategy,
                "--budget",
                "25",
                "--pool",
                "split = 'test'",
            ],
        )
    };
    let strategies = ["random", "uncertainty", "k-center", "class-balanced"];
    let before = strategies.map(ask);
    let other = |one: &Text| match one.split {
        "test" => Some(CLASSES[(one.truth + one.id) % 3]),
        _ => truth(one),
    };
    scratch.write("news.csv", table(&texts, other));
    let known = by_id(&texts);
    for (now, before) in strategies.map(ask).iter().zip(&before) {
        assert_eq!(now, before);
        assert!(now.iter().all(|id| known[id].split == "test"));
    }
    let told = scratch
        .dver(&["select", "--budget", "5", "--pool", "colour = 1"])
        .fails(2);
    assert!(told.contains("colour"), "{told}");
    let told = scratch
        .dver(&[
            "select",
            "--strategy",
            "uncertainty",
            "--budget",
            "5",
            "--pool",
            "id >= 0",
        ])
        .fails(3);
    assert!(told.contains("fewer than two classes"), "{told}");
}

#[test]
fn a_list_of_unlabelled_records_comes_back_with_labels() {
    let texts = texts(200);
    let scratch = repository(DATASET, &table(&texts, some));
    let args = [
        "select",
        "--strategy",
        "uncertainty",
        "--budget",
        "8",
        "--format",
        "csv",
        "-o",
        "list.csv",
    ];
    scratch.dver(&args).ok();
    let known = by_id(&texts);
    let list = scratch.read("list.csv");
    let mut reader = csv::Reader::from_reader(list.as_slice());
    let header = reader.headers().unwrap().clone();
    let place = |name: &str| header.iter().position(|field| field == name).unwrap();
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(&header).unwrap();
    let mut wanted = BTreeSet::new();
    for record in reader.records() {
        let record = record.unwrap();
        let mut fields: Vec<String> = record.iter().map(str::to_owned).collect();
        let id: usize = fields[place("key.id")].parse().unwrap();
        let right = truth(known[&id]).unwrap();
        fields[place("suggested")] = right.to_owned();
        wanted.insert((id.to_string(), right.to_owned()));
        writer.write_record(&fields).unwrap();
    }
    scratch.write("list.csv", writer.into_inner().unwrap());
    scratch.dver(&["apply", "list.csv"]).ok();
    let events = scratch.json(&["diff"]);
    let labels: BTreeSet<(String, String)> = events
        .iter()
        .filter(|event| event["event"] == "label" && event["from"].is_null())
        .map(|event| {
            let to = event["to"].as_str().unwrap().to_owned();
            (event["key"][0].as_str().unwrap().to_owned(), to)
        })
        .collect();
    assert_eq!(labels, wanted);
}
