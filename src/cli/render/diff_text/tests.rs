//! Tests of how diffs look.

use super::{DiffText, Show};
use crate::diff::{
    AnnotatorCount, CellEvent, ClassCount, Event, EventSink as _, Identity, LabelEvent,
    RecordEvent, RecordStatus, Said, SchemaEvent, SummaryEvent, TransitionCount, Value,
};
use crate::object::changes::{Cause, RecordCounts, SchemaChange, SplitCount};

fn text(show: Show, events: Vec<Event>) -> String {
    let mut out = Vec::new();
    let mut sink = DiffText::new(&mut out, &|_, text| text.to_owned(), show);
    for event in events {
        sink.event(event).unwrap();
    }
    String::from_utf8(out).unwrap()
}

fn named(key: &str) -> Identity {
    Identity::Key(vec![Some(key.to_owned())])
}

fn words(from: &str, to: &str) -> (Value, Value) {
    (Value::Text(from.to_owned()), Value::Text(to.to_owned()))
}

fn events() -> Vec<Event> {
    let dataset = || "pets".to_owned();
    let transition = |from: &str, to: &str, cause, count| {
        let (from, to) = words(from, to);
        let field = "label".to_owned();
        TransitionCount {
            field,
            from,
            to,
            cause,
            count,
        }
    };
    let (from, to) = words("고양이", "dog");
    vec![
        Event::Schema(SchemaEvent {
            dataset: dataset(),
            change: SchemaChange {
                change: "class_renamed".to_owned(),
                field: Some("label".to_owned()),
                from: "bird".into(),
                to: "parrot".into(),
                count: Some(20),
                evidence: Some("20 of 20 kept records".to_owned()),
                verdict: "breaking".to_owned(),
            },
        }),
        Event::Label(LabelEvent {
            dataset: dataset(),
            key: named("17"),
            field: "label".to_owned(),
            from,
            to,
            cause: Cause::Relabel,
            detail: None,
            annotator: Some((Some("a1".to_owned()), Some("a7".to_owned()))),
            said: Said::default(),
            place: 1,
        }),
        Event::Record(RecordEvent {
            dataset: dataset(),
            change: RecordStatus::Added,
            key: named("99"),
            place: 7,
            split: None,
        }),
        Event::Cell(CellEvent {
            dataset: dataset(),
            key: named("5\u{1b}[31m"),
            field: "text".to_owned(),
            from: Value::Null,
            to: Value::Text("a\nb".to_owned()),
        }),
        Event::Cell(CellEvent {
            dataset: dataset(),
            key: named("6"),
            field: "text".to_owned(),
            from: Value::Text("The quick brown fox jumps over the lazy dog, twice".to_owned()),
            to: Value::Text("The quick red fox jumps over the lazy dog, twice".to_owned()),
        }),
        Event::Summary(SummaryEvent {
            dataset: dataset(),
            records: RecordCounts {
                before: 1000,
                after: 1001,
                added: 1,
                modified: 2,
                moved: Some(0),
                ..RecordCounts::default()
            },
            transitions: vec![
                transition("bird", "parrot", Cause::Rename, 20),
                transition("fish", "고양이", Cause::Relabel, 3),
                transition("고양이", "dog", Cause::Relabel, 1200),
            ],
            classes: vec![
                ClassCount {
                    field: "label".to_owned(),
                    class: Value::Text("dog".to_owned()),
                    before: 120,
                    after: 1320,
                },
                ClassCount {
                    field: "label".to_owned(),
                    class: Value::Text("고양이".to_owned()),
                    before: 1300,
                    after: 103,
                },
            ],
            kinds: Vec::new(),
            annotators: vec![AnnotatorCount {
                annotator: Some("a7".to_owned()),
                relabelled: 1,
            }],
            splits: vec![SplitCount {
                split: Some("train".to_owned()),
                added: 1,
                relabelled: 1203,
                ..SplitCount::default()
            }],
            step: "major",
            filtered: false,
            hint: None,
            churn: None,
        }),
    ]
}

#[test]
fn counts_come_first_and_columns_align_by_width() {
    let show = Show {
        cells: true,
        ..Show::DEFAULT
    };
    insta::assert_snapshot!(text(show, events()), @r"
    pets: 1,000 -> 1,001 records, 1 added, 2 modified, 1,203 relabelled, 20 labels renamed [major]
      class renamed label: bird -> parrot, 20 (20 of 20 kept records) [breaking]
      label, from row to column:
                  dog  fish  고양이   left
        dog         .     .       .      .
        fish        .     .       3      3
        고양이  1,200     .       .  1,200
        came    1,200     .       3  1,203
      label, changes of classes:
        bird -> parrot      20  renamed
      label, records: dog 120 -> 1,320 (+1,200), 고양이 1,300 -> 103 (-1,197)
      by annotator: a7 1
      by split: train 1 added, 1,203 relabelled
      labels
        17  label  고양이 -> dog    by a7, before a1
      records
        +  99
      cells
        5\u{1b}[31m  text  (null) -> a\nb
        6            text  The quick [-brown-]{+red+} fox jumps over the…
    ");
}

#[test]
fn stat_shows_counts_alone() {
    insta::assert_snapshot!(text(Show::STAT, events()), @r"
    pets: 1,000 -> 1,001 records, 1 added, 2 modified, 1,203 relabelled, 20 labels renamed [major]
      class renamed label: bird -> parrot, 20 (20 of 20 kept records) [breaking]
      label, from row to column:
                  dog  fish  고양이   left
        dog         .     .       .      .
        fish        .     .       3      3
        고양이  1,200     .       .  1,200
        came    1,200     .       3  1,203
      label, changes of classes:
        bird -> parrot      20  renamed
      label, records: dog 120 -> 1,320 (+1,200), 고양이 1,300 -> 103 (-1,197)
      by annotator: a7 1
      by split: train 1 added, 1,203 relabelled
    ");
}
