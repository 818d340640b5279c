//! Time: whole seconds, written as RFC 3339 in UTC.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A moment, in whole seconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// Takes seconds since the epoch, within the years that RFC 3339 can write.
    pub fn from_seconds(seconds: i64) -> Option<Self> {
        let first = -62_167_219_200; // 0000-01-01T00:00:00Z
        let last = 253_402_207_200; // the last moment that jiff can write in any time zone
        (first..=last).contains(&seconds).then_some(Self(seconds))
    }

    /// Returns seconds since the epoch.
    pub fn seconds(self) -> i64 {
        self.0
    }

    /// Reads RFC 3339 text such as `2026-01-31T12:00:00Z`.
    pub fn parse(text: &str) -> Option<Self> {
        text.parse::<jiff::Timestamp>()
            .ok()
            .and_then(|at| Self::from_seconds(at.as_second()))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_second(self.0) {
            Ok(at) => write!(f, "{}", at.strftime("%Y-%m-%dT%H:%M:%SZ")),
            Err(_) => write!(f, "@{}", self.0),
        }
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("not an RFC 3339 time"))
    }
}

/// Where the time comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// The machine's clock.
    System,
    /// One moment, given from outside (`SOURCE_DATE_EPOCH`, tests).
    Fixed(Timestamp),
}

impl Clock {
    /// Returns the time now.
    pub fn now(self) -> Timestamp {
        match self {
            Self::System => Timestamp(jiff::Timestamp::now().as_second()),
            Self::Fixed(at) => at,
        }
    }
}
