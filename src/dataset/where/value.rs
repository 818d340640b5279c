//! Values as conditions compare them: numbers by value, dates by time, texts in NFC.

use std::cmp::Ordering;

use crate::record::{Cell, Type, canonical, normalized};

/// A value with what decides how it compares.
#[derive(Clone, Copy, Debug)]
pub(super) enum Comparable<'a> {
    /// Of a field of this type.
    Field(Type, &'a str),
    /// A number that was written.
    Number(&'a str),
    /// `true` or `false` that was written.
    Boolean(bool),
    /// A text that was written: it compares as the other side does.
    Text(&'a str),
}

impl<'a> Comparable<'a> {
    fn text(self) -> &'a str {
        match self {
            Self::Field(_, text) | Self::Number(text) | Self::Text(text) => text,
            Self::Boolean(true) => "true",
            Self::Boolean(false) => "false",
        }
    }

    /// Returns the type that this side wants both to compare by; text that was written wants none.
    fn kind(self) -> Option<Type> {
        match self {
            Self::Field(kind, _) => Some(kind),
            Self::Number(_) => Some(Type::Float),
            Self::Boolean(_) => Some(Type::Boolean),
            Self::Text(_) => None,
        }
    }
}

/// Returns how two values compare; `None` where they do not, and then they are not equal.
pub(super) fn order(a: Comparable<'_>, b: Comparable<'_>) -> Option<Ordering> {
    let kind = match (a, b) {
        // What is written as a number or a truth value compares with every value that is one.
        (Comparable::Number(_), _) | (_, Comparable::Number(_)) => Type::Float,
        (Comparable::Boolean(_), _) | (_, Comparable::Boolean(_)) => Type::Boolean,
        _ => match (a.kind(), b.kind()) {
            (Some(a), Some(b)) => a.join(b),
            (Some(kind), None) | (None, Some(kind)) => kind,
            (None, None) => Type::String,
        },
    };
    let (a, b) = (a.text(), b.text());
    let found = match kind {
        Type::Integer | Type::Float => number(a).and_then(|a| a.order(number(b)?)),
        Type::Boolean => boolean(a).and_then(|a| Some(a.cmp(&boolean(b)?))),
        Type::Date | Type::Datetime => time(a).and_then(|a| Some(a.cmp(&time(b)?))),
        Type::Null | Type::String | Type::List | Type::Object => {
            Some(normalized(a).cmp(&normalized(b)))
        }
    };
    found.or_else(|| (a == b).then_some(Ordering::Equal))
}

/// Returns whether a value of a field of this type equals a text, as `field = 'text'` would say.
pub fn equals_text(kind: Type, value: &str, text: &str) -> bool {
    order(Comparable::Field(kind, value), Comparable::Text(text)) == Some(Ordering::Equal)
}

#[derive(Clone, Copy)]
enum Number {
    Whole(i64),
    Broken(f64),
}

impl Number {
    fn order(self, other: Self) -> Option<Ordering> {
        let float = |number: Self| match number {
            Self::Whole(n) => n as f64,
            Self::Broken(x) => x,
        };
        match (self, other) {
            (Self::Whole(a), Self::Whole(b)) => Some(a.cmp(&b)),
            (a, b) => float(a).partial_cmp(&float(b)),
        }
    }
}

fn number(text: &str) -> Option<Number> {
    let cell = Cell::text(text);
    let kind = Type::of(cell);
    match kind {
        // `17.0` is 17, and 1e3 is 1000.
        Type::Integer | Type::Float => {
            let text = canonical(kind, cell);
            let whole = text.parse().ok().map(Number::Whole);
            whole.or_else(|| text.parse().ok().map(Number::Broken))
        }
        _ => None,
    }
}

fn boolean(text: &str) -> Option<bool> {
    let cell = Cell::text(text);
    match Type::of(cell) {
        Type::Boolean => Some(canonical(Type::Boolean, cell) == "true"),
        _ => None,
    }
}

/// A point in time: minutes and seconds since a day long ago, then the digits of the fraction.
/// Without a zone it is taken for UTC.
fn time(text: &str) -> Option<(i64, String)> {
    let cell = Cell::text(text);
    if !matches!(Type::of(cell), Type::Date | Type::Datetime) {
        return None;
    }
    // `2026-01-31T12:00:00.5+09:00`, whatever it was written like.
    let text = canonical(Type::Datetime, cell);
    let part = |from: usize, to: usize| text.get(from..to)?.parse::<i64>().ok();
    let days = days(part(0, 4)?, part(5, 7)?, part(8, 10)?);
    let seconds = part(11, 13)? * 3600 + part(14, 16)? * 60 + part(17, 19)?;
    let rest = text.get(19..)?;
    let zone_at = rest.find(['Z', '+', '-']).unwrap_or(rest.len());
    let (fraction, zone) = rest.split_at(zone_at);
    let offset = match zone.as_bytes() {
        [sign @ (b'+' | b'-'), ..] => {
            let hours: i64 = zone.get(1..3)?.parse().ok()?;
            let minutes: i64 = zone.get(4..6)?.parse().ok()?;
            let size = hours * 3600 + minutes * 60;
            if *sign == b'+' { size } else { -size }
        }
        _ => 0,
    };
    let fraction = fraction.trim_start_matches('.').to_owned();
    Some((days * 86_400 + seconds - offset, fraction))
}

/// Counts days of the Gregorian calendar.
fn days(year: i64, month: i64, day: i64) -> i64 {
    // The year begins in March, so that the leap day is its last.
    let (year, month) = match month {
        1 | 2 => (year - 1, month + 9),
        _ => (year, month - 3),
    };
    let leaps = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    year * 365 + leaps + (month * 153 + 2) / 5 + day
}
