//! The worked examples of docs/find.md, asked of the program.

use serde_json::Value;

use crate::harness::Scratch;

/// A repository with one declared table, staged.
fn with(declared: &str, csv: &str) -> Scratch {
    let scratch = Scratch::new();
    scratch.write(
        "dver.toml",
        format!("[dataset.t]\npath = \"t.csv\"\n{declared}\n"),
    );
    scratch.write("t.csv", csv);
    scratch.dver(&["add", "-A"]).ok();
    scratch
}

fn find(scratch: &Scratch, args: &[&str]) -> Vec<Value> {
    let mut all = vec!["find", "--json"];
    all.extend_from_slice(args);
    let out = scratch.dver(&all).ok();
    let lines = out.lines().map(|line| serde_json::from_str(line).unwrap());
    lines.collect()
}

/// Returns keys with scores and suggestions.
fn told(found: &[Value]) -> Vec<(String, f64, Option<String>)> {
    let one = |line: &Value| {
        (
            line["key"][0].as_str().unwrap().to_owned(),
            line["score"].as_f64().unwrap(),
            line["suggested"].as_str().map(str::to_owned),
        )
    };
    found.iter().map(one).collect()
}

/// The page says what is asserted here.
fn says(text: &str) {
    let page = include_str!("../../docs/find.md");
    assert!(page.contains(text), "docs/find.md lacks `{text}`");
}

#[test]
fn the_third_record_is_the_label_issue() {
    says("labels a a a b b, p(a) = .9 .8 .1 .2 .3");
    says("margin .1 - .9 = -.8, self-confidence .1");
    let scratch = with(
        "key = \"id\"\nlabel = \"label\"",
        "id,x,label\n1,p,a\n2,q,a\n3,r,a\n4,s,b\n5,t,b\n",
    );
    let rows = "id,a,b\n1,0.9,0.1\n2,0.8,0.2\n3,0.1,0.9\n4,0.2,0.8\n5,0.3,0.7\n";
    scratch.write("p.csv", rows);
    for prune in ["noise-rate", "class", "both", "confident-joint"] {
        for (score, expected) in [("normalised-margin", -0.8), ("self-confidence", 0.1)] {
            let args = [
                "label-issues",
                "--probabilities",
                "p.csv",
                "--prune",
                prune,
                "--score",
                score,
            ];
            let found = told(&find(&scratch, &args));
            assert_eq!(found.len(), 1, "{prune}: {found:?}");
            assert_eq!((&*found[0].0, found[0].2.as_deref()), ("3", Some("b")));
            assert!(
                (found[0].1 - expected).abs() < 1e-9,
                "{prune} {score}: {found:?}"
            );
        }
    }
}

#[test]
fn the_dog_among_cats_is_the_conflict() {
    says("cat, dog, cat for one content: the dog has 2/3 and `suggested` cat, the cats 1/3");
    let scratch = with(
        "key = \"id\"\nlabel = \"label\"",
        "id,x,label\n1,meow,cat\n2,meow,dog\n3,meow,cat\n4,woof,dog\n",
    );
    let found = told(&find(&scratch, &["label-conflicts"]));
    let keys: Vec<&str> = found.iter().map(|(key, ..)| &**key).collect();
    assert_eq!(keys, ["2", "1", "3"]);
    assert_eq!(found[0].2.as_deref(), Some("cat"));
    for ((_, score, _), expected) in found.iter().zip([2.0 / 3.0, 1.0 / 3.0, 1.0 / 3.0]) {
        assert!((score - expected).abs() < 1e-12, "{found:?}");
    }
}

#[test]
fn one_more_word_leaves_18_of_19_shingles() {
    says("20 words and the same with one more: 18 of 19 shingles");
    let words: Vec<String> = (0..20).map(|n| format!("word{n}")).collect();
    let text = words.join(" ");
    let scratch = with(
        "key = \"id\"\nlabel = \"label\"\ntext = \"x\"",
        &format!("id,x,label\n1,{text},a\n2,{text} more,a\n3,quite another text,b\n"),
    );
    let found = told(&find(&scratch, &["duplicates", "--near"]));
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].0, "2");
    assert!((found[0].1 - 18.0 / 19.0).abs() < 1e-12, "{found:?}");
}

#[test]
fn a_hundred_among_digits_is_far() {
    says("1 ... 9 and 100: median 5.5, MAD 2.5, z = 25.5; quartiles 3.25 and 7.75: 20.5 IQRs");
    let mut csv = "id,n,label\n".to_owned();
    for (id, number) in (1..10).chain([100]).enumerate() {
        csv += &format!("r{id},{number},a\n");
    }
    let scratch = with("key = \"id\"\nlabel = \"label\"", &csv);
    for (more, expected) in [(None, 0.6745 * 94.5 / 2.5), (Some("--iqr"), 92.25 / 4.5)] {
        let mut args = vec!["outliers"];
        args.extend(more);
        let found = told(&find(&scratch, &args));
        let far: Vec<_> = found.iter().filter(|(key, ..)| key == "r9").collect();
        assert_eq!((found.len(), far.len()), (1, 1), "{found:?}");
        assert!((far[0].1 - expected).abs() < 1e-9, "{found:?}");
    }
}
