//! `dver bisect`: the commit at which a metric fell, from stored evaluations and from few new ones.

use serde_json::Value;

use crate::curated::{CLASSES, Text, declared, repository, table, texts, truth};
use crate::harness::Scratch;

/// How many training labels are wrong at each of ten commits.
fn story(model: &str, shares: &[usize]) -> (Scratch, Vec<String>) {
    let texts = texts(180);
    let labels = |share: usize| {
        move |one: &Text| {
            let wrong = one.split == "train" && one.id * 31 % 100 < share;
            Some(CLASSES[(one.truth + usize::from(wrong)) % 3])
        }
    };
    let scratch = repository(&declared(model), &table(&texts, labels(shares[0])));
    let mut ids = vec![head(&scratch)];
    for (at, share) in shares.iter().enumerate().skip(1) {
        // Each commit changes something.
        let mut table = table(&texts, labels(*share));
        for more in 1..=at {
            table.push_str(&format!("x{more},note number {more},sport,web,1,none\n"));
        }
        scratch.write("news.csv", table);
        scratch
            .dver(&["commit", "-am", &format!("version {at}")])
            .ok();
        ids.push(head(&scratch));
    }
    (scratch, ids)
}

fn head(scratch: &Scratch) -> String {
    scratch.json(&["log", "-n", "1"])[0]["commit"]
        .as_str()
        .unwrap()
        .to_owned()
}

fn bisect(scratch: &Scratch, more: &[&str]) -> Value {
    let mut args = vec!["bisect"];
    args.extend(more);
    scratch.json(&args).remove(0)
}

const SHARES: [usize; 10] = [0, 0, 4, 4, 6, 6, 90, 90, 92, 92];

#[test]
fn few_evaluations_find_the_fall_and_its_labels() {
    let (scratch, ids) = story("knn", &SHARES);
    // The only evaluation that is declared need not be named.
    let told = bisect(&scratch, &["accuracy", "--below", "0.5"]);
    assert_eq!(told["metric"], "m:accuracy");
    assert_eq!(told["found"]["commit"], ids[6].as_str(), "{told}");
    assert_eq!(told["good"], ids[5].as_str());
    assert_eq!(told["commits"], 10);
    // The ends, and of eight between at most three.
    let asked = told["asked"].as_array().unwrap();
    assert!(asked.len() <= 6, "{asked:?}");
    assert!(asked.iter().all(|one| one["evaluated_now"] == true));
    assert_eq!(told["comparable"], "yes");
    let labels: u64 = told["transitions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["count"].as_u64().unwrap())
        .sum();
    let changed = texts(180)
        .iter()
        .filter(|one| one.split == "train" && (6..90).contains(&(one.id * 31 % 100)))
        .count();
    assert_eq!(labels, changed as u64);
    assert_eq!(told["changes"].as_array().unwrap().len(), 20);
    // Asked again, all is stored.
    let operations = scratch.json(&["op", "log"]).len();
    let again = bisect(&scratch, &["m:accuracy", "--below", "0.5"]);
    assert_eq!(again["found"], told["found"]);
    let stored = again["asked"].as_array().unwrap();
    assert!(stored.iter().all(|one| one["evaluated_now"] == false));
    assert_eq!(scratch.json(&["op", "log"]).len(), operations);
    let text = scratch.dver(&["bisect", "accuracy", "--below", "0.5", "--limit", "3"]);
    assert!(text.err.contains("crosses the bound once"), "{}", text.err);
    let text = text.ok();
    assert!(text.contains("m:accuracy is below 0.5 since"), "{text}");
    assert!(text.contains("version 6"), "{text}");
}

#[test]
fn evaluations_that_could_not_be_compared_are_not_made() {
    let (scratch, ids) = story("knn", &[0, 0, 90, 90]);
    scratch.dver(&["eval", "run", &ids[0], &ids[3]]).ok();
    let own = String::from_utf8(scratch.read("dver.toml")).unwrap();
    scratch.write("dver.toml", format!("{own}\nnull_class = \"sport\"\n"));
    let operations = scratch.json(&["op", "log"]).len();
    // A score that no evaluation has is no missing evaluation.
    for (score, words) in [
        ("m:acuracy", "there is no score `acuracy`"),
        ("m:f1.nothing", "has a value of `f1.nothing`"),
    ] {
        let failed = scratch.dver(&["bisect", score, "--below", "0.5", "--stored"]);
        assert!(matches!(failed.code, Some(2 | 3)), "{}", failed.err);
        assert!(failed.err.contains(words), "{}", failed.err);
    }
    let told = bisect(&scratch, &["m:accuracy", "--below", "0.5"]);
    assert!(told["found"].is_null(), "{told}");
    assert_eq!(told["candidates"].as_array().unwrap().len(), 3);
    let notes = told["notes"].to_string();
    assert!(
        notes.contains("the definition of now is not that of the stored ones"),
        "{notes}"
    );
    assert_eq!(scratch.json(&["op", "log"]).len(), operations);
}

fn import(scratch: &Scratch, revision: &str, right: usize) {
    // Of the test records the first ones are right.
    let tests = texts(180).into_iter().filter(|one| one.split == "test");
    let mut lines = "id,prediction\n".to_owned();
    for (at, one) in tests.enumerate() {
        let said = if at < right {
            truth(&one).unwrap()
        } else {
            "other"
        };
        lines.push_str(&format!("{},{said}\n", one.id));
    }
    scratch.write("p.csv", lines);
    scratch.dver(&["eval", "import", "p.csv", revision]).ok();
}

#[test]
fn stored_evaluations_alone_leave_a_range() {
    let texts = texts(180);
    let toml = declared("import").replace("features = [\"text\"]\n", "");
    let scratch = repository(&toml, &table(&texts, truth));
    let mut ids = vec![head(&scratch)];
    for at in 1..6 {
        let mut table = table(&texts, truth);
        table.push_str(&format!("x{at},note {at},sport,web,1,none\n"));
        scratch.write("news.csv", table);
        scratch
            .dver(&["commit", "-am", &format!("version {at}")])
            .ok();
        ids.push(head(&scratch));
    }
    let told = scratch
        .dver(&["bisect", "m:accuracy", "--below", "0.5", "--json"])
        .fails(3);
    assert!(told.contains("not_evaluated"), "{told}");
    import(&scratch, &ids[0], 60);
    import(&scratch, &ids[5], 3);
    let told = bisect(&scratch, &["accuracy", "--below", "0.5"]);
    assert_eq!(told["found"], Value::Null);
    assert_eq!(told["candidates"].as_array().unwrap().len(), 5);
    let notes = told["notes"].to_string();
    assert!(notes.contains("is not evaluated"), "{notes}");
    import(&scratch, &ids[3], 60);
    let told = bisect(&scratch, &["accuracy", "--below", "0.5", "--stored"]);
    let candidates = told["candidates"].as_array().unwrap();
    let named: Vec<&str> = candidates
        .iter()
        .map(|one| one["commit"].as_str().unwrap())
        .collect();
    assert_eq!(named, [&ids[4], &ids[5]]);
    import(&scratch, &ids[4], 3);
    let told = bisect(&scratch, &["accuracy", "--below", "0.5"]);
    assert_eq!(told["found"]["commit"], ids[4].as_str());
    // A fall and a rise before: the last fall is told, and that there are more.
    import(&scratch, &ids[1], 3);
    let told = bisect(&scratch, &["accuracy", "--below", "0.5"]);
    assert_eq!(told["found"]["commit"], ids[4].as_str());
    assert!(
        told["notes"]
            .to_string()
            .contains("cross the bound 3 times"),
        "{told}"
    );
    // Between other ends, and the other way round.
    let told = bisect(&scratch, &["accuracy", "--below", "0.5", &ids[0], &ids[1]]);
    assert_eq!(told["found"]["commit"], ids[1].as_str());
    let told = bisect(
        &scratch,
        &[
            "accuracy",
            "--above",
            "0.5",
            &format!("{}..{}", ids[1], ids[3]),
        ],
    );
    let candidates = told["candidates"].as_array().unwrap();
    assert_eq!(candidates.len(), 2, "{told}");
    let told = bisect(&scratch, &["accuracy", "--below", "0.01"]);
    assert_eq!(
        (told["found"].is_null(), told["good"].is_string()),
        (true, true),
        "{told}"
    );
    let told = scratch.dver(&["bisect", "accuracy", "--below", "1.5"]).ok();
    assert!(told.contains("from the first value on"), "{told}");
}

#[test]
fn a_metric_of_the_data_is_found_too() {
    let (scratch, ids) = story("knn", &[0, 0, 1, 2, 3]);
    let told = bisect(&scratch, &["records", "--above", "182"]);
    assert_eq!(told["found"]["commit"], ids[3].as_str(), "{told}");
    let changes = told["changes"].as_array().unwrap();
    assert!(
        changes
            .iter()
            .any(|one| one["change"] == "added" && one["key"][0] == "x3"),
        "{told}"
    );
}

#[test]
fn what_cannot_be_asked_is_refused() {
    let (scratch, _) = story("knn", &[0, 0]);
    scratch.dver(&["bisect", "accuracy"]).fails(2);
    scratch
        .dver(&["bisect", "accuracy", "--below", "nan"])
        .fails(2);
    let told = scratch.dver(&["bisect", "acuracy", "--below", "0.5"]);
    assert_ne!(told.code, Some(0));
    scratch.dver(&["switch", "-c", "side", "HEAD~1"]).ok();
    scratch.write("other.csv", "a\n");
    scratch.dver(&["add", "other.csv"]).ok();
    scratch.dver(&["commit", "-m", "side"]).ok();
    let told = scratch
        .dver(&["bisect", "records", "--below", "5", "main", "side"])
        .fails(2);
    assert!(told.contains("none of the first parents"), "{told}");
}
