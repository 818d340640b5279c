//! Sets of classes: a record with several labels counts for each of its classes.

use std::collections::{BTreeMap, BTreeSet};

use crate::object::{FieldSchema, Values};
use crate::record::{Type, listed, normalized, separated};

/// How many records have each class.
pub(super) type Counts = BTreeMap<String, u64>;

/// Returns whether a field's values are sets of classes: lists, or texts with a declared separator.
pub(super) fn is_set(field: &FieldSchema) -> bool {
    field.separator.is_some() || field.kind == Type::List.name()
}

/// Returns the classes that a value of a label field names: itself where it is no set.
pub(super) fn classes_in(field: &FieldSchema, value: &str) -> BTreeSet<String> {
    if let Some(separator) = &field.separator {
        let classes = separated(value, separator).into_iter();
        return classes.map(|class| class.into_owned()).collect();
    }
    match is_set(field).then(|| listed(value)).flatten() {
        Some(classes) => {
            let classes = classes.iter().map(|class| normalized(class).into_owned());
            classes.collect()
        }
        None => BTreeSet::from([value.to_owned()]),
    }
}

/// Adds `count` records to each class that a value names.
pub(super) fn count(field: &FieldSchema, value: &str, count: u64, counts: &mut Counts) {
    for class in classes_in(field, value) {
        *counts.entry(class).or_insert(0) += count;
    }
}

/// Returns how many records have each class.
pub(super) fn counts(field: &FieldSchema, values: &Values) -> Counts {
    let mut counts = Counts::new();
    for (value, records) in &values.values {
        count(field, &value.to_string(), *records, &mut counts);
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(kind: &str, separator: Option<&str>) -> FieldSchema {
        FieldSchema {
            name: "topics".to_owned(),
            kind: kind.to_owned(),
            roles: vec!["label".to_owned()],
            nullable: false,
            separator: separator.map(str::to_owned),
            classes: None,
        }
    }

    #[test]
    fn a_set_counts_for_each_of_its_classes_once() {
        let classes = |kind, separator, value| -> Vec<String> {
            let field = field(kind, separator);
            classes_in(&field, value).into_iter().collect()
        };
        assert_eq!(classes("list", None, "[\"b\",\"a\",\"b\"]"), ["a", "b"]);
        assert_eq!(classes("list", None, "[]"), [""; 0]);
        assert_eq!(classes("string", Some(";"), "b; a;b"), ["a", "b"]);
        assert_eq!(classes("string", None, "b; a"), ["b; a"]);
        // A class that a schema names is itself.
        assert_eq!(classes("list", None, "a"), ["a"]);
    }
}
