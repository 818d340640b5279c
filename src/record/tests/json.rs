//! Tests of JSON Lines, with serde_json as the oracle.

use proptest::prelude::*;

use super::super::*;

type Cells = Vec<(String, CellKind, Option<String>)>;

/// The cells of one line, in the order of its fields, and its problem.
fn line(text: &[u8]) -> (Cells, Option<Problem>) {
    let layout = Layout::detect(Format::Jsonl, &DeclaredDialect::default(), b"", true);
    let mut batch = Batch::default();
    layout.parse(text, &mut batch);
    assert_eq!(batch.len(), 1);
    let record = batch.record(0);
    let cell = |(at, name): (usize, &std::sync::Arc<str>)| {
        let cell = record.cell(at);
        let kind = cell.map_or(CellKind::Text, |cell| cell.kind);
        (
            name.to_string(),
            kind,
            cell.map(|cell| cell.text.to_owned()),
        )
    };
    let cells = batch.fields().iter().enumerate().map(cell).collect();
    (cells, record.problem())
}

fn texts(text: &str) -> Vec<(String, Option<String>)> {
    let (cells, problem) = line(text.as_bytes());
    assert_eq!(problem, None, "{text}");
    cells
        .into_iter()
        .map(|(name, _, text)| (name, text))
        .collect()
}

fn pair(name: &str, text: Option<&str>) -> (String, Option<String>) {
    (name.to_owned(), text.map(str::to_owned))
}

#[test]
fn values_keep_their_text() {
    assert_eq!(
        texts(r#" {"a": 1.50e3 ,"b":"x\u00e9\n\ud83d\ude00","c":null,"d":"","e":true,"f":NaN} "#),
        [
            pair("a", Some("1.50e3")),
            pair("b", Some("x\u{e9}\n😀")),
            pair("c", None),
            pair("d", Some("")),
            pair("e", Some("true")),
            pair("f", Some("NaN")),
        ]
    );
}

#[test]
fn nested_values_have_paths() {
    let text =
        r#"{"meta":{"lang":"en","a.b":{"":1}},"l":[1, {"x" : "\u0041\n"} , []],"o":{},"my key":2}"#;
    let (cells, problem) = line(text.as_bytes());
    assert_eq!(problem, None);
    let text = |name: &str, kind, text: &str| (name.to_owned(), kind, Some(text.to_owned()));
    assert_eq!(
        cells,
        [
            text("meta.lang", CellKind::Text, "en"),
            text(r#"meta."a.b"."""#, CellKind::Text, "1"),
            text("l", CellKind::List, r#"[1,{"x":"A\n"},[]]"#),
            text("o", CellKind::Object, "{}"),
            text("my key", CellKind::Text, "2"),
        ]
    );
}

#[test]
fn a_repeated_member_counts_last() {
    assert_eq!(
        texts(r#"{"a":1,"b":2,"a":3}"#),
        [pair("a", Some("3")), pair("b", Some("2"))]
    );
}

#[test]
fn what_is_no_object_is_one_cell() {
    for text in [
        "[1]",
        "1",
        "{",
        "{\"a\":1}}",
        "{\"a\":01}",
        "{\"a\":1,}",
        "{a:1}",
        "{\"a\":\"\t\"}",
        "{\"a\":\"\\x\"}",
        "{\"a\":.5}",
        "{\"a\":1.}",
        "{\"a\":-}",
        "{\"a\":1e}",
        "{\"a\" 1}",
        "{\"a\":tru}",
        "{\"a\":\"\\u12\"}",
        "{\"a\":[1,]}",
        "{\"a\":'x'}",
        "é",
        "{\"é",
    ] {
        let (cells, problem) = line(text.as_bytes());
        assert_eq!(problem, Some(Problem::Json), "{text}");
        let kept: Vec<_> = cells.into_iter().filter(|cell| cell.2.is_some()).collect();
        let expected = (UNPARSABLE.to_owned(), CellKind::Text, Some(text.to_owned()));
        assert_eq!(kept, [expected]);
    }
}

#[test]
fn deep_nesting_is_a_problem_and_no_crash() {
    for depth in [100_000, 128] {
        for (open, close) in [("{\"a\":", "}"), ("[", "]")] {
            let deep = format!("{{\"a\":{}1{}}}", open.repeat(depth), close.repeat(depth));
            assert_eq!(line(deep.as_bytes()).1, Some(Problem::Json));
        }
    }
    let deep = format!("{{\"a\":{}1{}}}", "[".repeat(100), "]".repeat(100));
    assert_eq!(line(deep.as_bytes()).1, None);
}

#[test]
fn half_a_character_is_kept_apart() {
    let (cells, problem) = line(br#"{"a":"\ud800x","b":"\ud800\u0041","c":"\udc00"}"#);
    assert_eq!(problem, Some(Problem::Encoding));
    let texts: Vec<_> = cells
        .iter()
        .map(|cell| cell.2.as_deref().unwrap())
        .collect();
    assert_eq!(
        texts,
        [
            "\u{fffd}d8\u{fffd}00x",
            "\u{fffd}d8\u{fffd}00A",
            "\u{fffd}dc\u{fffd}00"
        ]
    );
}

#[test]
fn fields_are_found_in_the_first_lines_and_added_later() {
    let text = b"{\"b\":1,\"a\":2}\r\n\n{\"c\":{\"d\":3}}\nno json\n";
    let layout = Layout::detect(Format::Jsonl, &DeclaredDialect::default(), text, true);
    let names: Vec<&str> = layout.fields.iter().map(|name| &**name).collect();
    assert_eq!(names, ["b", "a", "c.d"]);
    assert_eq!(layout.dialect.newline, Newline::Mixed);
    let mut batch = Batch::new(&layout.fields);
    layout.parse(b"{\"a\":1,\"e\":5,\"b\":7}\n", &mut batch);
    assert_eq!(batch.field("e"), Some(3));
    let cell = |at| batch.record(0).cell(at).map(|cell| cell.text);
    assert_eq!(
        [cell(0), cell(1), cell(2), cell(3)],
        [Some("7"), Some("1"), None, Some("5")]
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn lines_are_json_when_serde_json_says_so(
        text in "\\{(\"[ab\\\\u0n.]{0,3}\":[ ]?[-0-9.eE\"\\[\\]{}:,ntrue]{1,8},?){0,3}\\}"
    ) {
        let object = serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(&text);
        let (_, problem) = line(text.as_bytes());
        let big = |error: &serde_json::Error| error.to_string().contains("out of range");
        match object {
            Ok(_) => prop_assert_eq!(problem, None),
            Err(error) if big(&error) => {}
            Err(error) => prop_assert!(problem.is_some(), "{}: {}", text, error),
        }
    }

    #[test]
    fn strings_read_as_serde_json_reads_them(text in any::<String>(), name in any::<String>()) {
        let map = serde_json::json!({ &*name: &*text, "list": [&*text] });
        let (cells, problem) = line(map.to_string().as_bytes());
        prop_assert_eq!(problem, None);
        if name != "list" {
            prop_assert!(cells.iter().any(|cell| cell.2.as_deref() == Some(&*text)));
        }
        let list = cells.iter().find(|cell| cell.1 == CellKind::List).unwrap();
        prop_assert_eq!(list.2.as_deref().unwrap(), serde_json::json!([&*text]).to_string());
    }

    #[test]
    fn any_bytes_are_lines(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
        let layout = Layout::detect(Format::Jsonl, &DeclaredDialect::default(), &bytes, true);
        layout.parse(&bytes, &mut Batch::default());
    }
}
