//! `dver value`: against the definition, against evaluations with and without a record.

use crate::curated::{accuracy, declared, is_wrong, keys, noisy, repository, table, texts, truth};
use crate::harness::Scratch;

const TOML: &str = "[dataset.d]\npath = \"d.csv\"\nkey = \"id\"\nlabel = \"label\"\n\n[eval.m]\n\
    dataset = \"d\"\nmodel = \"knn\"\nneighbours = 2\ntrain = \"part = 'train'\"\n\
    test = \"part = 'test'\"\nfeatures = [\"x\"]\n\n[eval.m.scale.x]\ncentre = 0.0\nunit = 1.0\n";

/// The worked example of docs/curation.md, with a second test record.
const TABLE: &str = "id,x,label,part\nn1,1,yes,train\nn2,2,no,train\nn3,3,yes,train\n\
    t1,0,yes,test\nt2,4,no,test\n";

fn small() -> Scratch {
    let scratch = Scratch::new();
    scratch.write("dver.toml", TOML).write("d.csv", TABLE);
    scratch.dver(&["add", "-A"]).ok();
    scratch.dver(&["commit", "-m", "first"]).ok();
    scratch
}

/// The mean over the test records of the Shapley values of `utility`, which is given the classes of
/// the training records of a set, the nearest first.
fn shapley(utility: impl Fn(&[&str], &str) -> f64) -> [f64; 3] {
    let train = [(1, "yes"), (2, "no"), (3, "yes")];
    let orders = [
        [0, 1, 2],
        [0, 2, 1],
        [1, 0, 2],
        [1, 2, 0],
        [2, 0, 1],
        [2, 1, 0],
    ];
    let mut out = [0.0; 3];
    for (x, truth) in [(0i32, "yes"), (4, "no")] {
        let of = |members: &[usize]| {
            let mut members = members.to_vec();
            members.sort_by_key(|at| (train[*at].0 - x).abs());
            let classes: Vec<&str> = members.iter().map(|at| train[*at].1).collect();
            utility(&classes, truth)
        };
        for order in orders {
            for (at, player) in order.iter().enumerate() {
                out[*player] += (of(&order[..=at]) - of(&order[..at])) / 12.0;
            }
        }
    }
    out
}

fn values(scratch: &Scratch, more: &[&str]) -> [f64; 3] {
    let mut args = vec!["value", "--name", "m"];
    args.extend(more);
    let lines = scratch.json(&args);
    assert_eq!(lines.len(), 3);
    let scores: Vec<f64> = lines
        .iter()
        .map(|line| line["score"].as_f64().unwrap())
        .collect();
    assert!(scores.is_sorted(), "{scores:?}");
    ["n1", "n2", "n3"].map(|id| {
        let line = lines.iter().find(|line| line["key"][0] == id).unwrap();
        line["score"].as_f64().unwrap()
    })
}

#[test]
fn values_are_those_of_the_definition() {
    let scratch = small();
    let same = |found: [f64; 3], expected: [f64; 3]| {
        let close = found
            .iter()
            .zip(&expected)
            .all(|(a, b)| (a - b).abs() < 1e-12);
        assert!(close, "{found:?} {expected:?}");
    };
    let right =
        |classes: &[&str], truth: &str| classes.iter().filter(|c| **c == truth).count() as f64;
    let jia = |classes: &[&str], truth: &str| right(&classes[..classes.len().min(2)], truth) / 2.0;
    same(values(&scratch, &[]), shapley(jia));
    same(values(&scratch, &["HEAD"]), shapley(jia));
    let five = |classes: &[&str], truth: &str| right(classes, truth) / 5.0;
    same(values(&scratch, &["--neighbours", "5"]), shapley(five));
    let soft = |classes: &[&str], truth: &str| match classes.len().min(2) {
        0 => 0.5,
        n => right(&classes[..n], truth) / n as f64,
    };
    same(
        values(&scratch, &["--method", "soft-knn-shapley"]),
        shapley(soft),
    );
    // Within 10 all vote.
    let all = |classes: &[&str], truth: &str| match classes.len() {
        0 => 0.5,
        n => right(classes, truth) / n as f64,
    };
    same(
        values(
            &scratch,
            &["--method", "threshold-knn-shapley", "--within", "10"],
        ),
        shapley(all),
    );
    same(
        values(
            &scratch,
            &["--method", "threshold-knn-shapley", "--within", "0.5"],
        ),
        [0.0; 3],
    );
}

#[test]
fn leaving_out_costs_what_the_evaluation_without_the_record_says() {
    let texts = texts(60);
    let scratch = repository(&declared("knn"), &table(&texts, noisy));
    let with = accuracy(&scratch);
    let lines = scratch.json(&["value", "--method", "leave-one-out"]);
    let (mut costs, mut tried) = (0, 0);
    // The least and the most worth, and one in eight of the rest.
    for (at, (line, key)) in lines.iter().zip(keys(&lines)).enumerate() {
        if !at.is_multiple_of(8) && at > 1 && at + 2 < lines.len() {
            continue;
        }
        let left: Vec<_> = texts.iter().filter(|one| one.id != key).cloned().collect();
        scratch.write("news.csv", table(&left, noisy));
        let without = accuracy(&scratch);
        assert_eq!(with.1, without.1);
        let cost = (with.0 as f64 - without.0 as f64) / with.1 as f64;
        assert!(
            (line["score"].as_f64().unwrap() - cost).abs() < 1e-12,
            "{line} {cost}"
        );
        costs += u32::from(cost != 0.0);
        tried += 1;
    }
    assert!(costs > 0 && tried > 6, "{costs} of {tried}");
}

#[test]
fn wrong_labels_are_worth_least() {
    let texts = texts(500);
    for model in ["knn", "ridge"] {
        let scratch = repository(&declared(model), &table(&texts, noisy));
        let lines = scratch.json(&["value", "--name", "m"]);
        let order = keys(&lines);
        // The chance that a wrong one stands before a right one.
        let (mut before, mut pairs, mut wrong) = (0, 0, 0);
        for id in &order {
            match is_wrong(*id) {
                true => wrong += 1,
                false => before += wrong,
            }
        }
        let all_wrong = order.iter().filter(|id| is_wrong(**id)).count();
        pairs += all_wrong * (order.len() - all_wrong);
        assert!(before * 100 > pairs * 85, "{model}: {before} of {pairs}");
        let text = scratch.dver(&["value", "--limit", "3"]).ok();
        assert!(text.contains("they add up to"), "{text}");
        assert_eq!(
            text.contains("not of the evaluation's ridge"),
            model == "ridge"
        );
    }
}

#[test]
fn a_value_is_refused_where_nothing_is_declared() {
    let texts = texts(30);
    let scratch = repository(crate::curated::DATASET, &table(&texts, truth));
    let told = scratch.dver(&["value", "--json"]).fails(3);
    assert!(told.contains("\"kind\":\"no_such_evaluation\""), "{told}");
    let scratch = repository(&declared("knn"), &table(&texts, truth));
    scratch.dver(&["value", "--neighbours", "0"]).fails(2);
    scratch.dver(&["value", "--within", "1"]).fails(2);
    let told = scratch.dver(&["value", "--name", "other"]).fails(3);
    assert!(told.contains("no evaluation `other`"), "{told}");
}
