//! Tests of patterns, declarations, tables and inference.

mod cutter;
mod declaration;
mod infer;
mod pattern;
mod table;

use crate::base::{ObjectId, RepoPath};
use crate::chunk::Cut;
use crate::object::{
    ChunkEntry, Content, EntryKind, FileEntry, ManifestBuilder, MemoryStore, ObjectSink as _,
};
use crate::record::{Batch, HEAD_BYTES};

use super::{Cutter, Declaration, Declarations, Table};

fn path(text: &str) -> RepoPath {
    RepoPath::new(text).unwrap()
}

fn entry_of(path: RepoPath, bytes: &[u8]) -> FileEntry {
    FileEntry {
        path,
        kind: EntryKind::File,
        size: bytes.len() as u64,
        content: ObjectId::of(bytes),
    }
}

/// Stores a file; one that needs a manifest is cut into chunks of `size` bytes, wherever records
/// end.
fn put(store: &mut MemoryStore, name: &str, bytes: &[u8], size: usize) -> FileEntry {
    let entry = entry_of(path(name), bytes);
    if entry.size <= Content::MAX_WHOLE {
        store.put(bytes).unwrap();
        return entry;
    }
    let mut builder = ManifestBuilder::new();
    for chunk in bytes.chunks(size) {
        let row = ChunkEntry {
            id: store.put(chunk).unwrap(),
            length: chunk.len() as u32,
            records: 0,
            lines: chunk.iter().filter(|&&b| b == b'\n').count() as u32,
            header: false,
            continued: false,
            anchor: None,
        };
        builder.push(row, store).unwrap();
    }
    let cutter = format!("bytes 1 avg={size}");
    builder.finish(entry.content, &cutter, store).unwrap();
    entry
}

/// Stores a file as it would be stored by a commit.
fn put_cut(store: &mut MemoryStore, name: &str, bytes: &[u8]) -> FileEntry {
    let entry = entry_of(path(name), bytes);
    if entry.size <= Content::MAX_WHOLE {
        store.put(bytes).unwrap();
        return entry;
    }
    let head = &bytes[..bytes.len().min(HEAD_BYTES)];
    let whole = head.len() == bytes.len();
    let mut cutter = Cutter::choose(&entry.path, head, whole, None, None);
    let described = cutter.describe();
    let mut builder = ManifestBuilder::new();
    let mut emit = |chunk: &[u8], cut: Cut| {
        let row = ChunkEntry {
            id: store.put(chunk)?,
            length: chunk.len() as u32,
            records: cut.records,
            lines: cut.lines,
            header: cut.header,
            continued: cut.continued,
            anchor: cut.anchor,
        };
        builder.push(row, store)
    };
    cutter.push(bytes, &mut emit).unwrap();
    cutter.finish(&mut emit).unwrap();
    builder.finish(entry.content, &described, store).unwrap();
    entry
}

/// Returns the one data set that a `dver.toml` declares.
fn declare(text: &str) -> Declaration {
    let mut all = Declarations::parse(text.as_bytes()).unwrap();
    assert_eq!(all.datasets.len(), 1);
    all.datasets.remove(0)
}

/// Returns all records of a table: each as `field=value` pairs without nulls.
fn records(store: &MemoryStore, table: &Table) -> Vec<String> {
    let mut batch = Batch::default();
    let mut all = Vec::new();
    for (part, unit) in table.units() {
        table.read_unit(store, part, unit, &mut batch).unwrap();
        let expected = &table.parts[part].units[unit];
        assert_eq!(batch.len() as u64, expected.records);
        assert_eq!(
            all.len() as u64,
            before(table, part) + expected.first_record
        );
        for record in batch.records() {
            let cells = batch.fields().iter().enumerate().filter_map(|(at, name)| {
                let cell = record.cell(at)?;
                Some(format!("{name}={}", cell.text))
            });
            all.push(cells.collect::<Vec<_>>().join(" "));
        }
    }
    assert_eq!(all.len() as u64, table.records());
    all
}

fn before(table: &Table, part: usize) -> u64 {
    table.parts[..part].iter().map(|part| part.records()).sum()
}
