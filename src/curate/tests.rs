//! Tests of rankings against their definitions and against published results.

use std::io::Read as _;
use std::path::Path;

use proptest::prelude::*;

use super::*;

/// The CIFAR-10 test labels with cross-validated probabilities; `None` where they are not there.
fn cifar() -> Option<(Vec<u32>, Vec<f64>)> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/label-errors-cifar10");
    let (Ok(given), Ok(packed)) = (
        std::fs::read_to_string(dir.join("given.csv")),
        std::fs::read(dir.join("predictions.csv.gz")),
    ) else {
        #[allow(clippy::print_stderr)] // a skipped test must say so
        {
            eprintln!("SKIPPED: {} is not there", dir.display());
        }
        return None;
    };
    let mut predictions = String::new();
    flate2::read::GzDecoder::new(&packed[..])
        .read_to_string(&mut predictions)
        .unwrap();
    let mut lines = predictions.lines();
    let names: Vec<&str> = lines
        .next()
        .unwrap()
        .split(',')
        .skip(2)
        .map(|name| name.strip_prefix("p_").unwrap())
        .collect();
    let probabilities = lines.flat_map(|line| line.split(',').skip(2).map(|p| p.parse().unwrap()));
    let class = |line: &str| {
        let (_, label) = line.split_once(',').unwrap();
        names.iter().position(|name| *name == label).unwrap() as u32
    };
    Some((
        given.lines().skip(1).map(class).collect(),
        probabilities.collect(),
    ))
}

#[test]
fn the_published_recipe_finds_275_issues_in_cifar_10() {
    let Some((labels, probabilities)) = cifar() else {
        return;
    };
    let given = Confident {
        probabilities: &probabilities,
        classes: 10,
        labels: &labels,
    };
    let joint = given.joint(false);
    assert_eq!((0..10).map(|class| joint[class][class]).sum::<i64>(), 8608);
    assert_eq!(joint.iter().flatten().sum::<i64>(), 8852);
    assert_eq!(joint[3], [4, 0, 10, 739, 3, 32, 3, 3, 1, 0]);
    assert_eq!(given.joint(true)[3], [5, 0, 13, 929, 4, 40, 4, 4, 1, 0]);
    assert_eq!(
        (0..10)
            .map(|class| given.joint(true)[class][class])
            .sum::<i64>(),
        9716
    );
    let found = given.issues(Prune::SmallestMargins, false);
    assert_eq!(found.iter().filter(|found| **found).count(), 275);
}

#[test]
fn the_masks_of_cifar_10_are_those_of_cleanlab() {
    let Some((labels, probabilities)) = cifar() else {
        return;
    };
    let given = Confident {
        probabilities: &probabilities,
        classes: 10,
        labels: &labels,
    };
    // cleanlab 2.9.0: find_label_issues(filter_by=...), the BLAKE3 of the ids, one a line.
    for (prune, count, first, id) in [
        (
            Prune::NoiseRate,
            284,
            [20, 52, 57, 58, 61, 148],
            "670b6da06ee94e6f",
        ),
        (
            Prune::Class,
            284,
            [20, 52, 58, 61, 148, 158],
            "df4d459edb552d17",
        ),
        (
            Prune::Both,
            226,
            [20, 52, 58, 61, 148, 158],
            "1cd134a6cba184bc",
        ),
        (
            Prune::ConfidentJoint,
            244,
            [20, 52, 57, 58, 61, 158],
            "a62f939f4ee8ce20",
        ),
    ] {
        let mask = given.issues(prune, true);
        let found: Vec<usize> = (0..mask.len()).filter(|at| mask[*at]).collect();
        assert_eq!((found.len(), &found[..6]), (count, &first[..]), "{prune:?}");
        let lines: Vec<String> = found.iter().map(ToString::to_string).collect();
        let hash = crate::base::ObjectId::of(lines.join("\n").as_bytes()).to_string();
        assert!(hash.starts_with(id), "{prune:?}: {hash}");
    }
}

#[test]
fn a_worked_example_of_confident_learning() {
    // docs/find.md: five records, two classes.
    let probabilities = [0.9, 0.1, 0.8, 0.2, 0.1, 0.9, 0.2, 0.8, 0.3, 0.7];
    let labels = [0, 0, 0, 1, 1];
    let given = Confident {
        probabilities: &probabilities,
        classes: 2,
        labels: &labels,
    };
    let thresholds = given.thresholds();
    assert!((thresholds[0] - 0.6).abs() < 1e-12 && (thresholds[1] - 0.75).abs() < 1e-12);
    assert_eq!(given.guesses(), [Some(0), Some(0), Some(1), Some(1), None]);
    assert_eq!(given.joint(false), [[2, 1], [0, 1]]);
    assert_eq!(given.joint(true), [[2, 1], [0, 2]]);
    for prune in [
        Prune::NoiseRate,
        Prune::Class,
        Prune::Both,
        Prune::ConfidentJoint,
    ] {
        assert_eq!(
            given.issues(prune, true),
            [false, false, true, false, false]
        );
    }
    assert!((given.score(Score::SelfConfidence, 2) - 0.1).abs() < 1e-12);
    assert!((given.score(Score::NormalisedMargin, 2) + 0.8).abs() < 1e-12);
    assert!((given.score(Score::WeightedEntropy, 2) - 4.689_955_935_892_812).abs() < 1e-9);
}

#[test]
fn numbers_beyond_the_fences_are_far() {
    let numbers = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 100.0];
    let told = stray(&numbers, Spread::RobustZ(3.5));
    assert_eq!((told.len(), told[0].at, told[0].median), (1, 9, 5.5));
    assert!((told[0].score - 0.6745 * 94.5 / 2.5).abs() < 1e-12);
    let told = stray(&numbers, Spread::Iqr(1.5));
    assert!((told[0].score - (100.0 - 7.75) / 4.5).abs() < 1e-12);
    assert!(stray(&[1.0, 1.0, 1.0, 1.0, 9.0], Spread::RobustZ(3.5)).is_empty());
    assert!(stray(&[], Spread::Iqr(1.5)).is_empty());
}

#[test]
fn bands_miss_what_they_say_and_find_the_rest() {
    let cut = Bands::of_threshold(0.8);
    assert_eq!((cut.bands, cut.rows), (25, 5));
    assert!(cut.missed(0.8) < 1e-4 && cut.missed(0.3) > 0.9);
    assert_eq!(Bands::of_threshold(0.01).rows, 1);
}

#[test]
fn a_text_with_one_word_changed_is_near() {
    let base =
        "the quick brown fox jumps over the lazy dog while the old cat sleeps near the warm stove";
    let texts: Vec<String> = vec![
        base.to_owned(),
        "an entirely different sentence about label quality and versions of data".to_owned(),
        base.replace("stove", "fire"),
        base.to_uppercase(),
        "!!!".to_owned(),
        "???".to_owned(),
    ];
    let told = near_duplicates(&Shingled::of(&texts), 0.8);
    let places: Vec<_> = told.iter().map(|pair| (pair.later, pair.earlier)).collect();
    assert_eq!(places, [(2, 0), (3, 0)]);
    assert!((told[0].index - 15.0 / 17.0).abs() < 1e-12);
    assert_eq!(told[1].index, 1.0);
}

#[test]
fn texts_that_are_all_alike_cost_no_more_than_others() {
    let alike = |at: usize| match at % 3 {
        0 => "the same text that everybody has written again and again".to_owned(),
        1 => format!("{at} is another text, of its own words {at} and nobody else's {at}"),
        _ => "The same text; that everybody has written AGAIN and again!".to_owned(),
    };
    let texts: Vec<String> = (0..60_000).map(alike).collect();
    let told = near_duplicates(&Shingled::of(&texts), 0.9);
    assert_eq!(told.len(), 39_999);
    for pair in &told {
        assert_eq!((pair.earlier, pair.index), (0, 1.0));
        assert_ne!(pair.later % 3, 1);
    }
}

#[test]
fn the_one_row_apart_is_far() {
    let grid = (0..64).flat_map(|at| [f64::from(at % 8), f64::from(at / 8)]);
    let numbers: Vec<f64> = grid.chain([60.0, 60.0]).collect();
    let told = far(&crate::learn::Rows::of_dense(2, numbers), 5);
    let told: Vec<_> = told.into_iter().filter(|one| one.score < 0.1).collect();
    assert_eq!(told.iter().map(|one| one.at).collect::<Vec<_>>(), [64]);
    assert!(told[0].score < 1e-3);
}

proptest! {
    #[test]
    fn groups_are_those_of_counting(hashes in prop::collection::vec((0u64..20, 0u8..3), 0..60)) {
        let whole = |small: u64| u128::from(small) << 80;
        let short: Vec<u64> = hashes.iter().map(|(h, kind)| short(whole(*h), *kind)).collect();
        for kinds in [false, true] {
            let told = repeated(short.clone(), kinds);
            for small in 0..20 {
                let mut of: Vec<u8> =
                    hashes.iter().filter(|(h, _)| *h == small).map(|(_, kind)| *kind).collect();
                if kinds {
                    of.sort_unstable();
                    of.dedup();
                }
                prop_assert_eq!(told.may_hold(whole(small)), of.len() > 1);
            }
        }
    }

    #[test]
    fn calibrated_joints_add_up_to_the_given_counts(
        rows in prop::collection::vec((0u32..4, prop::collection::vec(0.01f64..1.0, 4)), 1..60)
    ) {
        let labels: Vec<u32> = rows.iter().map(|(label, _)| *label).collect();
        let probabilities: Vec<f64> = rows.iter().flat_map(|(_, row)| {
            let sum: f64 = row.iter().sum();
            row.iter().map(move |p| p / sum).collect::<Vec<_>>()
        }).collect();
        let given = Confident { probabilities: &probabilities, classes: 4, labels: &labels };
        for (class, row) in given.joint(true).iter().enumerate() {
            let count = labels.iter().filter(|label| **label as usize == class).count() as i64;
            prop_assert_eq!(row.iter().sum::<i64>(), count);
        }
        for prune in [Prune::NoiseRate, Prune::Class, Prune::Both, Prune::ConfidentJoint] {
            let found = given.issues(prune, true);
            for (record, found) in found.iter().enumerate() {
                prop_assert!(!found || given.predicted(record) != labels[record]);
            }
        }
    }

    #[test]
    fn near_pairs_are_those_of_comparing_all(
        texts in prop::collection::vec(prop::collection::vec("[abc]", 3..12), 0..20)
    ) {
        let texts: Vec<String> = texts.iter().map(|words| words.join(" ")).collect();
        let told = near_duplicates(&Shingled::of(&texts), 0.9);
        for pair in &told {
            prop_assert!(pair.index >= 0.9 && pair.earlier < pair.later);
            // No other one, found or not, is both earlier and as near.
            let first = texts.iter().position(|text| *text == texts[pair.later]);
            if first < Some(pair.later) {
                prop_assert!(first.is_some_and(|first| pair.earlier <= first));
            }
        }
        for (later, text) in texts.iter().enumerate() {
            if texts[..later].contains(text) {
                let found = told.iter().find(|pair| pair.later == later);
                prop_assert_eq!(found.map(|pair| pair.index), Some(1.0));
            }
        }
    }
}
