//! Gates: what refuses a commit, what an override seals, and what `check` says for whom.

use std::fs;

use serde_json::{Value, json};

use crate::harness::{Output, Scratch};

const DECLARED: &str = "[dataset.pets]\npath = \"pets.csv\"\nkey = [\"id\"]\nlabel = \"label\"\n";
const GOOD: &str = "id,text,label\n1,a,cat\n2,b,dog\n3,c,cat\n4,d,dog\n";
/// A key twice, a label missing.
const BAD: &str = "id,text,label\n1,a,cat\n2,b,dog\n3,c,\n4,d,dog\n4,e,dog\n";

/// A repository with these gates and one good version.
fn guarded(gates: &str) -> Scratch {
    let scratch = Scratch::new();
    declare(&scratch, gates);
    scratch.write("pets.csv", GOOD);
    scratch.dver(&["add", "-A"]).ok();
    scratch.dver(&["commit", "-m", "good"]).ok();
    scratch
}

fn declare(scratch: &Scratch, gates: &str) {
    scratch.write("dver.toml", format!("{DECLARED}\n[gate.pets]\n{gates}"));
}

fn lines(output: &str) -> Vec<Value> {
    let lines = output.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// A commit that gates refuse: what it says.
#[track_caller]
fn refused(output: Output) -> Vec<Value> {
    assert_eq!(output.code, Some(1), "{}{}", output.out, output.err);
    lines(&output.out)[0]["refused"].as_array().unwrap().clone()
}

/// `[metric, state]` of each gate.
fn states(gates: &Value) -> Vec<[&str; 2]> {
    let gates = gates.as_array().unwrap().iter();
    gates
        .map(|gate| ["metric", "state"].map(|member| gate[member].as_str().unwrap()))
        .collect()
}

#[test]
fn a_refusal_leaves_everything_as_it_was() {
    let scratch = guarded("duplicates_key = \"<= 0\"\n\"missing.label\" = \"<= 0.1\"\n");
    scratch.write("other.txt", "staged\n");
    scratch.dver(&["add", "other.txt"]).ok();
    scratch.write("pets.csv", BAD);
    let seen = |scratch: &Scratch| {
        let of = |args: &[&str]| scratch.dver(args).ok();
        [
            of(&["status", "--json"]),
            of(&["log", "--json"]),
            of(&["op", "log"]),
            of(&["diff", "--staged", "--json"]),
        ]
    };
    let (files, before) = (scratch.files(), seen(&scratch));
    let told = refused(scratch.dver(&["commit", "-am", "bad", "--json"]));
    let text = scratch.dver(&["commit", "-am", "bad"]);
    assert_eq!(text.code, Some(1));
    assert_eq!((scratch.files(), seen(&scratch)), (files, before));
    assert_eq!(
        told[0],
        json!({"dataset": "pets", "metric": "duplicates_key", "bound": "<= 0", "value": 1,
               "base_value": 0, "state": "failed", "records": [["4"]]})
    );
    assert_eq!(
        (&told[1]["value"], &told[1]["records"]),
        (&json!(0.2), &json!([["3"]]))
    );
    insta::assert_snapshot!(text.out, @r"
    2 gates of dver.toml refuse; nothing was committed
        failed      pets  duplicates_key <= 0   1 (base: 0)
                    4 (pets.csv:6)
        failed      pets  missing.label <= 0.1  0.2000 (base: 0)
                    3 (pets.csv:4)
    ");
    assert!(text.err.contains("--no-gates="), "{}", text.err);
    // What is staged is judged, not what stands in the files.
    let passed = scratch.json(&["commit", "-m", "only the note"]);
    assert_eq!(
        states(&passed[0]["gates"]),
        [["duplicates_key", "passed"], ["missing.label", "passed"]]
    );
}

#[test]
fn an_override_is_sealed_told_and_survives_amending() {
    let scratch = guarded("duplicates_key = \"<= 0\"\n\"missing.label\" = \"<= 0.5\"\n");
    scratch.write("pets.csv", BAD);
    let commit = scratch.json(&["commit", "-am", "bad", "--no-gates=the supplier repairs it"]);
    assert_eq!(commit[0]["override"], "the supplier repairs it");
    assert_eq!(
        commit[0]["gates"][0],
        json!({"dataset": "pets", "metric": "duplicates_key",
        "bound": "<= 0", "value": 1.0, "state": "failed"})
    );
    let object = scratch
        .dver(&["cat-object", commit[0]["commit"].as_str().unwrap()])
        .ok();
    assert!(
        object.contains(
            "\"override\":{\"reason\":\"the supplier repairs it\",\"gates\":[{\"dataset\":\"pets\",\
             \"metric\":\"duplicates_key\",\"bound\":\"<= 0\"}]}"
        ),
        "{object}"
    );
    for command in ["log", "show"] {
        assert_eq!(
            scratch.json(&[command])[0]["override"],
            "the supplier repairs it"
        );
        let text = scratch.dver(&[command]).ok();
        let line = "Gates overridden: the supplier repairs it (pets duplicates_key <= 0)";
        assert!(text.contains(line), "{text}");
    }
    // The same gate fails: the override stays.
    let amended = scratch.json(&["commit", "--amend", "-m", "a better title"]);
    assert_eq!(amended[0]["override"], "the supplier repairs it");
    // Another one does: it needs an override of its own.
    scratch.write(
        "pets.csv",
        BAD.replace("1,a,cat", "1,a,").replace("2,b,dog", "2,b,"),
    );
    let told = refused(scratch.dver(&["commit", "-a", "--amend", "--json"]));
    assert_eq!(states(&json!(told)), [["missing.label", "failed"]]);
    let amended = scratch.json(&["commit", "-a", "--amend", "--no-gates=both"]);
    assert_eq!(amended[0]["override"], "both");
    // Repaired data keep the record of what was overridden.
    scratch.write("pets.csv", GOOD);
    let amended = scratch.json(&["commit", "-a", "--amend"]);
    assert_eq!(amended[0]["override"], "both");
    // The next version has none.
    scratch.write("pets.csv", format!("{GOOD}5,e,cat\n"));
    let next = scratch.json(&["commit", "-am", "next"]);
    assert!(next[0].get("override").is_none());
}

#[test]
fn unmeasured_is_told_and_refuses_only_where_it_is_required() {
    let scratch = Scratch::new();
    let gates = "\"records.change\" = \">= -0.05\"\nfields_removed = \"<= 0\"\n";
    declare(&scratch, gates);
    scratch.write("pets.csv", GOOD);
    scratch.dver(&["add", "-A"]).ok();
    let first = scratch.dver(&["commit", "-m", "first"]).ok();
    assert!(first.contains("gates: 0 of 2 gates passed"), "{first}");
    assert!(
        first.contains("unmeasured  pets  fields_removed <= 0"),
        "{first}"
    );
    let checked = scratch.dver(&["check", "HEAD"]).ok();
    assert!(
        checked.contains("Verdict: nothing failed, and 2 of 2 gates unmeasured"),
        "{checked}"
    );
    declare(
        &scratch,
        "\"records.change\" = { bound = \">= 0\", base = \"v1\", required = true }\n",
    );
    let told = refused(scratch.dver(&["commit", "-am", "second", "--json"]));
    assert_eq!(
        (&told[0]["state"], &told[0]["value"]),
        (&json!("unmeasured"), &Value::Null)
    );
    assert!(
        told[0]["note"].as_str().unwrap().contains("`v1`"),
        "{}",
        told[0]
    );
    scratch.dver(&["tag", "v1"]).ok();
    scratch.dver(&["commit", "-am", "second"]).ok();
}

#[test]
fn evaluations_are_unmeasured_until_they_are_run() {
    let scratch = Scratch::new();
    let eval = "[eval.baseline]\ndataset = \"pets\"\nmodel = \"ridge\"\n";
    declare(
        &scratch,
        &format!(
            "\"baseline:accuracy.delta\" = {{ bound = \">= -0.01\", confidence = 0.95 }}\n{eval}"
        ),
    );
    scratch.write("pets.csv", GOOD);
    let report = scratch.json(&["check"]);
    assert_eq!(report[0]["passed"], true);
    assert_eq!(
        report[0]["gates"],
        json!([]),
        "nothing is versioned, so nothing is declared"
    );
    scratch.dver(&["add", "-A"]).ok();
    let report = scratch.json(&["check"]);
    assert_eq!(report[0]["gates"][0]["state"], "unmeasured");
    assert_eq!(report[0]["gates"][0]["note"], "no evaluation");
}

#[test]
fn a_ratchet_goes_one_way_and_a_base_is_a_version_by_name() {
    let scratch = guarded(
        "\"missing.label\" = \"<= base\"\nrecords = { bound = \">= base\", base = \"v1\" }\n",
    );
    scratch.dver(&["tag", "v1"]).ok();
    let missing = |n: usize, rows: usize| {
        let row = |at: usize| format!("{at},t{at},{}\n", if at <= n { "" } else { "cat" });
        format!("id,text,label\n{}", (1..=rows).map(row).collect::<String>())
    };
    scratch.write("pets.csv", missing(2, 10));
    let told = refused(scratch.dver(&["commit", "-am", "worse", "--json"]));
    assert_eq!(states(&json!(told)), [["missing.label", "failed"]]);
    scratch
        .dver(&["commit", "-am", "worse", "--no-gates=seen"])
        .ok();
    scratch.write("pets.csv", missing(1, 5));
    let better = scratch.json(&["commit", "-am", "as bad"]);
    assert_eq!(
        states(&better[0]["gates"]),
        [["missing.label", "passed"], ["records", "passed"]]
    );
    scratch.write("pets.csv", missing(0, 4));
    scratch.dver(&["commit", "-am", "better"]).ok();
    scratch.write("pets.csv", missing(0, 3));
    let told = refused(scratch.dver(&["commit", "-am", "fewer than v1", "--json"]));
    assert_eq!(states(&json!(told)), [["records", "failed"]]);
    assert_eq!(told[0]["base_value"], 4);
    // Against the parent nothing is lost that v1 had, but `check --since` asks for more.
    let since = scratch.dver(&["check", "--since", "HEAD~2", "--json"]);
    assert_eq!(since.code, Some(1));
}

#[test]
fn a_name_that_means_nothing_is_an_error_at_commit_and_check_but_not_in_the_log() {
    let scratch = guarded("\"records\" = \">= 1\"\n");
    for (gates, words) in [
        (
            "\"missing.labl\" = \"<= 0\"\n",
            "dver.toml, line 7: there is no metric `missing.labl`; did you mean `missing.label`?",
        ),
        ("\"\"", "dver.toml, line 7: "),
        (
            "duplicate_key = \"<= 0\"\n",
            "did you mean `duplicates_key`?",
        ),
        (
            "[gate.pet]\nrecords = \">= 1\"\n",
            "no data set `pet` is declared; did you mean `pets`?",
        ),
    ] {
        declare(&scratch, gates);
        let [commit, check] =
            [&["commit", "-am", "x"][..], &["check"][..]].map(|args| scratch.dver(args).fails(3));
        assert!(check.contains(words), "{check}");
        assert!(commit.contains(words), "{commit}");
        scratch.dver(&["log"]).ok();
        scratch.dver(&["restore", "--staged", "dver.toml"]).ok();
    }
}

#[test]
fn counts_of_changes_are_bounded() {
    let scratch = guarded(
        "fields_removed = \"<= 0\"\nschema_breaking = \"<= 0\"\nrelabelled = \"<= 1\"\nrecords_removed = \"<= 0\"\n",
    );
    scratch.write("pets.csv", "id,label\n1,cat\n2,cat\n3,dog\n");
    let told = refused(scratch.dver(&["commit", "-am", "less", "--json"]));
    let found: Vec<_> = told
        .iter()
        .map(|gate| (gate["metric"].as_str().unwrap(), &gate["value"]))
        .collect();
    assert_eq!(found[0], ("fields_removed", &json!(1)));
    assert_eq!(told[0]["note"], "text");
    assert_eq!(found[1].0, "schema_breaking");
    assert_eq!(found[2], ("relabelled", &json!(2)));
    assert_eq!(found[3], ("records_removed", &json!(1)));
}

#[test]
fn check_speaks_of_files_and_versions_in_four_formats() {
    let scratch = guarded("duplicates_key = \"<= 0\"\n\"label_conflicts.delta\" = \"<= 0\"\n");
    scratch.dver(&["check"]).ok();
    scratch.write("pets.csv", BAD.replace("2,b,dog", "2,b,cat"));
    let text = scratch.dver(&["check"]);
    assert_eq!(text.code, Some(1));
    let first = text.out.lines().next().unwrap();
    assert!(
        first.starts_with("The working files, changes since "),
        "{first}"
    );
    assert!(
        text.out.contains("Verdict: failed: 1 gate refused"),
        "{}",
        text.out
    );
    assert!(
        text.out
            .contains("1 file with changes that are not staged (pets.csv)"),
        "{}",
        text.out
    );
    let json = scratch.dver(&["check", "--json"]);
    assert_eq!(json.out, scratch.dver(&["check", "--format", "json"]).out);
    let report = &lines(&json.out)[0];
    assert_eq!(
        (&report["passed"], &report["commit"]),
        (&json!(false), &Value::Null)
    );
    assert_eq!(
        states(&report["gates"]),
        [
            ["duplicates_key", "failed"],
            ["label_conflicts.delta", "passed"]
        ]
    );
    assert_eq!(
        report["gates"][1]["base"],
        scratch.json(&["log"])[0]["commit"]
    );
    let github = scratch.dver(&["check", "--format", "github"]).out;
    let first: Vec<&str> = github.lines().take(2).collect();
    assert_eq!(
        first,
        [
            "::error file=dver.toml,line=7::failed pets duplicates_key <= 0: 1 (base: 0)",
            "::error file=pets.csv,line=6::pets duplicates_key <= 0: 4 (pets.csv:6)",
        ]
    );
    scratch
        .dver(&["commit", "-am", "bad", "--no-gates=so be it"])
        .ok();
    let version = scratch.dver(&["check", "HEAD"]);
    assert_eq!(version.code, Some(1), "an override does not make it good");
    assert!(version.out.starts_with("Version "), "{}", version.out);
    assert!(
        version.out.contains("Gates overridden: so be it"),
        "{}",
        version.out
    );
    let markdown = scratch
        .dver(&["check", "HEAD", "--since", "HEAD~1", "--format", "md"])
        .out;
    for words in [
        "### ❌ Data check failed: 1 gate refused",
        "| ❌ failed | <code>pets</code> | <code>duplicates&#95;key &#60;= 0</code> | 1 | 0 |  |",
        "| <code>label</code> | <code>dog</code> | <code>cat</code> | 1 |  |",
        "| <code>label</code> | <code>cat</code> | *null* | 1 |  |",
    ] {
        assert!(markdown.contains(words), "{words}\n{markdown}");
    }
    let file = scratch.path("comment.md");
    let _ = scratch.dver(&["check", "HEAD", "--format", "md", "-o", "comment.md"]);
    assert_eq!(fs::read_to_string(file).unwrap(), markdown);
}

#[test]
fn a_data_set_without_files_fails_and_null_keys_are_left_over() {
    let scratch = guarded("records = \">= 0\"\n");
    scratch.write("pets.csv", format!("{GOOD},x,cat\n7,y\n"));
    let left = &scratch.json(&["check"])[0]["leftovers"];
    let kinds: Vec<&str> = left
        .as_array()
        .unwrap()
        .iter()
        .map(|l| l["kind"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["unparsable", "null_keys", "unstaged"]);
    scratch.remove("pets.csv");
    let check = scratch.dver(&["check"]);
    assert_eq!(check.code, Some(1));
    assert!(
        check.out.contains("pets: no file is left of it"),
        "{}",
        check.out
    );
}

const FENCE: &str = "```gates\n";

/// Returns what `check` says of an example, after its first line.
fn example(block: &str) -> String {
    let mut files: Vec<(&str, String)> = Vec::new();
    for line in block.lines() {
        match (line.strip_prefix("  "), files.last_mut()) {
            (Some(text), Some((_, file))) => file.push_str(&format!("{text}\n")),
            (None, Some((_, file))) if line.is_empty() => file.push('\n'),
            _ => files.push((line, String::new())),
        }
    }
    let scratch = Scratch::new();
    let write = |of: &str| {
        let own = files
            .iter()
            .filter_map(|(name, text)| Some((name.strip_prefix(of)?, text)));
        own.inspect(|(name, text)| {
            scratch.write(name, text);
        })
        .count()
    };
    let settings = files.iter().find(|(name, _)| *name == "dver.toml").unwrap();
    scratch.write("dver.toml", &settings.1);
    if write("old/") > 0 {
        scratch.dver(&["add", "-A"]).ok();
        scratch.dver(&["commit", "-m", "old"]).ok();
        write("new/");
    } else {
        write("new/");
        scratch.dver(&["add", "-A"]).ok();
    }
    let said = scratch.dver(&["check"]).out;
    let (_, rest) = said.split_once('\n').unwrap();
    rest.to_owned()
}

#[test]
fn the_examples_of_the_page_say_what_the_page_says() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/gates.md");
    let text = fs::read_to_string(&path).unwrap();
    let mut made = String::new();
    let mut rest = text.as_str();
    let mut examples = 0;
    while let Some((before, after)) = rest.split_once(FENCE) {
        let (block, after) = after.split_once("```").expect("the fence ends");
        let (block, _) = block
            .split_once("says\n")
            .expect("an example says something");
        let said = example(block);
        made.push_str(&format!("{before}{FENCE}{block}says\n{said}```"));
        rest = after;
        examples += 1;
    }
    made.push_str(rest);
    assert_eq!(examples, 3);
    if std::env::var_os("DVER_UPDATE_DOCS").is_some() {
        fs::write(&path, made).unwrap();
        return;
    }
    let at = text.lines().zip(made.lines()).find(|(a, b)| a != b);
    assert!(
        text == made,
        "docs/gates.md is behind: run `DVER_UPDATE_DOCS=1 cargo test --test it gates`.\n{at:?}"
    );
}

#[test]
fn a_metric_is_drawn_over_versions_with_its_numbers() {
    let scratch = guarded("records = \">= 0\"\n");
    for rows in 2..6 {
        scratch.write(
            "pets.csv",
            GOOD.lines()
                .take(rows)
                .map(|line| format!("{line}\n"))
                .collect::<String>(),
        );
        scratch.dver(&["commit", "-am", "x", "--no-gates=x"]).ok();
    }
    let drawn = scratch
        .dver(&["log", "--metric", "records", "--plot", "--color", "never"])
        .ok();
    let lines: Vec<&str> = drawn.lines().collect();
    assert_eq!(lines[0], "pets: records (records)");
    assert!(
        lines[1].starts_with("    4 ┤") && lines[8].starts_with("    1 ┤"),
        "{drawn}"
    );
    for words in ["first 4 (", "last 4 (", "least 1 (", "most 4 ("] {
        assert!(drawn.contains(words), "{drawn}");
    }
    let unknown = scratch
        .dver(&["log", "--metric", "missing.labl", "--plot"])
        .fails(3);
    assert!(
        unknown.contains("did you mean `missing.label`?"),
        "{unknown}"
    );
    scratch.dver(&["log", "--plot"]).fails(2);
    let json = scratch.json(&["log", "-n", "1", "--metric", "records", "--plot"]);
    assert_eq!(
        json[0]["metrics"],
        json!([{"name": "records", "dataset": "pets", "value": 4.0, "change": 1.0}])
    );
}

#[test]
fn violated_constraints_fail_a_check_and_refuse_only_by_a_gate() {
    let scratch = Scratch::new();
    let rules = "[dataset.pets.fields.age]\ntype = \"integer\"\nmin = 1\n\
                 [dataset.pets.fields.tag]\nunique = true\n\
                 [dataset.pets.fields.owner]\nreferences = { dataset = \"people\", field = \"name\" }\n\
                 [dataset.people]\npath = \"people.csv\"\nkey = [\"name\"]\n";
    scratch.write("dver.toml", format!("{DECLARED}{rules}"));
    scratch.write("people.csv", "name,mail\nada,a@b\n");
    let bad = "id,label,age,tag,owner\n1,cat,3,x,ada\n2,dog,0,y,bob\n3,cat,old,x,ada\n";
    scratch.write("pets.csv", bad);
    scratch.dver(&["add", "-A"]).ok();
    let committed = scratch.dver(&["commit", "-m", "first"]);
    assert_eq!(committed.code, Some(0), "{}", committed.err);
    assert!(
        committed.err.contains("records violate"),
        "{}",
        committed.err
    );
    let check = scratch.dver(&["check", "HEAD", "--json"]);
    assert_eq!(check.code, Some(1));
    let report = &lines(&check.out)[0];
    let found = report["violations"].as_array().unwrap().iter();
    let found: Vec<String> = found
        .map(|v| {
            let keys = v["examples"].as_array().unwrap().iter();
            let keys: Vec<&str> = keys.map(|e| e["key"][0].as_str().unwrap()).collect();
            let [field, rule] = ["field", "rule"].map(|m| v[m].as_str().unwrap());
            format!("{field} {rule} {}: {}", v["count"], keys.join(" "))
        })
        .collect();
    assert_eq!(
        found,
        [
            "age min 2: 2 3",
            "age type 1: 3",
            "owner references 1: 2",
            "tag unique 1: 3"
        ]
    );
    let text = scratch.dver(&["check"]).out;
    assert!(
        text.contains("violated    pets  age min: 2 records"),
        "{text}"
    );
    assert!(
        text.contains("Verdict: failed: 4 constraints violated"),
        "{text}"
    );
    let gates =
        "[gate.pets]\nschema_violations = \"<= 0\"\n\"schema_violations.age.min\" = \"<= base\"\n";
    scratch.write("dver.toml", format!("{DECLARED}{rules}{gates}"));
    let told = refused(scratch.dver(&["commit", "-am", "second", "--json"]));
    assert_eq!(told.len(), 1);
    assert_eq!(
        (&told[0]["value"], &told[0]["records"]),
        (&json!(5), &json!([["2"], ["3"]]))
    );
}

#[test]
fn drift_since_the_base_is_bounded() {
    let scratch = guarded("\"drift_psi.label\" = \"<= 0.1\"\n");
    let log = scratch.json(&["show"]);
    assert_eq!(log[0]["gates"][0]["state"], "unmeasured");
    scratch.write(
        "pets.csv",
        GOOD.replace("dog", "cat").replace("1,a,cat", "1,a,dog"),
    );
    let told = refused(scratch.dver(&["commit", "-am", "drifted", "--json"]));
    assert_eq!(states(&json!(told)), [["drift_psi.label", "failed"]]);
}
