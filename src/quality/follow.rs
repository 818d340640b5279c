//! Following a change: from what is known of one version and the records that changed to what a
//! measurement of the next would tell, bit for bit.

use crate::dataset::{self, Table};
use crate::object::ObjectSource;
use crate::profile::tables::{Collector, Grouping};
use crate::profile::{Profile, Survey};
use crate::record::Batch;

use super::measure::{Measured, measure_profiled, measured};
use super::memory::{Known, Memory};

/// What came and what went, collected by one thread.
pub struct Delta<'a> {
    pub(super) profile: Profile,
    pub(super) came: Collector<'a>,
    pub(super) went: Collector<'a>,
}

impl<'a> Delta<'a> {
    /// Returns the delta of no change. `grouping` is that of what is known: [`Known::grouping`].
    pub fn new(survey: &Survey, grouping: &'a Grouping) -> Self {
        Self {
            profile: Profile::new(survey),
            came: Collector::new(grouping),
            went: Collector::new(grouping),
        }
    }

    /// Adds records.
    pub fn add(&mut self, batch: &Batch) {
        self.profile.add(batch);
        self.came.add(batch);
    }

    /// Takes records away.
    pub fn remove(&mut self, batch: &Batch) {
        self.profile.remove(batch);
        self.went.add(batch);
    }
}

impl Known {
    /// Returns how the tables tell records apart; `None` where nothing can be told of a data set
    /// with this survey.
    pub fn grouping(&self, survey: &Survey) -> Option<Grouping> {
        let fits = self.profile.fits(survey);
        fits.then(|| Grouping::new(survey, &self.profile))
    }
}

/// Measures a table that differs from what is known by these changes; `None` where only a full
/// measurement can tell.
pub fn follow(
    source: &dyn ObjectSource,
    table: &Table,
    known: Known,
    grouping: &Grouping,
    deltas: Vec<Delta<'_>>,
    memory: &Memory,
) -> Result<Option<Measured>, dataset::Error> {
    let Known {
        mut profile,
        tables,
    } = known;
    // Deltas first: what goes and comes back elsewhere cancels.
    let survey = &table.declaration.survey();
    let mut change = Profile::new(survey);
    let (mut came, mut went) = (Vec::new(), Vec::new());
    for delta in deltas {
        change.merge(&delta.profile);
        came.push(delta.came);
        went.push(delta.went);
    }
    profile.merge(&change);
    if profile.needs_recount() || profile.records() != table.records() {
        return Ok(None);
    }
    let tables = tables
        .filter(|tables| tables.fit(grouping))
        .filter(|_| Grouping::new(survey, &profile) == *grouping)
        .and_then(|tables| tables.apply(&came, &went, memory.place()).ok());
    let Some(tables) = tables else {
        return measure_profiled(source, table, profile, memory).map(Some);
    };
    let fields = table.fields();
    let duplicates = tables.duplicates(grouping, &profile.all_fields(&fields));
    let counted = (profile, duplicates, Some(tables));
    Ok(Some(measured(table, &fields, counted)))
}
