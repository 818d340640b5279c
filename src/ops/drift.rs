//! Drift since the version before, with the classes that were only renamed taken out.

use std::collections::BTreeSet;

use crate::object::changes::DatasetChanges;
use crate::object::{DatasetScore, ObjectSource};
use crate::profile::{Facts, FieldFacts};
use crate::quality::{self, Metric, Renames};

use super::error::Error;

/// Returns the renames that a change set found in a data set.
pub(super) fn renames(changes: &[DatasetChanges], dataset: &str) -> Renames {
    let mut renames = Renames::default();
    let changes = changes.iter().filter(|changes| changes.name == dataset);
    for change in changes.flat_map(|changes| &changes.schema) {
        let names = (change.from.as_str(), change.to.as_str());
        if let ("class_renamed", Some(field), (Some(from), Some(to))) =
            (change.change.as_str(), &change.field, names)
        {
            let of_field = renames.found.entry(field.clone()).or_default();
            of_field.insert(from.to_owned(), to.to_owned());
        }
    }
    renames
}

/// Returns whether a class of a label field is gone while another one has come: only then comparing
/// the records can find classes that were renamed.
pub(super) fn may_be_renamed(
    source: &dyn ObjectSource,
    older: &DatasetScore,
    score: &DatasetScore,
) -> Result<bool, Error> {
    let (old, new) = (Facts::read(source, older)?, Facts::read(source, score)?);
    let moved = |(a, b): (&FieldFacts, &FieldFacts)| {
        let both = (a.classes.as_ref(), b.classes.as_ref());
        let (Some(old), Some(new)) = both else {
            return false;
        };
        let names = |all: &[(String, u64)]| -> BTreeSet<String> {
            all.iter().map(|(name, _)| name.clone()).collect()
        };
        let (old, new) = (names(old), names(new));
        !old.is_subset(&new) && !new.is_subset(&old)
    };
    let same = |field: &FieldFacts| new.fields.iter().find(|other| other.name == field.name);
    let mut both = old
        .fields
        .iter()
        .filter_map(|field| Some((field, same(field)?)));
    Ok(both.any(moved))
}

/// Adds the drift of a data set since an older version to its metrics.
pub(super) fn append(
    source: &dyn ObjectSource,
    older: &DatasetScore,
    score: &DatasetScore,
    renames: &Renames,
    metrics: &mut Vec<Metric>,
) -> Result<(), Error> {
    let mut drift = quality::drift_since(source, older, score, renames)?;
    // Beside the drift between splits, where there is any.
    let place = metrics.iter().position(|m| m.name.starts_with("drift_"));
    let place = place.unwrap_or(metrics.len());
    let tail = metrics.split_off(place);
    metrics.append(&mut drift);
    metrics.extend(tail);
    Ok(())
}
