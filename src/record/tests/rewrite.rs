//! Values written back into records.

use proptest::prelude::*;

use super::super::rewrite::{Edit, RewriteError, rewrite, spelling};
use super::super::*;

fn layout(format: Format, head: &[u8], declared: DeclaredDialect) -> Layout {
    Layout::detect(format, &declared, head, true)
}

fn set(
    layout: &Layout,
    record: &str,
    field: &str,
    value: Option<&str>,
) -> Result<String, RewriteError> {
    let edit = Edit {
        field,
        value: value.map(Cell::text),
        kind: Type::String,
        spelled: None,
    };
    let bytes = rewrite(layout, record.as_bytes(), &[edit])?;
    Ok(String::from_utf8(bytes).unwrap())
}

#[test]
fn a_csv_cell_is_quoted_where_it_was_or_must_be() {
    let layout = layout(
        Format::Csv,
        b"id,label,text\n1,a,b\n2,a,b\n",
        DeclaredDialect::default(),
    );
    for (record, field, value, expected) in [
        ("1,cat,x\n", "label", Some("dog"), "1,dog,x\n"),
        (
            "1,\"cat\", x \r\n",
            "label",
            Some("dog"),
            "1,\"dog\", x \r\n",
        ),
        ("1,cat,x", "label", Some("a,b"), "1,\"a,b\",x"),
        (
            "1,cat,x\n",
            "text",
            Some("say \"hi\""),
            "1,cat,\"say \"\"hi\"\"\"\n",
        ),
        ("1,cat,x\n", "label", None, "1,,x\n"),
        ("1,\"cat\",x\n", "label", None, "1,\"\",x\n"),
        ("1\n", "text", Some("x"), "1,,x\n"),
        ("1,a,b,c\n", "#4", Some("d"), "1,a,b,d\n"),
        (
            "\"a\nb\",cat,\"x\"\n",
            "label",
            Some("d\n"),
            "\"a\nb\",\"d\n\",\"x\"\n",
        ),
    ] {
        assert_eq!(set(&layout, record, field, value).unwrap(), expected);
    }
    let unknown = set(&layout, "1,a,b\n", "split", Some("x"));
    assert_eq!(
        unknown,
        Err(RewriteError::NotInFile {
            field: "split".into()
        })
    );
}

#[test]
fn a_lone_column_never_becomes_an_empty_line() {
    let layout = layout(Format::Csv, b"label\na\nb\n", DeclaredDialect::default());
    assert_eq!(set(&layout, "a\n", "label", None).unwrap(), "\"\"\n");
}

#[test]
fn what_cannot_be_written_is_refused() {
    let declared = DeclaredDialect {
        missing: Some(vec!["NA".into()]),
        ..DeclaredDialect::default()
    };
    let csv = layout(Format::Csv, b"id,label\n1,a\n", declared);
    let refused = set(&csv, "1,a\n", "label", Some("NA"));
    assert_eq!(
        refused,
        Err(RewriteError::ReadsAsMissing {
            field: "label".into()
        })
    );
    let korean = DeclaredDialect {
        encoding: Some(Encoding::Cp949),
        ..DeclaredDialect::default()
    };
    let cp949 = layout(Format::Csv, b"id,label\n1,\xb0\xa1\n", korean);
    let edit = |value| Edit {
        field: "label",
        value: Some(Cell::text(value)),
        kind: Type::String,
        spelled: None,
    };
    let written = rewrite(&cp949, b"1,\xb0\xa1\n", &[edit("\u{b098},")]).unwrap();
    assert_eq!(written, b"1,\"\xb3\xaa,\"\n");
    let refused = rewrite(&cp949, b"1,\xb0\xa1\n", &[edit("\u{1f408}")]);
    assert!(
        matches!(refused, Err(RewriteError::NotEncodable { .. })),
        "{refused:?}"
    );
}

#[test]
fn a_json_value_is_replaced_in_its_place() {
    let head = b"{\"id\": 1, \"label\": \"a\"}\n";
    let layout = layout(Format::Jsonl, head, DeclaredDialect::default());
    for (record, field, value, expected) in [
        (
            "{ \"id\":1 ,\"label\" : \"a\" }\n",
            "label",
            Some("b\"c"),
            "{ \"id\":1 ,\"label\" : \"b\\\"c\" }\n",
        ),
        (
            "{\"id\":1,\"n\":5}",
            "n",
            Some("6.50"),
            "{\"id\":1,\"n\":6.50}",
        ),
        (
            "{\"id\":1,\"n\":5}",
            "n",
            Some("x"),
            "{\"id\":1,\"n\":\"x\"}",
        ),
        ("{\"n\":\"5\"}\n", "n", Some("6"), "{\"n\":\"6\"}\n"),
        (
            "{\"n\": [1, {\"a\": \"]\"}], \"m\": 1}\n",
            "n",
            None,
            "{\"n\": null, \"m\": 1}\n",
        ),
        (
            "{\"m\": {\"a.b\": {\"c\": true}}}",
            "m.\"a.b\".c",
            Some("false"),
            "{\"m\": {\"a.b\": {\"c\": false}}}",
        ),
        (
            "{\"id\": 1}",
            "label",
            Some("x"),
            "{\"id\": 1, \"label\": \"x\"}",
        ),
        (
            "{\"id\":1,\"m\":{\"a\":2}}",
            "m.b.c",
            Some("x"),
            "{\"id\":1,\"m\":{\"a\":2,\"b\":{\"c\":\"x\"}}}",
        ),
        ("{}", "a", Some("x"), "{\"a\": \"x\"}"),
        ("{\"a\":1,\"a\":2}", "a", Some("3"), "{\"a\":1,\"a\":3}"),
        (
            "{\"a\": \"\\u00e9\", \"b\": \"x\"}",
            "b",
            Some("\u{1f408}"),
            "{\"a\": \"\\u00e9\", \"b\": \"\\ud83d\\udc08\"}",
        ),
        (
            "{\"a\": \"x\\\"}\", \"b\": 1}",
            "b",
            Some("2"),
            "{\"a\": \"x\\\"}\", \"b\": 2}",
        ),
    ] {
        assert_eq!(set(&layout, record, field, value).unwrap(), expected);
    }
    let nested = set(&layout, "{\"m\": null}", "m.a.b", Some("x"));
    assert_eq!(nested.unwrap(), "{\"m\": {\"a\": {\"b\": \"x\"}}}");
    assert!(set(&layout, "{\"m\": {\"a\": 1}}", "m", Some("x")).is_err());
    assert!(set(&layout, "no json\n", "a", Some("x")).is_err());
    assert!(set(&layout, "{\"m\": 5}", "m.a", Some("x")).is_err());
}

fn cell() -> impl Strategy<Value = String> {
    prop_oneof!["[a-c1 ]{0,3}", "[a,\"\n;']{0,4}", Just("고양이".to_owned())]
}

fn quoted(text: &str, always: bool) -> String {
    match always || text.contains([',', '"', '\n']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text.to_owned(),
    }
}

fn encoded(text: &str, encoding: Encoding) -> Vec<u8> {
    let mut out = Vec::new();
    encoding.encode(text, &mut out).unwrap();
    out
}

proptest! {
    #[test]
    fn the_edited_cell_reads_back_and_no_other_byte_changes(
        cells in prop::collection::vec((cell(), any::<bool>()), 3),
        at in 0usize..3,
        value in prop::option::of(cell()),
        encoding in prop::sample::select(vec![
            Encoding::Utf8, Encoding::Utf16Le, Encoding::Utf16Be, Encoding::Utf32Le, Encoding::Utf32Be,
            Encoding::Cp949, Encoding::ShiftJis, Encoding::Gb18030,
        ]),
        newline in prop::sample::select(vec!["", "\n", "\r\n"]),
    ) {
        let declared = DeclaredDialect {
            encoding: Some(encoding), delimiter: Some(b','), quote: Some(b'"'), header: Some(true), missing: None,
        };
        let layout = layout(Format::Csv, &encoded("x,y,z\na,b,c\n", encoding), declared);
        // The second bytes of these are a backslash and a bar in Shift_JIS.
        let words = |text: &str| match encoding {
            Encoding::ShiftJis => text.replace("고양이", "表\u{30dd}"),
            _ => text.to_owned(),
        };
        let cells: Vec<(String, bool)> = cells.iter().map(|(text, always)| (words(text), *always)).collect();
        let value = value.map(|text| words(&text));
        let cells: Vec<String> = cells.iter().map(|(text, always)| quoted(text, *always)).collect();
        let record = encoded(&format!("{}{newline}", cells.join(",")), encoding);
        let field = ["x", "y", "z"][at];
        let value = value.filter(|text| !text.is_empty());
        let edit = Edit { field, value: value.as_deref().map(Cell::text), kind: Type::String, spelled: None };
        let new = rewrite(&layout, &record, &[edit]).unwrap();
        for (other, name) in ["x", "y", "z"].into_iter().enumerate() {
            let spelled = spelling(&layout, &new, name).unwrap();
            if other == at {
                // Bytes of a file that spells alike may be taken as they are.
                let edit = Edit { field, value: None, kind: Type::String, spelled: Some(&spelled) };
                let edit = Edit { value: value.as_deref().map(Cell::text), ..edit };
                prop_assert_eq!(&rewrite(&layout, &record, &[edit]).unwrap(), &new);
            } else {
                prop_assert_eq!(spelled, encoded(&cells[other], encoding));
            }
        }
        let back = spelling(&layout, &record, field).unwrap();
        let mut batch = Batch::new(&layout.fields);
        layout.parse(&record, &mut batch);
        let edit = Edit { field, value: batch.record(0).cell(at), kind: Type::String, spelled: Some(&back) };
        prop_assert_eq!(rewrite(&layout, &new, &[edit]).unwrap(), record);
    }

    #[test]
    fn random_bytes_never_panic(
        record in prop::collection::vec(prop_oneof![any::<u8>(), Just(b'"'), Just(b'{'), Just(b':'), Just(b',')], 0..40),
        value in prop::option::of("\\PC{0,6}"),
        field in "[a-c.\"#0-9]{0,4}",
        jsonl in any::<bool>(),
    ) {
        let (format, head): (_, &[u8]) = match jsonl {
            true => (Format::Jsonl, b"{\"a\":1}\n"),
            false => (Format::Csv, b"a,b\n1,2\n"),
        };
        let layout = layout(format, head, DeclaredDialect::default());
        let edit = Edit { field: &field, value: value.as_deref().map(Cell::text), kind: Type::Float, spelled: None };
        let _ = rewrite(&layout, &record, &[edit]);
        let _ = spelling(&layout, &record, &field);
    }

    #[test]
    fn a_json_member_reads_back(
        names in prop::collection::btree_map("[a-c.\" ]{1,2}", prop_oneof![Just("1"), Just("\"x\""), Just("{\"q\":[1]}"), Just("null")], 1..4),
        at in 0usize..4,
        value in prop::option::of("[a-c\"\\\\\u{e9}1]{1,4}"),
        spaced in any::<bool>(),
    ) {
        let (colon, comma) = if spaced { (" : ", " , ") } else { (":", ",") };
        let members: Vec<String> = names.iter()
            .map(|(name, value)| format!("{}{colon}{value}", serde_json::Value::from(name.as_str())))
            .collect();
        let record = format!("{{{}}}\n", members.join(comma));
        let layout = layout(Format::Jsonl, record.as_bytes(), DeclaredDialect::default());
        let mut batch = Batch::new(&layout.fields);
        layout.parse(record.as_bytes(), &mut batch);
        let field = batch.fields()[at % batch.fields().len()].to_string();
        let new = set(&layout, &record, &field, value.as_deref()).unwrap();
        let back = spelling(&layout, record.as_bytes(), &field).unwrap();
        let old = batch.record(0).cell(at % batch.fields().len());
        let edit = Edit { field: &field, value: old, kind: Type::String, spelled: Some(&back) };
        prop_assert_eq!(rewrite(&layout, new.as_bytes(), &[edit]).unwrap(), record.into_bytes());
    }
}
