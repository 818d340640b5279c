//! Tests of what traces are made of: records that meet, names of scores.

use super::joined::{Both, One, join, united, versions};
use super::measure::Measured;
use crate::attribute::Metric;
use crate::base::ObjectId;

fn one(key: &str, label: &str, content: &str, trains: bool) -> One {
    One {
        key: vec![key.to_owned()],
        label: label.to_owned(),
        inputs: ObjectId::of(content.as_bytes()),
        values: Vec::new(),
        trains,
        tests: !trains,
        row: 0,
    }
}

fn labels(both: &Both) -> (Option<&str>, Option<&str>) {
    fn label(one: &Option<One>) -> Option<&str> {
        one.as_ref().map(|one| one.label.as_str())
    }
    (label(&both.from), label(&both.to))
}

#[test]
fn equal_records_meet_first_and_the_rest_in_order() {
    let before = vec![
        one("1", "cat", "x", true),
        one("2", "cat", "a", true),
        one("2", "dog", "b", true),
        one("3", "cat", "x", true),
    ];
    let after = vec![
        one("2", "dog", "b", true),
        one("2", "emu", "a", true),
        one("2", "fox", "c", true),
        one("4", "cat", "x", false),
    ];
    let mut turned = after.clone();
    turned.reverse();
    for after in [after, turned] {
        let joined = join(
            united(before.clone(), Vec::new()),
            united(after, Vec::new()),
        );
        let told: Vec<_> = joined.iter().map(labels).collect();
        let wanted = [
            (Some("cat"), None),
            (Some("cat"), Some("emu")),
            (Some("dog"), Some("dog")),
            (None, Some("fox")),
            (Some("cat"), None),
            (None, Some("cat")),
        ];
        assert_eq!(told, wanted);
        // Records of one key have ids of their own.
        let classes: Vec<String> = ["cat", "dog", "emu", "fox"].map(str::to_owned).to_vec();
        let made = versions(&joined, (None, 0), &classes, &|_, _| false);
        let mut ids: Vec<u128> = made.records.iter().map(|record| record.id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), wanted.len());
    }
}

#[test]
fn a_record_that_trains_and_tests_is_one() {
    let both = united(
        vec![one("1", "cat", "x", true)],
        vec![one("1", "cat", "x", false)],
    );
    assert_eq!(both.len(), 1);
    assert!(both[0].trains && both[0].tests);
    let two = united(
        vec![one("1", "cat", "x", true)],
        vec![one("1", "dog", "x", false)],
    );
    assert_eq!(two.len(), 2);
}

#[test]
fn scores_are_named_as_evaluations_name_them() {
    let metric = |path: &str, null: Option<&str>| {
        let place = |name: &str| ["cat", "a.b", "none"].iter().position(|c| *c == name);
        let measured = Measured::parse(path)?;
        measured.metric(null, &|name| place(name).map(|at| at as u32))
    };
    assert_eq!(metric("accuracy", None).unwrap(), Metric::Accuracy);
    assert_eq!(
        metric("micro_f1", Some("none")).unwrap(),
        Metric::MicroF1(Some(2))
    );
    assert_eq!(
        metric("micro_f1", Some("gone")).unwrap(),
        Metric::MicroF1(None)
    );
    assert_eq!(metric("recall.\"a.b\"", None).unwrap(), Metric::Recall(1));
    for wrong in [
        "",
        "f1",
        "f1.bird",
        "accuracy.cat",
        "mcc",
        "macro_f1",
        "f1.cat.x",
    ] {
        assert!(metric(wrong, None).is_err(), "{wrong}");
    }
}
