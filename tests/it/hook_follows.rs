//! Data that follows git where git does something out of the ordinary: sparse checkouts, commits that
//! know nothing of the data, rebases without commits, line ends of the system, versions on the way.

use std::fs;

use crate::githooks::{WORK, code, git, head, lock_at, pets, with_data, with_hooks};
use crate::harness::Scratch;

fn dver(scratch: &Scratch, arguments: &[&str]) -> String {
    scratch.dver(&[&["-C", WORK], arguments].concat()).ok()
}

fn relabel(scratch: &Scratch, relabelled: usize, message: &str) {
    scratch.write("my work/pets.csv", pets(300, relabelled));
    dver(scratch, &["commit", "-a", "-m", message]);
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
fn what_git_puts_aside_is_no_change_of_the_data() {
    let scratch = with_data();
    let first = head(&scratch, WORK);
    let mut declared = String::from_utf8(scratch.read("my work/dver.toml")).unwrap();
    declared.push_str("\n[gate.pets]\nrecords = \">= 200\"\n");
    scratch.write("my work/dver.toml", &declared);
    dver(&scratch, &["commit", "-a", "-m", "gates"]);
    // As the pre-commit framework does while its hooks run.
    git(&scratch, WORK, &["stash", "-q"]).ok();
    for mode in ["require", "commit"] {
        dver(&scratch, &["hook", "install", "--mode", mode]);
        let told = scratch.dver(&["-C", WORK, "hook", "run", "pre-commit"]);
        assert_eq!(told.code, Some(0), "{}{}", told.out, told.err);
        let names = format!("dver.lock names {}", &first[..12]);
        assert!(told.err.contains(&names), "{}", told.err);
        assert_eq!(git(&scratch, WORK, &["status", "--short"]).ok(), "");
    }
    git(&scratch, WORK, &["stash", "pop", "-q"]).ok();
    git(&scratch, WORK, &["commit", "-qm", "gates", "--allow-empty"]).ok();
    assert_eq!(lock_at(&scratch, WORK, "HEAD"), head(&scratch, WORK));
}

#[test]
fn refs_in_a_table_are_read_too() {
    let scratch = Scratch::empty();
    let init = ["init", "-q", "--ref-format=reftable", "-b", "main", WORK];
    if git(&scratch, ".", &init).code != Some(0) {
        #[allow(clippy::print_stderr)] // a skipped test must say so
        {
            eprintln!("SKIPPED: this git knows no tables of refs");
        }
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
