//! Hostile worktrees: what stands where, what it is called, and what changes meanwhile.
//!
//! All of it goes through commit, switch, restore, `reset --hard` and `undo` and comes back.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};

use crate::harness::Scratch;

/// Every file below the root with what it is; `.dver` left out.
fn tree(root: &Path) -> BTreeMap<OsString, String> {
    fn visit(root: &Path, dir: &Path, out: &mut BTreeMap<OsString, String>) {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(root).unwrap().as_os_str().to_owned();
            let metadata = fs::symlink_metadata(&path).unwrap();
            if name == ".dver" {
                continue;
            } else if metadata.is_symlink() {
                out.insert(name, format!("link {:?}", fs::read_link(&path).unwrap()));
            } else if metadata.is_dir() {
                visit(root, &path, out);
            } else if metadata.is_file() {
                let executable = metadata.permissions().mode() & 0o111 != 0;
                let bytes = fs::read(&path).unwrap();
                out.insert(
                    name,
                    format!("file {executable} {:?}", OsStr::from_bytes(&bytes)),
                );
            }
        }
    }
    let mut out = BTreeMap::new();
    visit(root, root, &mut out);
    out
}

/// Takes the worktree from version `one` to version `two` and back on every road.
fn travel(one: impl Fn(&Scratch), two: impl Fn(&Scratch)) {
    let scratch = Scratch::new();
    one(&scratch);
    scratch.dver(&["add", "-A"]).ok();
    scratch.dver(&["commit", "-m", "one"]).ok();
    assert_eq!(scratch.dver(&["status", "--short"]).ok(), "");
    let first = tree(scratch.root());
    scratch.dver(&["switch", "-c", "other"]).ok();
    two(&scratch);
    scratch.dver(&["add", "-A"]).ok();
    scratch.dver(&["commit", "-m", "two"]).ok();
    assert_eq!(scratch.dver(&["status", "--short"]).ok(), "");
    let second = tree(scratch.root());
    let is = |expected: &BTreeMap<OsString, String>, after: &str| {
        assert_eq!(&tree(scratch.root()), expected, "after {after}");
    };
    scratch.dver(&["switch", "main"]).ok();
    is(&first, "switch main");
    scratch.dver(&["switch", "other"]).ok();
    is(&second, "switch other");
    scratch.dver(&["undo"]).ok();
    is(&first, "undo of switch");
    scratch.dver(&["undo"]).ok();
    is(&second, "undo of undo");
    scratch.dver(&["restore", "--source", "main", "."]).ok();
    is(&first, "restore --source main");
    scratch.dver(&["undo"]).ok();
    is(&second, "undo of restore");
    scratch.dver(&["reset", "--hard", "main"]).ok();
    is(&first, "reset --hard");
    scratch.dver(&["undo"]).ok();
    is(&second, "undo of reset --hard");
    assert_eq!(scratch.dver(&["status", "--short"]).ok(), "");
}

#[test]
fn directories_and_files_take_each_others_place() {
    travel(
        |s| {
            s.write("a", "a file")
                .write("b/c/d", "deep")
                .write("b/e", "e");
            s.write("x", "x").write("y/z", "z");
        },
        |s| {
            for path in ["a", "b", "x", "y"] {
                s.remove(path);
            }
            s.write("a/b", "below a file").write("b", "above files");
            s.write("x/y/z", "deeper").write("y", "y");
        },
    );
}

#[test]
fn odd_names_survive() {
    let long = "n".repeat(255);
    let names: Vec<Vec<u8>> = [
        "with space",
        " leading and trailing ",
        "caf\u{e9}",
        "cafe\u{301}",
        "new\nline",
        "-rf",
        "--help",
        "tab\tquote\"'`$(x)\\",
        "dir with space/caf\u{e9}/.hidden",
        "...",
        "*?[a]!",
        "#note",
        "C:",
        "\u{202e}txt",
        "\u{1f600}",
        long.as_str(),
    ]
    .iter()
    .map(|name| name.as_bytes().to_vec())
    .chain([
        b"not\xffutf8\xfe".to_vec(),
        b"\xc3".to_vec(),
        b"bell\x07".to_vec(),
    ])
    .collect();
    let write = |s: &Scratch, text: &str| {
        for name in &names {
            let path = s.root().join(OsStr::from_bytes(name));
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, [name.as_slice(), text.as_bytes()].concat()).unwrap();
        }
    };
    travel(|s| write(s, "one"), |s| write(s, "two"));
    // Each name can be given to a command, too.
    let scratch = Scratch::new();
    write(&scratch, "one");
    for name in &names {
        let mut args = [OsStr::new("add"), OsStr::new("--"), OsStr::from_bytes(name)];
        scratch.run(scratch.command(&args)).ok();
        args[0] = OsStr::new("restore");
        fs::remove_file(scratch.root().join(args[2])).unwrap();
        scratch.run(scratch.command(&args)).ok();
        assert!(scratch.root().join(args[2]).exists(), "{:?}", args[2]);
    }
    assert_eq!(
        scratch.json(&["status"])[0]["untracked"],
        serde_json::json!([])
    );
    // No name forges a line of an answer.
    assert_eq!(
        scratch.dver(&["status", "--short"]).ok().lines().count(),
        names.len()
    );
    scratch.dver(&["commit", "-m", "odd"]).ok();
    assert_eq!(scratch.dver(&["ls"]).ok().lines().count(), names.len());
}

#[test]
fn links_and_the_executable_bit_survive() {
    let link = |s: &Scratch, target: &str, name: &str| {
        let path = s.path(name);
        let _ = fs::remove_file(&path);
        symlink(target, path).unwrap();
    };
    let mode = |s: &Scratch, name: &str, mode: u32| {
        fs::set_permissions(s.path(name), fs::Permissions::from_mode(mode)).unwrap();
    };
    travel(
        |s| {
            s.write("file", "f")
                .write("dir/inside", "i")
                .write("run", "#!/bin/sh\n");
            mode(s, "run", 0o755);
            link(s, "file", "to-file");
            link(s, "dir", "to-dir");
            link(s, "nowhere", "dangling");
            link(s, "/etc/passwd", "absolute");
            link(s, "loop", "loop");
            link(s, "../outside", "dir/up");
            s.write("was-file", "now a link later");
            fs::create_dir(s.path("empty")).unwrap();
        },
        |s| {
            mode(s, "run", 0o644);
            mode(s, "file", 0o755);
            link(s, "dir/inside", "to-file");
            link(s, "elsewhere", "dangling");
            s.remove("to-dir");
            s.write("to-dir/real", "a directory where a link was");
            s.remove("loop");
            s.write("loop", "a file where a link was");
            link(s, "file", "was-file");
            link(s, "/etc", "absolute");
        },
    );
}

#[test]
fn nothing_is_written_through_a_link() {
    let scratch = Scratch::new();
    let outside = tempfile::tempdir().unwrap();
    scratch.write("dir/file", "one");
    scratch.dver(&["add", "-A"]).ok();
    scratch.dver(&["commit", "-m", "one"]).ok();
    scratch.remove("dir");
    fs::write(outside.path().join("file"), "theirs").unwrap();
    symlink(outside.path(), scratch.path("dir")).unwrap();
    scratch.dver(&["reset", "--hard"]).ok();
    assert_eq!(fs::read(outside.path().join("file")).unwrap(), b"theirs");
    assert_eq!(scratch.read("dir/file"), b"one");
    scratch.dver(&["undo"]).ok();
    assert_eq!(fs::read_link(scratch.path("dir")).unwrap(), outside.path());
    assert_eq!(fs::read(outside.path().join("file")).unwrap(), b"theirs");
}

#[test]
fn pipes_and_sockets_are_passed_by_and_named_when_asked_for() {
    let scratch = Scratch::new();
    scratch.write("file", "f");
    assert!(
        Command::new("mkfifo")
            .arg(scratch.path("pipe"))
            .status()
            .unwrap()
            .success()
    );
    let _socket = UnixListener::bind(scratch.path("socket")).unwrap();
    let output = scratch.dver(&["add", "."]);
    assert_eq!(output.code, Some(0), "{}", output.err);
    assert!(output.err.contains("pipe"), "{}", output.err);
    let refused = scratch.dver(&["add", "pipe"]).fails(3);
    assert!(refused.contains("pipe"), "{refused}");
    scratch.dver(&["commit", "-m", "one"]).ok();
    assert_eq!(scratch.dver(&["ls"]).ok(), "file\n");
    assert_eq!(
        scratch.json(&["status"])[0]["untracked"],
        serde_json::json!([])
    );
    // A pipe that stands where a version has a file is neither read nor overwritten.
    scratch.remove("file");
    assert!(
        Command::new("mkfifo")
            .arg(scratch.path("file"))
            .status()
            .unwrap()
            .success()
    );
    let refused = scratch.dver(&["reset", "--hard"]).fails(3);
    assert!(refused.contains("file"), "{refused}");
    scratch.remove("file");
    scratch.dver(&["restore", "file"]).ok();
    assert_eq!(scratch.read("file"), b"f");
}

#[test]
fn an_unreadable_file_is_named_and_the_others_are_staged() {
    let scratch = Scratch::empty();
    scratch
        .write("good", "g")
        .write("locked", "l")
        .write("closed/in", "i");
    let set = |name: &str, mode| {
        fs::set_permissions(scratch.path(name), fs::Permissions::from_mode(mode)).unwrap();
    };
    // Root reads everything, so the test then acts as nobody.
    set("locked", 0o000);
    let root = fs::read(scratch.path("locked")).is_ok();
    let run = |args: &[&str]| {
        let mut command = scratch.command(args);
        if root {
            use std::os::unix::process::CommandExt as _;
            command.uid(65534);
        }
        scratch.run(command)
    };
    fs::set_permissions(scratch.root(), fs::Permissions::from_mode(0o777)).unwrap();
    run(&["init"]).ok();
    set("closed", 0o000);
    let err = run(&["add", "."]).fails(3);
    assert!(err.contains("locked") && err.contains("ermission"), "{err}");
    assert!(err.contains("closed"), "{err}");
    run(&["commit", "-m", "what reads"]).ok();
    assert_eq!(run(&["ls"]).ok(), "good\n");
    set("closed", 0o755);
    set("locked", 0o644);
    run(&["add", "."]).ok();
    run(&["commit", "-m", "all"]).ok();
    assert_eq!(run(&["ls"]).ok(), "closed/in\ngood\nlocked\n");
    // A versioned file that nobody can read any more is no deleted file.
    set("closed", 0o000);
    let output = run(&["status", "--short"]);
    assert!(
        !output.out.contains("D closed"),
        "{}{}",
        output.out,
        output.err
    );
    let output = run(&["commit", "-a", "-m", "nothing may go"]);
    assert_ne!(output.code, Some(0), "{}", output.out);
    assert_eq!(run(&["ls"]).ok(), "closed/in\ngood\nlocked\n");
    set("closed", 0o755);
}

/// Adds `log` while a thread keeps changing it; returns what was staged, where something was.
fn add_while(scratch: &Scratch, change: impl Fn(&Path, u64) + Sync) -> Option<Vec<u8>> {
    let stop = AtomicBool::new(false);
    let path = scratch.path("log");
    let output = std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut turn = 0;
            while !stop.load(Ordering::Relaxed) {
                change(&path, turn);
                turn += 1;
            }
        });
        let output = scratch.dver(&["add", "--no-declare", "log", "other"]);
        stop.store(true, Ordering::Relaxed);
        output
    });
    assert!(
        matches!(output.code, Some(0 | 3)),
        "{:?} {}",
        output.code,
        output.err
    );
    let listed = scratch.json(&["status"])[0]["staged"].to_string();
    assert!(
        listed.contains("other"),
        "the others are staged: {listed}{}",
        output.err
    );
    if !listed.contains("\"log\"") {
        assert_eq!(output.code, Some(3));
        assert!(output.err.contains("log"), "{}", output.err);
        return None;
    }
    scratch.dver(&["commit", "-m", "x"]).ok();
    Some(scratch.dver(&["cat", "HEAD:log"]).bytes)
}

#[test]
fn a_file_that_only_grows_is_versioned_as_a_front_of_it() {
    let scratch = Scratch::new();
    scratch
        .write("log", "line\n".repeat(2_000_000))
        .write("other", "o");
    let staged = add_while(&scratch, |path, turn| {
        let mut file = fs::OpenOptions::new().append(true).open(path).unwrap();
        file.write_all(format!("grown {turn}\n").as_bytes())
            .unwrap();
    });
    let staged = staged.expect("a growing file is taken");
    assert!(scratch.read("log").starts_with(&staged));
    assert!(staged.len() >= 10_000_000);
}

#[test]
fn a_file_that_changes_is_one_of_its_states_or_refused() {
    let scratch = Scratch::new();
    let state = |turn: u64| vec![b'a' + u8::try_from(turn % 26).unwrap(); 3_000_000];
    scratch.write("log", state(0)).write("other", "o");
    let staged = add_while(&scratch, |path, turn| fs::write(path, state(turn)).unwrap());
    if let Some(staged) = staged {
        // The writer truncates first, so a short run of one letter is a state of it, too.
        assert!(
            staged.iter().all(|byte| *byte == staged[0]),
            "two states mixed"
        );
    }
}

#[test]
fn a_file_that_comes_and_goes_is_taken_or_passed_by() {
    let scratch = Scratch::new();
    scratch.write("log", "here").write("other", "o");
    for _ in 0..5 {
        scratch.write("log", "here");
        let stop = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    let _ = fs::remove_file(scratch.path("log"));
                    let _ = fs::write(scratch.path("log"), "here");
                }
            });
            for args in [&["add", "."][..], &["status"], &["diff"]] {
                let output = scratch.dver(args);
                assert!(
                    matches!(output.code, Some(0 | 3)),
                    "{args:?} {}",
                    output.err
                );
            }
            stop.store(true, Ordering::Relaxed);
        });
    }
}

#[test]
fn ignore_rules_hold_in_git_syntax() {
    let scratch = Scratch::new();
    scratch
        .write(
            ".dverignore",
            "*.log\n!keep.log\n/build/\n# note\nsub/*.tmp\n\\#odd\n",
        )
        .write("a.log", "")
        .write("keep.log", "")
        .write("build/x", "")
        .write("deep/build/x", "")
        .write("sub/a.tmp", "")
        .write("sub/b.txt", "")
        .write("#odd", "")
        .write("sub/.dverignore", "b.txt\n!*.tmp\n")
        .write("__pycache__/x.pyc", "")
        .write(".git/config", "")
        .write(".DS_Store", "");
    scratch.dver(&["add", "."]).ok();
    scratch.dver(&["commit", "-m", "one"]).ok();
    let expected = ".dverignore\ndeep/build/x\nkeep.log\nsub/.dverignore\nsub/a.tmp\n";
    assert_eq!(scratch.dver(&["ls"]).ok(), expected);
    // A rule never touches what is versioned already, nor ignored files.
    scratch
        .write(".dverignore", "*\n")
        .write("keep.log", "changed");
    assert!(
        scratch
            .dver(&["status", "--short"])
            .ok()
            .contains("keep.log")
    );
    scratch.dver(&["reset", "--hard"]).ok();
    assert_eq!(scratch.read("a.log"), b"");
    assert_eq!(scratch.read("keep.log"), b"");
}

#[test]
fn ignored_files_are_not_lost_to_a_checkout() {
    let scratch = Scratch::new();
    scratch.write("data.txt", "one");
    scratch.dver(&["add", "."]).ok();
    scratch.dver(&["commit", "-m", "one"]).ok();
    scratch.dver(&["switch", "-c", "other"]).ok();
    scratch.write("notes.log", "versioned here");
    scratch.dver(&["add", "."]).ok();
    scratch.dver(&["commit", "-m", "two"]).ok();
    scratch.dver(&["switch", "main"]).ok();
    scratch
        .write(".dverignore", "*.log\n")
        .write("notes.log", "mine, ignored");
    let refused = scratch.dver(&["switch", "other"]).fails(3);
    assert!(refused.contains("notes.log"), "{refused}");
    assert_eq!(scratch.read("notes.log"), b"mine, ignored");
    scratch.dver(&["switch", "-f", "other"]).ok();
    assert_eq!(scratch.read("notes.log"), b"versioned here");
    scratch.dver(&["undo"]).ok();
    assert_eq!(scratch.read("notes.log"), b"mine, ignored");
}

#[test]
fn a_worktree_below_another_directory_is_found_from_within() {
    let scratch = Scratch::new();
    scratch.write("a/b/file", "x");
    let mut command = scratch.command(&["add", "file"]);
    command
        .current_dir(scratch.path("a/b"))
        .stdout(Stdio::piped());
    scratch.run(command).ok();
    assert!(
        scratch
            .dver(&["status", "--short"])
            .ok()
            .contains("a/b/file")
    );
    let mut command = scratch.command(&["add", "../../../elsewhere"]);
    command.current_dir(scratch.path("a/b"));
    let err = scratch.run(command).fails(3);
    assert!(err.contains("not inside the worktree"), "{err}");
}
