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
    for args in [
        &["ls", "-l"][..],
        &["branch"],
        &["tag"],
        &["status", "--short"],
        &["diff", "--staged", "--stat"],
    ] {
        let output = scratch.dver(args);
        // Before the first commit `ls` has nothing to list and says so.
        assert!(
            matches!(output.code, Some(0 | 3)),
            "{args:?} {}",
            output.err
        );
        out.push_str(&output.out);
        out.push('\n');
    }
    for (path, bytes) in scratch.files() {
        out.push_str(&format!(
            "file {path} {:?}\n",
            String::from_utf8_lossy(&bytes)
        ));
    }
    // Ids of commits hold the time; everything that they seal does not.
    for commit in scratch.json(&["log"]) {
        for member in ["message", "snapshot", "changes", "scorecard"] {
            out.push_str(&commit[member].to_string());
        }
    }
    out
}

/// Leaves out dver.toml where it is not staged.
fn without_findings(state: &str) -> String {
    let written =
        |line: &&str| !line.starts_with("?? dver.toml") && !line.starts_with("file dver.toml ");
    state.lines().filter(written).collect::<Vec<_>>().join("\n")
}

/// ENOSPC, EIO, EACCES.
const FAILURES: [&str; 3] = ["28", "5", "13"];

/// Runs `command` on copies of `start`, stopping at each of its durable steps in turn.
fn at_every_step(start: &Scratch, command: &[&str], finish: &[&[&str]]) {
    // One thread, so that the steps come in one order; but for what is slow, and then in several.
    let run = |scratch: &Scratch, environment: &[(&str, &str)]| {
        let mut all = vec![("RAYON_NUM_THREADS", "1")];
        all.extend_from_slice(environment);
        scratch.dver_with(command, &all)
    };
    let counted = start.copy();
    let steps_file = counted.path(".dver/steps");
    run(
        &counted,
        &[("DVER_TEST_STEPS", steps_file.to_str().unwrap())],
    )
    .ok();
    let names = fs::read_to_string(&steps_file).unwrap();
    let names: Vec<&str> = names.lines().collect();
    assert!(names.len() >= 5, "{command:?} has durable steps: {names:?}");
    let old = seen(start);
    let new = seen(&counted);
    assert_ne!(old, new, "{command:?} changes something");
    for (step, name) in (1..).zip(&names) {
        let number = step.to_string();
        let code = FAILURES[step % FAILURES.len()];
        for (environment, code) in [
            (vec![("DVER_TEST_CRASH_AT", number.as_str())], None),
            (
                vec![
                    ("DVER_TEST_FAIL_AT", number.as_str()),
                    ("DVER_TEST_FAIL_CODE", code),
                ],
                Some(3),
            ),
        ] {
            let place = format!("{environment:?} ({name}) of {command:?}");
            let scratch = start.copy();
            let output = run(&scratch, &environment);
            if output.code == Some(0) {
                // The failed step was one whose failure loses nothing (the index).
                assert_eq!(seen(&scratch), new, "{place}");
                continue;
            }
            assert_eq!(output.code, code, "{place}: {}{}", output.out, output.err);
            if code.is_some() {
                let told =
                    output.err.starts_with("error: cannot ") && output.err.contains("caused by: ");
                assert!(told, "{place}: {}", output.err);
            }
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
                let (state, old) = (without_findings(&state), without_findings(&old));
                assert_eq!(state, old, "{place}: neither the old nor the new state");
                run(&scratch, &[]).ok();
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

/// Two small commits; HEAD on the second, with an edit and a new file that no version has.
fn edited() -> Scratch {
    let scratch = Scratch::new();
    scratch.write("a.txt", "one").write("dir/b.txt", "one");
    scratch.dver(&["add", "-A"]).ok();
    scratch.dver(&["commit", "-m", "one"]).ok();
    scratch.write("a.txt", "two").write("c.txt", "two");
    scratch.dver(&["add", "-A"]).ok();
    scratch.dver(&["commit", "-m", "two"]).ok();
    scratch
        .write("a.txt", "edited")
        .write("dir/b.txt", "edited");
    scratch
}

const CONTINUE: &[&[&str]] = &[&["checkout", "--continue"]];

#[test]
fn the_first_commit_survives_a_stop_at_every_step() {
    let scratch = Scratch::new();
    scratch.write("labels.csv", labels(30, 0));
    scratch.dver(&["add", "."]).ok();
    at_every_step(&scratch, &["commit", "-m", "first"], &[]);
}

#[test]
fn restore_survives_a_stop_at_every_step() {
    at_every_step(&edited(), &["restore", "."], CONTINUE);
}

/// Forty relabellings that are not staged, and a condition that some of them pass.
fn relabelled() -> Scratch {
    let scratch = Scratch::new();
    scratch.write("labels.csv", labels(200, 0));
    scratch.dver(&["add", "."]).ok();
    scratch.dver(&["commit", "-m", "first"]).ok();
    scratch.write("labels.csv", labels(200, 40));
    scratch
}

const SOME: &str = "key < 100 and change = 'label'";

#[test]
fn taking_some_changes_back_survives_a_stop_at_every_step() {
    let restore = ["restore", "--where", SOME, "labels.csv"];
    at_every_step(&relabelled(), &restore, CONTINUE);
}

#[test]
fn staging_some_changes_survives_a_stop_at_every_step() {
    at_every_step(&relabelled(), &["add", "--where", SOME, "labels.csv"], &[]);
}

#[test]
fn applying_a_list_survives_a_stop_at_every_step() {
    let scratch = relabelled();
    let label = |id: usize| format!("{id},fish\n");
    let list: String = (0..9).map(label).collect();
    scratch.write("list.csv", format!("id,label\n{list}"));
    at_every_step(&scratch, &["apply", "list.csv"], CONTINUE);
}

#[test]
fn a_hard_reset_survives_a_stop_at_every_step() {
    at_every_step(&edited(), &["reset", "--hard", "HEAD~1"], CONTINUE);
}

#[test]
fn rm_and_mv_survive_a_stop_at_every_step() {
    at_every_step(&edited(), &["rm", "--force", "dir"], CONTINUE);
    at_every_step(&edited(), &["mv", "c.txt", "dir"], CONTINUE);
}

#[test]
fn undo_survives_a_stop_at_every_step() {
    let scratch = edited();
    scratch.dver(&["reset", "--hard", "HEAD~1"]).ok();
    at_every_step(&scratch, &["undo"], CONTINUE);
}

#[test]
fn branch_and_tag_survive_a_stop_at_every_step() {
    at_every_step(&edited(), &["branch", "fresh"], &[]);
    at_every_step(&edited(), &["tag", "v1"], &[]);
}

#[test]
fn an_init_that_was_stopped_is_finished_by_another() {
    for (variable, code) in [("DVER_TEST_CRASH_AT", None), ("DVER_TEST_FAIL_AT", Some(3))] {
        let mut stopped = 0;
        for step in 1..100 {
            let scratch = Scratch::empty();
            scratch.write("a", "a");
            let output = scratch.dver_with(&["init"], &[(variable, &step.to_string())]);
            if output.code == Some(0) {
                break;
            }
            stopped += 1;
            assert_eq!(output.code, code, "{variable}={step} {}", output.err);
            let again = scratch.dver(&["init"]);
            if again.code != Some(0) {
                // The very last step failed: the repository was there already.
                assert!(
                    again.err.contains("already"),
                    "{variable}={step} {}",
                    again.err
                );
            }
            scratch.dver(&["add", "a"]).ok();
            scratch.dver(&["commit", "-m", "one"]).ok();
            scratch.dver(&["fsck", "--full"]).ok();
            assert_eq!(scratch.dver(&["op", "log"]).ok().lines().count(), 2);
        }
        assert!(stopped > 5, "{stopped}");
    }
}

/// Names that reach little of what there is, and enough operations that the rest may go.
fn littered() -> Scratch {
    let scratch = Scratch::new();
    scratch
        .write("labels.csv", labels(3000, 0))
        .write("kept.txt", "kept");
    scratch.dver(&["add", "."]).ok();
    scratch.dver(&["commit", "-m", "first"]).ok();
    scratch.dver(&["switch", "-c", "gone"]).ok();
    scratch
        .write("labels.csv", labels(3000, 40))
        .write("lost.txt", "lost");
    scratch.dver(&["add", "."]).ok();
    scratch.dver(&["commit", "-m", "second"]).ok();
    scratch.dver(&["switch", "main"]).ok();
    scratch.dver(&["branch", "-D", "gone"]).ok();
    for n in 0..11 {
        scratch.dver(&["tag", &format!("t{n}")]).ok();
        scratch.dver(&["tag", "-d", &format!("t{n}")]).ok();
    }
    scratch.write("staged.txt", "staged");
    scratch.dver(&["add", "staged.txt"]).ok();
    scratch
}

/// The bytes of all packs.
fn pack_bytes(scratch: &Scratch) -> Vec<(String, u64)> {
    let packs = fs::read_dir(scratch.path(".dver/packs")).unwrap();
    let pack = |entry: std::io::Result<fs::DirEntry>| {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        (name, entry.metadata().unwrap().len())
    };
    let mut packs: Vec<_> = packs.map(pack).collect();
    packs.sort();
    packs
}

#[test]
fn gc_survives_a_stop_at_every_step_and_a_second_one_finishes() {
    let start = littered();
    let seen_before = seen(&start);
    let run = |scratch: &Scratch, environment: &[(&str, &str)]| {
        let mut all = vec![("RAYON_NUM_THREADS", "1")];
        all.extend_from_slice(environment);
        scratch.dver_with(&["gc", "--keep", "0", "--json"], &all)
    };
    let done = start.copy();
    let steps = done.path(".dver/steps");
    run(&done, &[("DVER_TEST_STEPS", steps.to_str().unwrap())]).ok();
    assert_eq!(seen(&done), seen_before);
    let names = fs::read_to_string(&steps).unwrap();
    let names: Vec<&str> = names.lines().collect();
    assert!(names.contains(&"remove") && names.len() > 8, "{names:?}");
    let log = done.dver(&["op", "log", "--all"]).ok();
    for (step, name) in (1..).zip(&names) {
        let number = step.to_string();
        for environment in [
            vec![("DVER_TEST_CRASH_AT", number.as_str())],
            vec![
                ("DVER_TEST_FAIL_AT", number.as_str()),
                ("DVER_TEST_FAIL_CODE", FAILURES[step % FAILURES.len()]),
            ],
        ] {
            let place = format!("{environment:?} ({name})");
            let scratch = start.copy();
            let output = run(&scratch, &environment);
            assert_ne!(output.code, Some(101), "{place}: {}", output.err);
            scratch.dver(&["fsck", "--full"]).ok();
            assert_eq!(seen(&scratch), seen_before, "{place}");
            run(&scratch, &[]).ok();
            let again: serde_json::Value = serde_json::from_str(&run(&scratch, &[]).ok()).unwrap();
            assert_eq!(again["delete"]["objects"], 0, "{place}");
            // The same objects but for times: one pack of one size, and the same log.
            let packs = pack_bytes(&scratch);
            assert_eq!(packs.len(), pack_bytes(&done).len(), "{place}");
            let ids = scratch.dver(&["op", "log", "--all"]).ok();
            assert_eq!(ids.lines().count(), log.lines().count(), "{place}");
            scratch.dver(&["fsck", "--full"]).ok();
            assert_eq!(seen(&scratch), seen_before, "{place}");
        }
    }
}

#[test]
fn merging_packs_survives_a_stop_at_every_step() {
    let scratch = Scratch::new();
    scratch.write("labels.csv", labels(3000, 0));
    scratch.dver(&["add", "."]).ok();
    scratch.dver(&["commit", "-m", "first"]).ok();
    while pack_bytes(&scratch).len() < 12 {
        let n = pack_bytes(&scratch).len();
        scratch.dver(&["tag", &format!("t{n}")]).ok();
    }
    let merged = scratch.copy();
    merged.dver(&["tag", "last"]).ok();
    assert!(
        pack_bytes(&merged).len() < 12,
        "the thirteenth pack is merged with others"
    );
    at_every_step(&scratch, &["tag", "last"], &[]);
}
