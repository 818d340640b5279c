//! Gates on scores of evaluations. The scores come from outside: here they meet bounds.

use crate::base::ObjectId;
use crate::config::{Comparison, GateConfig, Limit};
use crate::record::split_name;

use super::super::selector::Aspect;
use super::{Amount, Found, State};

/// The score that a gate names: `EVAL:SCORE`, `EVAL:SCORE.CLASS`, with `.delta` or `.change`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ScoreOf {
    /// The evaluation.
    pub evaluation: String,
    /// The score.
    pub score: String,
    /// The class that it is about.
    pub class: Option<String>,
    /// Whether its value is meant or its change.
    pub aspect: Aspect,
}

impl ScoreOf {
    /// Returns the score that a gate is about; `None` where it is about something else.
    pub fn of(gate: &GateConfig) -> Option<Self> {
        let (path, aspect) = Aspect::split(&gate.metric);
        let mut names = split_name(path)?.into_iter();
        let first = names.next()?;
        let (evaluation, score) = first.split_once(':')?;
        Some(Self {
            evaluation: evaluation.to_owned(),
            score: score.to_owned(),
            class: names.next(),
            aspect,
        })
    }
}

/// The score of an evaluation as a gate needs it.
#[derive(Clone, PartialEq, Debug)]
pub struct Scored {
    /// What is told.
    pub value: Option<Amount>,
    /// What is held against the bound; where the bound is the base, the change since it.
    pub compared: Option<Amount>,
    /// The interval of what is held against the bound, with the gate's confidence.
    pub interval: Option<(f64, f64)>,
    /// The value in the base.
    pub base_value: Option<Amount>,
    /// The commit that a change was taken against.
    pub base: Option<ObjectId>,
    /// Why there is no value.
    pub why: String,
}

impl Scored {
    /// Returns no score, for a reason.
    pub fn none(why: &str) -> Self {
        Self {
            value: None,
            compared: None,
            interval: None,
            base_value: None,
            base: None,
            why: why.to_owned(),
        }
    }
}

/// Holds a score against the bound of a gate. With a confidence only an interval that is beyond the
/// bound as a whole fails.
pub(super) fn found(gate: &GateConfig, scored: &Scored) -> Found {
    let relative = scored.base.is_some();
    let Some(compared) = scored.compared else {
        return Found {
            relative,
            ..Found::unmeasured(&scored.why)
        };
    };
    let limit = match gate.bound.limit {
        Limit::Number(limit) => limit,
        Limit::Base => 0.0,
    };
    let found = Found {
        value: scored.value,
        base_value: scored.base_value,
        relative,
        ..Found::compared(gate, compared, limit)
    };
    if found.state != State::Failed || gate.confidence.is_none() {
        return found;
    }
    let Some((low, high)) = scored.interval else {
        let why = "there is no interval for its confidence";
        return Found {
            relative,
            ..Found::unmeasured(why)
        };
    };
    let comparison = gate.bound.comparison;
    let reaches = match comparison {
        Comparison::AtMost | Comparison::Below => comparison.holds(low, limit),
        Comparison::AtLeast | Comparison::Above => comparison.holds(high, limit),
        Comparison::Equal => low <= limit && limit <= high,
    };
    let words = format!("interval [{low:.4}, {high:.4}]");
    match reaches {
        true => Found {
            state: State::Passed,
            note: Some(format!("beyond the bound, and its {words} is not")),
            ..found
        },
        false => Found {
            note: Some(words),
            ..found
        },
    }
}
