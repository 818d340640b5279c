//! How agreement looks: coefficients with their intervals, and work lists of outvoted ratings.

use std::io;

use serde_json::json;
use unicode_width::UnicodeWidthStr as _;

use super::super::command::agree::FormatArg;
use super::super::ui::{Style, Ui, count, counted, pad, shorten};
use super::diff_csv::cell;
use crate::base::ObjectId;
use crate::ops::agree::{AgreeReport, Agreement, Consensus, ConsensusReport, Under};
use crate::ops::find::FindReport;

fn heading(commit: Option<ObjectId>) -> String {
    match commit {
        Some(id) => format!("Version {}", id.short()),
        None => "The working files".to_owned(),
    }
}

/// Writes the coefficients of data sets.
pub(crate) fn agreement(ui: &mut Ui, reports: &[AgreeReport], format: FormatArg) -> io::Result<()> {
    if format == FormatArg::Csv {
        ui.line(
            "dataset,metric,field,class,annotator_1,annotator_2,guideline,value,low,high,note",
        )?;
    }
    for report in reports {
        match format {
            FormatArg::Text => text(ui, report)?,
            FormatArg::Csv => {
                for agreement in &report.agreements {
                    ui.line(&row(&report.dataset, agreement))?;
                }
            }
            FormatArg::Jsonl => ui.json_line(&json!({
                "commit": report.commit, "dataset": report.dataset, "scales": report.scales,
                "metrics": report.agreements, "notes": report.notes,
            }))?,
        }
    }
    Ok(())
}

/// Says under which guideline labels were made.
fn under(guideline: &Under) -> String {
    let content = guideline.content.map(|id| id.short().to_string());
    match (&guideline.path, &guideline.name) {
        (Some(path), _) => {
            let content = content.unwrap_or_else(|| "none".to_owned());
            let commit = guideline
                .commit
                .map(|id| id.short().to_string())
                .unwrap_or_default();
            format!(
                "{path} {content}, {} commit {commit}",
                guideline.at.unwrap_or_default()
            )
        }
        (None, Some(name)) => name.clone(),
        (None, None) => "no guideline".to_owned(),
    }
}

fn text(ui: &mut Ui, report: &AgreeReport) -> io::Result<()> {
    let name = ui.paint(Style::Heading, &report.dataset);
    let scales = report.scales.join(", ");
    ui.line(&format!(
        "{}, data set {name} ({scales})",
        heading(report.commit)
    ))?;
    let label = |agreement: &Agreement| shorten(&agreement.metric.path(), 48);
    let width = report
        .agreements
        .iter()
        .map(|one| label(one).width())
        .max()
        .unwrap_or(0);
    let mut part = (None, None);
    for agreement in &report.agreements {
        let now = (agreement.pair.clone(), agreement.guideline.clone());
        if now != part {
            if let Some((a, b)) = &now.0 {
                ui.line(&format!("  {} - {}", shorten(a, 40), shorten(b, 40)))?;
            }
            if let Some(guideline) = &now.1 {
                ui.line(&format!("  {}", under(guideline)))?;
            }
            part = now;
        }
        let metric = &agreement.metric;
        let value = match (metric.value, metric.den) {
            (None, _) => "undefined".to_owned(),
            (Some(value), Some(_)) => count(value as u64),
            (Some(value), None) => format!("{value:.4}"),
        };
        let interval = match (metric.low, metric.high) {
            (Some(low), Some(high)) => format!("[{low:.4}, {high:.4}]"),
            _ => String::new(),
        };
        let note = metric
            .note
            .as_ref()
            .map(|note| format!("({note})"))
            .unwrap_or_default();
        let line = format!(
            "  {}  {value:>10}  {interval}{note}",
            pad(&label(agreement), width)
        );
        ui.line(line.trim_end())?;
    }
    for note in &report.notes {
        ui.line(&format!("  note: {note}"))?;
    }
    Ok(())
}

fn row(dataset: &str, agreement: &Agreement) -> String {
    let metric = &agreement.metric;
    let number = |value: Option<f64>| value.map(|value| value.to_string()).unwrap_or_default();
    let text = |value: Option<&String>| value.map(|value| cell(value, false)).unwrap_or_default();
    let pair = agreement.pair.as_ref();
    [
        cell(dataset, false),
        metric.name.clone(),
        text(metric.field.as_ref()),
        text(metric.class.as_ref()),
        text(pair.map(|(a, _)| a)),
        text(pair.map(|(_, b)| b)),
        text(agreement.guideline.as_ref().map(under).as_ref()),
        number(metric.value),
        number(metric.low),
        number(metric.high),
        text(metric.note.as_ref()),
    ]
    .join(",")
}

/// Writes the ratings that consensuses outvote.
pub(crate) fn consensus(
    ui: &mut Ui,
    report: &ConsensusReport,
    format: FormatArg,
) -> io::Result<()> {
    for found in &report.found {
        let outvoted = counted(found.outvoted.len() as u64, "rating");
        let items = counted(found.items, "item");
        let head = format!(
            "{}, data set {}: {outvoted} outvoted in {items}, {} undecided; {}",
            heading(report.commit),
            found.dataset,
            count(found.undecided),
            found.method
        );
        match format {
            FormatArg::Text => ui.line(&head)?,
            FormatArg::Csv | FormatArg::Jsonl => ui.note(&head),
        }
        if let Some(note) = &found.note {
            ui.note(&format!("note: {note}"));
        }
        if format == FormatArg::Text && !found.priors.is_empty() {
            let shares = found.classes.iter().zip(&found.priors);
            let shares: Vec<String> = shares
                .map(|(c, p)| format!("{} {p:.4}", shorten(c, 20)))
                .collect();
            ui.line(&format!("  classes: {}", shares.join(", ")))?;
        }
        if format == FormatArg::Text {
            listed(ui, found)?;
        }
    }
    // Work lists look as those of `find`, so that they come back the same way.
    let list = FindReport {
        commit: report.commit,
        datasets: report.found.iter().map(Consensus::work_list).collect(),
    };
    match format {
        FormatArg::Text => Ok(()),
        FormatArg::Csv => super::find::csv(ui, &list),
        FormatArg::Jsonl => super::find::json_lines(ui, &list),
    }
}

fn listed(ui: &mut Ui, found: &Consensus) -> io::Result<()> {
    for rating in &found.outvoted {
        let suggested = found.classes.get(rating.suggested as usize);
        let suggested = shorten(suggested.map_or("", String::as_str), 30);
        let key: Vec<&str> = rating
            .key
            .iter()
            .map(|part| part.as_deref().unwrap_or("-"))
            .collect();
        let key = match rating.record {
            Some(_) => format!("#{}", rating.place),
            None => shorten(&key.join(" "), 40),
        };
        let note = rating.annotator.as_ref();
        let note = note.map(|name| format!("  {}", shorten(&format!("annotator {name}"), 40)));
        ui.line(&format!(
            "  {:.4}  {key}  {}: {} -> {suggested}{}",
            rating.score,
            shorten(&rating.field, 30),
            shorten(&rating.label, 30),
            note.unwrap_or_default()
        ))?;
    }
    Ok(())
}
