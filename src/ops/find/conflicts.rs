//! `find label-conflicts`: records of equal content that have more than one label.
//!
//! The groups are those of the metric `label_conflicts` (docs/quality.md): equal content, and equal
//! item and annotator where they are declared. The score of a record is the share of the group's
//! labelled records that have another label.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::record::{Cell, Role};

use super::super::error::Error;
use super::groups::{ByFields, grouped};
use super::reading::View;
use super::{Answer, Hit, Note};

const METHOD: &str = "equal-content";

pub(super) fn find(view: &View<'_>) -> Result<Answer, Error> {
    let labels = view.fields(Role::Label).to_vec();
    let content = view.content();
    if labels.is_empty() {
        return Err(view.not_to_be_found("it has no label field"));
    }
    if content.is_empty() {
        return Err(view.not_to_be_found("it has no content fields"));
    }
    let who = view
        .fields(Role::Item)
        .iter()
        .chain(view.fields(Role::Annotator));
    let all_labels = labels.iter().map(String::as_str);
    let reader = ByFields {
        group: view.spelling(content.iter().map(|name| &**name)),
        and: view.spelling(who.map(String::as_str)),
        tag: view.spelling(all_labels),
    };
    let (groups, looked_at) = grouped(view, &reader, false)?;
    let in_conflict = |group: &&[crate::curate::Member]| {
        let mut tags = group
            .iter()
            .map(|member| member.tag)
            .filter(|tag| *tag != 0);
        let first = tags.next();
        tags.any(|tag| Some(tag) != first)
    };
    let members: Vec<&[crate::curate::Member]> = groups.groups().filter(in_conflict).collect();
    let mut places: Vec<u64> = members
        .iter()
        .flat_map(|group| group.iter().map(|m| m.record))
        .collect();
    places.sort_unstable();
    let names: Vec<&str> = labels.iter().map(String::as_str).collect();
    let mut values = view.values(&places, &names)?;
    for labels in &mut values {
        for (name, label) in names.iter().zip(labels) {
            // As the tags have them: `1` and `1.0` of a field of numbers are one label.
            *label = label
                .take()
                .map(|text| view.spelled(name, Cell::text(&text)));
        }
    }
    let method: Arc<str> = METHOD.into();
    let fields: Vec<Arc<str>> = labels.iter().map(|name| name.as_str().into()).collect();
    let mut hits = Vec::new();
    for group in members {
        for (at, field) in fields.iter().enumerate() {
            let label = |record: u64| {
                let place = places.binary_search(&record).ok()?;
                values[place][at].as_deref()
            };
            let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
            for text in group.iter().filter_map(|member| label(member.record)) {
                *counts.entry(text).or_default() += 1;
            }
            if counts.len() < 2 && labels.len() > 1 {
                continue;
            }
            let labelled: usize = counts.values().sum();
            let most = counts.values().copied().max().unwrap_or(0);
            let mut leading = counts.iter().filter(|(_, count)| **count == most);
            let majority = leading
                .next()
                .map(|(text, _)| *text)
                .filter(|_| leading.next().is_none());
            let mut told: Vec<(&str, usize)> =
                counts.iter().map(|(text, count)| (*text, *count)).collect();
            told.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
            let told: Vec<String> = told
                .iter()
                .map(|(text, count)| format!("{text} {count}"))
                .collect();
            let note = format!(
                "{} records of this content: {}",
                group.len(),
                told.join(", ")
            );
            let note: Arc<str> = note.into();
            for member in group {
                let own = label(member.record);
                let same = own.map_or(0, |own| counts[own]);
                let others = (labelled - same) as f64 / labelled.max(1) as f64;
                hits.push(Hit {
                    record: member.record,
                    score: others,
                    rank: 0,
                    severity: others,
                    field: Some(field.clone()),
                    method: method.clone(),
                    suggested: majority
                        .filter(|text| Some(*text) != own)
                        .map(str::to_owned),
                    note: Note::Text(note.clone()),
                });
            }
        }
    }
    Ok(Answer {
        counts: BTreeMap::new(),
        method: METHOD.to_owned(),
        hits,
        notes: Vec::new(),
        looked_at,
    })
}
