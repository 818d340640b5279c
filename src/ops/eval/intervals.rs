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

/// Gives the scores of an evaluation that have no formula for it the interval of a bootstrap by
/// groups, which stand in its records.
pub(super) fn by_group(told: &mut Told, side: &Side) {
    let confusion = Confusion::from_object(&told.evaluation.confusion);
    let place = |class: &str| confusion.place(class);
    let Some(outcomes) = outcomes(side, &place) else {
        return;
    };
    let units = units(side, 0..side.records.len());
    if units.len() > MOST_UNITS {
        return;
    }
    let drawn = |counts: &mut Counts, unit: usize| {
        for record in &units[unit] {
            let (truth, said) = outcomes[*record];
            counts.add(truth, said);
        }
    };
    fill(told, &confusion, units.len(), &drawn);
}

/// Gives them the interval of a bootstrap by records. All records of a true and a predicted class
/// are alike, so that the matrix is all that it needs.
pub(super) fn by_record(told: &mut Told) {
    let confusion = Confusion::from_object(&told.evaluation.confusion);
    if confusion.total() > MOST_UNITS as u64 {
        return;
    }
    let mut outcomes = Vec::new();
    for (truth, said, count) in confusion.counts() {
        outcomes.extend((0..count).map(|_| (truth as u32, said as u32)));
    }
    let drawn = |counts: &mut Counts, unit: usize| {
        let (truth, said) = outcomes[unit];
        counts.add(truth, said);
    };
    fill(told, &confusion, outcomes.len(), &drawn);
}

fn fill(
    told: &mut Told,
    confusion: &Confusion,
    units: usize,
    add: &(dyn Fn(&mut Counts, usize) + Sync),
) {
    let place = |class: &str| confusion.place(class);
    let null = told.null_class.as_deref().and_then(place);
    let mut wanted = Vec::new();
    for (at, score) in told.scores.iter().enumerate() {
        if is_drawn(score.name) && score.value.is_some() {
            let class = score.class.as_deref().and_then(place);
            wanted.push((at, score.name, class));
        }
    }
    let classes = confusion.classes().len();
    let found = bootstrap(units, LEVEL, |places| {
        let mut counts = Counts::new(classes);
        places
            .iter()
            .for_each(|unit| add(&mut counts, *unit as usize));
        let score =
            |(_, name, class): &(usize, &str, Option<usize>)| counts.score(name, *class, null);
        wanted.iter().map(score).collect()
    });
    let at: Vec<usize> = wanted.into_iter().map(|(at, _, _)| at).collect();
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
