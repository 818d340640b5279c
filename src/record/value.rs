//! Values: what one cell holds, its type, and when two ways of writing it are equal.
//!
//! A cell is text as decoded from its file; its type is derived when read and never stored with
//! it. Rules: docs/diff.md, "Values".

use std::borrow::Cow;

use unicode_normalization::{IsNormalized, UnicodeNormalization as _, is_nfc_quick};

/// What a cell's text stands for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub enum CellKind {
    /// A scalar.
    Text,
    /// A JSON array, as compact JSON.
    List,
    /// A JSON object without members, as `{}`; others are flattened into fields.
    Object,
}

/// One value that is not missing.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub struct Cell<'a> {
    /// What the text stands for.
    pub kind: CellKind,
    /// The decoded text: unquoted, in UTF-8.
    pub text: &'a str,
}

impl<'a> Cell<'a> {
    /// Builds a scalar cell.
    pub fn text(text: &'a str) -> Self {
        Self {
            kind: CellKind::Text,
            text,
        }
    }
}

/// The type of a value, or of all values of a field.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub enum Type {
    /// No value at all.
    Null,
    /// `true` or `false`, as JSON, Python or spreadsheets write them.
    Boolean,
    /// An integral number of at most 18 digits, also when written `17.0`.
    Integer,
    /// Any other number that is finite in 64 bits.
    Float,
    /// `2026-01-31`.
    Date,
    /// A date with a time: `2026-01-31 12:00`, `2026-01-31T12:00:00.5Z`.
    Datetime,
    /// Anything.
    String,
    /// A JSON array.
    List,
    /// A JSON object.
    Object,
}

impl Type {
    /// All types, in the order of the lattice.
    pub const ALL: [Self; 9] = [
        Self::Null,
        Self::Boolean,
        Self::Integer,
        Self::Float,
        Self::Date,
        Self::Datetime,
        Self::String,
        Self::List,
        Self::Object,
    ];

    /// Returns the name that schemas use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Boolean => "boolean",
            Self::Integer => "integer",
            Self::Float => "float",
            Self::Date => "date",
            Self::Datetime => "datetime",
            Self::String => "string",
            Self::List => "list",
            Self::Object => "object",
        }
    }

    /// Returns the type of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Returns the narrowest type that holds the values of both.
    ///
    /// Booleans and numbers join to strings: a comparison must not make `true` equal to `1`.
    pub fn join(self, other: Self) -> Self {
        match (self, other) {
            (a, b) if a == b => a,
            (Self::Null, a) | (a, Self::Null) => a,
            (Self::Integer, Self::Float) | (Self::Float, Self::Integer) => Self::Float,
            (Self::Date, Self::Datetime) | (Self::Datetime, Self::Date) => Self::Datetime,
            _ => Self::String,
        }
    }

    /// Returns the type of one value.
    pub fn of(cell: Cell<'_>) -> Self {
        Self::of_bytes(cell.kind, cell.text.as_bytes())
    }

    /// Returns the type of one value, whose text is given as bytes.
    pub fn of_bytes(kind: CellKind, text: &[u8]) -> Self {
        match kind {
            CellKind::List => Self::List,
            CellKind::Object => Self::Object,
            CellKind::Text => of_text(text),
        }
    }
}

fn of_text(bytes: &[u8]) -> Type {
    match bytes.first() {
        Some(b'0'..=b'9' | b'-' | b'.') => {}
        Some(b't' | b'T' | b'f' | b'F') if boolean(bytes).is_some() => return Type::Boolean,
        _ => return Type::String,
    }
    if let Some(kind) = number(bytes) {
        return kind;
    }
    match datetime(bytes) {
        Some((_, "")) => Type::Date,
        Some(_) => Type::Datetime,
        None => Type::String,
    }
}

fn boolean(text: &[u8]) -> Option<bool> {
    match text {
        b"true" | b"True" | b"TRUE" => Some(true),
        b"false" | b"False" | b"FALSE" => Some(false),
        _ => None,
    }
}

fn digits(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|b| b.is_ascii_digit()).count()
}

/// A number of so many digits before the point and no exponent is finite in 64 bits.
const FINITE: usize = 300;

/// Returns `Integer` or `Float` where the text is a number.
fn number(bytes: &[u8]) -> Option<Type> {
    let rest = bytes.strip_prefix(b"-").unwrap_or(bytes);
    let whole = digits(rest);
    // A leading zero is part of a code (007), never of a number.
    if whole > 1 && rest[0] == b'0' {
        return None;
    }
    let mut tail = &rest[whole..];
    let mut fraction = 0;
    let mut integral = true;
    if let Some(after) = tail.strip_prefix(b".") {
        fraction = digits(after);
        integral = fraction > 0 && after[..fraction].iter().all(|&b| b == b'0');
        tail = &after[fraction..];
    }
    if whole + fraction == 0 {
        return None;
    }
    if tail.is_empty() && integral && whole > 0 {
        return (whole <= 18).then_some(Type::Integer);
    }
    if let Some(after) = tail.strip_prefix(b"e").or_else(|| tail.strip_prefix(b"E")) {
        let after = match after.first() {
            Some(b'+' | b'-') => &after[1..],
            _ => after,
        };
        if after.is_empty() || digits(after) != after.len() {
            return None;
        }
    } else if !tail.is_empty() {
        return None;
    } else if whole <= FINITE {
        return Some(Type::Float);
    }
    let value: f64 = std::str::from_utf8(bytes).ok()?.parse().ok()?;
    value.is_finite().then_some(Type::Float)
}

/// Splits a valid date, with or without a time, into its date and the rest after `T` or space.
fn datetime(bytes: &[u8]) -> Option<(&str, &str)> {
    let text = std::str::from_utf8(bytes).ok()?;
    let shape = |part: &[u8], pattern: &[u8]| {
        part.len() == pattern.len()
            && part.iter().zip(pattern).all(|(&b, &p)| {
                if p == b'0' {
                    b.is_ascii_digit()
                } else {
                    b == p
                }
            })
    };
    let value = |part: &[u8]| part.iter().fold(0u32, |n, b| n * 10 + u32::from(b - b'0'));
    if bytes.len() < 10 || !shape(&bytes[..10], b"0000-00-00") {
        return None;
    }
    let (month, day) = (value(&bytes[5..7]), value(&bytes[8..10]));
    let days = match month {
        2 => 29,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if day == 0 || day > days {
        return None;
    }
    if bytes.len() == 10 {
        return Some((text, ""));
    }
    let (date, rest) = (&text[..10], &bytes[10..]);
    let time = rest
        .strip_prefix(b"T")
        .or_else(|| rest.strip_prefix(b" "))?;
    if time.len() < 5 || !shape(&time[..5], b"00:00") {
        return None;
    }
    if value(&time[..2]) > 23 || value(&time[3..5]) > 59 {
        return None;
    }
    let mut zone = &time[5..];
    if zone.len() >= 3 && shape(&zone[..3], b":00") {
        if value(&zone[1..3]) > 60 {
            return None;
        }
        zone = &zone[3..];
        if let Some(fraction) = zone.strip_prefix(b".") {
            let length = digits(fraction);
            if length == 0 {
                return None;
            }
            zone = &fraction[length..];
        }
    }
    let known = zone.is_empty()
        || zone == b"Z"
        || (matches!(zone[0], b'+' | b'-')
            && (shape(&zone[1..], b"00:00") || shape(&zone[1..], b"0000")));
    known.then_some((date, &text[11..]))
}

/// Returns the one spelling that all equal values share, when read as `kind`.
///
/// Two values of a field are equal when their canonical texts under the field's type are. Text
/// that is no value of `kind` stays as it is.
pub fn canonical<'a>(kind: Type, cell: Cell<'a>) -> Cow<'a, str> {
    let text = cell.text;
    if cell.kind != CellKind::Text {
        return Cow::Borrowed(text);
    }
    match kind {
        Type::Boolean => match boolean(text.as_bytes()) {
            Some(true) => Cow::Borrowed("true"),
            Some(false) => Cow::Borrowed("false"),
            None => Cow::Borrowed(text),
        },
        Type::Integer | Type::Float => canonical_number(text),
        Type::Date | Type::Datetime => canonical_time(kind, text),
        Type::Null | Type::String | Type::List | Type::Object => Cow::Borrowed(text),
    }
}

fn canonical_number(text: &str) -> Cow<'_, str> {
    match number(text.as_bytes()) {
        Some(Type::Integer) => {
            let whole = text.split('.').next().unwrap_or(text);
            Cow::Borrowed(if whole == "-0" { "0" } else { whole })
        }
        Some(Type::Float) if is_shortest(text.as_bytes()) => Cow::Borrowed(text),
        Some(Type::Float) => match text.parse::<f64>() {
            // Within 2^53 an integral float is that integer exactly.
            Ok(v) if v.fract() == 0.0 && v.abs() < 9_007_199_254_740_992.0 => {
                Cow::Owned((v as i64).to_string())
            }
            // As people write it, while that is short; either way one text per number.
            Ok(v) if (1e-5..1e16).contains(&v.abs()) => Cow::Owned(v.to_string()),
            Ok(v) => Cow::Owned(format!("{v:e}")),
            Err(_) => Cow::Borrowed(text),
        },
        _ => Cow::Borrowed(text),
    }
}

/// The most digits that a float always gives back as they were written.
const SURE_DIGITS: usize = 15;

/// Returns whether a number is written as its canonical text: with few digits, none of them
/// superfluous, and no exponent. Others have to be parsed to know.
fn is_shortest(text: &[u8]) -> bool {
    let text = text.strip_prefix(b"-").unwrap_or(text);
    let whole = digits(text);
    let Some(fraction) = text.get(whole..).and_then(|rest| rest.strip_prefix(b".")) else {
        return false;
    };
    // From 0.00001 on, people write no exponent.
    let small = text.first() == Some(&b'0') && fraction.starts_with(b"0000");
    whole > 0
        && !small
        && whole + fraction.len() <= SURE_DIGITS
        && digits(fraction) == fraction.len()
        && fraction.last().is_some_and(|last| *last != b'0')
}

fn canonical_time(kind: Type, text: &str) -> Cow<'_, str> {
    let Some((date, time)) = datetime(text.as_bytes()) else {
        return Cow::Borrowed(text);
    };
    if time.is_empty() {
        return match kind {
            Type::Datetime => Cow::Owned(format!("{date}T00:00:00")),
            _ => Cow::Borrowed(text),
        };
    }
    let zone_at = time.find(['Z', '+', '-']).unwrap_or(time.len());
    let (clock, zone) = time.split_at(zone_at);
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, ""));
    let seconds = if clock.len() == 5 { ":00" } else { "" };
    let fraction = fraction.trim_end_matches('0');
    let dot = if fraction.is_empty() { "" } else { "." };
    let zone = match zone {
        "Z" | "+00:00" | "+0000" | "-00:00" | "-0000" => "Z".to_owned(),
        _ if zone.len() == 5 => format!("{}:{}", &zone[..3], &zone[3..]),
        _ => zone.to_owned(),
    };
    Cow::Owned(format!("{date}T{clock}{seconds}{dot}{fraction}{zone}"))
}

/// Returns the text in Unicode normalization form C, in which keys, labels and names compare.
pub fn normalized(text: &str) -> Cow<'_, str> {
    if text.is_ascii() || is_nfc_quick(text.chars()) == IsNormalized::Yes {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(text.nfc().collect())
    }
}

/// Returns whether a text is in Unicode normalization form C.
pub fn is_normalized(text: &str) -> bool {
    match is_nfc_quick(text.chars()) {
        IsNormalized::Yes => true,
        IsNormalized::No => false,
        IsNormalized::Maybe => text.chars().eq(text.nfc()),
    }
}
