//! Published data of agreement studies, with the numbers that their authors printed.

use super::*;

/// Fails unless the coefficient has these printed digits.
#[track_caller]
fn prints(coefficient: Coefficient, digits: &str) {
    let decimals = digits.split('.').next_back().map_or(0, str::len);
    let value = coefficient.unwrap();
    assert_eq!(
        format!("{value:.decimals$}").trim_start_matches('0'),
        digits
    );
}

fn of_counts<const K: usize>(items: &[[u32; K]]) -> Coincidences {
    let mut state = Coincidences::default();
    for item in items {
        let counts: Vec<(u32, u32)> = (0..)
            .zip(item.iter().copied())
            .filter(|c| c.1 > 0)
            .collect();
        state.add_item(&counts);
    }
    state
}

/// One row an annotator, one character an item: a digit or `*` where there is no rating.
fn of_rows(rows: &[&str]) -> (Coincidences, Vec<f64>) {
    let mut state = Coincidences::default();
    for item in 0..rows[0].len() {
        let mut counts = [0_u32; 10];
        for row in rows {
            if let Some(digit) = char::from(row.as_bytes()[item]).to_digit(10) {
                counts[digit as usize] += 1;
            }
        }
        let counts: Vec<(u32, u32)> = (0..).zip(counts).filter(|c| c.1 > 0).collect();
        state.add_item(&counts);
    }
    (state, (0..10).map(f64::from).collect())
}

#[test]
fn two_abstractors_agree_as_gwet_printed() {
    // cont3x3abstractors of the R package irrCAC.
    let table = PairTable::from_rows(&[[13, 0, 0], [0, 20, 7], [0, 4, 56]]);
    let state = table.coincidences();
    prints(cohen(&table, Weights::Unweighted), ".7964094");
    prints(scott(&table), ".7962397");
    prints(alpha(&state, Distance::Nominal), ".7972585");
    prints(ac1(&state, 3), ".8493305");
    prints(percent(&state), ".89");
    assert_eq!(fleiss(&state).unwrap(), scott(&table).unwrap());
}

#[test]
fn weighted_kappas_are_those_of_sas_and_of_r() {
    // The table and numbers of SAS's documentation, as the tests of statsmodels have them.
    let table = PairTable::from_rows(&[[0, 4, 1], [0, 8, 0], [0, 1, 5]]);
    prints(cohen(&table, Weights::Unweighted), ".4842");
    prints(cohen(&table, Weights::Linear), ".4701");
    // kappa2(anxiety[,2:3]) of the R package irr, whose classes are those that anybody chose.
    let second = [3, 6, 4, 6, 2, 4, 2, 4, 3, 3, 2, 3, 3, 3, 2, 2, 1, 3, 3, 4];
    let third = [2, 1, 4, 4, 3, 2, 1, 6, 1, 1, 1, 2, 3, 3, 1, 1, 3, 3, 2, 2];
    let mut anxiety = PairTable::default();
    let class = |said: u32| if said == 6 { 4 } else { said - 1 };
    for (a, b) in second.into_iter().zip(third) {
        anxiety.add(class(a), class(b), 1);
    }
    prints(cohen(&anxiety, Weights::Unweighted), "-0.006289308");
    prints(cohen(&anxiety, Weights::Linear), ".1459075");
    prints(cohen(&anxiety, Weights::Quadratic), ".2520325");
}

/// Table 1 of Fleiss (1971): the diagnoses of 30 patients by 6 psychiatrists each.
const FLEISS: [[u32; 5]; 30] = [
    [0, 0, 0, 6, 0],
    [0, 3, 0, 0, 3],
    [0, 1, 4, 0, 1],
    [0, 0, 0, 0, 6],
    [0, 3, 0, 3, 0],
    [2, 0, 4, 0, 0],
    [0, 0, 4, 0, 2],
    [2, 0, 3, 1, 0],
    [2, 0, 0, 4, 0],
    [0, 0, 0, 0, 6],
    [1, 0, 0, 5, 0],
    [1, 1, 0, 4, 0],
    [0, 3, 3, 0, 0],
    [1, 0, 0, 5, 0],
    [0, 2, 0, 3, 1],
    [0, 0, 5, 0, 1],
    [3, 0, 0, 1, 2],
    [5, 1, 0, 0, 0],
    [0, 2, 0, 4, 0],
    [1, 0, 2, 0, 3],
    [0, 0, 0, 0, 6],
    [0, 1, 0, 5, 0],
    [0, 2, 0, 1, 3],
    [2, 0, 0, 4, 0],
    [1, 0, 0, 4, 1],
    [0, 5, 0, 1, 0],
    [4, 0, 0, 0, 2],
    [0, 2, 0, 4, 0],
    [1, 0, 5, 0, 0],
    [0, 0, 0, 0, 6],
];

/// The first half of his patients, one state each.
pub(super) fn fleiss_half() -> Vec<Coincidences> {
    FLEISS[..15]
        .iter()
        .map(|item| of_counts(&[*item]))
        .collect()
}

#[test]
fn fleiss_diagnoses_have_his_kappa_and_those_of_gwet_for_the_first_half() {
    let all = of_counts(&FLEISS);
    prints(fleiss(&all), ".4302445");
    assert_eq!(
        all.classes(2).into_values().collect::<Vec<_>>(),
        [26, 26, 30, 55, 43]
    );
    // distrib.6raters of irrCAC: the first 15 patients.
    let half = of_counts(&FLEISS[..15]);
    prints(fleiss(&half), ".4139265");
    prints(alpha(&half, Distance::Nominal), ".4204384");
    prints(ac1(&half, 5), ".4448007");
    prints(brennan_prediger(&half, 5), ".4388889");
    prints(percent(&half), ".5511111");
}

#[test]
fn krippendorffs_twelve_units_have_his_four_alphas_and_gwets_numbers() {
    // Krippendorff, "Computing Krippendorff's alpha-reliability" (2011); cac.raw4raters of irrCAC.
    let rows = [
        "123321412***",
        "1233224125*3",
        "*3332342251*",
        "12332441251*",
    ];
    let (state, values) = of_rows(&rows);
    assert_eq!(
        (state.items(), state.compared(), state.total()),
        (12, 11, 41)
    );
    prints(alpha(&state, Distance::Nominal), ".743");
    prints(alpha(&state, Distance::Ordinal), ".815");
    prints(alpha(&state, Distance::Interval(&values)), ".849");
    prints(alpha(&state, Distance::Ratio(&values)), ".797");
    prints(ac1(&state, 5), ".77544");
    prints(brennan_prediger(&state, 5), ".77273");
    prints(percent(&state), ".8181818");
    assert_eq!(fleiss(&state), Err(Undefined::UnequalRatings));
}

#[test]
fn wikipedias_three_coders_and_fourteen_raters_have_the_printed_numbers() {
    let rows = ["*****34121133*3", "1*213343*******", "**21344*21133*4"];
    let (state, values) = of_rows(&rows);
    prints(alpha(&state, Distance::Nominal), ".691");
    prints(alpha(&state, Distance::Interval(&values)), ".811");
    let raters: [[u32; 5]; 10] = [
        [0, 0, 0, 0, 14],
        [0, 2, 6, 4, 2],
        [0, 0, 3, 5, 6],
        [0, 3, 9, 2, 0],
        [2, 2, 8, 1, 1],
        [7, 7, 0, 0, 0],
        [3, 2, 6, 3, 0],
        [2, 5, 3, 2, 2],
        [6, 5, 2, 1, 0],
        [0, 2, 2, 3, 7],
    ];
    prints(fleiss(&of_counts(&raters)), ".210");
}
