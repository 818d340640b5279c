//! Hooks that were there before: they run first, with arguments, input and exit codes, and are back
//! byte for byte when dver's part is taken out. The layouts are those that husky, lefthook, the
//! pre-commit framework and git-lfs make.

use std::fs;

use crate::githooks::{
    WORK, code, files_below, git, git_with, head, lock_at, pets, plain, run_with_input, script,
    with_data,
};
use crate::harness::Scratch;

const NAMES: [&str; 7] = [
    "pre-commit",
    "prepare-commit-msg",
    "commit-msg",
    "post-checkout",
    "post-merge",
    "post-rewrite",
    "pre-push",
];

/// What a foreign hook does: it notes its name, arguments and input.
fn noting(shebang: &str) -> String {
    let lines = [
        shebang,
        "here=$(dirname \"$0\")",
        "name=$(basename \"$0\")",
        "case $name in pre-push|post-rewrite) input=$(cat) ;; *) input= ;; esac",
        "echo \"$name [$*] [$input]\" >> \"$HOME/notes\"",
        "[ -e \"$HOME/fail-$name\" ] && exit 7",
        "exit 0\n",
    ];
    lines.join("\n")
}

fn data(scratch: &Scratch) {
    scratch.dver(&["-C", WORK, "init"]).ok();
    scratch.write("my work/pets.csv", pets(300, 0));
    scratch.dver(&["-C", WORK, "add", "pets.csv"]).ok();
    scratch.dver(&["-C", WORK, "commit", "-m", "first"]).ok();
}

fn notes(scratch: &Scratch) -> Vec<String> {
    let text = fs::read_to_string(scratch.path("notes")).unwrap_or_default();
    let _ = fs::remove_file(scratch.path("notes"));
    text.lines().map(str::to_owned).collect()
}

/// Commits data and code with the hooks of a layout in place: both sides must have run.
fn both_run(scratch: &Scratch) {
    notes(scratch);
    git(scratch, WORK, &["add", "."]).ok();
    git(scratch, WORK, &["commit", "-qm", "data"]).ok();
    assert_eq!(lock_at(scratch, WORK, "HEAD"), head(scratch, WORK));
    let said = notes(scratch);
    assert_eq!(said[0], "pre-commit [] []", "{said:?}");
    assert!(
        said[1].starts_with("prepare-commit-msg [.git/COMMIT_EDITMSG message]"),
        "{said:?}"
    );
    let body = git(scratch, WORK, &["log", "-1", "--format=%B"]).ok();
    assert!(body.contains("Dver-Commit: "), "{body}");
    // The foreign hook refuses: that stands, and dver does not run.
    scratch.write("fail-pre-commit", "");
    scratch.write("my work/pets.csv", pets(300, 9));
    let told = git(scratch, WORK, &["commit", "--allow-empty", "-m", "x"]).fails(1);
    assert!(!told.contains("dver:"), "{told}");
    scratch.remove("fail-pre-commit");
    let told = git(scratch, WORK, &["commit", "--allow-empty", "-m", "x"]).fails(1);
    assert!(told.contains("dver: the data has changes"), "{told}");
    scratch.write("my work/pets.csv", pets(300, 0));
    // What git says on stdin reaches both.
    notes(scratch);
    git(scratch, ".", &["init", "-q", "--bare", "origin.git"]).ok();
    git(scratch, WORK, &["remote", "add", "origin", "../origin.git"]).ok();
    scratch
        .dver(&["-C", WORK, "remote", "add", "origin", "../shared"])
        .ok();
    git(scratch, WORK, &["push", "-q", "origin", "main"]).ok();
    let said = notes(scratch);
    let commit = git(scratch, WORK, &["rev-parse", "HEAD"]).ok();
    let wanted = format!("refs/heads/main {} refs/heads/main", commit.trim());
    assert!(said[0].contains(&wanted), "{said:?}");
    assert!(scratch.path("shared/head").exists(), "the data was pushed");
    git(scratch, WORK, &["commit", "-q", "--amend", "--no-edit"]).ok();
    let said = notes(scratch);
    let rewritten = said.iter().find(|line| line.starts_with("post-rewrite"));
    assert!(rewritten.unwrap().contains("[amend]"), "{said:?}");
    assert!(rewritten.unwrap().contains(commit.trim()), "{said:?}");
    // After the fact: a failure stays one, and dver does its part all the same.
    scratch.write("my work/pets.csv", pets(300, 19));
    scratch
        .dver(&["-C", WORK, "commit", "-a", "-m", "nine cats"])
        .ok();
    git(
        scratch,
        WORK,
        &["commit", "-q", "--allow-empty", "-m", "nine cats"],
    )
    .ok();
    scratch.write("fail-post-checkout", "");
    let told = git(scratch, WORK, &["checkout", "-q", "HEAD~1"]);
    assert_eq!(told.code, Some(1), "{}", told.err);
    assert_eq!(scratch.read("my work/pets.csv"), pets(300, 0).into_bytes());
    scratch.remove("fail-post-checkout");
    git(scratch, WORK, &["checkout", "-q", "main"]).ok();
    notes(scratch);
}

/// Installs, commits, takes out: the files of `place` must be as before.
fn round_trip(scratch: &Scratch, place: &str) {
    let before = files_below(scratch, place);
    let config = scratch.read("my work/.git/config");
    scratch.dver(&["-C", WORK, "hook", "install"]).ok();
    let after = files_below(scratch, place);
    assert_ne!(before, after);
    // Again is the same.
    scratch.dver(&["-C", WORK, "hook", "install"]).ok();
    assert_eq!(files_below(scratch, place), after);
    let report = scratch.json(&["-C", WORK, "hook", "status"]).remove(0);
    for hook in report["hooks"].as_array().unwrap() {
        assert_eq!(hook["installed"], true, "{hook}");
    }
    both_run(scratch);
    scratch.dver(&["-C", WORK, "hook", "uninstall"]).ok();
    let told = |files: &[(std::path::PathBuf, Vec<u8>, u32)]| -> Vec<String> {
        let one = |(path, bytes, mode): &(std::path::PathBuf, Vec<u8>, u32)| {
            let text = String::from_utf8_lossy(bytes);
            format!("{} {mode:o}\n{text}", path.display())
        };
        files.iter().map(one).collect()
    };
    assert_eq!(told(&files_below(scratch, place)), told(&before));
    let now = String::from_utf8(scratch.read("my work/.git/config")).unwrap();
    assert!(now.starts_with(&*String::from_utf8_lossy(&config)), "{now}");
    scratch.write("my work/pets.csv", pets(300, 29));
    git(
        scratch,
        WORK,
        &["commit", "-q", "--allow-empty", "-m", "without dver"],
    )
    .ok();
}

#[test]
fn plain_scripts_keep_their_place() {
    let scratch = code();
    data(&scratch);
    for (at, name) in NAMES.iter().enumerate() {
        let shebang = ["#!/bin/sh", "#!/usr/bin/env bash", "#! /bin/sh -e"][at % 3];
        script(
            &scratch,
            &format!("my work/.git/hooks/{name}"),
            &noting(shebang),
        );
    }
    round_trip(&scratch, "my work/.git/hooks");
}

#[test]
fn scripts_without_a_last_line_end_and_no_hooks_at_all_come_back() {
    let scratch = code();
    data(&scratch);
    fs::remove_dir_all(scratch.path("my work/.git/hooks")).unwrap();
    scratch.dver(&["-C", WORK, "hook", "install"]).ok();
    scratch.dver(&["-C", WORK, "hook", "uninstall"]).ok();
    assert_eq!(files_below(&scratch, "my work/.git/hooks"), []);
    let odd = [
        ("pre-commit", "#!/bin/sh"),
        ("commit-msg", "#!/bin/sh\n"),
        ("post-merge", "#!/bin/sh\r\nexit 0\r\n"),
        ("post-rewrite", "#!/bin/sh\nexit 0"),
        (
            "pre-push",
            "#!/bin/sh\n# \u{c548}\u{b155}\nexec cat >/dev/null",
        ),
    ];
    for (name, text) in odd {
        script(&scratch, &format!("my work/.git/hooks/{name}"), text);
    }
    // One that git does not run, for it is not executable, must not run because of dver.
    scratch.write(
        "my work/.git/hooks/post-checkout",
        "#!/bin/sh\ntouch \"$HOME/ran\"\n",
    );
    let before = files_below(&scratch, "my work/.git/hooks");
    for _ in 0..2 {
        scratch.dver(&["-C", WORK, "hook", "install"]).ok();
        git(&scratch, WORK, &["checkout", "-q", "-b", "a"]).ok();
        git(&scratch, WORK, &["checkout", "-q", "main"]).ok();
        git(&scratch, WORK, &["branch", "-q", "-D", "a"]).ok();
        assert!(!scratch.path("ran").exists());
        scratch.dver(&["-C", WORK, "hook", "uninstall"]).ok();
        assert_eq!(files_below(&scratch, "my work/.git/hooks"), before);
    }
}

#[cfg(unix)]
#[test]
fn other_programs_and_links_run_from_beside() {
    let scratch = code();
    data(&scratch);
    // Links to a script that is one of many by its name, as overcommit makes them.
    script(&scratch, "my work/tools/hook", &noting("#!/bin/sh"));
    for name in [
        "pre-push",
        "post-checkout",
        "post-rewrite",
        "prepare-commit-msg",
    ] {
        let place = scratch.path(&format!("my work/.git/hooks/{name}"));
        std::os::unix::fs::symlink("../../tools/hook", place).unwrap();
    }
    let python = "#!/usr/bin/env python3\nimport os\n\
                  open(os.environ['HOME'] + '/notes', 'a').write('pre-commit [] []\\n')\n\
                  if os.path.exists(os.environ['HOME'] + '/fail-pre-commit'): raise SystemExit(7)\n";
    script(&scratch, "my work/.git/hooks/pre-commit", python);
    round_trip(&scratch, "my work/.git/hooks");
}

#[test]
fn the_files_of_husky_get_a_block() {
    let scratch = code();
    data(&scratch);
    // What `husky` 9 writes, with its own runner in fewer words.
    git(&scratch, WORK, &["config", "core.hooksPath", ".husky/_"]).ok();
    let runner = "#!/usr/bin/env sh\nn=$(basename \"$0\")\n\
                  s=$(dirname \"$(dirname \"$0\")\")/$n\n[ ! -f \"$s\" ] && exit 0\n\
                  sh -e \"$s\" \"$@\"\nc=$?\n\
                  [ $c != 0 ] && echo \"husky - $n script failed (code $c)\"\nexit $c\n";
    script(&scratch, "my work/.husky/_/h", runner);
    scratch.write("my work/.husky/_/.gitignore", "*");
    for name in NAMES {
        let text = "#!/usr/bin/env sh\n. \"$(dirname \"$0\")/h\"";
        script(&scratch, &format!("my work/.husky/_/{name}"), text);
        // People's files: no first line, no execute bit.
        if name != "commit-msg" {
            scratch.write(&format!("my work/.husky/{name}"), noting("true"));
        }
    }
    let ours = files_below(&scratch, "my work/.husky/_");
    let husky = |scratch: &Scratch| {
        let told = scratch.dver(&["-C", WORK, "hook", "status"]).ok();
        assert!(told.contains("beside husky"), "{told}");
    };
    let before = files_below(&scratch, "my work/.husky");
    let told = scratch.dver(&["-C", WORK, "hook", "install"]);
    assert!(told.err.contains("files of the worktree"), "{}", told.err);
    husky(&scratch);
    // Other clones have these files, and dver elsewhere, or none.
    for (path, bytes, _) in files_below(&scratch, "my work/.husky") {
        let text = String::from_utf8_lossy(&bytes);
        assert!(!text.contains("/target/"), "{}: {text}", path.display());
    }
    scratch.dver(&["-C", WORK, "hook", "uninstall"]).ok();
    assert_eq!(files_below(&scratch, "my work/.husky"), before);
    round_trip(&scratch, "my work/.husky");
    assert_eq!(files_below(&scratch, "my work/.husky/_"), ours);
    assert!(!scratch.path("my work/.git/dver-program").exists());
    assert!(!scratch.path("my work/.git/dver-roots").exists());
}

#[test]
fn lefthook_pre_commit_and_git_lfs_go_on() {
    // Each writes scripts of the shell into .git/hooks that run a program of theirs.
    let lefthook = "#!/bin/sh\n\nif [ \"$LEFTHOOK\" = \"0\" ]; then\n  exit 0\nfi\n\n\
                    call_lefthook()\n{\n  \"$HOME/lefthook\" \"$@\"\n}\n\ncall_lefthook run \"NAME\" \"$@\"\n";
    let framework = "#!/usr/bin/env bash\n# File generated by pre-commit: https://pre-commit.com\n\
                     HERE=\"$(cd \"$(dirname \"$0\")\" && pwd)\"\nexport HERE\n\
                     exec \"$HOME/pre-commit\" NAME \"$@\"\n";
    let lfs = "#!/bin/sh\n# git-lfs\nexec \"$HOME/git-lfs\" NAME \"$@\"\n";
    for (manager, text) in [
        ("lefthook", lefthook),
        ("pre-commit", framework),
        ("git-lfs", lfs),
    ] {
        let scratch = code();
        data(&scratch);
        let program = "#!/bin/sh\n[ \"$1\" = run ] && shift\nname=$1\nshift\n\
                       case $name in pre-push|post-rewrite) input=$(cat) ;; *) input= ;; esac\n\
                       echo \"$name [$*] [$input]\" >> \"$HOME/notes\"\n\
                       [ -e \"$HOME/fail-$name\" ] && exit 7\nexit 0\n";
        script(&scratch, manager, program);
        for name in NAMES {
            let path = format!("my work/.git/hooks/{name}");
            script(&scratch, &path, &text.replace("NAME", name));
        }
        let told = scratch.dver(&["-C", WORK, "hook", "status"]).ok();
        assert!(told.contains(&format!("beside {manager}")), "{told}");
        round_trip(&scratch, "my work/.git/hooks");
    }
}

#[test]
fn hooks_elsewhere_are_used_as_git_does() {
    // Relative, and tracked by git.
    let scratch = code();
    data(&scratch);
    git(
        &scratch,
        WORK,
        &["config", "core.hooksPath", "tools/git hooks"],
    )
    .ok();
    for name in NAMES {
        script(
            &scratch,
            &format!("my work/tools/git hooks/{name}"),
            &noting("#!/bin/sh"),
        );
    }
    round_trip(&scratch, "my work/tools/git hooks");
    // Where husky, say, came after dver, both places are cleaned.
    let scratch = code();
    data(&scratch);
    script(
        &scratch,
        "my work/.git/hooks/pre-push",
        &noting("#!/bin/sh"),
    );
    let before = files_below(&scratch, "my work/.git/hooks");
    scratch.dver(&["-C", WORK, "hook", "install"]).ok();
    git(&scratch, WORK, &["config", "core.hooksPath", "tools"]).ok();
    let told = scratch.dver(&["-C", WORK, "status"]).ok();
    assert!(told.contains("have lost dver's part: pre-commit"), "{told}");
    scratch.dver(&["-C", WORK, "hook", "install"]).ok();
    let told = scratch.dver(&["-C", WORK, "status"]).ok();
    assert!(!told.contains("have lost"), "{told}");
    scratch.dver(&["-C", WORK, "hook", "uninstall"]).ok();
    assert_eq!(files_below(&scratch, "my work/.git/hooks"), before);
    assert_eq!(files_below(&scratch, "my work/tools"), []);
    // Absolute, and shared with whoever else uses it: only when asked for.
    let scratch = code();
    data(&scratch);
    let shared = scratch.path("all hooks");
    fs::create_dir(&shared).unwrap();
    git(
        &scratch,
        WORK,
        &["config", "core.hooksPath", shared.to_str().unwrap()],
    )
    .ok();
    let told = scratch.dver(&["-C", WORK, "hook", "install"]).fails(3);
    assert!(told.contains("--shared"), "{told}");
    assert_eq!(files_below(&scratch, "all hooks"), []);
    scratch
        .dver(&["-C", WORK, "hook", "install", "--shared"])
        .ok();
    git(&scratch, ".", &["init", "-q", "code only"]).ok();
    git(
        &scratch,
        "code only",
        &["config", "core.hooksPath", shared.to_str().unwrap()],
    )
    .ok();
    // Where git finds dver, or not, a repository without data is left alone.
    git(
        &scratch,
        "code only",
        &["commit", "-q", "--allow-empty", "-m", "x"],
    )
    .ok();
    scratch.write("my work/pets.csv", pets(300, 9));
    git(&scratch, WORK, &["commit", "--allow-empty", "-m", "x"]).fails(1);
    let told = scratch.dver(&["-C", WORK, "hook", "uninstall"]);
    assert!(
        told.err.contains("other repositories that use"),
        "{}",
        told.err
    );
    assert_eq!(files_below(&scratch, "all hooks"), []);
}

#[test]
fn without_dver_a_hook_says_so_and_git_goes_on() {
    let scratch = with_data();
    let hook = "my work/.git/hooks/pre-commit";
    let text = String::from_utf8(scratch.read(hook)).unwrap();
    let program = env!("CARGO_BIN_EXE_dver");
    assert!(text.contains(program), "{text}");
    let text = text.replace(program, "/nowhere/it's dver");
    script(&scratch, hook, &text.replace("it's", "it'\\''s"));
    scratch.write("my work/pets.csv", pets(300, 9));
    let told = git(
        &scratch,
        WORK,
        &["commit", "-q", "--allow-empty", "-m", "x"],
    );
    assert_eq!(told.code, Some(0), "{}", told.err);
    assert!(
        told.err.contains("dver hook install mends it"),
        "{}",
        told.err
    );
    // Found on the PATH, as in a terminal of another machine.
    let directory = std::path::Path::new(program).parent().unwrap();
    let path = format!("{}:{}", directory.display(), std::env::var("PATH").unwrap());
    git_with(
        &scratch,
        WORK,
        &["commit", "--allow-empty", "-m", "x"],
        &[("PATH", &path)],
    )
    .fails(1);
}

#[test]
fn a_foreign_hook_that_reads_no_input_or_fails_is_no_trouble() {
    let scratch = with_data();
    let long = "x".repeat(300_000);
    script(
        &scratch,
        "my work/.git/hooks/dver-before/pre-push",
        "#!/bin/sh\nexit 0\n",
    );
    let mut command = plain(&scratch, scratch.path("my work/.git/hooks/pre-push"));
    command
        .args(["origin", "url"])
        .current_dir(scratch.path(WORK));
    let told = run_with_input(&scratch, command, &long);
    assert_eq!(told.code, Some(0), "{}", told.err);
    script(
        &scratch,
        "my work/.git/hooks/dver-before/pre-push",
        "#!/bin/sh\nwc -c\nexit 5\n",
    );
    let mut command = plain(&scratch, scratch.path("my work/.git/hooks/pre-push"));
    command
        .args(["origin", "url"])
        .current_dir(scratch.path(WORK));
    let told = run_with_input(&scratch, command, &format!("{long}\n\n"));
    assert_eq!(told.code, Some(5));
    assert_eq!(told.out.trim(), "300002", "to the last line end");
}
