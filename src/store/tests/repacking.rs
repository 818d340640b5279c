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
    let objects: Vec<&[u8]> = objects.iter().map(Vec::as_slice).collect();
    writer.put_all(&objects).unwrap();
    writer.commit().unwrap();
}

fn repack(scratch: &Scratch, live: Live<'_>) -> RepackPlan {
    let store = &scratch.store;
    let plan = store.plan_repack(live).unwrap();
    let writer = store.repack(&plan, live, &scratch.tmp(), &Quiet).unwrap();
    let written = writer.commit().unwrap();
    store.check_repacked(&plan, &written, &Quiet).unwrap();
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
    assert!(
        packs.len() == 1 && packs[0].size < before + before / 100,
        "{packs:?} {before}"
    );
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

/// A version of an object: like the versions beside it.
fn version(n: u64) -> Vec<u8> {
    let mut bytes = lines(7, 17_000);
    let at = (n as usize * 611) % 16_000;
    bytes[at..at + 8].copy_from_slice(format!("v{n:07}").as_bytes());
    bytes
}

/// Commits one object, on a base or whole, and much else, so that the pack is large.
fn commit_near(scratch: &Scratch, bytes: &[u8], base: Option<&[u8]>, filler: u64, size: usize) {
    let mut writer = scratch.begin();
    let base: Vec<ObjectId> = base.map(ObjectId::of).into_iter().collect();
    writer.put_near(bytes, &base).unwrap();
    if size > 0 {
        writer.put(&noise(filler, size)).unwrap();
    }
    writer.commit().unwrap();
}

fn everything(scratch: &Scratch) -> Kept {
    let mut kept = Kept::default();
    kept.objects.extend(held(scratch));
    kept
}

fn take_packs(from: &Scratch, to: &Scratch) {
    for pack in from.store.list_packs() {
        let place = to.store.dir().join(pack.path.file_name().unwrap());
        std::fs::copy(&pack.path, place).unwrap();
    }
    to.store.rescan().unwrap();
}

/// Repacks, and checks that everything is there in one copy, and sound with nothing else beside.
#[track_caller]
fn repack_whole(scratch: &Scratch) {
    let kept = everything(scratch);
    let objects = held(scratch);
    let objects: std::collections::BTreeSet<ObjectId> = objects.into_iter().collect();
    repack(scratch, kept.live());
    let store = scratch.reopened();
    for id in &objects {
        assert_eq!(ObjectId::of(&store.get(id).unwrap()), *id);
    }
    for pack in store.list_packs() {
        assert!(store.verify(&pack.path).unwrap().damage.is_empty());
    }
    let left: Vec<ObjectId> = objects.into_iter().collect();
    assert_eq!(held(scratch), left);
    assert!(repack(scratch, kept.live()).is_empty());
}

#[test]
fn deltas_stay_deltas_and_their_bases_stay() {
    let scratch = Scratch::new();
    commit_near(&scratch, &version(0), None, 0, 0);
    for n in 1..10 {
        commit_near(&scratch, &version(n), Some(&version(n - 1)), n, 0);
    }
    let whole: u64 = scratch
        .store
        .list_packs()
        .iter()
        .map(|pack| pack.size)
        .max()
        .unwrap();
    repack_whole(&scratch);
    let packs = scratch.store.list_packs();
    assert!(packs.len() == 1 && packs[0].size < whole * 2, "{packs:?}");
    // A base that nobody needs goes, and what built on it stands for itself or on another.
    let odd: Vec<Vec<u8>> = (0..10).filter(|n| n % 2 == 1).map(version).collect();
    let kept = Kept::of(&odd);
    repack(&scratch, kept.live());
    let mut wanted: Vec<ObjectId> = kept.objects.iter().copied().collect();
    wanted.sort();
    assert_eq!(held(&scratch), wanted);
    for object in &odd {
        assert!(scratch.reopened().get(&ObjectId::of(object)).unwrap() == *object);
    }
    assert!(repack(&scratch, kept.live()).is_empty());
}

#[test]
fn objects_that_build_on_each_other_in_two_clones_are_not_left_with_only_that() {
    for packed in [false, true] {
        for larger_first in [0, 40_000] {
            let clones = [(1, 2), (2, 1)].map(|(first, second)| {
                let scratch = Scratch::new();
                let fillers = [first * 10, first * 10 + 1];
                commit_near(&scratch, &version(first), None, fillers[0], larger_first);
                if packed {
                    repack_whole(&scratch);
                }
                let base = version(first);
                commit_near(&scratch, &version(second), Some(&base), fillers[1], 30_000);
                if packed {
                    repack_whole(&scratch);
                }
                assert_eq!(scratch.store.list_packs().len(), 2);
                scratch
            });
            take_packs(&clones[1], &clones[0]);
            assert_eq!(clones[0].store.list_packs().len(), 4);
            repack_whole(&clones[0]);
            let store = clones[0].reopened();
            assert!(store.get(&ObjectId::of(&version(1))).unwrap() == version(1));
            assert!(store.get(&ObjectId::of(&version(2))).unwrap() == version(2));
        }
    }
}

#[test]
fn no_chain_becomes_longer_than_readers_follow() {
    for packed in [false, true] {
        // Version 16 at the end of a chain, in large packs; and whole elsewhere, with more on it.
        let deep = Scratch::new();
        commit_near(&deep, &version(0), None, 100, 0);
        for n in 1..=16 {
            commit_near(&deep, &version(n), Some(&version(n - 1)), 100 + n, 60_000);
        }
        if packed {
            repack_whole(&deep);
        }
        let other = Scratch::new();
        commit_near(&other, &version(16), None, 200, 0);
        for n in 17..=30 {
            commit_near(&other, &version(n), Some(&version(n - 1)), 200 + n, 0);
            if packed && n % 5 == 0 {
                repack_whole(&other);
            }
        }
        take_packs(&other, &deep);
        repack_whole(&deep);
        let store = deep.reopened();
        for n in 0..=30 {
            assert!(store.get(&ObjectId::of(&version(n))).unwrap() == version(n));
        }
    }
}

#[test]
fn what_was_written_is_read_back_without_the_packs_that_go() {
    let scratch = Scratch::new();
    commit(&scratch, &objects(1));
    let kept = everything(&scratch);
    let store = &scratch.store;
    let plan = store.plan_repack(kept.live()).unwrap();
    let writer = store
        .repack(&plan, kept.live(), &scratch.tmp(), &Quiet)
        .unwrap();
    let written = writer.commit().unwrap();
    store.check_repacked(&plan, &written, &Quiet).unwrap();
    // The disk forgets before the old pack is gone.
    let path = store.dir().join(format!("{}.pack", written[0]));
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[4_000] ^= 1;
    std::fs::remove_file(&path).unwrap();
    std::fs::write(&path, bytes).unwrap();
    let refused = scratch.reopened().check_repacked(&plan, &written, &Quiet);
    assert!(matches!(refused, Err(Error::DamagedPack { .. })));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn versions_on_versions_survive_any_selection(
        steps in proptest::collection::vec((0u64..24, 0u64..24, any::<bool>()), 1..24),
        masks in proptest::collection::vec(any::<u64>(), 1..4),
    ) {
        let scratch = Scratch::new();
        for (n, base, alone) in steps {
            commit_near(&scratch, &version(n), Some(&version(base)), n, if alone { 0 } else { 12_000 });
        }
        for mask in masks {
            let all = held(&scratch);
            let mut kept = Kept::default();
            let stays = |id: &&ObjectId| (mask >> (id.0[0] % 64)) & 1 == 1;
            kept.objects.extend(all.iter().filter(stays));
            repack(&scratch, kept.live());
            let mut wanted: Vec<ObjectId> = kept.objects.iter().copied().collect();
            wanted.sort();
            prop_assert_eq!(held(&scratch), wanted);
        }
    }

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
