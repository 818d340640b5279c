//! What a new version costs in a store, by what was edited: ratios to the change or to the file.

use super::super::*;
use super::{Files, path};
use crate::base::ObjectId;
use crate::base::progress::Quiet;
use crate::object::Content;
use crate::store::Store;

/// Puts one file's versions into a store, one pack each, and returns the packs' sizes.
fn sizes(name: &str, versions: &[String]) -> Vec<usize> {
    let files = Files::new();
    let store = Store::create(&files.root().join("packs")).unwrap();
    let (file, mut before) = (path(name), None::<ObjectId>);
    let mut sizes = Vec::new();
    for version in versions {
        files.write(name, version);
        let walked = walk(files.root(), &[]).unwrap();
        let work: Vec<_> = walked
            .files
            .into_iter()
            .filter(|w| w.path == file)
            .collect();
        let options = Ingest {
            root: files.root(),
            source: &store,
            previous: &|_| before,
            declared: &|_| None,
            progress: &Quiet,
        };
        let mut writer = store.begin(&files.root().join("tmp")).unwrap();
        if let Some(before) = &before {
            writer.vouch_content(before).unwrap();
        }
        let taken = ingest(&options, &work, &mut StatCache::none(), &mut writer).unwrap();
        let pack = writer.commit().unwrap()[0];
        let entry = &taken.entries[0];
        let content = Content::open(&store, &entry.content, entry.size).unwrap();
        let bytes = content.read(&store, u64::MAX).unwrap().unwrap();
        assert!(bytes == version.as_bytes());
        before = Some(entry.content);
        let info = store.list_packs().into_iter().find(|info| info.id == pack);
        sizes.push(info.unwrap().size as usize);
    }
    sizes
}

/// A number that looks random.
fn mixed(number: usize, salt: usize) -> usize {
    let bytes = ObjectId::of(&[number.to_le_bytes(), salt.to_le_bytes()].concat());
    usize::from_le_bytes(bytes.as_bytes()[..8].try_into().unwrap())
}

fn text(number: usize) -> String {
    let word = |salt| ["grenk", "stair", "vask", "dlod", "mum", "tris"][mixed(number, salt) % 6];
    let words: Vec<&str> = (0..8 + mixed(number, 99) % 9).map(word).collect();
    words.join(" ")
}

/// The label of a record; each version beyond the first has changed some.
fn label(record: usize, version: usize) -> &'static str {
    let labels = ["cat", "dog", "horse", "bird"];
    let changed = (1..=version).any(|version| mixed(record, version).is_multiple_of(400));
    labels[mixed(record, 7) % 3 + usize::from(changed)]
}

const RECORDS: usize = 40_000;

fn file(header: &str, line: impl Fn(usize) -> String) -> String {
    let lines: Vec<String> = (0..RECORDS).map(line).collect();
    format!("{header}{}\n", lines.join("\n"))
}

fn csv(version: usize) -> String {
    file("id,text,label\n", |n| {
        format!("{},{},{}", 1000 + n * 10, text(n), label(n, version))
    })
}

/// 100 labels in about 90 of 170 chunks: per chunk 16 bytes in the pack's table, 6 of a base's id,
/// 35 of its entry in the manifest, and less than 20 of its script.
const CHANGED_LABELS: usize = 90 * 80 + 1500;

#[test]
fn a_hundred_changed_labels_cost_their_chunks_entries() {
    let sizes = sizes("t.csv", &[csv(0), csv(1), csv(2)]);
    assert!(sizes[0] > 50 * CHANGED_LABELS, "{sizes:?}");
    assert!(
        sizes[1] < CHANGED_LABELS && sizes[2] < CHANGED_LABELS,
        "{sizes:?}"
    );
}

#[test]
fn labels_behind_a_key_that_is_not_first_cost_the_same() {
    let version = |version| {
        file("split,text,id,label\n", |n| {
            let split = ["train", "test"][usize::from(n % 9 == 0)];
            format!(
                "{split},{},{},{}",
                text(n),
                1000 + n * 10,
                label(n, version)
            )
        })
    };
    let sizes = sizes("t.csv", &[version(0), version(1)]);
    assert!(sizes[1] < CHANGED_LABELS, "{sizes:?}");
}

#[test]
fn labels_in_json_lines_with_a_constant_beginning_cost_the_same() {
    let version = |version| {
        file("", |n| {
            let (text, label) = (text(n), label(n, version));
            format!(
                r#"{{"source": "a corpus with a long name", "kind": "sentence", "text": "{text}", "label": "{label}"}}"#
            )
        })
    };
    let sizes = sizes("t.jsonl", &[version(0), version(1)]);
    assert!(sizes[1] < 2 * CHANGED_LABELS, "{sizes:?}");
}

#[test]
fn records_that_come_and_go_cost_themselves() {
    let (before, mut lines): (String, Vec<String>) = (csv(0), Vec::new());
    for (number, line) in before.lines().enumerate() {
        if !mixed(number, 5).is_multiple_of(1000) || number == 0 {
            lines.push(line.to_owned());
        }
        if mixed(number, 6).is_multiple_of(1000) {
            lines.push(format!(
                "{},{},cat",
                number * 10 + 1005,
                text(number + 1_000_000)
            ));
        }
    }
    let sizes = sizes("t.csv", &[before, lines.join("\n") + "\n"]);
    // About 40 of each, in 75 chunks; what was added is text, too.
    assert!(sizes[1] < CHANGED_LABELS + 40 * 60, "{sizes:?}");
}

#[test]
fn a_new_column_costs_its_values() {
    let with_column = |at_front: bool| {
        let text = csv(0);
        let lines = text
            .lines()
            .enumerate()
            .map(|(n, line)| match (n, at_front) {
                (0, false) => format!("{line},score"),
                (_, false) => format!("{line},0.{:03}", mixed(n, 3) % 1000),
                (0, true) => format!("score,{line}"),
                (_, true) => format!("0.{:03},{line}", mixed(n, 3) % 1000),
            });
        lines.map(|line| line + "\n").collect::<String>()
    };
    let back = sizes("t.csv", &[csv(0), with_column(false)]);
    // Three digits are ten bits, and what is the same in all is not free; a manifest whose chunks
    // all changed is written whole.
    assert!(back[1] * 2 < RECORDS * 5, "{back:?}");
    let front = sizes("t.csv", &[csv(0), with_column(true)]);
    assert!(front[1] * 2 < RECORDS * 5, "{front:?}");
}

#[test]
fn edits_of_bytes_without_records_cost_themselves() {
    let bytes = |edits: &[usize]| {
        // Text without line feeds is cut by content.
        let mut text: String = (0..60_000).map(|n| format!("{:x}", mixed(n, 1))).collect();
        for (number, at) in edits.iter().enumerate() {
            text.replace_range(*at..at + 10, &"-".repeat(5 + 3 * number));
        }
        text
    };
    let versions = [bytes(&[]), bytes(&[400_000, 410_000, 600_000])];
    let sizes = sizes("t.bin", &versions);
    assert!(sizes[1] < 1500, "{sizes:?}");
    // A small file is one object.
    let small = sizes_of_small();
    assert!(small[1] < 450, "{small:?}");
}

fn sizes_of_small() -> Vec<usize> {
    let text = csv(0)[..30_000].to_owned();
    let edited = text.replacen("1500,", "1500,edited ", 1);
    sizes("notes.txt", &[text, edited])
}

#[test]
fn a_shuffled_table_costs_no_more_than_its_lines() {
    let text = csv(0);
    let mut lines: Vec<&str> = text.lines().skip(1).collect();
    lines.sort_by_key(|line| {
        mixed(line.len(), 1) ^ mixed(line.as_ptr() as usize - text.as_ptr() as usize, 2)
    });
    let shuffled = format!("id,text,label\n{}\n", lines.join("\n"));
    let sizes = sizes("t.csv", &[text.clone(), shuffled]);
    assert!(sizes[1] * 20 < sizes[0] * 22, "{sizes:?}");
}
