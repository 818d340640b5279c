//! The feature map of a data set, frozen from the records that are looked at.
//!
//! What becomes of each field stands in `ops/features.rs`. Labels, keys and all other fields that are not content play no part.

use std::sync::Arc;

use crate::learn::FeatureMap;
use crate::record::{Role, Type};

use super::super::error::Error;
use super::super::features::Seen;
use super::reading::View;

/// Returns the map of some fields, or of all content fields.
pub(super) fn map_of(view: &View<'_>, only: Option<&[String]>) -> Result<FeatureMap, Error> {
    let images = view.fields(Role::Image);
    let is_wanted = |name: &Arc<str>| match only {
        Some(only) => only.iter().any(|field| **field == **name),
        None => !images.iter().any(|image| **image == **name),
    };
    let fields: Vec<Arc<str>> = view.content().into_iter().filter(is_wanted).collect();
    let kinds: Vec<Type> = fields.iter().map(|name| view.kind(name)).collect();
    let runs = view.scan(|batch, records| {
        let places = batch.places(fields.iter().map(|name| &**name));
        let mut seen: Vec<Seen> = fields.iter().map(|_| Seen::default()).collect();
        for (_, record) in records {
            for ((place, seen), kind) in places.iter().zip(&mut seen).zip(&kinds) {
                let Some(cell) = place.and_then(|place| record.cell(place)) else {
                    continue;
                };
                seen.see(*kind, cell.text);
            }
        }
        seen
    })?;
    let mut all: Vec<Seen> = fields.iter().map(|_| Seen::default()).collect();
    for run in runs {
        for (all, some) in all.iter_mut().zip(run) {
            all.merge(some);
        }
    }
    let texts = view.fields(Role::Text);
    let encoded = fields
        .iter()
        .zip(kinds)
        .zip(all)
        .filter_map(|((name, kind), seen)| {
            let is_text = texts.iter().any(|text| **text == **name);
            Some((name.to_string(), seen.encoding(kind, is_text)?))
        });
    Ok(FeatureMap::new(encoded.collect()))
}
