//! How metrics look: a table of one version, changes between two, a value in the log.

use std::io;

use serde_json::{Value, json};
use unicode_width::UnicodeWidthStr as _;

use super::super::ui::{Style, Ui, count, pad, shorten};
use super::plot::Series;
use crate::evaluate::Comparable;
use crate::ops::metrics::{Changed, Measure};
use crate::quality::Metric;

/// Returns a value as people read it; counts without decimals.
fn number(metric: &Metric, value: Option<f64>) -> String {
    match value {
        None => "undefined".to_owned(),
        Some(value) if value.fract() == 0.0 && value.abs() < 1e15 && is_count(metric) => {
            let digits = count(value.abs() as u64);
            if value < 0.0 {
                format!("-{digits}")
            } else {
                digits
            }
        }
        Some(value) => format!("{value:.4}"),
    }
}

fn is_count(metric: &Metric) -> bool {
    matches!(
        metric.unit.as_str(),
        "records" | "count" | "values" | "classes"
    ) || metric.den.is_some_and(|den| den.0 == 1)
}

/// Returns a change with its sign; empty where nothing changed.
fn change(metric: &Metric, before: Option<f64>, after: Option<f64>) -> String {
    match (before, after) {
        (Some(before), Some(after)) if before == after => String::new(),
        (Some(before), Some(after)) => {
            let difference = after - before;
            let sign = if difference > 0.0 { "+" } else { "" };
            if difference.abs() < 0.000_05 {
                return format!("{sign}{difference:.0e}");
            }
            format!("{sign}{}", number(metric, Some(difference)))
        }
        (None, None) => String::new(),
        (None, Some(_)) => "new".to_owned(),
        (Some(before), None) => format!("was {}", number(metric, Some(before))),
    }
}

/// Returns a metric with its value and, in brackets, its change: one line of plain text.
pub(crate) fn in_words(metric: &Metric) -> String {
    let change = match metric.previous {
        Some(_) => change(metric, metric.previous, metric.value),
        None => String::new(),
    };
    let change = match change.is_empty() {
        true => String::new(),
        false => format!(" ({change})"),
    };
    let name = super::super::ui::clean(&metric.path());
    format!("{name} {}{change}", number(metric, metric.value))
}

/// Writes the metrics of one version, aligned, with the change against the version before.
pub(crate) fn table(ui: &mut Ui, metrics: &[Metric]) -> io::Result<()> {
    let name = |metric: &Metric| shorten(&metric.path(), 44);
    let width = metrics
        .iter()
        .map(|metric| name(metric).width())
        .max()
        .unwrap_or(0);
    for metric in metrics {
        let change = match metric.previous {
            Some(_) => change(metric, metric.previous, metric.value),
            None => String::new(),
        };
        let p = metric.p_value.map(|p| format!("p = {p:.4}"));
        let notes: Vec<String> = p.into_iter().chain(metric.note.clone()).collect();
        let note = match notes.is_empty() {
            true => String::new(),
            false => format!("  ({})", notes.join("; ")),
        };
        let line = format!(
            "  {}  {:>14}  {:>12}  {}{note}",
            pad(&name(metric), width),
            number(metric, metric.value),
            change,
            metric.unit,
        );
        ui.line(line.trim_end())?;
    }
    Ok(())
}

/// Writes metrics that changed.
pub(crate) fn changes(ui: &mut Ui, changed: &[Changed]) -> io::Result<()> {
    let several = changed.len() > 1;
    let name = |dataset: &Changed, metric: &Metric| {
        let path = shorten(&metric.path(), 44);
        if several {
            format!("{}: {path}", dataset.dataset)
        } else {
            path
        }
    };
    let names = changed.iter().flat_map(|dataset| {
        let metrics = dataset.metrics.iter();
        metrics.map(|one| name(dataset, &one.metric).width())
    });
    let widest = names.max().unwrap_or(0);
    for dataset in changed {
        for one in &dataset.metrics {
            let metric = &one.metric;
            let text = format!("{:>12}", change(metric, one.before, one.after));
            let text = ui.paint(Style::Changed, &text);
            let line = format!(
                "    {}  {:>12}  {text}",
                pad(&name(dataset, metric), widest),
                number(metric, one.after),
            );
            ui.line(&line)?;
        }
    }
    Ok(())
}

/// Returns a metric as the log shows it.
pub(crate) fn log_text(measure: &Measure) -> String {
    let metric = &measure.metric;
    let change = match metric.previous {
        Some(_) => change(metric, metric.previous, metric.value),
        None => String::new(),
    };
    let change = if change.is_empty() {
        change
    } else {
        format!(" ({change})")
    };
    let interval = match (metric.low, metric.high) {
        (Some(low), Some(high)) => format!(" [{low:.4}, {high:.4}]"),
        _ => String::new(),
    };
    let test = match measure.comparable {
        Some(Comparable::LabelsChanged) => ", test labels changed",
        Some(Comparable::DifferentTest) => ", another test set",
        Some(Comparable::Yes) | None => "",
    };
    format!(
        "{} {}{interval}{change}{test}",
        measure.asked,
        number(metric, metric.value)
    )
}

/// Returns how a metric went over the versions, for each data set and name that was asked for;
/// `versions` has the newest first, each with its name.
pub(crate) fn series(versions: &[(String, Vec<Measure>)]) -> Vec<Series> {
    let mut all: Vec<(&str, &str)> = Vec::new();
    let measures = versions.iter().flat_map(|(_, measures)| measures);
    for measure in measures {
        let one = (measure.asked.as_str(), measure.dataset.as_str());
        if !all.contains(&one) {
            all.push(one);
        }
    }
    let of = |(asked, dataset): (&str, &str)| {
        let is = |measure: &&Measure| measure.asked == asked && measure.dataset == dataset;
        let own = versions.iter().rev();
        let points = own.map(|(name, measures)| {
            let measure = measures.iter().find(is);
            (name.clone(), measure.and_then(|m| m.metric.value))
        });
        let sample = versions.iter().find_map(|(_, m)| m.iter().find(is));
        let sample = sample.map(|measure| measure.metric.clone());
        let unit = sample.as_ref().map_or("", |metric| metric.unit.as_str());
        Series {
            title: format!("{dataset}: {asked} ({unit})"),
            points: points.collect(),
            number: Box::new(move |value| match &sample {
                Some(metric) => number(metric, Some(value)),
                None => value.to_string(),
            }),
        }
    };
    all.into_iter().map(of).collect()
}

/// Returns a metric as `log --json` gives it.
pub(crate) fn log_json(measure: &Measure) -> Value {
    let metric = &measure.metric;
    let change = metric
        .value
        .zip(metric.previous)
        .map(|(after, before)| after - before);
    let mut out = json!({
        "name": measure.asked, "dataset": measure.dataset, "value": metric.value,
        "change": change,
    });
    if let Some(how) = measure.comparable {
        out["comparable_to_previous"] = how.name().into();
        if how != Comparable::Yes {
            out["test_changed"] = true.into();
        }
    }
    for (name, end) in [("low", metric.low), ("high", metric.high)] {
        if let Some(end) = end {
            out[name] = json!(end);
        }
    }
    out
}
