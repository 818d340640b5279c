//! Several change sets as one: what a range of commits did to a data set.
//!
//! Invariant: what is composed is what comparing the two ends says; where a change set does not
//! tell enough for that, nothing is composed and the ends are compared. That needs unique keys,
//! records that keep their order, and changes that are all label changes, additions or removals:
//! the usual life of a labelled data set.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use crate::object::changes::{
    Cause, DatasetChanges, LabelChange, LabelCounts, RecordCounts, Row, RowChange, RowKey,
    SplitCount, Transition,
};

/// What one commit did to a data set: its counts, and all rows of its change set.
#[derive(Clone, Debug)]
pub struct Step {
    /// The counts.
    pub changes: DatasetChanges,
    /// The rows, in any order.
    pub rows: Vec<Row>,
}

/// What happened so far to a record that the oldest version has.
struct Kept {
    place: u64,
    split: Option<String>,
    /// By field, the label at the beginning, and the last change.
    labels: BTreeMap<String, (Option<String>, LabelChange)>,
    annotator: Option<String>,
}

#[derive(Default)]
struct Sum {
    kept: BTreeMap<Vec<Option<String>>, Kept>,
    /// With their places in the newest version, and their splits.
    added: BTreeMap<Vec<Option<String>>, (u64, Option<String>)>,
    /// With their places in the oldest version, and their splits.
    removed: BTreeMap<Vec<Option<String>>, (u64, Option<String>)>,
    /// Whether the data set declares a split.
    splitting: bool,
}

/// Returns what steps from each version to the next are together; `None` where that takes the
/// records of both ends.
pub fn compose(steps: Vec<Step>) -> Option<Step> {
    let (first, last) = (steps.first()?, steps.last()?);
    let (before, after) = (first.changes.records.before, last.changes.records.after);
    let (name, guideline) = (first.changes.name.clone(), last.changes.guideline.clone());
    let mut sum = Sum::default();
    // From places in the version before a step to places in the oldest one.
    let mut shifts: Vec<Shift> = Vec::new();
    for step in steps {
        let shift = Shift::of(&step)?;
        sum.add(step, &shift, &shifts)?;
        shifts.push(shift);
    }
    sum.finish(name, before, after).map(|mut whole| {
        whole.changes.guideline = guideline;
        whole
    })
}

/// How places of kept records shift in a step: records keep their order.
struct Shift {
    /// Places of removed records in the older version, sorted, counted from 0.
    removed: Vec<u64>,
    /// Places of added records in the newer version, sorted, counted from 0.
    added: Vec<u64>,
}

impl Shift {
    /// Returns the shifts of a step that can be composed.
    fn of(step: &Step) -> Option<Self> {
        let counts = &step.changes.records;
        let plain = step.changes.schema.is_empty()
            && counts.respelled == 0
            && counts.moved == Some(0)
            && step.changes.splits.iter().all(|split| split.came == 0)
            && step
                .changes
                .labels
                .transitions
                .iter()
                .all(|t| t.cause == Cause::Relabel);
        let places = |wanted: fn(&RowChange) -> bool| {
            let rows = step.rows.iter().filter(|row| wanted(&row.change));
            let mut places: Vec<u64> = rows.map(|row| row.place.saturating_sub(1)).collect();
            places.sort_unstable();
            places
        };
        plain.then(|| Self {
            removed: places(|change| matches!(change, RowChange::Removed)),
            added: places(|change| matches!(change, RowChange::Added)),
        })
    }

    /// Returns the newer place of an older one that is kept.
    fn forward(&self, place: u64) -> u64 {
        let passed = self.removed.partition_point(|removed| *removed < place);
        let rank = place.saturating_sub(passed as u64);
        place_of_rank(&self.added, rank)
    }

    /// Returns the older place of a newer one that was kept.
    fn back(&self, place: u64) -> u64 {
        let passed = self.added.partition_point(|added| *added < place);
        let rank = place.saturating_sub(passed as u64);
        place_of_rank(&self.removed, rank)
    }
}

/// Returns the place of the record of a rank among those that are not `others`, which are sorted;
/// both count from 0.
pub fn place_of_rank(others: &[u64], rank: u64) -> u64 {
    // The n-th of the others stands before it where fewer than rank + 1 records stand before that.
    let (mut low, mut high) = (0, others.len());
    while low < high {
        let middle = low.midpoint(high);
        match others[middle].saturating_sub(middle as u64) <= rank {
            true => low = middle + 1,
            false => high = middle,
        }
    }
    rank.saturating_add(low as u64)
}

impl Sum {
    fn add(&mut self, step: Step, shift: &Shift, shifts: &[Shift]) -> Option<()> {
        for (place, _) in self.added.values_mut() {
            // Those that this step removes go below, by their keys.
            *place = shift.forward(*place);
        }
        for kept in self.kept.values_mut() {
            kept.place = shift.forward(kept.place);
        }
        let modified = step.changes.records.modified;
        self.splitting |= !step.changes.splits.is_empty();
        let mut relabelled = std::collections::BTreeSet::new();
        for row in step.rows {
            let RowKey::Key(key) = row.key else {
                return None;
            };
            if key.iter().any(Option::is_none) {
                return None; // null keys never match
            }
            let place = row.place.checked_sub(1)?;
            match row.change {
                RowChange::Label(label) => {
                    relabelled.insert(key.clone());
                    if !self.added.contains_key(&key) {
                        self.relabel(key, place, row.split, label);
                    }
                }
                RowChange::Added => {
                    // A record that comes back may have come back changed.
                    if self.removed.contains_key(&key)
                        || self.added.insert(key, (place, row.split)).is_some()
                    {
                        return None;
                    }
                }
                RowChange::Removed => {
                    self.kept.remove(&key);
                    if self.added.remove(&key).is_none() {
                        let place = shifts.iter().rev().fold(place, |place, s| s.back(place));
                        self.removed.insert(key, (place, row.split));
                    }
                }
            }
        }
        // Else fields other than labels changed, which rows do not tell.
        (relabelled.len() as u64 == modified).then_some(())
    }

    fn relabel(
        &mut self,
        key: Vec<Option<String>>,
        place: u64,
        split: Option<String>,
        label: LabelChange,
    ) {
        let kept = self.kept.entry(key).or_insert_with(|| Kept {
            place,
            split,
            labels: BTreeMap::new(),
            annotator: label.annotator_before.clone(),
        });
        // What the record says of itself is told as it is in the end.
        for (_, known) in kept.labels.values_mut() {
            known.annotator.clone_from(&label.annotator);
            known.source.clone_from(&label.source);
            known.reason.clone_from(&label.reason);
            known.guideline.clone_from(&label.guideline);
        }
        match kept.labels.entry(label.field.clone()) {
            Entry::Occupied(mut known) => known.get_mut().1 = label,
            Entry::Vacant(new) => {
                new.insert((label.from.clone(), label));
            }
        }
    }

    fn finish(self, name: String, before: u64, after: u64) -> Option<Step> {
        let mut rows = Vec::new();
        let mut transitions: BTreeMap<(String, Option<String>, Option<String>), u64> =
            BTreeMap::new();
        let modified = self.kept.len() as u64;
        let mut splits: BTreeMap<Option<String>, SplitCount> = BTreeMap::new();
        for (key, kept) in self.kept {
            for (field, (from, last)) in kept.labels {
                if from == last.to {
                    return None; // whether anything else of the record changed is unknown
                }
                *transitions
                    .entry((field, from.clone(), last.to.clone()))
                    .or_default() += 1;
                let change = LabelChange {
                    from,
                    annotator_before: kept.annotator.clone(),
                    ..last
                };
                splits.entry(kept.split.clone()).or_default().relabelled += 1;
                let record = (RowKey::Key(key.clone()), kept.place + 1);
                let change = RowChange::Label(change);
                rows.push(Row::new(&name, record, kept.split.clone(), change));
            }
        }
        let (added, removed) = (self.added.len() as u64, self.removed.len() as u64);
        if modified + added + removed == 0 {
            return None;
        }
        let all = [
            (self.added, RowChange::Added),
            (self.removed, RowChange::Removed),
        ];
        for (records, change) in all {
            for (key, (place, split)) in records {
                let count = splits.entry(split.clone()).or_default();
                match change {
                    RowChange::Added => count.added += 1,
                    _ => count.removed += 1,
                }
                let record = (RowKey::Key(key), place + 1);
                rows.push(Row::new(&name, record, split, change.clone()));
            }
        }
        let text = |value: Option<String>| value.as_deref().map(Into::into);
        let transitions: Vec<Transition> = transitions
            .into_iter()
            .map(|((field, from, to), count)| Transition {
                field,
                from: text(from),
                to: text(to),
                cause: Cause::Relabel,
                count,
            })
            .collect();
        let changes = DatasetChanges {
            records: RecordCounts {
                before,
                after,
                added,
                removed,
                modified,
                respelled: 0,
                moved: Some(0),
            },
            labels: LabelCounts {
                relabelled: transitions.iter().map(|t| t.count).sum(),
                transitions,
                ..LabelCounts::default()
            },
            schema: Vec::new(),
            splits: match self.splitting {
                true => splits
                    .into_iter()
                    .map(|(split, count)| SplitCount { split, ..count })
                    .collect(),
                false => Vec::new(),
            },
            step: match modified + removed {
                0 => "minor",
                _ => "major",
            }
            .to_owned(),
            guideline: None,
            rows: true,
            name,
        };
        Some(Step { changes, rows })
    }
}
