//! Hostile files: whatever the bytes are, they are versioned, compared and given back exactly.
//!
//! No command may panic (exit code 101) or die of a signal; where bytes are no table, the words
//! say so. fixtures/hostile holds the small files, the large ones are made here.

use std::fs;
use std::path::Path;

use crate::harness::{Output, Scratch};

/// The command did its work or said why not; it neither panicked nor died.
#[track_caller]
fn told(output: Output) -> Output {
    let code = output.code;
    assert!(
        matches!(code, Some(0 | 2 | 3)),
        "{code:?} {}{}",
        output.out,
        output.err
    );
    if code != Some(0) {
        assert!(output.err.starts_with("error: "), "{}", output.err);
    }
    output
}

/// Adds, declares, commits, changes, compares and brings back one file.
fn live(name: &str, bytes: &[u8], appended: &[u8]) {
    let scratch = Scratch::new();
    scratch.write(name, bytes);
    let dataset = name.split('.').next().unwrap();
    scratch.dver(&["add", "--no-declare", name]).ok();
    scratch.dver(&["commit", "-m", "bytes"]).ok();
    let _ = told(scratch.dver(&["dataset", "add", name, "--key", "id", "--label", "label"]));
    let declare: &[&str] = &[
        "dataset", "add", name, "--label", "label", "--name", "again",
    ];
    let _ = told(scratch.dver(declare));
    let _ = told(scratch.dver(&["add", "-A"]));
    let _ = told(scratch.dver(&["commit", "-m", "declared"]));
    let mut changed = bytes.to_vec();
    changed.extend_from_slice(appended);
    scratch.write(name, &changed);
    for args in [
        &["status"][..],
        &["diff"],
        &["diff", "--json", "--cells"],
        &["quality"],
        &["schema"],
        &["add", name],
        &["commit", "-m", "changed"],
        &["diff", "HEAD~1", "HEAD"],
        &["diff", "HEAD", "HEAD~1", "--json", "--cells"],
        &["log", "--labels"],
        &["show"],
    ] {
        scratch.dver(args).ok();
    }
    let _ = told(scratch.dver(&["blame", dataset, "--key", "1"]));
    let output = scratch.dver(&["cat", &format!("HEAD~1:{name}")]);
    assert_eq!(output.code, Some(0));
    assert!(output.bytes == bytes, "{name}: cat gives other bytes");
    scratch.dver(&["checkout", "HEAD~1"]).ok();
    assert!(scratch.read(name) == bytes, "{name}: other bytes come back");
    scratch.dver(&["checkout", "main"]).ok();
    assert!(
        scratch.read(name) == changed,
        "{name}: other bytes come back"
    );
    scratch.dver(&["fsck", "--full"]).ok();
    scratch.dver(&["reindex"]).ok();
}

#[test]
fn hostile_files_come_back_byte_for_byte() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/hostile");
    let mut count = 0;
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if name.starts_with('.') {
            continue;
        }
        let appended: &[u8] = match name.ends_with("jsonl") {
            true => b"\n{\"id\":\"99\",\"label\":\"new\"}",
            false => b"\n99,new,cat,x\n",
        };
        live(&name, &fs::read(&path).unwrap(), appended);
        count += 1;
    }
    assert!(count >= 20, "{count} fixtures");
}

#[test]
fn deep_json_is_versioned() {
    let nested =
        |open: &str, close: &str| format!("{}1{}", open.repeat(20_000), close.repeat(20_000));
    let mut text = format!("{{\"id\":1,\"label\":\"a\",\"x\":{}}}\n", nested("[", "]"));
    text.push_str(&format!(
        "{{\"id\":2,\"label\":\"b\",\"x\":{}}}\n",
        nested("{\"a\":", "}")
    ));
    text.push_str(&"[".repeat(50_000));
    text.push('\n');
    text.push_str(&"{\"a\":".repeat(50_000));
    live(
        "deep.jsonl",
        text.as_bytes(),
        b"\n{\"id\":3,\"label\":\"a\"}\n",
    );
}

#[test]
fn ten_thousand_columns_are_versioned() {
    let mut text = String::from("id,label");
    (0..10_000).for_each(|column| text.push_str(&format!(",c{column}")));
    for record in 0..6 {
        text.push_str(&format!("\n{record},{}", ["cat", "dog"][record % 2]));
        (0..10_000).for_each(|column| text.push_str(&format!(",{}", record * column % 10)));
    }
    // Few commands: with so many fields each of them takes its time.
    let scratch = Scratch::new();
    scratch.write("wide.csv", &text);
    scratch.dver(&["add", "wide.csv"]).ok();
    scratch.dver(&["commit", "-m", "wide"]).ok();
    let changed = text.replacen(",cat,", ",bird,", 1);
    scratch.write("wide.csv", &changed);
    let events = scratch.json(&["diff"]);
    let labels: Vec<_> = events.iter().filter(|e| e["event"] == "label").collect();
    assert_eq!(labels.len(), 1, "{labels:?}");
    scratch.dver(&["restore", "wide.csv"]).ok();
    assert!(scratch.read("wide.csv") == text.as_bytes());
    scratch.dver(&["undo"]).ok();
    assert!(scratch.read("wide.csv") == changed.as_bytes());
}

#[test]
fn a_huge_json_line_is_versioned() {
    let mut text = String::from("{\"id\":1,\"label\":\"a\",\"t\":\"");
    text.push_str(&"lorem ipsum ".repeat(500_000));
    text.push_str("\"}\n{\"id\":2,\"label\":\"b\",\"t\":\"x\"}\n");
    live(
        "long.jsonl",
        text.as_bytes(),
        b"{\"id\":3,\"label\":\"a\"}\n",
    );
}

/// 100 MB in one cell, as of a base64 image. A few commands only, for the time's sake.
#[test]
fn a_hundred_megabytes_in_one_cell_are_versioned_in_bounded_memory() {
    let mut bytes = b"id,text,label\n1,a,cat\n2,\"".to_vec();
    let unit = b"lorem ipsum dolor sit amet ";
    bytes.extend(unit.iter().cycle().take(100_000_000));
    bytes.extend_from_slice(b"\",dog\n3,b,cat\n");
    let scratch = Scratch::new();
    scratch.write("cell.csv", &bytes);
    for args in [&["add", "cell.csv"][..], &["commit", "-m", "one"]] {
        scratch.dver(args).ok();
    }
    assert_eq!(scratch.json(&["dataset", "list"])[0]["dataset"], "cell");
    scratch.remove("cell.csv");
    let mut command = scratch.command(&["restore", "cell.csv"]);
    let peak = peak_of(&mut command);
    assert!(scratch.read("cell.csv") == bytes);
    // Chunks of a few megabytes, never the file; 8 MB and more are the program itself.
    assert!(peak.is_none_or(|kib| kib < 80 * 1024), "{peak:?} KiB");
    let at = bytes.len() - 4;
    bytes[at..at + 3].copy_from_slice(b"dog");
    scratch.write("cell.csv", &bytes);
    let events = scratch.json(&["diff"]);
    let labels: Vec<_> = events.iter().filter(|e| e["event"] == "label").collect();
    assert_eq!(labels.len(), 1, "{labels:?}");
    assert_eq!(labels[0]["key"], serde_json::json!(["3"]));
}

/// Runs the command; returns its largest resident memory in KiB, where the system tells it.
fn peak_of(command: &mut std::process::Command) -> Option<u64> {
    let mut child = command.spawn().unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut peak = None;
    loop {
        let text = fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok());
        peak = peak.max(kib);
        if let Some(status) = child.try_wait().unwrap() {
            assert!(status.success());
            return peak;
        }
        std::thread::yield_now();
    }
}
