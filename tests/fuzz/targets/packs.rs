//! Packs: frames of any bytes below a table that is sound, and files of any bytes.
#![no_main]

use std::fs;

use dver::base::ObjectId;
use dver::object::ObjectSource as _;
use dver::store::Store;
use libfuzzer_sys::fuzz_target;

/// Returns a whole pack (docs/format.md, "Packs") whose only object begins with the frame.
fn pack(frames: &[u8], object: &ObjectId) -> Vec<u8> {
    let mut bytes = b"dverpack\x01\0\0\0".to_vec();
    bytes.extend_from_slice(frames);
    bytes.push(0);
    let table_offset = bytes.len() as u64;
    let mut table = 1u32.to_le_bytes().to_vec();
    table.extend_from_slice(&object.as_bytes()[..12]);
    table.extend_from_slice(&12u64.to_le_bytes());
    let mut trailer = Vec::new();
    for number in [table_offset, 1, 0, 1] {
        trailer.extend_from_slice(&number.to_le_bytes());
    }
    trailer.extend_from_slice(&[0, 12, 0, 0, 0, 0, 0, 0]);
    trailer.extend_from_slice(blake3::hash(&table).as_bytes());
    let check = blake3::hash(&trailer);
    trailer.extend_from_slice(&check.as_bytes()[..8]);
    bytes.extend(table);
    bytes.extend(trailer);
    bytes
}

fuzz_target!(|bytes: &[u8]| {
    let Some((kind, rest)) = bytes.split_first() else {
        return;
    };
    let object = ObjectId::of(b"an object");
    let file = match kind % 2 {
        0 => pack(rest, &object),
        _ => rest.to_vec(),
    };
    let dir = tempfile::tempdir().expect("a temporary directory");
    let path = dir.path().join(format!("{}.pack", ObjectId::of(&file)));
    fs::write(&path, &file).expect("a temporary file");
    if let Ok(store) = Store::open(dir.path()) {
        let _ = store.get(&object);
        let _ = store.verify(&path);
        let _ = store.walk(1 << 20, &mut |_, _| Ok(()));
    }
});
