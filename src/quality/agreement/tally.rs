//! Tallies: the states of ratings, by stratum and by the units that a bootstrap draws.

use std::collections::BTreeMap;

use super::pairs::PairTable;
use super::read::{NOBODY, Rating};
use super::state::Coincidences;

/// The states of ratings that are looked at together.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Stratum {
    /// By unit.
    pub units: BTreeMap<u32, Coincidences>,
    /// Of each two annotators, the lower number first, by unit.
    pub pairs: BTreeMap<(u32, u32), BTreeMap<u32, PairTable>>,
    /// Ratings of an item by an annotator who had rated it already.
    pub repeated: u64,
    /// Ratings by nobody in particular.
    pub anonymous: u64,
}

impl Stratum {
    /// Returns the state of all units.
    pub fn state(&self) -> Coincidences {
        let mut state = Coincidences::default();
        self.units.values().for_each(|unit| state.merge(unit));
        state
    }

    /// Returns the table of two annotators.
    pub fn pair(&self, pair: (u32, u32)) -> PairTable {
        let mut table = PairTable::default();
        let units = self.pairs.get(&pair).into_iter().flat_map(BTreeMap::values);
        units.for_each(|unit| table.merge(unit));
        table
    }
}

/// The states of all strata.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Tally {
    /// By the number of the stratum.
    pub strata: BTreeMap<u32, Stratum>,
}

impl Tally {
    /// Adds the ratings of whole items, which are sorted; `pairs` says whether annotators are
    /// compared two by two.
    pub fn add(&mut self, ratings: &[Rating], pairs: bool) {
        for item in ratings.chunk_by(|a, b| (a.stratum, a.item) == (b.stratum, b.item)) {
            let Some(first) = item.first() else { continue };
            let stratum = self.strata.entry(first.stratum).or_default();
            let mut counts: Vec<(u32, u32)> = Vec::new();
            for (at, rating) in item.iter().enumerate() {
                match counts.iter_mut().find(|(class, _)| *class == rating.class) {
                    Some((_, count)) => *count += 1,
                    None => counts.push((rating.class, 1)),
                }
                if rating.annotator == NOBODY {
                    stratum.anonymous += 1;
                } else if at > 0 && item[at - 1].annotator == rating.annotator {
                    stratum.repeated += 1;
                }
            }
            stratum
                .units
                .entry(first.unit)
                .or_default()
                .add_item(&counts);
            if pairs {
                stratum.add_pairs(item, first.unit);
            }
        }
    }
}

impl Stratum {
    fn add_pairs(&mut self, item: &[Rating], unit: u32) {
        for (at, one) in item.iter().enumerate() {
            for other in &item[at + 1..] {
                // Ratings of an item are sorted by annotator; repeated ones are no pair.
                if one.annotator != other.annotator && other.annotator != NOBODY {
                    let units = self
                        .pairs
                        .entry((one.annotator, other.annotator))
                        .or_default();
                    units
                        .entry(unit)
                        .or_default()
                        .add(one.class, other.class, 1);
                }
            }
        }
    }
}
