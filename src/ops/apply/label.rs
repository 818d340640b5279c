//! Labels of a list beside those of a file: when they are the same, and how one is written.

use std::borrow::Cow;

use crate::diff::{Value, sorted_set, sorted_text};
use crate::record::{Cell, CellKind, Format, Type, canonical, listed, normalized, separated};

/// Returns a cell as a value.
pub(super) fn of(cell: Option<Cell<'_>>) -> Value {
    match cell {
        None => Value::Null,
        Some(cell) if cell.kind == CellKind::Text => Value::Text(cell.text.to_owned()),
        Some(cell) => Value::Json(cell.text.to_owned()),
    }
}

/// Returns a value as a cell.
pub(super) fn cell(value: &Value) -> Option<Cell<'_>> {
    let kind = match value {
        Value::Null => return None,
        Value::Text(_) => CellKind::Text,
        Value::Json(text) if text.starts_with('{') => CellKind::Object,
        Value::Json(_) => CellKind::List,
    };
    value.text().map(|text| Cell { kind, text })
}

/// Returns whether two labels are spelled alike; sets are in any order.
pub(super) fn same_text(a: &Value, b: &Value, separator: Option<&str>) -> bool {
    match (a, b) {
        (Value::Text(a), Value::Text(b)) if separator.is_some() => {
            let spelled = |text| separator.map(|separator| sorted_text(text, separator));
            spelled(a.as_str()) == spelled(b.as_str())
        }
        (Value::Null, Value::Null) => true,
        (Value::Text(a), Value::Text(b)) => normalized(a) == normalized(b),
        (Value::Json(a), Value::Json(b)) => sorted_set(a) == sorted_set(b),
        _ => false,
    }
}

/// Returns whether two labels are the same value: `1` and `1.0` are, as numbers.
pub(super) fn same_value(a: &Value, b: &Value, separator: Option<&str>) -> bool {
    match (a, b) {
        (Value::Text(x), Value::Text(y)) if separator.is_none() => {
            let (x, y) = (Cell::text(x), Cell::text(y));
            let kind = Type::of(x).join(Type::of(y));
            normalized(&canonical(kind, x)) == normalized(&canonical(kind, y))
        }
        _ => same_text(a, b, separator),
    }
}

/// Returns a label of a list as a file with labels like `current` writes it: what a CSV list says
/// of a set is a text, and one choice of a set is a set of one. `None` where it cannot.
pub(super) fn as_in_file(
    label: &Value,
    current: &Value,
    format: Format,
    separator: Option<&str>,
) -> Option<Value> {
    if let (Value::Json(text), Value::Text(_) | Value::Null, Some(separator)) =
        (label, current, separator)
    {
        return listed(text).map(|classes| Value::Text(classes.join(separator)));
    }
    match (label, current) {
        (Value::Text(text), Value::Json(_)) => Some(Value::Json(match listed(text) {
            Some(_) => text.clone(),
            None => serde_json::Value::from(vec![text.as_str()]).to_string(),
        })),
        // CSV has no arrays: only a file that spells them out is given one.
        (Value::Json(text), Value::Text(now)) if format == Format::Csv => {
            listed(now).map(|_| Value::Text(text.clone()))
        }
        (Value::Json(_), _) if format != Format::Jsonl => None,
        (label, _) => Some(label.clone()),
    }
}

/// Returns the classes that a label names.
pub(super) fn classes(label: &Value, separator: Option<&str>) -> Vec<String> {
    match label {
        Value::Null => Vec::new(),
        Value::Text(text) => match separator {
            Some(separator) => {
                let classes = separated(text, separator).into_iter();
                classes.map(Cow::into_owned).collect()
            }
            None => vec![text.clone()],
        },
        Value::Json(text) => listed(text).unwrap_or_else(|| vec![text.clone()]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Value {
        Value::Text(text.to_owned())
    }

    fn json(text: &str) -> Value {
        Value::Json(text.to_owned())
    }

    #[test]
    fn sets_are_the_same_in_any_order() {
        assert!(same_text(
            &json("[\"a\",\"b\"]"),
            &json("[\"b\",\"a\"]"),
            None
        ));
        assert!(!same_text(&json("[\"a\"]"), &text("a"), None));
    }

    #[test]
    fn a_set_that_is_text_is_one_in_any_order_and_takes_arrays() {
        let both = |a: &str, b: &str| same_text(&text(a), &text(b), Some(";"));
        assert!(both("a;b", "b; a;") && !both("a;b", "a") && !both("a;b", "a,b"));
        let set = json("[\"b\",\"a\"]");
        let written = as_in_file(&set, &text("a"), Format::Csv, Some(";"));
        assert_eq!(written, Some(text("b;a")));
        assert_eq!(classes(&text("b; a"), Some(";")), ["a", "b"]);
    }

    #[test]
    fn numbers_are_the_same_value_but_not_the_same_text() {
        assert!(same_value(&text("1.0"), &text("1"), None));
        assert!(!same_text(&text("1.0"), &text("1"), None));
        assert!(!same_value(&text("007"), &text("7"), None));
    }

    #[test]
    fn a_label_is_written_as_the_file_writes_labels() {
        let set = json("[\"a\"]");
        assert_eq!(
            as_in_file(&text("b"), &set, Format::Jsonl, None),
            Some(json("[\"b\"]"))
        );
        assert_eq!(
            as_in_file(&text("[\"b\"]"), &set, Format::Jsonl, None),
            Some(json("[\"b\"]"))
        );
        assert_eq!(as_in_file(&set, &text("a"), Format::Csv, None), None);
        assert_eq!(
            as_in_file(&set, &text("[]"), Format::Csv, None),
            Some(text("[\"a\"]"))
        );
    }
}
