//! Repacking keeps what is to stay, whatever the packs hold, and lets the rest go.

use std::collections::BTreeMap;

use proptest::prelude::*;
use rustc_hash::FxHashSet;

use crate::base::progress::Quiet;
use crate::store::{Live, RepackPlan};

use super::*;

/// What is to stay.
#[derive(Default)]
struct Kept {
    objects: FxHashSet<ObjectId>,
    manifests: BTreeMap<ObjectId, ObjectId>,
}

impl Kept {
    fn of<'a>(objects: impl IntoIterator<Item = &'a Vec<u8>>) -> Self {
        let objects = objects.into_iter().map(|bytes| ObjectId::of(bytes));
        Self {
            objects: objects.collect(),
            manifests: BTreeMap::new(),
        }
    }

    fn live(&self) -> Live<'_> {
        Live {
            objects: &self.objects,
            manifests: &self.manifests,
            all_packs: false,
        }
    }
}

fn commit(scratch: &Scratch, objects: &[Vec<u8>]) {
    let mut writer = scratch.begin();
    for object in objects {
        writer.put(object).unwrap();
    }
    writer.commit().unwrap();
}

fn repack(scratch: &Scratch, live: Live<'_>) -> RepackPlan {
    let store = &scratch.store;
    let plan = store.plan_repack(live).unwrap();
    let writer = store.repack(&plan, live, &scratch.tmp(), &Quiet).unwrap();
    let written = writer.commit().unwrap();
    store.remove_replaced(&plan, &written).unwrap();
    plan
}

fn held(scratch: &Scratch) -> Vec<ObjectId> {
    let mut held = Vec::new();
    let visit = &mut |id: &ObjectId, _: &[u8]| {
        held.push(*id);
        Ok(())
    };
    scratch.store.walk(u64::MAX, visit).unwrap();
    held.sort();
    held
}

/// All sizes and kinds: grouped, alone, not compressible.
fn objects(seed: u64) -> Vec<Vec<u8>> {
    let mut objects: Vec<Vec<u8>> = (0..30)
        .map(|n| lines(seed * 100 + n, 40 + n as usize * 90))
        .collect();
    objects.extend((0..5).map(|n| lines(seed * 100 + 50 + n, 17_000)));
    objects.extend((0..5).map(|n| noise(seed * 100 + n, 9_000 + n as usize)));
    objects.extend((0..9).map(|n| noise(seed * 100 + 10 + n, 500)));
    objects
}

#[test]
fn one_copy_of_what_stays_is_left_and_packed_better() {
    let scratch = Scratch::new();
    for seed in 0..4 {
        commit(&scratch, &objects(seed));
    }
    let all: Vec<Vec<u8>> = (0..4).flat_map(objects).collect();
    let before: u64 = scratch
        .store
        .list_packs()
        .iter()
        .map(|pack| pack.size)
        .sum();
    let every = Kept::of(&all);
    let plan = repack(&scratch, every.live());
    assert_eq!((plan.packs_before, plan.packs_after), (4, 1));
    assert_eq!(plan.delete.objects, 0);
    let packs = scratch.store.list_packs();
    assert!(packs.len() == 1 && packs[0].size < before);
    assert!(repack(&scratch, every.live()).is_empty());

    let half = Kept::of(all.iter().step_by(2));
    let plan = repack(&scratch, half.live());
    let count = all.len() as u64;
    assert_eq!(plan.keep.objects, count.div_ceil(2));
    assert_eq!(plan.delete.objects, count / 2);
    let mut wanted: Vec<ObjectId> = half.objects.iter().copied().collect();
    wanted.sort();
    assert_eq!(held(&scratch), wanted);
    for store in [&scratch.store, &scratch.reopened()] {
        for object in all.iter().step_by(2) {
            assert!(store.get(&ObjectId::of(object)).unwrap() == *object);
        }
        let gone = store.get(&ObjectId::of(&all[1]));
        assert!(matches!(gone, Err(Error::Missing(_))));
    }
    for pack in scratch.store.list_packs() {
        assert!(scratch.store.verify(&pack.path).unwrap().damage.is_empty());
    }
}

#[test]
fn the_same_packs_make_the_same_pack() {
    let pack = || {
        let scratch = Scratch::new();
        for seed in 0..3 {
            commit(&scratch, &objects(seed));
        }
        let all: Vec<Vec<u8>> = (0..3).flat_map(objects).collect();
        repack(&scratch, Kept::of(all.iter().skip(1)).live());
        scratch.store.list_packs()[0].id
    };
    assert_eq!(pack(), pack());
}

#[test]
fn one_manifest_of_a_content_stays() {
    let scratch = Scratch::new();
    let content = ObjectId::of(b"a large content");
    let manifests = [lines(1, 300), lines(2, 300)];
    for manifest in &manifests {
        let mut writer = scratch.begin();
        let id = writer.put(manifest).unwrap();
        writer.put_manifest(content, id).unwrap();
        writer.put_manifest(ObjectId::of(b"gone"), id).unwrap();
        writer.commit().unwrap();
    }
    assert_eq!(scratch.store.manifests_of(&content).len(), 2);
    let newest = scratch.store.manifest_of(&content).unwrap().unwrap();
    let mut kept = Kept::default();
    kept.objects.insert(newest);
    kept.manifests.insert(content, newest);
    repack(&scratch, kept.live());
    assert_eq!(scratch.store.manifests_of(&content), [newest]);
    assert_eq!(
        scratch.store.manifest_of(&ObjectId::of(b"gone")).unwrap(),
        None
    );
    assert_eq!(held(&scratch), [newest]);
    assert!(repack(&scratch, kept.live()).is_empty());
}

#[test]
fn what_is_missing_or_damaged_stops_it_before_anything_goes() {
    let scratch = Scratch::new();
    commit(&scratch, &objects(1));
    let absent = Kept::of([&b"never stored".to_vec()]);
    let refused = scratch.store.plan_repack(absent.live());
    assert!(matches!(refused, Err(Error::Missing(_))));

    let noisy = noise(110, 500);
    let pack = scratch.store.list_packs()[0].path.clone();
    let mut bytes = std::fs::read(&pack).unwrap();
    let at = memchr::memmem::find(&bytes, &noise(100, 9_000)).unwrap();
    bytes[at + 5] ^= 1;
    std::fs::remove_file(&pack).unwrap();
    std::fs::write(&pack, &bytes).unwrap();
    let store = scratch.reopened();
    let all = objects(1);
    let kept = Kept::of(&all);
    let plan = store.plan_repack(kept.live()).unwrap();
    let refused = store.repack(&plan, kept.live(), &scratch.tmp(), &Quiet);
    assert!(matches!(refused.err(), Some(Error::Corrupt { .. })));
    assert_eq!(std::fs::read(&pack).unwrap(), bytes);
    assert!(names(&scratch.tmp()).is_empty());
    // What is damaged and need not stay is no obstacle.
    let kept = Kept::of([&noisy]);
    let plan = store.plan_repack(kept.live()).unwrap();
    let writer = store
        .repack(&plan, kept.live(), &scratch.tmp(), &Quiet)
        .unwrap();
    let written = writer.commit().unwrap();
    store.remove_replaced(&plan, &written).unwrap();
    assert_eq!(store.get(&ObjectId::of(&noisy)).unwrap(), noisy);
    assert!(!pack.exists());
}

#[test]
fn a_sound_copy_takes_the_place_of_a_damaged_one_in_a_pack_that_would_stay() {
    let scratch = Scratch::new();
    let all = objects(1);
    commit(&scratch, &all);
    let kept = Kept::of(&all);
    repack(&scratch, kept.live());
    let pack = scratch.store.list_packs()[0].path.clone();
    let mut bytes = std::fs::read(&pack).unwrap();
    let noisy = noise(100, 9_000);
    let at = memchr::memmem::find(&bytes, &noisy).unwrap();
    bytes[at + 5] ^= 1;
    std::fs::remove_file(&pack).unwrap();
    std::fs::write(&pack, &bytes).unwrap();
    let scratch = Scratch {
        store: scratch.reopened(),
        dir: scratch.dir,
    };
    commit(&scratch, std::slice::from_ref(&noisy));
    repack(&scratch, kept.live());
    assert_eq!(scratch.store.list_packs().len(), 1);
    assert_eq!(scratch.store.get(&ObjectId::of(&noisy)).unwrap(), noisy);
    let path = &scratch.store.list_packs()[0].path;
    assert!(scratch.store.verify(path).unwrap().damage.is_empty());
    assert!(repack(&scratch, kept.live()).is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn what_is_kept_is_kept_and_nothing_else(rounds in proptest::collection::vec((1u64..6, any::<u64>(), any::<bool>()), 1..6)) {
        let scratch = Scratch::new();
        let mut stored: Vec<Vec<u8>> = Vec::new();
        for (seed, mask, all_packs) in rounds {
            commit(&scratch, &objects(seed));
            stored.extend(objects(seed));
            stored.sort();
            stored.dedup();
            let keep = |(n, _): &(usize, &Vec<u8>)| (mask >> (n % 64)) & 1 == 1;
            let kept: Vec<Vec<u8>> =
                stored.iter().enumerate().filter(keep).map(|(_, o)| o.clone()).collect();
            stored = kept;
            let kept = Kept::of(&stored);
            let live = Live { all_packs, ..kept.live() };
            let plan = repack(&scratch, live);
            prop_assert_eq!(plan.keep.objects, stored.len() as u64);
            prop_assert_eq!(plan.packs_after, scratch.store.list_packs().len());
            let mut wanted: Vec<ObjectId> = kept.objects.iter().copied().collect();
            wanted.sort();
            prop_assert_eq!(held(&scratch), wanted);
            for object in &stored {
                prop_assert!(scratch.store.get(&ObjectId::of(object)).unwrap() == *object);
            }
        }
    }
}
