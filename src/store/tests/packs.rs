//! What is put can be had, before and after the commit.

use crate::object::{ChunkEntry, ManifestBuilder};
use crate::store::remove_leftovers;

use super::*;

#[test]
fn what_was_put_comes_back_from_the_writer_and_from_the_store() {
    let scratch = Scratch::new();
    let objects = [
        Vec::new(),
        b"x".to_vec(),
        lines(1, 5_000),
        lines(2, 16_384),
        noise(3, 20_000),
        lines(4, 300_000),
        noise(5, 700),
    ];
    let mut writer = scratch.begin();
    let ids: Vec<ObjectId> = objects.iter().map(|o| writer.put(o).unwrap()).collect();
    for (id, object) in ids.iter().zip(&objects) {
        assert_eq!(*id, ObjectId::of(object));
        assert_eq!(writer.get(id).unwrap(), *object);
    }
    assert!(!scratch.store.contains(&ids[0]).unwrap());
    let packs = writer.commit().unwrap();
    assert_eq!(packs.len(), 1);
    for store in [&scratch.store, &scratch.reopened()] {
        for (id, object) in ids.iter().zip(&objects) {
            assert_eq!(store.get(id).unwrap(), *object);
            assert!(store.contains(id).unwrap());
        }
        assert!(matches!(
            store.get(&ObjectId::of(b"no")),
            Err(Error::Missing(_))
        ));
    }
    assert_eq!(names(&scratch.tmp()), Vec::<String>::new());
}

#[test]
fn what_is_known_is_not_written_again() {
    let scratch = Scratch::new();
    let mut writer = scratch.begin();
    let chunk = lines(1, 16_384);
    let id = writer.put(&chunk).unwrap();
    writer.put_manifest(ObjectId::of(b"content"), id).unwrap();
    writer.put(&chunk).unwrap();
    assert_eq!(writer.totals().objects, 1);
    assert_eq!(writer.commit().unwrap().len(), 1);

    for vouched in [false, true] {
        let mut writer = scratch.begin();
        writer.vouch(vouched.then_some(id));
        assert_eq!(writer.put_all(&[&chunk, &chunk]).unwrap(), [id, id]);
        writer.put_manifest(ObjectId::of(b"content"), id).unwrap();
        assert!(writer.is_empty());
        assert!(writer.commit().unwrap().is_empty());
        assert_eq!(names(scratch.store.dir()).len(), 1);
        assert!(names(&scratch.tmp()).is_empty());
    }
}

#[test]
fn a_writer_that_is_dropped_leaves_nothing() {
    let scratch = Scratch::new();
    let mut writer = scratch.begin_with(Options {
        pack_limit: 100_000,
        ..Options::default()
    });
    for seed in 0..200 {
        writer.put(&noise(seed, 16_384)).unwrap();
    }
    drop(writer);
    assert!(names(&scratch.tmp()).is_empty());
    assert!(names(scratch.store.dir()).is_empty());
}

#[test]
fn b3sum_checks_a_pack_and_the_same_puts_give_the_same_pack() {
    let write = |batch: usize| {
        let scratch = Scratch::new();
        let objects: Vec<Vec<u8>> = (0..300)
            .map(|n| lines(n, if n % 3 == 0 { 3_000 } else { 17_000 }))
            .collect();
        let mut writer = scratch.begin();
        for objects in objects.chunks(batch) {
            let objects: Vec<&[u8]> = objects.iter().map(Vec::as_slice).collect();
            writer.put_all(&objects).unwrap();
        }
        let packs = writer.commit().unwrap();
        let path = scratch.store.dir().join(format!("{}.pack", packs[0]));
        let bytes = std::fs::read(path).unwrap();
        assert_eq!(ObjectId::of(&bytes), packs[0]);
        bytes
    };
    assert!(write(1) == write(64));
}

#[test]
fn a_sound_pack_has_nothing_to_report() {
    let scratch = Scratch::new();
    let mut writer = scratch.begin();
    for seed in 0..50 {
        writer.put(&lines(seed, 100 + seed as usize * 400)).unwrap();
    }
    writer.commit().unwrap();
    let pack = &scratch.store.list_packs()[0];
    let report = scratch.store.verify(&pack.path).unwrap();
    assert_eq!(report.damage, []);
    assert_eq!((report.objects, report.raw_bytes), (50, pack.raw_bytes));
    let mut seen = 0;
    scratch
        .store
        .walk(1_000, &mut |_, raw| {
            seen += 1;
            assert!(raw.len() <= 1_000);
            Ok(())
        })
        .unwrap();
    assert_eq!(seen, 3);
}

#[test]
fn vouching_for_a_content_saves_the_comparison_but_not_the_look() {
    let scratch = Scratch::new();
    let chunks: Vec<Vec<u8>> = (0..10).map(|n| lines(n, 16_384)).collect();
    let content = ObjectId::of(&chunks.concat());
    let mut writer = scratch.begin();
    let mut manifest = ManifestBuilder::new();
    for chunk in &chunks {
        let id = writer.put(chunk).unwrap();
        let entry = ChunkEntry {
            id,
            length: chunk.len() as u32,
            records: 0,
            lines: 0,
            header: false,
            continued: false,
            anchor: None,
        };
        manifest.push(entry, &mut writer).unwrap();
    }
    manifest.finish(content, "test", &mut writer).unwrap();
    writer.commit().unwrap();

    let mut writer = scratch.begin();
    writer.vouch_content(&content).unwrap();
    writer.vouch_content(&ObjectId::of(b"unknown")).unwrap();
    writer.vouch([ObjectId::of(b"not in any table")]);
    for chunk in &chunks {
        writer.put(chunk).unwrap();
    }
    assert!(writer.is_empty());
    writer.put(b"not in any table").unwrap();
    assert_eq!(writer.totals().objects, 1);
}

#[test]
fn what_a_crashed_writer_left_can_be_removed() {
    let scratch = Scratch::new();
    remove_leftovers(&scratch.tmp()).unwrap();
    let mut writer = scratch.begin();
    writer.put(&vec![1; 40_000]).unwrap();
    writer.put(&noise(1, 2 << 20)).unwrap();
    writer.commit().unwrap();
    std::fs::write(scratch.tmp().join("pack-1-0.new"), b"torn").unwrap();
    std::fs::write(scratch.tmp().join("other"), b"not ours").unwrap();
    remove_leftovers(&scratch.tmp()).unwrap();
    assert_eq!(names(&scratch.tmp()), ["other"]);
}
