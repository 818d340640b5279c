//! Damaged packs: no panic, no wrong bytes, and never "it is not there".

use proptest::prelude::*;

use crate::store::table::TRAILER_BYTES;

use super::*;

/// A pack of all kinds of frames, its id, and what it holds.
fn pack() -> (Vec<u8>, ObjectId, Vec<Vec<u8>>) {
    let scratch = Scratch::new();
    let mut objects: Vec<Vec<u8>> = (0..40).map(|n| lines(n, 50 + n as usize * 40)).collect();
    objects.extend((0..6).map(|n| lines(100 + n, 9_000)));
    objects.extend((0..3).map(|n| noise(n, 9_000)));
    let mut writer = scratch.begin();
    for object in &objects {
        writer.put(object).unwrap();
    }
    let manifest = ObjectId::of(&objects[0]);
    writer
        .put_manifest(ObjectId::of(b"content"), manifest)
        .unwrap();
    let id = writer.commit().unwrap()[0];
    let path = scratch.store.dir().join(format!("{id}.pack"));
    (std::fs::read(path).unwrap(), id, objects)
}

/// Opens a store of the one pack `bytes`.
fn store_of(id: &ObjectId, bytes: &[u8]) -> (TempDir, Store) {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join(format!("{id}.pack")), bytes).unwrap();
    let store = Store::open(dir.path()).unwrap();
    (dir, store)
}

/// Reads everything; returns how many objects could be read.
fn check(id: &ObjectId, bytes: &[u8], objects: &[Vec<u8>]) -> usize {
    let (dir, store) = store_of(id, bytes);
    let mut read = 0;
    for object in objects {
        match store.get(&ObjectId::of(object)) {
            Ok(raw) => {
                assert_eq!(raw, *object);
                read += 1;
            }
            Err(Error::Missing(_)) => panic!("damage is reported as absence"),
            Err(_) => {}
        }
    }
    let path = dir.path().join(format!("{id}.pack"));
    let report = store.verify(&path).unwrap();
    assert!(!report.damage.is_empty());
    store.salvage(&path, &mut |_, _| Ok(())).unwrap();
    store.walk(u64::MAX, &mut |_, _| Ok(())).unwrap();
    let manifest = store.manifest_of(&ObjectId::of(b"content"));
    assert!(
        !matches!(manifest, Ok(None)),
        "damage is reported as absence"
    );
    read
}

#[test]
fn no_flipped_bit_gives_wrong_bytes() {
    let (bytes, id, objects) = pack();
    let mut best = 0;
    for round in 0..300u64 {
        let random = ObjectId::of(&round.to_le_bytes());
        let number = u64::from_le_bytes(random.as_bytes()[..8].try_into().unwrap());
        // Every third flip hits the table or the trailer, which are small.
        let tail = TRAILER_BYTES + objects.len() * 20 + 100;
        let at = match round % 3 {
            0 => bytes.len() - 1 - number as usize % tail,
            _ => number as usize % bytes.len(),
        };
        let mut flipped = bytes.clone();
        flipped[at] ^= 1 << (number >> 60 & 7);
        best = best.max(check(&id, &flipped, &objects));
    }
    assert_eq!(best, objects.len(), "a flip in one frame harms no other");
}

#[test]
fn no_truncation_gives_wrong_bytes() {
    let (bytes, id, objects) = pack();
    for kept in (0..bytes.len()).step_by(bytes.len() / 60) {
        assert_eq!(check(&id, &bytes[..kept], &objects), 0);
    }
}

#[test]
fn a_report_names_the_frame_and_its_objects() {
    let (bytes, id, objects) = pack();
    let mut flipped = bytes.clone();
    let noisy = &objects[objects.len() - 1];
    let at = memchr::memmem::find(&bytes, noisy).unwrap();
    flipped[at + 5] ^= 1;
    let (dir, store) = store_of(&id, &flipped);
    let report = store
        .verify(&dir.path().join(format!("{id}.pack")))
        .unwrap();
    let frames: Vec<_> = report
        .damage
        .iter()
        .filter(|d| d.offset.is_some())
        .collect();
    let lost = &ObjectId::of(noisy).to_string()[..16];
    assert!(frames.iter().all(|d| d.offset.unwrap() < at as u64));
    assert!(frames.iter().any(|d| d.objects == [lost]), "{frames:?}");
    assert_eq!(report.objects, objects.len() as u64 - 1);
}

#[test]
fn a_pack_without_its_table_gives_its_objects_back() {
    let (bytes, id, objects) = pack();
    let (dir, store) = store_of(&id, &bytes[..bytes.len() - TRAILER_BYTES - 200]);
    let mut found = Vec::new();
    let path = dir.path().join(format!("{id}.pack"));
    store
        .salvage(&path, &mut |id, raw| {
            assert_eq!(*id, ObjectId::of(raw));
            found.push(raw.to_vec());
            Ok(())
        })
        .unwrap();
    found.sort();
    let mut expected = objects.clone();
    expected.sort();
    assert!(found == expected);
}

#[test]
fn a_damaged_object_is_healed_by_putting_it_again() {
    let scratch = Scratch::new();
    let object = noise(1, 20_000);
    let mut writer = scratch.begin();
    let id = writer.put(&object).unwrap();
    let pack = writer.commit().unwrap()[0];
    let path = scratch.store.dir().join(format!("{pack}.pack"));
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[5_000] ^= 1;
    std::fs::remove_file(&path).unwrap(); // a mapped file is never written to
    std::fs::write(&path, bytes).unwrap();

    let store = scratch.reopened();
    assert!(matches!(store.get(&id), Err(Error::Corrupt { .. })));
    let mut writer = store.begin(&scratch.tmp()).unwrap();
    writer.put(&object).unwrap();
    // The new pack is the old one as it should be, so it takes its place.
    assert_eq!(writer.commit().unwrap(), [pack]);
    assert_eq!(store.get(&id).unwrap(), object);
}

/// Gives a trailer the check bytes that fit it, so that decoding goes deeper.
fn seal(bytes: &mut [u8]) {
    let at = bytes.len() - TRAILER_BYTES;
    let check = ObjectId::of(&bytes[at..][..TRAILER_BYTES - 8]);
    let end = bytes.len() - 8;
    bytes[end..].copy_from_slice(&check.as_bytes()[..8]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn random_bytes_as_a_pack_never_panic(mut bytes in proptest::collection::vec(any::<u8>(), 0..600), header: bool) {
        if header && bytes.len() >= 12 {
            bytes[..12].copy_from_slice(b"dverpack\x01\0\0\0");
        }
        if header && bytes.len() >= 12 + TRAILER_BYTES {
            seal(&mut bytes);
        }
        let id = ObjectId::of(b"another");
        let (dir, store) = store_of(&id, &bytes);
        prop_assert!(store.get(&id).is_err());
        let path = dir.path().join(format!("{id}.pack"));
        prop_assert!(!store.verify(&path).unwrap().damage.is_empty());
        store.salvage(&path, &mut |_, _| Ok(())).unwrap();
    }

    #[test]
    fn a_trailer_that_lies_never_panics(field in 0usize..5, value: u64, small: bool) {
        let (mut bytes, id, objects) = pack();
        let at = bytes.len() - TRAILER_BYTES + field * 8;
        let old = u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap());
        let value = if small { old.wrapping_add(value % 64).wrapping_sub(32) } else { value };
        prop_assume!(value != old);
        bytes[at..at + 8].copy_from_slice(&value.to_le_bytes());
        seal(&mut bytes);
        check(&id, &bytes, &objects);
    }

    #[test]
    fn scrambled_bytes_under_a_sound_trailer_never_panic(start: usize, scramble in proptest::collection::vec(any::<u8>(), 1..40)) {
        let (mut bytes, id, objects) = pack();
        let start = start % (bytes.len() - TRAILER_BYTES - scramble.len());
        prop_assume!(bytes[start..][..scramble.len()] != scramble);
        bytes[start..][..scramble.len()].copy_from_slice(&scramble);
        check(&id, &bytes, &objects);
    }
}
