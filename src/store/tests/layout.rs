//! The layout as docs/format.md draws it.

use crate::store::pack::HEADER;

use super::*;

/// Returns the bytes of an example in docs/format.md, "Packs".
fn example(name: &str) -> Vec<u8> {
    let page = include_str!("../../../docs/format.md");
    let block = page.split(&format!("```hex {name}\n")).nth(1).unwrap();
    let block = block.split("```").next().unwrap();
    let words = block.lines().flat_map(|line| {
        let bytes = line.split("  ").next().unwrap_or("");
        bytes.split(' ').collect::<Vec<_>>()
    });
    words
        .filter(|word| !word.is_empty())
        .map(|word| u8::from_str_radix(word, 16).unwrap())
        .collect()
}

#[test]
fn the_example_of_the_format_page_is_what_a_writer_writes() {
    let scratch = Scratch::new();
    let mut writer = scratch.begin();
    let first = writer.put(b"good\n").unwrap();
    writer.put(b"bad\n").unwrap();
    writer.put_manifest(ObjectId([7; 32]), first).unwrap();
    let pack = writer.commit().unwrap()[0];
    let path = scratch.store.dir().join(format!("{pack}.pack"));
    let bytes = std::fs::read(path).unwrap();
    assert_eq!(example("pack"), bytes, "\n{}", hex_rows(&bytes));
}

#[test]
fn the_example_of_a_delta_is_what_a_writer_writes_and_decodes() {
    let scratch = Scratch::new();
    let base: String = (1..=9).map(|n| format!("{n},cat\n")).collect();
    let new = base.replace("5,cat", "5,bird");
    let mut writer = scratch.begin();
    let base = writer.put(base.as_bytes()).unwrap();
    writer.commit().unwrap();
    let mut writer = scratch.begin();
    let id = writer.put_near(new.as_bytes(), &[base]).unwrap();
    let pack = writer.commit().unwrap()[0];
    assert_eq!(scratch.store.get(&id).unwrap(), new.as_bytes());
    let path = scratch.store.dir().join(format!("{pack}.pack"));
    let bytes = std::fs::read(path).unwrap();
    let frame = &bytes[HEADER.len()..][..example("delta").len()];
    assert_eq!(example("delta"), frame, "\n{}", hex_rows(&bytes));
}

fn hex_rows(bytes: &[u8]) -> String {
    let row = |row: &[u8]| row.iter().map(|b| format!("{b:02x} ")).collect::<String>();
    bytes.chunks(16).map(row).collect::<Vec<_>>().join("\n")
}
