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
    Little,
    Big,
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
}

impl Rule {
    pub(super) fn csv(encoding: Encoding, delimiter: u8, quote: Option<u8>) -> Self {
        Self {
            unit: Self::unit_of(encoding),
            delimiter,
            quote,
            carriage: true,
        }
    }

    pub(super) fn lines(encoding: Encoding) -> Self {
        Self {
            unit: Self::unit_of(encoding),
            delimiter: b',',
            quote: None,
            carriage: false,
        }
    }

    fn unit_of(encoding: Encoding) -> Unit {
        match encoding {
            Encoding::Utf8 | Encoding::Cp949 => Unit::Byte,
            Encoding::Utf16Le => Unit::Little,
            Encoding::Utf16Be => Unit::Big,
        }
    }

    fn width(self) -> usize {
        match self.unit {
            Unit::Byte => 1,
            Unit::Little | Unit::Big => 2,
        }
    }

    /// Returns the ASCII character of the code unit at a place, if it is whole and is one.
    #[inline]
    fn ascii(self, bytes: &[u8], at: usize) -> Option<u8> {
        match self.unit {
            Unit::Byte => bytes.get(at).copied(),
            Unit::Little => match bytes.get(at..at + 2)? {
                [low, 0] => Some(*low),
                _ => None,
            },
            Unit::Big => match bytes.get(at..at + 2)? {
                [0, low] => Some(*low),
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
            match self.unit {
                Unit::Byte => return Some(found),
                // `at` is a multiple of two in its own frame, so parity tells low from high.
                Unit::Little if (found - at).is_multiple_of(2) => {
                    if bytes.get(found + 1) == Some(&0) {
                        return Some(found);
                    }
                }
                Unit::Big if !(found - at).is_multiple_of(2) => {
                    if bytes[found - 1] == 0 {
                        return Some(found - 1);
                    }
                }
                Unit::Little | Unit::Big => {}
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
        let unit = match self.unit {
            Unit::Byte => "bytes",
            Unit::Little => "utf-16le",
            Unit::Big => "utf-16be",
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
}

impl RecordEnds {
    pub(super) fn new(rule: Rule) -> Self {
        Self {
            rule,
            start: 0,
            inside: false,
            at: 0,
            open: None,
        }
    }

    /// Starts at this place of the window instead of its front: after the header.
    pub fn start_at(&mut self, at: usize) {
        (self.start, self.at) = (at, at);
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
            Unit::Little | Unit::Big => {
                let line = |at: &usize| self.rule.ascii(bytes, *at) == Some(b'\n');
                (0..bytes.len()).step_by(2).filter(line).count()
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
    }

    /// Appends the places just after each record's end that the window's growth has shown; with
    /// `last` the window ends where the file does, and so does its last record.
    pub fn scan(&mut self, window: &[u8], last: bool, ends: &mut Vec<usize>) {
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
    }

    #[inline]
    fn starts_field(&self, window: &[u8], at: usize) -> bool {
        let width = self.rule.width();
        if at == self.start {
            return !self.inside;
        }
        self.rule.ascii(window, at - width) == Some(self.rule.delimiter)
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
