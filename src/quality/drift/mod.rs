//! Drift: how far two distributions of a field's values lie apart.
//!
//! Between versions that share records it is a description: value and counts, no p. Samples of
//! different records, such as two splits, have a p-value, too. Formulas: docs/quality.md, "Drift".

mod chi_square;

use std::collections::{BTreeMap, BTreeSet};

use crate::base::elementary::{ln, log2};
use crate::object::{self, DatasetScore, ObjectSource, Schema, State, Values};
use crate::profile::Bin;
use crate::record::Role;

use super::metric::{Metric, Value};
use super::metrics::{drift_js, drift_psi};
use super::numbers;
use super::read::of_definition;
use super::sets;

pub(super) use chi_square::above;

/// Shares below this are taken for it, so that a class that is new or gone has a logarithm.
const FLOOR: f64 = 1e-4;

/// How often each value stands in a set of records.
pub(super) use super::sets::Counts;

/// Two distributions over the values of both.
pub(super) struct Pair {
    /// Counts of the reference and of what is compared with it, value by value.
    counts: Vec<(u64, u64)>,
    totals: (u64, u64),
}

impl Pair {
    /// Returns the pair; `None` where one side has no values.
    pub(super) fn of(reference: &Counts, other: &Counts) -> Option<Self> {
        let values: BTreeSet<&String> = reference.keys().chain(other.keys()).collect();
        let count = |counts: &Counts, value: &String| counts.get(value).copied().unwrap_or(0);
        let both = |value| (count(reference, value), count(other, value));
        let counts: Vec<(u64, u64)> = values.into_iter().map(both).collect();
        let counts: Vec<_> = counts.into_iter().filter(|(a, b)| a + b > 0).collect();
        let totals = counts.iter().fold((0, 0), |(a, b), (c, d)| (a + c, b + d));
        (totals.0 > 0 && totals.1 > 0).then_some(Self { counts, totals })
    }

    fn shares(&self) -> impl Iterator<Item = (f64, f64)> {
        let (a, b) = (self.totals.0 as f64, self.totals.1 as f64);
        self.counts
            .iter()
            .map(move |(of_a, of_b)| (*of_a as f64 / a, *of_b as f64 / b))
    }

    /// Returns the population stability index.
    pub(super) fn psi(&self) -> f64 {
        let floored = |share: f64| share.max(FLOOR);
        let sums = self.shares().fold((0.0, 0.0), |(p, q), (a, b)| {
            (p + floored(a), q + floored(b))
        });
        self.shares().fold(0.0, |psi, (a, b)| {
            let (p, q) = (floored(a) / sums.0, floored(b) / sums.1);
            psi + (q - p) * ln(q / p)
        })
    }

    /// Returns the Jensen-Shannon distance to base 2: from 0 to 1.
    pub(super) fn js(&self) -> f64 {
        let part = |share: f64, middle: f64| match share > 0.0 {
            true => share * log2(share / middle),
            false => 0.0,
        };
        let divergence = self.shares().fold(0.0, |sum, (p, q)| {
            let middle = (p + q) / 2.0;
            sum + (part(p, middle) + part(q, middle)) / 2.0
        });
        divergence.clamp(0.0, 1.0).sqrt()
    }

    /// Returns the probability of a PSI at least as large between two samples of one distribution:
    /// then PSI / (1/n + 1/m) is chi-square with one degree of freedom less than there are values.
    pub(super) fn p_value(&self) -> Option<f64> {
        let degrees = self
            .counts
            .len()
            .checked_sub(1)
            .filter(|degrees| *degrees > 0)?;
        let (n, m) = (self.totals.0 as f64, self.totals.1 as f64);
        Some(above(self.psi() / (1.0 / n + 1.0 / m), degrees as f64))
    }

    /// Returns the counts in words: of records, or of the classes in their sets.
    pub(super) fn note(&self, sets: bool) -> String {
        let (n, m) = self.totals;
        let what = if sets { "labels" } else { "records" };
        format!("{m} {what} against {n}")
    }
}

/// The values of a field of one version: one by one, or numbers by their size.
enum Sealed {
    Values {
        label: bool,
        sets: bool,
        counts: Counts,
    },
    Numbers(BTreeMap<Bin, u64>),
}

impl Sealed {
    /// Returns the numbers by their size; `None` where not all are numbers.
    fn numbers(&self) -> Option<BTreeMap<Bin, u64>> {
        let counts = match self {
            Self::Numbers(bins) => return Some(bins.clone()),
            Self::Values { counts, .. } => counts,
        };
        let mut bins = BTreeMap::new();
        for (value, count) in counts {
            *bins.entry(Bin::of_number(value)?).or_insert(0) += count;
        }
        Some(bins)
    }

    /// Compares a field with what it was in an older version.
    fn since(&self, older: &Self, renamed: impl Fn(&Counts) -> Counts) -> Option<Pair> {
        match (older, self) {
            (Self::Values { counts: old, .. }, Self::Values { label, counts, .. }) => match label {
                true => Pair::of(&renamed(old), counts),
                false => Pair::of(old, counts),
            },
            _ => {
                let [old, new] = numbers::in_groups(&older.numbers()?, &self.numbers()?);
                Pair::of(&old, &new)
            }
        }
    }
}

/// Returns the drift of each field since an older version, for fields whose values both sealed, or
/// their numbers.
pub fn drift_since(
    source: &dyn ObjectSource,
    before: &DatasetScore,
    after: &DatasetScore,
    renames: &Renames,
) -> Result<Vec<Metric>, object::Error> {
    let old = values(source, before)?;
    let new = values(source, after)?;
    let mut metrics = Vec::new();
    for definition in [&drift_psi::METRIC, &drift_js::METRIC] {
        for (field, now) in &new {
            let pair = old
                .get(field)
                .and_then(|old| now.since(old, |old| renames.applied(field, old)));
            let Some(pair) = pair else {
                continue;
            };
            let drift = match definition.name == drift_psi::METRIC.name {
                true => pair.psi(),
                false => pair.js(),
            };
            let mut value = Value::real(drift).field(field);
            let sets = matches!(now, Sealed::Values { sets: true, .. });
            value.note = Some(format!("{} in the version before", pair.note(sets)));
            metrics.push(of_definition(definition, value));
        }
    }
    Ok(metrics)
}

/// Returns the drift of each field that has metrics, where there is no version to drift from.
pub fn no_drift(metrics: &[Metric]) -> Vec<Metric> {
    let fields: BTreeSet<&String> = metrics.iter().filter_map(|m| m.field.as_ref()).collect();
    let definitions = [&drift_psi::METRIC, &drift_js::METRIC];
    let of = |definition| {
        let undefined = |field: &&String| {
            let value = Value::undefined("there is no version before").field(field);
            of_definition(definition, value)
        };
        fields.iter().map(undefined).collect::<Vec<_>>()
    };
    definitions.into_iter().flat_map(of).collect()
}

/// Classes of labels that only got another name: old -> new.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Renames {
    /// Those that are declared, of whatever label field.
    pub declared: BTreeMap<String, String>,
    /// Those that were found, by label field: a class of another one may have kept the old name.
    pub found: BTreeMap<String, BTreeMap<String, String>>,
}

impl Renames {
    /// Returns the classes of a field under their new names.
    fn applied(&self, field: &str, counts: &Counts) -> Counts {
        let found = self.found.get(field);
        let mut out = Counts::new();
        for (value, count) in counts {
            let name = found.and_then(|found| found.get(value));
            let name = name.or_else(|| self.declared.get(value)).unwrap_or(value);
            *out.entry(name.clone()).or_insert(0) += count;
        }
        out
    }
}

/// Returns the sealed values of each field that seals them or its numbers.
fn values(
    source: &dyn ObjectSource,
    score: &DatasetScore,
) -> Result<BTreeMap<String, Sealed>, object::Error> {
    let state: State = object::get(source, &score.state)?;
    let schema: Schema = object::get(source, &score.schema)?;
    let mut out = BTreeMap::new();
    for (state, schema) in state.fields.iter().zip(&schema.fields) {
        let is = |role: Role| schema.roles.iter().any(|name| name == role.name());
        // Keys and texts are other values by their nature.
        let nature = is(Role::Key) || is(Role::Text);
        let sealed = match (state.values, state.numbers) {
            _ if nature => continue,
            (Some(id), _) => {
                let values: Values = object::get(source, &id)?;
                let label = is(Role::Label);
                let sets = label && sets::is_set(schema);
                let counts = match sets {
                    true => sets::counts(schema, &values),
                    false => values
                        .values
                        .into_iter()
                        .map(|(v, n)| (v.to_string(), n))
                        .collect(),
                };
                Sealed::Values {
                    label,
                    sets,
                    counts,
                }
            }
            (None, Some(id)) => Sealed::Numbers(numbers::binned(source, &id)?),
            (None, None) => continue,
        };
        out.insert(state.name.clone(), sealed);
    }
    Ok(out)
}

#[cfg(test)]
mod tests;
