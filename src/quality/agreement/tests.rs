//! The state is a group; coefficients are undefined for a reason; intervals are reproducible.

use proptest::prelude::*;

use super::*;
use crate::base::{ObjectId, RepoPath};
use crate::dataset::{self, Declarations, Table};
use crate::object::{EntryKind, FileEntry, MemoryStore, ObjectSink as _};
use crate::record::Type;

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

/// Builds the table of a CSV in a store.
fn table(csv: &str, roles: &str) -> (MemoryStore, Table) {
    let mut store = MemoryStore::new();
    let content = store.put(csv.as_bytes()).unwrap();
    let entry = FileEntry {
        path: RepoPath::new("t.csv").unwrap(),
        kind: EntryKind::File,
        size: csv.len() as u64,
        content,
    };
    let toml = format!("[dataset.t]\npath = \"t.csv\"\n{roles}");
    let declared = Declarations::parse(toml.as_bytes()).unwrap();
    let table = Table::open(&store, &[entry], declared.get("t").unwrap()).unwrap();
    (store, table)
}

/// Reads the ratings of a table, at most so many at once.
fn read_all(csv: &str, roles: &str, shape: Shape<'_>, most: u64) -> (Vec<Ratings>, Tally) {
    let (store, table) = table(csv, roles);
    let question = Question {
        table: &table,
        shape,
        strata: None,
        most,
    };
    let (mut parts, mut tally) = (Vec::new(), Tally::default());
    read::<dataset::Error>(&store, &question, &mut |ratings| {
        tally.add(&ratings.ratings, true);
        parts.push(ratings);
        Ok(())
    })
    .unwrap();
    (parts, tally)
}

const LONG: &str = "item = \"item\"\nannotator = \"who\"\nlabel = \"label\"\n";

#[test]
fn ratings_read_in_many_parts_are_those_read_at_once() {
    let mut csv = "item,who,label\n".to_owned();
    for at in 0..400 {
        csv.push_str(&format!("{},w{},{}\n", at / 3, at % 7, (at * at) % 5));
    }
    let (once, whole) = read_all(&csv, LONG, Shape::Long("label"), u64::MAX);
    let (parts, merged) = read_all(&csv, LONG, Shape::Long("label"), 50);
    assert_eq!((once.len(), parts.len()), (1, 8));
    assert!(parts.iter().all(|part| part.ratings.len() < 120));
    assert_eq!(whole, merged);
    for part in &parts {
        assert_eq!(part.classes, once[0].classes);
        assert_eq!(part.annotators, once[0].annotators);
    }
    let mut all: Vec<Rating> = parts.into_iter().flat_map(|part| part.ratings).collect();
    all.sort_unstable();
    assert_eq!(all, once[0].ratings);
}

#[test]
fn values_are_told_apart_as_their_types_want_it() {
    // 17 and 17.0 are one item and one class; a missing label is no rating, a missing item none.
    let csv = "item,who,label\n17,a,1\n17.0,b,1.0\n18,a,10\n18,b,9\n19,a,\n,b,3\n18,,9\n18,b,9\n";
    let (parts, tally) = read_all(csv, LONG, Shape::Long("label"), u64::MAX);
    assert_eq!(parts[0].classes, ["1", "9", "10"]);
    assert_eq!(parts[0].kind, Some(Type::Integer));
    assert_eq!((parts[0].ratings.len(), parts[0].without_item), (6, 1));
    let stratum = tally.strata.values().next().unwrap();
    assert_eq!((stratum.repeated, stratum.anonymous), (1, 1));
    // Two ratings of item 18 by b make two pairs with that of a.
    assert_eq!(stratum.pair((0, 1)).total(), 3);
    assert_eq!(
        stratum.state().sizes().into_iter().collect::<Vec<_>>(),
        [(2, 1), (4, 1)]
    );
}

#[test]
fn groups_are_drawn_as_a_whole_and_strata_are_kept_apart() {
    let csv = "item,who,label,user\n1,a,x,u\n1,b,x,u\n2,a,x,u\n2,b,y,u\n3,a,y,v\n3,b,y,v\n";
    let grouped = format!("{LONG}group = \"user\"\n");
    let (_, tally) = read_all(csv, &grouped, Shape::Long("label"), u64::MAX);
    assert_eq!(tally.strata.values().next().unwrap().units.len(), 2);
    let (_, tally) = read_all(csv, LONG, Shape::Long("label"), u64::MAX);
    assert_eq!(tally.strata.values().next().unwrap().units.len(), 3);
}

proptest! {
    #[test]
    fn the_order_of_records_does_not_change_the_tally(
        rows in proptest::collection::vec((0_u32..9, 0_u32..4, 0_u32..3), 1..60),
        seed in any::<u64>(),
    ) {
        let csv = |rows: &[(u32, u32, u32)]| {
            let lines = rows.iter().map(|(item, who, label)| format!("{item},w{who},c{label}\n"));
            format!("item,who,label\n{}", lines.collect::<String>())
        };
        let mut shuffled = rows.clone();
        let hash = |row: &(u32, u32, u32)| ObjectId::of(format!("{seed} {row:?}").as_bytes());
        shuffled.sort_by_key(hash);
        let (_, one) = read_all(&csv(&rows), LONG, Shape::Long("label"), u64::MAX);
        let (_, other) = read_all(&csv(&shuffled), LONG, Shape::Long("label"), 7);
        prop_assert_eq!(&one, &other);
        // Item by item, as the definition has it.
        let mut expected = Coincidences::default();
        for item in 0..9 {
            let classes = rows.iter().filter(|row| row.0 == item).map(|row| row.2);
            let mut counts = std::collections::BTreeMap::new();
            classes.for_each(|class| *counts.entry(class).or_insert(0) += 1);
            let known: std::collections::BTreeSet<u32> = rows.iter().map(|row| row.2).collect();
            let number = |class: u32| known.range(..class).count() as u32;
            let counts: Vec<(u32, u32)> = counts.into_iter().map(|(c, n)| (number(c), n)).collect();
            expected.add_item(&counts);
        }
        let stratum = one.strata.values().next().unwrap();
        prop_assert_eq!(stratum.state(), expected);
    }
}
