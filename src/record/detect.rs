//! Detection: encoding, delimiter, quote, line ends and header of a file, from its first bytes.
//!
//! Invariant: what is declared wins, and the rest is a pure function of the head. Detection
//! looks for evidence against the usual (UTF-8, comma, `"`, a header) and keeps to it without.

use std::collections::HashSet;
use std::sync::Arc;

use super::batch::Batch;
use super::csv::{self, Cells, RawCell};
use super::dialect::{DeclaredDialect, Dialect, Newline};
use super::encoding::Encoding;
use super::ends::{RecordEnds, Rule};
use super::format::Format;
use super::guess;
use super::jsonl::UNPARSABLE;
use super::layout::{self, Layout};
use super::value::{Cell, Type};

/// The bytes that are tried as delimiters, the likeliest first.
const DELIMITERS: [u8; 4] = [b',', b'\t', b';', b'|'];
/// How many records decide.
const SAMPLE: usize = 200;

/// Returns the encoding, and the length of the byte order mark.
fn encoding(declared: Option<Encoding>, head: &[u8], whole: bool) -> (Encoding, usize) {
    // No text of another encoding begins with a mark: it is the better witness.
    if let Some(found) = Encoding::bom(head) {
        return found;
    }
    (guess::encoding(declared, head, whole), 0)
}

/// Returns where the complete records of the head end, after `start`.
fn ends(rule: Rule, head: &[u8], start: usize, whole: bool) -> Vec<usize> {
    let scan = |last| {
        let mut found = Vec::new();
        let mut ends = RecordEnds::new(rule);
        ends.start_at(start);
        ends.scan(head, last, &mut found);
        found
    };
    let found = scan(whole);
    if !found.is_empty() {
        return found;
    }
    // Not even the first record ends: perhaps only for a quote that never closes.
    let mut found = scan(true);
    found.pop();
    found
}

/// Splits the head into its first records, without line ends and empty lines.
fn sample<'a>(rule: Rule, head: &'a [u8], start: usize, ends: &[usize]) -> Vec<&'a [u8]> {
    let mut from = start;
    ends.iter()
        .map(|&end| &head[std::mem::replace(&mut from, end)..end])
        .filter(|record| !rule.is_blank(record))
        .take(SAMPLE)
        .map(|record| rule.strip(record))
        .collect()
}

/// Decodes the cells of a record.
fn cells(record: &[u8], encoding: Encoding, delimiter: u8, quote: Option<u8>) -> Vec<String> {
    let mut text = String::new();
    encoding.decode(record, &mut text);
    let cell = |cell: RawCell| {
        let raw = &text[cell.start..cell.end];
        let mut out = String::new();
        match quote {
            Some(quote) if cell.escaped => csv::unescape(raw, quote, &mut out),
            _ => out.push_str(raw),
        }
        out
    };
    Cells::new(text.as_bytes(), delimiter, quote)
        .map(cell)
        .collect()
}

/// How well a delimiter and a quote explain the first records.
struct Fit {
    /// Records with as many cells as the first one, of 1,000.
    even: usize,
    /// Cells of the first record.
    width: usize,
}

fn fit(
    head: &[u8],
    start: usize,
    whole: bool,
    encoding: Encoding,
    delimiter: u8,
    quote: Option<u8>,
) -> Fit {
    let rule = Rule::csv(encoding, delimiter, quote);
    let records = sample(rule, head, start, &ends(rule, head, start, whole));
    let width = |record: &[u8]| match encoding.keeps_ascii() {
        true => csv::width(record, delimiter, quote),
        false => cells(record, encoding, delimiter, quote).len(),
    };
    let first = records.first().map_or(0, |record| width(record));
    let even = records
        .iter()
        .filter(|record| width(record) == first)
        .count();
    Fit {
        even: even * 1000 / records.len().max(1),
        width: first,
    }
}

/// Returns whether at least half of the quotes that open a cell close one.
fn quotes_close(head: &[u8], start: usize, encoding: Encoding, delimiter: u8) -> bool {
    let rule = Rule::csv(encoding, delimiter, Some(b'"'));
    let (mut open, mut crooked) = (0, 0);
    for record in sample(rule, head, start, &ends(rule, head, start, false)) {
        let mut text = String::new();
        encoding.decode(record, &mut text);
        for cell in Cells::new(text.as_bytes(), delimiter, Some(b'"')) {
            let quoted = cell.start > 0 && text.as_bytes()[cell.start - 1] == b'"';
            open += usize::from(quoted || cell.crooked);
            crooked += usize::from(cell.crooked);
        }
    }
    crooked * 2 <= open
}

/// Returns the delimiter and the quote that explain the first records best.
fn delimiter(
    declared: &DeclaredDialect,
    head: &[u8],
    start: usize,
    whole: bool,
    encoding: Encoding,
) -> (u8, Option<u8>) {
    let quote = Some(declared.quote.unwrap_or(b'"'));
    // A part of the head is plenty for counting, and its end is no end of the file.
    let part = &head[..head.len().min(64 << 10)];
    let whole = whole && part.len() == head.len();
    let fit = |delimiter, quote| fit(part, start, whole, encoding, delimiter, quote);
    let detect = || {
        let fits = DELIMITERS.map(|delimiter| (delimiter, fit(delimiter, quote)));
        let mut best = (b',', 0, 1);
        for (delimiter, Fit { even, width }) in fits {
            if width > 1 && (even, width) > (best.1, best.2) {
                best = (delimiter, even, width);
            }
        }
        best
    };
    let delimiter = match declared.delimiter {
        None => detect().0,
        // The dialect belongs to each version of a file: a delimiter that no record holds is
        // not this version's, where another one splits all of them.
        Some(declared) if fit(declared, quote).width == 1 => match detect() {
            (found, 1000, _) => found,
            _ => declared,
        },
        Some(declared) => declared,
    };
    if declared.quote.is_none() && part.contains(&b'"') {
        // Some tables know no quotes: there an inch mark or a quotation swallows line ends.
        let bare = fit(delimiter, None);
        if bare.width > 1 && bare.even == 1000 && !quotes_close(part, start, encoding, delimiter) {
            return (delimiter, None);
        }
    }
    (delimiter, quote)
}

fn newline(head: &[u8], ends: &[usize], encoding: Encoding) -> Newline {
    let mut text = String::new();
    let mut found = [false; 3];
    for &end in ends.iter().take(SAMPLE) {
        text.clear();
        encoding.decode(
            &head[end.saturating_sub(2 * encoding.unit())..end],
            &mut text,
        );
        match text.as_bytes() {
            [.., b'\r', b'\n'] => found[0] = true,
            [.., b'\n'] => found[1] = true,
            [.., b'\r'] => found[2] = true,
            _ => {}
        }
    }
    match found {
        [false, false, false] => Newline::None,
        [true, false, false] => Newline::CrLf,
        [false, true, false] => Newline::Lf,
        [false, false, true] => Newline::Cr,
        _ => Newline::Mixed,
    }
}

/// Returns whether the first record names the fields rather than holding values.
///
/// It does unless it looks like the records below it: every cell is of its column's type, some
/// of them other than text, and a text cell recurs below, or no text is there at all.
fn has_header(first: &[String], below: &[Vec<String>]) -> bool {
    let of = |text: &String| match text.as_str() {
        "" => Type::Null,
        text => Type::of(Cell::text(text)),
    };
    let mut values = 0;
    let mut texts = 0;
    let mut recurs = false;
    for (at, cell) in first.iter().enumerate() {
        let column = || below.iter().filter_map(|record| record.get(at));
        let column_type = column().map(of).fold(Type::Null, Type::join);
        let cell_type = of(cell);
        if cell_type == Type::Null || column_type == Type::Null {
            continue;
        }
        let same =
            cell_type == column_type || (cell_type, column_type) == (Type::Integer, Type::Float);
        if !same && column_type != Type::String {
            return true;
        }
        if cell_type == Type::String {
            texts += 1;
            recurs |= column().any(|other| other == cell);
        } else if same {
            values += 1;
        }
    }
    if values == 0 {
        return true;
    }
    if texts > 0 {
        return !recurs;
    }
    // Only numbers: whole ones that all differ may be names, such as years or positions.
    let distinct: HashSet<&String> = first.iter().collect();
    let whole = first.iter().all(|cell| of(cell) == Type::Integer);
    whole && distinct.len() == first.len()
}

pub(super) fn csv(declared: &DeclaredDialect, head: &[u8], whole: bool) -> Layout {
    let (encoding, bom) = encoding(declared.encoding, head, whole);
    let (delimiter, quote) = delimiter(declared, head, bom, whole, encoding);
    let rule = Rule::csv(encoding, delimiter, quote);
    let ends = ends(rule, head, bom, whole);
    let records = sample(rule, head, bom, &ends);
    let split = |record: &[u8]| cells(record, encoding, delimiter, quote);
    let first = records.first().map(|record| split(record));
    let header = match (&first, declared.header) {
        (None, _) => false,
        (Some(_), Some(declared)) => declared,
        (Some(first), None) => {
            let below: Vec<_> = records[1..].iter().map(|record| split(record)).collect();
            below.is_empty() || has_header(first, &below)
        }
    };
    // The header ends with the first record that is not blank.
    let mut from = bom;
    let named = ends
        .iter()
        .find(|&&end| !rule.is_blank(&head[std::mem::replace(&mut from, end)..end]));
    let fields = match first {
        Some(names) if header => csv::names(names.into_iter()),
        Some(cells) => csv::names(cells.iter().map(|_| String::new())),
        None => Vec::new(),
    };
    Layout {
        format: Format::Csv,
        dialect: Dialect {
            encoding,
            bom: bom > 0,
            newline: newline(head, &ends, encoding),
            delimiter,
            quote,
            header: header || first_is_missing(declared, &fields),
            missing: declared
                .missing
                .clone()
                .unwrap_or_else(|| vec![String::new()]),
        },
        fields,
        header_bytes: if header {
            named.copied().unwrap_or(bom)
        } else {
            bom
        },
    }
}

/// An empty file has the header it would have: that adding records is no change of dialect.
fn first_is_missing(declared: &DeclaredDialect, fields: &[Arc<str>]) -> bool {
    fields.is_empty() && declared.header.unwrap_or(true)
}

pub(super) fn jsonl(
    format: Format,
    declared: &DeclaredDialect,
    head: &[u8],
    whole: bool,
) -> Layout {
    let (encoding, bom) = match format {
        Format::Images => (Encoding::Utf8, 0),
        Format::Csv | Format::Jsonl => encoding(declared.encoding, head, whole),
    };
    let rule = layout::rule(format, encoding, b',', None);
    let ends = ends(rule, head, bom, whole);
    let mut layout = Layout {
        format,
        dialect: Dialect {
            encoding,
            bom: bom > 0,
            newline: newline(head, &ends, encoding),
            delimiter: b',',
            quote: None,
            header: false,
            missing: declared.missing.clone().unwrap_or_default(),
        },
        fields: Vec::new(),
        header_bytes: bom,
    };
    let mut batch = Batch::default();
    layout.parse(&head[bom..ends.last().copied().unwrap_or(bom)], &mut batch);
    let named = |name: &&Arc<str>| &***name != UNPARSABLE;
    layout.fields = batch.fields().iter().filter(named).cloned().collect();
    layout
}

/// Returns whether the first records are a table in one of the dialects, for files whose name
/// says nothing: at least two records, all of one width above one, and no NUL.
pub(super) fn is_table(head: &[u8]) -> bool {
    let head = &head[..head.len().min(64 << 10)];
    if head.contains(&0) || std::str::from_utf8(head).is_err_and(|e| e.error_len().is_some()) {
        return false;
    }
    // Prose has commas too: only a tab, a semicolon or a bar in every line makes a table.
    DELIMITERS[1..].iter().any(|&delimiter| {
        let rule = Rule::csv(Encoding::Utf8, delimiter, Some(b'"'));
        let records = sample(rule, head, 0, &ends(rule, head, 0, false));
        let width = |record: &&[u8]| csv::width(record, delimiter, Some(b'"'));
        let first = records.first().map_or(0, width);
        records.len() > 1 && first > 1 && records.iter().all(|record| width(record) == first)
    })
}
