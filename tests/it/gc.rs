//! `dver gc`: what is named stays byte for byte, what is not goes, and it says so first.

use std::collections::BTreeSet;
use std::fs;

use dver::base::ObjectId;
use dver::object::ObjectSource as _;
use dver::store::Store;

use crate::harness::Scratch;

fn store(scratch: &Scratch) -> Store {
    Store::open(&scratch.path(".dver/packs")).unwrap()
}

/// The ids of all objects that any pack holds.
fn held(scratch: &Scratch) -> BTreeSet<ObjectId> {
    let mut ids = BTreeSet::new();
    let store = store(scratch);
    let mut visit = |id: &ObjectId, _: &[u8]| {
        ids.insert(*id);
        Ok(())
    };
    store.walk(u64::MAX, &mut visit).unwrap();
    ids
}

fn holds(scratch: &Scratch, bytes: &[u8]) -> bool {
    held(scratch).contains(&ObjectId::of(bytes))
}

fn packs(scratch: &Scratch) -> Vec<(String, u64)> {
    let mut packs: Vec<(String, u64)> = fs::read_dir(scratch.path(".dver/packs"))
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|e| {
            (
                e.file_name().into_string().unwrap(),
                e.metadata().unwrap().len(),
            )
        })
        .collect();
    packs.sort();
    packs
}

fn gc(scratch: &Scratch, args: &[&str]) -> serde_json::Value {
    scratch.json(&[&["gc"], args].concat()).remove(0)
}

/// Operations that nobody will miss, so that what was before them is beyond the last twenty.
fn pass_time(scratch: &Scratch) {
    for n in 0..12 {
        scratch.dver(&["branch", &format!("passing{n}")]).ok();
        scratch.dver(&["branch", "-D", &format!("passing{n}")]).ok();
    }
}

fn commit(scratch: &Scratch, message: &str) -> String {
    scratch.dver(&["add", "-A", "--no-declare"]).ok();
    let sealed = scratch.json(&["commit", "-m", message]).remove(0);
    sealed["commit"].as_str().unwrap().to_owned()
}

/// A commit on main, one on a branch that was deleted, content that was staged once; long ago.
fn history() -> Scratch {
    let scratch = Scratch::new();
    scratch
        .write("kept.txt", "kept\n")
        .write("big.bin", noise(1, 150_000));
    commit(&scratch, "one");
    scratch.dver(&["switch", "-c", "side"]).ok();
    scratch
        .write("lost.txt", "lost\n")
        .write("big.bin", noise(2, 150_000));
    commit(&scratch, "side");
    scratch.dver(&["switch", "main"]).ok();
    scratch.dver(&["branch", "-D", "side"]).ok();
    scratch.write("staged.txt", "staged once\n");
    scratch.dver(&["add", "staged.txt"]).ok();
    scratch.dver(&["restore", "--staged", "staged.txt"]).ok();
    scratch.remove("staged.txt");
    pass_time(&scratch);
    scratch
}

fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

#[test]
fn what_nothing_names_goes_and_the_rest_stays() {
    let scratch = history();
    let before = packs(&scratch);
    let young = gc(&scratch, &["--dry-run"]);
    assert_eq!(
        young["delete"]["objects"], 0,
        "all states are young: {young}"
    );
    let plan = gc(&scratch, &["--dry-run", "--keep", "0"]);
    assert_eq!(packs(&scratch), before, "a dry run does nothing");
    assert!(holds(&scratch, b"lost\n") && holds(&scratch, b"staged once\n"));

    let objects = held(&scratch).len() as u64;
    let done = gc(&scratch, &["--keep", "0"]);
    for member in ["keep", "delete", "packs", "expired"] {
        assert_eq!(plan[member], done[member], "the plan is what is done");
    }
    assert_eq!(done["packs"]["after"], packs(&scratch).len());
    assert!(!holds(&scratch, b"lost\n") && !holds(&scratch, b"staged once\n"));
    let store = store(&scratch);
    let gone = ObjectId::of(&noise(2, 150_000));
    assert_eq!(store.manifest_of(&gone).unwrap(), None);
    // What stays, and the operation that says what expired.
    let left = held(&scratch).len() as u64;
    assert_eq!(done["keep"]["objects"], left - 1);
    assert!(done["delete"]["objects"].as_u64().unwrap() >= objects - (left - 1));
    let sizes: u64 = packs(&scratch).iter().map(|(_, size)| size).sum();
    assert_eq!(done["disk"]["after"], sizes);

    scratch.dver(&["fsck", "--full"]).ok();
    scratch.dver(&["reset", "--hard"]).ok();
    assert_eq!(scratch.read("kept.txt"), b"kept\n");
    assert_eq!(
        scratch.dver(&["cat", "HEAD:big.bin"]).bytes,
        noise(1, 150_000)
    );
}

#[test]
fn a_second_gc_does_nothing() {
    let scratch = history();
    gc(&scratch, &["--keep", "0"]);
    let (before, head) = (packs(&scratch), scratch.read(".dver/head"));
    let again = gc(&scratch, &["--keep", "0"]);
    assert_eq!(again["delete"]["objects"], 0, "{again}");
    assert_eq!(packs(&scratch), before);
    assert_eq!(scratch.read(".dver/head"), head);
    let told = scratch.dver(&["gc"]).ok();
    assert!(told.starts_with("Nothing is to go"), "{told}");
    // Packed anew, the same objects are the same pack.
    gc(&scratch, &["--all"]);
    assert_eq!(packs(&scratch), before);
    // What comes later does not touch what is packed well already.
    scratch.write("new.txt", "new\n");
    commit(&scratch, "new");
    let more = gc(&scratch, &[]);
    assert_eq!(more["packs"]["after"], 2, "{more}");
    assert!(packs(&scratch).contains(&before[0]));
}

#[test]
fn what_expired_says_so() {
    let scratch = history();
    scratch.dver(&["cat", "@{27}:lost.txt"]).ok();
    let hidden = scratch.json(&["op", "log", "--all"]).len();
    let told = scratch.dver(&["gc", "--keep", "0"]).ok();
    assert!(
        told.contains("expire: `dver undo` and `@{N}` go back to 2026-"),
        "{told}"
    );
    let log = scratch.json(&["op", "log", "--all"]);
    assert_eq!(
        log.len(),
        hidden + 1,
        "the log stays whole, and gc is in it"
    );
    assert_eq!(log[0]["verb"], "gc");
    let expired: Vec<bool> = log.iter().map(|o| o["expired"] == true).collect();
    let first = expired.iter().position(|e| *e).unwrap();
    assert!(expired[first..].iter().all(|e| *e), "{expired:?}");
    let visible = scratch.json(&["op", "log"]);
    let kept = visible.iter().filter(|o| o["expired"] != true).count();
    assert_eq!(kept, 21, "the last twenty, and the state before them");
    scratch.dver(&["show", "@{20}"]).ok();
    let err = scratch.dver(&["show", "@{21}"]).fails(3);
    assert!(
        err.contains("has expired") && err.contains("op log"),
        "{err}"
    );
    let text = scratch.dver(&["op", "log"]).ok();
    assert!(
        text.lines().last().unwrap().ends_with("(expired)"),
        "{text}"
    );
    // The last operations can still be taken back.
    scratch.dver(&["undo"]).ok();
    assert!(scratch.dver(&["branch"]).ok().contains("passing11"));
}

#[test]
fn stage_tags_detached_heads_and_what_undo_needs_stay() {
    let scratch = Scratch::new();
    scratch.write("a.txt", "one\n");
    let one = commit(&scratch, "one");
    scratch.dver(&["tag", "v1"]).ok();
    scratch.write("a.txt", "two\n");
    commit(&scratch, "two");
    scratch.dver(&["checkout", &one]).ok();
    scratch.write("a.txt", "detached\n");
    commit(&scratch, "detached");
    scratch.dver(&["branch", "-D", "main"]).ok();
    pass_time(&scratch);
    scratch.write("a.txt", "edited, in no version\n");
    scratch.dver(&["restore", "a.txt"]).ok();
    scratch.write("b.txt", "only staged\n");
    scratch.dver(&["add", "b.txt"]).ok();
    gc(&scratch, &["--keep", "0"]);
    assert!(!holds(&scratch, b"two\n"));
    assert_eq!(scratch.dver(&["cat", "v1:a.txt"]).bytes, b"one\n");
    assert_eq!(scratch.dver(&["cat", "HEAD:a.txt"]).bytes, b"detached\n");
    scratch.dver(&["commit", "-m", "staged"]).ok();
    assert_eq!(scratch.dver(&["cat", "HEAD:b.txt"]).bytes, b"only staged\n");
    scratch.dver(&["undo"]).ok();
    scratch.dver(&["undo"]).ok();
    scratch.dver(&["undo"]).ok();
    scratch.dver(&["fsck"]).ok();
}

#[test]
fn what_undo_brings_back_survives_gc() {
    let scratch = Scratch::new();
    scratch.write("a.txt", "one\n");
    commit(&scratch, "one");
    scratch.write("a.txt", "edited, in no version\n");
    scratch.dver(&["restore", "a.txt"]).ok();
    gc(&scratch, &["--keep", "0", "--all"]);
    scratch.dver(&["undo"]).ok();
    assert_eq!(scratch.read("a.txt"), b"edited, in no version\n");
}

#[test]
fn files_that_the_oldest_operation_kept_has_overwritten_stay() {
    let scratch = Scratch::new();
    scratch.write("a.txt", "one\n");
    commit(&scratch, "one");
    scratch.write("a.txt", "edited, in no version\n");
    scratch.dver(&["restore", "a.txt"]).ok();
    for n in 0..20 {
        scratch.dver(&["branch", &format!("passing{n}")]).ok();
    }
    // The state after the commit is that after the restore, and stays with it.
    assert_eq!(
        gc(&scratch, &["--keep", "0"])["expired"],
        3,
        "init, add, pending"
    );
    assert!(holds(&scratch, b"edited, in no version\n"));
    scratch.dver(&["branch", "one more"]).fails(2);
    scratch.dver(&["branch", "passing20"]).ok();
    gc(&scratch, &["--keep", "0"]);
    assert!(!holds(&scratch, b"edited, in no version\n"));
}

#[test]
fn the_index_knows_only_what_is_left() {
    let scratch = history();
    let dump = || {
        let tables = ["commits", "commit_datasets", "metrics", "parents"];
        let rows = |table: &&str| {
            scratch
                .dver(&["sql", &format!("SELECT * FROM {table}")])
                .out
        };
        let mut rows: Vec<String> = tables.iter().map(rows).collect();
        rows.sort();
        rows
    };
    let known = scratch.json(&["sql", "SELECT * FROM commits"]).len();
    gc(&scratch, &["--keep", "0"]);
    assert_eq!(
        scratch.json(&["sql", "SELECT * FROM commits"]).len(),
        known - 1
    );
    let followed = dump();
    scratch.remove(".dver/index.sqlite");
    assert_eq!(dump(), followed);
    scratch.dver(&["reindex"]).ok();
    assert_eq!(dump(), followed);
}

#[test]
fn what_was_measured_of_lost_records_goes_too() {
    let scratch = Scratch::new();
    let table = |word: &str| {
        let line = |n: usize| format!("{n},{word} {n},{}\n", ["cat", "dog"][n % 2]);
        let lines: String = (0..5_000).map(line).collect();
        format!("id,text,label\n{lines}")
    };
    scratch.write("pets.csv", table("kept"));
    scratch.dver(&["add", "-A"]).ok();
    scratch.dver(&["commit", "-m", "one"]).ok();
    scratch.write("pets.csv", table("secret"));
    scratch.dver(&["commit", "-a", "-m", "two"]).ok();
    let measured = || {
        fs::read_dir(scratch.path(".dver/cache/profiles"))
            .unwrap()
            .count()
    };
    assert_eq!(measured(), 2);
    scratch.dver(&["reset", "--hard", "HEAD~1"]).ok();
    pass_time(&scratch);
    gc(&scratch, &["--keep", "0"]);
    assert_eq!(measured(), 1);
    scratch.dver(&["quality"]).ok();
}

#[test]
fn how_long_states_stay_is_a_setting() {
    let scratch = history();
    scratch.write(".dver/config.toml", "[gc]\nkeep = \"0\"\n");
    assert!(gc(&scratch, &["--dry-run"])["expired"].as_u64() > Some(0));
    assert_eq!(
        gc(&scratch, &["--dry-run", "--keep", "1 day"])["expired"],
        0
    );
    assert_eq!(gc(&scratch, &["--dry-run", "--keep", "2w"])["expired"], 0);
    let err = scratch.dver(&["gc", "--keep", "ever"]).fails(2);
    assert!(err.contains("7d"), "{err}");
    scratch.write(".dver/config.toml", "[gc]\nkeep = \"30 days\"\n");
    assert_eq!(gc(&scratch, &[])["expired"], 0);
    assert!(holds(&scratch, b"lost\n"));
}

#[test]
fn where_something_is_missing_nothing_is_deleted() {
    let sound = history();
    // The pack that holds the content of the commit that stays.
    let mut refused = 0;
    for (name, _) in packs(&sound) {
        let scratch = sound.copy();
        scratch.damaged();
        scratch.remove(&format!(".dver/packs/{name}"));
        let before = packs(&scratch);
        let output = scratch.dver(&["gc", "--keep", "0"]);
        if output.code == Some(0) {
            continue; // it held nothing that is to stay
        }
        refused += 1;
        assert_eq!(output.code, Some(4), "{}", output.err);
        assert!(output.err.contains("dver fsck"), "{}", output.err);
        assert_eq!(packs(&scratch), before);
    }
    assert!(refused > 0);
    let scratch = sound.copy();
    scratch.damaged();
    let kept = noise(1, 150_000);
    flip(&scratch, &kept[1_000..1_064]);
    let before = packs(&scratch);
    let err = scratch.dver(&["gc", "--keep", "0"]).fails(4);
    assert!(
        err.contains("damaged") && err.contains("dver fsck"),
        "{err}"
    );
    assert_eq!(packs(&scratch), before);
}

/// Flips a bit in the pack that holds these bytes as they are.
fn flip(scratch: &Scratch, bytes: &[u8]) {
    for (name, _) in packs(scratch) {
        let path = format!(".dver/packs/{name}");
        let mut pack = scratch.read(&path);
        let at = pack.windows(bytes.len()).position(|window| window == bytes);
        if let Some(at) = at {
            pack[at] ^= 1;
            scratch.remove(&path);
            scratch.write(&path, pack);
            return;
        }
    }
    panic!("no pack holds the bytes as they are");
}

#[test]
fn a_damaged_pack_goes_once_its_contents_were_added_again() {
    for packed in [false, true] {
        let scratch = history();
        let kept = noise(1, 150_000);
        if packed {
            gc(&scratch, &["--keep", "0"]);
        }
        flip(&scratch, &kept[1_000..1_064]);
        scratch.damaged();
        let found = scratch.dver(&["fsck", "--json"]);
        assert_eq!(found.code, Some(1));
        let found: serde_json::Value = serde_json::from_str(&found.out).unwrap();
        let damaged = found["damaged"].as_array().unwrap();
        assert_eq!(damaged.len(), 1, "{found}");
        assert_eq!(damaged[0]["kind"], "chunk");
        assert_eq!(damaged[0]["needed_by"][0]["path"], "big.bin");
        assert_eq!(damaged[0]["repair"], "`dver add --again big.bin`");
        scratch.dver(&["add", "--again", "big.bin"]).ok();
        scratch.dver(&["fsck"]).ok();
        let full = scratch.dver(&["fsck", "--full"]);
        assert_eq!(full.code, Some(1));
        assert!(full.out.contains("`dver gc --all`"), "{}", full.out);
        // An ordinary gc meets both copies of the chunk, and keeps the sound one.
        gc(&scratch, &["--keep", "0"]);
        scratch.dver(&["fsck", "--full"]).ok();
        assert_eq!(scratch.dver(&["cat", "HEAD:big.bin"]).bytes, kept);
    }
}

#[test]
fn gc_waits_for_an_unfinished_checkout() {
    let scratch = Scratch::new();
    scratch.write("a.txt", "one\n");
    commit(&scratch, "one");
    scratch.write("a.txt", "two\n");
    commit(&scratch, "two");
    let mut pending = false;
    for step in 1..60 {
        let scratch = scratch.copy();
        let args = ["checkout", "HEAD~1"];
        let output = scratch.dver_with(&args, &[("DVER_TEST_CRASH_AT", &step.to_string())]);
        if output.code == Some(0) {
            break;
        }
        if scratch.json(&["status"])[0]["pending"].is_object() {
            pending = true;
            let err = scratch.dver(&["gc"]).fails(3);
            assert!(err.contains("checkout --continue"), "{err}");
            scratch.dver(&["checkout", "--abort"]).ok();
            gc(&scratch, &[]);
            break;
        }
    }
    assert!(pending);
}
