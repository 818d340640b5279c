//! `dver find slices`: against all conditions, as conditions that mean their records, as a work list.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::curated::{DATASET, Text, repository, table, texts, truth};
use crate::harness::Scratch;

const IMPORT: &str = "\n[eval.m]\ndataset = \"news\"\nmodel = \"import\"\n\
    test = \"split = 'test'\"\n";

/// Whether the imported model is wrong about a record.
fn is_missed(one: &Text) -> bool {
    one.source == "mail" && one.length > 200 || one.id.is_multiple_of(11)
}

/// A repository with predictions for its test records.
fn story(texts: &[Text], is_missed: impl Fn(&Text) -> bool) -> Scratch {
    let scratch = repository(&format!("{DATASET}{IMPORT}"), &table(texts, truth));
    let mut predictions = "id,prediction\n".to_owned();
    for one in texts.iter().filter(|one| one.split == "test") {
        let said = match is_missed(one) {
            true => crate::curated::CLASSES[(one.truth + 1) % 3],
            false => truth(one).unwrap(),
        };
        predictions.push_str(&format!("{},{said}\n", one.id));
    }
    scratch.write("predictions.csv", predictions);
    scratch.dver(&["eval", "import", "predictions.csv"]).ok();
    scratch.remove("predictions.csv");
    scratch
}

/// Whether a condition holds for a record.
type Holds = Box<dyn Fn(&Text) -> bool>;

#[test]
fn the_slices_are_the_best_of_all_conditions() {
    let texts = texts(700);
    let scratch = story(&texts, is_missed);
    let asked = [
        "find",
        "slices",
        "--min-records",
        "10",
        "--top",
        "6",
        "--predicates",
        "2",
        "--field",
        "source",
        "--field",
        "length",
        "--bins",
        "3",
    ];
    let told = scratch.json(&asked);
    // By hand: quantiles of the test records' lengths, and each condition counted.
    let tests: Vec<&Text> = texts.iter().filter(|one| one.split == "test").collect();
    let mut lengths: Vec<usize> = tests.iter().map(|one| one.length).collect();
    lengths.sort_unstable();
    let edge = |part: usize| lengths[(part * lengths.len()).div_ceil(3) - 1];
    let (low, high) = (edge(1), edge(2));
    let sources = ["app", "mail", "web"].map(|source| {
        let condition = format!("source = '{source}'");
        (
            condition,
            Box::new(move |one: &Text| one.source == source) as Holds,
        )
    });
    let parts: [(String, Holds); 3] = [
        (
            format!("length <= {low}"),
            Box::new(move |one| one.length <= low),
        ),
        (
            format!("length > {low} and length <= {high}"),
            Box::new(move |one| one.length > low && one.length <= high),
        ),
        (
            format!("length > {high}"),
            Box::new(move |one| one.length > high),
        ),
    ];
    let (n, errors) = (
        tests.len() as f64,
        tests.iter().filter(|one| is_missed(one)).count() as f64,
    );
    let mut all: Vec<(f64, usize, usize, String)> = Vec::new();
    let mut count = |condition: String, holds: &dyn Fn(&Text) -> bool| {
        let inside: Vec<&&Text> = tests.iter().filter(|one| holds(one)).collect();
        let own = inside.iter().filter(|one| is_missed(one)).count();
        let size = inside.len() as f64;
        let score = 0.95 * (own as f64 / size / (errors / n) - 1.0) - 0.05 * (n / size - 1.0);
        if inside.len() >= 10 && own > 0 && score > 0.0 {
            all.push((score, inside.len(), own, condition));
        }
    };
    for (condition, holds) in sources.iter().chain(&parts) {
        count(condition.clone(), holds);
    }
    for (source, a) in &sources {
        for (part, b) in &parts {
            count(format!("{source} and {part}"), &|one| a(one) && b(one));
        }
    }
    all.sort_by(|a, b| b.0.total_cmp(&a.0).then(b.1.cmp(&a.1)));
    all.truncate(6);
    let found: Vec<(usize, usize, String)> = told
        .iter()
        .map(|line| {
            let number = |name: &str| line[name].as_u64().unwrap() as usize;
            (
                number("records"),
                number("errors"),
                line["where"].as_str().unwrap().to_owned(),
            )
        })
        .collect();
    let expected: Vec<_> = all.iter().map(|(_, n, e, c)| (*n, *e, c.clone())).collect();
    assert_eq!(found, expected);
    for (line, (score, ..)) in told.iter().zip(&all) {
        assert!(
            (line["score"].as_f64().unwrap() - score).abs() < 1e-12,
            "{line}"
        );
    }
    // What was planted comes first.
    let first = told[0]["where"].as_str().unwrap();
    assert!(
        first.contains("source = 'mail'") && first.contains("length > "),
        "{first}"
    );
}

/// Returns how many records a condition is true of.
fn passing(scratch: &Scratch, condition: &str) -> u64 {
    let condition = format!("split = 'test' and {condition}");
    let told = scratch
        .dver(&["find", "duplicates", "--where", &condition])
        .ok();
    let (_, rest) = told.split_once("among ").unwrap();
    rest.split(' ')
        .next()
        .unwrap()
        .replace(',', "")
        .parse()
        .unwrap()
}

#[test]
fn a_slice_is_a_condition_that_means_its_records() {
    let mut texts = texts(500);
    // A field with quotes, spaces and missing values.
    let scratch = story(&texts, is_missed);
    let table = table(&texts, truth);
    let mut lines = table.lines();
    let mut wide = format!("{},\"my \"\"kind\"\"\"\n", lines.next().unwrap());
    for (line, one) in lines.zip(&mut texts) {
        let kind = ["it's", "", "a b"][one.id % 3];
        wide.push_str(&format!("{line},{kind}\n"));
    }
    scratch.write("news.csv", wide);
    scratch.dver(&["commit", "-am", "kinds"]).ok();
    let mut predictions = "id,prediction\n".to_owned();
    for one in texts.iter().filter(|one| one.split == "test") {
        let said = if one.id % 3 == 1 || is_missed(one) {
            "none"
        } else {
            truth(one).unwrap()
        };
        predictions.push_str(&format!("{},{said}\n", one.id));
    }
    scratch.write("p.csv", predictions);
    scratch.dver(&["eval", "import", "p.csv"]).ok();
    let told = scratch.json(&["find", "slices", "--min-records", "5", "--top", "30"]);
    let mut seen = String::new();
    for line in &told {
        let condition = line["where"].as_str().unwrap();
        assert_eq!(
            passing(&scratch, condition),
            line["records"].as_u64().unwrap(),
            "{condition}"
        );
        seen.push_str(condition);
    }
    assert!(seen.contains("\"my \"\"kind\"\"\" is null"), "{seen}");
    assert!(seen.contains("length <= "), "{seen}");
    assert!(
        told[0]["where"].as_str().unwrap().contains("is null"),
        "{}",
        told[0]
    );
}

#[test]
fn the_work_list_has_the_wrong_records_of_the_slices() {
    let texts = texts(600);
    let scratch = story(&texts, is_missed);
    let options = [
        "find",
        "slices",
        "--min-records",
        "10",
        "--top",
        "3",
        "--field",
        "source",
    ];
    let slices = scratch.json(&options);
    assert_eq!(slices[0]["where"], "source = 'mail'");
    let mut lines = options.to_vec();
    lines.extend(["--format", "jsonl"]);
    let listed: Vec<Value> = scratch
        .dver(&lines)
        .ok()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let sources: BTreeSet<&str> = slices
        .iter()
        .map(|line| line["where"].as_str().unwrap().split('\'').nth(1).unwrap())
        .collect();
    let expected: BTreeSet<usize> = texts
        .iter()
        .filter(|one| one.split == "test" && is_missed(one) && sources.contains(one.source))
        .map(|one| one.id)
        .collect();
    let keys = crate::curated::keys(&listed);
    assert_eq!(keys.iter().copied().collect::<BTreeSet<usize>>(), expected);
    assert_eq!(keys.len(), expected.len(), "each record once");
    // It comes back: labels are the truth, suggestions what was predicted.
    let labels: BTreeMap<usize, &str> = keys
        .iter()
        .zip(&listed)
        .map(|(key, line)| (*key, line["label"].as_str().unwrap()))
        .collect();
    for one in texts.iter().filter(|one| expected.contains(&one.id)) {
        assert_eq!(labels[&one.id], truth(one).unwrap());
    }
    let mut csv = options.to_vec();
    csv.extend(["--format", "csv", "-o", "list.csv"]);
    scratch.dver(&csv).ok();
    let told = scratch.dver(&["apply", "list.csv", "--dry-run"]).ok();
    assert!(
        told.contains(&format!("Would write {} labels", expected.len())),
        "{told}"
    );
}

#[test]
fn what_cannot_be_sliced_is_said() {
    let texts = texts(120);
    let scratch = repository(&format!("{DATASET}{IMPORT}"), &table(&texts, truth));
    let told = scratch.dver(&["find", "slices", "--json"]).fails(3);
    assert!(told.contains("\"kind\":\"not_evaluated\""), "{told}");
    let scratch = story(&texts, |_| false);
    let told = scratch.dver(&["find", "slices"]).ok();
    assert!(told.contains("no slice has a score above 0"), "{told}");
    assert!(scratch.json(&["find", "slices"]).is_empty());
    let told = scratch
        .dver(&["find", "slices", "--field", "colour"])
        .fails(2);
    assert!(told.contains("no field `colour`"), "{told}");
    for bad in [
        ["--alpha", "0"],
        ["--alpha", "1.5"],
        ["--bins", "1"],
        ["--top", "0"],
    ] {
        scratch.dver(&["find", "slices", bad[0], bad[1]]).fails(2);
    }
    let told = scratch.dver(&["find", "slices", "--name", "x"]).fails(3);
    assert!(told.contains("no evaluation `x` is attached"), "{told}");
}
