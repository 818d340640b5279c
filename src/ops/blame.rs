//! `blame`: the life of one record's labels, along the first parents of HEAD.
//!
//! Rows of change sets tell it. Where a change set keeps no rows (a data set that was new, or very
//! many changes), the record is looked up in the two versions, with the same answer.

use crate::base::{ObjectId, Timestamp};
use crate::dataset::{Declarations, Table};
use crate::index::ChangeFilter;
use crate::object::changes::{
    Cause, ChangeSet, DatasetChanges, Guideline, LabelChange, Row, RowChange, RowKey,
};
use crate::object::tree::{Entry as _, Walker};
use crate::object::{self, Commit, DatasetScore, Schema, Scorecard, Snapshot};
use crate::record::Type;
use crate::repo::Repo;

use super::error::Error;
use super::lookup::{self, Found, Key};

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
    if events.is_empty() {
        let (dataset, key) = (options.dataset.clone(), options.key.clone());
        return Err(Error::NoSuchRecord { dataset, key });
    }
    if let Some(field) = &options.field {
        events.retain(|event| event.field == *field);
    }
    Ok(events)
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
                let before = match self.changes.before {
                    Some(snapshot) => self.find(&snapshot, &key)?,
                    None => None,
                };
                let after = self.find(&self.commit.snapshot, &key)?;
                compared(before.as_ref(), after.as_ref())
            }
        };
        for change in changes {
            match change {
                RowChange::Added => {
                    let found = self.find(&self.commit.snapshot, &key)?.unwrap_or_default();
                    for (field, value) in &found.labels {
                        let to = value.clone();
                        events.push(self.event(BlameKind::Added, field, None, to, &found));
                    }
                }
                RowChange::Removed => {
                    let found = match self.changes.before {
                        Some(snapshot) => self.find(&snapshot, &key)?.unwrap_or_default(),
                        None => Found::default(),
                    };
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

    /// Returns the key as it compares in the version after the commit, or before it where the
    /// data set went.
    fn key(&self) -> Result<Option<Key>, Error> {
        let Some(schema) = self.schema()? else {
            return Ok(None);
        };
        if schema.key.is_empty() {
            let words = format!(
                "`{}` has no key: its records are known by their content, which blame cannot follow",
                self.options.dataset
            );
            return Err(Error::Usage(words));
        }
        if schema.key.len() != self.options.key.len() {
            let fields = schema.key.join(", ");
            let words = format!(
                "the key of `{}` is {fields}: give each value",
                self.dataset.name
            );
            return Err(Error::Usage(words));
        }
        let kind = |name: &String| {
            let field = schema.fields.iter().find(|field| field.name == *name);
            field
                .and_then(|field| Type::from_name(&field.kind))
                .unwrap_or(Type::String)
        };
        let kinds: Vec<Type> = schema.key.iter().map(kind).collect();
        Ok(Some(Key::new(&schema.key, &kinds, &self.options.key)))
    }

    fn schema(&self) -> Result<Option<Schema>, Error> {
        let of = |commit: &Commit| -> Result<Option<Schema>, Error> {
            let card: Scorecard = object::get(&self.repo.store, &commit.scorecard)?;
            let named = |score: &&DatasetScore| score.name == self.dataset.name;
            Ok(match card.datasets.iter().find(named) {
                Some(score) => Some(object::get(&self.repo.store, &score.schema)?),
                None => None,
            })
        };
        match (of(self.commit)?, self.commit.parents.first()) {
            (Some(schema), _) => Ok(Some(schema)),
            (None, Some(parent)) => of(&object::get(&self.repo.store, parent)?),
            (None, None) => Ok(None),
        }
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

/// Returns what the rows would say of a record that was looked up on both sides. Causes other
/// than relabels are facts of the whole table; the transitions of the head tell them.
fn compared(before: Option<&Found>, after: Option<&Found>) -> Vec<RowChange> {
    match (before, after) {
        (None, None) => Vec::new(),
        (None, Some(_)) => vec![RowChange::Added],
        (Some(_), None) => vec![RowChange::Removed],
        (Some(old), Some(new)) => new
            .labels
            .iter()
            .filter(|(field, value)| old.labels.get(*field).is_some_and(|old| old != *value))
            .map(|(field, value)| {
                RowChange::Label(LabelChange {
                    field: field.clone(),
                    from: old.labels.get(field).cloned().flatten(),
                    to: value.clone(),
                    cause: Cause::Relabel,
                    annotator_before: old.annotator.clone(),
                    annotator: new.annotator.clone(),
                    source: new.source.clone(),
                    reason: new.reason.clone(),
                    guideline: new.guideline.clone(),
                })
            })
            .collect(),
    }
}
