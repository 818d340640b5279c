//! Tests of learners: against their definitions, and that nothing but the records decides.

use proptest::prelude::*;

use super::design::{Design, Places};
use super::logistic::Objective;
use super::*;

/// Small examples: rows with a sparse and a dense part, classes, ids.
#[derive(Clone, Debug)]
struct Small {
    rows: Rows,
    labels: Vec<u32>,
    ids: Vec<u128>,
}

const CLASSES: usize = 3;

fn small() -> impl Strategy<Value = Small> {
    let row = (
        prop::collection::vec((0u32..12, 0.0f64..2.0), 0..5),
        prop::collection::vec(-3.0f64..3.0, 2),
        0u32..CLASSES as u32,
        any::<u16>(),
    );
    prop::collection::vec(row, 1..30).prop_map(|all| {
        let mut out = Small {
            rows: Rows::new(2),
            labels: Vec::new(),
            ids: Vec::new(),
        };
        for (mut sparse, dense, label, id) in all {
            out.rows.push(&mut sparse, &dense);
            out.labels.push(label);
            out.ids.push(u128::from(id));
        }
        out
    })
}

impl Small {
    fn examples(&self) -> Examples {
        Examples::new(&self.rows, &self.labels, &self.ids, CLASSES)
    }

    fn reordered(&self, order: &[usize]) -> Self {
        Self {
            rows: self.rows.select(order),
            labels: order.iter().map(|&at| self.labels[at]).collect(),
            ids: order.iter().map(|&at| self.ids[at]).collect(),
        }
    }
}

fn learners() -> Vec<Box<dyn Learner>> {
    vec![
        Box::new(Ridge::default()),
        Box::new(Logistic::default()),
        Box::new(NaiveBayes),
        Box::new(Nearest::default()),
        Box::new(Majority),
    ]
}

/// Predictions with all their bits.
fn bits(predictions: &[Prediction]) -> Vec<(u32, u64, Vec<u64>)> {
    let one = |p: &Prediction| {
        let probabilities = p.probabilities.iter().flatten().map(|p| p.to_bits());
        (p.class, p.margin.to_bits(), probabilities.collect())
    };
    predictions.iter().map(one).collect()
}

fn on_threads<T: Send>(threads: usize, run: impl FnOnce() -> T + Send) -> T {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    pool.unwrap().install(run)
}

/// All features of a row in one vector: sparse, dense, constant.
fn full(rows: &Rows, row: usize) -> Vec<f64> {
    let mut out = vec![0.0; 12];
    let (columns, values) = rows.sparse(row);
    for (column, value) in columns.iter().zip(values) {
        out[*column as usize] += value;
    }
    out.extend_from_slice(rows.dense(row));
    out.push(1.0);
    out
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn threads_and_the_order_of_records_change_no_bit(one in small(), seed in any::<u64>()) {
        let mut order: Vec<usize> = (0..one.labels.len()).collect();
        order.sort_by_key(|at| (*at as u64).wrapping_mul(seed | 1).rotate_left(17));
        let other = one.reordered(&order);
        for learner in learners() {
            let first = on_threads(1, || learner.fit(&one.examples()).predict_all(&one.rows));
            let second = on_threads(4, || learner.fit(&other.examples()).predict_all(&one.rows));
            prop_assert_eq!(bits(&first), bits(&second), "{}", learner.name());
            let single: Vec<_> = {
                let model = learner.fit(&one.examples());
                (0..one.rows.len()).map(|row| model.predict(&one.rows, row)).collect()
            };
            prop_assert_eq!(bits(&first), bits(&single), "{}", learner.name());
        }
    }

    #[test]
    fn ridge_solves_the_normal_equations(one in small(), penalty in 0.1f64..10.0) {
        let train = one.examples();
        let places = Places::of(train.rows());
        let design = Design::new(&places, train.rows());
        let weights = Ridge { penalty }.solve(&design, train.labels(), CLASSES);
        // X'(Y - XW) = penalty W
        let mut rest = design.times(&weights, CLASSES);
        for (row, &label) in train.labels().iter().enumerate() {
            rest[row * CLASSES + label as usize] -= 1.0;
        }
        let left = design.transposed_times(&rest, CLASSES);
        for (left, weight) in left.iter().zip(&weights) {
            prop_assert!((left + penalty * weight).abs() < 1e-9);
        }
    }

    #[test]
    fn conjugate_gradients_find_what_factors_find(one in small(), penalty in 0.1f64..10.0) {
        let train = one.examples();
        let design = Design::new(&Places::of(train.rows()), train.rows());
        let size = design.columns();
        let mut matrix = design.column_gram();
        (0..size).for_each(|at| matrix[at * size + at] += penalty);
        let right: Vec<f64> = (0..size * 2).map(|at| at as f64 % 7.0 - 3.0).collect();
        let apply = |x: &[f64]| -> Vec<f64> {
            let mut out = vec![0.0; x.len()];
            for row in 0..size {
                for column in 0..size {
                    for side in 0..2 {
                        out[row * 2 + side] += matrix[row * size + column] * x[column * 2 + side];
                    }
                }
            }
            out
        };
        let steps = solve::conjugate_gradients(&apply, &right, 2);
        let mut factor = matrix.clone();
        solve::factorise(&mut factor, size);
        let mut direct = right.clone();
        solve::substitute(&factor, size, &mut direct, 2);
        for (a, b) in steps.iter().zip(&direct) {
            prop_assert!((a - b).abs() < 1e-8 * (1.0 + b.abs()), "{a} {b}");
        }
    }

    #[test]
    fn the_gradient_of_logistic_regression_is_that_of_its_value(one in small()) {
        let train = one.examples();
        let places = Places::of(train.rows());
        let design = Design::new(&places, train.rows());
        let objective = Objective {
            design: &design,
            labels: train.labels(),
            classes: CLASSES,
            penalty: 0.5,
            constant: places.constant(),
        };
        let at: Vec<f64> = (0..design.columns() * CLASSES).map(|i| (i as f64 * 0.7).sin()).collect();
        let (_, gradient) = objective.at(&at);
        for which in 0..at.len() {
            let moved = |by: f64| {
                let mut at = at.clone();
                at[which] += by;
                objective.at(&at).0
            };
            let slope = (moved(1e-5) - moved(-1e-5)) / 2e-5;
            prop_assert!((slope - gradient[which]).abs() < 1e-5 * (1.0 + slope.abs()));
        }
    }

    #[test]
    fn logistic_regression_ends_where_the_gradient_is_zero(one in small()) {
        let train = one.examples();
        let model = Logistic::default().fit(&train);
        // sum over examples of (p - y) of the constant's weights is 0 at the minimum.
        let mut sums = [0.0; CLASSES];
        for (row, &label) in train.labels().iter().enumerate() {
            let p = model.predict(train.rows(), row).probabilities.unwrap();
            prop_assert!((p.iter().sum::<f64>() - 1.0).abs() < 1e-12);
            (0..CLASSES).for_each(|class| sums[class] += p[class]);
            sums[label as usize] -= 1.0;
        }
        prop_assert!(sums.iter().all(|sum| sum.abs() < 1e-4 * 31.0), "{sums:?}");
    }

    #[test]
    fn naive_bayes_is_what_counting_says(one in small()) {
        let sparse = {
            let mut rows = Rows::new(0);
            for row in 0..one.rows.len() {
                let (columns, values) = one.rows.sparse(row);
                let mut pairs = columns.iter().copied().zip(values.iter().copied()).collect();
                rows.push(&mut pairs, &[]);
            }
            rows
        };
        let train = Examples::new(&sparse, &one.labels, &one.ids, CLASSES);
        let predictions = NaiveBayes.fit(&train).predict_all(&sparse);
        let mut seen: Vec<u32> = (0..sparse.len()).flat_map(|r| sparse.sparse(r).0.to_vec()).collect();
        seen.sort_unstable();
        seen.dedup();
        for (row, prediction) in predictions.iter().enumerate() {
            let mut joint = [0.0f64; CLASSES];
            for (class, joint) in joint.iter_mut().enumerate() {
                let of_class: Vec<usize> =
                    (0..sparse.len()).filter(|&r| one.labels[r] as usize == class).collect();
                *joint = of_class.len() as f64 / sparse.len() as f64;
                let total: f64 = of_class.iter().flat_map(|&r| sparse.sparse(r).1).sum();
                let (columns, values) = sparse.sparse(row);
                for (column, value) in columns.iter().zip(values) {
                    let count: f64 = of_class.iter().map(|&r| {
                        let (columns, values) = sparse.sparse(r);
                        columns.iter().position(|c| c == column).map_or(0.0, |at| values[at])
                    }).sum();
                    *joint *= ((count + 1.0) / (total + seen.len() as f64)).powf(*value);
                }
            }
            let sum: f64 = joint.iter().sum();
            for (p, joint) in prediction.probabilities.as_ref().unwrap().iter().zip(joint) {
                prop_assert!((p - joint / sum).abs() < 1e-9);
            }
        }
    }

    #[test]
    fn neighbours_are_those_of_a_full_sort(one in small(), most in 1usize..8) {
        let train = one.examples();
        let found = Neighbours::new(train.rows()).of_all(&one.rows, most);
        for (row, found) in found.iter().enumerate() {
            let query = full(&one.rows, row);
            let mut all: Vec<f64> = (0..train.len()).map(|at| {
                let other = full(train.rows(), at);
                query.iter().zip(&other).map(|(a, b)| (a - b) * (a - b)).sum()
            }).collect();
            for (far, at) in found {
                prop_assert!((far - all[*at as usize]).abs() < 1e-9);
            }
            all.sort_by(f64::total_cmp);
            for ((far, _), expected) in found.iter().zip(&all) {
                prop_assert!((far - expected).abs() < 1e-9);
            }
            prop_assert_eq!(found.len(), most.min(train.len()));
        }
    }

    #[test]
    fn maps_take_any_text(texts in prop::collection::vec(".{0,40}", 0..5)) {
        let map = FeatureMap::new(vec![
            ("a".into(), Encoding::Text),
            ("b".into(), Encoding::Category),
            ("c".into(), Encoding::Number(Scale { centre: 0.0, unit: 1.0 })),
            ("d".into(), Encoding::Embedding { width: 3 }),
        ]);
        let mut rows = map.rows();
        for text in &texts {
            map.push(&[Some(text), Some(text), Some(text), Some(text)], &mut rows);
            map.push(&[None; 4], &mut rows);
        }
        prop_assert_eq!(rows.len(), texts.len() * 2);
        for row in 0..rows.len() {
            let (columns, values) = rows.sparse(row);
            prop_assert!(columns.is_sorted() && values.iter().all(|value| value.is_finite()));
            prop_assert!(rows.dense(row).iter().all(|value| value.is_finite()));
        }
    }
}

use super::features::Scale;

#[test]
fn a_tie_of_votes_goes_to_the_class_of_the_nearest() {
    let rows = Rows::of_dense(1, vec![1.0, 1.5, 3.0, 3.2]);
    let train = Examples::new(&rows, &[0, 1, 1, 0], &[4, 3, 2, 1], 2);
    let model = Nearest { neighbours: 2 }.fit(&train);
    let predict = |x: f64| model.predict(&Rows::of_dense(1, vec![x]), 0);
    assert_eq!((predict(1.4).class, predict(1.4).close), (1, true));
    assert_eq!(predict(1.2).class, 0);
    assert_eq!(predict(2.2).class, 1);
    assert!(!predict(2.2).close);
}

#[test]
fn margins_below_a_billionth_go_to_the_lower_class() {
    let told = decide(&[0.3, 0.3 + 1e-10, 0.1], None);
    assert_eq!((told.class, told.close), (0, true));
    let told = decide(&[0.3, 0.3 + 1e-8, 0.1], None);
    assert_eq!((told.class, told.close), (1, false));
}

#[test]
fn without_examples_the_first_class_is_predicted() {
    let none = Examples::new(&Rows::new(1), &[], &[], 3);
    let row = Rows::of_dense(1, vec![0.5]);
    for learner in learners() {
        let told = learner.fit(&none).predict(&row, 0);
        assert_eq!((told.class, told.close), (0, true), "{}", learner.name());
    }
}

#[test]
fn one_class_is_predicted_everywhere() {
    let rows = Rows::of_dense(1, vec![0.5, 1.0, 7.0]);
    let train = Examples::new(&rows, &[1, 1, 1], &[1, 2, 3], 2);
    for learner in learners() {
        let told = learner.fit(&train).predict_all(&rows);
        assert!(
            told.iter().all(|told| told.class == 1),
            "{}",
            learner.name()
        );
    }
}

#[test]
fn korean_and_english_words_are_cut_by_their_script() {
    let cut = |text: &str| {
        let mut all = Vec::new();
        features::words(text, |word| all.push(word.to_owned()));
        all
    };
    assert_eq!(cut("The CAT, sat 2x."), ["the", "cat", "sat", "2x"]);
    assert_eq!(cut("고양이 cat猫"), ["고", "양", "이", "cat", "猫"]);
}

#[test]
fn folds_leave_out_what_they_predict() {
    // The label is known only to the record itself: no other record has its feature.
    let mut rows = Rows::new(0);
    let mut labels = Vec::new();
    for at in 0..40u32 {
        rows.push(&mut vec![(at, 1.0)], &[]);
        labels.push(at % 2);
    }
    let ids: Vec<u128> = (0..40).collect();
    let folds: Vec<u32> = (0..40u32).map(|at| fold_of(&at.to_le_bytes(), 5)).collect();
    let told = out_of_fold(&Ridge::default(), (&rows, &labels, &ids), 2, &folds);
    assert!(told.iter().all(|told| told.margin < 0.5));
    let fitted = Ridge::default().fit(&Examples::new(&rows, &labels, &ids, 2));
    let right = fitted
        .predict_all(&rows)
        .iter()
        .zip(&labels)
        .filter(|(p, l)| p.class == **l)
        .count();
    assert_eq!(right, 40);
}

proptest! {
    #[test]
    fn classes_without_examples_change_nothing(one in small(), shift in 1u32..3) {
        // The same examples among more classes, numbered further on.
        let shifted: Vec<u32> = one.labels.iter().map(|label| label + shift).collect();
        let wide = Examples::new(&one.rows, &shifted, &one.ids, CLASSES + shift as usize + 2);
        for learner in learners() {
            let (narrow, wide) = (fit_seen(&*learner, &one.examples()), fit_seen(&*learner, &wide));
            let predicted = (narrow.predict_all(&one.rows), wide.predict_all(&one.rows));
            for (at, (a, b)) in predicted.0.iter().zip(&predicted.1).enumerate() {
                prop_assert_eq!(a.class + shift, b.class);
                prop_assert_eq!(a.margin.to_bits(), b.margin.to_bits());
                prop_assert!(one.labels.contains(&a.class), "never a class without examples");
                prop_assert_eq!(wide.predict(&one.rows, at).class, b.class);
                if let (Some(a), Some(b)) = (&a.probabilities, &b.probabilities) {
                    prop_assert_eq!(b.len(), CLASSES + shift as usize + 2);
                    prop_assert_eq!(&b[shift as usize..shift as usize + CLASSES], &a[..]);
                }
            }
        }
    }
}

#[test]
fn fitted_to_no_class_the_first_is_predicted() {
    let none = Examples::new(&Rows::new(1), &[], &[], 3);
    let rows = Rows::of_dense(1, vec![0.5, 2.0]);
    for learner in learners() {
        for told in fit_seen(&*learner, &none).predict_all(&rows) {
            assert_eq!((told.class, told.close), (0, true));
        }
    }
}

#[test]
fn parts_of_one_are_even_and_rows_append() {
    let below = (0..10_000u32)
        .filter(|at| part_of(&at.to_le_bytes()) < 0.25)
        .count();
    assert!((2_350..2_650).contains(&below), "{below}");
    let (mut a, mut b) = (Rows::new(1), Rows::new(1));
    a.push(&mut vec![(3, 1.0)], &[0.5]);
    b.push(&mut vec![(1, 2.0), (7, 1.0)], &[0.25]);
    b.push(&mut vec![], &[0.75]);
    let all = {
        let mut all = a.clone();
        all.append(&b);
        all
    };
    assert_eq!(
        (all.len(), all.sparse(1)),
        (3, (&[1, 7][..], &[2.0, 1.0][..]))
    );
    assert_eq!(all.select(&[1, 2]), b);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    /// Single precision chooses candidates and decides nothing: numbers far from zero, equal rows,
    /// differences beyond its digits.
    #[test]
    fn rough_distances_lose_no_neighbour(
        base in prop::sample::select(vec![0.0, 1.0, 1e6, -1e9]),
        step in prop::sample::select(vec![1.0, 1e-3, 1e-9]),
        numbers in prop::collection::vec(0u32..50, 5 * 90),
        most in 1usize..8,
    ) {
        let dense: Vec<f64> = numbers.iter().map(|n| base + step * f64::from(*n)).collect();
        let rows = Rows::of_dense(5, dense);
        let near = Neighbours::new(&rows);
        prop_assert!(near.is_rough());
        let found = near.of_all(&rows, most);
        for (row, found) in found.into_iter().enumerate() {
            let mut all: Vec<(f64, u32)> = (0..rows.len())
                .map(|at| (solve::distance(rows.dense(row), rows.dense(at)), at as u32))
                .collect();
            all.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            all.truncate(most);
            prop_assert_eq!(found, all);
        }
    }
}
