//! Dawid and Skene's own data, and what must hold of any votes.

use proptest::prelude::*;

use super::*;
use crate::quality::agreement::{Rating, Ratings};

/// Table 1 of Dawid and Skene (1979): 45 patients, judged three times by the first anaesthetist and
/// once by four others.
const ANAESTHETISTS: [&str; 45] = [
    "1111111", "3334334", "1122122", "2223121", "2223222", "2223322", "1222111", "3333433",
    "2222223", "2322223", "4444444", "2223343", "1111111", "2223212", "1211111", "1112111",
    "1111111", "1111111", "2222221", "2221322", "2222222", "2222221", "2223222", "2212222",
    "1111111", "1111111", "2322222", "1111111", "1111111", "1121121", "1111111", "3333233",
    "1111111", "2222222", "2223232", "4334343", "2212232", "2323233", "3333432", "1111111",
    "1111111", "1212111", "2322222", "1211111", "2222222",
];

fn anaesthetists() -> Votes {
    let mut ratings = Vec::new();
    for (item, row) in (0..).zip(ANAESTHETISTS) {
        for (at, digit) in row.bytes().enumerate() {
            ratings.push(rating(
                item,
                at.saturating_sub(2) as u32,
                u32::from(digit - b'1'),
            ));
        }
    }
    votes(ratings, 5, 4)
}

fn rating(item: u64, annotator: u32, class: u32) -> Rating {
    Rating {
        stratum: 0,
        item,
        annotator,
        class,
        unit: 0,
    }
}

fn votes(mut ratings: Vec<Rating>, annotators: usize, classes: usize) -> Votes {
    ratings.sort_unstable();
    Votes::of(&Ratings {
        ratings,
        classes: (0..classes).map(|class| class.to_string()).collect(),
        annotators: (0..annotators).map(|name| name.to_string()).collect(),
        ..Ratings::default()
    })
}

#[test]
fn the_marginals_of_the_anaesthetists_are_those_of_the_paper() {
    let votes = anaesthetists();
    assert_eq!(votes.ratings.len(), 315);
    let fit = dawid_skene(&votes, &DawidSkene::default());
    assert!(fit.converged);
    let printed: Vec<String> = fit.priors.iter().map(|p| format!("{p:.2}")).collect();
    assert_eq!(printed, ["0.40", "0.42", "0.11", "0.07"]);
    // The paper's table 4 gives patient 3 to class 2 with certainty, against the majority of none.
    let third = fit.verdicts().nth(2).unwrap();
    assert_eq!(third.class, Some(1));
    assert!(third.score > 0.99);
}

#[test]
fn ties_share_their_credit_and_argmax_takes_the_first() {
    let votes = votes(
        vec![rating(1, 0, 2), rating(1, 1, 0), rating(2, 0, 1)],
        2,
        3,
    );
    let found = majority(&votes);
    assert_eq!(found[0].tied, [0, 2]);
    assert_eq!(
        (found[0].first(), found[0].verdict().class),
        (Some(0), None)
    );
    assert_eq!(
        [0, 1, 2].map(|class| found[0].credit(class)),
        [0.5, 0.0, 0.5]
    );
    assert_eq!(
        found[1].verdict(),
        Verdict {
            class: Some(1),
            score: 1.0
        }
    );
}

#[test]
fn votes_of_nothing_are_fitted_at_once() {
    let fit = dawid_skene(&votes(Vec::new(), 0, 0), &DawidSkene::default());
    assert!(fit.converged && fit.verdicts().next().is_none());
}

fn some_votes() -> impl Strategy<Value = Votes> {
    let rated = (0_u64..12, 0_u32..4, 0_u32..3);
    proptest::collection::vec(rated, 1..80).prop_map(|rated| {
        let ratings = rated
            .into_iter()
            .map(|(item, who, class)| rating(item, who, class));
        votes(ratings.collect(), 4, 3)
    })
}

proptest! {
    #[test]
    fn the_likelihood_never_falls(votes in some_votes(), prior in any::<bool>()) {
        let variant = DawidSkene { prior, rounds: 40, ..DawidSkene::default() };
        let fit = dawid_skene(&votes, &variant);
        for pair in fit.likelihoods.windows(2) {
            prop_assert!(pair[1] >= pair[0] - 1e-9 * pair[0].abs().max(1.0), "{pair:?}");
        }
        for row in fit.posteriors.chunks(3) {
            prop_assert!((row.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        }
    }

    #[test]
    fn threads_do_not_change_the_bits(votes in some_votes()) {
        let on = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| dawid_skene(&votes, &DawidSkene::default()))
        };
        prop_assert_eq!(on(1), on(3));
    }
}
