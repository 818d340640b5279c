//! Which encoding the bytes of a file are in, where no byte order mark says so.
//!
//! Invariant: a pure function of the declaration and the head. UTF-8 is believed wherever it
//! holds; another encoding only where all bytes are text in it and that text is plausible; so
//! damaged UTF-8 stays UTF-8 with its invalid bytes counted. Evidence: docs/diff.md, "Encodings".

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};

use super::encoding::Encoding;

/// The longest character in bytes, of which the head may hold a part at its end.
const LONGEST: usize = 4;
/// So many bytes are plenty to tell encodings apart.
const SAMPLE_BYTES: usize = 64 << 10;

/// Returns the encoding of bytes without a byte order mark.
pub(super) fn encoding(declared: Option<Encoding>, head: &[u8], whole: bool) -> Encoding {
    let is_utf8 = match std::str::from_utf8(head) {
        Ok(_) => true,
        // The head may end inside a character.
        Err(error) => !whole && error.error_len().is_none(),
    };
    let found = if let Some(wide) = wide(head, whole) {
        Some(wide)
    } else if is_utf8 {
        (!head.is_ascii()).then_some(Encoding::Utf8)
    } else {
        legacy(head, whole)
    };
    match (declared, found) {
        (None, found) => found.unwrap_or_default(),
        (Some(declared), None) => {
            // ASCII fits whatever is declared, unless that has wider units.
            let narrow = declared.unit() > 1 && is_utf8 && !head.is_empty() && !head.contains(&0);
            if narrow { Encoding::Utf8 } else { declared }
        }
        // A file saved anew in UTF-8 is no CP949 any more: they share ASCII alone. What no other
        // encoding than the declared one can be told from is left as declared.
        (Some(declared), Some(found)) => {
            let certain = found == Encoding::Utf8 || found.unit() > 1;
            if certain || declared.unit() > 1 || text(declared, head, whole).is_none() {
                found
            } else {
                declared
            }
        }
    }
}

/// Returns the text of the head, where all of it is text.
fn text(encoding: Encoding, head: &[u8], whole: bool) -> Option<String> {
    let mut text = String::new();
    // Where the head is cut off, its last character may be cut too.
    let cuts = if whole {
        1
    } else {
        LONGEST.min(head.len()).max(1)
    };
    for cut in 0..cuts {
        text.clear();
        if encoding.decode(&head[..head.len() - cut], &mut text) {
            return Some(text);
        }
    }
    None
}

/// Returns the encoding with units of several bytes that the head is in.
///
/// Every table has line ends, and those have NULs in them; read with the wrong byte first or in the
/// wrong width, they are no line ends.
fn wide(head: &[u8], whole: bool) -> Option<Encoding> {
    let head = &head[..head.len().min(SAMPLE_BYTES)];
    if !head.contains(&0) {
        return None;
    }
    let whole = whole && head.len() < SAMPLE_BYTES;
    let is_text = |encoding: &Encoding| {
        text(*encoding, head, whole).is_some_and(|text| {
            let odd = |c: char| c.is_control() && !matches!(c, '\t' | '\n' | '\r');
            text.contains(['\n', '\r']) && !text.contains(|c| odd(c) || is_unassigned(c))
        })
    };
    [
        Encoding::Utf32Le,
        Encoding::Utf32Be,
        Encoding::Utf16Le,
        Encoding::Utf16Be,
    ]
    .into_iter()
    .find(is_text)
}

/// Returns whether no text has the character: private, or no character at all.
fn is_unassigned(c: char) -> bool {
    matches!(c, '\u{e000}'..='\u{f8ff}' | '\u{fff0}'..='\u{fff8}' | '\u{fffe}'..='\u{ffff}'
        | '\u{e0000}'..='\u{10ffff}')
}

/// Returns the encoding of bytes that are no UTF-8 and have no NUL.
fn legacy(head: &[u8], whole: bool) -> Option<Encoding> {
    let head = &head[..head.len().min(SAMPLE_BYTES)];
    let whole = whole && head.len() < SAMPLE_BYTES;
    if head.contains(&0) || is_damaged_utf8(head) {
        return None;
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(head, whole);
    let guess = match detector.guess(None, Utf8Detection::Deny) {
        // Hebrew letters are the same bytes in both; vowels and signs must fit.
        guess if guess == encoding_rs::ISO_8859_8 => Some(Encoding::Windows1255),
        guess => Encoding::of_web(guess),
    };
    // Short texts say little to a detector that weighs how frequent characters are; where it sees
    // no East Asian encoding, one whose own script makes up the text still goes first.
    let asian = [Encoding::Cp949, Encoding::ShiftJis, Encoding::Gb18030];
    let mut order = Vec::new();
    order.extend(guess.filter(|guess| asian.contains(guess)));
    order.extend(asian);
    order.extend(guess);
    let fits = |encoding: &Encoding| {
        let guessed = guess == Some(*encoding);
        let likely = *encoding != Encoding::Cp949 || guessed || is_wansung(head);
        let text = text(*encoding, head, whole).filter(|_| likely);
        text.is_some_and(|text| is_plausible(*encoding, guessed, &text))
    };
    order.into_iter().find(fits)
}

/// Returns whether at most one in ten characters of two bytes has ASCII for the second, as the rare
/// syllables of CP949 do: a Western letter before an ASCII one looks like those.
fn is_wansung(head: &[u8]) -> bool {
    let (mut pairs, mut rare) = (0_usize, 0_usize);
    let mut rest = head.iter();
    while let Some(byte) = rest.next() {
        if *byte >= 0x81 {
            pairs += 1;
            rare += usize::from(rest.next().is_some_and(u8::is_ascii));
        }
    }
    rare * 10 <= pairs
}

/// Returns whether there is more valid UTF-8 than invalid bytes, ASCII aside.
fn is_damaged_utf8(head: &[u8]) -> bool {
    let (mut valid, mut invalid) = (0, 0);
    for run in head.utf8_chunks() {
        valid += run.valid().chars().filter(|c| !c.is_ascii()).count();
        invalid += usize::from(!run.invalid().is_empty());
    }
    valid > 0 && valid >= invalid
}

/// Counts of characters beyond ASCII.
#[derive(Default)]
struct Scripts {
    all: usize,
    hangul: usize,
    kana: usize,
    ideographs: usize,
    /// Punctuation and wide forms that East Asian texts have.
    wide_signs: usize,
    /// Letters and marks of other scripts, and the punctuation between them.
    letters: usize,
}

impl Scripts {
    fn of(text: &str) -> Self {
        let mut counts = Self::default();
        for c in text.chars().filter(|c| !c.is_ascii()) {
            counts.all += 1;
            match c {
                '\u{ac00}'..='\u{d7a3}' | '\u{3131}'..='\u{318e}' => counts.hangul += 1,
                '\u{3041}'..='\u{30ff}' => counts.kana += 1,
                '\u{4e00}'..='\u{9fff}' | '\u{3400}'..='\u{4dbf}' => counts.ideographs += 1,
                '\u{3000}'..='\u{303f}' | '\u{ff01}'..='\u{ff5e}' => counts.wide_signs += 1,
                // Half-width katakana: rare, and what Western letters look like in Shift_JIS.
                '\u{ff61}'..='\u{ff9f}' => {}
                '\u{300}'..='\u{36f}' => counts.letters += 1,
                '“' | '”' | '‘' | '’' | '„' | '‚' | '«' | '»' | '–' | '—' | '…' | '€' | '£'
                | '°' | '·' | '•' | '\u{a0}' | '\u{200e}' | '\u{200f}' | '¿' | '¡' | '№' => {
                    counts.letters += 1;
                }
                c if c.is_alphabetic() => counts.letters += 1,
                _ => {}
            }
        }
        counts
    }
}

/// Returns whether the text could be meant. `guessed`: a detector took its bytes for this encoding.
fn is_plausible(encoding: Encoding, guessed: bool, text: &str) -> bool {
    let control = |c: char| c.is_control() && !matches!(c, '\t' | '\n' | '\r');
    if text.contains(|c| control(c) || is_unassigned(c)) {
        return false;
    }
    let found = Scripts::of(text);
    let share = |part: usize, percent: usize| part * 100 >= found.all * percent;
    match encoding {
        // Korean of today has hardly any ideographs; Chinese read as CP949 has many.
        Encoding::Cp949 if guessed => share(found.hangul, 50),
        Encoding::Cp949 => {
            share(found.hangul + found.wide_signs, 90) && found.hangul > found.wide_signs
        }
        Encoding::ShiftJis => {
            let own = found.kana + found.ideographs + found.wide_signs;
            share(own, 90) && (guessed || share(found.kana, 20))
        }
        Encoding::Gb18030 => guessed && share(found.ideographs + found.wide_signs, 80),
        Encoding::Windows1250
        | Encoding::Windows1252
        | Encoding::Windows1254
        | Encoding::Windows1257
        | Encoding::Windows1258 => guessed && share(found.letters, 80) && is_latin(text),
        _ => guessed && share(found.letters, 80),
    }
}

/// Returns whether at least half of the letters beyond ASCII stand beside one of ASCII.
fn is_latin(text: &str) -> bool {
    let (mut beside, mut all) = (0_usize, 0_usize);
    let mut before = ' ';
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if !c.is_ascii() && c.is_alphabetic() {
            all += 1;
            let after = chars.peek().copied().unwrap_or(' ');
            beside += usize::from(before.is_ascii_alphabetic() || after.is_ascii_alphabetic());
        }
        before = c;
    }
    beside * 2 >= all
}
