//! How traces look.

use std::io;

use serde_json::{Value, json};
use unicode_width::UnicodeWidthStr as _;

use super::super::ui::{Style, Ui, clean, count, counted, pad, shorten};
use crate::attribute::{Given, Method};
use crate::ops::trace::{By, Explained, Group, Share, Trace};

/// The longest name of a group.
const WIDTH: usize = 44;

/// Writes a trace for people: causes, and below each its parts, the largest first.
pub(crate) fn text(ui: &mut Ui, trace: &Trace, limit: usize) -> io::Result<()> {
    let (from, to) = (&trace.from, &trace.to);
    let id = |ui: &Ui, commit: &crate::base::ObjectId| ui.paint(Style::Id, &commit.short());
    let (old, new) = (id(ui, &from.commit), id(ui, &to.commit));
    ui.line(&format!(
        "{}:{} {old} {:.4} -> {new} {:.4}: {:+.4} {}",
        clean(&trace.evaluation),
        clean(&trace.metric),
        from.value,
        to.value,
        trace.change(),
        interval(trace.interval),
    ))?;
    let records = match from.test_records == to.test_records {
        true => counted(to.test_records, "test record"),
        false => format!(
            "{} -> {}",
            count(from.test_records),
            counted(to.test_records, "test record")
        ),
    };
    ui.line(&format!(
        "{records}; McNemar p = {:.4} on those with equal content and label",
        trace.mcnemar_p
    ))?;
    if trace.causes.is_empty() {
        ui.line("no training or test record changed")?;
    } else {
        table(ui, trace, limit)?;
    }
    let off = trace.change() - trace.sum();
    match trace.given {
        Given::All => ui.line(&format!(
            "sum {:+.4}, residual {off:.0e}; {}",
            trace.sum(),
            method(trace)
        ))?,
        given => ui.line(&format!(
            "sum {:+.4}, with the other causes as in the {} version: {off:+.4} is of several together; {}",
            trace.sum(),
            if given == Given::From { "older" } else { "newer" },
            method(trace)
        ))?,
    }
    if let Some(supposed) = &trace.supposed {
        ui.line(&format!(
            "what if {}: {} of {} changed records as they are now, all others as they were: {:.4} ({:+.4}; the others {:+.4})",
            clean(&supposed.condition),
            count(supposed.made),
            count(supposed.of),
            supposed.value,
            supposed.change,
            supposed.without,
        ))?;
    }
    for one in trace.explained.iter().flatten() {
        explained(ui, one)?;
    }
    for note in &trace.notes {
        ui.note(&format!("note: {note}"));
    }
    Ok(())
}

fn method(trace: &Trace) -> String {
    let coalitions = counted(trace.evaluations_run, "evaluation");
    let words = match trace.method {
        Method::Exact => "exact",
        Method::Enumerated => "exact, over all coalitions of the groups",
        Method::Sampled => "sampled in random orders and their reverse",
        Method::Path => "along the commits",
    };
    format!("{words}; {coalitions} run")
}

fn interval((low, high): (f64, f64)) -> String {
    format!("[{low:+.4}, {high:+.4}]")
}

/// Returns the mark of a part whose interval holds 0.
fn mark(share: &Share) -> &'static str {
    match share.interval {
        Some((low, high)) if low <= 0.0 && high >= 0.0 => " ~",
        _ => "",
    }
}

fn name(group: &Group) -> String {
    let class = |class: &Option<String>| match class {
        Some(class) => clean(class),
        None => "(none)".to_owned(),
    };
    match group {
        Group::Transition { from, to } if from == to => class(from),
        Group::Transition { from, to } => format!("{} -> {}", class(from), class(to)),
        Group::Value(value) => class(value),
        Group::Key(key) => clean(&key.join(", ")),
        Group::Commit(commit) => commit.short(),
    }
}

fn table(ui: &mut Ui, trace: &Trace, limit: usize) -> io::Result<()> {
    let mut rows: Vec<(String, Option<&Share>)> = Vec::new();
    for cause in &trace.causes {
        rows.push((cause.cause.name().to_owned(), Some(cause)));
        let own = trace.parts.iter().filter(|part| part.cause == cause.cause);
        let own: Vec<&Share> = own.filter(|part| part.group.is_some()).collect();
        for part in own.iter().take(limit) {
            let group = part.group.as_ref().map(name).unwrap_or_default();
            rows.push((format!("  {}", shorten(&group, WIDTH)), Some(part)));
        }
        if own.len() > limit {
            let more = own.len() - limit;
            let rest: f64 = own.iter().skip(limit).map(|part| part.contribution).sum();
            rows.push((format!("  {} more, {rest:+.4}", count(more as u64)), None));
        }
    }
    let first = match &trace.by {
        By::Cause => "cause".to_owned(),
        by => format!("cause / {}", clean(&by.name())),
    };
    let width = rows
        .iter()
        .map(|(name, _)| name.width())
        .chain([first.width()]);
    let width = width.max().unwrap_or(0);
    let sampled = trace.method == Method::Sampled;
    let head = format!(
        "  {}  records  contribution    won   lost  interval of 95 %{}",
        pad(&first, width),
        if sampled { "      std. error" } else { "" }
    );
    ui.line(&ui.paint(Style::Heading, &head))?;
    for (name, share) in rows {
        let Some(share) = share else {
            ui.line(&format!("  {name}"))?;
            continue;
        };
        let range = share.interval.map(interval).unwrap_or_default();
        let error = match sampled && share.group.is_some() {
            true => format!("  {:.4}", share.stderr),
            false => String::new(),
        };
        let line = format!(
            "  {}  {:>7}  {:>+12.4}  {:>5}  {:>5}  {range}{error}{}",
            pad(&name, width),
            count(share.records),
            share.contribution,
            count(share.won),
            count(share.lost),
            mark(share)
        );
        ui.line(line.trim_end())?;
    }
    Ok(())
}

fn explained(ui: &mut Ui, one: &Explained) -> io::Result<()> {
    let truth = match one.truth[0] == one.truth[1] {
        true => clean(&one.truth[0]),
        false => format!("{} -> {}", clean(&one.truth[0]), clean(&one.truth[1])),
    };
    ui.line(&format!(
        "{}  {truth}: said {}, now {}",
        clean(&one.key.join(", ")),
        clean(&one.said[0]),
        clean(&one.said[1])
    ))?;
    for (rank, key, from, to) in &one.changed {
        let class = |class: &Option<String>| class.as_deref().map_or("(none)".to_owned(), clean);
        let least = one.smallest.contains(key);
        ui.line(&format!(
            "  {rank}. {}  {} -> {}{}",
            clean(&key.join(", ")),
            class(from),
            class(to),
            if least { "  flips it" } else { "" }
        ))?;
    }
    Ok(())
}

fn share_json(share: &Share, by: &By) -> Value {
    let mut out = json!({"cause": share.cause.name()});
    if let Some(group) = &share.group {
        out["by"] = match by {
            By::Field(field) => json!(format!("field={field}")),
            by => json!(by.name()),
        };
        out["group"] = match group {
            Group::Transition { from, to } => json!({"from": from, "to": to}),
            Group::Value(value) => json!({"value": value}),
            Group::Key(key) => json!({"key": key}),
            Group::Commit(commit) => json!({"commit": commit}),
        };
    }
    out["records"] = json!(share.records);
    out["contribution"] = json!(share.contribution);
    out["won"] = json!(share.won);
    out["lost"] = json!(share.lost);
    out["low"] = json!(share.interval.map(|(low, _)| low));
    out["high"] = json!(share.interval.map(|(_, high)| high));
    out["stderr"] = json!(share.stderr);
    out
}

/// Returns a trace for machines.
pub(crate) fn as_json(trace: &Trace) -> Value {
    let end = |end: &crate::ops::trace::End| {
        json!({
            "commit": end.commit, "value": end.value, "test_records": end.test_records,
            "sealed": end.sealed,
        })
    };
    let shares = |all: &[Share]| -> Vec<Value> {
        all.iter()
            .map(|share| share_json(share, &trace.by))
            .collect()
    };
    let supposed = trace.supposed.as_ref().map(|one| {
        json!({
            "condition": one.condition, "made": one.made, "of": one.of, "value": one.value,
            "change": one.change, "without": one.without,
        })
    });
    let explained = trace.explained.as_ref().map(|all| {
        let one = |one: &Explained| {
            let changed = one.changed.iter().map(
                |(rank, key, from, to)| json!({"rank": rank, "key": key, "from": from, "to": to}),
            );
            json!({
                "key": one.key, "truth": one.truth, "said": one.said,
                "changed": changed.collect::<Vec<_>>(), "smallest": one.smallest,
            })
        };
        all.iter().map(one).collect::<Vec<_>>()
    });
    let mut out = json!({
        "metric": trace.metric, "evaluation": trace.evaluation, "definition": trace.definition,
        "from": end(&trace.from), "to": end(&trace.to), "change": trace.change(),
        "low": trace.interval.0, "high": trace.interval.1, "mcnemar_p": trace.mcnemar_p,
        "method": trace.method.name(), "evaluations_run": trace.evaluations_run,
        "causes": shares(&trace.causes), "parts": shares(&trace.parts),
        "sum": trace.sum(), "residual": trace.change() - trace.sum(), "notes": trace.notes,
    });
    match trace.given {
        Given::All => {}
        Given::From => out["given"] = json!("from"),
        Given::To => out["given"] = json!("to"),
    }
    if let Some(supposed) = supposed {
        out["what_if"] = supposed;
    }
    if let Some(explained) = explained {
        out["explained"] = json!(explained);
    }
    out
}
