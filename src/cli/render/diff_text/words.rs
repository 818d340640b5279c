//! How single values look: keys, labels, counts, cut and made harmless.

use unicode_width::UnicodeWidthStr as _;

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
        Value::Text(text) if text.trim() != text || text.is_empty() => format!("{:?}", short(text)),
        Value::Text(text) | Value::Json(text) => short(text),
    }
}

pub(super) fn narrow(class: &Value) -> String {
    shorten(&value(class), CLASS_WIDTH)
}

pub(super) fn short(text: &str) -> String {
    shorten(&clean(text), VALUE_WIDTH)
}

/// Makes text harmless on a terminal: line ends and tabs are escaped, other controls replaced.
pub(super) fn clean(text: &str) -> String {
    let turns_text = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    if !text.contains(|c: char| c.is_control() || turns_text(c)) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() || turns_text(c) => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

fn shorten(text: &str, width: usize) -> String {
    use unicode_width::UnicodeWidthChar as _;
    if text.width() <= width {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut used = 1; // the mark of the cut
    for c in text.chars() {
        used += c.width().unwrap_or(0);
        if used > width {
            break;
        }
        out.push(c);
    }
    out.push('\u{2026}');
    out
}

pub(super) fn pad(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(text.width())))
}

pub(super) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

pub(super) fn counted(number: u64, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", count(number))
}
