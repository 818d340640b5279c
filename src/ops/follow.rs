//! Measuring by the change: what is known of the version before, minus what went, plus what came.
//!
//! Here `quality`, which knows states, and `diff`, which knows changes, meet. Invariant: the
//! result is bit for bit that of a full measurement, which stands in wherever following is not
//! possible or not worth it.

use std::collections::HashSet;

use crate::base::ObjectId;
use crate::base::progress::Progress;
use crate::dataset::Table;
use crate::diff::{self, Differences, Side};
use crate::object::{self, ObjectSource, State};
use crate::quality::{self, Delta, Known, Measured, Memory};
use crate::repo::Repo;

use super::assess::{self, Version, is_read_alike};
use super::error::Error;
use super::watched::Watched;

/// Where the share of records that changed is larger, everything is measured.
pub(super) const LARGEST_SHARE: u64 = 4;
/// Smaller data sets are measured without looking for what is known.
const LEAST: u64 = 4096;

/// How a repository measures.
pub(super) struct Measuring {
    memory: Memory,
    keep: bool,
}

impl Measuring {
    /// Measures to look: only what is sealed already is kept.
    pub(super) fn of(repo: &Repo) -> Self {
        Self {
            memory: Memory::new(&repo.dir.join("cache"), &repo.dir.join("tmp")),
            keep: false,
        }
    }

    /// Measures to seal: what was measured is kept.
    pub(super) fn to_seal(repo: &Repo) -> Self {
        Self {
            keep: true,
            ..Self::of(repo)
        }
    }

    /// Measures a data set, by its change since `before` where that is faster; then it tells what
    /// it found out about the differences.
    pub(super) fn measure(
        &self,
        source: &dyn ObjectSource,
        before: Option<&Version>,
        table: &Table,
        differences: &mut Differences,
        progress: &dyn Progress,
    ) -> Result<Measured, Error> {
        if let Some(before) = before.filter(|_| table.records() >= LEAST) {
            let memory = &self.memory;
            if let Some(measured) = follow(source, before, table, differences, memory, progress)? {
                return Ok(measured);
            }
        }
        begin(progress, table);
        let source = Watched::new(source, progress);
        let measured = match self.keep {
            true => quality::measure_and_keep(&source, table, &self.memory)?,
            false => quality::measure(&source, table)?,
        };
        progress.end();
        Ok(measured)
    }

    /// Keeps what was measured of a state that is being sealed.
    pub(super) fn keep(&self, state: &ObjectId, measured: &Measured) {
        if self.keep {
            self.memory.keep(state, measured);
        }
    }
}

fn follow(
    source: &dyn ObjectSource,
    before: &Version,
    table: &Table,
    differences: &mut Differences,
    memory: &Memory,
    progress: &dyn Progress,
) -> Result<Option<Measured>, Error> {
    let Some(score) = before.score(&table.name) else {
        return Ok(None);
    };
    let Some(declaration) = before.declarations.get(&table.name) else {
        return Ok(None);
    };
    let old = Table::open(source, &before.entries, declaration)?;
    if !is_read_alike(&old, score) {
        return Ok(None);
    }
    if !is_alike(&old, table) {
        return Ok(None);
    }
    let state: State = object::get(source, &score.state)?;
    let known = match memory.recall(&score.state, &state) {
        Some(known) => known,
        // Measuring the older version pays the next time, too: its state is sealed.
        None => {
            begin(progress, &old);
            let source = Watched::new(source, progress);
            let measured = quality::measure_and_keep(&source, &old, memory)?;
            progress.end();
            memory.keep(&score.state, &measured);
            Known::of(measured)
        }
    };
    follow_known(source, known, &old, table, (differences, memory), progress)
}

/// Measures a table by its change since another one of which is known what there is to know.
pub(super) fn follow_known(
    source: &dyn ObjectSource,
    known: Known,
    old: &Table,
    table: &Table,
    (differences, memory): (&mut Differences, &Memory),
    progress: &dyn Progress,
) -> Result<Option<Measured>, Error> {
    let survey = &table.declaration.survey();
    let Some(grouping) = known.grouping(survey) else {
        return Ok(None);
    };
    let bytes = assess::differing_bytes(old, table);
    progress.begin(&format!("measuring {}", table.name), Some(bytes));
    let source = &Watched::new(source, progress);
    let changed = diff::changed_records(
        source,
        old,
        table,
        table.records() / LARGEST_SHARE,
        &|| Delta::new(survey, &grouping),
        &|delta, side, batch| match side {
            Side::Before => delta.remove(batch),
            Side::After => delta.add(batch),
        },
    )?;
    let Some((deltas, found)) = changed else {
        return Ok(None);
    };
    *differences = found;
    let measured = quality::follow(source, table, known, &grouping, deltas, memory)?;
    progress.end();
    Ok(measured)
}

fn begin(progress: &dyn Progress, table: &Table) {
    progress.begin(&format!("measuring {}", table.name), Some(table.bytes()));
}

/// Returns whether most records of a table stand in runs that the other has, too, so that following
/// pays.
pub(super) fn is_alike(old: &Table, table: &Table) -> bool {
    table.records() >= LEAST && shared(old, table) >= table.records() / 2
}

/// Returns how many records of a table stand in runs that the other has, too.
fn shared(old: &Table, new: &Table) -> u64 {
    let units = |table: &'_ Table| -> Vec<(ObjectId, u64)> {
        let unit = |(part, unit): (usize, usize)| &table.parts[part].units[unit];
        let units = table.units().map(unit);
        units.map(|unit| (unit.id, unit.records)).collect()
    };
    let known: HashSet<ObjectId> = units(old).into_iter().map(|(id, _)| id).collect();
    let same = units(new).into_iter().filter(|(id, _)| known.contains(id));
    same.map(|(_, records)| records).sum()
}
