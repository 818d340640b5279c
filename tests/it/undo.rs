//! `undo` and the verbs that it takes back: files, stage, branches, and the log of it all.

use serde_json::json;

use crate::harness::Scratch;

/// What people see of a repository, files included.
fn seen(scratch: &Scratch) -> (Vec<(String, Vec<u8>)>, String) {
    let mut text = String::new();
    for args in [
        &["status"][..],
        &["diff", "--staged", "--stat"],
        &["ls", "-l"],
        &["branch"],
        &["tag"],
        &["log", "--oneline"],
    ] {
        let output = scratch.dver(args);
        text.push_str(&format!("{args:?} {:?}\n{}", output.code, output.out));
    }
    (scratch.files(), text)
}

/// Two commits on `main`, a branch at the first one.
fn history() -> Scratch {
    let scratch = Scratch::new();
    scratch
        .write("a.txt", "one")
        .write("dir/b.txt", "one")
        .write("c.txt", "one");
    scratch.dver(&["add", "-A"]).ok();
    scratch.dver(&["commit", "-m", "one"]).ok();
    scratch.dver(&["branch", "old"]).ok();
    scratch.write("a.txt", "two").write("new.txt", "two");
    scratch.remove("c.txt");
    scratch.dver(&["add", "-A"]).ok();
    scratch.dver(&["commit", "-m", "two"]).ok();
    scratch
}

/// Runs a command, undoes it, undoes the undo, and once more.
#[track_caller]
fn there_and_back(scratch: &Scratch, command: &[&str]) {
    let before = seen(scratch);
    scratch.dver(command).ok();
    let after = seen(scratch);
    assert_ne!(before, after, "{command:?} does something");
    scratch.dver(&["undo"]).ok();
    assert_eq!(seen(scratch), before, "undo of {command:?}");
    scratch.dver(&["undo"]).ok();
    assert_eq!(seen(scratch), after, "undo of the undo of {command:?}");
    scratch.dver(&["undo"]).ok();
    assert_eq!(seen(scratch), before, "a third undo after {command:?}");
}

#[test]
fn every_verb_is_taken_back() {
    for command in [
        &["switch", "old"][..],
        &["checkout", "HEAD~1"],
        &["switch", "-c", "fresh"],
        &["switch", "-c", "fresh", "HEAD~1"],
        &["reset", "--soft", "HEAD~1"],
        &["reset", "HEAD~1"],
        &["reset", "--hard", "HEAD~1"],
        &["restore", "--source", "HEAD~1", "."],
        &["restore", "--staged", "--source", "HEAD~1", "."],
        &[
            "restore",
            "--staged",
            "--worktree",
            "--source",
            "old",
            "a.txt",
        ],
        &["rm", "a.txt"],
        &["rm", "dir"],
        &["mv", "a.txt", "moved.txt"],
        &["mv", "a.txt", "dir"],
        &["mv", "dir", "other"],
        &["branch", "fresh"],
        &["branch", "-D", "old"],
        &["tag", "v1"],
    ] {
        there_and_back(&history(), command);
    }
    let scratch = history();
    scratch.dver(&["tag", "v1"]).ok();
    there_and_back(&scratch, &["tag", "-d", "v1"]);
    let scratch = history();
    scratch.write("a.txt", "three");
    scratch.dver(&["add", "a.txt"]).ok();
    there_and_back(&scratch, &["commit", "-m", "three"]);
}

#[test]
fn uncommitted_bytes_come_back() {
    for command in [
        &["restore", "."][..],
        &["restore", "--source", "HEAD~1", "."],
        &["reset", "--hard"],
        &["reset", "--hard", "HEAD~1"],
        &["switch", "-f", "old"],
        &["checkout", "-f", "HEAD~1"],
    ] {
        let scratch = history();
        scratch.write("a.txt", "work that is in no version");
        scratch.remove("dir");
        scratch.write("dir", "a file where a directory was");
        there_and_back(&scratch, command);
        assert_eq!(scratch.read("a.txt"), b"work that is in no version");
        assert_eq!(scratch.read("dir"), b"a file where a directory was");
    }
    let scratch = history();
    scratch.write("a.txt", "work that is in no version");
    let refused = scratch.dver(&["rm", "a.txt"]).fails(3);
    assert!(refused.contains("a.txt"), "{refused}");
    there_and_back(&scratch, &["rm", "--force", "a.txt"]);
}

#[test]
fn what_was_edited_after_an_operation_is_stored_before_undo_overwrites_it() {
    let scratch = history();
    scratch.dver(&["switch", "old"]).ok();
    scratch.write("a.txt", "edited on old");
    scratch.dver(&["undo"]).ok();
    assert_eq!(scratch.read("a.txt"), b"two");
    scratch.dver(&["undo"]).ok();
    assert_eq!(scratch.read("a.txt"), b"edited on old");
}

#[test]
fn undo_takes_hidden_operations_with_it_and_leaves_other_files_alone() {
    let scratch = history();
    let before = seen(&scratch);
    scratch.write("a.txt", "three");
    scratch.dver(&["add", "a.txt"]).ok();
    scratch.dver(&["commit", "-m", "three"]).ok();
    scratch.write("d.txt", "four");
    scratch.dver(&["add", "d.txt"]).ok();
    // The commit goes, and what was staged after it; what was staged for it stays.
    let undone = scratch.json(&["undo"]);
    assert_eq!(undone[0]["verb"], "commit");
    assert_eq!(scratch.read("a.txt"), b"three");
    assert_eq!(scratch.read("d.txt"), b"four");
    let status = &scratch.json(&["status"])[0];
    assert_eq!(
        status["staged"],
        json!([{"path": "a.txt", "status": "modified"}])
    );
    assert_eq!(status["untracked"], json!(["d.txt"]));
    // `add` is hidden: with it as the latest, the visible operation before it is taken back.
    let undone = scratch.json(&["undo"]);
    assert_eq!(undone[0]["verb"], "undo");
    assert_ne!(seen(&scratch), before);
}

#[test]
fn the_first_operation_cannot_be_undone() {
    let scratch = Scratch::new();
    let err = scratch.dver(&["undo"]).fails(3);
    assert!(err.contains("nothing to undo"), "{err}");
    scratch.write("a", "a");
    scratch.dver(&["add", "a"]).ok();
    let _ = scratch.dver(&["undo"]);
    assert_eq!(scratch.read("a"), b"a");
}

#[test]
fn undo_of_the_first_commit_keeps_what_was_staged() {
    let scratch = Scratch::new();
    scratch.write("a", "a");
    scratch.dver(&["add", "a"]).ok();
    there_and_back(&scratch, &["commit", "-m", "one"]);
    assert_eq!(scratch.json(&["status"])[0]["staged"][0]["path"], "a");
}

#[test]
fn the_operation_log_hides_staging_unless_asked() {
    let scratch = history();
    scratch.dver(&["undo"]).ok();
    let verbs = |args: &[&str]| -> Vec<String> {
        let lines = scratch.json(args).into_iter();
        lines
            .map(|line| line["verb"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(
        verbs(&["op", "log"]),
        ["undo", "commit", "branch", "commit", "init"]
    );
    assert_eq!(
        verbs(&["op", "log", "--all"]),
        ["undo", "commit", "add", "branch", "commit", "add", "init"]
    );
    assert_eq!(verbs(&["op", "log", "-n", "2"]), ["undo", "commit"]);
    let line = &scratch.json(&["op", "log"])[0];
    assert_eq!(line["seq"], 7);
    for member in ["operation", "time", "user", "revisions"] {
        assert!(!line[member].is_null(), "{member} in {line}");
    }
    let log = scratch.dver(&["op", "log"]).ok();
    assert!(log.lines().next().unwrap().contains("undo"), "{log}");
}

#[test]
fn restore_tells_stage_and_worktree_apart() {
    let scratch = history();
    scratch.write("a.txt", "staged");
    scratch.dver(&["add", "a.txt"]).ok();
    scratch.write("a.txt", "edited");
    scratch.dver(&["restore", "a.txt"]).ok();
    assert_eq!(scratch.read("a.txt"), b"staged");
    scratch.dver(&["restore", "--staged", "a.txt"]).ok();
    assert_eq!(scratch.read("a.txt"), b"staged");
    let status = &scratch.json(&["status"])[0];
    assert_eq!(status["staged"], json!([]));
    assert_eq!(status["unstaged"][0]["path"], "a.txt");
    scratch.dver(&["restore", "--source", "old", "c.txt"]).ok();
    assert_eq!(scratch.read("c.txt"), b"one");
    // A new file that was only staged: `--staged` leaves it in the worktree.
    scratch.write("fresh", "f");
    scratch.dver(&["add", "fresh"]).ok();
    scratch.dver(&["restore", "--staged", "fresh"]).ok();
    assert_eq!(scratch.read("fresh"), b"f");
    let err = scratch.dver(&["restore", "nothing"]).fails(3);
    assert!(err.contains("nothing"), "{err}");
}

#[test]
fn rm_cached_leaves_the_file() {
    let scratch = history();
    scratch.dver(&["rm", "--cached", "a.txt"]).ok();
    assert_eq!(scratch.read("a.txt"), b"two");
    let status = &scratch.json(&["status"])[0];
    assert_eq!(
        status["staged"],
        json!([{"path": "a.txt", "status": "removed"}])
    );
    assert_eq!(status["untracked"], json!(["a.txt"]));
}

#[test]
fn mv_never_loses_a_file() {
    let scratch = history();
    scratch.write("untracked", "mine");
    for (from, to) in [
        ("a.txt", "a.txt"),
        ("a.txt", "new.txt"),
        ("a.txt", "untracked"),
        ("dir", "dir"),
        ("dir", "dir/inside"),
        ("a.txt", "../out"),
        ("a.txt", ".dver/x"),
        ("nothing", "x"),
        ("a.txt", "new.txt/below"),
    ] {
        let before = seen(&scratch);
        let output = scratch.dver(&["mv", from, to]);
        assert!(
            matches!(output.code, Some(2 | 3)),
            "mv {from} {to}: {}{}",
            output.out,
            output.err
        );
        assert_eq!(seen(&scratch), before, "mv {from} {to}");
    }
    scratch.dver(&["mv", "a.txt", "deep/er/a.txt"]).ok();
    assert_eq!(scratch.read("deep/er/a.txt"), b"two");
    scratch.dver(&["mv", "deep", "dir"]).ok();
    assert_eq!(scratch.read("dir/deep/er/a.txt"), b"two");
    assert!(!scratch.path("deep").exists());
}

#[test]
fn checkout_refuses_to_overwrite_work_and_names_it() {
    let scratch = history();
    scratch
        .write("a.txt", "uncommitted")
        .write("c.txt", "untracked here, versioned there");
    for verb in ["switch", "checkout"] {
        let err = scratch.dver(&[verb, "old"]).fails(3);
        assert!(err.starts_with("error: "), "{err}");
        assert!(
            err.contains("a.txt") && err.contains("c.txt") && err.contains("hint: "),
            "{err}"
        );
        let err = scratch.dver(&[verb, "old", "--json"]).fails(3);
        let value: serde_json::Value = serde_json::from_str(err.trim()).expect(&err);
        assert_eq!(value["error"]["kind"], "dirty_worktree");
        assert!(
            value["error"]["message"]
                .as_str()
                .unwrap()
                .contains("c.txt")
        );
        assert!(value["error"]["hint"].is_string());
    }
    assert_eq!(scratch.read("a.txt"), b"uncommitted");
    assert_eq!(scratch.json(&["status"])[0]["branch"], "main");
    // Changes that both versions share travel along.
    let scratch = history();
    scratch
        .write("dir/b.txt", "edited, equal in both")
        .write("free.txt", "untracked");
    scratch.dver(&["switch", "old"]).ok();
    assert_eq!(scratch.read("dir/b.txt"), b"edited, equal in both");
    assert_eq!(scratch.read("free.txt"), b"untracked");
}

/// Leaves `switch main` pending with both files of the branch still in place.
fn pending() -> Scratch {
    let scratch = Scratch::new();
    scratch
        .write("a.txt", "main a")
        .write("b.txt", "the b of main");
    scratch.dver(&["add", "-A"]).ok();
    scratch.dver(&["commit", "-m", "one"]).ok();
    scratch.dver(&["switch", "-c", "fix"]).ok();
    scratch.write("a.txt", "fix a").write("b.txt", "fix b");
    scratch.dver(&["commit", "-a", "-m", "two"]).ok();
    let mut step = 0;
    loop {
        let copy = scratch.copy();
        step += 1;
        let at = step.to_string();
        let stopped = copy.dver_with(&["switch", "main"], &[("DVER_TEST_CRASH_AT", &at)]);
        assert_ne!(stopped.code, Some(0), "a step leaves the switch pending");
        if copy.json(&["status"])[0]["pending"].is_object() {
            assert_eq!(copy.read("a.txt"), b"fix a");
            return copy;
        }
    }
}

#[test]
fn undo_of_a_continued_checkout_brings_back_what_was_edited_meanwhile() {
    let scratch = pending();
    scratch.write("a.txt", "work of the meantime");
    scratch.dver(&["checkout", "--continue"]).ok();
    assert_eq!(scratch.read("a.txt"), b"main a");
    scratch.dver(&["undo"]).ok();
    assert_eq!(scratch.read("a.txt"), b"work of the meantime");
    assert_eq!(scratch.read("b.txt"), b"fix b");
    assert_eq!(scratch.json(&["status"])[0]["branch"], "fix");
}

#[test]
fn undo_of_a_continued_checkout_does_not_bring_back_torn_files() {
    for torn in [&b"the b"[..], b"", &[0; 9]] {
        let scratch = pending();
        scratch.write("b.txt", torn);
        scratch.dver(&["checkout", "--continue"]).ok();
        assert_eq!(scratch.read("b.txt"), b"the b of main");
        scratch.dver(&["undo"]).ok();
        assert_eq!(scratch.read("b.txt"), b"fix b", "{torn:?}");
    }
}

#[test]
fn undo_brings_dver_toml_back_as_it_was() {
    let table = |label: &str| format!("id,label\n1,{label}\n2,b\n3,a\n4,b\n");
    let scratch = Scratch::new();
    scratch.write("one.csv", table("a"));
    scratch.dver(&["add", "-A"]).ok();
    scratch.dver(&["commit", "-m", "one"]).ok();
    scratch.dver(&["branch", "mark"]).ok();
    // Words that are in no version yet.
    let mut edited = scratch.read("dver.toml");
    edited.extend_from_slice(b"# a note of mine\n");
    scratch.write("dver.toml", &edited);
    scratch.write("sub/other.csv", table("b"));
    scratch.dver(&["add", "sub"]).ok();
    let declared = String::from_utf8(scratch.read("dver.toml")).unwrap();
    assert!(declared.contains("other"), "{declared}");
    scratch.dver(&["undo"]).ok();
    assert_eq!(scratch.read("dver.toml"), edited, "undo of add");
    assert!(scratch.path("sub/other.csv").exists(), "add wrote no data");
    scratch.dver(&["branch", "mark"]).ok();
    scratch.dver(&["dataset", "remove", "one"]).ok();
    assert_ne!(scratch.read("dver.toml"), edited);
    scratch.dver(&["undo"]).ok();
    assert_eq!(scratch.read("dver.toml"), edited, "undo of dataset remove");
}
