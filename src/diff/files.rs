//! Diffs of snapshots: which files were added, removed, modified and renamed.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use similar::TextDiff as LineDiff;

use crate::base::ObjectId;
use crate::object::changes::FileCounts;
use crate::object::{Content, EntryKind, FileEntry, ObjectSource, Snapshot, SnapshotChange};

use super::error::Error;
use super::event::{Event, EventSink, FileEvent, FileStatus, TextDiff};

/// Files above this are not compared by lines.
const MOST_TEXT: u64 = 4 << 20;

/// Compares two snapshots and pushes file events in the order of paths.
///
/// `text` says for which paths a line diff is wanted: those in no data set.
pub fn diff_files(
    source: &dyn ObjectSource,
    before: &ObjectId,
    after: &ObjectId,
    text: &dyn Fn(&FileEntry) -> bool,
    sink: &mut dyn EventSink,
) -> Result<FileCounts, Error> {
    let changes = Snapshot::changes(source, before, after)?;
    file_events(source, changes, text, sink)
}

/// Tells of changed entries, whichever snapshots they come from.
pub fn file_events(
    source: &dyn ObjectSource,
    changes: Vec<SnapshotChange>,
    text: &dyn Fn(&FileEntry) -> bool,
    sink: &mut dyn EventSink,
) -> Result<FileCounts, Error> {
    let mut counts = FileCounts::default();
    // The same content under another path is a rename; each removed file is renamed once, and an
    // empty file proves nothing.
    let mut gone: BTreeMap<(ObjectId, EntryKind), VecDeque<FileEntry>> = BTreeMap::new();
    for change in &changes {
        if let (Some(old), None) = (&change.before, &change.after)
            && old.size > 0
        {
            gone.entry((old.content, old.kind))
                .or_default()
                .push_back(old.clone());
        }
    }
    let mut events = Vec::new();
    let mut renamed = BTreeSet::new();
    for change in &changes {
        if let (None, Some(new)) = (&change.before, &change.after)
            && let Some(old) = gone
                .get_mut(&(new.content, new.kind))
                .and_then(VecDeque::pop_front)
        {
            renamed.insert(old.path.clone());
            counts.renamed += 1;
            events.push(event(FileStatus::Renamed, Some(&old), Some(new)));
        } else if let (None, Some(new)) = (&change.before, &change.after) {
            counts.added += 1;
            events.push(event(FileStatus::Added, None, Some(new)));
        }
    }
    for change in &changes {
        match (&change.before, &change.after) {
            (Some(old), Some(new)) => {
                counts.modified += 1;
                let mut event = event(FileStatus::Modified, Some(old), Some(new));
                if text(new) && old.content != new.content {
                    event.text = Some(line_diff(source, old, new)?);
                }
                events.push(event);
            }
            (Some(old), None) if !renamed.contains(&old.path) => {
                counts.removed += 1;
                events.push(event(FileStatus::Removed, Some(old), None));
            }
            _ => {}
        }
    }
    events.sort_by(|a, b| a.path.cmp(&b.path));
    events
        .into_iter()
        .try_for_each(|event| sink.event(Event::File(event)))?;
    Ok(counts)
}

fn event(status: FileStatus, old: Option<&FileEntry>, new: Option<&FileEntry>) -> FileEvent {
    let entry = new.or(old).expect("every caller has at least one side");
    FileEvent {
        status,
        path: entry.path.clone(),
        from_path: old
            .filter(|_| status == FileStatus::Renamed)
            .map(|old| old.path.clone()),
        size: (old.map(|e| e.size), new.map(|e| e.size)),
        content: (old.map(|e| e.content), new.map(|e| e.content)),
        text: None,
    }
}

fn line_diff(
    source: &dyn ObjectSource,
    old: &FileEntry,
    new: &FileEntry,
) -> Result<TextDiff, Error> {
    let read = |entry: &FileEntry| -> Result<Option<String>, Error> {
        let content = Content::open(source, &entry.content, entry.size)?;
        let bytes = content.read(source, MOST_TEXT)?;
        let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
        Ok(text.filter(|text| !text.contains('\0')))
    };
    let (Some(old), Some(new)) = (read(old)?, read(new)?) else {
        return Ok(TextDiff::Binary);
    };
    Ok(TextDiff::Lines(lines_between(&old, &new)))
}

/// Returns a unified diff of two texts, without the lines that name the files.
pub fn lines_between(old: &str, new: &str) -> String {
    let diff = LineDiff::configure().diff_lines(old, new);
    diff.unified_diff().context_radius(3).to_string()
}
