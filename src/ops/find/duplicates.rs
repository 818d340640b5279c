//! `find duplicates`: records whose content another one before them has, exactly or nearly.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::curate::{Bands, Shingled, Spelling, near_duplicates};
use crate::record::{Role, Type};

use super::super::error::Error;
use super::groups::{ByFields, grouped};
use super::reading::View;
use super::{Answer, Hit, Note};

/// So many shingles are held in memory at once: 1 GiB, of texts of 20 words seven million.
const MOST_SHINGLES: usize = 1 << 27;
/// So many texts: beside their shingles they take 50 bytes each.
const MOST_TEXTS: usize = 1 << 24;

/// Records beyond the first of each group of equal content: those that the metric
/// `duplicates_content` counts.
pub(super) fn exact(view: &View<'_>) -> Result<Answer, Error> {
    let content = view.content();
    if content.is_empty() {
        return Err(view.not_to_be_found("it has no content fields"));
    }
    let nothing = || Spelling::new(Vec::new());
    let reader = ByFields {
        group: view.spelling(content.iter().map(|name| &**name)),
        and: nothing(),
        tag: nothing(),
    };
    let (groups, looked_at) = grouped(view, &reader, false)?;
    let method: Arc<str> = "equal-content".into();
    let field = label(view);
    let mut hits = Vec::new();
    for group in groups.groups() {
        let note = format!("the content of {{}}, which {} records have", group.len());
        let note: Arc<str> = note.into();
        for member in &group[1..] {
            hits.push(Hit {
                record: member.record,
                score: 1.0,
                rank: 0,
                severity: 1.0,
                field: field.clone(),
                method: method.clone(),
                suggested: None,
                note: Note::Of(note.clone(), group[0].record),
            });
        }
    }
    Ok(Answer {
        counts: BTreeMap::new(),
        method: method.to_string(),
        hits,
        notes: Vec::new(),
        looked_at,
    })
}

/// Returns the field that a record without its own is told with: the first label.
fn label(view: &View<'_>) -> Option<Arc<str>> {
    let first = view.fields(Role::Label).first();
    first.map(|field| field.as_str().into())
}

/// Records whose text is like that of an earlier one.
pub(super) fn near(view: &View<'_>, least: f64) -> Result<Answer, Error> {
    if !(least > 0.0 && least <= 1.0) {
        return Err(Error::Usage(
            "--threshold is above 0 and at most 1".to_owned(),
        ));
    }
    let mut fields = view.fields(Role::Text).to_vec();
    if fields.is_empty() {
        let strings = view
            .content()
            .into_iter()
            .filter(|name| view.kind(name) == Type::String);
        fields = strings.map(|name| name.to_string()).collect();
    }
    if fields.is_empty() {
        return Err(view.not_to_be_found("it has no text"));
    }
    let (shingles, count) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let is_too_much = || {
        let shingles = shingles.load(Ordering::Relaxed);
        shingles > MOST_SHINGLES || count.load(Ordering::Relaxed) > MOST_TEXTS
    };
    let runs = view.scan(|batch, records| {
        let places = batch.places(fields.iter().map(String::as_str));
        // What is too much is not read to its end.
        if is_too_much() {
            return (Vec::new(), Shingled::default());
        }
        let mut at = Vec::new();
        let texts = Shingled::of(records.map(|(place, record)| {
            at.push(place);
            let cells = places.iter();
            let cells = cells.filter_map(|place| Some(record.cell((*place)?)?.text));
            cells.collect::<Vec<_>>().join("\n")
        }));
        shingles.fetch_add(texts.shingles(), Ordering::Relaxed);
        count.fetch_add(texts.len(), Ordering::Relaxed);
        (at, texts)
    })?;
    if is_too_much() {
        let words = format!(
            "its texts have more than {MOST_SHINGLES} shingles, or are more than {MOST_TEXTS}: \
             choose some with --where"
        );
        return Err(view.not_to_be_found(words));
    }
    let (mut places, mut texts) = (Vec::new(), Shingled::default());
    for (at, some) in runs {
        places.extend(at);
        texts.append(some);
    }
    let cut = Bands::of_threshold(least);
    let method = format!(
        "minhash(jaccard >= {least}, shingles of 3 words, {} bands of {} rows)",
        cut.bands, cut.rows
    );
    let (name, field): (Arc<str>, _) = (method.as_str().into(), label(view));
    let like: Arc<str> = "like {}".into();
    let hit = |pair: crate::curate::NearPair| Hit {
        record: places[pair.later],
        score: pair.index,
        rank: 0,
        severity: pair.index,
        field: field.clone(),
        method: name.clone(),
        suggested: None,
        note: Note::Of(like.clone(), places[pair.earlier]),
    };
    Ok(Answer {
        counts: BTreeMap::new(),
        hits: near_duplicates(&texts, least)
            .into_iter()
            .map(hit)
            .collect(),
        notes: vec![format!("texts: {}", fields.join(", "))],
        looked_at: places.len() as u64,
        method: method.clone(),
    })
}
