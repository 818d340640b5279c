//! Counts of what changed since the base that gates can bound: they are read from change sets.

use crate::object::changes::{DatasetChanges, SchemaChange};

/// A count of changes of a data set.
pub struct Counted {
    /// Its name.
    pub name: &'static str,
    /// What it counts, in one sentence.
    pub formula: &'static str,
    /// Counts.
    pub count: fn(&DatasetChanges) -> u64,
    /// Returns what was counted in words, where that is short.
    pub names: fn(&DatasetChanges) -> Option<String>,
}

/// All counts, in the order in which docs/gates.md has them.
pub const COUNTED: &[Counted] = &[
    Counted {
        name: "fields_removed",
        formula: "fields that the base has and this version does not, under no other name",
        count: |changes| of(changes, "field_removed").count() as u64,
        names: |changes| listed(of(changes, "field_removed"), field),
    },
    Counted {
        name: "classes_removed",
        formula: "classes that died out, under no other name",
        count: |changes| of(changes, "class_removed").count() as u64,
        names: |changes| listed(of(changes, "class_removed"), |change| value(&change.from)),
    },
    Counted {
        name: "schema_breaking",
        formula: "changes of the schema with the verdict `breaking`",
        count: |changes| breaking(changes).count() as u64,
        names: |changes| {
            listed(breaking(changes), |change| {
                format!("{} {}", change.change.replace('_', " "), field(change))
            })
        },
    },
    Counted {
        name: "records_removed",
        formula: "records that the base has and this version does not",
        count: |changes| changes.records.removed,
        names: |_| None,
    },
    Counted {
        name: "relabelled",
        formula: "labels of kept records that changed",
        count: |changes| changes.labels.relabelled,
        names: |_| None,
    },
];

/// No more names than this are listed.
const MOST: usize = 8;

fn of<'a>(changes: &'a DatasetChanges, what: &str) -> impl Iterator<Item = &'a SchemaChange> {
    changes
        .schema
        .iter()
        .filter(move |change| change.change == what)
}

fn breaking(changes: &DatasetChanges) -> impl Iterator<Item = &SchemaChange> {
    let schema = changes.schema.iter();
    schema.filter(|change| change.verdict == "breaking")
}

fn field(change: &SchemaChange) -> String {
    change.field.clone().unwrap_or_default()
}

fn value(value: &serde_json::Value) -> String {
    match value.as_str() {
        Some(text) => text.to_owned(),
        None => value.to_string(),
    }
}

fn listed<'a>(
    changes: impl Iterator<Item = &'a SchemaChange>,
    name: impl Fn(&SchemaChange) -> String,
) -> Option<String> {
    let names: Vec<String> = changes.map(name).collect();
    let more = names.len().saturating_sub(MOST);
    let shown = names.iter().take(MOST).cloned().collect::<Vec<_>>();
    match (names.is_empty(), more) {
        (true, _) => None,
        (false, 0) => Some(shown.join(", ")),
        (false, more) => Some(format!("{} and {more} more", shown.join(", "))),
    }
}
