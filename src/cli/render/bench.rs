//! How the scores of `bench` look.

use std::io;

use serde_json::{Value, json};

use super::super::ui::{Style, Ui, clean, count, counted, shorten};
use crate::base::ObjectId;
use crate::evaluate::Score;
use crate::ops::bench::{
    DebuggingReport, Point, Precision, SelectionReport, SlicingReport, TruthSlice, ValuationReport,
};

/// So many points of a curve are shown to people.
const POINTS: usize = 12;

fn heading(
    ui: &mut Ui,
    what: &str,
    commit: ObjectId,
    (name, model): (&str, &str),
) -> io::Result<()> {
    let commit = ui.paint(Style::Id, &commit.short());
    ui.line(&format!(
        "{what} on {commit}, evaluation {} ({model})",
        clean(name)
    ))
}

fn notes(ui: &mut Ui, notes: &[String]) -> io::Result<()> {
    for note in notes {
        ui.line(&ui.paint(Style::Faint, &format!("  {}", shorten(note, 160))))?;
    }
    Ok(())
}

fn ratio(num: u64, den: u64) -> f64 {
    num as f64 / den.max(1) as f64
}

/// Writes the score of an order.
pub(crate) fn debugging(ui: &mut Ui, report: &DebuggingReport) -> io::Result<()> {
    let tests = report.test;
    if ui.json {
        let point = |point: &Point| {
            json!({
                "fixes": point.fixes, "correct": point.correct,
                "accuracy": ratio(point.correct, tests),
            })
        };
        let curve: Vec<Value> = report.curve.iter().map(point).collect();
        return ui.json_line(&json!({
            "task": "debugging", "commit": report.commit, "clean": report.clean,
            "evaluation": report.evaluation, "model": report.model,
            "train_records": report.train, "test_records": tests, "listed": report.listed,
            "wrong": report.wrong, "wrong_listed": report.wrong_listed, "share": report.share,
            "accuracy": ratio(report.before, tests), "clean_accuracy": ratio(report.cleaned, tests),
            "fixes": report.fixes, "fraction_fixes": report.fraction,
            "fraction_as_dataperf": report.as_dataperf, "area": report.area, "curve": curve,
            "notes": report.notes,
        }));
    }
    heading(
        ui,
        "Debugging",
        report.commit,
        (&report.evaluation, &report.model),
    )?;
    notes(ui, &report.notes)?;
    ui.line(&format!(
        "  {} of {} have another label in {}; the list names {} of these",
        count(report.wrong),
        counted(report.train, "training record"),
        report.clean.short(),
        count(report.wrong_listed)
    ))?;
    let of = |correct: u64| {
        format!(
            "{:.4}  {} / {}",
            ratio(correct, tests),
            count(correct),
            count(tests)
        )
    };
    ui.line(&format!("  accuracy as it is    {}", of(report.before)))?;
    ui.line(&format!("  accuracy when clean  {}", of(report.cleaned)))?;
    let goal = report.share * 100.0;
    match (report.fixes, report.fraction) {
        (Some(fixes), Some(fraction)) => ui.line(&format!(
            "  {goal} % of that after {}: fraction_fixes {fraction:.4} (as DataPerf counts: {:.4})",
            counted(fixes, "fix"),
            report.as_dataperf
        ))?,
        _ => ui.line(&format!(
            "  {goal} % of that is not reached within the list (as DataPerf counts: {:.4})",
            report.as_dataperf
        ))?,
    }
    ui.line(&format!("  area under the curve {:.4}", report.area))?;
    let step = report.curve.len().div_ceil(POINTS).max(1);
    for (at, point) in report.curve.iter().enumerate() {
        if at % step == 0 || at + 1 == report.curve.len() {
            ui.line(&format!(
                "    {:>8} fixes  {}",
                count(point.fixes),
                of(point.correct)
            ))?;
        }
    }
    Ok(())
}

fn score(scores: &[Score], name: &str) -> Option<f64> {
    let found = scores
        .iter()
        .find(|score| score.name == name && score.class.is_none());
    found.and_then(|score| score.value)
}

fn scores_json(scores: &[Score]) -> Vec<Value> {
    let one = |score: &Score| {
        json!({
            "name": score.name, "class": score.class, "value": score.value,
            "num": score.ratio.map(|(num, _)| num), "den": score.ratio.map(|(_, den)| den),
            "low": score.interval.map(|(low, _)| low), "high": score.interval.map(|(_, high)| high),
        })
    };
    scores.iter().map(one).collect()
}

/// Writes the score of a selection.
pub(crate) fn selection(ui: &mut Ui, report: &SelectionReport) -> io::Result<()> {
    if ui.json {
        let random = report.random.map(|random| {
            json!({
                "draws": random.draws, "mean": random.mean, "lowest": random.range.0,
                "highest": random.range.1, "beaten": random.beaten,
            })
        });
        return ui.json_line(&json!({
            "task": "selection", "commit": report.commit, "evaluation": report.evaluation,
            "model": report.model, "selected": report.selected, "budget": report.budget,
            "train_records": report.pool, "test_records": report.test,
            "accuracy": score(&report.scores, "accuracy"),
            "scores": scores_json(&report.scores), "whole": scores_json(&report.whole),
            "random": random, "notes": report.notes,
        }));
    }
    heading(
        ui,
        "Selection",
        report.commit,
        (&report.evaluation, &report.model),
    )?;
    notes(ui, &report.notes)?;
    ui.line(&format!(
        "  {} of {} selected, {} allowed; {}",
        count(report.selected),
        counted(report.pool, "training record"),
        count(report.budget),
        counted(report.test, "test record")
    ))?;
    for name in ["accuracy", "macro_f1", "micro_f1"] {
        let value = |scores: &[Score]| match score(scores, name) {
            Some(value) => format!("{value:.4}"),
            None => "undefined".to_owned(),
        };
        ui.line(&format!(
            "  {name:<9}  {}  (with all training records {})",
            value(&report.scores),
            value(&report.whole)
        ))?;
    }
    if let Some(random) = report.random {
        ui.line(&format!(
            "  as many by lot: mean accuracy {:.4}, {:.4} to {:.4} in {}; the selection is better \
             than {}",
            random.mean,
            random.range.0,
            random.range.1,
            counted(random.draws, "draw"),
            count(random.beaten)
        ))?;
    }
    Ok(())
}

/// Writes the score of found slices.
pub(crate) fn slicing(ui: &mut Ui, report: &SlicingReport) -> io::Result<()> {
    let found = &report.found;
    if ui.json {
        let precision = |one: &Precision| {
            json!({
                "at": one.at, "slice": one.slice, "num": one.num, "den": one.den,
                "value": ratio(one.num, one.den),
            })
        };
        let truth = |truth: &TruthSlice| {
            let overlap = truth.overlap.map(|(slice, both, own, all)| {
                json!({
                    "slice": slice, "precision": ratio(both, own), "recall": ratio(both, all),
                    "f1": ratio(2 * both, own + all),
                })
            });
            json!({
                "value": truth.value, "records": truth.records, "errors": truth.errors,
                "precision_at": truth.precisions.iter().map(precision).collect::<Vec<_>>(),
                "overlap": overlap,
            })
        };
        let means: Vec<Value> = report
            .means
            .iter()
            .map(|(at, mean)| json!({"at": at, "value": mean}))
            .collect();
        let slices: Vec<Value> = found
            .slices
            .iter()
            .map(|s| json!({"where": s.condition, "records": s.records, "errors": s.errors, "score": s.score}))
            .collect();
        return ui.json_line(&json!({
            "task": "slicing", "commit": found.commit, "evaluation": found.name,
            "truth": report.truth, "method": found.method,
            "truths": report.truths.iter().map(truth).collect::<Vec<_>>(),
            "precision_at": means, "slices": slices, "notes": found.notes,
        }));
    }
    let commit = ui.paint(Style::Id, &found.commit.short());
    ui.line(&format!(
        "Slicing on {commit}, evaluation {}: {}",
        clean(&found.name),
        found.method
    ))?;
    notes(ui, &found.notes)?;
    if report.truths.is_empty() {
        ui.line(&format!(
            "  no test record is in a true slice: `{}` names none",
            clean(&report.truth)
        ))?;
    }
    for truth in &report.truths {
        ui.line(&format!(
            "  {} = {}: {}, {} predicted wrong",
            clean(&report.truth),
            shorten(&truth.value, 40),
            counted(truth.records, "test record"),
            count(truth.errors)
        ))?;
        for one in &truth.precisions {
            ui.line(&format!(
                "    precision at {:<4} {:.4}  {} / {}  by {}",
                one.at,
                ratio(one.num, one.den),
                count(one.num),
                count(one.den),
                condition(report, one.slice)
            ))?;
        }
        if let Some((slice, both, own, all)) = truth.overlap {
            ui.line(&format!(
                "    best overlap: F1 {:.4} (precision {:.4}, recall {:.4})  by {}",
                ratio(2 * both, own + all),
                ratio(both, own),
                ratio(both, all),
                condition(report, slice)
            ))?;
        }
    }
    for (at, mean) in &report.means {
        if let Some(mean) = mean {
            ui.line(&format!("  mean precision at {at}: {mean:.4}"))?;
        }
    }
    Ok(())
}

fn condition(report: &SlicingReport, slice: usize) -> String {
    let found = slice
        .checked_sub(1)
        .and_then(|at| report.found.slices.get(at));
    found.map_or_else(String::new, |slice| clean(&slice.condition))
}

/// Writes the score of a predicted gain.
pub(crate) fn valuation(ui: &mut Ui, report: &ValuationReport) -> io::Result<()> {
    let tests = report.test;
    if ui.json {
        return ui.json_line(&json!({
            "task": "valuation", "commit": report.commit, "evaluation": report.evaluation,
            "model": report.model, "records_before": report.before, "records_added": report.added,
            "test_records": tests, "accuracy_before": ratio(report.correct_before, tests),
            "accuracy_after": ratio(report.correct_after, tests), "method": report.method,
            "predicted": report.predicted, "actual": report.actual,
            "difference": report.difference, "notes": report.notes,
        }));
    }
    heading(
        ui,
        "Valuation",
        report.commit,
        (&report.evaluation, &report.model),
    )?;
    notes(ui, &report.notes)?;
    ui.line(&format!(
        "  {} added to {}; {}",
        counted(report.added, "training record"),
        count(report.before),
        counted(tests, "test record")
    ))?;
    ui.line(&format!(
        "  accuracy {:.4} -> {:.4}: a gain of {:+.4}",
        ratio(report.correct_before, tests),
        ratio(report.correct_after, tests),
        report.actual
    ))?;
    ui.line(&format!(
        "  predicted {:+.4} ({})",
        report.predicted, report.method
    ))?;
    ui.line(&format!("  apart by {:.4}", report.difference))
}
