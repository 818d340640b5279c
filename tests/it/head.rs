//! `fsck --restore-head`: only a true operation becomes the latest, however a file reads.

use std::fs;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use dver::base::ObjectId;

use crate::harness::Scratch;

fn commit(scratch: &Scratch, message: &str) {
    scratch.dver(&["add", "-A", "--no-declare"]).ok();
    scratch.dver(&["commit", "-m", message]).ok();
}

fn history() -> Scratch {
    let scratch = Scratch::new();
    scratch.write("a.txt", "one\n");
    commit(&scratch, "one");
    scratch.write("a.txt", "two\n");
    commit(&scratch, "two");
    scratch
}

fn head(scratch: &Scratch) -> String {
    String::from_utf8(scratch.read(".dver/head"))
        .unwrap()
        .trim()
        .to_owned()
}

/// An operation as its canonical bytes, with members replaced.
fn forge(scratch: &Scratch, id: &str, replace: &[(&str, String)]) -> Vec<u8> {
    let bytes = scratch.dver(&["cat-object", id]).bytes;
    let mut text = String::from_utf8(bytes).unwrap();
    for (member, value) in replace {
        let start = text.find(&format!("\"{member}\":")).unwrap() + member.len() + 3;
        let end = start + text[start..].find([',', '}']).unwrap();
        text.replace_range(start..end, value);
    }
    text.into_bytes()
}

fn lose_head(scratch: &Scratch) {
    scratch.damaged();
    scratch.remove(".dver/head");
}

#[test]
fn a_file_that_reads_as_an_operation_never_becomes_the_latest() {
    let scratch = history();
    let latest = head(&scratch);
    let log = scratch.json(&["op", "log", "--all"]);
    let seq = log[0]["seq"].as_u64().unwrap();
    // A state of long ago, a number far ahead, and a past that is true.
    let old = log[3]["operation"].as_str().unwrap().to_owned();
    let dump = scratch.dver(&["cat-object", &latest]).bytes;
    let previous = format!("\"{latest}\"");
    let next = [("seq", (seq + 1).to_string()), ("previous", previous)];
    let forged = forge(&scratch, &old, &next);
    let mut chain = vec![forged.clone()];
    for n in 2..30 {
        let previous = format!("\"{}\"", ObjectId::of(chain.last().unwrap()));
        let next = [("seq", (seq + n).to_string()), ("previous", previous)];
        chain.push(forge(&scratch, &old, &next));
    }
    scratch.write("dump.json", &dump);
    for (n, forged) in chain.iter().enumerate() {
        scratch.write(&format!("forged/{n}.json"), forged);
    }
    commit(&scratch, "files that read as operations");
    let latest = head(&scratch);
    let log = scratch.dver(&["log"]).ok();
    lose_head(&scratch);
    let told = scratch.dver(&["fsck", "--restore-head"]).ok();
    assert!(
        told.contains("head names operation") && told.contains("again: commit"),
        "{told}"
    );
    assert_eq!(head(&scratch), latest);
    assert_eq!(scratch.dver(&["log"]).ok(), log);

    lose_head(&scratch);
    let id = ObjectId::of(&forged).to_string();
    let chosen = scratch
        .dver(&["fsck", &format!("--restore-head={id}")])
        .fails(3);
    assert!(chosen.contains("it is the content of a file"), "{chosen}");
    let other = format!("--restore-head={}", "0".repeat(64));
    scratch.dver(&["fsck", &other]).fails(3);
    scratch.dver(&["fsck", "--restore-head=xyz"]).fails(2);
}

#[test]
fn an_operation_in_a_chunk_of_a_larger_file_is_no_candidate_either() {
    let scratch = history();
    let latest = head(&scratch);
    let log = scratch.json(&["op", "log", "--all"]);
    let seq = log[0]["seq"].as_u64().unwrap();
    // JSON lines are cut between records; what stands before a longer one is a chunk of its own.
    let next = [
        ("seq", (seq + 1).to_string()),
        ("previous", format!("\"{latest}\"")),
    ];
    let forged = forge(&scratch, &latest, &next);
    let mut file = forged.clone();
    file.push(b'\n');
    file.extend_from_slice(format!("{{\"text\":\"{}\"}}\n", "x".repeat(400_000)).as_bytes());
    scratch.write("lines.jsonl", &file);
    commit(&scratch, "lines");
    let latest = head(&scratch);
    lose_head(&scratch);
    scratch.dver(&["fsck", "--restore-head"]).ok();
    assert_eq!(head(&scratch), latest);
}

#[test]
fn two_latest_operations_are_told_and_one_is_chosen() {
    let scratch = history();
    // The same repository went two ways: one pack of the other way came here.
    let other = scratch.copy();
    other.dver(&["branch", "there"]).ok();
    scratch.dver(&["tag", "here"]).ok();
    for entry in fs::read_dir(other.path(".dver/packs")).unwrap() {
        let entry = entry.unwrap();
        let to = scratch.path(".dver/packs").join(entry.file_name());
        if !to.exists() {
            fs::copy(entry.path(), to).unwrap();
        }
    }
    let (here, there) = (head(&scratch), head(&other));
    lose_head(&scratch);
    let err = scratch.dver(&["fsck", "--restore-head"]).fails(4);
    assert!(
        err.contains("2 operations may have been the latest"),
        "{err}"
    );
    assert!(err.contains(&here) && err.contains(&there), "{err}");
    assert!(!scratch.path(".dver/head").exists());
    scratch
        .dver(&["fsck", &format!("--restore-head={there}")])
        .ok();
    assert!(scratch.dver(&["branch"]).ok().contains("there"));
    // A head that is sound stays.
    let told = scratch
        .dver(&["fsck", &format!("--restore-head={here}")])
        .ok();
    assert!(!told.contains("again"), "{told}");
    assert_eq!(head(&scratch), there);
    // And the way that was not gone is nothing that anybody needs.
    let gone = scratch.json(&["gc", "--keep", "0"]).remove(0);
    assert!(gone["delete"]["objects"].as_u64() > Some(0), "{gone}");
    scratch.dver(&["fsck", "--full"]).ok();
}

#[test]
fn a_head_is_restored_past_states_that_expired() {
    let scratch = history();
    for n in 0..12 {
        scratch.dver(&["branch", &format!("b{n}")]).ok();
        scratch.dver(&["branch", "-D", &format!("b{n}")]).ok();
    }
    let gone = scratch.json(&["gc", "--keep", "0"]).remove(0);
    assert!(gone["expired"].as_u64() > Some(0));
    let latest = head(&scratch);
    lose_head(&scratch);
    scratch.dver(&["fsck", "--restore-head"]).ok();
    assert_eq!(head(&scratch), latest);
}

#[test]
fn restoring_waits_for_writers() {
    let scratch = history();
    let latest = head(&scratch);
    lose_head(&scratch);
    let lock = fs::OpenOptions::new()
        .read(true)
        .write(true)
        .open(scratch.path(".dver/lock"))
        .unwrap();
    lock.lock().unwrap();
    let mut command = scratch.command(&["fsck", "--restore-head"]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut waiting = command.spawn().unwrap();
    thread::sleep(Duration::from_millis(300));
    assert!(waiting.try_wait().unwrap().is_none(), "it waits");
    assert!(!scratch.path(".dver/head").exists());
    lock.unlock().unwrap();
    assert!(waiting.wait().unwrap().success());
    assert_eq!(head(&scratch), latest);
}
