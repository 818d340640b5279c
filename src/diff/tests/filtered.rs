//! A filtered diff tells a part of the whole one, and counts what it tells.

use proptest::prelude::*;

use super::super::event::Event;
use super::oracle::{edit, edited, row, sheet};
use super::sheet::{Sheet, diff_where};
use crate::dataset::Where;

fn events(before: &Sheet, after: &Sheet, condition: Option<&str>) -> Vec<Event> {
    let parsed = condition.map(|text| Where::parse(text).unwrap());
    let cuts = (&before.cut(4, 1), &after.cut(4, 1));
    diff_where(before, after, cuts, parsed.as_ref(), 1 << 20).0
}

fn single(events: &[Event]) -> Vec<&Event> {
    let of_record =
        |event: &&Event| matches!(event, Event::Label(_) | Event::Record(_) | Event::Cell(_));
    events.iter().filter(of_record).collect()
}

/// Conditions that are never null, so that each event passes one or its opposite.
const TOTAL: [&str; 6] = [
    "change = 'label'",
    "change in ('added', 'cell')",
    "from is null",
    "label is not null and change != 'removed'",
    "field is null or x is null or change = 'label'",
    "key is null",
];

const OTHERS: [&str; 5] = [
    "label = 'a'",
    "from < to",
    "x = 1 and y != 2",
    "cause = 'relabel' or field = 'x'",
    "key > '1' and \"label\" like '%'",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn what_passes_is_a_part_of_the_whole_and_is_counted(
        rows in prop::collection::vec(row(), 0..30),
        edits in prop::collection::vec(edit(), 0..10),
        keyed in any::<bool>(),
    ) {
        let columns = ["id", "x", "y", "label"];
        let after = sheet(edited(&rows, &edits), keyed, &columns);
        let before = sheet(rows, keyed, &columns);
        let whole = events(&before, &after, None);
        for condition in TOTAL.into_iter().chain(OTHERS) {
            let passed = events(&before, &after, Some(condition));
            let mut rest = single(&whole).into_iter();
            for event in single(&passed) {
                prop_assert!(rest.any(|other| other == event), "{}", condition);
            }
            let opposite = events(&before, &after, Some(&format!("not ({condition})")));
            let both = single(&passed).len() + single(&opposite).len();
            prop_assert!(both <= single(&whole).len());
            if TOTAL.contains(&condition) {
                prop_assert_eq!(both, single(&whole).len(), "{}", condition);
            }
            let Some(Event::Summary(summary)) = passed.last() else { panic!() };
            let count = |wanted: fn(&Event) -> bool| passed.iter().filter(|e| wanted(e)).count() as u64;
            let records = count(|event| matches!(event, Event::Record(_)));
            let labels = count(|event| matches!(event, Event::Label(_)));
            prop_assert_eq!(summary.records.added + summary.records.removed, records);
            prop_assert_eq!(summary.transitions.iter().map(|t| t.count).sum::<u64>(), labels);
            prop_assert!(summary.filtered && summary.counts_anything() != single(&passed).is_empty());
        }
    }
}
