//! Which changes were chosen: heard from a diff under a condition.

use std::collections::BTreeMap;

use crate::diff::{self, Event, EventSink, Identity, RecordStatus, Side};

/// A changed field of a kept record.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Field {
    /// Its name in the version whose files change.
    pub(super) base: String,
    /// Its name in the other one.
    pub(super) other: String,
}

/// The chosen changes of one kept record.
#[derive(Debug)]
pub(super) struct Kept {
    /// Where it stands in the other version.
    pub(super) other: u64,
    pub(super) fields: Vec<Field>,
    pub(super) key: String,
}

/// The chosen changes of one data set; places count from 0.
#[derive(Debug, Default)]
pub(super) struct Chosen {
    /// All records of the version whose files change that the other one does not have.
    pub(super) only_base: Vec<u64>,
    /// All records of the other version that it does not have.
    pub(super) only_other: Vec<u64>,
    /// Kept records by their place in the version whose files change.
    pub(super) kept: BTreeMap<u64, Kept>,
    /// Records that go.
    pub(super) take_out: BTreeMap<u64, String>,
    /// Records that come, by their place in the other version.
    pub(super) put_in: BTreeMap<u64, String>,
}

impl Chosen {
    pub(super) fn is_empty(&self) -> bool {
        self.kept.is_empty() && self.take_out.is_empty() && self.put_in.is_empty()
    }

    /// Returns the key of some chosen record.
    pub(super) fn first_key(&self) -> String {
        let kept = self.kept.values().map(|kept| &kept.key);
        let mut keys = kept
            .chain(self.take_out.values())
            .chain(self.put_in.values());
        keys.next().cloned().unwrap_or_default()
    }
}

/// Hears a diff.
pub(super) struct Chooser {
    base: Side,
    /// What was heard of the data set whose summary is still to come.
    open: Chosen,
    /// Where the record of the next event stands, and what its field was called.
    pair: Option<((u64, u64), String)>,
    datasets: Vec<(String, Chosen)>,
}

impl Chooser {
    pub(super) fn new(base: Side) -> Self {
        Self {
            base,
            open: Chosen::default(),
            pair: None,
            datasets: Vec::new(),
        }
    }

    /// Returns the chosen changes of the data sets that have some.
    pub(super) fn finish(self) -> Vec<(String, Chosen)> {
        let datasets = self.datasets.into_iter();
        datasets.filter(|(_, chosen)| !chosen.is_empty()).collect()
    }

    fn changed(&mut self, key: &Identity, newer_field: &str) {
        let Some(((before, after), older_field)) = self.pair.take() else {
            return;
        };
        let (newer_field, key) = (newer_field.to_owned(), spelled(key));
        let (place, other, field) = match self.base {
            Side::Before => (
                before,
                after,
                Field {
                    base: older_field,
                    other: newer_field,
                },
            ),
            Side::After => (
                after,
                before,
                Field {
                    base: newer_field,
                    other: older_field,
                },
            ),
        };
        let kept = self.open.kept.entry(place).or_insert_with(|| Kept {
            other,
            fields: Vec::new(),
            key,
        });
        kept.fields.push(field);
    }
}

impl EventSink for Chooser {
    fn event(&mut self, event: Event) -> Result<(), diff::Error> {
        match event {
            Event::Label(label) => self.changed(&label.key, &label.field),
            Event::Cell(cell) => self.changed(&cell.key, &cell.field),
            Event::Record(record) => {
                let side = match record.change {
                    RecordStatus::Removed => Side::Before,
                    RecordStatus::Added => Side::After,
                };
                let places = match side == self.base {
                    true => &mut self.open.take_out,
                    false => &mut self.open.put_in,
                };
                places.insert(record.place.saturating_sub(1), spelled(&record.key));
            }
            Event::Summary(summary) => {
                let chosen = std::mem::take(&mut self.open);
                self.datasets.push((summary.dataset, chosen));
            }
            Event::File(_) | Event::Schema(_) | Event::Problem(_) => {}
        }
        Ok(())
    }

    fn unmatched(&mut self, removed: &[u64], added: &[u64]) {
        let (removed, added) = (removed.to_vec(), added.to_vec());
        (self.open.only_base, self.open.only_other) = match self.base {
            Side::Before => (removed, added),
            Side::After => (added, removed),
        };
    }

    fn pair(&mut self, places: (u64, u64), older_field: &str) {
        self.pair = Some((places, older_field.to_owned()));
    }
}

/// Writes a key for an error.
fn spelled(key: &Identity) -> String {
    match key {
        Identity::Key(parts) => {
            let parts = parts.iter().map(|part| part.as_deref().unwrap_or("null"));
            parts.collect::<Vec<_>>().join(", ")
        }
        Identity::Ordinal(ordinal, _) => format!("#{ordinal}"),
    }
}
