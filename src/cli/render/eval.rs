//! How evaluations look.

use std::io;

use serde_json::{Value, json};

use super::super::ui::{Style, Ui, clean, count, counted, pad};
use crate::evaluate::{Comparable, Confusion, Score, scores};
use crate::ops::eval::{Ran, Told};
use crate::record::quote_name;

/// Writes one evaluation with all its scores.
pub(crate) fn one(ui: &mut Ui, told: &Told) -> io::Result<()> {
    if ui.json {
        return ui.json_line(&as_json(told));
    }
    let evaluation = &told.evaluation;
    let name = clean(&evaluation.name);
    let name = match told.id {
        Some(_) => format!(
            "{name} of {}",
            ui.paint(Style::Id, &evaluation.commit.short())
        ),
        None => name,
    };
    let records = counted(evaluation.test.records, "test record");
    let trained = match evaluation.train.records {
        0 => String::new(),
        count => format!(", {}", counted(count, "training record")),
    };
    ui.line(&format!("{name}: {records}{trained}"))?;
    let name = |score: &Score| match &score.class {
        Some(class) => format!("{} {}", score.name, clean(class)),
        None => score.name.to_owned(),
    };
    let names = told.scores.iter().map(|score| name(score).chars().count());
    let width = names.max().unwrap_or(0);
    for score in &told.scores {
        let line = format!("  {}  {}", pad(&name(score), width), number(score));
        ui.line(&line)?;
    }
    if let Some(words) = compared(told) {
        ui.line(&format!("  {words}"))?;
    }
    if let Some(pairs) = &told.paired {
        let all = counted(pairs.records, "test record");
        let (won, lost, p) = (count(pairs.won), count(pairs.lost), pairs.mcnemar_p);
        ui.line(&format!(
            "  of {all} with equal content and label: {won} won, {lost} lost (McNemar p = {p:.4})"
        ))?;
        if let Some((low, high)) = pairs.interval {
            let change = (pairs.won as f64 - pairs.lost as f64) / pairs.records.max(1) as f64;
            ui.line(&format!(
                "  change of the accuracy on them: {change:+.4} [{low:+.4}, {high:+.4}]"
            ))?;
        }
        if let Some((right, of)) = pairs.older_under_newer {
            let share = right as f64 / of.max(1) as f64;
            let (right, of) = (count(right), count(of));
            ui.line(&format!(
                "  accuracy of the older predictions under these labels: {share:.4}  {right} / {of}"
            ))?;
        }
    }
    for note in &told.notes {
        ui.note(&format!("note: {note}"));
    }
    Ok(())
}

/// Writes what became of one version and one evaluation.
pub(crate) fn ran(ui: &mut Ui, ran: &Ran) -> io::Result<()> {
    match ran {
        Ran::Made(told) => one(ui, told),
        Ran::Known(told) if ui.json => one(ui, told),
        Ran::Known(told) => {
            row(ui, told)?;
            ui.note("note: it was evaluated already and is not run again");
            Ok(())
        }
        Ran::Failed { name, commit, why } => {
            if ui.json {
                let why = why.to_string();
                return ui.json_line(&json!({"name": name, "commit": commit, "failed": why}));
            }
            let name = clean(name);
            let of = commit.map(|id| format!(" of {}", ui.paint(Style::Id, &id.short())));
            ui.line(&format!(
                "{name}{}: not evaluated: {why}",
                of.unwrap_or_default()
            ))
        }
    }
}

/// Writes one evaluation as a line.
pub(crate) fn row(ui: &mut Ui, told: &Told) -> io::Result<()> {
    if ui.json {
        return ui.json_line(&as_json(told));
    }
    let commit = ui.paint(Style::Id, &told.evaluation.commit.short());
    let accuracy = told.scores.first().map(number).unwrap_or_default();
    let words = compared(told).map(|words| format!("  {words}"));
    ui.line(&format!(
        "{commit}  {}  accuracy {accuracy}  {}{}",
        clean(&told.evaluation.name),
        counted(told.evaluation.test.records, "test record"),
        words.unwrap_or_default()
    ))
}

/// Writes some scores of an evaluation, with their change since the one before: the accuracy where
/// none is asked for.
pub(crate) fn brief(ui: &mut Ui, told: &Told, wanted: &[String]) -> io::Result<()> {
    let is_wanted = |score: &&Score| match wanted {
        [] => score.name == "accuracy",
        names => names.iter().any(|name| *name == full_name(score)),
    };
    let before = told.previous.as_ref().map(|(_, older, how)| {
        let confusion = Confusion::from_object(&older.confusion);
        (scores(&confusion, told.null_class.as_deref(), None), *how)
    });
    let name = clean(&told.evaluation.name);
    for score in told.scores.iter().filter(is_wanted) {
        let same = |other: &&Score| other.name == score.name && other.class == score.class;
        let older = before
            .as_ref()
            .and_then(|(all, how)| Some((all.iter().find(same)?.value?, how)));
        let change = match (score.value, older) {
            (Some(now), Some((then, how))) => {
                let words = match how {
                    Comparable::Yes => "",
                    Comparable::LabelsChanged => ", test labels changed",
                    Comparable::DifferentTest => ", another test set",
                };
                format!("  ({:+.4}{words})", now - then)
            }
            _ => String::new(),
        };
        let line = format!("    {name}:{} {}{change}", full_name(score), number(score));
        ui.line(&line)?;
    }
    Ok(())
}

/// Returns the name by which a score is asked for.
fn full_name(score: &Score) -> String {
    match &score.class {
        Some(class) => format!("{}.{}", score.name, quote_name(class)),
        None => score.name.to_owned(),
    }
}

fn number(score: &Score) -> String {
    let value = match score.value {
        Some(value) => format!("{value:.4}"),
        None => "undefined".to_owned(),
    };
    let interval = score
        .interval
        .map(|(low, high)| format!(" [{low:.4}, {high:.4}]"));
    let ratio = score
        .ratio
        .map(|(num, den)| format!("  {} / {}", count(num), count(den)));
    let note = score.note.as_ref().map(|note| format!("  ({note})"));
    [Some(value), interval, ratio, note]
        .into_iter()
        .flatten()
        .collect()
}

/// Says in words whether it can be compared with the evaluation before it.
fn compared(told: &Told) -> Option<String> {
    let (_, older, how) = told.previous.as_ref()?;
    let words = match how {
        Comparable::Yes => "the same test records and labels as",
        Comparable::LabelsChanged => "the same test records, with other labels than",
        Comparable::DifferentTest => "other test records than",
    };
    Some(format!("{words} {}", older.commit.short()))
}

fn as_json(told: &Told) -> Value {
    let evaluation = &told.evaluation;
    let scores = told.scores.iter().map(|score| {
        let mut out = json!({"name": score.name, "value": score.value});
        let mut set = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                out[name] = value;
            }
        };
        set("class", score.class.as_ref().map(|class| json!(class)));
        set("num", score.ratio.map(|(num, _)| json!(num)));
        set("den", score.ratio.map(|(_, den)| json!(den)));
        set("low", score.interval.map(|(low, _)| json!(low)));
        set("high", score.interval.map(|(_, high)| json!(high)));
        set("note", score.note.as_ref().map(|note| json!(note)));
        out
    });
    let confusion = Confusion::from_object(&evaluation.confusion);
    let classes = confusion.classes();
    // Rows are true classes. Beyond a thousand, `cat-object` has the counts that are not zero.
    let counts = (classes.len() <= 1000).then(|| {
        let row = |truth| (0..classes.len()).map(move |said| (truth, said));
        let row = |truth| -> Vec<u64> { row(truth).map(|(t, s)| confusion.count(t, s)).collect() };
        (0..classes.len()).map(row).collect::<Vec<_>>()
    });
    let paired = told.paired.as_ref().map(|pairs| {
        let under = pairs.older_under_newer;
        json!({
            "records": pairs.records, "won": pairs.won, "lost": pairs.lost,
            "low": pairs.interval.map(|(low, _)| low), "high": pairs.interval.map(|(_, high)| high),
            "mcnemar_p": pairs.mcnemar_p,
            "older_under_newer_labels": under.map(|(num, den)| json!({"num": num, "den": den})),
        })
    });
    json!({
        "paired": paired,
        "evaluation": told.id, "name": evaluation.name,
        "commit": told.id.map(|_| evaluation.commit),
        "dataset": evaluation.dataset, "field": evaluation.field,
        "definition": evaluation.definition, "train": evaluation.train, "test": evaluation.test,
        "scores": scores.collect::<Vec<_>>(),
        "confusion": {"classes": classes, "counts": counts},
        "comparable_to_previous": told.previous.as_ref().map(|(_, _, how)| how.name()),
        "previous": told.previous.as_ref().map(|(id, _, _)| id),
        "predictions": told.id.map(|_| evaluation.predictions), "notes": told.notes,
    })
}
