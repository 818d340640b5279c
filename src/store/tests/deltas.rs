//! Deltas: exact whatever they build on, short where little changed, and never too deep.

use proptest::prelude::*;

use crate::object::Near;
use crate::store::chain::{Chain, MAX_CHAIN};
use crate::store::codec::delta::{self, Scripts};
use crate::store::codec::{differ, script};

use super::*;

/// Makes `new` of `base` through a script; returns how long the script is.
fn round_trip(base: &[u8], new: &[u8]) -> usize {
    // Even a script that inserts everything is written here.
    let found = differ::script(base, new, usize::MAX).unwrap();
    let made = script::apply(&found.numbers, &found.literals, base, new.len());
    assert!(made.as_deref() == Some(new));
    found.len()
}

/// A table of `records` lines whose last field is a label.
fn table(records: usize, label: impl Fn(usize) -> &'static str) -> Vec<u8> {
    let line = |n: usize| {
        let text = u64::from_le_bytes(noise(n as u64, 8).try_into().unwrap());
        format!("{},some words {text:020} and more,{}\n", n * 10, label(n))
    };
    (0..records).map(line).collect::<String>().into_bytes()
}

fn mostly_cats(changed: usize) -> impl Fn(usize) -> &'static str {
    move |n| if n == changed { "albatross" } else { "cat" }
}

#[test]
fn a_changed_label_is_a_few_bytes() {
    let base = table(128, mostly_cats(500));
    for changed in [0, 17, 127] {
        assert!(round_trip(&base, &table(128, mostly_cats(changed))) < 24);
    }
}

#[test]
fn a_new_column_is_one_operation() {
    let base = table(128, mostly_cats(50));
    let text = String::from_utf8(base.clone()).unwrap();
    let last: String = text.lines().map(|line| format!("{line},0.25\n")).collect();
    assert!(round_trip(&base, last.as_bytes()) < 128 * 5 + 8);
    let first: String = text.lines().map(|line| format!("x,{line}\n")).collect();
    assert!(round_trip(&base, first.as_bytes()) < 128 * 2 + 8);
    // And back: a column that goes.
    assert!(round_trip(last.as_bytes(), &base) < 16);
}

#[test]
fn lines_that_come_go_or_change_places_cost_themselves() {
    let base = table(128, mostly_cats(50));
    let lines: Vec<&[u8]> = base.split_inclusive(|&b| b == b'\n').collect();
    let new: &[u8] = b"5,a line that was not there,cat\n";
    let with = [&lines[..40], &[new], &lines[40..]].concat().concat();
    assert!(round_trip(&base, &with) < new.len() + 16);
    assert!(round_trip(&with, &base) < 16);
    let rotated = [&lines[64..], &lines[..64]].concat().concat();
    assert!(round_trip(&base, &rotated) < 24);
}

#[test]
fn lines_changed_alike_right_after_lines_that_are_gone_come_back() {
    let base = table(128, |_| "cat");
    let lines: Vec<&[u8]> = base.split_inclusive(|&b| b == b'\n').collect();
    let longer = |line: &&[u8]| [&line[..line.len() - 1], b",1\n"].concat();
    let gone = |n: usize| n % 40 == 20;
    let kept = (0..lines.len()).filter(|n| !gone(*n)).map(|n| lines[n]);
    let new: Vec<u8> = kept.flat_map(|line| longer(&line)).collect();
    assert!(round_trip(&base, &new) < base.len() / 10);
}

#[test]
fn a_changed_id_between_binary_fields_costs_itself() {
    let entry = |n: u64, changed: bool| {
        let mut entry = vec![4];
        entry.extend(noise(n * 2 + u64::from(changed), 32));
        entry.extend([0x90, 0x80, 1, 0x80, 1, 0x80, 1]);
        entry.extend(noise(n + 1_000_000, 4));
        entry
    };
    let base: Vec<u8> = (0..300).flat_map(|n| entry(n, false)).collect();
    let new: Vec<u8> = (0..300).flat_map(|n| entry(n, n % 30 == 7)).collect();
    assert!(round_trip(&base, &new) < 10 * 37);
    // One entry in the middle is gone and another has come.
    let moved: Vec<u8> = (0..300)
        .filter(|n| *n != 100)
        .flat_map(|n| entry(if n == 200 { 999 } else { n }, false))
        .collect();
    assert!(round_trip(&base, &moved) < 100);
}

#[test]
fn entries_that_come_and_go_among_names_cost_themselves() {
    let entry = |n: u64| {
        let mut entry = format!("\u{1d}class_{:03}/img_{n:06}.jpg", n / 1000).into_bytes();
        entry.extend([0, 0x80 + (n % 128) as u8, 30]);
        entry.extend(noise(n, 32));
        entry
    };
    let base: Vec<u8> = (0..600)
        .filter(|n: &u64| n.is_multiple_of(2))
        .flat_map(entry)
        .collect();
    let kept = |n: &u64| match n {
        100 | 300 | 500 => false,
        151 | 351 => true,
        _ => n.is_multiple_of(2),
    };
    let new: Vec<u8> = (0..600).filter(kept).flat_map(entry).collect();
    assert!(round_trip(&base, &new) < 200);
}

/// Text with few distinct lines, so that lines are repeated, or bytes.
fn arbitrary() -> impl Strategy<Value = Vec<u8>> {
    let line = "[ab]{0,3}(,[a-c]{0,9})?\r?\n?";
    let text = proptest::collection::vec(line, 0..40).prop_map(|lines| lines.concat().into_bytes());
    prop_oneof![text, proptest::collection::vec(any::<u8>(), 0..300)]
}

proptest! {
    #[test]
    fn a_script_makes_what_it_was_made_of(base in arbitrary(), new in arbitrary()) {
        round_trip(&base, &new);
    }

    #[test]
    fn edits_anywhere_come_back(seed in 0u64..1000, edits in proptest::collection::vec((0usize..9000, 0usize..40, 0usize..40), 0..6), text: bool) {
        let base = if text { lines(seed, 9000) } else { noise(seed, 9000) };
        let mut new = base.clone();
        for &(at, removed, added) in &edits {
            let at = at.min(new.len());
            let end = (at + removed).min(new.len());
            new.splice(at..end, noise(at as u64, added));
        }
        let script = round_trip(&base, &new);
        // In text that says the same again and again, much is found at another place.
        prop_assert!(text || script <= 8 + edits.len() * (40 + 24 + 60), "{script} bytes");
    }

    #[test]
    fn random_scripts_never_panic(numbers in proptest::collection::vec(any::<u8>(), 0..60), literals in proptest::collection::vec(any::<u8>(), 0..60), base in arbitrary(), size in 0usize..5000) {
        if let Some(made) = script::apply(&numbers, &literals, &base, size) {
            prop_assert_eq!(made.len(), size);
        }
    }

    #[test]
    fn random_bodies_never_panic(body in proptest::collection::vec(any::<u8>(), 0..200), lengths in proptest::collection::vec(0u32..3000, 0..5), base in arbitrary()) {
        if let Ok(scripts) = Scripts::open(&body, &lengths) {
            for index in 0..lengths.len() + 1 {
                scripts.apply(index, &base);
            }
        }
    }

    #[test]
    fn a_body_gives_each_member_of_its_own_base(pairs in proptest::collection::vec((arbitrary(), arbitrary()), 0..30)) {
        let (mut scripts, mut members) = (Vec::new(), Vec::new());
        for (base, new) in &pairs {
            // What a writer would not write, since it is longer than what it makes, is not read.
            if let Some(script) = differ::script(base, new, new.len()) {
                scripts.push((ObjectId::of(base), script));
                members.push((base, new));
            }
        }
        let mut body = Vec::new();
        delta::encode(scripts.iter().map(|(id, script)| (std::slice::from_ref(id), script)), &mut body);
        let lengths: Vec<u32> = members.iter().map(|(_, new)| new.len() as u32).collect();
        let opened = Scripts::open(&body, &lengths).unwrap();
        for (index, (base, new)) in members.into_iter().enumerate() {
            prop_assert_eq!(opened.bases(index), Some(&[delta::prefix(&ObjectId::of(base))][..]));
            prop_assert!(opened.apply(index, base).as_deref() == Some(new));
        }
    }
}

/// Commits versions, each near the one before, a pack each; returns the sizes of the packs.
fn commit_versions(scratch: &Scratch, versions: &[Vec<u8>]) -> Vec<u64> {
    let mut before: Option<ObjectId> = None;
    let mut sizes = Vec::new();
    for version in versions {
        let mut writer = scratch.begin();
        let id = writer.put_near(version, before.as_slice()).unwrap();
        assert!(writer.get(&id).unwrap() == *version);
        let pack = writer.commit().unwrap()[0];
        before = Some(id);
        let info = scratch
            .store
            .list_packs()
            .into_iter()
            .find(|info| info.id == pack);
        sizes.push(info.unwrap().size);
    }
    sizes
}

#[test]
fn no_object_needs_more_than_a_chain_of_others_and_none_is_stored_whole_for_that() {
    let scratch = Scratch::new();
    // Each version keeps the labels that those before it changed.
    let label = |version: usize| move |n: usize| if n < version { "albatross" } else { "cat" };
    let versions: Vec<Vec<u8>> = (0..60).map(|n| table(128, label(n))).collect();
    let sizes = commit_versions(&scratch, &versions);
    assert!(sizes[1..].iter().all(|size| *size < 700), "{sizes:?}");
    let store = scratch.reopened();
    let mut deepest = 0;
    for version in &versions {
        let chain = Chain::default();
        let found = store.find(&ObjectId::of(version), &chain).unwrap();
        assert!(found.as_ref() == Some(version));
        deepest = deepest.max(chain.objects());
    }
    assert_eq!(deepest, MAX_CHAIN);
    for pack in store.list_packs() {
        assert_eq!(store.verify(&pack.path).unwrap().damage, []);
    }
}

#[test]
fn chunks_that_were_joined_build_on_both() {
    let scratch = Scratch::new();
    let (first, second) = (table(128, mostly_cats(1)), table(128, mostly_cats(2)));
    let mut writer = scratch.begin();
    let bases = [&first, &second].map(|chunk| writer.put(chunk).unwrap());
    writer.commit().unwrap();
    let joined = [&first[..], b"new,record\n", &second].concat();
    let mut writer = scratch.begin();
    let near = [Near {
        bytes: &joined,
        bases: &bases,
    }];
    let id = writer.put_all_near(&near).unwrap()[0];
    assert!(writer.get(&id).unwrap() == joined);
    writer.commit().unwrap();
    let store = scratch.reopened();
    assert!(store.get(&id).unwrap() == joined);
    assert!(store.list_packs().iter().any(|pack| pack.size < 250));
}

#[test]
fn deltas_of_many_chunks_share_frames_and_are_the_same_however_they_are_put() {
    let chunk = |n: usize, changed| {
        let mut chunk = format!("{n} begins\n").into_bytes();
        chunk.extend(table(128, mostly_cats(changed)));
        chunk
    };
    let old: Vec<Vec<u8>> = (0..600).map(|n| chunk(n, 999)).collect();
    let new: Vec<Vec<u8>> = (0..600).map(|n| chunk(n, n % 128)).collect();
    let ids: Vec<ObjectId> = old.iter().map(|old| ObjectId::of(old)).collect();
    let near: Vec<Near<'_>> = ids
        .iter()
        .zip(&new)
        .map(|(old, new)| Near {
            bytes: new,
            bases: std::slice::from_ref(old),
        })
        .collect();
    let packs = [1, 7, 600].map(|batch| {
        let scratch = Scratch::new();
        let mut writer = scratch.begin();
        for chunk in &old {
            writer.put(chunk).unwrap();
        }
        writer.commit().unwrap();
        let mut writer = scratch.begin();
        for batch in near.chunks(batch) {
            writer.put_all_near(batch).unwrap();
        }
        for chunk in new.iter().step_by(50) {
            assert!(writer.get(&ObjectId::of(chunk)).unwrap() == *chunk);
        }
        let pack = writer.commit().unwrap()[0];
        let reopened = scratch.reopened();
        for chunk in &new {
            assert!(reopened.get(&ObjectId::of(chunk)).unwrap() == *chunk);
        }
        let info = reopened
            .list_packs()
            .into_iter()
            .find(|info| info.id == pack);
        // Of 5 MB: per chunk a row of the table, what its base's id begins with, and a script.
        assert!(info.unwrap().size < 600 * (20 + 8 + 20));
        pack
    });
    assert!(packs.iter().all(|pack| *pack == packs[0]));
}

#[test]
fn what_has_little_of_its_base_stands_for_itself() {
    let scratch = Scratch::new();
    let sizes = commit_versions(&scratch, &[noise(1, 20_000), noise(2, 20_000)]);
    assert!(sizes[1] > 20_000);
    // A base that is nowhere is none.
    let mut writer = scratch.begin();
    let id = writer
        .put_near(&noise(3, 5_000), &[ObjectId([9; 32])])
        .unwrap();
    writer.commit().unwrap();
    assert!(scratch.store.get(&id).unwrap() == noise(3, 5_000));
}

#[test]
fn a_damaged_base_is_told_for_what_builds_on_it_and_heals_with_it() {
    let scratch = Scratch::new();
    let versions: Vec<Vec<u8>> = (0..3).map(|n| table(128, mostly_cats(n))).collect();
    commit_versions(&scratch, &versions);
    let packs = scratch.store.list_packs(); // newest first
    let first = packs.iter().max_by_key(|pack| pack.size).unwrap();
    let mut bytes = std::fs::read(&first.path).unwrap();
    bytes[800] ^= 1;
    std::fs::remove_file(&first.path).unwrap();
    std::fs::write(&first.path, bytes).unwrap();

    let store = scratch.reopened();
    for version in &versions {
        let id = ObjectId::of(version);
        assert!(matches!(store.get(&id), Err(Error::Corrupt { .. })));
    }
    for pack in packs.iter().filter(|pack| pack.id != first.id) {
        let report = store.verify(&pack.path).unwrap();
        let [damage] = report.damage.as_slice() else {
            panic!("{:?}", report.damage);
        };
        assert_eq!(damage.objects.len(), 1);
        let base = &ObjectId::of(&versions[0]).to_string()[..12];
        assert!(damage.kind.to_string().contains(base), "{}", damage.kind);
    }
    let mut writer = store.begin(&scratch.tmp()).unwrap();
    // Even if it is said to be near what builds on it.
    writer
        .put_near(&versions[0], &[ObjectId::of(&versions[1])])
        .unwrap();
    writer.commit().unwrap();
    for version in &versions {
        assert!(store.get(&ObjectId::of(version)).unwrap() == *version);
    }
}

#[test]
fn objects_that_build_on_each_other_are_damage_and_no_endless_loop() {
    let (a, b) = (table(128, mostly_cats(1)), table(128, mostly_cats(2)));
    let scratch = Scratch::new();
    let paths = [(&a, &b), (&b, &a)].map(|(first, second)| {
        let other = Scratch::new();
        commit_versions(&other, &[first.clone(), second.clone()]);
        let mut packs = other.store.list_packs();
        packs.sort_by_key(|pack| pack.size);
        let to = scratch.store.dir().join(packs[0].path.file_name().unwrap());
        std::fs::copy(&packs[0].path, &to).unwrap();
        to
    });
    let store = scratch.reopened();
    for object in [&a, &b] {
        let id = ObjectId::of(object);
        assert!(matches!(store.get(&id), Err(Error::Corrupt { .. })));
    }
    for path in paths {
        assert_eq!(store.verify(&path).unwrap().damage.len(), 1);
    }
}

#[test]
fn merging_keeps_what_deltas_build_on() {
    let (a, b) = (table(128, mostly_cats(1)), table(128, mostly_cats(2)));
    let scratch = Scratch::new();
    // Each is whole in one pack and a delta in another.
    for (first, second) in [(&a, &b), (&b, &a)] {
        let other = Scratch::new();
        commit_versions(&other, &[first.clone(), second.clone()]);
        for pack in other.store.list_packs() {
            let to = scratch.store.dir().join(pack.path.file_name().unwrap());
            std::fs::copy(&pack.path, to).unwrap();
        }
    }
    let store = scratch.reopened();
    let plan = store.plan_merge(1).unwrap();
    store.apply_merge(&plan, &scratch.tmp()).unwrap().unwrap();
    let store = scratch.reopened();
    assert_eq!(store.list_packs().len(), 1);
    for object in [&a, &b] {
        assert!(store.get(&ObjectId::of(object)).unwrap() == *object);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn versions_come_back_whatever_is_merged_when(
        edits in proptest::collection::vec((0usize..4, 0usize..128, any::<bool>()), 1..50),
    ) {
        let scratch = Scratch::new();
        let mut latest: Vec<Vec<u8>> = (0..4).map(|n| table(100 + n, mostly_cats(999))).collect();
        let mut all = latest.clone();
        let mut writer = scratch.begin();
        for object in &latest {
            writer.put(object).unwrap();
        }
        writer.commit().unwrap();
        for (which, changed, merge) in edits {
            let new = table(100 + which, mostly_cats(changed));
            let mut writer = scratch.begin();
            writer.put_near(&new, &[ObjectId::of(&latest[which])]).unwrap();
            writer.commit().unwrap();
            latest[which] = new.clone();
            all.push(new);
            if merge && let Some(plan) = scratch.store.plan_merge(2) {
                scratch.store.apply_merge(&plan, &scratch.tmp()).unwrap();
            }
        }
        let store = scratch.reopened();
        for object in &all {
            prop_assert!(store.get(&ObjectId::of(object)).unwrap() == *object);
        }
        for pack in store.list_packs() {
            prop_assert_eq!(store.verify(&pack.path).unwrap().damage, []);
        }
        let mut walked = std::collections::BTreeSet::new();
        store.walk(u64::MAX, &mut |id, _| { walked.insert(*id); Ok(()) }).unwrap();
        prop_assert!(all.iter().all(|object| walked.contains(&ObjectId::of(object))));
    }
}
