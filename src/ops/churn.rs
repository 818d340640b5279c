//! Churn of a range: labels that changed and changed back, which its two ends do not show.
//!
//! Invariant: counted from all change sets of the range, or not at all.

use std::collections::{BTreeMap, BTreeSet};

use crate::diff::{self, Event, EventSink};
use crate::object::changes::{Cause, ChangeSet, RowChange, RowKey};
use crate::repo::Repo;

use super::error::Error;
use super::rows;

/// Ranges with more rows than this are not counted.
const MOST_ROWS: u64 = 1_000_000;

/// The first and the last value of a label, and whether all of its changes were relabels.
struct Path {
    from: Option<String>,
    to: Option<String>,
    relabels: bool,
}

/// Returns for each data set with a key how many labels of records changed and have the value
/// again that they had before the range. Of one change set there is nothing to count.
pub(super) fn churn(repo: &Repo, line: &[ChangeSet]) -> Result<BTreeMap<String, u64>, Error> {
    let mut counts = BTreeMap::new();
    if line.len() < 2 {
        return Ok(counts);
    }
    let datasets = line.iter().flat_map(|set| &set.datasets);
    let mut rest = MOST_ROWS;
    let (mut names, mut unknown) = (BTreeSet::new(), BTreeSet::new());
    for dataset in datasets {
        let rows = diff::rows_of(dataset);
        names.insert(dataset.name.as_str());
        match rest.checked_sub(rows) {
            Some(left) if dataset.rows || rows == 0 => rest = left,
            _ => {
                unknown.insert(dataset.name.as_str());
            }
        }
    }
    let mut labels: BTreeMap<(String, Vec<Option<String>>, String), Path> = BTreeMap::new();
    let mut keyless = BTreeSet::new();
    for set in line {
        rows::kept(repo, set, &mut |row| {
            let RowKey::Key(key) = row.key else {
                keyless.insert(row.dataset);
                return true;
            };
            match row.change {
                RowChange::Label(label) => {
                    let path = labels
                        .entry((row.dataset, key, label.field))
                        .or_insert(Path {
                            from: label.from,
                            to: None,
                            relabels: true,
                        });
                    path.to = label.to;
                    path.relabels &= label.cause == Cause::Relabel;
                }
                // What comes anew or goes is another record.
                RowChange::Added | RowChange::Removed => {
                    let record = (row.dataset, key);
                    let first = (record.0.clone(), record.1.clone(), String::new());
                    let of = labels
                        .range(first..)
                        .take_while(|((name, key, _), _)| *name == record.0 && *key == record.1);
                    let of: Vec<_> = of.map(|(label, _)| label.clone()).collect();
                    for label in of {
                        labels.remove(&label);
                    }
                }
            }
            true
        })?;
    }
    for name in names.difference(&unknown) {
        if !keyless.contains(*name) {
            counts.insert((*name).to_owned(), 0);
        }
    }
    for ((name, ..), path) in labels {
        if let Some(count) = counts.get_mut(&name)
            && path.relabels
            && path.from == path.to
        {
            *count += 1;
        }
    }
    Ok(counts)
}

/// Passes events on, with the churn of each data set.
pub(super) struct Churned<'a> {
    /// Who hears of them.
    pub sink: &'a mut dyn EventSink,
    /// By data set.
    pub churn: BTreeMap<String, u64>,
}

impl EventSink for Churned<'_> {
    fn event(&mut self, mut event: Event) -> Result<(), diff::Error> {
        if let Event::Summary(summary) = &mut event
            && !summary.filtered
        {
            summary.churn = self.churn.get(&summary.dataset).copied();
        }
        self.sink.event(event)
    }
}
