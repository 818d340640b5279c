//! Tests of the record state machine, against a naive reading and the csv crate.

use proptest::prelude::*;

use super::super::ends::Rule;
use super::super::*;

/// All ends, from one scan of everything.
fn ends(rule: Rule, bytes: &[u8]) -> Vec<usize> {
    let mut found = Vec::new();
    RecordEnds::new(rule).scan(bytes, true, &mut found);
    found
}

fn utf8() -> Rule {
    Rule::csv(Encoding::Utf8, b',', Some(b'"'))
}

/// The rules of record ends, read one byte after the other.
fn naive(bytes: &[u8]) -> Vec<usize> {
    let mut found = Vec::new();
    let (mut at, mut start) = (0, 0);
    while at < bytes.len() {
        let opens = at == start || bytes[at - 1] == b',';
        match bytes[at] {
            b'"' if opens => {
                let mut close = at + 1;
                loop {
                    match (bytes.get(close), bytes.get(close + 1)) {
                        (None, _) => break at += 1,
                        (Some(b'"'), Some(b'"')) => close += 2,
                        (Some(b'"'), _) => break at = close + 1,
                        _ => close += 1,
                    }
                }
            }
            b'\r' if bytes.get(at + 1) == Some(&b'\n') => {
                at += 2;
                start = at;
                found.push(at);
            }
            b'\n' | b'\r' => {
                at += 1;
                start = at;
                found.push(at);
            }
            _ => at += 1,
        }
    }
    if start < bytes.len() {
        found.push(bytes.len());
    }
    found
}

#[test]
fn record_ends_of_awkward_texts() {
    for (text, expected) in [
        ("", &[][..]),
        ("a", &[1]),
        ("a\nb\r\nc\rd", &[2, 5, 7, 8]),
        ("\"a\nb\",c\nd\n", &[8, 10]),
        // A quote inside an unquoted field opens nothing, by parity these were one record.
        ("1,5\" disk,a\n3,9\" nail,d\n", &[12, 24]),
        // A quote that never closes is a literal.
        ("x,\"a\nb\nc\n", &[5, 7, 9]),
        ("x,\"a\nb,\"\"c\nd\n", &[5, 11, 13]),
        // After a closing quote the rest is unquoted.
        ("\"a\"b\n\"c\n\"\n", &[5, 10]),
        ("\"a\"\"\n\"\n", &[7]),
        ("\"\"\n\"\"\"\"\n", &[3, 8]),
        ("a\r", &[2]),
        ("\r\r\n\n", &[1, 3, 4]),
    ] {
        assert_eq!(ends(utf8(), text.as_bytes()), expected, "{text:?}");
    }
}

#[test]
fn a_quote_open_for_too_long_is_a_literal() {
    let far = |gap: usize| {
        let mut text = b"x,\"".to_vec();
        text.resize(3 + gap - 1, b'a');
        text[10] = b'\n';
        text.extend_from_slice(b"\",y\nz\n");
        text
    };
    // The closing quote stands `gap` bytes after the opening one.
    let near = far(QUOTE_LIMIT);
    assert_eq!(ends(utf8(), &near), [near.len() - 2, near.len()]);
    let text = far(QUOTE_LIMIT + 1);
    assert_eq!(ends(utf8(), &text), [11, text.len() - 2, text.len()]);
    // Arriving in pieces changes nothing.
    for text in [near, text] {
        let mut found = Vec::new();
        let mut machine = RecordEnds::new(utf8());
        for end in [5, QUOTE_LIMIT, text.len() - 5, text.len() - 4, text.len()] {
            machine.scan(&text[..end], end == text.len(), &mut found);
        }
        assert_eq!(found, ends(utf8(), &text));
    }
}

#[test]
fn json_lines_end_at_line_feeds_alone() {
    let rule = Rule::lines(Encoding::Utf8);
    assert_eq!(ends(rule, b"{\"a\":\"\r\"}\r\n\n{}"), [11, 12, 14]);
    assert!(rule.is_blank(b" \t\r\n") && rule.is_blank(b"\n") && !rule.is_blank(b"1\n"));
    assert!(!utf8().is_blank(b" \n") && utf8().is_blank(b"\r\n") && utf8().is_blank(b"\n"));
}

/// Feeds the windows that end at the cuts, dropping what is settled now and then.
fn in_pieces(rule: Rule, bytes: &[u8], cuts: &[usize], unit: usize) -> Vec<usize> {
    let mut machine = RecordEnds::new(rule);
    let mut found = Vec::new();
    let mut front = 0;
    let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut % (bytes.len() + 1)).collect();
    cuts.sort_unstable();
    cuts.push(bytes.len());
    for (turn, &cut) in cuts.iter().enumerate() {
        let mut new = Vec::new();
        machine.scan(
            &bytes[front..cut.max(front)],
            turn + 1 == cuts.len(),
            &mut new,
        );
        found.extend(new.iter().map(|end| end + front));
        if turn % 2 == 0 {
            let drop = machine.settled().min(cut.saturating_sub(front));
            let drop = drop - drop % unit;
            machine.advance(drop);
            front += drop;
        }
    }
    found
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn the_machine_reads_as_the_rules_say(text in "[ab,\"\"\n\r]{0,40}") {
        prop_assert_eq!(ends(utf8(), text.as_bytes()), naive(text.as_bytes()));
    }

    #[test]
    fn pieces_change_nothing(
        text in "[ab,\"\"\n\r]{0,40}",
        cuts in proptest::collection::vec(0usize..100, 0..8),
    ) {
        let bytes = text.as_bytes();
        prop_assert_eq!(in_pieces(utf8(), bytes, &cuts, 1), ends(utf8(), bytes));
        for (encoding, unit) in [
            (Encoding::Utf16Le, u16::to_le_bytes as fn(u16) -> [u8; 2]),
            (Encoding::Utf16Be, u16::to_be_bytes),
        ] {
            let wide: Vec<u8> = text.encode_utf16().flat_map(unit).collect();
            let rule = Rule::csv(encoding, b',', Some(b'"'));
            let expected: Vec<usize> = naive(bytes).iter().map(|end| end * 2).collect();
            prop_assert_eq!(ends(rule, &wide), expected.clone());
            prop_assert_eq!(in_pieces(rule, &wide, &cuts, 2), expected);
        }
    }

    #[test]
    fn a_record_alone_is_one_record(text in "[ab,\"\"\n\r]{0,40}") {
        let all = ends(utf8(), text.as_bytes());
        let mut start = 0;
        for &end in &all {
            let alone = ends(utf8(), &text.as_bytes()[start..end]);
            prop_assert_eq!(alone, [end - start]);
            start = end;
        }
    }

    #[test]
    fn any_bytes_in_any_encoding_end_in_records(
        bytes in proptest::collection::vec(
            prop_oneof![
                Just(b'"'), Just(b'\n'), Just(0), Just(b','), Just(b'|'), Just(0x8f), any::<u8>()
            ], 0..60),
        cuts in proptest::collection::vec(0usize..100, 0..5),
    ) {
        for encoding in Encoding::ALL {
            let rules = [
                Rule::csv(encoding, b',', Some(b'"')),
                Rule::csv(encoding, b'|', Some(b'"')),
                Rule::lines(encoding),
            ];
            for rule in rules {
                let all = ends(rule, &bytes);
                prop_assert_eq!(all.last().copied().unwrap_or(0), bytes.len());
                prop_assert!(all.is_sorted_by(|a, b| a < b));
                prop_assert_eq!(in_pieces(rule, &bytes, &cuts, encoding.unit()), all);
            }
        }
    }
}
