//! The index is derived: whatever becomes of it, answers and rows stay the same.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use crate::harness::Scratch;

/// The documented tables (docs/index.md) but `stat_cache`, which notes when this machine looked at files.
fn tables() -> Vec<String> {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/index.md");
    let page = fs::read_to_string(page).unwrap();
    let names = page.lines().filter_map(|line| line.strip_prefix("## `"));
    let names: Vec<_> = names
        .filter(|name| !name.starts_with("stat_cache"))
        .map(|name| name.trim_end_matches('`').to_owned())
        .collect();
    assert!(names.len() >= 8, "{names:?}");
    names
}

/// Every row of every documented table.
fn dump(scratch: &Scratch) -> String {
    let mut out = String::new();
    for table in tables() {
        let mut rows: Vec<String> = scratch
            .json(&["sql", &format!("SELECT * FROM {table}")])
            .iter()
            .map(ToString::to_string)
            .collect();
        rows.sort();
        out.push_str(&format!("{table}\n{}\n", rows.join("\n")));
    }
    out
}

const LOOKS: [&[&str]; 14] = [
    &["log"],
    &["log", "--json", "--labels", "--metric", "records"],
    &["log", "--dataset", "labels", "--label-from", "cat"],
    &["log", "--key", "3", "--dataset", "labels"],
    &["blame", "labels", "--key", "3"],
    &["blame", "labels", "--key", "3", "--json"],
    &["diff"],
    &["diff", "--staged"],
    &["diff", "HEAD~1", "HEAD", "--json"],
    &["quality"],
    &["quality", "HEAD", "--json"],
    &["schema", "HEAD"],
    &["status"],
    &["status", "--json"],
];

fn looks(scratch: &Scratch) -> String {
    let mut out = String::new();
    for args in LOOKS {
        let output = scratch.dver(args);
        assert_eq!(output.code, Some(0), "{args:?} {}", output.err);
        out.push_str(&format!("{args:?}\n{}", output.out));
    }
    out
}

/// Commits, a branch, a tag, an undone commit; then content that is only staged, and an edit.
fn history() -> Scratch {
    let scratch = Scratch::new();
    let write = |changed: usize, columns: &str| {
        let mut text = format!("id,text,label{columns}\n");
        for id in 0..300 {
            let label = if id < changed {
                "bird"
            } else {
                ["cat", "dog"][id % 2]
            };
            text.push_str(&format!("{id},some text {id},{label}{columns}\n"));
        }
        scratch.write("labels.csv", text);
    };
    let commit = |message: &str| {
        scratch.dver(&["add", "-A"]).ok();
        scratch.dver(&["commit", "-m", message]).ok();
    };
    write(0, "");
    commit("one");
    scratch.dver(&["tag", "v1"]).ok();
    scratch.dver(&["switch", "-c", "side"]).ok();
    write(5, "");
    commit("side");
    scratch.dver(&["switch", "main"]).ok();
    write(7, "");
    commit("two");
    write(9, "");
    commit("undone");
    scratch.dver(&["undo"]).ok();
    scratch.dver(&["reset", "--hard"]).ok();
    write(12, ",extra");
    commit("three");
    write(20, ",extra");
    scratch.dver(&["add", "labels.csv"]).ok();
    write(30, ",extra");
    scratch
}

fn delete_index(scratch: &Scratch) {
    for name in ["index.sqlite", "index.sqlite-wal", "index.sqlite-shm"] {
        let _ = fs::remove_file(scratch.path(&format!(".dver/{name}")));
    }
}

/// Compares line by line, so that a failure shows what differs.
#[track_caller]
fn same(found: &str, expected: &str) {
    for (found, expected) in found.lines().zip(expected.lines()) {
        assert_eq!(found, expected);
    }
    assert_eq!(found.len(), expected.len());
}

#[test]
fn a_deleted_index_changes_no_answer() {
    let scratch = history();
    let (before, rows) = (looks(&scratch), dump(&scratch));
    delete_index(&scratch);
    same(&looks(&scratch), &before);
    same(&dump(&scratch), &rows);
    // Also when it goes before each single look.
    for args in LOOKS {
        let expected = scratch.dver(args).ok();
        delete_index(&scratch);
        assert_eq!(scratch.dver(args).ok(), expected, "{args:?}");
    }
    scratch.dver(&["reindex"]).ok();
    same(&dump(&scratch), &rows);
    delete_index(&scratch);
    scratch
        .dver(&["commit", "-m", "staged without an index"])
        .ok();
    assert_eq!(
        scratch.json(&["log", "-n", "1"])[0]["datasets"][0]["relabelled"],
        8
    );
}

#[test]
fn an_index_that_is_none_is_replaced() {
    let scratch = history();
    let before = looks(&scratch);
    let foreign = {
        // A database of another program.
        let other = scratch.path("other.sqlite");
        let made = std::process::Command::new("sqlite3")
            .arg(&other)
            .arg("CREATE TABLE t(x); INSERT INTO t VALUES(1);")
            .status();
        let bytes = fs::read(&other).ok().filter(|_| made.is_ok());
        let _ = fs::remove_file(&other);
        bytes
    };
    let good = scratch.read(".dver/index.sqlite");
    let mut middle = good.clone();
    let half = middle.len() / 2;
    middle[100..half].fill(0x5a);
    let garbage = [
        Some(b"not a database at all".to_vec()),
        Some(Vec::new()),
        Some(vec![0xff; 100_000]),
        Some(good[..half].to_vec()),
        Some(middle),
        foreign,
    ];
    for bytes in garbage.into_iter().flatten() {
        delete_index(&scratch);
        scratch.write(".dver/index.sqlite", &bytes);
        let after = looks(&scratch);
        assert!(after == before, "{} bytes: {after}", bytes.len());
    }
    delete_index(&scratch);
    fs::create_dir(scratch.path(".dver/index.sqlite")).unwrap();
    assert!(
        looks(&scratch) == before,
        "a directory in the index's place"
    );
    fs::remove_dir(scratch.path(".dver/index.sqlite")).unwrap();
    // A log of another database beside it.
    scratch.dver(&["reindex"]).ok();
    scratch.write(".dver/index.sqlite-wal", vec![7; 5000]);
    assert!(looks(&scratch) == before, "a foreign log");
}

#[test]
fn readers_need_no_leave_to_write() {
    let scratch = history();
    let before = looks(&scratch);
    let walk = |mode: u32, file: u32| {
        let mut open = vec![scratch.root().to_owned()];
        while let Some(dir) = open.pop() {
            // A directory is opened before it is read, whatever it is going to be.
            fs::set_permissions(&dir, fs::Permissions::from_mode(0o755)).unwrap();
            for entry in fs::read_dir(&dir).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    open.push(path);
                } else {
                    fs::set_permissions(&path, fs::Permissions::from_mode(file)).unwrap();
                }
            }
            fs::set_permissions(&dir, fs::Permissions::from_mode(mode)).unwrap();
        }
    };
    let root = fs::metadata("/root").is_ok() && fs::read_dir("/root").is_ok();
    let run = |args: &[&str]| {
        let mut command = scratch.command(args);
        if root {
            use std::os::unix::process::CommandExt as _;
            command.uid(65534);
        }
        scratch.run(command)
    };
    for index in [true, false] {
        if !index {
            walk(0o755, 0o644);
            delete_index(&scratch);
        }
        walk(0o555, 0o444);
        let mut out = String::new();
        for args in LOOKS {
            let output = run(args);
            assert_eq!(output.code, Some(0), "{args:?} {}", output.err);
            out.push_str(&format!("{args:?}\n{}", output.out));
        }
        assert!(out == before, "index there: {index}");
        let err = run(&["commit", "-m", "no"]).fails(3);
        assert!(
            err.contains("ermission denied") && err.contains(".dver"),
            "{err}"
        );
        run(&["fsck", "--full"]).ok();
    }
    walk(0o755, 0o644);
}

#[test]
fn an_index_that_fails_stops_no_command() {
    // Random pages: the file opens, and some of its tables do not read.
    for first in [1, 3] {
        let scratch = history();
        let expected = looks(&scratch);
        let path = scratch.path(".dver/index.sqlite");
        for name in ["index.sqlite-wal", "index.sqlite-shm"] {
            let _ = fs::remove_file(scratch.path(&format!(".dver/{name}")));
        }
        let mut bytes = fs::read(&path).unwrap();
        bytes[4096 * first..4096 * (first + 3)]
            .iter_mut()
            .for_each(|byte| *byte = byte.wrapping_mul(31) ^ 0x5a);
        fs::write(&path, bytes).unwrap();
        let reset = scratch.dver(&["reset", "--hard"]);
        assert!(reset.err.contains("note: the index"), "{}", reset.err);
        reset.ok();
        scratch.dver(&["undo"]).ok();
        same(&looks(&scratch), &expected);
    }
}
