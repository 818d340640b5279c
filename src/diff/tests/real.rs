//! Real histories with known numbers. Skipped where the data are not here.

use super::stored::{Stored, cells, real, summary};
use crate::diff::event::{Event, Identity};
use crate::object::changes::Cause;

fn country(version: &str, next: &str) -> Option<Vec<Event>> {
    let file = |name: &str| real(&format!("country-codes-history/versions/{name}.csv.gz"));
    let (a, b) = (file(version)?, file(next)?);
    let declared = "[dataset.codes]\npath = \"codes.csv\"\nkey = [\"ISO3166-1-Alpha-3\"]\n";
    Some(Stored::default().diff(&[("codes.csv", &a)], &[("codes.csv", &b)], declared))
}

#[test]
fn iris_lost_three_wrong_cells() {
    let (Some(a), Some(b)) = (
        real("iris-correction/iris_sklearn_0.19.2.csv"),
        real("iris-correction/iris_sklearn_0.20.0.csv"),
    ) else {
        return;
    };
    let declared = "[dataset.iris]\npath = \"iris.csv\"\nlabel = \"virginica\"\n";
    let events = Stored::default().diff(&[("iris.csv", &a)], &[("iris.csv", &b)], declared);
    let mut records: Vec<_> = cells(&events).iter().map(|cell| cell.key.clone()).collect();
    assert_eq!(records.len(), 3);
    records.dedup();
    let places: Vec<u64> = records
        .iter()
        .map(|key| match key {
            Identity::Ordinal(place, _) => *place,
            Identity::Key(_) => 0,
        })
        .collect();
    assert_eq!(places, [35, 38]);
    let summary = summary(&events);
    assert_eq!((summary.records.modified, summary.records.added), (2, 0));
    assert_eq!(summary.step, "major");
}

#[test]
fn cifar_labels_are_corrected_and_dropped() {
    let (Some(a), Some(b)) = (
        real("label-errors-cifar10/given.csv"),
        real("label-errors-cifar10/corrected.csv"),
    ) else {
        return;
    };
    let declared = "[dataset.cifar]\npath = \"l.csv\"\nkey = [\"id\"]\nlabel = \"label\"\n";
    let events = Stored::default().diff(&[("l.csv", &a)], &[("l.csv", &b)], declared);
    let summary = summary(&events);
    assert_eq!(
        (summary.records.before, summary.records.after),
        (10_000, 9_964)
    );
    assert_eq!(
        (summary.records.modified, summary.records.removed),
        (18, 36)
    );
    assert_eq!(summary.labels(&[Cause::Relabel]), 18);
    assert_eq!(summary.records.moved, Some(0));
    assert!(
        summary
            .transitions
            .iter()
            .all(|t| t.cause == Cause::Relabel)
    );
    let labels = events
        .iter()
        .filter(|event| matches!(event, Event::Label(_)));
    assert_eq!(labels.count(), 18);
}

#[test]
fn tacrev_corrects_936_labels() {
    let Some(bytes) = real("tacrev/test_labels.csv.gz") else {
        return;
    };
    let text = String::from_utf8(bytes).unwrap();
    let version = |column: usize| {
        let mut out = String::from("id,label\n");
        for line in text.lines().skip(1) {
            let cells: Vec<&str> = line.split(',').collect();
            out.push_str(&format!("{},{}\n", cells[0], cells[column]));
        }
        out.into_bytes()
    };
    let (a, b) = (version(1), version(2));
    let declared = "[dataset.tac]\npath = \"l.csv\"\nkey = [\"id\"]\nlabel = \"label\"\n";
    let events = Stored::default().diff(&[("l.csv", &a)], &[("l.csv", &b)], declared);
    let summary = summary(&events);
    assert_eq!(summary.records.before, 15_509);
    assert_eq!(summary.records.modified, 936);
    assert_eq!(
        summary.transitions.iter().map(|t| t.count).sum::<u64>(),
        936
    );
}

#[test]
fn country_codes_change_as_their_history_says() {
    for (version, next, modified) in [
        ("022_2017-01-16_eee65ea2", "023_2017-10-18_6dd06119", 81),
        ("029_2018-08-06_a3463338", "030_2018-09-15_f2cf5e79", 0),
        ("047_2026-05-08_89a68ddb", "048_2026-05-08_3efa233c", 5),
        ("049_2026-05-08_4cb803cd", "050_2026-05-08_6575cefc", 0),
    ] {
        let Some(events) = country(version, next) else {
            return;
        };
        let summary = summary(&events);
        let schema: Vec<_> = events
            .iter()
            .filter_map(|event| match event {
                Event::Schema(schema) => Some(serde_json::to_string(schema).unwrap()),
                _ => None,
            })
            .collect();
        assert_eq!(
            summary.records.modified, modified,
            "{version}: {summary:?} {schema:#?}"
        );
    }
}

#[test]
fn lines_that_do_not_parse_are_records_of_their_own() {
    let declared = "[dataset.d]\npath = \"d.jsonl\"\nkey = [\"id\"]\n";
    let a = b"{\"id\":1}\n{broken\n{\"id\":2}\n";
    let b = b"{\"id\":1}\n{broken too\n{\"id\":2}\n";
    let events = Stored::default().diff(&[("d.jsonl", a)], &[("d.jsonl", b)], declared);
    let records = summary(&events).records;
    assert_eq!(
        (records.added, records.removed, records.modified),
        (1, 1, 0)
    );
    let problem = events
        .iter()
        .any(|event| matches!(event, Event::Problem(p) if p.count == 1));
    assert!(problem);
}

#[test]
fn another_dialect_of_the_same_records_is_a_patch() {
    let declared = "[dataset.d]\npath = \"d.csv\"\nkey = [\"id\"]\nlabel = \"label\"\n";
    let a = b"id,x,label\n1,a,cat\n2,b,dog\n3,c,cat\n";
    let b = b"id;x;label\r\n1;\"a\";cat\r\n2;b;dog\r\n3;c;cat\r\n";
    let events = Stored::default().diff(&[("d.csv", a)], &[("d.csv", b)], declared);
    let summary = summary(&events);
    assert_eq!(
        (summary.records.modified, summary.records.respelled),
        (0, 0)
    );
    assert_eq!(summary.step, "patch");
    let Some(Event::Schema(schema)) = events.first() else {
        panic!("{events:?}");
    };
    assert_eq!(schema.change.change, "dialect_changed");
    assert_eq!(schema.change.from["delimiter"], ",");
    assert_eq!(schema.change.to["newline"], "crlf");
}

#[test]
fn the_worked_example_of_the_docs_holds() {
    let declared = "[dataset.d]\npath = \"d.csv\"\nkey = [\"id\"]\nlabel = \"label\"\n";
    let a = b"id,label\n1,cat\n2,dog\n3,cat\n17,cat\n";
    let b = b"id,label\n1,dog\n3,cat\n17.0,cat\n4,dog\n";
    let events = Stored::default().diff(&[("d.csv", a)], &[("d.csv", b)], declared);
    let summary = summary(&events);
    let records = summary.records;
    assert_eq!(
        (records.added, records.removed, records.modified),
        (1, 1, 1)
    );
    assert_eq!(
        (records.respelled, records.moved, summary.step),
        (1, Some(0), "major")
    );
}
