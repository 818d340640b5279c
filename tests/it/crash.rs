//! Crashes and failures at every durable step of the commands that write.
//!
//! Pass 1 counts the steps of a command; then it is run again from the same start for each step,
//! stopping there as the harshest crash would (what is not synced is lost), or failing there. The
//! state afterwards is the old or the new one, or, for commands that write files, `pending`; and
//! the same command, or `--continue`, then succeeds.

use std::fs;

use crate::harness::Scratch;

/// What people see of a repository: files, stage, branches, history.
fn seen(scratch: &Scratch) -> String {
    let mut out = String::new();
    for args in [&["ls", "-l"][..], &["branch"], &["status", "--short"]] {
        out.push_str(&scratch.dver(args).ok());
        out.push('\n');
    }
    // Ids of commits hold the time; everything that they seal does not.
    for commit in scratch.json(&["log"]) {
        for member in ["message", "snapshot", "changes", "scorecard"] {
            out.push_str(&commit[member].to_string());
        }
    }
    out
}

/// Runs `command` on copies of `start`, stopping at each of its durable steps in turn.
fn at_every_step(start: &Scratch, command: &[&str], finish: &[&[&str]]) {
    let counted = start.copy();
    let steps_file = counted.path(".dver/steps");
    let steps = [("DVER_TEST_STEPS", steps_file.to_str().unwrap())];
    counted.dver_with(command, &steps).ok();
    let names = fs::read_to_string(&steps_file).unwrap();
    let count = names.lines().count();
    assert!(count >= 5, "{command:?} has durable steps: {names}");
    let old = seen(start);
    let new = seen(&counted);
    assert_ne!(old, new, "{command:?} changes something");
    for step in 1..=count {
        for (variable, code) in [("DVER_TEST_CRASH_AT", None), ("DVER_TEST_FAIL_AT", Some(3))] {
            let name = names.lines().nth(step - 1).unwrap();
            let place = format!("{variable}={step} ({name}) of {command:?}");
            let scratch = start.copy();
            let output = scratch.dver_with(command, &[(variable, &step.to_string())]);
            if output.code == Some(0) {
                // The failed step was one whose failure loses nothing (the index).
                assert_eq!(seen(&scratch), new, "{place}");
                continue;
            }
            assert_eq!(output.code, code, "{place}: {}{}", output.out, output.err);
            scratch.dver(&["fsck", "--full"]).ok();
            let pending = scratch.json(&["status"])[0]["pending"].is_object();
            let state = seen(&scratch);
            if pending {
                let mut ended = false;
                for args in finish {
                    ended |= scratch.dver(args).code == Some(0);
                }
                assert!(ended, "{place}: pending and {finish:?} fails");
            } else if state != new {
                // `add` may have written its findings down before it staged anything.
                let state = state.replace("?? dver.toml\n", "");
                assert_eq!(state, old, "{place}: neither the old nor the new state");
                scratch.dver(command).ok();
            }
            assert_eq!(seen(&scratch), new, "{place}: the command then succeeds");
        }
    }
}

fn labels(count: usize, changed: usize) -> String {
    let mut text = String::from("id,text,label\n");
    for id in 0..count {
        let label = if id < changed {
            "bird"
        } else {
            ["cat", "dog"][id % 2]
        };
        text.push_str(&format!("{id},some text number {id},{label}\n"));
    }
    text
}

#[test]
fn add_survives_a_stop_at_every_step() {
    let scratch = Scratch::new();
    scratch
        .write("labels.csv", labels(3000, 0))
        .write("notes/read me.txt", "hello\n");
    at_every_step(&scratch, &["add", "."], &[]);
}

#[test]
fn commit_survives_a_stop_at_every_step() {
    let scratch = Scratch::new();
    scratch.write("labels.csv", labels(3000, 0));
    scratch.dver(&["add", "."]).ok();
    scratch.dver(&["commit", "-m", "first"]).ok();
    scratch.write("labels.csv", labels(3000, 40));
    scratch.dver(&["add", "."]).ok();
    at_every_step(&scratch, &["commit", "-m", "second"], &[]);
}

#[test]
fn checkout_survives_a_stop_at_every_step() {
    let scratch = Scratch::new();
    scratch
        .write("labels.csv", labels(3000, 0))
        .write("old/file.txt", "old\n");
    scratch.dver(&["add", "."]).ok();
    scratch.dver(&["commit", "-m", "first"]).ok();
    scratch.dver(&["switch", "-c", "fix"]).ok();
    scratch
        .write("labels.csv", labels(3000, 40))
        .write("new.txt", "new\n");
    scratch.remove("old");
    scratch.dver(&["add", "-A"]).ok();
    scratch.dver(&["commit", "-m", "second"]).ok();
    at_every_step(
        &scratch,
        &["switch", "main"],
        &[&["checkout", "--continue"]],
    );
}

#[test]
fn an_interrupted_checkout_can_go_back() {
    let scratch = Scratch::new();
    scratch.write("a.txt", "one\n").write("b.txt", "one\n");
    scratch.dver(&["add", "."]).ok();
    scratch.dver(&["commit", "-m", "first"]).ok();
    scratch.dver(&["switch", "-c", "fix"]).ok();
    scratch.write("a.txt", "two\n").write("b.txt", "two\n");
    scratch.dver(&["commit", "-a", "-m", "second"]).ok();
    let before = scratch.files();
    let mut interrupted = 0;
    for step in 1..60 {
        let scratch = scratch.copy();
        let step = step.to_string();
        let output = scratch.dver_with(&["switch", "main"], &[("DVER_TEST_CRASH_AT", &step)]);
        if output.code == Some(0) {
            break;
        }
        if scratch.json(&["status"])[0]["pending"].is_object() {
            interrupted += 1;
            let refused = scratch.dver(&["commit", "-m", "x"]).fails(3);
            assert!(refused.contains("dver checkout --continue"), "{refused}");
            scratch.dver(&["checkout", "--abort"]).ok();
            assert_eq!(scratch.files(), before);
            assert_eq!(scratch.json(&["status"])[0]["branch"], "fix");
        }
    }
    assert!(interrupted > 2, "some steps leave the checkout pending");
}
