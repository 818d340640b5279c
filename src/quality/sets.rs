//! Sets of classes: a record with several labels counts for each of its classes.

use std::collections::{BTreeMap, BTreeSet};

use crate::base::Text;
use crate::object::{FieldSchema, Joint, Values};
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

/// Returns how many records have each class, in the order of the classes.
pub fn by_class(field: &FieldSchema, values: &Values) -> Vec<(Text, u64)> {
    let counts = counts(field, values).into_iter();
    counts
        .map(|(class, records)| (class.into(), records))
        .collect()
}

/// Returns how many records have each class.
pub(super) fn counts(field: &FieldSchema, values: &Values) -> Counts {
    let mut counts = Counts::new();
    for (value, records) in &values.values {
        count(field, &value.to_string(), *records, &mut counts);
    }
    counts
}

/// Returns the records of each class that the labels of a joint table name, split by split or
/// annotator by annotator.
pub fn joint_by_class(field: &FieldSchema, joint: Joint) -> Joint {
    if !is_set(field) {
        return joint;
    }
    let mut counts: BTreeMap<(Option<Text>, Option<Text>), u64> = BTreeMap::new();
    for (label, other, records) in joint.counts {
        let classes: Vec<Option<Text>> = match label {
            Some(label) => {
                let classes = classes_in(field, &label.to_string()).into_iter();
                classes.map(|class| Some(class.into())).collect()
            }
            None => vec![None],
        };
        for class in classes {
            *counts.entry((class, other.clone())).or_insert(0) += records;
        }
    }
    Joint {
        fields: joint.fields,
        counts: counts.into_iter().map(|((a, b), n)| (a, b, n)).collect(),
    }
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
