//! Tree nodes and manifests: the first byte says of what.
#![no_main]

use dver::object::changes::Row;
use dver::object::tree::{Entry, Node, Walker};
use dver::object::{Attachment, ChunkEntry, FileEntry, Manifest, MemoryStore, ObjectSink as _};
use libfuzzer_sys::fuzz_target;

fn check<E: Entry>(bytes: &[u8]) {
    let _ = Node::<E>::decode(bytes);
    let mut store = MemoryStore::new();
    let root = store.put(bytes).expect("memory takes everything");
    if let Ok(walker) = Walker::<E>::open(&store, &root) {
        walker.take(100_000).for_each(drop);
    }
}

fuzz_target!(|bytes: &[u8]| {
    let Some((kind, bytes)) = bytes.split_first() else {
        return;
    };
    match kind % 5 {
        0 => check::<FileEntry>(bytes),
        1 => check::<ChunkEntry>(bytes),
        2 => check::<Row>(bytes),
        3 => check::<Attachment>(bytes),
        _ => {
            let mut store = MemoryStore::new();
            let id = store.put(bytes).expect("memory takes everything");
            let _ = Manifest::read(&store, &id);
        }
    }
});
