//! Values against the definition of the Shapley value, and against refitted learners.

use proptest::prelude::*;

use super::*;
use crate::learn::{Learner as _, Nearest};

/// The Shapley value by its definition: over all subsets.
fn brute(players: usize, utility: &dyn Fn(&[usize]) -> f64) -> Vec<f64> {
    let mut out = vec![0.0; players];
    let mut weights = vec![0.0; players.max(1)];
    for (size, weight) in weights.iter_mut().enumerate().take(players) {
        // |S|! (n - |S| - 1)! / n!
        let choose: f64 = (0..size).fold(1.0, |c, j| c * (players - 1 - j) as f64 / (j + 1) as f64);
        *weight = 1.0 / (players as f64 * choose);
    }
    for subset in 0u32..1 << players {
        let members: Vec<usize> = (0..players).filter(|p| subset >> p & 1 == 1).collect();
        let without = utility(&members);
        for player in (0..players).filter(|p| subset >> p & 1 == 0) {
            let mut with = members.clone();
            with.push(player);
            with.sort_unstable();
            out[player] += weights[members.len()] * (utility(&with) - without);
        }
    }
    out
}

fn close(a: &[f64], b: &[f64]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-12)
}

/// 1/K of the matches among the K first.
fn jia(matches: &[bool], k: usize) -> impl Fn(&[usize]) -> f64 + '_ {
    move |set| set.iter().take(k).filter(|at| matches[**at]).count() as f64 / k as f64
}

/// The share of the matches among the K first.
fn soft(matches: &[bool], k: usize, classes: usize) -> impl Fn(&[usize]) -> f64 + '_ {
    move |set| match set.len().min(k) {
        0 => 1.0 / classes as f64,
        voters => set.iter().take(k).filter(|at| matches[**at]).count() as f64 / voters as f64,
    }
}

proptest! {
    #[test]
    fn closed_forms_are_the_shapley_values(
        matches in prop::collection::vec(any::<bool>(), 0..10), k in 1usize..12, classes in 2usize..5,
    ) {
        let found = knn_shapley(&matches, k);
        prop_assert!(close(&found, &brute(matches.len(), &jia(&matches, k))), "{found:?}");
        let found = soft_knn_shapley(&matches, k, classes);
        prop_assert!(close(&found, &brute(matches.len(), &soft(&matches, k, classes))), "{found:?}");
        // Within a distance all players vote: the soft game without a limit.
        let matching = matches.iter().filter(|m| **m).count();
        let (yes, no) = threshold_knn_shapley(matches.len(), matching, classes);
        let found: Vec<f64> = matches.iter().map(|m| if *m { yes } else { no }).collect();
        let all = soft(&matches, matches.len().max(1), classes);
        prop_assert!(close(&found, &brute(matches.len(), &all)), "{found:?}");
    }

    #[test]
    fn values_of_a_table_are_means_of_brute_force(
        train in prop::collection::vec((-4i8..4, -4i8..4, 0u32..3), 0..8),
        test in prop::collection::vec((-4i8..4, -4i8..4, 0u32..4), 1..5),
        k in 1usize..5,
    ) {
        let (examples, rows, labels) = tables(&train, &test);
        for method in [
            Valuation::KnnShapley,
            Valuation::SoftKnnShapley,
            Valuation::ThresholdKnnShapley,
            Valuation::LeaveOneOut,
        ] {
            let found = values(&examples, (&rows, &labels), method, k, None);
            let mut means = vec![0.0; examples.len()];
            for test in 0..rows.len() {
                let each = of_test(&examples, (&rows, &labels), test, (method, k, found.within));
                means.iter_mut().zip(each).for_each(|(m, v)| *m += v / rows.len() as f64);
            }
            prop_assert!(close(&found.values, &means), "{method:?} {:?} {means:?}", found.values);
        }
    }
}

type Point = (i8, i8, u32);

fn tables(train: &[Point], test: &[Point]) -> (Examples, Rows, Vec<u32>) {
    let dense = |points: &[Point]| {
        let numbers = points
            .iter()
            .flat_map(|(x, y, _)| [f64::from(*x), f64::from(*y)]);
        Rows::of_dense(2, numbers.collect())
    };
    let labels = |points: &[Point]| points.iter().map(|p| p.2).collect::<Vec<u32>>();
    let ids: Vec<u128> = (0..train.len() as u128).map(|id| id * 7919 % 101).collect();
    let examples = Examples::new(&dense(train), &labels(train), &ids, 3);
    (examples, dense(test), labels(test))
}

/// The values for one test record by their definitions: subsets for Shapley, refits for the rest.
fn of_test(
    train: &Examples,
    (rows, labels): (&Rows, &[u32]),
    test: usize,
    (method, k, within): (Valuation, usize, Option<f64>),
) -> Vec<f64> {
    let far = |at: usize| {
        let pairs = rows.dense(test).iter().zip(train.rows().dense(at));
        pairs.map(|(a, b)| (a - b) * (a - b)).sum::<f64>()
    };
    let mut order: Vec<usize> = (0..train.len()).collect();
    order.sort_by(|a, b| far(*a).total_cmp(&far(*b)));
    if let Some(within) = within {
        order.retain(|at| far(*at).sqrt() <= within);
    }
    let matches: Vec<bool> = order
        .iter()
        .map(|at| train.labels()[*at] == labels[test])
        .collect();
    let by_rank = match method {
        Valuation::KnnShapley => brute(order.len(), &jia(&matches, k)),
        Valuation::SoftKnnShapley => brute(order.len(), &soft(&matches, k, 3)),
        Valuation::ThresholdKnnShapley => brute(order.len(), &soft(&matches, usize::MAX, 3)),
        Valuation::LeaveOneOut => {
            let right = |rows_of: Vec<usize>| {
                let classes: Vec<u32> = rows_of.iter().map(|at| train.labels()[*at]).collect();
                let ids: Vec<u128> = rows_of.iter().map(|at| *at as u128).collect();
                let some = Examples::new(&train.rows().select(&rows_of), &classes, &ids, 3);
                let told = Nearest { neighbours: k }.fit(&some).predict(rows, test);
                // Without examples the learner says the first class; here nothing is said.
                f64::from(u8::from(!some.is_empty() && told.class == labels[test]))
            };
            let with = right((0..train.len()).collect());
            let without = |at: &usize| right((0..train.len()).filter(|row| row != at).collect());
            order.iter().map(|at| with - without(at)).collect()
        }
    };
    let mut out = vec![0.0; train.len()];
    order
        .iter()
        .zip(by_rank)
        .for_each(|(at, value)| out[*at] = value);
    out
}

#[test]
fn the_published_start_is_wrong_where_there_are_few_records() {
    // One matching record, five neighbours: U is 1/5 with it and 0 without. 1/N would be 1.
    assert_eq!(knn_shapley(&[true], 5), [0.2]);
    // The worked example of docs/curation.md: yes, no, yes with K = 2.
    assert!(close(
        &knn_shapley(&[true, false, true], 2),
        &[0.5 + 1.0 / 3.0 - 0.5, 1.0 / 3.0 - 0.5, 1.0 / 3.0]
    ));
}

#[test]
fn sums_are_the_same_on_any_number_of_threads() {
    let point = |at: usize| ((at * 37 % 11) as i8, (at * 53 % 13) as i8, (at % 3) as u32);
    let train: Vec<Point> = (0..500).map(point).collect();
    let test: Vec<Point> = (0..150).map(|at| point(at * 3 + 1)).collect();
    let (examples, rows, labels) = tables(&train, &test);
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| values(&examples, (&rows, &labels), Valuation::KnnShapley, 5, None))
    };
    let (one, three) = (on(1), on(3));
    let bits = |values: &Values| {
        values
            .values
            .iter()
            .map(|v| v.to_bits())
            .collect::<Vec<_>>()
    };
    assert_eq!(bits(&one), bits(&three));
    // Efficiency: the values add up to U(all), the mean share of matches among the nearest.
    let nearest = Neighbours::new(examples.rows()).of_all(&rows, 5);
    let matches = nearest.iter().zip(&labels).map(|(found, label)| {
        let own = |(_, at): &&(f64, u32)| examples.labels()[*at as usize] == *label;
        found.iter().filter(own).count() as f64 / 5.0
    });
    let whole = matches.sum::<f64>() / labels.len() as f64;
    assert!((one.values.iter().sum::<f64>() - whole).abs() < 1e-9);
}
