//! Defects: what is wrong with a text, by rules that count records.
//!
//! Bounds of the rules for long English text are those of Rae et al., "Scaling Language Models"
//! (2021), table A1; the others say what a reader would be disturbed by in any script.

use super::script::{Script, Shape};
use crate::record::is_normalized;

/// Something that is wrong with a text.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Defect {
    /// Nothing but white space.
    Blank,
    /// Control characters other than tabs and line ends.
    ControlCharacters,
    /// U+FFFD, where a decoder gave up.
    ReplacementCharacter,
    /// UTF-8 that was read as Latin-1 or Windows-1252.
    Mojibake,
    /// Not in Unicode normalization form C.
    NotNfc,
    /// Characters, but neither letters nor digits.
    NoLetters,
    /// At least ten Latin letters, all of them upper case.
    AllCaps,
    /// One address of a web page and nothing else.
    UrlOnly,
    /// One character at least twenty times in a row.
    RepeatedCharacter,
    /// At least half of its lines were there before, of five or more.
    RepeatedLines,
    /// Latin: a mean word length outside 3 to 10, of at least 50 words.
    WordLength,
    /// Latin: more than 0.1 `#` and `...` a word, of at least 50 words.
    Symbols,
    /// Latin: fewer than 80 % of the words have a letter, of at least 50 words.
    FewWords,
    /// Hangul: most letters are no syllables, of at least 20.
    LoneJamo,
    /// Hangul: not one space in 60 syllables or more.
    NoSpaces,
}

impl Defect {
    /// All defects, in the order in which they are told.
    pub const ALL: [Self; 15] = [
        Self::Blank,
        Self::ControlCharacters,
        Self::ReplacementCharacter,
        Self::Mojibake,
        Self::NotNfc,
        Self::NoLetters,
        Self::AllCaps,
        Self::UrlOnly,
        Self::RepeatedCharacter,
        Self::RepeatedLines,
        Self::WordLength,
        Self::Symbols,
        Self::FewWords,
        Self::LoneJamo,
        Self::NoSpaces,
    ];

    /// Returns the name that metrics use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Blank => "blank",
            Self::ControlCharacters => "control_characters",
            Self::ReplacementCharacter => "replacement_character",
            Self::Mojibake => "mojibake",
            Self::NotNfc => "not_nfc",
            Self::NoLetters => "no_letters",
            Self::AllCaps => "all_caps",
            Self::UrlOnly => "url_only",
            Self::RepeatedCharacter => "repeated_character",
            Self::RepeatedLines => "repeated_lines",
            Self::WordLength => "word_length",
            Self::Symbols => "symbols",
            Self::FewWords => "few_words",
            Self::LoneJamo => "lone_jamo",
            Self::NoSpaces => "no_spaces",
        }
    }
}

/// The fewest words of which a share or a mean says something.
const WORDS: u32 = 50;
/// The longest run of one character that is nothing to remark on.
const RUN: usize = 20;

/// Tells each defect of a text once.
pub(super) fn each(text: &str, shape: &Shape, mut tell: impl FnMut(Defect)) {
    let letters = shape.all_letters();
    if text.trim().is_empty() {
        return tell(Defect::Blank);
    }
    if shape.controls > 0 {
        tell(Defect::ControlCharacters);
    }
    if !shape.ascii {
        if text.contains('\u{fffd}') {
            tell(Defect::ReplacementCharacter);
        }
        if is_mojibake(text) {
            tell(Defect::Mojibake);
        }
        if !is_normalized(text) {
            tell(Defect::NotNfc);
        }
    }
    if letters == 0 && shape.digits == 0 && !text.chars().any(char::is_alphanumeric) {
        tell(Defect::NoLetters);
    }
    if shape.upper >= 10 && shape.lower == 0 && shape.upper == letters {
        tell(Defect::AllCaps);
    }
    if is_url(text) {
        tell(Defect::UrlOnly);
    }
    if text.len() >= RUN && has_run(text.as_bytes()) {
        tell(Defect::RepeatedCharacter);
    }
    if shape.lines >= 4 && has_repeated_lines(text) {
        tell(Defect::RepeatedLines);
    }
    match shape.script() {
        Script::Latin if shape.spaces + 1 >= WORDS => of_long_latin(text, tell),
        Script::Hangul => {
            let hangul = shape.letters[Script::Hangul as usize];
            if hangul >= 20 && 2 * shape.jamo > hangul {
                tell(Defect::LoneJamo);
            }
            if hangul - shape.jamo >= 60 && shape.spaces == 0 {
                tell(Defect::NoSpaces);
            }
        }
        _ => {}
    }
}

fn of_long_latin(text: &str, mut tell: impl FnMut(Defect)) {
    let (mut words, mut with_letters, mut characters, mut symbols) = (0u64, 0u64, 0u64, 0u64);
    for word in text.split_whitespace() {
        words += 1;
        characters += word.chars().count() as u64;
        with_letters += u64::from(word.chars().any(char::is_alphabetic));
        symbols += word.matches('#').count() as u64;
        symbols += (word.matches("...").count() + word.matches('…').count()) as u64;
    }
    if words < u64::from(WORDS) {
        return;
    }
    if characters < 3 * words || characters > 10 * words {
        tell(Defect::WordLength);
    }
    if 10 * symbols > words {
        tell(Defect::Symbols);
    }
    if 5 * with_letters < 4 * words {
        tell(Defect::FewWords);
    }
}

/// Returns whether the characters of some place are the bytes of one character in UTF-8.
fn is_mojibake(text: &str) -> bool {
    let byte = |c: char| match c as u32 {
        code @ 0x80..=0xff => Some(code as u8),
        _ => windows_1252(c),
    };
    let mut rest = text.chars();
    while let Some(first) = rest.next() {
        let follow = match first as u32 {
            0xc2..=0xdf => 1,
            0xe0..=0xef => 2,
            0xf0..=0xf4 => 3,
            _ => continue,
        };
        let next: Option<Vec<u8>> = rest.clone().take(follow).map(byte).collect();
        let whole = next.filter(|next| {
            next.len() == follow && next.iter().all(|byte| (0x80..0xc0).contains(byte))
        });
        if whole.is_some() {
            return true;
        }
    }
    false
}

/// Returns the byte that Windows-1252 has for a character beyond Latin-1.
fn windows_1252(c: char) -> Option<u8> {
    const HIGH: &str = "€ ‚ƒ„…†‡ˆ‰Š‹Œ Ž  ‘’“”•–—˜™š›œ žŸ";
    let place = HIGH.chars().position(|high| high == c && c != ' ')?;
    u8::try_from(0x80 + place).ok()
}

fn is_url(text: &str) -> bool {
    let text = text.trim();
    let rest = text.strip_prefix("https://");
    let rest = rest.or_else(|| text.strip_prefix("http://"));
    rest.is_some_and(|rest| !rest.is_empty() && !rest.contains(char::is_whitespace))
}

fn has_run(bytes: &[u8]) -> bool {
    // A run has a place at every multiple of its length: most texts are looked at here and there.
    let mut at = RUN - 1;
    while at < bytes.len() {
        let byte = bytes[at];
        // White space and rulers are layout.
        if !matches!(byte, b' ' | b'\t' | b'-' | b'=' | b'_' | b'*' | b'.') && byte < 0x80 {
            let before = bytes[..at].iter().rev().take_while(|b| **b == byte).count();
            let after = bytes[at..].iter().take_while(|b| **b == byte).count();
            if before + after >= RUN {
                return true;
            }
        }
        at += RUN;
    }
    false
}

fn has_repeated_lines(text: &str) -> bool {
    let mut lines: Vec<&str> = text.lines().map(str::trim).collect();
    lines.retain(|line| !line.is_empty());
    let all = lines.len();
    lines.sort_unstable();
    lines.dedup();
    all >= 5 && 2 * (all - lines.len()) >= all
}
