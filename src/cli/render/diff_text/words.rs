//! How single values look: keys and labels, cut and made harmless.

use super::super::super::ui::shorten;
use crate::diff::{Identity, Value};

/// The most columns of a value, and of a class in a matrix.
const VALUE_WIDTH: usize = 40;
const CLASS_WIDTH: usize = 14;

pub(super) fn key(key: &Identity) -> String {
    match key {
        Identity::Key(parts) => {
            let part = |part: &Option<String>| match part {
                None => "(null)".to_owned(),
                Some(text) => short(text),
            };
            parts.iter().map(part).collect::<Vec<_>>().join(", ")
        }
        Identity::Ordinal(ordinal, _) => format!("#{ordinal}"),
    }
}

pub(super) fn value(value: &Value) -> String {
    match value {
        Value::Null => "(null)".to_owned(),
        Value::Text(text) if text.trim() != text || text.is_empty() => short(&format!("{text:?}")),
        Value::Text(text) | Value::Json(text) => short(text),
    }
}

pub(super) fn narrow(class: &Value) -> String {
    shorten(&value(class), CLASS_WIDTH)
}

pub(super) fn short(text: &str) -> String {
    shorten(text, VALUE_WIDTH)
}
