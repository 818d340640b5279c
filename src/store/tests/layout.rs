//! The layout as docs/format.md draws it.

use super::*;

/// Returns the bytes of the example in docs/format.md, "Packs".
fn example() -> Vec<u8> {
    let page = include_str!("../../../docs/format.md");
    let block = page.split("```hex pack\n").nth(1).unwrap();
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
    let rows: Vec<String> = bytes
        .chunks(16)
        .map(|row| row.iter().map(|b| format!("{b:02x} ")).collect())
        .collect();
    assert_eq!(example(), bytes, "\n{}", rows.join("\n"));
}
