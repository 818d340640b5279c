//! `dver tour`: the story plays to its end anywhere, says what it should, and leaves nothing.

use std::fs;

use crate::harness::Scratch;

#[test]
fn the_tour_plays_on_a_machine_without_anything_and_leaves_nothing() {
    let scratch = Scratch::empty();
    let temporary = scratch.path("temporary");
    fs::create_dir(&temporary).unwrap();
    let output = scratch
        .command(&["tour"])
        .env_clear()
        .env("TMPDIR", &temporary)
        .env("TMP", &temporary)
        .output()
        .unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{told}");
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
    for words in [
        "key: `id` - unique, no nulls, 80 distinct",
        "refund -> billing       5",
        "20 added [minor]",
        "field added channel: string [compatible]",
        "class renamed label: praise -> compliment, 23",
        "label_conflicts                       0            -6",
        "data say joon",
        "reason review",
        "Took back `checkout`",
        "Took back `restore`",
        "same\n",
        "Nothing is damaged",
        "{\"dver\":\"commit 1\"",
    ] {
        assert!(told.contains(words), "`{words}` is not in\n{told}");
    }
    assert!(!told.contains('\u{1b}'), "no colours where no terminal is");
    let left: Vec<_> = fs::read_dir(&temporary).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn a_kept_tour_is_a_repository_and_its_ids_are_the_same_everywhere() {
    let scratch = Scratch::empty();
    let first = scratch.dver(&["tour", "--keep", "a", "--json"]).ok();
    let second = scratch.dver(&["tour", "--keep", "b", "--json"]).ok();
    // The directory is all that may differ.
    assert_eq!(first, second.replace("SCRATCH/b", "SCRATCH/a"));
    for line in first.lines() {
        serde_json::from_str::<serde_json::Value>(line).expect(line);
    }
    let log = scratch.dver(&["-C", "a/tickets", "log", "--oneline"]).ok();
    assert_eq!(log.lines().count(), 5, "{log}");
    let status = scratch.dver(&["-C", "a/tickets", "status"]).ok();
    assert!(status.contains("Nothing changed"), "{status}");
}

#[test]
fn a_directory_that_holds_something_is_not_played_in() {
    let scratch = Scratch::empty();
    scratch.write("mine/notes.txt", "keep me");
    let error = scratch.dver(&["tour", "--keep", "mine"]).fails(2);
    assert!(error.contains("is not empty"), "{error}");
    assert_eq!(scratch.files().len(), 1);
}

#[test]
fn the_tour_is_coloured_where_colour_is_asked_for() {
    let scratch = Scratch::empty();
    let told = scratch.dver(&["tour", "--color", "always"]).ok();
    assert!(told.contains("\u{1b}[32m"), "the commands are coloured too");
}
