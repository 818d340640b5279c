//! Reading: the metrics of a sealed scorecard.
//!
//! Sealed results are given as they were sealed, with the version of their definition; the others
//! are derived from the state, in the order of the registry.

use crate::object::{self, DatasetScore, MetricResult, ObjectSource, Schema, Scorecard, State};

use super::error::Error;
use super::metric::{Definition, Metric, Number, Value};
use super::metrics::{REGISTRY, definition};
use super::score::Subject;

/// Returns the metrics of a data set of a scorecard.
pub fn metrics_of(
    source: &dyn ObjectSource,
    scorecard: &Scorecard,
    dataset: &str,
) -> Result<Vec<Metric>, Error> {
    let score = scorecard
        .datasets
        .iter()
        .find(|score| score.name == dataset);
    let score = score.ok_or_else(|| Error::UnknownDataset {
        name: dataset.to_owned(),
    })?;
    Ok(dataset_metrics(source, score)?)
}

/// Returns the metrics of one data set's score, in the order of the registry.
pub fn dataset_metrics(
    source: &dyn ObjectSource,
    score: &DatasetScore,
) -> Result<Vec<Metric>, object::Error> {
    let schema: Schema = object::get(source, &score.schema)?;
    let state: State = object::get(source, &score.state)?;
    if schema.fields.len() != state.fields.len() {
        return Err(object::Error::corrupt(
            score.state,
            "it has other fields than its schema",
        ));
    }
    let subject = Subject::read(source, &schema, &state)?;
    let mut metrics = Vec::new();
    for definition in REGISTRY {
        if definition.sealed {
            let results = score.results.iter();
            let named = results.filter(|result| result.name == definition.name);
            metrics.extend(named.map(sealed));
        } else {
            for value in (definition.compute)(&subject) {
                metrics.push(of_definition(definition, value));
            }
        }
    }
    // What a later version sealed under a name that this one does not know is shown as it is.
    let unknown = score
        .results
        .iter()
        .filter(|r| definition(&r.name).is_none());
    metrics.extend(unknown.map(sealed));
    Ok(metrics)
}

fn sealed(result: &MetricResult) -> Metric {
    let defined = result.num.filter(|_| result.den.0 != 0);
    Metric {
        name: result.name.clone(),
        field: result.field.clone(),
        class: result.class.clone(),
        value: defined.map(|num| num.0 as f64 / result.den.0 as f64),
        num: defined,
        den: defined.map(|_| result.den),
        low: None,
        high: None,
        exact: true,
        unit: definition(&result.name).map_or("", |d| d.unit).to_owned(),
        version: result.version,
        previous: None,
        p_value: None,
        note: result.note.clone(),
    }
}

/// Returns the metric that a computed number of a definition is.
pub(super) fn of_definition(definition: &Definition, value: Value) -> Metric {
    derived(definition.name, definition.unit, definition.version, value)
}

/// Returns the metric that a computed number is.
pub fn derived(name: &str, unit: &str, version: u32, value: Value) -> Metric {
    let (number, ratio) = match value.number {
        Number::Undefined => (None, None),
        Number::Ratio(num, den) => (Some(num as f64 / den as f64), Some((num, den))),
        Number::Real(real) => (Some(real), None),
    };
    Metric {
        name: name.to_owned(),
        field: value.field,
        class: value.class,
        value: number.filter(|number| number.is_finite()),
        num: ratio.map(|(num, _)| num.into()),
        den: ratio.map(|(_, den)| den.into()),
        low: value.interval.map(|(low, _)| low),
        high: value.interval.map(|(_, high)| high),
        exact: value.interval.is_none(),
        unit: unit.to_owned(),
        version,
        previous: None,
        p_value: value.p_value,
        note: value.note,
    }
}
