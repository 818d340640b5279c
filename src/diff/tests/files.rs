//! Tests of file events.

use crate::base::RepoPath;
use crate::diff::event::{Event, FileStatus, TextDiff};
use crate::diff::files::diff_files;
use crate::object::{EntryKind, FileEntry, MemoryStore, ObjectSink as _, SnapshotBuilder};

#[test]
fn files_are_renamed_by_content() {
    let mut store = MemoryStore::new();
    let entry = |store: &mut MemoryStore, path: &str, text: &str| FileEntry {
        path: RepoPath::new(path).unwrap(),
        kind: EntryKind::File,
        size: text.len() as u64,
        content: store.put(text.as_bytes()).unwrap(),
    };
    let snapshot = |store: &mut MemoryStore, files: &[(&str, &str)]| {
        let mut builder = SnapshotBuilder::new();
        for (path, text) in files {
            builder.put(entry(store, path, text));
        }
        builder.finish(store).unwrap()
    };
    let a = snapshot(
        &mut store,
        &[("a", "1\n2\n"), ("b", "x"), ("c", ""), ("n", "one\ntwo\n")],
    );
    let b = snapshot(
        &mut store,
        &[
            ("d", "1\n2\n"),
            ("e", ""),
            ("f", "1\n2\n"),
            ("n", "one\n2\n"),
        ],
    );
    let mut events = Vec::new();
    let counts = diff_files(&store, &a, &b, &|_| true, &mut events).unwrap();
    assert_eq!(
        (
            counts.added,
            counts.removed,
            counts.modified,
            counts.renamed
        ),
        (2, 2, 1, 1)
    );
    let told: Vec<_> = events
        .iter()
        .map(|event| {
            let Event::File(file) = event else { panic!() };
            (file.status, file.path.to_string())
        })
        .collect();
    let path = |text: &str| text.to_owned();
    assert_eq!(
        told,
        [
            (FileStatus::Removed, path("b")),
            (FileStatus::Removed, path("c")),
            (FileStatus::Renamed, path("d")),
            (FileStatus::Added, path("e")),
            (FileStatus::Added, path("f")),
            (FileStatus::Modified, path("n")),
        ]
    );
    let Some(Event::File(last)) = events.last() else {
        panic!()
    };
    let lines = "@@ -1,2 +1,2 @@\n one\n-two\n+2\n".to_owned();
    assert_eq!(last.text, Some(TextDiff::Lines(lines)));
    let line = serde_json::to_string(&events[2]).unwrap();
    assert!(line.starts_with(
        r#"{"event":"file","status":"renamed","path":"d","from_path":"a","size":[4,4],"content":["#
    ));
}
