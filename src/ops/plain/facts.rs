//! What a comparison must know of all records of two plain tables.
//!
//! Invariant: events are those that full measurements of both would give. Where most of the two
//! tables is equal, whole keys that stand once are seen to be so, and the rest is counted by the
//! change: digests are then of what the tables do not share, and answer the same questions.

use std::sync::Arc;

use crate::base::ScratchDir;
use crate::base::progress::Progress;
use crate::dataset::Table;
use crate::diff::{self, Differences, Side};
use crate::object::ObjectSource;
use crate::profile::{Facts, Profile, Survey};
use crate::quality::{self, Delta, Known, Memory, Outline};
use crate::record::{Role, Roles};

use super::super::assess;
use super::super::error::Error;
use super::super::follow;
use super::super::watched::Watched;

/// Facts of the older and the newer table, and what is known of how they differ.
pub(super) type Found = (Facts, Facts, Differences);

/// Measures what a comparison must know of both tables.
pub(super) fn of_both(
    source: &dyn ObjectSource,
    older: &Table,
    newer: &Table,
    progress: &dyn Progress,
) -> Result<Found, Error> {
    let (old, new) = (for_facts(older), for_facts(newer));
    if follow::is_alike(&old, &new) {
        if let Some(found) = by_change(source, &old, &new, progress)? {
            return Ok(found);
        }
        return one_by_the_other(source, &old, &new, progress);
    }
    let watched = Watched::new(source, progress);
    let total = old.bytes() + new.bytes();
    progress.begin(&format!("measuring {}", new.name), Some(total));
    let facts = quality::measure(&watched, &old)?.facts();
    let newer = quality::measure(&watched, &new)?.facts();
    Ok((facts, newer, Differences::default()))
}

/// Measures the older table, and the newer one by its change where that is small.
fn one_by_the_other(
    source: &dyn ObjectSource,
    old: &Table,
    new: &Table,
    progress: &dyn Progress,
) -> Result<Found, Error> {
    let mut differences = Differences::default();
    let watched = Watched::new(source, progress);
    let dir = ScratchDir::create()?;
    let memory = Memory::new(dir.path(), dir.path());
    progress.begin(&format!("measuring {}", old.name), Some(old.bytes()));
    let measured = quality::measure_and_keep(&watched, old, &memory)?;
    let facts = measured.facts();
    let known = Known::of(measured);
    let found = (&mut differences, &memory);
    let followed = follow::follow_known(source, known, old, new, found, progress)?;
    let newer = match followed {
        Some(measured) => measured.facts(),
        None => {
            progress.begin(&format!("measuring {}", new.name), Some(new.bytes()));
            quality::measure(&watched, new)?.facts()
        }
    };
    Ok((facts, newer, differences))
}

/// What one thread counts of a change: the way back from the newer table to the older one, and what
/// went and came with digests.
struct Change<'a> {
    back: Delta<'a>,
    went: Profile,
    came: Profile,
}

/// Counts types, classes and keys of the newer table, and of the older one by the change; digests
/// are those of the change. `None` where keys are missing or stand twice, or where more changed.
fn by_change(
    source: &dyn ObjectSource,
    old: &Table,
    new: &Table,
    progress: &dyn Progress,
) -> Result<Option<Found>, Error> {
    if new.declaration.roles.key().is_empty() {
        return Ok(None);
    }
    let whole = new.declaration.survey();
    let survey: &Survey = &whole.of_facts();
    progress.begin(&format!("measuring {}", new.name), Some(new.bytes()));
    let watched = Watched::new(source, progress);
    let guess = Outline::guess(source, new, survey)?;
    let Some(outline) = Outline::of(&watched, new, survey, &guess)? else {
        return Ok(None);
    };
    let bytes = assess::differing_bytes(old, new);
    progress.begin(&format!("measuring {}", old.name), Some(bytes));
    let watched = Watched::new(source, progress);
    let changed = diff::changed_records(
        &watched,
        old,
        new,
        new.records() / follow::LARGEST_SHARE,
        &|| Change {
            back: Delta::new(survey, &guess),
            went: Profile::new(&whole),
            came: Profile::new(&whole),
        },
        &|change, side, batch| match side {
            Side::Before => {
                change.back.add(batch);
                change.went.add(batch);
            }
            Side::After => {
                change.back.remove(batch);
                change.came.add(batch);
            }
        },
    )?;
    let Some((changes, differences)) = changed else {
        return Ok(None);
    };
    let (mut went, mut came) = (Profile::new(&whole), Profile::new(&whole));
    let mut back = Vec::with_capacity(changes.len());
    for change in changes {
        went.merge(&change.went);
        came.merge(&change.came);
        back.push(change.back);
    }
    let Some((mut newer, mut older)) = outline.facts((new, old), survey, &guess, &back) else {
        return Ok(None);
    };
    older.take_digests(&went);
    newer.take_digests(&came);
    Ok(Some((older, newer, differences)))
}

/// Returns the table with the roles that facts come from: the others are not looked at.
fn for_facts(table: &Table) -> Table {
    let mut roles = Roles::new();
    for role in [Role::Key, Role::Label] {
        for field in table.declaration.roles.fields(role) {
            roles.add(role, field.as_str());
        }
    }
    for field in table.fields() {
        if roles.of(&field).is_empty() {
            roles.add(Role::Metadata, &*field);
        }
    }
    let mut table = table.clone();
    table.declaration.roles = roles;
    table.declaration.rules = Arc::default();
    table
}
