//! Events as rows, and what a summary counts as tables.

use crate::diff::{AnnotatorCount, ClassCount, Identity, LabelEvent, SummaryEvent};
use crate::diff::{ElementCount, KindCounts};
use crate::diff::{TransitionCount, Value};
use crate::object::changes::{Cause, SchemaChange, SplitCount};

use super::{Field, Table};

/// Returns the name of a record as text: a key of several fields with commas between them.
pub(super) fn key(key: &Identity) -> Field {
    match key {
        Identity::Ordinal(ordinal, _) => Field::Data(format!("#{ordinal}")),
        Identity::Key(parts) => {
            let part = |part: &Option<String>| part.clone().unwrap_or_else(|| "(null)".to_owned());
            Field::Data(parts.iter().map(part).collect::<Vec<_>>().join(", "))
        }
    }
}

fn data(text: Option<&str>) -> Field {
    text.map_or(Field::Null, |text| Field::Data(text.to_owned()))
}

/// Returns two values so that each knows the other.
pub(super) fn change(from: &Value, to: &Value) -> (Field, Field) {
    let text = |value: &Value| value.text().map(str::to_owned);
    let old = text(from).map_or(Field::Null, |from| Field::Old(from, text(to)));
    let new = text(to).map_or(Field::Null, |to| Field::New(text(from), to));
    (old, new)
}

pub(super) fn label_row(label: &LabelEvent) -> Vec<Field> {
    let (from, to) = change(&label.from, &label.to);
    let (before, after) = match &label.annotator {
        None => (Field::Empty, Field::Empty),
        Some((before, after)) => (data(before.as_deref()), data(after.as_deref())),
    };
    let field = Field::Data(label.field.clone());
    vec![
        key(&label.key),
        field,
        from,
        to,
        Field::Word(label.cause.name().to_owned()),
        before,
        after,
    ]
}

pub(super) fn schema_row(change: &SchemaChange) -> Vec<Field> {
    let value = |value: &serde_json::Value| match value {
        serde_json::Value::Null => Field::Empty,
        serde_json::Value::String(text) => Field::Data(text.clone()),
        other => Field::Data(other.to_string()),
    };
    vec![
        Field::Word(change.change.replace('_', " ")),
        change.field.clone().map_or(Field::Empty, Field::Data),
        value(&change.from),
        value(&change.to),
        change.count.map_or(Field::Empty, Field::Count),
        Field::Word(change.verdict.clone()),
        change.evidence.clone().map_or(Field::Empty, Field::Data),
    ]
}

/// Returns the tables of what a summary counts.
pub(super) fn counts(summary: &SummaryEvent) -> Vec<Table> {
    let records = &summary.records;
    let count = |causes: &[Cause]| Field::Count(summary.labels(causes));
    let mut tables = Vec::new();
    let mut add = |title: &str, field: Option<&str>, columns: &[&'static str], rows: Vec<_>| {
        if !rows.is_empty() {
            tables.push(Table {
                title: title.to_owned(),
                field: field.map(str::to_owned),
                columns: columns.to_vec(),
                all: rows.len() as u64,
                rows,
                list: false,
            });
        }
    };
    let columns = [
        "before",
        "after",
        "added",
        "removed",
        "modified",
        "respelled",
        "moved",
    ];
    let row = [
        records.before,
        records.after,
        records.added,
        records.removed,
        records.modified,
        records.respelled,
    ];
    let mut row: Vec<Field> = row.into_iter().map(Field::Count).collect();
    row.push(records.moved.map_or(Field::Null, Field::Count));
    add("Records", None, &columns, vec![row]);
    if !summary.transitions.is_empty() {
        let row = vec![
            count(&[Cause::Relabel]),
            count(&[Cause::Rename, Cause::Swap]),
            count(&[Cause::Split]),
            count(&[Cause::Merge]),
        ];
        let columns = ["relabelled", "renamed", "split", "merged"];
        add("Labels", None, &columns, vec![row]);
    }
    let value = |value: &Value| data(value.text());
    let mut fields: Vec<&str> = summary
        .transitions
        .iter()
        .map(|t| t.field.as_str())
        .collect();
    fields.extend(summary.classes.iter().map(|class| class.field.as_str()));
    fields.sort_unstable();
    fields.dedup();
    for field in fields {
        let mut of: Vec<_> = summary
            .transitions
            .iter()
            .filter(|t| t.field == field)
            .collect();
        of.sort_by(|a, b| (b.count, &a.from, &a.to).cmp(&(a.count, &b.from, &b.to)));
        let row = |t: &&TransitionCount| {
            let (from, to) = change(&t.from, &t.to);
            vec![
                from,
                to,
                Field::Word(t.cause.name().to_owned()),
                Field::Count(t.count),
            ]
        };
        let rows = of.iter().map(row).collect();
        add(
            "Transitions",
            Some(field),
            &["from", "to", "cause", "labels"],
            rows,
        );
        let of = summary.classes.iter().filter(|class| class.field == field);
        for kind in &summary.kinds {
            let field = Some(kind.field.as_str());
            match &kind.counts {
                KindCounts::Scores {
                    increased,
                    decreased,
                } => {
                    let row = vec![Field::Count(*increased), Field::Count(*decreased)];
                    add("Scores", field, &["increased", "decreased"], vec![row]);
                }
                KindCounts::Preferences { flips } => {
                    add(
                        "Preferences",
                        field,
                        &["flips"],
                        vec![vec![Field::Count(*flips)]],
                    );
                }
                KindCounts::Sets { elements } => {
                    let row = |element: &ElementCount| {
                        let (added, removed) = (element.added, element.removed);
                        let class = Field::Data(element.class.clone());
                        vec![class, Field::Count(added), Field::Count(removed)]
                    };
                    let rows = elements.iter().map(row).collect();
                    add("Sets", field, &["class", "added", "removed"], rows);
                }
            }
        }
        let row = |class: &ClassCount| {
            vec![
                value(&class.class),
                Field::Count(class.before),
                Field::Count(class.after),
                Field::Net(i128::from(class.after) - i128::from(class.before)),
            ]
        };
        let rows = of.map(row).collect();
        add(
            "Classes",
            Some(field),
            &["class", "before", "after", "net"],
            rows,
        );
    }
    let churn = summary.churn.filter(|churn| *churn > 0);
    let rows = churn
        .into_iter()
        .map(|churn| vec![Field::Count(churn)])
        .collect();
    add(
        "Churn",
        None,
        &["labels that changed and changed back"],
        rows,
    );
    let row =
        |by: &AnnotatorCount| vec![data(by.annotator.as_deref()), Field::Count(by.relabelled)];
    let rows = summary.annotators.iter().map(row).collect();
    add("Annotators", None, &["annotator", "relabelled"], rows);
    let row = |split: &SplitCount| {
        let counts = [
            split.added,
            split.removed,
            split.relabelled,
            split.came,
            split.left,
        ];
        let counts = counts.into_iter().map(Field::Count);
        std::iter::once(data(split.split.as_deref()))
            .chain(counts)
            .collect()
    };
    let rows = summary.splits.iter().map(row).collect();
    let columns = ["split", "added", "removed", "relabelled", "came", "left"];
    add("Splits", None, &columns, rows);
    tables
}
