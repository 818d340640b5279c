//! Tests of the store.
#![allow(clippy::disallowed_methods)] // tests damage packs behind the store's back

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::base::ObjectId;
use crate::object::{Error, ObjectSink, ObjectSource};

use super::store::Store;
use super::writer::{Options, PackWriter};

mod damage;
mod deltas;
mod layout;
mod merging;
mod packs;
mod repacking;
mod sharing;

/// A store in a directory that goes away.
struct Scratch {
    dir: TempDir,
    store: Store,
}

impl Scratch {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::create(&dir.path().join("packs")).unwrap();
        Self { dir, store }
    }

    fn tmp(&self) -> PathBuf {
        self.dir.path().join("tmp")
    }

    fn begin(&self) -> PackWriter<'_> {
        self.store.begin(&self.tmp()).unwrap()
    }

    fn begin_with(&self, options: Options) -> PackWriter<'_> {
        PackWriter::new(&self.store, &self.tmp(), options)
    }

    /// The same packs, opened anew.
    fn reopened(&self) -> Store {
        Store::open(self.store.dir()).unwrap()
    }
}

fn names(dir: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(dir) else {
        return Vec::new();
    };
    let name = |entry: std::io::Result<std::fs::DirEntry>| entry.unwrap().file_name();
    entries
        .map(|entry| name(entry).into_string().unwrap())
        .collect()
}

/// Bytes that do not compress, the same every time.
fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&seed.to_le_bytes());
    let mut bytes = vec![0; length];
    hasher.finalize_xof().fill(&mut bytes);
    bytes
}

/// Lines like those of a CSV file.
fn lines(seed: u64, length: usize) -> Vec<u8> {
    let mut text = Vec::with_capacity(length + 64);
    let mut row = seed * 1_000_000;
    while text.len() < length {
        text.extend_from_slice(
            format!("{row},good,the film was number {}\n", row * 7 % 101).as_bytes(),
        );
        row += 1;
    }
    text.truncate(length);
    text
}
