//! Tests of attributions: against all coalitions gone through by hand, and the axioms.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::counters::rates;
use super::engine::{Engine, Refit};
use super::shapley::gauss_legendre;
use super::versions::{Game, Together};
use super::*;
use crate::learn::{Logistic, Majority, NaiveBayes, Rows};

const CLASSES: usize = 3;

fn place(trains: bool, label: u32, row: u32) -> Option<Place> {
    Some(Place {
        trains,
        tests: !trains,
        label,
        row,
    })
}

/// Records of all kinds of changes, at most `most` of them changed; each is its own group. Rows
/// stand on a grid, so that many distances are equal. Some older versions have one class, or no
/// training records.
fn small(most: usize) -> impl Strategy<Value = Versions> {
    let record = (0u8..15, 0u32..3, 0u32..3, 0u32..9, 0u32..9, any::<u16>());
    (prop::collection::vec(record, 2..18), 0u8..8).prop_map(move |(all, shape)| {
        let mut rows = Rows::new(2);
        for at in 0..9u32 {
            let sparse = [(at / 3, 1.0)];
            rows.push(
                &mut sparse.to_vec(),
                &[f64::from(at % 3), f64::from(at / 3)],
            );
        }
        let mut changed = 0;
        let records = all.into_iter().enumerate().filter_map(|(at, one)| {
            let (kind, old, new, row, other, id) = one;
            let old = if shape == 6 { 0 } else { old };
            let (mut from, mut to) = match kind {
                0 | 1 => (place(true, old, row), place(true, old, row)),
                2 | 3 => (place(false, old, row), place(false, old, row)),
                4 => (place(true, old, row), place(true, new, row)),
                5 => (place(false, old, row), place(false, new, row)),
                6 => (None, place(true, new, row)),
                7 => (place(true, old, row), None),
                8 => (None, place(false, new, row)),
                9 => (place(false, old, row), None),
                10 => (place(true, old, row), place(false, new, row)),
                11 => (place(false, old, row), place(true, new, other)),
                12 => (place(true, old, row), place(true, new, other)),
                13 => (place(false, old, row), place(false, new, other)),
                _ => {
                    let both = |label| Place {
                        trains: true,
                        tests: true,
                        label,
                        row,
                    };
                    (Some(both(old)), Some(both(new)))
                }
            };
            if shape == 7 {
                from = from.filter(|place| !place.trains);
            }
            if changed == most {
                to = from;
            }
            from.or(to)?;
            changed += usize::from(from != to);
            Some(Record {
                id: u128::from(id) << 32 | at as u128,
                from,
                to,
                vocabulary: kind == 14 || kind == 4 && old == 0,
                group: at as u32,
            })
        });
        Versions {
            records: records.collect(),
            rows,
            classes: CLASSES,
        }
    })
}

/// What a model says of all questions of a game in a coalition.
type Answers<'a> = dyn Fn(&Game<'_>, &[bool]) -> Vec<u32> + 'a;

/// The value of every coalition of players: the definition, fitted anew for each set of training
/// records.
fn all_values(game: &Game<'_>, answers: &Answers<'_>, metric: Metric) -> Vec<Option<f64>> {
    let trainers = game.train.iter().filter_map(|entry| entry.player);
    let trainers = trainers.fold(0usize, |all, player| all | 1 << player);
    let mut known: BTreeMap<usize, Vec<u32>> = BTreeMap::new();
    (0..1usize << game.players.len())
        .map(|all| {
            let applied: Vec<bool> = (0..game.players.len())
                .map(|at| all & 1 << at != 0)
                .collect();
            let said = known.entry(all & trainers);
            let said = said.or_insert_with(|| answers(game, &applied));
            let (mut num, mut den) = (0, 0);
            for (entry, asked) in game.test.iter().zip(&game.asked) {
                let newer = usize::from(entry.applied(&applied));
                if let (Some((truth, _)), Some(question)) = (entry.state(&applied), asked[newer]) {
                    let (n, d) = metric.of(truth, said[question as usize]);
                    (num, den) = (num + n, den + d);
                }
            }
            (den != 0).then(|| num as f64 / den as f64)
        })
        .collect()
}

/// Owen's values straight from their definition, with weights from factorials.
fn owen(game: &Game<'_>, values: &[Option<f64>]) -> Option<Vec<f64>> {
    let factorial = |n: usize| (1..=n).map(|k| k as f64).product::<f64>();
    let weight =
        |size: usize, of: usize| factorial(size) * factorial(of - 1 - size) / factorial(of);
    let causes = game.causes();
    let mask = |range: &std::ops::Range<usize>| range.clone().map(|at| 1usize << at).sum::<usize>();
    values[0]?;
    let mut out = vec![0.0; game.players.len()];
    for (cause, (_, range)) in causes.iter().enumerate() {
        for others in (0..1usize << causes.len()).filter(|all| all & (1 << cause) == 0) {
            let outside: usize = (0..causes.len())
                .filter(|at| others & (1 << at) != 0)
                .map(|at| mask(&causes[at].1))
                .sum();
            let upper = weight(others.count_ones() as usize, causes.len());
            for inside in 0..1usize << range.len() {
                for player in (0..range.len()).filter(|at| inside & (1 << at) == 0) {
                    let lower = weight(inside.count_ones() as usize, range.len());
                    let without = outside | inside << range.start;
                    let with = without | 1 << (range.start + player);
                    out[range.start + player] += upper * lower * (values[with]? - values[without]?);
                }
            }
        }
    }
    Some(out)
}

fn options() -> Options {
    Options {
        grouped: true,
        given: Given::All,
        most: 1 << 20,
    }
}

/// Compares with all coalitions; returns what was found.
fn compare(
    versions: &Versions,
    model: Model<'_>,
    learner: &dyn Learner,
    metric: Metric,
) -> Option<Attribution> {
    let refit = |game: &Game<'_>, applied: &[bool]| Refit::new(game, learner).answers(applied);
    compare_with(versions, model, &refit, metric)
}

fn compare_with(
    versions: &Versions,
    model: Model<'_>,
    answers: &Answers<'_>,
    metric: Metric,
) -> Option<Attribution> {
    let game = Game::new(versions, Together::Group).unwrap();
    let wanted = owen(&game, &all_values(&game, answers, metric));
    let found = match (attribute(versions, model, metric, &options()), wanted) {
        (Ok(found), Some(wanted)) => {
            assert_eq!(found.parts.len(), wanted.len());
            for (part, wanted) in found.parts.iter().zip(&wanted) {
                let own = part.tally.contribution;
                assert!(
                    (own - wanted).abs() < 1e-9,
                    "{metric:?} {part:?}, not {wanted}"
                );
            }
            found
        }
        (Err(Error::NoCommonTest | Error::Undefined), None) => return None,
        // The game of the causes alone can be defined where that of all records is not.
        (Ok(found), None) => found,
        (other, wanted) => panic!("{other:?} instead of {wanted:?}"),
    };
    assert_ne!(found.method, Method::Sampled);
    let sum: f64 = found.parts.iter().map(|part| part.tally.contribution).sum();
    assert!((sum - found.change()).abs() < 1e-9);
    Some(found)
}

const METRICS: [Metric; 7] = [
    Metric::Accuracy,
    Metric::MicroF1(Some(0)),
    Metric::MicroRecall(Some(0)),
    Metric::MicroPrecision(None),
    Metric::Recall(1),
    Metric::Precision(1),
    Metric::F1(2),
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn nearest_neighbours_equal_all_coalitions(versions in small(10), most in 1usize..6, metric in 0usize..7) {
        let learner = Nearest { neighbours: most };
        compare(&versions, Model::Nearest(learner), &learner, METRICS[metric]);
    }

    #[test]
    fn ridge_equals_all_coalitions(versions in small(10), metric in 0usize..7) {
        let learner = Ridge::default();
        compare(&versions, Model::Ridge(learner), &learner, METRICS[metric]);
    }

    #[test]
    fn naive_bayes_equals_all_coalitions(mut versions in small(10), dense in any::<bool>(), metric in 0usize..7) {
        if !dense {
            // Counts of words: three features, of which a row has some.
            let mut rows = Rows::new(0);
            for at in 0..9u32 {
                let mut sparse = vec![(at % 3, 1.0 + f64::from(at / 4))];
                if at > 4 {
                    sparse.push((7, 0.5));
                }
                if at == 8 {
                    sparse.clear();
                }
                rows.push(&mut sparse, &[]);
            }
            versions.rows = rows;
        }
        compare(&versions, Model::NaiveBayes, &NaiveBayes, METRICS[metric]);
    }

    #[test]
    fn other_learners_equal_all_coalitions(versions in small(10), which in 0usize..2, metric in 0usize..7) {
        let learners: [&dyn Learner; 2] = [&Majority, &Logistic { penalty: 1.0 }];
        compare(&versions, Model::Other(learners[which]), learners[which], METRICS[metric]);
    }

    #[test]
    fn the_way_back_has_the_same_parts_with_the_other_sign(versions in small(10), metric in 0usize..7) {
        let mut back = versions.clone();
        for record in &mut back.records {
            std::mem::swap(&mut record.from, &mut record.to);
        }
        let model = Model::Nearest(Nearest { neighbours: 3 });
        let both = [&versions, &back].map(|v| attribute(v, model, METRICS[metric], &options()));
        let [Ok(there), Ok(back)] = both else { return Ok(()); };
        // Whether most training records are gone depends on the direction.
        let replaced = |found: &Attribution| found.causes.iter().any(|p| p.cause == Cause::TrainReplaced);
        prop_assume!(replaced(&there) == replaced(&back));
        let by_name = |found: &Attribution, back: bool| -> BTreeMap<(Cause, Option<u32>), Part> {
            let turned = |cause| match cause {
                Cause::TrainAdded if back => Cause::TrainRemoved,
                Cause::TrainRemoved if back => Cause::TrainAdded,
                Cause::TestAdded if back => Cause::TestRemoved,
                Cause::TestRemoved if back => Cause::TestAdded,
                cause => cause,
            };
            found.parts.iter().map(|part| ((turned(part.cause), part.group), *part)).collect()
        };
        let (there, back) = (by_name(&there, false), by_name(&back, true));
        prop_assert_eq!(there.len(), back.len());
        for (key, part) in there {
            let other = back[&key];
            prop_assert!((part.tally.contribution + other.tally.contribution).abs() < 1e-9);
            prop_assert_eq!((part.tally.won, part.tally.lost), (other.tally.lost, other.tally.won));
        }
    }

    #[test]
    fn known_answers_equal_all_coalitions(versions in small(10), said in prop::collection::vec(0u32..3, 16), metric in 0usize..7) {
        let of = |place: Option<Place>| place.map(|place| said[place.row as usize]);
        let from: Vec<_> = versions.records.iter().map(|r| of(r.from)).collect();
        let to: Vec<_> = versions.records.iter().map(|r| of(r.to)).collect();
        let model = Model::Fixed { from: &from, to: &to };
        let answers = |game: &Game<'_>, _: &[bool]| {
            game.questions.iter().map(|question| said[question.row as usize]).collect()
        };
        if let Some(found) = compare_with(&versions, model, &answers, METRICS[metric]) {
            // What trains moves nothing.
            for part in found.parts.iter().filter(|part| part.cause.trains()) {
                if !matches!(part.cause, Cause::SplitMoved | Cause::Vocabulary) {
                    prop_assert_eq!((part.tally.won, part.tally.lost), (0, 0));
                }
            }
        }
    }

    #[test]
    fn ratios_of_counters_equal_all_coalitions(
        base in (0i64..20, 1i64..30),
        players in prop::collection::vec((-3i64..4, 0i64..4), 1..11),
    ) {
        let found = rates(base, &players).unwrap();
        let value = |all: usize| {
            let inside = players.iter().enumerate().filter(|(at, _)| all & 1 << at != 0);
            let (num, den) = inside.fold(base, |sum, (_, p)| (sum.0 + p.0, sum.1 + p.1));
            num as f64 / den as f64
        };
        let table: Vec<f64> = (0..1usize << players.len()).map(value).collect();
        let wanted = shapley::of_table(&table, players.len());
        for ((rate, (num, den)), wanted) in found.iter().zip(&players).zip(wanted) {
            let own = *num as f64 * rate.per_num - *den as f64 * rate.per_den;
            prop_assert!((own - wanted).abs() < 1e-9, "{own} not {wanted}");
        }
    }
}

#[test]
fn the_rule_of_gauss_and_legendre_integrates_polynomials() {
    for count in [1, 2, 5, 16, 48] {
        let rule = gauss_legendre(count);
        assert_eq!(rule.len(), count);
        for power in 0..2 * count {
            let sum: f64 = rule.iter().map(|(x, w)| w * x.powi(power as i32)).sum();
            let wanted = 1.0 / (power as f64 + 1.0);
            assert!((sum - wanted).abs() < 1e-13, "{count} {power}: {sum}");
        }
    }
}

#[test]
fn many_players_add_up() {
    // 900 records of six kinds, and one of a few hundred transitions.
    let players: Vec<(i64, i64)> = (0..900i64)
        .map(|at| ([-2, 0, 2][at as usize % 3], at % 4 - 1))
        .collect();
    let base = (7_000, 12_000);
    let sum = |rates: Vec<counters::Rate>| -> f64 {
        let parts = rates.iter().zip(&players);
        parts
            .map(|(r, (n, d))| *n as f64 * r.per_num - *d as f64 * r.per_den)
            .sum()
    };
    let end = players
        .iter()
        .fold(base, |sum, p| (sum.0 + p.0, sum.1 + p.1));
    let change = end.0 as f64 / end.1 as f64 - base.0 as f64 / base.1 as f64;
    assert!((sum(rates(base, &players).unwrap()) - change).abs() < 1e-12);
}

/// Versions of dense rows of one number.
fn line(records: &[(f64, Option<Place>, Option<Place>)]) -> Versions {
    let rows = Rows::of_dense(1, records.iter().map(|one| one.0).collect());
    let records = (0u32..).zip(records).map(|(at, (_, from, to))| {
        let own = |place: &Option<Place>| place.map(|place| Place { row: at, ..place });
        Record {
            id: u128::from(at),
            from: own(from),
            to: own(to),
            vocabulary: false,
            group: at,
        }
    });
    Versions {
        records: records.collect(),
        rows,
        classes: CLASSES,
    }
}

fn of(found: &Attribution, cause: Cause) -> Vec<&Part> {
    found
        .parts
        .iter()
        .filter(|part| part.cause == cause)
        .collect()
}

#[test]
fn null_players_have_nothing_and_equal_ones_the_same() {
    let (cat, dog) = (place(true, 0, 0), place(true, 1, 0));
    let test = place(false, 1, 0);
    // Two of three neighbours became dogs; far away another one did.
    let versions = line(&[
        (1.0, cat, dog),
        (1.0, cat, dog),
        (1.1, cat, cat),
        (90.0, cat, dog),
        (1.0, test, test),
    ]);
    let learner = Nearest { neighbours: 3 };
    let found = compare(
        &versions,
        Model::Nearest(learner),
        &learner,
        Metric::Accuracy,
    )
    .unwrap();
    let parts = of(&found, Cause::TrainRelabel);
    let contributions: Vec<f64> = parts.iter().map(|part| part.tally.contribution).collect();
    assert_eq!(contributions, [0.5, 0.5, 0.0]);
    assert_eq!((parts[0].tally.won, parts[2].tally.won), (1, 0));
    let (low, high) = parts[2].tally.interval(found.test_records);
    assert!(low < 0.0 && high > 0.0);
}

#[test]
fn no_training_records_one_class_and_replaced_sets_are_games_too() {
    let (cat, dog) = (place(true, 0, 0), place(true, 1, 0));
    let (is_cat, is_dog) = (place(false, 0, 0), place(false, 1, 0));
    let learner = Nearest { neighbours: 5 };
    let model = Model::Nearest(learner);
    let ridge = Ridge::default();
    // From nothing.
    let versions = line(&[
        (0.0, None, cat),
        (1.0, None, dog),
        (1.1, is_dog, is_dog),
        (0.1, is_cat, is_cat),
    ]);
    let found = compare(&versions, model, &learner, Metric::Accuracy).unwrap();
    assert_eq!((found.from, found.to), ((1, 2), (2, 2)));
    compare(&versions, Model::Ridge(ridge), &ridge, Metric::Accuracy).unwrap();
    // To one class.
    let versions = line(&[(0.0, cat, cat), (1.0, cat, dog), (1.1, is_dog, is_dog)]);
    compare(&versions, Model::Ridge(ridge), &ridge, Metric::Accuracy).unwrap();
    // Most training records are new: one cause.
    let versions = line(&[
        (0.0, cat, None),
        (1.0, dog, None),
        (0.5, None, dog),
        (1.1, is_dog, is_dog),
    ]);
    let found = compare(&versions, model, &learner, Metric::Accuracy).unwrap();
    assert_eq!(found.causes.len(), 1);
    assert_eq!(found.causes[0].cause, Cause::TrainReplaced);
    assert_eq!(found.causes[0].records, 3);
    // No test record is in both.
    let versions = line(&[(0.0, cat, cat), (1.0, is_cat, None), (2.0, None, is_cat)]);
    let found = attribute(&versions, model, Metric::Accuracy, &options());
    assert!(matches!(found, Err(Error::NoCommonTest)), "{found:?}");
}

#[test]
fn a_record_that_moves_is_one_player() {
    let versions = line(&[
        (0.0, place(true, 0, 0), place(false, 1, 0)),
        (1.0, place(false, 1, 0), place(true, 1, 0)),
        (2.0, place(true, 0, 0), place(true, 0, 0)),
        (3.0, place(false, 1, 0), place(false, 1, 0)),
    ]);
    let game = Game::new(&versions, Together::Group).unwrap();
    assert_eq!(game.players.len(), 1);
    assert_eq!(
        (game.players[0].cause, game.players[0].records),
        (Cause::SplitMoved, 2)
    );
    for applied in [[false], [true]] {
        let there = |entries: &[versions::Entry]| -> Vec<u32> {
            let there = entries
                .iter()
                .filter(|entry| entry.state(&applied).is_some());
            there.map(|entry| entry.record).collect()
        };
        let (train, test) = (there(&game.train), there(&game.test));
        assert!(train.iter().all(|record| !test.contains(record)));
        assert_eq!(train.len() + test.len(), 4);
    }
}

/// 1-NN, 600 records with coin-flip labels, and 100 that move: were the two halves of a move
/// players of their own, one of them would test on records that still train.
#[test]
fn moves_between_train_and_test_invent_nothing() {
    let mut random = shapley::Random::new(7, 0);
    let order = random.order(600);
    let labels: Vec<u32> = random
        .order(600)
        .into_iter()
        .map(|at| at as u32 % 2)
        .collect();
    let rows: Vec<f64> = random.order(600).into_iter().map(|at| at as f64).collect();
    let records: Vec<_> = (0..600)
        .map(|at| {
            let trains = order[at].is_multiple_of(2);
            let moves = order[at] < 100;
            let old = place(trains, labels[at], 0);
            (rows[at], old, place(trains != moves, labels[at], 0))
        })
        .collect();
    let versions = line(&records);
    let model = Model::Nearest(Nearest { neighbours: 1 });
    let found = attribute(&versions, model, Metric::Accuracy, &options()).unwrap();
    assert_eq!(found.parts.len(), 1);
    let (low, high) = found.whole.interval(found.test_records);
    let part = found.parts[0].tally.contribution;
    assert!(low < 0.0 && high > 0.0, "{low} {high}");
    assert!(low <= part && part <= high);
}

#[test]
fn what_was_sampled_adds_up_and_has_errors() {
    // Twelve relabels, five neighbours, F1: too many for all coalitions of a model at 40.
    let mut random = shapley::Random::new(3, 0);
    let numbers = random.order(120);
    let records: Vec<_> = (0..120)
        .map(|at| {
            let (trains, label) = (at < 80, numbers[at] as u32 % 3);
            let changed = at < 12;
            let new = if changed { (label + 1) % 3 } else { label };
            (
                numbers[at] as f64,
                place(trains, label, 0),
                place(trains, new, 0),
            )
        })
        .collect();
    let versions = line(&records);
    let few = Options {
        most: 40,
        ..options()
    };
    let model = Model::Nearest(Nearest { neighbours: 5 });
    let metric = Metric::MicroF1(Some(0));
    let found = attribute(&versions, model, metric, &few).unwrap();
    assert_eq!(found.method, Method::Sampled);
    let exact = attribute(&versions, model, metric, &options()).unwrap();
    assert_eq!(exact.method, Method::Enumerated);
    for (a, b) in found.parts.iter().zip(&exact.parts) {
        let off = (a.tally.contribution - b.tally.contribution).abs();
        assert!(off <= 5.0 * a.stderr + 1e-12, "{off} with {}", a.stderr);
    }
    assert!(found.parts.iter().any(|part| part.stderr > 0.0));
    let learner = Nearest { neighbours: 5 };
    let refused = attribute(&versions, Model::Other(&learner), metric, &few);
    assert!(
        matches!(refused, Err(Error::TooManyGroups { groups: 12, .. })),
        "{refused:?}"
    );
}

#[test]
fn neighbours_are_searched_anew_where_most_records_came_and_went() {
    // 60 records of each version and one that stays: no list of neighbours would end.
    let mut records: Vec<_> = (0..120)
        .map(|at| {
            let own = place(true, at % 2, 0);
            let (old, new) = if at < 60 { (own, None) } else { (None, own) };
            (f64::from(at % 60), old, new)
        })
        .collect();
    records.push((30.0, place(true, 0, 0), place(true, 0, 0)));
    records.push((31.0, place(false, 1, 0), place(false, 1, 0)));
    let versions = line(&records);
    let learner = Nearest { neighbours: 3 };
    let model = Model::Nearest(learner);
    let few = Options {
        most: 100,
        ..options()
    };
    let found = attribute(&versions, model, Metric::Accuracy, &few);
    assert!(
        matches!(found, Err(Error::TooManyGroups { .. })),
        "{found:?}"
    );
    assert!(matches!(
        flips(&versions, learner),
        Err(Error::TooMuchChanged)
    ));
    let whole = Options {
        grouped: false,
        ..few
    };
    assert!(attribute(&versions, model, Metric::Accuracy, &whole).is_ok());
    // Random orders of so many players add up, too.
    let enough = Options {
        most: 3_000,
        ..options()
    };
    let found = attribute(&versions, model, Metric::Accuracy, &enough).unwrap();
    assert_eq!((found.method, found.parts.len()), (Method::Sampled, 120));
}
