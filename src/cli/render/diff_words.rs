//! Inner diffs: which words of a long cell changed.
//!
//! Invariant: the kept and the removed pieces together are the older text, the kept and the added
//! ones the newer text. A function of the two texts, at a bounded price.

use similar::{Algorithm, DiffOp, capture_diff_slices};

use super::super::width::clusters;

/// Texts shorter than this are shown whole: two words beside each other read better.
const SHORT: usize = 24;
/// The most words, older times newer, that are compared one by one.
const MOST_PAIRS: usize = 4_000_000;

/// A piece of a changed text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Piece<'a> {
    /// In both.
    Same(&'a str),
    /// Only in the older text.
    Old(&'a str),
    /// Only in the newer text.
    New(&'a str),
}

/// Returns the pieces of a long text of which a part is left; `None` where the two are better
/// shown beside each other.
pub(crate) fn pieces<'a>(from: &'a str, to: &'a str) -> Option<Vec<Piece<'a>>> {
    if from.chars().count().max(to.chars().count()) < SHORT {
        return None;
    }
    let (a, b) = (words(from), words(to));
    let front = a.iter().zip(&b).take_while(|(x, y)| x == y).count();
    let back = a[front..].iter().rev().zip(b[front..].iter().rev());
    let back = back.take_while(|(x, y)| x == y).count();
    let (middle_a, middle_b) = (&a[front..a.len() - back], &b[front..b.len() - back]);
    let mut out = Vec::new();
    push(&mut out, Piece::Same(&from[..length(&a[..front])]));
    let ops = match middle_a.len().saturating_mul(middle_b.len()) <= MOST_PAIRS {
        true => capture_diff_slices(Algorithm::Myers, middle_a, middle_b),
        false => vec![DiffOp::Replace {
            old_index: 0,
            old_len: middle_a.len(),
            new_index: 0,
            new_len: middle_b.len(),
        }],
    };
    let mut at = (length(&a[..front]), length(&b[..front]));
    let mut kept = length(&a[..front]) + length(&a[a.len() - back..]);
    for op in ops {
        let old = length(&middle_a[op.old_range()]);
        let new = length(&middle_b[op.new_range()]);
        let (old_text, new_text) = (&from[at.0..at.0 + old], &to[at.1..at.1 + new]);
        if matches!(op, DiffOp::Equal { .. }) {
            kept += old;
            push(&mut out, Piece::Same(old_text));
        } else {
            push(&mut out, Piece::Old(old_text));
            push(&mut out, Piece::New(new_text));
        }
        at = (at.0 + old, at.1 + new);
    }
    push(&mut out, Piece::Same(&from[at.0..]));
    // Where hardly anything is left, pieces of it only get in the way.
    (kept * 3 >= from.len().min(to.len())).then_some(out)
}

fn length(words: &[&str]) -> usize {
    words.iter().map(|word| word.len()).sum()
}

fn push<'a>(out: &mut Vec<Piece<'a>>, piece: Piece<'a>) {
    let (Piece::Same(text) | Piece::Old(text) | Piece::New(text)) = piece;
    if !text.is_empty() {
        out.push(piece);
    }
}

/// Splits text into words, the spaces between them and single signs; scripts that write no spaces
/// go character by character.
fn words(text: &str) -> Vec<&str> {
    let kind = |cluster: &str| match cluster.chars().next() {
        Some(c) if c.is_whitespace() => Some(0),
        Some('\u{2e80}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}') => None,
        Some('\u{e00}'..='\u{eff}') => None, // Thai and Lao
        Some(c) if c.is_alphanumeric() || c == '_' => Some(1),
        _ => None,
    };
    let mut out = Vec::new();
    let (mut start, mut at, mut open) = (0, 0, None);
    for cluster in clusters(text) {
        let kind = kind(cluster);
        if at > start && (kind.is_none() || kind != open) {
            out.push(&text[start..at]);
            start = at;
        }
        open = kind;
        at += cluster.len();
    }
    if at > start {
        out.push(&text[start..at]);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{Piece, pieces, words};
    use proptest::prelude::*;

    fn marked(from: &str, to: &str) -> Option<String> {
        let piece = |piece: Piece<'_>| match piece {
            Piece::Same(text) => text.to_owned(),
            Piece::Old(text) => format!("[-{text}-]"),
            Piece::New(text) => format!("{{+{text}+}}"),
        };
        Some(pieces(from, to)?.into_iter().map(piece).collect())
    }

    #[test]
    fn the_words_that_changed_are_marked() {
        assert_eq!(
            marked(
                "the quick brown fox jumps over the lazy dog",
                "the quick red fox jumps over a lazy dog"
            )
            .unwrap(),
            "the quick [-brown-]{+red+} fox jumps over [-the-]{+a+} lazy dog"
        );
        assert_eq!(
            marked(
                "배송이 빠르고 포장도 꼼꼼해서 정말 만족합니다",
                "배송이 느리고 포장도 꼼꼼해서 정말 만족합니다"
            )
            .unwrap(),
            "배송이 [-빠르고-]{+느리고+} 포장도 꼼꼼해서 정말 만족합니다"
        );
        assert_eq!(words("猫が好き x1"), ["猫", "が", "好", "き", " ", "x1"]);
        assert_eq!(marked("cat", "dog"), None);
        assert_eq!(marked(&"a b ".repeat(20), &"c,d,".repeat(20)), None);
    }

    proptest! {
        #[test]
        fn pieces_make_both_texts(from in "[ab 고猫👩\u{200d}\u{301}.]{0,60}", to in "[ab 고猫👩\u{200d}\u{301}.]{0,60}") {
            prop_assert_eq!(words(&from).concat(), from.clone());
            if let Some(pieces) = pieces(&from, &to) {
                let side = |old: bool| -> String {
                    pieces.iter().map(|piece| match piece {
                        Piece::Same(text) => *text,
                        Piece::Old(text) if old => *text,
                        Piece::New(text) if !old => *text,
                        _ => "",
                    }).collect()
                };
                prop_assert_eq!(side(true), from.as_str());
                prop_assert_eq!(side(false), to.as_str());
            }
        }
    }
}
