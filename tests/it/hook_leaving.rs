//! What hooks do when something fails, and what is left of dver when it goes: nothing.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use crate::githooks::{WORK, code, files_below, git, git_with, head, pets, script, with_data};
use crate::harness::Scratch;

fn dver(scratch: &Scratch, arguments: &[&str]) -> String {
    scratch.dver(&[&["-C", WORK], arguments].concat()).ok()
}

fn data(scratch: &Scratch) {
    dver(scratch, &["init"]);
    scratch.write("my work/pets.csv", pets(300, 0));
    dver(scratch, &["add", "pets.csv"]);
    dver(scratch, &["commit", "-m", "first"]);
}

/// What a file may be before dver writes into it.
const BEFORE: [Option<&str>; 8] = [
    None,
    Some(""),
    Some("\n"),
    Some("# end"),
    Some("# one\n"),
    Some("# one\r\n# two\r\n"),
    Some("# one\r\n# two"),
    Some("# one\n\n\n"),
];

/// Writes the file as it was, or takes it away.
fn begin(scratch: &Scratch, path: &str, text: Option<&str>) {
    let _ = fs::remove_file(scratch.path(path));
    if let Some(text) = text {
        scratch.write(path, text);
        let mode = fs::Permissions::from_mode(0o640);
        fs::set_permissions(scratch.path(path), mode).unwrap();
    }
}

/// The bytes and the mode of a file; `None` where it is not there.
fn state(scratch: &Scratch, path: &str) -> Option<(String, u32)> {
    let path = scratch.path(path);
    let mode = fs::metadata(&path).ok()?.permissions().mode() & 0o777;
    Some((fs::read_to_string(path).unwrap(), mode))
}

#[test]
fn attributes_and_config_come_back_to_the_byte() {
    let scratch = code();
    data(&scratch);
    let core = "[core]\n\trepositoryformatversion = 0\n\tbare = false";
    let configs = [
        format!("{core}\n"),
        core.to_owned(),
        format!("{core}\n# end"),
        format!("{core}\n\n# end\n\n").replace('\n', "\r\n"),
        format!("{core}\n[diff \"dver-lock\"]\n\tcachetextconv = true\n"),
    ];
    let attributes = "my work/.git/info/attributes";
    for (at, text) in BEFORE.iter().enumerate() {
        begin(&scratch, attributes, *text);
        begin(
            &scratch,
            "my work/.git/config",
            Some(&configs[at % configs.len()]),
        );
        let before = (
            state(&scratch, attributes),
            state(&scratch, "my work/.git/config"),
        );
        for formats in [None, Some("csv,jsonl")] {
            dver(&scratch, &["hook", "install"]);
            if let Some(formats) = formats {
                dver(&scratch, &["hook", "install", "--drivers", formats]);
                dver(&scratch, &["hook", "install"]);
            }
            let now = (
                state(&scratch, attributes),
                state(&scratch, "my work/.git/config"),
            );
            assert!(now.0 != before.0 && now.1 != before.1, "{text:?}");
            dver(&scratch, &["hook", "uninstall"]);
            let left = (
                state(&scratch, attributes),
                state(&scratch, "my work/.git/config"),
            );
            assert_eq!(left, before, "{text:?}");
        }
    }
    // What came after stays, on lines of its own.
    begin(&scratch, attributes, Some("*.a diff"));
    dver(&scratch, &["hook", "install"]);
    let now = fs::read_to_string(scratch.path(attributes)).unwrap();
    scratch.write(attributes, now + "*.b diff");
    dver(&scratch, &["hook", "uninstall"]);
    assert_eq!(scratch.read(attributes), b"*.a diff\n*.b diff");
    // A link stays one.
    begin(&scratch, "attributes", Some("*.c diff"));
    fs::remove_file(scratch.path(attributes)).unwrap();
    std::os::unix::fs::symlink("../../../attributes", scratch.path(attributes)).unwrap();
    dver(&scratch, &["hook", "install"]);
    assert_ne!(scratch.read("attributes"), b"*.c diff");
    dver(&scratch, &["hook", "uninstall"]);
    assert_eq!(scratch.read("attributes"), b"*.c diff");
    assert!(scratch.path(attributes).is_symlink());
}

#[test]
fn the_block_of_gitignore_goes_with_the_last_data_set() {
    let scratch = code();
    dver(&scratch, &["init"]);
    let ignore = "my work/.gitignore";
    for text in BEFORE {
        begin(&scratch, ignore, text);
        let before = state(&scratch, ignore);
        for name in ["a.csv", "b.csv"] {
            scratch.write(&format!("my work/{name}"), pets(30, 0));
            dver(
                &scratch,
                &["dataset", "add", name, "--key", "id", "--label", "label"],
            );
            dver(&scratch, &["add", name]);
        }
        assert_ne!(state(&scratch, ignore), before, "{text:?}");
        dver(&scratch, &["dataset", "remove", "a"]);
        assert_ne!(state(&scratch, ignore), before, "{text:?}");
        dver(&scratch, &["dataset", "remove", "b"]);
        assert_eq!(state(&scratch, ignore), before, "{text:?}");
    }
}

#[test]
fn hooks_of_each_shape_come_back_to_the_byte() {
    let shapes = [
        None,
        Some(""),
        Some("\n"),
        Some("#!/bin/sh"),
        Some("#!/bin/sh\n"),
        Some("#!/bin/sh\r\nexit 0\r\n"),
        Some("#!/bin/sh\nexit 0"),
        Some("exit 0\n"),
    ];
    for husky in [false, true] {
        for mode in [0o755, 0o644] {
            let scratch = code();
            data(&scratch);
            let place = match husky {
                true => "my work/.husky",
                false => "my work/.git/hooks",
            };
            if husky {
                git(&scratch, WORK, &["config", "core.hooksPath", ".husky/_"]).ok();
                script(&scratch, "my work/.husky/_/h", "#!/bin/sh\n");
            }
            let names = [
                "pre-commit",
                "prepare-commit-msg",
                "commit-msg",
                "post-checkout",
                "post-merge",
                "post-rewrite",
                "pre-push",
            ];
            for (shape, name) in shapes.iter().zip(names) {
                let path = format!("{place}/{name}");
                let _ = fs::remove_file(scratch.path(&path));
                if let Some(text) = shape {
                    scratch.write(&path, text);
                    fs::set_permissions(scratch.path(&path), fs::Permissions::from_mode(mode))
                        .unwrap();
                }
            }
            let before = files_below(&scratch, place);
            for _ in 0..2 {
                dver(&scratch, &["hook", "install"]);
                dver(&scratch, &["hook", "install", "--mode", "commit"]);
                assert_ne!(files_below(&scratch, place), before);
                dver(&scratch, &["hook", "uninstall"]);
                assert_eq!(
                    files_below(&scratch, place),
                    before,
                    "husky {husky}, {mode:o}"
                );
            }
        }
    }
}

#[test]
fn hooks_that_others_put_aside_are_cleaned_too() {
    let scratch = with_data();
    // `pre-commit install` after dver: what was there runs first, under another name.
    let hooks = "my work/.git/hooks";
    let framework = "#!/usr/bin/env bash\n# File generated by pre-commit: https://pre-commit.com\n\
                     old=$(dirname \"$0\")/pre-commit.legacy\n[ ! -x \"$old\" ] || exec \"$old\" \"$@\"\n";
    let set_aside = |name: &str, to: &str, text: &str| {
        let from = scratch.path(&format!("{hooks}/{name}"));
        fs::rename(from, scratch.path(&format!("{hooks}/{name}{to}"))).unwrap();
        script(&scratch, &format!("{hooks}/{name}"), text);
    };
    set_aside("pre-commit", ".legacy", framework);
    let told = dver(&scratch, &["hook", "status"]);
    assert!(
        told.contains("pre-commit          installed  beside pre-commit"),
        "{told}"
    );
    assert!(!dver(&scratch, &["status"]).contains("have lost"));
    // dver runs through it, and once.
    dver(&scratch, &["hook", "install"]);
    assert_eq!(
        scratch.read(&format!("{hooks}/pre-commit")),
        framework.as_bytes()
    );
    scratch.write("my work/pets.csv", pets(300, 9));
    let told = git(&scratch, WORK, &["commit", "--allow-empty", "-m", "x"]).fails(1);
    assert_eq!(
        told.matches("dver: the data has changes").count(),
        1,
        "{told}"
    );
    // `lefthook install` does not run what it puts aside; a script of another kind stood there.
    dver(&scratch, &["hook", "uninstall"]);
    assert!(!scratch.path(&format!("{hooks}/pre-commit.legacy")).exists());
    let python = "#!/usr/bin/env python3\n";
    script(&scratch, &format!("{hooks}/pre-push"), python);
    script(&scratch, &format!("{hooks}/post-merge"), python);
    dver(&scratch, &["hook", "install"]);
    set_aside("pre-push", ".old", "#!/bin/sh\n# lefthook\n");
    // And one that others have overwritten, as `lefthook install -f` does.
    script(
        &scratch,
        &format!("{hooks}/post-merge"),
        "#!/bin/sh\n# lefthook\n",
    );
    let told = dver(&scratch, &["status"]);
    assert!(
        told.contains("have lost dver's part: post-merge, pre-push"),
        "{told}"
    );
    let told = scratch.dver(&["-C", WORK, "hook", "uninstall"]);
    assert!(
        told.err.contains("dver-before/post-merge was a hook"),
        "{}",
        told.err
    );
    assert_eq!(
        scratch.read(&format!("{hooks}/pre-push.old")),
        python.as_bytes()
    );
    for (path, bytes, _) in files_below(&scratch, hooks) {
        let text = String::from_utf8_lossy(&bytes);
        assert!(!text.contains("dver"), "{}: {text}", path.display());
    }
    git(
        &scratch,
        WORK,
        &["commit", "-q", "--allow-empty", "-m", "x"],
    )
    .ok();
}

#[test]
fn hooks_go_where_the_data_went_before() {
    let scratch = with_data();
    scratch.remove("my work/.dver");
    dver(&scratch, &["hook", "uninstall"]);
    assert_eq!(
        files_below(&scratch, "my work/.git/hooks")
            .iter()
            .filter(|(path, _, _)| path.extension().is_none_or(|end| end != "sample"))
            .count(),
        0
    );
    for left in ["dver-roots", "info/attributes"] {
        assert!(
            !scratch.path(&format!("my work/.git/{left}")).exists(),
            "{left}"
        );
    }
    scratch.dver(&["-C", WORK, "hook", "uninstall"]).fails(3);
    // Of two, one stays as long as its data is there.
    let scratch = code();
    for place in ["a", "b"] {
        let place = format!("my work/{place}");
        scratch.write(&format!("{place}/pets.csv"), pets(30, 0));
        for arguments in [
            &["init"][..],
            &["add", "pets.csv"],
            &["commit", "-m", "first"],
            &["hook", "install"],
        ] {
            scratch.dver(&[&["-C", &place], arguments].concat()).ok();
        }
    }
    let told = scratch.dver(&["-C", "my work/a", "hook", "uninstall"]).ok();
    assert!(
        told.contains("stay for other data of this git repository: b"),
        "{told}"
    );
    assert!(scratch.path("my work/.git/hooks/pre-commit").exists());
    let told = scratch.dver(&["-C", WORK, "hook", "uninstall"]).fails(3);
    assert!(told.contains("not inside a dver repository"), "{told}");
    scratch.dver(&["-C", "my work/a", "hook", "install"]).ok();
    scratch.remove("my work/b");
    scratch.dver(&["-C", "my work/a", "hook", "uninstall"]).ok();
    assert!(!scratch.path("my work/.git/hooks/pre-commit").exists());
    assert!(!scratch.path("my work/.git/dver-roots").exists());
}

#[test]
fn hooks_that_are_off_or_shared_through_a_link_are_told() {
    let scratch = code();
    data(&scratch);
    git(&scratch, WORK, &["config", "core.hooksPath", "/dev/null"]).ok();
    for arguments in [&["install"][..], &["install", "--shared"]] {
        let told = scratch
            .dver(&[&["-C", WORK, "hook"], arguments].concat())
            .fails(3);
        assert!(told.contains("runs no hooks here"), "{told}");
    }
    let told = dver(&scratch, &["hook", "status"]);
    assert!(!told.contains("installed"), "{told}");
    git(&scratch, WORK, &["config", "--unset", "core.hooksPath"]).ok();
    dver(&scratch, &["hook", "install"]);
    git(&scratch, WORK, &["config", "core.hooksPath", "/dev/null"]).ok();
    let told = dver(&scratch, &["status"]);
    assert!(told.contains("have lost dver's part"), "{told}");
    dver(&scratch, &["hook", "uninstall"]);
    git(&scratch, WORK, &["config", "--unset", "core.hooksPath"]).ok();
    assert!(!scratch.path("my work/.git/hooks/pre-commit").exists());
    // The directory that a link leads to may be everybody's.
    fs::create_dir(scratch.path("all hooks")).unwrap();
    fs::remove_dir_all(scratch.path("my work/.git/hooks")).unwrap();
    let link = scratch.path("my work/.git/hooks");
    std::os::unix::fs::symlink("../../all hooks", link).unwrap();
    let told = scratch.dver(&["-C", WORK, "hook", "install"]).fails(3);
    assert!(told.contains("--shared"), "{told}");
    assert_eq!(files_below(&scratch, "all hooks"), []);
}

#[test]
fn what_dver_cannot_do_stops_only_what_must_not_go_on() {
    let damages = [
        (".dver/VERSION", "dver repository format 99\n"),
        (".dver/config.toml", "x = [\n"),
        (".dver/head", "nothing\n"),
    ];
    for (path, text) in damages {
        let scratch = with_data();
        scratch.write(&format!("my work/{path}"), text);
        let told = git(&scratch, WORK, &["checkout", "-b", "side"]);
        assert_eq!(told.code, Some(0), "{path}: {}", told.err);
        let told = git(&scratch, WORK, &["commit", "--allow-empty", "-m", "x"]).fails(1);
        assert!(told.contains("the git commit is refused"), "{path}: {told}");
        assert!(told.contains("DVER_SKIP_HOOKS=1"), "{path}: {told}");
        let skip = [("DVER_SKIP_HOOKS", "1")];
        let commit = ["commit", "-q", "--allow-empty", "-m", "x"];
        git_with(&scratch, WORK, &commit, &skip).ok();
        // Whoever asked for no check gets a commit without trailers, not none.
        let unchecked = [&commit[..], &["--no-verify"]].concat();
        git(&scratch, WORK, &unchecked).ok();
    }
}

#[test]
fn a_hook_without_time_says_what_was_not_done() {
    let scratch = with_data();
    let config = |budget: &str| {
        let text = format!("[git]\nhooks = \"require\"\nbudget = \"{budget}\"\n");
        scratch.write("my work/.dver/config.toml", text);
    };
    let commit = ["commit", "-q", "--allow-empty", "-m", "x"];
    // What looks takes longer than the test would wait.
    let slow = [("DVER_TEST_PAUSE", "600000")];
    config("1");
    scratch.write("my work/pets.csv", pets(300, 9));
    let told = git_with(&scratch, WORK, &commit, &slow);
    assert_eq!(told.code, Some(0), "{}", told.err);
    for part in [
        "pre-commit was not done within 1 s",
        "`dver status`",
        "budget = \"60 s\"",
        "config.toml",
    ] {
        assert!(told.err.contains(part), "{part}: {}", told.err);
    }
    // The message goes without trailers, and says so.
    let before = head(&scratch, WORK);
    dver(&scratch, &["commit", "-a", "-m", "four cats"]);
    assert_ne!(head(&scratch, WORK), before);
    let told = git_with(&scratch, WORK, &["commit", "-qam", "data"], &slow);
    assert_eq!(told.code, Some(0), "{}", told.err);
    assert!(
        told.err.contains("the message says nothing of the data"),
        "{}",
        told.err
    );
    let body = git(&scratch, WORK, &["log", "-1", "--format=%B"]).ok();
    assert_eq!(body.trim(), "data");
    // Long, but within its time; and all the time that it takes.
    scratch.write("my work/pets.csv", pets(300, 19));
    for budget in ["60 s", "0"] {
        config(budget);
        let slow = [("DVER_TEST_PAUSE", "1200")];
        let told = git_with(&scratch, WORK, &commit, &slow).fails(1);
        assert!(told.contains("modified  pets.csv"), "{budget}: {told}");
    }
}
