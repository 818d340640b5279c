//! The ratings that a consensus outvotes, with the records that hold them.

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::super::agreement::{Question, Ratings, Shape, read_items};
use super::votes::Verdict;
use crate::base::ObjectId;
use crate::dataset;
use crate::object::ObjectSource;
use crate::profile::hash_records;
use crate::record::{Batch, Type, canonical, normalized};

/// A rating whose item has another consensus.
#[derive(Clone, PartialEq, Debug)]
pub struct Outvoted {
    /// The place of its record in the table, counted from 1.
    pub place: u64,
    /// The values of its key; a missing part is `None`. Empty where there is no key.
    pub key: Vec<Option<String>>,
    /// The BLAKE3 of its frame, where there is no key.
    pub record: Option<ObjectId>,
    /// The label field that holds it.
    pub field: String,
    /// What it says.
    pub label: String,
    /// The class that the consensus has, by number.
    pub suggested: u32,
    /// How much speaks for that class.
    pub score: f64,
    /// Who rated, where the data say so.
    pub annotator: Option<String>,
}

/// Reads the table again and returns the ratings whose item has another consensus, the surest
/// first, then in the order of the records.
pub fn outvoted(
    source: &dyn ObjectSource,
    question: &Question<'_>,
    ratings: &Ratings,
    verdicts: &FxHashMap<u64, Verdict>,
) -> Result<Vec<Outvoted>, dataset::Error> {
    let table = question.table;
    let roles = &table.declaration.roles;
    let items = read_items(question, ratings);
    let kind = ratings.kind.unwrap_or(Type::Null);
    let labels: Vec<&str> = match question.shape {
        Shape::Long(label) => vec![label],
        Shape::Wide => roles.labels().iter().map(String::as_str).collect(),
    };
    let annotator_field = roles.fields(crate::record::Role::Annotator).first();
    let mut before = 0;
    let starts = table.parts.iter().map(|part| {
        before += part.records();
        before - part.records()
    });
    let starts: Vec<u64> = starts.collect();
    let units: Vec<_> = table.units().collect();
    let found = units
        .par_iter()
        .map_init(Batch::default, |batch, &(file, unit)| {
            let mut out = Vec::new();
            table.read_unit(source, file, unit, batch)?;
            let first = table.parts[file].units[unit].first_record;
            let batch = &*batch;
            let fields = batch.places(labels.iter().copied());
            let key = batch.places(roles.key().iter().map(String::as_str));
            let annotator = annotator_field.and_then(|name| batch.field(name));
            // What has no key is named by what it is.
            let ids = match key.is_empty() {
                true => hash_records(batch),
                false => Vec::new(),
            };
            items.each(batch, (file, first), |at, item, record| {
                let Some(verdict) = verdicts.get(&item) else {
                    return;
                };
                let Some(suggested) = verdict.class else {
                    return;
                };
                let text = |place: &Option<usize>| {
                    let cell = record.cell((*place)?)?;
                    Some(normalized(&canonical(Type::of(cell), cell)).into_owned())
                };
                for (name, place) in labels.iter().zip(&fields) {
                    let Some(cell) = place.and_then(|place| record.cell(place)) else {
                        continue;
                    };
                    let label = normalized(&canonical(kind, cell)).into_owned();
                    if ratings.classes.get(suggested as usize) == Some(&label) {
                        continue;
                    }
                    out.push(Outvoted {
                        place: starts[file] + at + 1,
                        key: key.iter().map(text).collect(),
                        record: ids.get((at - first) as usize).copied(),
                        field: (*name).to_owned(),
                        label,
                        suggested,
                        score: verdict.score,
                        annotator: match question.shape {
                            Shape::Wide => Some((*name).to_owned()),
                            Shape::Long(_) => text(&annotator),
                        },
                    });
                }
            });
            Ok::<_, dataset::Error>(out)
        });
    let found: Vec<Vec<Outvoted>> = found.collect::<Result<_, _>>()?;
    let mut found: Vec<Outvoted> = found.into_iter().flatten().collect();
    found.sort_by(|a, b| b.score.total_cmp(&a.score));
    Ok(found)
}
