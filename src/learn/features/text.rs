//! Text as hashed words, pairs of neighbouring words and runs of characters.
//!
//! Words are runs of letters and digits in lower case. Of each come its runs of 4 characters, its
//! ends marked. Scripts that put no spaces between words (Han, kana, Hangul with its endings)
//! give single characters and pairs instead. A feature that occurs n times weighs 1 + ln n, and all
//! of them together have length 1.

use rustc_hash::FxHashMap;

use super::column;
use crate::base::elementary::ln;
use crate::record::normalized;

/// How many characters are a run.
const RUN: usize = 4;

/// Returns whether a character is of a script that is read by characters.
fn is_by_character(c: char) -> bool {
    matches!(c,
        '\u{1100}'..='\u{11ff}' | '\u{2e80}'..='\u{2fdf}' | '\u{3005}'..='\u{3007}'
        | '\u{3040}'..='\u{31ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}'
        | '\u{a960}'..='\u{a97f}' | '\u{ac00}'..='\u{d7ff}' | '\u{f900}'..='\u{faff}'
        | '\u{ff66}'..='\u{ffdc}' | '\u{20000}'..='\u{3ffff}')
}

/// Calls `each` with every word of a text in NFC and lower case; a character of a script that is
/// read by characters is a word of its own.
pub fn words(text: &str, mut each: impl FnMut(&str)) {
    let text = normalized(text).to_lowercase();
    let mut start = None;
    for (at, c) in text.char_indices() {
        let by_character = is_by_character(c);
        if c.is_alphanumeric() && !by_character {
            start.get_or_insert(at);
            continue;
        }
        if let Some(start) = start.take() {
            each(&text[start..at]);
        }
        if by_character {
            each(&text[at..at + c.len_utf8()]);
        }
    }
    if let Some(start) = start {
        each(&text[start..]);
    }
}

/// Appends the features of a text.
pub(super) fn push(text: &str, seed: u64, out: &mut Vec<(u32, f64)>) {
    let mut counts: FxHashMap<u32, u32> = FxHashMap::default();
    let mut scratch = Vec::new();
    let mut before = String::new();
    let mut add = |kind: u8, parts: &[&[u8]]| {
        scratch.clear();
        scratch.push(kind);
        for part in parts {
            scratch.extend_from_slice(part);
            scratch.push(0);
        }
        *counts.entry(column(seed, &scratch)).or_default() += 1;
    };
    words(text, |word| {
        add(b'w', &[word.as_bytes()]);
        if !before.is_empty() {
            add(b'p', &[before.as_bytes(), word.as_bytes()]);
        }
        before.clear();
        before.push_str(word);
        if word.chars().next().is_some_and(is_by_character) {
            return;
        }
        let marked = format!("<{word}>");
        let ends: Vec<usize> = marked
            .char_indices()
            .map(|(at, _)| at)
            .chain([marked.len()])
            .collect();
        for run in ends.windows(RUN + 1) {
            add(b'c', &[&marked.as_bytes()[run[0]..run[RUN]]]);
        }
    });
    let mut features: Vec<(u32, f64)> = counts
        .into_iter()
        .map(|(column, count)| (column, 1.0 + ln(f64::from(count))))
        .collect();
    features.sort_by_key(|feature| feature.0);
    let length = features
        .iter()
        .map(|(_, weight)| weight * weight)
        .sum::<f64>()
        .sqrt();
    out.extend(
        features
            .into_iter()
            .map(|(column, weight)| (column, weight / length)),
    );
}
