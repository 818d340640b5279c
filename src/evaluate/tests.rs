//! Tests of scores against counting by hand and against naive formulas.

use proptest::prelude::*;

use super::*;

fn score(all: &[Score], name: &str, class: Option<&str>) -> Score {
    let is = |score: &&Score| score.name == name && score.class.as_deref() == class;
    all.iter().find(is).unwrap().clone()
}

fn of(pairs: &[(&str, &str)]) -> Confusion {
    Confusion::of(pairs.iter().copied())
}

#[test]
fn ten_records_by_hand() {
    let pairs = [
        ("cat", "cat"),
        ("cat", "cat"),
        ("cat", "dog"),
        ("dog", "dog"),
        ("dog", "dog"),
        ("dog", "none"),
        ("none", "none"),
        ("none", "none"),
        ("none", "none"),
        ("none", "cat"),
    ];
    let all = scores(&of(&pairs), Some("none"), None);
    let value = |name, class| score(&all, name, class).value.unwrap();
    assert_eq!(score(&all, "accuracy", None).ratio, Some((7, 10)));
    let (low, high) = score(&all, "accuracy", None).interval.unwrap();
    assert!((low - 0.396_778).abs() < 1e-6 && (high - 0.892_209).abs() < 1e-6);
    // Of six that are not none, and six that were predicted not to be, four are hits.
    assert_eq!(score(&all, "micro_f1", None).ratio, Some((8, 12)));
    assert_eq!(score(&all, "precision", Some("cat")).ratio, Some((2, 3)));
    assert_eq!(score(&all, "recall", Some("dog")).ratio, Some((2, 3)));
    assert_eq!(score(&all, "f1", Some("none")).ratio, Some((6, 8)));
    assert!((value("macro_f1", None) - (2.0 / 3.0 + 2.0 / 3.0 + 0.75) / 3.0).abs() < 1e-15);
    // (7 * 10 - (3*3 + 3*3 + 4*4)) / (100 - 34)
    assert!((value("mcc", None) - 36.0 / 66.0).abs() < 1e-15);
    // Without a null class micro F1 is the accuracy.
    let plain = scores(&of(&pairs), None, None);
    assert_eq!(score(&plain, "micro_f1", None).ratio, Some((14, 20)));
}

#[test]
fn what_is_undefined_is_null_and_says_why() {
    let all = scores(&of(&[]), None, None);
    for name in ["accuracy", "macro_f1", "micro_f1", "mcc"] {
        let score = score(&all, name, None);
        assert_eq!(score.value, None);
        assert!(score.note.is_some());
    }
    let all = scores(&of(&[("a", "a"), ("b", "a")]), None, None);
    let never = score(&all, "precision", Some("b"));
    assert_eq!(
        (never.value, never.note.as_deref()),
        (None, Some("never predicted"))
    );
    assert_eq!(score(&all, "macro_precision", None).value, Some(0.5));
    let note = score(&all, "macro_precision", None).note.unwrap();
    assert_eq!(note, "1 class, for which it is undefined, is left out");
    assert_eq!(score(&all, "mcc", None).value, None);
}

#[test]
fn calibration_is_the_distance_between_sure_and_right() {
    let mut bins = Calibration::default();
    bins.add(1_000_000, true);
    bins.add(900_000, false);
    bins.add(0, false);
    // Bin 14 has 0.9 and nothing right; those of 0 and 1 are as right as they are sure.
    assert_eq!(bins.error(), (900_000, 3));
    let all = scores(&of(&[("a", "a")]), None, Some(&bins));
    assert!((score(&all, "ece", None).value.unwrap() - 0.3).abs() < 1e-15);
}

#[test]
fn mcnemar_is_the_exact_binomial() {
    assert_eq!(mcnemar(0, 0), 1.0);
    assert_eq!(mcnemar(3, 3), 1.0);
    assert!((mcnemar(1, 9) - 2.0 * 11.0 / 1024.0).abs() < 1e-12);
    assert!((mcnemar(0, 5) - 2.0 / 32.0).abs() < 1e-12);
    assert_eq!(mcnemar(0, 5000), 0.0);
    let p = mcnemar(4_900, 5_100); // z = 1.99 with continuity correction
    assert!((p - 0.0466).abs() < 0.001, "{p}");
}

#[test]
fn the_interval_of_a_change_is_that_of_agresti_and_min() {
    // By hand: n = 100, 15 won, 5 lost: m = 102, d = 10/102, variance 21/102^2 - d^2/102.
    let (low, high) = paired_interval(15, 5, 100, 0.95).unwrap();
    let d = 10.0 / 102.0f64;
    let spread = 1.959_963_984_540_054 * (21.0 / 10_404.0 - d * d / 102.0f64).sqrt();
    assert!((low - (d - spread)).abs() < 1e-15 && (high - (d + spread)).abs() < 1e-15);
    // Nothing differs: not certain, and symmetric.
    let (low, high) = paired_interval(0, 0, 100, 0.95).unwrap();
    assert!(low < 0.0 && low == -high && (high - 1.96 / 102.0).abs() < 1e-4);
    // Turned round in time it is turned round; more confidence is wider.
    let (down, up) = paired_interval(5, 15, 100, 0.95).unwrap();
    let (low, high) = paired_interval(15, 5, 100, 0.95).unwrap();
    assert_eq!((down, up), (-high, -low));
    assert!(paired_interval(15, 5, 100, 0.99).unwrap().0 < low);
    assert_eq!(paired_interval(0, 0, 0, 0.95), None);
}

#[test]
fn quantiles_are_those_of_the_tables() {
    for (p, z) in [
        (0.5, 0.0),
        (0.9, 1.281_551_565_5),
        (0.975, 1.959_963_984_5),
        (0.995, 2.575_829_303_5),
        (0.999_5, 3.290_526_731_5),
        (0.1, -1.281_551_565_5),
    ] {
        assert!((normal_quantile(p) - z).abs() < 1e-9, "{p}");
    }
    assert_eq!(
        wilson(7, 10),
        wilson_at(7, 10, 0.95).map(|_| wilson(7, 10).unwrap())
    );
    let (a, b) = (wilson(7, 10).unwrap(), wilson_at(7, 10, 0.95).unwrap());
    assert!((a.0 - b.0).abs() < 1e-12 && (a.1 - b.1).abs() < 1e-12);
}

#[test]
fn a_bootstrap_of_a_mean_is_as_wide_as_theory_says() {
    // 400 coins, 240 heads: standard error sqrt(.6 * .4 / 400) = .0245.
    let heads = |drawn: &[u32]| drawn.iter().filter(|at| **at < 240).count() as f64 / 400.0;
    let found = bootstrap(400, 0.95, |drawn| vec![Some(heads(drawn)), None]);
    let (low, high) = found[0].unwrap();
    assert!(
        (low - 0.552).abs() < 0.01 && (high - 0.648).abs() < 0.01,
        "{low} {high}"
    );
    assert_eq!(found[1], None);
    let narrow = bootstrap(400, 0.5, |drawn| vec![Some(heads(drawn))])[0].unwrap();
    assert!(low < narrow.0 && narrow.1 < high);
    assert_eq!(bootstrap(0, 0.95, |_| vec![Some(1.0)]), vec![None]);
    let pool = |threads| {
        rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap()
    };
    let run = || bootstrap(400, 0.95, |drawn| vec![Some(heads(drawn))]);
    assert_eq!(pool(1).install(run), pool(4).install(run));
}

#[test]
fn digests_do_not_depend_on_order_and_see_repetitions() {
    let of = |parts: &[&[u8]]| {
        let mut digest = Digest::default();
        parts.iter().for_each(|part| digest.add(part));
        digest.hex()
    };
    assert_eq!(of(&[b"a", b"b"]), of(&[b"b", b"a"]));
    assert_ne!(of(&[b"a", b"a"]), of(&[b"a"]));
    assert_ne!(of(&[b"a", b"a"]), of(&[]));
}

proptest! {
    #[test]
    fn matrices_add_up_and_survive_being_sealed(
        pairs in prop::collection::vec((0usize..4, 0usize..4), 0..60),
    ) {
        let names = ["a", "b", "c", "d"];
        let pairs: Vec<_> = pairs.iter().map(|(t, s)| (names[*t], names[*s])).collect();
        let confusion = of(&pairs);
        prop_assert_eq!(confusion.total(), pairs.len() as u64);
        let right = pairs.iter().filter(|(t, s)| t == s).count();
        prop_assert_eq!(confusion.correct(), right as u64);
        prop_assert_eq!(&Confusion::from_object(&confusion.to_object()), &confusion);
        let counts = Counts::of(&confusion);
        let null = confusion.place("a");
        let mut one_by_one = Counts::new(confusion.classes().len());
        for (truth, said) in &pairs {
            let at = |class| confusion.place(class).unwrap() as u32;
            one_by_one.add(at(truth), at(said));
        }
        prop_assert_eq!(&counts, &one_by_one);
        for score in scores(&confusion, Some("a"), None) {
            prop_assert!(NAMES.contains(&score.name));
            let class = score.class.as_deref().map(|class| confusion.place(class).unwrap());
            prop_assert_eq!(counts.score(score.name, class, null), score.value);
            if let Some(value) = score.value {
                prop_assert!((-1.0 - 1e-9..=1.0 + 1e-9).contains(&value));
            }
            if let (Some(value), Some((low, high))) = (score.value, score.interval) {
                prop_assert!(low <= value + 1e-12 && value <= high + 1e-12);
            }
        }
    }
}
