//! The feature map of a data set, frozen from the records that are looked at.
//!
//! Text fields become n-grams; numbers are scaled by mean and standard deviation; lists of numbers
//! of one length are embeddings; a string is text where its values have three words or more on
//! average, else a category. Labels, keys and all other fields that are not content play no part.

use std::sync::Arc;

use crate::learn::features::{Scale, embedding, words};
use crate::learn::{Encoding, FeatureMap};
use crate::record::{Role, Type};

use super::super::error::Error;
use super::reading::View;

/// Values with so many words on average are text.
const WORDS: usize = 3;

/// What is known of the values of one field.
#[derive(Default)]
struct Seen {
    values: usize,
    words: usize,
    numbers: Vec<f64>,
    /// The length of all lists; `None` before the first and where they differ.
    width: Option<usize>,
    uneven: bool,
}

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
                seen.values += 1;
                match kind {
                    Type::Integer | Type::Float => {
                        seen.numbers.extend(cell.text.trim().parse::<f64>())
                    }
                    Type::List => {
                        let width = embedding(cell.text).map(|numbers| numbers.len());
                        seen.uneven |=
                            width.is_none() || seen.width.is_some_and(|w| Some(w) != width);
                        seen.width = width;
                    }
                    _ => words(cell.text, |_| seen.words += 1),
                }
            }
        }
        seen
    })?;
    let mut all: Vec<Seen> = fields.iter().map(|_| Seen::default()).collect();
    for run in runs {
        for (all, some) in all.iter_mut().zip(run) {
            all.values += some.values;
            all.words += some.words;
            all.numbers.extend(some.numbers);
            if some.width.is_some() {
                all.uneven |= all.width.is_some() && all.width != some.width;
                all.width = some.width;
            }
            all.uneven |= some.uneven;
        }
    }
    let texts = view.fields(Role::Text);
    let encoded = fields
        .iter()
        .zip(kinds)
        .zip(all)
        .filter_map(|((name, kind), seen)| {
            let encoding = match kind {
                Type::Null => return None,
                _ if texts.iter().any(|text| **text == **name) => Encoding::Text,
                Type::Integer | Type::Float => Encoding::Number(Scale::freeze(seen.numbers)),
                Type::List => match seen.width {
                    Some(width) if !seen.uneven && width > 0 => Encoding::Embedding { width },
                    _ => Encoding::Text,
                },
                Type::String if seen.words >= WORDS * seen.values => Encoding::Text,
                _ => Encoding::Category,
            };
            Some((name.to_string(), encoding))
        });
    Ok(FeatureMap::new(encoded.collect()))
}

/// Returns the map in words.
pub(super) fn described(map: &FeatureMap) -> String {
    let field = |(name, encoding): &(String, Encoding)| match encoding {
        Encoding::Number(_) => format!("{name} (number)"),
        Encoding::Category => format!("{name} (category)"),
        Encoding::Text => format!("{name} (text)"),
        Encoding::Embedding { width } => format!("{name} ({width} numbers)"),
    };
    let fields: Vec<String> = map.fields().iter().map(field).collect();
    format!("features: {}", fields.join(", "))
}
