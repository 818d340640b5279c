//! Drift since the version before, with the classes that were only renamed taken out.

use std::collections::BTreeMap;

use crate::object::changes::DatasetChanges;
use crate::object::{DatasetScore, ObjectSource};
use crate::quality::{self, Metric};

use super::error::Error;

/// Classes that only got another name: old -> new.
pub(super) type Renames = BTreeMap<String, String>;

/// Returns the renames that a change set found in a data set.
pub(super) fn renames(changes: &[DatasetChanges], dataset: &str) -> Renames {
    let found = changes.iter().filter(|changes| changes.name == dataset);
    let schema = found.flat_map(|changes| &changes.schema);
    let renamed = schema.filter(|change| change.change == "class_renamed");
    let names = renamed.filter_map(|change| {
        let (from, to) = (change.from.as_str()?, change.to.as_str()?);
        Some((from.to_owned(), to.to_owned()))
    });
    names.collect()
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
