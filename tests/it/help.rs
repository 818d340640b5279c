//! docs/cli.md holds the help of every command; `DVER_UPDATE_DOCS=1` writes it anew.

use std::fs;
use std::path::Path;

use crate::harness::Scratch;

const BEGIN: &str = "<!-- generated from the program's own help: see docs/contributing.md -->\n\n";

#[test]
fn the_reference_in_the_docs_is_what_the_program_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/cli.md");
    let text = fs::read_to_string(&path).unwrap();
    let (prose, written) = text.split_once(BEGIN).expect("docs/cli.md has its mark");
    let reference = dver::cli::reference();
    let reference = reference.trim_end();
    if std::env::var_os("DVER_UPDATE_DOCS").is_some() {
        fs::write(&path, format!("{prose}{BEGIN}{reference}\n")).unwrap();
        return;
    }
    if written.trim_end() != reference {
        let at = written.lines().zip(reference.lines()).find(|(a, b)| a != b);
        panic!(
            "docs/cli.md is behind: run `DVER_UPDATE_DOCS=1 cargo test --test it help`.\n{at:?}"
        );
    }
}

#[test]
fn help_version_and_completions_need_no_repository() {
    let scratch = Scratch::empty();
    let version = scratch.dver(&["--version"]).ok();
    assert!(version.starts_with("dver "), "{version}");
    let short = scratch.dver(&["diff", "-h"]).ok();
    let long = scratch.dver(&["diff", "--help"]).ok();
    assert!(short.lines().count() < long.lines().count());
    assert!(long.contains("Examples:"), "{long}");
    for shell in ["bash", "zsh", "fish"] {
        let script = scratch.dver(&["completions", shell]).ok();
        for command in ["tour", "commit", "label-from"] {
            assert!(
                script.contains(command),
                "{shell} does not know `{command}`"
            );
        }
    }
}

#[test]
fn wrong_usage_is_exit_code_2_and_one_object_with_json() {
    let scratch = Scratch::empty();
    let text = scratch.dver(&["comit"]).fails(2);
    assert!(text.contains("similar"), "{text}");
    let text = scratch.dver(&["sql", "--json"]).fails(2);
    let value: serde_json::Value = serde_json::from_str(&text).expect(&text);
    assert_eq!(value["error"]["kind"], "usage");
    assert!(
        value["error"]["message"]
            .as_str()
            .unwrap()
            .contains("QUERY")
    );
}

#[test]
fn nothing_is_paged_where_no_terminal_is() {
    let scratch = Scratch::new();
    scratch.write("a.txt", "a\n");
    scratch.dver(&["add", "-A"]).ok();
    scratch.dver(&["commit", "-m", "first"]).ok();
    let log = scratch.dver_with(&["log"], &[("PAGER", "false")]).ok();
    assert!(log.contains("first"), "{log}");
}
