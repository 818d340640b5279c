//! Any bytes are data: a diff of them is an answer, and adds up.

use proptest::prelude::*;

use super::stored::{Stored, summary};
use crate::diff::event::Event;

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        prop::sample::select(vec![
            "\n",
            "\r\n",
            "\r",
            ",",
            "\"",
            "\"\"",
            " ",
            "a",
            "1",
            "17.0",
            "{",
            "}",
            ":",
            "[",
            "]",
            "{\"id\":1}",
            "{\"id\":\"x\",\"label\":[\"a\",\"b\"]}",
            "1,cat\n",
            "2,dog\n",
            "id,label\n",
            "\u{feff}",
            "null",
            "\\",
        ])
        .prop_map(|text| text.as_bytes().to_vec()),
        any::<u8>().prop_map(|byte| vec![byte]),
    ];
    prop::collection::vec(piece, 0..30).prop_map(|pieces| pieces.concat())
}

fn check(a: &[u8], b: &[u8], format: &str) {
    for key in ["", "key = [\"id\"]\n"] {
        let declared = format!(
            "[dataset.d]\npath = \"d.{format}\"\nformat = \"{format}\"\n{key}label = \"label\"\n"
        );
        let name = format!("d.{format}");
        let mut stored = Stored::default();
        let events = stored.diff(&[(&name, a)], &[(&name, b)], &declared);
        let records = summary(&events).records;
        assert_eq!(
            records.before + records.added,
            records.after + records.removed
        );
        let events = stored.diff(&[(&name, a)], &[(&name, a)], &declared);
        let changed = |event: &&Event| !matches!(event, Event::Problem(_) | Event::Summary(_));
        assert_eq!(events.iter().find(changed), None);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_bytes_have_a_diff(a in bytes(), b in bytes()) {
        check(&a, &b, "csv");
        check(&a, &b, "jsonl");
    }

    #[test]
    fn an_edit_anywhere_has_a_diff(
        records in prop::collection::vec(("[a-c\"]{0,3}", "[a-c,\"\r]{0,4}"), 0..400),
        at in any::<prop::sample::Index>(),
        edit in bytes(),
    ) {
        let mut a = b"id,label\n".to_vec();
        for (at, (id, label)) in records.iter().enumerate() {
            a.extend_from_slice(format!("{at}{id},{label}\n").as_bytes());
        }
        let mut b = a.clone();
        let at = at.index(b.len() + 1);
        b.splice(at..at, edit);
        check(&a, &b, "csv");
    }
}
