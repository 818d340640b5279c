//! Errors as people and scripts meet them: sentence, hint, exit code, `--json`; and the broken
//! pipe, which is none.

use std::io::Read as _;
use std::process::Stdio;

use crate::harness::Scratch;

fn history() -> Scratch {
    let scratch = Scratch::new();
    let mut text = String::from("id,text,label\n");
    for id in 0..20_000 {
        text.push_str(&format!(
            "{id},some text number {id},{}\n",
            ["cat", "dog"][id % 2]
        ));
    }
    scratch.write("labels.csv", text).write("notes.txt", "one");
    scratch.dver(&["add", "."]).ok();
    scratch.dver(&["commit", "-m", "one"]).ok();
    scratch
}

#[test]
fn every_error_has_a_kind_a_sentence_and_the_right_exit_code() {
    let scratch = history();
    scratch.write("dirty", "x");
    // (arguments, exit code, kind, what the sentence or hint names)
    let cases: &[(&[&str], i32, &str, &str)] = &[
        (&["init"], 3, "already_a_repository", "already"),
        (
            &["checkout", "--continue"],
            3,
            "nothing_pending",
            "no unfinished checkout",
        ),
        (&["add", "missing.csv"], 3, "no_such_path", "missing.csv"),
        (&["add", "../outside"], 3, "outside", "not inside"),
        (&["add", "/etc/passwd"], 3, "outside", "not inside"),
        (&["rm", "nothing"], 3, "no_such_path", "nothing"),
        (&["restore", "nothing"], 3, "no_such_path", "nothing"),
        (&["mv", "nothing", "x"], 3, "no_such_path", "nothing"),
        (&["commit", "-m", "x"], 3, "nothing_staged", "dver add"),
        (&["branch", "main"], 3, "exists", "main"),
        (&["switch", "-c", "main"], 3, "exists", "main"),
        (&["switch", "nope"], 3, "no_such_ref", "nope"),
        (&["branch", "-d", "nope"], 3, "no_such_ref", "nope"),
        (
            &["branch", "-d", "main"],
            3,
            "current_branch",
            "dver switch",
        ),
        (&["tag", "-d", "nope"], 3, "no_such_ref", "nope"),
        (&["branch", "a..b"], 2, "bad_name", "a..b"),
        (&["tag", "-x"], 2, "", ""),
        (
            &["blame", "nope", "--key", "1"],
            3,
            "no_such_dataset",
            "labels",
        ),
        (
            &["blame", "labels", "--key", "nope"],
            3,
            "no_such_record",
            "nope",
        ),
        (
            &["quality", "--dataset", "nope"],
            3,
            "no_such_dataset",
            "nope",
        ),
        (&["log", "nope"], 3, "unknown_revision", "nope"),
        (&["log", "mai"], 3, "unknown_revision", "main"),
        (&["show", "HEAD~7"], 3, "no_parent", "HEAD~7"),
        (&["show", "@{x}"], 2, "revision_syntax", "@{x}"),
        (&["cat", "HEAD:nope"], 3, "no_such_path", "nope"),
        (&["cat", "HEAD"], 2, "usage", "REV:PATH"),
        (&["cat-object", "zz"], 3, "unknown_revision", "zz"),
        (
            &["cat-object", &"ab".repeat(32)],
            3,
            "no_such_object",
            "abab",
        ),
        (&["dataset", "show", "nope"], 3, "no_such_dataset", "labels"),
        (&["dataset", "remove", "nope"], 3, "", "nope"),
        (&["dataset", "add", "notes.txt"], 3, "", "notes.txt"),
        (
            &[
                "dataset",
                "add",
                "labels.csv",
                "--name",
                "x",
                "--key",
                "idd",
            ],
            3,
            "no_field",
            "id",
        ),
        (&["sql", "DROP TABLE commits"], 2, "query", "SELECT"),
        (&["sql", "SELECT x FROM nothing"], 3, "query", "nothing"),
        (
            &["log", "--metric", "entorpy"],
            3,
            "no_such_metric",
            "entropy",
        ),
        (&["nonsense"], 2, "", ""),
        (&["log", "--nonsense"], 2, "", ""),
        (&["log", "-n", "x"], 2, "", ""),
        (&["-C", "nowhere", "log"], 3, "io", "nowhere"),
    ];
    let mut wrong = Vec::new();
    for (args, code, kind, named) in cases {
        let output = scratch.dver(args);
        let text_is_right = output.code == Some(*code)
            && output.err.starts_with("error: ")
            && output.err.to_lowercase().contains(&named.to_lowercase());
        if !text_is_right {
            wrong.push(format!(
                "{args:?}: {:?} {}{}",
                output.code, output.out, output.err
            ));
        }
        let mut all = args.to_vec();
        all.push("--json");
        let output = scratch.dver(&all);
        let value =
            serde_json::from_str::<serde_json::Value>(output.err.trim()).unwrap_or_default();
        let json_is_right = output.code == Some(*code)
            && value["error"]["kind"].is_string()
            && (kind.is_empty() || value["error"]["kind"] == *kind)
            && value["error"]["message"].is_string();
        if !json_is_right {
            wrong.push(format!(
                "{all:?}: {:?} {}{}",
                output.code, output.out, output.err
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn outside_a_repository_the_words_say_so() {
    let scratch = Scratch::empty();
    for args in [
        &["log"][..],
        &["status"],
        &["add", "."],
        &["fsck"],
        &["undo"],
    ] {
        let err = scratch.dver(args).fails(3);
        assert!(
            err.contains("not inside a dver repository") && err.contains("dver init"),
            "{err}"
        );
    }
    let fresh = Scratch::new();
    let err = fresh.dver(&["show"]).fails(3);
    assert!(err.contains("dver commit"), "{err}");
}

#[test]
fn a_commit_without_a_name_says_how_to_give_one() {
    let scratch = Scratch::new();
    scratch.write("a", "a");
    scratch.dver(&["add", "a"]).ok();
    let mut command = scratch.command(&["commit", "-m", "x"]);
    command.env_remove("DVER_AUTHOR");
    let err = scratch.run(command).fails(3);
    assert!(
        err.contains("DVER_AUTHOR") && err.contains("git config"),
        "{err}"
    );
}

#[test]
fn a_broken_dver_toml_is_named_and_stops_no_reading_of_bytes() {
    let scratch = history();
    for text in [
        "not toml [",
        "[dataset.x]\npaths = 7\n",
        "[nonsense]\n",
        "\u{0}",
        "[dataset.labels]\nkye = \"id\"\n",
    ] {
        scratch.write("dver.toml", text).write("notes.txt", text);
        for args in [&["status"][..], &["diff"], &["add", "notes.txt"]] {
            let output = scratch.dver(args);
            let told = output.code == Some(0)
                || output.code == Some(3) && output.err.contains("dver.toml");
            assert!(told, "{args:?} {:?} {}", output.code, output.err);
        }
        scratch.dver(&["log"]).ok();
        scratch.dver(&["cat", "HEAD:notes.txt"]).ok();
    }
    scratch.write("dver.toml", b"\xff\xfe\x00");
    let _ = scratch.dver(&["add", "-A"]);
    scratch.dver(&["restore", "."]).ok();
}

/// Reads a little of the output and closes the pipe; returns exit code and stderr.
fn head(scratch: &Scratch, args: &[&str], bytes: usize) -> (Option<i32>, String) {
    let mut command = scratch.command(args);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut out = child.stdout.take().unwrap();
    let mut buffer = vec![0; bytes];
    let _ = out.read(&mut buffer).unwrap();
    drop(out);
    let mut err = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut err)
        .unwrap();
    (child.wait().unwrap().code(), err)
}

#[test]
fn a_broken_pipe_is_quiet() {
    let scratch = history();
    let mut text = String::from("id,text,label\n");
    for id in 0..20_000 {
        text.push_str(&format!(
            "{id},some text number {id},{}\n",
            ["bird", "dog"][id % 2]
        ));
    }
    scratch.write("labels.csv", text);
    for args in [
        &["cat", "HEAD:labels.csv"][..],
        &["diff"],
        &["diff", "--json"],
        &["diff", "--json", "--cells"],
        &[
            "sql",
            "SELECT * FROM meta, commits, label_changes LIMIT 100000",
        ],
        &["log"],
        &["log", "--json"],
        &["status"],
        &["--help"],
        &["completions", "bash"],
    ] {
        for bytes in [0, 10] {
            assert_eq!(
                head(&scratch, args, bytes),
                (Some(0), String::new()),
                "{args:?}"
            );
        }
    }
}

#[test]
fn output_that_cannot_be_written_is_an_error() {
    if !std::path::Path::new("/dev/full").exists() {
        return;
    }
    let scratch = history();
    for args in [&["cat", "HEAD:labels.csv"][..], &["log"], &["ls"]] {
        let mut command = scratch.command(args);
        let full = std::fs::OpenOptions::new()
            .write(true)
            .open("/dev/full")
            .unwrap();
        command.stdout(full);
        let err = scratch.run_inherited(command).fails(3);
        assert!(err.contains("cannot write the output"), "{err}");
    }
}
