//! What stands in one cell of CSV: quoted where it must be, and never a formula.

use super::super::super::width::is_obeyed;
use crate::diff::{Identity, LabelDetail};

/// Says what a changed label is made of.
pub(super) fn told(detail: &LabelDetail) -> String {
    match detail {
        LabelDetail::Set { added, removed } => {
            let signed = |sign: char| move |class: &String| format!("{sign}{class}");
            let removed = removed.iter().map(signed('-'));
            removed
                .chain(added.iter().map(signed('+')))
                .collect::<Vec<_>>()
                .join(" ")
        }
        LabelDetail::Score { difference } => difference.to_string(),
        LabelDetail::Preference { flip: true } => "flip".to_owned(),
        LabelDetail::Preference { flip: false } => String::new(),
    }
}

/// Returns the value of a key of one field, and the JSON array of one of several.
pub(super) fn key(key: &Identity) -> String {
    match key {
        Identity::Ordinal(ordinal, _) => format!("#{ordinal}"),
        Identity::Key(parts) => match parts.as_slice() {
            [Some(only)] => only.clone(),
            parts => serde_json::Value::from(parts.to_vec()).to_string(),
        },
    }
}

/// Writes one cell so that CSV readers give it back and spreadsheets do not run it.
pub(in super::super) fn cell(text: &str, terminal: bool) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    if is_risky(text) {
        out.push('\'');
    }
    for c in text.chars() {
        match c {
            '"' => out.push_str("\"\""),
            c if terminal && is_obeyed(c) && !matches!(c, '\n' | '\r' | '\t') => {
                out.extend(c.escape_unicode());
            }
            c => out.push(c),
        }
    }
    // An empty text is quoted: only a missing value is an empty cell.
    let quoted = out.is_empty() || out.contains([',', '"', '\r', '\n']) || out.trim() != out;
    if quoted { format!("\"{out}\"") } else { out }
}

/// Returns whether a spreadsheet could take the cell for a formula. Numbers are none.
fn is_risky(text: &str) -> bool {
    let signs = [
        '=', '+', '-', '@', '\t', '\r', '\n', '\'', '＝', '＋', '－', '＠',
    ];
    text.starts_with(signs) && text.parse::<f64>().is_err()
}

#[cfg(test)]
mod tests {
    use super::cell;
    use proptest::prelude::*;

    #[test]
    fn formulas_are_defused_and_numbers_are_not() {
        assert_eq!(cell("=1+1", false), "'=1+1");
        assert_eq!(cell("@SUM(A1)", false), "'@SUM(A1)");
        assert_eq!(cell("-2.5e3", false), "-2.5e3");
        assert_eq!(cell("-x", false), "'-x");
        assert_eq!(cell("'a", false), "''a");
        assert_eq!(cell("", false), "\"\"");
        assert_eq!(cell("\t=1", false), "\"'\t=1\"".replace("\"", ""));
        assert_eq!(cell("a\"b,c\r\n", false), "\"a\"\"b,c\r\n\"");
        assert_eq!(cell("\u{1b}[31m\u{202e}", true), "\\u{1b}[31m\\u{202e}");
    }

    proptest! {
        #[test]
        fn a_reader_gets_every_value_back(texts in prop::collection::vec("[-=+@'\",\r\n\t a고\\\\]{0,8}", 1..5)) {
            let line = texts.iter().map(|text| cell(text, false)).collect::<Vec<_>>().join(",");
            let mut reader = csv::ReaderBuilder::new()
                .has_headers(false)
                .from_reader(line.as_bytes());
            let record = reader.records().next().unwrap().unwrap();
            let back: Vec<&str> = record
                .iter()
                .map(|text| text.strip_prefix('\'').unwrap_or(text))
                .collect();
            prop_assert_eq!(back, texts);
        }
    }
}
