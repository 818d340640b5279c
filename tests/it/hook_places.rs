//! Hooks in odd places: names that hold anything, variables of git's that point elsewhere, sparse
//! and table-backed repositories, commits that know nothing of the data.

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::githooks::{
    WORK, code, git, git_with, head, lock_at, pets, plain, script, with_data, with_hooks,
};
use crate::harness::{Output, Scratch};

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

/// Runs a program in a directory that no text names.
fn run_in(scratch: &Scratch, place: &Path, program: &str, arguments: &[&str]) -> Output {
    let mut command = plain(scratch, program);
    command.args(arguments).current_dir(place);
    scratch.run(command)
}

#[test]
fn a_path_may_hold_anything() {
    let dver = env!("CARGO_BIN_EXE_dver");
    let names = [
        "a\nb".into(),
        OsString::from_vec(b"a\xffb".to_vec()),
        "a\\b".into(),
    ];
    for name in &names {
        for below in [false, true] {
            let scratch = Scratch::empty();
            let top = match below {
                true => scratch.path("top"),
                false => scratch.path("").join(name),
            };
            fs::create_dir(&top).unwrap();
            run_in(&scratch, &top, "git", &["init", "-q", "-b", "main"]).ok();
            let place = match below {
                true => top.join(name),
                false => top.clone(),
            };
            fs::create_dir_all(&place).unwrap();
            run_in(&scratch, &place, dver, &["init"]).ok();
            fs::write(place.join("pets.csv"), pets(30, 0)).unwrap();
            fs::write(place.join("code.py"), "pass\n").unwrap();
            run_in(&scratch, &place, dver, &["add", "pets.csv"]).ok();
            run_in(&scratch, &place, dver, &["commit", "-m", "first"]).ok();
            run_in(&scratch, &place, dver, &["status"]).ok();
            let told = run_in(&scratch, &place, dver, &["hook", "install"]);
            // Hooks are told of directories below the root, each in a line of text.
            if below && name.to_str().is_none_or(|name| name.contains('\n')) {
                let told = told.fails(3);
                assert!(told.contains("another name"), "{told}");
                assert!(!top.join(".git/hooks/pre-commit").exists());
                continue;
            }
            told.ok();
            run_in(&scratch, &top, "git", &["add", "."]).ok();
            run_in(&scratch, &top, "git", &["commit", "-qm", "data"]).ok();
            let told = run_in(&scratch, &top, "git", &["log", "-1", "--format=%B"]).ok();
            assert!(told.contains("Dver-Commit: "), "{name:?}: {told}");
            let told = run_in(&scratch, &place, dver, &["log", "--git", "--oneline"]).ok();
            assert!(!told.contains("git: none"), "{name:?}: {told}");
            fs::write(place.join("pets.csv"), pets(30, 9)).unwrap();
            let again = ["commit", "--allow-empty", "-m", "x"];
            run_in(&scratch, &top, "git", &again).fails(1);
            run_in(&scratch, &place, dver, &["gc"]).ok();
        }
    }
}

#[test]
fn files_whose_names_are_patterns_stay_out_of_git() {
    let scratch = code();
    dver(&scratch, &["init"]);
    for name in [
        "#a", "!b", "c d", "e[1]", "f*", "g\\h", "i\nj", "k'\"", " l", "t\t",
    ] {
        scratch.write(&format!("my work/{name}.csv"), pets(30, 0));
    }
    dver(&scratch, &["add", "-A"]);
    dver(&scratch, &["commit", "-m", "first"]);
    let told = git(&scratch, WORK, &["status", "--short", "-uall"]).ok();
    assert!(!told.contains(".csv"), "{told}");
}

#[test]
fn paths_are_names_whatever_the_environment_says_of_pathspecs() {
    let scratch = with_data();
    relabel(&scratch, 9, "four cats");
    git(
        &scratch,
        WORK,
        &["--literal-pathspecs", "commit", "-qam", "x"],
    )
    .ok();
    assert_eq!(lock_at(&scratch, WORK, "HEAD"), head(&scratch, WORK));
    for variable in ["LITERAL", "GLOB", "NOGLOB", "ICASE"] {
        let variable = format!("GIT_{variable}_PATHSPECS");
        let variables = [(variable.as_str(), "1")];
        let log = ["-C", WORK, "log", "--git", "--oneline"];
        let told = scratch.dver_with(&log, &variables).ok();
        assert!(!told.contains("git: none"), "{variable}: {told}");
        let shown = git_with(&scratch, WORK, &["show", "--format="], &variables).ok();
        assert!(
            shown.contains("label: dog -> cat  4"),
            "{variable}: {shown}"
        );
        // What gc asks for is not forgotten either.
        scratch.dver_with(&["-C", WORK, "gc"], &variables).ok();
        dver(&scratch, &["show", "git:HEAD~1"]);
    }
}

#[test]
fn git_that_cannot_be_asked_is_not_taken_for_none() {
    let scratch = with_data();
    git(&scratch, WORK, &["checkout", "-q", "-b", "side"]).ok();
    relabel(&scratch, 9, "four cats");
    git(&scratch, WORK, &["commit", "-qam", "four cats"]).ok();
    let named = head(&scratch, WORK);
    git(&scratch, WORK, &["checkout", "-q", "main"]).ok();
    dver(&scratch, &["branch", "-D", "side"]);
    let gc = ["-C", WORK, "gc", "--keep", "0"];
    // Another user's, and none on the PATH.
    let others = [("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")];
    let told = scratch.dver_with(&gc, &others).fails(3);
    assert!(told.contains("dubious ownership"), "{told}");
    let told = scratch
        .dver_with(&["-C", WORK, "show", "git:HEAD"], &others)
        .fails(3);
    assert!(told.contains("safe.directory"), "{told}");
    let told = scratch.dver_with(&gc, &[("PATH", "/nowhere")]).fails(3);
    assert!(told.contains("git cannot be started"), "{told}");
    dver(&scratch, &gc[2..]);
    dver(&scratch, &["show", &named]);
}

#[test]
fn variables_that_say_where_git_is_may_be_relative() {
    let scratch = code();
    let data = "my work/the [data]";
    fs::create_dir(scratch.path(data)).unwrap();
    scratch.write(&format!("{data}/pets.csv"), pets(300, 0));
    for arguments in [
        &["init"][..],
        &["add", "pets.csv"],
        &["commit", "-m", "first"],
        &["hook", "install", "--mode", "commit"],
    ] {
        scratch.dver(&[&["-C", data], arguments].concat()).ok();
    }
    git(&scratch, WORK, &["add", "."]).ok();
    git(&scratch, WORK, &["commit", "-qm", "data"]).ok();
    let commit = ["commit", "-q", "--allow-empty", "-m", "x"];
    let places = [
        (WORK, vec![("GIT_DIR", ".git")]),
        (data, vec![("GIT_DIR", "../.git"), ("GIT_WORK_TREE", "..")]),
    ];
    for (at, (place, variables)) in places.iter().enumerate() {
        scratch.write(&format!("{data}/pets.csv"), pets(300, 20 * at + 9));
        git_with(&scratch, place, &commit, variables).ok();
        let lock = git(&scratch, WORK, &["show", "HEAD:the [data]/dver.lock"]).ok();
        assert!(lock.contains(&head(&scratch, data)), "{variables:?}");
        assert!(body(&scratch, "HEAD").contains("Dver-Commit: "));
        assert_eq!(git(&scratch, WORK, &["status", "--short"]).ok(), "");
        let mut command = plain(&scratch, env!("CARGO_BIN_EXE_dver"));
        command
            .args(["hook", "status"])
            .envs(variables.iter().copied())
            .current_dir(scratch.path(data));
        scratch.run(command).ok();
    }
}

#[test]
fn a_commit_of_another_repository_is_none_of_these_hooks() {
    let scratch = with_data();
    // Files of people's homes in a repository beside, with hooks that all use.
    let hooks = scratch.path("my work/.git/hooks");
    git(&scratch, ".", &["init", "-q", "--bare", "dots.git"]).ok();
    scratch.write("my work/pets.csv", pets(300, 9));
    let index = scratch.read("my work/.git/index");
    let hooks = format!("core.hooksPath={}", hooks.display());
    let options = ["-c", &hooks, "--git-dir=../dots.git", "--work-tree=."];
    git(
        &scratch,
        WORK,
        &[&options[..], &["add", "main.py"]].concat(),
    )
    .ok();
    git(
        &scratch,
        WORK,
        &[&options[..], &["commit", "-qm", "dots"]].concat(),
    )
    .ok();
    assert_eq!(scratch.read("my work/.git/index"), index);
    let told = git(
        &scratch,
        ".",
        &["--git-dir=dots.git", "ls-tree", "--name-only", "HEAD"],
    )
    .ok();
    assert_eq!(told, "main.py\n");
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

#[test]
fn a_sparse_checkout_does_not_stop_a_commit() {
    let scratch = code();
    fs::create_dir(scratch.path("my work/data")).unwrap();
    scratch.write("my work/data/pets.csv", pets(300, 0));
    for arguments in [
        &["init"][..],
        &["add", "pets.csv"],
        &["commit", "-m", "first"],
        &["hook", "install"],
    ] {
        scratch
            .dver(&[&["-C", "my work/data"], arguments].concat())
            .ok();
    }
    git(&scratch, WORK, &["add", "."]).ok();
    git(&scratch, WORK, &["commit", "-qm", "data"]).ok();
    git(
        &scratch,
        WORK,
        &["sparse-checkout", "set", "--no-cone", "/main.py"],
    )
    .ok();
    assert!(!scratch.path("my work/data/dver.toml").exists());
    // git has taken dver.toml and dver.lock away, which is no change of the data.
    git(
        &scratch,
        WORK,
        &["commit", "-q", "--allow-empty", "-m", "code"],
    )
    .ok();
    let declared = git(&scratch, WORK, &["show", "HEAD:data/dver.toml"]).ok();
    scratch.write("my work/data/dver.toml", declared);
    scratch.write("my work/data/pets.csv", pets(300, 9));
    scratch
        .dver(&["-C", "my work/data", "commit", "-a", "-m", "four cats"])
        .ok();
    git(
        &scratch,
        WORK,
        &["commit", "-q", "--allow-empty", "-m", "data"],
    )
    .ok();
    let lock = git(&scratch, WORK, &["show", "HEAD:data/dver.lock"]).ok();
    assert!(lock.contains(&head(&scratch, "my work/data")), "{lock}");
}

#[test]
fn a_branch_without_data_commits_as_ever() {
    for mode in ["require", "commit"] {
        let scratch = code();
        git(&scratch, WORK, &["branch", "old"]).ok();
        with_hooks(&scratch);
        dver(&scratch, &["hook", "install", "--mode", mode]);
        let first = head(&scratch, WORK);
        git(&scratch, WORK, &["checkout", "-q", "old"]).ok();
        scratch.write("my work/main.py", "print('old')\n");
        let told = git(&scratch, WORK, &["commit", "-qam", "old code"]);
        assert_eq!((told.code, told.err.as_str()), (Some(0), ""), "{mode}");
        let files = git(&scratch, WORK, &["ls-tree", "--name-only", "HEAD"]).ok();
        assert_eq!(files, "main.py\n", "{mode}");
        git(&scratch, WORK, &["checkout", "-q", "main"]).ok();
        assert_eq!(head(&scratch, WORK), first, "{mode}");
        assert_eq!(
            dver(&scratch, &["status"]),
            "On branch main\nNothing changed since the last commit\n"
        );
    }
}

#[test]
fn data_that_git_tracked_before_comes_back() {
    for below in ["", "the data/"] {
        let scratch = code();
        let place = format!("{WORK}/{below}");
        let table = format!("{place}pets.csv");
        scratch.write(&table, pets(300, 0));
        git(&scratch, WORK, &["add", "."]).ok();
        git(&scratch, WORK, &["commit", "-qm", "data in git"]).ok();
        git(&scratch, WORK, &["branch", "old"]).ok();
        for arguments in [
            &["init"][..],
            &["add", "pets.csv"],
            &["commit", "-m", "first"],
            &["hook", "install", "--mode", "commit"],
        ] {
            scratch.dver(&[&["-C", &place], arguments].concat()).ok();
        }
        git(&scratch, &place, &["rm", "-q", "--cached", "pets.csv"]).ok();
        git(&scratch, WORK, &["add", "."]).ok();
        git(&scratch, WORK, &["commit", "-qm", "data in dver"]).ok();
        scratch.write(&table, pets(300, 9));
        git(
            &scratch,
            WORK,
            &["commit", "-q", "--allow-empty", "-m", "four cats"],
        )
        .ok();
        let now = head(&scratch, &place);
        // git takes the file away that it tracked there.
        for way in [&["checkout", "-q"][..], &["merge", "-q"]] {
            git(&scratch, WORK, &["checkout", "-q", "old"]).ok();
            assert_eq!(scratch.read(&table), pets(300, 0).into_bytes());
            let told = git(&scratch, WORK, &[way, &["main"]].concat());
            assert_eq!(told.code, Some(0), "{}", told.err);
            assert!(told.err.contains("brought back 1 file"), "{}", told.err);
            assert_eq!(scratch.read(&table), pets(300, 9).into_bytes());
            assert_eq!(head(&scratch, &place), now);
            let again = ["commit", "-q", "--allow-empty", "-m", "code"];
            git(&scratch, WORK, &again).ok();
            assert_eq!(head(&scratch, &place), now);
        }
    }
}

#[test]
fn data_follows_a_rebase_that_makes_no_commit_anew() {
    let scratch = with_data();
    git(&scratch, WORK, &["branch", "behind"]).ok();
    relabel(&scratch, 9, "four cats");
    git(&scratch, WORK, &["commit", "-qam", "four cats"]).ok();
    let second = head(&scratch, WORK);
    git(&scratch, WORK, &["checkout", "-q", "behind"]).ok();
    assert_ne!(head(&scratch, WORK), second);
    git(&scratch, WORK, &["rebase", "-q", "main"]).ok();
    assert_eq!(head(&scratch, WORK), second);
    assert_eq!(
        dver(&scratch, &["status"]),
        "On branch behind\nNothing changed since the last commit\n"
    );
}

#[test]
fn line_ends_of_the_system_are_no_change_of_what_is_declared() {
    let scratch = with_data();
    git(
        &scratch,
        ".",
        &["init", "-q", "--bare", "-b", "main", "origin.git"],
    )
    .ok();
    git(
        &scratch,
        WORK,
        &["remote", "add", "origin", "../origin.git"],
    )
    .ok();
    dver(&scratch, &["remote", "add", "origin", "../team"]);
    git(&scratch, WORK, &["push", "-q", "origin", "main"]).ok();
    let declared = scratch.read("my work/dver.toml");
    // As git for Windows is set up.
    let clone = [
        "-c",
        "core.autocrlf=true",
        "clone",
        "-q",
        "origin.git",
        "bob",
    ];
    git(&scratch, ".", &clone).ok();
    git(&scratch, "bob", &["config", "core.autocrlf", "true"]).ok();
    assert_ne!(scratch.read("bob/dver.toml"), declared);
    scratch.dver(&["clone", "team", "bob"]).ok();
    scratch.dver(&["-C", "bob", "hook", "install"]).ok();
    let clean = || {
        assert_eq!(scratch.read("bob/dver.toml"), declared);
        let told = scratch.dver(&["-C", "bob", "status"]).ok();
        assert!(
            told.ends_with("\nNothing changed since the last commit\n"),
            "{told}"
        );
        assert_eq!(git(&scratch, "bob", &["status", "--short"]).ok(), "");
    };
    clean();
    git(&scratch, "bob", &["checkout", "-q", "HEAD~1"]).ok();
    assert!(!scratch.path("bob/dver.toml").exists());
    git(&scratch, "bob", &["checkout", "-q", "main"]).ok();
    clean();
    git(
        &scratch,
        "bob",
        &["commit", "-q", "--allow-empty", "-m", "code"],
    )
    .ok();
    // What somebody wrote is a change, with whatever line ends.
    let text = String::from_utf8(declared.clone()).unwrap();
    scratch.write("bob/dver.toml", text.replace('\n', "\r\n") + "# more\r\n");
    scratch.dver(&["-C", "bob", "checkout", "--lock"]).ok();
    let told = scratch.dver(&["-C", "bob", "status"]).ok();
    assert!(told.contains("modified  dver.toml"), "{told}");
}

#[test]
fn refs_in_a_table_are_read_too() {
    let scratch = Scratch::empty();
    let init = ["init", "-q", "--ref-format=reftable", "-b", "main", WORK];
    if git(&scratch, ".", &init).code != Some(0) {
        eprintln!("SKIPPED: this git knows no tables of refs");
        return;
    }
    scratch.write("my work/main.py", "print('hello')\n");
    git(&scratch, WORK, &["add", "."]).ok();
    git(&scratch, WORK, &["commit", "-qm", "code"]).ok();
    with_hooks(&scratch);
    let first = head(&scratch, WORK);
    git(&scratch, WORK, &["checkout", "-q", "-b", "cats"]).ok();
    relabel(&scratch, 9, "four cats");
    git(&scratch, WORK, &["commit", "-qam", "four cats"]).ok();
    assert_eq!(dver(&scratch, &["branch"]), "* cats\n  main\n");
    git(&scratch, WORK, &["checkout", "-q", "main"]).ok();
    assert_eq!(head(&scratch, WORK), first);
    assert_eq!(dver(&scratch, &["branch"]), "  cats\n* main\n");
    // A cherry-pick that stops at a conflict: its marks are no files there.
    relabel(&scratch, 99, "fifty cats");
    git(&scratch, WORK, &["commit", "-qam", "fifty cats"]).ok();
    git(&scratch, WORK, &["cherry-pick", "cats"]).fails(1);
    scratch.write("my work/pets.csv", pets(300, 50));
    scratch
        .dver(&["-C", WORK, "hook", "run", "pre-commit"])
        .ok();
    git(&scratch, WORK, &["cherry-pick", "--abort"]).ok();
    scratch
        .dver(&["-C", WORK, "hook", "run", "pre-commit"])
        .fails(1);
}

#[test]
fn a_linked_worktree_finds_the_program_of_hooks_that_git_tracks() {
    let scratch = code();
    git(&scratch, WORK, &["config", "core.hooksPath", "tools"]).ok();
    with_hooks(&scratch);
    git(&scratch, WORK, &["add", "tools"]).ok();
    git(&scratch, WORK, &["commit", "-qm", "hooks"]).ok();
    let told = git(
        &scratch,
        WORK,
        &["worktree", "add", "-b", "side", "../linked"],
    );
    assert!(!told.err.contains("did nothing"), "{}", told.err);
    assert_eq!(scratch.read("linked/pets.csv"), pets(300, 0).into_bytes());
    scratch.write("linked/pets.csv", pets(300, 9));
    git(&scratch, "linked", &["commit", "--allow-empty", "-m", "x"]).fails(1);
}

#[test]
fn a_push_gives_the_versions_on_the_way_too() {
    let scratch = with_data();
    git(
        &scratch,
        ".",
        &["init", "-q", "--bare", "-b", "main", "origin.git"],
    )
    .ok();
    git(
        &scratch,
        WORK,
        &["remote", "add", "origin", "../origin.git"],
    )
    .ok();
    dver(&scratch, &["remote", "add", "origin", "../team"]);
    git(&scratch, WORK, &["push", "-q", "origin", "main"]).ok();
    git(&scratch, WORK, &["checkout", "-q", "-b", "side"]).ok();
    relabel(&scratch, 99, "fifty cats");
    git(&scratch, WORK, &["commit", "-qam", "fifty cats"]).ok();
    git(&scratch, WORK, &["checkout", "-q", "main"]).ok();
    relabel(&scratch, 9, "four cats");
    git(&scratch, WORK, &["commit", "-qam", "four cats"]).ok();
    // The other side gives way, and stays a parent.
    git(&scratch, WORK, &["merge", "-q", "side"]).fails(1);
    git(&scratch, WORK, &["checkout", "-q", "--ours", "dver.lock"]).ok();
    git(&scratch, WORK, &["commit", "-qam", "ours"]).ok();
    let told = git(&scratch, WORK, &["push", "-q", "origin", "main"]);
    assert_eq!(
        told.err.matches("pushed the data").count(),
        2,
        "{}",
        told.err
    );
    let told = git(&scratch, WORK, &["push", "-q", "origin", "main", "side"]);
    assert!(!told.err.contains("pushed the data"), "{}", told.err);
    git(&scratch, ".", &["clone", "-q", "origin.git", "bob"]).ok();
    scratch.dver(&["clone", "team", "bob"]).ok();
    scratch.dver(&["-C", "bob", "hook", "install"]).ok();
    assert_eq!(scratch.read("bob/pets.csv"), pets(300, 9).into_bytes());
    git(&scratch, "bob", &["checkout", "-q", "HEAD^2"]).ok();
    assert_eq!(scratch.read("bob/pets.csv"), pets(300, 99).into_bytes());
}

#[test]
fn without_dver_git_shows_and_merges_as_it_would() {
    let scratch = with_data();
    git(&scratch, WORK, &["branch", "side"]).ok();
    relabel(&scratch, 9, "four cats");
    git(&scratch, WORK, &["commit", "-qam", "four cats"]).ok();
    git(&scratch, WORK, &["checkout", "-q", "side"]).ok();
    relabel(&scratch, 99, "fifty cats");
    git(&scratch, WORK, &["commit", "-qam", "fifty cats"]).ok();
    // Its program is gone, and the drivers are still in git's config.
    let config = String::from_utf8(scratch.read("my work/.git/config")).unwrap();
    let program = env!("CARGO_BIN_EXE_dver");
    assert!(config.contains(program), "{config}");
    scratch.write(
        "my work/.git/config",
        config.replace(program, "/nowhere/dver"),
    );
    let skip = [("DVER_SKIP_HOOKS", "1")];
    let shown = git_with(&scratch, WORK, &["diff", "main", "side"], &skip).ok();
    assert!(
        shown.contains("\n-commit = ") && shown.contains("\n+commit = "),
        "{shown}"
    );
    let shown = git_with(&scratch, WORK, &["log", "-p", "-1"], &skip).ok();
    assert!(
        shown.contains("\n-commit = ") && shown.contains("\n+commit = "),
        "{shown}"
    );
    let told = git_with(&scratch, WORK, &["merge", "main"], &skip);
    assert_eq!(told.code, Some(1), "{}", told.err);
    let lock = String::from_utf8(scratch.read("my work/dver.lock")).unwrap();
    assert!(
        lock.contains("<<<<<<<") && lock.contains(">>>>>>>"),
        "{lock}"
    );
    // On the PATH it is found again.
    let mut command: Command = plain(&scratch, "git");
    let directory = Path::new(program).parent().unwrap();
    let path = std::env::var("PATH").unwrap();
    let path = format!("{}:{path}", directory.display());
    command
        .args(["diff", "main", "side"])
        .env("PATH", path)
        .current_dir(scratch.path(WORK));
    let shown = scratch.run(command).ok();
    assert!(shown.contains("pets: 300 records"), "{shown}");
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
