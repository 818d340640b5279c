//! Measuring: one pass over the records of a data set, on all cores, in bounded memory.
//!
//! Invariant: the result depends on the records alone, never on units, threads or order. Tables
//! hash values in the spelling of their field's type, which is known only at the end: it is
//! guessed from a sample, and a wrong guess costs a second pass.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;

use crate::config::ClassesConfig;
use crate::dataset::{self, Part, Table};
use crate::object::{FileDialect, ObjectSource};
use crate::profile::tables::{self, Collector, Grouping, Place, Tables};
use crate::profile::{Duplicates, Facts, Profile, Survey, hash_records};
use crate::record::{Batch, Format};

use super::memory::Memory;

/// How many units the types are guessed from.
const SAMPLE: usize = 16;

/// What was measured of one version of a data set: all that its score is made of.
#[derive(Clone, Debug)]
pub struct Measured {
    /// The data set.
    pub name: String,
    /// The name of its format.
    pub format: String,
    /// The roles of its fields and what they are held to.
    pub survey: Survey,
    /// The declared classes.
    pub classes: Option<ClassesConfig>,
    /// What is declared to stand between the classes of sets, by label field.
    pub separators: BTreeMap<String, String>,
    /// The fields of the schema, in order.
    pub fields: Vec<Arc<str>>,
    /// The files with their dialects, by path.
    pub files: Vec<FileDialect>,
    /// The additive statistics.
    pub profile: Profile,
    /// What the tables tell.
    pub duplicates: Duplicates,
    /// Records whose value is not in the field that it refers to, by field; `None` where that field
    /// is not there. Another data set decides, so `ops` fills it in.
    pub dangling: Vec<(String, Option<u64>)>,
    /// The tables themselves, where they are kept.
    pub tables: Option<Tables>,
}

/// The statistics of a version's records.
pub(super) type Counted = (Profile, Duplicates, Option<Tables>);

impl Measured {
    /// Returns the whole-table facts that a comparison needs.
    pub fn facts(&self) -> Facts {
        Facts::of(&self.profile, &self.fields, &self.duplicates)
    }
}

/// Units of records that can be read one by one, on any thread.
pub(super) struct Units<'a, E> {
    pub(super) count: usize,
    pub(super) read: &'a (dyn Fn(usize, &mut Batch) -> Result<(), E> + Sync),
    /// The fields that are known without reading.
    pub(super) fields: &'a [Arc<str>],
    pub(super) survey: &'a Survey,
}

impl<E: Send> Units<'_, E> {
    /// Profiles all records and counts their duplicates.
    pub(super) fn measure(&self, place: Option<Place<'_>>) -> Result<Counted, E> {
        let sample = self.sample()?;
        let guess = Grouping::new(self.survey, &sample);
        let start = || (Profile::new(self.survey), Collector::new(&guess));
        let add = |(profile, collector): &mut (Profile, Collector<'_>), batch: &Batch| {
            let hashes = hash_records(batch);
            profile.add_hashed(batch, &hashes);
            collector.add_hashed(batch, &hashes);
        };
        let parts = self.on_all_cores(start, add)?;
        let mut profile = Profile::new(self.survey);
        let mut collectors = Vec::with_capacity(parts.len());
        for (part, collector) in parts {
            profile.merge(&part);
            collectors.push(collector);
        }
        let (duplicates, tables) = if Grouping::new(self.survey, &profile) == guess {
            tables::count_and_keep(collectors, &profile.all_fields(self.fields), place)
        } else {
            drop(collectors);
            self.duplicates(&profile, place)?
        };
        Ok((profile, duplicates, tables))
    }

    /// Counts the duplicates among records whose profile is known.
    fn duplicates(
        &self,
        profile: &Profile,
        place: Option<Place<'_>>,
    ) -> Result<(Duplicates, Option<Tables>), E> {
        let grouping = Grouping::new(self.survey, profile);
        let collect = |collector: &mut Collector<'_>, batch: &Batch| collector.add(batch);
        let collectors = self.on_all_cores(|| Collector::new(&grouping), collect)?;
        let fields = profile.all_fields(self.fields);
        Ok(tables::count_and_keep(collectors, &fields, place))
    }

    /// Profiles a few units from all over the table.
    pub(super) fn sample(&self) -> Result<Profile, E> {
        let mut profile = Profile::new(self.survey);
        let mut batch = Batch::default();
        let step = self.count.div_ceil(SAMPLE).max(1);
        for unit in (0..self.count).step_by(step) {
            (self.read)(unit, &mut batch)?;
            profile.add(&batch);
        }
        Ok(profile)
    }

    /// Gives each thread a state and one unit after the other, as it comes.
    pub(super) fn on_all_cores<T: Send>(
        &self,
        start: impl Fn() -> T + Sync,
        add: impl Fn(&mut T, &Batch) + Sync,
    ) -> Result<Vec<T>, E> {
        let next = AtomicUsize::new(0);
        let threads = rayon::current_num_threads().min(self.count).max(1);
        (0..threads)
            .into_par_iter()
            .with_max_len(1)
            .map(|_| {
                let mut state = start();
                let mut batch = Batch::default();
                loop {
                    let unit = next.fetch_add(1, Ordering::Relaxed);
                    if unit >= self.count {
                        return Ok(state);
                    }
                    (self.read)(unit, &mut batch)?;
                    add(&mut state, &batch);
                }
            })
            .collect()
    }
}

/// Measures a version of a data set.
pub fn measure(source: &dyn ObjectSource, table: &Table) -> Result<Measured, dataset::Error> {
    let survey = &table.declaration.survey();
    with_units(source, table, survey, |units| {
        let counted = units.measure(None)?;
        Ok(measured(table, units.fields, counted))
    })
}

/// Measures the same, and keeps the tables, whose files then outlive the result.
pub fn measure_and_keep(
    source: &dyn ObjectSource,
    table: &Table,
    memory: &Memory,
) -> Result<Measured, dataset::Error> {
    let survey = &table.declaration.survey();
    with_units(source, table, survey, |units| {
        let counted = units.measure(Some(memory.place()))?;
        Ok(measured(table, units.fields, counted))
    })
}

/// Counts the duplicates of a version whose profile is known.
pub(super) fn measure_profiled(
    source: &dyn ObjectSource,
    table: &Table,
    profile: Profile,
    memory: &Memory,
) -> Result<Measured, dataset::Error> {
    let survey = &table.declaration.survey();
    with_units(source, table, survey, |units| {
        let (duplicates, tables) = units.duplicates(&profile, Some(memory.place()))?;
        Ok(measured(table, units.fields, (profile, duplicates, tables)))
    })
}

pub(super) fn with_units<T>(
    source: &dyn ObjectSource,
    table: &Table,
    survey: &Survey,
    run: impl FnOnce(&Units<'_, dataset::Error>) -> Result<T, dataset::Error>,
) -> Result<T, dataset::Error> {
    let places: Vec<_> = table.units().collect();
    let read = |index: usize, batch: &mut Batch| {
        let (part, unit) = places[index];
        table.read_unit(source, part, unit, batch)
    };
    run(&Units {
        count: places.len(),
        read: &read,
        fields: &table.fields(),
        survey,
    })
}

pub(super) fn measured(
    table: &Table,
    fields: &[Arc<str>],
    (profile, duplicates, tables): Counted,
) -> Measured {
    let declaration = &table.declaration;
    let file = |part: &Part| FileDialect {
        path: part.path.clone(),
        dialect: part.layout.dialect.describe(),
    };
    // Images are no files of a record format: nothing about how they are written is read.
    let read = table
        .parts
        .iter()
        .filter(|part| part.layout.format != Format::Images);
    let mut files: Vec<FileDialect> = read.map(file).collect();
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Measured {
        name: table.name.clone(),
        format: declaration.format.name().to_owned(),
        survey: declaration.survey(),
        classes: declaration.classes.clone(),
        separators: declaration.separators(),
        fields: profile.all_fields(fields),
        files,
        profile,
        duplicates,
        dangling: Vec::new(),
        tables,
    }
}
