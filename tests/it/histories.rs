//! Unusual histories: branches without a commit, changed declarations, keys written otherwise.

use crate::harness::Scratch;

const PETS: &str = "id,text,label\n17,aa,cat\n18,bb,dog\n19,cc,cat\n20,dd,dog\n";

fn pets() -> Scratch {
    let scratch = Scratch::new();
    scratch.write("pets.csv", PETS);
    scratch.dver(&["add", "-A"]).ok();
    scratch.dver(&["commit", "-m", "one"]).ok();
    scratch
}

fn commit(scratch: &Scratch, message: &str) {
    scratch.dver(&["commit", "-a", "-m", message]).ok();
}

/// `blame` of a record, one word an event.
fn life(scratch: &Scratch, key: &str) -> Vec<String> {
    let events = scratch.json(&["blame", "pets", "--key", key]);
    let objects = scratch.json(&["blame", "pets", "--key", key, "--from-objects"]);
    assert_eq!(events, objects);
    let text = |event: &serde_json::Value, name: &str| event[name].as_str().map(str::to_owned);
    events
        .iter()
        .map(|event| {
            let ends = [text(event, "from"), text(event, "to")];
            let ends: Vec<String> = ends.into_iter().flatten().collect();
            format!("{} {}", event["event"].as_str().unwrap(), ends.join("->"))
        })
        .collect()
}

#[test]
fn a_branch_without_a_commit_keeps_its_stage_under_another_name() {
    let scratch = Scratch::new();
    scratch.write("pets.csv", PETS);
    scratch.dver(&["add", "-A"]).ok();
    scratch.dver(&["switch", "-c", "dev"]).ok();
    scratch.dver(&["checkout", "-b", "work"]).ok();
    scratch.dver(&["switch", "--force", "-c", "again"]).ok();
    let status = &scratch.json(&["status"])[0];
    assert_eq!(status["branch"], "again");
    assert_eq!(status["staged"].as_array().unwrap().len(), 2);
    assert_eq!(scratch.read("pets.csv"), PETS.as_bytes());
    scratch.dver(&["commit", "-m", "one"]).ok();
}

#[test]
fn a_branch_never_moves_under_the_files() {
    let scratch = pets();
    scratch.write("pets.csv", PETS.replace("17,aa,cat", "17,aa,dog"));
    commit(&scratch, "two");
    scratch.dver(&["branch", "old", "HEAD~1"]).ok();
    scratch
        .dver(&["branch", "-m", "-f", "old", "main"])
        .fails(3);
    scratch.dver(&["branch", "-f", "main", "old"]).fails(3);
    assert_eq!(scratch.dver(&["status", "--short"]).ok(), "");
    scratch.dver(&["branch", "-m", "main", "trunk"]).ok();
    assert_eq!(scratch.json(&["status"])[0]["branch"], "trunk");
}

#[test]
fn a_revision_with_letters_after_it_is_no_revision() {
    let scratch = pets();
    for revision in ["HEAD^0\u{e9}", "HEAD~0\u{1f408}", "HEAD~\u{e9}"] {
        let code = scratch.dver(&["log", revision]).code;
        assert!(matches!(code, Some(2 | 3)), "{revision}: {code:?}");
    }
}

#[test]
fn a_commit_needs_words() {
    let scratch = pets();
    scratch.write("pets.csv", PETS.replace("17,aa,cat", "17,aa,dog"));
    scratch.dver(&["commit", "-a", "-m", " "]).fails(2);
    scratch.dver(&["commit", "--amend", "-m", ""]).fails(2);
}

#[test]
fn a_key_that_is_written_otherwise_is_the_same_life() {
    let scratch = pets();
    let saved = "id,text,label\n17.0,aa,dog\n18.0,bb,dog\n19.0,cc,cat\n20.0,dd,dog\n";
    scratch.write("pets.csv", saved);
    commit(&scratch, "saved by another program");
    for key in ["17", "17.0"] {
        assert_eq!(life(&scratch, key), ["added cat", "label cat->dog"]);
        let log = scratch.dver(&["log", "--oneline", "--key", key]).ok();
        assert_eq!(log.lines().count(), 2, "{log}");
    }
    scratch.remove("pets.csv");
    commit(&scratch, "gone");
    let all = ["added cat", "label cat->dog", "removed dog"];
    assert_eq!(life(&scratch, "17"), all);
}

#[test]
fn a_record_lives_on_when_its_data_set_is_declared_otherwise() {
    let scratch = Scratch::new();
    scratch.write("pets.csv", "id,text,label\n1,a,cat\n2,b,dog\n3,c,cat\n");
    scratch.dver(&["add", "-A", "--no-declare"]).ok();
    scratch.dver(&["commit", "-m", "no data set"]).ok();
    scratch.write(
        "dver.toml",
        "[dataset.pets]\npath = \"pets.csv\"\nkey = [\"id\"]\n",
    );
    scratch.dver(&["add", "dver.toml"]).ok();
    scratch.dver(&["commit", "-m", "a data set"]).ok();
    let why = scratch.dver(&["blame", "pets", "--key", "1"]).fails(2);
    assert!(why.contains("no label fields"), "{why}");
    let log = scratch.dver(&["log", "--oneline", "--key", "1"]).ok();
    assert_eq!(log.lines().count(), 1, "{log}");

    let declared = "[dataset.pets]\npath = \"pets.csv\"\nkey = [\"id\"]\nlabel = \"label\"\n";
    scratch.write("dver.toml", declared);
    commit(&scratch, "a label");
    assert_eq!(life(&scratch, "1"), ["added cat"]);
    scratch
        .dver(&["blame", "pets", "--key", "1", "--field", "nosuch"])
        .fails(2);
    scratch.dver(&["blame", "pets", "--key", "99"]).fails(3);

    scratch.write("dver.toml", declared.replace("\"id\"", "\"text\""));
    commit(&scratch, "another key");
    assert_eq!(life(&scratch, "a"), ["added cat"]);

    scratch.dver(&["dataset", "remove", "pets"]).ok();
    scratch.dver(&["commit", "-m", "no data set again"]).ok();
    assert_eq!(life(&scratch, "a"), ["added cat", "removed cat"]);
}

#[test]
fn damage_below_a_data_set_is_damage() {
    let scratch = Scratch::new();
    let packs = || -> Vec<std::path::PathBuf> {
        let dir = std::fs::read_dir(scratch.path(".dver/packs")).unwrap();
        dir.map(|entry| entry.unwrap().path()).collect()
    };
    let before = packs();
    scratch.write("pets.csv", PETS);
    scratch.dver(&["add", "pets.csv", "--no-declare"]).ok();
    let with_content: Vec<_> = packs()
        .into_iter()
        .filter(|p| !before.contains(p))
        .collect();
    scratch.write(
        "dver.toml",
        "[dataset.pets]\npath = \"pets.csv\"\nkey = [\"id\"]\n",
    );
    scratch.dver(&["add", "dver.toml"]).ok();
    scratch.dver(&["commit", "-m", "one"]).ok();
    with_content
        .iter()
        .for_each(|pack| std::fs::remove_file(pack).unwrap());
    scratch.damaged();
    scratch.write("pets.csv", PETS.replace("17,aa,cat", "17,aa,dog"));
    scratch.dver(&["log"]).ok();
    scratch.dver(&["diff", "HEAD"]).fails(4);
}

#[test]
fn a_reader_that_a_writer_overtakes_keeps_the_index() {
    let scratch = pets();
    let actor = dver::repo::Actor {
        identity: None,
        fallback: "a reader".into(),
        clock: dver::base::Clock::System,
        environment: Vec::new(),
        notice: |e| panic!("{e}"),
    };
    let mut reader = dver::repo::Repo::open(scratch.root(), actor).unwrap();
    let before = reader.current.id;
    scratch.write("pets.csv", PETS.replace("17,aa,cat", "17,aa,dog"));
    commit(&scratch, "two");
    reader.catch_up().unwrap();
    assert_ne!(
        reader.current.id, before,
        "the reader goes on with the newer state"
    );
    assert_eq!(reader.index.operation().unwrap(), Some(reader.current.id));
    assert_eq!(reader.index.commits().unwrap().len(), 2);
}

#[test]
fn a_declaration_that_does_not_read_is_not_staged() {
    let scratch = pets();
    let declared = scratch.read("dver.toml");
    scratch
        .write("dver.toml", "[dataset.pets\n")
        .write("new.txt", "new");
    scratch.dver(&["add", "dver.toml"]).fails(3);
    scratch.dver(&["add", "-A", "--no-declare"]).fails(3);
    scratch.dver(&["commit", "-a", "-m", "two"]).fails(3);
    let status = scratch.dver(&["status", "--short"]).ok();
    assert_eq!(status, " M dver.toml\n?? new.txt\n");

    // Bytes that are no text are never written back otherwise.
    let torn = [&b"# \xff\n"[..], &declared].concat();
    scratch.write("dver.toml", &torn);
    scratch.write("more.csv", PETS);
    scratch.dver(&["add", "more.csv"]).fails(3);
    assert_eq!(scratch.read("dver.toml"), torn);
    scratch.dver(&["restore", "dver.toml"]).ok();
    assert_eq!(scratch.read("dver.toml"), declared);
}

#[test]
fn files_of_two_directories_keep_their_names() {
    let scratch = Scratch::empty();
    scratch
        .write("a/one.txt", "same\n")
        .write("b/two.txt", "same\n");
    let events = scratch.json(&["diff", "--no-index", "a", "b"]);
    assert_eq!(events[0]["status"], "renamed");
    let events = scratch.json(&["diff", "--no-index", "a/one.txt", "b/two.txt"]);
    assert!(events.is_empty());
}

#[test]
fn a_diff_of_some_paths_adds_up() {
    let scratch = Scratch::new();
    scratch.write("d/train.csv", "id,label\n1,cat\n2,dog\n3,cat\n");
    scratch.write("d/test.csv", "id,label\n4,cat\n5,dog\n6,cat\n");
    scratch.write("notes.txt", "one\n");
    scratch.dver(&["add", "-A"]).ok();
    scratch.dver(&["commit", "-m", "one"]).ok();
    scratch.write("d/train.csv", "id,label\n1,dog\n2,dog\n3,cat\n");
    scratch.write("notes.txt", "two\n");
    let declared = String::from_utf8(scratch.read("dver.toml")).unwrap();
    scratch.write("dver.toml", declared + "group = \"label\"\n");
    let kinds = |args: &[&str]| -> Vec<String> {
        let events = scratch.dver(args).ok();
        let parse = |line| serde_json::from_str::<serde_json::Value>(line).unwrap();
        let kind = |event: serde_json::Value| event["event"].as_str().unwrap().to_owned();
        events.lines().map(parse).map(kind).collect()
    };
    let check = |ends: &[&str]| {
        let with = |path| [&["--json", "diff"], ends, &["--", path]].concat();
        assert_eq!(kinds(&with("notes.txt")), ["file"]);
        let all = kinds(&with("d/train.csv"));
        assert_eq!(all, ["file", "schema", "label", "summary"]);
    };
    check(&[]);
    commit(&scratch, "two");
    check(&["HEAD~1", "HEAD"]);
}

#[test]
fn a_move_never_takes_the_name_of_another_file() {
    let scratch = Scratch::new();
    scratch.write("a.txt", "same\n").write("b.txt", "same\n");
    scratch.dver(&["add", "-A"]).ok();
    scratch.dver(&["mv", "a.txt", "b.txt"]).fails(3);
    scratch.dver(&["mv", "a.txt", "a.txt"]).fails(2);
    assert_eq!(scratch.files().len(), 2);
    scratch.dver(&["mv", "a.txt", "c.txt"]).ok();
    assert_eq!(scratch.dver(&["ls"]).ok(), "b.txt\nc.txt\n");
}
