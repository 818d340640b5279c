//! Tests of what is inferred: fields, classes, moves, identity without a key.

use super::sheet::{Sheet, diff};
use crate::diff::event::{Event, SummaryEvent};
use crate::object::changes::Cause;
use crate::record::{Format, Role};

fn schema(events: &[Event]) -> Vec<String> {
    let line = |event: &Event| match event {
        Event::Schema(schema) => {
            let c = &schema.change;
            let field = c.field.as_deref().unwrap_or("-");
            let mut line = format!("{} {field} {} {} {}", c.change, c.from, c.to, c.verdict);
            if let Some(evidence) = &c.evidence {
                line.push_str(&format!(" ({evidence})"));
            }
            Some(line)
        }
        _ => None,
    };
    events.iter().filter_map(line).collect()
}

fn summary(events: &[Event]) -> SummaryEvent {
    super::stored::summary(events).clone()
}

fn json(events: &[Event]) -> Vec<String> {
    events
        .iter()
        .map(|event| serde_json::to_string(event).unwrap())
        .collect()
}

/// A keyed table with one label a record.
fn labelled(labels: &[(&str, usize)]) -> Sheet {
    let mut sheet = Sheet::new("id,label")
        .role(Role::Key, "id")
        .role(Role::Label, "label");
    for (label, count) in labels {
        for _ in 0..*count {
            sheet
                .rows
                .push(vec![sheet.rows.len().to_string(), (*label).to_owned()]);
        }
    }
    sheet
}

fn causes(before: &[(&str, usize)], after: &[(&str, usize)]) -> (Vec<String>, Vec<String>) {
    let (events, _) = diff(&labelled(before), &labelled(after));
    let transitions = summary(&events)
        .transitions
        .into_iter()
        .map(|t| {
            let text = |v: &crate::diff::Value| v.text().unwrap_or("-").to_owned();
            format!(
                "{} {} {:?} {}",
                text(&t.from),
                text(&t.to),
                t.cause,
                t.count
            )
        })
        .collect();
    (transitions, schema(&events))
}

#[test]
fn a_class_under_a_new_name_is_a_rename() {
    let (transitions, changes) = causes(&[("cat", 20), ("dog", 5)], &[("feline", 19), ("dog", 6)]);
    assert_eq!(transitions, ["cat dog Relabel 1", "cat feline Rename 19"]);
    assert_eq!(
        changes,
        ["class_renamed label \"cat\" \"feline\" breaking (19 of 20 kept records)"]
    );
    let (events, _) = diff(&labelled(&[("cat", 20)]), &labelled(&[("feline", 20)]));
    assert_eq!(summary(&events).records.modified, 0);
    assert_eq!(summary(&events).step, "major");
}

#[test]
fn few_records_are_no_rename() {
    let (transitions, changes) = causes(&[("cat", 9), ("dog", 5)], &[("feline", 9), ("dog", 5)]);
    assert_eq!(transitions, ["cat feline Relabel 9"]);
    assert_eq!(
        changes,
        [
            "class_added label null \"feline\" compatible",
            "class_removed label \"cat\" null breaking (rename? 9 of 9 kept records became \"feline\")",
        ]
    );
}

#[test]
fn a_declared_rename_needs_no_evidence() {
    let before = labelled(&[("cat", 2), ("dog", 1)]);
    let mut after = labelled(&[("feline", 2), ("dog", 1)]);
    after.rename.insert("cat".to_owned(), "feline".to_owned());
    let (events, _) = diff(&before, &after);
    assert_eq!(
        schema(&events),
        ["class_renamed label \"cat\" \"feline\" breaking (declared)"]
    );
    assert_eq!(summary(&events).labels(&[Cause::Rename]), 2);
}

#[test]
fn classes_swap_split_and_merge() {
    let (transitions, changes) = causes(&[("a", 30), ("b", 20)], &[("b", 30), ("a", 20)]);
    assert_eq!(transitions, ["a b Swap 30", "b a Swap 20"]);
    assert_eq!(changes.len(), 2);
    let (transitions, changes) = causes(
        &[("a", 30), ("b", 20)],
        &[("a1", 15), ("a2", 15), ("b", 20)],
    );
    assert_eq!(transitions, ["a a1 Split 15", "a a2 Split 15"]);
    assert_eq!(
        changes,
        ["class_split label \"a\" [\"a1\",\"a2\"] breaking (30 of 30 kept records)"]
    );
    let (transitions, changes) = causes(&[("a", 12), ("b", 20)], &[("b", 32)]);
    assert_eq!(transitions, ["a b Merge 12"]);
    assert_eq!(
        changes,
        ["class_merged label [\"a\"] \"b\" breaking (12 of 12 kept records)"]
    );
    let (transitions, _) = causes(&[("a", 12), ("b", 20)], &[("c", 32)]);
    assert_eq!(transitions, ["a c Merge 12", "b c Merge 20"]);
}

#[test]
fn another_spelling_of_a_name_is_a_rename() {
    let (transitions, changes) = causes(&[("Cat ", 3), ("dog", 5)], &[("cat", 3), ("dog", 5)]);
    assert_eq!(transitions, ["Cat  cat Rename 3"]);
    assert_eq!(
        changes,
        ["class_renamed label \"Cat \" \"cat\" breaking (respelling)"]
    );
    // Unicode forms are equal by value: nothing but a respelling.
    let (events, _) = diff(&labelled(&[("e\u{301}", 3)]), &labelled(&[("\u{e9}", 3)]));
    assert_eq!(summary(&events).records.respelled, 3);
    assert!(summary(&events).transitions.is_empty());
    assert_eq!(summary(&events).step, "patch");
}

#[test]
fn fields_are_added_renamed_and_retyped() {
    let before = Sheet::new("id,a,b,c\n1,x,1,\n2,y,2,z").role(Role::Key, "id");
    let after = Sheet::new("id,c,a2,b,d\n1,q,x,1.5,7\n2,z,y,2,8").role(Role::Key, "id");
    let (events, _) = diff(&before, &after);
    assert_eq!(
        schema(&events),
        [
            "field_moved c 4 2 compatible",
            "nullable_changed c true false compatible",
            "field_renamed a2 \"a\" \"a2\" breaking (equal field digest)",
            "type_changed b \"integer\" \"float\" breaking",
            "field_added d null \"integer\" compatible",
        ]
    );
    assert_eq!(summary(&events).records.modified, 1);
}

#[test]
fn a_renamed_field_with_some_changed_values_is_found_by_them() {
    let mut before = Sheet::new("id,name").role(Role::Key, "id");
    let mut after = Sheet::new("id,title").role(Role::Key, "id");
    for at in 0..20 {
        before.rows.push(vec![at.to_string(), format!("n{at}")]);
        let name = if at < 2 {
            "other".to_owned()
        } else {
            format!("n{at}")
        };
        after.rows.push(vec![at.to_string(), name]);
    }
    let (events, _) = diff(&before, &after);
    assert_eq!(
        schema(&events),
        ["field_renamed title \"name\" \"title\" breaking (equal in 18 of 20 kept records)"]
    );
    assert_eq!(summary(&events).records.modified, 2);
}

#[test]
fn a_new_field_modifies_nothing_and_order_is_no_change() {
    let before = Sheet::new("id,a\n1,x\n2,y\n3,z").role(Role::Key, "id");
    let after = Sheet::new("id,a,b\n2,y,1\n3,z,2\n1,x,3").role(Role::Key, "id");
    let (events, _) = diff(&before, &after);
    let records = summary(&events).records;
    assert_eq!(
        (records.modified, records.added, records.moved),
        (0, 0, Some(1))
    );
    assert_eq!(summary(&events).step, "minor");
}

#[test]
fn cells_are_framed() {
    let before = Sheet::new("id,a,b\n1,ab,c").role(Role::Key, "id");
    let after = Sheet::new("id,a,b\n1,a,bc").role(Role::Key, "id");
    let (events, _) = diff(&before, &after);
    assert_eq!(super::stored::cells(&events).len(), 2);
}

#[test]
fn numbers_compare_by_value() {
    let before = Sheet::new("id,n\n1,17\n2,5").role(Role::Key, "id");
    let after = Sheet::new("id,n\n1.0,17.0\n2,6").role(Role::Key, "id");
    let (events, _) = diff(&before, &after);
    let records = summary(&events).records;
    assert_eq!(
        (records.modified, records.respelled, records.added),
        (1, 1, 0)
    );
}

#[test]
fn a_new_key_applies_to_both_sides() {
    let before = Sheet::new("id,code,x\n1,a,5\n2,b,6").role(Role::Key, "id");
    let after = Sheet::new("id,code,x\n9,a,5\n8,b,7").role(Role::Key, "code");
    let (events, _) = diff(&before, &after);
    assert_eq!(
        schema(&events),
        ["key_changed - [\"id\"] [\"code\"] breaking"]
    );
    assert_eq!(summary(&events).records.modified, 2);
    assert_eq!(summary(&events).records.moved, Some(0));
}

#[test]
fn records_without_a_key_pair_by_content_then_likeness() {
    let before = Sheet::new("a,b,c,label\n1,2,3,x\n4,5,6,y\n7,8,9,z").role(Role::Label, "label");
    let after = Sheet::new("a,b,c,label\n1,2,3,y\n4,5,0,y\n0,0,0,z").role(Role::Label, "label");
    let (events, _) = diff(&before, &after);
    let lines = json(&events);
    let prefix = |line: &String| line.split(",\"records\"").next().unwrap().to_owned();
    assert_eq!(
        lines.iter().map(prefix).collect::<Vec<_>>(),
        [
            r##"{"event":"schema","dataset":"d","change":"class_removed","field":"label","from":"x","to":null,"count":1,"verdict":"breaking"}"##,
            r##"{"event":"label","dataset":"d","key":["#1"],"field":"label","from":"x","to":"y","cause":"relabel"}"##,
            r##"{"event":"record","dataset":"d","change":"removed","key":["#3"]}"##,
            r##"{"event":"record","dataset":"d","change":"added","key":["#3"]}"##,
            r##"{"event":"cell","dataset":"d","key":["#2"],"field":"c","from":"6","to":"0"}"##,
            r##"{"event":"summary","dataset":"d""##,
        ]
    );
}

#[test]
fn an_image_elsewhere_moved_or_changed_its_class() {
    let images = |text: &str| {
        let mut sheet = Sheet::new(text)
            .role(Role::Key, "path")
            .role(Role::Label, "label")
            .role(Role::Image, "image");
        sheet.format = Format::Images;
        sheet
    };
    let before = images("path,label,image\n1.png,cat,aa\n2.png,cat,bb\n3.png,dog,cc");
    let after = images("path,label,image\n1.png,dog,aa\n9.png,cat,bb\n3.png,dog,dd");
    let (events, _) = diff(&before, &after);
    let lines = json(&events);
    assert!(lines[0].contains(r#""key":["1.png"],"field":"label","from":"cat","to":"dog""#));
    assert!(lines[1].contains(r#""key":["3.png"],"field":"image","from":"cc","to":"dd""#));
    let records = summary(&events).records;
    assert_eq!(
        (records.modified, records.moved, records.added),
        (2, Some(1), 0)
    );
}

#[test]
fn annotators_stand_beside_label_changes() {
    let sheet = |text| {
        Sheet::new(text)
            .role(Role::Key, "id")
            .role(Role::Label, "label")
            .role(Role::Annotator, "by")
    };
    let before = sheet("id,label,by\n1,cat,a1");
    let after = sheet("id,label,by\n1,dog,");
    let (events, _) = diff(&before, &after);
    let label = &json(&events)[4];
    assert!(
        label.ends_with(r#""cause":"relabel","annotator":["a1",null]}"#),
        "{label}"
    );
}

#[test]
fn null_equals_missing_and_differs_from_text() {
    let before = Sheet::new("id,a\n1,x\n2,y").role(Role::Key, "id");
    let nulls = Sheet::new("id,a,b\n1,x,\n2,y,").role(Role::Key, "id");
    let (events, _) = diff(&before, &nulls);
    assert_eq!(summary(&events).records.modified, 0);
    let emptied = Sheet::new("id,a\n1,\n2,y").role(Role::Key, "id");
    let (events, _) = diff(&before, &emptied);
    assert_eq!(summary(&events).records.modified, 1);
    assert_eq!(schema(&events), ["nullable_changed a false true breaking"]);
}

#[test]
fn a_type_change_with_equal_text_is_one_schema_change() {
    let before = Sheet::new("id,a\n1,10\n2,20").role(Role::Key, "id");
    let after = Sheet::new("id,a\n1,10\n2,20\n3,x").role(Role::Key, "id");
    let (events, _) = diff(&before, &after);
    let records = summary(&events).records;
    assert_eq!(
        (records.modified, records.respelled, records.added),
        (0, 0, 1)
    );
    assert_eq!(
        schema(&events),
        ["type_changed a \"integer\" \"string\" breaking"]
    );
}

#[test]
fn a_copy_of_a_duplicate_key_may_lie_in_a_skipped_chunk() {
    let rows = "id,x,label\n7,a,p\n1,a,p\n2,a,p\n7,a,p\n3,a,p\n7,b,p";
    let before = Sheet::new(rows)
        .role(Role::Key, "id")
        .role(Role::Label, "label");
    for (old, new) in [("7,b,p", "7,b,q"), ("7,b,p", "7,a,p"), ("3,a,p", "7,a,p")] {
        let mut after = before.clone();
        let row = |text: &str| text.split(',').map(str::to_owned).collect::<Vec<_>>();
        let at = after
            .rows
            .iter()
            .position(|other| *other == row(old))
            .unwrap();
        after.rows[at] = row(new);
        // Every record a chunk of its own: all copies but the changed one are skipped.
        super::oracle::check(&before, &after, ((1, 1), (1, 1)));
        super::oracle::check(&after, &before, ((1, 1), (1, 1)));
    }
}

#[test]
fn null_keys_never_match() {
    let before = Sheet::new("id,x\n,a\n,b\n1,c").role(Role::Key, "id");
    let after = Sheet::new("id,x\n,a\n,d\n1,c").role(Role::Key, "id");
    let (events, _) = diff(&before, &after);
    let records = summary(&events).records;
    assert_eq!(
        (records.added, records.removed, records.modified),
        (1, 1, 0)
    );
    super::oracle::check(&before, &after, ((1, 1), (1, 1)));
}

#[test]
fn records_that_all_seem_replaced_are_hinted_at() {
    let hint = |old: fn(usize) -> String, new: fn(usize) -> String| -> Option<String> {
        let sheet = |id: fn(usize) -> String| {
            let mut sheet = Sheet::new("id,uuid,label")
                .role(Role::Key, "id")
                .role(Role::Label, "label");
            let row = |n: usize| vec![id(n), format!("u{n}"), "cat".to_owned()];
            sheet.rows.extend((1..60).map(row));
            sheet
        };
        let (events, _) = diff(&sheet(old), &sheet(new));
        summary(&events).hint
    };
    let plain: fn(usize) -> String = |n| n.to_string();
    let said = hint(|n| format!("{n:03}"), plain).unwrap();
    assert_eq!(
        said,
        "100 % of the removed records have the key of an added one when keys are compared without \
         leading zeros: `001` and `1`"
    );
    let said = hint(|n| format!(" k{n}"), |n| format!("k{n}")).unwrap();
    assert!(
        said.contains("without outer space: ` k1` and `k1`"),
        "{said}"
    );
    let said = hint(|n| format!("K{n}"), |n| format!("k{n} ")).unwrap();
    assert!(said.contains("without regard to case"), "{said}");
    let said = hint(plain, |n| format!("x{}", n * 7)).unwrap();
    assert!(
        said.contains("the values of `uuid` are unique and 100 %"),
        "{said}"
    );
    assert_eq!(hint(plain, plain), None);
}
