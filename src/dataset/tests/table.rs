//! Tests of tables: parts, units, path fields, images.

use proptest::prelude::*;

use crate::object::{EntryKind, MemoryStore};

use super::super::Table;
use super::{declare, put, put_cut, records};

const SPLITS: &str = "[dataset.a]\npath = \"{split}.csv\"\nkey = \"id\"\n";

#[test]
fn the_files_of_a_data_set_are_its_parts() {
    let mut store = MemoryStore::new();
    let entries = [
        put(&mut store, "notes.md", b"id,label\n", 9),
        put(&mut store, "test.csv", b"id,label\n1,a\n2,\"b\nc\"\n", 9),
        put(
            &mut store,
            "train.csv",
            b"label,id,split\r\nx,7,\r\n\r\ny,8,dev",
            9,
        ),
    ];
    let table = Table::open(&store, &entries, &declare(SPLITS)).unwrap();
    assert_eq!(
        records(&store, &table),
        [
            "id=1 label=a split=test",
            "id=2 label=b\nc split=test",
            "label=x id=7 split=train",
            "label=y id=8 split=dev",
        ]
    );
    let fields: Vec<String> = table.fields().iter().map(|f| f.to_string()).collect();
    assert_eq!(fields, ["id", "label", "split"]);
    assert_eq!(table.parts[0].units[0].first_line, 2);
}

#[test]
fn what_is_no_table_is_still_a_part() {
    let mut store = MemoryStore::new();
    let mut link = put(&mut store, "link.csv", b"train.csv", 9);
    link.kind = EntryKind::Symlink;
    let entries = [
        put(&mut store, "empty.csv", b"", 9),
        put(&mut store, "header.csv", b"id,label\n", 9),
        link,
        put(&mut store, "noise.csv", b"\x00\xff\"\n,,,\n\"", 9),
    ];
    let table = Table::open(&store, &entries, &declare(SPLITS)).unwrap();
    assert_eq!(table.parts.len(), 3);
    assert_eq!(table.parts[0].units.len() + table.parts[1].units.len(), 0);
    records(&store, &table);
}

#[test]
fn fields_of_json_lines_are_found_by_reading_all() {
    let mut store = MemoryStore::new();
    let mut text = "{\"id\":1}\n".repeat(40_000);
    text.push_str("{\"id\":2,\"late\":{\"er\":3}}\n");
    let entries = [put(&mut store, "a.jsonl", text.as_bytes(), 1000)];
    let declaration = declare("[dataset.a]\npath = \"a.jsonl\"\n");
    let table = Table::open(&store, &entries, &declaration).unwrap();
    assert_eq!(table.records(), 40_001);
    assert_eq!(table.fields().len(), 1);
    let all = table.read_fields(&store).unwrap();
    assert_eq!(&*all[1], "late.er");
}

#[test]
fn an_image_that_moves_is_a_record_whose_label_changed() {
    let mut store = MemoryStore::new();
    let declaration = declare("[dataset.a]\npath = \"img/{label}/*\"\nformat = \"images\"\n");
    let mut read = |name: &str| {
        let entries = [
            put(&mut store, "img/cat/1.png", b"one", 9),
            put(&mut store, name, b"two", 9),
            put(&mut store, "img/readme.md", b"three", 9),
        ];
        let table = Table::open(&store, &entries, &declaration).unwrap();
        assert_eq!(table.parts[0].path, super::path("img"));
        records(&store, &table).remove(1)
    };
    let (before, after) = (read("img/cat/2.png"), read("img/dog/2.png"));
    assert!(
        before.contains("path=2.png") && before.contains("label=cat"),
        "{before}"
    );
    assert_eq!(before.replace("label=cat", "label=dog"), after);
}

#[test]
fn an_edit_of_a_large_image_folder_changes_one_unit() {
    let mut store = MemoryStore::new();
    let declaration = declare("[dataset.a]\npath = \"img/{label}/*\"\nformat = \"images\"\n");
    let mut entries: Vec<_> = (0..2000)
        .map(|n| {
            put(
                &mut store,
                &format!("img/{}/{n:04}.png", n % 3),
                &[n as u8],
                9,
            )
        })
        .collect();
    entries.sort_by(|a, b| a.path.cmp(&b.path));
    let before = Table::open(&store, &entries, &declaration).unwrap();
    entries[700].content = entries[0].content;
    let after = Table::open(&store, &entries, &declaration).unwrap();
    let (before, after) = (&before.parts[0], &after.parts[0]);
    assert!(before.units.len() > 5);
    let pairs = before.units.iter().zip(&after.units);
    assert_eq!(pairs.filter(|(a, b)| a.id != b.id).count(), 1);
    assert_ne!(before.content, after.content);
}

#[test]
fn a_long_record_is_one_unit() {
    let mut store = MemoryStore::new();
    let long = "x".repeat(700_000);
    let text = format!("id,text\n1,a\n2,{long}\n3,b\n");
    let entry = put_cut(&mut store, "a.csv", text.as_bytes());
    let table = Table::open(&store, &[entry], &declare(SPLITS)).unwrap();
    let records = records(&store, &table);
    assert_eq!(records[1].len(), "id=2 text= split=a".len() + long.len());
    assert_eq!(records[2], "id=3 text=b split=a");
}

#[test]
fn units_keep_their_ids_when_a_file_outgrows_one_object() {
    let mut store = MemoryStore::new();
    let declaration = declare(SPLITS);
    let text: String = (0..4000)
        .map(|n| format!("{n},some text of {n}\n"))
        .collect();
    let mut ids = |length: usize| -> Vec<_> {
        let bytes = format!("id,text\n{}", &text[..length]);
        let entry = put_cut(&mut store, "a.csv", bytes.as_bytes());
        let table = Table::open(&store, &[entry], &declaration).unwrap();
        table.parts[0].units.iter().map(|unit| unit.id).collect()
    };
    let (small, large) = (ids(64_000), ids(70_000));
    assert!(small.len() > 2);
    assert_eq!(small[..small.len() - 1], large[..small.len() - 1]);
}

#[test]
fn missing_chunks_are_an_error() {
    let declaration = declare(SPLITS);
    let mut store = MemoryStore::new();
    let entry = put(&mut store, "a.csv", b"id\n1\n", 9);
    assert!(Table::open(&MemoryStore::new(), &[entry], &declaration).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn records_do_not_depend_on_where_a_content_was_cut(
        lines in proptest::collection::vec("[a-c\",\r\n가]{0,40}", 1..40),
        header in proptest::option::of(any::<bool>()),
        one in 500usize..5000,
        other in 5000usize..70_000,
    ) {
        let mut text = "id,text\n".to_owned();
        for n in 0.. {
            text.push_str(&format!("{n},{}\n", lines[n % lines.len()]));
            if text.len() > 66_000 { break; }
        }
        let key = header.map_or(String::new(), |header| format!("header = {header}\n"));
        let declaration = declare(&format!("[dataset.a]\npath = \"a.csv\"\n{key}"));
        let read = |size: Option<usize>| {
            let mut store = MemoryStore::new();
            let entry = match size {
                Some(size) => put(&mut store, "a.csv", text.as_bytes(), size),
                None => put_cut(&mut store, "a.csv", text.as_bytes()),
            };
            let table = Table::open(&store, &[entry], &declaration).unwrap();
            let mut bytes = Vec::new();
            for (part, unit) in table.units() {
                bytes.extend(table.unit_bytes(&store, part, unit).unwrap());
            }
            let start = table.parts[0].layout.header_bytes;
            assert_eq!(&text.as_bytes()[start..], &bytes[..]);
            records(&store, &table)
        };
        let (one, other, cut) = (read(Some(one)), read(Some(other)), read(None));
        prop_assert_eq!(&one, &other);
        prop_assert_eq!(&one, &cut);
    }
}
