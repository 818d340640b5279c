//! The sections of a card: schema, collection, annotation, evaluation, versioning.

use std::collections::{BTreeMap, BTreeSet};

use super::super::super::ui::{count, size};
use super::markdown::{cell, table};
use crate::ops::card::{CardReport, DatasetCard};
use crate::record::UNPARSABLE;

/// Annotators and classes beyond so many are only counted.
const MOST: usize = 50;

fn head(out: &mut Vec<String>, dataset: &DatasetCard) {
    out.extend([format!("### {}", cell(&dataset.score.name)), String::new()]);
}

/// Fields with types, roles and constraints.
pub(super) fn schema(out: &mut Vec<String>, dataset: &DatasetCard) {
    head(out, dataset);
    let declared = &dataset.constraints;
    let key = match dataset.schema.key.as_slice() {
        [] => "none: records are identified by their content".to_owned(),
        key => key
            .iter()
            .map(|field| format!("`{field}`"))
            .collect::<Vec<_>>()
            .join(", "),
    };
    out.extend([
        format!("Format: {}. Key: {key}.", dataset.schema.format),
        String::new(),
    ]);
    let fields = dataset
        .schema
        .fields
        .iter()
        .filter(|field| field.name != UNPARSABLE);
    let rows = fields.map(|field| {
        let roles = match field.roles.as_slice() {
            [] => "feature".to_owned(),
            roles => roles.join(", "),
        };
        let classes = match &field.classes {
            Some(classes) if classes.len() <= MOST => classes
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join(", "),
            Some(classes) => format!("{} classes", count(classes.len() as u64)),
            None => String::new(),
        };
        let rules = declared.iter().find(|(name, _)| *name == field.name);
        let nullable = if field.nullable { "yes" } else { "no" };
        vec![
            field.name.clone(),
            field.kind.clone(),
            roles,
            nullable.to_owned(),
            classes,
            rules
                .map(|(_, rules)| constraints(rules))
                .unwrap_or_default(),
        ]
    });
    table(
        out,
        &[
            "field",
            "type",
            "role",
            "nullable",
            "classes",
            "constraints",
        ],
        rows,
    );
}

fn constraints(rules: &crate::config::FieldConfig) -> String {
    let mut said = Vec::new();
    said.extend(rules.kind.as_ref().map(|kind| format!("type {kind}")));
    said.extend(
        rules
            .required
            .filter(|on| *on)
            .map(|_| "required".to_owned()),
    );
    said.extend(rules.unique.filter(|on| *on).map(|_| "unique".to_owned()));
    said.extend(
        rules
            .one_of
            .as_ref()
            .map(|all| format!("one of {}", all.join(", "))),
    );
    said.extend(rules.min.as_ref().map(|min| format!("at least {min}")));
    said.extend(rules.max.as_ref().map(|max| format!("at most {max}")));
    said.extend(
        rules
            .pattern
            .as_ref()
            .map(|pattern| format!("matches {pattern}")),
    );
    let least = rules.min_length;
    said.extend(least.map(|least| format!("at least {least} characters")));
    let most = rules.max_length;
    said.extend(most.map(|most| format!("at most {most} characters")));
    let target = rules.references.as_ref();
    said.extend(target.map(|(dataset, field)| format!("a value of {dataset}.{field}")));
    said.join(", ")
}

/// Files and classes by split.
pub(super) fn collection(out: &mut Vec<String>, dataset: &DatasetCard) {
    head(out, dataset);
    let bytes = dataset.files.iter().map(|file| file.size).sum();
    let records = count(dataset.score.records);
    let patterns = dataset.declaration.patterns.iter();
    let patterns: Vec<String> = patterns.map(|p| format!("`{}`", p.as_str())).collect();
    out.push(format!(
        "{records} records, {} in {}.",
        size(bytes),
        patterns.join(", ")
    ));
    out.push(String::new());
    for joint in &dataset.splits {
        let text = |value: &Option<crate::base::Text>| match value {
            Some(text) => text.to_string(),
            None => "(missing)".to_owned(),
        };
        let mut counts: BTreeMap<String, BTreeMap<String, u64>> = BTreeMap::new();
        let mut splits = BTreeSet::new();
        for (label, split, n) in &joint.counts {
            splits.insert(text(split));
            *counts
                .entry(text(label))
                .or_default()
                .entry(text(split))
                .or_default() += n;
        }
        if counts.len() > MOST || splits.len() > MOST {
            continue;
        }
        let mut heads = vec![joint.fields.0.as_str()];
        heads.extend(splits.iter().map(String::as_str));
        let rows = counts.iter().map(|(label, of_split)| {
            let mut row = vec![label.clone()];
            row.extend(
                splits
                    .iter()
                    .map(|s| count(of_split.get(s).copied().unwrap_or(0))),
            );
            row
        });
        let heads: Vec<String> = heads.into_iter().map(cell).collect();
        let heads: Vec<&str> = heads.iter().map(String::as_str).collect();
        table(out, &heads, rows);
    }
    for (field, classes) in dataset.classes.iter().filter(|_| dataset.splits.is_empty()) {
        if classes.len() > MOST {
            out.push(format!("{field}: {} classes.", count(classes.len() as u64)));
            out.push(String::new());
            continue;
        }
        let rows = classes
            .iter()
            .map(|(class, n)| vec![class.to_string(), count(*n)]);
        table(out, &[&cell(field), "records"], rows);
    }
}

/// Annotators, guidelines and agreement.
pub(super) fn annotation(out: &mut Vec<String>, dataset: &DatasetCard) {
    let before = out.len();
    head(out, dataset);
    let empty = out.len();
    if let Some(annotators) = &dataset.annotators {
        if annotators.len() <= MOST {
            let rows = annotators
                .iter()
                .map(|(name, n)| vec![name.to_string(), count(*n)]);
            table(out, &["annotator", "records"], rows);
        } else {
            out.extend([
                format!("{} annotators.", count(annotators.len() as u64)),
                String::new(),
            ]);
        }
    }
    if !dataset.guidelines.is_empty() {
        let rows = dataset.guidelines.iter().map(|version| {
            let content = version.content.map(|id| id.short().to_string());
            vec![
                version.path.to_string(),
                content.unwrap_or_else(|| "removed".to_owned()),
                version.since.short().to_string(),
                version.time.to_string(),
            ]
        });
        table(out, &["guideline", "content", "since commit", "time"], rows);
    }
    if let Some(report) = &dataset.agreement {
        let rows = report.agreements.iter().map(|agreement| {
            let metric = &agreement.metric;
            let value = match (metric.value, metric.den) {
                (Some(value), Some(_)) => count(value as u64),
                (Some(value), None) => format!("{value:.4}"),
                (None, _) => format!("undefined ({})", metric.note.clone().unwrap_or_default()),
            };
            let interval = match (metric.low, metric.high) {
                (Some(low), Some(high)) => format!("{low:.4} to {high:.4}"),
                _ => String::new(),
            };
            vec![metric.path(), value, interval]
        });
        let head = format!("agreement ({})", report.scales.join(", "));
        table(out, &[&head, "value", "95 % interval"], rows);
    }
    if out.len() == empty {
        out.truncate(before);
    }
}

/// The metrics of the scorecard.
pub(super) fn evaluation(out: &mut Vec<String>, dataset: &DatasetCard) {
    head(out, dataset);
    let rows = dataset
        .metrics
        .iter()
        .filter(|metric| metric.class.is_none())
        .map(|metric| {
            let value = match (metric.value, metric.den) {
                (Some(value), Some(den)) if den.0 == 1 => count(value as u64),
                (Some(value), _) => format!("{value:.4}"),
                (None, _) => format!("undefined ({})", metric.note.clone().unwrap_or_default()),
            };
            vec![metric.path(), value, metric.unit.clone()]
        });
    table(out, &["metric", "value", "unit"], rows);
}

/// What changed, and the ids by which all of it can be checked.
pub(super) fn versioning(out: &mut Vec<String>, report: &CardReport) {
    match &report.since {
        None => out.extend(["This is the first version.".to_owned(), String::new()]),
        Some(since) => {
            let name = match &since.tag {
                Some(tag) => format!("{tag} (`{}`)", since.id.short()),
                None => format!("`{}`", since.id.short()),
            };
            out.extend([format!("Changes since {name}:"), String::new()]);
            if since.changes.is_empty() {
                out.extend(["None.".to_owned(), String::new()]);
            } else {
                let rows = since.changes.iter().map(|changes| {
                    let (records, labels) = (&changes.records, &changes.labels);
                    let counts = [records.added, records.removed, records.modified];
                    let counts = counts
                        .into_iter()
                        .chain([labels.relabelled, labels.renamed]);
                    let mut row = vec![changes.name.clone(), changes.step.clone()];
                    row.extend(counts.map(count));
                    row
                });
                let heads = [
                    "data set",
                    "step",
                    "added",
                    "removed",
                    "modified",
                    "relabelled",
                    "renamed",
                ];
                table(out, &heads, rows);
            }
            let transitions = since.changes.iter().flat_map(|c| &c.labels.transitions);
            let rows: Vec<Vec<String>> = transitions
                .take(MOST)
                .map(|t| {
                    let text = |value: &Option<crate::base::Text>| {
                        value
                            .as_ref()
                            .map_or_else(|| "(none)".to_owned(), ToString::to_string)
                    };
                    vec![t.field.clone(), text(&t.from), text(&t.to), count(t.count)]
                })
                .collect();
            if !rows.is_empty() {
                table(out, &["label", "from", "to", "records"], rows);
            }
        }
    }
    let ids = [
        ("commit", report.id),
        ("snapshot", report.commit.snapshot),
        ("scorecard", report.commit.scorecard),
    ];
    let mut rows: Vec<Vec<String>> = ids
        .into_iter()
        .map(|(name, id)| vec![name.to_owned(), format!("`{id}`")])
        .collect();
    for dataset in &report.datasets {
        let name = &dataset.score.name;
        rows.push(vec![
            format!("version of {name}"),
            dataset.version.to_string(),
        ]);
        let hashed = dataset
            .files
            .iter()
            .filter(|file| file.sha256.is_some())
            .take(MOST);
        rows.extend(hashed.map(|file| {
            vec![
                format!("BLAKE3 of {}", file.path),
                format!("`{}`", file.content),
            ]
        }));
    }
    table(out, &["to verify", ""], rows);
}
