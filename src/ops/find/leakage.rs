//! `find leakage`: records of one split whose content or group is in another.
//!
//! Splits have an order: `train` (or `training`) first, the others by size, the largest first, and
//! name. A record leaks where a split before its own has its content, or its group; it is told
//! once for each, with the first such record of the first such split.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::curate::{Grouped, Spelling};
use crate::record::{Batch, RecordRef, Role, Type, canonical, normalized};

use super::super::error::Error;
use super::groups::{Reader, grouped};
use super::reading::View;
use super::{Answer, Hit, Note};

struct BySplit<'a> {
    group: Spelling,
    split: &'a str,
    /// The type of the splits' names.
    kind: Type,
    /// The places of splits in their order.
    order: &'a HashMap<String, u8>,
}

impl Reader for BySplit<'_> {
    fn places(&self, batch: &Batch) -> Vec<Vec<Option<usize>>> {
        vec![self.group.places(batch), vec![batch.field(self.split)]]
    }

    fn read(
        &self,
        record: RecordRef<'_>,
        places: &[Vec<Option<usize>>],
        scratch: &mut Vec<u8>,
    ) -> Option<(u128, u8, u64)> {
        let split = record.cell(places[1][0]?)?;
        let split = canonical(self.kind, split);
        let split = *self.order.get(&*normalized(&split))?;
        let group = self.group.hash(record, &places[0], scratch)?;
        Some((group, split, u64::from(split)))
    }
}

pub(super) fn find(view: &View<'_>) -> Result<Answer, Error> {
    let Some(split) = view.fields(Role::Split).first() else {
        return Err(view.not_to_be_found("it has no split field"));
    };
    let names = splits(view, split)?;
    if names.len() < 2 {
        return Err(view.not_to_be_found(format!("`{split}` has fewer than two splits")));
    }
    if names.len() > usize::from(u8::MAX) {
        return Err(view.not_to_be_found(format!("`{split}` has more than 255 values")));
    }
    let order = (0u8..)
        .zip(&names)
        .map(|(at, name)| (name.clone(), at))
        .collect();
    let content = view.content();
    let group = view.fields(Role::Group);
    let mut hits = Vec::new();
    let mut looked_at = 0;
    for (rank, what, fields) in [
        (
            0,
            "content",
            content.iter().map(|name| &**name).collect::<Vec<_>>(),
        ),
        (1, "group", group.iter().map(String::as_str).collect()),
    ] {
        if fields.is_empty() {
            continue;
        }
        let group = view.spelling(fields.into_iter());
        let order = &order;
        let reader = BySplit {
            group,
            split,
            kind: view.kind(split),
            order,
        };
        let (groups, seen) = grouped(view, &reader, true)?;
        looked_at = seen;
        tell(&groups, (rank, what), &names, view, &mut hits);
    }
    Ok(Answer {
        counts: BTreeMap::new(),
        method: "leakage".to_owned(),
        hits,
        notes: vec![format!("splits in order: {}", names.join(", "))],
        looked_at,
    })
}

fn tell(
    groups: &Grouped,
    (rank, what): (u64, &str),
    names: &[String],
    view: &View<'_>,
    hits: &mut Vec<Hit>,
) {
    let method: Arc<str> = format!("leakage-{what}").into();
    let field: Option<Arc<str>> = view
        .fields(Role::Label)
        .first()
        .map(|name| name.as_str().into());
    for group in groups.groups() {
        // Members stand in the order of their records: the first of each split is met first.
        let Some(first) = group
            .iter()
            .min_by_key(|member| (member.tag, member.record))
        else {
            continue;
        };
        for member in group.iter().filter(|member| member.tag > first.tag) {
            let [own, other] = [member.tag, first.tag].map(|tag| &names[tag as usize]);
            hits.push(Hit {
                record: member.record,
                score: 1.0,
                rank,
                severity: 1.0,
                field: field.clone(),
                method: method.clone(),
                suggested: None,
                note: Note::Of(
                    format!("{own}<-{other}: the {what} of {{}}").into(),
                    first.record,
                ),
            });
        }
    }
}

/// Returns the splits in their order.
fn splits(view: &View<'_>, field: &str) -> Result<Vec<String>, Error> {
    let kind = view.kind(field);
    let runs = view.scan(|batch, records| {
        let mut counts: HashMap<String, u64> = HashMap::new();
        let Some(place) = batch.field(field) else {
            return counts;
        };
        for (_, record) in records {
            if let Some(cell) = record.cell(place) {
                let name = canonical(kind, cell);
                let name = normalized(&name);
                match counts.get_mut(&*name) {
                    Some(count) => *count += 1,
                    None => drop(counts.insert(name.into_owned(), 1)),
                }
            }
        }
        counts
    })?;
    let mut counts: HashMap<String, u64> = HashMap::new();
    for (name, count) in runs.into_iter().flatten() {
        *counts.entry(name).or_default() += count;
    }
    let mut all: Vec<(bool, std::cmp::Reverse<u64>, String)> = counts
        .into_iter()
        .map(|(name, count)| {
            let lower = name.to_lowercase();
            (
                lower != "train" && lower != "training",
                std::cmp::Reverse(count),
                name,
            )
        })
        .collect();
    all.sort();
    Ok(all.into_iter().map(|(_, _, name)| name).collect())
}
