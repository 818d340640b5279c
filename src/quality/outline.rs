//! Outlines: what a comparison asks of two versions that are mostly equal, and no more.
//!
//! Invariant: an answer is that of full measurements. It is only given where every record of both
//! versions has a key of its own; digests are not part of it.

use crate::dataset::{self, Table};
use crate::object::ObjectSource;
use crate::profile::tables::{Collector, Grouping, keys_stand_once};
use crate::profile::{Duplicates, Facts, Profile, Survey};
use crate::record::Batch;

use super::follow::Delta;
use super::measure::with_units;

/// What was counted of one version.
pub struct Outline<'a> {
    profile: Profile,
    keys: Vec<Collector<'a>>,
}

impl<'a> Outline<'a> {
    /// Guesses from a sample how keys are told apart; `survey` is one of facts.
    pub fn guess(
        source: &dyn ObjectSource,
        table: &Table,
        survey: &Survey,
    ) -> Result<Grouping, dataset::Error> {
        with_units(source, table, survey, |units| {
            Ok(Grouping::new(survey, &units.sample()?))
        })
    }

    /// Counts the records of a table; `None` where the guess was wrong.
    pub fn of(
        source: &dyn ObjectSource,
        table: &Table,
        survey: &Survey,
        guess: &'a Grouping,
    ) -> Result<Option<Self>, dataset::Error> {
        with_units(source, table, survey, |units| {
            let start = || (Profile::new(survey), Collector::new(guess));
            let add = |(profile, keys): &mut (Profile, Collector<'_>), batch: &Batch| {
                profile.add(batch);
                keys.add(batch);
            };
            let parts = units.on_all_cores(start, add)?;
            let mut profile = Profile::new(survey);
            let mut keys = Vec::with_capacity(parts.len());
            for (part, collected) in parts {
                profile.merge(&part);
                keys.push(collected);
            }
            let right = Grouping::new(survey, &profile) == *guess;
            Ok(right.then_some(Self { profile, keys }))
        })
    }

    /// Returns the facts of the table, which is `own`, and of `other`, which differs from it by
    /// `deltas`; `None` where not every record of both has a key of its own, or more was taken
    /// away than there was.
    pub fn facts(
        mut self,
        (own, other): (&Table, &Table),
        survey: &Survey,
        guess: &Grouping,
        deltas: &[Delta<'_>],
    ) -> Option<(Facts, Facts)> {
        let went: Vec<_> = deltas.iter().map(|delta| &delta.went).collect();
        let came: Vec<_> = deltas.iter().map(|delta| &delta.came).collect();
        if !keys_stand_once(&self.keys, &went, &came) {
            return None;
        }
        let duplicates = Duplicates {
            key: Some(0),
            ..Duplicates::default()
        };
        let facts = |profile: &Profile, table: &Table| {
            Facts::of(profile, &profile.all_fields(&table.fields()), &duplicates)
        };
        let mine = facts(&self.profile, own);
        let mut change = Profile::new(survey);
        deltas.iter().for_each(|delta| change.merge(&delta.profile));
        self.profile.merge(&change);
        let sound = !self.profile.needs_recount() && self.profile.records() == other.records();
        let same = sound && Grouping::new(survey, &self.profile) == *guess;
        same.then(|| (mine, facts(&self.profile, other)))
    }
}
