//! CSV: the cells of records.
//!
//! Invariant: which bytes are a record is decided in `ends.rs` alone; this file only splits one
//! record into cells. Every record of the ranges becomes exactly one record of the batch.

use std::ops::Range;

use memchr::{memchr, memchr2};
use rustc_hash::FxHashMap;

use super::batch::{Batch, Problem};
use super::encoding::Encoding;
use super::layout::Layout;
use super::value::CellKind;

/// One cell of a record's text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct RawCell {
    /// Where its text lies, without quotes.
    pub(super) start: usize,
    pub(super) end: usize,
    /// Whether `""` stands for `"` in it, or text follows its closing quote.
    pub(super) escaped: bool,
    /// Whether its quotes are not as they should be.
    pub(super) crooked: bool,
}

/// Splits a record's text, without its line end, into cells.
pub(super) struct Cells<'a> {
    text: &'a [u8],
    at: Option<usize>,
    delimiter: u8,
    quote: Option<u8>,
}

impl<'a> Cells<'a> {
    pub(super) fn new(text: &'a [u8], delimiter: u8, quote: Option<u8>) -> Self {
        Self {
            text,
            at: Some(0),
            delimiter,
            quote,
        }
    }

    /// Returns where the next cell stands with its quotes.
    pub(super) fn next_whole(&mut self) -> Option<Range<usize>> {
        let start = self.at?;
        self.next()?;
        let end = self.at.map_or(self.text.len(), |next| next - 1);
        Some(start..end)
    }

    /// Reads a quoted cell whose quote stands just before `start`; `None` where it stays open.
    fn quoted(&mut self, start: usize, quote: u8) -> Option<RawCell> {
        let mut from = start;
        let mut escaped = false;
        let close = loop {
            let found = from + memchr(quote, self.text.get(from..)?)?;
            if self.text.get(found + 1) != Some(&quote) {
                break found;
            }
            escaped = true;
            from = found + 2;
        };
        let after = close + 1;
        match self.text.get(after) {
            None => {
                self.at = None;
                Some(RawCell {
                    start,
                    end: close,
                    escaped,
                    crooked: false,
                })
            }
            Some(&b) if b == self.delimiter => {
                self.at = Some(after + 1);
                Some(RawCell {
                    start,
                    end: close,
                    escaped,
                    crooked: false,
                })
            }
            Some(_) => {
                let end = self.unquoted_end(after);
                Some(RawCell {
                    start,
                    end,
                    escaped: true,
                    crooked: true,
                })
            }
        }
    }

    /// Returns where the cell ends that goes on at `from` without quotes, and moves behind it.
    #[inline]
    fn unquoted_end(&mut self, from: usize) -> usize {
        match memchr(self.delimiter, &self.text[from..]) {
            Some(length) => {
                self.at = Some(from + length + 1);
                from + length
            }
            None => {
                self.at = None;
                self.text.len()
            }
        }
    }
}

impl Iterator for Cells<'_> {
    type Item = RawCell;

    #[inline]
    fn next(&mut self) -> Option<RawCell> {
        let start = self.at?;
        let mut crooked = false;
        if let Some(quote) = self.quote
            && self.text.get(start) == Some(&quote)
        {
            match self.quoted(start + 1, quote) {
                Some(cell) => return Some(cell),
                // It never closes: the quote is part of the text.
                None => crooked = true,
            }
        }
        let end = self.unquoted_end(start);
        Some(RawCell {
            start,
            end,
            escaped: false,
            crooked,
        })
    }
}

/// Appends the text of an escaped cell: `""` is `"` up to the closing quote, what follows that
/// stands as it is.
pub(super) fn unescape(text: &str, quote: u8, out: &mut String) {
    let bytes = text.as_bytes();
    let mut from = 0;
    while let Some(found) = memchr(quote, &bytes[from..]) {
        let found = from + found;
        out.push_str(&text[from..found]);
        if bytes.get(found + 1) != Some(&quote) {
            out.push_str(&text[found + 1..]);
            return;
        }
        out.push(char::from(quote));
        from = found + 2;
    }
    out.push_str(&text[from..]);
}

/// Parses records into a batch.
pub(super) fn parse(layout: &Layout, bytes: &[u8], records: &[Range<usize>], batch: &mut Batch) {
    let mut parser = Parser {
        layout,
        places: places(layout, batch),
        extra: Vec::new(),
        known: None,
        tokens: layout.dialect.missing.iter().any(|token| !token.is_empty()),
        scratch: String::new(),
    };
    // One copy of the whole text, into which the cells point, where it is valid UTF-8.
    let base = match layout.dialect.encoding {
        Encoding::Utf8 => std::str::from_utf8(bytes)
            .ok()
            .and_then(|text| batch.append(text)),
        _ => None,
    };
    let rule = layout.rule();
    let quote = |from: usize| match layout.dialect.quote {
        Some(quote) => memchr(quote, &bytes[from..]).map_or(bytes.len(), |at| from + at),
        None => bytes.len(),
    };
    let mut next_quote = quote(0);
    for range in records {
        let record = rule.strip(&bytes[range.clone()]);
        batch.begin();
        if next_quote < range.start {
            next_quote = quote(range.start);
        }
        let problem = match base {
            Some(base) if next_quote >= range.end => parser.bare(batch, record, base + range.start),
            Some(base) => parser.record(batch, record, base + range.start),
            None => parser.decode(batch, record),
        };
        batch.end((range.start, range.end), problem);
    }
}

/// Calls `found` with the place of every delimiter, in order.
///
/// Cells are short: looking at eight bytes at a time in place beats a search for each cell.
#[inline]
fn delimiters(text: &[u8], delimiter: u8, mut found: impl FnMut(usize)) {
    const LOW: u64 = u64::from_ne_bytes([0x7f; 8]);
    let (words, rest) = text.as_chunks::<8>();
    let pattern = u64::from_ne_bytes([delimiter; 8]);
    for (at, word) in words.iter().enumerate() {
        let other = u64::from_le_bytes(*word) ^ pattern;
        // The high bit of each byte that is zero, exactly.
        let mut zeros = !(((other & LOW) + LOW) | other | LOW);
        while zeros != 0 {
            found(at * 8 + zeros.trailing_zeros() as usize / 8);
            zeros &= zeros - 1;
        }
    }
    for (at, &byte) in rest.iter().enumerate() {
        if byte == delimiter {
            found(words.len() * 8 + at);
        }
    }
}

/// Returns where the batch has the layout's fields.
fn places(layout: &Layout, batch: &mut Batch) -> Option<Vec<usize>> {
    if batch.fields().starts_with(&layout.fields) {
        return None;
    }
    Some(
        layout
            .fields
            .iter()
            .map(|name| batch.field_or_add(name))
            .collect(),
    )
}

struct Parser<'a> {
    layout: &'a Layout,
    /// Places of the layout's fields in the batch; `None` where they are the same.
    places: Option<Vec<usize>>,
    /// Places of cells beyond the layout's fields.
    extra: Vec<usize>,
    /// The batch's fields by name, once a cell beyond the layout's fields was met.
    known: Option<FxHashMap<String, usize>>,
    /// Whether texts other than the empty one stand for a missing value.
    tokens: bool,
    scratch: String,
}

impl Parser<'_> {
    /// Decodes a record of its own and parses it.
    fn decode(&mut self, batch: &mut Batch, record: &[u8]) -> Option<Problem> {
        let mut text = String::new();
        let clean = self.layout.dialect.encoding.decode(record, &mut text);
        let Some(base) = batch.append(&text) else {
            return Some(Problem::Ragged);
        };
        let problem = self.record(batch, text.as_bytes(), base);
        if clean {
            problem
        } else {
            Some(Problem::Encoding)
        }
    }

    /// Adds the cells of a record without quotes whose text lies at `base` in the batch.
    fn bare(&mut self, batch: &mut Batch, record: &[u8], base: usize) -> Option<Problem> {
        let delimiter = self.layout.dialect.delimiter;
        let width = self.layout.fields.len();
        let (mut count, mut start) = (0, base);
        let mut cell = |end: usize| {
            let place = match &self.places {
                None if count < width => count,
                Some(places) if count < width => places[count],
                _ => self.extra(batch, count),
            };
            count += 1;
            if start == end || (self.tokens && self.missing(batch.text(start, end))) {
                batch.set(place, CellKind::Text, None);
            } else {
                batch.point(place, CellKind::Text, start, end);
            }
            start = end + 1;
        };
        delimiters(record, delimiter, |at| cell(base + at));
        cell(base + record.len());
        (count != width).then_some(Problem::Ragged)
    }

    /// Adds the cells of a record whose text lies at `base` in the batch.
    fn record(&mut self, batch: &mut Batch, record: &[u8], base: usize) -> Option<Problem> {
        let Self { layout, .. } = *self;
        let dialect = &layout.dialect;
        let width = layout.fields.len();
        let mut count = 0;
        let mut crooked = false;
        for cell in Cells::new(record, dialect.delimiter, dialect.quote) {
            let place = match &self.places {
                None if count < width => count,
                Some(places) if count < width => places[count],
                _ => self.extra(batch, count),
            };
            count += 1;
            crooked |= cell.crooked;
            let (start, end) = (base + cell.start, base + cell.end);
            if cell.escaped {
                self.scratch.clear();
                let quote = dialect.quote.unwrap_or(b'"');
                unescape(batch.text(start, end), quote, &mut self.scratch);
                let missing = self.scratch.is_empty() || self.missing(&self.scratch);
                let text = (!missing).then_some(self.scratch.as_str());
                batch.set(place, CellKind::Text, text);
            } else if start == end || (self.tokens && self.missing(batch.text(start, end))) {
                batch.set(place, CellKind::Text, None);
            } else {
                batch.point(place, CellKind::Text, start, end);
            }
        }
        if crooked {
            Some(Problem::Quote)
        } else {
            (count != width).then_some(Problem::Ragged)
        }
    }

    fn missing(&self, text: &str) -> bool {
        self.tokens
            && self
                .layout
                .dialect
                .missing
                .iter()
                .any(|token| token == text)
    }

    /// Returns the place of the `count`th cell, which has no name.
    #[cold]
    fn extra(&mut self, batch: &mut Batch, count: usize) -> usize {
        let width = self.layout.fields.len();
        while self.extra.len() <= count - width {
            let number = width + self.extra.len() + 1;
            let known = self.known.get_or_insert_with(|| {
                let names = batch.fields().iter().enumerate();
                names.map(|(at, name)| (name.to_string(), at)).collect()
            });
            // A field that happens to be named so keeps its name for itself.
            let mut name = format!("#{number}");
            let named = |place: usize| match &self.places {
                None => place < width,
                Some(places) => places.contains(&place),
            };
            while known.get(&name).is_some_and(|&place| named(place)) {
                name.push('#');
            }
            let place = *known
                .entry(name)
                .or_insert_with_key(|name| batch.add_field(name));
            self.extra.push(place);
        }
        self.extra[count - width]
    }
}

/// Splits a header record into names: NFC, `#N` where empty, `name#2` where repeated.
pub(super) fn names(cells: impl Iterator<Item = String>) -> Vec<std::sync::Arc<str>> {
    let mut seen: FxHashMap<String, usize> = FxHashMap::default();
    let mut names = Vec::new();
    for (at, cell) in cells.enumerate() {
        let cell = super::value::normalized(&cell).into_owned();
        let plain = if cell.is_empty() {
            format!("#{}", at + 1)
        } else {
            cell
        };
        let mut name = plain.clone();
        let mut number = seen.get(&plain).copied().unwrap_or(0);
        while seen.contains_key(&name) {
            number = number.max(1) + 1;
            name = format!("{plain}#{number}");
        }
        seen.insert(plain, number.max(1));
        seen.entry(name.clone()).or_insert(1);
        names.push(name.into());
    }
    names
}

/// Returns how many cells a record has, without decoding them.
pub(super) fn width(record: &[u8], delimiter: u8, quote: Option<u8>) -> usize {
    // Most records of most files hold no quote: counting delimiters is enough.
    match quote.filter(|&quote| memchr2(quote, quote, record).is_some()) {
        None => memchr::memchr_iter(delimiter, record).count() + 1,
        Some(_) => Cells::new(record, delimiter, quote).count(),
    }
}
