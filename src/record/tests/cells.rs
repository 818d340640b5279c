//! Tests of CSV cells, with the csv crate as the oracle.

use std::sync::Arc;

use proptest::prelude::*;

use super::super::*;

/// One record: its cells, null or text, and its problem.
type Row = (Vec<Option<String>>, Option<Problem>);

fn rows(layout: &Layout, bytes: &[u8]) -> Vec<Row> {
    let mut batch = Batch::new(&layout.fields);
    layout.parse(&bytes[layout.header_bytes..], &mut batch);
    let cells = |record: RecordRef<'_>| {
        let cells = (0..batch.fields().len()).map(|at| record.cell(at));
        cells
            .map(|cell| cell.map(|cell| cell.text.to_owned()))
            .collect()
    };
    batch
        .records()
        .map(|record| (cells(record), record.problem()))
        .collect()
}

fn read(bytes: &[u8]) -> (Layout, Vec<Row>) {
    let layout = Layout::detect(Format::Csv, &DeclaredDialect::default(), bytes, true);
    let rows = rows(&layout, bytes);
    (layout, rows)
}

fn headless() -> DeclaredDialect {
    DeclaredDialect {
        header: Some(false),
        delimiter: Some(b','),
        quote: Some(b'"'),
        ..DeclaredDialect::default()
    }
}

fn row(cells: &[&str], problem: Option<Problem>) -> Row {
    let cell = |cell: &&str| (!cell.is_empty()).then(|| (*cell).to_owned());
    (cells.iter().map(cell).collect(), problem)
}

fn names(layout: &Layout) -> Vec<&str> {
    layout.fields.iter().map(|name| &**name).collect()
}

#[test]
fn cells_of_awkward_records() {
    let table = b"a,b,c\n1,\"x, \"\"y\"\"\nz\",3\r\n\n,\"\",\"\"\"\"\n1,5\" disk,2\n1,\"q\"r,2\n1,2\n1,2,3,4\n7,8,\"open\n";
    let (layout, rows) = read(table);
    assert_eq!(names(&layout), ["a", "b", "c"]);
    assert_eq!(
        rows,
        [
            row(&["1", "x, \"y\"\nz", "3", ""], None),
            row(&["", "", "\"", ""], None),
            row(&["1", "5\" disk", "2", ""], None),
            row(&["1", "qr", "2", ""], Some(Problem::Quote)),
            row(&["1", "2", "", ""], Some(Problem::Ragged)),
            row(&["1", "2", "3", "4"], Some(Problem::Ragged)),
            row(&["7", "8", "\"open", ""], Some(Problem::Quote)),
        ]
    );
}

#[test]
fn names_are_unique_and_never_empty() {
    let (layout, rows) = read("a,,a,a#2,,cafe\u{301},#8\n1,2,3,4,5,6,7,8,9\n".as_bytes());
    assert_eq!(
        names(&layout),
        ["a", "#2", "a#2", "a#2#2", "#5", "caf\u{e9}", "#8"]
    );
    // The eighth cell does not fall into the field that is named like it.
    assert_eq!(rows[0].0.last().unwrap().as_deref(), Some("9"));
    assert_eq!(rows[0].0[6].as_deref(), Some("7"));
    assert_eq!(rows[0].0.len(), 9);
}

#[test]
fn the_first_mark_is_none_of_the_text_but_later_ones_are() {
    let (layout, rows) = read("\u{feff}a,\u{feff}b\n\u{feff}1,2\n".as_bytes());
    assert!(layout.dialect.bom);
    assert_eq!(names(&layout), ["a", "\u{feff}b"]);
    assert_eq!(rows, [row(&["\u{feff}1", "2"], None)]);
}

#[test]
fn missing_tokens_are_null() {
    let declared = DeclaredDialect {
        missing: Some(vec!["NA".into(), "\"".into()]),
        ..DeclaredDialect::default()
    };
    let table = b"a,b,c,d\nNA,\"NA\",\"\"\"\",NAM\n";
    let layout = Layout::detect(Format::Csv, &declared, table, true);
    assert_eq!(rows(&layout, table), [row(&["", "", "", "NAM"], None)]);
    assert_eq!(layout.dialect.describe()["missing"], r#"["NA","\""]"#);
}

#[test]
fn files_without_records_read_as_none() {
    for (table, width, header) in [
        (&b""[..], 0, 0),
        (b"\xef\xbb\xbf", 0, 3),
        (b"a,b", 2, 3),
        (b"a,b\r\n", 2, 5),
        (b"\n\na,b\n", 2, 6),
        (b"\n", 0, 0),
    ] {
        let (layout, rows) = read(table);
        assert_eq!(
            (layout.fields.len(), layout.header_bytes),
            (width, header),
            "{table:?}"
        );
        assert_eq!(rows, []);
        assert!(layout.dialect.header);
    }
}

#[test]
fn bytes_that_are_no_text_are_a_problem_of_their_record() {
    let (_, rows) = read(b"a,b\n\xff\xfe,\"x\"\n\0,2\n");
    assert_eq!(
        rows,
        [
            row(&["\u{fffd}ff\u{fffd}fe", "x"], Some(Problem::Encoding)),
            row(&["\0", "2"], None),
        ]
    );
}

#[test]
fn other_encodings_read_alike() {
    let table = "이름,\"a,b\"\n가,\"\"\"x\"\n나\r다,2\n";
    let plain = read(table.as_bytes());
    let utf16 = |unit: fn(u16) -> [u8; 2]| -> Vec<u8> {
        let marked = format!("\u{feff}{table}");
        marked.encode_utf16().flat_map(unit).collect()
    };
    for (encoding, bytes) in [
        (Encoding::Utf16Le, utf16(u16::to_le_bytes)),
        (Encoding::Utf16Be, utf16(u16::to_be_bytes)),
        (
            Encoding::Cp949,
            encoding_rs::EUC_KR.encode(table).0.into_owned(),
        ),
    ] {
        let (layout, rows) = read(&bytes);
        assert_eq!(layout.dialect.encoding, encoding);
        assert_eq!(layout.fields, plain.0.fields);
        assert_eq!(rows, plain.1);
        assert_eq!(rows.len(), 3);
    }
}

#[test]
fn ten_thousand_columns_and_cells_without_names() {
    let line = |count: usize| {
        (0..count)
            .map(|i| i.to_string())
            .collect::<Vec<_>>()
            .join(",")
    };
    let names: Vec<String> = (0..10_000).map(|i| format!("c{i}")).collect();
    let table = format!("{}\n{}\n", names.join(","), line(10_000));
    let (layout, wide) = read(table.as_bytes());
    assert_eq!(layout.fields.len(), 10_000);
    assert_eq!(wide[0].0[9_999].as_deref(), Some("9999"));
    let table = format!("a,b\n{}\n", line(10_000));
    let (_, ragged) = read(table.as_bytes());
    assert_eq!(ragged[0].0.len(), 10_000);
    assert_eq!(ragged[0].1, Some(Problem::Ragged));
}

#[test]
fn a_batch_that_knows_other_fields_is_filled_by_name() {
    let (layout, _) = read(b"a,b\n1,2\n");
    let mut batch = Batch::new(&["b".into(), "z".into()]);
    layout.parse(b"1,2,3\n", &mut batch);
    assert_eq!(batch.fields(), ["b", "z", "a", "#3"].map(Arc::from));
    let cell = |at| batch.record(0).cell(at).map(|cell| cell.text);
    assert_eq!(
        [cell(0), cell(1), cell(2), cell(3)],
        [Some("2"), None, Some("1"), Some("3")]
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn cells_are_those_of_the_csv_crate(text in "[ab,\"\"\n\r]{0,40}") {
        let layout = Layout::detect(Format::Csv, &headless(), text.as_bytes(), true);
        let ours = rows(&layout, text.as_bytes());
        // The csv crate reads to the end of the file from a quote that never closes.
        let open = |row: &Row| row.1 == Some(Problem::Quote);
        if ours.iter().any(open) {
            return Ok(());
        }
        let mut reader = ::csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .from_reader(text.as_bytes());
        let theirs: Vec<Vec<String>> = reader
            .records()
            .map(|record| record.unwrap().iter().map(str::to_owned).collect())
            .collect();
        prop_assert_eq!(ours.len(), theirs.len());
        for ((ours, _), theirs) in ours.iter().zip(&theirs) {
            for (at, cell) in ours.iter().enumerate() {
                let other = theirs.get(at).map_or("", String::as_str);
                prop_assert_eq!(cell.as_deref().unwrap_or(""), other);
            }
            prop_assert!(theirs.len() <= ours.len());
        }
    }

    #[test]
    fn ranges_and_records_go_together(bytes in proptest::collection::vec(
        prop_oneof![Just(b'"'), Just(b'\n'), Just(b'\r'), Just(b','), any::<u8>()], 0..80))
    {
        for format in [Format::Csv, Format::Jsonl] {
            let layout = Layout::detect(format, &DeclaredDialect::default(), &bytes, true);
            let body = &bytes[layout.header_bytes..];
            let mut ranges = Vec::new();
            layout.record_ranges(body, &mut ranges);
            let mut batch = Batch::new(&layout.fields);
            layout.parse(body, &mut batch);
            let places: Vec<_> = batch.records().map(|record| record.bytes()).collect();
            let ranges: Vec<_> = ranges.iter().map(|range| (range.start, range.end)).collect();
            prop_assert_eq!(places, ranges.clone());
            // A record parses alone as it does among others.
            for (at, &(start, end)) in ranges.iter().enumerate() {
                let mut alone = Batch::new(&layout.fields);
                layout.parse(&body[start..end], &mut alone);
                prop_assert_eq!(alone.len(), 1);
                let (mut a, mut b) = (Vec::new(), Vec::new());
                alone.record(0).frame(&alone.frame_order(), &mut a);
                batch.record(at).frame(&batch.frame_order(), &mut b);
                prop_assert_eq!(a, b);
                prop_assert_eq!(alone.record(0).problem(), batch.record(at).problem());
            }
        }
    }
}

#[test]
fn a_cell_of_many_megabytes_is_one_cell() {
    for quote in ["", "\""] {
        let cell = "0123456789abcde,"
            .repeat(20 << 16)
            .replace(',', if quote.is_empty() { "." } else { "," });
        let table = format!("a,b\n1,{quote}{cell}{quote}\n2,x\n");
        let (_, rows) = read(table.as_bytes());
        assert_eq!(rows.len(), 2);
        assert_eq!(rows[0].0[1].as_deref().map(str::len), Some(cell.len()));
        assert_eq!(rows[1], row(&["2", "x"], None));
    }
}
