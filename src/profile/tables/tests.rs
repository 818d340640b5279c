//! Tests of kept tables: following changes tells what counting anew tells.

use std::sync::Arc;

use proptest::prelude::*;

use super::partition::Partition;
use super::*;
use crate::config::FieldConfig;
use crate::profile::{Profile, Rules, Survey};
use crate::record::{Batch, CellKind, Role, Roles};

const FIELDS: [&str; 7] = ["id", "text", "label", "who", "split", "user", "doc"];

type Record = [u8; 4];

fn roles(key: bool) -> Roles {
    let mut roles = Roles::new();
    if key {
        roles.add(Role::Key, "id");
    }
    roles.add(Role::Label, "label");
    roles.add(Role::Annotator, "who");
    roles.add(Role::Split, "split");
    roles.add(Role::Group, "user");
    roles.add(Role::Item, "doc");
    roles
}

fn survey(key: bool) -> Survey {
    let unique = FieldConfig {
        unique: Some(true),
        ..FieldConfig::default()
    };
    let rules = Rules::new(&[("user".to_owned(), unique)]).unwrap();
    Survey::new(&roles(key), Arc::new(rules))
}

/// What a record has in the fields that follow from the others: split, user and document.
fn more([id, text, label, who]: Record) -> [u8; 3] {
    [(id ^ label) % 4, (id % 5 + text) % 5, (text % 4 + who) % 4]
}

fn fields() -> Vec<Arc<str>> {
    FIELDS.iter().map(|name| (*name).into()).collect()
}

/// Zero is null; a few ids are large, so that partitions differ.
fn batch(records: &[Record]) -> Batch {
    let mut batch = Batch::new(&fields());
    for record in records {
        batch.begin();
        for (field, value) in record.iter().chain(&more(*record)).enumerate() {
            let text = value.to_string();
            batch.set(field, CellKind::Text, (*value > 0).then_some(&text));
        }
        batch.end((0, 0), None);
    }
    batch
}

fn collected<'a>(grouping: &'a Grouping, records: &[Record]) -> Vec<Collector<'a>> {
    let parts = records.chunks(7).map(|part| {
        let mut collector = Collector::new(grouping);
        collector.add(&batch(part));
        collector
    });
    let none = std::iter::once_with(|| Collector::new(grouping));
    parts.chain(none).collect()
}

fn grouping(key: bool) -> Grouping {
    let survey = survey(key);
    let mut profile = Profile::new(&survey);
    let all = (0..12).flat_map(|id| (0..3).map(move |label| [id, 1, label, 1]));
    profile.add(&batch(&all.collect::<Vec<_>>()));
    Grouping::new(&survey, &profile)
}

/// How many records of the first split are in a group, by a part of theirs, with one of the other.
fn leaks(records: &[Record], split: u8, from: u8, part: fn(&Record) -> [u8; 3]) -> u64 {
    let others = records.iter().filter(|r| more(**r)[0] == from);
    let theirs: Vec<[u8; 3]> = others.map(part).collect();
    let own = records.iter().filter(|r| more(**r)[0] == split);
    own.filter(|r| part(r).iter().any(|v| *v > 0) && theirs.contains(&part(r)))
        .count() as u64
}

/// The sums of agreement, from the ratings of each document.
fn rated(records: &[Record]) -> Vec<(u32, u16, u16, u64)> {
    let mut sums = std::collections::BTreeMap::new();
    for doc in 1..4 {
        let of_doc = records.iter().filter(|r| more(**r)[2] == doc && r[2] > 0);
        let labels: Vec<u16> = of_doc.map(|r| u16::from(r[2]) - 1).collect();
        for (at, k) in labels.iter().enumerate() {
            let others = labels.iter().enumerate().filter(|(other, _)| *other != at);
            if labels.len() == 1 {
                *sums.entry((1, *k, *k)).or_insert(0) += 1;
            }
            for (_, l) in others.filter(|(_, l)| k <= *l) {
                *sums.entry((labels.len() as u32, *k, *l)).or_insert(0) += 1;
            }
        }
    }
    sums.into_iter()
        .map(|((m, k, l), n)| (m, k, l, n))
        .collect()
}

struct Directory(tempfile::TempDir);

impl Directory {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> std::path::PathBuf {
        self.0.path().join("unfinished")
    }
}

macro_rules! place {
    ($directory:expr) => {
        Place {
            dir: $directory.0.path(),
            temporary: &$directory.path(),
            least: 0,
        }
    };
}

fn kept(grouping: &Grouping, records: &[Record], directory: &Directory) -> Tables {
    let collectors = collected(grouping, records);
    let (found, tables) = count_and_keep(collectors, &fields(), Some(place!(directory)));
    let tables = tables.unwrap();
    assert_eq!(tables.duplicates(grouping, &fields()), found);
    tables
}

fn any_record() -> impl Strategy<Value = Record> {
    (0u8..12, 0u8..4, 0u8..3, 0u8..3).prop_map(|(id, text, label, who)| [id, text, label, who])
}

proptest! {
    #[test]
    fn values_that_stand_as_they_are_spelled_are_no_others(
        text in prop_oneof!["\\PC{0,20}", "-?[0-9]{0,9}\\.?[0-9]{0,9}", "-?0{0,2}[0-9]?(\\.[0-9]{0,3}0?)?"],
    ) {
        for spelling in [Spelling::Verbatim, Spelling::Number, Spelling::Boolean, Spelling::Date] {
            if grouping::is_spelled(text.as_bytes(), spelling) {
                let mut spelled = Vec::new();
                write_value(crate::record::Cell::text(&text), spelling, &mut spelled);
                let mut as_it_stands = vec![CellKind::Text as u8];
                crate::base::varint::write_bytes(&mut as_it_stands, text.as_bytes());
                prop_assert_eq!(spelled, as_it_stands);
            }
        }
    }
}

proptest! {
    #[test]
    fn tables_tell_what_comparing_all_records_tells(
        records in proptest::collection::vec(any_record(), 0..60),
    ) {
        let grouping = grouping(true);
        let found = count(collected(&grouping, &records), &fields());
        let mut pairs = Vec::new();
        for (field, part) in [
            ("split", (|r| [r[1], 0, 0]) as fn(&Record) -> [u8; 3]),
            ("user", |r| [more(*r)[1], 0, 0]),
        ] {
            for split in 1..4 {
                for from in (1..4).filter(|from| *from != split) {
                    pairs.push(Leakage {
                        field: field.to_owned(),
                        split: split.to_string(),
                        from: from.to_string(),
                        records: leaks(&records, split, from, part),
                    });
                }
            }
        }
        prop_assert_eq!(found.leakage, Some(pairs));
        let users = records.iter().filter(|r| more(**r)[1] > 0);
        let all = users.clone().count();
        let distinct: std::collections::BTreeSet<u8> = users.map(|r| more(*r)[1]).collect();
        let beyond = (all - distinct.len()) as u64;
        prop_assert_eq!(found.unique, vec![("user".to_owned(), beyond)]);
        prop_assert_eq!(found.ratings.unwrap().sums, rated(&records));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn following_equals_counting_anew(
        key in any::<bool>(),
        start in proptest::collection::vec(any_record(), 0..60),
        steps in proptest::collection::vec(
            (proptest::collection::vec(any_record(), 0..12), any::<u64>(), any::<bool>()),
            1..5,
        ),
    ) {
        let grouping = grouping(key);
        let directory = Directory::new();
        let mut records = start;
        let mut tables = kept(&grouping, &records, &directory);
        for (came, choice, reload) in steps {
            // What goes is chosen by bits; something that stays goes and comes, too.
            let (gone, stay): (Vec<_>, Vec<_>) = records
                .iter()
                .enumerate()
                .partition(|(at, _)| choice >> (at % 64) & 1 == 1);
            let gone: Vec<Record> = gone.into_iter().map(|(_, record)| *record).collect();
            let stay: Vec<Record> = stay.into_iter().map(|(_, record)| *record).collect();
            let both = stay.first().copied();
            let went: Vec<Record> = gone.into_iter().chain(both).collect();
            let add: Vec<Record> = came.iter().copied().chain(both).collect();
            records = stay.into_iter().chain(came).collect();
            if reload {
                tables = Tables::decode(&tables.encode(), directory.0.path()).unwrap();
            }
            let (came, went) = (collected(&grouping, &add), collected(&grouping, &went));
            tables = tables.apply(&came, &went, place!(directory)).unwrap();
            let anew = count(collected(&grouping, &records), &fields());
            prop_assert_eq!(tables.duplicates(&grouping, &fields()), anew);
        }
    }

    #[test]
    fn partitions_come_back_from_their_bytes(
        numbers in proptest::collection::vec((any::<u64>(), any::<u64>(), 0u64..5), 0..300),
        wide in any::<bool>(),
    ) {
        let row = |(a, b, c): (u64, u64, u64)| {
            let subgroup = if wide { b } else { b >> 48 << 48 | c };
            [a >> 8 | 7 << 56, subgroup, if wide { b } else { c }]
        };
        let others = numbers.clone().into_iter().map(|(a, b, c)| (a.rotate_left(b as u32 % 3), b, c));
        let mut rows: Vec<Row> = numbers.into_iter().map(row).collect();
        rows.sort_unstable();
        let bytes = partition::encode(&rows);
        let partition = Partition::open(7, &bytes).unwrap();
        prop_assert_eq!(partition.rows().unwrap(), rows.clone());
        let mut groups = partition.groups();
        let mut asked: Vec<Row> = rows.iter().copied().chain(others.map(row)).collect();
        asked.sort_unstable();
        for row in asked {
            let found: Vec<Row> = rows.iter().copied().filter(|r| group(r) == group(&row)).collect();
            prop_assert_eq!(groups.rows_of(&row).unwrap(), found);
        }
    }

    #[test]
    fn random_bytes_are_no_tables(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
        if let Ok(partition) = Partition::open(0, &bytes) {
            let _ = partition.rows();
            let _ = partition.groups().rows_of(&[u64::MAX, u64::MAX, 0]);
        }
        let directory = Directory::new();
        prop_assert!(Tables::decode(&bytes, directory.0.path()).is_err());
    }
}

#[test]
fn a_large_partition_takes_few_bytes() {
    let mut number = 1u64;
    let mut next = || {
        number = number
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        number ^ number >> 31
    };
    let mut rows: Vec<Row> = (0..20_000)
        .map(|_| [next() >> 8, next() >> 48 << 48, next() >> 34])
        .collect();
    rows.sort_unstable();
    let bytes = partition::encode(&rows);
    assert_eq!(Partition::open(0, &bytes).unwrap().rows().unwrap(), rows);
    // 72 bits less what the order tells, and 30 bits.
    assert!(bytes.len() < 20_000 * 113 / 10);
}

#[test]
fn many_changes_make_a_new_base() {
    let grouping = grouping(true);
    let directory = Directory::new();
    let tables = kept(&grouping, &[[1, 1, 1, 1]], &directory);
    let base = tables.base();
    let many: Vec<Record> = (0..20_000u32)
        .map(|n| [(n % 251) as u8, (n % 241) as u8, (n % 3) as u8, 1])
        .collect();
    let came = collected(&grouping, &many);
    let tables = tables.apply(&came, &[], place!(directory)).unwrap();
    assert_ne!(tables.base(), base);
    let mut all = many;
    all.push([1, 1, 1, 1]);
    let anew = count(collected(&grouping, &all), &fields());
    assert_eq!(tables.duplicates(&grouping, &fields()), anew);
}

#[test]
#[allow(clippy::disallowed_methods)] // the test damages files
fn what_does_not_fit_is_unusable() {
    let grouping = grouping(true);
    let directory = Directory::new();
    let records: Vec<Record> = (1..50).map(|n| [n, n, 1, 1]).collect();
    let tables = kept(&grouping, &records, &directory);
    // A record that was never there cannot go.
    let went = collected(&grouping, &[[99, 1, 1, 1]]);
    assert!(tables.clone().apply(&[], &went, place!(directory)).is_err());
    // A flipped bit is found before anything is told.
    let path = directory.0.path().join(file_name(tables.base()));
    let mut bytes = std::fs::read(&path).unwrap();
    let foot = bytes.len() - (grouping.kinds().len() * 256 * 24 + 32);
    bytes[13..foot].iter_mut().for_each(|byte| *byte ^= 1);
    std::fs::write(&path, &bytes).unwrap();
    let changed = collected(&grouping, &records);
    let tables = Tables::decode(&tables.encode(), directory.0.path()).unwrap();
    assert!(tables.apply(&[], &changed, place!(directory)).is_err());
    bytes.truncate(bytes.len() - 9);
    std::fs::write(&path, &bytes).unwrap();
    assert!(base::Base::open(directory.0.path(), 0).is_err());
}
