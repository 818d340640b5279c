//! Checks that the names of a `--where` condition mean something in the versions that it is about.

use std::collections::BTreeSet;

use crate::dataset::{Table, Where};
use crate::diff::EVENT_NAMES;
use crate::object::{self, DatasetScore, ObjectSource, Schema};
use crate::record::{Format, quote_name};

use super::assess::Version;
use super::error::Error;

/// Fails with the nearest names where a name is neither one of events nor a field of any data set
/// of any of the versions.
///
/// A field that only some data sets have is null in the others, so that one condition can be asked
/// of all of them.
pub(super) fn check(
    source: &dyn ObjectSource,
    condition: &Where,
    versions: &[&Version],
) -> Result<(), Error> {
    let steps = [false, true].into_iter();
    let mut all = steps
        .flat_map(|thorough| versions.iter().map(move |version| (thorough, *version)))
        .map(|(thorough, version)| fields(source, version, thorough));
    check_among(condition, &EVENT_NAMES, &mut all)
}

/// Does the same for a condition on the records of one table, to which no event happens.
pub(super) fn check_records(
    source: &dyn ObjectSource,
    condition: &Where,
    table: &Table,
) -> Result<(), Error> {
    let mut asked = [false, true].into_iter().map(|thorough| {
        let fields = match thorough {
            false => table.fields(),
            true => table.read_fields(source)?,
        };
        Ok(fields.iter().map(|name| name.to_string()).collect())
    });
    check_among(condition, &[], &mut asked)
}

/// Does the same with names of events and with the fields that are asked for one group after
/// another, until all names are found.
pub(super) fn check_among(
    condition: &Where,
    events: &[&str],
    fields: &mut dyn Iterator<Item = Result<Vec<String>, Error>>,
) -> Result<(), Error> {
    let mut open: Vec<_> = condition
        .names()
        .iter()
        .filter(|name| name.quoted || !events.contains(&name.text.as_str()))
        .collect();
    let mut known: BTreeSet<String> = BTreeSet::new();
    while !open.is_empty()
        && let Some(more) = fields.next()
    {
        known.extend(more?);
        open.retain(|name| !known.contains(&name.text) && !known.contains(&quote_name(&name.text)));
    }
    match open.first() {
        None => Ok(()),
        Some(name) => {
            known.extend(events.iter().map(|name| (*name).to_owned()));
            Err(condition.unknown(name, known.into_iter().collect()).into())
        }
    }
}

/// Returns the fields that a data set had when it was sealed.
pub(super) fn sealed_fields(
    source: &dyn ObjectSource,
    score: &DatasetScore,
) -> Result<impl Iterator<Item = String> + use<>, Error> {
    let schema: Schema = object::get(source, &score.schema)?;
    Ok(schema.fields.into_iter().map(|field| field.name))
}

/// Returns the fields of all data sets of a version: what was sealed of them, else what headers
/// and first lines say; `thorough` reads all lines of JSON.
fn fields(
    source: &dyn ObjectSource,
    version: &Version,
    thorough: bool,
) -> Result<Vec<String>, Error> {
    let mut out = Vec::new();
    for name in version.declarations.names() {
        let Some(declaration) = version.declarations.get(name) else {
            continue;
        };
        if let Some(score) = version.score(name) {
            out.extend(sealed_fields(source, score)?);
            continue;
        }
        if thorough && declaration.format == Format::Csv {
            continue;
        }
        let table = Table::open(source, &version.entries, declaration)?;
        let found = match thorough {
            true => table.read_fields(source)?,
            false => table.fields(),
        };
        out.extend(found.iter().map(|name| name.to_string()));
    }
    Ok(out)
}
