//! What to label next: strategies that choose records of a pool, in an order that says which of
//! them come first where there is time for fewer.
//!
//! Invariant: a choice depends on the records' ids, numbers and probabilities, never on their
//! places: the same records in another order are chosen in the same order.

use rayon::prelude::*;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::base::elementary::ln;
use crate::learn::{Neighbours, Rows};

/// A chosen record.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Chosen {
    /// Its place in the pool.
    pub at: usize,
    /// Why it was chosen, in numbers: each strategy says of what kind.
    pub score: f64,
}

/// How unsure a model is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unsure {
    /// 1 - the highest probability.
    LeastConfidence,
    /// 1 - (the highest less the next one): of models without probabilities, their margin negated.
    Margin,
    /// The entropy over the logarithm of the number of classes.
    Entropy,
}

impl Unsure {
    /// Returns the name that options and methods use.
    pub fn name(self) -> &'static str {
        match self {
            Self::LeastConfidence => "least-confidence",
            Self::Margin => "margin",
            Self::Entropy => "entropy",
        }
    }

    /// Returns how unsure probabilities are, from 0 (sure) to 1 (of margin and entropy; of the
    /// highest probability 1 - 1/K).
    pub fn of(self, probabilities: &[f64]) -> f64 {
        let highest = |without: Option<usize>| {
            let others = probabilities.iter().enumerate();
            let others = others.filter(|(at, _)| Some(*at) != without);
            others.fold((None, 0.0), |best: (Option<usize>, f64), (at, p)| {
                match *p > best.1 {
                    true => (Some(at), *p),
                    false => best,
                }
            })
        };
        let (first, most) = highest(None);
        match self {
            Self::LeastConfidence => 1.0 - most,
            Self::Margin => 1.0 - (most - highest(first).1),
            Self::Entropy => {
                let part = |p: &f64| {
                    if p.is_normal() && *p > 0.0 {
                        -p * ln(*p)
                    } else {
                        0.0
                    }
                };
                let entropy: f64 = probabilities.iter().map(part).sum();
                entropy / ln(probabilities.len().max(2) as f64)
            }
        }
    }
}

/// Returns where a seed puts a record between 0 and 1; below 1.
fn lot(id: u128, seed: u64) -> f64 {
    (xxh3_64_with_seed(&id.to_le_bytes(), seed) >> 11) as f64 / (1u64 << 53) as f64
}

/// Chooses by lot: the records with the lowest hash of id and seed. Of 1,000 records the same ones
/// are among the first 100 as among the first 200. The score is the hash, from 0 to 1.
pub fn random(ids: &[u128], budget: usize, seed: u64) -> Vec<Chosen> {
    let all = ids.iter().enumerate();
    let chosen = all.map(|(at, id)| Chosen {
        at,
        score: lot(*id, seed),
    });
    first(chosen.collect(), ids, budget, true)
}

/// Chooses the records with the highest scores.
pub fn highest(scores: &[f64], ids: &[u128], budget: usize) -> Vec<Chosen> {
    let all = scores.iter().enumerate();
    let chosen = all.map(|(at, score)| Chosen { at, score: *score });
    first(chosen.collect(), ids, budget, false)
}

fn first(mut chosen: Vec<Chosen>, ids: &[u128], budget: usize, lowest: bool) -> Vec<Chosen> {
    let id = |one: &Chosen| ids.get(one.at).copied();
    chosen.sort_by(|a, b| {
        let by_score = match lowest {
            true => a.score.total_cmp(&b.score),
            false => b.score.total_cmp(&a.score),
        };
        by_score.then_with(|| id(a).cmp(&id(b)))
    });
    chosen.truncate(budget);
    chosen
}

/// Chooses so that every record is near one that is labelled or chosen (Sener and Savarese 2018):
/// each time the record farthest from all of these, of equals that of the lowest id. The score is
/// that distance; nothing is within reach of the first one where nothing is labelled, and its
/// score is infinite.
pub fn k_center(pool: &Rows, ids: &[u128], labelled: &Rows, budget: usize) -> Vec<Chosen> {
    let search = Neighbours::new(pool);
    let count = pool.len().min(ids.len());
    let mut far = vec![f64::INFINITY; count];
    if !labelled.is_empty() {
        let nearest = Neighbours::new(labelled).of_all(pool, 1);
        let squares = nearest
            .iter()
            .map(|found| found.first().map_or(f64::INFINITY, |f| f.0));
        far = squares.take(count).collect();
    }
    let mut is_chosen = vec![false; count];
    let mut out = Vec::new();
    while out.len() < budget.min(count) {
        let left = (0..count).into_par_iter().filter(|at| !is_chosen[*at]);
        let farthest = left.max_by(|a, b| far[*a].total_cmp(&far[*b]).then(ids[*b].cmp(&ids[*a])));
        let Some(at) = farthest else {
            break;
        };
        is_chosen[at] = true;
        out.push(Chosen {
            at,
            score: far[at].sqrt(),
        });
        let from = search.distances(pool, at..at + 1);
        let new = from.first().map_or(&[][..], Vec::as_slice);
        far.iter_mut()
            .zip(new)
            .for_each(|(far, new)| *far = far.min(*new));
    }
    out
}

/// Chooses so that classes become equally frequent: each time a record of the class with the
/// fewest labelled and chosen ones, of equals the first class, by lot within it. `classes` are those
/// that a model predicts of the pool, `counts` how many are labelled of each. The score is the
/// share that the class has so far, from 0 to 1. Records of which nothing is predicted come last, by
/// lot, with the score minus infinity.
pub fn class_balanced(
    classes: &[Option<u32>],
    counts: &[u64],
    ids: &[u128],
    (budget, seed): (usize, u64),
) -> Vec<Chosen> {
    let mut counts = counts.to_vec();
    let most = classes.iter().flatten().map(|class| *class as usize + 1);
    let most = most.max();
    counts.resize(counts.len().max(most.unwrap_or(0)), 0);
    let mut left: Vec<Vec<usize>> = vec![Vec::new(); counts.len()];
    let mut last = Vec::new();
    // The first lots stand at the end, where they are taken from.
    for one in random(ids, ids.len().min(classes.len()), seed).iter().rev() {
        match classes.get(one.at) {
            Some(Some(class)) => left[*class as usize].push(one.at),
            _ => last.push(one.at),
        }
    }
    let mut out = Vec::new();
    while out.len() < budget {
        let rarest = (0..counts.len()).filter(|class| !left[*class].is_empty());
        let Some(class) = rarest.min_by_key(|class| counts[*class]) else {
            break;
        };
        let Some(at) = left[class].pop() else {
            break;
        };
        let all: u64 = counts.iter().sum();
        let score = counts[class] as f64 / all.max(1) as f64;
        counts[class] += 1;
        out.push(Chosen { at, score });
    }
    let without = last.into_iter().rev().map(|at| Chosen {
        at,
        score: f64::NEG_INFINITY,
    });
    out.extend(without.take(budget - out.len()));
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ids(count: usize) -> Vec<u128> {
        (0..count as u128).map(|id| id * 1_000_003 % 9973).collect()
    }

    #[test]
    fn unsure_is_measured_as_the_page_says() {
        // The worked example of docs/curation.md.
        let p = [0.5, 0.3, 0.2];
        assert!((Unsure::LeastConfidence.of(&p) - 0.5).abs() < 1e-12);
        assert!((Unsure::Margin.of(&p) - 0.8).abs() < 1e-12);
        assert!((Unsure::Entropy.of(&p) - 0.937_23).abs() < 1e-5);
        assert_eq!(Unsure::Entropy.of(&[1.0, 0.0]), 0.0);
        assert_eq!(Unsure::Margin.of(&[0.5, 0.5]), 1.0);
        assert!((Unsure::Entropy.of(&[0.25; 4]) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn a_larger_budget_chooses_the_same_first() {
        let ids = ids(200);
        let (few, many) = (random(&ids, 10, 3), random(&ids, 50, 3));
        assert_eq!(few, many[..10]);
        assert_ne!(random(&ids, 10, 4), few);
        assert_eq!(random(&ids, 500, 3).len(), 200);
    }

    #[test]
    fn classes_become_equally_frequent() {
        // Labelled: 5 of class 0, none of 1 and 2. The pool has 20, 3 and 20.
        let class = |at| match at {
            0..20 => 0,
            20..23 => 1,
            _ => 2,
        };
        let classes: Vec<Option<u32>> = (0..43).map(|at| Some(class(at))).collect();
        let chosen = class_balanced(&classes, &[5, 0], &ids(43), (12, 0));
        let mut counts = [5, 0, 0];
        chosen
            .iter()
            .for_each(|one| counts[class(one.at) as usize] += 1);
        assert_eq!(counts, [7, 3, 7]);
        assert_eq!(chosen[0].score, 0.0);
        assert_eq!(class_balanced(&classes, &[], &ids(43), (100, 0)).len(), 43);
        // What nothing is predicted of is no rare class: it comes last, in the order of lots.
        let some: Vec<Option<u32>> = classes
            .iter()
            .enumerate()
            .map(|(at, class)| class.filter(|_| at % 3 > 0))
            .collect();
        let chosen = class_balanced(&some, &[0, 0, 0, 9], &ids(43), (100, 0));
        let without = some.iter().filter(|class| class.is_none()).count();
        let (first, last) = chosen.split_at(43 - without);
        assert!(
            first
                .iter()
                .all(|one| some[one.at].is_some() && one.score >= 0.0)
        );
        let lots: Vec<usize> = random(&ids(43), 43, 0)
            .iter()
            .map(|one| one.at)
            .filter(|at| some[*at].is_none())
            .collect();
        assert_eq!(last.iter().map(|one| one.at).collect::<Vec<_>>(), lots);
        assert!(last.iter().all(|one| one.score == f64::NEG_INFINITY));
        assert_eq!(class_balanced(&some, &[], &ids(43), (3, 0)).len(), 3);
    }

    proptest! {
        #[test]
        fn centers_are_never_farther_than_twice_the_best(
            points in prop::collection::vec((-9i8..9, -9i8..9), 2..9), budget in 1usize..4,
        ) {
            // Gonzalez 1985: greedy is within twice of the best radius.
            let numbers = points.iter().flat_map(|(x, y)| [f64::from(*x), f64::from(*y)]);
            let rows = Rows::of_dense(2, numbers.collect());
            let ids = ids(points.len());
            let chosen = k_center(&rows, &ids, &Rows::new(2), budget);
            let radius = |centers: &[usize]| {
                let nearest = |at: usize| {
                    let far = |center: &usize| {
                        let pairs = rows.dense(at).iter().zip(rows.dense(*center));
                        pairs.map(|(a, b)| (a - b) * (a - b)).sum::<f64>().sqrt()
                    };
                    centers.iter().map(far).fold(f64::INFINITY, f64::min)
                };
                (0..rows.len()).map(nearest).fold(0.0, f64::max)
            };
            let own: Vec<usize> = chosen.iter().map(|one| one.at).collect();
            let budget = budget.min(points.len());
            let sets = (0u32..1 << points.len()).filter(|set| set.count_ones() as usize == budget);
            let best = sets
                .map(|set| radius(&(0..points.len()).filter(|at| set >> at & 1 == 1).collect::<Vec<_>>()))
                .fold(f64::INFINITY, f64::min);
            prop_assert!(radius(&own) <= 2.0 * best + 1e-9);
            // Distances never rise, and each is the distance from those before.
            for (at, one) in chosen.iter().enumerate().skip(1) {
                let pairs = |other: usize| {
                    let pairs = rows.dense(one.at).iter().zip(rows.dense(other));
                    pairs.map(|(a, b)| (a - b) * (a - b)).sum::<f64>().sqrt()
                };
                let nearest = own[..at].iter().map(|o| pairs(*o)).fold(f64::INFINITY, f64::min);
                prop_assert!((nearest - one.score).abs() < 1e-12);
                prop_assert!(one.score <= chosen[at - 1].score);
            }
        }

        #[test]
        fn places_are_no_matter(
            points in prop::collection::vec((0i8..5, 0u32..3), 1..20), budget in 1usize..8, turn in 0usize..20,
        ) {
            let ids = ids(points.len());
            let (classes, dense): (Vec<Option<u32>>, Vec<f64>) =
                points.iter().map(|(x, class)| (Some(*class), f64::from(*x))).unzip();
            let order: Vec<usize> = (0..points.len()).map(|at| (at + turn) % points.len()).collect();
            let turned_ids: Vec<u128> = order.iter().map(|at| ids[*at]).collect();
            let turned: Vec<Option<u32>> = order.iter().map(|at| classes[*at]).collect();
            let (rows, none) = (Rows::of_dense(1, dense.clone()), Rows::new(1));
            let ids_of = |chosen: Vec<Chosen>, ids: &[u128]| chosen.iter().map(|c| ids[c.at]).collect::<Vec<_>>();
            let here = ids_of(k_center(&rows, &ids, &none, budget), &ids);
            let there = ids_of(k_center(&rows.select(&order), &turned_ids, &none, budget), &turned_ids);
            prop_assert_eq!(here, there);
            let here = ids_of(class_balanced(&classes, &[], &ids, (budget, 1)), &ids);
            let there = ids_of(class_balanced(&turned, &[], &turned_ids, (budget, 1)), &turned_ids);
            prop_assert_eq!(here, there);
        }
    }
}
