//! Hooks in odd places: names that hold anything, variables of git's that point elsewhere, a git that
//! cannot be asked, a dver that is elsewhere or gone.

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt as _;
use std::path::Path;
use std::process::Command;

use crate::githooks::{
    WORK, code, git, git_with, head, lock_at, pets, plain, with_data, with_hooks,
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
    // A directory in which git sees none, such as a mounted disk, stands by itself.
    fs::remove_dir_all(scratch.path("my work/.git/objects")).unwrap();
    for arguments in [&["status"][..], &["add", "-A"], &gc[2..]] {
        dver(&scratch, arguments);
    }
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
