//! Constraints, texts, leakage and drift: what is counted, told, and held to account.

use serde_json::Value;

use crate::harness::Scratch;

const DECLARED: &str = r#"
[dataset.reviews]
path = "reviews.csv"
key = "id"
label = "label"
text = "text"
split = "split"
group = "user"

[dataset.reviews.fields.stars]
type = "integer"
min = 1
max = 5

[dataset.reviews.fields.text]
required = true
unique = true
max_length = 40

[dataset.reviews.fields.label]
enum = ["good", "bad"]

[dataset.reviews.fields.code]
pattern = "[A-Z]{2}-[0-9]+"
min_length = 4

[dataset.reviews.fields.seen]
min = "2026-01-01"
max = "2026-06-30"

[dataset.reviews.fields.user]
references = { dataset = "users", field = "name" }

[dataset.users]
path = "users.jsonl"
key = "name"
"#;

const REVIEWS: &str = "\
id,text,label,split,user,stars,code,seen
1,good food,good,train,ann,5,AB-12,2026-01-01
2,mail me: x@y.example,bad,train,bob,7,AB-1,2026-07-01
3,good food,good,test,ann,x,ab-12,2025-12-31 23:59
4,,ugly,test,eve,,AB-,2026-06-30
5,배송이 빨라서 좋아요,good,test,bob,2.0,XY-123456,
6,a text that is longer than forty characters are,bad,train,,0,AB-12,soon
";

fn reviews(more: &str) -> Scratch {
    let scratch = Scratch::new();
    scratch.write("dver.toml", format!("{DECLARED}{more}"));
    scratch.write("reviews.csv", REVIEWS);
    scratch.write("users.jsonl", "{\"name\":\"ann\"}\n{\"name\":\"bob\"}\n");
    scratch.dver(&["add", "-A"]).ok();
    scratch
}

/// Each metric that has a name, as `field.class` and value.
fn numbers(report: &Value, name: &str) -> Vec<(String, f64)> {
    let metrics = report["metrics"].as_array().unwrap().iter();
    let named = metrics.filter(|metric| metric["name"] == name);
    let part = |metric: &Value, member: &str| metric[member].as_str().unwrap_or("").to_owned();
    named
        .map(|metric| {
            let path = [part(metric, "field"), part(metric, "class")].join(".");
            (path, metric["value"].as_f64().unwrap())
        })
        .collect()
}

#[test]
fn each_rule_counts_the_records_that_break_it() {
    let scratch = reviews("");
    scratch.dver(&["commit", "-m", "one"]).ok();
    let report = scratch
        .json(&["quality", "HEAD", "--dataset", "reviews"])
        .remove(0);
    let counts: Vec<(String, f64)> = numbers(&report, "schema_violations");
    let counts: Vec<(&str, f64)> = counts.iter().map(|(path, n)| (path.as_str(), *n)).collect();
    assert_eq!(
        counts,
        [
            (".", 17.0),
            ("code.min_length", 1.0),
            ("code.pattern", 2.0),
            ("label.enum", 1.0),
            ("seen.max", 2.0), // July, and what is no date
            ("seen.min", 2.0),
            ("stars.max", 2.0), // 7, and what is no number
            ("stars.min", 2.0),
            ("stars.type", 1.0), // 2.0 is integral
            ("text.max_length", 1.0),
            ("text.required", 1.0),
            ("text.unique", 1.0),
            ("user.references", 1.0),
        ]
    );
    assert_eq!(numbers(&report, "pii"), [("text.email".to_owned(), 1.0)]);
    let scripts = numbers(&report, "text_script");
    assert_eq!(
        scripts,
        [
            ("text.hangul".to_owned(), 1.0),
            ("text.latin".to_owned(), 4.0)
        ]
    );
    let leaks: Vec<f64> = numbers(&report, "leakage")
        .into_iter()
        .map(|(_, n)| n)
        .collect();
    // By content no record is another's twin: stars differ. By user: 3 and 5 of test, 1 and 2.
    assert_eq!(leaks, [0.0, 0.0, 2.0, 2.0]);
}

#[test]
fn check_names_the_records_that_break_rules_and_no_values() {
    let scratch = reviews("");
    scratch.dver(&["commit", "-m", "one"]).ok();
    let told = scratch.dver(&["check", "--json"]);
    assert_eq!(told.code, Some(1));
    let report: Value = serde_json::from_str(told.out.lines().next().unwrap()).unwrap();
    let keys = |field: &str, rule: &str| -> Vec<String> {
        let all = report["violations"].as_array().unwrap().iter();
        let mut one = all.filter(|v| v["field"] == field && v["rule"] == rule);
        let examples = one.next().unwrap()["examples"].as_array().unwrap().clone();
        let key = |example: &Value| example["key"][0].as_str().unwrap().to_owned();
        examples.iter().map(key).collect()
    };
    assert_eq!(keys("stars", "max"), ["2", "3"]);
    assert_eq!(keys("text", "unique"), ["3"]);
    assert_eq!(keys("text", "required"), ["4"]);
    assert_eq!(keys("user", "references"), ["4"]);
    assert_eq!(keys("seen", "min"), ["3", "6"]);
    assert_eq!(keys("code", "pattern"), ["3", "4"]);
    assert!(!told.out.contains("x@y.example"));
}

#[test]
fn gates_on_rules_texts_and_leakage_show_where_to_look() {
    let scratch = reviews(
        "[gate.reviews]\n\"pii.text.email\" = \"<= 0\"\n\"leakage.user.test<-train\" = \"<= 0\"\n\
         \"schema_violations.label.enum\" = \"<= 0\"\n",
    );
    let refused = scratch.dver(&["commit", "-m", "one", "--json"]);
    assert_eq!(refused.code, Some(1), "{}", refused.err);
    let gates: Value = serde_json::from_str(refused.out.lines().next().unwrap()).unwrap();
    let records: Vec<(String, String)> = gates["refused"]
        .as_array()
        .unwrap()
        .iter()
        .map(|gate| {
            (
                gate["metric"].as_str().unwrap().to_owned(),
                gate["records"].to_string(),
            )
        })
        .collect();
    let expected = [
        ("pii.text.email", r#"[["2"]]"#),
        ("leakage.user.test<-train", r#"[["3"],["5"]]"#),
        ("schema_violations.label.enum", r#"[["4"]]"#),
    ];
    assert_eq!(records, expected.map(|(a, b)| (a.to_owned(), b.to_owned())));
}

#[test]
fn what_refers_is_counted_anew_when_only_the_other_data_set_changes() {
    let scratch = reviews("");
    scratch.dver(&["commit", "-m", "one"]).ok();
    let dangling = |scratch: &Scratch| {
        let report = scratch
            .json(&["quality", "HEAD", "--dataset", "reviews"])
            .remove(0);
        let all = numbers(&report, "schema_violations");
        all.into_iter()
            .find(|(path, _)| path == "user.references")
            .unwrap()
            .1
    };
    assert_eq!(dangling(&scratch), 1.0);
    scratch.write("users.jsonl", "{\"name\":\"ann\"}\n");
    scratch.dver(&["commit", "-a", "-m", "bob is gone"]).ok();
    assert_eq!(dangling(&scratch), 3.0);
    let verified = scratch.json(&["verify", "--recompute"]).remove(0);
    assert_eq!(verified["refuted"].as_array().unwrap().len(), 0);
}

#[test]
fn drift_is_gated_with_renames_taken_out() {
    let table = |label: &dyn Fn(usize) -> &'static str| {
        let line = |n: usize| format!("{n},text {n},{}\n", label(n));
        "id,text,label\n".to_owned() + &(0..100).map(line).collect::<String>()
    };
    let scratch = Scratch::new();
    scratch.write(
        "dver.toml",
        "[dataset.pets]\npath = \"pets.csv\"\nkey = \"id\"\nlabel = \"label\"\n\
         [gate.pets]\n\"drift_psi.label\" = \"<= 0.1\"\n",
    );
    scratch.write("pets.csv", table(&|n| if n < 50 { "cat" } else { "dog" }));
    scratch.dver(&["add", "-A"]).ok();
    scratch.dver(&["commit", "-m", "one"]).ok();
    // A class with another name is no drift.
    scratch.write(
        "pets.csv",
        table(&|n| if n < 50 { "feline" } else { "dog" }),
    );
    scratch.dver(&["commit", "-a", "-m", "renamed"]).ok();
    scratch.write(
        "pets.csv",
        table(&|n| if n < 80 { "feline" } else { "dog" }),
    );
    let refused = scratch.dver(&["commit", "-a", "-m", "drifted"]);
    assert_eq!(refused.code, Some(1));
    let told = refused.out + &refused.err;
    assert!(told.contains("drift_psi.label"), "{told}");
}

#[test]
fn renames_are_found_since_any_base_and_in_the_field_that_they_are_of() {
    let table = |names: [&str; 2], other: &str| {
        let mood = |n: usize| if n < 50 { names[0] } else { names[1] };
        let line = |n: usize| format!("{n},text {n},{},{other}\n", mood(n));
        "id,text,mood,tone\n".to_owned() + &(0..100).map(line).collect::<String>()
    };
    let toml = |gate: &str| {
        format!(
            "[dataset.t]\npath = \"t.csv\"\nkey = \"id\"\nlabel = [\"mood\", \"tone\"]\n[gate.t]\n{gate}"
        )
    };
    let scratch = Scratch::new();
    scratch.write("dver.toml", toml(""));
    scratch.write("t.csv", table(["good", "bad"], "good"));
    scratch.dver(&["add", "-A"]).ok();
    scratch.dver(&["commit", "-m", "one"]).ok();
    scratch.dver(&["tag", "v1"]).ok();
    scratch.write("t.csv", table(["fine", "bad"], "good"));
    let drift = |args: &[&str]| {
        let told = scratch.json(args).remove(0);
        let all = told["metrics"].as_array().unwrap().clone();
        let of = |field: &str| {
            let mut all = all.iter();
            let one = all.find(|m| m["name"] == "drift_psi" && m["field"] == field);
            one.unwrap()["value"].as_f64().unwrap()
        };
        [of("mood"), of("tone")]
    };
    // `good` is `fine` now, of the mood alone: nothing has drifted.
    assert_eq!(drift(&["quality"]), [0.0, 0.0]);
    scratch.dver(&["commit", "-am", "two"]).ok();
    assert_eq!(drift(&["quality", "HEAD"]), [0.0, 0.0]);
    // A gate against a version before the parent takes the renames since then out.
    scratch.write("t.csv", table(["fine", "poor"], "good"));
    let gate = "\"drift_psi.mood\" = { bound = \"<= 0.001\", base = \"v1\", required = true }\n";
    scratch.write("dver.toml", toml(gate));
    scratch.dver(&["commit", "-am", "three"]).ok();
    let checked = scratch.json(&["check", "HEAD"]).remove(0);
    assert_eq!(checked["gates"][0]["value"], 0.0);
    scratch.write("t.csv", table(["fine", "fine"], "good"));
    let refused = scratch.dver(&["commit", "-am", "four"]);
    assert_eq!(refused.code, Some(1), "{}", refused.out);
}

#[test]
fn a_rule_that_cannot_be_used_is_an_error_that_names_it() {
    for (rule, words) in [
        ("pattern = \"[\"", "pattern of the field `stars`"),
        ("min = \"much\"", "neither a number nor a date"),
        ("references = { dataset = \"users\" }", "field"),
    ] {
        let scratch = reviews("");
        let bad = DECLARED.replace("min = 1\nmax = 5\n", &format!("{rule}\n"));
        scratch.write("dver.toml", bad);
        let told = scratch.dver(&["quality"]).fails(3);
        assert!(told.contains(words), "{told}");
    }
}
