//! Tests of profiles, their codec, and tables.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;

use super::counter::{Counter, LIMIT};
use super::tables::{Collector, Grouping, Spelling, count, write_value};
use super::*;
use crate::object::{self, MemoryStore, State};
use crate::profile::Survey;
use crate::record::{Batch, CellKind, Problem, Role, Roles, Type};

type Record = Vec<Option<String>>;

const FIELDS: [&str; 5] = ["id", "text", "label", "split", "who"];

fn roles() -> Roles {
    let mut roles = Roles::new();
    roles.add(Role::Key, "id");
    roles.add(Role::Label, "label");
    roles.add(Role::Split, "split");
    roles.add(Role::Annotator, "who");
    roles
}

fn fields(names: &[&str]) -> Vec<Arc<str>> {
    names.iter().map(|name| (*name).into()).collect()
}

fn batch_of(names: &[&str], records: &[Record]) -> Batch {
    let mut batch = Batch::new(&fields(names));
    for record in records {
        batch.begin();
        for (field, value) in record.iter().enumerate() {
            let list = value.as_ref().is_some_and(|text| text.starts_with('['));
            let kind = [CellKind::Text, CellKind::List][usize::from(list)];
            batch.set(field, kind, value.as_deref());
        }
        let ragged = record.len() < names.len();
        batch.end((0, 0), ragged.then_some(Problem::Ragged));
    }
    batch
}

fn batch(records: &[Record]) -> Batch {
    batch_of(&FIELDS, records)
}

fn rows(texts: &[[&str; 5]]) -> Vec<Record> {
    let cell = |text: &&str| (!text.is_empty()).then(|| (*text).to_owned());
    texts
        .iter()
        .map(|row| row.iter().map(cell).collect())
        .collect()
}

fn profile(records: &[Record]) -> Profile {
    let mut profile = Profile::new(&Survey::of_roles(&roles()));
    profile.add(&batch(records));
    profile
}

/// Everything that is sealed of a profile, as bytes.
fn sealed(profile: &Profile) -> (State, Vec<Vec<u8>>) {
    let mut store = MemoryStore::new();
    let state = profile
        .seal(&profile.all_fields(&fields(&FIELDS)), &|_| None, &mut store)
        .unwrap();
    let ids = state.fields.iter();
    let ids = ids.flat_map(|field| field.values.into_iter().chain(field.numbers));
    let objects = ids
        .chain(state.joint.iter().copied())
        .map(|id| object::ObjectSource::get(&store, &id).unwrap())
        .collect();
    (state, objects)
}

fn duplicates(records: &[Record]) -> Duplicates {
    let profile = profile(records);
    let grouping = Grouping::new(&Survey::of_roles(&roles()), &profile);
    let mut parts = Vec::new();
    for part in records.chunks(3) {
        let mut collector = Collector::new(&grouping);
        collector.add(&batch(part));
        parts.push(collector);
    }
    if parts.is_empty() {
        parts.push(Collector::new(&grouping));
    }
    count(parts, &fields(&FIELDS))
}

#[test]
fn a_profile_counts_types_values_and_pairs() {
    let profile = profile(&rows(&[
        ["1", "a", "cat", "train", "x"],
        ["2.0", "b", "dog", "train", "x"],
        ["", "b", "cat", "test", ""],
        ["4", "", "", "test", "y"],
    ]));
    let (state, objects) = sealed(&profile);
    assert_eq!(state.records, 4);
    assert_eq!(profile.null_keys(), 1);
    assert_eq!(profile.kind("id"), Type::Integer);
    assert_eq!(
        state.fields[0].counts,
        BTreeMap::from([("integer".to_owned(), 3), ("null".to_owned(), 1)])
    );
    assert_eq!(state.fields[0].distinct, Some(3));
    assert_eq!(
        String::from_utf8(objects[0].clone()).unwrap(),
        r#"{"dver":"values 1","values":[["1",1],["2",1],["4",1]]}"#
    );
    assert_eq!(
        String::from_utf8(objects[5].clone()).unwrap(),
        concat!(
            r#"{"dver":"joint 1","fields":["label","split"],"counts":"#,
            r#"[[null,"test",1],["cat","test",1],["cat","train",1],["dog","train",1]]}"#
        )
    );
}

#[test]
fn digests_are_those_of_the_definition() {
    let records = rows(&[["1", "a", "", "", ""], ["2", "", "", "", ""]]);
    let profile = profile(&records);
    let frame = |pairs: &[(&str, &str)]| {
        let mut out = Vec::new();
        for (name, text) in pairs {
            crate::base::varint::write_bytes(&mut out, name.as_bytes());
            out.push(0);
            crate::base::varint::write_bytes(&mut out, text.as_bytes());
        }
        crate::base::ObjectId::of(&out)
    };
    let (a, b) = (frame(&[("id", "1"), ("text", "a")]), frame(&[("id", "2")]));
    let mut sum = [0u8; 32];
    let mut carry = 0;
    for (byte, (a, b)) in sum.iter_mut().zip(a.0.iter().zip(b.0)) {
        let total = u16::from(*a) + u16::from(b) + carry;
        *byte = total as u8;
        carry = total >> 8;
    }
    assert_eq!(profile.digest(), sum);
    let hash = |text: &str| xxhash_rust::xxh3::xxh3_128(format!("\0{text}").as_bytes());
    assert_eq!(
        profile.field_digest("id"),
        hash("1").wrapping_add(hash("2"))
    );
}

#[test]
fn ways_of_writing_a_value_are_one_value() {
    let numbers = profile(&rows(&[["1", "", "", "", ""], ["1.0", "", "", "", ""]]));
    assert_eq!(numbers.values("id").unwrap().len(), 1);
    let codes = profile(&rows(&[
        ["1", "", "", "", ""],
        ["1.0", "", "", "", ""],
        ["x", "", "", "", ""],
    ]));
    assert_eq!(codes.values("id").unwrap().len(), 3);
    let forms = profile(&rows(&[
        ["", "", "e\u{301}", "", ""],
        ["", "", "\u{e9}", "", ""],
    ]));
    assert_eq!(
        forms.values("label").unwrap(),
        BTreeMap::from([("\u{e9}".to_owned(), 2)])
    );
}

#[test]
fn a_long_value_is_counted_by_its_beginning_and_hash() {
    let long = "한글 text ".repeat(100);
    let other = format!("{long}!");
    let profile = profile(&rows(&[
        ["", &long, "", "", ""],
        ["", &other, "", "", ""],
        ["", &long, "", "", ""],
    ]));
    let values = profile.values("text").unwrap();
    assert_eq!(
        values
            .values()
            .copied()
            .collect::<Vec<_>>()
            .iter()
            .sum::<u64>(),
        3
    );
    assert_eq!(values.len(), 2);
    assert!(
        values
            .keys()
            .all(|key| key.len() < 128 && key.starts_with("한글 text "))
    );
    assert!(Profile::decode(&profile.encode()).is_ok());
}

#[test]
fn a_field_that_only_some_records_have_is_null_in_the_others() {
    let mut profile = profile(&rows(&[["1", "a", "cat", "", ""]]));
    profile.add(&batch_of(
        &["id", "extra"],
        &[vec![Some("2".into()), Some("7".into())]],
    ));
    assert_eq!(profile.nulls("extra"), 1);
    assert_eq!(profile.nulls("text"), 1);
    assert_eq!(
        profile.all_fields(&fields(&["id", "text"])),
        fields(&["id", "text", "extra", "label"])
    );
}

#[test]
fn a_record_that_does_not_parse_is_no_field() {
    let mut profile = Profile::new(&Survey::of_roles(&roles()));
    let mut batch = Batch::new(&fields(&["#unparsable"]));
    batch.begin();
    batch.set(0, CellKind::Text, Some("{oops"));
    batch.end((0, 5), Some(Problem::Json));
    profile.add(&batch);
    assert!(profile.all_fields(&[]).is_empty());
    assert_eq!(
        profile.problems(),
        BTreeMap::from([("unparsable_record".to_owned(), 1)])
    );
    assert_eq!(profile.null_keys(), 1);
    assert_ne!(profile.digest(), [0; 32]);
}

fn counter(values: std::ops::Range<usize>) -> Counter {
    let mut counter = Counter::default();
    for value in values {
        counter.add(value.to_string().as_bytes(), 1, &mut |_, _| {});
    }
    counter
}

#[test]
fn a_counter_forgets_above_the_limit_and_says_when_it_must_count_again() {
    assert!(counter(0..LIMIT).values().is_some());
    let mut over = counter(0..LIMIT + 2);
    assert!(over.values().is_none() && !over.needs_recount());
    // What goes and comes back in one delta costs no headroom.
    let mut delta = Counter::default();
    delta.add(b"1", -1, &mut |_, _| {});
    delta.add(b"1", 1, &mut |_, _| {});
    over.merge(&delta, &mut |_, _| {});
    over.add(b"2", -1, &mut |_, _| {});
    assert!(!over.needs_recount());
    over.add(b"3", -1, &mut |_, _| {});
    assert!(over.needs_recount());
}

#[test]
fn the_bound_is_shared_over_parts_and_kept_on_disk() {
    let mut whole = counter(0..LIMIT + 10);
    whole.merge(&counter(LIMIT..2 * LIMIT + 10), &mut |_, _| {});
    assert_eq!(whole.bound(), Some(2 * LIMIT as u64 + 10));
    let mut mixed = counter(0..10);
    mixed.merge(&counter(5..LIMIT + 20), &mut |_, _| {});
    assert_eq!(mixed.bound(), Some(LIMIT as u64 + 20));
    let mut many = counter(0..300_000);
    assert_eq!(many.bound(), Some(262_144));
    many.merge(&whole, &mut |_, _| {});
    assert_eq!(many.bound(), Some(262_144));
}

#[test]
fn removing_what_was_never_there_is_noticed() {
    let mut profile = profile(&rows(&[["1", "a", "cat", "", ""]]));
    profile.remove(&batch(&rows(&[["2", "a", "cat", "", ""]])));
    assert!(profile.needs_recount());
}

#[test]
fn duplicates_are_the_records_beyond_the_first() {
    let found = duplicates(&rows(&[
        ["1", "a", "cat", "train", "x"],
        ["1", "a", "cat", "train", "x"],
        ["1.0", "a", "cat", "train", "x"],
        ["2", "a", "dog", "train", "x"],
        ["", "b", "cat", "", ""],
        ["", "b", "cat", "", ""],
        ["", "", "cat", "", ""],
    ]));
    assert_eq!(
        found,
        Duplicates {
            key: Some(2),
            record: 2,
            content: Some(4),
            with_content: 6,
            label_conflicts: Some(4),
            ..found.clone()
        }
    );
}

#[test]
fn annotators_who_disagree_are_no_conflict() {
    let found = duplicates(&rows(&[
        ["1", "a", "cat", "", "x"],
        ["2", "a", "dog", "", "y"],
        ["3", "a", "", "", "y"],
    ]));
    assert_eq!((found.content, found.label_conflicts), (Some(2), Some(0)));
}

#[test]
fn frames_keep_fields_apart() {
    let mut roles = Roles::new();
    roles.add(Role::Key, "id");
    let names = ["a", "b"];
    let records = [
        vec![Some("ab".into()), Some("c".into())],
        vec![Some("a".into()), Some("bc".into())],
        vec![None, Some("abc".into())],
        vec![Some("abc".into()), None],
    ];
    let mut profile = Profile::new(&Survey::of_roles(&roles));
    profile.add(&batch_of(&names, &records));
    let grouping = Grouping::new(&Survey::of_roles(&roles), &profile);
    let mut collector = Collector::new(&grouping);
    collector.add(&batch_of(&names, &records));
    let found = count(vec![collector], &fields(&names));
    assert_eq!((found.content, found.record), (Some(0), 0));
}

#[test]
fn what_is_forgotten_was_added_up() {
    let record = |n: usize| vec![None, Some(format!("{}", n % 70_000))];
    let records: Vec<Record> = (0..140_000).map(record).collect();
    let whole = profile(&records);
    let mut parts = Profile::new(&Survey::of_roles(&roles()));
    for part in records.chunks(30_000) {
        parts.merge(&profile(part));
    }
    let mut few = profile(&records[..1000]);
    few.merge(&profile(&records[1000..]));
    let hash = |record: &Record| {
        let text = record[1].as_deref().unwrap();
        xxhash_rust::xxh3::xxh3_128(format!("\0{text}").as_bytes())
    };
    let digest = records.iter().map(hash).fold(0, u128::wrapping_add);
    for profile in [&whole, &parts, &few] {
        assert_eq!(profile.field_digest("text"), digest);
        assert_eq!(
            (profile.kind("text"), profile.nulls("text")),
            (Type::Integer, 0)
        );
        assert_eq!(profile.values("text"), None);
        assert_eq!(sealed(profile), sealed(&whole));
        let decoded = Profile::decode(&profile.encode()).unwrap();
        assert_eq!(sealed(&decoded), sealed(&whole));
        assert!(!decoded.needs_recount());
    }
    // Down to 65,000 values: only a recount can tell them.
    parts.remove(&batch(&records[65_000..70_000]));
    parts.remove(&batch(&records[135_000..]));
    assert!(parts.needs_recount());
}

/// More numbers than a counter keeps: what is sealed of them must not tell how they came and went.
#[test]
fn sketch_and_bins_are_those_of_the_records_that_are_left() {
    let record = |n: usize| {
        let number = format!(
            "{}{}.{}e-2",
            if n.is_multiple_of(3) { "-" } else { "" },
            n,
            n % 7
        );
        vec![Some(n.to_string()), Some(number)]
    };
    let of = |numbers: std::ops::Range<usize>| {
        batch_of(&["id", "text"], &numbers.map(record).collect::<Vec<_>>())
    };
    let left = LIMIT + 5_000;
    let mut whole = Profile::new(&Survey::of_roles(&roles()));
    whole.add(&of(0..left));
    let mut parts = Profile::new(&Survey::of_roles(&roles()));
    parts.add(&of(30_000..left + 3_000));
    let mut others = Profile::new(&Survey::of_roles(&roles()));
    others.add(&of(0..30_000));
    others.merge(&parts);
    let mut delta = Profile::new(&Survey::of_roles(&roles()));
    delta.remove(&of(left..left + 3_000));
    others.merge(&delta);
    assert!(!others.needs_recount());
    assert_eq!(sealed(&others), sealed(&whole));
    let (state, _) = sealed(&whole);
    let text = &state.fields[1];
    assert_eq!((text.distinct, text.values), (None, None));
    assert!(text.sketch.is_some() && text.numbers.is_some());
    assert!(
        state.fields[0].numbers.is_none(),
        "keys are no measurements"
    );
    let again = Profile::decode(&others.encode()).unwrap();
    assert_eq!(sealed(&again), sealed(&whole));
}

fn any_number() -> impl Strategy<Value = String> {
    prop_oneof![
        "-?[0-9]{0,3}\\.?[0-9]{0,3}",
        "-?[0-9]{1,19}",
        "-?[0-9]{1,9}\\.[0-9]{1,12}0{0,3}",
        "-?[0-9]{1,3}(\\.[0-9]{1,3})?[eE][+-]?[0-9]{1,2}",
        any::<f64>().prop_map(|v| v.to_string()),
        any::<f32>().prop_map(|v| format!("{v:e}")),
        (0u32..1000, 0u32..5).prop_map(|(n, z)| format!(
            "{}.{}{}",
            n / 100,
            n % 100,
            "0".repeat(z as usize)
        )),
        (0u32..1000, -4i32..4).prop_map(|(n, e)| format!("{n}e{e}")),
        (0u32..1000, 0usize..20).prop_map(|(n, z)| format!("0.{n:03}{}", "0".repeat(z))),
    ]
}

fn any_record() -> impl Strategy<Value = Record> {
    let id = prop_oneof![
        Just(None),
        (0u8..6).prop_map(|n| Some(n.to_string())),
        (0u8..6).prop_map(|n| Some(format!("{n}.0"))),
        Just(Some("x".to_owned())),
    ];
    let text = prop_oneof![
        Just(None),
        "[ab]{0,2}".prop_map(Some),
        Just(Some("[1]".to_owned()))
    ];
    let label = proptest::option::of("cat|dog|e\u{301}|\u{e9}");
    let split = proptest::option::of("train|test");
    (
        id,
        text,
        label,
        split,
        proptest::option::of("x|y"),
        1usize..=5,
    )
        .prop_map(|(id, text, label, split, who, width)| {
            let mut record = vec![id, text, label, split, who];
            record.truncate(if width < 3 { width } else { 5 });
            record
        })
}

proptest! {
    #[test]
    fn tables_spell_numbers_alike_where_canonical_texts_are_equal(
        texts in proptest::collection::vec(any_number(), 2..40),
    ) {
        let spell = |text: &str| {
            let cell = crate::record::Cell::text(text);
            let mut out = Vec::new();
            write_value(cell, Spelling::Number, &mut out);
            (out, crate::record::canonical(Type::Float, cell).into_owned())
        };
        let spelled: Vec<_> = texts
            .iter()
            .filter(|text| Type::of(crate::record::Cell::text(text)).join(Type::Float) == Type::Float)
            .map(|text| spell(text))
            .collect();
        for a in &spelled {
            for b in &spelled {
                prop_assert_eq!(a.0 == b.0, a.1 == b.1, "{:?} {:?}", a, b);
            }
        }
    }

    #[test]
    fn a_history_of_changes_equals_a_recount(
        first in proptest::collection::vec(any_record(), 0..30),
        steps in proptest::collection::vec(
            (proptest::collection::vec(any_record(), 0..5), proptest::collection::vec(0usize..100, 0..5)), 0..6),
    ) {
        let mut records = first;
        let mut whole = profile(&records);
        for (added, removed) in steps {
            let mut delta = Profile::new(&Survey::of_roles(&roles()));
            let mut gone = Vec::new();
            for index in removed {
                if !records.is_empty() {
                    gone.push(records.swap_remove(index % records.len()));
                }
            }
            delta.add(&batch(&added));
            delta.remove(&batch(&gone));
            records.extend(added);
            whole = Profile::decode(&whole.encode()).unwrap();
            whole.merge(&delta);
            prop_assert!(!whole.needs_recount());
            let anew = profile(&records);
            prop_assert_eq!(sealed(&whole), sealed(&anew));
            prop_assert_eq!(whole.encode(), anew.encode());
        }
    }

    #[test]
    fn order_and_parts_do_not_matter(
        records in proptest::collection::vec(any_record(), 0..30),
        size in 1usize..7,
    ) {
        let mut parts = Profile::new(&Survey::of_roles(&roles()));
        for chunk in records.chunks(size).rev() {
            parts.merge(&profile(chunk));
        }
        prop_assert_eq!(parts.encode(), profile(&records).encode());
        let mut backwards = records.clone();
        backwards.reverse();
        prop_assert_eq!(duplicates(&backwards), duplicates(&records));
    }

    #[test]
    fn adding_and_removing_is_the_identity(records in proptest::collection::vec(any_record(), 0..30)) {
        let mut profile = profile(&records);
        profile.remove(&batch(&records));
        prop_assert_eq!(profile.encode(), Profile::new(&Survey::of_roles(&roles())).encode());
    }

    #[test]
    fn tables_count_as_a_naive_count_does(records in proptest::collection::vec(any_record(), 0..30)) {
        let kind = profile(&records).kind("id");
        let spelled = |field: usize, record: &Record| {
            let text = record.get(field)?.as_deref()?;
            let kind = [kind, Type::String][usize::from(field > 0)];
            let cell = crate::record::Cell::text(text);
            Some(crate::record::normalized(&crate::record::canonical(kind, cell)).into_owned())
        };
        let beyond = |keys: Vec<Vec<Option<String>>>| {
            let all = keys.len() as u64;
            all - keys.into_iter().collect::<std::collections::BTreeSet<_>>().len() as u64
        };
        let found = duplicates(&records);
        let keys = records.iter().map(|r| vec![spelled(0, r)]).filter(|k| k[0].is_some());
        prop_assert_eq!(found.key, Some(beyond(keys.collect())));
        let full = |record: &Record| (0..5).map(|f| record.get(f).cloned().flatten()).collect::<Vec<_>>();
        prop_assert_eq!(found.record, beyond(records.iter().map(full).collect()));
        let texts = records.iter().map(|r| vec![spelled(1, r)]).filter(|t| t[0].is_some());
        prop_assert_eq!(found.content, Some(beyond(texts.collect())));
        let mut groups: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for record in records.iter().filter(|r| spelled(1, r).is_some()) {
            let group = (spelled(1, record), spelled(4, record));
            groups.entry(group).or_default().push(spelled(2, record));
        }
        let conflicts: usize = groups
            .values()
            .filter(|labels| {
                let distinct: std::collections::BTreeSet<_> = labels.iter().flatten().collect();
                distinct.len() > 1
            })
            .map(Vec::len)
            .sum();
        prop_assert_eq!(found.label_conflicts, Some(conflicts as u64));
    }

    #[test]
    fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), cut in 0usize..400, flip in 0usize..400) {
        let _ = Profile::decode(&bytes);
        let mut encoded = profile(&rows(&[["1", "a", "cat", "train", "x"], ["2", "", "dog", "", ""]])).encode();
        let at = flip % encoded.len();
        encoded[at] ^= 1 << (flip % 8);
        encoded.truncate(cut.max(1));
        if let Ok(profile) = Profile::decode(&encoded) {
            let _ = (profile.needs_recount(), sealed(&profile));
        }
    }
}
