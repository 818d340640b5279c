//! Damaged repositories: `fsck` names what is damaged and who needs it; no other command gives
//! wrong bytes or panics.

use std::fs;

use crate::harness::{Output, Scratch};

/// Two commits on `main`, with a table and a small file.
pub(crate) fn history() -> Scratch {
    let scratch = Scratch::new();
    let labels = |changed: usize| {
        let mut text = String::from("id,text,label\n");
        for id in 0..3000 {
            let label = if id < changed {
                "bird"
            } else {
                ["cat", "dog"][id % 2]
            };
            text.push_str(&format!("{id},some text number {id},{label}\n"));
        }
        text
    };
    scratch
        .write("labels.csv", labels(0))
        .write("notes.txt", "one");
    scratch.dver(&["add", "."]).ok();
    scratch.dver(&["commit", "-m", "one"]).ok();
    scratch
        .write("labels.csv", labels(40))
        .write("notes.txt", "two");
    scratch.dver(&["add", "."]).ok();
    scratch.dver(&["commit", "-m", "two"]).ok();
    scratch
}

pub(crate) fn packs(scratch: &Scratch) -> Vec<String> {
    let listed = fs::read_dir(scratch.path(".dver/packs")).unwrap();
    let mut names: Vec<String> = listed
        .map(|entry| {
            format!(
                ".dver/packs/{}",
                entry.unwrap().file_name().to_str().unwrap()
            )
        })
        .collect();
    names.sort();
    names
}

/// What looks at a repository without changing it.
const LOOKS: [&[&str]; 13] = [
    &["log"],
    &["log", "--labels", "--json"],
    &["show"],
    &["status"],
    &["diff", "HEAD~1", "HEAD"],
    &["quality", "HEAD"],
    &["blame", "labels", "--key", "3"],
    &["ls", "-l"],
    &["op", "log", "--all"],
    &["cat", "HEAD:labels.csv"],
    &["cat", "HEAD~1:labels.csv"],
    &["cat", "HEAD:notes.txt"],
    &["cat", "HEAD~1:notes.txt"],
];

/// The answers of a sound repository.
pub(crate) fn answers(sound: &Scratch) -> Vec<Vec<u8>> {
    let answer = |args: &&[&str]| {
        let output = sound.dver(args);
        assert_eq!(output.code, Some(0), "{args:?} {}", output.err);
        output.bytes
    };
    LOOKS.iter().map(answer).collect()
}

/// Looks at a damaged repository with every command: right answers, or damage told.
fn nothing_wrong_comes_out(scratch: &Scratch, answers: &[Vec<u8>], what: &str) {
    for (args, answer) in LOOKS.iter().zip(answers) {
        let output = scratch.dver(args);
        let right = match output.code {
            Some(0) => output.bytes == *answer,
            Some(4) => {
                let told = output.err.contains("error") && output.err.contains("fsck");
                // What came out before the damage was met is right, too.
                told && (args[0] != "cat" || answer.starts_with(&output.bytes))
            }
            _ => false,
        };
        assert!(
            right,
            "{what}: {args:?} {:?} {}{}",
            output.code, output.out, output.err
        );
    }
    let before = scratch.files();
    for args in [
        &["checkout", "HEAD~1"][..],
        &["restore", "--source", "main~1", "."],
        &["undo"],
    ] {
        let output: Output = scratch.dver(args);
        if output.code != Some(0) {
            // The checkout before may have begun and met the damage: then it is pending.
            let pending = output.code == Some(3) && output.err.contains("checkout --abort");
            assert!(
                output.code == Some(4) || pending,
                "{what}: {args:?} {}",
                output.err
            );
            let now = scratch.files();
            let old = |file: &(String, Vec<u8>)| {
                before.contains(file) || file.1 == b"one" || file.1.starts_with(b"id,")
            };
            assert!(now.iter().all(old), "{what}: {args:?} left something torn");
        }
    }
}

#[test]
fn each_damaged_pack_is_named_and_gives_no_wrong_bytes() {
    let sound = history();
    // What is told of a sound repository does not depend on the worktree being clean.
    let (names, answers) = (packs(&sound), answers(&sound));
    assert!(names.len() >= 4, "{names:?}");
    let (mut commits_named, mut paths_named) = (0, 0);
    for name in &names {
        let bytes = sound.read(name);
        let mut kinds: Vec<(String, Option<Vec<u8>>)> = vec![
            ("removed".into(), None),
            ("empty".into(), Some(Vec::new())),
            ("half".into(), Some(bytes[..bytes.len() / 2].to_vec())),
            (
                "one byte short".into(),
                Some(bytes[..bytes.len() - 1].to_vec()),
            ),
            ("longer".into(), Some([&bytes[..], b"x"].concat())),
        ];
        for part in 0..4 {
            let mut flipped = bytes.clone();
            let at = (bytes.len() - 1) * part / 3;
            flipped[at] ^= 1 << part;
            kinds.push((format!("bit {part} of byte {at} flipped"), Some(flipped)));
        }
        for (kind, damaged) in kinds {
            let what = format!("{name} {kind}");
            let scratch = sound.copy();
            scratch.damaged();
            let place = scratch.path(name);
            fs::remove_file(&place).unwrap();
            damaged
                .iter()
                .for_each(|bytes| fs::write(&place, bytes).unwrap());
            let output = scratch.dver(&["fsck", "--full", "--json"]);
            assert_eq!(output.code, Some(1), "{what}: {}{}", output.out, output.err);
            let report: serde_json::Value = serde_json::from_str(&output.out).unwrap();
            let found = report["damaged"].as_array().unwrap();
            assert!(!found.is_empty(), "{what}");
            for finding in found {
                assert!(
                    finding["kind"].is_string() && finding["repair"].is_string(),
                    "{finding}"
                );
                for need in finding["needed_by"].as_array().unwrap() {
                    commits_named += usize::from(need["commit"].is_string());
                    paths_named += usize::from(need["path"] == "labels.csv");
                }
            }
            let text = scratch.dver(&["fsck", "--full"]);
            assert_eq!(text.code, Some(1), "{what}: {}", text.err);
            assert!(
                text.out.contains("damaged ") && text.out.contains("repair: "),
                "{}",
                text.out
            );
            let quick = scratch.dver(&["fsck"]);
            assert!(matches!(quick.code, Some(0 | 1)), "{what}: {}", quick.err);
            nothing_wrong_comes_out(&scratch, &answers, &what);
        }
    }
    assert!(
        commits_named > 0 && paths_named > 0,
        "{commits_named} {paths_named}"
    );
}

#[test]
fn a_damaged_repository_without_its_index_gives_no_wrong_bytes() {
    let sound = history();
    let answers = answers(&sound);
    for name in packs(&sound) {
        let scratch = sound.copy();
        scratch.damaged();
        scratch.remove(&name);
        scratch.remove(".dver/index.sqlite");
        nothing_wrong_comes_out(&scratch, &answers, &name);
    }
}

#[test]
fn a_lost_or_torn_head_is_restored() {
    let sound = history();
    let head = sound.read(".dver/head");
    let torn: [Option<Vec<u8>>; 6] = [
        None,
        Some(Vec::new()),
        Some(head[..20].to_vec()),
        Some(b"zz".repeat(32)),
        Some(b"\xff\xfe".to_vec()),
        Some(vec![b'a'; 10_000]),
    ];
    for bytes in torn {
        let scratch = sound.copy();
        scratch.damaged();
        scratch.remove(".dver/head");
        bytes.iter().for_each(|bytes| {
            let _ = scratch.write(".dver/head", bytes);
        });
        for args in [&["log"][..], &["status"], &["commit", "-m", "x"], &["undo"]] {
            let err = scratch.dver(args).fails(4);
            assert!(err.contains("dver fsck --restore-head"), "{err}");
        }
        let output = scratch.dver(&["fsck"]);
        assert_eq!(output.code, Some(1), "{}{}", output.out, output.err);
        assert!(
            output.out.contains("dver fsck --restore-head"),
            "{}",
            output.out
        );
        scratch.dver(&["fsck", "--restore-head"]).ok();
        assert_eq!(scratch.read(".dver/head"), head);
        assert_eq!(scratch.dver(&["log"]).ok(), sound.dver(&["log"]).ok());
        scratch.dver(&["fsck", "--full"]).ok();
    }
}

#[test]
fn a_head_that_names_no_operation_is_told_and_restored() {
    let sound = history();
    let head = sound.read(".dver/head");
    let commit = sound.json(&["log"])[0]["commit"]
        .as_str()
        .unwrap()
        .to_owned();
    let content = sound.json(&["ls"])[0]["content"]
        .as_str()
        .unwrap()
        .to_owned();
    for id in [commit, content, "0".repeat(64), "f".repeat(64)] {
        let scratch = sound.copy();
        scratch.damaged();
        scratch.write(".dver/head", format!("{id}\n"));
        for args in [&["log"][..], &["status"], &["commit", "-m", "x"]] {
            let err = scratch.dver(args).fails(4);
            assert!(err.contains("dver fsck --restore-head"), "{err}");
        }
        let output = scratch.dver(&["fsck"]);
        assert_eq!(output.code, Some(1), "{}{}", output.out, output.err);
        scratch.dver(&["fsck", "--restore-head"]).ok();
        assert_eq!(scratch.read(".dver/head"), head);
    }
}

#[test]
fn a_repository_of_the_future_is_refused_by_name() {
    let scratch = history();
    let version = String::from_utf8(scratch.read(".dver/VERSION")).unwrap();
    scratch.damaged();
    scratch.write(
        ".dver/VERSION",
        format!("{version}required time-travel\nrequired warp\n"),
    );
    for args in [
        &["log"][..],
        &["add", "."],
        &["fsck"],
        &["fsck", "--restore-head"],
    ] {
        let err = scratch.dver(args).fails(3);
        assert!(err.contains("time-travel") && err.contains("warp"), "{err}");
    }
    scratch.write(".dver/VERSION", format!("{version}optional shiny\n"));
    scratch.dver(&["log"]).ok();
    scratch.write(".dver/VERSION", "dver repository format 99\n");
    let err = scratch.dver(&["log"]).fails(3);
    assert!(err.contains("format 99"), "{err}");
    for bytes in [&b""[..], b"\xff\xff", b"something else\n"] {
        scratch.write(".dver/VERSION", bytes);
        let err = scratch.dver(&["log"]).fails(3);
        assert!(err.contains("VERSION"), "{err}");
    }
    scratch.write(".dver/VERSION", version);
    scratch.dver(&["fsck"]).ok();
}
