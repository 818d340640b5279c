//! Walks: what is found, in which order, and what is left out.

use std::fs;

use super::super::*;
use super::{Files, path};
use crate::object::EntryKind;

fn paths(walked: &Walked) -> Vec<String> {
    walked
        .files
        .iter()
        .map(|file| String::from_utf8_lossy(file.path.as_bytes()).into_owned())
        .collect()
}

#[test]
fn files_come_in_the_order_of_their_paths_bytes() {
    let files = Files::new();
    for name in [
        "a/b",
        "a.b",
        "a b",
        "a/c/d",
        "é",
        "e\u{301}",
        "new\nline",
        "B",
    ] {
        files.write(name, "x");
    }
    let walked = walk(files.root(), &[]).unwrap();
    assert_eq!(
        paths(&walked),
        [
            "B",
            "a b",
            "a.b",
            "a/b",
            "a/c/d",
            "e\u{301}",
            "new\nline",
            "é"
        ]
    );
    assert!(walked.findings.is_empty());
    let within = walk(files.root(), &[path("a"), path("B")]).unwrap();
    assert_eq!(paths(&within), ["B", "a/b", "a/c/d"]);
}

#[test]
fn repositories_and_litter_are_left_out() {
    let files = Files::new();
    for name in [
        ".dver/head",
        ".git/config",
        "sub/.dver/head",
        "sub/.git",
        "x/__pycache__/a.pyc",
        "x/.DS_Store",
        "x/Thumbs.db",
        "x/.ipynb_checkpoints/n",
        ".~lock.data.csv#",
        ".dver-tmp-1",
        ".gitignore",
        "ignored-by-git",
        "kept",
    ] {
        files.write(name, "x");
    }
    files.write(".gitignore", "ignored-by-git\n");
    let walked = walk(files.root(), &[]).unwrap();
    assert_eq!(paths(&walked), [".gitignore", "ignored-by-git", "kept"]);
}

#[test]
fn dverignore_reads_as_gitignore_does() {
    let files = Files::new();
    files.write(
        ".dverignore",
        "# comment\n*.tmp\n/build\nlogs/\n!keep.tmp\n!Thumbs.db\n!.git\n",
    );
    files.write("a/.dverignore", "!b.tmp\nx\n");
    for name in [
        "one.tmp",
        "keep.tmp",
        "build/x",
        "a/build/y",
        "logs/l",
        "a/logs/l",
        "a/b.tmp",
        "a/x",
        "x",
        "Thumbs.db",
        ".git/config",
    ] {
        files.write(name, "x");
    }
    for (name, expected) in [
        ("one.tmp", true),
        ("keep.tmp", false),
        ("build", true),
        ("build/x", true),
        ("a/build/y", false),
        ("a/logs/none", true),
        ("a/b.tmp", false),
        ("a/none.tmp", true),
        ("Thumbs.db", false),
        (".git/config", true),
    ] {
        assert_eq!(is_left_out(files.root(), &path(name)), expected, "{name}");
    }
    let walked = walk(files.root(), &[]).unwrap();
    assert_eq!(
        paths(&walked),
        [
            ".dverignore",
            "Thumbs.db",
            "a/.dverignore",
            "a/b.tmp",
            "a/build/y",
            "keep.tmp",
            "x"
        ]
    );
}

#[test]
fn a_pattern_that_does_not_read_is_a_note() {
    let files = Files::new();
    files.write("a/.dverignore", "[z-a]\n*.tmp\n");
    files.write("a/b.tmp", "x");
    let walked = walk(files.root(), &[]).unwrap();
    assert_eq!(paths(&walked), ["a/.dverignore"]);
    assert_eq!(walked.findings.len(), 1);
    assert_eq!(walked.findings[0].path, path("a/.dverignore"));
    assert!(walked.findings[0].problem.is_note());
}

#[test]
fn a_missing_worktree_is_an_error() {
    let files = Files::new();
    files.write("file", "x");
    for name in ["none", "file"] {
        let error = walk(&files.root().join(name), &[]).unwrap_err();
        assert!(matches!(error, Error::NoWorktree(_)));
    }
}

#[cfg(unix)]
#[test]
fn links_are_recorded_and_never_followed() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    let files = Files::new();
    files.write("d/f", "x");
    files.write("run", "x");
    fs::set_permissions(files.root().join("run"), fs::Permissions::from_mode(0o755)).unwrap();
    symlink("d", files.root().join("to-directory")).unwrap();
    symlink("..", files.root().join("d/up")).unwrap();
    symlink("nowhere", files.root().join("dangling")).unwrap();
    let walked = walk(files.root(), &[]).unwrap();
    let kinds: Vec<EntryKind> = walked.files.iter().map(|file| file.stat.kind).collect();
    assert_eq!(
        paths(&walked),
        ["d/f", "d/up", "dangling", "run", "to-directory"]
    );
    use EntryKind::{Executable, File, Symlink};
    assert_eq!(kinds, [File, Symlink, Symlink, Executable, Symlink]);
}

#[cfg(unix)]
#[test]
fn what_has_no_content_is_a_finding() {
    let files = Files::new();
    files.write("file", "x");
    let _socket = std::os::unix::net::UnixListener::bind(files.root().join("socket")).unwrap();
    let walked = walk(files.root(), &[]).unwrap();
    assert_eq!(paths(&walked), ["file"]);
    assert!(matches!(
        walked.findings[..],
        [Finding {
            problem: Problem::Special("socket"),
            ..
        }]
    ));
}
