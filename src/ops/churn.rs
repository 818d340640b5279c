//! Churn of a range: labels that changed and changed back, which its two ends do not show.
//!
//! Invariant: counted from all change sets of the range, or not at all.

use std::collections::{BTreeMap, BTreeSet};

use crate::diff::{self, Event, EventSink};
use crate::object::changes::{Cause, RowChange, RowKey};
use crate::repo::Repo;

use super::error::Error;
use super::sealed::{Link, MOST_ROWS};

/// The first and the last value of a label, and whether all of its changes were relabels.
struct Path<'a> {
    from: Option<&'a str>,
    to: Option<&'a str>,
    relabels: bool,
}

/// Returns for each data set with a key how many labels of records changed and have the value
/// again that they had before the range. Of one change set there is nothing to count.
pub(super) fn churn(repo: &Repo, line: &[Link]) -> Result<BTreeMap<String, u64>, Error> {
    let mut counts = BTreeMap::new();
    if line.len() < 2 {
        return Ok(counts);
    }
    let datasets = line.iter().flat_map(|link| &link.changes.datasets);
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
    let mut labels: BTreeMap<_, Path<'_>> = BTreeMap::new();
    let mut keyless = BTreeSet::new();
    // Records that were not there all the time.
    let mut others = BTreeSet::new();
    for link in line {
        for row in link.rows(repo)? {
            let RowKey::Key(key) = &row.key else {
                keyless.insert(row.dataset.as_str());
                continue;
            };
            let record = (row.dataset.as_str(), key.as_slice());
            let RowChange::Label(label) = &row.change else {
                others.insert(record);
                continue;
            };
            let path = labels
                .entry((record, label.field.as_str()))
                .or_insert(Path {
                    from: label.from.as_deref(),
                    to: None,
                    relabels: true,
                });
            path.to = label.to.as_deref();
            path.relabels &= label.cause == Cause::Relabel;
        }
    }
    for name in names.difference(&unknown) {
        if !keyless.contains(*name) {
            counts.insert((*name).to_owned(), 0);
        }
    }
    for ((record, _), path) in labels {
        if let Some(count) = counts.get_mut(record.0)
            && !others.contains(&record)
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
