//! Models of other programs: a command is given files and writes predictions.
#![cfg(unix)]

use std::time::Instant;

use serde_json::Value;

use crate::eval_run::{declared, texts};
use crate::harness::Scratch;

/// A model as a shell script: looks whether a word is in the line.
const SCRIPT: &str = "#!/bin/sh\n\
    echo training on $(($(wc -l < \"$DVER_TRAIN\") - 1)) records\n\
    { echo id,prediction,confidence\n\
    tail -n +2 \"$DVER_TEST\" | while IFS= read -r line; do\n\
      id=${line%%,*}\n\
      case \"$line\" in\n\
        *kitten*|*purr*|*whisker*|*meow*|*litter*|*claw*) class=cat ;;\n\
        *puppy*|*bark*|*leash*|*fetch*|*kennel*|*bone*) class=dog ;;\n\
        *) class=car ;;\n\
      esac\n\
      echo \"$id,$class,0.9\"\n\
    done; } > \"$DVER_PREDICTIONS\"\n";

fn story(command: &str) -> Scratch {
    let scratch = Scratch::new();
    scratch.write("texts.csv", texts(120));
    scratch.write("model.sh", SCRIPT);
    declare(&scratch, command);
    scratch.dver(&["add", "."]).ok();
    scratch.dver(&["commit", "-m", "first"]).ok();
    scratch
}

fn declare(scratch: &Scratch, command: &str) {
    let evaluation = format!(
        "[eval.m]\ndataset = \"texts\"\nmodel = \"command\"\ntrain = \"split = 'train'\"\n\
         test = \"split = 'test'\"\n{command}\n"
    );
    scratch.write("dver.toml", declared(&evaluation));
}

fn right(told: &Value) -> u64 {
    told["scores"][0]["num"].as_u64().unwrap()
}

#[test]
fn a_command_trains_on_files_and_its_predictions_are_scored() {
    let scratch = story("command = [\"sh\", \"model.sh\"]\ncode = [\"model.sh\"]");
    let told = scratch.json(&["eval", "run", "HEAD"]).remove(0);
    // Two labels are wrong, and so is what contradicts it.
    assert_eq!(told["test"]["records"], 30);
    assert_eq!(right(&told), 28);
    assert!(told["scores"].to_string().contains("\"ece\""));
    let log = scratch.read(".dver/cache/eval/m.log");
    assert_eq!(String::from_utf8(log).unwrap(), "training on 90 records\n");
    // Its code is part of what was asked.
    scratch.write("model.sh", SCRIPT.replace("class=car", "class=dog"));
    let other = scratch.json(&["eval", "run", "HEAD"]).remove(0);
    assert_ne!(told["definition"], other["definition"]);
    assert!(right(&other) < right(&told));
    let definition = scratch
        .dver(&["cat-object", told["definition"].as_str().unwrap()])
        .ok();
    for words in [
        "\"command\":\"[\\\"sh\\\",\\\"model.sh\\\"]\"",
        "\"code model.sh\":",
        "\"format\":\"csv\"",
    ] {
        assert!(definition.contains(words), "{definition}");
    }
    // A corrected test label is scored again without the model.
    scratch.write("model.sh", "exit 9");
    let shown = scratch.json(&["eval", "show"]);
    assert_eq!(right(&shown[0]), right(&told));
}

#[test]
fn a_command_sees_no_label_of_a_test_record() {
    let keep = "cp $DVER_TRAIN train.seen; cp $DVER_TEST test.seen; \
         echo \"$DVER_KEY $DVER_LABEL $DVER_FORMAT\" > names.seen; sh model.sh";
    let scratch = story(&format!("command = {}", serde_json::json!(keep)));
    scratch.dver(&["eval", "run"]).ok();
    let read = |name: &str| String::from_utf8(scratch.read(name)).unwrap();
    assert_eq!(read("names.seen"), "id label csv\n");
    let (train, test) = (read("train.seen"), read("test.seen"));
    assert!(train.starts_with("id,text,label,split,user\n"), "{train}");
    assert!(test.starts_with("id,text,split,user\n"), "{test}");
    assert_eq!((train.lines().count(), test.lines().count()), (91, 31));
    assert!(!test.contains(",cat,") && !test.contains(",dog,") && !test.contains(",car,"));
    // The order is that of the keys, whatever that of the file is.
    let text = texts(120);
    let mut lines: Vec<&str> = text.lines().skip(1).collect();
    lines.reverse();
    scratch.write(
        "texts.csv",
        format!("id,text,label,split,user\n{}\n", lines.join("\n")),
    );
    scratch.dver(&["eval", "run"]).ok();
    assert_eq!((read("train.seen"), read("test.seen")), (train, test));
    // As JSON Lines: what JSON writes as a number is one.
    declare(
        &scratch,
        "command = \"cp {test} test.seen; cut -d: -f2 {test} | cut -d, -f1 | \
         sed 's/.*/{\\\"id\\\":&,\\\"said\\\":\\\"cat\\\"}/' > {predictions}\"\nformat = \"jsonl\"\ncolumn = \"said\"",
    );
    let told = scratch.json(&["eval", "run"]).remove(0);
    assert!(right(&told) > 0);
    let first = read("test.seen").lines().next().unwrap().to_owned();
    let first: Value = serde_json::from_str(&first).unwrap();
    assert!(first["id"].is_u64() && first["text"].is_string() && first.get("label").is_none());
}

#[test]
fn a_command_that_fails_or_takes_too_long_says_so_and_attaches_nothing() {
    let scratch = story("command = \"echo reading; echo no such module: torch >&2; exit 7\"");
    let failed = scratch.dver(&["eval", "run", "HEAD"]).fails(3);
    for words in [
        "the command of `m` failed: it ended with exit code 7",
        "reading\nno such module: torch",
        "m.log",
    ] {
        assert!(failed.contains(words), "{failed}");
    }
    let json = scratch.dver(&["eval", "run", "HEAD", "--json"]).fails(3);
    assert!(json.contains("\"kind\":\"command_failed\""), "{json}");
    for (command, words) in [
        (
            "command = [\"no-such-program-here\"]",
            "cannot start no-such-program-here",
        ),
        ("command = \"true\"", "it wrote no predictions"),
        (
            "command = \"echo id,prediction > {predictions}\"",
            "30 test records have no prediction",
        ),
        (
            "command = \"echo id,guess > {predictions}\"",
            "it has no column `prediction`",
        ),
        (
            "command = \"head -c 5000 /dev/urandom > {predictions}\"",
            "the predictions of m",
        ),
        ("command = \"kill -9 $$\"", "a signal ended it"),
    ] {
        declare(&scratch, command);
        let failed = scratch.dver(&["eval", "run", "HEAD"]).fails(3);
        assert!(failed.contains(words), "{words}: {failed}");
    }
    // What it started is stopped with it.
    declare(
        &scratch,
        "command = \"echo begun; sleep 300; echo ended\"\ntimeout = 1",
    );
    let begun = Instant::now();
    let failed = scratch.dver(&["eval", "run", "HEAD"]).fails(3);
    assert!(begun.elapsed().as_secs() < 60);
    assert!(
        failed.contains("it was stopped after 1 s; it printed last:\nbegun"),
        "{failed}"
    );
    assert!(scratch.json(&["eval", "list"]).is_empty());
}

#[test]
fn evaluations_run_at_a_commit_and_gates_hold_their_scores() {
    let gated = |gates: &str, command: &str| {
        declared(&format!(
            "[gate.texts]\n{gates}\n\n[eval.m]\ndataset = \"texts\"\nmodel = \"command\"\n\
             command = {}\ntrain = \"split = 'train'\"\ntest = \"split = 'test'\"\n\
             when = \"commit\"\nmetrics = [\"accuracy\", \"macro_f1\"]\n",
            serde_json::json!(command)
        ))
    };
    let ratchets = "\"m:accuracy\" = { bound = \">= 0.8\", required = true }\n\
         \"m:accuracy.delta\" = { bound = \">= -0.05\", confidence = 0.95 }\n\
         \"m:macro_f1.delta\" = { bound = \">= -0.05\", confidence = 0.95 }\n\
         \"m:f1.cat\" = { ratchet = \"up\" }";
    let scratch = Scratch::new();
    scratch.write("texts.csv", texts(120));
    scratch.write("model.sh", SCRIPT);
    scratch.write("dver.toml", gated(ratchets, "sh model.sh"));
    scratch.dver(&["add", "."]).ok();
    // The working files are judged before there is a version.
    let check = scratch.json(&["check"]).remove(0);
    let states = |gates: &Value| -> Vec<String> {
        let gates = gates.as_array().unwrap().iter();
        gates
            .map(|gate| gate["state"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(
        states(&check["gates"]),
        ["passed", "unmeasured", "unmeasured", "unmeasured"]
    );
    let told = scratch.json(&["commit", "-m", "first"]).remove(0);
    assert_eq!(told["evaluations"][0]["name"], "m");
    assert_eq!(
        states(&told["gates"]),
        ["passed", "unmeasured", "unmeasured", "unmeasured"]
    );
    // One operation: what takes the commit back takes its evaluation back.
    assert_eq!(scratch.json(&["op", "log"])[0]["verb"], "commit");
    // A model that has become bad is refused, and nothing happens.
    scratch.write("notes.txt", "a change");
    scratch.write("model.sh", SCRIPT.replace("class=cat", "class=dog"));
    scratch.dver(&["add", "."]).ok();
    let before = scratch.json(&["op", "log", "--all"]).len();
    let refused = scratch.dver(&["commit", "-m", "worse", "--json"]);
    assert_eq!(refused.code, Some(1));
    let refused: Value = serde_json::from_str(&refused.out).unwrap();
    let metrics: Vec<&str> = refused["refused"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["metric"].as_str().unwrap())
        .collect();
    assert_eq!(
        metrics,
        [
            "m:accuracy",
            "m:accuracy.delta",
            "m:macro_f1.delta",
            "m:f1.cat"
        ]
    );
    assert_eq!(scratch.json(&["op", "log", "--all"]).len(), before);
    let check = scratch.dver(&["check"]);
    assert_eq!(check.code, Some(1));
    assert!(check.out.contains("m:accuracy.delta"), "{}", check.out);
    // One record worse of 30 is within the interval; without a confidence it is not.
    let one = SCRIPT.replace(
        "case \"$line\" in",
        "case \"$id\" in 3) echo \"$id,none,0.9\"; continue ;; esac\ncase \"$line\" in",
    );
    scratch.write("model.sh", &one);
    scratch.write(
        "dver.toml",
        gated(
            "\"m:accuracy.delta\" = { bound = \">= 0\", confidence = 0.95 }",
            "sh model.sh",
        ),
    );
    scratch.dver(&["add", "."]).ok();
    let told = scratch.dver(&["commit", "-m", "one record worse"]).ok();
    assert!(told.contains("    m:accuracy 0.9"), "{told}");
    assert!(told.contains("    m:macro_f1 0."), "{told}");
    assert!(told.contains("(-0.0333)"), "{told}");
    let check = scratch.json(&["check", "HEAD"]).remove(0);
    assert_eq!(check["gates"][0]["state"], "passed");
    assert!(
        (check["gates"][0]["value"].as_f64().unwrap() + 1.0 / 30.0).abs() < 1e-12,
        "{check}"
    );
    assert!(
        check["gates"][0]["note"]
            .as_str()
            .unwrap()
            .contains("interval"),
        "{check}"
    );
    scratch.write(
        "dver.toml",
        gated("\"m:accuracy.delta\" = \">= 0\"", "sh model.sh"),
    );
    scratch.write("model.sh", one.replace("in 3)", "in 3|7)"));
    scratch.dver(&["add", "."]).ok();
    assert_eq!(
        scratch.dver(&["commit", "-m", "two records worse"]).code,
        Some(1)
    );
    // A command that fails refuses nothing by itself: its gates are unmeasured.
    scratch.write("model.sh", "echo broken; exit 3");
    scratch.dver(&["add", "."]).ok();
    let told = scratch.dver(&["commit", "-m", "no model"]);
    assert!(
        told.err
            .contains("`m` was not evaluated: the command of `m` failed"),
        "{}",
        told.err
    );
    assert!(told.ok().contains("unmeasured"));
    scratch.write(
        "dver.toml",
        gated(
            "\"m:accuracy\" = { bound = \">= 0.1\", required = true }",
            "sh model.sh",
        ),
    );
    scratch.dver(&["add", "."]).ok();
    let refused = scratch.dver(&["commit", "-m", "required"]);
    assert_eq!(refused.code, Some(1));
    assert!(
        refused.out.contains("it ended with exit code 3"),
        "{}",
        refused.out
    );
    // A score that there is not is an error, not a gate that is off.
    scratch.write(
        "dver.toml",
        gated("\"m:acuracy\" = \">= 0.1\"", "sh model.sh"),
    );
    scratch.dver(&["add", "."]).ok();
    let failed = scratch.dver(&["commit", "-m", "typo"]).fails(3);
    assert!(failed.contains("did you mean `m:accuracy`"), "{failed}");
    let log = scratch.dver(&["log"]).ok();
    assert!(log.contains("    m: accuracy 0.9"), "{log}");
    scratch.dver(&["undo"]).ok();
}
