//! How attached analyses look: one line each.

use std::io;

use serde_json::{Value, json};

use super::super::ui::{Style, Ui, clean, count, shorten};
use crate::object::AnalysisDefinition;
use crate::ops::analysis::{Attached, Made};

/// Returns an analysis in one line: what was found in what, and how.
pub(crate) fn words(one: &Attached) -> String {
    let analysis = &one.analysis;
    let found = analysis.counts.get("found").copied().unwrap_or(0);
    format!(
        "{}: {} {} of {} ({})",
        clean(&analysis.dataset),
        kind(&analysis.kind),
        count(found),
        count(analysis.inputs.records),
        how(&one.definition)
    )
}

fn kind(kind: &str) -> String {
    match kind {
        "consensus" => "outvoted ratings".to_owned(),
        other => shorten(&other.replace('-', " "), 40),
    }
}

fn how(definition: &AnalysisDefinition) -> String {
    let parameter = |name: &str| definition.parameters.get(name).map(String::as_str);
    let mut out = match definition.kind.as_str() {
        "label-issues" => match (&definition.imported, parameter("learner")) {
            (Some(file), _) => format!(
                "confident learning, probabilities of {}",
                shorten(&file.name, 40)
            ),
            (None, learner) => format!(
                "confident learning, out-of-fold {}",
                match learner.unwrap_or_default() {
                    "logistic" => "logistic regression".to_owned(),
                    "naive-bayes" => "naive Bayes".to_owned(),
                    "knn" => "nearest neighbours".to_owned(),
                    other => shorten(other, 40),
                }
            ),
        },
        "near-duplicates" => format!(
            "MinHash, Jaccard index >= {}",
            clean(parameter("threshold").unwrap_or_default())
        ),
        "outliers" => match parameter("iqr") {
            Some("true") => "quartiles".to_owned(),
            _ => "robust z".to_owned(),
        },
        "consensus" => match parameter("method").unwrap_or_default().split('(').next() {
            Some("dawid-skene") => "Dawid-Skene".to_owned(),
            method => clean(method.unwrap_or_default()),
        },
        "leakage" => "equal content or group".to_owned(),
        _ => "equal content".to_owned(),
    };
    if let Some(condition) = &definition.condition {
        out.push_str(&format!(", where {}", shorten(condition, 60)));
    }
    out
}

/// Returns the JSON of an analysis (docs/find.md, "Attached").
pub(crate) fn as_json(one: &Attached) -> Value {
    let (analysis, definition) = (&one.analysis, &one.definition);
    json!({
        "analysis": one.id, "kind": analysis.kind, "commit": analysis.commit,
        "dataset": analysis.dataset, "definition": analysis.definition,
        "parameters": definition.parameters, "condition": definition.condition,
        "imported": definition.imported, "inputs": analysis.inputs, "counts": analysis.counts,
        "method": analysis.method, "notes": analysis.notes, "list": analysis.list,
    })
}

/// Writes one analysis as a line with its commit.
pub(crate) fn row(ui: &mut Ui, one: &Attached) -> io::Result<()> {
    if ui.json {
        return ui.json_line(&as_json(one));
    }
    let commit = ui.paint(Style::Id, &one.analysis.commit.short());
    ui.line(&format!("{commit}  {}", words(one)))
}

/// Notes what was attached.
pub(crate) fn made(ui: &mut Ui, made: &[Made]) {
    for one in made {
        let (commit, id) = (one.analysis.commit.short(), one.id.short());
        let what = format!(
            "{} of {}",
            kind(&one.analysis.kind),
            clean(&one.analysis.dataset)
        );
        ui.note(&match one.is_new {
            true => format!("{what} are attached to {commit} (analysis {id})"),
            false => format!("{what} are attached to {commit} already (analysis {id})"),
        });
    }
}
