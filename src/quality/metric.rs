//! Metrics: one named number with a definition version, as `quality --json` prints it.

use serde::{Serialize, Serializer};

use crate::object::Int;
use crate::record::quote_name;

use super::score::Subject;

/// How a metric is defined: one constant in each file of `metrics/`.
pub struct Definition {
    /// Its name.
    pub name: &'static str,
    /// Rises when the same data would give another number.
    pub version: u32,
    /// The unit of its numbers.
    pub unit: &'static str,
    /// The formula, in one sentence.
    pub formula: &'static str,
    /// Whether its numbers are sealed in scorecards; others are derived from the sealed state.
    pub sealed: bool,
    /// How early a change of it is shown where there is room for a few: 0 first.
    pub rank: u8,
    /// Computes its numbers, in the order of fields and classes.
    pub compute: fn(&Subject<'_>) -> Vec<Value>,
}

/// One number that a definition computes.
#[derive(Clone, PartialEq, Debug)]
pub struct Value {
    /// The field that it is about.
    pub field: Option<String>,
    /// The label class that it is about.
    pub class: Option<String>,
    /// The number.
    pub number: Number,
    /// The probability of a value at least as large by chance, where samples can be compared.
    pub p_value: Option<f64>,
    /// Between which numbers it lies, where it is estimated.
    pub interval: Option<(f64, f64)>,
    /// Why it is undefined, or what else a reader must know.
    pub note: Option<String>,
}

/// A number, exact where it is a ratio of integers.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Number {
    /// There is none.
    Undefined,
    /// Numerator and denominator, which is not 0; 1 for counts.
    Ratio(u64, u64),
    /// A number derived from integers.
    Real(f64),
}

impl Value {
    /// Returns a count.
    pub fn count(count: u64) -> Self {
        Self::ratio(count, 1)
    }

    /// Returns a ratio.
    pub fn ratio(num: u64, den: u64) -> Self {
        Self::of(Number::Ratio(num, den))
    }

    /// Returns a number that is no ratio of integers.
    pub fn real(value: f64) -> Self {
        Self::of(Number::Real(value))
    }

    /// Returns an undefined number with the reason.
    pub fn undefined(note: &str) -> Self {
        let mut value = Self::of(Number::Undefined);
        value.note = Some(note.to_owned());
        value
    }

    /// Returns the count, or an undefined number with the reason.
    pub fn count_or(count: Option<u64>, note: &str) -> Self {
        count.map_or_else(|| Self::undefined(note), Self::count)
    }

    fn of(number: Number) -> Self {
        Self {
            field: None,
            class: None,
            number,
            p_value: None,
            interval: None,
            note: None,
        }
    }

    /// Says between which numbers an estimate lies.
    pub fn within(mut self, low: f64, high: f64) -> Self {
        self.interval = Some((low, high));
        self.note = Some(format!("between {low} and {high}"));
        self
    }

    /// Names the field that the number is about.
    pub fn field(mut self, field: &str) -> Self {
        self.field = Some(field.to_owned());
        self
    }

    /// Names the class that the number is about.
    pub fn class(mut self, class: &str) -> Self {
        self.class = Some(class.to_owned());
        self
    }
}

/// A metric of one version of a data set.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Metric {
    /// The name of its definition.
    pub name: String,
    /// The field that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// The label class that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// Its value; `None` where it is undefined.
    #[serde(serialize_with = "number")]
    pub value: Option<f64>,
    /// The numerator of a ratio of integers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub num: Option<Int>,
    /// The denominator: 1 for counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub den: Option<Int>,
    /// The lower end of its interval, where it is estimated.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "number")]
    pub low: Option<f64>,
    /// The upper end.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "number")]
    pub high: Option<f64>,
    /// Whether it is exact, not estimated.
    pub exact: bool,
    /// The unit.
    pub unit: String,
    /// The version of its definition.
    pub version: u32,
    /// Its value in the version that this one is compared with.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "number")]
    pub previous: Option<f64>,
    /// The probability of a value at least as large by chance, where samples can be compared.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "number")]
    pub p_value: Option<f64>,
    /// Why it is undefined, or what else a reader must know.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl Metric {
    /// Returns its name as people and gates write it: `NAME.FIELD.CLASS`.
    pub fn path(&self) -> String {
        let parts = [Some(&self.name), self.field.as_ref(), self.class.as_ref()];
        let parts: Vec<_> = parts.into_iter().flatten().map(|p| quote_name(p)).collect();
        parts.join(".")
    }

    /// Returns whether both are the same metric of the same field and class.
    pub fn is_same(&self, other: &Self) -> bool {
        self.name == other.name && self.field == other.field && self.class == other.class
    }
}

/// Writes whole numbers without a fraction, and what is not finite as null.
fn number<S: Serializer>(value: &Option<f64>, serializer: S) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) if value.fract() == 0.0 && value.abs() < 9_007_199_254_740_992.0 => {
            serializer.serialize_i64(*value as i64)
        }
        Some(value) if value.is_finite() => serializer.serialize_f64(*value),
        _ => serializer.serialize_none(),
    }
}
