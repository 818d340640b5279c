//! Keeps the index level with the chain of operations.
//!
//! Invariant: the rows are a function of the operations from the first to the one that the index
//! names, in their order, so an index that followed step by step and one built anew are equal. What
//! gc let go of is in neither: where operations expired since, the index is built anew.

use std::collections::HashSet;

use crate::base::ObjectId;
use crate::base::progress::Progress;
use crate::index::{ChangeSetRow, DatasetRow, Index, Transaction};
use crate::object::changes::{ChangeSet, Row};
use crate::object::tree::Walker;
use crate::object::{
    self, AttachmentKind, Attachments, Commit, Evaluation, Head, ObjectSource, Operation, Refs,
    Scorecard, View,
};
use crate::refs::{Chain, Current};

use super::error::Error;

/// Change sets of at most this many rows are copied into the index.
const MAX_ROWS: u64 = 100_000;

/// Walks the index forward to the current operation. Where it stands on an operation that is not
/// in the current one's past, it is built anew if `rebuild` allows that, and otherwise left as it
/// is; returns whether it is level with the current operation.
pub(super) fn catch_up(
    source: &dyn ObjectSource,
    current: &Current,
    index: &mut Index,
    rebuild: bool,
    progress: &dyn Progress,
) -> Result<bool, Error> {
    if index.operation()? == Some(current.id) {
        return Ok(true);
    }
    let transaction = index.transaction()?;
    let known = transaction.operation()?;
    let mut missed = Vec::new();
    let (mut found, mut expired) = (known.is_none(), false);
    for operation in Chain::from(source, current.id) {
        let (id, operation) = operation?;
        if Some(id) == known {
            found = true;
            expired = operation.expired != current.operation.expired;
        }
        if found && known.is_some() && !expired {
            break;
        }
        missed.push(operation);
    }
    if !found && !rebuild {
        return Ok(false);
    }
    if !found || expired {
        transaction.clear()?;
    }
    let mut last_view = None;
    let mut last_attachments = None;
    let total = missed.len() as u64;
    progress.begin_counting("reading the history", "operations", Some(total));
    let whole = |operation: &&Operation| !current.operation.has_expired(operation.seq);
    for operation in missed.iter().rev().filter(whole) {
        if last_view != Some(operation.view) {
            follow(source, operation, &transaction, &mut last_attachments)?;
            last_view = Some(operation.view);
        }
        progress.advance(1);
    }
    progress.end();
    transaction.set_operation(&current.id)?;
    transaction.commit()?;
    Ok(true)
}

/// Puts the commits that one operation made reachable, and the evaluations that it attached; those
/// of the tree `known` are there.
fn follow(
    source: &dyn ObjectSource,
    operation: &Operation,
    transaction: &Transaction<'_>,
    known: &mut Option<ObjectId>,
) -> Result<(), Error> {
    let view: View = object::get(source, &operation.view)?;
    if view.attachments != *known {
        put_evaluations(source, view.attachments.as_ref(), transaction)?;
        *known = view.attachments;
    }
    let mut tips: Vec<ObjectId> = Refs::read(source, &view.refs)?.0.into_values().collect();
    for tree in view.remotes.values() {
        tips.extend(Refs::read(source, tree)?.0.into_values());
    }
    for state in view.worktrees.values() {
        if let Head::Commit(id) = &state.head {
            tips.push(*id);
        }
    }
    for tip in tips {
        put_ancestry(source, tip, transaction)?;
    }
    Ok(())
}

fn put_evaluations(
    source: &dyn ObjectSource,
    tree: Option<&ObjectId>,
    transaction: &Transaction<'_>,
) -> Result<(), Error> {
    let attachments = Attachments::read(source, tree)?;
    let all = attachments.all().iter();
    for one in all.filter(|one| one.kind == AttachmentKind::Evaluation) {
        if !transaction.has_evaluation(&one.object)? {
            let evaluation: Evaluation = object::get(source, &one.object)?;
            transaction.put_evaluation(&one.object, &evaluation)?;
        }
    }
    Ok(())
}

/// Puts a commit and what it reaches that is not there yet, parents first.
fn put_ancestry(
    source: &dyn ObjectSource,
    tip: ObjectId,
    transaction: &Transaction<'_>,
) -> Result<(), Error> {
    let mut stack: Vec<(ObjectId, Option<Commit>)> = vec![(tip, None)];
    let mut open = HashSet::new();
    while let Some((id, ready)) = stack.pop() {
        if let Some(commit) = ready {
            put(source, &id, &commit, transaction)?;
            continue;
        }
        if transaction.find_commit(&id)?.is_some() || !open.insert(id) {
            continue;
        }
        let commit: Commit = object::get(source, &id)?;
        let parents = commit.parents.clone();
        stack.push((id, Some(commit)));
        stack.extend(parents.into_iter().rev().map(|parent| (parent, None)));
    }
    Ok(())
}

fn put(
    source: &dyn ObjectSource,
    id: &ObjectId,
    commit: &Commit,
    transaction: &Transaction<'_>,
) -> Result<(), Error> {
    let mut generation = 1;
    for parent in &commit.parents {
        let row = transaction.find_commit(parent)?;
        generation = generation.max(row.map_or(1, |row| row.generation + 1));
    }
    transaction.put_commit(id, commit, generation)?;
    let scorecard: Scorecard = object::get(source, &commit.scorecard)?;
    let mut first = None;
    for (parent, changes_id) in (1u32..).zip(&commit.changes) {
        let changes: ChangeSet = object::get(source, changes_id)?;
        put_changes(source, id, parent, changes_id, &changes, transaction)?;
        first.get_or_insert(changes);
    }
    for dataset in &scorecard.datasets {
        transaction.put_metrics(id, &dataset.name, &dataset.results)?;
        let records = dataset.records;
        let row = DatasetRow {
            dataset: dataset.name.clone(),
            records,
            ..DatasetRow::default()
        };
        transaction.put_dataset(id, &row)?;
    }
    for dataset in first.iter().flat_map(|changes| &changes.datasets) {
        let row = DatasetRow {
            dataset: dataset.name.clone(),
            records: dataset.records.after,
            added: dataset.records.added,
            removed: dataset.records.removed,
            modified: dataset.records.modified,
            relabelled: dataset.labels.relabelled,
            renamed: dataset.labels.renamed,
            schema_changes: dataset.schema.len() as u64,
        };
        transaction.put_dataset(id, &row)?;
    }
    Ok(())
}

fn put_changes(
    source: &dyn ObjectSource,
    commit: &ObjectId,
    parent: u32,
    id: &ObjectId,
    changes: &ChangeSet,
    transaction: &Transaction<'_>,
) -> Result<(), Error> {
    for dataset in &changes.datasets {
        transaction.put_schema_changes(commit, parent, &dataset.name, &dataset.schema)?;
    }
    let rows: u64 = changes
        .datasets
        .iter()
        .map(|d| {
            let labels = &d.labels;
            let relabels = labels.relabelled + labels.renamed + labels.split + labels.merged;
            d.records.added + d.records.removed + relabels
        })
        .sum();
    let complete = rows <= MAX_ROWS && changes.datasets.iter().all(|dataset| dataset.rows);
    if let (true, Some(body)) = (complete, &changes.body) {
        transaction.put_changes::<Error>(
            commit,
            parent,
            Walker::<Row>::open(source, body)?.map(|row| Ok(row?)),
        )?;
    }
    let body = changes.body;
    let row = ChangeSetRow {
        commit: *commit,
        parent,
        id: *id,
        body,
        complete,
    };
    Ok(transaction.put_change_set(&row)?)
}
