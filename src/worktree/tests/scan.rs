//! Scans: what differs from a snapshot, and what the stat cache may say.

use std::fs;

use super::super::*;
use super::{Files, path};
use crate::base::ObjectId;
use crate::base::progress::Quiet;
use crate::index::Index;
use crate::object::{EntryKind, FileEntry};

fn entry(name: &str, content: &str) -> FileEntry {
    FileEntry {
        path: path(name),
        kind: EntryKind::File,
        size: content.len() as u64,
        content: ObjectId::of(content.as_bytes()),
    }
}

/// Scans and tells what differs, one word and path each.
fn check(files: &Files, entries: &[FileEntry], cache: &mut StatCache, expected: &[&str]) -> Scan {
    let scan = scan(files.root(), entries, &[], cache, &Quiet).unwrap();
    let mut found: Vec<String> = Vec::new();
    found.extend(scan.modified.iter().map(|m| format!("M {}", m.before.path)));
    found.extend(scan.deleted.iter().map(|entry| format!("D {}", entry.path)));
    found.extend(scan.untracked.iter().map(|u| format!("? {}", u.file.path)));
    assert_eq!(found, expected);
    scan
}

#[test]
fn differences_are_found_by_content() {
    let files = Files::new();
    for (name, text) in [
        ("same", "1"),
        ("other", "2"),
        ("longer", "33"),
        ("new", "n"),
    ] {
        files.write(name, text);
    }
    let entries = [
        entry("gone", "g"),
        entry("longer", "3"),
        entry("other", "x"),
        entry("same", "1"),
    ];
    let cache = &mut StatCache::none();
    let scan = check(
        &files,
        &entries,
        cache,
        &["M longer", "M other", "D gone", "? new"],
    );
    assert!(!scan.is_clean());
    // A file of another size need not be read; one of the same size was.
    assert_eq!(scan.modified[0].after.content, None);
    assert_eq!(scan.modified[1].after.content, Some(ObjectId::of(b"2")));
}

#[test]
fn a_tracked_path_that_a_rule_leaves_out_stays_tracked() {
    let files = Files::new();
    files.write(".dverignore", "*.log\n.dverignore\n");
    files.write("a.log", "1");
    files.write("b.log", "1");
    check(&files, &[entry("a.log", "1")], &mut StatCache::none(), &[]);
    check(
        &files,
        &[entry("a.log", "2")],
        &mut StatCache::none(),
        &["M a.log"],
    );
}

#[test]
fn only_what_was_asked_for_is_compared() {
    let files = Files::new();
    files.write("a/new", "1");
    files.write("b/new", "1");
    let entries = [entry("a/gone", "1"), entry("b/gone", "1")];
    let scan = scan(
        files.root(),
        &entries,
        &[path("a")],
        &mut StatCache::none(),
        &Quiet,
    )
    .unwrap();
    assert_eq!(scan.deleted, [entries[0].clone()]);
    assert_eq!(scan.untracked.len(), 1);
}

#[cfg(unix)]
#[test]
fn a_file_that_became_a_link_or_executable_is_modified() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    let files = Files::new();
    files.write("run", "1");
    let mode = fs::Permissions::from_mode(0o755);
    fs::set_permissions(files.root().join("run"), mode).unwrap();
    symlink("1", files.root().join("link")).unwrap();
    files.write("real/file", "1");
    symlink("real", files.root().join("directory")).unwrap();
    let entries = [
        entry("directory/file", "1"),
        entry("link", "1"),
        entry("run", "1"),
    ];
    check(
        &files,
        &entries,
        &mut StatCache::none(),
        &[
            "M link",
            "M run",
            "D directory/file",
            "? directory",
            "? real/file",
        ],
    );
}

/// Lets the file system's clock move on, so that what was written before is no longer racy.
fn wait_for_the_clock(files: &Files) {
    let scratch = tempfile::tempdir_in(files.root()).unwrap();
    let time = |name: &str| {
        let place = scratch.path().join(name);
        fs::write(&place, "x").unwrap();
        match look(&place).unwrap() {
            Found::File(stat) => stat.mtime_ns,
            found => panic!("{found:?}"),
        }
    };
    let start = time("start");
    while time("now") <= start {}
}

#[test]
fn the_cache_speaks_for_files_that_cannot_have_changed() {
    let files = Files::new();
    files.write("file", "1");
    let scratch = tempfile::tempdir().unwrap();
    let mut index = Index::in_memory().unwrap();
    wait_for_the_clock(&files);
    let mut cache = StatCache::load(&index, scratch.path()).unwrap();
    check(&files, &[entry("file", "1")], &mut cache, &[]);
    cache.save(&mut index).unwrap();
    assert_eq!(index.stats().unwrap().len(), 1);

    // The row is believed: a false one shows.
    let (name, mut row) = index.stats().unwrap().remove(0);
    row.content = ObjectId::of(b"2");
    let transaction = index.transaction().unwrap();
    transaction.put_stat(&name, &row).unwrap();
    transaction.commit().unwrap();
    let mut cache = StatCache::load(&index, scratch.path()).unwrap();
    check(&files, &[entry("file", "1")], &mut cache, &["M file"]);

    // ... until the file changes.
    files.write("file", "1");
    let mut cache = StatCache::load(&index, scratch.path()).unwrap();
    check(&files, &[entry("file", "1")], &mut cache, &[]);

    // Rows of files that are gone go.
    files.remove("file");
    let mut cache = StatCache::load(&index, scratch.path()).unwrap();
    check(&files, &[], &mut cache, &[]);
    cache.save(&mut index).unwrap();
    assert!(index.stats().unwrap().is_empty());
}

#[test]
fn a_file_written_in_the_tick_it_was_hashed_in_is_hashed_again() {
    let files = Files::new();
    let scratch = tempfile::tempdir().unwrap();
    let mut index = Index::in_memory().unwrap();
    // The cache's time is taken first, so the file's is not below it.
    let mut cache = StatCache::load(&index, scratch.path()).unwrap();
    files.write("file", "1");
    check(&files, &[entry("file", "1")], &mut cache, &[]);
    cache.save(&mut index).unwrap();
    assert!(index.stats().unwrap().is_empty());

    // A row that says otherwise, as a careless writer would leave it, is not believed either.
    wait_for_the_clock(&files);
    let mut cache = StatCache::load(&index, scratch.path()).unwrap();
    check(&files, &[entry("file", "1")], &mut cache, &[]);
    cache.save(&mut index).unwrap();
    let (name, mut row) = index.stats().unwrap().remove(0);
    row.content = ObjectId::of(b"2");
    row.cached_at = row.mtime_ns;
    let transaction = index.transaction().unwrap();
    transaction.put_stat(&name, &row).unwrap();
    transaction.commit().unwrap();
    let mut cache = StatCache::load(&index, scratch.path()).unwrap();
    check(&files, &[entry("file", "1")], &mut cache, &[]);
}
