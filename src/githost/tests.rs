//! Lock files, hooks, and a real git repository.

#![allow(clippy::disallowed_methods)] // tests write files

use std::fs;
use std::process::Command;

use super::*;
use crate::base::ObjectId;

#[test]
fn a_lock_is_one_line_and_anything_else_is_told() {
    let lock = Lock {
        commit: ObjectId::of(b"x"),
    };
    let text = lock.to_text();
    assert_eq!(Lock::parse(text.as_bytes()).unwrap(), lock);
    for wrong in [
        "",
        "commit = 1\n",
        "commit = \"ab\"\n",
        &format!("{text}{text}"),
    ] {
        assert!(Lock::parse(wrong.as_bytes()).is_err(), "{wrong:?}");
    }
    let conflict = format!("<<<<<<< ours\n{text}=======\n{text}>>>>>>> theirs\n");
    let error = Lock::parse(conflict.as_bytes()).unwrap_err();
    assert!(error.to_string().contains("conflict"), "{error}");
}

#[test]
fn git_tells_where_it_is_and_what_its_commits_hold() {
    let scratch = tempfile::tempdir().unwrap();
    let root = scratch.path().canonicalize().unwrap();
    assert!(Git::find(&root).unwrap().is_none());
    assert!(
        Command::new("git")
            .arg("-C")
            .arg(&root)
            .args(["init", "-q"])
            .status()
            .unwrap()
            .success()
    );
    fs::create_dir(root.join("sub dir")).unwrap();
    fs::write(root.join("sub dir/a"), "content").unwrap();
    let git = Git::find(&root.join("sub dir")).unwrap().unwrap();
    assert_eq!(git.top(), root);
    assert_eq!(git.common().canonicalize().unwrap(), root.join(".git"));
    git.run(&["add", "-A"]).unwrap();
    git.run(&[
        "-c",
        "user.name=A",
        "-c",
        "user.email=a@b",
        "commit",
        "-qm",
        "one",
    ])
    .unwrap();
    let commit = git.resolve("HEAD").unwrap().unwrap();
    assert_eq!(commit.len(), 40);
    assert_eq!(
        git.file_at(&commit, Path::new("sub dir/a"))
            .unwrap()
            .unwrap(),
        b"content"
    );
    assert_eq!(git.file_at(&commit, Path::new("b")).unwrap(), None);
    assert_eq!(git.resolve("nothing").unwrap(), None);
    assert!(git.run(&["no-such-verb"]).is_err());
}

#[test]
fn only_scripts_of_the_shell_get_a_block() {
    let place = |text: &[u8]| script::place_in(text, true);
    for good in [
        "#!/bin/sh\nexit\n",
        "#! /usr/bin/env -S bash -e\n",
        "#!/usr/local/bin/dash -x\nexit",
    ] {
        let at = place(good.as_bytes()).unwrap();
        assert_eq!(good.as_bytes()[at - 1], b'\n', "{good}");
    }
    for bad in [
        &b"#!/bin/sh"[..],
        b"#!/bin/sh\r\nexit\r\n",
        b"#!/usr/bin/env python3\n",
        b"#!\n",
        b"#",
        b"",
        b"echo\n",
        b"#!/bin/sh\n\xff\n",
        b"\x7fELF\0",
    ] {
        assert_eq!(place(bad), None, "{}", String::from_utf8_lossy(bad));
    }
    assert_eq!(script::place_in(b"echo\n", false), Some(0));
}

#[test]
fn what_git_is_in_the_middle_of_is_seen() {
    let scratch = tempfile::tempdir().unwrap();
    let root = scratch.path().canonicalize().unwrap();
    assert_eq!(Place::around(&root), None);
    let run = |arguments: &[&str]| {
        let mut git = Command::new("git");
        git.arg("-C").arg(&root).args(arguments);
        assert!(git.status().unwrap().success());
    };
    run(&["init", "-q", "-b", "trunk"]);
    fs::create_dir(root.join("below")).unwrap();
    let place = Place::around(&root.join("below")).unwrap();
    assert_eq!(
        (&place.top, place.branch().as_deref()),
        (&root, Some("trunk"))
    );
    assert_eq!((place.under_way(), place.linked()), (None, None));
    for (name, under_way) in [
        ("rebase-merge", UnderWay::Rebase),
        ("CHERRY_PICK_HEAD", UnderWay::CherryPick),
        ("BISECT_LOG", UnderWay::Bisect),
    ] {
        fs::write(root.join(".git").join(name), "").unwrap();
        assert_eq!(place.under_way(), Some(under_way));
        fs::remove_file(root.join(".git").join(name)).unwrap();
    }
    run(&[
        "-c",
        "user.name=A",
        "-c",
        "user.email=a@b",
        "commit",
        "-q",
        "--allow-empty",
        "-m",
        "x",
    ]);
    let other = tempfile::tempdir().unwrap();
    let other = other.path().canonicalize().unwrap().join("side tree");
    let at = other.to_str().unwrap();
    run(&["worktree", "add", "-q", "-b", "side", at]);
    let place = Place::around(&other).unwrap();
    let (name, main) = place.linked().unwrap();
    // git writes the name without the space.
    assert_eq!((name.as_str(), main), ("side-tree", root.clone()));
    assert_eq!(place.common, root.join(".git"));
    assert_eq!(place.branch().as_deref(), Some("side"));
}

#[test]
fn blobs_are_told_apart_from_what_is_not_there() {
    let scratch = tempfile::tempdir().unwrap();
    let root = scratch.path().canonicalize().unwrap();
    Command::new("git")
        .arg("-C")
        .arg(&root)
        .args(["init", "-q"])
        .status()
        .unwrap();
    fs::create_dir(root.join("sub dir")).unwrap();
    fs::write(root.join("sub dir/a"), "two\nlines blob 3\n").unwrap();
    fs::write(root.join("empty"), "").unwrap();
    let git = Git::find(&root).unwrap().unwrap();
    let names = ["a".to_owned(), "b".to_owned()];
    let sub = root.join("sub dir");
    assert_eq!(git.differing(&sub, &["a", "b"]).unwrap(), ["a"]);
    git.stage(&sub, &names[..1]).unwrap();
    git.stage(&root, &["empty".to_owned()]).unwrap();
    assert!(git.differing(&sub, &["a", "b"]).unwrap().is_empty());
    let mut asked = [
        "HEAD:a",
        ":sub dir/a",
        ":empty",
        ":sub dir",
        "no such: thing",
        ":sub dir/a",
    ]
    .map(str::to_owned);
    let mut wanted = [
        None,
        Some(b"two\nlines blob 3\n".to_vec()),
        Some(Vec::new()),
        None,
        None,
        Some(b"two\nlines blob 3\n".to_vec()),
    ];
    assert_eq!(git.blobs(&asked).unwrap(), wanted);
    // A name with a line end in it is asked for by itself.
    asked[5] = ":sub\ndir/a".to_owned();
    wanted[5] = None;
    assert_eq!(git.blobs(&asked).unwrap(), wanted);
    assert_eq!(git.relative(&sub.join("new")).unwrap(), "sub dir/new");
    assert_eq!(git.tracked(&sub).unwrap(), [b"a".to_vec()]);
}
