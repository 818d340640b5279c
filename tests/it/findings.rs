//! What `fsck` finds, damage by damage: the object, who needs it, and what repairs it.

use std::collections::BTreeSet;
use std::fs;

use dver::base::ObjectId;
use dver::object::{self, Commit};
use dver::store::Store;

use crate::damage::{answers, history, packs};
use crate::harness::Scratch;

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

/// Leaves out what lies in a sound pack and only builds on what is damaged.
fn without_deltas(mut findings: Vec<serde_json::Value>) -> Vec<serde_json::Value> {
    let builds = |f: &serde_json::Value| {
        let reason = f["reason"].as_str().unwrap_or_default();
        reason.contains("it builds on the object")
    };
    findings.retain(|finding| !builds(finding));
    findings
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
        let found = without_deltas(findings(&scratch, &[]));
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
        let mut found = without_deltas(findings(&scratch, &[]));
        // A flipped row leads to a manifest that never was, or from a content that never was.
        found.retain(|f| f["kind"] != "manifest");
        let mut objects = found.clone();
        objects.retain(|f| f["kind"] != "content");
        assert!(ids(&objects).is_subset(&held), "{at}: {found:?}");
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
