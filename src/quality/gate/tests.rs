//! Tests of gates: cases that are easy to get wrong, and any gate against a naive evaluation.

use proptest::prelude::*;

use super::*;
use crate::config::{Bound, Declarations};
use crate::object::Int;

fn metric(path: &[&str], num: Option<i128>, den: i128) -> Metric {
    Metric {
        name: path[0].to_owned(),
        field: path.get(1).map(|part| (*part).to_owned()),
        class: path.get(2).map(|part| (*part).to_owned()),
        value: num.map(|num| num as f64 / den as f64),
        num: num.map(Int),
        den: num.map(|_| Int(den)),
        low: None,
        high: None,
        exact: true,
        unit: String::new(),
        version: 1,
        previous: None,
        p_value: None,
        note: num.is_none().then(|| "no records".to_owned()),
    }
}

fn gate(metric: &str, bound: &str) -> GateConfig {
    let mut text = "[gate.a]\n".to_owned();
    text.push_str(&format!("'{metric}' = \"{bound}\"\n"));
    Declarations::parse(&text).unwrap().gates.remove(0)
}

const NOTHING: Base<'static> = Base::None("no base");

fn base(metrics: &[Metric]) -> Base<'_> {
    Base::Version {
        commit: ObjectId([7; 32]),
        metrics,
        changes: None,
    }
}

fn state(gate_of: (&str, &str), metrics: &[Metric], base: &Base<'_>) -> State {
    judge(&gate(gate_of.0, gate_of.1), &[], metrics, base, None)
        .unwrap()
        .state
}

#[test]
fn shares_are_compared_exactly() {
    let before = [metric(&["missing", "a"], Some(30), 100)];
    let after = [metric(&["missing", "a"], Some(31), 100)];
    let of = ("missing.a.delta", "<= 0.01");
    assert_eq!(state(of, &after, &base(&before)), State::Passed);
    let of = ("missing.a.delta", "< 0.01");
    assert_eq!(state(of, &after, &base(&before)), State::Failed);
    let (before, after) = (
        [metric(&["records"], Some(251), 1)],
        [metric(&["records"], Some(238), 1)],
    );
    let of = ("records.change", ">= -0.05");
    assert_eq!(state(of, &after, &base(&before)), State::Failed);
    let after = [metric(&["records"], Some(239), 1)];
    assert_eq!(state(of, &after, &base(&before)), State::Passed);
}

#[test]
fn without_a_base_a_change_is_unmeasured_and_a_value_is_not() {
    let now = [metric(&["records"], Some(5), 1)];
    for of in [
        ("records.delta", ">= 0"),
        ("records.change", ">= 0"),
        ("records", ">= base"),
    ] {
        assert_eq!(state(of, &now, &NOTHING), State::Unmeasured);
    }
    assert_eq!(state(("records", "= 5"), &now, &NOTHING), State::Passed);
    let verdict = judge(&gate("fields_removed", "<= 0"), &[], &now, &NOTHING, None).unwrap();
    assert_eq!(verdict.state, State::Unmeasured);
    assert_eq!(verdict.note.as_deref(), Some("no base"));
}

#[test]
fn a_gate_on_all_fields_is_decided_by_the_worst() {
    let now = [
        metric(&["missing", "a"], Some(0), 9),
        metric(&["missing", "b"], Some(2), 9),
        metric(&["missing", "c"], Some(1), 9),
    ];
    let verdict = judge(&gate("missing", "<= 0"), &[], &now, &NOTHING, None).unwrap();
    assert_eq!(verdict.state, State::Failed);
    assert_eq!(verdict.decided.unwrap().path(), "missing.b");
    assert_eq!(state(("missing", "<= 0.5"), &now, &NOTHING), State::Passed);
    let undefined = [now[0].clone(), metric(&["missing", "d"], None, 1)];
    assert_eq!(
        state(("missing", "<= 0"), &undefined, &NOTHING),
        State::Unmeasured
    );
}

#[test]
fn a_class_that_died_out_has_a_share_of_0() {
    let before = [
        metric(&["class_share", "label", "cat"], Some(1), 4),
        metric(&["class_share", "label", "dog"], Some(3), 4),
    ];
    let after = [metric(&["class_share", "label", "dog"], Some(5), 5)];
    let of = ("class_share.label.cat", ">= 0.1");
    assert_eq!(state(of, &after, &base(&before)), State::Failed);
    let of = ("class_share.label.cat.delta", "= 0.25");
    assert_eq!(state(of, &before, &base(&after)), State::Passed);
}

#[test]
fn scores_meet_bounds_with_and_without_a_confidence() {
    let share = |num| Amount::ratio(num, 100);
    let of = |bound: &str, confidence, interval| {
        let mut gate = gate("m:accuracy.delta", bound);
        gate.confidence = confidence;
        let scored = Scored {
            value: share(-5),
            compared: share(-5),
            interval,
            ..Scored::none("")
        };
        judge(&gate, &["m"], &[], &NOTHING, Some(&scored)).unwrap()
    };
    let near = Some((-0.09, -0.01));
    assert_eq!(of(">= -0.05", None, None).state, State::Passed);
    assert_eq!(of(">= -0.04", None, None).state, State::Failed);
    // The interval reaches the bound: that is no proof of a fall.
    let passed = of(">= -0.04", Some(0.95), near);
    assert_eq!(passed.state, State::Passed);
    assert!(passed.note.unwrap().contains("[-0.0900, -0.0100]"));
    assert_eq!(of(">= 0", Some(0.95), near).state, State::Failed);
    assert_eq!(of("<= -0.08", Some(0.95), near).state, State::Passed);
    assert_eq!(of("<= -0.1", Some(0.95), near).state, State::Failed);
    assert_eq!(of("= -0.02", Some(0.95), near).state, State::Passed);
    assert_eq!(of("= 0", Some(0.95), near).state, State::Failed);
    let none = of(">= 0", Some(0.95), None);
    assert_eq!(none.state, State::Unmeasured);
    let none = judge(
        &gate("m:accuracy", ">= 0"),
        &["m"],
        &[],
        &NOTHING,
        Some(&Scored::none("why")),
    );
    assert_eq!(none.unwrap().note.as_deref(), Some("why"));
    let asked = ScoreOf::of(&gate("m:f1.\"a b\".change", ">= 0")).unwrap();
    assert_eq!(
        (asked.evaluation.as_str(), asked.score.as_str()),
        ("m", "f1")
    );
    assert_eq!(
        (asked.class.as_deref(), asked.aspect),
        (Some("a b"), Aspect::Change)
    );
    assert_eq!(ScoreOf::of(&gate("missing.label", "<= 0")), None);
}

#[test]
fn names_that_mean_nothing_are_errors_with_the_nearest() {
    let now = [metric(&["missing", "label"], Some(0), 9)];
    let error = |of: &str| judge(&gate(of, "<= 0"), &["baseline"], &now, &NOTHING, None);
    for (of, words) in [
        (
            "mising.label",
            "dver.toml, line 2: there is no metric `mising.label`; did you mean `missing`?",
        ),
        (
            "missing.labl",
            "dver.toml, line 2: there is no metric `missing.labl`; did you mean `missing.label`?",
        ),
        (
            "field_removed",
            "dver.toml, line 2: there is no metric `field_removed`; did you mean `fields_removed`?",
        ),
        (
            "baselin:accuracy",
            "dver.toml, line 2: no evaluation `baselin` is declared; did you mean `baseline`?",
        ),
    ] {
        assert_eq!(error(of).unwrap_err().to_string(), words);
    }
    let lost = judge(
        &gate("missing.old", "<= 0"),
        &[],
        &now,
        &base(&[metric(&["missing", "old"], Some(0), 9)]),
        None,
    );
    assert_eq!(lost.unwrap().state, State::Unmeasured);
    assert_eq!(
        error("baseline:accuracy.delta").unwrap().state,
        State::Unmeasured
    );
}

/// Numbers that are not ratios, and ratios that do not fit, are compared all the same.
#[test]
fn no_number_is_too_large() {
    let huge = Amount::Ratio(i128::MAX, 3);
    let other = Amount::Ratio(i128::MAX - 1, 7);
    assert!(huge.minus(other).value().is_finite());
    assert!(huge.over(other).unwrap().value() > 2.0);
    assert_eq!(huge.over(Amount::Ratio(0, 1)), None);
}

type Side = Vec<(usize, Option<(u32, u32)>)>;

fn side() -> impl Strategy<Value = Side> {
    let number = proptest::option::weighted(0.9, (0..40_u32, 1..20_u32));
    proptest::collection::btree_map(0..4_usize, number, 1..5)
        .prop_map(|map| map.into_iter().collect())
}

fn metrics(side: &Side) -> Vec<Metric> {
    let one = |(field, number): &(usize, Option<(u32, u32)>)| {
        let field = format!("f{field}");
        let (num, den) = number.map_or((None, 1), |(n, d)| (Some(i128::from(n)), i128::from(d)));
        metric(&["missing", &field], num, den)
    };
    side.iter().map(one).collect()
}

/// What a gate says, straight from its words, in fractions over a common denominator.
fn naively(of: (&str, Option<usize>, &str, i64), now: &Side, before: Option<&Side>) -> State {
    let (aspect, field, sign, limit) = of;
    let mut states = Vec::new();
    for (name, number) in now
        .iter()
        .filter(|(name, _)| field.is_none_or(|f| f == *name))
    {
        let old = before.and_then(|side| side.iter().find(|(other, _)| other == name));
        let old = old.and_then(|(_, number)| *number);
        let whole = |(n, d): (u32, u32)| (i128::from(n), i128::from(d));
        let pair = number.map(whole).map(|now| (now, old.map(whole)));
        // The value and the limit as fractions.
        let hundredth = (i128::from(limit), 100);
        let compared = match (aspect, pair) {
            (_, None) => None,
            ("", Some((now, _))) => Some((now, hundredth)),
            (_, Some((_, None))) => None,
            ("base", Some((now, Some(old)))) => Some((now, old)),
            (".delta", Some((now, Some(old)))) => {
                Some(((now.0 * old.1 - old.0 * now.1, now.1 * old.1), hundredth))
            }
            (_, Some((now, Some(old)))) if old.0 == 0 => {
                (now.0 == 0).then_some(((0, 1), hundredth))
            }
            (_, Some((now, Some(old)))) => {
                Some(((now.0 * old.1 - old.0 * now.1, now.1 * old.0), hundredth))
            }
        };
        states.push(match compared {
            None => State::Unmeasured,
            Some((value, limit)) => {
                let (a, b) = (value.0 * limit.1, limit.0 * value.1);
                let holds = match sign {
                    "<=" => a <= b,
                    "<" => a < b,
                    ">=" => a >= b,
                    ">" => a > b,
                    _ => a == b,
                };
                if holds { State::Passed } else { State::Failed }
            }
        });
    }
    match () {
        () if states.contains(&State::Failed) => State::Failed,
        () if states.is_empty() || states.contains(&State::Unmeasured) => State::Unmeasured,
        () => State::Passed,
    }
}

proptest! {
    #[test]
    fn a_verdict_equals_a_naive_evaluation(
        now in side(),
        before in proptest::option::of(side()),
        aspect in proptest::sample::select(vec!["", "base", ".delta", ".change"]),
        field in proptest::option::of(0..4_usize),
        sign in proptest::sample::select(vec!["<=", "<", ">=", ">", "="]),
        limit in -120..120_i64,
        required in any::<bool>(),
    ) {
        let known = |side: &Side| field.is_none_or(|f| side.iter().any(|(name, _)| *name == f));
        prop_assume!(known(&now) || before.as_ref().is_some_and(known));
        let name = field.map_or("missing".to_owned(), |f| format!("missing.f{f}"));
        let mut gate = match aspect {
            "base" => gate(&name, &format!("{sign} base")),
            aspect => gate(&format!("{name}{aspect}"), "= 0"),
        };
        if aspect != "base" {
            gate.bound = Bound::parse(&format!("{sign} {}", limit as f64 / 100.0)).unwrap();
        }
        gate.required = required;
        let older = before.as_ref().map(metrics);
        let base = older.as_ref().map_or(NOTHING, |older| base(older));
        let verdict = judge(&gate, &[], &metrics(&now), &base, None).unwrap();
        let expected = naively((aspect, field, sign, limit), &now, before.as_ref());
        prop_assert_eq!(verdict.state, expected);
        let refuses = expected == State::Failed || required && expected == State::Unmeasured;
        prop_assert_eq!(verdict.refuses(), refuses);
    }

    #[test]
    fn random_gates_never_panic(of in "[a-z_.:\"\\\\ ]{0,24}") {
        let mut gate = gate("records", "<= 0");
        gate.metric = of;
        let now = [metric(&["records"], Some(3), 1)];
        let _ = judge(&gate, &["a"], &now, &base(&now), None);
        let _ = ScoreOf::of(&gate);
    }
}
