//! JSON Lines: one object a line, flattened into cells.
//!
//! A scanner of our own, since values keep their literal text: numbers are not rounded, strings
//! without escapes are not copied. It accepts what RFC 8259 does, and besides NaN and Infinity,
//! which Python writes. Nesting is bounded, so no line can exhaust the stack.

use std::ops::Range;

use memchr::memchr2;
use rustc_hash::FxHashMap;

use super::batch::{Batch, Problem};
use super::encoding::Encoding;
use super::layout::Layout;
use super::schema::quote_name;
use super::value::{CellKind, normalized};

/// The field that holds a line which is no JSON object. It is part of no schema.
pub const UNPARSABLE: &str = "#unparsable";

/// Objects and arrays nest less deeply than this.
const MAX_DEPTH: usize = 128;

/// Text that is not what JSON wants at this place.
struct Invalid;

/// Parses records into a batch.
pub(super) fn parse(layout: &Layout, bytes: &[u8], records: &[Range<usize>], batch: &mut Batch) {
    let mut names = Names::default();
    let base = match layout.dialect.encoding {
        Encoding::Utf8 => std::str::from_utf8(bytes)
            .ok()
            .and_then(|text| Some((text, batch.append(text)?))),
        _ => None,
    };
    names.controls = bytes
        .iter()
        .fold(false, |any, &b| any | (b < 0x20 && b != b'\n'));
    for range in records {
        batch.begin();
        let problem = if let Some((text, base)) = base {
            record(
                layout,
                &text[range.clone()],
                base + range.start,
                &mut names,
                batch,
            )
        } else {
            let mut text = String::new();
            let clean = layout
                .dialect
                .encoding
                .decode(&bytes[range.clone()], &mut text);
            match batch.append(&text) {
                None => Some(Problem::Json),
                Some(base) => record(layout, &text, base, &mut names, batch)
                    .or((!clean).then_some(Problem::Encoding)),
            }
        };
        batch.end((range.start, range.end), problem);
    }
}

fn record(
    layout: &Layout,
    text: &str,
    base: usize,
    names: &mut Names,
    batch: &mut Batch,
) -> Option<Problem> {
    names.next = 0;
    names.path.clear();
    let trimmed = text.trim_ascii();
    let mut line = Line {
        text: trimmed,
        at: 0,
        base: base + (text.len() - text.trim_ascii_start().len()),
        lone_surrogate: false,
        missing: &layout.dialect.missing,
        names,
        batch,
    };
    let parsed = line.line();
    let lone_surrogate = line.lone_surrogate;
    if parsed.is_ok() {
        return lone_surrogate.then_some(Problem::Encoding);
    }
    batch.clear_record();
    let place = batch.field_or_add(UNPARSABLE);
    batch.set(place, CellKind::Text, Some(trimmed));
    Some(Problem::Json)
}

/// Finds the places of fields. Records of one file mostly name the same fields in the same order.
#[derive(Default)]
struct Names {
    known: FxHashMap<Box<str>, usize>,
    /// How many of the batch's fields `known` has.
    seen: usize,
    /// The place of the field that probably comes next.
    next: usize,
    /// The names above the value that is being read, and its own.
    path: String,
    /// Whether there are control characters, which strings must not hold.
    controls: bool,
}

impl Names {
    /// Returns the place of the member `name` below the path, where it is the field that was
    /// expected, without building its path.
    #[inline]
    fn expected(&mut self, name: &str, batch: &Batch) -> Option<usize> {
        let field = batch.fields().get(self.next)?;
        let below = match self.path.len() {
            0 => &**field,
            _ => field.strip_prefix(self.path.as_str())?.strip_prefix('.')?,
        };
        // A name that holds a dot or a quote is written otherwise in the path.
        if below != name || name.contains(['.', '"']) {
            return None;
        }
        self.next += 1;
        Some(self.next - 1)
    }

    fn place(&mut self, batch: &mut Batch) -> usize {
        let guess = batch.fields().get(self.next);
        if guess.is_none_or(|name| **name != *self.path) {
            let fields = &batch.fields()[self.seen..];
            for (at, name) in fields.iter().enumerate() {
                self.known.entry((**name).into()).or_insert(self.seen + at);
            }
            self.seen += fields.len();
            self.next = match self.known.get(self.path.as_str()) {
                Some(&place) => place,
                None => batch.add_field(&self.path),
            };
        }
        self.next += 1;
        self.next - 1
    }
}

/// A string of a line: where it lies, or its text where it holds escapes.
enum JsonString {
    Plain(usize, usize),
    Escaped(String),
}

struct Line<'a> {
    text: &'a str,
    at: usize,
    /// Where the text lies in the batch.
    base: usize,
    /// Whether an escape named half of a surrogate pair.
    lone_surrogate: bool,
    missing: &'a [String],
    names: &'a mut Names,
    batch: &'a mut Batch,
}

impl Line<'_> {
    fn line(&mut self) -> Result<(), Invalid> {
        if self.peek() != Some(b'{') {
            return Err(Invalid);
        }
        self.value(0, None)?;
        self.space();
        if self.at == self.text.len() {
            Ok(())
        } else {
            Err(Invalid)
        }
    }

    #[inline]
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    #[inline]
    fn space(&mut self) {
        while let Some(b' ' | b'\t' | b'\r' | b'\n') = self.peek() {
            self.at += 1;
        }
    }

    #[inline]
    fn expect(&mut self, byte: u8) -> Result<(), Invalid> {
        if self.peek() != Some(byte) {
            return Err(Invalid);
        }
        self.at += 1;
        Ok(())
    }

    /// Reads a value into the cell or cells of the path; `place` is where they are expected.
    fn value(&mut self, depth: usize, place: Option<usize>) -> Result<(), Invalid> {
        match self.peek().ok_or(Invalid)? {
            b'{' => self.object(depth),
            b'[' => {
                let mut list = String::new();
                self.compact(depth, &mut list)?;
                let place = place.unwrap_or_else(|| self.names.place(self.batch));
                self.batch.set(place, CellKind::List, Some(&list));
                Ok(())
            }
            b'"' => {
                let string = self.string()?;
                let place = place.unwrap_or_else(|| self.names.place(self.batch));
                match string {
                    JsonString::Plain(start, end) => self.point(place, start, end),
                    JsonString::Escaped(text) => {
                        let text = (!self.missing.contains(&text)).then_some(text.as_str());
                        self.batch.set(place, CellKind::Text, text);
                    }
                }
                Ok(())
            }
            _ => {
                let start = self.at;
                let null = self.scalar()?;
                let place = place.unwrap_or_else(|| self.names.place(self.batch));
                if null {
                    self.batch.set(place, CellKind::Text, None);
                } else {
                    self.point(place, start, self.at);
                }
                Ok(())
            }
        }
    }

    fn point(&mut self, place: usize, start: usize, end: usize) {
        if !self.missing.is_empty() {
            let text = &self.text[start..end];
            if self.missing.iter().any(|token| token == text) {
                return self.batch.set(place, CellKind::Text, None);
            }
        }
        let base = self.base;
        self.batch
            .point(place, CellKind::Text, base + start, base + end);
    }

    /// Reads an object: its members become fields below the path.
    fn object(&mut self, depth: usize) -> Result<(), Invalid> {
        if depth + 1 >= MAX_DEPTH {
            return Err(Invalid);
        }
        self.at += 1;
        self.space();
        let above = self.names.path.len();
        if self.peek() == Some(b'}') {
            self.at += 1;
            if depth > 0 {
                let place = self.names.place(self.batch);
                self.batch.set(place, CellKind::Object, Some("{}"));
            }
            return Ok(());
        }
        loop {
            let name = self.string()?;
            self.space();
            self.expect(b':')?;
            self.space();
            let name = match &name {
                JsonString::Plain(start, end) => &self.text[*start..*end],
                JsonString::Escaped(name) => name,
            };
            let expected = match self.peek() {
                Some(b'{') => None,
                _ => self.names.expected(name, self.batch),
            };
            if expected.is_none() {
                if depth > 0 {
                    self.names.path.push('.');
                }
                push_name(name, &mut self.names.path);
            }
            self.value(depth + 1, expected)?;
            self.names.path.truncate(above);
            self.space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => {
                    self.at += 1;
                    return Ok(());
                }
                _ => return Err(Invalid),
            }
            self.space();
        }
    }

    /// Reads a value and appends it as compact JSON: one spelling for each string, no space.
    fn compact(&mut self, depth: usize, out: &mut String) -> Result<(), Invalid> {
        match self.peek().ok_or(Invalid)? {
            b'"' => self.compact_string(out),
            open @ (b'{' | b'[') => {
                if depth + 1 >= MAX_DEPTH {
                    return Err(Invalid);
                }
                let close = if open == b'{' { b'}' } else { b']' };
                out.push(char::from(open));
                self.at += 1;
                self.space();
                if self.peek() == Some(close) {
                    self.at += 1;
                    out.push(char::from(close));
                    return Ok(());
                }
                loop {
                    if open == b'{' {
                        self.compact_string(out)?;
                        self.space();
                        self.expect(b':')?;
                        out.push(':');
                        self.space();
                    }
                    self.compact(depth + 1, out)?;
                    self.space();
                    match self.peek() {
                        Some(b',') => out.push(','),
                        Some(b) if b == close => {
                            self.at += 1;
                            out.push(char::from(close));
                            return Ok(());
                        }
                        _ => return Err(Invalid),
                    }
                    self.at += 1;
                    self.space();
                }
            }
            _ => {
                let start = self.at;
                self.scalar()?;
                out.push_str(&self.text[start..self.at]);
                Ok(())
            }
        }
    }

    fn compact_string(&mut self, out: &mut String) -> Result<(), Invalid> {
        match self.string()? {
            JsonString::Plain(start, end) => {
                out.push('"');
                out.push_str(&self.text[start..end]);
                out.push('"');
            }
            // The canonical spelling escapes what JSON needs escaped, and nothing else.
            JsonString::Escaped(text) => {
                out.push_str(&serde_json::Value::from(text).to_string());
            }
        }
        Ok(())
    }

    /// Reads a number, `true`, `false` or `null`; returns whether it is `null`.
    fn scalar(&mut self) -> Result<bool, Invalid> {
        let rest = &self.text.as_bytes()[self.at..];
        let (word, null): (&[u8], bool) = match rest.first() {
            Some(b'n') => (b"null", true),
            Some(b't') => (b"true", false),
            Some(b'f') => (b"false", false),
            Some(b'N') => (b"NaN", false),
            Some(b'I') => (b"Infinity", false),
            Some(b'-') if rest.get(1) == Some(&b'I') => (b"-Infinity", false),
            _ => (b"", false),
        };
        if !word.is_empty() {
            if !rest.starts_with(word) {
                return Err(Invalid);
            }
            self.at += word.len();
            return Ok(null);
        }
        self.at += number(rest).ok_or(Invalid)?;
        Ok(false)
    }

    /// Reads a string, from its opening quote to behind its closing one.
    #[inline]
    fn string(&mut self) -> Result<JsonString, Invalid> {
        self.expect(b'"')?;
        let start = self.at;
        let rest = &self.text.as_bytes()[start..];
        let found = memchr2(b'"', b'\\', rest).ok_or(Invalid)?;
        if self.names.controls && rest[..found].iter().any(|&b| b < 0x20) {
            return Err(Invalid);
        }
        if rest[found] == b'"' {
            self.at = start + found + 1;
            return Ok(JsonString::Plain(start, start + found));
        }
        self.escaped_string(start, found).map(JsonString::Escaped)
    }

    /// Reads a string that starts at `start` and has its first escape `found` bytes later.
    fn escaped_string(&mut self, start: usize, found: usize) -> Result<String, Invalid> {
        let mut text = self.text[start..start + found].to_owned();
        self.at = start + found;
        loop {
            let rest = &self.text.as_bytes()[self.at..];
            let found = memchr2(b'"', b'\\', rest).ok_or(Invalid)?;
            if self.names.controls && rest[..found].iter().any(|&b| b < 0x20) {
                return Err(Invalid);
            }
            text.push_str(&self.text[self.at..self.at + found]);
            self.at += found + 1;
            if rest[found] == b'"' {
                return Ok(text);
            }
            let escape = self.peek().ok_or(Invalid)?;
            self.at += 1;
            match escape {
                b'"' | b'\\' | b'/' => text.push(char::from(escape)),
                b'b' => text.push('\u{8}'),
                b'f' => text.push('\u{c}'),
                b'n' => text.push('\n'),
                b'r' => text.push('\r'),
                b't' => text.push('\t'),
                b'u' => self.unicode(&mut text)?,
                _ => return Err(Invalid),
            }
        }
    }

    /// Reads the digits of `\u`, and those of a second escape where they are half a pair.
    fn unicode(&mut self, out: &mut String) -> Result<(), Invalid> {
        let first = self.hex().ok_or(Invalid)?;
        if let Some(c) = char::from_u32(u32::from(first)) {
            out.push(c);
            return Ok(());
        }
        let back = self.at;
        if self.text[self.at..].starts_with("\\u") {
            self.at += 2;
            let second = self.hex().ok_or(Invalid)?;
            if let Some(Ok(c)) = char::decode_utf16([first, second]).next() {
                out.push(c);
                return Ok(());
            }
            self.at = back;
        }
        // JSON may name half a character, UTF-8 cannot hold it: as bytes that are no text.
        self.lone_surrogate = true;
        for byte in first.to_be_bytes() {
            out.push_str(&format!("{}{byte:02x}", char::REPLACEMENT_CHARACTER));
        }
        Ok(())
    }

    fn hex(&mut self) -> Option<u16> {
        let digits = self.text.as_bytes().get(self.at..self.at + 4)?;
        self.at += 4;
        digits.iter().try_fold(0, |value: u16, &b| {
            let digit = char::from(b).to_digit(16)?;
            Some(value << 4 | digit as u16)
        })
    }
}

/// Appends a name as a part of a path, quoted where it would not read as one part.
pub(super) fn push_name(name: &str, path: &mut String) {
    let name = normalized(name);
    if name.is_empty() || memchr2(b'.', b'"', name.as_bytes()).is_some() {
        path.push_str(&quote_name(&name));
    } else {
        path.push_str(&name);
    }
}

/// Returns the length of the number that the bytes begin with.
pub(super) fn number(bytes: &[u8]) -> Option<usize> {
    let digits = |from: usize| {
        let rest = bytes.get(from..).unwrap_or_default();
        rest.iter().take_while(|b| b.is_ascii_digit()).count()
    };
    let mut at = usize::from(bytes.first() == Some(&b'-'));
    let whole = digits(at);
    if whole == 0 || (whole > 1 && bytes[at] == b'0') {
        return None;
    }
    at += whole;
    if bytes.get(at) == Some(&b'.') {
        let fraction = digits(at + 1);
        if fraction == 0 {
            return None;
        }
        at += 1 + fraction;
    }
    if let Some(b'e' | b'E') = bytes.get(at) {
        let sign = usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
        let exponent = digits(at + 1 + sign);
        if exponent == 0 {
            return None;
        }
        at += 1 + sign + exponent;
    }
    Some(at)
}
