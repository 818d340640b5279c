//! The state is a group; coefficients are undefined for a reason; intervals are reproducible.

use proptest::prelude::*;

use super::*;

fn state_of(items: &[Vec<(u32, u32)>]) -> Coincidences {
    let mut state = Coincidences::default();
    items.iter().for_each(|item| state.add_item(item));
    state
}

/// Items with up to four of four classes, each up to nine times.
fn items() -> impl Strategy<Value = Vec<Vec<(u32, u32)>>> {
    let counts = proptest::collection::btree_map(0_u32..4, 1_u32..9, 1..4);
    let item = counts.prop_map(|counts| counts.into_iter().collect());
    proptest::collection::vec(item, 0..60)
}

proptest! {
    #[test]
    fn parts_merge_to_the_whole_and_retract_to_a_recount(items in items(), cut in 0_usize..60) {
        let cut = cut.min(items.len());
        let (whole, first, rest) = (state_of(&items), state_of(&items[..cut]), state_of(&items[cut..]));
        let mut merged = rest.clone();
        merged.merge(&first);
        prop_assert_eq!(&merged, &whole);
        merged.retract(&first);
        prop_assert_eq!(&merged, &rest);
        for item in &items[cut..] {
            merged.remove_item(item);
        }
        prop_assert_eq!(&merged, &Coincidences::default());
        // Removals may come before their additions.
        merged.retract(&first);
        merged.merge(&whole);
        prop_assert_eq!(&merged, &rest);
        let cells = (whole.pairs().clone(), whole.ratings().clone());
        prop_assert_eq!(Coincidences::from_cells(cells.0, cells.1), whole);
    }

    #[test]
    fn the_number_and_order_of_items_do_not_change_the_bits(items in items()) {
        let mut reversed = items.clone();
        reversed.reverse();
        let values: Vec<f64> = (0..4).map(|v| f64::from(v) * 1.5).collect();
        for distance in [Distance::Nominal, Distance::Ordinal, Distance::Interval(&values)] {
            let bits = |state: &Coincidences| -> Vec<_> {
                let named = coefficients(state, 4, distance).into_iter();
                named.map(|(_, value)| value.map(f64::to_bits)).collect()
            };
            prop_assert_eq!(bits(&state_of(&items)), bits(&state_of(&reversed)));
        }
    }

    #[test]
    fn one_class_against_the_rest_keeps_items_and_ratings(items in items(), class in 0_u32..4) {
        let state = state_of(&items);
        let binary = state.against_rest(class);
        prop_assert_eq!(binary.sizes(), state.sizes());
        let of_class = state.classes(0).get(&class).copied();
        prop_assert_eq!(binary.classes(0).get(&1).copied(), of_class);
    }

    #[test]
    fn no_coefficient_exceeds_one(items in items()) {
        for (name, value) in coefficients(&state_of(&items), 4, Distance::Ordinal) {
            if let Ok(value) = value {
                prop_assert!(value.is_finite() && value <= 1.0 + 1e-12, "{name} is {value}");
            }
        }
    }
}

#[test]
fn what_cannot_be_said_is_undefined_and_says_why() {
    let none = state_of(&[]);
    let alone = state_of(&[vec![(0, 1)], vec![(1, 1)]]);
    for state in [&none, &alone] {
        for (name, value) in coefficients(state, 2, Distance::Nominal) {
            assert_eq!(value, Err(Undefined::NothingCompared), "{name}");
        }
    }
    let one_class = state_of(&[vec![(0, 3)], vec![(0, 3)]]);
    assert_eq!(percent(&one_class), Ok(1.0));
    assert_eq!(
        alpha(&one_class, Distance::Nominal),
        Err(Undefined::OneClass)
    );
    assert_eq!(fleiss(&one_class), Err(Undefined::OneClass));
    assert_eq!(ac1(&one_class, 1), Err(Undefined::OneClass));
    // Where another class could have been chosen, AC1 tells.
    assert_eq!(ac1(&one_class, 2), Ok(1.0));
    let uneven = state_of(&[vec![(0, 3)], vec![(0, 1), (1, 1)]]);
    assert_eq!(fleiss(&uneven), Err(Undefined::UnequalRatings));
    let below = [-1.0, 1.0];
    assert_eq!(
        alpha(&uneven, Distance::Ratio(&below)),
        Err(Undefined::Negative)
    );
    let same = PairTable::from_rows(&[[5]]);
    for (name, value) in pair_coefficients(&same, true) {
        assert_eq!(value, Err(Undefined::OneClass), "{name}");
    }
    assert_eq!(
        cohen(&PairTable::default(), Weights::Linear),
        Err(Undefined::NothingCompared)
    );
}

#[test]
fn intervals_hold_the_value_and_do_not_depend_on_threads() {
    let units: Vec<Coincidences> = (0..40_u32)
        .map(|at| {
            state_of(&[if at % 3 == 0 {
                vec![(0, 1), (1, 1)]
            } else {
                vec![(at % 2, 2)]
            }])
        })
        .collect();
    let units: Vec<&Coincidences> = units.iter().collect();
    let compute = |state: &Coincidences| coefficients(state, 2, Distance::Nominal);
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| intervals(&units, compute))
    };
    let found = on(1);
    assert_eq!(found, on(3));
    let mut whole = Coincidences::default();
    units.iter().for_each(|unit| whole.merge(unit));
    for ((name, value), interval) in compute(&whole).into_iter().zip(found) {
        let (low, high) = interval.unwrap();
        let value = value.unwrap();
        assert!(low < value && value < high, "{name}: {low} {value} {high}");
    }
}

#[test]
fn the_width_of_intervals_is_that_of_gwets_standard_error() {
    // distrib.6raters: irrCAC prints a standard error of .0812 for Fleiss' kappa; the bootstrap's
    // interval is about four of them wide, and two standard errors of a sample of 15 are rough.
    let half: Vec<Coincidences> = examples::fleiss_half();
    let half: Vec<&Coincidences> = half.iter().collect();
    let found = intervals(&half, |state| vec![("fleiss", fleiss(state))]);
    let (low, high) = found[0].unwrap();
    let error = (high - low) / (2.0 * 1.96);
    assert!((0.055..0.1).contains(&error), "{error}");
}
