//! Scales: what it means that two classes differ.

use super::krippendorff::Distance;

/// A scale of measurement.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Scale {
    /// Classes are equal or not.
    Nominal,
    /// Classes have an order.
    Ordinal,
    /// Classes are numbers whose differences mean something.
    Interval,
    /// Classes are numbers from 0 on whose ratios mean something.
    Ratio,
}

impl Scale {
    /// Returns the name, as dver.toml and the command line write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Nominal => "nominal",
            Self::Ordinal => "ordinal",
            Self::Interval => "interval",
            Self::Ratio => "ratio",
        }
    }

    /// Returns the scale of that name.
    pub fn named(name: &str) -> Option<Self> {
        let all = [Self::Nominal, Self::Ordinal, Self::Interval, Self::Ratio];
        all.into_iter().find(|scale| scale.name() == name)
    }

    /// Returns whether classes have an order, so that disagreements can weigh more or less.
    pub fn is_ordered(self) -> bool {
        self != Self::Nominal
    }

    /// Returns whether classes must be numbers.
    pub fn needs_numbers(self) -> bool {
        matches!(self, Self::Interval | Self::Ratio)
    }

    /// Returns the number of each class where the scale needs them, and otherwise none; fails with
    /// the first class that is no number.
    pub fn values<'a>(self, classes: &'a [String]) -> Result<Vec<f64>, &'a String> {
        if !self.needs_numbers() {
            return Ok(Vec::new());
        }
        let value = |class: &'a String| {
            let value = class.parse::<f64>().ok().filter(|value| value.is_finite());
            value.ok_or(class)
        };
        classes.iter().map(value).collect()
    }

    /// Returns how far classes lie apart; `values` are those of [`Self::values`].
    pub fn distance(self, values: &[f64]) -> Distance<'_> {
        match self {
            Self::Nominal => Distance::Nominal,
            Self::Ordinal => Distance::Ordinal,
            Self::Interval => Distance::Interval(values),
            Self::Ratio => Distance::Ratio(values),
        }
    }
}
