//! How the answer of `bisect` looks.

use std::io;

use serde_json::{Value, json};

use super::super::ui::{Style, Ui, clean, count, counted, shorten};
use super::commit::{record_name, rows};
use crate::evaluate::Comparable;
use crate::object::changes::{Row, RowChange, RowKey};
use crate::ops::bisect::BisectReport;

/// Writes the answer.
pub(crate) fn report(ui: &mut Ui, report: &BisectReport) -> io::Result<()> {
    if ui.json {
        return ui.json_line(&as_json(report));
    }
    let (metric, bad) = (clean(&report.metric), report.bad.words());
    for asked in &report.asked {
        let value = asked
            .value
            .map_or_else(|| "none".to_owned(), |value| format!("{value:.4}"));
        let is_bad = asked.value.is_some_and(|value| report.bad.holds(value));
        let style = if is_bad { Style::Removed } else { Style::Added };
        let word = if is_bad { "bad " } else { "good" };
        let made = if asked.made { "  (evaluated now)" } else { "" };
        let (id, word) = (
            ui.paint(Style::Id, &asked.id.short()),
            ui.paint(style, word),
        );
        ui.line(&format!(
            "  {id}  {word}  {value}  {}{made}",
            shorten(&asked.title, 50)
        ))?;
    }
    let all = counted(report.commits, "commit");
    match (report.guilty.as_slice(), report.good) {
        ([], Some(good)) => {
            ui.line(&format!(
                "{metric} is not {bad} in {all}: {} is good",
                good.short()
            ))?;
        }
        ([], None) => ui.line(&format!(
            "{metric} is {bad} from the first value on: no commit of {all} made it so"
        ))?,
        ([(id, commit)], _) => {
            let id = ui.paint(Style::Id, &id.short());
            let title = commit.message.lines().next().unwrap_or_default();
            ui.line(&format!(
                "{metric} is {bad} since {id} {}",
                shorten(title, 60)
            ))?;
            ui.line(&format!("    {}, {}", clean(&commit.author), commit.time))?;
        }
        (several, _) => {
            let several = counted(several.len() as u64, "commit");
            ui.line(&format!(
                "{metric} is {bad} since one of {several}, oldest first:"
            ))?;
            for (id, commit) in &report.guilty {
                let id = ui.paint(Style::Id, &id.short());
                let title = commit.message.lines().next().unwrap_or_default();
                ui.line(&format!("    {id} {}", shorten(title, 60)))?;
            }
        }
    }
    match report.comparable {
        Some(Comparable::LabelsChanged) => {
            ui.line("  labels of test records changed between: the measure moved too")?;
        }
        Some(Comparable::DifferentTest) => {
            ui.line("  other test records than before: the two values are not of one measure")?;
        }
        Some(Comparable::Yes) | None => {}
    }
    for one in &report.transitions {
        let value = |value: &Option<crate::base::Text>| match value {
            Some(text) => shorten(&text.to_string(), 40),
            None => "(none)".to_owned(),
        };
        ui.line(&format!(
            "    {}: {} -> {}: {} ({})",
            shorten(&one.field, 24),
            value(&one.from),
            value(&one.to),
            count(one.count),
            one.cause.name()
        ))?;
    }
    rows(ui, &report.changes)?;
    for note in &report.notes {
        ui.note(&format!("note: {note}"));
    }
    Ok(())
}

fn as_json(report: &BisectReport) -> Value {
    let asked = report.asked.iter().map(|one| {
        json!({
            "commit": one.id, "value": one.value, "evaluated_now": one.made,
            "bad": one.value.map(|value| report.bad.holds(value)),
        })
    });
    let guilty = report.guilty.iter();
    let guilty: Vec<Value> = guilty
        .map(|(id, commit)| {
            json!({
                "commit": id, "author": commit.author, "time": commit.time,
                "message": commit.message,
            })
        })
        .collect();
    let transitions = report.transitions.iter().map(|one| {
        json!({
            "field": one.field, "from": one.from, "to": one.to, "cause": one.cause,
            "count": one.count,
        })
    });
    json!({
        "metric": report.metric, "bad": report.bad.words(), "commits": report.commits,
        "asked": asked.collect::<Vec<_>>(), "good": report.good,
        "found": (report.guilty.len() == 1).then(|| guilty[0].clone()), "candidates": guilty,
        "comparable": report.comparable.map(|how| how.name()),
        "transitions": transitions.collect::<Vec<_>>(),
        "changes": report.changes.iter().map(row).collect::<Vec<_>>(), "notes": report.notes,
    })
}

fn row(row: &Row) -> Value {
    let key = match &row.key {
        RowKey::Key(parts) => json!(parts),
        RowKey::Content(..) => json!([record_name(&row.key)]),
    };
    match &row.change {
        RowChange::Added => json!({"dataset": row.dataset, "key": key, "change": "added"}),
        RowChange::Removed => json!({"dataset": row.dataset, "key": key, "change": "removed"}),
        RowChange::Label(label) => json!({
            "dataset": row.dataset, "key": key, "change": "label", "field": label.field,
            "from": label.from, "to": label.to, "cause": label.cause, "annotator": label.annotator,
        }),
    }
}
