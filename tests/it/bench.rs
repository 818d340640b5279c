//! `dver bench`: each score against evaluations of versions that were made by hand.

use serde_json::Value;

use crate::curated::{
    CLASSES, Text, accuracy, by_id, declared, is_wrong, noisy, repository, table, texts, truth,
};
use crate::harness::Scratch;

/// Noisy labels, then clean ones.
fn story(model: &str, texts: &[Text]) -> Scratch {
    let scratch = repository(&declared(model), &table(texts, noisy));
    scratch.write("news.csv", table(texts, truth));
    scratch.dver(&["commit", "-am", "clean"]).ok();
    scratch
}

fn list(ids: impl IntoIterator<Item = usize>) -> String {
    let lines: String = ids.into_iter().map(|id| format!("{id}\n")).collect();
    format!("id\n{lines}")
}

fn training(texts: &[Text]) -> Vec<usize> {
    let all = texts.iter().filter(|one| one.split == "train");
    all.map(|one| one.id).collect()
}

fn debugging(scratch: &Scratch, more: &[&str]) -> Value {
    let mut args = vec![
        "bench",
        "debugging",
        "--order",
        "order.csv",
        "--clean",
        "HEAD",
        "HEAD~1",
    ];
    args.extend(more);
    scratch.json(&args).remove(0)
}

#[test]
fn the_goal_is_reached_after_the_fewest_fixes() {
    let texts = texts(240);
    for model in ["knn", "ridge"] {
        let scratch = story(model, &texts);
        let order = training(&texts);
        scratch.write("order.csv", list(order.iter().copied()));
        let told = debugging(&scratch, &[]);
        let number = |name: &str| told[name].as_u64().unwrap();
        assert_eq!(number("wrong"), number("wrong_listed"));
        assert_eq!(number("listed"), order.len() as u64);
        // What the model gets right when the first records of the list are put right.
        let after = |fixes: usize| {
            let fixed = &order[..fixes];
            let label = |one: &Text| {
                if fixed.contains(&one.id) {
                    truth(one)
                } else {
                    noisy(one)
                }
            };
            scratch.write("news.csv", table(&texts, label));
            accuracy(&scratch)
        };
        let (before, tests) = after(0);
        let share = |name: &str| told[name].as_f64().unwrap();
        assert!(
            (share("accuracy") - before as f64 / tests as f64).abs() < 1e-12,
            "{told}"
        );
        let (clean, _) = after(order.len());
        assert!((share("clean_accuracy") - clean as f64 / tests as f64).abs() < 1e-12);
        let curve = told["curve"].as_array().unwrap();
        for point in [&curve[0], &curve[curve.len() / 2], &curve[curve.len() - 1]] {
            let fixes = point["fixes"].as_u64().unwrap() as usize;
            assert_eq!(
                after(fixes).0,
                point["correct"].as_u64().unwrap(),
                "{model} {point}"
            );
        }
        let fixes = number("fixes") as usize;
        assert!(fixes > 0, "{told}");
        let reaches = |right: u64| right as f64 >= 0.95 * clean as f64;
        assert!(
            reaches(after(fixes).0) && !reaches(after(fixes - 1).0),
            "{told}"
        );
        let fraction = fixes as f64 / order.len() as f64;
        assert!((share("fraction_fixes") - fraction).abs() < 1e-12);
        scratch.write("news.csv", table(&texts, truth));
    }
}

#[test]
fn a_better_order_needs_fewer_fixes() {
    let texts = texts(400);
    let scratch = story("knn", &texts);
    scratch
        .dver(&["value", "HEAD~1", "--format", "csv", "-o", "order.csv"])
        .ok();
    let valued = debugging(&scratch, &[]);
    // The same from JSON Lines.
    scratch
        .dver(&["value", "HEAD~1", "--format", "jsonl", "-o", "order.csv"])
        .ok();
    assert_eq!(debugging(&scratch, &[]), valued);
    let all = training(&texts);
    let (wrong, right): (Vec<usize>, Vec<usize>) = all.iter().partition(|id| is_wrong(**id));
    scratch.write("order.csv", list(right.iter().chain(&wrong).copied()));
    let worst = debugging(&scratch, &[]);
    let fraction = |told: &Value| told["fraction_fixes"].as_f64().unwrap();
    assert!(
        fraction(&valued) * 2.0 < fraction(&worst),
        "{valued} {worst}"
    );
    assert!(valued["area"].as_f64() > worst["area"].as_f64());
    // A list that ends before the goal never reaches it.
    scratch.write("order.csv", list(right.iter().copied()));
    let never = debugging(&scratch, &[]);
    assert_eq!(never["fixes"], Value::Null);
    assert_eq!(never["wrong_listed"], 0);
    let text = scratch
        .dver(&[
            "bench",
            "debugging",
            "--order",
            "order.csv",
            "--clean",
            "HEAD",
            "HEAD~1",
        ])
        .ok();
    assert!(text.contains("is not reached within the list"), "{text}");
}

#[test]
fn lists_that_name_other_records_are_refused() {
    let texts = texts(90);
    let scratch = story("knn", &texts);
    let tests = texts.iter().find(|one| one.split == "test").unwrap().id;
    let train = training(&texts);
    for (ids, why) in [
        (vec![train[0], tests], "is no training record"),
        (vec![train[0], train[0]], "stands in it twice"),
    ] {
        scratch.write("order.csv", list(ids));
        let told = scratch
            .dver(&[
                "bench",
                "debugging",
                "--order",
                "order.csv",
                "--clean",
                "HEAD",
                "HEAD~1",
            ])
            .fails(3);
        assert!(told.contains(why) && told.contains("record 2"), "{told}");
        scratch
            .dver(&["bench", "selection", "--list", "order.csv"])
            .fails(3);
    }
    scratch.write("order.csv", "name\nx\n");
    let told = scratch
        .dver(&["bench", "selection", "--list", "order.csv"])
        .fails(3);
    assert!(told.contains("no columns of the key"), "{told}");
    scratch.write("order.csv", list(train.iter().copied().take(3)));
    let told = scratch
        .dver(&["bench", "selection", "--list", "order.csv", "--budget", "2"])
        .fails(2);
    assert!(
        told.contains("lists 3 records, and the budget is 2"),
        "{told}"
    );
}

#[test]
fn a_selection_scores_as_an_evaluation_of_it_alone() {
    let texts = texts(240);
    let scratch = story("knn", &texts);
    let train = training(&texts);
    let chosen: Vec<usize> = train
        .iter()
        .copied()
        .filter(|id| id.is_multiple_of(5))
        .collect();
    scratch.write("list.csv", list(chosen.iter().copied()));
    let args = ["bench", "selection", "--list", "list.csv", "--draws", "4"];
    let told = scratch.json(&args).remove(0);
    let accuracies = (
        told["accuracy"].as_f64().unwrap(),
        told["whole"][0]["value"].as_f64().unwrap(),
    );
    let whole = accuracy(&scratch);
    let left: Vec<Text> = texts
        .iter()
        .filter(|one| one.split == "test" || chosen.contains(&one.id))
        .cloned()
        .collect();
    scratch.write("news.csv", table(&left, truth));
    let alone = accuracy(&scratch);
    let share = |(right, of): (u64, u64)| right as f64 / of as f64;
    assert_eq!(accuracies, (share(alone), share(whole)));
    assert_eq!(told["random"]["draws"], 4);
    // All that there is to select is the whole.
    scratch.write("news.csv", table(&texts, truth));
    scratch.write("list.csv", list(train.iter().copied()));
    let all = scratch.json(&args).remove(0);
    assert_eq!(all["accuracy"], all["whole"][0]["value"]);
    assert_eq!(all["random"]["mean"], all["accuracy"]);
    assert_eq!(all["random"]["beaten"], 0);
}

#[test]
fn a_gain_is_that_of_two_evaluations() {
    let texts = texts(240);
    let few: Vec<Text> = texts
        .iter()
        .filter(|one| one.split == "test" || one.id.is_multiple_of(7))
        .cloned()
        .collect();
    let scratch = repository(&declared("knn"), &table(&few, truth));
    let before = accuracy(&scratch);
    scratch.write("news.csv", table(&texts, truth));
    let after = accuracy(&scratch);
    scratch.dver(&["commit", "-am", "more"]).ok();
    let actual = (after.0 as f64 - before.0 as f64) / after.1 as f64;
    let told = scratch
        .json(&[
            "bench",
            "valuation",
            "--since",
            "HEAD~1",
            "--predicted",
            "0.25",
        ])
        .remove(0);
    assert!(
        (told["actual"].as_f64().unwrap() - actual).abs() < 1e-12,
        "{told}"
    );
    let apart = told["difference"].as_f64().unwrap();
    assert!((apart - (0.25 - actual).abs()).abs() < 1e-12, "{told}");
    // The sum of the values of the added records.
    let lines = scratch.json(&["value", "HEAD"]);
    let keys = crate::curated::keys(&lines);
    let sum: f64 = keys
        .iter()
        .zip(&lines)
        .filter(|(key, _)| !key.is_multiple_of(7))
        .map(|(_, line)| line["score"].as_f64().unwrap())
        .sum();
    let told = scratch
        .json(&["bench", "valuation", "--since", "HEAD~1"])
        .remove(0);
    assert!(
        (told["predicted"].as_f64().unwrap() - sum).abs() < 1e-9,
        "{told} {sum}"
    );
    // A condition says the same as a version where they mean the same records.
    let of_mail = scratch
        .json(&[
            "bench",
            "valuation",
            "--added",
            "source = 'mail'",
            "--predicted",
            "0",
        ])
        .remove(0);
    let known = by_id(&texts);
    let mail = keys
        .iter()
        .filter(|key| known[key].source == "mail")
        .count();
    assert_eq!(of_mail["records_added"], mail as u64);
    scratch.dver(&["bench", "valuation"]).fails(2);
    scratch
        .dver(&[
            "bench",
            "valuation",
            "--since",
            "HEAD~1",
            "--predicted",
            "7",
        ])
        .fails(2);
}

#[test]
fn found_slices_meet_true_ones() {
    let texts = texts(600);
    let toml = declared("knn")
        .replace("\"knn\"", "\"import\"")
        .replace("features = [\"text\"]\n", "");
    let mut wide = String::new();
    for (line, one) in table(&texts, truth).lines().skip(1).zip(&texts) {
        let defect = if one.source == "mail" && one.length > 150 {
            "long-mail"
        } else {
            "none"
        };
        wide.push_str(&format!("{line},{defect}\n"));
    }
    let scratch = repository(
        &toml,
        &format!("id,text,label,source,length,split,defect\n{wide}"),
    );
    let mut predictions = "id,prediction\n".to_owned();
    for one in texts.iter().filter(|one| one.split == "test") {
        let wrong = one.source == "mail" && one.length > 150 || one.id.is_multiple_of(17);
        let said = CLASSES[(one.truth + usize::from(wrong)) % 3];
        predictions.push_str(&format!("{},{said}\n", one.id));
    }
    scratch.write("p.csv", predictions);
    scratch.dver(&["eval", "import", "p.csv"]).ok();
    let args = [
        "bench",
        "slicing",
        "--truth",
        "defect",
        "--min-records",
        "10",
        "--at",
        "10",
        "--at",
        "1000",
    ];
    let told = scratch.json(&args).remove(0);
    let truths = told["truths"].as_array().unwrap();
    assert_eq!(truths.len(), 1, "{told}");
    assert_eq!(truths[0]["value"], "long-mail");
    assert_eq!(truths[0]["precision_at"][0]["value"], 1.0, "{told}");
    // A slice has fewer records than a thousand: all of them are looked at.
    let all = &truths[0]["precision_at"][1];
    assert!(all["den"].as_u64().unwrap() < 1000);
    assert!(truths[0]["overlap"]["f1"].as_f64().unwrap() > 0.5, "{told}");
    // The truth is nothing to slice by.
    let slices = told["slices"].as_array().unwrap();
    assert!(
        slices
            .iter()
            .all(|s| !s["where"].as_str().unwrap().contains("defect")),
        "{told}"
    );
    assert_eq!(told["precision_at"][0]["value"], 1.0);
    scratch
        .dver(&["bench", "slicing", "--truth", "defect", "--at", "0"])
        .fails(2);
    scratch
        .dver(&["bench", "slicing", "--truth", "colour"])
        .fails(2);
}
