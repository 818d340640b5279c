//! Data that follows git: commit, checkout, rebase, push, clone, with real git and its hooks.

use std::fs;

use crate::githooks::{
    WORK, code, files_below, git, git_with, head, lock_at, pets, script, with_data,
};
use crate::harness::Scratch;

fn dver(scratch: &Scratch, arguments: &[&str]) -> String {
    scratch.dver(&[&["-C", WORK], arguments].concat()).ok()
}

fn relabel(scratch: &Scratch, relabelled: usize) {
    scratch.write("my work/pets.csv", pets(300, relabelled));
}

fn trailers(scratch: &Scratch, revision: &str) -> Vec<String> {
    let body = git(scratch, WORK, &["log", "-1", "--format=%B", revision]).ok();
    let lines = body.lines().filter(|line| line.starts_with("Dver-"));
    lines.map(str::to_owned).collect()
}

#[test]
fn data_stays_out_of_git_and_the_lock_is_in_it() {
    let scratch = code();
    let told = scratch.dver(&["-C", WORK, "init"]);
    assert!(told.err.contains("dver hook install"), "{}", told.err);
    scratch.write("my work/pets.csv", pets(300, 0));
    scratch.write("my work/img/cat/1.png", b"\x89PNG");
    scratch.write("my work/README.md", "# Read me\n");
    scratch.write("my work/.gitignore", "*.pyc\n");
    scratch.write("my work/old.pyc", "x");
    // Code is git's: neither shown nor taken.
    let told = dver(&scratch, &["status"]);
    assert!(
        !told.contains("main.py") && !told.contains("old.pyc"),
        "{told}"
    );
    assert!(told.contains("pets.csv"), "{told}");
    dver(&scratch, &["add", "pets.csv"]);
    let ignored = String::from_utf8(scratch.read("my work/.gitignore")).unwrap();
    assert!(ignored.starts_with("*.pyc\n# dver: begin"), "{ignored}");
    assert!(ignored.contains("\n/pets.csv\n# dver: end\n"), "{ignored}");
    dver(&scratch, &["add", "img"]);
    dver(&scratch, &["dataset", "add", "img/{label}/*"]);
    let ignored = String::from_utf8(scratch.read("my work/.gitignore")).unwrap();
    assert!(ignored.contains("\n/img/*/*\n/pets.csv\n"), "{ignored}");
    dver(&scratch, &["dataset", "remove", "img"]);
    let ignored = String::from_utf8(scratch.read("my work/.gitignore")).unwrap();
    assert!(!ignored.contains("/img"), "{ignored}");
    dver(&scratch, &["dataset", "remove", "pets"]);
    assert_eq!(scratch.read("my work/.gitignore"), b"*.pyc\n");
    let declare = [
        "dataset", "add", "pets.csv", "--key", "id", "--label", "label",
    ];
    dver(&scratch, &declare);
    let files: Vec<String> = scratch.json(&["-C", WORK, "add", "-A"]).remove(0)["staged"]
        .as_array()
        .unwrap()
        .iter()
        .map(|path| path.as_str().unwrap().to_owned())
        .collect();
    assert!(!files.iter().any(|path| path == "main.py"), "{files:?}");
    assert!(
        !scratch.path("my work/dver.lock").exists(),
        "nothing is committed"
    );
    dver(&scratch, &["commit", "-m", "first"]);
    let lock = String::from_utf8(scratch.read("my work/dver.lock")).unwrap();
    assert_eq!(lock, format!("commit = \"{}\"\n", head(&scratch, WORK)));
    let seen = git(&scratch, WORK, &["status", "--short", "-uall"]).ok();
    assert!(
        seen.contains("?? dver.lock\n") && seen.contains("?? dver.toml\n"),
        "{seen}"
    );
    assert!(
        !seen.contains("pets.csv") && !seen.contains(".dver/"),
        "{seen}"
    );
}

#[test]
fn status_says_when_lock_and_head_disagree_and_when_git_tracks_data() {
    let scratch = with_data();
    let status = scratch.json(&["-C", WORK, "status"]).remove(0);
    let first = head(&scratch, WORK);
    assert_eq!(status["lock"]["agrees"], true);
    assert_eq!(status["lock"]["commit"], first.as_str());
    relabel(&scratch, 9);
    dver(&scratch, &["commit", "-a", "-m", "five cats"]);
    let second = head(&scratch, WORK);
    git(&scratch, WORK, &["checkout", "dver.lock"]).ok();
    // The hook saw the lock and brought the data there.
    assert_eq!(head(&scratch, WORK), first);
    scratch.write("my work/dver.lock", format!("commit = \"{second}\"\n"));
    let status = scratch.json(&["-C", WORK, "status"]).remove(0);
    assert_eq!(status["lock"]["agrees"], false);
    let told = dver(&scratch, &["status"]);
    assert!(told.contains("dver checkout --lock"), "{told}");
    dver(&scratch, &["checkout", "--lock"]);
    assert_eq!(head(&scratch, WORK), second);
    assert_eq!(scratch.read("my work/pets.csv"), pets(300, 9).into_bytes());
    scratch.write("my work/dver.lock", format!("commit = \"{first}\"\n"));
    dver(&scratch, &["reset"]);
    let lock = String::from_utf8(scratch.read("my work/dver.lock")).unwrap();
    assert!(lock.contains(&second), "{lock}");
    scratch.write(
        "my work/dver.lock",
        "<<<<<<< ours\n=======\n>>>>>>> theirs\n",
    );
    let told = dver(&scratch, &["status"]);
    assert!(told.contains("conflict"), "{told}");
    let status = scratch.json(&["-C", WORK, "status"]).remove(0);
    assert_eq!(status["lock"], serde_json::Value::Null);
    dver(&scratch, &["reset"]);
    git(&scratch, WORK, &["add", "-f", "pets.csv"]).ok();
    let told = dver(&scratch, &["status"]);
    assert!(told.contains("git rm --cached"), "{told}");
    git(&scratch, WORK, &["rm", "-q", "--cached", "pets.csv"]).ok();
    let told = dver(&scratch, &["status"]);
    assert!(!told.contains("git rm --cached"), "{told}");
}

#[test]
fn a_git_commit_waits_for_the_data_and_tells_of_it() {
    let scratch = with_data();
    assert_eq!(trailers(&scratch, "HEAD").len(), 2);
    relabel(&scratch, 9);
    scratch.write("my work/main.py", "print('bye')\n");
    let told = git(&scratch, WORK, &["commit", "-am", "code and data"]).fails(1);
    assert!(told.contains("modified  pets.csv"), "{told}");
    assert!(told.contains("dver commit -a -m MESSAGE"), "{told}");
    // Staged, but in no version.
    dver(&scratch, &["add", "pets.csv"]);
    git(&scratch, WORK, &["commit", "-am", "code and data"]).fails(1);
    dver(&scratch, &["commit", "-m", "four cats"]);
    git(&scratch, WORK, &["commit", "-am", "code and data"]).ok();
    let commit = head(&scratch, WORK);
    assert_eq!(lock_at(&scratch, WORK, "HEAD"), commit);
    let told = trailers(&scratch, "HEAD");
    assert_eq!(told[0], format!("Dver-Commit: {}", &commit[..12]));
    assert_eq!(told[1], "Dver-Labels-Changed: 4");
    assert_eq!(git(&scratch, WORK, &["status", "--short"]).ok(), "");
    // Nothing of the data's: nothing is said.
    scratch.write("my work/main.py", "print('again')\n");
    let quiet = git(&scratch, WORK, &["commit", "-qam", "code"]);
    assert_eq!((quiet.code, quiet.err.as_str()), (Some(0), ""));
    assert!(trailers(&scratch, "HEAD").is_empty());
    // An amended commit tells of what both did.
    relabel(&scratch, 19);
    dver(&scratch, &["commit", "-a", "-m", "five more"]);
    git(&scratch, WORK, &["commit", "-q", "--amend", "--no-edit"]).ok();
    assert_eq!(trailers(&scratch, "HEAD")[1], "Dver-Labels-Changed: 5");
    git(&scratch, WORK, &["commit", "-q", "--amend", "--no-edit"]).ok();
    assert_eq!(trailers(&scratch, "HEAD").len(), 2);
    assert_eq!(git(&scratch, WORK, &["status", "--short"]).ok(), "");
    // Whoever asks for it commits without the data.
    relabel(&scratch, 29);
    scratch.write("my work/main.py", "print('more')\n");
    let skip = [("DVER_SKIP_HOOKS", "1")];
    git_with(&scratch, WORK, &["commit", "-qam", "code"], &skip).ok();
    assert_eq!(scratch.read("my work/pets.csv"), pets(300, 29).into_bytes());
}

#[test]
fn a_commit_of_some_paths_leaves_the_index_alone() {
    let scratch = with_data();
    relabel(&scratch, 9);
    dver(&scratch, &["commit", "-a", "-m", "four cats"]);
    scratch.write("my work/main.py", "print('bye')\n");
    git(&scratch, WORK, &["commit", "-qm", "code", "main.py"]).ok();
    assert_eq!(
        git(&scratch, WORK, &["status", "--short"]).ok(),
        " M dver.lock\n"
    );
    git(&scratch, WORK, &["commit", "-qam", "data"]).ok();
    assert_eq!(lock_at(&scratch, WORK, "HEAD"), head(&scratch, WORK));
}

#[test]
fn a_message_that_nobody_wrote_stays_empty() {
    let scratch = with_data();
    relabel(&scratch, 9);
    dver(&scratch, &["commit", "-a", "-m", "four cats"]);
    let before = git(&scratch, WORK, &["rev-parse", "HEAD"]).ok();
    let told = git_with(&scratch, WORK, &["commit", "-a"], &[("GIT_EDITOR", "true")]).fails(1);
    assert!(told.contains("empty commit message"), "{told}");
    assert_eq!(git(&scratch, WORK, &["rev-parse", "HEAD"]).ok(), before);
    let editor = [(
        "GIT_EDITOR",
        "sh -c 'echo Cats > \"$1.new\"; cat \"$1\" >> \"$1.new\"; mv \"$1.new\" \"$1\"' -",
    )];
    git_with(&scratch, WORK, &["commit", "-a"], &editor).ok();
    let body = git(&scratch, WORK, &["log", "-1", "--format=%B"]).ok();
    assert!(body.starts_with("Cats\n\nDver-Commit: "), "{body}");
}

#[test]
fn with_mode_commit_the_data_goes_along_and_gates_refuse() {
    let scratch = with_data();
    dver(&scratch, &["hook", "install", "--mode", "commit"]);
    relabel(&scratch, 9);
    git(
        &scratch,
        WORK,
        &["commit", "-q", "--allow-empty", "-m", "with data"],
    )
    .ok();
    assert_eq!(lock_at(&scratch, WORK, "HEAD"), head(&scratch, WORK));
    assert_eq!(trailers(&scratch, "HEAD")[1], "Dver-Labels-Changed: 4");
    let mut declared = String::from_utf8(scratch.read("my work/dver.toml")).unwrap();
    declared.push_str("\n[gate.pets]\n\"missing.label\" = \"<= 0.01\"\nrecords = \">= 200\"\n");
    scratch.write("my work/dver.toml", &declared);
    git(&scratch, WORK, &["commit", "-qam", "gates"]).ok();
    let told = trailers(&scratch, "HEAD");
    assert!(
        told.contains(&"Dver-Metric: records 300".to_owned()),
        "{told:?}"
    );
    let before = (
        head(&scratch, WORK),
        git(&scratch, WORK, &["rev-parse", "HEAD"]).ok(),
    );
    let gaps = pets(300, 9).replace(",dog\n", ",\n");
    scratch.write("my work/pets.csv", &gaps);
    let told = git(&scratch, WORK, &["commit", "-am", "gaps"]).fails(1);
    for part in ["missing.label <= 0.01", "0.4867", "pets.csv:"] {
        assert!(told.contains(part), "{part}: {told}");
    }
    let after = (
        head(&scratch, WORK),
        git(&scratch, WORK, &["rev-parse", "HEAD"]).ok(),
    );
    assert_eq!(after, before);
    assert_eq!(scratch.read("my work/pets.csv"), gaps.into_bytes());
    let status = scratch.json(&["-C", WORK, "status"]).remove(0);
    assert_eq!(status["staged"], serde_json::json!([]));
}

#[test]
fn data_follows_checkout_merge_and_rebase() {
    let scratch = with_data();
    let first = head(&scratch, WORK);
    git(&scratch, WORK, &["checkout", "-q", "-b", "cats"]).ok();
    relabel(&scratch, 9);
    dver(&scratch, &["commit", "-a", "-m", "four cats"]);
    git(&scratch, WORK, &["commit", "-qam", "four cats"]).ok();
    let second = head(&scratch, WORK);
    // The data has a branch of the same name, and main stayed.
    assert_eq!(dver(&scratch, &["branch"]), "* cats\n  main\n");
    git(&scratch, WORK, &["checkout", "-q", "main"]).ok();
    assert_eq!(head(&scratch, WORK), first);
    assert_eq!(scratch.read("my work/pets.csv"), pets(300, 0).into_bytes());
    assert_eq!(dver(&scratch, &["branch"]), "  cats\n* main\n");
    scratch.write("my work/other.py", "pass\n");
    git(&scratch, WORK, &["add", "other.py"]).ok();
    git(&scratch, WORK, &["commit", "-qm", "other"]).ok();
    git(&scratch, WORK, &["checkout", "-q", "cats"]).ok();
    git(&scratch, WORK, &["rebase", "-q", "main"]).ok();
    assert_eq!(head(&scratch, WORK), second);
    assert_eq!(
        dver(&scratch, &["status"]),
        "On branch cats\nNothing changed since the last commit\n"
    );
    git(&scratch, WORK, &["checkout", "-q", "main"]).ok();
    git(&scratch, WORK, &["merge", "-q", "cats"]).ok();
    assert_eq!(head(&scratch, WORK), second);
    assert_eq!(scratch.read("my work/pets.csv"), pets(300, 9).into_bytes());
    assert!(dver(&scratch, &["branch"]).contains("* main\n"));
    git(&scratch, WORK, &["checkout", "-q", "HEAD~2"]).ok();
    assert_eq!(head(&scratch, WORK), first);
    git(&scratch, WORK, &["checkout", "-q", "main"]).ok();
    assert_eq!(head(&scratch, WORK), second);
}

#[test]
fn uncommitted_data_stops_nothing_and_is_not_overwritten() {
    let scratch = with_data();
    git(&scratch, WORK, &["checkout", "-q", "-b", "cats"]).ok();
    relabel(&scratch, 9);
    dver(&scratch, &["commit", "-a", "-m", "four cats"]);
    git(&scratch, WORK, &["commit", "-qam", "four cats"]).ok();
    relabel(&scratch, 99);
    let told = git(&scratch, WORK, &["checkout", "-q", "main"]);
    assert_eq!(told.code, Some(0));
    assert!(
        told.err.contains("was not brought to dver.lock"),
        "{}",
        told.err
    );
    assert!(told.err.contains("pets.csv"), "{}", told.err);
    assert_eq!(scratch.read("my work/pets.csv"), pets(300, 99).into_bytes());
    let told = dver(&scratch, &["status"]);
    assert!(told.contains("dver checkout --lock"), "{told}");
}

#[test]
fn in_the_middle_of_something_data_is_left_alone() {
    let scratch = with_data();
    let first = head(&scratch, WORK);
    relabel(&scratch, 9);
    dver(&scratch, &["commit", "-a", "-m", "four cats"]);
    git(&scratch, WORK, &["commit", "-qam", "four cats"]).ok();
    let second = head(&scratch, WORK);
    relabel(&scratch, 49); // uncommitted
    for (mark, is_directory) in [
        ("rebase-merge", true),
        ("rebase-apply", true),
        ("CHERRY_PICK_HEAD", false),
        ("BISECT_LOG", false),
        ("MERGE_HEAD", false),
    ] {
        let mark = scratch.path(WORK).join(".git").join(mark);
        match is_directory {
            true => fs::create_dir(&mark).unwrap(),
            false => fs::write(&mark, "").unwrap(),
        }
        for hook in ["pre-commit", "post-checkout"] {
            scratch.write("my work/dver.lock", format!("commit = \"{first}\"\n"));
            assert_eq!(dver(&scratch, &["hook", "run", hook, "a", "b", "1"]), "");
            assert_eq!(head(&scratch, WORK), second, "{}", mark.display());
        }
        match is_directory {
            true => fs::remove_dir(&mark).unwrap(),
            false => fs::remove_file(&mark).unwrap(),
        }
    }
    scratch
        .dver(&["-C", WORK, "hook", "run", "pre-commit"])
        .fails(1);
    // A real bisect: data stays where it is until it ends.
    scratch.write("my work/pets.csv", pets(300, 9));
    git(&scratch, WORK, &["checkout", "-q", "-f", "main"]).ok();
    assert_eq!(head(&scratch, WORK), second);
    git(&scratch, WORK, &["bisect", "start", "HEAD", "HEAD~2"]).ok();
    assert_eq!(head(&scratch, WORK), second);
    git(&scratch, WORK, &["bisect", "reset"]).ok();
    assert_eq!(head(&scratch, WORK), second);
}

#[test]
fn push_gives_the_data_first_and_a_clone_gets_it() {
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
    // Without a remote for data there is nothing to give.
    let told = git(&scratch, WORK, &["push", "-q", "-u", "origin", "main"]);
    assert_eq!((told.code, told.err.as_str()), (Some(0), ""));
    dver(&scratch, &["remote", "add", "origin", "../data of team"]);
    relabel(&scratch, 9);
    dver(&scratch, &["commit", "-a", "-m", "four cats"]);
    git(&scratch, WORK, &["commit", "-qam", "four cats"]).ok();
    let told = git(&scratch, WORK, &["push", "-q"]);
    assert!(told.err.contains("pushed the data"), "{}", told.err);
    assert_eq!(told.code, Some(0));
    let told = git(&scratch, WORK, &["push", "-q"]);
    assert_eq!((told.code, told.err.as_str()), (Some(0), ""));
    // Whoever pulls data into a git clone gets what its commit names, not what came later.
    relabel(&scratch, 13);
    dver(&scratch, &["commit", "-a", "-m", "ahead of git"]);
    dver(&scratch, &["push"]);
    git(&scratch, ".", &["clone", "-q", "origin.git", "carl"]).ok();
    let told = scratch.dver(&["-C", "carl", "init"]);
    assert!(told.err.contains("dver checkout --lock"), "{}", told.err);
    let add = ["-C", "carl", "remote", "add", "origin", "../data of team"];
    scratch.dver(&add).ok();
    scratch.dver(&["-C", "carl", "pull"]).ok();
    assert_eq!(scratch.read("carl/pets.csv"), pets(300, 9).into_bytes());
    assert_eq!(git(&scratch, "carl", &["status", "--short"]).ok(), "");
    dver(&scratch, &["undo"]);
    dver(&scratch, &["reset", "--hard"]);
    assert_eq!(git(&scratch, WORK, &["status", "--short"]).ok(), "");
    // A colleague.
    git(&scratch, ".", &["clone", "-q", "origin.git", "bob"]).ok();
    assert!(!scratch.path("bob/pets.csv").exists());
    for arguments in [
        &["init"][..],
        &["remote", "add", "origin", "../data of team"],
        &["hook", "install"],
        &["checkout", "--lock"],
    ] {
        scratch.dver(&[&["-C", "bob"], arguments].concat()).ok();
    }
    assert_eq!(scratch.read("bob/pets.csv"), pets(300, 9).into_bytes());
    assert_eq!(git(&scratch, "bob", &["status", "--short"]).ok(), "");
    assert_eq!(scratch.dver(&["-C", "bob", "branch"]).ok(), "* main\n");
    scratch.write("bob/pets.csv", pets(300, 19));
    scratch
        .dver(&["-C", "bob", "commit", "-a", "-m", "of bob"])
        .ok();
    git(&scratch, "bob", &["commit", "-qam", "of bob"]).ok();
    git(&scratch, "bob", &["push", "-q"]).ok();
    let told = git(&scratch, WORK, &["pull", "-q", "--ff-only"]);
    assert!(told.err.contains("fetched from origin"), "{}", told.err);
    assert_eq!(scratch.read("my work/pets.csv"), pets(300, 19).into_bytes());
    // Where data cannot go, git does not go.
    fs::rename(scratch.path("data of team"), scratch.path("away")).unwrap();
    scratch.write("data of team", "no directory");
    relabel(&scratch, 29);
    dver(&scratch, &["commit", "-a", "-m", "more"]);
    git(&scratch, WORK, &["commit", "-qam", "more"]).ok();
    let told = git(&scratch, WORK, &["push", "-q"]).fails(1);
    assert!(told.contains("the git push is refused"), "{told}");
    assert!(told.contains("DVER_SKIP_HOOKS=1"), "{told}");
    git_with(&scratch, WORK, &["push", "-q"], &[("DVER_SKIP_HOOKS", "1")]).ok();
    for clone in [WORK, "bob"] {
        scratch.dver(&["-C", clone, "fsck", "--full"]).ok();
    }
}

#[test]
fn a_linked_worktree_has_data_and_a_stage_of_its_own() {
    let scratch = with_data();
    let first = head(&scratch, WORK);
    git(
        &scratch,
        WORK,
        &["worktree", "add", "-q", "-b", "cats", "../linked"],
    )
    .ok();
    // git ran the hook in it.
    assert_eq!(scratch.read("linked/pets.csv"), pets(300, 0).into_bytes());
    assert_eq!(head(&scratch, "linked"), first);
    assert_eq!(
        scratch.dver(&["-C", "linked", "status"]).ok(),
        "On branch cats\nNothing changed since the last commit\n"
    );
    scratch.write("linked/pets.csv", pets(300, 9));
    scratch.dver(&["-C", "linked", "add", "pets.csv"]).ok();
    let status = scratch.json(&["-C", WORK, "status"]).remove(0);
    assert_eq!(status["staged"], serde_json::json!([]));
    // What happened there is not taken back here.
    let told = scratch.dver(&["-C", "linked", "restore", "pets.csv"]).ok();
    assert_eq!(told, "");
    scratch.write("linked/pets.csv", pets(300, 9));
    scratch
        .dver(&["-C", "linked", "commit", "-a", "-m", "four cats"])
        .ok();
    let told = scratch.dver(&["-C", WORK, "undo"]).fails(3);
    assert!(told.contains("another worktree"), "{told}");
    git(&scratch, "linked", &["commit", "-qam", "four cats"]).ok();
    assert_eq!(head(&scratch, WORK), first);
    assert_eq!(scratch.read("my work/pets.csv"), pets(300, 0).into_bytes());
    let told = scratch.dver(&["-C", WORK, "switch", "cats"]).fails(3);
    assert!(told.contains("another worktree"), "{told}");
    git(&scratch, WORK, &["merge", "-q", "cats"]).ok();
    assert_eq!(scratch.read("my work/pets.csv"), pets(300, 9).into_bytes());
    assert!(dver(&scratch, &["branch"]).contains("* main"));
    for place in [WORK, "linked"] {
        scratch.dver(&["-C", place, "fsck"]).ok();
    }
    // Where git removed it, nobody stands on its branch.
    git(
        &scratch,
        WORK,
        &["worktree", "remove", "--force", "../linked"],
    )
    .ok();
    dver(&scratch, &["switch", "cats"]);
}

#[test]
fn data_in_a_directory_of_the_git_repository_or_a_submodule_follows_too() {
    let scratch = code();
    fs::create_dir(scratch.path("my work/the data")).unwrap();
    scratch.dver(&["-C", "my work/the data", "init"]).ok();
    scratch.write("my work/the data/pets.csv", pets(300, 0));
    for arguments in [
        &["add", "pets.csv"][..],
        &["commit", "-m", "first"],
        &["hook", "install"],
    ] {
        scratch
            .dver(&[&["-C", "my work/the data"], arguments].concat())
            .ok();
    }
    git(&scratch, WORK, &["add", "."]).ok();
    git(&scratch, WORK, &["commit", "-qm", "data"]).ok();
    assert_eq!(trailers(&scratch, "HEAD").len(), 2);
    scratch.write("my work/the data/pets.csv", pets(300, 9));
    let told = git(&scratch, WORK, &["commit", "--allow-empty", "-m", "x"]).fails(1);
    assert!(told.contains("dver -C"), "{told}");
    // A submodule: its .git is a file.
    git(&scratch, ".", &["init", "-q", "-b", "main", "outer"]).ok();
    let add = [
        "-c",
        "protocol.file.allow=always",
        "submodule",
        "add",
        "-q",
        "../my work",
        "inner",
    ];
    git(&scratch, "outer", &add).ok();
    let inner = "outer/inner/the data";
    scratch.dver(&["-C", inner, "init"]).ok();
    scratch.dver(&["-C", inner, "hook", "install"]).ok();
    scratch.write(&format!("{inner}/pets.csv"), pets(300, 19));
    scratch.dver(&["-C", inner, "add", "pets.csv"]).ok();
    git(&scratch, inner, &["commit", "--allow-empty", "-m", "x"]).fails(1);
    scratch
        .dver(&["-C", inner, "commit", "-a", "-m", "own"])
        .ok();
    git(&scratch, inner, &["commit", "-qam", "own"]).ok();
    assert_eq!(git(&scratch, inner, &["status", "--short"]).ok(), "");
}

#[test]
fn a_hook_that_takes_too_long_lets_git_go_on() {
    let scratch = with_data();
    // Whoever has no time at all is told so; nobody waits for the thread that looks.
    scratch.write(
        "my work/.dver/config.toml",
        "[git]\nhooks = \"require\"\nbudget = \"never\"\n",
    );
    let told = scratch.dver(&["-C", WORK, "hook", "status"]).fails(3);
    assert!(told.contains("a number of seconds"), "{told}");
    scratch.write(
        "my work/.dver/config.toml",
        "[git]\nhooks = \"require\"\nbudget = \"0\"\n",
    );
    let report = scratch.json(&["-C", WORK, "hook", "status"]).remove(0);
    assert_eq!(report["budget_seconds"], 0);
    relabel(&scratch, 9);
    git(&scratch, WORK, &["commit", "--allow-empty", "-m", "x"]).fails(1);
}

#[test]
fn the_entries_for_other_managers_name_hooks_that_there_are() {
    let page = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/git.md");
    let text = fs::read_to_string(page).unwrap();
    let scratch = with_data();
    let report = scratch.json(&["-C", WORK, "hook", "status"]).remove(0);
    let known: Vec<&str> = report["hooks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|hook| hook["name"].as_str().unwrap())
        .collect();
    let mut seen = 0;
    for rest in text.split("dver hook run ").skip(1) {
        let name = rest.split([' ', ',', '"', '}', '`']).next().unwrap();
        assert!(known.contains(&name), "{name}");
        seen += 1;
    }
    assert!(seen >= 12, "{seen}");
    scratch
        .dver(&["-C", WORK, "hook", "run", "post-commit"])
        .fails(2);
}

/// The durable steps of a command.
fn steps(scratch: &Scratch, arguments: &[&str]) -> usize {
    let copy = scratch.copy();
    let file = copy.path("steps");
    let steps = [("DVER_TEST_STEPS", file.to_str().unwrap())];
    copy.dver_with(&[&["-C", WORK], arguments].concat(), &steps)
        .ok();
    fs::read_to_string(file).unwrap().lines().count()
}

#[test]
fn a_commit_that_is_stopped_leaves_a_lock_that_is_right_or_told() {
    let start = with_data();
    relabel(&start, 9);
    let old = head(&start, WORK);
    let commit = ["commit", "-a", "-m", "four cats"];
    let count = steps(&start, &commit);
    assert!(count > 10, "{count}");
    let mut seen = [0, 0];
    for step in 1..=count {
        let scratch = start.copy();
        let arguments = [&["-C", WORK][..], &commit].concat();
        let _ = scratch.dver_with(&arguments, &[("DVER_TEST_CRASH_AT", &step.to_string())]);
        let status = scratch.json(&["-C", WORK, "status"]).remove(0);
        let moved = status["head"] != old.as_str();
        if status["lock"]["agrees"] != true {
            assert!(moved, "step {step}: the lock is never ahead");
            let told = dver(&scratch, &["status"]);
            assert!(told.contains("`dver reset`"), "step {step}: {told}");
            dver(&scratch, &["reset"]);
        }
        let status = scratch.json(&["-C", WORK, "status"]).remove(0);
        assert_eq!(status["lock"]["agrees"], true, "step {step}");
        seen[usize::from(moved)] += 1;
    }
    assert!(seen[0] > 0 && seen[1] > 0, "{seen:?}");
}

#[test]
fn an_install_that_is_stopped_is_finished_or_taken_out() {
    let start = code();
    scratch_hooks(&start);
    start.dver(&["-C", WORK, "init"]).ok();
    let before = files_below(&start, "my work/.git/hooks");
    // Without modes: what the simulated crash brings back of a lost rename are bytes alone.
    let of = |files: &[(std::path::PathBuf, Vec<u8>, u32)], root: &std::path::Path| {
        let one = |(path, bytes, _): &(std::path::PathBuf, Vec<u8>, u32)| {
            (path.strip_prefix(root).unwrap().to_owned(), bytes.clone())
        };
        files.iter().map(one).collect::<Vec<_>>()
    };
    let wanted = of(&before, start.root());
    let count = steps(&start, &["hook", "install"]);
    for step in 1..=count {
        for again in [false, true] {
            let scratch = start.copy();
            let crash = [("DVER_TEST_CRASH_AT", step.to_string())];
            let crash: Vec<(&str, &str)> = crash.iter().map(|(a, b)| (*a, b.as_str())).collect();
            let _ = scratch.dver_with(&["-C", WORK, "hook", "install"], &crash);
            if again {
                dver(&scratch, &["hook", "install"]);
                let report = scratch.json(&["-C", WORK, "hook", "status"]).remove(0);
                for hook in report["hooks"].as_array().unwrap() {
                    assert_eq!(hook["installed"], true, "step {step}: {hook}");
                }
            }
            dver(&scratch, &["hook", "uninstall"]);
            let left = of(&files_below(&scratch, "my work/.git/hooks"), scratch.root());
            assert!(left == wanted, "step {step}, again {again}");
        }
    }
}

/// A hook of each kind that dver meets.
fn scratch_hooks(scratch: &Scratch) {
    script(
        scratch,
        "my work/.git/hooks/pre-commit",
        "#!/bin/sh\nexit 0\n",
    );
    script(
        scratch,
        "my work/.git/hooks/pre-push",
        "#!/usr/bin/env python3\n",
    );
    let link = scratch.path("my work/.git/hooks/post-checkout");
    std::os::unix::fs::symlink("../../main.py", link).unwrap();
}
