//! Hooks that stay out of the way: messages that are people's, and nothing started or opened where
//! nothing of the data is concerned.

use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;

use crate::githooks::{WORK, code, git, git_with, pets, script, with_data};
use crate::harness::Scratch;

fn dver(scratch: &Scratch, arguments: &[&str]) -> String {
    scratch.dver(&[&["-C", WORK], arguments].concat()).ok()
}

fn relabel(scratch: &Scratch, relabelled: usize, message: &str) {
    scratch.write("my work/pets.csv", pets(300, relabelled));
    dver(scratch, &["commit", "-a", "-m", message]);
}

fn body(scratch: &Scratch, revision: &str) -> String {
    git(scratch, WORK, &["log", "-1", "--format=%B", revision]).ok()
}

#[test]
fn a_message_is_empty_by_the_settings_of_git() {
    let settings = [
        &["commit.verbose", "true"][..],
        &["core.commentChar", ";"],
        &["commit.cleanup", "scissors"],
    ];
    for setting in settings {
        let scratch = with_data();
        git(&scratch, WORK, &[&["config"], setting].concat()).ok();
        relabel(&scratch, 9, "four cats");
        let before = git(&scratch, WORK, &["rev-parse", "HEAD"]).ok();
        let told = git_with(&scratch, WORK, &["commit", "-a"], &[("GIT_EDITOR", "true")]).fails(1);
        assert!(told.contains("empty commit message"), "{setting:?}: {told}");
        assert_eq!(git(&scratch, WORK, &["rev-parse", "HEAD"]).ok(), before);
        let editor =
            "sh -c 'echo Cats > \"$1.new\"; cat \"$1\" >> \"$1.new\"; mv \"$1.new\" \"$1\"' -";
        git_with(&scratch, WORK, &["commit", "-a"], &[("GIT_EDITOR", editor)]).ok();
        let body = body(&scratch, "HEAD");
        assert!(
            body.starts_with("Cats\n\nDver-Commit: "),
            "{setting:?}: {body}"
        );
        assert!(!body.contains(">8"), "{setting:?}: {body}");
        assert!(!scratch.path("my work/.git/dver-told").exists());
    }
}

#[test]
fn what_people_write_stays_in_the_message() {
    let scratch = with_data();
    relabel(&scratch, 9, "four cats");
    let message = "Dver-Commit says more\n\nDver-Toys are labels now.\nDver-Labels-Changed: many\n";
    git(&scratch, WORK, &["commit", "-qam", message]).ok();
    let told = body(&scratch, "HEAD");
    assert!(told.starts_with(message), "{told}");
    assert!(told.contains("Dver-Labels-Changed: 4\n"), "{told}");
    // Those of the hook come once.
    git(&scratch, WORK, &["commit", "-q", "--amend", "--no-edit"]).ok();
    assert_eq!(body(&scratch, "HEAD"), told);
}

#[test]
fn a_program_starts_only_where_the_commit_is_about_data() {
    let scratch = with_data();
    // A program between hook and dver, which notes what it is asked.
    let real = env!("CARGO_BIN_EXE_dver");
    let between = format!("#!/bin/sh\necho \"$3\" >> \"$HOME/notes\"\nexec '{real}' \"$@\"\n");
    script(&scratch, "between", &between);
    let between = scratch.path("between").display().to_string();
    for entry in fs::read_dir(scratch.path("my work/.git/hooks")).unwrap() {
        let path = entry.unwrap().path();
        let text = String::from_utf8_lossy(&fs::read(&path).unwrap()).replace(real, &between);
        fs::write(&path, text).unwrap();
    }
    let asked = || -> Vec<String> {
        let text = fs::read_to_string(scratch.path("notes")).unwrap_or_default();
        let _ = fs::remove_file(scratch.path("notes"));
        text.lines().map(str::to_owned).collect()
    };
    let commit = |arguments: &[&str]| {
        let all = [&["commit", "-q", "--allow-empty"], arguments].concat();
        git(&scratch, WORK, &all).ok();
        asked()
    };
    asked();
    assert_eq!(commit(&["-m", "code"]), ["pre-commit"]);
    // Nobody looked: then the message is asked for.
    assert_eq!(
        commit(&["-m", "code", "--no-verify"]),
        ["prepare-commit-msg"]
    );
    relabel(&scratch, 9, "four cats");
    let all = ["pre-commit", "prepare-commit-msg", "commit-msg"];
    assert_eq!(commit(&["-am", "data"]), all);
    assert!(body(&scratch, "HEAD").contains("Dver-Commit: "));
    // In place of the commit that moved the lock.
    let mut amended: Vec<&str> = all.to_vec();
    amended.push("post-rewrite");
    assert_eq!(commit(&["--amend", "--no-edit"]), amended);
    assert!(body(&scratch, "HEAD").contains("Dver-Labels-Changed: 4\n"));
    relabel(&scratch, 19, "five more");
    assert_eq!(
        commit(&["-am", "data", "--no-verify"]),
        ["prepare-commit-msg",]
    );
    assert!(body(&scratch, "HEAD").contains("Dver-Labels-Changed: 5\n"));
    git(&scratch, WORK, &["worktree", "add", "-q", "../linked"]).ok();
    asked();
    let all = ["commit", "-q", "--allow-empty", "-m", "code"];
    git(&scratch, "linked", &all).ok();
    assert_eq!(asked(), ["pre-commit"]);
    dver(&scratch, &["hook", "uninstall"]);
    let left = crate::githooks::files_below(&scratch, "my work/.git");
    let left: Vec<&PathBuf> = left.iter().map(|(path, _, _)| path).collect();
    let is_ours = |path: &&&PathBuf| path.file_name().unwrap().as_bytes().starts_with(b"dver-");
    assert_eq!(left.iter().find(is_ours), None);
}

/// The notes that hooks have left of a worktree in which nothing had changed.
fn notes(scratch: &Scratch) -> Vec<PathBuf> {
    let entries = fs::read_dir(scratch.path("my work/.dver/cache")).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    paths
        .filter(|path| path.file_name().unwrap().as_bytes().starts_with(b"calm-"))
        .collect()
}

#[test]
fn what_changed_is_seen_in_spite_of_a_note_that_nothing_had() {
    let scratch = code();
    for part in ["a", "b"] {
        scratch.write(&format!("my work/data/part-{part}.csv"), pets(30, 0));
    }
    scratch.write("my work/more/one.bin", "\0one");
    dver(&scratch, &["init"]);
    let declare = [
        "dataset",
        "add",
        "data/part-*.csv",
        "--key",
        "id",
        "--label",
        "label",
    ];
    dver(&scratch, &["add", "--no-declare", "data", "more/one.bin"]);
    dver(&scratch, &declare);
    dver(&scratch, &["add", "-A"]);
    dver(&scratch, &["commit", "-m", "first"]);
    dver(&scratch, &["hook", "install"]);
    git(&scratch, WORK, &["add", "."]).ok();
    git(&scratch, WORK, &["commit", "-qm", "data"]).ok();
    let run = || scratch.dver(&["-C", WORK, "hook", "run", "pre-commit"]);
    let calm = || {
        // Until nothing was written in the tick of the file system's clock in which it is noted.
        for _ in 0..200 {
            run().ok();
            if !notes(&scratch).is_empty() {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        panic!("no note");
    };
    calm();
    // The note is enough: the index is not even made anew.
    fs::remove_file(scratch.path("my work/.dver/index.sqlite")).unwrap();
    run().ok();
    assert!(!scratch.path("my work/.dver/index.sqlite").exists());
    let at = |path: &str| scratch.path(&format!("my work/{path}"));
    type Change<'a> = (&'a str, i32, Box<dyn Fn() + 'a>);
    let changes: Vec<Change<'_>> = vec![
        (
            "a label",
            1,
            Box::new(|| fs::write(at("data/part-a.csv"), pets(30, 9)).unwrap()),
        ),
        (
            "a file gone",
            1,
            Box::new(|| fs::remove_file(at("more/one.bin")).unwrap()),
        ),
        (
            "a new part",
            1,
            Box::new(|| fs::write(at("data/part-c.csv"), pets(30, 9)).unwrap()),
        ),
        (
            "another file",
            0,
            Box::new(|| fs::write(at("data/notes.txt"), "x").unwrap()),
        ),
        (
            "a mode",
            1,
            Box::new(|| {
                use std::os::unix::fs::PermissionsExt as _;
                fs::set_permissions(at("more/one.bin"), fs::Permissions::from_mode(0o755)).unwrap();
            }),
        ),
        (
            "the same bytes",
            0,
            Box::new(|| {
                fs::write(at("more/two.bin"), "\0one").unwrap();
                fs::rename(at("more/two.bin"), at("more/one.bin")).unwrap();
            }),
        ),
        (
            "other bytes of the same size and time",
            1,
            Box::new(|| {
                let file = fs::File::options()
                    .write(true)
                    .open(at("more/one.bin"))
                    .unwrap();
                let time = file.metadata().unwrap().modified().unwrap();
                std::os::unix::fs::FileExt::write_at(&file, b"\0two", 0).unwrap();
                file.set_modified(time).unwrap();
            }),
        ),
        (
            "a link in place of a directory",
            1,
            Box::new(|| {
                fs::rename(at("more"), at("elsewhere")).unwrap();
                std::os::unix::fs::symlink("elsewhere", at("more")).unwrap();
            }),
        ),
        (
            "what is declared",
            1,
            Box::new(|| {
                let mut text = fs::read_to_string(at("dver.toml")).unwrap();
                text.push_str("\n[gate]\nrecords = \">= 1\"\n");
                fs::write(at("dver.toml"), text).unwrap();
            }),
        ),
        (
            "what is left out",
            0,
            Box::new(|| fs::write(at("data/.dverignore"), "x\n").unwrap()),
        ),
        (
            "what is staged",
            1,
            Box::new(|| {
                fs::write(at("new.bin"), "new").unwrap();
                dver(&scratch, &["add", "new.bin"]);
            }),
        ),
        (
            "settings that do not read",
            1,
            Box::new(|| {
                fs::write(at(".dver/config.toml"), "x = [\n").unwrap();
            }),
        ),
    ];
    let settings = scratch.read("my work/.dver/config.toml");
    for (what, wanted, change) in changes {
        change();
        assert_eq!(run().code, Some(wanted), "{what}");
        for note in notes(&scratch) {
            fs::remove_file(note).unwrap();
        }
        assert_eq!(run().code, Some(wanted), "{what}, without the note");
        fs::write(at(".dver/config.toml"), &settings).unwrap();
        if at("more").is_symlink() {
            fs::remove_file(at("more")).unwrap();
            fs::rename(at("elsewhere"), at("more")).unwrap();
        }
        for extra in [
            "data/part-c.csv",
            "data/notes.txt",
            "data/.dverignore",
            "new.bin",
        ] {
            let _ = fs::remove_file(at(extra));
        }
        dver(&scratch, &["reset", "--hard"]);
        calm();
    }
}
