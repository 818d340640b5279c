//! Tests of path patterns.

use proptest::prelude::*;

use crate::base::RepoPath;

use super::super::{PathPattern, escape};

fn path(text: &str) -> RepoPath {
    RepoPath::new(text).unwrap()
}

/// Returns the captured values, joined; `None` where the path does not match.
fn check(pattern: &str, text: &str) -> Option<String> {
    let fields = PathPattern::parse(pattern).unwrap().matches(&path(text))?;
    let pairs: Vec<String> = fields.iter().map(|(n, v)| format!("{n}={v}")).collect();
    Some(pairs.join(" "))
}

#[test]
fn globs_stay_within_parts() {
    for (pattern, yes, no) in [
        (
            "a.csv",
            &["a.csv"][..],
            &["b/a.csv", "a.csv.gz", "A.csv"][..],
        ),
        ("*.csv", &["a.csv", ".csv"], &["d/a.csv", "a.csvx"]),
        (
            "data/?.csv",
            &["data/a.csv", "data/한.csv"],
            &["data/ab.csv", "data/.csv"],
        ),
        ("d/**", &["d/a", "d/a/b/c"], &["d", "e/a"]),
        (
            "**/x.csv",
            &["x.csv", "a/x.csv", "a/b/x.csv"],
            &["ax.csv", "a/yx.csv"],
        ),
        ("a/**/b", &["a/b", "a/x/b", "a/x/y/b"], &["a/xb", "ab"]),
        (
            "[a-cx].csv",
            &["b.csv", "x.csv"],
            &["d.csv", ".csv", "ab.csv"],
        ),
        ("[!a-c].csv", &["d.csv", "한.csv"], &["a.csv"]),
        ("[]].csv", &[], &[]),
        ("[*].csv", &["*.csv"], &["a.csv"]),
        ("**", &["a", "a/b"], &[]),
        ("./a/*.csv", &["a/b.csv"], &["b.csv"]),
        ("part-**.csv", &["part-1.csv"], &["part-1/2.csv"]),
    ] {
        let Ok(parsed) = PathPattern::parse(pattern) else {
            assert!(yes.is_empty(), "{pattern}");
            continue;
        };
        for text in yes {
            assert!(parsed.matches(&path(text)).is_some(), "{pattern} {text}");
        }
        for text in no {
            assert!(parsed.matches(&path(text)).is_none(), "{pattern} {text}");
        }
    }
}

#[test]
fn fields_capture_parts_and_pieces() {
    for (pattern, text, expected) in [
        ("data/{split}.csv", "data/train.csv", Some("split=train")),
        ("data/{split}.csv", "data/a.b.csv", Some("split=a.b")),
        ("data/{split}.csv", "data/.csv", None),
        ("data/{split}.csv", "data/x/train.csv", None),
        (
            "img/{split}/{label}/*",
            "img/test/cat/1.png",
            Some("split=test label=cat"),
        ),
        ("img/{split}/{label}/*", "img/test/1.png", None),
        ("img/{label}/**", "img/cat/a/b.png", Some("label=cat")),
        ("**/{label}/*", "a/b/cat/1.png", Some("label=cat")),
        (
            "{split}_{part}.csv",
            "train_a_b.csv",
            Some("split=train part=a_b"),
        ),
        ("{label}-*.jpg", "cat-1-2.jpg", Some("label=cat")),
        ("{ split }.csv", "한글.csv", Some("split=한글")),
    ] {
        assert_eq!(
            check(pattern, text).as_deref(),
            expected,
            "{pattern} {text}"
        );
    }
    let odd = RepoPath::new(b"caf\xe9.csv".to_vec()).unwrap();
    let fields = PathPattern::parse("{name}.csv")
        .unwrap()
        .matches(&odd)
        .unwrap();
    assert_eq!(fields[0].1, "caf\u{fffd}e9");
}

#[test]
fn patterns_with_two_readings_are_refused() {
    for text in [
        "", "/a", "a//b", "a/", "../a", "a/./b", "{a}{b}", "{a}*", "*{a}", "{a", "{}", "[a",
        "[z-a]", "{a}/{a}",
    ] {
        assert!(PathPattern::parse(text).is_err(), "{text:?}");
    }
}

#[test]
fn a_pattern_knows_its_directory_and_extension() {
    let pattern = PathPattern::parse("data/v1/{split}-*.CSV").unwrap();
    assert_eq!(pattern.directory(), b"data/v1/");
    assert_eq!(pattern.extension().as_deref(), Some("csv"));
    assert_eq!(PathPattern::parse("img/*").unwrap().extension(), None);
    let pattern = PathPattern::parse("img/{label}/**").unwrap();
    assert_eq!(pattern.below(&path("img/cat/a/b.png"), "label"), Some(8));
}

#[test]
fn hostile_patterns_end_quickly() {
    let pattern = PathPattern::parse(&format!("{}b", "*a".repeat(60))).unwrap();
    assert!(pattern.matches(&path(&"a".repeat(4000))).is_none());
}

proptest! {
    #[test]
    fn an_escaped_path_matches_itself_alone(a in "[a-c*?{}\\[\\]!./-]{1,10}", b in "[a-c*.]{1,10}") {
        prop_assume!(RepoPath::new(a.as_str()).is_ok() && RepoPath::new(b.as_str()).is_ok());
        let pattern = PathPattern::parse(&escape(&a)).unwrap();
        prop_assert!(pattern.matches(&path(&a)).is_some());
        prop_assert_eq!(pattern.matches(&path(&b)).is_some(), a == b);
    }

    #[test]
    fn captures_put_back_give_the_path(split in "[a-z_]{1,6}", label in "[a-z_]{1,6}") {
        let text = format!("d/{split}-{label}.csv");
        let pattern = PathPattern::parse("d/{split}-{label}.csv").unwrap();
        let fields = pattern.matches(&path(&text)).unwrap();
        prop_assert_eq!((&fields[0].1, &fields[1].1), (&split, &label));
    }

    #[test]
    fn random_patterns_never_panic(text in ".{0,20}", p in "[a-z/.가]{1,20}") {
        if let (Ok(pattern), Ok(path)) = (PathPattern::parse(&text), RepoPath::new(p)) {
            let _ = pattern.matches(&path);
        }
    }
}

#[test]
fn a_path_gets_another_value_of_a_field_where_it_then_reads_so() {
    let path = |text: &str| RepoPath::new(text).unwrap();
    let pattern = PathPattern::parse("img/{split}/{label}/*.png").unwrap();
    let cat = path("img/train/cat/a.png");
    let with = |value: &str| pattern.with(&cat, "label", value);
    assert_eq!(with("dog"), Some(path("img/train/dog/a.png")));
    for value in ["", "..", "a/b", "."] {
        assert_eq!(with(value), None, "{value}");
    }
    assert_eq!(pattern.with(&cat, "other", "x"), None);
    assert_eq!(pattern.with(&path("other"), "label", "x"), None);
}

#[test]
fn a_line_of_gitignore_names_the_same_paths() {
    let line = |text: &str| PathPattern::parse(text).unwrap().gitignore();
    for (pattern, wanted) in [
        ("pets.csv", "/pets.csv"),
        ("data/{split}.csv", "/data/*.csv"),
        ("img/{split}/{label}/*", "/img/*/*/*"),
        ("**/part-?.jsonl", "/**/part-?.jsonl"),
        ("raw/**", "/raw/**"),
        ("[*]a b[!x-z]", "/[*]a\\ b[!x-z]"),
        ("a!#\u{d55c}.csv", "/a!#\u{d55c}.csv"),
    ] {
        assert_eq!(line(pattern).as_deref(), Some(wanted), "{pattern}");
    }
    // No line can hold a line end.
    assert_eq!(line("a\nb").unwrap(), "/a?b");
    let place = |text: &str| PathPattern::parse(text).unwrap().place().to_vec();
    assert_eq!(place("data/{split}.csv"), b"data");
    assert_eq!(place("data/a.csv"), b"data/a.csv");
    assert_eq!(place("*.csv"), b"");
}

#[test]
fn a_pattern_says_where_its_paths_stand_side_by_side() {
    for (text, wanted) in [
        ("a.csv", Some("a.csv")),
        ("data/a.csv", Some("data/a.csv")),
        ("*.csv", Some("")),
        ("data/more/part-?.csv", Some("data/more")),
        ("data/{label}.txt", Some("data")),
        ("data/[ab]", Some("data")),
        ("img/{label}/*", None),
        ("data/**", None),
        ("**/a.csv", None),
        ("d*/a.csv", None),
    ] {
        let pattern = PathPattern::parse(text).unwrap();
        assert_eq!(pattern.lists(), wanted.map(str::as_bytes), "{text}");
    }
}
