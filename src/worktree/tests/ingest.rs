//! Taking files: exact bytes, bounded reading, and files that do not hold still.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::super::*;
use super::{Files, path};
use crate::base::progress::{Progress, Quiet};
use crate::base::{ObjectId, RepoPath};
use crate::object::{Content, EntryKind, Manifest, MemoryStore, ObjectSource as _};

/// Takes everything below the root.
fn take(files: &Files, store: &mut MemoryStore, progress: &dyn Progress) -> Ingested {
    let walked = walk(files.root(), &[]).unwrap();
    let source = store.clone();
    let options = Ingest {
        root: files.root(),
        source: &source,
        previous: &|_| None,
        declared: &|_| None,
        progress,
    };
    ingest(&options, &walked.files, &mut StatCache::none(), store).unwrap()
}

fn content_of(store: &MemoryStore, id: &ObjectId, size: u64) -> Vec<u8> {
    let content = Content::open(store, id, size).unwrap();
    content.read(store, u64::MAX).unwrap().unwrap()
}

/// Lines of a table, about `size` bytes.
pub(super) fn table(size: usize, salt: usize) -> Vec<u8> {
    let mut out = b"id,text,label\n".to_vec();
    let mut row = 0usize;
    while out.len() < size {
        let word = row.wrapping_mul(2_654_435_761) ^ salt;
        out.extend_from_slice(format!("{row},{word:x} some words,{}\n", row % 7).as_bytes());
        row += 1;
    }
    out
}

#[test]
fn every_size_comes_back_byte_for_byte() {
    let files = Files::new();
    let sizes = [
        0,
        1,
        65_535,
        65_536,
        65_537,
        300_000,
        (8 << 20) + 1,
        13 << 20,
    ];
    for size in sizes {
        files.write(&format!("t{size}.csv"), &table(size, size)[..size]);
        files.write(&format!("b{size}.bin"), &table(size, 7 * size)[..size]);
    }
    let mut store = MemoryStore::new();
    let taken = take(&files, &mut store, &Quiet);
    assert!(taken.findings.is_empty());
    assert_eq!(taken.entries.len(), 2 * sizes.len());
    assert!(taken.entries.is_sorted_by(|a, b| a.path < b.path));
    for entry in &taken.entries {
        let bytes = fs::read(entry.path.to_path(files.root())).unwrap();
        assert_eq!(entry.content, ObjectId::of(&bytes));
        assert_eq!(content_of(&store, &entry.content, entry.size), bytes);
        let manifest = store.manifest_of(&entry.content).unwrap();
        assert_eq!(manifest.is_some(), entry.size > Content::MAX_WHOLE);
    }
}

#[test]
fn many_small_files_are_taken() {
    let files = Files::new();
    for at in 0..500 {
        files.write(&format!("{}/{at}.txt", at % 10), format!("content {at}"));
    }
    let mut store = MemoryStore::new();
    let taken = take(&files, &mut store, &Quiet);
    assert_eq!(taken.entries.len(), 500);
    assert_eq!(store.len(), 500);
}

#[cfg(unix)]
#[test]
fn links_and_the_executable_bit_are_kept() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    let files = Files::new();
    files.write("run", "#!/bin/sh\n");
    let mode = fs::Permissions::from_mode(0o755);
    fs::set_permissions(files.root().join("run"), mode).unwrap();
    symlink("no/where", files.root().join("link")).unwrap();
    let mut store = MemoryStore::new();
    let taken = take(&files, &mut store, &Quiet);
    let [link, run] = &taken.entries[..] else {
        panic!("{taken:?}")
    };
    assert_eq!((link.kind, link.size), (EntryKind::Symlink, 8));
    assert_eq!(content_of(&store, &link.content, 8), b"no/where");
    assert_eq!(run.kind, EntryKind::Executable);
}

#[test]
fn cutting_goes_on_as_the_version_before_was_cut() {
    let files = Files::new();
    files.write("t.csv", table(1 << 20, 1));
    let mut store = MemoryStore::new();
    let first = take(&files, &mut store, &Quiet);
    let content = first.entries[0].content;
    let manifest_id = store.manifest_of(&content).unwrap().unwrap();
    let cutter = Manifest::read(&store, &manifest_id).unwrap().cutter;

    // Records of another length would choose other parameters by themselves.
    files.write("t.csv", "id,text,label\n1,x,2\n".repeat(20_000));
    let walked = walk(files.root(), &[]).unwrap();
    let source = store.clone();
    let cutter_with = |previous: &Previous<'_>| {
        let options = Ingest {
            root: files.root(),
            source: &source,
            previous,
            declared: &|_| None,
            progress: &Quiet,
        };
        let mut store = store.clone();
        let cache = &mut StatCache::none();
        let taken = ingest(&options, &walked.files, cache, &mut store).unwrap();
        let id = store.manifest_of(&taken.entries[0].content).unwrap();
        Manifest::cutter_of(&store, &id.unwrap()).unwrap()
    };
    assert_ne!(cutter_with(&|_| None), cutter);
    assert_eq!(cutter_with(&|_| Some(content)), cutter);
    // A content that is nowhere is no hint, and no error.
    assert_ne!(cutter_with(&|_| Some(ObjectId::of(b"lost"))), cutter);
}

/// Does something to a file each time some of it was read, at most so many times.
struct Meddler {
    place: PathBuf,
    left: AtomicUsize,
    act: fn(&PathBuf, usize),
}

impl Progress for Meddler {
    fn begin(&self, _what: &str, _total: Option<u64>) {}
    fn advance(&self, bytes: u64) {
        if bytes < 100 {
            return; // of the other file, which may be read at the same time
        }
        let less = |left: usize| left.checked_sub(1);
        if let Ok(left) = self
            .left
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, less)
        {
            (self.act)(&self.place, left);
        }
    }
    fn end(&self) {}
}

/// Takes a file of this size that is meddled with while it is read.
fn meddled(size: usize, times: usize, act: fn(&PathBuf, usize)) -> (Ingested, Files) {
    let files = Files::new();
    files.write("file.csv", table(size, 1));
    files.write("other", "2");
    let meddler = Meddler {
        place: files.root().join("file.csv"),
        left: AtomicUsize::new(times),
        act,
    };
    let mut store = MemoryStore::new();
    let taken = take(&files, &mut store, &meddler);
    for entry in &taken.entries {
        let bytes = content_of(&store, &entry.content, entry.size);
        assert_eq!(ObjectId::of(&bytes), entry.content);
    }
    (taken, files)
}

const SIZES: [usize; 2] = [100_000, 9 << 20];

#[test]
fn a_file_that_changes_once_is_read_again() {
    for size in SIZES {
        let (taken, files) = meddled(size, 1, |place, _| fs::write(place, "short").unwrap());
        let bytes = fs::read(files.root().join("file.csv")).unwrap();
        assert!(taken.findings.is_empty(), "{:?}", taken.findings);
        assert_eq!(taken.entries[0].content, ObjectId::of(&bytes));
    }
}

#[test]
fn a_file_that_keeps_changing_is_told_and_the_others_are_taken() {
    for size in SIZES {
        let (taken, _) = meddled(size, usize::MAX, |place, left| {
            // Another inode each time, and another content of the same size.
            let length = fs::metadata(place).unwrap().len() as usize;
            let new = place.with_extension("new");
            fs::write(&new, &table(length + 100, left)[..length]).unwrap();
            fs::rename(new, place).unwrap();
        });
        let names: Vec<&RepoPath> = taken.entries.iter().map(|entry| &entry.path).collect();
        assert_eq!(names, [&path("other")]);
        assert_eq!(taken.findings.len(), 1);
        assert!(matches!(taken.findings[0].problem, Problem::Changed));
        assert!(!taken.findings[0].problem.is_note());
    }
}

#[test]
fn a_file_that_only_grows_is_taken_as_it_stood() {
    for size in SIZES {
        let (taken, _) = meddled(size, usize::MAX, |place, _| {
            let mut file = OpenOptions::new().append(true).open(place).unwrap();
            file.write_all(b"9,more,1\n").unwrap();
        });
        let whole = table(size, 1);
        assert_eq!(taken.entries[0].content, ObjectId::of(&whole));
        let read = whole.len() as u64;
        assert!(matches!(taken.findings[0].problem, Problem::Grown { read: r } if r == read));
        assert!(taken.findings[0].problem.is_note());
    }
}

#[test]
fn a_file_that_went_is_told() {
    let files = Files::new();
    files.write("gone", "1");
    files.write("d/became-a-directory", "1");
    files.write("stays", "1");
    let walked = walk(files.root(), &[]).unwrap();
    files.remove("gone");
    files.remove("d/became-a-directory");
    files.write("d/became-a-directory/x", "1");
    let mut store = MemoryStore::new();
    let options = Ingest {
        root: files.root(),
        source: &MemoryStore::new(),
        previous: &|_| None,
        declared: &|_| None,
        progress: &Quiet,
    };
    let taken = ingest(&options, &walked.files, &mut StatCache::none(), &mut store).unwrap();
    assert_eq!(taken.entries.len(), 1);
    assert!(matches!(taken.findings[0].problem, Problem::Directory));
    assert!(matches!(taken.findings[1].problem, Problem::Gone));
}
