//! The one way to write files into the worktree: journalled, nothing lost, `undo` can go back.
//!
//! First an operation with `pending {from, to}` becomes true, in whose packs everything that will
//! be overwritten is stored; then the files are written and synced; then a second operation makes
//! the journalled view current. In between, files may be of two versions, and the state says so.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use crate::base::progress::Progress;
use crate::base::{Hasher, RepoPath};
use crate::dataset::Declarations;
use crate::object::{
    self, Content, FileEntry, ObjectSource, Pending, Refs, Snapshot, SnapshotBuilder,
    SnapshotChange, Written,
};
use crate::repo::Repo;
use crate::store::PackWriter;
use crate::worktree::{self, StatCache, plan_changes};

use super::add;
use super::error::Error;
use super::stage;
use super::transaction::{self, Draft, Locked, Note};

/// Which files to write, and what the operation says of itself.
pub(super) struct Writing {
    pub verb: &'static str,
    pub revisions: Vec<String>,
    /// What each path was, as far as versions know, and shall be; in order of paths.
    pub changes: Vec<SnapshotChange>,
    /// Whether work that no version has may be overwritten; it is stored first.
    pub force: bool,
}

/// Finds the entry of a path in a list in order of paths.
pub(super) fn find<'a>(entries: &'a [FileEntry], path: &RepoPath) -> Option<&'a FileEntry> {
    let at = entries.binary_search_by(|entry| entry.path.cmp(path));
    at.ok().map(|at| &entries[at])
}

/// Returns what must change to go from one list of entries to another, in order of paths.
pub(super) fn changes(from: &[FileEntry], to: &[FileEntry]) -> Vec<SnapshotChange> {
    // Lists are in order already, nearly always: then this costs one look at each entry.
    let sorted = |entries: &'_ [FileEntry]| {
        let mut places: Vec<usize> = (0..entries.len()).collect();
        places.sort_by(|a, b| entries[*a].path.cmp(&entries[*b].path));
        places
    };
    let (old, new) = (sorted(from), sorted(to));
    let mut old = old.into_iter().map(|at| &from[at]).peekable();
    let mut new = new.into_iter().map(|at| &to[at]).peekable();
    let mut changes = Vec::new();
    loop {
        let order = match (old.peek(), new.peek()) {
            (None, None) => return changes,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(a), Some(b)) => a.path.cmp(&b.path),
        };
        let before = if order.is_le() { old.next() } else { None };
        let after = if order.is_ge() { new.next() } else { None };
        if before != after {
            changes.push(SnapshotChange {
                before: before.cloned(),
                after: after.cloned(),
            });
        }
    }
}

/// Returns a change that brings a file back to its entry, whatever stands there.
pub(super) fn bring_back(entry: FileEntry) -> SnapshotChange {
    SnapshotChange {
        before: Some(entry.clone()),
        after: Some(entry),
    }
}

/// Writes files, then lets what `finish` does to the state become true.
pub(super) fn write(
    repo: &mut Repo,
    locked: &Locked,
    writing: Writing,
    cache: &mut StatCache,
    progress: &dyn Progress,
    finish: impl FnOnce(&Repo, &mut PackWriter<'_>, &mut Draft) -> Result<(), Error>,
) -> Result<Vec<RepoPath>, Error> {
    let Writing {
        verb,
        revisions,
        changes,
        force,
    } = writing;
    let mut plan = plan_changes(&repo.root, &changes, cache, progress)?;
    let stakes = plan.at_stake();
    let in_the_way = |plan: &worktree::Plan| Error::InTheWay {
        paths: plan
            .conflicts
            .iter()
            .map(|conflict| conflict.path.clone())
            .collect(),
    };
    if !force && !plan.conflicts.is_empty() {
        return Err(in_the_way(&plan));
    }
    plan.overwrite();
    if !plan.conflicts.is_empty() {
        return Err(in_the_way(&plan));
    }
    if plan.is_empty() {
        transaction::write(repo, locked, |repo, writer, draft| {
            finish(repo, writer, draft)?;
            let changed = draft.view != repo.current.view || draft.refs != repo.current.refs;
            Ok(((), changed.then(|| Note::new(verb, revisions))))
        })?;
        return Ok(Vec::new());
    }
    transaction::write(repo, locked, |repo, writer, draft| {
        let mut known: BTreeMap<RepoPath, FileEntry> = BTreeMap::new();
        known.extend(
            changes
                .into_iter()
                .filter_map(|c| c.before.map(|e| (e.path.clone(), e))),
        );
        for entry in keep(repo, writer, &stakes, cache, progress)? {
            known.insert(entry.path.clone(), entry);
        }
        let (mut before, mut after) = (SnapshotBuilder::new(), SnapshotBuilder::new());
        let over = plan.write.iter().filter(|action| action.over.is_some());
        let stood = over.map(|action| &action.entry.path);
        for path in stood.chain(plan.remove.iter().map(|file| &file.path)) {
            known
                .get(path)
                .into_iter()
                .for_each(|entry| before.put(entry.clone()));
        }
        plan.write
            .iter()
            .for_each(|action| after.put(action.entry.clone()));
        finish(repo, writer, draft)?;
        draft.view.refs = draft.refs.write(writer)?;
        let pending = Pending {
            from: before.finish(writer)?,
            to: after.finish(writer)?,
            view: object::put(writer, &draft.view)?,
            verb: verb.to_owned(),
        };
        // Only the journal becomes true now; the rest when the files are written.
        draft.refs = repo.current.refs.clone();
        draft.view = repo.current.view.clone();
        draft.worktree()?.pending = Some(pending);
        Ok(((), Some(Note::new(verb, Vec::new()).hidden())))
    })?;
    carry_out(repo, locked, &plan, true, revisions, cache, progress)
}

/// Ends a pending checkout: forward to where it was going, or back to where it began.
pub(super) fn resume(
    repo: &mut Repo,
    locked: &Locked,
    forward: bool,
    cache: &mut StatCache,
    progress: &dyn Progress,
) -> Result<Vec<RepoPath>, Error> {
    let pending = repo.pending().cloned().ok_or(Error::NothingPending)?;
    let (from, to) = match forward {
        true => (&pending.from, &pending.to),
        false => (&pending.to, &pending.from),
    };
    let from = Snapshot::entries(&repo.store, from)?;
    let to = Snapshot::entries(&repo.store, to)?;
    let mut plan = plan_changes(&repo.root, &changes(&from, &to), cache, progress)?;
    // What a power failure tore is of neither version, and dver itself was writing it; it is
    // stored all the same, for it may be someone's work by now.
    let stakes = plan.at_stake();
    if !stakes.is_empty() {
        transaction::write(repo, locked, |repo, writer, draft| {
            let kept = keep(repo, writer, &stakes, cache, progress)?;
            let mut before = SnapshotBuilder::new();
            kept.iter().for_each(|entry| before.put(entry.clone()));
            let before = before.finish(writer)?;
            if forward {
                // `undo` of the checkout brings back the work that is overwritten now, rather
                // than what the checkout found at its beginning.
                let mut journal = SnapshotBuilder::from_snapshot(&repo.store, &pending.from)?;
                for entry in kept {
                    let at = to.binary_search_by(|target| target.path.cmp(&entry.path));
                    if !is_torn(writer, &entry, at.ok().map(|at| &to[at]))? {
                        journal.put(entry);
                    }
                }
                draft.worktree()?.pending = Some(Pending {
                    from: journal.finish(writer)?,
                    ..pending.clone()
                });
            }
            let note = Note::new("checkout", Vec::new()).hidden();
            Ok((
                (),
                Some(note.wrote(Some(Written {
                    before,
                    after: before,
                }))),
            ))
        })?;
        plan.overwrite();
    }
    if !plan.conflicts.is_empty() {
        let paths = plan
            .conflicts
            .into_iter()
            .map(|conflict| conflict.path)
            .collect();
        return Err(Error::InTheWay { paths });
    }
    carry_out(repo, locked, &plan, forward, Vec::new(), cache, progress)
}

/// Returns whether a file looks like one that dver was writing when the machine failed: the
/// beginning of what it was to become, or as many zeros.
fn is_torn(
    source: &dyn ObjectSource,
    found: &FileEntry,
    target: Option<&FileEntry>,
) -> Result<bool, Error> {
    let Some(target) = target.filter(|target| found.size <= target.size) else {
        return Ok(false);
    };
    let found = Content::open(source, &found.content, found.size)?;
    let mut zeros = true;
    let mut hasher = Hasher::new();
    found.copy::<object::Error>(source, &mut |bytes| {
        zeros = zeros && bytes.iter().all(|&byte| byte == 0);
        Ok(())
    })?;
    if zeros {
        return Ok(true);
    }
    let mut left = found.size;
    Content::open(source, &target.content, target.size)?.copy::<object::Error>(
        source,
        &mut |bytes| {
            let part = left.min(bytes.len() as u64);
            hasher.update(&bytes[..part as usize]);
            left -= part;
            Ok(())
        },
    )?;
    Ok(hasher.id() == found.id)
}

/// Writes the files of a plan and clears the journal.
fn carry_out(
    repo: &mut Repo,
    locked: &Locked,
    plan: &worktree::Plan,
    forward: bool,
    revisions: Vec<String>,
    cache: &mut StatCache,
    progress: &dyn Progress,
) -> Result<Vec<RepoPath>, Error> {
    let pending = repo.pending().cloned().ok_or(Error::NothingPending)?;
    let applied = plan.apply(
        &repo.root,
        &repo.dir.join("tmp"),
        &repo.store,
        cache,
        progress,
    )?;
    if !applied.findings.is_empty() {
        let told = applied.findings.into_iter();
        let paths = told
            .map(|finding| (finding.path, finding.problem.to_string()))
            .collect();
        return Err(Error::NotWritten { paths });
    }
    let verb = known_verb(&pending.verb);
    transaction::write(repo, locked, |repo, _, draft| {
        let mut note = Note::new(verb, revisions);
        if forward {
            draft.view = object::get(&repo.store, &pending.view)?;
            draft.refs = Refs::read(&repo.store, &draft.view.refs)?;
            note.wrote = Some(Written {
                before: pending.from,
                after: pending.to,
            });
        } else {
            draft.worktree()?.pending = None;
            note = note.hidden();
        }
        Ok(((), Some(note)))
    })?;
    stage::remember(repo, cache);
    let mut paths = applied.written;
    paths.extend(applied.removed);
    paths.sort();
    paths.dedup();
    Ok(paths)
}

/// Returns the verb as an operation names it; a journal of another version may name others.
fn known_verb(verb: &str) -> &'static str {
    const VERBS: [&str; 8] = [
        "checkout", "switch", "restore", "apply", "reset", "rm", "mv", "undo",
    ];
    VERBS
        .into_iter()
        .find(|known| *known == verb)
        .unwrap_or("checkout")
}

/// Stores files that would be lost, so that they can be brought back.
fn keep(
    repo: &Repo,
    writer: &mut PackWriter<'_>,
    files: &[worktree::WorkFile],
    cache: &mut StatCache,
    progress: &dyn Progress,
) -> Result<Vec<FileEntry>, Error> {
    if files.is_empty() {
        return Ok(Vec::new());
    }
    let staged = stage::entries(repo)?;
    let declarations = Declarations::default();
    let taken = add::take(repo, writer, &declarations, &staged, files, cache, progress)?;
    let lost: Vec<(RepoPath, String)> = taken
        .findings
        .into_iter()
        .filter(|finding| !finding.problem.is_note())
        .map(|finding| (finding.path, finding.problem.to_string()))
        .collect();
    if lost.is_empty() {
        Ok(taken.entries)
    } else {
        Err(Error::NotWritten { paths: lost })
    }
}
