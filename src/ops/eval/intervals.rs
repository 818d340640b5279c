//! Intervals that have no formula: by drawing test records, or groups of them, anew.

use std::collections::BTreeMap;

use crate::evaluate::{Confusion, Counts, LEVEL, bootstrap};

use super::Told;
use super::paired::Side;

/// No more units than this are drawn: a thousand times so many take about a second.
pub(in crate::ops) const MOST_UNITS: usize = 200_000;

/// The scores that a bootstrap is for.
pub(super) fn is_drawn(name: &str) -> bool {
    name.starts_with("macro_") || matches!(name, "micro_f1" | "mcc" | "f1")
}

/// Gives the scores of an evaluation that have no formula for it the interval of a bootstrap.
pub(super) fn fill(told: &mut Told, side: &Side) {
    let confusion = Confusion::from_object(&told.evaluation.confusion);
    let place = |class: &str| confusion.place(class);
    let Some(outcomes) = outcomes(side, &place) else {
        return;
    };
    let units = units(side, 0..side.records.len());
    if units.len() > MOST_UNITS {
        return;
    }
    let null = told.null_class.as_deref().and_then(place);
    let mut drawn = Vec::new();
    for (at, score) in told.scores.iter().enumerate() {
        if is_drawn(score.name) && score.value.is_some() {
            let class = score.class.as_deref().and_then(place);
            drawn.push((at, score.name, class));
        }
    }
    let classes = confusion.classes().len();
    let found = bootstrap(units.len(), LEVEL, |places| {
        let mut counts = Counts::new(classes);
        for unit in places {
            for record in &units[*unit as usize] {
                let (truth, said) = outcomes[*record];
                counts.add(truth, said);
            }
        }
        let score =
            |(_, name, class): &(usize, &str, Option<usize>)| counts.score(name, *class, null);
        drawn.iter().map(score).collect()
    });
    let at: Vec<usize> = drawn.into_iter().map(|(at, _, _)| at).collect();
    for (at, interval) in at.into_iter().zip(found) {
        told.scores[at].interval = interval;
    }
}

/// Returns the numbers of true and predicted class of each record; `None` where a class is not
/// known.
pub(super) fn outcomes(
    side: &Side,
    place: &dyn Fn(&str) -> Option<usize>,
) -> Option<Vec<(u32, u32)>> {
    let mut known: BTreeMap<&str, u32> = BTreeMap::new();
    let mut number = |class| -> Option<u32> {
        if let Some(number) = known.get(class) {
            return Some(*number);
        }
        let number = place(class)? as u32;
        known.insert(class, number);
        Some(number)
    };
    let records = side.records.iter().zip(&side.said);
    records
        .map(|(record, said)| Some((number(record.label.as_str())?, number(said.as_deref()?)?)))
        .collect()
}

/// Returns what is drawn: places of records, one by one or group by group.
pub(super) fn units(side: &Side, records: impl Iterator<Item = usize>) -> Vec<Vec<usize>> {
    let mut alone = Vec::new();
    let mut groups: BTreeMap<_, Vec<usize>> = BTreeMap::new();
    for at in records {
        match side.records[at].group {
            Some(group) => groups.entry(group).or_default().push(at),
            None => alone.push(vec![at]),
        }
    }
    // Groups in the order of their first records, which is that of keys.
    alone.extend(groups.into_values());
    alone.sort();
    alone
}
