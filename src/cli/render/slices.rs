//! How slices look.

use std::io;

use serde_json::{Value, json};
use unicode_width::UnicodeWidthStr as _;

use super::super::ui::{Style, Ui, clean, count, counted, pad, shorten};
use crate::ops::find::{SlicesReport, ToldSlice};

/// Writes slices: one object a line, or a table.
pub(crate) fn slices(ui: &mut Ui, report: &SlicesReport) -> io::Result<()> {
    if ui.json {
        for slice in &report.slices {
            ui.json_line(&as_json(report, slice))?;
        }
        return Ok(());
    }
    let commit = ui.paint(Style::Id, &report.commit.short());
    let name = ui.paint(Style::Heading, &report.dataset);
    ui.line(&format!(
        "Version {commit}, data set {name}, evaluation {}",
        clean(&report.name)
    ))?;
    let found = match report.slices.len() {
        0 => "no slice has a score above 0".to_owned(),
        some => format!("{} found", count(some as u64)),
    };
    let all = counted(report.records, "test record");
    ui.line(&format!(
        "  {found}: {}; of {all} {} were predicted wrong ({})",
        report.method,
        count(report.errors),
        share(report.errors, report.records)
    ))?;
    for note in &report.notes {
        ui.line(&ui.paint(Style::Faint, &format!("  {}", shorten(note, 160))))?;
    }
    let cells = |slice: &ToldSlice| -> [String; 4] {
        let interval = slice.interval.map_or_else(String::new, |(low, high)| {
            format!(" [{:.1} %, {:.1} %]", low * 100.0, high * 100.0)
        });
        [
            format!("{:.3}", slice.score),
            format!("{} of {}", count(slice.errors), count(slice.records)),
            format!("{}{interval}", share(slice.errors, slice.records)),
            clean(&slice.condition),
        ]
    };
    let table: Vec<[String; 4]> = report.slices.iter().map(cells).collect();
    let width = |at: usize| table.iter().map(|row| row[at].width()).max().unwrap_or(0);
    let widths = [0, 1, 2].map(width);
    for row in &table {
        let columns: Vec<String> = (0..3).map(|at| pad(&row[at], widths[at])).collect();
        ui.line(&format!("  {}  {}", columns.join("  "), row[3]))?;
    }
    Ok(())
}

fn share(part: u64, whole: u64) -> String {
    format!("{:.1} %", part as f64 * 100.0 / whole.max(1) as f64)
}

/// Returns one slice for machines.
fn as_json(report: &SlicesReport, slice: &ToldSlice) -> Value {
    let predicates = slice
        .predicates
        .iter()
        .map(|(field, condition)| json!({"field": field, "where": condition}));
    json!({
        "dataset": report.dataset, "evaluation": report.evaluation, "name": report.name,
        "commit": report.commit, "where": slice.condition,
        "predicates": predicates.collect::<Vec<_>>(),
        "records": slice.records, "errors": slice.errors,
        "error_rate": slice.errors as f64 / slice.records.max(1) as f64,
        "low": slice.interval.map(|(low, _)| low), "high": slice.interval.map(|(_, high)| high),
        "score": slice.score, "method": report.method,
        "all": {"records": report.records, "errors": report.errors},
    })
}
