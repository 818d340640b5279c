//! Tests of values, types and names.

mod cells;
mod detection;
mod encodings;
mod ends;
mod json;
mod npy;
mod rewrite;
mod text;

use proptest::prelude::*;

use super::*;

fn kind(text: &str) -> Type {
    Type::of(Cell::text(text))
}

#[test]
fn types_of_single_values() {
    for (expected, texts) in [
        (Type::Boolean, &["true", "False", "TRUE"][..]),
        (
            Type::Integer,
            &["0", "-0", "17", "17.0", "-5.000", "123456789012345678"],
        ),
        (Type::Float, &["1.5", "-.5", "5.", "1e5", "2E-3", "0.10"]),
        (Type::Date, &["2026-01-31", "2024-02-29"]),
        (
            Type::Datetime,
            &[
                "2026-01-31 12:00",
                "2026-01-31T12:00:00Z",
                "2026-01-31T12:00:00.5+09:00",
            ],
        ),
        (
            Type::String,
            &[
                "",
                "007",
                "+5",
                "1234567890123456789",
                "1e999",
                "NaN",
                "inf",
                "-",
                ".",
                "1e",
                "2026-02-30",
                "2026-13-01",
                "12:00",
                "tRue",
                "1,5",
                " 1",
                "0x10",
                "1.2.3",
                "NA",
            ],
        ),
    ] {
        for text in texts {
            assert_eq!(kind(text), expected, "{text:?}");
        }
    }
}

#[test]
fn equal_values_have_one_spelling() {
    for (under, a, b, equal) in [
        (Type::Integer, "17", "17.0", true),
        (Type::Float, "0.10", ".1", true),
        (Type::Float, "1e3", "1000", true),
        (
            Type::Float,
            "0.1234567890123456789",
            "0.12345678901234568",
            true,
        ),
        (
            Type::Float,
            "900719925474099301",
            "900719925474099302",
            false,
        ),
        (Type::String, "17", "17.0", false),
        (Type::Boolean, "True", "true", true),
        (Type::Datetime, "2026-01-31", "2026-01-31 00:00:00", true),
        (
            Type::Datetime,
            "2026-01-31T12:00Z",
            "2026-01-31 12:00:00.000+00:00",
            true,
        ),
        (Type::Date, "2026-01-31", "2026-02-01", false),
    ] {
        let same = canonical(under, Cell::text(a)) == canonical(under, Cell::text(b));
        assert_eq!(same, equal, "{a} {b} as {under:?}");
    }
}

#[test]
fn names_compare_in_nfc() {
    assert_eq!(normalized("caf\u{65}\u{301}"), "caf\u{e9}");
    assert_eq!(normalized("\u{1112}\u{1161}\u{11ab}"), "한");
}

#[test]
fn names_with_dots_are_quoted_in_paths() {
    let path = format!("{}.{}", quote_name("missing"), quote_name("a.\"b"));
    assert_eq!(path, r#"missing."a.\"b""#);
    assert_eq!(split_name(&path).unwrap(), ["missing", "a.\"b"]);
    assert_eq!(split_name("\"open"), None);
}

#[test]
fn frames_keep_cells_apart() {
    let frame = |cells: &[Option<&str>]| {
        let mut batch = Batch::new(&["x".into(), "y".into()]);
        batch.begin();
        for (at, cell) in cells.iter().enumerate() {
            batch.set(at, CellKind::Text, *cell);
        }
        let mut out = Vec::new();
        batch.record(0).frame(&batch.frame_order(), &mut out);
        out
    };
    assert_ne!(
        frame(&[Some("ab"), Some("c")]),
        frame(&[Some("a"), Some("bc")])
    );
    assert_ne!(frame(&[Some("")]), frame(&[None]));
    assert_eq!(frame(&[Some("a"), None]), frame(&[Some("a")]));
}

#[test]
fn a_shared_value_yields_to_a_records_own() {
    let mut batch = Batch::new(&["x".into(), "split".into()]);
    batch.begin();
    batch.set(0, CellKind::Text, Some("1"));
    batch.begin();
    batch.set(1, CellKind::Text, Some("test"));
    batch.set_shared("split", "train");
    batch.set_shared("part", "7");
    let cells = |record| [0, 1, 2].map(|f| batch.record(record).cell(f).map(|cell| cell.text));
    assert_eq!(cells(0), [Some("1"), Some("train"), Some("7")]);
    assert_eq!(cells(1), [None, Some("test"), Some("7")]);
    batch.reset(&["split".into()]);
    batch.begin();
    assert_eq!(batch.record(0).cell(0), None);
}

proptest! {
    #[test]
    fn joins_are_a_semilattice(a in 0usize..9, b in 0usize..9, c in 0usize..9) {
        let (a, b, c) = (Type::ALL[a], Type::ALL[b], Type::ALL[c]);
        prop_assert_eq!(a.join(b), b.join(a));
        prop_assert_eq!(a.join(b).join(c), a.join(b.join(c)));
        prop_assert_eq!(a.join(a), a);
    }

    #[test]
    fn frames_are_names_kinds_and_texts_with_their_lengths(
        records in proptest::collection::vec(
            proptest::collection::vec(proptest::option::of("\\PC{0,40}"), 0..4), 1..6),
        names in proptest::collection::btree_set("[a-z]{1,20}", 4),
    ) {
        let fields: Vec<std::sync::Arc<str>> = names.iter().rev().map(|n| n.as_str().into()).collect();
        let mut batch = Batch::new(&fields);
        for record in &records {
            batch.begin();
            for (at, text) in record.iter().enumerate() {
                batch.set(at, CellKind::Text, text.as_deref());
            }
        }
        for (at, record) in records.iter().enumerate() {
            let mut frame = Vec::new();
            batch.record(at).frame(&batch.frame_order(), &mut frame);
            let mut wanted = Vec::new();
            for (name, text) in fields.iter().zip(record).rev() {
                if let Some(text) = text {
                    crate::base::varint::write_bytes(&mut wanted, name.as_bytes());
                    wanted.push(CellKind::Text as u8);
                    crate::base::varint::write_bytes(&mut wanted, text.as_bytes());
                }
            }
            prop_assert_eq!(frame, wanted);
        }
    }

    #[test]
    fn a_number_is_what_parses_to_a_finite_one(text in "-?[0-9]{0,320}\\.?[0-9]{0,3}") {
        let finite = text.parse::<f64>().is_ok_and(f64::is_finite);
        let code = text.trim_start_matches('-').starts_with('0')
            && text.trim_start_matches('-').as_bytes().get(1).is_some_and(u8::is_ascii_digit);
        let whole = !text.contains('.') && text.trim_start_matches('-').len() > 18;
        let number = matches!(kind(&text), Type::Integer | Type::Float);
        if !whole && !text.ends_with("0") {
            prop_assert_eq!(number, finite && !code, "{}", text);
        }
    }

    /// What is taken for canonical without parsing is what parsing and printing gives.
    #[test]
    fn short_numbers_are_canonical_as_they_are(text in "-?(0|[1-9][0-9]{0,8})[.][0-9]{1,8}") {
        let number: f64 = text.parse().unwrap();
        let printed = match number {
            n if n.fract() == 0.0 => (n as i64).to_string(),
            n if (1e-5..1e16).contains(&n.abs()) => n.to_string(),
            n => format!("{n:e}"),
        };
        prop_assert_eq!(canonical(Type::Float, Cell::text(&text)), printed);
    }

    #[test]
    fn canonical_is_idempotent(text in "[-0-9eE.+TZ: a]{0,14}", under in 0usize..9) {
        let under = Type::ALL[under];
        let once = canonical(under, Cell::text(&text)).into_owned();
        let twice = canonical(under, Cell::text(&once)).into_owned();
        prop_assert_eq!(once, twice);
    }
}
