//! Parsing, printing and truth of expressions.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::record::Type;

fn parsed(text: &str) -> Where {
    Where::parse(text).unwrap_or_else(|e| panic!("{text}: {e}"))
}

/// Evaluates with fields `name: (type, value)`.
fn passes(text: &str, fields: &[(&str, Type, Option<&'static str>)]) -> bool {
    let parsed = parsed(text);
    let fields: BTreeMap<&str, _> = fields.iter().map(|(n, k, v)| (*n, (*k, *v))).collect();
    parsed.passes(&|at| match fields.get(parsed.names()[at].text.as_str()) {
        Some((kind, Some(value))) => Given::Value(*kind, (*value).into()),
        _ => Given::Null,
    })
}

#[test]
fn not_binds_more_tightly_than_and_and_and_more_than_or() {
    for (text, same) in [
        ("a=1 or b=2 and c=3", "a = 1 or (b = 2 and c = 3)"),
        ("not a=1 and b=2", "(not a = 1) and b = 2"),
        (
            "NOT a IN (1,2) OR b IS NOT NULL",
            "(not (a in (1, 2))) or (b is not null)",
        ),
    ] {
        assert!(
            parsed(text).is_same(&parsed(same)),
            "{text}: {}",
            parsed(text)
        );
    }
    assert_eq!(
        parsed("(a<>1 or b==2) and not(c like 'x''%')").to_string(),
        "(a != 1 or b = 2) and not c like 'x''%'"
    );
}

#[test]
fn names_stand_bare_in_quotes_or_as_paths() {
    let name = |text: &str| {
        let parsed = parsed(&format!("{text} = 1"));
        (parsed.names()[0].text.clone(), parsed.names()[0].quoted)
    };
    assert_eq!(name("meta.lang"), ("meta.lang".into(), false));
    assert_eq!(name("\"a \"\"b\"\"\""), ("a \"b\"".into(), true));
    assert_eq!(name("`from`"), ("from".into(), true));
    assert_eq!(name("meta.\"a.b\""), ("meta.\"a.b\"".into(), true));
    assert_eq!(name("품사"), ("품사".into(), false));
    assert_eq!(name("#5"), ("#5".into(), false));
    assert_eq!(name("\"and\""), ("and".into(), true));
}

#[test]
fn errors_say_at_which_byte() {
    for (text, at, word) in [
        ("label = ", 8, "must follow"),
        ("label 'cat'", 6, "must follow"),
        ("(a = 1", 0, "never closed"),
        ("a = 1)", 5, "closes nothing"),
        ("a = 'x", 4, "never closed"),
        ("a = 007", 4, "no number"),
        ("a = 1 b = 2", 6, "`and` or `or`"),
        ("a in 1", 5, "list"),
        ("a in (1 2)", 8, "`,` or `)`"),
        ("1 = 2", 0, "field"),
        ("'x'", 3, "comparison"),
        ("a like 5", 7, "pattern"),
        ("a is 5", 5, "null"),
        ("a = \u{2018}x\u{2019}", 4, "no quote"),
        ("a && b", 2, "write `and`"),
        ("", 0, "condition"),
        ("a. = 1", 2, "name"),
    ] {
        let error = Where::parse(text).unwrap_err();
        assert_eq!(error.at, at, "{text}: {error}");
        assert!(error.reason.contains(word), "{text}: {error}");
    }
}

#[test]
fn deep_nesting_is_an_error() {
    for text in ["(".repeat(100_000), "not ".repeat(100_000)] {
        let error = Where::parse(&text).unwrap_err();
        assert!(error.reason.contains("deeply"), "{error}");
    }
    let long = vec!["a = 1"; 20_000].join(" or ");
    assert!(passes(&long, &[("a", Type::Integer, Some("1"))]));
}

#[test]
fn values_compare_by_the_type_of_their_field() {
    let whole = |value| [("a", Type::Integer, Some(value))];
    for text in [
        "a = 17",
        "a = 17.0",
        "a = '17'",
        "a = '17.0'",
        "a in (5, '17')",
        "a < 18",
        "a != 'x'",
    ] {
        assert!(passes(text, &whole("17")), "{text}");
        assert!(passes(text, &whole("17.0")), "{text}");
    }
    assert!(!passes("a < '9'", &whole("17")));
    assert!(!passes("a < 'x' or a > 'x'", &whole("17")));
    let text = |value| [("a", Type::String, Some(value))];
    assert!(passes("a < '9'", &text("17")));
    // What is written as a number compares by value with those values of a text that are numbers.
    assert!(passes("a > 0.5", &text("0.75")) && !passes("a > 0.5", &text("n/a")));
    assert!(!passes("a = 7", &text("007")) && passes("a = '007'", &text("007")));
    assert!(passes("a = 'caf\u{e9}'", &text("cafe\u{301}")));
    let time = |value| [("a", Type::Datetime, Some(value))];
    assert!(passes(
        "a >= '2026-01-31' and a < '2026-02-01'",
        &time("2026-01-31 12:00")
    ));
    assert!(passes(
        "a = '2026-01-31T03:00Z'",
        &time("2026-01-31T12:00:00.0+09:00")
    ));
    assert!(passes(
        "a < '2026-03-01' and a > '2026-02-28'",
        &time("2026-02-28T23:59:59.99")
    ));
    assert!(passes(
        "a > '2026-02-28T00:00:00.49'",
        &time("2026-02-28T00:00:00.5")
    ));
    let flag = |value| [("a", Type::Boolean, Some(value))];
    assert!(passes(
        "a = true and a = 'TRUE' and a != false",
        &flag("True")
    ));
    let both = [
        ("a", Type::Integer, Some("2")),
        ("b", Type::Float, Some("10.5")),
    ];
    assert!(passes("a < b and a != b and not a = b and 2 = a", &both));
}

#[test]
fn null_never_equals() {
    let nothing = [("a", Type::Integer, None), ("b", Type::Integer, Some("1"))];
    for text in [
        "a = null",
        "a != 1",
        "a = 1",
        "not a = 1",
        "a in (1, null)",
        "a not in (1)",
        "b not in (2, null)",
        "a like '%'",
        "a not like '%'",
        "b = null",
        "a = b",
        "a = 1 and b = 1",
        "not (a = 1 or b = 2)",
    ] {
        assert!(!passes(text, &nothing), "{text}");
    }
    for text in [
        "a is null",
        "b is not null",
        "a = 1 or b = 1",
        "not (a = 1 and b = 2)",
        "b in (1, null)",
    ] {
        assert!(passes(text, &nothing), "{text}");
    }
}

#[test]
fn like_is_of_whole_texts_and_counts_case() {
    let fits = |text, pattern| like::like(text, pattern);
    assert!(fits("catalogue", "cat%") && fits("cat", "c_t") && fits("", "%") && fits("a%b", "a%b"));
    assert!(fits("aXbXc", "%X%c") && fits("aab", "%ab") && fits("고양이", "고_이"));
    assert!(!fits("Cat", "cat") && !fits("cats", "cat") && !fits("ct", "c_t") && !fits("", "_"));
}

#[test]
fn what_is_not_known_leaves_several_outcomes() {
    let possible = |text: &str| {
        let parsed = parsed(text);
        let known = |at: usize| match parsed.names()[at].text.as_str() {
            "change" => Given::text(Some("cell")),
            "cause" => Given::Null,
            _ => Given::Unknown,
        };
        parsed.possible(&known)
    };
    assert!(!possible("change = 'label' and x = 1").may_be_true());
    assert!(!possible("cause = 'relabel'").may_be_true());
    assert!(possible("change = 'cell' or x = 1").is_true());
    let open = possible("change = 'cell' and x = 1");
    assert!(open.may_be_true() && !open.is_true());
    assert!(possible("not (x in (1, 2) and change = 'label')").is_true());
    assert!(!possible("x = null").may_be_true() && possible("x is null").may_be_true());
}

#[test]
fn an_unknown_name_is_told_with_the_nearest_one() {
    let parsed = parsed("a = 1 and lable = 'cat'");
    let error = parsed.unknown(&parsed.names()[1], vec!["id".into(), "label".into()]);
    assert_eq!((error.at, error.nearest.as_deref()), (10, Some("label")));
}

fn literals() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("null".to_owned()),
        Just("TRUE".to_owned()),
        (-100i64..100).prop_map(|n| n.to_string()),
        Just("1.5e-3".to_owned()),
        "[a-c'% _]{0,4}".prop_map(|text| format!("'{}'", text.replace('\'', "''"))),
    ]
}

fn names() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-d_#][a-d0-9_]{0,3}".prop_map(|name| format!("x{name}")),
        "[a-d\".` é]{1,5}".prop_map(|name| format!("\"{}\"", name.replace('"', "\"\""))),
        Just("`or`".to_owned()),
        Just("meta.\"a.b\".c".to_owned()),
    ]
}

fn expressions() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        (names(), "=|!=|<|<=|>|>=", literals()).prop_map(|(n, op, l)| format!("{n} {op} {l}")),
        (names(), names()).prop_map(|(a, b)| format!("{a}={b}")),
        (
            names(),
            any::<bool>(),
            prop::collection::vec(literals(), 1..4)
        )
            .prop_map(|(n, not, list)| {
                format!(
                    "{n} {} in ({})",
                    if not { "not" } else { "" },
                    list.join(",")
                )
            }),
        (names(), any::<bool>())
            .prop_map(|(n, not)| { format!("{n} is {} null", if not { "NOT" } else { "" }) }),
        (names(), "[ab%_]{0,4}").prop_map(|(n, pattern)| format!("{n} LIKE '{pattern}'")),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 2..4)
                .prop_map(|all| format!("({})", all.join(" and "))),
            prop::collection::vec(inner.clone(), 2..4).prop_map(|all| all.join(" or ")),
            inner.clone().prop_map(|one| format!("not ({one})")),
            inner.prop_map(|one| format!("not {one}")),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_printed_parses_to_the_same(text in expressions()) {
        let first = parsed(&text);
        let again = parsed(&first.to_string());
        prop_assert!(first.is_same(&again), "{} became {}", text, first);
        prop_assert_eq!(first.to_string(), again.to_string());
    }

    #[test]
    fn random_text_never_panics(text in "\\PC{0,40}|[a-b()'\"`=<>!., 0-9-]{0,30}|(and|or|not|in|like|is|null|a|1|'x'|[(),=]| ){0,20}") {
        match Where::parse(&text) {
            Ok(found) => {
                found.passes(&|_| Given::Null);
                prop_assert!(found.is_same(&parsed(&found.to_string())));
            }
            Err(e) => prop_assert!(e.at <= text.len() && text.is_char_boundary(e.at)),
        }
    }

    #[test]
    fn possible_outcomes_hold_the_actual_one(
        text in expressions(),
        values in prop::collection::vec(prop::option::of(prop_oneof![Just("a"), Just("1"), Just("b c")]), 8),
        known in prop::collection::vec(any::<bool>(), 8),
    ) {
        let parsed = parsed(&text);
        let given = |at: usize| Given::text(values[at % 8]);
        let partly = |at: usize| if known[at % 8] { given(at) } else { Given::Unknown };
        let (actual, possible) = (parsed.possible(&given), parsed.possible(&partly));
        if actual.is_true() {
            prop_assert!(possible.may_be_true());
        }
        if possible.is_true() {
            prop_assert!(actual.is_true());
        }
    }
}
