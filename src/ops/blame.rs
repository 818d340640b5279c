//! `blame`: the life of one record's labels, along the first parents of HEAD.
//!
//! Rows of change sets tell it. Where a change set keeps no rows (a data set that was new, or very
//! many changes), the record is looked up in the two versions, with the same answer.

use crate::base::{ObjectId, Text, Timestamp};
use crate::dataset::{Declarations, Table};
use crate::index::ChangeFilter;
use crate::object::changes::{
    Cause, ChangeSet, DatasetChanges, Guideline, LabelChange, Row, RowChange, RowKey, Transition,
};
use crate::object::tree::{Entry as _, Walker};
use crate::object::{self, Commit, Snapshot};
use crate::repo::Repo;

use super::error::Error;
use super::lookup::{self, Found, Key, KeyFields};

/// Which record's life to tell.
#[derive(Clone, Debug, Default)]
pub struct BlameOptions {
    /// The data set.
    pub dataset: String,
    /// The values of its key fields.
    pub key: Vec<String>,
    /// Only this label field.
    pub field: Option<String>,
    /// Read change sets, not the index.
    pub from_objects: bool,
}

/// What happened.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BlameKind {
    /// The record came, with this label.
    Added,
    /// The label changed.
    Label,
    /// The record went, with this label.
    Removed,
}

/// One event in the life of a label.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BlameEvent {
    /// What happened.
    pub kind: BlameKind,
    /// The label field.
    pub field: String,
    /// The label before.
    pub from: Option<String>,
    /// The label after.
    pub to: Option<String>,
    /// Why it changed.
    pub cause: Option<Cause>,
    /// The commit.
    pub commit: ObjectId,
    /// Who committed.
    pub author: String,
    /// When.
    pub time: Timestamp,
    /// Who labelled, as the data say.
    pub annotator: Option<String>,
    /// Whether the data said the same annotator before.
    pub annotator_unchanged: bool,
    /// What made the change.
    pub source: Option<String>,
    /// The reason code.
    pub reason: Option<String>,
    /// The guideline in force.
    pub guideline: Option<Guideline>,
    /// The commit's message.
    pub message: String,
}

/// Tells the life of a record's labels, oldest event first.
pub fn blame(repo: &Repo, options: &BlameOptions) -> Result<Vec<BlameEvent>, Error> {
    let mut line = Vec::new();
    let mut next = repo.head_commit()?;
    while let Some((id, commit)) = next {
        next = match commit.parents.first() {
            Some(parent) => Some((*parent, object::get(&repo.store, parent)?)),
            None => None,
        };
        line.push((id, commit));
    }
    let mut events = Vec::new();
    let mut known = std::collections::BTreeSet::new();
    for (id, commit) in line.into_iter().rev() {
        let Some(changes) = commit.changes.first() else {
            continue;
        };
        let changes: ChangeSet = object::get(&repo.store, changes)?;
        known.extend(changes.datasets.iter().map(|dataset| dataset.name.clone()));
        let dataset = changes.datasets.iter().find(|d| d.name == options.dataset);
        if let Some(dataset) = dataset {
            let step = Step {
                repo,
                options,
                id,
                commit: &commit,
                changes: &changes,
                dataset,
            };
            step.tell(&mut events)?;
        }
    }
    if !known.contains(&options.dataset) {
        let known = known.into_iter().collect();
        return Err(Error::NoSuchDataset {
            name: options.dataset.clone(),
            known,
        });
    }
    if let (Some(field), false) = (&options.field, events.is_empty()) {
        events.retain(|event: &BlameEvent| event.field == *field);
        if events.is_empty() {
            let words = format!("`{field}` is no label field that this record ever had");
            return Err(Error::Usage(words));
        }
    }
    if events.is_empty() {
        return Err(nothing_told(repo, options)?);
    }
    Ok(events)
}

/// Says why there is nothing to tell of a record: it is nowhere, its key has other parts, or its
/// data set has no labels.
fn nothing_told(repo: &Repo, options: &BlameOptions) -> Result<Error, Error> {
    let (dataset, key) = (options.dataset.clone(), options.key.clone());
    let declared = match repo.head_snapshot()? {
        Some(snapshot) => {
            Declarations::read(&repo.store, &Snapshot::entries(&repo.store, &snapshot)?)?
        }
        None => Declarations::default(),
    };
    let Some(roles) = declared.get(&dataset).map(|declared| &declared.roles) else {
        return Ok(Error::NoSuchRecord { dataset, key });
    };
    if roles.key().len() != key.len() {
        let fields = roles.key().join(", ");
        let words = format!("the key of `{dataset}` is {fields}: give each value");
        return Ok(Error::Usage(words));
    }
    if roles.labels().is_empty() {
        let words = format!("`{dataset}` has no label fields: blame tells the life of labels");
        return Ok(Error::Usage(words));
    }
    Ok(Error::NoSuchRecord { dataset, key })
}

/// One commit that changed the data set.
struct Step<'a> {
    repo: &'a Repo,
    options: &'a BlameOptions,
    id: ObjectId,
    commit: &'a Commit,
    changes: &'a ChangeSet,
    dataset: &'a DatasetChanges,
}

impl Step<'_> {
    fn tell(&self, events: &mut Vec<BlameEvent>) -> Result<(), Error> {
        let Some(key) = self.key()? else {
            return Ok(());
        };
        let changes = match self.dataset.rows {
            true => self.rows(&key)?,
            false => {
                let (before, after) = (self.before(&key)?, self.after(&key)?);
                compared(before.as_ref(), after.as_ref(), self.dataset)
            }
        };
        if self.is_read_anew() && changes.iter().all(|c| matches!(c, RowChange::Label(_))) {
            self.first_labels(&key, &changes, events)?;
        }
        for change in changes {
            match change {
                RowChange::Added => {
                    let found = self.after(&key)?.unwrap_or_default();
                    for (field, value) in &found.labels {
                        let to = value.clone();
                        events.push(self.event(BlameKind::Added, field, None, to, &found));
                    }
                }
                RowChange::Removed => {
                    let found = self.before(&key)?.unwrap_or_default();
                    for (field, value) in &found.labels {
                        let from = value.clone();
                        events.push(self.event(BlameKind::Removed, field, from, None, &found));
                    }
                }
                RowChange::Label(label) => events.push(self.label(label)),
            }
        }
        Ok(())
    }

    /// Returns whether the commit changed what is a key or a label: rows compare fields that both
    /// sides have, and say nothing of labels that a kept record got so.
    fn is_read_anew(&self) -> bool {
        let kinds = ["key_changed", "role_changed", "field_added"];
        let mut schema = self.dataset.schema.iter();
        schema.any(|change| kinds.contains(&change.change.as_str()))
    }

    /// Tells of labels of a kept record that it did not have before, as labels.
    fn first_labels(
        &self,
        key: &Key,
        changes: &[RowChange],
        events: &mut Vec<BlameEvent>,
    ) -> Result<(), Error> {
        let Some(after) = self.after(key)? else {
            return Ok(());
        };
        let before = self.before(key)?.unwrap_or_default();
        for (field, value) in &after.labels {
            let renamed = self.dataset.schema.iter().any(|change| {
                change.change == "field_renamed" && change.to == serde_json::json!(field)
            });
            let told = changes
                .iter()
                .any(|change| matches!(change, RowChange::Label(label) if label.field == *field));
            let had = before.labels.get(field).is_some_and(Option::is_some);
            if value.is_some() && !had && !told && !renamed {
                let to = value.clone();
                events.push(self.event(BlameKind::Added, field, None, to, &after));
            }
        }
        Ok(())
    }

    fn before(&self, key: &Key) -> Result<Option<Found>, Error> {
        match &self.changes.before {
            Some(snapshot) => self.find(snapshot, key),
            None => Ok(None),
        }
    }

    fn after(&self, key: &Key) -> Result<Option<Found>, Error> {
        self.find(&self.commit.snapshot, key)
    }

    /// Returns the key as it compares in the commit and its parent.
    fn key(&self) -> Result<Option<Key>, Error> {
        let name = &self.dataset.name;
        let Some(fields) = KeyFields::of(self.repo, self.commit, name)? else {
            return Ok(None);
        };
        if fields.names.is_empty() {
            let words = format!(
                "`{name}` has no key: its records are known by their content, which blame cannot follow"
            );
            return Err(Error::Usage(words));
        }
        // A key of another length was another key: the record came when the key changed.
        let fits = fields.names.len() == self.options.key.len();
        Ok(fits.then(|| fields.key(&self.options.key)))
    }

    fn rows(&self, key: &Key) -> Result<Vec<RowChange>, Error> {
        let row_key = RowKey::Key(key.values());
        let indexed = self.repo.index.change_sets(Some(&self.id))?;
        let complete = indexed.iter().any(|row| row.parent == 1 && row.complete);
        if complete && !self.options.from_objects {
            let filter = ChangeFilter {
                commit: Some(self.id),
                parent: Some(1),
                dataset: Some(self.dataset.name.clone()),
                key: Some(row_key),
                ..ChangeFilter::default()
            };
            let rows = self.repo.index.changes(&filter)?;
            return Ok(rows.into_iter().map(|row| row.row.change).collect());
        }
        let Some(body) = self.changes.body else {
            return Ok(Vec::new());
        };
        let prefix = Row::prefix(&self.dataset.name, &row_key);
        let mut found = Vec::new();
        for row in Walker::<Row>::open(&self.repo.store, &body)? {
            let row = row?;
            if row.key().starts_with(&prefix) {
                found.push(row.change);
            } else if row.key() > prefix.as_slice() {
                break;
            }
        }
        Ok(found)
    }

    fn find(&self, snapshot: &ObjectId, key: &Key) -> Result<Option<Found>, Error> {
        let entries = Snapshot::entries(&self.repo.store, snapshot)?;
        let declarations = Declarations::read(&self.repo.store, &entries)?;
        let Some(declaration) = declarations.get(&self.dataset.name) else {
            return Ok(None);
        };
        let table = Table::open(&self.repo.store, &entries, declaration)?;
        lookup::find(&self.repo.store, &table, key)
    }

    fn event(
        &self,
        kind: BlameKind,
        field: &str,
        from: Option<String>,
        to: Option<String>,
        found: &Found,
    ) -> BlameEvent {
        BlameEvent {
            kind,
            field: field.to_owned(),
            from,
            to,
            cause: None,
            commit: self.id,
            author: self.commit.author.clone(),
            time: self.commit.time,
            annotator: found.annotator.clone(),
            annotator_unchanged: false,
            source: found.source.clone().or_else(|| self.changes.source.clone()),
            reason: found.reason.clone().or_else(|| self.changes.reason.clone()),
            guideline: self.dataset.guideline.clone(),
            message: self.commit.message.clone(),
        }
    }

    fn label(&self, label: LabelChange) -> BlameEvent {
        let said = Found {
            annotator: label.annotator.clone(),
            source: label.source,
            reason: label.reason,
            ..Found::default()
        };
        let event = self.event(BlameKind::Label, &label.field, label.from, label.to, &said);
        let annotator_unchanged =
            label.annotator.is_some() && label.annotator == label.annotator_before;
        BlameEvent {
            cause: Some(label.cause),
            annotator_unchanged,
            ..event
        }
    }
}

/// Returns what the rows would say of a record that was looked up on both sides. Causes are facts
/// of the whole table: the transitions of the head tell them.
fn compared(
    before: Option<&Found>,
    after: Option<&Found>,
    dataset: &DatasetChanges,
) -> Vec<RowChange> {
    let (old, new) = match (before, after) {
        (None, None) => return Vec::new(),
        (None, Some(_)) => return vec![RowChange::Added],
        (Some(_), None) => return vec![RowChange::Removed],
        (Some(old), Some(new)) => (old, new),
    };
    let mut changes = Vec::new();
    for (field, to) in &new.labels {
        let Some(from) = old.labels.get(field).filter(|from| *from != to) else {
            continue;
        };
        let text = |value: &Option<String>| value.as_deref().map(Text::from);
        let mut transitions = dataset.labels.transitions.iter();
        let same = |t: &&Transition| t.field == *field && t.from == text(from) && t.to == text(to);
        // A value that is only written otherwise makes no transition, and no event.
        let Some(transition) = transitions.find(same) else {
            continue;
        };
        changes.push(RowChange::Label(LabelChange {
            field: field.clone(),
            from: from.clone(),
            to: to.clone(),
            cause: transition.cause,
            annotator_before: old.annotator.clone(),
            annotator: new.annotator.clone(),
            source: new.source.clone(),
            reason: new.reason.clone(),
            guideline: new.guideline.clone(),
        }));
    }
    changes
}
