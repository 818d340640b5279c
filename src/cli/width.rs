//! Text from data on a terminal: made harmless, cut and padded by the columns that it takes.
//!
//! Invariant: no control character of the data reaches the terminal, a cut never goes through what
//! people see as one character, and text that runs from right to left stays within its cell.

use unicode_width::UnicodeWidthStr as _;

/// The mark of a cut.
const CUT: char = '\u{2026}';

/// Makes text harmless on a terminal: control characters, those that turn the direction of text,
/// and those that nobody sees (a byte order mark in the middle of a text) are escaped.
pub(crate) fn clean(text: &str) -> String {
    if !text.contains(is_obeyed) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if is_obeyed(c) => out.extend(c.escape_unicode()),
            c => out.push(c),
        }
    }
    out
}

/// Returns whether a terminal would obey the character, turn text by it, or show nothing.
pub(crate) fn is_obeyed(c: char) -> bool {
    let turns = matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let unseen = matches!(
        c,
        '\u{feff}'
            | '\u{200b}'
            | '\u{200e}'
            | '\u{200f}'
            | '\u{2028}'
            | '\u{2029}'
            | '\u{2060}'
            | '\u{ad}'
    );
    c.is_control() || turns || unseen
}

/// Makes text harmless and cuts it so that it fits `width` columns of a terminal, marking the cut.
pub(crate) fn shorten(text: &str, width: usize) -> String {
    let text = clean(text);
    if text.width() <= width {
        return text;
    }
    let mut out = String::new();
    let mut used = 1; // the mark of the cut
    for cluster in clusters(&text) {
        used += cluster.width();
        if used > width {
            break;
        }
        out.push_str(cluster);
    }
    out.push(CUT);
    out
}

/// Cuts the front of harmless text instead, so that its end is left.
pub(crate) fn shorten_front(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut used = 1;
    let mut from = text.len();
    for cluster in clusters(text).collect::<Vec<_>>().into_iter().rev() {
        used += cluster.width();
        if used > width {
            break;
        }
        from -= cluster.len();
    }
    format!("{CUT}{}", &text[from..])
}

/// Pads text to `width` columns of a terminal.
pub(crate) fn pad(text: &str, width: usize) -> String {
    let missing = width.saturating_sub(text.width());
    format!("{text}{}", " ".repeat(missing))
}

/// Returns text in isolates where some of it runs from right to left.
///
/// Terminals that reorder text do so over the whole line: without isolates `A -> B` of two
/// Hebrew labels would stand there as `B <- A`. Terminals that do not reorder show nothing.
pub(crate) fn isolated(text: String) -> String {
    if text.chars().any(runs_from_right) {
        format!("\u{2068}{text}\u{2069}")
    } else {
        text
    }
}

/// Returns whether a character belongs to a script that is written from right to left.
fn runs_from_right(c: char) -> bool {
    matches!(c, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}'
        | '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}')
}

/// Splits text into what people see as one character, near enough for cutting: a character with
/// its marks, what joiners join, flags, and Hangul syllables written in parts.
pub(crate) fn clusters(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let mut chars = rest.char_indices();
        let (_, first) = chars.next()?;
        let is_flag = |c: char| matches!(c, '\u{1f1e6}'..='\u{1f1ff}');
        let mut joined = first == '\u{200d}';
        let mut flag = is_flag(first);
        let mut end = rest.len();
        for (at, c) in chars {
            let pair = flag && is_flag(c);
            flag = false;
            if !joined && !pair && !extends(c) {
                end = at;
                break;
            }
            joined = c == '\u{200d}';
        }
        let (cluster, after) = rest.split_at(end);
        rest = after;
        Some(cluster)
    })
}

/// Returns whether a character belongs to the one before it.
fn extends(c: char) -> bool {
    use unicode_width::UnicodeWidthChar as _;
    let skin = matches!(c, '\u{1f3fb}'..='\u{1f3ff}');
    skin || (c.width() == Some(0) && !c.is_control())
}

#[cfg(test)]
mod tests {
    use super::{clean, clusters, isolated, shorten, shorten_front};
    use unicode_width::UnicodeWidthStr as _;

    #[test]
    fn a_cut_never_goes_through_a_character() {
        let family = "👩‍👩‍👧‍👦";
        for text in [
            "고양이와 강아지가 함께 산다",
            "e\u{301}e\u{301}e\u{301}e\u{301}e\u{301}e\u{301}",
            "👩‍👩‍👧‍👦👩‍👩‍👧‍👦👩‍👩‍👧‍👦👩‍👩‍👧‍👦",
            "🇰🇷🇺🇸🇫🇷🇰🇷🇺🇸🇫🇷",
            "👍🏽👍🏽👍🏽👍🏽👍🏽",
        ] {
            for width in 1..12 {
                for cut in [shorten(text, width), shorten_front(text, width)] {
                    assert!(cut.width() <= width, "{cut} is wider than {width}");
                    let kept = cut.trim_matches('\u{2026}');
                    let all: Vec<&str> = clusters(text).collect();
                    for cluster in clusters(kept) {
                        assert!(all.contains(&cluster), "{cluster:?} is no part of {text}");
                    }
                }
            }
        }
        assert_eq!(
            shorten(&format!("{family}{family}{family}"), 4),
            format!("{family}…")
        );
        assert_eq!(shorten("고양이", 5), "고양…");
        assert_eq!(shorten_front("고양이", 5), "…양이");
    }

    #[test]
    fn what_a_terminal_would_obey_is_escaped() {
        assert_eq!(
            clean("a\u{1b}[31mb\r\n\u{202e}c\u{9b}"),
            "a\\u{1b}[31mb\\r\\n\\u{202e}c\\u{9b}"
        );
        assert_eq!(clean("👩‍👧 e\u{301}"), "👩‍👧 e\u{301}");
    }

    #[test]
    fn text_from_the_right_stays_in_its_cell() {
        assert_eq!(isolated("חתול".to_owned()), "\u{2068}חתול\u{2069}");
        assert_eq!(isolated("cat".to_owned()), "cat");
        assert_eq!("\u{2068}חתול\u{2069}".width(), 4);
    }
}
