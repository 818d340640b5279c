//! Verdicts: what gates find of one version of a data set.
//!
//! Invariant: differences and shares of integers stay ratios of integers until they are compared,
//! so that 0.31 - 0.30 is within `<= 0.01`.

use crate::base::ObjectId;
use crate::object::{GateVerdict, Int};

use super::super::metric::Metric;

/// How a gate stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    /// The value is within the bound.
    Passed,
    /// The value is beyond the bound.
    Failed,
    /// There is no value, or nothing to take its change against.
    Unmeasured,
}

impl State {
    /// Returns the word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Unmeasured => "unmeasured",
        }
    }
}

/// A number that a gate compares.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Amount {
    /// Numerator and denominator, which is above 0; without common factors.
    Ratio(i128, i128),
    /// A number that is no ratio of integers, such as an entropy.
    Real(f64),
}

impl Amount {
    /// Returns the value of a metric; `None` where it is undefined.
    pub fn of(metric: &Metric) -> Option<Self> {
        match (metric.num, metric.den, metric.value) {
            (Some(num), Some(den), _) => Self::ratio(num.0, den.0),
            (_, _, Some(value)) if value.is_finite() => Some(Self::Real(value)),
            _ => None,
        }
    }

    /// Returns a count.
    pub fn count(count: u64) -> Self {
        Self::Ratio(i128::from(count), 1)
    }

    /// Returns a ratio; `None` where there is none.
    pub fn ratio(num: i128, den: i128) -> Option<Self> {
        if den == 0 || num == i128::MIN || den == i128::MIN {
            return None;
        }
        let common = common_divisor(num.unsigned_abs(), den.unsigned_abs());
        // It divides both, so that it is no larger than they are.
        let common = i128::try_from(common).ok()? * den.signum();
        Some(Self::Ratio(num / common, den / common))
    }

    /// Returns it as a float, rounded once.
    pub fn value(self) -> f64 {
        match self {
            Self::Ratio(num, den) => num as f64 / den as f64,
            Self::Real(value) => value,
        }
    }

    /// Returns how much more it is than another.
    pub fn minus(self, other: Self) -> Self {
        let exact = || {
            let (Self::Ratio(a, b), Self::Ratio(c, d)) = (self, other) else {
                return None;
            };
            let num = a.checked_mul(d)?.checked_sub(c.checked_mul(b)?)?;
            Self::ratio(num, b.checked_mul(d)?)
        };
        exact().unwrap_or_else(|| Self::Real(self.value() - other.value()))
    }

    /// Returns it as a share of another; `None` where that is 0.
    pub fn over(self, other: Self) -> Option<Self> {
        if other.value() == 0.0 {
            return None;
        }
        let exact = || {
            let (Self::Ratio(a, b), Self::Ratio(c, d)) = (self, other) else {
                return None;
            };
            Self::ratio(a.checked_mul(d)?, b.checked_mul(c)?)
        };
        Some(exact().unwrap_or_else(|| Self::Real(self.value() / other.value())))
    }

    /// Returns it as commits seal it: a number that is no ratio is rounded to billionths.
    fn sealed(self) -> Option<(Int, Int)> {
        const BILLION: i128 = 1_000_000_000;
        match self {
            Self::Ratio(num, den) => Some((Int(num), Int(den))),
            Self::Real(value) => {
                let rounded = (value * BILLION as f64).round();
                (rounded.abs() < 1e30).then_some((Int(rounded as i128), Int(BILLION)))
            }
        }
    }
}

fn common_divisor(mut a: u128, mut b: u128) -> u128 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

/// What a gate found.
#[derive(Clone, PartialEq, Debug)]
pub struct Verdict {
    /// The data set.
    pub dataset: String,
    /// The metric, as dver.toml names it.
    pub metric: String,
    /// The bound, as dver.toml writes it.
    pub bound: String,
    /// How it stands.
    pub state: State,
    /// The value that was compared; `None` where it is unmeasured.
    pub value: Option<Amount>,
    /// The metric's own value in the base, where there is one.
    pub base_value: Option<Amount>,
    /// The version that the change was taken against, where the gate is about a change.
    pub base: Option<ObjectId>,
    /// The metric that decided, where dver.toml names several at once.
    pub decided: Option<Metric>,
    /// Whether it refuses where it is unmeasured.
    pub required: bool,
    /// Why it is unmeasured, or what else a reader should know.
    pub note: Option<String>,
    /// The line in dver.toml, counted from 1.
    pub line: usize,
}

impl Verdict {
    /// Returns whether it refuses the version.
    pub fn refuses(&self) -> bool {
        self.state == State::Failed || (self.state == State::Unmeasured && self.required)
    }

    /// Returns it as a commit seals it.
    pub fn sealed(&self) -> GateVerdict {
        GateVerdict {
            dataset: self.dataset.clone(),
            metric: self.metric.clone(),
            bound: self.bound.clone(),
            value: self.value.and_then(Amount::sealed),
            state: self.state.name().to_owned(),
        }
    }
}
