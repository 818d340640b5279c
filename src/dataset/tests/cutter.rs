//! Tests of cutting: chunks are the content, do not depend on pushes, and keep their boundaries.

use proptest::prelude::*;

use crate::base::{ObjectId, RepoPath};
use crate::chunk::Cut;
use crate::dataset::Cutter;
use crate::record::{self, Batch, DeclaredDialect, Format, Layout};

type Chunks = Vec<(Vec<u8>, Cut)>;

/// Cuts a content that is pushed in pieces of the sizes given, in turn.
fn cut(path: &str, bytes: &[u8], sizes: &[usize], previous: Option<&str>) -> (Chunks, String) {
    let path = RepoPath::new(path).unwrap();
    let mut cutter = Cutter::choose(&path, bytes, true, previous, None);
    let described = cutter.describe();
    let mut chunks: Chunks = Vec::new();
    let mut emit = |bytes: &[u8], cut: Cut| {
        assert_eq!(bytes.len(), cut.length);
        chunks.push((bytes.to_vec(), cut));
        Ok::<(), ()>(())
    };
    let mut rest = bytes;
    let mut sizes = sizes.iter().cycle();
    while !rest.is_empty() {
        let size = sizes.next().copied().unwrap_or(rest.len());
        let (now, later) = rest.split_at(rest.len().min(size));
        cutter.push(now, &mut emit).unwrap();
        rest = later;
    }
    cutter.finish(&mut emit).unwrap();
    assert_eq!(
        chunks
            .iter()
            .flat_map(|(b, _)| b)
            .copied()
            .collect::<Vec<_>>(),
        bytes
    );
    (chunks, described)
}

fn table(records: u32, last: impl Fn(u32) -> String) -> Vec<u8> {
    let mut out = "id,text,label\n".to_owned();
    for i in 0..records {
        let word = i.wrapping_mul(2_654_435_761) >> 8;
        out += &format!(
            "{},some words {word} and \"more, {word}\",{}\n",
            i * 10,
            last(i)
        );
    }
    out.into_bytes()
}

#[test]
fn changed_labels_and_columns_move_no_boundary() {
    let label = |i: u32| ["cat", "dog", "horse"][i as usize % 3].to_owned();
    let first = table(100_000, label);
    let (chunks, described) = cut("a.csv", &first, &[], None);
    assert!(chunks.len() > 300, "{}", chunks.len());
    assert!(chunks[0].1.header);
    let shape = |chunks: &Chunks| -> Vec<_> {
        chunks[1..]
            .iter()
            .map(|(_, cut)| (cut.records, cut.anchor))
            .collect()
    };
    let relabelled = table(
        100_000,
        |i| if i % 1000 == 7 { "ox".into() } else { label(i) },
    );
    let wider = table(100_000, |i| format!("{},0.{i}", label(i)));
    let rewritten = table(100_000, |i| format!("class {i}"));
    for other in [relabelled, wider, rewritten] {
        let (others, _) = cut("a.csv", &other, &[70_000], Some(&described));
        assert_eq!(shape(&chunks), shape(&others));
    }
}

#[test]
fn the_shape_of_a_table_decides_its_chunks() {
    let bytes = table(20_000, |i| format!("{}", i % 7));
    let (chunks, described) = cut("a.csv", &bytes, &[], None);
    assert_eq!(
        described,
        "records 1 csv bytes delimiter=2c quote=22 r=256 by=field0"
    );
    let records: u32 = chunks.iter().map(|(_, cut)| cut.records).sum();
    assert_eq!(records, 20_000);
    let lines: u32 = chunks.iter().map(|(_, cut)| cut.lines).sum();
    assert_eq!(lines, 20_001);
    let mean = bytes.len() / chunks.len();
    assert!((8 << 10..40 << 10).contains(&mean), "{mean}");
    assert!(chunks.iter().all(|(bytes, _)| bytes.len() <= 256 << 10));
    // Other files are cut as bytes.
    let (chunks, described) = cut("a.bin", &bytes, &[], None);
    assert_eq!(described, "bytes 1 avg=65536");
    assert!(
        chunks
            .iter()
            .all(|(_, cut)| cut.records == 0 && cut.anchor.is_none())
    );
}

#[test]
fn edits_change_few_chunks() {
    let bytes = table(50_000, |i| format!("{}", i % 7));
    let (before, described) = cut("a.csv", &bytes, &[], None);
    let known: std::collections::HashSet<&[u8]> = before.iter().map(|(b, _)| &b[..]).collect();
    for (at, removed, inserted) in [
        (1_000_000, 0, &b"9,new,1\n"[..]),
        (1_000_000, 300, b""),
        (20, 1, b"x"),
        (bytes.len() - 3, 0, b"\"unclosed\n\n\n"),
        (bytes.len(), 0, b"7,appended,1\n8,appended,2\n"),
    ] {
        let mut edited = bytes.clone();
        edited.splice(at..at + removed, inserted.iter().copied());
        let (after, _) = cut("a.csv", &edited, &[], Some(&described));
        let new = after
            .iter()
            .filter(|(b, _)| !known.contains(&b[..]))
            .count();
        assert!(new <= 4, "{new} at {at}");
    }
    // Files without records, too.
    let (before, _) = cut("a.bin", &bytes, &[], None);
    let mut edited = bytes.clone();
    edited.splice(1_000_000..1_000_300, *b"edit");
    let (after, _) = cut("a.bin", &edited, &[], None);
    let new = after.iter().filter(|chunk| !before.contains(chunk)).count();
    assert!(new <= 3, "{new}");
}

#[test]
fn records_longer_than_a_chunk_are_cut_inside() {
    let noise = |seed: u32, length: usize| -> String {
        let mut state = seed;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            char::from(b'a' + (state >> 24) as u8 % 26)
        };
        (0..length).map(|_| next()).collect()
    };
    for quoted in [false, true] {
        let quote = if quoted { "\"" } else { "" };
        let small: String = (0..2000).map(|i| format!("{i},small\n")).collect();
        let long = format!("x,{quote}{}{quote}\n", noise(7, 3_000_000));
        let text = format!("id,text\n{small}{long}{small}\n{long}{long}");
        let (chunks, _) = cut("a.csv", text.as_bytes(), &[], None);
        let records: u32 = chunks.iter().map(|(_, cut)| cut.records).sum();
        assert_eq!(records, 4003);
        let continued = chunks.iter().filter(|(_, cut)| cut.continued).count();
        assert!(continued > 60, "{continued}");
        assert!(chunks.iter().all(|(bytes, _)| bytes.len() <= 256 << 10));
        // After the long record, records are cut as before it.
        let (again, _) = cut("a.csv", text.as_bytes(), &[100_000, 7, 999_983], None);
        assert!(chunks == again);
        // An edit in the long record changes few of its chunks.
        let edited = text.replacen(&noise(7, 50), "edit", 1);
        let (after, _) = cut("a.csv", edited.as_bytes(), &[], None);
        let new = after.iter().filter(|chunk| !chunks.contains(chunk)).count();
        assert!(new <= 3, "{new}");
    }
}

#[test]
fn a_quote_that_never_closes_does_not_swallow_the_file() {
    let mut text = "id,text\n1,\"open\n".to_owned();
    for i in 0..300_000 {
        text += &format!("{i},some words that are no quote, but make it long enough {i}\n");
    }
    assert!(text.len() > 17 << 20);
    let (chunks, described) = cut("a.csv", text.as_bytes(), &[4 << 20], None);
    let records: u32 = chunks.iter().map(|(_, cut)| cut.records).sum();
    assert_eq!(records, 300_001);
    assert!(described.contains("quote=22"));
}

#[test]
fn json_lines_that_begin_alike_are_told_apart() {
    let lines = |label: &str| -> Vec<u8> {
        let line = |i: u32| {
            format!(
                "{{\"source\":\"a very long and constant source\",\"n\":{i},\"label\":\"{label}\"}}\n"
            )
        };
        (0..20_000).map(line).collect::<String>().into_bytes()
    };
    let (before, described) = cut("a.jsonl", &lines("cat"), &[], None);
    assert!(described.ends_with("by=field1"), "{described}");
    assert!(before.len() > 20);
    assert!(!before[0].1.header);
    let (after, _) = cut("a.jsonl", &lines("another"), &[], Some(&described));
    let shape = |chunks: &Chunks| -> Vec<_> { chunks.iter().map(|(_, cut)| cut.anchor).collect() };
    assert_eq!(shape(&before), shape(&after));
    // Where all records are equal, some chunks must still end.
    let same = "{\"a\":1}\n".repeat(50_000);
    let (chunks, described) = cut("a.jsonl", same.as_bytes(), &[], None);
    assert!(described.ends_with("by=record"));
    assert!(chunks.len() > 5);
}

#[test]
fn wide_encodings_are_cut_in_whole_units() {
    let text = String::from_utf8(table(20_000, |i| format!("가{}", i % 7))).unwrap();
    let wide = format!("\u{feff}{text}");
    let wide: Vec<u8> = wide.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let (chunks, described) = cut("a.csv", &wide, &[99_999], None);
    assert!(
        described.starts_with("records 1 csv utf-16le"),
        "{described}"
    );
    assert!(chunks.iter().all(|(bytes, _)| bytes.len() % 2 == 0));
    let records: u32 = chunks.iter().map(|(_, cut)| cut.records).sum();
    let lines: u32 = chunks.iter().map(|(_, cut)| cut.lines).sum();
    assert_eq!((records, lines), (20_000, 20_001));
    let (again, _) = cut("a.csv", &wide, &[], None);
    assert!(chunks == again);
}

#[test]
fn parameters_are_taken_over_while_they_fit() {
    let bytes = table(20_000, |i| format!("{}", i % 7));
    let choose = |previous: &str| cut("a.csv", &bytes, &[], Some(previous)).1;
    let rule = "records 1 csv bytes delimiter=2c quote=22";
    assert_eq!(
        choose("records 1 x r=64 by=prefix"),
        format!("{rule} r=64 by=prefix")
    );
    for other in [
        "records 1 x r=4 by=field0",
        "records 1 r=x by=y",
        "bytes 1 avg=1",
        "",
        "r=64",
    ] {
        assert_eq!(choose(other), format!("{rule} r=256 by=field0"));
    }
    let declared = DeclaredDialect::default();
    let layout = Layout::detect(Format::Csv, &declared, &bytes, true);
    assert!(Cutter::is_aligned(&choose(""), &layout));
    assert!(!Cutter::is_aligned("bytes 1 avg=65536", &layout));
    assert!(!Cutter::is_aligned(
        "records 1 csv bytes delimiter=3b quote=22 r=1 by=record",
        &layout
    ));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn chunks_do_not_depend_on_pushes(
        cells in proptest::collection::vec("[a-z,\"\n\r]{0,30}", 1..200),
        repeat in 1usize..60,
        sizes in proptest::collection::vec(1usize..5000, 1..5),
        long in prop_oneof![Just(0usize), 250_000usize..600_000],
        name in prop_oneof![Just("a.csv"), Just("a.jsonl"), Just("a.bin")],
    ) {
        let mut text = cells.join("\n").repeat(repeat);
        let at = text.len() / 2;
        text.insert_str(at, &"long ".repeat(long / 5));
        let (whole, described) = cut(name, text.as_bytes(), &[], None);
        let (pieces, again) = cut(name, text.as_bytes(), &sizes, None);
        prop_assert_eq!(described, again);
        prop_assert!(whole == pieces);
        // The parser sees the records that the cutter counted.
        if let Some(format) = record::sniff_format(Some(&name[2..]), b"") {
            let declared = DeclaredDialect::default();
            let layout = Layout::detect(format, &declared, text.as_bytes(), true);
            let mut all = Batch::new(&layout.fields);
            layout.parse(&text.as_bytes()[layout.header_bytes..], &mut all);
            let counted: u32 = whole.iter().map(|(_, cut)| cut.records).sum();
            prop_assert_eq!(all.len(), counted as usize);
            // And chunk by chunk it sees the same ones.
            let mut unit = Vec::new();
            let mut records = 0;
            let mut chunks = whole.iter().filter(|(_, cut)| !cut.header).peekable();
            while let Some((bytes, _)) = chunks.next() {
                unit.extend_from_slice(bytes);
                if chunks.peek().is_some_and(|(_, cut)| cut.continued) {
                    continue;
                }
                let mut batch = Batch::new(&layout.fields);
                layout.parse(&unit, &mut batch);
                for record in batch.records() {
                    let (mut a, mut b) = (Vec::new(), Vec::new());
                    record.frame(&batch.frame_order(), &mut a);
                    all.record(records).frame(&all.frame_order(), &mut b);
                    prop_assert_eq!(a, b);
                    records += 1;
                }
                unit.clear();
            }
            prop_assert_eq!(records, all.len());
        }
    }
}

#[test]
fn boundaries_are_part_of_the_format() {
    // Other boundaries would store every next version of every file anew.
    let found = ["a.csv", "a.jsonl", "a.bin"].map(|path| {
        let bytes = table(20_000, |i| format!("{}", i % 7));
        let (chunks, described) = cut(path, &bytes, &[], None);
        let lengths: Vec<u8> = chunks
            .iter()
            .flat_map(|(_, cut)| [cut.length as u32, cut.records, cut.anchor.unwrap_or(0)])
            .flat_map(u32::to_le_bytes)
            .collect();
        format!("{described}: {}", ObjectId::of(&lengths).short())
    });
    assert_eq!(
        found,
        [
            "records 1 csv bytes delimiter=2c quote=22 r=256 by=field0: 75d8d162edfc",
            "records 1 lines bytes r=256 by=field0: 79c6c3f3e0d2",
            "bytes 1 avg=65536: 65ba36b01594",
        ]
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(50))]

    #[test]
    fn any_bytes_are_cut(
        mark in prop_oneof![Just(&b""[..]), Just(&b"\xff\xfe"[..]), Just(&b"\xfe\xff"[..]), Just(&b"\xef\xbb\xbf"[..])],
        bytes in proptest::collection::vec(
            prop_oneof![Just(b'"'), Just(b'\n'), Just(b'\r'), Just(0), Just(b','), any::<u8>()],
            0..300),
        repeat in 1usize..2000,
        sizes in proptest::collection::vec(1usize..3000, 1..4),
        name in prop_oneof![Just("a.csv"), Just("a.jsonl"), Just("a")],
    ) {
        let all = [mark, &bytes.repeat(repeat)].concat();
        let (whole, _) = cut(name, &all, &[], None);
        let (pieces, _) = cut(name, &all, &sizes, None);
        prop_assert!(whole == pieces);
    }
}
