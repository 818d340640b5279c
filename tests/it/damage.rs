//! Damaged repositories: `fsck` names what is damaged and who needs it; no other command gives
//! wrong bytes or panics.

use std::collections::BTreeSet;
use std::fs;

use dver::base::ObjectId;
use dver::object::{self, Commit};
use dver::store::Store;

use crate::harness::{Output, Scratch};

/// Two commits on `main`, with a table and a small file.
fn history() -> Scratch {
    let scratch = Scratch::new();
    let labels = |changed: usize| {
        let mut text = String::from("id,text,label\n");
        for id in 0..3000 {
            let label = if id < changed {
                "bird"
            } else {
                ["cat", "dog"][id % 2]
            };
            text.push_str(&format!("{id},some text number {id},{label}\n"));
        }
        text
    };
    scratch
        .write("labels.csv", labels(0))
        .write("notes.txt", "one");
    scratch.dver(&["add", "."]).ok();
    scratch.dver(&["commit", "-m", "one"]).ok();
    scratch
        .write("labels.csv", labels(40))
        .write("notes.txt", "two");
    scratch.dver(&["add", "."]).ok();
    scratch.dver(&["commit", "-m", "two"]).ok();
    scratch
}

fn packs(scratch: &Scratch) -> Vec<String> {
    let listed = fs::read_dir(scratch.path(".dver/packs")).unwrap();
    let mut names: Vec<String> = listed
        .map(|entry| {
            format!(
                ".dver/packs/{}",
                entry.unwrap().file_name().to_str().unwrap()
            )
        })
        .collect();
    names.sort();
    names
}

/// What looks at a repository without changing it.
const LOOKS: [&[&str]; 13] = [
    &["log"],
    &["log", "--labels", "--json"],
    &["show"],
    &["status"],
    &["diff", "HEAD~1", "HEAD"],
    &["quality", "HEAD"],
    &["blame", "labels", "--key", "3"],
    &["ls", "-l"],
    &["op", "log", "--all"],
    &["cat", "HEAD:labels.csv"],
    &["cat", "HEAD~1:labels.csv"],
    &["cat", "HEAD:notes.txt"],
    &["cat", "HEAD~1:notes.txt"],
];

/// The answers of a sound repository.
fn answers(sound: &Scratch) -> Vec<Vec<u8>> {
    let answer = |args: &&[&str]| {
        let output = sound.dver(args);
        assert_eq!(output.code, Some(0), "{args:?} {}", output.err);
        output.bytes
    };
    LOOKS.iter().map(answer).collect()
}

/// Looks at a damaged repository with every command: right answers, or damage told.
fn nothing_wrong_comes_out(scratch: &Scratch, answers: &[Vec<u8>], what: &str) {
    for (args, answer) in LOOKS.iter().zip(answers) {
        let output = scratch.dver(args);
        let right = match output.code {
            Some(0) => output.bytes == *answer,
            Some(4) => {
                let told = output.err.contains("error") && output.err.contains("fsck");
                // What came out before the damage was met is right, too.
                told && (args[0] != "cat" || answer.starts_with(&output.bytes))
            }
            _ => false,
        };
        assert!(
            right,
            "{what}: {args:?} {:?} {}{}",
            output.code, output.out, output.err
        );
    }
    let before = scratch.files();
    for args in [
        &["checkout", "HEAD~1"][..],
        &["restore", "--source", "main~1", "."],
        &["undo"],
    ] {
        let output: Output = scratch.dver(args);
        if output.code != Some(0) {
            // The checkout before may have begun and met the damage: then it is pending.
            let pending = output.code == Some(3) && output.err.contains("checkout --abort");
            assert!(
                output.code == Some(4) || pending,
                "{what}: {args:?} {}",
                output.err
            );
            let now = scratch.files();
            let old = |file: &(String, Vec<u8>)| {
                before.contains(file) || file.1 == b"one" || file.1.starts_with(b"id,")
            };
            assert!(now.iter().all(old), "{what}: {args:?} left something torn");
        }
    }
}

#[test]
fn each_damaged_pack_is_named_and_gives_no_wrong_bytes() {
    let sound = history();
    // What is told of a sound repository does not depend on the worktree being clean.
    let (names, answers) = (packs(&sound), answers(&sound));
    assert!(names.len() >= 4, "{names:?}");
    let (mut commits_named, mut paths_named) = (0, 0);
    for name in &names {
        let bytes = sound.read(name);
        let mut kinds: Vec<(String, Option<Vec<u8>>)> = vec![
            ("removed".into(), None),
            ("empty".into(), Some(Vec::new())),
            ("half".into(), Some(bytes[..bytes.len() / 2].to_vec())),
            (
                "one byte short".into(),
                Some(bytes[..bytes.len() - 1].to_vec()),
            ),
            ("longer".into(), Some([&bytes[..], b"x"].concat())),
        ];
        for part in 0..4 {
            let mut flipped = bytes.clone();
            let at = (bytes.len() - 1) * part / 3;
            flipped[at] ^= 1 << part;
            kinds.push((format!("bit {part} of byte {at} flipped"), Some(flipped)));
        }
        for (kind, damaged) in kinds {
            let what = format!("{name} {kind}");
            let scratch = sound.copy();
            scratch.damaged();
            let place = scratch.path(name);
            fs::remove_file(&place).unwrap();
            damaged
                .iter()
                .for_each(|bytes| fs::write(&place, bytes).unwrap());
            let output = scratch.dver(&["fsck", "--full", "--json"]);
            assert_eq!(output.code, Some(1), "{what}: {}{}", output.out, output.err);
            let report: serde_json::Value = serde_json::from_str(&output.out).unwrap();
            let found = report["damaged"].as_array().unwrap();
            assert!(!found.is_empty(), "{what}");
            for finding in found {
                assert!(
                    finding["kind"].is_string() && finding["repair"].is_string(),
                    "{finding}"
                );
                for need in finding["needed_by"].as_array().unwrap() {
                    commits_named += usize::from(need["commit"].is_string());
                    paths_named += usize::from(need["path"] == "labels.csv");
                }
            }
            let text = scratch.dver(&["fsck", "--full"]);
            assert_eq!(text.code, Some(1), "{what}: {}", text.err);
            assert!(
                text.out.contains("damaged ") && text.out.contains("repair: "),
                "{}",
                text.out
            );
            let quick = scratch.dver(&["fsck"]);
            assert!(matches!(quick.code, Some(0 | 1)), "{what}: {}", quick.err);
            nothing_wrong_comes_out(&scratch, &answers, &what);
        }
    }
    assert!(
        commits_named > 0 && paths_named > 0,
        "{commits_named} {paths_named}"
    );
}

#[test]
fn a_damaged_repository_without_its_index_gives_no_wrong_bytes() {
    let sound = history();
    let answers = answers(&sound);
    for name in packs(&sound) {
        let scratch = sound.copy();
        scratch.damaged();
        scratch.remove(&name);
        scratch.remove(".dver/index.sqlite");
        nothing_wrong_comes_out(&scratch, &answers, &name);
    }
}

#[test]
fn a_lost_or_torn_head_is_restored() {
    let sound = history();
    let head = sound.read(".dver/head");
    let torn: [Option<Vec<u8>>; 6] = [
        None,
        Some(Vec::new()),
        Some(head[..20].to_vec()),
        Some(b"zz".repeat(32)),
        Some(b"\xff\xfe".to_vec()),
        Some(vec![b'a'; 10_000]),
    ];
    for bytes in torn {
        let scratch = sound.copy();
        scratch.damaged();
        scratch.remove(".dver/head");
        bytes.iter().for_each(|bytes| {
            let _ = scratch.write(".dver/head", bytes);
        });
        for args in [&["log"][..], &["status"], &["commit", "-m", "x"], &["undo"]] {
            let err = scratch.dver(args).fails(4);
            assert!(err.contains("dver fsck --restore-head"), "{err}");
        }
        let output = scratch.dver(&["fsck"]);
        assert_eq!(output.code, Some(1), "{}{}", output.out, output.err);
        assert!(
            output.out.contains("dver fsck --restore-head"),
            "{}",
            output.out
        );
        scratch.dver(&["fsck", "--restore-head"]).ok();
        assert_eq!(scratch.read(".dver/head"), head);
        assert_eq!(scratch.dver(&["log"]).ok(), sound.dver(&["log"]).ok());
        scratch.dver(&["fsck", "--full"]).ok();
    }
}

#[test]
fn a_head_that_names_no_operation_is_told_and_restored() {
    let sound = history();
    let head = sound.read(".dver/head");
    let commit = sound.json(&["log"])[0]["commit"]
        .as_str()
        .unwrap()
        .to_owned();
    let content = sound.json(&["ls"])[0]["content"]
        .as_str()
        .unwrap()
        .to_owned();
    for id in [commit, content, "0".repeat(64), "f".repeat(64)] {
        let scratch = sound.copy();
        scratch.damaged();
        scratch.write(".dver/head", format!("{id}\n"));
        for args in [&["log"][..], &["status"], &["commit", "-m", "x"]] {
            let err = scratch.dver(args).fails(4);
            assert!(err.contains("dver fsck --restore-head"), "{err}");
        }
        let output = scratch.dver(&["fsck"]);
        assert_eq!(output.code, Some(1), "{}{}", output.out, output.err);
        scratch.dver(&["fsck", "--restore-head"]).ok();
        assert_eq!(scratch.read(".dver/head"), head);
    }
}

#[test]
fn a_repository_of_the_future_is_refused_by_name() {
    let scratch = history();
    let version = String::from_utf8(scratch.read(".dver/VERSION")).unwrap();
    scratch.damaged();
    scratch.write(
        ".dver/VERSION",
        format!("{version}required time-travel\nrequired warp\n"),
    );
    for args in [
        &["log"][..],
        &["add", "."],
        &["fsck"],
        &["fsck", "--restore-head"],
    ] {
        let err = scratch.dver(args).fails(3);
        assert!(err.contains("time-travel") && err.contains("warp"), "{err}");
    }
    scratch.write(".dver/VERSION", format!("{version}optional shiny\n"));
    scratch.dver(&["log"]).ok();
    scratch.write(".dver/VERSION", "dver repository format 99\n");
    let err = scratch.dver(&["log"]).fails(3);
    assert!(err.contains("format 99"), "{err}");
    for bytes in [&b""[..], b"\xff\xff", b"something else\n"] {
        scratch.write(".dver/VERSION", bytes);
        let err = scratch.dver(&["log"]).fails(3);
        assert!(err.contains("VERSION"), "{err}");
    }
    scratch.write(".dver/VERSION", version);
    scratch.dver(&["fsck"]).ok();
}

/// What `fsck` finds, as JSON; the exit code says whether it is anything.
fn findings(scratch: &Scratch, args: &[&str]) -> Vec<serde_json::Value> {
    let output = scratch.dver(&[&["fsck", "--json"], args].concat());
    let report: serde_json::Value = serde_json::from_str(&output.out).expect(&output.err);
    let damaged = report["damaged"].as_array().unwrap().clone();
    assert_eq!(
        output.code,
        Some(i32::from(!damaged.is_empty())),
        "{report}"
    );
    assert!(report["objects"].as_u64() > Some(0));
    damaged
}

/// The ids of the objects of a pack.
fn objects_of(scratch: &Scratch, name: &str) -> BTreeSet<String> {
    let store = Store::open(&scratch.path(".dver/packs")).unwrap();
    let mut ids = BTreeSet::new();
    let visit = &mut |id: &ObjectId, _: &[u8]| {
        ids.insert(id.to_string());
        Ok(())
    };
    store.salvage(&scratch.path(name), visit).unwrap();
    ids
}

fn ids(findings: &[serde_json::Value]) -> BTreeSet<String> {
    let ids = findings.iter().filter_map(|finding| finding["id"].as_str());
    ids.map(str::to_owned).collect()
}

fn kinds(findings: &[serde_json::Value]) -> Vec<&str> {
    findings
        .iter()
        .filter_map(|finding| finding["kind"].as_str())
        .collect()
}

/// Bytes that no codec shortens, so that a pack holds them as they are.
fn noise(length: u64) -> Vec<u8> {
    let words = (0..length / 8).map(|n| (n + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    words
        .flat_map(|n| {
            (n ^ n >> 29)
                .wrapping_mul(0xBF58_476D_1CE4_E5B9)
                .to_le_bytes()
        })
        .collect()
}

/// One pack of all that is older; a pack of what `add` of noise.bin stored; one of its commit.
fn three_packs() -> (Scratch, [String; 3]) {
    let scratch = history();
    scratch.dver(&["gc"]).ok();
    let mut known = packs(&scratch);
    assert_eq!(known.len(), 1);
    let mut names = known.clone();
    scratch.write("noise.bin", noise(40_000));
    for args in [&["add", "noise.bin"][..], &["commit", "-m", "noise"]] {
        scratch.dver(args).ok();
        names.extend(
            packs(&scratch)
                .into_iter()
                .filter(|name| !known.contains(name)),
        );
        known = packs(&scratch);
    }
    (scratch, names.try_into().unwrap())
}

/// Changes the bytes of a pack.
fn change(scratch: &Scratch, name: &str, change: impl FnOnce(&mut Vec<u8>)) {
    scratch.damaged();
    let mut bytes = scratch.read(name);
    change(&mut bytes);
    scratch.remove(name);
    scratch.write(name, bytes);
}

#[test]
fn a_flipped_bit_in_a_content_is_that_content() {
    let (scratch, [_, added, _]) = three_packs();
    let content = ObjectId::of(&noise(40_000)).to_string();
    change(&scratch, &added, |bytes| {
        let wanted = &noise(40_000)[20_000..20_040];
        let at = bytes
            .windows(40)
            .position(|window| window == wanted)
            .unwrap();
        bytes[at] ^= 4;
    });
    let head = scratch.json(&["log"])[0]["commit"].clone();
    for args in [&[][..], &["--full"]] {
        let found = findings(&scratch, args);
        let objects: Vec<_> = found.iter().filter(|f| f["kind"] != "pack").collect();
        assert_eq!(objects.len(), 1, "{found:?}");
        assert_eq!(objects[0]["id"], content);
        assert_eq!(objects[0]["kind"], "content");
        let needed_by = serde_json::json!([{"commit": head, "path": "noise.bin"}]);
        assert_eq!(objects[0]["needed_by"], needed_by);
        assert_eq!(objects[0]["repair"], "`dver add --again noise.bin`");
        // The file's name, the frame, and the row that leads to it.
        assert_eq!(found.len() > 1, args.len() == 1);
    }
    // Without the file it takes the bytes from elsewhere, and says which.
    let bytes = scratch.read("noise.bin");
    scratch.write("noise.bin", "other bytes");
    let repair = findings(&scratch, &[])[0]["repair"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(
        repair.contains(&content) && repair.contains("another clone"),
        "{repair}"
    );
    scratch.write("again.bin", bytes);
    scratch.dver(&["add", "again.bin"]).ok();
    assert!(findings(&scratch, &[]).is_empty());
}

#[test]
fn a_flipped_bit_in_metadata_names_the_commits() {
    let (scratch, [all, ..]) = three_packs();
    let held = objects_of(&scratch, &all);
    let (mut commits, mut unharmed) = (0, 0);
    let size = scratch.read(&all).len();
    for part in 1..12 {
        let scratch = scratch.copy();
        change(&scratch, &all, |bytes| bytes[size * part / 12] ^= 1);
        let found = findings(&scratch, &[]);
        assert!(ids(&found).is_subset(&held), "{found:?}");
        for finding in &found {
            let needed_by = finding["needed_by"].as_array().unwrap();
            if finding["kind"] == "commit" {
                commits += 1;
                assert_eq!(needed_by[0]["commit"], finding["id"]);
            }
            if finding["kind"] == "chunk" {
                assert_eq!(needed_by[0]["path"], "labels.csv");
            }
        }
        unharmed += usize::from(found.is_empty());
        // The name of the pack tells every flip, also one in bytes that nothing reads.
        assert!(kinds(&findings(&scratch, &["--full"])).contains(&"pack"));
    }
    assert!(commits > 0 && unharmed < 11, "{commits} {unharmed}");
}

#[test]
fn a_flipped_bit_in_a_table_is_told_and_nothing_is_taken_for_absent() {
    let (scratch, [all, ..]) = three_packs();
    let held = objects_of(&scratch, &all);
    let trailer = scratch.read(&all).len() - 80;
    let bytes = scratch.read(&all);
    let table = u64::from_le_bytes(bytes[trailer..trailer + 8].try_into().unwrap()) as usize;
    for at in (table..trailer).step_by((trailer - table) / 13) {
        let scratch = scratch.copy();
        change(&scratch, &all, |bytes| bytes[at] ^= 0x10);
        let mut found = findings(&scratch, &[]);
        // A flipped row leads to a manifest that never was.
        found.retain(|f| f["kind"] != "manifest");
        assert!(ids(&found).is_subset(&held), "{at}: {found:?}");
        let told = |f: &serde_json::Value| {
            let reason = f["reason"].as_str().unwrap();
            reason.contains("is damaged") && !reason.contains("not in the store")
        };
        assert!(found.iter().all(told), "{at}: {found:?}");
        let full = findings(&scratch, &["--full"]);
        let table = |f: &serde_json::Value| {
            let reason = f["reason"].as_str().unwrap();
            f["kind"] == "pack" && reason.contains("table does not match its checksum")
        };
        assert!(full.iter().any(table), "{at}: {full:?}");
    }
}

/// What is lost with the pack of `add`: the snapshot, hence whatever stands below it, and the
/// operation. What later packs hold is found all the same.
fn is_what_add_stored(scratch: &Scratch, found: &[serde_json::Value], held: &BTreeSet<String>) {
    assert!(ids(found).is_subset(held), "{found:?}");
    let mut named = kinds(found);
    named.sort_unstable();
    named.dedup();
    assert_eq!(named, ["operation", "snapshot"], "{found:?}");
    let snapshot = found.iter().find(|f| f["kind"] == "snapshot").unwrap();
    let store = Store::open(&scratch.path(".dver/packs")).unwrap();
    let commit = snapshot["needed_by"][0]["commit"].as_str().unwrap();
    let commit: Commit = object::get(&store, &commit.parse().unwrap()).unwrap();
    assert_eq!(commit.message, "noise");
    assert_eq!(snapshot["id"], commit.snapshot.to_string());
}

#[test]
fn a_truncated_pack_is_one_that_cannot_be_opened() {
    let (scratch, [_, added, _]) = three_packs();
    let held = objects_of(&scratch, &added);
    change(&scratch, &added, |bytes| bytes.truncate(bytes.len() / 2));
    for args in [&[][..], &["--full"]] {
        let found = findings(&scratch, args);
        assert_eq!(found[0]["kind"], "pack");
        let name = added.rsplit('/').next().unwrap();
        assert!(found[0]["reason"].as_str().unwrap().contains(name));
        let repair = format!("copy {name} from another clone or a backup into .dver/packs");
        assert_eq!(found[0]["repair"], repair);
        is_what_add_stored(&scratch, &found[1..], &held);
    }
}

#[test]
fn a_missing_pack_is_what_it_held() {
    let (scratch, [_, added, _]) = three_packs();
    let held = objects_of(&scratch, &added);
    scratch.damaged();
    scratch.remove(&added);
    for args in [&[][..], &["--full"]] {
        let found = findings(&scratch, args);
        is_what_add_stored(&scratch, &found, &held);
        let absent = |f: &serde_json::Value| {
            f["reason"]
                .as_str()
                .unwrap()
                .contains("is not in the store")
        };
        assert!(found.iter().all(absent), "{found:?}");
    }
}

#[test]
fn a_pack_that_nobody_needs_may_be_damaged_and_go() {
    let (scratch, _) = three_packs();
    let other = Scratch::new();
    let strange = packs(&other).remove(0);
    let bytes = other.read(&strange);
    scratch.write(&strange, &bytes[..bytes.len() - 5]);
    scratch.damaged();
    let found = findings(&scratch, &[]);
    assert_eq!(kinds(&found), ["pack"]);
    assert_eq!(
        found[0]["repair"],
        format!("nothing needs it: delete {strange}")
    );
    scratch.dver(&["gc"]).ok();
    scratch.remove(&strange);
    assert!(findings(&scratch, &["--full"]).is_empty());
}

#[test]
fn a_torn_head_is_the_only_finding() {
    let (scratch, _) = three_packs();
    let head = scratch.read(".dver/head");
    scratch.damaged();
    scratch.write(".dver/head", &head[..30]);
    for args in [&[][..], &["--full"]] {
        let found = findings(&scratch, args);
        assert_eq!(kinds(&found), ["head"], "{found:?}");
        assert_eq!(found[0]["repair"], "`dver fsck --restore-head`");
        assert!(found[0]["id"].is_null());
    }
    scratch.dver(&["fsck", "--restore-head", "--json"]).ok();
    assert_eq!(scratch.read(".dver/head"), head);
}

#[test]
fn what_is_derived_is_no_damage_whatever_it_holds() {
    let scratch = history();
    let old = scratch.read(".dver/index.sqlite");
    let sound = answers(&scratch);
    scratch.write("notes.txt", "three");
    scratch.dver(&["commit", "-a", "-m", "three"]).ok();
    scratch.dver(&["undo"]).ok();
    scratch.dver(&["reset", "--hard"]).ok();
    let state = |scratch: &Scratch| {
        // The log of operations is longer now; the rest is as before.
        let mut answers = answers(scratch);
        answers.remove(8);
        answers
    };
    let mut sound = sound;
    sound.remove(8);
    assert!(findings(&scratch, &["--full"]).is_empty());
    let cache = scratch.path(".dver/cache");
    let foreign = |scratch: &Scratch| {
        for name in ["profiles", "tables"] {
            let id = "ab".repeat(32);
            scratch.write(&format!(".dver/cache/{name}/{id}"), b"what is this?");
            scratch.write(&format!(".dver/cache/{name}/not an id"), noise(800));
        }
    };
    foreign(&scratch);
    for index in [Some(old), Some(noise(8_000)), Some(Vec::new()), None] {
        for suffix in ["", "-wal", "-shm"] {
            let _ = fs::remove_file(scratch.path(&format!(".dver/index.sqlite{suffix}")));
        }
        index.iter().for_each(|bytes| {
            let _ = scratch.write(".dver/index.sqlite", bytes);
        });
        assert!(findings(&scratch, &[]).is_empty());
        assert_eq!(state(&scratch), sound);
    }
    // Kept measurements of other bytes, under the names of true ones.
    for entry in fs::read_dir(cache.join("profiles")).unwrap() {
        let path = entry.unwrap().path();
        let bytes = fs::read(&path).unwrap();
        fs::remove_file(&path).unwrap();
        fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    }
    assert_eq!(state(&scratch), sound);
    assert!(findings(&scratch, &["--full"]).is_empty());
}

#[test]
fn a_lost_content_comes_back_by_adding_the_file_again() {
    let (scratch, [_, added, _]) = three_packs();
    change(&scratch, &added, |bytes| {
        let wanted = &noise(40_000)[..40];
        let at = bytes
            .windows(40)
            .position(|window| window == wanted)
            .unwrap();
        bytes[at] ^= 1;
    });
    // The file is unchanged, so an ordinary `add` does not read it.
    scratch.dver(&["add", "."]).ok();
    assert_eq!(scratch.dver(&["cat", "HEAD:noise.bin"]).code, Some(4));
    assert_eq!(findings(&scratch, &[]).len(), 1);
    scratch.dver(&["add", "--again", "."]).ok();
    assert_eq!(
        scratch.dver(&["cat", "HEAD:noise.bin"]).bytes,
        noise(40_000)
    );
    assert!(findings(&scratch, &[]).is_empty());
    assert_eq!(scratch.dver(&["status", "--short"]).ok(), "");
}
