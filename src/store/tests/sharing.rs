//! Frames and packs that are shared: groups, splits, colliding ids, threads, other writers.

use proptest::prelude::*;
use rayon::prelude::*;

use crate::store::frame::Frame;
use crate::store::pack::HEADER;

use super::*;

/// Returns how many members each frame of a pack has.
fn members(scratch: &Scratch) -> Vec<usize> {
    let bytes = std::fs::read(&scratch.store.list_packs()[0].path).unwrap();
    let mut at = HEADER.len();
    let mut found = Vec::new();
    while let Some(frame) = Frame::parse(&bytes[at..]).unwrap() {
        found.push(frame.lengths.len());
        at += frame.size;
    }
    found
}

#[test]
fn small_files_share_frames_and_short_chunks_among_long_ones_do_not() {
    let scratch = Scratch::new();
    let files: Vec<Vec<u8>> = (0..200).map(|n| lines(n, 4_000)).collect();
    let mut writer = scratch.begin();
    for file in &files {
        writer.put(file).unwrap();
    }
    writer.commit().unwrap();
    // The first small one cannot know that it is among small ones.
    assert_eq!(members(&scratch), [1, 32, 32, 32, 32, 32, 32, 7]);
    for file in &files {
        assert!(scratch.store.get(&ObjectId::of(file)).unwrap() == *file);
    }

    let scratch = Scratch::new();
    let mut writer = scratch.begin();
    for n in 0..20 {
        let length = if n % 2 == 0 { 16_000 } else { 4_000 };
        writer.put(&lines(n, length)).unwrap();
    }
    writer.commit().unwrap();
    assert_eq!(members(&scratch), [1; 20]);
}

#[test]
fn a_pack_is_split_at_its_limit_and_the_last_one_has_the_content_rows() {
    let scratch = Scratch::new();
    let mut writer = scratch.begin_with(Options {
        pack_limit: 100_000,
        ..Options::default()
    });
    let objects: Vec<Vec<u8>> = (0..40).map(|n| noise(n, 16_384)).collect();
    for object in &objects {
        let id = writer.put(object).unwrap();
        writer.put_manifest(ObjectId::of(&id.0), id).unwrap();
    }
    writer.put(&noise(99, 200_000)).unwrap();
    for object in &objects {
        assert!(writer.get(&ObjectId::of(object)).unwrap() == *object);
    }
    let packs = writer.commit().unwrap();
    assert!(packs.len() > 6);
    let store = scratch.reopened();
    for info in store.list_packs() {
        let last = Some(&info.id) == packs.last();
        assert_eq!(info.contents, if last { 40 } else { 0 });
        // Larger only where one object is.
        assert!(info.size < 103_000 || info.objects == 1);
    }
    for object in &objects {
        let id = ObjectId::of(object);
        assert!(store.get(&id).unwrap() == *object);
        assert_eq!(store.manifest_of(&ObjectId::of(&id.0)).unwrap(), Some(id));
    }
}

#[test]
fn objects_with_one_truncated_id_are_all_found() {
    let scratch = Scratch::new();
    for round in 0..3 {
        let mut writer = scratch.begin_with(Options {
            id_bytes: 1,
            ..Options::default()
        });
        // Every second object of a round is of the round before, and must be found to be known.
        for n in round * 200..round * 200 + 400 {
            writer.put(&lines(n, 40 + n as usize * 3)).unwrap();
        }
        let new = if round == 0 { 400 } else { 200 };
        assert_eq!(writer.totals().objects, new);
        writer.commit().unwrap();
    }
    for store in [&scratch.store, &scratch.reopened()] {
        for n in 0..800 {
            let object = lines(n, 40 + n as usize * 3);
            assert!(store.get(&ObjectId::of(&object)).unwrap() == object);
        }
        // Its truncated id is in every table, and still it is not there.
        let absent = ObjectId::of(b"absent");
        assert!(!store.contains(&absent).unwrap());
        assert!(matches!(store.get(&absent), Err(Error::Missing(_))));
    }
    for info in scratch.store.list_packs() {
        assert_eq!(scratch.store.verify(&info.path).unwrap().damage, []);
    }
}

#[test]
fn what_another_process_writes_is_found() {
    let scratch = Scratch::new();
    let other = scratch.reopened();
    let mut writer = scratch.begin();
    let id = writer.put(b"new").unwrap();
    writer.put_manifest(ObjectId::of(b"content"), id).unwrap();
    writer.commit().unwrap();
    assert_eq!(other.get(&id).unwrap(), b"new");
    let late = scratch.reopened();
    // gc removes a pack: what is mapped stays readable until the next look.
    std::fs::remove_file(&late.list_packs()[0].path).unwrap();
    assert_eq!(late.get(&id).unwrap(), b"new");
    assert!(late.rescan().unwrap());
    assert!(matches!(late.get(&id), Err(Error::Missing(_))));
}

#[test]
fn many_threads_read_at_once() {
    let scratch = Scratch::new();
    let objects: Vec<Vec<u8>> = (0..600)
        .map(|n| lines(n, 500 + (n as usize % 7) * 3_000))
        .collect();
    let mut writer = scratch.begin();
    let views: Vec<&[u8]> = objects.iter().map(Vec::as_slice).collect();
    writer.put_all(&views).unwrap();
    let read = |source: &dyn ObjectSource| {
        objects.par_iter().for_each(|object| {
            assert!(source.get(&ObjectId::of(object)).unwrap() == *object);
        });
    };
    read(&writer);
    writer.commit().unwrap();
    read(&scratch.store);
}

#[test]
fn rayon_tasks_may_share_a_writer_behind_a_lock() {
    let scratch = Scratch::new();
    let writer = std::sync::Mutex::new(scratch.begin());
    (0..400u64).into_par_iter().for_each(|n| {
        let object = lines(n, 200_000);
        writer.lock().unwrap().put_all(&[&object]).unwrap();
    });
    assert_eq!(writer.into_inner().unwrap().totals().objects, 400);
}

#[test]
fn an_object_that_is_too_large_is_refused() {
    let scratch = Scratch::new();
    let mut writer = scratch.begin();
    let large = vec![0; (64 << 20) + 1];
    assert!(matches!(writer.put(&large), Err(Error::TooLarge { .. })));
    let id = writer.put(&large[1..]).unwrap();
    writer.commit().unwrap();
    assert!(scratch.store.get(&id).unwrap() == large[1..]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_sequence_of_puts_comes_back(
        puts in proptest::collection::vec((0u64..30, 0usize..40_000, any::<bool>()), 0..60),
        commits in proptest::collection::vec(0usize..60, 0..3),
        pack_limit in 20_000u64..200_000,
    ) {
        let scratch = Scratch::new();
        let options = Options { pack_limit, ..Options::default() };
        let mut expected = std::collections::BTreeMap::new();
        let mut writer = scratch.begin_with(options);
        for (n, &(seed, length, random)) in puts.iter().enumerate() {
            if commits.contains(&n) {
                writer.commit().unwrap();
                writer = scratch.begin_with(options);
            }
            let object = if random { noise(seed, length) } else { lines(seed, length) };
            let id = writer.put(&object).unwrap();
            expected.insert(id, object);
            prop_assert!(writer.get(&id).unwrap() == expected[&id]);
        }
        let new = writer.totals().objects as usize;
        writer.commit().unwrap();
        let store = scratch.reopened();
        let stored: u64 = store.list_packs().iter().map(|pack| pack.objects).sum();
        prop_assert_eq!(stored as usize, expected.len());
        prop_assert!(new <= expected.len());
        for (id, object) in &expected {
            prop_assert!(store.get(id).unwrap() == *object);
        }
        for pack in store.list_packs() {
            prop_assert_eq!(store.verify(&pack.path).unwrap().damage, []);
        }
    }
}
