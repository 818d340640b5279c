//! Record ends: the one state machine that cutter and parser share.
//!
//! A quote opens only at the start of a field, `""` inside quotes is a quote, and LF, CRLF and CR
//! end a record outside them. A quote that does not close within [`QUOTE_LIMIT`] bytes or before
//! the end of the file is a literal. Nothing here depends on how the bytes arrive in pieces.
//!
//! If you change this: the ends decide where files are cut, so every new version of every file
//! would be cut anew. Boundaries in `tests/ends.rs` are part of the format.

use memchr::{memchr, memchr_iter, memchr2};

use super::encoding::Encoding;

/// A quote open for more bytes than this is a literal: it bounds what a reader must hold.
pub const QUOTE_LIMIT: usize = 16 << 20;

/// A longer line of JSON Lines is a record, even if it is all white space.
const LONGEST_BLANK: usize = 1 << 10;

/// How code units lie in bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Unit {
    Byte,
    /// So many bytes, the low one first.
    Little(usize),
    /// So many bytes, the high one first.
    Big(usize),
}

/// Encodings whose second bytes may be ASCII: which bytes begin two.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Lead {
    ShiftJis,
    Gb18030,
}

impl Lead {
    /// Returns the length of the character at a place. Four bytes of GB18030 are two and two: what
    /// counts is where characters begin.
    fn length(self, bytes: &[u8], at: usize) -> usize {
        let leads = match (self, bytes.get(at)) {
            (Self::ShiftJis, Some(0x81..=0x9f | 0xe0..=0xfc)) => true,
            (Self::Gb18030, Some(0x81..=0xfe)) => true,
            (Self::ShiftJis | Self::Gb18030, _) => false,
        };
        let least = match self {
            Self::ShiftJis => 0x40,
            Self::Gb18030 => 0x30,
        };
        let follows = |byte: &u8| *byte >= least && *byte != 0x7f && *byte != 0xff;
        1 + usize::from(leads && bytes.get(at + 1).is_some_and(follows))
    }
}

/// What ends a record.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Rule {
    unit: Unit,
    delimiter: u8,
    quote: Option<u8>,
    /// Whether CR ends records too, and lines without any content are none (CSV); else only LF
    /// does, and lines of white space are none (JSON Lines).
    carriage: bool,
    /// Where a second byte may look like the delimiter: how to tell.
    lead: Option<Lead>,
}

impl Rule {
    pub(super) fn csv(encoding: Encoding, delimiter: u8, quote: Option<u8>) -> Self {
        Self {
            unit: Self::unit_of(encoding),
            delimiter,
            quote,
            carriage: true,
            lead: match (encoding, delimiter) {
                (Encoding::ShiftJis, 0x40..=0x7e) => Some(Lead::ShiftJis),
                (Encoding::Gb18030, 0x30..=0x39 | 0x40..=0x7e) => Some(Lead::Gb18030),
                _ => None,
            },
        }
    }

    pub(super) fn lines(encoding: Encoding) -> Self {
        Self {
            unit: Self::unit_of(encoding),
            delimiter: b',',
            quote: None,
            carriage: false,
            lead: None,
        }
    }

    fn unit_of(encoding: Encoding) -> Unit {
        match encoding {
            Encoding::Utf16Le => Unit::Little(2),
            Encoding::Utf16Be => Unit::Big(2),
            Encoding::Utf32Le => Unit::Little(4),
            Encoding::Utf32Be => Unit::Big(4),
            _ => Unit::Byte,
        }
    }

    fn width(self) -> usize {
        match self.unit {
            Unit::Byte => 1,
            Unit::Little(width) | Unit::Big(width) => width,
        }
    }

    /// Returns the ASCII character of the code unit at a place, if it is whole and is one.
    #[inline]
    fn ascii(self, bytes: &[u8], at: usize) -> Option<u8> {
        let zeros = |bytes: &[u8]| bytes.iter().all(|byte| *byte == 0);
        match self.unit {
            Unit::Byte => bytes.get(at).copied(),
            Unit::Little(width) => match bytes.get(at..at + width)? {
                [low, high @ ..] if zeros(high) => Some(*low),
                _ => None,
            },
            Unit::Big(width) => match bytes.get(at..at + width)? {
                [high @ .., low] if zeros(high) => Some(*low),
                _ => None,
            },
        }
    }

    /// Returns the next code unit from `at` on that `find` finds by its low byte.
    #[inline]
    fn next(self, bytes: &[u8], at: usize, find: impl Fn(&[u8]) -> Option<usize>) -> Option<usize> {
        let mut from = at;
        loop {
            let found = from + find(bytes.get(from..)?)?;
            // `at` begins a code unit, so the distance tells low bytes from high ones.
            let unit = match self.unit {
                Unit::Byte => return Some(found),
                Unit::Little(width) if (found - at).is_multiple_of(width) => found,
                Unit::Big(width) if (found - at) % width == width - 1 => found - (width - 1),
                Unit::Little(_) | Unit::Big(_) => {
                    from = found + 1;
                    continue;
                }
            };
            if self.ascii(bytes, unit) == Some(bytes[found]) {
                return Some(unit);
            }
            from = found + 1;
        }
    }

    /// Returns the next code unit that is a quote or a CR, where those mean anything.
    #[inline]
    fn next_rare(self, bytes: &[u8], at: usize) -> Option<usize> {
        match (self.carriage, self.quote) {
            (true, Some(quote)) => self.next(bytes, at, |b| memchr2(b'\r', quote, b)),
            (true, None) => self.next(bytes, at, |b| memchr(b'\r', b)),
            (false, _) => None,
        }
    }

    /// Returns whether the bytes between two ends are an empty line, which is no record.
    #[inline]
    pub(super) fn is_blank(self, line: &[u8]) -> bool {
        let width = self.width();
        if self.carriage {
            line.len() <= 2 * width
                && line
                    .chunks(width)
                    .enumerate()
                    .all(|(i, _)| matches!(self.ascii(line, i * width), Some(b'\n' | b'\r')))
        } else {
            // A very long line counts before its end is known, so it is never blank.
            line.len() <= LONGEST_BLANK
                && (0..line.len().div_ceil(width)).all(|i| {
                    matches!(
                        self.ascii(line, i * width),
                        Some(b'\n' | b'\r' | b' ' | b'\t')
                    )
                })
        }
    }

    /// Returns a record without the line end that closes it.
    #[inline]
    pub(super) fn strip(self, mut record: &[u8]) -> &[u8] {
        let width = self.width();
        let ends_in = |record: &[u8], c: u8| {
            record.len() >= width && self.ascii(record, record.len() - width) == Some(c)
        };
        if ends_in(record, b'\n') {
            record = &record[..record.len() - width];
            if ends_in(record, b'\r') {
                record = &record[..record.len() - width];
            }
        } else if self.carriage && ends_in(record, b'\r') {
            record = &record[..record.len() - width];
        }
        record
    }

    /// Returns the rule as text, in which two cutters agree exactly when they cut alike.
    pub(super) fn describe(self) -> String {
        let unit = match (self.unit, self.lead) {
            (Unit::Byte, None) => "bytes",
            (Unit::Byte, Some(Lead::ShiftJis)) => "shift_jis",
            (Unit::Byte, Some(Lead::Gb18030)) => "gb18030",
            (Unit::Little(2), _) => "utf-16le",
            (Unit::Big(2), _) => "utf-16be",
            (Unit::Little(_), _) => "utf-32le",
            (Unit::Big(_), _) => "utf-32be",
        };
        match (self.carriage, self.quote) {
            (false, _) => format!("lines {unit}"),
            (true, None) => format!("csv {unit} delimiter={:02x}", self.delimiter),
            (true, Some(quote)) => {
                format!(
                    "csv {unit} delimiter={:02x} quote={quote:02x}",
                    self.delimiter
                )
            }
        }
    }
}

/// Finds record ends in bytes that arrive in pieces.
///
/// The caller holds a *window*: all bytes from some record start, or from inside a record, up to
/// what has arrived. The window grows at its end; [`RecordEnds::advance`] says what was dropped
/// from its front, which must be no more than [`RecordEnds::settled`] and whole code units.
#[derive(Clone, Debug)]
pub struct RecordEnds {
    rule: Rule,
    /// Where the record that is being read starts, while it lies in the window.
    start: usize,
    /// Whether the bytes of the record before the window's front were dropped.
    inside: bool,
    /// The first byte not yet looked at.
    at: usize,
    /// The open quote, if one is.
    open: Option<usize>,
    /// Where a character is known to begin; kept up only where the rule has a lead.
    boundary: usize,
}

impl RecordEnds {
    pub(super) fn new(rule: Rule) -> Self {
        Self {
            rule,
            start: 0,
            inside: false,
            at: 0,
            open: None,
            boundary: 0,
        }
    }

    /// Starts at this place of the window instead of its front: after the header.
    pub fn start_at(&mut self, at: usize) {
        (self.start, self.at, self.boundary) = (at, at, at);
    }

    /// Returns how many bytes a code unit has.
    pub fn unit(&self) -> usize {
        self.rule.width()
    }

    /// Returns the rule as text: two files whose rules have one text are cut alike.
    pub fn describe(&self) -> String {
        self.rule.describe()
    }

    /// Returns whether the bytes between two ends are an empty line, which is no record.
    pub fn is_blank(&self, line: &[u8]) -> bool {
        self.rule.is_blank(line)
    }

    /// Returns a record without the line end that closes it.
    #[inline]
    pub fn strip<'a>(&self, record: &'a [u8]) -> &'a [u8] {
        self.rule.strip(record)
    }

    /// Returns how many line feeds there are.
    pub fn lines(&self, bytes: &[u8]) -> usize {
        match self.rule.unit {
            Unit::Byte => memchr_iter(b'\n', bytes).count(),
            Unit::Little(width) | Unit::Big(width) => {
                let line = |at: &usize| self.rule.ascii(bytes, *at) == Some(b'\n');
                (0..bytes.len()).step_by(width).filter(line).count()
            }
        }
    }

    /// Returns the byte that ends the first field, for hashes of prefixes.
    pub fn delimiter(&self) -> u8 {
        self.rule.delimiter
    }

    /// Returns up to where the window is known to hold no further record end.
    pub fn settled(&self) -> usize {
        // The code unit before `at` stays, since it tells whether a field starts at `at`.
        self.open
            .unwrap_or(self.at.saturating_sub(self.rule.width()))
    }

    /// Says that the first `count` bytes of the window were dropped.
    pub fn advance(&mut self, count: usize) {
        self.inside |= count > self.start;
        self.start = self.start.saturating_sub(count);
        self.at = self.at.saturating_sub(count);
        self.open = self.open.map(|at| at.saturating_sub(count));
        self.boundary = self.boundary.saturating_sub(count);
    }

    /// Appends the places just after each record's end that the window's growth has shown; with
    /// `last` the window ends where the file does, and so does its last record.
    pub fn scan(&mut self, window: &[u8], last: bool, ends: &mut Vec<usize>) {
        self.find(window, last, ends);
        // What the caller may drop now must not be needed to find the next character.
        self.characters(window, self.settled());
    }

    /// Goes on to the first character that begins at `at` or after it.
    fn characters(&mut self, window: &[u8], at: usize) {
        if let Some(lead) = self.rule.lead {
            while self.boundary < at {
                self.boundary += lead.length(window, self.boundary);
            }
        }
    }

    fn find(&mut self, window: &[u8], last: bool, ends: &mut Vec<usize>) {
        let width = self.rule.width();
        // Where the next quote or CR stands is kept over many records that have none: most of
        // them then cost one search for their line feed.
        let mut rare: Option<Option<usize>> = None;
        loop {
            if self.open.is_some() {
                if !self.close(window, last) {
                    return;
                }
                continue;
            }
            let at = self.at;
            let rare = match rare {
                Some(known) if known.is_none_or(|known| known >= at) => known,
                _ => *rare.insert(self.rule.next_rare(window, at)),
            };
            let before = &window[..rare.unwrap_or(window.len())];
            let feed = self.rule.next(before, at, |b| memchr(b'\n', b));
            let Some(found) = feed.or(rare) else {
                // An incomplete code unit is looked at again with its other half.
                self.at = window.len() - (window.len() - self.at) % width;
                break;
            };
            match self.rule.ascii(window, found) {
                Some(b'\n') => self.end(found + width, ends),
                Some(b'\r') if self.rule.carriage => {
                    if window.len() < found + 2 * width && !last {
                        self.at = found;
                        break;
                    }
                    let feed = self.rule.ascii(window, found + width) == Some(b'\n');
                    self.end(found + width * (1 + usize::from(feed)), ends);
                }
                _ => {
                    if self.starts_field(window, found) {
                        self.open = Some(found);
                    }
                    self.at = found + width;
                }
            }
        }
        if last && (self.start < window.len() || self.inside) {
            self.end(window.len(), ends);
        }
    }

    fn end(&mut self, at: usize, ends: &mut Vec<usize>) {
        ends.push(at);
        (self.start, self.at, self.inside) = (at, at, false);
        self.boundary = at;
    }

    #[inline]
    fn starts_field(&mut self, window: &[u8], at: usize) -> bool {
        let width = self.rule.width();
        if at == self.start {
            return !self.inside;
        }
        if self.rule.ascii(window, at - width) != Some(self.rule.delimiter) {
            return false;
        }
        // The byte before may be the second half of a character.
        self.characters(window, at - width);
        self.rule.lead.is_none() || self.boundary == at - width
    }

    /// Looks for the end of the open quote. Returns whether the quote was decided.
    fn close(&mut self, window: &[u8], last: bool) -> bool {
        let width = self.rule.width();
        let (Some(open), Some(quote)) = (self.open, self.rule.quote) else {
            return true;
        };
        loop {
            let found = self.rule.next(window, self.at, |b| memchr(quote, b));
            match found {
                Some(found) if found - open <= QUOTE_LIMIT => {
                    if window.len() < found + 2 * width && !last {
                        self.at = found;
                        return false;
                    }
                    if self.rule.ascii(window, found + width) == Some(quote) {
                        self.at = found + 2 * width;
                        continue;
                    }
                    (self.open, self.at) = (None, found + width);
                    return true;
                }
                None if !last && window.len() <= open + QUOTE_LIMIT + width => {
                    self.at = window.len() - (window.len() - self.at) % width;
                    return false;
                }
                // The quote is a literal. Every later quote in this stretch stands in an even
                // run, so it closes where it opens: no stretch is read more than twice.
                Some(_) | None => {
                    (self.open, self.at) = (None, open + width);
                    return true;
                }
            }
        }
    }
}
