//! How single values look: keys and labels, cut and made harmless.

use unicode_width::UnicodeWidthStr as _;

use super::super::super::ui::{Style, clean, shorten};
use super::super::super::width::{isolated, shorten_front};
use super::super::diff_words::{Piece, pieces};
use super::lines::Cell;
use crate::diff::{Identity, Value};

/// The most columns of a value, of a class in a matrix, and of what is left around a change.
const VALUE_WIDTH: usize = 40;
const CLASS_WIDTH: usize = 14;
const CONTEXT_WIDTH: usize = 20;
/// The most changes that are shown of one long text.
const MOST_PIECES: usize = 24;

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
    let text = match class {
        Value::Null => "(null)".to_owned(),
        Value::Text(text) if text.trim() != text || text.is_empty() => format!("{text:?}"),
        Value::Text(text) | Value::Json(text) => text.clone(),
    };
    isolated(shorten(&text, CLASS_WIDTH))
}

pub(super) fn short(text: &str) -> String {
    isolated(shorten(text, VALUE_WIDTH))
}

/// Shows a change: both values, or the words that differ where they are long.
pub(super) fn change(from: &Value, to: &Value) -> Cell {
    let (Value::Text(a) | Value::Json(a), Value::Text(b) | Value::Json(b)) = (from, to) else {
        return beside(from, to);
    };
    match pieces(a, b) {
        Some(pieces) => within(&pieces),
        None => beside(from, to),
    }
}

fn beside(from: &Value, to: &Value) -> Cell {
    let mut cell = Cell::default();
    cell.push(Some(Style::Removed), value(from));
    cell.push(None, " -> ");
    cell.push(Some(Style::Added), value(to));
    cell
}

fn within(pieces: &[Piece<'_>]) -> Cell {
    let mut cell = Cell::default();
    for (at, piece) in pieces.iter().take(MOST_PIECES).enumerate() {
        match piece {
            Piece::Same(text) => {
                let text = clean(text);
                let (first, last) = (at == 0, at + 1 == pieces.len());
                let text = match (first, last) {
                    (true, false) => shorten_front(&text, CONTEXT_WIDTH),
                    (false, true) => shorten(&text, CONTEXT_WIDTH),
                    _ => middle(&text),
                };
                cell.push(None, isolated(text));
            }
            Piece::Old(text) => {
                cell.push(Some(Style::Removed), format!("[-{}-]", short(text)));
            }
            Piece::New(text) => {
                cell.push(Some(Style::Added), format!("{{+{}+}}", short(text)));
            }
        }
    }
    if pieces.len() > MOST_PIECES {
        cell.push(Some(Style::Faint), "\u{2026}");
    }
    cell
}

/// Cuts out the middle of what lies between two changes.
fn middle(text: &str) -> String {
    if text.width() <= 2 * CONTEXT_WIDTH {
        return text.to_owned();
    }
    let (front, back) = (
        shorten(text, CONTEXT_WIDTH),
        shorten_front(text, CONTEXT_WIDTH),
    );
    format!("{front}{}", back.trim_start_matches('\u{2026}'))
}
