//! Analyses: what `find` and `agree --consensus` found, attached to versions.

use serde_json::{Value, json};

use crate::harness::Scratch;

const TICKETS: &str = "[dataset.tickets]\npath = \"tickets.csv\"\nkey = [\"id\"]\nlabel = \"label\"\ntext = \"text\"\n";

/// Two classes with words of their own; of the first fifty records every tenth label is wrong, and
/// the last record repeats the first.
fn table() -> String {
    let mut out = "id,text,label\n".to_owned();
    for id in 0..120_u32 {
        let class = id % 2;
        let own = ["invoice money paid", "parcel late courier"][class as usize];
        let wrong = id < 50 && id % 10 == 3;
        let label = ["billing", "delivery"][(class ^ u32::from(wrong)) as usize];
        let word = id.wrapping_mul(0x9E37_79B9) >> 20;
        out.push_str(&format!("{id},{own} w{word} w{},{label}\n", word % 7));
    }
    let first = out.lines().nth(1).unwrap().split_once(',').unwrap().1;
    let first = format!("120,{first}\n");
    out + &first
}

fn begun() -> Scratch {
    let scratch = Scratch::new();
    scratch
        .write("dver.toml", TICKETS)
        .write("tickets.csv", table());
    scratch.dver(&["add", "-A"]).ok();
    scratch.dver(&["commit", "-m", "first"]).ok();
    scratch
}

const ISSUES: [&str; 5] = ["find", "label-issues", "HEAD", "--learner", "naive-bayes"];

fn analyses(scratch: &Scratch, clone: &str) -> Vec<Value> {
    let log = scratch.json(&["-C", clone, "log"]);
    log.iter()
        .map(|commit| commit["analyses"].clone())
        .collect()
}

#[test]
fn an_answer_is_attached_told_and_read_again_in_every_format() {
    let scratch = begun();
    let operations = scratch.json(&["op", "log"]).len();
    let fresh = scratch.dver(&ISSUES).ok();
    let found = scratch.json(&ISSUES).len();
    assert!(found >= 4, "{fresh}");
    // Looking keeps nothing; asking for it to be kept does, once.
    assert_eq!(scratch.json(&["op", "log"]).len(), operations);
    let attach = [&ISSUES[..], &["--attach"]].concat();
    let told = scratch.dver(&attach);
    assert!(
        told.err.contains("label issues of tickets are attached to"),
        "{}",
        told.err
    );
    assert_eq!(told.ok(), fresh);
    assert!(scratch.dver(&attach).err.contains("already"));
    assert_eq!(scratch.json(&["op", "log"]).len(), operations + 1);
    // One line wherever evaluations are told.
    let line = format!(
        "tickets: label issues {found} of 121 (confident learning, out-of-fold naive Bayes)"
    );
    for args in [&["show"][..], &["log"], &["eval", "list"]] {
        let told = scratch.dver(args).ok();
        assert!(told.contains(&line), "{args:?}: {told}");
    }
    let listed = scratch.json(&["eval", "list"]).remove(0);
    assert_eq!(listed["kind"], "label-issues");
    assert_eq!(listed["counts"]["found"], found);
    assert_eq!(listed["inputs"]["records"], 121);
    assert_eq!(listed["parameters"]["learner"], "naive-bayes");
    // The records are those of the state: their digest is the sealed one.
    let commit = scratch.json(&["show"]).remove(0);
    assert_eq!(commit["analyses"][0]["found"], found);
    let object = |id: &str| -> Value {
        serde_json::from_str(&scratch.dver(&["cat-object", id]).ok()).unwrap()
    };
    let card = object(commit["scorecard"].as_str().unwrap());
    let state = object(card["datasets"][0]["state"].as_str().unwrap());
    assert_eq!(listed["inputs"]["digest"], state["digest"]);
    // Read again it is what it was, whatever stands in the worktree.
    scratch.write("tickets.csv", "id,text,label\n1,a,b\n");
    scratch.dver(&["gc", "--all"]).ok();
    assert_eq!(scratch.dver(&["find", "attached"]).ok(), fresh);
    for format in ["csv", "jsonl", "label-studio"] {
        let fresh = scratch
            .dver(&[&ISSUES[..], &["--format", format]].concat())
            .ok();
        let again = scratch.dver(&["find", "attached", "--format", format]).ok();
        assert_eq!(again, fresh, "{format}");
    }
    let fresh = scratch
        .dver(&[&ISSUES[..], &["--limit", "2"]].concat())
        .ok();
    let again = scratch
        .dver(&["find", "attached", "HEAD", "--limit", "2"])
        .ok();
    assert_eq!(again, fresh);
    scratch.write("tickets.csv", table());
    // Its numbers are proved from the data.
    let verified = scratch.json(&["verify", "--recompute"]).remove(0);
    assert_eq!(verified["refuted"], json!([]));
    assert_eq!(verified["numbers"]["unprovable"], 0);
    let without = begun().json(&["verify", "--recompute"]).remove(0);
    let numbers = |one: &Value| one["numbers"]["recomputed"].as_u64().unwrap();
    // Five counts, inputs, definition, method and list.
    assert_eq!(numbers(&verified), numbers(&without) + 9);
    // An operation like any other: its work list comes back, and it can be taken back.
    scratch
        .dver(&["find", "attached", "--format", "csv", "-o", "work.csv"])
        .ok();
    scratch.dver(&["apply", "work.csv", "--dry-run"]).ok();
    scratch.remove("work.csv");
    scratch.dver(&["undo"]).ok();
    assert!(scratch.json(&["eval", "list"]).is_empty());
    let none = scratch.dver(&["find", "attached"]).fails(3);
    assert!(none.contains("no analysis is attached"), "{none}");
}

#[test]
fn working_files_carry_nothing() {
    let scratch = begun();
    for args in [
        &["find", "leakage", "--attach"][..],
        &["find", "label-issues", "--attach", "--json"],
    ] {
        let told = scratch.dver(args).fails(2);
        assert!(told.contains("--attach needs a version"), "{told}");
    }
    // Agreement is sealed in scorecards; only lists are attached.
    scratch.dver(&["agree", "HEAD", "--attach"]).fails(2);
}

#[test]
fn imported_probabilities_are_proved_where_a_version_holds_them() {
    let scratch = begun();
    let mut file = "id,billing,delivery\n".to_owned();
    for id in 0..121 {
        let (a, b) = if id % 2 == 0 { (0.9, 0.1) } else { (0.2, 0.8) };
        file.push_str(&format!("{id},{a},{b}\n"));
    }
    scratch.write("p.csv", &file);
    let args = ["find", "label-issues", "HEAD", "--probabilities", "p.csv"];
    let found = scratch.json(&args).len();
    scratch.dver(&[&args[..], &["--attach"]].concat()).ok();
    scratch.remove("p.csv");
    let shown = scratch.dver(&["show"]).ok();
    let line = format!("label issues {found} of 121 (confident learning, probabilities of p.csv)");
    assert!(shown.contains(&line), "{shown}");
    let told = scratch.json(&["eval", "list"]).remove(0);
    assert_eq!(told["imported"]["name"], "p.csv");
    assert_eq!(told["imported"]["size"], file.len());
    // Here nobody can tell where the numbers came from.
    let verified = scratch.json(&["verify", "--recompute"]).remove(0);
    assert_eq!(verified["refuted"], json!([]));
    assert_eq!(verified["numbers"]["unprovable"], 1);
    let why = &verified["not_provable"][0];
    assert_eq!(why["name"], "tickets: find:label-issues");
    assert_eq!(
        why["why"],
        "the probabilities of p.csv are no file of a version here"
    );
    // Once the file is versioned, whatever it is called, they are.
    scratch.write("model/probabilities.csv", &file);
    scratch.dver(&["add", "--no-declare", "model"]).ok();
    scratch.dver(&["commit", "-m", "probabilities"]).ok();
    let verified = scratch.json(&["verify", "HEAD~1", "--recompute"]).remove(0);
    assert_eq!(verified["refuted"], json!([]));
    assert_eq!(verified["numbers"]["unprovable"], 0);
}

#[test]
fn a_lie_is_refuted() {
    use dver::ops::{analysis, verify};

    let scratch = begun();
    scratch.dver(&[&ISSUES[..], &["--attach"]].concat()).ok();
    let actor = dver::repo::Actor {
        identity: None,
        fallback: "a reader".into(),
        clock: dver::base::Clock::System,
        environment: Vec::new(),
        notice: |e| panic!("{e}"),
    };
    let repo = dver::repo::Repo::open(scratch.root(), actor).unwrap();
    let head = repo.resolve("HEAD").unwrap();
    let mut lie = analysis::attached(&repo, &head).unwrap().remove(0);
    let found = lie.analysis.counts["found"];
    lie.analysis.counts.insert("found".to_owned(), found + 1);
    lie.analysis.inputs.digest = "0".repeat(64);
    lie.definition
        .parameters
        .insert("learner".to_owned(), "knn".to_owned());
    let options = verify::VerifyOptions {
        revision: "HEAD".to_owned(),
        ..verify::VerifyOptions::default()
    };
    let quiet = &dver::base::progress::Quiet;
    let mut verified = verify::verify(&repo, &options, quiet).unwrap();
    assert!(verified.holds());
    verify::look_again(&repo, &lie, &mut verified, quiet).unwrap();
    let names: Vec<&str> = verified
        .refuted
        .iter()
        .map(|one| one.name.as_str())
        .collect();
    for name in [
        "tickets: find:label-issues.found",
        "tickets: find:label-issues inputs",
        "tickets: find:label-issues definition",
        "tickets: find:label-issues list",
    ] {
        assert!(names.contains(&name), "{names:?}");
    }
    assert!(!verified.holds());
}

#[test]
fn every_kind_is_attached_and_proved() {
    let scratch = Scratch::new();
    scratch.write(
        "dver.toml",
        "[dataset.t]\npath = \"t.jsonl\"\nformat = \"jsonl\"\nlabel = \"label\"\ntext = \"text\"\nsplit = \"split\"\n",
    );
    let mut lines = String::new();
    for (at, (text, label, split, number)) in [
        ("one two three four five six seven", "a", "train", 1),
        ("one two three four five six seven", "b", "test", 2),
        ("one two three four five six seven eight", "a", "train", 3),
        ("a text of its own that nobody has", "b", "test", 2),
        (
            "another text that is not like any other",
            "a",
            "train",
            4000,
        ),
    ]
    .iter()
    .enumerate()
    {
        let line = json!({"text": text, "label": label, "split": split, "n": number, "at": at % 2});
        lines.push_str(&format!("{line}\n"));
    }
    scratch.write("t.jsonl", lines);
    scratch.dver(&["add", "-A"]).ok();
    scratch.dver(&["commit", "-m", "first"]).ok();
    let kinds: [(&str, &[&str]); 5] = [
        ("label-conflicts", &["label-conflicts", "HEAD"]),
        ("duplicates", &["duplicates", "HEAD"]),
        (
            "near-duplicates",
            &["duplicates", "HEAD", "--near", "--threshold", "0.7"],
        ),
        ("leakage", &["leakage", "HEAD"]),
        (
            "outliers",
            &[
                "outliers", "HEAD", "--field", "n", "--bound", "2", "--where", "n > 0",
            ],
        ),
    ];
    for (kind, args) in kinds {
        let args = [&["find"], args].concat();
        let fresh = scratch.dver(&args).ok();
        scratch.dver(&[&args[..], &["--attach"]].concat()).ok();
        let again = scratch.dver(&["find", "attached", "--kind", kind]).ok();
        assert_eq!(again, fresh, "{kind}");
    }
    let verified = scratch.json(&["verify", "--recompute"]).remove(0);
    assert_eq!(verified["refuted"], json!([]));
    assert_eq!(verified["numbers"]["unprovable"], 0);
    // A work list is of one; which ones there are is said.
    let several = scratch
        .dver(&["find", "attached", "--format", "csv"])
        .fails(3);
    assert!(
        several.contains("several analyses") && several.contains("near-duplicates"),
        "{several}"
    );
    let of = scratch.json(&["eval", "list"]);
    assert_eq!(of.len(), 5);
    let id = of[3]["analysis"].as_str().unwrap();
    let one = scratch.json(&["find", "attached", "--analysis", &id[..10]]);
    assert_eq!(one.len() as u64, of[3]["counts"]["found"].as_u64().unwrap());
    // Records without a key are named by place and id.
    let conflicts = scratch.json(&["find", "attached", "--kind", "label-conflicts"]);
    assert_eq!(
        conflicts,
        scratch.json(&["find", "label-conflicts", "HEAD"])
    );
}

#[test]
fn counts_stand_in_the_log() {
    let scratch = begun();
    let attach = [&ISSUES[..], &["--attach"]].concat();
    scratch.dver(&attach).ok();
    let before = scratch.json(&ISSUES).len();
    scratch
        .dver(&[&ISSUES[..], &["--format", "csv", "-o", "work.csv"]].concat())
        .ok();
    scratch.dver(&["apply", "work.csv"]).ok();
    scratch.remove("work.csv");
    scratch.dver(&["commit", "-am", "applied"]).ok();
    scratch.dver(&attach).ok();
    let after = scratch.json(&ISSUES).len();
    assert!(after < before);
    let log = scratch.json(&["log", "--metric", "find:label-issues"]);
    let metric = |at: usize| log[at]["metrics"][0].clone();
    assert_eq!(metric(0)["value"], after as f64);
    assert_eq!(metric(0)["change"], after as f64 - before as f64);
    assert_eq!(metric(1)["value"], before as f64);
    assert_eq!(metric(1)["change"], Value::Null);
    let log = scratch.json(&["log", "--metric", "find:label-issues.labelled"]);
    assert_eq!(log[0]["metrics"][0]["value"], 121.0);
    let told = scratch.dver(&["log", "--metric", "find:outliers"]).fails(3);
    assert!(
        told.contains("find:label-issues.joint_off_diagonal"),
        "{told}"
    );
}

#[test]
fn analyses_travel_with_their_versions() {
    let scratch = Scratch::empty();
    scratch.dver(&["init", "ann"]).ok();
    scratch
        .write("ann/dver.toml", TICKETS)
        .write("ann/tickets.csv", table());
    for args in [
        &["add", "-A"][..],
        &["commit", "-m", "first"],
        &["remote", "add", "origin", "../shared"],
        &["push"],
    ] {
        scratch.dver(&[&["-C", "ann"], args].concat()).ok();
    }
    scratch.dver(&["clone", "shared", "bob"]).ok();
    let attach = [&["-C", "ann"], &ISSUES[..], &["--attach"]].concat();
    scratch.dver(&attach).ok();
    let told = scratch.dver(&["-C", "ann", "push"]).ok();
    assert!(told.contains("  1 analysis\n"), "{told}");
    let told = scratch.dver(&["-C", "bob", "fetch"]).ok();
    assert!(told.contains("  1 analysis\n"), "{told}");
    scratch.dver(&["clone", "shared", "carl"]).ok();
    let list = |clone: &str| scratch.dver(&["-C", clone, "find", "attached"]).ok();
    for clone in ["bob", "carl"] {
        assert_eq!(analyses(&scratch, clone), analyses(&scratch, "ann"));
        assert_eq!(list(clone), list("ann"));
        scratch.dver(&["-C", clone, "gc", "--all"]).ok();
        scratch.dver(&["-C", clone, "fsck", "--full"]).ok();
        scratch.dver(&["-C", clone, "verify", "--recompute"]).ok();
    }
}

#[test]
fn a_consensus_is_attached_and_proved() {
    let scratch = Scratch::new();
    scratch.write(
        "dver.toml",
        "[dataset.r]\npath = \"r*.csv\"\nkey = [\"id\"]\nlabel = \"label\"\nannotator = \"who\"\nitem = \"doc\"\n",
    );
    let mut files = [
        "id,doc,who,label\n".to_owned(),
        "id,doc,who,label\n".to_owned(),
    ];
    for doc in 0..12 {
        for (at, who) in ["ann", "bob", "eve"].iter().enumerate() {
            let label = if doc % 4 == 1 && at == 2 { "b" } else { "a" };
            let row = format!("{},d{doc},{who},{label}\n", doc * 3 + at);
            files[doc / 6].push_str(&row);
        }
    }
    scratch
        .write("r1.csv", &files[0])
        .write("r2.csv", &files[1]);
    scratch.dver(&["add", "-A"]).ok();
    scratch.dver(&["commit", "-m", "first"]).ok();
    for (method, told) in [("majority", "majority"), ("dawid-skene", "Dawid-Skene")] {
        let args = ["agree", "HEAD", "--consensus", method];
        let fresh = scratch.json(&args);
        assert_eq!(fresh.len(), 3, "{method}");
        scratch.dver(&[&args[..], &["--attach"]].concat()).ok();
        let shown = scratch.dver(&["show"]).ok();
        let line = format!("r: outvoted ratings 3 of 36 ({told})");
        assert!(shown.contains(&line), "{shown}");
        let all = scratch.json(&["eval", "list"]);
        let id = all.last().unwrap()["analysis"].as_str().unwrap();
        let again = scratch.json(&["find", "attached", "--analysis", id]);
        assert_eq!(again, fresh);
    }
    let verified = scratch.json(&["verify", "--recompute"]).remove(0);
    assert_eq!(verified["refuted"], json!([]));
    assert_eq!(verified["numbers"]["unprovable"], 0);
}

#[test]
fn a_list_of_records_that_are_not_there_is_refused() {
    use dver::object::{WorkList, WorkRow};
    use dver::ops::analysis;

    let scratch = begun();
    scratch
        .dver(&["find", "duplicates", "HEAD", "--attach"])
        .ok();
    let actor = dver::repo::Actor {
        identity: None,
        fallback: "a reader".into(),
        clock: dver::base::Clock::System,
        environment: Vec::new(),
        notice: |e| panic!("{e}"),
    };
    let repo = dver::repo::Repo::open(scratch.root(), actor).unwrap();
    let head = repo.resolve("HEAD").unwrap();
    let attached = analysis::attached(&repo, &head).unwrap().remove(0);
    let told = analysis::told(&repo, &attached, None).unwrap();
    assert_eq!(told.found.len(), 1);
    let sealed = WorkList::read(&repo.store, &attached.analysis.list).unwrap();
    let refused = |change: &dyn Fn(&mut WorkRow)| {
        let mut list = sealed.clone();
        change(&mut list.rows[0]);
        let mut writer = repo.store.begin(&scratch.path(".dver/tmp")).unwrap();
        let mut lie = attached.clone();
        lie.analysis.list = list.write(&mut writer).unwrap().unwrap();
        writer.commit().unwrap();
        repo.store.rescan().unwrap();
        let error = analysis::told(&repo, &lie, None).unwrap_err();
        std::error::Error::source(&error).map_or(error.to_string(), ToString::to_string)
    };
    // Another record, one beyond the last, one with a number that has two spellings.
    assert!(refused(&|row| row.place = 7).contains("is not that of the version"));
    assert!(refused(&|row| row.place = u64::MAX).contains("the version has not"));
    for change in [
        (|row: &mut WorkRow| row.place = 0) as fn(&mut WorkRow),
        |row| row.score = "1.0".to_owned(),
        |row| row.method = 9,
        |row| row.key = None,
        |row| row.key = Some(Vec::new()),
    ] {
        let told = refused(&change);
        assert!(told.contains("its rows are not whole"), "{told}");
    }
}
