//! Overlays: working files read as objects.

use super::super::*;
use super::ingest::table;
use super::{Files, path};
use crate::base::ObjectId;
use crate::base::progress::Quiet;
use crate::object::{self, Content, MemoryStore, ObjectSink as _, ObjectSource as _, Snapshot};

fn options<'a>(files: &'a Files, source: &'a MemoryStore) -> Ingest<'a> {
    Ingest {
        root: files.root(),
        source,
        previous: &|_| None,
        declared: &|_| None,
        progress: &Quiet,
    }
}

#[test]
fn working_files_read_as_if_they_were_stored() {
    let files = Files::new();
    files.write("large.csv", table(9 << 20, 1));
    files.write("middle.csv", table(200_000, 2));
    files.write("small", "1");
    files.write("empty", "");
    #[cfg(unix)]
    std::os::unix::fs::symlink("small", files.root().join("link")).unwrap();
    let walked = walk(files.root(), &[]).unwrap();
    let cache = &mut StatCache::none();

    let mut stored = MemoryStore::new();
    let nothing = MemoryStore::new();
    let taken = ingest(
        &options(&files, &nothing),
        &walked.files,
        cache,
        &mut stored,
    )
    .unwrap();
    let overlay = Overlay::open(
        &nothing,
        files.root(),
        &options(&files, &nothing),
        &walked.files,
        cache,
    )
    .unwrap();
    assert_eq!(overlay.entries(), taken.entries);
    assert!(overlay.findings().is_empty());
    for entry in &taken.entries {
        let manifest = stored.manifest_of(&entry.content).unwrap();
        assert_eq!(overlay.manifest_of(&entry.content).unwrap(), manifest);
        let read = |source: &dyn object::ObjectSource| {
            let content = Content::open(source, &entry.content, entry.size).unwrap();
            content.read(source, u64::MAX).unwrap().unwrap()
        };
        assert_eq!(read(&overlay), read(&stored), "{}", entry.path);
    }
}

/// Reading ahead, cutting, hashing and keeping share rayon's threads: none may wait for another.
#[test]
fn many_batches_of_a_stream_do_not_wait_for_each_other() {
    let files = Files::new();
    files.write("large.bin", table(40 << 20, 1));
    let nothing = MemoryStore::new();
    let walked = walk(files.root(), &[]).unwrap();
    let cache = &mut StatCache::none();
    for _ in 0..3 {
        let mut open = || {
            Overlay::open(
                &nothing,
                files.root(),
                &options(&files, &nothing),
                &walked.files,
                cache,
            )
            .unwrap()
        };
        assert_eq!(open().entries().len(), 1);
    }
}

#[test]
fn a_file_that_changed_since_gives_an_error_and_never_other_bytes() {
    let files = Files::new();
    files.write("file", "1");
    files.write("known", "2");
    let mut base = MemoryStore::new();
    base.put(b"2").unwrap();
    let walked = walk(files.root(), &[]).unwrap();
    let cache = &mut StatCache::none();
    let overlay = Overlay::open(
        &base,
        files.root(),
        &options(&files, &base),
        &walked.files,
        cache,
    )
    .unwrap();
    files.write("file", "3");
    files.write("known", "3");
    let error = overlay.get(&ObjectId::of(b"1")).unwrap_err();
    assert!(matches!(error, object::Error::Io(_)), "{error:?}");
    // What the source below has as well is read there.
    assert_eq!(overlay.get(&ObjectId::of(b"2")).unwrap(), b"2");
    let missing = overlay.get(&ObjectId::of(b"none")).unwrap_err();
    assert!(matches!(missing, object::Error::Missing(_)));
}

#[test]
fn the_working_snapshot_is_that_of_the_same_files_committed() {
    let files = Files::new();
    for name in ["a", "b", "c"] {
        files.write(name, name);
    }
    let mut store = MemoryStore::new();
    let snapshot_of = |store: &mut MemoryStore| {
        let walked = walk(files.root(), &[]).unwrap();
        let nothing = MemoryStore::new();
        let options = options(&files, &nothing);
        let taken = ingest(&options, &walked.files, &mut StatCache::none(), store).unwrap();
        let mut builder = object::SnapshotBuilder::new();
        taken
            .entries
            .into_iter()
            .for_each(|entry| builder.put(entry));
        builder.finish(store).unwrap()
    };
    let before = snapshot_of(&mut store);
    files.write("b", "changed");
    files.remove("a");
    files.write("d", "new");
    let cache = &mut StatCache::none();
    let entries = Snapshot::entries(&store, &before).unwrap();
    let scan = scan(files.root(), &entries, &[], cache, &Quiet).unwrap();
    let mut changed: Vec<WorkFile> = scan.modified.into_iter().map(|m| m.after.file).collect();
    changed.extend(scan.untracked.into_iter().map(|u| u.file));
    let mut overlay = Overlay::open(
        &store,
        files.root(),
        &options(&files, &store),
        &changed,
        cache,
    )
    .unwrap();
    assert_eq!(overlay.entry(&path("b")).unwrap().size, 7);
    assert_eq!(overlay.entry(&path("c")), None);
    let removed: Vec<_> = scan.deleted.into_iter().map(|entry| entry.path).collect();
    let after = overlay.snapshot(&before, &removed).unwrap();
    assert_eq!(after, snapshot_of(&mut store.clone()));
    assert_eq!(
        Snapshot::changes(&overlay, &before, &after).unwrap().len(),
        3
    );
}
