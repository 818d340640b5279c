//! How single values look: keys and labels, cut and made harmless.

use super::super::super::ui::{Style, shorten};
use super::super::super::width::isolated;
use super::super::diff_words::{Piece, excerpt, pieces};
use super::lines::Cell;
use crate::diff::{Identity, LabelDetail, Value};

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

/// Says what a changed label is made of.
pub(super) fn detail(detail: &LabelDetail) -> Cell {
    let mut cell = Cell::default();
    match detail {
        LabelDetail::Set { added, removed } => {
            let removed = removed.iter().map(|class| (Style::Removed, '-', class));
            let added = added.iter().map(|class| (Style::Added, '+', class));
            for (at, (style, sign, class)) in removed.chain(added).enumerate() {
                if at > 0 {
                    cell.push(None, " ");
                }
                cell.push(Some(style), format!("{sign}{}", short(class)));
            }
        }
        LabelDetail::Score { difference } => cell.push(None, format!("({difference:+})")),
        LabelDetail::Preference { flip: true } => cell.push(None, "flip"),
        LabelDetail::Preference { flip: false } => {}
    }
    cell
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
    for (piece, text) in excerpt(pieces, CONTEXT_WIDTH, VALUE_WIDTH)
        .into_iter()
        .take(MOST_PIECES)
    {
        let text = isolated(text);
        match piece {
            Piece::Same(_) => cell.push(None, text),
            Piece::Old(_) => cell.push(Some(Style::Removed), format!("[-{text}-]")),
            Piece::New(_) => cell.push(Some(Style::Added), format!("{{+{text}+}}")),
        }
    }
    if pieces.len() > MOST_PIECES {
        cell.push(Some(Style::Faint), "\u{2026}");
    }
    cell
}
