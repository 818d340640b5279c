//! Merging packs loses nothing.

use proptest::prelude::*;

use crate::store::merge::merged_count;

use super::*;

/// Commits `objects` as one pack.
fn commit(scratch: &Scratch, objects: &[Vec<u8>]) {
    let mut writer = scratch.begin();
    for object in objects {
        let id = writer.put(object).unwrap();
        writer.put_manifest(ObjectId::of(&id.0), id).unwrap();
    }
    writer.commit().unwrap();
}

#[test]
fn many_small_packs_become_one_and_everything_is_still_there() {
    let scratch = Scratch::new();
    let objects = |n: u64| -> Vec<Vec<u8>> {
        let length = |k: u64| 100 + (n * 7 + k) as usize * 130;
        (0..9).map(|k| lines(n * 10 + k, length(k))).collect()
    };
    for n in 0..20 {
        commit(&scratch, &objects(n));
    }
    let idle = scratch.reopened(); // maps the old packs
    assert_eq!(scratch.store.plan_merge(20), None);
    let plan = scratch.store.plan_merge(12).unwrap();
    let merged = scratch.store.apply_merge(&plan, &scratch.tmp()).unwrap();
    assert_eq!(merged.unwrap().replaced.len(), plan.packs.len());
    assert!(names(scratch.store.dir()).len() <= 4);
    assert!(names(&scratch.tmp()).is_empty());
    for store in [&scratch.store, &scratch.reopened(), &idle] {
        for object in (0..20).flat_map(objects) {
            let id = ObjectId::of(&object);
            assert!(store.get(&id).unwrap() == object);
            assert_eq!(store.manifest_of(&ObjectId::of(&id.0)).unwrap(), Some(id));
        }
    }
    for pack in scratch.store.list_packs() {
        let damage = scratch.store.verify(&pack.path).unwrap().damage;
        // The content rows are made up, so they lead to no manifests.
        assert!(damage.iter().all(|d| d.offset.is_none()), "{damage:?}");
    }
}

#[test]
fn a_frame_that_another_pack_has_is_not_copied_twice() {
    let scratch = Scratch::new();
    commit(&scratch, &[lines(1, 20_000), noise(1, 20_000)]);
    // Two processes may write the same objects at the same time.
    let other = Scratch::new();
    commit(&other, &[noise(1, 20_000), lines(2, 20_000)]);
    let from = &other.store.list_packs()[0];
    let name = from.path.file_name().unwrap();
    std::fs::copy(&from.path, scratch.store.dir().join(name)).unwrap();
    scratch.store.rescan().unwrap();
    let plan = scratch.store.plan_merge(1).unwrap();
    scratch.store.apply_merge(&plan, &scratch.tmp()).unwrap();
    let packs = scratch.store.list_packs();
    assert_eq!((packs.len(), packs[0].objects), (1, 3));
}

#[test]
fn a_pack_that_holds_all_others_is_kept() {
    let scratch = Scratch::new();
    let all = [lines(1, 20_000), lines(2, 20_000)];
    commit(&scratch, &all);
    let whole = scratch.store.list_packs()[0].clone();
    let other = Scratch::new();
    commit(&other, &all[1..]);
    let from = &other.store.list_packs()[0];
    let name = from.path.file_name().unwrap();
    std::fs::copy(&from.path, scratch.store.dir().join(name)).unwrap();
    scratch.store.rescan().unwrap();
    let plan = scratch.store.plan_merge(1).unwrap();
    let merged = scratch.store.apply_merge(&plan, &scratch.tmp()).unwrap();
    assert_eq!(merged.unwrap().pack, whole.id);
    assert!(scratch.store.get(&ObjectId::of(&all[0])).unwrap() == all[0]);
    assert_eq!(scratch.reopened().list_packs().len(), 1);
}

#[test]
fn a_damaged_pack_is_not_merged() {
    let scratch = Scratch::new();
    for n in 0..3 {
        commit(&scratch, &[lines(n, 20_000)]);
    }
    let bad = scratch.store.list_packs()[1].path.clone();
    let mut bytes = std::fs::read(&bad).unwrap();
    bytes[1_000] ^= 1;
    std::fs::remove_file(&bad).unwrap();
    std::fs::write(&bad, bytes).unwrap();
    let store = scratch.reopened();
    let plan = store.plan_merge(1).unwrap();
    let merged = store.apply_merge(&plan, &scratch.tmp()).unwrap().unwrap();
    assert_eq!(merged.replaced.len(), 2);
    assert!(bad.exists());
}

proptest! {
    #[test]
    fn what_is_left_is_a_geometric_row(mut sizes in proptest::collection::vec(1u64..1 << 40, 2..40)) {
        for size in &mut sizes {
            *size >>= *size % 40; // of all magnitudes
        }
        sizes.sort_unstable();
        let count = merged_count(&sizes);
        prop_assert!((2..=sizes.len()).contains(&count));
        let merged: u64 = sizes[..count].iter().sum();
        if merged + sizes.get(count).copied().unwrap_or(0) <= 4 << 30 {
            let mut row = vec![merged];
            row.extend(&sizes[count..]);
            prop_assert!(row.windows(2).all(|w| w[1] >= 4 * w[0]));
        }
    }
}
