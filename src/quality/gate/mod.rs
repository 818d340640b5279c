//! Gates: bounds of dver.toml, held against a version of a data set and the base of its change.
//!
//! Invariant: what cannot be measured is `unmeasured`, never passed. A name that means nothing is
//! an error with the nearest names, so that a typo never turns a gate off. Page: docs/gates.md.

use crate::base::{ObjectId, nearest};
use crate::config::{Comparison, GateConfig, Limit};
use crate::object::changes::DatasetChanges;
use crate::record::split_name;

use super::error::Error;
use super::metric::Metric;
use super::selector::{Aspect, Selector};

mod counted;
mod scored;
#[cfg(test)]
mod tests;
mod verdict;

pub use counted::{COUNTED, Counted};
pub use scored::{ScoreOf, Scored};
pub use verdict::{Amount, State, Verdict};

/// What changes are taken against.
pub enum Base<'a> {
    /// Nothing, for this reason.
    None(&'a str),
    /// A version that has the data set.
    Version {
        /// Its commit.
        commit: ObjectId,
        /// Its metrics.
        metrics: &'a [Metric],
        /// What changed since; `None` where nothing did.
        changes: Option<&'a DatasetChanges>,
    },
}

/// What a gate is about.
enum Target {
    /// A metric of the scorecard.
    Metric(Selector),
    /// A count of what changed since the base.
    Counted(&'static Counted),
    /// A score of an evaluation.
    Evaluation,
}

/// Holds a gate against a version with these metrics. `evaluations` are the declared ones; `scored`
/// is the score of one of them that the gate is about, where it is about one.
pub fn judge(
    gate: &GateConfig,
    evaluations: &[&str],
    metrics: &[Metric],
    base: &Base<'_>,
    scored: Option<&Scored>,
) -> Result<Verdict, Error> {
    let found = match target(&gate.metric, evaluations).map_err(|e| e.at(gate.line))? {
        Target::Metric(selector) => {
            of_metric(gate, &selector, metrics, base).map_err(|e| e.at(gate.line))?
        }
        Target::Counted(counted) => of_counted(gate, counted, base),
        Target::Evaluation => match scored {
            Some(scored) => scored::found(gate, scored),
            None => Found::unmeasured("no evaluation"),
        },
    };
    let is_relative = found.relative;
    Ok(Verdict {
        dataset: gate.dataset.clone(),
        metric: gate.metric.clone(),
        bound: gate.bound.text.clone(),
        state: found.state,
        value: found.value,
        base_value: found.base_value,
        base: match base {
            Base::Version { commit, .. } if is_relative => Some(*commit),
            _ => scored.and_then(|scored| scored.base),
        },
        decided: found.decided,
        required: gate.required,
        note: found.note,
        line: gate.line,
    })
}

/// Returns whether a gate needs to know what changed since its base, record by record.
pub fn needs_changes(gate: &GateConfig) -> bool {
    COUNTED.iter().any(|counted| counted.name == gate.metric)
}

fn target(text: &str, evaluations: &[&str]) -> Result<Target, Error> {
    if let Some(counted) = COUNTED.iter().find(|counted| counted.name == text) {
        return Ok(Target::Counted(counted));
    }
    let (path, _) = Aspect::split(text);
    let first = split_name(path).unwrap_or_default().into_iter().next();
    if let Some((name, _)) = first.as_deref().and_then(|first| first.split_once(':')) {
        // Its scores have names of their own, which whoever evaluates knows.
        if evaluations.contains(&name) {
            return Ok(Target::Evaluation);
        }
        let nearest = nearest(name, evaluations.iter().copied()).map(str::to_owned);
        let name = name.to_owned();
        return Err(Error::UnknownEvaluation { name, nearest });
    }
    match Selector::parse(text) {
        Err(Error::UnknownMetric {
            name,
            nearest: None,
        }) => {
            let known = COUNTED.iter().map(|counted| counted.name);
            let nearest = nearest(&name, known).map(str::to_owned);
            Err(Error::UnknownMetric { name, nearest })
        }
        parsed => Ok(Target::Metric(parsed?)),
    }
}

/// What was found of a gate, or of one of the metrics that it names.
struct Found {
    state: State,
    value: Option<Amount>,
    base_value: Option<Amount>,
    decided: Option<Metric>,
    note: Option<String>,
    relative: bool,
}

impl Found {
    fn unmeasured(note: &str) -> Self {
        Self {
            state: State::Unmeasured,
            value: None,
            base_value: None,
            decided: None,
            note: Some(note.to_owned()),
            relative: false,
        }
    }

    /// Compares a value with a limit.
    fn compared(gate: &GateConfig, value: Amount, limit: f64) -> Self {
        let state = match gate.bound.comparison.holds(value.value(), limit) {
            true => State::Passed,
            false => State::Failed,
        };
        Self {
            state,
            value: Some(value),
            note: None,
            ..Self::unmeasured("")
        }
    }

    /// Returns how far the value is beyond the limit; what passes is below 0 or at it.
    fn excess(&self, gate: &GateConfig) -> f64 {
        let value = self.value.map_or(0.0, Amount::value);
        let limit = match gate.bound.limit {
            Limit::Number(limit) => limit,
            Limit::Base => self.base_value.map_or(0.0, Amount::value),
        };
        match gate.bound.comparison {
            Comparison::AtMost | Comparison::Below => value - limit,
            Comparison::AtLeast | Comparison::Above => limit - value,
            Comparison::Equal => (value - limit).abs(),
        }
    }
}

fn of_counted(gate: &GateConfig, counted: &Counted, base: &Base<'_>) -> Found {
    let relative = true;
    let changes = match base {
        Base::None(why) => {
            return Found {
                relative,
                ..Found::unmeasured(why)
            };
        }
        Base::Version { changes, .. } => *changes,
    };
    let Limit::Number(limit) = gate.bound.limit else {
        let why = "what changed since the base has no value in the base";
        return Found {
            relative,
            ..Found::unmeasured(why)
        };
    };
    let value = Amount::count(changes.map_or(0, counted.count));
    Found {
        relative,
        note: changes.and_then(counted.names),
        ..Found::compared(gate, value, limit)
    }
}

/// Judges each metric that the selector names; the worst decides.
fn of_metric(
    gate: &GateConfig,
    selector: &Selector,
    metrics: &[Metric],
    base: &Base<'_>,
) -> Result<Found, Error> {
    let relative = selector.aspect != Aspect::Value || gate.bound.limit == Limit::Base;
    let older: &[Metric] = match base {
        Base::None(_) => &[],
        Base::Version { metrics, .. } => metrics,
    };
    let named = selector.named(metrics, older);
    if named.is_empty() {
        if let (true, Base::None(why)) = (selector.name.starts_with("drift_"), base) {
            return Ok(Found::unmeasured(why)); // a number of two versions
        }
        if selector.field.is_some() && selector.named(older, &[]).is_empty() {
            let both: Vec<Metric> = metrics.iter().chain(older).cloned().collect();
            selector.resolve(&both)?;
        }
        return Ok(Found::unmeasured("this version has no such number"));
    }
    let several = named.len() > 1;
    let mut worst: Option<Found> = None;
    for metric in named {
        let mut found = of_one(gate, selector.aspect, &metric, base);
        found.relative = relative;
        found.decided = several.then_some(metric);
        let is_worse = worst.as_ref().is_none_or(|worst| {
            let rank = |found: &Found| match found.state {
                State::Failed => 2,
                State::Unmeasured => 1,
                State::Passed => 0,
            };
            (rank(&found), found.excess(gate)) > (rank(worst), worst.excess(gate))
        });
        if is_worse {
            worst = Some(found);
        }
    }
    Ok(worst.unwrap_or_else(|| Found::unmeasured("this version has no such number")))
}

fn of_one(gate: &GateConfig, aspect: Aspect, metric: &Metric, base: &Base<'_>) -> Found {
    let before = match base {
        Base::None(_) => None,
        Base::Version { metrics, .. } => Selector::counterpart(metric, metrics),
    };
    let base_value = before.as_ref().and_then(Amount::of);
    let found = compare(gate, aspect, metric, (base, base_value));
    Found {
        base_value,
        ..found
    }
}

fn compare(
    gate: &GateConfig,
    aspect: Aspect,
    metric: &Metric,
    (base, base_value): (&Base<'_>, Option<Amount>),
) -> Found {
    let Some(now) = Amount::of(metric) else {
        return Found::unmeasured(metric.note.as_deref().unwrap_or("it is undefined"));
    };
    if let (Aspect::Value, Limit::Number(limit)) = (aspect, gate.bound.limit) {
        return Found::compared(gate, now, limit);
    }
    let before = match (base, base_value) {
        (_, Some(before)) => before,
        (Base::None(why), _) => return Found::unmeasured(why),
        (Base::Version { .. }, None) => {
            return Found::unmeasured("the base has no such number");
        }
    };
    let change = now.minus(before);
    match (aspect, gate.bound.limit) {
        (Aspect::Value, Limit::Base) => Found::compared(gate, now, before.value()),
        (Aspect::Delta, Limit::Number(limit)) => Found::compared(gate, change, limit),
        (Aspect::Change, Limit::Number(limit)) => match change.over(before) {
            Some(share) => Found::compared(gate, share, limit),
            None if change.value() == 0.0 => Found::compared(gate, change, limit),
            None => Found::unmeasured("its value in the base is 0"),
        },
        // `config` refuses these: a change is taken against the base already.
        (Aspect::Delta | Aspect::Change, Limit::Base) | (Aspect::Value, Limit::Number(_)) => {
            Found::unmeasured("a change has no value in the base")
        }
    }
}
